"""Exercises of the lesson on several findings: gradient, averages, what goes together, a level."""

import numpy as np

from helpers.exercises import Exercise

_rng = np.random.default_rng(0)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-z)))


def _gradient(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.where(y < 0, 0, _sigmoid(z) - y)


gradient = Exercise(
    _gradient,
    inputs=[
        (np.array([[2.0, -1.0, 0.5], [0.0, 3.0, -2.0]]), np.array([[1, 0, -1], [-1, 1, 1]])),
        (_rng.normal(size=(4, 5)), _rng.integers(-1, 2, (4, 5))),
        (np.array([[1.5, -0.5]]), np.array([[0, 1]])),
    ],
    mistakes={
        "An unknown label stands as -1, and is used as a number; it moves nothing: 0.": (
            lambda z, y: _sigmoid(z) - y
        ),
        "You take unknown for absent; it moves nothing: 0.": (
            lambda z, y: _sigmoid(z) - np.maximum(y, 0)
        ),
        "You take unknown for present; it moves nothing: 0.": (
            lambda z, y: _sigmoid(z) - np.abs(y)
        ),
        "The sign: the gradient points to where the loss rises.": (
            lambda z, y: np.where(y < 0, 0, y - _sigmoid(z))
        ),
        "That is the gradient of a softmax; each finding has a sigmoid of its own.": (
            lambda z, y: np.where(
                y < 0, 0, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) - np.maximum(y, 0)
            )
        ),
        "The loss is summed over findings; you divide by how many are known.": (
            lambda z, y: _gradient(z, y) / np.maximum((y >= 0).sum(axis=1, keepdims=True), 1)
        ),
        "You subtract the label from the logit; from its sigmoid.": (
            lambda z, y: np.where(y < 0, 0, z - y)
        ),
    },
)


def _averages(labels: np.ndarray, called: np.ndarray) -> tuple[float, float]:
    hits, cases = (labels * called).sum(axis=0), labels.sum(axis=0)
    return float(np.mean(hits / cases)), float(hits.sum() / cases.sum())


averages = Exercise(
    _averages,
    inputs=[
        (
            np.array([[1, 0, 1], [1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0], [1, 0, 1]]),
            np.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 0, 0], [1, 0, 1]]),
        ),
        (np.array([[1, 1], [1, 0], [1, 0], [0, 1]]), np.array([[1, 1], [1, 1], [0, 0], [1, 0]])),
        (
            np.vstack([np.ones((1, 4), int), (_rng.random((30, 4)) < [0.6, 0.4, 0.2, 0.1])]),
            (_rng.random((31, 4)) < [0.8, 0.5, 0.4, 0.3]).astype(int),
        ),
    ],
    mistakes={
        "Macro first, then micro.": lambda labels, called: _averages(labels, called)[::-1],
        "You divide by what was called; of the cases, how many were called?": (
            lambda labels, called: (
                float(np.mean((labels * called).sum(axis=0) / np.maximum(called.sum(axis=0), 1))),
                float((labels * called).sum() / called.sum()),
            )
        ),
        "That counts right answers, with the absent ones; the sensitivity is one of the cases.": (
            lambda labels, called: (float(np.mean(labels == called)),) * 2
        ),
        "Macro is the mean over findings, columns; you take it over images.": (
            lambda labels, called: (
                float(np.mean((labels * called).sum(axis=1) / np.maximum(labels.sum(axis=1), 1))),
                _averages(labels, called)[1],
            )
        ),
        "Both are the macro average; micro puts all cases into one pot.": (
            lambda labels, called: (_averages(labels, called)[0],) * 2
        ),
        "Both are the micro average; macro is the mean of each finding's own share.": (
            lambda labels, called: (_averages(labels, called)[1],) * 2
        ),
    },
)


def _together(labels: np.ndarray) -> np.ndarray:
    there, known = (labels == 1).astype(float), (labels >= 0).astype(float)
    return np.asarray(there.T @ there / (there.T @ known))


def _there(labels: np.ndarray) -> np.ndarray:
    return (labels == 1).astype(float)


_LABELS = np.vstack([np.ones((1, 4), int), _rng.choice([-1, 0, 0, 1], (25, 4))])

together = Exercise(
    _together,
    inputs=[
        (np.array([[1, 1, 0], [1, 0, -1], [1, 1, 1], [0, 1, 0], [1, -1, 1], [0, 1, 0]]),),
        (_LABELS,),
        (np.array([[1, 0], [1, 1], [0, 1], [1, 1], [0, 0], [1, -1], [-1, 1]]),),
    ],
    mistakes={
        "Rows and columns are swapped: row j is about the images with finding j.": (
            lambda labels: _together(labels).T
        ),
        "Where k is unknown the image can't count: you take it for absent.": (
            lambda labels: _there(labels).T @ _there(labels) / _there(labels).sum(axis=0)[:, None]
        ),
        "You divide by all images; of those with finding j, how many have k?": (
            lambda labels: _there(labels).T @ _there(labels) / len(labels)
        ),
        "Those are counts; divide by the images with finding j in which k is known.": (
            lambda labels: _there(labels).T @ _there(labels)
        ),
        "Unknown labels, -1, are multiplied as if they were numbers.": (
            lambda labels: labels.T @ labels / (_there(labels).T @ (labels >= 0))
        ),
        "That is how often both are alike; only images with finding j count.": (
            lambda labels: np.mean(labels[:, :, None] == labels[:, None, :], axis=0)
        ),
    },
)


def _level(findings: int, overall: float) -> float:
    return 1 - (1 - overall) / findings


level = Exercise(
    _level,
    inputs=[(14, 0.95), (5, 0.9), (3, 0.99)],
    mistakes={
        "Divide the error, not the level.": lambda findings, overall: overall / findings,
        "With that level for each, one of many fails far too often.": (
            lambda findings, overall: overall
        ),
        "That is how often all hold at once, if each has that level: solve for the level.": (
            lambda findings, overall: overall**findings
        ),
        "That is right for findings that are independent; these go together. Divide the error.": (
            lambda findings, overall: overall ** (1 / findings)
        ),
        "That is the error of each interval; the level is what is left.": (
            lambda findings, overall: (1 - overall) / findings
        ),
        "You multiply the error; for many findings each must be surer, not less sure.": (
            lambda findings, overall: 1 - (1 - overall) * findings
        ),
    },
)
