"""Exercises of the lesson on the gradients of modern layers."""

from collections.abc import Callable, Sequence

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray


# ----------------------------------------------------------- predict: a stack of residual blocks


def _arrives(dy: float, slopes: Sequence[float]) -> float:
    return dy * float(np.prod([1 + slope for slope in slopes]))


arrives = Exercise(
    _arrives,
    [(1.0, [-0.5, 0.5, 3.0]), (2.0, [0.25, -0.75]), (-3.0, [0.1] * 5), (0.5, [])],
    {
        "That is the stack without its links: each block's slope is 1 + f', not f'.": (
            lambda dy, slopes: dy * np.prod(slopes)
        ),
        "Only one way round all blocks? Each block has a link, so each factor is 1 + f'.": (
            lambda dy, slopes: dy * (1 + np.prod(slopes))
        ),
        "Block after block, the gradient is multiplied; you add the slopes up.": (
            lambda dy, slopes: dy * (1 + np.sum(slopes))
        ),
        "The upstream gradient is missing: the last block receives dy, not 1.": (
            lambda dy, slopes: np.prod([1 + slope for slope in slopes])
        ),
        "Shares add up: the factor is 1 + f', not 1 - f'.": (
            lambda dy, slopes: dy * np.prod([1 - slope for slope in slopes])
        ),
        "The link adds x itself, with slope 1, to each block: the factor is 1 + f'. "
        "You count it twice.": lambda dy, slopes: dy * np.prod([2 + slope for slope in slopes]),
    },
)


# ---------------------------------------------------------------- mend: batch normalization


Gradients = tuple[Array, Array]


def _normalized(X: Array, epsilon: float) -> tuple[Array, Array]:
    apart = X - X.mean(axis=0)
    s = np.sqrt((apart**2).mean(axis=0) + epsilon)
    return apart / s, s


def _batch_norm_gradients(dY: Array, X: Array, epsilon: float) -> Gradients:
    apart = X - X.mean(axis=0)
    s = np.sqrt((apart**2).mean(axis=0) + epsilon)
    x_hat = apart / s
    dX = (dY - dY.mean(axis=0) - x_hat * (dY * x_hat).mean(axis=0)) / s
    return dX, (dY * x_hat).sum(axis=0)


def _with(change: Callable[[Array, Array, Array], Array]) -> Callable[..., Gradients]:
    """Return the solution with another dX, made from dY, x_hat and s."""

    def gradients(dY: Array, X: Array, epsilon: float) -> Gradients:
        x_hat, s = _normalized(X, epsilon)
        return change(dY, x_hat, s), (dY * x_hat).sum(axis=0)

    return gradients


_random = np.random.default_rng(17)

batch_norm_gradients = Exercise(
    _batch_norm_gradients,
    [
        (_random.normal(size=(5, 3)), _random.normal(2, 3, size=(5, 3)), 0.1),
        (_random.normal(size=(4, 2)), _random.normal(-1, 0.5, size=(4, 2)), 0.01),
    ],
    {
        "That is the program as it was. dY.mean() mixes the columns, "
        "and the share through the spread is missing.": _with(
            lambda dY, x_hat, s: (dY - dY.mean()) / s
        ),
        "The share through the mean is right now. "
        "The one through the spread is missing: - x_hat * mean(dY * x_hat).": _with(
            lambda dY, x_hat, s: (dY - dY.mean(axis=0)) / s
        ),
        "Each column is normalized alone: take both means over the images, axis 0.": _with(
            lambda dY, x_hat, s: (dY - dY.mean() - x_hat * (dY * x_hat).mean()) / s
        ),
        "The first mean still mixes the columns: take it over the images, axis 0.": _with(
            lambda dY, x_hat, s: (dY - dY.mean() - x_hat * (dY * x_hat).mean(axis=0)) / s
        ),
        "The share through the mean is gone: subtract dY's mean over the images.": _with(
            lambda dY, x_hat, s: (dY - x_hat * (dY * x_hat).mean(axis=0)) / s
        ),
        "In the share through the spread, use the normalized x_hat, not X - mean.": _with(
            lambda dY, x_hat, s: (
                (dY - dY.mean(axis=0) - x_hat * s * (dY * x_hat * s).mean(axis=0)) / s
            )
        ),
        "Means over the images, not sums: the mean and the variance divide by N.": _with(
            lambda dY, x_hat, s: (dY - dY.sum(axis=0) - x_hat * (dY * x_hat).sum(axis=0)) / s
        ),
        "The share through the spread is subtracted: where s grows, x_hat gets smaller.": _with(
            lambda dY, x_hat, s: (dY - dY.mean(axis=0) + x_hat * (dY * x_hat).mean(axis=0)) / s
        ),
        "All three shares are divided by s: put them into brackets.": _with(
            lambda dY, x_hat, s: dY / s - dY.mean(axis=0) - x_hat * (dY * x_hat).mean(axis=0)
        ),
    },
)


# ---------------------------------------------------- build: a transposed convolution of a row


def _painted(Y: Array, K: Array, stride: int) -> Array:
    X = np.zeros((len(Y) - 1) * stride + len(K))
    for i in range(len(Y)):
        X[i * stride : i * stride + len(K)] += Y[i] * K
    return X


def _overwritten(Y: Array, K: Array, stride: int) -> Array:
    X = np.zeros((len(Y) - 1) * stride + len(K))
    for i in range(len(Y)):
        X[i * stride : i * stride + len(K)] = Y[i] * K
    return X


def _too_long(Y: Array, K: Array, stride: int) -> Array:
    X = np.zeros(len(Y) * stride + len(K))
    X[: (len(Y) - 1) * stride + len(K)] = _painted(Y, K, stride)
    return X


painted = Exercise(
    _painted,
    [
        (np.array([1.0, 2.0, -1.0]), np.array([1.0, 0.5, 3.0]), 2),
        (np.array([2.0, 3.0]), np.array([1.0, -1.0, 2.0, 0.5]), 1),
        (np.array([1.0, -2.0]), np.array([4.0, 1.0]), 3),
    ],
    {
        "Where paint overlaps it adds up: write +=.": _overwritten,
        "The kernel is flipped. A convolution's input gradient scatters it as it is.": (
            lambda Y, K, stride: _painted(Y, K[::-1], stride)
        ),
        "Number i begins at place i * stride; the stride is ignored.": (
            lambda Y, K, stride: _painted(Y, K, 1)
        ),
        "The result has (len(Y) - 1) * stride + len(K) numbers: only the steps *between* the "
        "numbers of Y count.": _too_long,
        "Each number paints the kernel times itself; you paint the kernel alone.": (
            lambda Y, K, stride: _painted(np.ones_like(Y), K, stride)
        ),
        "The result is cut: the last number's paint reaches beyond its place.": (
            lambda Y, K, stride: _painted(Y, K, stride)[: len(Y) * stride]
        ),
        "That is the mirror image: begin at the left.": (
            lambda Y, K, stride: _painted(Y, K, stride)[::-1]
        ),
    },
)
