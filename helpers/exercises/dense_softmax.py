"""Exercises of the lesson on the dense layer, softmax and cross-entropy."""

from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]


def _lse(z: Array) -> Any:
    return z.max() + np.log(np.sum(np.exp(z - z.max())))


def _unsafe_lse(z: Array) -> Any:
    with np.errstate(all="ignore"):
        return np.log(np.sum(np.exp(z)))


def _softmax(z: Array, axis: int = 1) -> Array:
    powers = np.exp(z - z.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _unsafe_softmax(z: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def _log_p(z: Array, labels: Array) -> Array:
    """Return the logarithm of the true class's probability for each image."""
    return z[np.arange(len(z)), labels] - np.array([_lse(row) for row in z])


def _unsafe_loss(z: Array, labels: Array) -> Any:
    with np.errstate(all="ignore"):
        return -np.mean(np.log(_softmax(z)[np.arange(len(z)), labels]))


def _loss_of_p(z: Array, labels: Array) -> Array:
    p = _softmax(z)
    return -_log_p(p, labels)


def _y(z: Array, labels: Array) -> Array:
    return np.eye(z.shape[1])[labels]


def _odds(p: Any) -> Any:
    return p / (1 - p)


def _probability(odds: Any) -> Any:
    return odds / (1 + odds)


# Only its own largest logit makes each row safe: not its mean, first or smallest, nor another's.
_LOGITS = [
    (np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 2.5]]), np.array([0, 2])),
    (
        np.array(
            [
                [2000.0, 1999.0, 3.0, 0.0],
                [0.0, 1.0, 0.5, 2.0],
                [-1001.0, -1000.0, -999.5, -2000.0],
                [-900.0, 2.0, 900.0, 901.0],
                [1.0, 1.0, 1.0, 1.0],
            ]
        ),
        np.array([3, 1, 0, 2, 2]),
    ),
]

lse = Exercise(
    solution=_lse,
    inputs=[
        (np.array([0.5, -1.0, 2.0]),),
        (np.array([1000.0, 1001.0]),),
        (np.full(4, -1000.0),),
        (np.array([-3.0, 2000, 0]),),
    ],
    mistakes={
        "Right for small logits; large ones overflow. Take the largest out first.": _unsafe_lse,
        "You take the largest logit out and do not add it again.": lambda z: _lse(z) - z.max(),
        "The largest logit alone is only a lower bound.": lambda z: z.max(),
        "This is the logarithm of the mean; take that of the sum.": lambda z: (
            _lse(z) - np.log(len(z))
        ),
        "First the sum, then the logarithm: the logarithm of each exponential is the logit "
        "again.": lambda z: z.sum(),
        "Add the largest logit at the end; you subtract it.": lambda z: _lse(z) - 2 * z.max(),
        "These are the log probabilities, one for each class. The question is one step before: "
        "a single number.": lambda z: z - _lse(z),
    },
)

loss_of = Exercise(
    solution=lambda z, labels: -np.mean(_log_p(z, labels)),
    inputs=_LOGITS,
    mistakes={
        "Take the mean over the images, not the sum.": lambda z, labels: -np.sum(_log_p(z, labels)),
        "The sign: a loss is positive, the logarithm of a probability is negative.": (
            lambda z, labels: np.mean(_log_p(z, labels))
        ),
        "A softmax too many: you take the softmax of probabilities.": lambda z, labels: np.mean(
            _loss_of_p(z, labels)
        ),
        "You divide by the number of logits; divide by the number of images.": lambda z, labels: (
            -np.sum(_log_p(z, labels)) / z.size
        ),
        "Use the natural logarithm, not that to base 2.": lambda z, labels: (
            -np.mean(_log_p(z, labels)) / np.log(2)
        ),
        "The logarithm is missing: this is the mean probability of the wrong classes.": (
            lambda z, labels: np.mean(1 - np.exp(_log_p(z, labels)))
        ),
        "The probability of the true class rounds to 0 and its logarithm is infinite: work with "
        "the logits, without computing the probability.": _unsafe_loss,
        "You cut probabilities off at 1e-7: a confident mistake costs 16 at most. Work with the "
        "logits.": lambda z, labels: -np.mean(np.log(np.maximum(np.exp(_log_p(z, labels)), 1e-7))),
        "You add 1e-12 to probabilities: a confident mistake costs 28 at most. Work with the "
        "logits.": lambda z, labels: -np.mean(np.log(np.exp(_log_p(z, labels)) + 1e-12)),
        "You return one loss for each image; return their mean.": lambda z, labels: (
            -_log_p(z, labels)
        ),
    },
)

gradient_of = Exercise(
    solution=lambda z, labels: (_softmax(z) - _y(z, labels)) / len(z),
    inputs=_LOGITS,
    mistakes={
        "Large logits overflow: take the largest of each row out first.": lambda z, labels: (
            (_unsafe_softmax(z) - _y(z, labels)) / len(z)
        ),
        "The sign: what was said minus what is true.": lambda z, labels: (
            (_y(z, labels) - _softmax(z)) / len(z)
        ),
        "This is the gradient of the sum; the loss is a mean, so divide by the number of images.": (
            lambda z, labels: _softmax(z) - _y(z, labels)
        ),
        "Divide by the number of images, not by the number of logits.": lambda z, labels: (
            (_softmax(z) - _y(z, labels)) / z.size
        ),
        "These are the probabilities. Subtract 1 at the true class.": lambda z, labels: (
            _softmax(z) / len(z)
        ),
        "You subtract from the logits; subtract from the probabilities.": lambda z, labels: (
            (z - _y(z, labels)) / len(z)
        ),
        "Your probabilities add up to 1 in each column; each row is an image: axis=1.": (
            lambda z, labels: (_softmax(z, axis=0) - _y(z, labels)) / len(z)
        ),
        "The slope p (1 - p) is in p - y already; do not multiply by it again.": (
            lambda z, labels: (
                (_softmax(z) - _y(z, labels)) * _softmax(z) * (1 - _softmax(z)) / len(z)
            )
        ),
    },
)

elsewhere = Exercise(
    solution=lambda p, old, new: _probability(_odds(p) / _odds(old) * _odds(new)),
    inputs=[(np.array([0.2, 0.5, 0.9]), 0.74, 0.1), (np.array([0.6]), 0.2, 0.5)],
    mistakes={
        "old and new are swapped: take out the odds of old, put in those of new.": (
            lambda p, old, new: _probability(_odds(p) / _odds(new) * _odds(old))
        ),
        "Odds can be multiplied, probabilities can't: this may go above 1.": lambda p, old, new: (
            p * new / old
        ),
        "These are odds. Go back to a probability: odds / (1 + odds).": lambda p, old, new: (
            _odds(p) / _odds(old) * _odds(new)
        ),
        "These are log odds. Go back to a probability with the sigmoid.": lambda p, old, new: (
            np.log(_odds(p) / _odds(old) * _odds(new))
        ),
        "The odds of old are still inside: take them out.": lambda p, old, new: _probability(
            _odds(p) * _odds(new)
        ),
        "Adding the difference works for log odds, not for probabilities.": lambda p, old, new: (
            p + new - old
        ),
        "The healthy change as well: their share goes from 1 - old to 1 - new.": (
            lambda p, old, new: _probability(_odds(p) * new / old)
        ),
    },
)
