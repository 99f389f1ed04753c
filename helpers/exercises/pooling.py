"""Exercises of the lesson on pooling."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]


def _windows(x: Array, size: int) -> Array:
    down, across = x.shape[0] // size, x.shape[1] // size
    return x[: down * size, : across * size].reshape(down, size, across, size)


def _largest(x: Array, size: int) -> Array:
    return _windows(x, size).max(axis=(1, 3))


def _stride_one(x: Array, size: int) -> Array:
    return np.lib.stride_tricks.sliding_window_view(x, (size, size)).max(axis=(2, 3))


def _far_apart(x: Array, size: int) -> Array:
    down, across = x.shape[0] // size, x.shape[1] // size
    return x[: down * size, : across * size].reshape(size, down, size, across).max(axis=(0, 2))


def _padded(x: Array, size: int) -> Array:
    return _largest(np.pad(x, [(0, -side % size) for side in x.shape]), size)


def _spread(dy: Array, size: int) -> Array:
    return np.repeat(np.repeat(dy, size, axis=0), size, axis=1)


def _first_corner(dy: Array, size: int) -> Array:
    dx = np.zeros((dy.shape[0] * size, dy.shape[1] * size))
    dx[::size, ::size] = dy
    return dx


def _place(choose: Callable[[Array], Any]) -> Callable[[Array, Array], Array]:
    """Return a backward pass that hands the gradient to the pixel that `choose` names."""

    def back(x: Array, dy: Array) -> Array:
        dx = np.zeros(x.shape)
        for i, j in np.ndindex(dy.shape):
            m, n = divmod(int(choose(x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2])), 2)
            dx[2 * i + m, 2 * j + n] = dy[i, j]
        return dx

    return back


def _winners(x: Array) -> Array:
    """Return 1 at every pixel that is the largest of its window, else 0."""
    return (x == _spread(_largest(x, 2), 2)).astype(float)


def _shared(x: Array, dy: Array) -> Array:
    winners = _winners(x)
    count = _spread(_windows(winners, 2).sum(axis=(1, 3)), 2)
    return winners * _spread(dy, 2) / count


window_count = Exercise(
    solution=lambda size, window, stride: (size - window) // stride + 1,
    inputs=[(28, 2, 2), (13, 2, 2), (7, 3, 2), (11, 3, 3), (5, 2, 1)],
    mistakes={
        "The stride sets how many windows there are: yours is right only where it equals the "
        "window.": lambda size, window, stride: size // window,
        "One is missing: the first window stands at 0 and counts too.": (
            lambda size, window, stride: (size - window) // stride
        ),
        "Round down, not up: a window that is not full is left out.": (
            lambda size, window, stride: -(-(size - window) // stride) + 1
        ),
        "The last window must end inside: take its size off first.": (
            lambda size, window, stride: size // stride
        ),
        "This is the number for a stride of 1; divide by the stride.": (
            lambda size, window, stride: size - window + 1
        ),
        "Add the 1 after the division, not before.": (
            lambda size, window, stride: (size - window + 1) // stride
        ),
        "There is no half window: divide with //.": (
            lambda size, window, stride: (size - window) / stride + 1
        ),
    },
)

largest = Exercise(
    solution=_largest,
    inputs=[
        (
            np.array(
                [[1.0, 5, 2, 0], [3, 4, 8, 7], [-9, -2, 6, 1], [-4, -3, 9, 2], [10, 11, 12, 13]]
            ),
            2,
        ),
        (-np.arange(28.0).reshape(4, 7) % 11 - 12, 3),
    ],
    mistakes={
        "This is the mean. Keep the largest value.": lambda x, size: _windows(x, size).mean(
            axis=(1, 3)
        ),
        "This is the smallest value.": lambda x, size: _windows(x, size).min(axis=(1, 3)),
        "Your windows overlap: you move by one pixel, as some formulas have it. Move by size.": (
            _stride_one
        ),
        "You keep the first pixel of each window, not the largest.": lambda x, size: _windows(
            x, size
        )[:, 0, :, 0],
        "Your windows are made of pixels that lie far apart: reshape to (rows, size, columns, "
        "size), in this order.": _far_apart,
        "You pad the edge with zeros; drop what fills no window.": _padded,
        "You take the maximum within columns only; it goes over both axes of the window.": (
            lambda x, size: _windows(x, size).max(axis=1).reshape(x.shape[0] // size, -1)
        ),
    },
)

average_back = Exercise(
    solution=lambda dy, size: _spread(dy, size) / size**2,
    inputs=[
        (np.array([[4.0, -8.0], [12.0, 16.0]]), 2),
        (np.array([[9.0, 18.0, 27.0]]), 3),
    ],
    mistakes={
        "The shares of a window must add up to its gradient: divide.": _spread,
        "A window has size times size pixels; you divide by size.": lambda dy, size: (
            _spread(dy, size) / size
        ),
        "Every pixel of the window has a share, not only its first one.": _first_corner,
        "You repeat the whole picture; each number is to fill its own window: np.repeat.": (
            lambda dy, size: np.tile(dy, (size, size)) / size**2
        ),
        "Divide by the pixels in a window, not by the number of windows.": lambda dy, size: (
            _spread(dy, size) / dy.size
        ),
        "You spread along rows only; a window has two directions.": lambda dy, size: (
            np.repeat(dy, size, axis=1) / size**2
        ),
    },
)

largest_back = Exercise(
    solution=_place(np.argmax),
    inputs=[
        (
            np.array([[1.0, 5, 7, 7], [3, 4, 2, 7], [0, 6, 6, 8], [6, 0, -1, 9]]),
            np.array([[2.0, 6.0], [4.0, -1.0]]),
        ),
        (
            np.arange(48.0).reshape(6, 8) * 7 % 11,
            np.arange(12.0).reshape(3, 4) - 4.5,
        ),
    ],
    mistakes={
        "In a tie every winner gets the full gradient, more than came. Choose the first.": (
            lambda x, dy: _winners(x) * _spread(dy, 2)
        ),
        "In a tie you share the gradient. That is a choice too, but here the first gets it all.": (
            _shared
        ),
        "In a tie you choose the last; choose the first in reading order.": _place(
            lambda window: 3 - np.argmax(window.ravel()[::-1])
        ),
        "In a tie you go column by column; reading order goes row by row.": _place(
            lambda window: np.argmax(window.T) // 2 + 2 * (np.argmax(window.T) % 2)
        ),
        "This is the way back through average pooling.": lambda x, dy: _spread(dy, 2) / 4,
        "You hand the gradient to the smallest pixel.": _place(np.argmin),
        "You always hand it to the window's first pixel; look which is the largest.": (
            lambda x, dy: _first_corner(dy, 2)
        ),
        "You return the winners themselves; they only say where dy goes.": lambda x, dy: _place(
            np.argmax
        )(x, _largest(x, 2)),
        "You only mark the winners: put dy there.": lambda x, dy: _place(np.argmax)(
            x, np.ones(dy.shape)
        ),
    },
)
