"""Conformal prediction keeps its promise, exactly: every case of a few is once the new one."""

import math

import numpy as np
import pytest
from scipy import stats

from helpers.conformal import conformal_limits, prediction_sets


def of_two(ill):
    return np.column_stack([1 - ill, ill])


def drawn(count, seed=0):
    """Return labels and probabilities of a poor model, without ties."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(count) % 2)
    return labels, of_two(1 / (1 + np.exp(-random.normal(2 * labels - 1, 2))))


@pytest.mark.parametrize("miss", [0.05, 0.1, 0.29, 0.5, 0.9])
@pytest.mark.parametrize("count", [1, 3, 9, 19, 20, 99])
def test_the_new_case_is_covered_as_promised_and_hardly_more(count, miss):
    """If all orders are alike, each of the count + 1 cases is as likely the new one."""
    labels, p = drawn(count + 1)
    covered = 0
    for new in range(count + 1):
        others = np.arange(count + 1) != new
        limits = conformal_limits(labels[others], p[others], miss)
        covered += prediction_sets(p[new : new + 1], limits)[0, labels[new]]
    share = covered / (count + 1)
    assert 1 - miss - 1e-9 <= share < 1 - miss + 1 / (count + 1)


def test_by_class_each_class_has_its_promise_and_its_own_limit():
    labels, p = drawn(60)
    limits = conformal_limits(labels, p, 0.1, by_class=True)
    for label in (0, 1):
        own = labels == label
        assert limits[label] == conformal_limits(labels[own], p[own], 0.1)[0]
    changed = np.where((labels == 0)[:, None], p[:, ::-1], p)
    again = conformal_limits(labels, changed, 0.1, by_class=True)
    assert again[1] == limits[1] and again[0] != limits[0]


def test_coverage_of_many_new_cases_has_the_beta_distribution():
    """Strangeness is uniform here, so that a limit is the share of new cases that it covers."""
    count, miss = 50, 0.1
    random = np.random.default_rng(1)
    zeros = np.zeros(count, int)
    shares = [conformal_limits(zeros, of_two(random.random(count)), miss)[0] for _ in range(2000)]
    rank = math.ceil((count + 1) * (1 - miss))
    assert stats.kstest(shares, stats.beta(rank, count + 1 - rank).cdf).pvalue > 0.01
    # The rank that most people write first.
    assert stats.kstest(shares, stats.beta(rank - 1, count + 2 - rank).cdf).pvalue < 1e-6


def test_it_is_the_quantile_of_angelopoulos_and_bates():
    labels, p = drawn(83)
    strange = 1 - p[np.arange(83), labels]
    level = math.ceil(84 * 0.9) / 83
    right = np.quantile(strange, level, method="inverted_cdf")
    assert conformal_limits(labels, p, 0.1).tolist() == [right, right]


def test_too_few_cases_leave_nothing_out():
    labels, p = drawn(8)
    limits = conformal_limits(labels, p, 0.1)
    assert np.isinf(limits).all() and prediction_sets(p, limits).all()
    assert np.isfinite(conformal_limits(*drawn(9), 0.1)).all()
    # A class without any case can never be left out.
    assert conformal_limits([0] * 9, p[[0] * 9], 0.1, by_class=True)[1] == math.inf


def test_sets_of_three_classes():
    p = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25], [0.34, 0.33, 0.33]])
    sets = prediction_sets(p, [0.6, 0.65, 0.7])
    assert sets.tolist() == [[True, False, False], [True, True, False], [False, False, True]]
