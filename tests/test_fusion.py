"""Fusion of modalities: the command, and the file that it wrote."""

import json

import numpy as np
import pytest

from helpers import phantoms
from helpers.models import multiply_adds
from tests.second import expected
from tools import fusion

RESULTS = json.loads(fusion.RESULTS.read_text(encoding="utf-8"))
PARTS = {"runs": fusion.SEEDS, "second_runs": fusion.SECOND_SEEDS}
RUNS = {(run["task"], run["model"], run["seed"]): run for part in PARTS for run in RESULTS[part]}


def accuracy(task, model, condition="as it is", part="runs"):
    """Return the accuracy of each seed."""
    tables = [np.array(RUNS[task, model, seed]["counts"][condition]) for seed in PARTS[part]]
    return np.array([np.trace(table) / table.sum() for table in tables])


@pytest.mark.parametrize("part", PARTS)
def test_file_holds_each_run_once(part):
    expected = {
        (task, model, seed)
        for task, models in fusion.MODELS.items()
        for model in (*models, "late")
        for seed in PARTS[part]
    }
    found = [(run["task"], run["model"], run["seed"]) for run in RESULTS[part]]
    assert len(found) == len(expected)
    assert set(found) == expected


def test_file_is_small():
    assert fusion.RESULTS.stat().st_size < 300_000


def test_file_says_how_it_was_made():
    assert RESULTS["train"] == fusion.TRAIN
    assert RESULTS["test"] == fusion.TEST
    assert RESULTS["steps"] == fusion.RECIPE.steps
    assert RESULTS["doses"] == {task: dose for task, (_, dose) in fusion.TASKS.items()}
    assert RESULTS["tried"][str(RESULTS["rate"])] == max(RESULTS["tried"].values())


def test_each_table_counts_each_patient():
    for (_, _, seed), run in RUNS.items():
        for condition, table in run["counts"].items():
            sets = 4 if condition.startswith("moved") else 1
            assert np.sum(table) == sets * fusion.TEST, (seed, condition)
        assert set(run["sure"]) == set(run["counts"])
        assert all(0.25 <= value <= 1 for value in run["sure"].values())


def test_sizes_are_those_of_the_networks():
    sizes = {
        model: RUNS["complete", model, 0]["parameters"]
        for model in (*fusion.MODELS["complete"], "late")
    }
    for model in fusion.MODELS["complete"]:
        assert sizes[model] == fusion.build(model, 4).count_params()
    assert sizes["late"] == 3 * sizes["T2"]
    # What is compared is of a size.
    large = [sizes[name] for name in ("early", "intermediate", "late", "T2 large")]
    assert max(large) < 1.1 * min(large)
    assert sizes["early small"] < 1.1 * sizes["T2"]


# ---- the images -----------------------------------------------------------------------------


def test_same_heads_in_ct_and_mr():
    none, edema = np.zeros(20, int), np.full(20, 2)
    plain, both = (fusion.paired(kinds, kinds, 1, seed=3) for kinds in (none, edema))
    mixed = fusion.paired(edema, none, 1, seed=3)
    np.testing.assert_array_equal(mixed[..., 0], both[..., 0])
    np.testing.assert_array_equal(mixed[..., 1:], plain[..., 1:])
    assert (both[..., 0] != plain[..., 0]).any()


@pytest.mark.parametrize("task", fusion.TASKS)
def test_classes_are_about_as_frequent(task):
    images, classes = fusion.slices(task, 400, seed=0)
    assert images.shape == (400, 28, 28, 3)
    share = np.bincount(classes) / 400
    assert np.abs(share - 1 / len(share)).max() < 0.07


def test_in_compare_no_modality_alone_tells():
    _, classes = fusion.slices("compare", 4000, seed=0)
    random = np.random.default_rng(0)
    even = np.arange(4000) % 2
    now, before = random.permutation(even), random.permutation(even)
    np.testing.assert_array_equal(classes, now != before)
    assert abs(np.corrcoef(classes, now)[0, 1]) < 0.05
    assert abs(np.corrcoef(classes, before)[0, 1]) < 0.05


