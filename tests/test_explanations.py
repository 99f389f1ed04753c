"""What judges explanations: the command, and the file that it wrote."""

import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from helpers import explain
from helpers.models import small_network
from tests.second import assert_confirmed
from tools import explanations as tool

RESULTS = json.loads(tool.RESULTS.read_text(encoding="utf-8"))


PARTS = {"runs": tool.SEEDS, "second_runs": tool.SECOND_SEEDS}
JOBS = {"runs": tool.JOBS, "second_runs": tool.SECOND_JOBS}


def runs(job, part="runs"):
    return [run for run in RESULTS[part] if run["job"] == job]


def hits(entry):
    return np.mean([int(digit) for digit in entry["hits"]])


def rates(job, method, place, part="runs"):
    """Return the hit rate of each network."""
    return np.array([hits(run[place][method]) for run in runs(job, part)])


@pytest.mark.parametrize("part", PARTS)
def test_file_holds_each_run_once(part):
    found = [(run["job"], run["seed"]) for run in RESULTS[part]]
    assert len(found) == len(set(found))
    assert set(found) == {(job, seed) for job in JOBS[part] for seed in PARTS[part]}


def test_file_is_small():
    assert tool.RESULTS.stat().st_size < 300_000


@pytest.mark.parametrize("part", PARTS)
def test_each_image_is_judged(part):
    for job, places in (("plain", ["lesion"]), ("marker", ["lesion", "marker", "marker cells"])):
        for run in runs(job, part):
            for place in places:
                for entry in run[place].values():
                    assert len(entry["hits"]) == len(entry["overlaps"]) == tool.EXPLAINED
                    assert set(entry["hits"]) <= {"0", "1"}


def test_baselines_follow_from_the_simulator():
    for name, seeds in (("baselines", tool.SEEDS), ("second_baselines", tool.SECOND_SEEDS)):
        made = tool.baselines(seeds[0])
        found = json.loads(json.dumps(made, default=lambda array: array.tolist()))
        assert found == RESULTS[name]


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
    for seeds in PARTS.values():
        cases = tool.explained("plain", seeds[0])
        assert cases.images.shape == (tool.EXPLAINED, 28, 28, 1)
        assert cases.masks.any(axis=(1, 2)).all()
        assert np.array_equal(cases.masks, tool.explained("marker", seeds[0]).masks)


def test_second_run_explains_other_images():
    first, second = (tool.explained("plain", seeds[0]).images for seeds in PARTS.values())
    assert not {image.tobytes() for image in first} & {image.tobytes() for image in second}


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


@pytest.fixture
def small(monkeypatch, untraced):
    """The jobs, at a small fraction of their size."""
    sizes = {"TRAIN": 64, "TEST": 40, "EXPLAINED": 6, "COMPARED": 3, "BY_HEART": 32}
    for name, value in sizes.items():
        monkeypatch.setattr(tool, name, value)
    few = replace(tool.RECIPE, steps=2, batch_size=16)
    monkeypatch.setattr(tool, "RECIPE", few)
    monkeypatch.setattr(tool, "LEARN_BY_HEART", few)
    monkeypatch.setattr(tool, "explained", tool.explained.__wrapped__)
    # The default recipe of `fit` is the one it was defined with.
    monkeypatch.setattr(tool.fit, "__defaults__", (few,))


@pytest.mark.parametrize("kind", ["plain", "marker"])
def test_a_small_network_gets_all_maps(kind, small):
    entry = tool.simulated(kind, 0)
    assert set(tool.METHODS) <= set(entry["lesion"])
    assert all(len(judged["hits"]) == 6 for judged in entry["lesion"].values())
    assert np.shape(entry["mean maps"]["occlusion"]) == (28, 28)
    assert ("cascade" in entry) == (kind == "plain")


def test_a_cell_holds_its_largest_pixel():
    values = np.zeros((2, 28, 28))
    values[1, 4, 27] = 5
    assert np.argwhere(tool.cells(values)).tolist() == [[1, 1, 6]]
    assert tool.cells(tool.marker_mask(1)).sum() == 4


def test_small_networks_learn_true_and_random_labels(small):
    entry = tool.labels(0)
    assert set(entry) == {"true", "true again", "random"}
    for each in entry.values():
        assert set(each["lesion"]) == set(tool.METHODS)
    for name in ("true again", "random"):
        assert all(len(each) == 3 for each in entry[name]["alike"].values())


def test_small_networks_explain_real_images(small, monkeypatch):
    few = tool.scaled(tool.phantoms("plain", 40, 0).images), np.arange(40) % 2
    monkeypatch.setattr(tool, "xrays", lambda name: few)
    entry = tool.real(0)
    assert all(len(each) == 3 for of in entry["alike"].values() for each in of.values())
    assert np.shape(entry["mean maps"]["trained"]["Grad-CAM"]) == (28, 28)


def test_maps_to_show_are_those_of_the_first_network():
    for job in ("plain", "marker", "real"):
        assert ["mean maps" in run for run in runs(job)] == [True] + [False] * (len(runs(job)) - 1)


