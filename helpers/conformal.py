"""Prediction sets that hold the truth as often as promised: split conformal prediction.

The promise is about cases like those that the limits were set on, and about all of them together,
or about each class. Where cases come from elsewhere it is broken, without a sign.

Source: Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World, 2005; Angelopoulos and
Bates 2021, arXiv:2107.07511.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers import inputs

Array = NDArray[Any]


def conformal_limits(
    labels: ArrayLike, probabilities: ArrayLike, miss: float, by_class: bool = False
) -> Array:
    """Return how strange each class may be to a case and stay in its prediction set.

    Strange is 1 minus the probability of the class. Of n cases, each with the strangeness of its
    true class, the limit is the ceil((n + 1) (1 - miss))-th smallest; infinite if there are fewer.

    Parameters
    ----------
    labels : int array (N,)
        The truth, 0 to K - 1.
    probabilities : array (N, K)
        Of each class, from 0 to 1, as `helpers.training.predict` gives them; of cases that the
        model was not trained on, one of each patient.
    miss : float
        How many sets may lack the truth, between 0 and 1.
    by_class : bool
        Whether that is promised of each class, with a limit of its own, and not only of all cases
        together.

    Returns
    -------
    array (K,)
        To be given to `prediction_sets`.

    Raises
    ------
    ValueError
        If labels or probabilities are no such values, or `miss` is out of range.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 1, 1, 1])
    >>> ill = np.array([0.1, 0.4, 0.2, 0.7, 0.9, 0.8])
    >>> probabilities = np.column_stack([1 - ill, ill])
    >>> conformal_limits(labels, probabilities, miss=0.25).round(2)
    array([0.4, 0.4])
    >>> conformal_limits(labels, probabilities, miss=0.25, by_class=True).round(2)
    array([0.4, 0.3])
    """
    p = _probabilities(probabilities)
    y = inputs.labels("labels", labels, len(p), p.shape[1])
    miss = inputs.number("miss", miss, above=0, below=1)
    inputs.one_of("by_class", by_class, (False, True))
    strange = 1 - p[np.arange(len(y)), y]
    if not by_class:
        return np.full(p.shape[1], _limit(strange, miss))
    return np.array([_limit(strange[y == label], miss) for label in range(p.shape[1])])


def prediction_sets(probabilities: ArrayLike, limits: ArrayLike) -> NDArray[np.bool_]:
    """Return which classes are in the prediction set of each case.

    Parameters
    ----------
    probabilities : array (N, K)
        Of each class, from 0 to 1.
    limits : array (K,)
        From `conformal_limits`.

    Returns
    -------
    bool array (N, K)
        A set may hold no class, or several.

    Raises
    ------
    ValueError
        If probabilities or limits are no such values.

    Examples
    --------
    >>> prediction_sets([[0.9, 0.1], [0.65, 0.35], [0.5, 0.5]], limits=[0.4, 0.3])
    array([[ True, False],
           [ True, False],
           [False, False]])
    """
    p = _probabilities(probabilities)
    try:
        bounds = np.asarray(limits, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"limits={inputs.told(limits)}; give {p.shape[1]} numbers") from None
    if bounds.shape != p.shape[1:] or np.isnan(bounds).any():
        raise ValueError(
            f"limits={inputs.told(limits)}; give one of each of the {p.shape[1]} classes, as "
            "`conformal_limits` returns them"
        )
    return 1 - p <= bounds


def _limit(strange: Array, miss: float) -> float:
    # Rounded, since 100 * 0.29 is a little less than 29.
    rank = math.ceil(round((len(strange) + 1) * (1 - miss), 9))
    return float(np.sort(strange)[rank - 1]) if rank <= len(strange) else math.inf


def _probabilities(values: ArrayLike) -> Array:
    p = inputs.array("probabilities", values, axes="NK").astype(float)
    if p.min() < 0 or p.max() > 1:
        raise ValueError(
            f"probabilities go from {p.min():g} to {p.max():g}; give values from 0 to 1"
        )
    if p.shape[1] < 2:
        raise ValueError(
            f"probabilities have shape {p.shape}; give one of each class: "
            "np.column_stack([1 - p, p]) of two"
        )
    return p