def test_conflict_has_the_patients_of_repeat():
    agreed, one = fusion.slices("repeat", 50, seed=5)
    opposed, two = fusion.slices("conflict", 50, seed=5)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(agreed[..., 1:], opposed[..., 1:])
    assert (agreed[..., 0] != opposed[..., 0]).any(axis=(1, 2)).all()


def test_patches_show_the_spot():
    lesion = phantoms.Lesion(position=fusion.SPOT)
    masks = phantoms.slices(np.full(30, 2), lesion=lesion).masks
    inside = fusion.patches(np.repeat(masks[..., None], 3, axis=-1).astype(float))
    assert inside.shape == (30, 14, 14, 3)
    np.testing.assert_allclose(inside[..., 0].sum(axis=(1, 2)), masks.sum(axis=(1, 2)))
    rows, columns = np.nonzero(inside[..., 0].mean(axis=0) > 0.5)
    assert abs(rows.mean() - 6.5) < 1
    assert abs(columns.mean() - 6.5) < 1


def test_moved_moves_ct_only():
    images, _ = fusion.slices("repeat", 10, seed=0)
    still = fusion.patches(images)
    down, up, right, left = fusion.moved(images, 2)
    for patch in (down, up, right, left):
        np.testing.assert_array_equal(patch[..., 1:], still[..., 1:])
    np.testing.assert_array_equal(down[:, 2:, :, 0], still[:, :-2, :, 0])
    np.testing.assert_array_equal(up[:, :-2, :, 0], still[:, 2:, :, 0])
    np.testing.assert_array_equal(right[:, :, 2:, 0], still[:, :, :-2, 0])
    np.testing.assert_array_equal(left[:, :, :-2, 0], still[:, :, 2:, 0])


def test_jittered_moves_each_image_by_its_own():
    images, _ = fusion.slices("repeat", 60, seed=0)
    made, still = fusion.jittered(images, np.random.default_rng(0)), fusion.patches(images)
    np.testing.assert_array_equal(made[..., 1:], still[..., 1:])
    # One of 49 stays where it is.
    assert (made[..., 0] != still[..., 0]).any(axis=(1, 2)).mean() > 0.8


def test_absent_modalities():
    images = np.random.default_rng(0).random((500, 14, 14, 3), "float32")
    gone = fusion.without(images, 1)
    assert (gone[..., 1] == fusion.ABSENT).all()
    np.testing.assert_array_equal(gone[..., [0, 2]], images[..., [0, 2]])
    some = fusion.dropped(images, np.random.default_rng(0))
    absent = (some == fusion.ABSENT).all(axis=(1, 2))
    assert not absent.all(axis=1).any()
    assert abs(absent.mean() - fusion.DROP) < 0.06
    assert some.dtype == np.float32


# ---- the networks ---------------------------------------------------------------------------


def test_a_network_sees_its_channels_only():
    images = np.random.default_rng(0).random((4, 14, 14, 3), "float32")
    for channel, name in enumerate(fusion.MODALITIES):
        model = fusion.build(name, 4)
        others = images.copy()
        others[..., [c for c in range(3) if c != channel]] = 0
        np.testing.assert_allclose(model(images), model(others), rtol=1e-5)
        assert not np.allclose(model(images), model(fusion.without(images, channel)), rtol=1e-5)


def test_early_and_intermediate_are_different_networks():
    early, middle = fusion.build("early", 4), fusion.build("intermediate", 4)
    shapes = [
        [tuple(w.shape) for w in model.weights if w.name == "kernel" and len(w.shape) == 4]
        for model in (early, middle)
    ]
    assert shapes[0] == [(3, 3, 3, 12), (3, 3, 12, 24)]
    assert sorted(shapes[1]) == [(3, 3, 1, 6)] * 3 + [(3, 3, 6, 12)] * 3
    assert multiply_adds(early) > multiply_adds(middle)


