"""Exercises of the lesson on numbers of sixteen bits."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]

smallest_update = Exercise(
    lambda w, bits: 2.0 ** (np.floor(np.log2(abs(w))) - bits) / 2,
    inputs=[(0.05, 7), (-1.5, 10), (40.0, 10), (2.0, 7), (-0.3, 23)],
    mistakes={
        "That is the spacing; half of it is enough to be rounded up.": lambda w, bits: (
            2.0 ** (np.floor(np.log2(abs(w))) - bits)
        ),
        "The spacing depends on where the weight lies, between which powers of two.": (
            lambda w, bits: 2.0**-bits / 2
        ),
        "The power of two below the weight counts: round down.": lambda w, bits: (
            2.0 ** (np.ceil(np.log2(abs(w))) - bits) / 2
        ),
        "A grid has the same spacing from one power of two to the next.": lambda w, bits: (
            abs(w) * 2.0**-bits / 2
        ),
        "Powers of two need the logarithm to base two.": lambda w, bits: (
            2.0 ** (np.floor(np.log(abs(w))) - bits) / 2
        ),
        "More bits make a finer grid.": lambda w, bits: (
            2.0 ** (np.floor(np.log2(abs(w))) + bits) / 2
        ),
    },
)

LARGEST = 65504  # in float16


def _largest_scale(G: Array) -> float:
    largest = np.maximum(G.max(), -G.min())
    return float(2.0 ** np.floor(np.log2(LARGEST / largest)))


_RANDOM = np.random.default_rng(0)

largest_scale = Exercise(
    _largest_scale,
    inputs=[
        (np.array([[0.001, -0.7], [0.02, 0.3]]),),
        (np.array([300.0, -0.1, 5e-6, 0.0, -2.0, 1e-3]),),
        (_RANDOM.normal(size=(2, 3, 4)).round(3) * 40 - 20,),
    ],
    mistakes={
        "Nothing has changed: both faults are still there.": lambda G: LARGEST / G.max(),
        "Gradients may be negative: the largest by size counts.": lambda G: (
            2.0 ** np.floor(np.log2(LARGEST / G.max()))
        ),
        "Take a power of two: multiplying by one changes no digit.": lambda G: (
            LARGEST / np.abs(G).max()
        ),
        "Rounded up, the largest gradient becomes infinite.": lambda G: (
            2.0 ** np.ceil(np.log2(LARGEST / np.abs(G).max()))
        ),
        "Rounded to the nearest power, the largest gradient may become infinite.": lambda G: (
            2.0 ** np.round(np.log2(LARGEST / np.abs(G).max()))
        ),
        "This is the exponent; return the scale itself.": lambda G: np.floor(
            np.log2(LARGEST / np.abs(G).max())
        ),
        "The largest gradient overflows first, not the mean one.": lambda G: (
            2.0 ** np.floor(np.log2(LARGEST / np.abs(G).mean()))
        ),
        "Powers of two need the logarithm to base two.": lambda G: (
            2.0 ** np.floor(np.log(LARGEST / np.abs(G).max()))
        ),
    },
)


def _scales(finite: Sequence[bool], scale: float, patience: int) -> list[float]:
    used, good = [], 0
    for fine in finite:
        used.append(scale)
        good = good + 1 if fine else 0
        if not fine:
            scale = scale / 2
        elif good == patience:
            scale, good = 2 * scale, 0
    return used


def _scales_after(finite: Sequence[bool], scale: float, patience: int) -> list[float]:
    return _scales([*finite, True], scale, patience)[1:]


def _mistaken(
    in_a_row: bool = True, anew: bool = True, down: bool = True
) -> Callable[[Sequence[bool], float, int], list[float]]:
    """Return the rule of `_scales` with one of its parts left out."""

    def scales(finite: Sequence[bool], scale: float, patience: int) -> list[float]:
        used, good = [], 0
        for fine in finite:
            used.append(scale)
            good = good + 1 if fine else good * (not in_a_row)
            if not fine:
                scale = scale / 2 if down else scale
            elif good >= patience:
                scale, good = 2 * scale, good * (not anew)
        return used

    return scales


def _never_up(finite: Sequence[bool], scale: float, patience: int) -> list[float]:
    return _scales(finite, scale, len(finite) + 1)


_FINITE = [True, True, False, True, True, True, True, True, False, False, True, True, True, True]

scales = Exercise(
    _scales,
    inputs=[(_FINITE, 32768.0, 3), (_FINITE[3:], 1024.0, 2), ([False, True, True], 8.0, 1)],
    mistakes={
        "These are the scales after the steps; return those with which they were done.": (
            _scales_after
        ),
        "A bad step ends the row: the counting begins anew.": _mistaken(in_a_row=False),
        "After a doubling the counting begins anew, too.": _mistaken(anew=False),
        "After `patience` good steps in a row the scale is doubled.": _never_up,
        "After a step that was not finite the scale is halved.": _mistaken(down=False),
    },
)
