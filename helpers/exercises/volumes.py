"""Exercises of the lesson on volumes."""

from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]

seen_in_mm = Exercise(
    lambda layers, spacing: [(2 * layers + 1) * gap for gap in spacing],
    inputs=[(3, [5.0, 0.75, 0.5]), (1, [0.5, 1.25, 2.0]), (4, [2.5, 0.8, 1.0])],
    mistakes={
        "These are voxels; each is as large as the spacing along its axis.": (
            lambda layers, spacing: [2 * layers + 1] * 3
        ),
        "Each layer adds two voxels, not three: its middle one was there before.": (
            lambda layers, spacing: [3 * layers * gap for gap in spacing]
        ),
        "This is from the middle of the first voxel to that of the last; they are seen whole.": (
            lambda layers, spacing: [2 * layers * gap for gap in spacing]
        ),
        "Without strides sizes add up; they do not multiply.": lambda layers, spacing: (
            [3**layers * gap for gap in spacing]
        ),
        "The axes have spacings of their own; do not average them.": lambda layers, spacing: (
            [(2 * layers + 1) * sum(spacing) / 3] * 3
        ),
        "The order of the axes is depth, height, width.": lambda layers, spacing: (
            [(2 * layers + 1) * gap for gap in spacing[::-1]]
        ),
        "A kernel reaches one voxel to both sides.": lambda layers, spacing: (
            [(layers + 1) * gap for gap in spacing]
        ),
    },
)


def _with_neighbors(volume: Array) -> Array:
    before = np.concatenate([volume[:1], volume[:-1]])
    after = np.concatenate([volume[1:], volume[-1:]])
    return np.stack([before, volume, after], axis=-1)


def _rolled(volume: Array) -> Array:
    return np.stack([np.roll(volume, 1, axis=0), volume, np.roll(volume, -1, axis=0)], axis=-1)


def _black(volume: Array) -> Array:
    blank = np.zeros_like(volume[:1])
    before, after = np.concatenate([blank, volume[:-1]]), np.concatenate([volume[1:], blank])
    return np.stack([before, volume, after], axis=-1)


_RANDOM = np.random.default_rng(0)

with_neighbors = Exercise(
    _with_neighbors,
    inputs=[(_RANDOM.integers(0, 9, (4, 3, 2)),), (_RANDOM.integers(0, 9, (5, 2, 3)),)],
    mistakes={
        "All three are the same slice.": lambda volume: np.stack([volume] * 3, axis=-1),
        "np.roll hands the last slice to the first one: they are no neighbors.": _rolled,
        "At the ends the slice itself is its neighbor, not a black one.": _black,
        "The order is before, itself, after.": lambda volume: _with_neighbors(volume)[..., ::-1],
        "The neighbors are the channels: they come last.": lambda volume: np.moveaxis(
            _with_neighbors(volume), 3, 1
        ),
        "Slices lie along the first axis; these are neighbors within a slice.": lambda volume: (
            np.swapaxes(_with_neighbors(np.swapaxes(volume, 0, 1)), 0, 1)
        ),
        "Every slice has neighbors, the first and the last, too.": lambda volume: _with_neighbors(
            volume
        )[1:-1],
    },
)

thickness = Exercise(
    lambda mask, axis, spacing: mask.sum(axis=axis) * spacing[axis],
    inputs=[
        (_RANDOM.integers(0, 2, (4, 3, 5)), 0, [5.0, 0.75, 0.5]),
        (_RANDOM.integers(0, 2, (3, 5, 4)), 2, [2.5, 0.75, 1.5]),
        (_RANDOM.integers(0, 2, (2, 4, 3)), 1, [3.0, 1.25, 0.5]),
    ],
    mistakes={
        "These are voxels; multiply by the spacing along the ray.": lambda mask, axis, spacing: (
            mask.sum(axis=axis)
        ),
        "Along the ray voxels have the spacing of this axis.": lambda mask, axis, spacing: (
            mask.sum(axis=axis) * spacing[axis - 1]
        ),
        "The largest value says whether there is tissue, not how much.": (
            lambda mask, axis, spacing: mask.max(axis=axis) * spacing[axis]
        ),
        "The mean leaves out how long the ray is.": lambda mask, axis, spacing: (
            mask.mean(axis=axis) * spacing[axis]
        ),
        "This is a volume; along a ray only one length counts.": lambda mask, axis, spacing: (
            mask.sum(axis=axis) * np.prod(spacing)
        ),
        "The ray runs along the axis that is asked for.": lambda mask, axis, spacing: (
            mask.sum(axis=axis - 1) * spacing[axis - 1]
        ),
        "From the first to the last white voxel there may be gaps, and an end has its width.": (
            lambda mask, axis, spacing: np.maximum(mask.sum(axis=axis) - 1, 0) * spacing[axis]
        ),
    },
)


def _work(shape: tuple[int, ...], kernel: tuple[int, ...], filters: int) -> int:
    positions = np.prod([side - size + 1 for side, size in zip(shape, kernel, strict=False)])
    return int(positions * np.prod(kernel) * shape[3] * filters)


work = Exercise(
    _work,
    inputs=[
        ((6, 9, 8, 2), (1, 3, 4), 5),
        ((7, 5, 6, 3), (3, 2, 1), 4),
        ((28, 20, 24, 1), (3, 3, 3), 8),
    ],
    mistakes={
        "Without padding the kernel fits at fewer places than there are voxels.": (
            lambda shape, kernel, filters: int(np.prod(shape) * np.prod(kernel) * filters)
        ),
        "Each kernel has weights for every channel.": lambda shape, kernel, filters: (
            _work(shape, kernel, filters) // shape[3]
        ),
        "There are several kernels, and each does all this.": lambda shape, kernel, filters: _work(
            shape, kernel, 1
        ),
        "These are the weights; each is used once at each position.": (
            lambda shape, kernel, filters: int(np.prod(kernel) * shape[3] * filters)
        ),
        "These are the outputs; each is a sum over the kernel and the channels.": (
            lambda shape, kernel, filters: (
                _work(shape, kernel, filters) // int(np.prod(kernel) * shape[3])
            )
        ),
        "Along an axis a kernel fits side - size + 1 times.": lambda shape, kernel, filters: int(
            np.prod([side - size for side, size in zip(shape, kernel, strict=False)])
            * np.prod(kernel)
            * shape[3]
            * filters
        ),
    },
)
