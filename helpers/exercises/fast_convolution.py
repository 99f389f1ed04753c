"""Exercises of the lesson on ways to compute a convolution."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from helpers.exercises import Exercise


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


def _copies(H: int, W: int, M: int, N: int) -> float:
    return (H - M + 1) * (W - N + 1) * M * N / (H * W)


copies = Exercise(
    solution=_copies,
    inputs=[(28, 28, 3, 3), (64, 48, 5, 3), (9, 12, 4, 2)],
    mistakes={
        "The window does not fit at every pixel: there are H - M + 1 rows of places.": (
            lambda H, W, M, N: float(M * N)
        ),
        "There is one place more in each direction: H - M + 1, not H - M.": lambda H, W, M, N: (
            (H - M) * (W - N) * M * N / (H * W)
        ),
        "That is the number of entries; divide by the pixels of the image.": lambda H, W, M, N: (
            float((H - M + 1) * (W - N + 1) * M * N)
        ),
        "Each window brings M * N numbers.": lambda H, W, M, N: (H - M + 1) * (W - N + 1) / (H * W),
        "The other way round: the matrix by the image.": lambda H, W, M, N: 1 / _copies(H, W, M, N),
    },
)


def _matrix(kernel: np.ndarray, length: int) -> np.ndarray:
    T = np.zeros((length - len(kernel) + 1, length))
    for i in range(len(T)):
        T[i, i : i + len(kernel)] = kernel
    return T


matrix = Exercise(
    solution=_matrix,
    inputs=[(np.array([1.0, -2.0, 4.0]), 6), (np.array([3.0, 5.0]), 4), (np.array([2.0, 0, 7]), 3)],
    mistakes={
        "The kernel is flipped: that is the convolution of mathematics.": lambda k, n: _matrix(
            k[::-1], n
        ),
        "One row for each place of the kernel, one column for each number: transpose.": (
            lambda k, n: _matrix(k, n).T
        ),
        "The last place is missing: the kernel fits at length - len(kernel) + 1 places.": (
            lambda k, n: _matrix(k, n)[:-1]
        ),
        "The kernel moves by one number from row to row.": lambda k, n: np.tile(
            _matrix(k, n)[:1], (n - len(k) + 1, 1)
        ),
        "Outside the window stand zeros; yours goes round at the end.": lambda k, n: np.array(
            [np.roll(np.pad(k, (0, n - len(k))), i) for i in range(n)]
        ),
        "Each row has the kernel's weights, not ones.": lambda k, n: (
            _matrix(np.ones(len(k)), n)
        ).astype(float),
    },
)
