"""Exercises of the lesson on simulated images: attenuation, paths, contrast."""

import numpy as np

from helpers.exercises import Exercise


def _transmitted(photons: float, lengths: list[float], attenuation: list[float]) -> float:
    return float(photons * np.exp(-np.dot(lengths, attenuation)))


transmitted = Exercise(
    _transmitted,
    inputs=[(1000.0, [2.0, 5.0], [0.22, 0.053]), (50.0, [1.0, 0.5, 3.0], [0.6, 0.2, 0.1])],
    mistakes={
        "Photons are lost on the way, so the exponent is negative.": lambda n, d, mu: (
            n * np.exp(np.dot(d, mu))
        ),
        "That is the share that comes through; multiply by the photons that enter.": (
            lambda n, d, mu: np.exp(-np.dot(d, mu))
        ),
        "That is how many are stopped. How many come through?": lambda n, d, mu: (
            n - _transmitted(n, d, mu)
        ),
        "Each layer has its own length: multiply each by its own attenuation before you sum.": (
            lambda n, d, mu: n * np.exp(-np.sum(d) * np.sum(mu))
        ),
        "A layer takes a share of what reaches it, so layers multiply: their exponents add up, "
        "not what comes through each.": lambda n, d, mu: n * np.sum(np.exp(-np.multiply(d, mu))),
        "The base is e, not ten.": lambda n, d, mu: n * 10 ** -np.dot(d, mu),
        "A straight line holds for thin layers only; here the loss is exponential.": (
            lambda n, d, mu: n * (1 - np.dot(d, mu))
        ),
    },
)


def _path(x: float, y: float, a: float, b: float, c: float) -> np.ndarray:
    return 2 * c * np.sqrt(np.maximum(1 - (x / a) ** 2 - (y / b) ** 2, 0))


def _shell(x: float, y: float, a: float, b: float, c: float, wall: float) -> np.ndarray:
    return _path(x, y, a, b, c) - _path(x, y, a - wall, b - wall, c - wall)


def _through_holes(x: float, y: float, a: float, b: float, c: float, wall: float) -> np.ndarray:
    inner = 1 - (x / (a - wall)) ** 2 - (y / (b - wall)) ** 2
    return _path(x, y, a, b, c) - 2 * (c - wall) * np.sqrt(np.abs(inner))


shell = Exercise(
    _shell,
    inputs=[
        (1.0, 0.7, 4.0, 5.0, 3.0, 0.5),
        (3.8, 0.0, 4.0, 5.0, 3.0, 0.5),
        (6.0, 1.0, 5.0, 4.0, 2.0, 0.8),
        (0.4, -1.2, 3.0, 2.5, 2.0, 0.3),
    ],
    mistakes={
        "That is the way through the outer ellipsoid; take off the way through the hole.": (
            lambda x, y, a, b, c, wall: _path(x, y, a, b, c)
        ),
        "That is the way through the hole only.": lambda x, y, a, b, c, wall: _path(
            x, y, a - wall, b - wall, c - wall
        ),
        "The hole is shorter along the ray too: its third half axis is `c - wall`.": (
            lambda x, y, a, b, c, wall: _path(x, y, a, b, c) - _path(x, y, a - wall, b - wall, c)
        ),
        "A ray enters and leaves: the way is twice the half axis.": lambda x, y, a, b, c, wall: (
            _shell(x, y, a, b, c, wall) / 2
        ),
        "`wall` is taken off each half axis once: the hole has a wall on both sides already.": (
            lambda x, y, a, b, c, wall: _shell(x, y, a, b, c, 2 * wall)
        ),
        "A ray that misses the hole goes no way through it: nothing below zero under the root.": (
            _through_holes
        ),
        "Subtract the hole; do not add it.": lambda x, y, a, b, c, wall: (
            _path(x, y, a, b, c) + _path(x, y, a - wall, b - wall, c - wall)
        ),
    },
)


def _contrast_to_noise(image: np.ndarray, mask: np.ndarray) -> float:
    return float(abs(image[mask].mean() - image[~mask].mean()) / image[~mask].std())


_RANDOM = np.random.default_rng(0)
_MASK = np.zeros((6, 6), bool)
_MASK[1:3, 2:5] = True
_DARK = _RANDOM.normal(5, 1, (6, 6)) - 3 * _MASK
_BRIGHT = _RANDOM.normal(1, 0.5, (6, 6)) + 2 * _MASK

contrast_to_noise = Exercise(
    _contrast_to_noise,
    inputs=[(_DARK, _MASK), (_BRIGHT, _MASK), (_DARK[:5] ** 2, _MASK.T[1:])],
    mistakes={
        "A dark lesion can be seen as well: take the difference without its sign.": (
            lambda image, mask: (image[mask].mean() - image[~mask].mean()) / image[~mask].std()
        ),
        "That is the contrast; divide it by the noise.": lambda image, mask: abs(
            image[mask].mean() - image[~mask].mean()
        ),
        "Noise is the standard deviation, not the variance.": lambda image, mask: (
            abs(image[mask].mean() - image[~mask].mean()) / image[~mask].var()
        ),
        "Measure the noise outside: over the whole image the lesion itself counts as noise.": (
            lambda image, mask: abs(image[mask].mean() - image[~mask].mean()) / image.std()
        ),
        "Measure the noise outside the mask, not inside.": lambda image, mask: (
            abs(image[mask].mean() - image[~mask].mean()) / image[mask].std()
        ),
        "Compare with the mean outside the mask, not with that of the whole image.": (
            lambda image, mask: abs(image[mask].mean() - image.mean()) / image[~mask].std()
        ),
        "Divide by the noise, not by the mean outside.": lambda image, mask: (
            abs(image[mask].mean() - image[~mask].mean()) / image[~mask].mean()
        ),
    },
)
