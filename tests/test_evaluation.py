"""Intervals agree with SciPy's and cover the truth as often as they say; bad input is refused."""

import numpy as np
import pytest
from scipy import stats
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, roc_auc_score

from helpers.evaluation import bootstrap_interval, majority_baseline


def accuracy(labels, scores):
    return np.mean((scores > 0.5) == labels)


def cases(number, seed=0):
    """Return labels, 62 % of them 1, and scores that tell the classes apart fairly well."""
    random = np.random.default_rng(seed)
    labels = (random.random(number) < 0.62).astype(int)
    return labels, 1 / (1 + np.exp(-random.normal(2 * labels - 1, 1.2)))


def sensitivity(labels, scores):
    return np.mean(scores[labels == 1] > 0.5)


@pytest.mark.parametrize(
    ("metric", "level"), [(accuracy, 0.95), (sensitivity, 0.8), (roc_auc_score, 0.95)]
)
def test_interval_agrees_with_scipy(metric, level):
    labels, scores = cases(300)
    expected = stats.bootstrap(
        (labels, scores),
        metric,
        paired=True,
        vectorized=False,
        confidence_level=level,
        n_resamples=1000,
        method="percentile",
        random_state=1,
    ).confidence_interval
    found = bootstrap_interval(metric, labels, scores, level)
    # Two lots of 1000 draws: their ends differ by a tenth of the interval's width at most.
    assert found == pytest.approx(expected, abs=0.1 * (expected.high - expected.low))


def test_interval_covers_the_truth_as_often_as_it_says():
    # Each answer is right with probability 0.8, whatever its class.
    random, covered = np.random.default_rng(0), []
    for seed in range(300):
        labels = random.integers(2, size=150)
        scores = np.where(random.random(150) < 0.8, labels, 1 - labels)
        low, high = bootstrap_interval(accuracy, labels, scores, 0.9, repeats=200, seed=seed)
        covered.append(low <= 0.8 <= high)
    # Binomial standard error 0.017; percentile intervals fall a little short of their level.
    assert 0.84 < np.mean(covered) < 0.95


def test_same_seed_same_interval():
    labels, scores = cases(100)
    first, again, other = (
        bootstrap_interval(accuracy, labels, scores, repeats=50, seed=seed) for seed in (3, 3, 4)
    )
    assert first == again != other


def test_draws_of_one_class_are_drawn_anew():
    labels, seen = np.array([0, 0, 0, 0, 1]), []

    def metric(drawn, scores):
        seen.append(drawn)
        return roc_auc_score(drawn, scores)

    low, high = bootstrap_interval(metric, labels, [0.1, 0.2, 0.3, 0.6, 0.5], repeats=200)
    assert len(seen) == 200
    assert all(set(drawn) == {0, 1} and len(drawn) == 5 for drawn in seen)
    assert 0 <= low <= high <= 1


def test_metric_of_labels_and_decisions():
    labels, scores = cases(200)
    found = bootstrap_interval(lambda y, p: accuracy_score(y, p > 0.5), labels, scores, repeats=50)
    assert found == bootstrap_interval(accuracy, labels, scores, repeats=50)


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([], [], r"labels have shape \(0,\); give \(N,\) with one value a case"),
        ([[0], [1]], [0.1, 0.9], r"labels have shape \(2, 1\); give \(N,\)"),
        ([0, 1, 1], [0.1, 0.9], r"shape \(3,\) and scores \(2,\); give one score a case"),
        ([0, 1], [[0.9, 0.1], [0.1, 0.9]], r"scores \(2, 2\); .* the column of class 1"),
        ([0, 1, 2], [0.1, 0.9, 0.9], "labels hold 2; give 0 and 1"),
        ([0, 1, np.nan], [0.1, 0.9, 0.9], "labels hold nan; give 0 and 1"),
        ([1, 1], [0.1, 0.9], "all labels are 1; give cases of both classes"),
        ([0, 1], [0.1, 1.5], r"scores\[1\] is 1.5; give probabilities from 0 to 1"),
        ([0, 1], [-0.1, 0.5], r"scores\[0\] is -0.1; give probabilities"),
        ([0, 1], [0.1, np.nan], r"scores\[1\] is nan; give probabilities"),
        ([0, 1], [np.inf, 0.1], r"scores\[0\] is inf; give probabilities"),
    ],
)
def test_bad_cases_are_refused(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(accuracy, labels, scores)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, float("nan")])
def test_bad_level_is_refused(level):
    with pytest.raises(ValueError, match=f"level={level}.*for 95 % say 0.95"):
        bootstrap_interval(accuracy, [0, 1], [0.1, 0.9], level)


def test_no_repeats_are_refused():
    with pytest.raises(ValueError, match="repeats=0 gives no draws; say 1000"):
        bootstrap_interval(accuracy, [0, 1], [0.1, 0.9], repeats=0)


@pytest.mark.parametrize("classes", [2, 5])
def test_baseline_agrees_with_scikit_learn(classes):
    random = np.random.default_rng(classes)
    train, test = random.integers(classes, size=40), random.integers(classes, size=30)
    dummy = DummyClassifier(strategy="most_frequent").fit(train[:, None], train)
    assert majority_baseline(train, test) == dummy.score(test[:, None], test)


def test_baseline_of_equal_classes_is_the_first():
    assert majority_baseline([1, 0], [0, 0, 0, 1]) == 0.75


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([], [0, 1], r"train_labels have shape \(0,\); give"),
        ([0, 1], [], r"test_labels have shape \(0,\); give"),
        ([[0], [1]], [0, 1], r"train_labels have shape \(2, 1\); give"),
    ],
)
def test_bad_baseline_labels_are_refused(train, test, message):
    with pytest.raises(ValueError, match=message):
        majority_baseline(train, test)
