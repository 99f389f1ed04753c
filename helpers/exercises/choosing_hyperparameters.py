"""Exercises of the lesson on choosing hyperparameters (S6.4)."""

import numpy as np

from helpers.exercises import Exercise


def _main_effect(auc: np.ndarray) -> np.ndarray:
    return (auc[:, 1] - auc[:, 0]).mean(axis=1)


main_effect = Exercise(
    _main_effect,
    inputs=[
        (
            np.array(
                [[[0.90, 0.92, 0.70], [0.93, 0.94, 0.60]], [[0.91, 0.90, 0.72], [0.94, 0.97, 0.8]]]
            ),
        ),
        (np.array([[[0.8, 0.6], [0.9, 0.5]], [[0.7, 0.5], [0.9, 0.9]], [[0.6, 0.7], [0.7, 0.7]]]),),
    ],
    mistakes={
        "The sign: the second kernel minus the first.": lambda auc: -_main_effect(auc),
        "One number a seed: don't average over the seeds yet; their spread is the interval.": (
            lambda auc: _main_effect(auc).mean()
        ),
        "You average over the seeds and keep the other settings; do it the other way round.": (
            lambda auc: (auc[:, 1] - auc[:, 0]).mean(axis=0)
        ),
        "You keep one difference for each of the other settings; average over them.": (
            lambda auc: auc[:, 1] - auc[:, 0]
        ),
        "You compare the best of each kernel; a main effect compares the means.": (
            lambda auc: auc[:, 1].max(axis=1) - auc[:, 0].max(axis=1)
        ),
        "That is the first of the other settings only; average over all of them.": (
            lambda auc: auc[:, 1, 0] - auc[:, 0, 0]
        ),
        "Divide by how many of the other settings there are: a mean, not a sum.": (
            lambda auc: (auc[:, 1] - auc[:, 0]).sum(axis=1)
        ),
    },
)


def _log_uniform(low: float, high: float, u: float) -> float:
    return float(low * (high / low) ** u)


log_uniform = Exercise(
    _log_uniform,
    inputs=[(0.0001, 0.01, 0.5), (0.001, 1.0, 1 / 3), (0.01, 0.1, 0.0), (0.5, 8.0, 1.0)],
    mistakes={
        "That is uniform: nine tenths of the draws fall into the last power of ten.": (
            lambda low, high, u: low + u * (high - low)
        ),
        "u = 0 gives `low` and u = 1 gives `high`; yours are exchanged.": (
            lambda low, high, u: high * (low / high) ** u
        ),
        "You return the logarithm; take the exponential of it.": (
            lambda low, high, u: np.log(low) + u * np.log(high / low)
        ),
        "Between the bounds lies the ratio `high / low`, not `high`.": (
            lambda low, high, u: low * high**u
        ),
        "That is always the middle; `u` says how far along the way.": (
            lambda low, high, u: np.sqrt(low * high)
        ),
        "The logarithm to base 10 goes with a power of 10, the natural one with `np.exp`.": (
            lambda low, high, u: np.exp(np.log10(low) + u * np.log10(high / low))
        ),
    },
)


def _repeat(auc: np.ndarray) -> tuple[int, float]:
    winner = int(np.argmax(auc[0]))
    return winner, float(auc[1:, winner].mean())


repeat = Exercise(
    _repeat,
    inputs=[
        (np.array([[0.90, 0.97, 0.95], [0.94, 0.92, 0.96], [0.93, 0.94, 0.97]]),),
        (np.array([[0.8, 0.7], [0.7, 0.75], [0.75, 0.8], [0.6, 0.9]]),),
        (np.array([[0.99, 0.8], [0.7, 0.75], [0.72, 0.75]]),),
    ],
    mistakes={
        "That is the number it was chosen by: the optimistic one.": (
            lambda auc: (int(np.argmax(auc[0])), float(auc[0].max()))
        ),
        "The first seed chose; leave it out of the mean.": (
            lambda auc: (int(np.argmax(auc[0])), float(auc[:, np.argmax(auc[0])].mean()))
        ),
        "You choose by the mean over all seeds; the search had seen only the first.": (
            lambda auc: (
                int(np.argmax(auc.mean(axis=0))),
                float(auc[1:, np.argmax(auc.mean(axis=0))].mean()),
            )
        ),
        "You choose by the seeds that should judge.": (
            lambda auc: (int(np.argmax(auc[1:].mean(axis=0))), float(auc[1:].mean(axis=0).max()))
        ),
        "Of the other seeds take the mean, not the best.": (
            lambda auc: (int(np.argmax(auc[0])), float(auc[1:, np.argmax(auc[0])].max()))
        ),
        "That is the mean over all settings; only the winner is judged.": (
            lambda auc: (int(np.argmax(auc[0])), float(auc[1:].mean()))
        ),
        "A larger AUC is better: you chose the worst.": (
            lambda auc: (int(np.argmin(auc[0])), float(auc[1:, np.argmin(auc[0])].mean()))
        ),
    },
)


def _rounds(trials: int, epochs: int, factor: int) -> list[tuple[int, int]]:
    plan = []
    while trials >= 1:
        plan.append((trials, epochs))
        trials, epochs = trials // factor, epochs * factor
    return plan


def _once_less(trials: int, epochs: int, factor: int) -> list[tuple[int, int]]:
    return _rounds(trials, epochs, factor)[:-1]


rounds = Exercise(
    _rounds,
    inputs=[(9, 1, 3), (8, 2, 2), (20, 1, 4)],
    mistakes={
        "The last round, with a single trial left, is missing.": _once_less,
        "The first round, with all trials, is missing.": (
            lambda trials, epochs, factor: _rounds(trials, epochs, factor)[1:]
        ),
        "Those who stay get `factor` times as many epochs in the next round.": (
            lambda trials, epochs, factor: [(n, epochs) for n, _ in _rounds(trials, epochs, factor)]
        ),
        "Each round keeps one in `factor` of the trials.": (
            lambda trials, epochs, factor: [(trials, e) for _, e in _rounds(trials, epochs, factor)]
        ),
        "Divide with `//`: half a trial can't be run.": (
            lambda trials, epochs, factor: [
                (trials / factor**number, epochs * factor**number)
                for number in range(len(_rounds(trials, epochs, factor)))
            ]
        ),
        "In each pair the trials come first, then the epochs.": (
            lambda trials, epochs, factor: [(e, n) for n, e in _rounds(trials, epochs, factor)]
        ),
        "Count the trials down by the factor, don't subtract it.": (
            lambda trials, epochs, factor: [
                (n, epochs * factor**number) for number, n in enumerate(range(trials, 0, -factor))
            ]
        ),
    },
)
