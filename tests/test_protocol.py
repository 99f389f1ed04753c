"""The protocol of three sets: the command, and the file that it wrote."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tools import protocol

RESULTS = json.loads(protocol.RESULTS.read_text(encoding="utf-8"))


def test_file_holds_each_run_once():
    found = [(run["data"], run["model"], run["seed"]) for run in RESULTS["runs"]]
    expected = {
        (data, model, seed)
        for data, models in protocol.MODELS.items()
        for model in models
        for seed in protocol.SEEDS
    }
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_file_is_small():
    assert protocol.RESULTS.stat().st_size < 500_000


def test_file_is_of_the_recipe_that_the_book_uses():
    assert RESULTS["recipe"] == json.loads(json.dumps(protocol.asdict(protocol.RECIPE)))
    assert RESULTS["settings"] == protocol.SETTINGS


@pytest.mark.parametrize("data", protocol.MODELS)
def test_networks_are_as_small_as_the_file_says(data, monkeypatch):
    shape, classes = {"retinamnist": ((28, 28, 3), 5)}.get(data, ((28, 28, 1), 2))
    blank = (np.zeros((classes, *shape), "float32"), np.arange(classes))
    monkeypatch.setattr(protocol, "split", lambda data, name: blank)
    for model, size in RESULTS["sizes"][data].items():
        network = protocol.build(model, data, seed=0)
        assert size["parameters"] == network.count_params()
        assert size["multiply_adds"] == protocol.multiply_adds(network)
    assert RESULTS["sizes"][data]["small"]["parameters"] < 100_000


def test_every_case_has_a_score():
    for run in RESULTS["runs"]:
        cases = len(RESULTS["labels"][run["data"]])
        classes = 5 if run["data"] == "retinamnist" else 2
        for name in ("logits", "logits_mirrored"):
            if name in run:
                assert protocol.probabilities(run[name]).shape == (cases, classes)
        assert ("logits_mirrored" in run) == (
            bool(protocol.recipe_of(run["model"], run["data"]).flip)
        )


@pytest.mark.parametrize("classes", [2, 5])
def test_stored_probabilities_come_back(classes):
    chances = np.random.default_rng(0).dirichlet(np.ones(classes), 50)
    again = protocol.probabilities(protocol.logits(chances))
    np.testing.assert_allclose(again, chances, atol=0.005)


def test_measures_of_two_classes_by_hand():
    truth = np.array([0, 0, 1, 1])
    chances = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.2, 0.8]])
    # Pairs of one of each class: 3 of 4 in the right order. Kappa: 0 where half are right.
    assert protocol.measures(truth, chances) == pytest.approx(
        {"auc": 0.75, "accuracy": 0.5, "kappa": 0}
    )


def test_measures_of_grades_know_near_from_far():
    truth = np.arange(5)
    near, far = np.eye(5)[[1, 1, 2, 3, 4]], np.eye(5)[[4, 1, 2, 3, 4]]
    assert protocol.measures(truth, near)["accuracy"] == protocol.measures(truth, far)["accuracy"]
    assert protocol.measures(truth, near)["kappa"] > protocol.measures(truth, far)["kappa"]


def test_a_mirrored_chest_is_not_trained_on():
    assert protocol.recipe_of("small", "pneumoniamnist") == protocol.RECIPE
    assert protocol.recipe_of("small", "breastmnist").flip == "horizontal"
    assert protocol.recipe_of("source", "breastmnist") == protocol.PLAIN


def test_a_stopped_command_goes_on_where_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr("sys.argv", ["protocol", "--into", str(tmp_path / "results.json")])
    monkeypatch.setattr(protocol, "MODELS", {"breastmnist": ("small", "source")})
    monkeypatch.setattr(protocol, "SEEDS", range(2))
    monkeypatch.setattr(protocol, "start", lambda: {"runs": []})
    asked = []

    def judge(data, model, seed):
        asked.append((model, seed))
        if len(asked) == 2:
            raise KeyboardInterrupt
        return {"data": data, "model": model, "seed": seed}

    monkeypatch.setattr(protocol, "judge", judge)
    with pytest.raises(KeyboardInterrupt):
        protocol.main()
    protocol.main()
    jobs = [("small", 0), ("source", 0), ("small", 1), ("source", 1)]
    assert asked == [jobs[0], jobs[1], *jobs[1:]]


def test_judge_stores_what_the_network_says(monkeypatch, untraced):
    random = np.random.default_rng(0)
    images, labels = random.random((12, 28, 28, 1)) * 255, np.arange(12) % 2
    part = SimpleNamespace(images=images.astype("uint8"), labels=labels)
    sets = SimpleNamespace(train=part, validation=part, test=part)
    monkeypatch.setattr(protocol, "load", lambda data, synthetic: sets)
    monkeypatch.setattr(protocol, "RECIPE", replace(protocol.RECIPE, steps=2))
    for cached in (protocol.split, protocol.trained):
        cached.cache_clear()
    entry = protocol.judge("breastmnist", "pretrained", 0)
    for cached in (protocol.split, protocol.trained):
        cached.cache_clear()
    assert len(entry["logits"]) == len(entry["logits_mirrored"]) == 12
    assert entry["logits"] != entry["logits_mirrored"]


def test_pretrained_networks_start_with_the_teachers_weights():
    network, teacher = (protocol.small_network(filters=(4,)) for _ in range(2))
    last = network.get_weights()[-2:]
    protocol.start_from(network, teacher)
    for place, weights in enumerate(network.get_weights()[:-2]):
        np.testing.assert_array_equal(weights, teacher.get_weights()[place])
    for ours, before in zip(network.get_weights()[-2:], last, strict=True):
        np.testing.assert_array_equal(ours, before)
