"""Exercises of the lesson on backpropagation."""

from collections.abc import Callable

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray


# ------------------------------------------------------------------- one unit with a sigmoid


def _sigmoid(z: float) -> float:
    return float(1 / (1 + np.exp(-z)))


def _small(x: float, w: float, v: float, t: float) -> tuple[float, float]:
    h = _sigmoid(w * x)
    dy = v * h - t
    return dy * v * h * (1 - h) * x, dy * h


def _no_derivative(x: float, w: float, v: float, t: float) -> tuple[float, float]:
    h = _sigmoid(w * x)
    return (v * h - t) * v * x, (v * h - t) * h


def _no_input(x: float, w: float, v: float, t: float) -> tuple[float, float]:
    dw, dv = _small(x, w, v, t)
    return dw / x, dv


def _no_second_weight(x: float, w: float, v: float, t: float) -> tuple[float, float]:
    dw, dv = _small(x, w, v, t)
    return dw / v, dv


def _wrong_way(x: float, w: float, v: float, t: float) -> tuple[float, float]:
    dw, dv = _small(x, w, v, t)
    return -dw, -dv


def _no_half(x: float, w: float, v: float, t: float) -> tuple[float, float]:
    dw, dv = _small(x, w, v, t)
    return 2 * dw, 2 * dv


def _other_order(x: float, w: float, v: float, t: float) -> tuple[float, float]:
    dw, dv = _small(x, w, v, t)
    return dv, dw


def _derivative_at_h(x: float, w: float, v: float, t: float) -> tuple[float, float]:
    h = _sigmoid(w * x)
    s = _sigmoid(h)
    return (v * h - t) * v * s * (1 - s) * x, (v * h - t) * h


def _derivative_in_both(x: float, w: float, v: float, t: float) -> tuple[float, float]:
    dw, dv = _small(x, w, v, t)
    return dw, dv * (1 - _sigmoid(w * x))


small_gradients = Exercise(
    _small,
    [(2.0, 0.5, 3.0, 1.0), (-1.0, 2.0, 0.5, 2.0), (0.5, -1.0, -2.0, 0.0)],
    {
        "The way to w leads through the sigmoid: multiply dw by h (1 - h) too.": _no_derivative,
        "w is multiplied by x, so the local derivative of that place is x. dw lacks it.": _no_input,
        "The way to w leads through y = v h: multiply dw by v too.": _no_second_weight,
        "The sign is turned around: the derivative of (y - t)^2 / 2 is y - t.": _wrong_way,
        "Twice too large: the half in the loss cancels the 2 of the square.": _no_half,
        "You return dv first. The order is dw, dv.": _other_order,
        "The derivative of the sigmoid is h (1 - h) with h itself; "
        "do not put h through the sigmoid again.": _derivative_at_h,
        "v comes after the sigmoid: dv is dy times h, without h (1 - h).": _derivative_in_both,
    },
)


# ------------------------------------------------------------------------- central difference

Function = Callable[[float], float]

central_difference = Exercise(
    lambda f, x, nudge: (f(x + nudge) - f(x - nudge)) / (2 * nudge),
    [(np.sin, 1.0, 0.5), (np.exp, -1.0, 0.25), (np.square, 3.0, 2.0)],
    {
        "That is a forward difference. Nudge down as well: f(x + nudge) - f(x - nudge).": (
            lambda f, x, nudge: (f(x + nudge) - f(x)) / nudge
        ),
        "That is a backward difference. Nudge up as well: f(x + nudge) - f(x - nudge).": (
            lambda f, x, nudge: (f(x) - f(x - nudge)) / nudge
        ),
        "The two places are 2 nudges apart; you divide by one.": (
            lambda f, x, nudge: (f(x + nudge) - f(x - nudge)) / nudge
        ),
        "Up minus down; you have down minus up.": (
            lambda f, x, nudge: (f(x - nudge) - f(x + nudge)) / (2 * nudge)
        ),
        "Put (2 * nudge) in brackets: Python reads a / 2 * nudge as (a / 2) * nudge.": (
            lambda f, x, nudge: (f(x + nudge) - f(x - nudge)) / 2 * nudge
        ),
        "You return the change of f. Divide it by the distance, 2 nudges.": (
            lambda f, x, nudge: f(x + nudge) - f(x - nudge)
        ),
    },
)


# ------------------------------------------------------------------------------- dense layer

