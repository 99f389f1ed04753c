"""Networks of many sizes: the command, the file that it wrote, and what the lesson says of it."""

import json

import keras
import numpy as np
import pytest

from helpers.models import small_network
from tests.second import assert_confirmed, assert_not_shown
from tools import model_sizes as tool
from tools.notebooks import LESSONS, read

RESULTS = json.loads(tool.RESULTS.read_text(encoding="utf-8"))
TRUTH = np.array([int(label) for label in RESULTS["labels"]])
PARTS = {"": tool.SEEDS, "second_": tool.SECOND_SEEDS}
RUNS = [run for part in PARTS for run in RESULTS[f"{part}runs"]]


@pytest.mark.parametrize("part", PARTS)
def test_file_holds_each_run_once(part):
    found = [(run["kind"], run["seed"]) for run in RESULTS[f"{part}runs"]]
    assert len(found) == len(set(found))
    assert set(found) == {(kind, seed) for kind in tool.kinds() for seed in PARTS[part]}


def test_file_is_small():
    assert tool.RESULTS.stat().st_size < 300_000


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run['kind']}-{run['seed']}")
def test_measures_follow_from_the_scores(run):
    assert ("int8" in run) == (run["kind"] in tool.QUANTIZED)
    for part in [run, run["int8"]] if "int8" in run else [run]:
        auc, accuracy = tool.measures(TRUTH, tool.unpack(part["log_odds"]))
        assert part["auc"] == pytest.approx(auc, abs=6e-5)
        assert part["accuracy"] == pytest.approx(accuracy, abs=6e-5)


def test_baseline_follows_from_the_labels():
    # Class 1 is the larger one, in training and in test.
    assert RESULTS["baseline"] == pytest.approx(TRUTH.mean(), abs=1e-4)


def test_settings_are_those_of_the_command():
    assert RESULTS["steps"] == tool.RECIPE.steps
    assert RESULTS["tuning_steps"] == tool.TUNING.steps
    assert RESULTS["calibration"] == tool.CALIBRATION


def test_sizes_are_those_of_the_networks():
    assert RESULTS["sizes"] == {name: tool.sizes(name) for name in tool.NETWORKS}


@pytest.mark.parametrize("run", [run for run in RUNS if "zeros" in run], ids=str)
def test_pruned_networks_have_their_zeros(run):
    assert run["zeros"] == pytest.approx(float(run["kind"].split()[1]), abs=1e-3)


def test_files_hold_the_weights_and_little_more():
    for run in RUNS:
        if run["kind"] in tool.QUANTIZED:
            parameters = RESULTS["sizes"][run["kind"]]["parameters"]
            # Batch normalization is merged into the kernels; the graph takes some room.
            assert 0.9 * 4 * parameters < run["float32_bytes"] < 4 * parameters + 15_000
            assert 0.9 * parameters < run["int8"]["bytes"] < parameters + 30_000


@pytest.mark.parametrize("part", PARTS)
def test_every_latency_is_a_ratio_to_the_reference(part):
    latency = RESULTS[f"{part}latency"]
    assert latency["ratios"][latency["reference"]] == [1, 1, 1]
    assert all(low <= middle <= high for middle, low, high in latency["ratios"].values())
    wanted = {f"{name}, {kind}" for name in tool.NETWORKS for kind in ("float32", "int8")}
    assert wanted <= set(latency["ratios"])


def test_ratios_are_taken_in_each_round():
    # The second is always twice as slow as the first, however slow the machine is at the time.
    seconds = np.array([[1, 2], [10, 20], [3, 6.0]])
    assert tool.ratios(seconds, 0) == [[1, 1, 1], [2, 2, 2]]
    assert tool.ratios(seconds, 1) == [[0.5, 0.5, 0.5], [1, 1, 1]]


def test_memory_by_hand():
    # 784 pixels -> 26 x 26 x 32 -> 13 x 13 x 32 -> 11 x 11 x 64 -> 5 x 5 x 64 -> 64 -> 2.
    outputs = [26 * 26 * 32, 13 * 13 * 32, 11 * 11 * 64, 5 * 5 * 64, 1600, 64, 2]
    assert tool.memory(tool.network("source")) == {
        "activations": sum(outputs),
        "largest": outputs[0] + outputs[1],
    }


def test_pruning_sets_the_smallest_to_zero():
    keras.utils.set_random_seed(0)
    model = small_network(filters=(4,))
    before = np.concatenate([np.abs(kernel.numpy()).ravel() for kernel in tool.kernels_of(model)])
    tool.apply(model, tool.masks(model, 0.75))
    after = np.concatenate([np.abs(kernel.numpy()).ravel() for kernel in tool.kernels_of(model)])
    assert np.mean(after == 0) == pytest.approx(0.75, abs=0.01)
    assert np.array_equal(after[after > 0], before[after > 0])
    assert before[after == 0].max() < after[after > 0].min()


def test_tuning_keeps_the_zeros(monkeypatch):
    rng = np.random.default_rng(0)
    few = rng.random((64, 28, 28, 1), "float32"), np.arange(64) % 2
    monkeypatch.setattr(tool, "split", lambda name: few)
    monkeypatch.setattr(tool, "TUNING", tool.Recipe(steps=2))
    keras.utils.set_random_seed(0)
    model = small_network(filters=(4,))
    kept = tool.masks(model, 0.5)
    tool.prune(model, 0.5, tune=True, seed=0)
    for kernel, mask in zip(tool.kernels_of(model), kept, strict=True):
        assert np.all(kernel.numpy()[mask == 0] == 0)
        assert np.all(kernel.numpy()[mask == 1] != 0)


