"""Exercises of the lesson that tells shared patients from images that come from elsewhere."""

import numpy as np

from helpers.exercises import Exercise

_rng = np.random.default_rng(0)


def _matches(likeness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    best = np.argmax(likeness, axis=1)
    ordered = np.sort(likeness)
    return best, ordered[:, -1] - ordered[:, -2]


def _by_columns(likeness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return _matches(likeness.T)


def _least(likeness: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.argmin(likeness, axis=1), _matches(likeness)[1]


matches = Exercise(
    _matches,
    inputs=[
        (_rng.uniform(-1, 1, (4, 6)),),
        (np.array([[0.99, 0.98, 0.1], [0.2, 0.3, 0.95]]),),
        (_rng.uniform(0.5, 1, (5, 3)),),
    ],
    mistakes={
        "You go down the columns: one row belongs to one image.": _by_columns,
        "That is the least alike; take the most alike.": _least,
        "That is the likeness of the best; the margin is what it has ahead of the second.": (
            lambda likeness: (_matches(likeness)[0], likeness.max(axis=1))
        ),
        "The margin is ahead of the second best, not of the last.": lambda likeness: (
            _matches(likeness)[0],
            np.ptp(likeness, axis=1),
        ),
        "The margin is ahead of the second best, not of the mean.": lambda likeness: (
            _matches(likeness)[0],
            likeness.max(axis=1) - likeness.mean(axis=1),
        ),
        "The margin has the other sign: best minus second.": lambda likeness: (
            _matches(likeness)[0],
            -_matches(likeness)[1],
        ),
    },
)


def _blame(by_child: np.ndarray, at_random: np.ndarray, test: np.ndarray) -> tuple[float, float]:
    return float(np.mean(at_random - by_child)), float(np.mean(by_child - test))


blame = Exercise(
    _blame,
    inputs=[
        (np.array([0.90, 0.93, 0.91]), np.array([0.92, 0.93, 0.94]), np.array([0.61, 0.70, 0.55])),
        (np.array([0.80, 0.70]), np.array([0.95, 0.99]), np.array([0.79, 0.66])),
        (np.array([0.75]), np.array([0.75]), np.array([0.80])),
    ],
    mistakes={
        "You have the two the other way round: first the part of shared children.": (
            lambda by_child, at_random, test: _blame(by_child, at_random, test)[::-1]
        ),
        "The second part starts from the split by child: nothing but the place differs there.": (
            lambda by_child, at_random, test: (
                float(np.mean(at_random - by_child)),
                float(np.mean(at_random - test)),
            )
        ),
        "The first part has the other sign: what sharing adds is positive.": (
            lambda by_child, at_random, test: (
                float(np.mean(by_child - at_random)),
                float(np.mean(by_child - test)),
            )
        ),
        "The second part has the other sign: what is lost elsewhere is positive.": (
            lambda by_child, at_random, test: (
                float(np.mean(at_random - by_child)),
                float(np.mean(test - by_child)),
            )
        ),
        "Those are differences for each seed; return their means.": (
            lambda by_child, at_random, test: (at_random - by_child, by_child - test)
        ),
        "Those are shares of the whole gap; return points.": lambda by_child, at_random, test: (
            float(np.mean(at_random - by_child) / (np.mean(at_random - test) or 1) + 9),
            float(np.mean(by_child - test) / (np.mean(at_random - test) or 1) + 9),
        ),
    },
)


def _told_apart(here: np.ndarray, there: np.ndarray) -> float:
    return float(np.mean(there[:, None] > here) + 0.5 * np.mean(there[:, None] == here))


told_apart = Exercise(
    _told_apart,
    inputs=[
        (np.array([0.1, 0.2, 0.3, 0.6]), np.array([0.25, 0.7])),
        (np.array([1.0, 2.0, 2.0]), np.array([2.0, 2.0, 3.0, 0.0, 5.0])),
        (np.array([3, 1, 2]), np.array([1, 0])),
    ],
    mistakes={
        "That is the other direction: count pairs in which the new image has the higher score.": (
            lambda here, there: _told_apart(there, here)
        ),
        "Equal scores count half.": lambda here, there: float(np.mean(there[:, None] > here)),
        "Equal scores count half, not whole.": lambda here, there: float(
            np.mean(there[:, None] >= here)
        ),
        "That is a number of pairs; divide by the number of all pairs.": lambda here, there: (
            _told_apart(here, there) * len(here) * len(there)
        ),
        "That compares means; compare each with each.": lambda here, there: float(
            there.mean() > here.mean()
        ),
        "Compare each new image with each old one, not with their mean.": lambda here, there: float(
            np.mean(there > here.mean())
        ),
    },
)
