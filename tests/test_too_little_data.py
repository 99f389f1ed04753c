"""Too little data: the command, and the file that it wrote."""

import functools
import json
from dataclasses import asdict

import numpy as np
import pytest

from helpers.datasets import load
from helpers.training import Recipe
from tests.second import assert_confirmed, interval
from tools import too_little_data as little

RESULTS = json.loads(little.RESULTS.read_text(encoding="utf-8"))
# The commonest class of each set in training, and the images of the rarer one.
COMMONEST, RARER = (
    {"pneumoniamnist": 1, "breastmnist": 1},
    {"pneumoniamnist": 1214, "breastmnist": 147},
)
LABELS = {
    data: np.array([int(label) for label in labels]) for data, labels in RESULTS["labels"].items()
}


def key(run):
    return run["data"], run["way"], run["images"], run["seed"]


def follows(run):
    """Whether a run's measures follow from its scores."""
    found = little.measures(LABELS[run["data"]], little.unpack(run["log_odds"]))
    return {name: run[name] for name in found} == pytest.approx(found, abs=1e-4)


def test_file_holds_each_run_once():
    found = [key(run) for run in RESULTS["runs"]]
    assert len(found) == len(set(found))
    for data, rarer in RARER.items():
        sizes = little.sizes(np.repeat([0, 1], [rarer, 3 * rarer]))
        assert sizes[0] == 5 and little.FEW in sizes and sizes[-2:] == [rarer, None]
        ways = [("plain", images) for images in sizes] + [(way, 80) for way in little.WAYS]
        expected = {(data, way, images, seed) for way, images in ways for seed in little.SEEDS}
        assert {run for run in found if run[0] == data} == expected


def test_file_says_how_it_was_made():
    assert RESULTS["steps"] == little.PLAIN.steps and RESULTS["epochs"] == little.EPOCHS
    assert set(RESULTS["versions"]) == set(little.VERSIONS)
    assert little.RESULTS.stat().st_size < 300_000


@pytest.mark.parametrize("data", little.SETS)
def test_baseline_follows_from_the_labels(data):
    share = np.mean(LABELS[data] == COMMONEST[data])
    assert RESULTS["baselines"][data] == pytest.approx(share, abs=1e-4)


def test_measures_follow_from_the_scores():
    kept = [run for run in RESULTS["runs"] if "log_odds" in run]
    ways = len(little.SETS) * (1 + len(little.WAYS))
    assert len(kept) == ways * len(little.SEEDS)
    assert all(follows(run) for run in kept)


def test_a_measure_that_does_not_follow_is_found():
    run = next(run for run in RESULTS["runs"] if "log_odds" in run)
    assert not follows(run | {"auc": run["auc"] + 0.001})
    assert not follows(run | {"log_odds": little.pack(-little.unpack(run["log_odds"]))})


def test_results_are_in_range():
    for run in RESULTS["runs"]:
        assert 0.3 < run["auc"] <= 1 and 0.2 < run["accuracy"] <= 1 and run["seconds"] > 0
        assert 0.3 < run["validation"] <= 1
        cases = len(LABELS[run["data"]])
        assert run["accuracy"] * cases == pytest.approx(round(run["accuracy"] * cases), abs=0.05)
        if run["way"] == "pseudo-labels":
            assert 0 <= run["wrong"] < run["taken"] <= run["rest"]
        if run["way"] == "simulated images":
            assert 0 < run["before"] < 1


# ---- A second run --------------------------------------------------------------------------


def aucs(part, data, way="plain", images=little.FEW):
    asked = {"data": data, "way": way, "images": images}
    return np.array([run["auc"] for run in RESULTS[part] if asked.items() <= run.items()])


@pytest.mark.parametrize("data", little.SETS)
def test_new_draws_confirm_the_curve_and_augmentation(data):
    assert not {run["seed"] for run in RESULTS["second_runs"]} & set(little.SEEDS)
    for images in (5, None):
        assert_confirmed(*(aucs(part, data, images=images) for part in ("runs", "second_runs")))
    assert_confirmed(
        *(aucs(part, data, "augmentation") - aucs(part, data) for part in ("runs", "second_runs"))
    )


@pytest.mark.parametrize("data", little.SETS)
def test_no_draws_show_a_gain_by_pseudo_labels(data):
    for part in ("runs", "second_runs"):
        assert interval(aucs(part, data, "pseudo-labels") - aucs(part, data))[0] < 0


