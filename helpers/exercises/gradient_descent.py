"""Exercises of the lesson on gradient descent: S4.2, S6.4."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]


# -------------------------------------------------------------------------------------- predict


def _fate(factor: float) -> str:
    if factor == 0:
        return "arrives"
    if abs(factor) >= 1:
        return "away"
    return "straight" if factor > 0 else "zigzag"


def _fates(rate: float, curvatures: Sequence[float]) -> list[str]:
    return [_fate(1 - rate * curvature) for curvature in curvatures]


def _in_words(word: Callable[[float], str]) -> Callable[[float, Sequence[float]], list[str]]:
    """Return what says a word for rate times curvature."""
    return lambda rate, curvatures: [word(rate * curvature) for curvature in curvatures]


fates = Exercise(
    _fates,
    # Among the products: 1 and 2 to the digit, in each order; below and above both.
    inputs=[
        (0.25, [1.0, 4.0, 6.0, 8.0, 9.0]),
        (0.5, [5.0, 3.0, 2.0, 0.5]),
        (2.0, [0.25, 1.0, 0.75]),
    ],
    mistakes={
        "At twice one over the curvature it jumps back and forth for ever: it comes no closer.": (
            _in_words(lambda x: "zigzag" if x == 2 else _fate(1 - x))
        ),
        "Up to two over the curvature it still comes closer, though from side to side.": _in_words(
            lambda x: "away" if x > 1 else _fate(1 - x)
        ),
        "A factor of exactly 0 means that one step is enough.": _in_words(
            lambda x: "zigzag" if x == 1 else _fate(1 - x)
        ),
        "Straight and zigzag are swapped: a negative factor changes the side.": _in_words(
            lambda x: {"straight": "zigzag", "zigzag": "straight"}.get(_fate(1 - x), _fate(1 - x))
        ),
        "The factor is 1 - rate times curvature; you look at rate times curvature.": _in_words(
            _fate
        ),
        "A factor below -1 is as bad as one above 1: take its size.": _in_words(
            lambda x: "zigzag" if x >= 2 else _fate(1 - x)
        ),
        "Each direction has a fate of its own; the steepest does not decide for all.": (
            lambda rate, curvatures: [_fate(1 - rate * max(curvatures))] * len(curvatures)
        ),
    },
)


# -------------------------------------------------------------------------------------- compute


def _batch_size(sigma: float, N: int, target: float) -> int:
    return int(np.ceil(N * sigma**2 / ((N - 1) * target**2 + sigma**2)))


batch_size = Exercise(
    _batch_size,
    inputs=[(1.8, 4708, 0.25), (3.0, 40, 0.7), (0.5, 900, 0.6), (2.0, 101, 0.5), (1.0, 4, 0.57)],
    mistakes={
        "The second fraction is missing: images that were drawn are not drawn again.": (
            lambda sigma, N, target: int(np.ceil(sigma**2 / target**2))
        ),
        "Round up: the next smaller batch is too noisy.": lambda sigma, N, target: int(
            N * sigma**2 / ((N - 1) * target**2 + sigma**2)
        ),
        "The standard deviation falls with the root of the batch: square sigma and target.": (
            lambda sigma, N, target: int(np.ceil(N * sigma / ((N - 1) * target + sigma)))
        ),
        "A batch is a whole number of images.": lambda sigma, N, target: (
            N * sigma**2 / ((N - 1) * target**2 + sigma**2)
        ),
        "The factor is (N - B) / (N - 1), not (N - B) / N.": lambda sigma, N, target: int(
            np.ceil(N * sigma**2 / (N * target**2 + sigma**2))
        ),
        "You multiplied by the second fraction at the first B; solve for B instead.": (
            lambda sigma, N, target: int(
                np.ceil(sigma**2 / target**2 * (N - sigma**2 / target**2) / (N - 1))
            )
        ),
        "sigma and target are swapped: more noise needs a larger batch.": (
            lambda sigma, N, target: _batch_size(target, N, sigma)
        ),
    },
)


# ----------------------------------------------------------------------------------------- mend


def _one_epoch(w: Array, X: Array, t: Array, rate: float, size: int) -> Array:
    for start in range(0, len(X), size):
        x, wanted = X[start : start + size], t[start : start + size]
        w = w - rate * x.T @ (x @ w - wanted) / len(x)
    return w


def _faulty_epoch(
    w: Array,
    X: Array,
    t: Array,
    rate: float,
    size: int,
    *,
    keep: bool = False,
    share: Callable[[int, int, int], float] = lambda count, size, N: count,
    sign: int = 1,
    part: bool = True,
    each_anew: bool = True,
) -> Array:
    start_w, g = w, np.zeros_like(w)
    for start in range(0, len(X) if part else len(X) - size + 1, size):
        x, wanted = X[start : start + size], t[start : start + size]
        at = w if each_anew else start_w
        new = x.T @ (x @ at - wanted) / share(len(x), size, len(X))
        g = g + new if keep else new
        w = w - sign * rate * g
    return w


_RANDOM = np.random.default_rng(0)
_X = _RANDOM.normal(size=(7, 2)).round(2)

one_epoch = Exercise(
    _one_epoch,
    inputs=[
        (np.array([0.5, -1.0]), _X, _RANDOM.normal(size=7).round(2), 0.1, 3),
        (np.array([1.0, 0.0, 2.0]), _RANDOM.normal(size=(5, 3)), np.arange(5.0), 0.25, 2),
    ],
    mistakes={
        "Nothing has changed: both faults are still there.": lambda *given: _faulty_epoch(
            *given, keep=True, share=lambda count, size, N: 1
        ),
        "The old batches' gradients are still in g: begin each batch with a new one.": (
            lambda *given: _faulty_epoch(*given, keep=True)
        ),
        "The gradient of a batch is a mean: divide by the number of its images.": (
            lambda *given: _faulty_epoch(*given, share=lambda count, size, N: 1)
        ),
        "The last batch is smaller: divide by its own number of images.": (
            lambda *given: _faulty_epoch(*given, share=lambda count, size, N: size)
        ),
        "Divide by the images of the batch, not by all of them.": (
            lambda *given: _faulty_epoch(*given, share=lambda count, size, N: N)
        ),
        "You go up the gradient: subtract it.": lambda *given: _faulty_epoch(*given, sign=-1),
        "The last, smaller batch is left out.": lambda *given: _faulty_epoch(*given, part=False),
        "Take each gradient at the weights as they are by then, not at those of the start.": (
            lambda *given: _faulty_epoch(*given, each_anew=False)
        ),
    },
)
