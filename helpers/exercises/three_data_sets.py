"""Exercises of the lesson on three data sets."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from helpers.exercises import Exercise

Array = NDArray[np.float64]


def _difference(a: Array, b: Array) -> tuple[float, float]:
    d = a - b
    half = stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))
    return float(d.mean()), float(half)


def _unpaired(a: Array, b: Array) -> tuple[float, float]:
    spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / len(a))
    return float((a - b).mean()), float(stats.t.ppf(0.975, len(a) - 1) * spread)


seed_difference = Exercise(
    _difference,
    inputs=[
        (np.array([0.93, 0.95, 0.91, 0.96, 0.94]), np.array([0.90, 0.93, 0.90, 0.94, 0.92])),
        (np.array([0.7, 0.8, 0.75]), np.array([0.72, 0.79, 0.71])),
    ],
    mistakes={
        "Subtract b from a, seed by seed; you have the sign the other way round.": (
            lambda a, b: _difference(b, a)
        ),
        "The seeds are pairs: take the spread of the differences.": _unpaired,
        "With so few seeds take Student's t, not 1.96.": lambda a, b: (
            float((a - b).mean()),
            float(1.96 * (a - b).std(ddof=1) / np.sqrt(len(a))),
        ),
        "Estimate the standard deviation with n - 1 (ddof=1).": lambda a, b: (
            float((a - b).mean()),
            float(stats.t.ppf(0.975, len(a) - 1) * (a - b).std() / np.sqrt(len(a))),
        ),
        "The interval is of the mean: divide by the root of the number of seeds.": lambda a, b: (
            float((a - b).mean()),
            float(stats.t.ppf(0.975, len(a) - 1) * (a - b).std(ddof=1)),
        ),
        "Two-sided: 2.5 % on each side, so t at 0.975.": lambda a, b: (
            float((a - b).mean()),
            float(stats.t.ppf(0.95, len(a) - 1) * (a - b).std(ddof=1) / np.sqrt(len(a))),
        ),
    },
)


def _kappa(table: Array, power: float = 2) -> float:
    table = np.asarray(table, float)
    grades = np.arange(len(table))
    cost = np.abs(grades[:, None] - grades) ** power
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(1 - (cost * table).sum() / (cost * chance).sum())


def _chance_not_divided(table: Array) -> float:
    table = np.asarray(table, float)
    grades = np.arange(len(table))
    cost = (grades[:, None] - grades) ** 2
    chance = np.outer(table.sum(axis=1), table.sum(axis=0))
    return float(1 - (cost * table).sum() / (cost * chance).sum())


def _even_chance(table: Array) -> float:
    table = np.asarray(table, float)
    grades = np.arange(len(table))
    cost = (grades[:, None] - grades) ** 2
    return float(1 - (cost * table).sum() / (cost * table.mean()).sum())


quadratic_kappa = Exercise(
    lambda table: _kappa(table),
    inputs=[
        (np.array([[20, 5, 1], [4, 10, 6], [0, 3, 11]]),),
        (np.array([[8, 0, 2, 0], [1, 5, 1, 0], [0, 2, 6, 1], [3, 0, 1, 9]]),),
    ],
    mistakes={
        "The cost is the square of the distance; yours is the distance.": (
            lambda table: _kappa(table, 1)
        ),
        "All mistakes cost the same in yours; let the cost grow with the distance.": (
            lambda table: _unweighted(table)
        ),
        "That is the ratio of costs; kappa is 1 minus it.": lambda table: 1 - _kappa(table),
        "Divide the products of row and column sums by the number of cases.": _chance_not_divided,
        "Chance follows the row and column sums; it is not the same everywhere.": _even_chance,
        "That is the share on the diagonal: accuracy.": lambda table: float(
            np.trace(table) / np.sum(table)
        ),
    },
)


def _unweighted(table: Array) -> float:
    table = np.asarray(table, float)
    chance = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(1 - (table.sum() - np.trace(table)) / (table.sum() - np.trace(chance)))


def _ensemble(chances: Array, labels: Array) -> float:
    return float(np.mean(chances.mean(axis=0).argmax(axis=1) == labels))


def _vote(chances: Array, labels: Array) -> float:
    votes = np.eye(chances.shape[2])[chances.argmax(axis=2)].sum(axis=0)
    return float(np.mean(votes.argmax(axis=1) == labels))


def _each(chances: Array, labels: Array) -> Array:
    return np.mean(chances.argmax(axis=2) == labels, axis=1)


_CHANCES = np.random.default_rng(1).dirichlet([1.0, 1.0, 1.0], (3, 40))
_LABELS = np.random.default_rng(1).integers(3, size=40)

ensemble_accuracy = Exercise(
    _ensemble,
    inputs=[(_CHANCES, _LABELS), (_CHANCES[:, :20], _LABELS[:20])],
    mistakes={
        "That is the mean of the networks' accuracies; average probabilities first.": (
            lambda chances, labels: float(_each(chances, labels).mean())
        ),
        "That is the best network's accuracy, chosen by the test images.": (
            lambda chances, labels: float(_each(chances, labels).max())
        ),
        "You let the networks vote; average their probabilities.": _vote,
        "You take the largest probability that any network gives; take the mean.": (
            lambda chances, labels: float(np.mean(chances.max(axis=0).argmax(axis=1) == labels))
        ),
        "That is the first network alone.": lambda chances, labels: float(
            _each(chances, labels)[0]
        ),
        "You count the wrong answers.": lambda chances, labels: 1 - _ensemble(chances, labels),
    },
)