# ---- The parts of the command --------------------------------------------------------------


@functools.cache
def look_alike(data):
    return load(data, synthetic=True)


@pytest.fixture
def splits(monkeypatch):
    """Simulated sets in place of the real ones, and a note of which parts are asked for."""
    asked = []

    def split(data, name):
        asked.append((data, name))
        part = getattr(look_alike(data), name)
        return part.images.astype("float32") / 255, part.labels

    monkeypatch.setattr(little, "split", split)
    monkeypatch.setattr(little, "SIMULATED", 100)
    little.plain.cache_clear()
    yield asked
    little.plain.cache_clear()


@pytest.fixture
def trained(monkeypatch):
    """Nothing is trained; what would be, is noted: recipe, images, labels, first weights."""
    calls = []

    def train(model, images, labels, recipe, seed, verbose):
        calls.append((recipe, images, labels, model.get_weights()))

    monkeypatch.setattr(little, "train", train)
    return calls


def test_sizes_double_and_end_with_all():
    assert little.sizes(np.repeat([0, 1], [100, 47])) == [5, 10, 20, 40, 47, None]


def test_the_few_are_among_the_many():
    labels = np.random.default_rng(0).integers(2, size=400)
    few, rest = little.draw(labels, 20, seed=1)
    many, _ = little.draw(labels, 40, seed=1)
    other, _ = little.draw(labels, 20, seed=2)
    assert np.bincount(labels[few]).tolist() == [20, 20] and set(few) < set(many)
    assert set(few) != set(other)
    assert sorted([*few, *rest]) == [*range(400)]
    all_, none = little.draw(labels, None, seed=1)
    assert sorted(all_) == [*range(400)] and len(none) == 0


@pytest.mark.parametrize("data", little.SETS)
def test_simulated_images_are_of_the_kind_of_the_set(data):
    images, labels = little.simulated(data, 200, seed=0)
    assert images.shape == (200, 28, 28, 1) and 0 <= images.min() and images.max() <= 1
    assert np.bincount(labels).tolist() == [100, 100]
    # Pneumonia is white; a malignant mass is dark and throws a shadow. Both have label 1 and 0.
    brightness = [images[labels == label].mean() for label in (0, 1)]
    assert brightness[0] < brightness[1]


def test_rotated_images_turn_back():
    images = np.random.default_rng(0).random((50, 28, 28, 1), "float32")
    turned, turns = little.rotated(images, seed=0)
    assert set(turns) == {0, 1, 2, 3} and turned.shape == images.shape
    for before, after, turn in zip(images, turned, turns, strict=True):
        assert np.array_equal(np.rot90(after, -turn), before)


def test_sure_takes_the_sure_and_half_of_all_is_labeled():
    images, others = np.zeros((4, 2, 2, 1)), np.ones((30, 2, 2, 1))
    labels = np.array([0, 1, 0, 1])
    chances = np.tile([[0.97, 0.03], [0.4, 0.6], [0.01, 0.99]], (10, 1))
    X, y, taken = little.sure(chances, images, labels, others)
    assert taken.sum() == 20 and len(X) == len(y) == 40
    assert X.sum(axis=(1, 2, 3)).astype(bool).sum() == 20
    assert np.bincount(y[20:]).tolist() == [10, 10] and np.bincount(y[:20]).tolist() == [10, 10]
    X, y, taken = little.sure(np.full((30, 2), 0.5), images, labels, others)
    assert not taken.any() and np.array_equal(y, labels)


def test_ten_epochs_or_more():
    steps = [little.recipe_for(images).steps for images in (10, 160, 4708)]
    assert steps[:2] == [little.PLAIN.steps] * 2
    assert steps[2] == 10 * 4708 // little.PLAIN.batch_size > little.PLAIN.steps


def test_start_from_keeps_the_last_layer():
    model, teacher = little.network(0), little.network(1, classes=4)
    before = model.get_weights()
    little.start_from(model, teacher)
    after = model.get_weights()
    assert all(map(np.array_equal, after[:-2], teacher.get_weights()))
    assert all(map(np.array_equal, after[-2:], before[-2:]))


def test_scores_are_packed():
    scores = np.array([-69.08, -0.01, 0.0, 0.33, 12.5])
    assert np.allclose(little.unpack(little.pack(scores)), scores)


