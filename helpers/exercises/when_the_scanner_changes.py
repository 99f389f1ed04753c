"""Exercises of the lesson on other scanners: refusing, prevalence, entropy."""

import numpy as np

from helpers.exercises import Exercise


def _risk(confidence: np.ndarray, right: np.ndarray, coverage: float) -> float:
    count = round(coverage * len(right))
    surest = np.argsort(-confidence)[:count]
    return float(1 - np.mean(right[surest]))


_CONFIDENCE = np.array([0.9, 0.55, 0.99, 0.7, 0.8, 0.6, 0.95, 0.65, 0.75, 0.85])
_RIGHT = np.array([True, False, True, False, True, True, True, True, False, False])

risk = Exercise(
    _risk,
    inputs=[
        (_CONFIDENCE, _RIGHT, 0.5),
        (_CONFIDENCE, _RIGHT, 0.8),
        (_CONFIDENCE, _RIGHT, 1.0),
        (np.array([0.6, 0.95, 0.7, 0.8]), np.array([False, True, True, False]), 0.75),
    ],
    mistakes={
        "That is the accuracy of the answers; the risk is the share of wrong ones.": (
            lambda confidence, right, coverage: 1 - _risk(confidence, right, coverage)
        ),
        "You keep the least sure cases; refuse these, keep the surest.": (
            lambda confidence, right, coverage: _risk(-confidence, right, coverage)
        ),
        "You divide by all cases; the risk is that of the answers given.": (
            lambda confidence, right, coverage: _risk(confidence, right, coverage) * coverage
        ),
        "You keep the first cases as they come; sort by confidence first.": (
            lambda confidence, right, coverage: float(
                1 - np.mean(right[: round(coverage * len(right))])
            )
        ),
        "Coverage is the share of answers, not a limit of confidence.": (
            lambda confidence, right, coverage: (
                float(1 - np.mean(right[confidence > coverage])) if coverage < 0.99 else 0.0
            )
        ),
        "That is the number of wrong answers; divide by the number of answers.": (
            lambda confidence, right, coverage: (
                _risk(confidence, right, coverage) * round(coverage * len(right))
            )
        ),
    },
)


def _other_prevalence(chances: np.ndarray, here: float, there: float) -> np.ndarray:
    ill = chances * there / here
    healthy = (1 - chances) * (1 - there) / (1 - here)
    return ill / (ill + healthy)


_CHANCES = np.array([0.1, 0.5, 0.9, 0.99])

other_prevalence = Exercise(
    _other_prevalence,
    inputs=[(_CHANCES, 0.74, 0.1), (_CHANCES[1:] ** 2, 0.5, 0.8)],
    mistakes={
        "A probability above 1 is none: weigh both classes, then divide by their sum.": (
            lambda chances, here, there: chances * there / here
        ),
        "You go from there to here; swap the two.": lambda chances, here, there: _other_prevalence(
            chances, there, here
        ),
        "The healthy have a weight too: (1 - there) / (1 - here).": (
            lambda chances, here, there: (
                (chances * there / here) / (chances * there / here + 1 - chances)
            )
        ),
        "That is the chance of being healthy.": lambda chances, here, there: (
            1 - _other_prevalence(chances, here, there)
        ),
        "The prevalence in training is already in the score: divide by it.": (
            lambda chances, here, there: (
                chances * there / (chances * there + (1 - chances) * (1 - there))
            )
        ),
        "Nothing has changed: use the two prevalences.": lambda chances, here, there: chances,
    },
)


def _entropy(probabilities: np.ndarray) -> np.ndarray:
    logs = np.log(np.where(probabilities > 0, probabilities, 1))
    return -np.sum(probabilities * logs, axis=1)


_PROBABILITIES = np.array([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0], [0.25, 0.25, 0.5]])

entropy = Exercise(
    _entropy,
    inputs=[(_PROBABILITIES,), (np.array([[0.5, 0.5], [0.9, 0.1], [0.0, 1.0], [0.3, 0.7]]),)],
    mistakes={
        "The sign is missing: logarithms of probabilities are negative.": (
            lambda probabilities: -_entropy(probabilities)
        ),
        "A probability of zero gives NaN; it adds nothing to the sum.": lambda probabilities: (
            np.where((probabilities == 0).any(axis=1), np.nan, _entropy(probabilities))
        ),
        "That is in bits; use the natural logarithm.": lambda probabilities: (
            _entropy(probabilities) / np.log(2)
        ),
        "One number for all images; sum over the classes only.": lambda probabilities: float(
            _entropy(probabilities).sum()
        ),
        "You take the mean over the classes; take the sum.": lambda probabilities: (
            _entropy(probabilities) / probabilities.shape[1]
        ),
        "Each logarithm is weighted with its probability.": lambda probabilities: (
            -np.sum(np.log(np.where(probabilities > 0, probabilities, 1)), axis=1)
        ),
        "You sum over images; sum over the classes of each image.": lambda probabilities: _entropy(
            probabilities.T
        ),
    },
)
