"""When a claim about seeds holds, and when other seeds confirm it: for `check` of experiments."""

from collections.abc import Mapping

import numpy as np
from scipy import stats

# Test images of each class: MedMNIST v2 (doi 10.1038/s41597-022-01721-8).
PUBLISHED = {
    "pneumoniamnist": [234, 390],
    "breastmnist": [42, 114],
    "retinamnist": [174, 46, 92, 68, 20],
    "adrenalmnist3d": [229, 69],
    "vesselmnist3d": [339, 43],
}


def published(labels: Mapping[str, np.ndarray], baselines: Mapping[str, float]) -> None:
    """Assert that labels and majority baselines are those of the test images of these sets.

    Examples
    --------
    >>> published({"breastmnist": np.repeat([0, 1], [42, 114])}, {"breastmnist": 0.7308})
    """
    for data, truth in labels.items():
        counts = np.bincount(truth).tolist()
        assert counts == PUBLISHED[data], data
        assert baselines[data] == round(max(counts) / sum(counts), 4), data


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a mean over seeds (Student's t).

    Examples
    --------
    >>> low, high = interval(np.array([1.0, 2.0, 3.0]))
    >>> round(float(low), 2), round(float(high), 2)
    (-0.48, 4.48)
    """
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return values.mean() - half, values.mean() + half


def confirm(first: np.ndarray, second: np.ndarray) -> None:
    """Assert that both runs have the effect's sign, and differ as chance does (Welch 1947).

    Each array holds the effect for each seed of a run.

    Examples
    --------
    >>> confirm(np.array([0.1, 0.2, 0.3]), np.array([0.15, 0.25, 0.2]))
    >>> confirm(np.array([0.1, 0.2, 0.3]), np.array([-0.1, -0.2, -0.3]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    AssertionError: another sign: first [0.1 0.2 0.3], second [-0.1 -0.2 -0.3]...
    """
    both = f"first {first}, second {second}"
    assert np.sign(first.mean()) == np.sign(second.mean()), f"another sign: {both}"
    if np.ptp(first) == np.ptp(second) == 0:
        assert first[0] == second[0], both
        return
    low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert low < 0 < high, f"another size: {both}"


def not_shown(*runs: np.ndarray) -> None:
    """Assert that no run shows a difference: each interval holds zero.

    Examples
    --------
    >>> not_shown(np.array([-0.1, 0.2, 0.0]))
    """
    for run in runs:
        low, high = interval(run)
        assert low < 0 < high, run


def one_more(values: np.ndarray) -> tuple[float, float]:
    """Return the bounds between which one more seed falls with 95 %, if all is normal.

    Examples
    --------
    >>> low, high = one_more(np.array([1.0, 2.0, 3.0]))
    >>> round(float(low), 2), round(float(high), 2)
    (-2.97, 6.97)
    """
    count = len(values)
    half = stats.t.ppf(0.975, count - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / count)
    return values.mean() - half, values.mean() + half