def test_a_stopped_command_goes_on_where_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(tool, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(tool, "SEEDS", range(2))
    monkeypatch.setattr(tool, "SECOND_SEEDS", range(7, 8))
    monkeypatch.setattr(tool, "start", lambda: {"runs": [], "second_runs": []})
    asked = []

    def job(seed):
        asked.append(seed)
        if asked == [0, 1]:
            raise KeyboardInterrupt
        return {"auc": 1.0}

    monkeypatch.setattr(tool, "JOBS", {"plain": job})
    monkeypatch.setattr(tool, "SECOND_JOBS", ["plain"])
    with pytest.raises(KeyboardInterrupt):
        tool.main()
    tool.main()
    assert asked == [0, 1, 1, 7]
    found = json.loads((tmp_path / "results.json").read_text())
    assert [run["seed"] for run in found["runs"]] == [0, 1]
    assert [run["seed"] for run in found["second_runs"]] == [7]


# ---- What the lesson says of the file, once more from its numbers ---------------------------


@pytest.mark.parametrize("part", PARTS)
def test_a_network_with_the_marker_uses_it(part):
    for run in runs("marker", part):
        assert run["auc"] > 0.99
        assert run["auc without shortcut"] < 0.9
        assert run["called ill"]["clear, shortcut"] > 0.9 > 0.5 > run["called ill"]["lesion"]


def test_white_baseline_can_not_see_a_white_marker():
    """By its formula; the file shows it."""
    for part in PARTS:
        assert np.all(rates("marker", "integrated gradients, white", "marker", part) == 0)


def test_hits_follow_from_the_maps():
    """The mean maps of the file have their peak in the marker where most maps have it."""
    run = runs("marker")[0]
    mask = tool.marker_mask(1)
    for name in tool.METHODS:
        share = np.mean([int(digit) for digit in run["marker"][name]["hits"]])
        if share > 0.9:
            assert explain.hits(np.array([run["mean maps"][name]]), mask)[0] > 0.4


def against_the_mean_lesion(method, measure, part):
    """Return how far maps are ahead of one that knows no network, (networks, images)."""
    known = RESULTS["baselines" if part == "runs" else "second_baselines"]["mean lesion"]

    def values(entry):
        return np.array(list(entry[measure]), dtype=float)

    return np.array([values(run["lesion"][method]) - values(known) for run in runs("plain", part)])


def drawn(table, seed):
    """Return means over networks and images, both drawn again with replacement."""
    rng, (rows, columns) = np.random.default_rng(seed), table.shape
    return np.array(
        [
            table[np.ix_(rng.integers(rows, size=rows), rng.integers(columns, size=columns))].mean()
            for _ in range(1000)
        ]
    )


@pytest.mark.parametrize(
    ("method", "measure"),
    [
        *(("Grad-CAM", measure) for measure in ("hits", "overlaps")),
        *(("occlusion", measure) for measure in ("hits", "overlaps")),
        ("saliency", "overlaps"),
        ("integrated gradients", "overlaps"),
    ],
)
def test_second_run_confirms_the_order_of_maps(method, measure):
    first, second = (against_the_mean_lesion(method, measure, part) for part in PARTS)
    assert (first.mean() > 0) == (second.mean() > 0) == (method == "Grad-CAM")
    # The images are others, too.
    low, high = np.quantile(drawn(first, 0) - drawn(second, 1), [0.025, 0.975])
    assert low < 0 < high


def test_second_run_does_not_confirm_that_saliency_has_fewer_hits():
    first, second = (against_the_mean_lesion("saliency", "hits", part) for part in PARTS)
    assert first.mean() < 0 < second.mean()


def test_second_run_confirms_who_finds_the_marker():
    for name in ("saliency", "integrated gradients"):
        assert_confirmed(*(rates("marker", name, "marker", part) for part in PARTS))
    for part in PARTS:
        for name in ("Grad-CAM", "occlusion"):
            assert np.all(rates("marker", name, "marker", part) == 0)
        assert np.all(rates("marker", "occlusion", "marker cells", part) == 1)
        # Four cells of 49 would be chance.
        assert np.sum(rates("marker", "Grad-CAM", "marker cells", part) < 0.15) >= 2
        assert np.all(rates("marker", "Grad-CAM", "lesion", part) > 0)


def test_second_run_confirms_what_is_left_of_maps_without_training():
    kept = {
        part: {
            name: np.array([run["cascade"]["13"][name] for run in runs("plain", part)])
            for name in tool.METHODS
        }
        for part in PARTS
    }
    for name in set(tool.METHODS) - {"integrated gradients"}:
        more = [kept[part]["integrated gradients"] - kept[part][name] for part in PARTS]
        assert_confirmed(*more)


# ---- Random labels, and real X-rays ----------------------------------------------------------


def test_random_labels_are_learned_by_heart_and_teach_nothing():
    for run in runs("labels"):
        assert all(run[name]["fitted"] > 0.95 for name in ("true", "true again", "random"))
        assert run["random"]["auc"] < 0.62 < run["true"]["auc"]


def test_maps_are_compared_on_each_image():
    for run in runs("labels"):
        for name in ("true again", "random"):
            assert set(run[name]["alike"]) == set(tool.METHODS)
            assert all(len(each) == tool.COMPARED for each in run[name]["alike"].values())
    for run in runs("real"):
        for found in run["alike"].values():
            assert set(found) == set(tool.METHODS)
            assert all(len(each) == tool.COMPARED for each in found.values())


def test_networks_on_real_images_have_learned():
    for run in runs("real"):
        assert min(run["auc"]) > 0.9
        assert run["same answer"] > 0.8
