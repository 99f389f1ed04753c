"""Exercises of the lesson on several modalities: late fusion, modality dropout, paired gains."""

import numpy as np

from helpers.exercises import Exercise


def _join(parts: np.ndarray) -> np.ndarray:
    product = np.prod(parts, axis=0)
    return product / product.sum()


join = Exercise(
    _join,
    inputs=[
        (np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]]),),
        (np.array([[0.7, 0.3], [0.8, 0.2], [0.4, 0.6]]),),
    ],
    mistakes={
        "That is the mean; multiply the probabilities.": lambda parts: parts.mean(axis=0),
        "The product does not sum to one; divide it by its sum.": lambda parts: parts.prod(axis=0),
        "You multiply the classes of a network; multiply the networks.": lambda parts: (
            parts.prod(axis=1) / parts.prod(axis=1).sum()
        ),
        "That is the sum; multiply the probabilities.": lambda parts: parts.sum(axis=0),
        "You take a root: that is the geometric mean, which is less sure than Bayes' rule.": (
            lambda parts: (
                parts.prod(axis=0) ** (1 / len(parts))
                / np.sum(parts.prod(axis=0) ** (1 / len(parts)))
            )
        ),
        "Softmax is for scores; these are probabilities already.": lambda parts: (
            np.exp(parts.prod(axis=0)) / np.exp(parts.prod(axis=0)).sum()
        ),
        "You take the largest of each class; use all of them.": lambda parts: (
            parts.max(axis=0) / parts.max(axis=0).sum()
        ),
    },
)


def _kept(draws: np.ndarray, chance: float) -> np.ndarray:
    keep = draws >= chance
    keep[~keep.any(axis=1)] = True
    return keep


def _any_dropped(draws: np.ndarray, chance: float) -> np.ndarray:
    keep = draws >= chance
    keep[~keep.all(axis=1)] = True
    return keep


def _first_only(draws: np.ndarray, chance: float) -> np.ndarray:
    keep = draws >= chance
    keep[~keep.any(axis=1), 0] = True
    return keep


def _columns(draws: np.ndarray, chance: float) -> np.ndarray:
    keep = draws >= chance
    keep[:, ~keep.any(axis=0)] = True
    return keep


kept = Exercise(
    _kept,
    inputs=[
        (np.array([[0.9, 0.1, 0.6], [0.1, 0.2, 0.05], [0.3, 0.7, 0.1], [0.6, 0.8, 0.9]]), 0.3),
        (np.array([[0.45, 0.9], [0.4, 0.1], [0.2, 0.3]]), 0.5),
    ],
    mistakes={
        "The other way round: you return what is left out.": lambda draws, chance: (
            ~_kept(draws, chance)
        ),
        "An image without any modality is left; let it keep all.": lambda draws, chance: (
            draws >= chance
        ),
        "Only an image that would lose all of them keeps all; you give back to the others too.": (
            _any_dropped
        ),
        "An image that would lose all keeps all, not only the first.": _first_only,
        "Look at each image (a row), not at each modality (a column).": _columns,
        "Each image has draws of its own; you use those of the first.": lambda draws, chance: (
            np.broadcast_to(_kept(draws[:1], chance), draws.shape)
        ),
        "`chance` is that of being left out; you keep with that chance.": lambda draws, chance: (
            _kept(1 - draws, 1 - chance)
        ),
    },
)


def _paired_gain(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    difference = a - b
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))


paired_gain = Exercise(
    _paired_gain,
    inputs=[
        (np.array([0.91, 0.88, 0.93, 0.9]), np.array([0.89, 0.87, 0.9, 0.86])),
        (np.array([0.7, 0.75, 0.72]), np.array([0.71, 0.7, 0.73])),
    ],
    mistakes={
        "You subtract the wrong way round: first `a`, then `b`.": lambda a, b: (
            -_paired_gain(a, b)[0],
            _paired_gain(a, b)[1],
        ),
        "Pairs share their seed: take the differences first, and the spread of those.": (
            lambda a, b: (
                _paired_gain(a, b)[0],
                np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)),
            )
        ),
        "That is the spread of single differences; a mean varies less, by the root of n.": (
            lambda a, b: (_paired_gain(a, b)[0], (a - b).std(ddof=1))
        ),
        "Estimate the spread with `ddof=1`: the mean comes from the same few runs.": lambda a, b: (
            _paired_gain(a, b)[0],
            (a - b).std() / np.sqrt(len(a)),
        ),
        "Divide by the root of n, not by n.": lambda a, b: (
            _paired_gain(a, b)[0],
            (a - b).std(ddof=1) / len(a),
        ),
        "The root is missing: that is the variance of the mean.": lambda a, b: (
            _paired_gain(a, b)[0],
            _paired_gain(a, b)[1] ** 2,
        ),
        "A loss counts as a loss: keep the signs of the differences.": lambda a, b: _paired_gain(
            np.maximum(a, b), np.minimum(a, b)
        ),
    },
)
