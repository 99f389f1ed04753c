"""Exercises of the lesson that trains a network on chest X-rays."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]
Improves = Callable[[Sequence[float], int, int], bool]


def _stop(
    losses: Sequence[float],
    patience: int,
    improves: Improves = lambda losses, epoch, best: losses[epoch] < losses[best],
) -> tuple[int, int]:
    """Return the kept epoch and the last one, counted from 0."""
    best = waited = epoch = 0
    for epoch in range(1, len(losses)):
        if improves(losses, epoch, best):
            best, waited = epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return best, epoch


def _from_one(epochs: tuple[int, int]) -> tuple[int, int]:
    return epochs[0] + 1, epochs[1] + 1


kept_epoch = Exercise(
    solution=lambda losses, patience: _from_one(_stop(losses, patience)),
    inputs=[
        ([0.5, 0.3, 0.2, 0.25, 0.22, 0.21, 0.23, 0.1, 0.3], 3),
        ([0.5, 0.4, 0.3], 3),
        ([0.2, 0.3, 0.4, 0.5], 2),
        ([0.5, 0.4, 0.4, 0.4, 0.3], 2),
        ([0.5, 0.2, 0.4, 0.3, 0.25, 0.1], 3),
    ],
    mistakes={
        "Count epochs from 1, as Keras prints them.": lambda losses, patience: _stop(
            losses, patience
        ),
        "Training has stopped by then: a lower loss that would come later is never seen.": (
            lambda losses, patience: (
                int(np.argmin(losses)) + 1,
                _stop(losses, patience)[1] + 1,
            )
        ),
        "Without patience all epochs would run; when is it used up?": lambda losses, patience: (
            int(np.argmin(losses)) + 1,
            len(losses),
        ),
        "The weights that are kept are the best epoch's, not the last one's.": (
            lambda losses, patience: (_stop(losses, patience)[1] + 1,) * 2
        ),
        "Compare with the best loss so far, not with the epoch before.": (
            lambda losses, patience: _from_one(
                _stop(losses, patience, lambda values, epoch, _: values[epoch] < values[epoch - 1])
            )
        ),
        "An equal loss is no improvement.": lambda losses, patience: _from_one(
            _stop(losses, patience, lambda values, epoch, best: values[epoch] <= values[best])
        ),
        "One epoch too many: with a patience of 3 the third without a new best is the last.": (
            lambda losses, patience: _from_one(_stop(losses, patience + 1))
        ),
        "Both are right, in the other order: first the epoch that is kept.": (
            lambda losses, patience: _from_one(_stop(losses, patience))[::-1]
        ),
    },
)


def _rates(labels: Array, decisions: Array) -> tuple[float, float]:
    return float(np.mean(decisions[labels == 1])), float(np.mean(~decisions[labels == 0]))


_LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1, 1])
_SCORES = np.array([0.1, 0.3, 0.8, 0.55, 0.9, 0.7, 0.8, 0.4, 0.55])

rates = Exercise(
    solution=lambda labels, scores, threshold: _rates(labels, scores > threshold),
    inputs=[
        (_LABELS, _SCORES, 0.5),
        (_LABELS, _SCORES, 0.55),
        (_LABELS, _SCORES, 0.2),
        (np.array([1, 0, 1, 0, 0, 1]), np.array([0.2, 0.6, 0.9, 0.35, 0.1, 0.55]), 0.4),
    ],
    mistakes={
        "Both are right, in the other order: sensitivity comes first.": (
            lambda labels, scores, threshold: _rates(labels, scores > threshold)[::-1]
        ),
        "Your threshold is fixed at 0.5; use the one that is given.": (
            lambda labels, scores, threshold: _rates(labels, scores > 0.5)
        ),
        "A score that equals the threshold is not above it.": (
            lambda labels, scores, threshold: _rates(labels, scores >= threshold)
        ),
        "The first is the precision: divide by the pneumonia cases, not by the alarms.": (
            lambda labels, scores, threshold: (
                float(np.mean(labels[scores > threshold] == 1)),
                _rates(labels, scores > threshold)[1],
            )
        ),
        "The second is the share of false alarms; specificity is the share without one.": (
            lambda labels, scores, threshold: (
                _rates(labels, scores > threshold)[0],
                1 - _rates(labels, scores > threshold)[1],
            )
        ),
        "Divide by the cases of that class, not by all cases.": (
            lambda labels, scores, threshold: (
                float(np.mean((scores > threshold) & (labels == 1))),
                float(np.mean((scores <= threshold) & (labels == 0))),
            )
        ),
        "The decisions are turned around: a high score says pneumonia.": (
            lambda labels, scores, threshold: _rates(labels, scores < threshold)
        ),
    },
)

predictive_value = Exercise(
    solution=lambda sensitivity, specificity, prevalence: (
        sensitivity * prevalence / (sensitivity * prevalence + (1 - specificity) * (1 - prevalence))
    ),
    inputs=[(0.98, 0.6, 0.625), (0.98, 0.6, 0.05), (0.7, 0.9, 0.3)],
    mistakes={
        "This is the sensitivity: the share of alarms among the ill. Turn the question around.": (
            lambda sensitivity, specificity, prevalence: sensitivity
        ),
        "You count the true alarms only; divide them by all alarms.": (
            lambda sensitivity, specificity, prevalence: sensitivity * prevalence
        ),
        "A well person gets an alarm with probability 1 - specificity.": (
            lambda sensitivity, specificity, prevalence: (
                sensitivity
                * prevalence
                / (sensitivity * prevalence + specificity * (1 - prevalence))
            )
        ),
        "The well are 1 - prevalence of all; weight their alarms by it.": (
            lambda sensitivity, specificity, prevalence: (
                sensitivity * prevalence / (sensitivity * prevalence + 1 - specificity)
            )
        ),
        "Prevalence is missing: this holds only if half of all are ill.": (
            lambda sensitivity, specificity, prevalence: (
                sensitivity / (sensitivity + 1 - specificity)
            )
        ),
        "This is the share of the well among those without an alarm.": (
            lambda sensitivity, specificity, prevalence: (
                specificity
                * (1 - prevalence)
                / (specificity * (1 - prevalence) + (1 - sensitivity) * prevalence)
            )
        ),
        "This is the share of false alarms among the alarms; take the other part.": (
            lambda sensitivity, specificity, prevalence: (
                (1 - specificity)
                * (1 - prevalence)
                / (sensitivity * prevalence + (1 - specificity) * (1 - prevalence))
            )
        ),
    },
)
