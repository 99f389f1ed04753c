"""Exercises of the lesson "The convolution layer"."""

from collections.abc import Callable

import numpy as np

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


def _field(kernels: list[int], strides: list[int]) -> int:
    field, step = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        field, step = field + (kernel - 1) * step, step * stride
    return field


def _late(kernels: list[int], strides: list[int]) -> int:
    field, step = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        step *= stride
        field += (kernel - 1) * step
    return field


field = Exercise(
    solution=_field,
    inputs=[([3, 2, 3, 2], [1, 2, 1, 2]), ([5, 3], [3, 1]), ([7, 3, 3, 4], [2, 2, 1, 3])],
    mistakes={
        "A stride widens what the layers *after* it add, not its own layer.": _late,
        "Each layer adds kernel - 1 steps, not kernel.": lambda kernels, strides: (
            1 + sum(k * int(np.prod(strides[:n])) for n, k in enumerate(kernels))
        ),
        "The strides are missing: after a stride of 2 a neighbor lies two pixels further.": (
            lambda kernels, strides: 1 + sum(k - 1 for k in kernels)
        ),
        "One number sees itself: begin with 1.": lambda kernels, strides: (
            _field(kernels, strides) - 1
        ),
        "The step is the product of the strides before, not the last stride alone.": (
            lambda kernels, strides: (
                1 + sum((k - 1) * s for k, s in zip(kernels, [1, *strides], strict=False))
            )
        ),
        "The step is the product of the strides, not their sum.": lambda kernels, strides: (
            1 + sum((k - 1) * max(sum(strides[:n]), 1) for n, k in enumerate(kernels))
        ),
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
