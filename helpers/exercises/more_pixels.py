"""Exercises of the lesson on images of more pixels."""

import operator
from collections.abc import Callable, Sequence

import numpy as np

from helpers.exercises import Exercise


def _pixels_needed(field: float, lesion: float, across: float) -> int:
    return int(np.ceil(field / lesion * across))


pixels_needed = Exercise(
    _pixels_needed,
    inputs=[(350, 6, 2), (250, 7, 2), (250, 8, 3), (36, 1.5, 2.5)],
    mistakes={
        "With a part of a pixel missing there are fewer across the lesion: round up.": (
            lambda field, lesion, across: int(field / lesion * across)
        ),
        "That gives the lesion one pixel; more are asked for.": lambda field, lesion, across: int(
            np.ceil(field / lesion)
        ),
        "That is how many millimeters a pixel may have; how many of these has the image?": (
            lambda field, lesion, across: lesion / across
        ),
        "The smaller the lesion, the more pixels it takes: divide by it.": (
            lambda field, lesion, across: int(np.ceil(field * lesion * across))
        ),
        "These are pixels along the rows and columns together; asked is one direction.": (
            lambda field, lesion, across: _pixels_needed(field, lesion, across) ** 2
        ),
        "That leaves out how large the lesion is.": lambda field, lesion, across: int(
            np.ceil(field * across)
        ),
        "Round once, at the end: the lesion need not fit into the image a whole number of times.": (
            lambda field, lesion, across: int(np.ceil(field / lesion) * across)
        ),
    },
)

_RANDOM = np.random.default_rng(0)


def _detectability(lesion: np.ndarray, sigma: np.ndarray) -> float:
    return float(np.sqrt(np.sum((lesion / sigma) ** 2)))


detectability = Exercise(
    _detectability,
    inputs=[
        (_RANDOM.integers(0, 5, (3, 4)) / 2, _RANDOM.integers(1, 6, (3, 4)) / 2),
        (np.array([[0.0, 3.0, -1.0]]), np.array([[1.0, 2.0, 0.5]])),
        (_RANDOM.normal(size=(5, 2)), _RANDOM.uniform(0.5, 2, (5, 2))),
    ],
    mistakes={
        "Of the sum of squares take the root.": lambda lesion, sigma: float(
            np.sum((lesion / sigma) ** 2)
        ),
        "Square each pixel before you add: what the pixels tell must not cancel.": (
            lambda lesion, sigma: float(np.sum(lesion / sigma))
        ),
        "Every pixel adds to what is known: sum, no mean.": lambda lesion, sigma: float(
            np.sqrt(np.mean((lesion / sigma) ** 2))
        ),
        "Each pixel has a noise of its own; an average of sigma does not tell which are clean.": (
            lambda lesion, sigma: float(np.sqrt(np.sum(lesion**2)) / sigma.mean())
        ),
        "That is the best single pixel; all of them together know more.": (
            lambda lesion, sigma: float(np.max(np.abs(lesion) / sigma))
        ),
        "Signal and noise are both squared.": lambda lesion, sigma: float(
            np.sqrt(np.sum(lesion**2 / sigma))
        ),
        "Divide each pixel by its own noise first, then add.": lambda lesion, sigma: float(
            np.sqrt(np.sum(lesion**2) / np.sum(sigma**2))
        ),
    },
)


def _seen_share(strides: Sequence[int], side: int) -> float:
    field, step = 1, 1
    for stride in strides:
        field += 2 * step
        step *= stride
    return min(field / side, 1)


def _mistaken(
    neighbors: int = 2, grown: Callable[[int, int], int] = operator.mul, early: bool = False
) -> Callable[[Sequence[int], int], float]:
    """Return `_seen_share` with another kernel, other steps, or steps that come too early."""

    def share(strides: Sequence[int], side: int) -> float:
        field, step = 1, 1
        for stride in strides:
            after = grown(step, stride)
            field += neighbors * (after if early else step)
            step = after
        return min(field / side, 1)

    return share


def _uncut(strides: Sequence[int], side: int) -> float:
    field, step = 1, 1
    for stride in strides:
        field += 2 * step
        step *= stride
    return field / side


seen_share = Exercise(
    _seen_share,
    inputs=[
        ([2, 1, 2, 1, 1, 1], 224),
        ([2, 2, 2, 2, 2, 1], 224),
        ([1, 3, 2], 64),
        ([2, 2, 2, 1, 2, 1], 60),
    ],
    mistakes={
        "A stride widens what the layers after it see, not what its own layer sees.": (
            _mistaken(early=True)
        ),
        "Strides multiply: two of 2 make steps of 4 pixels, and three make 8.": _mistaken(
            grown=operator.add
        ),
        "A kernel of 3 brings two new neighbors; the first pixel was there before.": _mistaken(
            neighbors=3
        ),
        "All strides before a layer count, not only the last one.": _mistaken(
            grown=lambda step, stride: stride
        ),
        "More than the whole image can't be seen: the share is 1 at most.": _uncut,
        "That is the number of pixels; what share of the side is it?": lambda strides, side: (
            min(_uncut(strides, side), 1) * side
        ),
        "That is the share of the area; asked is that of the side.": lambda strides, side: (
            _seen_share(strides, side) ** 2
        ),
        "Each layer sees two pixels more only if no stride came before it.": lambda strides, side: (
            min((1 + 2 * len(strides)) / side, 1)
        ),
    },
)
