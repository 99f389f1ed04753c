"""Changed scanners: the command, and the file that it wrote."""

import json

import numpy as np
import pytest
from scipy.special import expit

from helpers.models import small_network
from tests.second import assert_confirmed
from tools import scanner_changes as scanner

RESULTS = json.loads(scanner.RESULTS.read_text(encoding="utf-8"))
PARTS = {"": scanner.SEEDS, "second_": scanner.SECOND_SEEDS}


def key(run):
    return run["data"], run["recipe"], run["seed"], run["condition"], run["remedy"]


@pytest.mark.parametrize("part", PARTS)
def test_file_holds_each_run_once(part):
    found = [key(run) for run in RESULTS[f"{part}runs"]]
    assert len(found) == len(set(found))
    networks = {run[:3] for run in found}
    assert networks == {
        (data, recipe, seed)
        for data, seeds in PARTS[part].items()
        for recipe in ("plain", "augmented")
        for seed in seeds
    }
    for data, conditions in (("real", scanner.CONDITIONS), ("simulated", scanner.SCANNERS)):
        for recipe, remedies in (
            ("plain", ("none", "statistics", "dropout")),
            ("augmented", ("none", "statistics")),
        ):
            expected = {
                (data, recipe, seed, condition, remedy)
                for seed in PARTS[part][data]
                for condition in conditions
                for remedy in remedies
            }
            assert expected <= set(found)


def test_file_is_small():
    assert scanner.RESULTS.stat().st_size < 300_000


@pytest.mark.parametrize(
    "run",
    [run for part in PARTS for run in RESULTS[f"{part}runs"] if "log_odds" in run],
    ids=lambda run: f"{run['condition']}-{run['seed']}",
)
def test_measures_follow_from_the_scores(run):
    part = "validation" if run["condition"] == "validation" else "test"
    truth = np.array([int(label) for label in RESULTS["labels"][part]])
    found = scanner.measures(truth, np.array(run["log_odds"]))
    assert {name: run[name] for name in found} == pytest.approx(found, abs=1e-4)


def test_baseline_follows_from_the_labels():
    labels = RESULTS["labels"]["test"]
    assert RESULTS["baseline"] == pytest.approx(labels.count("1") / len(labels), abs=1e-4)


@pytest.mark.parametrize("part", PARTS)
def test_unsureness_and_entropy_order_two_classes_alike(part):
    rows = RESULTS[f"{part}foreign"]
    by_name = {(r["seed"], r["foreign"], r["score"]): r["auc"] for r in rows}
    for (seed, name, score), auc in by_name.items():
        if score == "entropy":
            # Where a score is rounded to sure, ties differ in the last digits.
            assert auc == pytest.approx(by_name[seed, name, "unsure"], abs=0.002)


@pytest.mark.parametrize("part", PARTS)
def test_foreign_scores_are_complete(part):
    rows = RESULTS[f"{part}foreign"]
    found = {(r["seed"], r["foreign"], r["score"]) for r in rows}
    assert len(found) == len(rows) == len(PARTS[part]["real"]) * 4 * 4


# ---- The parts of the command --------------------------------------------------------------


@pytest.fixture
def images():
    return np.random.default_rng(0).random((40, 28, 28, 1), "float32")


def test_changes_do_what_they_say(images):
    softer = scanner.changed(images, "contrast", 0.5)
    assert np.allclose(softer.std(), images.std() / 2, rtol=1e-3)
    assert scanner.changed(images, "blur", 1.5).std() < images.std() / 2
    noisy = scanner.changed(np.full_like(images, 0.5), "noise", 0.1)
    assert noisy.std() == pytest.approx(0.1, rel=0.05)
    for change in scanner.CHANGES:
        assert scanner.changed(images, change, 0.5).shape == images.shape
    with pytest.raises(ValueError, match="choose one of noise"):
        scanner.changed(images, "sharpness", 1)


def test_augmented_images_stay_in_range_and_follow_the_seed(images):
    first, again, other = (scanner.augmented(images, seed) for seed in (0, 0, 1))
    assert first.min() >= 0 and first.max() <= 1 and first.dtype == np.float32
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_same_patients_on_each_simulated_scanner():
    parts = scanner.tests("simulated")
    assert set(parts) == set(scanner.SCANNERS)
    assert len({labels.tobytes() for _, labels in parts.values()}) == 1
    assert np.corrcoef(*(parts[n][0].ravel() for n in ("as it is", "blur")))[0, 1] > 0.9


