"""Exercises of the lesson on explanations (S5.3)."""

import numpy as np

from helpers.exercises import Exercise

_random = np.random.default_rng(0)


def _hit(values: np.ndarray, mask: np.ndarray) -> bool:
    row, column = np.unravel_index(values.argmax(), values.shape)
    return bool(mask[row, column])


def _columns_first(values: np.ndarray, mask: np.ndarray) -> bool:
    row, column = divmod(int(values.argmax()), values.shape[1])
    return bool(mask[min(column, len(mask) - 1), row])


_MAP = np.array([[0.1, -9.0, 0.3, 0.2], [0.2, 0.4, 0.9, 0.6], [0.8, 0.1, 0.0, 0.5]])


def _mask(*places: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(_MAP.shape, bool)
    for place in places:
        mask[place] = True
    return mask


hit = Exercise(
    _hit,
    inputs=[
        (_MAP, _mask((1, 2), (1, 3))),
        (_MAP, _mask((0, 1))),
        (np.where(_MAP < 0, -0.1, _MAP), _mask((0, 1), (0, 2))),
        (_MAP, _mask((2, 0), (1, 3))),
        (_MAP, _mask((2, 1), (0, 3))),
        (_MAP, ~_mask((1, 2))),
        (_MAP[:, ::-1], _mask((1, 1), (0, 0))),
    ],
    mistakes={
        "Look at the largest value. A very negative one speaks against the class.": (
            lambda values, mask: _hit(np.abs(values), mask)
        ),
        "You look at the smallest value.": lambda values, mask: _hit(-values, mask),
        "Rows come first, then columns.": _columns_first,
        "Only one pixel counts: the largest of the whole map, not the largest inside the mask.": (
            lambda values, mask: bool(values[mask].max() > 0)
        ),
        "The pointing game is stricter: the mean inside the mask does not matter.": (
            lambda values, mask: bool(values[mask].mean() > values[~mask].mean())
        ),
        "It is turned round: a hit is inside the mask.": lambda values, mask: (
            not _hit(values, mask)
        ),
        "The answer does not depend on the map yet.": lambda values, mask: bool(mask.any()),
    },
)


def _cam(channels: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    weights = gradients.mean(axis=(0, 1))
    return np.maximum((weights * channels).sum(axis=-1), 0)


_CHANNELS = _random.normal(size=(3, 4, 2))
_GRADIENTS = _random.normal(size=(3, 4, 2))

cam = Exercise(
    _cam,
    inputs=[
        (_CHANNELS, _GRADIENTS),
        (_random.random((4, 4, 3)), _random.normal(size=(4, 4, 3))),
    ],
    mistakes={
        "What speaks against the class becomes 0: take the maximum with 0 at the end.": (
            lambda channels, gradients: (gradients.mean(axis=(0, 1)) * channels).sum(axis=-1)
        ),
        "A channel has one weight: the mean of its gradient over rows and columns.": (
            lambda channels, gradients: np.maximum((gradients * channels).sum(axis=-1), 0)
        ),
        "The mean of the gradient, not its sum.": lambda channels, gradients: np.maximum(
            (gradients.sum(axis=(0, 1)) * channels).sum(axis=-1), 0
        ),
        "First add up the channels, then drop what is negative.": lambda channels, gradients: (
            np.maximum(gradients.mean(axis=(0, 1)) * channels, 0).sum(axis=-1)
        ),
        "A weight may be negative: that channel speaks against the class.": (
            lambda channels, gradients: np.maximum(
                (np.abs(gradients.mean(axis=(0, 1))) * channels).sum(axis=-1), 0
            )
        ),
        "Add up the channels, do not average them.": lambda channels, gradients: np.maximum(
            (gradients.mean(axis=(0, 1)) * channels).mean(axis=-1), 0
        ),
        "A map has rows and columns: add up over channels, the last axis.": (
            lambda channels, gradients: np.maximum(gradients.mean(axis=(0, 1)) * channels, 0)
        ),
    },
)


def _shares(gradients: np.ndarray, image: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    return (image - baseline) * gradients.mean(axis=0)


shares = Exercise(
    _shares,
    inputs=[
        (_random.normal(size=(5, 3, 4)), _random.random((3, 4)), _random.random((3, 4))),
        (_random.normal(size=(3, 2, 2)), np.ones((2, 2)), np.full((2, 2), 0.25)),
    ],
    mistakes={
        "Multiply by how far the pixel has moved: `image - baseline`.": (
            lambda gradients, image, baseline: gradients.mean(axis=0)
        ),
        "The path does not begin at zero: multiply by `image - baseline`.": (
            lambda gradients, image, baseline: image * gradients.mean(axis=0)
        ),
        "The mean over the points of the path, not the sum: more points must not change it.": (
            lambda gradients, image, baseline: (image - baseline) * gradients.sum(axis=0)
        ),
        "That is the gradient at the end of the path only.": (
            lambda gradients, image, baseline: (image - baseline) * gradients[-1]
        ),
        "That is the gradient at the beginning of the path only.": (
            lambda gradients, image, baseline: (image - baseline) * gradients[0]
        ),
        "The path goes from the baseline to the image: `image - baseline`.": (
            lambda gradients, image, baseline: (baseline - image) * gradients.mean(axis=0)
        ),
        "Keep the signs: else the sum is no longer the rise of the score.": (
            lambda gradients, image, baseline: np.abs(_shares(gradients, image, baseline))
        ),
    },
)
