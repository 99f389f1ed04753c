"""The networks that are judged: the command, and the file that it wrote."""

import json

import numpy as np
import pytest

from tools import judge_models as judge

RESULTS = json.loads(judge.RESULTS.read_text(encoding="utf-8"))


def labels(task, part):
    digits = RESULTS["labels"].get(task, RESULTS["labels"]["source"])[part]
    return np.array(list(digits), dtype=int)


def test_file_holds_each_run_once():
    found = [(run["task"], run["seed"]) for run in RESULTS["runs"]]
    assert len(found) == len(set(found))
    assert set(found) == {(task, seed) for task in judge.RECIPES for seed in judge.SEEDS}


def test_file_is_small():
    assert judge.RESULTS.stat().st_size < 300_000


def test_file_says_how_the_networks_were_trained():
    recipes = {task: judge.asdict(recipe) for task, recipe in judge.RECIPES.items()}
    assert RESULTS["recipes"] == recipes
    assert tuple(RESULTS["filters"]) == judge.FILTERS
    assert set(RESULTS["versions"]) == {"keras", "tensorflow"}


@pytest.mark.parametrize("run", RESULTS["runs"], ids=lambda run: f"{run['task']}-{run['seed']}")
def test_each_case_has_a_score(run):
    for part in ("validation", "test"):
        scores = np.array(run[part])
        assert scores.shape == labels(run["task"], part).shape
        assert np.abs(scores).max() <= 16.12  # the log-odds of 1e-7


def test_labels_are_those_of_the_sets():
    # Split sizes and classes of MedMNIST v2 (doi 10.1038/s41597-022-01721-8).
    expected = {
        ("source", "validation"): (135, 389),
        ("source", "test"): (234, 390),
        ("breast", "validation"): (21, 57),
        ("breast", "test"): (42, 114),
    }
    for (task, part), counts in expected.items():
        assert tuple(np.bincount(labels(task, part))) == counts


def test_simulated_labels_and_scanners_are_those_of_the_command():
    for part in ("validation", "test"):
        images, truth, old = judge.simulated(part)
        assert images.shape == (judge.SCANNERS[part], 28, 28, 1) and images.dtype == np.uint8
        assert np.array_equal(labels("scanners", part), truth)
        assert RESULTS["old"][part] == "".join(str(int(value)) for value in old)
        # One in ten, whatever the label.
        assert abs(old.mean() - 0.1) < 0.03
        assert abs(np.corrcoef(truth, old)[0, 1]) < 0.1


def test_a_stopped_command_goes_on_where_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(judge, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(judge, "RECIPES", {"source": judge.PLAIN})
    monkeypatch.setattr(judge, "SEEDS", range(3))
    monkeypatch.setattr(judge, "start", lambda: {"runs": []})
    asked = []

    def one(task, seed):
        asked.append(seed)
        if asked == [0, 1]:
            raise KeyboardInterrupt
        return {"task": task, "seed": seed}

    monkeypatch.setattr(judge, "judge", one)
    with pytest.raises(KeyboardInterrupt):
        judge.main()
    judge.main()
    assert asked == [0, 1, 1, 2]
    seeds = [run["seed"] for run in json.loads(judge.RESULTS.read_text())["runs"]]
    assert seeds == [0, 1, 2]
