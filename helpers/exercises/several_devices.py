"""Exercises of the lesson on several devices."""

from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]


# ------------------------------------------------------------------------------------------ mend


def _combined(gradients: Array, sizes: Array) -> Array:
    return np.average(gradients, axis=0, weights=sizes)


combined = Exercise(
    _combined,
    inputs=[
        (np.array([[1.0, -2.0, 0.5], [3.0, 0.25, -1.0]]), np.array([100, 28])),
        (np.array([[0.5, 2.0], [-1.0, 4.0], [2.5, 1.0]]), np.array([32, 7, 1])),
    ],
    mistakes={
        "The plain mean counts an image of a small part more than one of a large part.": (
            lambda gradients, sizes: np.mean(gradients, axis=0)
        ),
        "Divide by the number of all images.": lambda gradients, sizes: sizes @ gradients,
        "Divide by the number of all images, not by that of the parts.": lambda gradients, sizes: (
            sizes @ gradients / len(sizes)
        ),
        "These are means of their parts: add them up with weights, not as they are.": (
            lambda gradients, sizes: np.sum(gradients, axis=0)
        ),
        "A part counts by its images, not by one over them.": lambda gradients, sizes: np.average(
            gradients, axis=0, weights=1 / sizes
        ),
        "One gradient is asked for: add up over the parts.": lambda gradients, sizes: (
            gradients * (sizes / np.sum(sizes))[:, None]
        ),
        "The sum over a part is its size times its mean; you divided by the size once more.": (
            lambda gradients, sizes: np.sum(gradients / sizes[:, None], axis=0)
        ),
    },
)


# --------------------------------------------------------------------------------------- compute


def _step_time(n: int, compute: float, G: float, v: float, latency: float) -> float:
    return compute / n + 2 * (n - 1) * (G / (n * v) + latency)


def _fastest(compute: float, G: float, v: float, latency: float, most: int) -> int:
    return min(
        range(1, most + 1),
        key=lambda n: compute / n + 2 * (n - 1) * (G / (n * v) + latency),
    )


fastest = Exercise(
    _fastest,
    # Three between, one at `most`, one at 1.
    inputs=[
        (1.28, 1e8, 1e9, 0.002, 64),
        (20.0, 4e8, 5e8, 0.004, 32),
        (2.56, 4e7, 2e8, 0.0004, 200),
        (0.9, 1e8, 4e8, 0.01, 16),
        (0.5, 1e8, 2e8, 0.003, 8),
    ],
    mistakes={
        "More devices are not always better: ask each number up to `most`.": (
            lambda compute, G, v, latency, most: most
        ),
        "The latency is missing: each of the 2 (n - 1) messages pays it.": (
            lambda compute, G, v, latency, most: _fastest(compute, G, v, 0, most)
        ),
        "The images are shared among the devices: divide `compute` by n.": (
            lambda compute, G, v, latency, most: min(
                range(1, most + 1),
                key=lambda n: compute + 2 * (n - 1) * (G / (n * v) + latency),
            )
        ),
        "A message is a piece: divide G by n, or many devices look too bad.": (
            lambda compute, G, v, latency, most: min(
                range(1, most + 1),
                key=lambda n: compute / n + 2 * (n - 1) * (G / v + latency),
            )
        ),
        "A worker sends n - 1 pieces twice: once to add up, once to hand on.": (
            lambda compute, G, v, latency, most: min(
                range(1, most + 1),
                key=lambda n: compute / n + (n - 1) * (G / (n * v) + latency),
            )
        ),
        "The pieces take time, too: G / (n v) is missing.": (
            lambda compute, G, v, latency, most: _fastest(compute, 0, v, latency, most)
        ),
        "The shortest time is asked for, not the longest.": lambda compute, G, v, latency, most: (
            max(range(1, most + 1), key=lambda n: _step_time(n, compute, G, v, latency))
        ),
        "The last number, `most`, is allowed too.": lambda compute, G, v, latency, most: _fastest(
            compute, G, v, latency, most - 1
        ),
        "Return the number of devices, not the time.": lambda compute, G, v, latency, most: min(
            _step_time(n, compute, G, v, latency) for n in range(1, most + 1)
        ),
    },
)


# ---------------------------------------------------------------------------------- mend the draw


def _own_rows(step: int, number: int, count: int, images: int, batch: int) -> Array:
    return np.random.default_rng(step).choice(images, batch, replace=False)[number::count]


def _rows(seed: int, images: int, size: int, replace: bool) -> Array:
    return np.random.default_rng(seed).choice(images, size, replace=replace)


own_rows = Exercise(
    _own_rows,
    inputs=[(3, 1, 4, 20, 12), (5, 0, 2, 9, 8), (2, 2, 3, 40, 10)],
    mistakes={
        "Nothing has changed: both faults are still there.": (
            lambda step, number, count, images, batch: _rows(
                step + number, images, batch // count, True
            )
        ),
        "Each worker still draws on its own, so two may draw the same image.": (
            lambda step, number, count, images, batch: _rows(
                step + number, images, batch // count, False
            )
        ),
        "An image may still come twice: draw without replacement.": (
            lambda step, number, count, images, batch: _rows(step, images, batch, True)[
                number::count
            ]
        ),
        "All workers get the same rows: each takes its part of the draw.": (
            lambda step, number, count, images, batch: _rows(step, images, batch // count, False)
        ),
        "This is the whole batch: take every `count`-th row.": (
            lambda step, number, count, images, batch: _rows(step, images, batch, False)
        ),
        "Begin with row `number`.": lambda step, number, count, images, batch: _rows(
            step, images, batch, False
        )[::count],
        "Each step needs another batch: seed with the step.": (
            lambda step, number, count, images, batch: _rows(0, images, batch, False)[number::count]
        ),
        "The draw is to be the same for all workers: seed with the step alone.": (
            lambda step, number, count, images, batch: _rows(step + number, images, batch, False)[
                number::count
            ]
        ),
    },
)


# ----------------------------------------------------------------------------------------- build


def _finished(vectors: list[Array], number: int) -> Array:
    n = len(vectors)
    return np.sum([np.array_split(v, n)[(number + 1) % n] for v in vectors], axis=0)


def _piece_of_sum(vectors: list[Array], piece: int) -> Array:
    return np.array_split(np.sum(vectors, axis=0), len(vectors))[piece % len(vectors)]


finished = Exercise(
    _finished,
    inputs=[
        ([np.array([1.0, 20, 300, 4]), np.array([5.0, 0, 2, 8]), np.array([7.0, 1, 1, 3])], 2),
        ([np.arange(8.0), np.arange(8.0) ** 2, np.ones(8), 3 - np.arange(8.0)], 1),
    ],
    mistakes={
        "After the first round the finished piece is not the one of the worker's own number, but "
        "the next one.": lambda vectors, number: _piece_of_sum(vectors, number),
        "After the last piece comes the first: take the remainder.": lambda vectors, number: (
            np.array_split(np.sum(vectors, axis=0), len(vectors))[number + 1]
        ),
        "You went the other way around: the piece before its number is what a worker has just "
        "received unfinished.": lambda vectors, number: _piece_of_sum(vectors, number - 1),
        "Only this worker's own numbers: add up those of all.": lambda vectors, number: (
            np.array_split(vectors[number], len(vectors))[(number + 1) % len(vectors)]
        ),
        "This is the whole sum; after the first round a worker has one piece of it.": (
            lambda vectors, number: np.sum(vectors, axis=0)
        ),
        "The sum is asked for, not the mean.": lambda vectors, number: (
            _finished(vectors, number) / len(vectors)
        ),
    },
)
