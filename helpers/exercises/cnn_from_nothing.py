"""Exercises of the lesson in which a whole network is built and trained."""

from collections.abc import Callable

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray
State = tuple[Array, Array, Array]


# --------------------------------------------------------------------------- how many parameters


def _count(
    side: int,
    classes: int,
    bias: int = 1,
    shrink: int = 2,
    pool: Callable[[int], int] = lambda side: side // 2,
    channels: int = 32,
    second_pool: Callable[[int], int] = lambda side: side // 2,
) -> int:
    side = second_pool(pool(side - shrink) - shrink)
    return (
        (9 + bias) * 32
        + (9 * channels + bias) * 64
        + (64 * side**2 + bias) * 64
        + (64 + bias) * classes
    )


def _no_last_layer(side: int, classes: int) -> int:
    return _count(side, classes) - 65 * classes


def _one_bias_a_layer(side: int, classes: int) -> int:
    return _count(side, classes, bias=0) + 4


parameters = Exercise(
    _count,
    [(28, 10), (28, 2), (29, 2), (64, 3)],
    {
        "The biases are missing: each filter and each unit has one.": (
            lambda side, classes: _count(side, classes, bias=0)
        ),
        "One bias a layer is a slip of many texts: each filter and each unit has its own.": (
            _one_bias_a_layer
        ),
        "A 3 x 3 window without padding makes the image smaller: side - 2.": (
            lambda side, classes: _count(side, classes, shrink=0)
        ),
        "Each max pooling halves the side before the dense layer.": (
            lambda side, classes: _count(side, classes, pool=lambda side: side)
        ),
        "There is a second max pooling, after the second convolution.": (
            lambda side, classes: _count(side, classes, second_pool=lambda side: side)
        ),
        "Pooling leaves out the pixels that fill no window: round down, side // 2.": (
            lambda side, classes: _count(side, classes, pool=lambda side: -(-side // 2))
        ),
        "A kernel of the second convolution has 32 channels: 3 * 3 * 32 weights.": (
            lambda side, classes: _count(side, classes, channels=1)
        ),
        "The last layer is missing: 64 weights and a bias for each class.": _no_last_layer,
    },
)


# ------------------------------------------------------------------------------ initial weights


def _limit(shape: tuple[int, ...]) -> float:
    *window, inputs, outputs = shape
    return float(np.sqrt(6 / (np.prod(window) * (inputs + outputs))))


glorot_limit = Exercise(
    _limit,
    [((3, 3, 1, 32),), ((5, 3, 16, 64),), ((1600, 64),)],
    {
        "The window is missing: inputs and outputs count M N times each.": (
            lambda shape: float(np.sqrt(6 / (shape[-2] + shape[-1])))
        ),
        "The window belongs to the outputs too: M N (C + F).": (
            lambda shape: float(np.sqrt(6 / (np.prod(shape[:-1]) + shape[-1])))
        ),
        "The root is missing.": lambda shape: float(_limit(shape) ** 2),
        "2 / (inputs + outputs) is the variance of these weights. "
        "The limit of a uniform distribution with it has a 6 in the place of the 2.": (
            lambda shape: float(_limit(shape) / np.sqrt(3))
        ),
        "That is He's rule, with the inputs alone. Glorot's has inputs plus outputs.": (
            lambda shape: float(np.sqrt(6 / np.prod(shape[:-1])))
        ),
        "Inputs plus outputs, not inputs times outputs.": (
            lambda shape: float(np.sqrt(6 / np.prod(shape)))
        ),
        "Glorot's sum is not divided by 2 again: 6 / (inputs + outputs).": (
            lambda shape: float(_limit(shape) * np.sqrt(2))
        ),
    },
)


# ----------------------------------------------------------------------------------------- Adam


def _adam(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    t: int,
    betas: tuple[float, float] = (0.9, 0.999),
    root: Callable[[Array], Array] = np.sqrt,
    square: Callable[[Array], Array] = np.square,
) -> State:
    m = betas[0] * m + (1 - betas[0]) * g
    v = betas[1] * v + (1 - betas[1]) * square(g)
    correction = np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
    return w - 0.001 * correction * m / (root(v) + 1e-7), m, v


def _uncorrected(w: Array, g: Array, m: Array, v: Array, t: int) -> State:
    _, m, v = _adam(w, g, m, v, t)
    return w - 0.001 * m / (np.sqrt(v) + 1e-7), m, v


def _uphill(w: Array, g: Array, m: Array, v: Array, t: int) -> State:
    new, m, v = _adam(w, g, m, v, t)
    return 2 * w - new, m, v


def _no_mean(w: Array, g: Array, m: Array, v: Array, t: int) -> State:
    _, m, v = _adam(w, g, m, v, t)
    return w - 0.001 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * g / (np.sqrt(v) + 1e-7), m, v


def _step_of_t_minus_1(w: Array, g: Array, m: Array, v: Array, t: int) -> State:
    return _adam(w, g, m, v, t + 1)


_w, _g = np.array([0.5, -1.0, 2.0]), np.array([0.1, -20.0, 0.003])

adam_step = Exercise(
    _adam,
    [
        (_w, _g, np.zeros(3), np.zeros(3), 1),
        (_w, -2 * _g, 0.1 * _g, 0.001 * _g**2, 2),
        (_w, _g, 0.5 * _g, 0.04 * _g**2, 50),
        (_w / 100, np.array([2e-6, -1e-6, 5e-7]), np.zeros(3), np.zeros(3), 1),
    ],
    {
        "The correction is missing: both means start at 0, and are too small in the first steps.": (
            _uncorrected
        ),
        "beta_1 = 0.9 belongs to m, beta_2 = 0.999 to v; you have them exchanged.": (
            lambda w, g, m, v, t: _adam(w, g, m, v, t, betas=(0.999, 0.9))
        ),
        "Divide by the root of v, so that the step has no unit.": (
            lambda w, g, m, v, t: _adam(w, g, m, v, t, root=lambda v: v)
        ),
        "v is the mean of the squared gradient.": (
            lambda w, g, m, v, t: _adam(w, g, m, v, t, square=np.abs)
        ),
        "You climb: the step goes against the gradient, w minus ...": _uphill,
        "The step goes along the mean m, not along the newest gradient g.": _no_mean,
        "t counts this step already: it is 1 in the first one. You add one more.": (
            _step_of_t_minus_1
        ),
    },
)


# ------------------------------------------------------------------------------------------ AUC


def _auc(scores: Array, labels: Array, tie: float = 0.5) -> float:
    ill, healthy = scores[labels == 1][:, None], scores[labels == 0]
    return float(((ill > healthy) + tie * (ill == healthy)).mean())


auc = Exercise(
    _auc,
    [
        (np.array([0.9, 0.4, 0.4, 0.2, 0.2, 0.2]), np.array([1, 1, 0, 0, 1, 0])),
        (np.array([0.1, 0.8, 0.6, 0.9]), np.array([0, 1, 1, 0])),
        (np.array([3.0, -2.0, 3.0, 1.0, 0.0]), np.array([1, 0, 0, 1, 1])),
    ],
    {
        "Pairs with equal scores count one half; you leave them out of the count of wins.": (
            lambda scores, labels: _auc(scores, labels, tie=0)
        ),
        "Pairs with equal scores count one half; you count them as wins.": (
            lambda scores, labels: _auc(scores, labels, tie=1)
        ),
        "The other way round: count the pairs in which label 1 has the higher score.": (
            lambda scores, labels: 1 - _auc(scores, labels)
        ),
        "That is the accuracy at one half. The AUC needs no threshold: compare pairs.": (
            lambda scores, labels: float(((scores > 0.5) == labels).mean())
        ),
        "You return the number of pairs. Divide by how many pairs there are.": (
            lambda scores, labels: (
                _auc(scores, labels) * int((labels == 1).sum()) * int((labels == 0).sum())
            )
        ),
        "Divide by the number of pairs with different labels, not by that of all images squared.": (
            lambda scores, labels: (
                _auc(scores, labels)
                * int((labels == 1).sum())
                * int((labels == 0).sum())
                / len(labels) ** 2
            )
        ),
    },
)
