"""`tools.numpy_vs_keras`: the contestants are comparable, and so are the stored results."""

import json

import numpy as np
import pytest

from tools import numpy_vs_keras as comparison


@pytest.fixture(scope="module")
def stored():
    return json.loads(comparison.RESULTS.read_text(encoding="utf-8"))


def aucs(stored, name):
    return np.array([run["auc"] for run in stored[name]])


def test_same_architecture():
    ours, theirs = comparison.numpy_network(0).weights, comparison.keras_network(0).get_weights()
    assert [w.shape for w in ours] == [w.shape for w in theirs]


def test_same_start_and_order_give_the_same_scores(monkeypatch):
    monkeypatch.setattr(comparison, "EPOCHS", 2)
    monkeypatch.setattr(comparison, "BATCH", 16)
    random = np.random.default_rng(0)
    X, y = random.random((40, 28, 28, 1), "float32"), random.integers(0, 2, 40)
    ours = comparison.with_numpy(3, X, y, X)
    theirs = comparison.with_keras_from_numpy(3, X, y, X)
    # Mostly they agree to six digits. Where a gradient is next to nothing, rounding decides the
    # sign of Adam's step: 0.004 with TensorFlow 2.18 once. Another start differs by 0.05 to 0.2.
    np.testing.assert_allclose(ours, theirs, atol=1e-2)
    assert np.ptp(ours) > 3e-2
    other = comparison.with_numpy(4, X, y, X)
    assert np.abs(ours - other).max() > 3e-2


def test_stored_results_are_of_every_contestant_and_seed(stored):
    for name in comparison.CONTESTANTS:
        assert [run["seed"] for run in stored[name]] == list(comparison.SEEDS)
        assert all(stored["baseline_accuracy"] < run["accuracy"] < 1 for run in stored[name])


def test_numpy_is_within_the_seed_spread_of_keras(stored):
    ours, theirs = aucs(stored, "numpy"), aucs(stored, "keras")
    assert abs(ours.mean() - theirs.mean()) < 2 * theirs.std(ddof=1)
    paired = aucs(stored, "keras_from_numpy")
    assert np.abs(ours - paired).mean() < theirs.std(ddof=1) / 2
