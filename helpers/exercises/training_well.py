"""Exercises of the lesson on training well."""

import numpy as np
from numpy.typing import NDArray

from helpers.exercises import Exercise

Array = NDArray[np.float64]


def _normalize(
    X: Array, mean: Array, variance: Array, gamma: Array, beta: Array, epsilon: float = 0.001
) -> Array:
    return gamma * (X - mean) / np.sqrt(variance + epsilon) + beta


_random = np.random.default_rng(0)
_X = _random.normal(3, 2, (2, 3, 3, 2))
_MEAN, _VARIANCE = np.array([2.0, 4.0]), np.array([4.0, 0.25])
_GAMMA, _BETA = np.array([1.5, 0.5]), np.array([0.2, -1.0])

batch_norm_in_use = Exercise(
    lambda X, mean, variance, gamma, beta: _normalize(X, mean, variance, gamma, beta),
    inputs=[
        (_X, _MEAN, _VARIANCE, _GAMMA, _BETA),
        (_X[:1, :2], _MEAN[::-1] - 1, 3 * _VARIANCE[::-1], -_GAMMA, 2 * _BETA),
    ],
    mistakes={
        "You take the batch's own mean and variance. In use, the running ones count.": (
            lambda X, mean, variance, gamma, beta: _normalize(
                X, X.mean((0, 1, 2)), X.var((0, 1, 2)), gamma, beta
            )
        ),
        "Divide by the standard deviation: the root of the variance.": (
            lambda X, mean, variance, gamma, beta: gamma * (X - mean) / (variance + 0.001) + beta
        ),
        "Epsilon is missing: 0.001, under the root.": (
            lambda X, mean, variance, gamma, beta: _normalize(X, mean, variance, gamma, beta, 0)
        ),
        "Epsilon belongs under the root.": lambda X, mean, variance, gamma, beta: (
            gamma * (X - mean) / (np.sqrt(variance) + 0.001) + beta
        ),
        "Gamma multiplies, beta is added; you have them the other way round.": (
            lambda X, mean, variance, gamma, beta: _normalize(X, mean, variance, beta, gamma)
        ),
        "Beta is added at the end, after gamma has multiplied.": (
            lambda X, mean, variance, gamma, beta: (
                gamma * ((X - mean) / np.sqrt(variance + 0.001) + beta)
            )
        ),
    },
)


def _rate(step: int, steps: int, start: float, warm_up: int) -> float:
    if step < warm_up:
        return start * step / warm_up
    return start / 2 * (1 + np.cos(np.pi * (step - warm_up) / (steps - warm_up)))


learning_rate = Exercise(
    _rate,
    inputs=[(step, 100, 0.4, 20) for step in (0, 5, 19, 20, 40, 60, 99, 100)]
    + [(4, 60, 0.2, 8), (30, 50, 0.1, 10)],
    mistakes={
        "The cosine begins after the warm-up: subtract `warm_up` from step and steps.": (
            lambda step, steps, start, warm_up: (
                start * step / warm_up
                if step < warm_up
                else start / 2 * (1 + np.cos(np.pi * step / steps))
            )
        ),
        "It ends before step `steps`: the cosine has only `steps - warm_up` steps.": (
            lambda step, steps, start, warm_up: (
                start * step / warm_up
                if step < warm_up
                else start / 2 * (1 + np.cos(np.pi * (step - warm_up) / steps))
            )
        ),
        "At step 0 the rate is 0: do not count from 1.": lambda step, steps, start, warm_up: (
            start * (step + 1) / warm_up if step < warm_up else _rate(step, steps, start, warm_up)
        ),
        "Halve it: the cosine goes from 1 to -1, so 1 plus cosine from 2 to 0.": (
            lambda step, steps, start, warm_up: (
                _rate(step, steps, start, warm_up) * (1 if step < warm_up else 2)
            )
        ),
        "After the warm-up it falls; yours rises.": lambda step, steps, start, warm_up: (
            _rate(step, steps, start, warm_up)
            if step < warm_up
            else start - _rate(step, steps, start, warm_up)
        ),
        "The warm-up is missing: a straight line from 0 to `start`.": (
            lambda step, steps, start, warm_up: (
                start
                if step < warm_up
                else start / 2 * (1 + np.cos(np.pi * (step - warm_up) / (steps - warm_up)))
            )
        ),
    },
)


def _smooth_loss(chances: Array, label: int, share: float) -> float:
    targets = (1 - share) * np.eye(len(chances))[label] + share / len(chances)
    return float(-targets @ np.log(chances))


def _spread_over_others(chances: Array, label: int, share: float) -> float:
    targets = np.full(len(chances), share / (len(chances) - 1))
    targets[label] = 1 - share
    return float(-targets @ np.log(chances))


smoothed_loss = Exercise(
    _smooth_loss,
    inputs=[
        (np.array([0.7, 0.2, 0.1]), 0, 0.1),
        (np.array([0.05, 0.95]), 1, 0.2),
        (np.array([0.3, 0.5, 0.2]), 2, 0.0),
    ],
    mistakes={
        "The share is spread over all classes, the right one too.": _spread_over_others,
        "The loss is the negative sum.": lambda chances, label, share: (
            -_smooth_loss(chances, label, share)
        ),
        "The other classes have a target above 0 as well: they count in the sum.": (
            lambda chances, label, share: float(-(1 - share) * np.log(chances[label]))
        ),
        "That is the loss without smoothing.": lambda chances, label, share: float(
            -np.log(chances[label])
        ),
        "Sum over the classes; do not take their mean.": lambda chances, label, share: (
            _smooth_loss(chances, label, share) / len(chances)
        ),
        "Each class gets share / K; you give each the whole share.": (
            lambda chances, label, share: float(
                -((1 - share) * np.eye(len(chances))[label] + share) @ np.log(chances)
            )
        ),
    },
)
