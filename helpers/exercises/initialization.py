"""Exercises of the lesson on how weights begin."""

from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]

spread_after = Exercise(
    lambda depth, width, sigma: (width * sigma**2 / 2) ** (depth / 2),
    inputs=[(20, 50, 0.1), (3, 100, 0.25), (7, 64, 0.125)],
    mistakes={
        "ReLU is missing: in each layer it takes half of the mean square.": (
            lambda depth, width, sigma: (width * sigma**2) ** (depth / 2)
        ),
        "This is the mean square; the spread is its root.": lambda depth, width, sigma: (
            (width * sigma**2 / 2) ** depth
        ),
        "The factor is a variance: square sigma.": lambda depth, width, sigma: (
            (width * sigma / 2) ** (depth / 2)
        ),
        "Each layer multiplies: raise to the power of depth, do not multiply by it.": (
            lambda depth, width, sigma: (width * sigma**2 / 2) * depth / 2
        ),
        "The sum has as many terms as the layer has inputs: width is missing.": (
            lambda depth, width, sigma: (sigma**2 / 2) ** (depth / 2)
        ),
        "ReLU halves the mean square, not the spread.": lambda depth, width, sigma: (
            (np.sqrt(width) * sigma / 2) ** depth
        ),
    },
)

leaky_sigma = Exercise(
    lambda n, slope: np.sqrt(2 / (n * (1 + slope**2))),
    inputs=[(100, 0.2), (27, 0.5), (784, 0.01)],
    mistakes={
        "This is for ReLU: the negative half adds something.": lambda n, slope: (
            np.sqrt(2 / n) + 0 * slope
        ),
        "The mean square counts, so square the slope.": lambda n, slope: np.sqrt(
            2 / (n * (1 + slope))
        ),
        "This is the variance; take its root.": lambda n, slope: 2 / (n * (1 + slope**2)),
        "The negative half adds to what is kept: 1 + slope squared.": lambda n, slope: np.sqrt(
            2 / (n * (1 - slope**2))
        ),
        "Each half holds half of the squares: 2 in the numerator.": lambda n, slope: np.sqrt(
            1 / (n * (1 + slope**2))
        ),
        "More is kept, so smaller weights do: divide by 1 + slope squared.": lambda n, slope: (
            np.sqrt(2 * (1 + slope**2) / n)
        ),
        "More inputs need smaller weights: divide by n.": lambda n, slope: np.sqrt(
            2 * n / (1 + slope**2)
        ),
    },
)


def _he_kernel(U: Array) -> Array:
    return U * np.sqrt(6 / np.prod(U.shape[:-1]))


_RANDOM = np.random.default_rng(0)

he_kernel = Exercise(
    _he_kernel,
    inputs=[
        (_RANDOM.uniform(-1, 1, (3, 2, 4, 5)).round(3),),
        (_RANDOM.uniform(-1, 1, (2, 2, 1, 3)).round(3),),
    ],
    mistakes={
        "Nothing has changed: both faults are still there.": lambda U: U * np.sqrt(2 / U.shape[-1]),
        "The number of inputs is right; numbers from -1 to 1 have the variance one third.": (
            lambda U: U * np.sqrt(2 / np.prod(U.shape[:-1]))
        ),
        "The factor 3 is right; the sum goes over window and channels, not over filters.": (
            lambda U: U * np.sqrt(6 / U.shape[-1])
        ),
        "The window counts as well, not only the channels.": lambda U: U * np.sqrt(6 / U.shape[-2]),
        "The channels count as well, not only the window.": lambda U: (
            U * np.sqrt(6 / np.prod(U.shape[:-2]))
        ),
        "This is Glorot's rule; He counts the inputs alone.": lambda U: (
            U * np.sqrt(6 / (np.prod(U.shape[:-2]) * (U.shape[-2] + U.shape[-1])))
        ),
        "You divide by the standard deviation that the numbers happen to have; the rule is "
        "about the one they are drawn with.": lambda U: (
            U / U.std() * np.sqrt(2 / np.prod(U.shape[:-1]))
        ),
        "This is the variance; multiply by its root.": lambda U: U * 6 / np.prod(U.shape[:-1]),
    },
)


def _leveled(W: Array, X: Array) -> Array:
    outputs = np.maximum(X @ W, 0)
    return W / np.sqrt(np.mean(outputs**2))


leveled = Exercise(
    _leveled,
    inputs=[
        (_RANDOM.normal(size=(4, 3)).round(2), _RANDOM.normal(1, 2, (5, 4)).round(2)),
        (_RANDOM.normal(2, 3, (2, 6)).round(2), _RANDOM.normal(size=(3, 2)).round(2)),
    ],
    mistakes={
        "Take the outputs after ReLU.": lambda W, X: W / np.sqrt(np.mean((X @ W) ** 2)),
        "Divide by the root of the mean square.": lambda W, X: (
            W / np.mean(np.maximum(X @ W, 0) ** 2)
        ),
        "The mean square is asked for, not the standard deviation: outputs of ReLU have a mean "
        "above 0.": lambda W, X: W / np.maximum(X @ W, 0).std(),
        "Divide; outputs that are too large need smaller weights.": lambda W, X: (
            W * np.sqrt(np.mean(np.maximum(X @ W, 0) ** 2))
        ),
        "One number for the whole matrix, not one for each unit.": lambda W, X: (
            W / np.sqrt(np.mean(np.maximum(X @ W, 0) ** 2, axis=0))
        ),
        "Return the weights, not the outputs.": lambda W, X: (
            np.maximum(X @ W, 0) / np.sqrt(np.mean(np.maximum(X @ W, 0) ** 2))
        ),
        "The mean, not the sum, of the squares is to be 1.": lambda W, X: (
            W / np.sqrt(np.sum(np.maximum(X @ W, 0) ** 2))
        ),
    },
)
