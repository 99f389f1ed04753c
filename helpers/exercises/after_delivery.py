"""Exercises of the lesson on what happens to a model after delivery."""

import math

import numpy as np

from helpers.exercises import Exercise

_rng = np.random.default_rng(0)


def _fewest(miss: float) -> int:
    return math.ceil(1 / miss) - 1


fewest = Exercise(
    _fewest,
    inputs=[(0.1,), (0.05,), (0.3,), (0.27,)],
    mistakes={
        "The new case is one of the n + 1: subtract it.": lambda miss: math.ceil(1 / miss),
        "Round up, then subtract: k must not be larger than n.": lambda miss: round(1 / miss) - 1,
        "Round up: with one case less there is no place k.": lambda miss: int(1 / miss) - 1,
        "Cases are whole: round up.": lambda miss: 1 / miss - 1,
        "`miss` is the share that may miss, not the one that is promised.": lambda miss: (
            math.ceil(1 / (1 - miss)) - 1
        ),
        "The new case is known to nobody: subtract 1, do not add it.": lambda miss: (
            math.ceil(1 / miss) + 1
        ),
    },
)


def _coverage(labels: np.ndarray, sets: np.ndarray) -> np.ndarray:
    return np.array([sets[labels == k, k].mean() for k in range(sets.shape[1])])


coverage = Exercise(
    _coverage,
    inputs=[
        (
            np.array([0, 1, 1, 0, 1, 0, 1]),
            np.array([[1, 0], [1, 1], [0, 1], [0, 0], [1, 0], [1, 1], [0, 1]]) == 1,
        ),
        (np.arange(30) % 3, _rng.random((30, 3)) < 0.7),
        (np.array([1, 0, 1, 1, 0]), np.array([[0, 1], [1, 0], [1, 0], [0, 1], [0, 1]]) == 1),
    ],
    mistakes={
        "That is how often a class is in a set; ask only cases of that class.": (
            lambda labels, sets: sets.mean(axis=0)
        ),
        "That is one number for all cases; give one for each class.": lambda labels, sets: sets[
            np.arange(len(labels)), labels
        ].mean(),
        "That asks sets with the class how often they are right; ask cases of the class.": (
            lambda labels, sets: np.array(
                [(labels[sets[:, k]] == k).mean() for k in range(sets.shape[1])]
            )
        ),
        "That is the share that misses.": lambda labels, sets: 1 - _coverage(labels, sets),
        "Divide by the number of cases of the class.": lambda labels, sets: np.array(
            [sets[labels == k, k].sum() for k in range(sets.shape[1])]
        ),
        "Divide by the number of cases of the class, not of all.": lambda labels, sets: np.array(
            [sets[labels == k, k].sum() / len(labels) for k in range(sets.shape[1])]
        ),
        "A set with other classes besides holds the truth, too.": lambda labels, sets: np.array(
            [
                (sets[labels == k, k] & (sets[labels == k].sum(axis=1) == 1)).mean()
                for k in range(sets.shape[1])
            ]
        ),
    },
)


def _curve(values: np.ndarray, at: np.ndarray) -> np.ndarray:
    return np.asarray(np.searchsorted(np.sort(values), at, side="right") / len(values))


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    both = np.concatenate([one, other])
    first = np.searchsorted(np.sort(one), both, side="right") / len(one)
    second = np.searchsorted(np.sort(other), both, side="right") / len(other)
    return float(np.max([first - second, second - first]))


def _unsorted(one: np.ndarray, other: np.ndarray) -> float:
    both = np.concatenate([one, other])
    below = np.searchsorted(one, both, side="right") / len(one)
    return float(np.max(np.abs(below - _curve(other, both))))


def _wrong_length(one: np.ndarray, other: np.ndarray) -> float:
    both = np.concatenate([one, other])
    second = _curve(other, both) * len(other) / len(one)
    return float(np.max(np.abs(_curve(one, both) - second)))


def _uneven(one: np.ndarray, other: np.ndarray) -> float:
    both = np.concatenate([one, other])
    first = np.searchsorted(np.sort(one), both, side="left") / len(one)
    return float(np.max(np.abs(first - _curve(other, both))))


def _one_way(one: np.ndarray, other: np.ndarray) -> float:
    both = np.concatenate([one, other])
    return float(np.max(_curve(one, both) - _curve(other, both)))


def _mean_gap(one: np.ndarray, other: np.ndarray) -> float:
    both = np.concatenate([one, other])
    return float(np.mean(np.abs(_curve(one, both) - _curve(other, both))))


distance = Exercise(
    _distance,
    inputs=[
        (np.array([5.0, 1.0, 3.0, 2.0, 4.5]), np.array([2.5, 7.0, 1.5])),
        (np.array([2.0, 8.0, 6.0]), np.array([1.0, 0.5, 3.0, 2.0, 2.0, 6.0, 4.0])),
        (_rng.normal(0, 1, 9), _rng.normal(0.5, 2, 14)),
        (np.array([0.3, 0.3, 0.1, 0.2]), np.array([0.2, 0.3, 0.3, 0.1, 0.3])),
    ],
    mistakes={
        "`one` is not sorted; `searchsorted` needs it so.": _unsorted,
        "`other` is not sorted; `searchsorted` needs it so.": lambda one, other: _unsorted(
            other, one
        ),
        "Each curve is divided by the number of its own values.": _wrong_length,
        "Both curves count values up to x: the same side for both.": _uneven,
        "A gap the other way round counts, too: take its size.": _one_way,
        "That is the mean gap; D is the largest.": _mean_gap,
        "That is the difference of the means; D is one of curves.": lambda one, other: float(
            abs(one.mean() - other.mean())
        ),
    },
)


def _any_false_alarm(level: float, batches: int) -> float:
    return 1 - (1 - level) ** batches


any_false_alarm = Exercise(
    _any_false_alarm,
    inputs=[(0.05, 52), (0.01, 12), (0.2, 3)],
    mistakes={
        "That is how many to expect; of many batches it is above 1.": lambda level, batches: (
            level * batches
        ),
        "That is the probability of an alarm in every batch.": lambda level, batches: (
            level**batches
        ),
        "That is the probability of no false alarm at all.": lambda level, batches: (
            (1 - level) ** batches
        ),
        "That is the probability that not every batch raises one.": lambda level, batches: (
            1 - level**batches
        ),
        "That is exactly one false alarm; more count, too.": lambda level, batches: (
            batches * level * (1 - level) ** (batches - 1)
        ),
    },
)
