"""The comparison of a CNN with other models: the command, and the file that it wrote."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tests.second import assert_confirmed
from tools import compare_models as compare

RESULTS = json.loads(compare.RESULTS.read_text(encoding="utf-8"))


def test_file_holds_each_run_once():
    found = [(run["condition"], run["model"], run["seed"]) for run in RESULTS["runs"]]
    expected = {
        (condition, model, seed)
        for condition, (_, seeds, models) in compare.CONDITIONS.items()
        for seed in seeds
        for model in models
    }
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_file_is_small():
    assert compare.RESULTS.stat().st_size < 500_000


@pytest.mark.parametrize(
    "run",
    [run for run in RESULTS["runs"] if "log_odds" in run],
    ids=lambda run: f"{run['condition']}-{run['model']}-{run['seed']}",
)
def test_measures_follow_from_the_scores(run):
    data = compare.CONDITIONS[run["condition"]][0]
    truth = np.array([int(label) for label in RESULTS["labels"][data]])
    auc, accuracy = compare.measures(truth, np.array(run["log_odds"]))
    assert run["auc"][0] == pytest.approx(auc, abs=6e-5)
    assert run["accuracy"][0] == pytest.approx(accuracy, abs=6e-5)
    shifts = len(RESULTS["shifts"]) if run["condition"] in ("all", "all again") else 1
    assert len(run["auc"]) == len(run["accuracy"]) == shifts


def test_baselines_follow_from_the_labels():
    for data, labels in RESULTS["labels"].items():
        # In both sets class 1 is the larger one, in training and in test.
        assert RESULTS["baselines"][data] == pytest.approx(
            labels.count("1") / len(labels), abs=1e-4
        )


def test_settings_are_the_best_that_were_tried():
    for name, values in RESULTS["tried"].items():
        assert values[str(RESULTS["settings"][name])] == max(values.values())


def test_sizes_are_those_of_the_models_and_within_the_budget():
    assert RESULTS["sizes"] == compare.sizes(RESULTS["settings"])
    sizes = [*RESULTS["sizes"].values(), *(r for r in RESULTS["runs"] if r["model"] == "trees")]
    assert all(size["parameters"] <= 121_410 for size in sizes)


def test_multiply_adds_of_the_cnn_by_hand():
    first, second = 26 * 26 * 3 * 3 * 32, 11 * 11 * 3 * 3 * 32 * 64
    assert compare.operations(compare.network("cnn")) == first + second + 1600 * 64 + 64 * 2


def test_trees_count_what_they_store():
    rng = np.random.default_rng(0)
    X, y = rng.random((200, 28, 28, 1)), np.arange(200) % 2
    judge, size = compare.fit_trees(X, y, seed=0, trees=3)
    assert judge(X).shape == (200,)
    # Three trees of 2 to 31 leaves: a leaf stores 1 number, each of the other nodes 2.
    assert 3 * 4 <= size["parameters"] <= 3 * (31 + 30 * 2)
    assert 3 <= size["operations"] <= 3 * 30


@pytest.mark.parametrize(
    ("down", "right", "axis", "by"), [(2, 0, 1, 2), (-3, 0, 1, -3), (0, 4, 2, 4), (0, -1, 2, -1)]
)
def test_moved(down, right, axis, by):
    X = np.random.default_rng(0).random((2, 28, 28, 1))
    moved = compare.moved(X, down, right)
    inside = slice(max(by, 0), 28 + min(by, 0))
    expected = np.roll(X, by, axis)
    assert np.array_equal(
        moved.take(range(28)[inside], axis), expected.take(range(28)[inside], axis)
    )
    edge = X.take([0 if by > 0 else 27], axis)
    new = moved.take(range(by) if by > 0 else range(28 + by, 28), axis)
    assert np.array_equal(new, np.broadcast_to(edge, new.shape))


def test_shuffled_moves_the_same_pixels_in_all_images():
    X = np.random.default_rng(0).random((3, 28, 28, 1))
    X[1] = X[0]
    mixed = compare.shuffled(X, seed=1)
    assert np.array_equal(mixed[0], mixed[1])
    assert not np.array_equal(mixed[0], X[0])
    assert np.array_equal(np.sort(mixed, axis=None), np.sort(X, axis=None))


def test_training_set_has_as_many_of_each_class(monkeypatch):
    y = np.arange(900) % 3 // 2
    part = SimpleNamespace(images=np.zeros((900, 28, 28, 1), "uint8"), labels=y)
    monkeypatch.setattr(compare, "split", lambda data, name: (part.images / 255, part.labels))
    X, drawn = compare.training_set("pneumoniamnist", "50", seed=0)
    assert len(X) == 100
    assert drawn.sum() == 50
    assert np.array_equal(compare.training_set("pneumoniamnist", "50 again", seed=0)[1], drawn)
    for condition in ("all", "all again"):
        assert len(compare.training_set("pneumoniamnist", condition, seed=0)[0]) == 900
    assert len(compare.repeated(X, drawn)[0]) == 4700


def test_a_stopped_command_goes_on_where_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(compare, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(compare, "CONDITIONS", {"all": ("pneumoniamnist", range(3), ("cnn",))})
    monkeypatch.setattr(compare, "start", lambda: {"settings": {}, "runs": []})
    asked = []

    def judge(condition, model, seed, settings):
        asked.append(seed)
        if asked == [0, 1]:
            raise KeyboardInterrupt
        return {"condition": condition, "model": model, "seed": seed}

    monkeypatch.setattr(compare, "judge", judge)
    with pytest.raises(KeyboardInterrupt):
        compare.main()
    compare.main()
    assert asked == [0, 1, 1, 2]
    seeds = [run["seed"] for run in json.loads(compare.RESULTS.read_text())["runs"]]
    assert seeds == [0, 1, 2]


# ---- What was claimed of the first run, and of the second -----------------------------------


def aucs(model, condition, shift=0):
    """Return the AUC of each seed."""
    return np.array(
        [
            run["auc"][shift]
            for run in RESULTS["runs"]
            if (run["condition"], run["model"]) == (condition, model)
        ]
    )


@pytest.mark.parametrize("model", ["dense", "autoencoder"])
@pytest.mark.parametrize("condition", ["50", "200", "breast"])
def test_second_run_confirms_the_lead_of_the_cnn(model, condition):
    first, second = (
        aucs("cnn", where) - aucs(model, where) for where in (condition, f"{condition} again")
    )
    assert_confirmed(first, second)
    assert min(first.min(), second.min()) > 0


@pytest.mark.parametrize("condition", ["50", "200"])
def test_no_run_shows_trees_and_cnn_apart_with_few_images(condition):
    for where in (condition, f"{condition} again"):
        wins = aucs("cnn", where) > aucs("trees", where)
        assert wins.any() and not wins.all()


def test_second_run_confirms_what_moved_images_cost():
    for model, sign in (("dense", 1), ("trees", -1)):
        first, second = (
            sign * (aucs("cnn", where, 4) - aucs(model, where, 4)) for where in ("all", "all again")
        )
        assert_confirmed(first, second)
        assert first.mean() > 0
    # Two pixels: the sign comes again; the size is about half.
    for where in ("all", "all again"):
        kept = {model: aucs(model, where, 2) - aucs(model, where) for model in ("cnn", "dense")}
        assert (kept["cnn"] > kept["dense"]).all()


def test_second_run_confirms_what_shuffling_costs():
    lost = [
        aucs("cnn", f"breast{again}") - aucs("cnn", f"breast shuffled{again}")
        for again in ("", " again")
    ]
    assert_confirmed(*lost)
    assert lost[0].mean() > 0
    for again in ("", " again"):
        lost = aucs("cnn", f"all{again}")[:3] - aucs("cnn", f"shuffled{again}")
        assert abs(lost.mean()) < 0.01
