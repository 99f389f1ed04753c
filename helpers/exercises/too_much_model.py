"""Exercises of the lesson on what a network costs (S5.2)."""

import numpy as np

from helpers.exercises import Exercise


def _grown(wider: int, more: int) -> tuple[int, int]:
    return more * more, wider * wider * more * more


grown = Exercise(
    _grown,
    inputs=[(8, 1), (1, 2), (2, 3), (5, 4)],
    mistakes={
        "Both the channels that come in and the filters grow: that is `more` times `more`.": (
            lambda wider, more: (more, wider * wider * more)
        ),
        "The image is wider *and* higher: its places grow by `wider` times `wider`.": (
            lambda wider, more: (more * more, wider * more * more)
        ),
        "A kernel is as large on a large image: parameters do not depend on its size.": (
            lambda wider, more: (wider * wider * more * more, wider * wider * more * more)
        ),
        "More filters are more work, too: each weight is used at every place.": (
            lambda wider, more: (more * more, wider * wider)
        ),
        "First the parameters, then the multiply-adds.": lambda wider, more: (
            wider * wider * more * more,
            more * more,
        ),
        "By how many times: the factors are multiplied, not added.": lambda wider, more: (
            more + more,
            wider + wider + more + more,
        ),
    },
)


def _largest_batch(memory: int, outputs: int, weights: int) -> int:
    return (memory - 16 * weights) // (4 * outputs)


largest_batch = Exercise(
    _largest_batch,
    inputs=[
        (2_000_000, 5_000, 100_000),
        (50_000_001, 38_050, 121_410),
        (300_000_000, 202_402, 75_618),
    ],
    mistakes={
        "The weights need room, too.": lambda memory, outputs, weights: memory // (4 * outputs),
        "Each weight comes with its gradient and two running means: four numbers.": (
            lambda memory, outputs, weights: (memory - 4 * weights) // (4 * outputs)
        ),
        "A number takes four bytes, in the outputs as in the weights.": (
            lambda memory, outputs, weights: (memory - 4 * weights) // outputs
        ),
        "Images are whole: round down.": lambda memory, outputs, weights: (
            (memory - 16 * weights) / (4 * outputs)
        ),
        "Round down: there is no room for one more.": lambda memory, outputs, weights: (
            -((16 * weights - memory) // (4 * outputs))
        ),
        "The weights are there once, not once for each image.": lambda memory, outputs, weights: (
            memory // (4 * outputs + 16 * weights)
        ),
    },
)


def _slower(times: np.ndarray) -> np.ndarray:
    return np.asarray(np.median(times / times[:, :1], axis=0))


_rng = np.random.default_rng(0)
# One round slept, one was busy: a factor for all networks of it.
_LOADS = np.array([1.0, 1.1, 5.0, 1.3, 0.2, 1.0])[:, None]

slower = Exercise(
    _slower,
    inputs=[
        (_LOADS * np.array([2.0, 3.0, 1.0]) * _rng.uniform(0.8, 1.4, (6, 3)),),
        (_LOADS[:5] * np.array([1.0, 4.0]) * _rng.uniform(0.7, 1.6, (5, 2)),),
    ],
    mistakes={
        "Compare within each round, not the means over all rounds.": lambda times: (
            times.mean(axis=0) / times[:, 0].mean()
        ),
        "Compare within each round: divide first, then take the median.": lambda times: (
            np.median(times, axis=0) / np.median(times[:, 0])
        ),
        "That is the mean; a single round can move it far. Take the median.": lambda times: np.mean(
            times / times[:, :1], axis=0
        ),
        "That is how much faster each is: divide by the time of the first network.": (
            lambda times: np.median(times[:, :1] / times, axis=0)
        ),
        "That is a number for each round; give one for each network.": lambda times: np.median(
            times / times[:, :1], axis=1
        ),
        "Divide by the first network's time in the same round, not by that of the first round.": (
            lambda times: np.median(times / times[:1], axis=0)
        ),
        "Keep the first network: it is as slow as itself, 1.": lambda times: _slower(times)[1:],
        "That is the quickest round; take the median.": lambda times: np.min(
            times / times[:, :1], axis=0
        ),
    },
)
