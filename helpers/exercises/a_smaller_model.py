"""Exercises of the lesson on making a network smaller (S5.2)."""

import numpy as np

from helpers.exercises import Exercise


def _separable_share(size: int, channels: int, filters: int) -> float:
    return (size * size * channels + channels * filters) / (size * size * channels * filters)


separable_share = Exercise(
    _separable_share,
    inputs=[(3, 16, 32), (5, 8, 8), (3, 1, 4)],
    mistakes={
        "The other way round: the separable convolution's work divided by the usual one's.": (
            lambda size, channels, filters: 1 / _separable_share(size, channels, filters)
        ),
        "The second part is missing: a 1 x 1 convolution that mixes the channels.": (
            lambda size, channels, filters: 1 / filters
        ),
        "The first part is missing: one kernel for each channel, `size * size` weights each.": (
            lambda size, channels, filters: 1 / size**2
        ),
        "A kernel has `size * size` weights at each place, not `size`.": (
            lambda size, channels, filters: (
                (size * channels + channels * filters) / (size * channels * filters)
            )
        ),
        "The two parts come one after the other: their work adds up, it does not multiply.": (
            lambda size, channels, filters: (
                (size * size * channels) * (channels * filters) / (size * size * channels * filters)
            )
        ),
        "The first part makes one output a channel, not one a filter.": (
            lambda size, channels, filters: (
                (size * size * filters + channels * filters) / (size * size * channels * filters)
            )
        ),
    },
)


def _quantize(values: np.ndarray, scale: float, zero: int) -> np.ndarray:
    return np.clip(np.round(values / scale) + zero, -128, 127).astype("int8")


_VALUES = np.array([-3.0, -1.26, -0.26, 0.0, 0.1, 0.74, 2.0, 2.4])

quantize = Exercise(
    _quantize,
    inputs=[(_VALUES, 0.02, -10), (_VALUES, 0.5, 3), (_VALUES[:3], 0.01, 120), (_VALUES, 0.01, 20)],
    mistakes={
        "Numbers beyond -128 and 127 wrap around in int8: clip them first.": (
            lambda values, scale, zero: (np.round(values / scale) + zero).astype("int64")
        ),
        "int8 goes down to -128; you use one step less.": lambda values, scale, zero: np.clip(
            np.round(values / scale) + zero, -127, 127
        ),
        "That is uint8, from 0 to 255; int8 goes from -128 to 127.": lambda values, scale, zero: (
            np.clip(np.round(values / scale) + zero, 0, 255)
        ),
        "Round to the nearest integer; you cut the decimals off.": lambda values, scale, zero: (
            np.clip(np.trunc(values / scale) + zero, -128, 127)
        ),
        "Round to the nearest integer; you always round down.": lambda values, scale, zero: np.clip(
            np.floor(values / scale) + zero, -128, 127
        ),
        "Divide by the scale: it is the size of one step.": lambda values, scale, zero: np.clip(
            np.round(values * scale) + zero, -128, 127
        ),
        "Add the zero point: the integer that stands for 0.": lambda values, scale, zero: np.clip(
            np.round(values / scale), -128, 127
        ),
        "Add the zero point; you subtract it.": lambda values, scale, zero: np.clip(
            np.round(values / scale) - zero, -128, 127
        ),
        "Return the integers, not the numbers that they stand for.": lambda values, scale, zero: (
            scale * (_quantize(values, scale, zero).astype(float) - zero)
        ),
    },
)


def _on_front(costs: np.ndarray, aucs: np.ndarray) -> np.ndarray:
    cheaper = costs[None] < costs[:, None]
    better = aucs[None] > aucs[:, None]
    beaten = (cheaper & (aucs[None] >= aucs[:, None])) | (better & (costs[None] <= costs[:, None]))
    return np.asarray(~beaten.any(axis=1))


_COSTS = np.array([5.0, 1.0, 3.0, 2.0, 3.0, 4.0])
_AUCS = np.array([0.95, 0.80, 0.93, 0.85, 0.90, 0.93])

on_front = Exercise(
    _on_front,
    inputs=[
        (_COSTS, _AUCS),
        (_COSTS[::-1] * 2, _AUCS**2),
        (np.array([1.0, 2.0, 2.0]), np.array([0.9, 0.9, 0.8])),
    ],
    mistakes={
        "You return what is beaten; the front is the others.": lambda costs, aucs: (
            ~_on_front(costs, aucs)
        ),
        "Low costs are good, not high ones.": lambda costs, aucs: _on_front(-costs, aucs),
        "High AUCs are good, not low ones.": lambda costs, aucs: _on_front(costs, -aucs),
        "The cheapest is on the front, but others are too: whatever no one beats in both.": (
            lambda costs, aucs: costs == costs.min()
        ),
        "The best is on the front, but others are too: whatever no one beats in both.": (
            lambda costs, aucs: aucs == aucs.max()
        ),
        "Equal in one and better in the other beats too: use <= and >=, and one of them strict.": (
            lambda costs, aucs: (
                ~((costs[None] < costs[:, None]) & (aucs[None] > aucs[:, None])).any(axis=1)
            )
        ),
        "Return True or False for each model, in their order, not positions.": (
            lambda costs, aucs: np.flatnonzero(_on_front(costs, aucs))
        ),
    },
)
