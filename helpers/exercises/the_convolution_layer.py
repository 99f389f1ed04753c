"""Exercises of the lesson "The convolution layer"."""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.exercises import Exercise


def _output_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


output_size = Exercise(
    solution=_output_size,
    inputs=[
        (28, 3, 1, 0, 1),
        (28, 3, 2, 1, 1),
        (28, 5, 3, 2, 2),
        (28, 3, 1, 2, 1),
        (13, 4, 2, 1, 3),
        (7, 2, 4, 0, 1),
    ],
    mistakes={
        "The places are one too few: the first place counts too.": lambda i, k, s, p, d: (
            _output_size(i, k, s, p, d) - 1
        ),
        "Padding is on both sides: add it twice.": lambda i, k, s, p, d: (
            (i + p - d * (k - 1) - 1) // s + 1
        ),
        "Round down: a place that only half fits is not used.": lambda i, k, s, p, d: (
            -(-(i + 2 * p - d * (k - 1) - 1) // s) + 1
        ),
        "The dilation is missing.": lambda i, k, s, p, d: _output_size(i, k, s, p, 1),
        "Between k weights there are k - 1 gaps: with dilation d the kernel reaches over "
        "d * (k - 1) + 1 pixels, not d * k.": lambda i, k, s, p, d: (i + 2 * p - d * k) // s + 1,
        "The stride is missing.": lambda i, k, s, p, d: _output_size(i, k, 1, p, d),
        "Add the 1 after the division by the stride, not before.": lambda i, k, s, p, d: (
            (i + 2 * p - d * (k - 1)) // s
        ),
        "The result is a whole number: divide with //.": lambda i, k, s, p, d: (
            (i + 2 * p - d * (k - 1) - 1) / s + 1
        ),
        "The padding is missing.": lambda i, k, s, p, d: _output_size(i, k, s, 0, d),
    },
)


def _windows(X: np.ndarray, M: int, N: int) -> np.ndarray:
    """Return all windows: (rows, columns, C, M, N)."""
    return sliding_window_view(X, (M, N), axis=(0, 1))


def _im2col(X: np.ndarray, M: int, N: int) -> np.ndarray:
    return _windows(X, M, N).transpose(0, 1, 3, 4, 2).reshape(-1, M * N * X.shape[2])


im2col = Exercise(
    solution=_im2col,
    inputs=[(np.arange(24.0).reshape(3, 4, 2), 2, 3), (np.arange(90.0).reshape(6, 5, 3), 3, 2)],
    mistakes={
        "One window is a row, not a column: transpose.": lambda X, M, N: _im2col(X, M, N).T,
        "Windows go from left to right, then down: the column is the inner loop.": (
            lambda X, M, N: (
                _windows(X, M, N).transpose(1, 0, 3, 4, 2).reshape(-1, M * N * X.shape[2])
            )
        ),
        "In a row, all of the first channel stands before the second; the channels of one pixel "
        "belong next to each other.": lambda X, M, N: _windows(X, M, N).reshape(
            -1, M * N * X.shape[2]
        ),
        "Inside a window you go down the columns; read along the rows.": lambda X, M, N: (
            _windows(X, M, N).transpose(0, 1, 4, 3, 2).reshape(-1, M * N * X.shape[2])
        ),
        "Windows overlap: the next one starts one pixel further.": lambda X, M, N: (
            _windows(X, M, N)[::M, ::N].transpose(0, 1, 3, 4, 2).reshape(-1, M * N * X.shape[2])
        ),
        "The last windows are missing: there are H - M + 1 rows of them and W - N + 1 columns.": (
            lambda X, M, N: _im2col(X[:-1, :-1], M, N)
        ),
        "The pixels of each window are in backward order.": lambda X, M, N: _im2col(X, M, N)[
            :, ::-1
        ],
        "One row for each window: make it a matrix of two axes.": lambda X, M, N: _windows(
            X, M, N
        ).transpose(0, 1, 3, 4, 2),
    },
)


def _cost(H: int, W: int, C: int, M: int, N: int, F: int) -> tuple[int, int]:
    weights, places = M * N * C * F, (H - M + 1) * (W - N + 1)
    return weights + F, weights * places


def _changed_cost(
    change: Callable[..., tuple[int, int]],
) -> Callable[..., tuple[int, int]]:
    """Return a cost function from one that is given the right parameters and multiplications."""
    return lambda *sizes: change(*sizes, *_cost(*sizes))


cost = Exercise(
    solution=_cost,
    inputs=[(28, 28, 1, 3, 3, 32), (13, 13, 32, 3, 3, 64), (20, 11, 3, 5, 2, 7)],
    mistakes={
        "The biases are missing among the parameters: one a filter.": _changed_cost(
            lambda H, W, C, M, N, F, p, m: (p - F, m)
        ),
        "One bias a filter, not one for each channel and filter.": _changed_cost(
            lambda H, W, C, M, N, F, p, m: (p - F + C * F, m)
        ),
        "One bias a filter, not one for the layer.": _changed_cost(
            lambda H, W, C, M, N, F, p, m: (p - F + 1, m)
        ),
        "Each filter has a kernel for every channel: multiply by C.": _changed_cost(
            lambda H, W, C, M, N, F, p, m: (M * N * F + F, m // C)
        ),
        "The kernel fits at (H - M + 1) * (W - N + 1) places, not at H * W.": _changed_cost(
            lambda H, W, C, M, N, F, p, m: (p, M * N * C * F * H * W)
        ),
        "The weights are shared: the places multiply the multiplications, not the parameters.": (
            _changed_cost(lambda H, W, C, M, N, F, p, m: (m, m))
        ),
        "Each weight is used at every place: multiply by the number of places.": _changed_cost(
            lambda H, W, C, M, N, F, p, m: (p, M * N * C * F)
        ),
        "A bias is added, not multiplied: leave the biases out of the multiplications.": (
            _changed_cost(lambda H, W, C, M, N, F, p, m: (p, m + m // (M * N * C)))
        ),
        "That is a dense layer: every pixel to every output.": _changed_cost(
            lambda H, W, C, M, N, F, p, m: (
                H * W * C * (m // (M * N * C)) + m // (M * N * C),
                H * W * C * (m // (M * N * C)),
            )
        ),
    },
)
