"""Exercises of the lesson on three classes: tables, temperature, labels that may be wrong."""

import numpy as np

from helpers.exercises import Exercise

_rng = np.random.default_rng(0)


def _balanced(table: np.ndarray) -> float:
    return float(np.mean(np.diag(table) / table.sum(axis=1)))


balanced = Exercise(
    _balanced,
    inputs=[
        (np.array([[90, 8, 2], [3, 150, 47], [1, 20, 29]]),),
        (np.array([[40, 10], [90, 210]]),),
        (np.array([[7, 0, 3, 0], [1, 5, 0, 0], [0, 2, 30, 8], [1, 0, 0, 3]]),),
    ],
    mistakes={
        "That is the accuracy, in which large classes count more; take each row's share first.": (
            lambda table: float(np.trace(table) / table.sum())
        ),
        "You divide by what was answered; divide by what is true, the sum of each row.": (
            lambda table: float(np.mean(np.diag(table) / table.sum(axis=0)))
        ),
        "Those are the shares of each class; return their mean.": (
            lambda table: np.diag(table) / table.sum(axis=1)
        ),
        "That is their sum; return the mean.": lambda table: float(
            np.sum(np.diag(table) / table.sum(axis=1))
        ),
        "That is the share that is wrong.": lambda table: 1 - _balanced(table),
        "That counts cases; divide by the cases of each class.": lambda table: float(
            np.mean(np.diag(table))
        ),
    },
)


def _softened(p: np.ndarray, temperature: float) -> np.ndarray:
    powers = p ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _some(count: int, classes: int) -> np.ndarray:
    return _rng.dirichlet(np.ones(classes), count)


softened = Exercise(
    _softened,
    inputs=[
        (np.array([[0.9, 0.09, 0.01], [0.2, 0.5, 0.3]]), 2.0),
        (_some(4, 3), 0.7),
        (_some(3, 5), 3.0),
    ],
    mistakes={
        "The sum of each row is no longer 1: divide by it.": lambda p, t: p ** (1 / t),
        "You divide by the sum of each column; a row belongs to one image.": lambda p, t: (
            p ** (1 / t) / (p ** (1 / t)).sum(axis=0)
        ),
        "Divide the logarithms by the temperature; you multiply them.": lambda p, t: (
            p**t / (p**t).sum(axis=1, keepdims=True)
        ),
        "Divide the logarithms, not the probabilities: those come back as they were.": (
            lambda p, t: p / p.sum(axis=1, keepdims=True)
        ),
        "That is the softmax of probabilities; it needs their logarithms.": lambda p, t: (
            np.exp(p / t) / np.exp(p / t).sum(axis=1, keepdims=True)
        ),
        "You divide by the sum of all images; a row belongs to one image.": lambda p, t: (
            p ** (1 / t) / (p ** (1 / t)).sum()
        ),
    },
)


def _calibrated(joint: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.asarray(joint / joint.sum(axis=1, keepdims=True) * counts[:, None])


calibrated = Exercise(
    _calibrated,
    inputs=[
        (np.array([[80, 4, 1], [3, 60, 20], [2, 15, 40]]), np.array([100, 110, 70])),
        (np.array([[9, 3], [2, 20]]), np.array([20, 25])),
        (np.array([[5, 1, 2], [4, 30, 6], [0, 8, 11]]), np.array([9, 60, 21])),
    ],
    mistakes={
        "Divide by the sum of each row: a row belongs to one given label.": lambda joint, counts: (
            joint / joint.sum(axis=0, keepdims=True) * counts[:, None]
        ),
        "Each row, not each column, is stretched to the count of its label.": (
            lambda joint, counts: joint / joint.sum(axis=1, keepdims=True) * counts
        ),
        "Those are shares of each row; stretch them to the counts.": lambda joint, counts: (
            joint / joint.sum(axis=1, keepdims=True)
        ),
        "You stretch the table as a whole; each row has its own factor.": lambda joint, counts: (
            joint / joint.sum() * counts.sum()
        ),
        "Divide by each row's sum first: now the rows do not add up to the counts.": (
            lambda joint, counts: joint * counts[:, None]
        ),
        "You divide by the diagonal; divide by the sum of the row.": lambda joint, counts: (
            joint / np.diag(joint)[:, None] * counts[:, None]
        ),
    },
)


def _to_read(certainty: np.ndarray, wrong: np.ndarray, share: float) -> int:
    found = np.cumsum(wrong[np.argsort(certainty)])
    return int(np.argmax(found >= share * wrong.sum()) + 1)


to_read = Exercise(
    _to_read,
    inputs=[
        (
            np.array([0.9, 0.1, 0.8, 0.3, 0.2, 0.7, 0.05, 0.6]),
            np.array([0, 1, 0, 1, 0, 1, 1, 0]) == 1,
            0.5,
        ),
        (_rng.random(30), _rng.random(30) < 0.3, 0.8),
        (np.array([0.5, 0.4, 0.3, 0.2, 0.1]), np.array([1, 0, 1, 0, 0]) == 1, 1.0),
    ],
    mistakes={
        "The least certain come first; you begin with the most certain.": (
            lambda certainty, wrong, share: _to_read(-certainty, wrong, share)
        ),
        "Places begin at 0, children at 1: add one.": lambda certainty, wrong, share: (
            _to_read(certainty, wrong, share) - 1
        ),
        "You read in the order of the list; sort by certainty first.": (
            lambda certainty, wrong, share: _to_read(np.arange(len(wrong)), wrong, share)
        ),
        "The share is one of the wrong labels, not of all children.": (
            lambda certainty, wrong, share: int(np.ceil(share * len(wrong)))
        ),
        "That is how many wrong labels are wanted; how many children are read until then?": (
            lambda certainty, wrong, share: int(np.ceil(share * wrong.sum()))
        ),
        "That asks for more than the share; the share itself is enough.": (
            lambda certainty, wrong, share: int(
                np.argmax(
                    np.append(np.cumsum(wrong[np.argsort(certainty)]), np.inf) > share * wrong.sum()
                )
                + 1
            )
        ),
    },
)
