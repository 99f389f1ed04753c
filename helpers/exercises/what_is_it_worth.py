"""Exercises of the lesson that says what a model is worth (S6.5)."""

import numpy as np

from helpers.exercises import Exercise


def _alarm_is_right(sensitivity: float, specificity: float, prevalence: float) -> float:
    hits = sensitivity * prevalence
    return hits / (hits + (1 - specificity) * (1 - prevalence))


alarm_is_right = Exercise(
    _alarm_is_right,
    inputs=[(0.9, 0.8, 0.1), (0.6, 0.95, 0.3), (0.75, 0.7, 0.02)],
    mistakes={
        "The prevalence is missing: that is the value where half of all are ill.": (
            lambda se, sp, ill: se / (se + 1 - sp)
        ),
        "That is the negative predictive value: how often silence is right.": lambda se, sp, ill: (
            sp * (1 - ill) / (sp * (1 - ill) + (1 - se) * ill)
        ),
        "False alarms are 1 - specificity of the healthy; you take the specificity itself.": (
            lambda se, sp, ill: se * ill / (se * ill + sp * (1 - ill))
        ),
        "False alarms come from the healthy: weigh them with 1 - prevalence.": lambda se, sp, ill: (
            se * ill / (se * ill + 1 - sp)
        ),
        "That is the share of all who raise an alarm. Which part of it is ill?": (
            lambda se, sp, ill: se * ill + (1 - sp) * (1 - ill)
        ),
        "That is the accuracy: all right answers, not the right ones among alarms.": (
            lambda se, sp, ill: se * ill + sp * (1 - ill)
        ),
        "That is the share of alarms that are false; you want those that are right.": (
            lambda se, sp, ill: 1 - _alarm_is_right(se, sp, ill)
        ),
    },
)


act_above = Exercise(
    lambda miss, false_alarm: false_alarm / (miss + false_alarm),
    inputs=[(10, 1), (3, 1), (7.5, 2.5), (1, 4)],
    mistakes={
        "Upside down: the dearer a miss, the lower the threshold.": lambda miss, false_alarm: (
            miss / (miss + false_alarm)
        ),
        "These are the odds; as a probability, divide by the sum of both costs.": (
            lambda miss, false_alarm: false_alarm / miss
        ),
        "Those are the odds the other way round.": lambda miss, false_alarm: miss / false_alarm,
        "One half is right for equal costs only.": lambda miss, false_alarm: 0.5,
        "A miss costs p times miss, not miss alone: set p * miss equal to (1 - p) * false_alarm.": (
            lambda miss, false_alarm: 1 - miss / (miss + false_alarm + 1)
        ),
    },
)


def _parts(labels: np.ndarray, scores: np.ndarray, threshold: float) -> tuple[float, float]:
    acted = scores > threshold
    return float(np.mean(acted & (labels == 1))), float(np.mean(acted & (labels == 0)))


def _benefit(labels: np.ndarray, scores: np.ndarray, threshold: float) -> float:
    hits, alarms = _parts(labels, scores, threshold)
    return hits - alarms * threshold / (1 - threshold)


_LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 0])
_SCORES = np.array([0.1, 0.3, 0.7, 0.25, 0.9, 0.6, 0.2, 0.5])

benefit = Exercise(
    _benefit,
    inputs=[
        (_LABELS, _SCORES, 0.4),
        (_LABELS, _SCORES, 0.15),
        (_LABELS, _SCORES, 0.25),
        (np.array([1, 0, 0, 1, 1]), np.array([0.8, 0.35, 0.1, 0.3, 0.6]), 0.3),
    ],
    mistakes={
        "A false alarm does not weigh as much as a case found: times t / (1 - t).": (
            lambda y, p, t: _parts(y, p, t)[0] - _parts(y, p, t)[1]
        ),
        "The weight is upside down: t / (1 - t).": lambda y, p, t: (
            _parts(y, p, t)[0] - _parts(y, p, t)[1] * (1 - t) / t
        ),
        "The weight is the odds t / (1 - t), not t itself.": lambda y, p, t: (
            _parts(y, p, t)[0] - _parts(y, p, t)[1] * t
        ),
        "False alarms are subtracted, not added.": lambda y, p, t: (
            _parts(y, p, t)[0] + _parts(y, p, t)[1] * t / (1 - t)
        ),
        "Divide both counts by all cases: you give sensitivity and false-alarm rate.": (
            lambda y, p, t: float(np.mean(p[y == 1] > t) - np.mean(p[y == 0] > t) * t / (1 - t))
        ),
        "Divide the counts by the number of cases.": lambda y, p, t: len(y) * _benefit(y, p, t),
        "Act above the threshold, not at it.": lambda y, p, t: _benefit(y, p, np.nextafter(t, 0)),
        "That is the benefit of cases found; false alarms are not free.": lambda y, p, t: _parts(
            y, p, t
        )[0],
    },
)
