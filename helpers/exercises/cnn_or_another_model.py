"""Exercises of the lesson that compares a CNN with other models (S6.1)."""

import numpy as np

from helpers.exercises import Exercise


def _dense_parameters(sizes: list[int]) -> int:
    return sum((inputs + 1) * outputs for inputs, outputs in zip(sizes, sizes[1:], strict=False))


dense_parameters = Exercise(
    _dense_parameters,
    inputs=[([784, 140, 70, 2],), ([5, 3, 4],), ([10, 1],)],
    mistakes={
        "Each unit also has a bias: one more weight an output.": lambda sizes: sum(
            a * b for a, b in zip(sizes, sizes[1:], strict=False)
        ),
        "Each layer has as many biases as outputs; you give each layer only one.": lambda sizes: (
            sum(a * b + 1 for a, b in zip(sizes, sizes[1:], strict=False))
        ),
        "A bias belongs to an output of a layer, not to an input.": lambda sizes: sum(
            a * b + a for a, b in zip(sizes, sizes[1:], strict=False)
        ),
        "The last pair of sizes is a layer too.": lambda sizes: _dense_parameters(sizes[:-1]),
        "The first pair of sizes is a layer too.": lambda sizes: _dense_parameters(sizes[1:]),
        "That is the number of units. Each one has a weight for each input.": lambda sizes: sum(
            sizes
        ),
    },
)


def _move_right(image: np.ndarray, pixels: int) -> np.ndarray:
    edge = np.repeat(image[:, :1], pixels, axis=1)
    return np.concatenate([edge, image[:, : image.shape[1] - pixels]], axis=1)


def _filled_with_zeros(image: np.ndarray, pixels: int) -> np.ndarray:
    moved = np.roll(image, pixels, axis=1)
    moved[:, :pixels] = 0
    return moved


_IMAGE = np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 7.0, 6.0, 9.0], [8.0, 3.0, 2.0, 1.0]])

move_right = Exercise(
    _move_right,
    inputs=[(_IMAGE, 1), (_IMAGE, 2), (_IMAGE, 0), (2 * _IMAGE[:2, ::-1], 1)],
    mistakes={
        "What leaves on the right comes in again on the left; repeat the left edge instead.": (
            lambda image, pixels: np.roll(image, pixels, axis=1)
        ),
        "The new columns are black; repeat the left edge, so that no new line appears.": (
            _filled_with_zeros
        ),
        "You move to the left.": lambda image, pixels: _move_right(image[:, ::-1], pixels)[:, ::-1],
        "You move down: columns are the second axis.": lambda image, pixels: (
            _move_right(image.T, pixels).T
        ),
        "You move up: columns are the second axis.": lambda image, pixels: _move_right(
            image[::-1].T, pixels
        ).T[::-1],
        "The image must keep its width: as many columns leave as come in.": (
            lambda image, pixels: np.pad(image, ((0, 0), (pixels, 0)), mode="edge")
        ),
        "You mirror the columns next to the edge; repeat the edge itself.": (
            lambda image, pixels: np.pad(image, ((0, 0), (pixels, 0)), mode="symmetric")[
                :, : image.shape[1]
            ]
        ),
    },
)


def _difference(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    error = np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    return float(a.mean() - b.mean()), float(error)


difference = Exercise(
    _difference,
    inputs=[
        (np.array([0.95, 0.93, 0.96, 0.94, 0.95]), np.array([0.92, 0.95, 0.9])),
        (np.array([0.8, 0.7, 0.9]), np.array([0.8, 0.82, 0.84, 0.81])),
    ],
    mistakes={
        "You subtract the wrong way round: first `a`, then `b`.": lambda a, b: (
            -_difference(a, b)[0],
            _difference(a, b)[1],
        ),
        "That is the spread of single runs. A mean of n runs varies less: divide each variance "
        "by its n.": lambda a, b: (
            _difference(a, b)[0],
            np.sqrt(a.var(ddof=1) + b.var(ddof=1)),
        ),
        "Variances add up, standard errors do not: add the squares, then take the root.": (
            lambda a, b: (
                _difference(a, b)[0],
                a.std(ddof=1) / np.sqrt(len(a)) + b.std(ddof=1) / np.sqrt(len(b)),
            )
        ),
        "Estimate the variance with `ddof=1`: the mean comes from the same few runs.": (
            lambda a, b: (_difference(a, b)[0], np.sqrt(a.var() / len(a) + b.var() / len(b)))
        ),
        "The root is missing: that is the variance of the difference.": lambda a, b: (
            _difference(a, b)[0],
            _difference(a, b)[1] ** 2,
        ),
        "The two models need not have as many runs: divide each variance by its own n.": (
            lambda a, b: (
                _difference(a, b)[0],
                np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a)),
            )
        ),
        "Variances add up in a difference too: both models are uncertain.": lambda a, b: (
            _difference(a, b)[0],
            np.sqrt(abs(a.var(ddof=1) / len(a) - b.var(ddof=1) / len(b))),
        ),
    },
)
