"""Exercises of the lesson on momentum, Adam and AdamW."""

from collections.abc import Callable
from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]


# -------------------------------------------------------------------------------------- predict


def _first_step(g: Array, rate: float) -> Array:
    return -rate * np.sign(g)


first_step = Exercise(
    _first_step,
    inputs=[
        (np.array([0.001, -40.0, 5.0]), 0.01),
        (np.array([[-0.5, 2.0, 0.0], [3.0, -1.5, 0.25]]), 0.3),
    ],
    mistakes={
        "That is plain descent: Adam divides the gradient by its own size.": lambda g, rate: (
            -rate * g
        ),
        "The weights go down the gradient: the sign is wrong.": lambda g, rate: rate * np.sign(g),
        "The rate is missing: Adam's ratio is near 1, and the step is the rate times it.": (
            lambda g, rate: -np.sign(g)
        ),
        "Each weight is divided by its own size, not by the length of the whole gradient.": (
            lambda g, rate: -rate * g / np.sqrt(np.sum(g**2))
        ),
        "You divide by the square of the gradient: take its root.": lambda g, rate: (
            -rate * np.divide(1, g, where=g != 0, out=np.zeros_like(g))
        ),
        "Both means begin at 0, and both are corrected: nothing is left of 1 - beta.": (
            lambda g, rate: -rate * 0.1 / np.sqrt(0.001) * np.sign(g)
        ),
        "A gradient of 0 moves nothing; you divide 0 by 0.": lambda g, rate: np.divide(
            -rate * g, np.abs(g), where=g != 0, out=np.full_like(g, np.nan)
        ),
    },
)


# -------------------------------------------------------------------------------------- compute


def _steps_to_speed(mu: float, share: float) -> int:
    return int(np.ceil(np.log(1 - share) / np.log(mu)))


steps_to_speed = Exercise(
    _steps_to_speed,
    inputs=[(0.9, 0.9), (0.5, 0.8), (0.99, 0.3), (0.8, 0.95)],
    mistakes={
        "Round up: one step earlier the share is not reached.": lambda mu, share: int(
            np.log(1 - share) / np.log(mu)
        ),
        "A number of steps is whole.": lambda mu, share: np.log(1 - share) / np.log(mu),
        "What is missing of the final speed, 1 - share, is what falls as mu to the t.": (
            lambda mu, share: int(np.ceil(np.log(share) / np.log(mu)))
        ),
        "The ball keeps the share mu at each step, not 1 - mu.": lambda mu, share: int(
            np.ceil(np.log(1 - share) / np.log(1 - mu))
        ),
        "1 / (1 - mu) is how much faster it becomes, not how long that takes.": (
            lambda mu, share: int(np.ceil(share / (1 - mu)))
        ),
        "The first step counts: after one step the share is 1 - mu already.": lambda mu, share: int(
            np.ceil(np.log(1 - share) / np.log(mu)) + 1
        ),
    },
)


# ----------------------------------------------------------------------------------------- mend


def _adamw_step(
    w: Array, g: Array, m: Array, v: Array, t: int, rate: float, decay: float
) -> tuple[Array, Array, Array]:
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    d = rate * m / (1 - 0.9**t) / np.sqrt(v / (1 - 0.999**t))
    return (1 - rate * decay) * w - d, m, v


def _faulty_step(
    w: Array,
    g: Array,
    m: Array,
    v: Array,
    t: int,
    rate: float,
    decay: float,
    *,
    l2: bool = False,
    corrected: bool = True,
    keep: Callable[[float, float], float] = lambda rate, decay: 1 - rate * decay,
    beta: float = 0.999,
    late: int = 0,
) -> tuple[Array, Array, Array]:
    if l2:
        g = g + decay * w
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    size = np.sqrt(v / (1 - beta ** (t + late))) if corrected else np.sqrt(v)
    return keep(rate, decay) * w - rate * m / (1 - 0.9 ** (t + late)) / size, m, v


def _never(rate: float, decay: float) -> float:
    return 1


_RANDOM = np.random.default_rng(0)

