"""What the tests of layers share: how close is equal, and gradients by central differences."""

from collections.abc import Callable

import numpy as np

# float32 carries 7 digits, float64 16; sums lose some.
TOLERANCE = {"float32": 1e-4, "float64": 1e-6}


def assert_close(ours: np.ndarray, theirs, dtype: str = "float64", at_least: float = 1e-3) -> None:
    """Shapes are equal, and differences small beside the largest value or `at_least`."""
    theirs = np.asarray(theirs)
    assert ours.shape == theirs.shape, f"{ours.shape} is not {theirs.shape}"
    assert ours.dtype == dtype
    scale = max(np.abs(theirs).max(initial=0), at_least)
    difference = np.abs(ours - theirs).max(initial=0) / scale
    assert difference <= TOLERANCE[dtype], f"differ by {difference:.1e} of the largest value"


def central_differences(
    function: Callable[[np.ndarray], np.ndarray], X: np.ndarray, dY: np.ndarray, step: float = 1e-5
) -> np.ndarray:
    """Slope of sum(dY * function(X)) in the direction of each number of X, in float64."""
    dX = np.empty(X.shape)
    for place in np.ndindex(X.shape):
        ahead, behind = X.copy(), X.copy()
        ahead[place] += step
        behind[place] -= step
        dX[place] = (dY * (function(ahead) - function(behind))).sum() / (2 * step)
    return dX