_random = np.random.default_rng(36)
# Square, so that a forgotten transpose gives wrong numbers and its hint, not an error.
_DENSE = [
    tuple(_random.normal(size=shape).round(2) for shape in shapes)
    for shapes in [((3, 3), (3, 3), (3, 3)), ((2, 2), (2, 2), (2, 2))]
]


def _dense(dY: Array, X: Array, W: Array) -> tuple[Array, Array, Array]:
    return dY @ W.T, X.T @ dY, dY.sum(axis=0)


dense_gradients = Exercise(
    _dense,
    _DENSE,
    {
        "dX needs the transposed W: input j meets unit k by W[j, k].": (
            lambda dY, X, W: (dY @ W, X.T @ dY, dY.sum(axis=0))
        ),
        "dW needs the transposed X, so that the sum runs over the examples.": (
            lambda dY, X, W: (dY @ W.T, X @ dY, dY.sum(axis=0))
        ),
        "Your dW is transposed: it must be X.T @ dY, of the shape of W.": (
            lambda dY, X, W: (dY @ W.T, dY.T @ X, dY.sum(axis=0))
        ),
        "db adds up the examples, axis 0, not the units.": (
            lambda dY, X, W: (dY @ W.T, X.T @ dY, dY.sum(axis=1))
        ),
        "db is the sum over the examples, not the mean: "
        "a mean belongs into the loss, and is in dY already.": (
            lambda dY, X, W: (dY @ W.T, X.T @ dY, dY.mean(axis=0))
        ),
        "There is one bias a unit, so db has one number a unit: add up over axis 0 only.": (
            lambda dY, X, W: (dY @ W.T, X.T @ dY, dY.sum())
        ),
        "dW is divided by the number of examples, which dY holds already.": (
            lambda dY, X, W: (dY @ W.T, X.T @ dY / len(X), dY.sum(axis=0))
        ),
        "The order is dX, dW, db.": lambda dY, X, W: (X.T @ dY, dY @ W.T, dY.sum(axis=0)),
    },
)


# --------------------------------------------------------------------- a convolution's input


def _scatter(dY: Array, K: Array, stride: int, shape: tuple[int, int]) -> Array:
    dX = np.zeros(shape)
    M, N = K.shape
    for i, j in np.ndindex(dY.shape):
        row, column = i * stride, j * stride
        dX[row : row + M, column : column + N] += dY[i, j] * K
    return dX


def _overwrite(dY: Array, K: Array, stride: int, shape: tuple[int, int]) -> Array:
    dX = np.zeros(shape)
    M, N = K.shape
    for i, j in np.ndindex(dY.shape):
        row, column = i * stride, j * stride
        dX[row : row + M, column : column + N] = dY[i, j] * K
    return dX


def _cropped(dY: Array, K: Array, stride: int, shape: tuple[int, int]) -> Array:
    height, width = (
        (places - 1) * stride + kernel for places, kernel in zip(dY.shape, K.shape, strict=True)
    )
    return _scatter(dY, K, stride, shape)[:height, :width]


_K = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0], [3.0, 0.0, 1.0]])

input_gradient = Exercise(
    _scatter,
    [
        (np.array([[1.0, 2.0], [-1.0, 1.0]]), _K, 2, (6, 5)),
        (np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]), _K[:2, :2], 1, (4, 3)),
    ],
    {
        "The kernel stands upside down. "
        "Scattering uses it as it is; only gathering turns it by 180 degrees.": (
            lambda dY, K, stride, shape: _scatter(dY, K[::-1, ::-1], stride, shape)
        ),
        "The stride is ignored: output (i, j) begins at row i * stride, column j * stride.": (
            lambda dY, K, stride, shape: _scatter(dY, K, 1, shape)
        ),
        "Windows overlap, and their shares add up: use += where you have =.": _overwrite,
        "dX must have the image's shape; pixels that no window reaches get 0.": _cropped,
        "Rows and columns of the kernel are exchanged within the window.": (
            lambda dY, K, stride, shape: _scatter(dY, K.T, stride, shape)
        ),
        "The upstream gradient is missing: multiply the kernel by dY[i, j].": (
            lambda dY, K, stride, shape: _scatter(np.ones(dY.shape), K, stride, shape)
        ),
        "The kernel is missing: each pixel of the window gets dY[i, j] times its own weight.": (
            lambda dY, K, stride, shape: _scatter(dY, np.ones(K.shape), stride, shape)
        ),
    },
)