adamw_step = Exercise(
    _adamw_step,
    inputs=[
        (
            np.array([2.0, -1.5, 0.5]),
            np.array([0.3, 1.2, -2.0]),
            *(np.zeros(3), np.zeros(3), 1, 0.1, 0.5),
        ),
        (
            *_RANDOM.normal(size=(3, 4)).round(2),
            *(_RANDOM.random(4).round(2), 7, 0.05, 0.8),
        ),
    ],
    mistakes={
        "Nothing has changed: both faults are still there.": lambda *given: _faulty_step(
            *given, l2=True, corrected=False, keep=_never
        ),
        "The decay still goes through the division: take it out of the gradient.": (
            lambda *given: _faulty_step(*given, l2=True, keep=_never)
        ),
        "v begins at 0 as m does: correct it too, with its own beta.": lambda *given: _faulty_step(
            *given, corrected=False
        ),
        "v has a beta of its own, 0.999.": lambda *given: _faulty_step(*given, beta=0.9),
        "The decay is gone altogether: shrink w by the share rate times decay.": (
            lambda *given: _faulty_step(*given, keep=_never)
        ),
        "w decays twice: once in the gradient, once by itself.": lambda *given: _faulty_step(
            *given, l2=True
        ),
        "w shrinks by the share rate times decay, not by decay.": lambda *given: _faulty_step(
            *given, keep=lambda rate, decay: 1 - decay
        ),
        "w shrinks, so take 1 - rate times decay.": lambda *given: _faulty_step(
            *given, keep=lambda rate, decay: 1 + rate * decay
        ),
        "t counts from 1 and has this step in it already: do not add one.": lambda *given: (
            _faulty_step(*given, late=1)
        ),
    },
)


# ---------------------------------------------------------------------------------------- build


def _nesterov_step(H: Array, w: Array, u: Array, rate: float, mu: float) -> tuple[Array, Array]:
    u = mu * u - rate * H @ (w + mu * u)
    return w + u, u


def _nesterov(
    H: Array, w: Array, u: Array, rate: float, mu: float, ahead: float, push: float = 1
) -> tuple[Array, Array]:
    u = mu * u - push * rate * H @ (w + ahead * u)
    return w + u, u


def _gradient_only(H: Array, w: Array, u: Array, rate: float, mu: float) -> tuple[Array, Array]:
    u = -rate * H @ (w + mu * u)
    return w + u, u


def _old_step(H: Array, w: Array, u: Array, rate: float, mu: float) -> tuple[Array, Array]:
    return w + u, mu * u - rate * H @ (w + mu * u)


nesterov_step = Exercise(
    _nesterov_step,
    inputs=[
        (np.array([[2.0, 0.5], [0.5, 3.0]]), np.array([1.0, -2.0]), np.array([0.3, 0.1]), 0.1, 0.9),
        (
            np.diag([1.0, 2.0, 5.0]),
            np.array([2.0, 1.0, -1.0]),
            np.array([-1.0, 0.5, 2.0]),
            0.2,
            0.5,
        ),
    ],
    mistakes={
        "This is plain momentum: the gradient belongs at w + mu u.": lambda H, w, u, rate, mu: (
            _nesterov(H, w, u, rate, mu, ahead=0)
        ),
        "Look ahead by mu u, not by the whole u.": lambda H, w, u, rate, mu: _nesterov(
            H, w, u, rate, mu, ahead=1
        ),
        "You look back: the gradient belongs at w + mu u.": lambda H, w, u, rate, mu: _nesterov(
            H, w, u, rate, mu, ahead=-mu
        ),
        "The step goes up the gradient: subtract it.": lambda H, w, u, rate, mu: _nesterov(
            H, w, u, rate, mu, ahead=mu, push=-1
        ),
        "u keeps the share mu of itself; you keep only the new push.": _gradient_only,
        "Add the new u to w, not the old one.": _old_step,
        "Return the new w first, then the new u.": lambda H, w, u, rate, mu: _nesterov(
            H, w, u, rate, mu, ahead=mu
        )[::-1],
    },
)