def test_late_is_bayes_rule():
    # Two independent signs of two equally frequent classes.
    first, second = np.array([[0.8, 0.2]]), np.array([[0.6, 0.4]])
    both = 0.8 * 0.6 / (0.8 * 0.6 + 0.2 * 0.4)
    np.testing.assert_allclose(fusion.late([first, second]), [[both, 1 - both]])
    np.testing.assert_allclose(fusion.late([first]), first)


def test_counts():
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    assert fusion.counts(np.array([0, 1, 1]), probabilities) == [[1, 0], [1, 1]]


def test_a_stopped_command_goes_on_where_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(fusion, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(fusion, "MODELS", {"repeat": ("CT",)})
    monkeypatch.setattr(fusion, "SEEDS", range(2))
    monkeypatch.setattr(fusion, "SECOND_SEEDS", range(7, 8))
    monkeypatch.setattr(fusion, "start", lambda: {"rate": 0.1, "runs": [], "second_runs": []})
    asked = []

    def judge(task, seed, rate):
        asked.append(seed)
        if asked == [0, 1]:
            raise KeyboardInterrupt
        return [{"task": task, "model": "CT", "seed": seed}]

    monkeypatch.setattr(fusion, "judge", judge)
    with pytest.raises(KeyboardInterrupt):
        fusion.main()
    fusion.main()
    assert asked == [0, 1, 1, 7]
    found = json.loads(fusion.RESULTS.read_text())
    assert [run["seed"] for run in found["runs"]] == [0, 1]
    assert [run["seed"] for run in found["second_runs"]] == [7]


# ---- What was claimed of the first run, and of the second -----------------------------------


def gain(task, model, other, condition="as it is"):
    """Return how much more often a model is right than another, in both runs."""
    return [
        accuracy(task, model, condition, part) - accuracy(task, other, condition, part)
        for part in PARTS
    ]


@pytest.mark.parametrize(
    "claim",
    [
        ("complete", "late", "T2"),
        ("complete", "early small", "T2"),
        ("complete", "early", "T2 large"),
        *(("noisy", model, "T2") for model in ("late", "intermediate", "early")),
        *(("complete", model, f"{model} dropout") for model in ("early", "intermediate")),
        ("complete", "early dropout", "early", "no T2"),
        ("complete", "intermediate dropout", "intermediate", "no CT"),
        ("complete", "intermediate dropout", "intermediate", "no T2"),
        *(
            ("complete", "late", f"{model} dropout", condition)
            for model in ("early", "intermediate")
            for condition in ("no CT", "no T1", "no T2")
        ),
        ("complete", "early moved", "early", "moved 3"),
        ("complete", "late", "early", "moved 3"),
    ],
    ids=str,
)
def test_a_new_seed_falls_where_it_is_expected(claim):
    first, second = gain(*claim)
    low, high = expected(first)
    assert first.mean() > 0 and (second > 0).all()
    assert low < second.mean() < high


def test_early_and_late_are_level():
    for difference in gain("complete", "early", "late"):
        assert np.abs(difference).max() < 0.03
        assert abs(difference.mean()) < 0.01


def test_late_fusion_never_learns_to_compare():
    for part in PARTS:
        assert accuracy("compare", "early", part=part).max() > 0.85
        assert np.abs(accuracy("compare", "late", part=part) - 0.5).max() < 0.04


def test_contradictions_leave_networks_sure():
    for part in PARTS:
        for model in ("late", "intermediate", "early"):
            assert accuracy("repeat", model, "conflict", part).mean() > 0.95
            for seed in PARTS[part]:
                sure = RUNS["repeat", model, seed]["sure"]
                assert 0 < sure["as it is"] - sure["conflict"] < 0.06
