"""The hyperparameter search: what it trains, how it is taken up again, and the file it wrote."""

import itertools
import json

import pytest

from helpers.datasets import load
from tools import search_hyperparameters as search

RESULTS = json.loads(search.RESULTS.read_text(encoding="utf-8"))
PLAN = [(seed, setting) for seed in search.SEEDS for setting in search.settings()]


def parameters(kernel, pool, convolutions, **_):
    """Count by hand: side of the image, channels, weights and biases."""
    side, channels, count = 28, 1, 0
    for number in range(convolutions):
        filters = 32 * 2**number
        count += (kernel**2 * channels + 1) * filters
        side, channels = (side - kernel + 1) // pool, filters
    return count + (side**2 * channels + 1) * 64 + (64 + 1) * 2


def test_settings_are_the_sources_advice_and_more():
    settings = search.settings()
    assert settings[0] == search.BASE
    assert len({tuple(setting.values()) for setting in settings}) == len(settings)
    advice = [(s["kernel"], s["pool"], s["activation"]) for s in settings[:12]]
    assert advice == list(itertools.product((3, 5), (2, 3), ("relu", "tanh", "sigmoid")))
    for setting in settings[12:]:
        assert sum(setting[name] != search.BASE[name] for name in setting) == 1


@pytest.mark.parametrize("name", ["runs", "second_runs"])
def test_file_holds_each_run_once_in_order(name):
    """The lesson takes the first twelve of each seed for the grid."""
    assert RESULTS["setup"] == search.SETUP
    found = [(run["seed"], {name: run[name] for name in search.BASE}) for run in RESULTS[name]]
    seeds = search.SEEDS if name == "runs" else search.SECOND_SEEDS
    assert found == list(itertools.product(seeds, search.settings()))
    assert not set(search.SEEDS) & set(search.SECOND_SEEDS)


@pytest.mark.parametrize("run", RESULTS["runs"][: len(search.settings())], ids=str)
def test_parameters_in_the_file(run):
    assert run["parameters"] == parameters(**run)


def test_metrics_in_the_file():
    validation = load("pneumoniamnist", synthetic=True).validation
    cases = len(validation.labels)
    assert cases == 524
    for run in RESULTS["runs"] + RESULTS["second_runs"]:
        assert 0.5 < run["auc"] <= 1
        assert 0 < run["loss"] < 1
        right = run["accuracy"] * cases
        assert abs(right - round(right)) < 0.01
    assert len({run["loss"] for run in RESULTS["runs"]}) > 0.98 * len(PLAN)


def test_small_file():
    assert search.RESULTS.stat().st_size < 500_000


def test_judged_on_validation_only():
    """A data set whose test split can't be read trains all the same."""
    data = load("pneumoniamnist", synthetic=True)

    class Blind:
        train, validation = data.train, data.validation

        @property
        def test(self):
            raise AssertionError("the test split was looked at")

    short = dict(search.SETUP, images=64, epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "SETUP", short)
        train = search.trainer(search.fitter(Blind()))
        setting = search.BASE | {"kernel": 5, "pool": 3}
        first, other, again = (train(setting, seed) for seed in (0, 1, 0))
    assert first["parameters"] == parameters(**setting)
    assert first["loss"] == pytest.approx(again["loss"], abs=1e-4)
    assert abs(first["loss"] - other["loss"]) > 1e-4


def test_search_is_taken_up_again(tmp_path):
    path, asked = tmp_path / "results.json", []

    def judge(setting, seed):
        asked.append((seed, setting))
        if len(asked) == 4:
            raise KeyboardInterrupt
        return {"auc": 0.9}

    with pytest.raises(KeyboardInterrupt):
        search.search(path, judge, PLAN[:6])
    assert len(json.loads(path.read_text())["runs"]) == 3
    results = search.search(path, judge, PLAN[:6])
    assert asked == [*PLAN[:4], *PLAN[3:6]]
    assert json.loads(path.read_text()) == results
    assert list(tmp_path.iterdir()) == [path]


def test_other_setup_starts_anew(tmp_path):
    path = tmp_path / "results.json"
    search.search(path, lambda setting, seed: {"auc": 0.9}, PLAN[:2])
    path.write_text(path.read_text().replace('"epochs":10', '"epochs":3'))
    assert search.read(path)["runs"] == []


# ---- The searches --------------------------------------------------------------------------


def test_file_holds_each_search_once():
    found = [(run["seed"], run["kind"]) for run in RESULTS["searches"]]
    assert found == list(itertools.product(search.SEARCH["seeds"], search.SEARCH["kinds"]))


@pytest.mark.parametrize("run", RESULTS["searches"], ids=lambda run: f"{run['kind']}-{run['seed']}")
def test_search_in_the_file(run):
    trials = run["trials"]
    # As many epochs as the grid's twelve settings.
    assert sum(trial["to"] - trial["from"] for trial in trials) == 12 * search.SETUP["epochs"]
    best = min(trials, key=lambda trial: trial["loss"])
    assert run["winner"] == {name: best[name] for name in search.BASE}
    assert [again["seed"] for again in run["again"]] == search.others_than(run["seed"])
    assert run["seed"] not in search.others_than(run["seed"])
    for trial in trials:
        assert trial["parameters"] == parameters(**trial)
        assert 0.0001 <= trial["learning_rate"] <= 0.01


@pytest.mark.parametrize(
    "run",
    [run for run in RESULTS["searches"] if run["kind"] == "hyperband"],
    ids=lambda run: str(run["seed"]),
)
def test_hyperband_keeps_the_best_of_each_round(run):
    def setting(trial):
        return tuple(trial[name] for name in search.BASE)

    for bracket in {trial["bracket"] for trial in run["trials"]}:
        rounds = {}
        for trial in run["trials"]:
            if trial["bracket"] == bracket:
                rounds.setdefault(trial["to"], []).append(trial)
        for now, after in itertools.pairwise(rounds[epochs] for epochs in sorted(rounds)):
            kept = {setting(trial) for trial in after}
            best = sorted(now, key=lambda trial: trial["loss"])[: len(after)]
            assert kept == {setting(trial) for trial in best}
            assert all(trial["from"] == now[0]["to"] for trial in after)


def test_hyperband_goes_on_with_the_weights():
    asked = []

    def fit(setting, seed, epochs, weights):
        asked.append((epochs, weights))
        return {"loss": setting["learning_rate"], "auc": 0.5}, len(asked)

    trials = search.explore("hyperband", 0, fit)
    for trial, (epochs, weights) in zip(trials, asked, strict=True):
        assert epochs == trial["to"] - trial["from"]
        assert (weights is None) == (trial["from"] == 0)
        if weights:
            before = trials[weights - 1]
            assert before["learning_rate"] == trial["learning_rate"]
            assert before["to"] == trial["from"]


def test_searches_are_taken_up_again(tmp_path, monkeypatch):
    path, asked = tmp_path / "results.json", []

    def explore(kind, seed, fit):
        asked.append((kind, seed))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return [search.BASE | {"loss": 0.2}, search.BASE | {"loss": 0.1, "kernel": 5}]

    def fit(*_):
        return {"auc": 0.9, "loss": 0.2}, None

    monkeypatch.setattr(search, "explore", explore)
    with pytest.raises(KeyboardInterrupt):
        search.explore_all(path, fit)
    results = search.explore_all(path, fit)
    assert asked[2] == asked[3]
    assert len(results["searches"]) == 8
    assert results["searches"][0]["winner"] == search.BASE | {"kernel": 5}
    assert json.loads(path.read_text()) == results
