"""What judges explanations: the command, and the file that it wrote."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from helpers import explain
from helpers.models import small_network
from tools import explanations as tool

RESULTS = json.loads(tool.RESULTS.read_text(encoding="utf-8"))


def runs(job):
    return [run for run in RESULTS["runs"] if run["job"] == job]


def rate(job, method, place):
    """Return the hit rate over all networks."""
    return np.mean([int(digit) for run in runs(job) for digit in run[place][method]["hits"]])


def test_file_holds_each_run_once():
    found = [(run["job"], run["seed"]) for run in RESULTS["runs"]]
    assert len(found) == len(set(found))
    assert set(found) == {(job, seed) for job in tool.JOBS for seed in tool.SEEDS}


def test_file_is_small():
    assert tool.RESULTS.stat().st_size < 300_000


def test_each_image_is_judged():
    for job, places in (("plain", ["lesion"]), ("marker", ["lesion", "marker"])):
        for run in runs(job):
            for place in places:
                for entry in run[place].values():
                    assert len(entry["hits"]) == len(entry["overlaps"]) == tool.EXPLAINED
                    assert set(entry["hits"]) <= {"0", "1"}


def test_baselines_follow_from_the_simulator():
    found = json.loads(json.dumps(tool.baselines(), default=lambda array: array.tolist()))
    assert found == RESULTS["baselines"]


def test_settings_are_those_of_the_command():
    assert RESULTS["settings"] == {
        "steps": tool.RECIPE.steps,
        "training images": tool.TRAIN,
        "seeds": len(tool.SEEDS),
        "explained": tool.EXPLAINED,
        "compared": tool.COMPARED,
    }


def test_marker_is_where_it_is_said_to_be():
    plain, marker = (tool.phantoms(kind, 40, 0) for kind in ("plain", "marker"))
    ill = plain.labels == 1
    changed = (plain.images != marker.images)[..., 0]
    assert np.array_equal(changed[ill], tool.marker_mask(ill.sum()) & changed[ill])
    assert np.all(marker.images[ill][:, 2:5, 2:5] == 255)
    assert not changed[~ill].any()


def test_same_seed_goes_back_to_the_beginning():
    keras.utils.set_random_seed(3)
    model = small_network(filters=tool.FILTERS, residual=False)
    copy = explain.randomized(model, tool.CASCADE[-1], 3)
    pairs = zip(model.get_weights(), copy.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_explained_images_have_a_lesion():
    cases = tool.explained("plain")
    assert cases.images.shape == (tool.EXPLAINED, 28, 28, 1)
    assert cases.masks.any(axis=(1, 2)).all()
    assert np.array_equal(cases.masks, tool.explained("marker").masks)


def test_whole_and_mean_maps():
    assert tool.whole(np.array([[-1.0, 0.5, 1.0]])) == [[0, 50, 99]]
    maps = {"a": np.array([[[1.0, 0.0]], [[5.0, 5.0]]])}
    assert tool.mean_maps(maps) == {"a": [[99, 50]]}


def test_judged():
    values = np.arange(16.0).reshape(1, 4, 4)
    entry = tool.judged(values, values > 13)
    assert entry["hits"] == "1"
    assert list(entry["overlaps"]) == [100]
    assert tool.judged(values, values < 2)["hits"] == "0"


@pytest.mark.parametrize("kind", ["plain", "marker"])
def test_a_small_network_gets_all_maps(kind, monkeypatch):
    """The jobs run, at a small fraction of their size."""
    for name, value in {"TRAIN": 64, "TEST": 40, "EXPLAINED": 6, "COMPARED": 3}.items():
        monkeypatch.setattr(tool, name, value)
    monkeypatch.setattr(tool, "RECIPE", replace(tool.RECIPE, steps=2, batch_size=16))
    monkeypatch.setattr(tool, "explained", tool.explained.__wrapped__)
    entry = tool.simulated(kind, 0)
    assert set(tool.METHODS) <= set(entry["lesion"])
    assert all(len(judged["hits"]) == 6 for judged in entry["lesion"].values())
    assert np.shape(entry["mean maps"]["occlusion"]) == (28, 28)
    assert ("cascade" in entry) == (kind == "plain")


def test_a_stopped_command_goes_on_where_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(tool, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(tool, "SEEDS", range(3))
    monkeypatch.setattr(tool, "start", lambda: {"runs": []})
    asked = []

    def job(seed):
        asked.append(seed)
        if asked == [0, 1]:
            raise KeyboardInterrupt
        return {"auc": 1.0}

    monkeypatch.setattr(tool, "JOBS", {"plain": job})
    with pytest.raises(KeyboardInterrupt):
        tool.main()
    tool.main()
    assert asked == [0, 1, 1, 2]
    found = json.loads((tmp_path / "results.json").read_text())
    assert [run["seed"] for run in found["runs"]] == [0, 1, 2]


# ---- What the lesson says of the file, once more from its numbers ---------------------------


def test_a_network_with_the_marker_uses_it():
    for run in runs("marker"):
        assert run["auc"] > 0.99
        assert run["auc without shortcut"] < 0.9
        assert run["called ill"]["clear, shortcut"] > 0.9 > 0.5 > run["called ill"]["lesion"]


def test_white_baseline_can_not_see_a_white_marker():
    """By its formula; the file shows it."""
    assert rate("marker", "integrated gradients, white", "marker") == 0


def test_hits_follow_from_the_maps():
    """The mean maps of the file have their peak in the marker where most maps have it."""
    run = runs("marker")[0]
    mask = tool.marker_mask(1)
    for name in tool.METHODS:
        share = np.mean([int(digit) for digit in run["marker"][name]["hits"]])
        if share > 0.9:
            assert explain.hits(np.array([run["mean maps"][name]]), mask)[0] > 0.4
