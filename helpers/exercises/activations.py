"""Exercises of the lesson on activation functions."""

from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]

_X = np.array([-2.0, -0.5, 0.25, 1.0, 3.0])


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


tanh_slope = Exercise(
    solution=lambda x: 1 - np.tanh(x) ** 2,
    inputs=[(_X,), (_X[:4].reshape(2, 2) / 3,)],
    mistakes={
        "This is tanh itself. How fast does it change?": lambda x: np.tanh(x),
        "Square what tanh gives, not x.": lambda x: 1 - x**2,
        "Take the square outside: tanh(x)^2, not tanh(x^2).": lambda x: 1 - np.tanh(x**2),
        "The square is missing: at x = -2 the slope would be larger than at 0.": lambda x: (
            1 - np.tanh(x)
        ),
        "This is the slope of the sigmoid; that of tanh is 1 at x = 0.": lambda x: (
            _sigmoid(x) * (1 - _sigmoid(x))
        ),
        "t (1 - t) is how the sigmoid's slope is made from its output; for tanh it is 1 - t^2.": (
            lambda x: np.tanh(x) * (1 - np.tanh(x))
        ),
        "The sign is turned around: tanh grows everywhere.": lambda x: np.tanh(x) ** 2 - 1,
    },
)

leaky_relu_backward = Exercise(
    solution=lambda dY, X, alpha: dY * np.where(X > 0, 1, alpha),
    inputs=[
        (np.array([3.0, -4.0, 5.0, -6.0]), np.array([2.0, 1.0, -3.0, -0.5]), 0.1),
        (np.array([[1.5, 7.0]]), np.array([[0.0, 4.0]]), 0.25),
    ],
    mistakes={
        "dY is missing: multiply the slope by what comes from behind.": lambda dY, X, alpha: (
            np.where(X > 0, 1, alpha)
        ),
        "This is ReLU: on the negative side the slope is alpha, not 0.": lambda dY, X, alpha: (
            dY * (X > 0)
        ),
        "The sides are swapped: alpha belongs where X is negative.": lambda dY, X, alpha: (
            dY * np.where(X > 0, alpha, 1)
        ),
        "The sign of X decides, not the sign of dY.": lambda dY, X, alpha: np.where(
            dY > 0, dY, alpha * dY
        ),
        "Multiply dY by the slope; do not add them.": lambda dY, X, alpha: (
            dY + np.where(X > 0, 1, alpha)
        ),
        "Multiply dY by the slope at X, not by the function's value at X.": lambda dY, X, alpha: (
            dY * np.where(X > 0, X, alpha * X)
        ),
        "At exactly 0 the slope is to be alpha: compare with > 0, not >= 0.": lambda dY, X, alpha: (
            dY * np.where(X >= 0, 1, alpha)
        ),
    },
)

merge = Exercise(
    solution=lambda W1, b1, W2, b2: (W2 @ W1, W2 @ b1 + b2),
    inputs=[
        (
            np.array([[1.0, 2.0], [0.0, -1.0]]),
            np.array([3.0, 1.0]),
            np.array([[2.0, 1.0], [-3.0, 4.0]]),
            np.array([-1.0, 0.5]),
        ),
        (
            np.array([[2.0, 1.0, -1.0], [0.5, 3.0, 4.0]]),
            np.array([1.0, -2.0]),
            np.array([[1.0, 2.0], [5.0, -1.0], [0.0, 3.0], [2.0, 2.0]]),
            np.array([3.0, 0.0, -2.0, 1.0]),
        ),
    ],
    mistakes={
        "Order: W1 meets x first, so it stands on the right, W2 @ W1.": lambda W1, b1, W2, b2: (
            W1 @ W2,
            W2 @ b1 + b2,
        ),
        "The second layer's weights are applied to b1 as well.": lambda W1, b1, W2, b2: (
            W2 @ W1,
            b1 + b2,
        ),
        "b2 is missing: it is added at the end.": lambda W1, b1, W2, b2: (W2 @ W1, W2 @ b1),
        "b2 is added after the second layer: W2 multiplies b1 only.": lambda W1, b1, W2, b2: (
            W2 @ W1,
            W2 @ (b1 + b2),
        ),
        "b1 has passed the first layer already: W2 multiplies it, not W1.": lambda W1, b1, W2, b2: (
            W2 @ W1,
            W1 @ b1 + b2,
        ),
        "Use the matrix product @; * multiplies number by number.": lambda W1, b1, W2, b2: (
            W2 * W1,
            W2 @ b1 + b2,
        ),
        "Adding the matrices puts layers side by side; one after the other is a product.": (
            lambda W1, b1, W2, b2: (W1 + W2, W2 @ b1 + b2)
        ),
    },
)

dead_units = Exercise(
    solution=lambda H: int(np.sum(np.all(H == 0, axis=0))),
    inputs=[
        (np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 2.0], [0.0, 0.5, 0.0, 0.0]]),),
        (np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]),),
        (np.array([[0.0, 2.0], [4.0, 0.0], [0.0, 0.0]]),),
    ],
    mistakes={
        "You count zeros; a unit is dead only if its whole column is 0.": lambda H: np.sum(H == 0),
        "One 0 does not make a unit dead: use all, not any.": lambda H: np.sum(
            np.any(H == 0, axis=0)
        ),
        "You look along rows, so you count images; units are columns: axis=0.": lambda H: np.sum(
            np.all(H == 0, axis=1)
        ),
        "You count the units that are alive.": lambda H: np.sum(np.any(H != 0, axis=0)),
        "Return how many, not which share.": lambda H: np.mean(np.all(H == 0, axis=0)),
        "Return how many, not which: sum over the units.": lambda H: np.all(H == 0, axis=0),
        "The mean of a live unit is not 0, but you look for a mean below a limit that lets "
        "quiet units count as dead. Compare with 0.": lambda H: np.sum(H.mean(axis=0) < 1),
    },
)
