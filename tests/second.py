"""What the tests of second runs share: when a claim of the first run is confirmed."""

import numpy as np
from scipy import stats


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a mean over seeds."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return values.mean() - half, values.mean() + half


def assert_confirmed(first: np.ndarray, second: np.ndarray) -> None:
    """Both runs have the effect's sign, and differ by no more than chance does (Welch 1947).

    Each array holds the effect for each seed of a run.
    """
    found = f"first {first}, second {second}"
    assert np.sign(first.mean()) == np.sign(second.mean()), f"another sign: {found}"
    if np.ptp(first) == np.ptp(second) == 0:
        assert first[0] == second[0], found
        return
    low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    assert low < 0 < high, f"another size: {found}"


def assert_not_shown(*runs: np.ndarray) -> None:
    """No run shows a difference: each interval holds zero."""
    for run in runs:
        low, high = interval(run)
        assert low < 0 < high, run


def expected(values: np.ndarray) -> tuple[float, float]:
    """Return the bounds between which one more seed falls with 95 %, if all is normal."""
    count = len(values)
    half = stats.t.ppf(0.975, count - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / count)
    return values.mean() - half, values.mean() + half