def test_statistics_of_a_batch_undo_contrast(images):
    import keras

    keras.utils.set_random_seed(0)
    model = small_network(filters=scanner.FILTERS)
    copy = scanner.without_dropout(model)
    before = scanner.with_own_statistics(copy, images)
    # Gray levels so large that the small number beside each variance is nothing.
    large, larger = (scanner.with_own_statistics(copy, scale * images) for scale in (100, 200))
    assert np.allclose(large, larger, atol=1e-2)
    # The network as it is does not undo it.
    as_it_is, brighter = (scanner.log_odds(model, scale * images) for scale in (1, 10))
    assert not np.allclose(as_it_is, brighter, atol=1e-2)
    order = np.arange(40)[::-1]
    assert np.allclose(scanner.in_batches(copy, images, order, size=40), before, atol=1e-4)


def test_monte_carlo_with_many_draws_is_near_the_network(images):
    model = small_network(filters=scanner.FILTERS)
    seen = scanner.features(model, images)
    assert seen.shape == (40, scanner.FILTERS[-1])
    mean = scanner.monte_carlo(model, seen)
    assert np.abs(expit(mean) - expit(scanner.log_odds(model, images))).max() < 0.1
    assert not np.array_equal(mean, scanner.monte_carlo(model, seen, seed=1))


def test_strangeness_is_larger_for_strange_images(images):
    model = small_network(filters=scanner.FILTERS)
    strange = scanner.Strangeness(model, images, np.arange(40) % 2)
    for score in ("distance", "gray"):
        known, dark = strange.of(images)[score], strange.of(0.1 * images)[score]
        assert known.shape == (40,)
        assert dark.min() > np.median(known)


def test_a_stopped_command_goes_on_where_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(scanner, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(scanner, "SEEDS", {"real": range(1), "simulated": range(1)})
    monkeypatch.setattr(scanner, "SECOND_SEEDS", {"real": range(7, 8)})
    names = ("runs", "foreign", "second_runs", "second_foreign")
    monkeypatch.setattr(scanner, "start", lambda: {name: [] for name in names})
    asked = []

    def judge(*job):
        asked.append(job)
        if len(asked) == 2:
            raise KeyboardInterrupt
        return [dict(zip(("data", "recipe", "seed"), job, strict=True))], []

    monkeypatch.setattr(scanner, "judge", judge)
    with pytest.raises(KeyboardInterrupt):
        scanner.main()
    scanner.main()
    assert len(asked) == 7 and asked[1] == asked[2]
    found = json.loads(scanner.RESULTS.read_text())
    assert len(found["runs"]) == 4
    assert [run["seed"] for run in found["second_runs"]] == [7, 7]


# ---- What was claimed of the first run, and of the second -----------------------------------


def changes(measure, condition, part, data="real", recipe="plain", remedy="none"):
    """Return for each seed the difference to unchanged images, or to the plain network."""

    def values(**asked):
        asked = {"data": data, "recipe": "plain", "remedy": "none"} | asked
        rows = [row for row in RESULTS[f"{part}runs"] if asked.items() <= row.items()]
        return np.array([row[measure] for row in rows])

    plain = (recipe, remedy) == ("plain", "none")
    base = values(condition="as it is" if plain else condition)
    return values(condition=condition, recipe=recipe, remedy=remedy) - base


CLAIMS = [
    *(("accuracy", f"{change} 2", {}) for change in scanner.CHANGES),
    *(("confidence", f"{change} 2", {}) for change in ("contrast", "blur")),
    ("auc", "noise 2", {}),
    ("auc", "as it is", {"recipe": "augmented"}),
    *(
        ("accuracy", f"{change} 2", how)
        for change in scanner.CHANGES
        for how in ({"recipe": "augmented"}, {"remedy": "statistics"}, {"remedy": "mixed batches"})
    ),
    *(("auc", condition, {"remedy": "sorted batches"}) for condition in scanner.KEPT),
]


@pytest.mark.parametrize(("measure", "condition", "how"), CLAIMS, ids=str)
def test_second_run_confirms(measure, condition, how):
    assert_confirmed(*(changes(measure, condition, part, **how) for part in PARTS))


@pytest.mark.parametrize("condition", ["noise", "contrast", "blur"])
def test_second_run_confirms_what_simulated_scanners_do(condition):
    for part in PARTS:
        assert changes("accuracy", condition, part, "simulated").mean() < -0.08
        assert changes("accuracy", condition, part, "simulated", remedy="statistics").mean() > 0.05


def test_second_run_does_not_confirm_that_confidence_rises_on_simulated_scanners():
    for name in ("noise", "contrast", "blur"):
        first, second = (changes("confidence", name, part, "simulated") for part in PARTS)
        assert second.mean() < 0 < first.mean()