def test_zeros_pack_well():
    model = small_network(filters=(4,))
    before = tool.zipped_bytes(model)
    tool.apply(model, tool.masks(model, 0.9))
    assert tool.zipped_bytes(model) < before / 2


def test_log_odds_are_packed_to_hundredths():
    scores = np.random.default_rng(0).normal(0, 5, 624)
    assert np.abs(tool.unpack(tool.pack(scores)) - scores).max() <= 0.005 + 1e-9


def test_a_file_gives_what_the_network_gives(capfd):
    keras.utils.set_random_seed(0)
    model = small_network(filters=(4, 8))
    images = np.random.default_rng(0).random((20, 28, 28, 1), "float32")
    images *= np.linspace(0.2, 1, 20, dtype="float32")[:, None, None, None]  # unlike each other
    expected = tool.log_odds(model, images)
    whole, small = tool.lite(model), tool.lite(model, images)
    np.testing.assert_allclose(tool.lite_log_odds(whole, images), expected, atol=1e-4)
    # Probabilities have 256 steps: near one half, a step is 0.016 of log-odds.
    found = tool.lite_log_odds(small, images)
    assert np.abs(found - expected).max() < 0.1
    # TensorFlow 2.18 wrote a file that gives every image the same answer.
    assert np.corrcoef(found, expected)[0, 1] > 0.95
    assert "TensorFlow" not in "".join(capfd.readouterr())


def test_a_stopped_command_goes_on_where_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(tool, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(tool, "kinds", lambda: ["source"])
    monkeypatch.setattr(tool, "SEEDS", range(2))
    monkeypatch.setattr(tool, "SECOND_SEEDS", range(7, 8))
    empty = {"latency": {}, "second_latency": {}, "runs": [], "second_runs": []}
    monkeypatch.setattr(tool, "start", lambda: empty)
    monkeypatch.setattr(tool, "latencies", lambda: {"ratios": {}})
    asked = []

    def run(kind, seed):
        asked.append(seed)
        if asked == [0, 1]:
            raise KeyboardInterrupt
        return {"kind": kind, "seed": seed}

    monkeypatch.setattr(tool, "run", run)
    with pytest.raises(KeyboardInterrupt):
        tool.main()
    tool.main()
    assert asked == [0, 1, 1, 7]
    written = json.loads(tool.RESULTS.read_text())
    assert [entry["seed"] for entry in written["runs"]] == [0, 1]
    assert [entry["seed"] for entry in written["second_runs"]] == [7]
    assert written["latency"] == written["second_latency"] == {"ratios": {}}


def test_the_lesson_trains_with_the_recipe_of_the_file():
    code = "\n".join(cell.source for cell in read(LESSONS / "too-much-model.ipynb").cells)
    assert 'Recipe(steps=results["steps"])' in code
    assert "filters=(8, 16, 32)" in code
    assert tool.FILTERS["width 8"] == (8, 16, 32)


def test_running_means_follow_as_fast_in_all_networks():
    momenta = {
        layer.momentum
        for name in tool.NETWORKS
        for layer in tool.network(name).layers
        if isinstance(layer, keras.layers.BatchNormalization)
    }
    assert momenta == {0.9}


# ---- What was claimed of the first run, and of the second -----------------------------------


def gains(kind, other, part, number="float32"):
    """Return for each seed how much AUC a network has more than another."""

    def aucs(kind, number="float32"):
        found = [run for run in RESULTS[f"{part}runs"] if run["kind"] == kind]
        return np.array([(run["int8"] if number == "int8" else run)["auc"] for run in found])

    return aucs(kind, number) - aucs(other)


@pytest.mark.parametrize(
    "kind", ["width 2", "depth 1", "depth 2", "source", "pruned 0.75 tuned", "pruned 0.9 tuned"]
)
def test_second_run_confirms_who_falls_behind(kind):
    first, second = (gains(kind, "width 16", part) for part in PARTS)
    assert_confirmed(first, second)
    assert max(first.max(), second.max()) < 0


@pytest.mark.parametrize(
    ("kind", "other"),
    [("depth 4", "width 16"), ("width 2", "source"), ("separable", "width 8")],
)
def test_no_run_shows_a_difference(kind, other):
    assert_not_shown(*(gains(kind, other, part) for part in PARTS))


def test_no_run_shows_that_a_teacher_helps():
    for part in PARTS:
        assert gains("distilled width 2", "width 2", part).mean() < 0.005
        assert gains("distilled width 4", "width 4", part).mean() < 0.005


def test_int8_costs_next_to_no_auc():
    for part in PARTS:
        for kind in tool.QUANTIZED:
            assert np.abs(gains(kind, kind, part, "int8")).max() < 0.003


def test_second_run_confirms_the_times_in_float32_but_not_in_int8():
    first, second = (RESULTS[f"{part}latency"]["ratios"] for part in PARTS)
    for name in (f"{kind}, float32" for kind in tool.NETWORKS):
        assert 0.75 < second[name][0] / first[name][0] < 1.26
    for latency in (first, second):
        assert latency["width 16, Keras call"][1] > 100
        middle, low, high = latency["width 16, 0.9 pruned"]
        assert low < 1 < high
    assert second["width 16, int8"][0] > 2 * first["width 16, int8"][0]