@pytest.mark.parametrize("data", little.SETS)
def test_each_way_changes_one_thing(splits, trained, data):
    little.plain(data, little.FEW, 0)
    (plain, images, labels, weights), *_ = trained
    changed = {
        "twice the steps": {"steps"},
        "augmentation": {"shift", "turn", "zoom"} | ({"flip"} if little.FLIP[data] else set()),
        "weight decay": {"weight_decay"},
    }
    for way in little.WAYS:
        if way == "pseudo-labels":
            continue
        little.helped(data, way, 0)
        recipe, X, y, first = trained[-1]
        assert np.array_equal(X, images) and np.array_equal(y, labels)
        found = {name for name, value in asdict(recipe).items() if value != asdict(plain)[name]}
        assert found == changed.get(way, set())
        assert np.array_equal(first[-2], weights[-2])
        # Here teachers aren't trained, and begin with the same weights.
        assert all(map(np.array_equal, first, weights))


def test_pseudo_labels_come_from_the_plain_network(splits, trained, monkeypatch):
    monkeypatch.setattr(
        little, "predict", lambda model, images: np.tile([0.01, 0.99], (len(images), 1))
    )
    _, _, note = little.helped("breastmnist", "pseudo-labels", 0)
    guessed, rest = trained[-1][2], 546 - 160
    assert note["rest"] == note["taken"] == rest
    # All rest was called class 1; what is class 0 is wrong.
    assert note["wrong"] == 147 - 80
    assert np.mean(guessed == 1) > 0.7


@pytest.mark.parametrize("way", [way for way in little.WAYS if way != "simulated images"])
def test_training_never_sees_test_or_validation_images(splits, trained, way):
    little.helped("breastmnist", way, 0)
    assert {name for _, name in splits} == {"train"}


def test_a_wrong_set_is_noticed(splits, trained):
    """What a network is judged by comes from the set that it was trained on."""
    entry = little.judge("breastmnist", "simulated images", little.FEW, 0)
    assert {data for data, name in splits if name == "test"} == {"breastmnist"}
    assert len(little.unpack(entry["log_odds"])) == 156 and 0 < entry["before"] < 1
    assert "log_odds" not in little.judge("breastmnist", "plain", 5, 0)
    assert "log_odds" not in little.judge("breastmnist", "plain", little.FEW, len(little.SEEDS))


def test_plan_of_other_seeds(splits):
    first, second = list(little.jobs(0)), list(little.jobs(8))
    assert len(first) == len(second) == len(little.SEEDS) * (10 + 7 + 2 * len(little.WAYS))
    assert not set(first) & set(second)
    assert [job[:3] for job in first] == [job[:3] for job in second]


def test_a_stopped_command_goes_on_where_it_was(monkeypatch, tmp_path):
    file = tmp_path / "results.json"
    plan = [("breastmnist", "plain", 5, 0), ("breastmnist", "plain", None, 0)]
    monkeypatch.setattr(little, "start", lambda: {"runs": [], "second_runs": []})
    monkeypatch.setattr(little, "jobs", lambda first: [(*job[:3], job[3] + first) for job in plan])
    asked = []

    def judge(*job):
        asked.append(job)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return dict(zip(("data", "way", "images", "seed"), job, strict=True))

    monkeypatch.setattr(little, "judge", judge)
    monkeypatch.setattr("sys.argv", ["too_little_data", "--into", str(file)])
    with pytest.raises(KeyboardInterrupt):
        little.main()
    little.main()
    assert asked == [plan[0], plan[1], plan[1]]
    monkeypatch.setattr("sys.argv", ["too_little_data", "--into", str(file), "--first-seed", "8"])
    little.main()
    little.main()
    results = json.loads(file.read_text(encoding="utf-8"))
    assert [run["seed"] for run in results["runs"]] == [0, 0]
    assert [run["seed"] for run in results["second_runs"]] == [8, 8]
    assert len(asked) == 5
    assert not file.with_suffix(".part").exists()


def test_recipes_are_plain():
    assert isinstance(little.PLAIN, Recipe) and little.PLAIN.weight_decay == 0
    assert not (little.PLAIN.shift or little.PLAIN.turn or little.PLAIN.zoom or little.PLAIN.flip)
