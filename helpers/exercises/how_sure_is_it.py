"""Exercises of the lesson on intervals and comparisons (S6.5)."""

import numpy as np

from helpers.exercises import Exercise


def _auc(ill: np.ndarray, healthy: np.ndarray) -> float:
    difference = ill[:, None] - healthy[None]
    return float(np.mean((difference > 0) + (difference == 0) / 2))


def _side_by_side(ill: np.ndarray, healthy: np.ndarray) -> float:
    count = min(len(ill), len(healthy))
    difference = ill[:count] - healthy[:count]
    return float(np.mean((difference > 0) + (difference == 0) / 2))


auc = Exercise(
    _auc,
    inputs=[
        (np.array([0.9, 0.6, 0.7]), np.array([0.1, 0.6, 0.65, 0.2])),
        (np.array([0.4, 0.8]), np.array([0.4, 0.5, 0.1, 0.9, 0.3])),
    ],
    mistakes={
        "A tie counts half; you count it as nothing.": lambda ill, healthy: float(
            np.mean(ill[:, None] > healthy[None])
        ),
        "A tie counts half; you count it in full.": lambda ill, healthy: float(
            np.mean(ill[:, None] >= healthy[None])
        ),
        "The other way round: the ill should score higher.": lambda ill, healthy: _auc(
            healthy, ill
        ),
        "Take every ill case with every healthy one, not the first with the first.": _side_by_side,
        "That is the number of pairs; divide by how many there are.": lambda ill, healthy: (
            _auc(ill, healthy) * len(ill) * len(healthy)
        ),
        "Divide by all pairs, not by the number of cases.": lambda ill, healthy: (
            _auc(ill, healthy) * len(ill) * len(healthy) / (len(ill) + len(healthy))
        ),
        "That compares the mean scores; the AUC is about pairs.": lambda ill, healthy: float(
            ill.mean() > healthy.mean()
        ),
    },
)


def _worth(patients: int, images: int, rho: float) -> float:
    return patients * images / (1 + (images - 1) * rho)


worth = Exercise(
    _worth,
    inputs=[(50, 4, 0.5), (120, 3, 0.2), (80, 2, 0.9)],
    mistakes={
        "All images count as if each were another patient's.": lambda n, m, rho: float(n * m),
        "Only patients count: that is right for a correlation of one.": lambda n, m, rho: float(n),
        "One image of each patient is no repetition: the factor has m - 1, not m.": (
            lambda n, m, rho: n * m / (1 + m * rho)
        ),
        "The factor divides: correlated images are worth less.": lambda n, m, rho: (
            n * m * (1 + (m - 1) * rho)
        ),
        "That is the factor; divide the number of images by it.": lambda n, m, rho: (
            1 + (m - 1) * rho
        ),
        "All images, not the patients, are divided by the factor.": lambda n, m, rho: (
            n / (1 + (m - 1) * rho)
        ),
    },
)


def _difference(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    gaps = a.astype(float) - b
    return float(gaps.mean()), float(gaps.std(ddof=1) / np.sqrt(len(gaps)))


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a)))


difference = Exercise(
    _difference,
    inputs=[
        (np.array([1, 1, 0, 1, 1, 0, 1, 1]), np.array([1, 0, 0, 1, 1, 0, 1, 0])),
        (np.array([0, 1, 1, 0, 1]), np.array([1, 1, 0, 1, 1])),
    ],
    mistakes={
        "That adds the variances of both: it forgets that the cases are the same.": (
            lambda a, b: (_difference(a, b)[0], _apart(a, b))
        ),
        "That is the deviation of one case; the mean of n cases varies less, by the root of n.": (
            lambda a, b: (_difference(a, b)[0], float((a.astype(float) - b).std(ddof=1)))
        ),
        "Divide by n - 1 in the variance.": lambda a, b: (
            _difference(a, b)[0],
            float((a.astype(float) - b).std() / np.sqrt(len(a))),
        ),
        "The other way round: a minus b.": lambda a, b: _difference(b, a),
        "Divide the deviation by the root of n, not by n.": lambda a, b: (
            _difference(a, b)[0],
            _difference(a, b)[1] / np.sqrt(len(a)),
        ),
    },
)
