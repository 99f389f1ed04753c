"""Exercises of the lesson "Convolution"."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.exercises import Exercise

_random = np.random.default_rng(32)


def _correlate(X: np.ndarray, K: np.ndarray) -> np.ndarray:
    return np.einsum("ijmn,mn->ij", sliding_window_view(X, K.shape), K)


def _conv(X: np.ndarray, K: np.ndarray, b: float) -> np.ndarray:
    return _correlate(X, K) + b


conv = Exercise(
    solution=_conv,
    inputs=[
        (np.array([[1.0, 2, 0], [3, 1, 2], [0, 4, 1]]), np.array([[1.0, 2], [0, -1]]), 1.0),
        (_random.normal(size=(5, 6)), _random.normal(size=(2, 3)), -0.5),
    ],
    mistakes={
        "The kernel is turned by 180 degrees: that is convolution in the sense of mathematics. "
        "Use K[m, n] with X[i + m, j + n].": lambda X, K, b: _conv(X, K[::-1, ::-1], b),
        "The bias is missing.": lambda X, K, b: _correlate(X, K),
        "Add the bias once for each place, not once for each weight.": lambda X, K, b: _conv(
            X, K, K.size * b
        ),
        "Subtracted? The bias is added.": lambda X, K, b: _conv(X, K, -b),
        "The last row and column of places are missing: the kernel fits H - M + 1 times.": (
            lambda X, K, b: _conv(X, K, b)[:-1, :-1]
        ),
        "There are zeros around the image; here the kernel stays inside.": lambda X, K, b: _conv(
            np.pad(X, [(0, n - 1) for n in K.shape]), K, b
        ),
        "Add up the products; do not take their mean.": lambda X, K, b: _conv(X, K / K.size, b),
        "Rows and columns of the result have changed places.": lambda X, K, b: _conv(X, K, b).T,
        "The kernel is added to the window; multiply.": lambda X, K, b: (
            _conv(X, np.ones(K.shape), b) + K.sum()
        ),
    },
)


def _mover(down: int, right: int) -> np.ndarray:
    K = np.zeros((3, 3))
    K[1 - down, 1 - right] = 1
    return K


mover = Exercise(
    solution=_mover,
    inputs=[(1, 0), (-1, 1), (0, -1), (0, 0)],
    mistakes={
        "The image moves the other way. To move it down, each place must show the pixel above "
        "it.": lambda down, right: _mover(-down, -right),
        "Down and right have changed places: the first index is the row.": lambda down, right: (
            _mover(right, down)
        ),
        "Down and right have changed places, and the image moves the other way.": (
            lambda down, right: _mover(-right, -down)
        ),
        "Up and down are right, left and right are not: to move right, show the pixel on the "
        "left.": lambda down, right: _mover(down, -right),
        "Left and right are right, up and down are not: to move down, show the pixel above.": (
            lambda down, right: _mover(-down, right)
        ),
        "Count from the middle, K[1, 1], not from the corner.": lambda down, right: np.roll(
            _mover(down, right), (-1, -1), axis=(0, 1)
        ),
        "K[down, right] counts from the corner, and -1 from the end: the middle is K[1, 1].": (
            lambda down, right: np.roll(_mover(-down, -right), (-1, -1), axis=(0, 1))
        ),
        "A single weight is 1, the others are 0. Yours blurs.": lambda down, right: (
            np.maximum(_mover(down, right), _mover(0, 0)) / 2
        ),
    },
)


def _step(X: np.ndarray, K: np.ndarray, T: np.ndarray, rate: float) -> np.ndarray:
    E = _correlate(X, K) - T
    return K - rate * _correlate(X, 2 * E / E.size)


step = Exercise(
    solution=_step,
    inputs=[
        (
            _random.normal(size=(5, 7)),
            _random.normal(size=(2, 3)),
            _random.normal(size=(4, 5)),
            0.1,
        ),
        (
            _random.normal(size=(4, 3)),
            _random.normal(size=(2, 2)),
            _random.normal(size=(3, 2)),
            0.5,
        ),
    ],
    mistakes={
        "You go uphill: subtract the gradient from the kernel.": lambda X, K, T, rate: _step(
            X, K, T, -rate
        ),
        "The factor 2 is missing: the derivative of a square is twice what is inside.": (
            lambda X, K, T, rate: _step(X, K, T, rate / 2)
        ),
        "The loss is the mean of the squares, not their sum: divide by the number of errors.": (
            lambda X, K, T, rate: _step(X, K, T, rate * T.size)
        ),
        "Divide by the number of errors, not by the number of weights.": (
            lambda X, K, T, rate: _step(X, K, T, rate * T.size / K.size)
        ),
        "Multiply the pixels by the error, not by the wanted output.": lambda X, K, T, rate: (
            K - rate * _correlate(X, 2 * T / T.size)
        ),
        "Multiply the pixels by the error, not by the output.": lambda X, K, T, rate: (
            K - rate * _correlate(X, 2 * _correlate(X, K) / T.size)
        ),
        "That is the gradient; return the kernel after the step.": lambda X, K, T, rate: _correlate(
            X, 2 * (_correlate(X, K) - T) / T.size
        ),
        "The gradient is not turned: pixel X[i + m, j + n] belongs to weight K[m, n].": (
            lambda X, K, T, rate: (
                K - rate * _correlate(X, 2 * (_correlate(X, K) - T) / T.size)[::-1, ::-1]
            )
        ),
        "The rate is missing.": lambda X, K, T, rate: _step(X, K, T, 1),
    },
)
