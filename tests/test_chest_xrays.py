"""The eight networks of the lesson on chest X-rays: the command, and the file that it wrote."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from helpers.datasets import Split
from tools import chest_xrays

RESULTS = json.loads(chest_xrays.RESULTS.read_text(encoding="utf-8"))


def labels(part):
    return np.array(list(RESULTS["labels"][part]), dtype=int)


def test_file_holds_each_seed_once():
    assert [run["seed"] for run in RESULTS["runs"]] == list(chest_xrays.SEEDS)
    assert 0 not in chest_xrays.SEEDS, "the lesson trains it"


def test_file_says_what_trained_the_networks():
    assert set(RESULTS["versions"]) == {"keras", "tensorflow"}
    assert chest_xrays.RESULTS.stat().st_size < 100_000


def test_labels_are_those_of_the_set():
    # Split sizes and classes of MedMNIST v2 (doi 10.1038/s41597-022-01721-8).
    assert np.bincount(labels("validation")).tolist() == [135, 389]
    assert np.bincount(labels("test")).tolist() == [234, 390]


@pytest.mark.parametrize("run", RESULTS["runs"], ids=lambda run: f"seed-{run['seed']}")
def test_run_is_one_of_the_lesson(run):
    # Stopped by patience, or at the last epoch.
    assert run["epochs"] == min(run["kept"] + chest_xrays.PATIENCE, chest_xrays.EPOCHS)
    assert abs(run["first_loss"] - np.log(2)) < 0.15
    for part in ("validation", "test"):
        scores = np.array(run[part])
        assert scores.shape == labels(part).shape
        assert np.abs(scores).max() <= 16.12  # the log-odds of 1e-7
        assert roc_auc_score(labels(part), scores) > 0.9


def test_judge_stores_what_the_lesson_reads(monkeypatch, untraced):
    monkeypatch.setattr(chest_xrays, "EPOCHS", 4)
    random = np.random.default_rng(0)
    split = Split(random.integers(0, 256, (40, 28, 28, 1), "uint8"), np.arange(40) % 2)
    data = SimpleNamespace(train=split, validation=split, test=split)
    run, again, other = (chest_xrays.judge(data, seed) for seed in (1, 1, 2))
    assert set(run) == set(RESULTS["runs"][0])
    assert run["epochs"] == min(run["kept"] + chest_xrays.PATIENCE, 4)
    assert len(run["test"]) == 40
    # Two decimals are stored; sums in another order may move the last one.
    np.testing.assert_allclose(run["test"], again["test"], atol=0.02)
    assert not np.allclose(run["test"], other["test"], atol=0.02)
