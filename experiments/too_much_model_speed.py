"""How long networks take for one image, side by side; two turns, on different days.

The time does not depend on the weights, so none is trained.
"""

import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from experiments.common import grid
from experiments.too_much_model import (
    NETWORKS,
    TEACHER,
    apply,
    calibration,
    interpreter,
    lite,
    masks,
    network_of,
)
from helpers.results import Runs

ALONE = True
TURNS = range(2)
ROUNDS, CALLS = 300, 10
PRUNE = 0.9
SEED = 0


def jobs() -> Iterator[dict[str, Any]]:
    return grid(turn=TURNS)


def run(turn: int) -> list[dict[str, Any]]:
    """Time all in turn, round after round: what slows the machine slows all of them."""
    image = calibration(SEED)[:1]
    calls = contestants()
    for call in calls.values():
        call(image)
    seconds = np.zeros((ROUNDS, len(calls)))
    for each in seconds:
        for column, ((_, form), call) in enumerate(calls.items()):
            times = 1 if form == "Keras call" else CALLS  # it takes a hundred times as long
            start = time.perf_counter()
            for _ in range(times):
                call(image)
            each[column] = (time.perf_counter() - start) / times
    quartiles = ratios(seconds, list(calls).index((TEACHER, "float32")))
    return [
        {"network": name, "form": form, **ratio}
        for (name, form), ratio in zip(calls, quartiles, strict=True)
    ]


def contestants() -> dict[tuple[str, str], Callable[[np.ndarray], Any]]:
    """Return what is timed, by network and form: files, and two ways to call Keras."""
    import keras
    import tensorflow as tf

    calls: dict[tuple[str, str], Callable[[np.ndarray], Any]] = {}
    images = calibration(SEED)
    keras.utils.set_random_seed(SEED)
    for name in NETWORKS:
        model = network_of(name)
        calls[name, "float32"] = interpreter(lite(model))
        calls[name, "int8"] = interpreter(lite(model, images))
        if name == TEACHER:
            calls[name, "Keras call"] = functools.partial(model, training=False)
            calls[name, "tf.function"] = tf.function(functools.partial(model, training=False))
            apply(model, masks(model, PRUNE))
            calls[name, "pruned"] = interpreter(lite(model))
    return calls


def ratios(seconds: np.ndarray, reference: int) -> list[dict[str, float]]:
    """Return the median ratio to the reference and its quartiles over rounds, for each column.

    Examples
    --------
    The second takes always twice as long as the first, however slow the machine is at the time.

    >>> seconds = np.array([[1, 2], [10, 20], [3, 6.0]])
    >>> [quartiles["ratio"] for quartiles in ratios(seconds, 0)]
    [1.0, 2.0]
    >>> ratios(seconds, 1)[0]
    {'ratio': 0.5, 'low': 0.5, 'high': 0.5}
    """
    quartiles = np.quantile(seconds / seconds[:, [reference]], [0.5, 0.25, 0.75], axis=0)
    names = "ratio", "low", "high"
    return [
        {name: float(f"{value:.3g}") for name, value in zip(names, column, strict=True)}
        for column in quartiles.T
    ]


def check(runs: Runs) -> None:
    for run in runs:
        assert run["low"] <= run["ratio"] <= run["high"]
    for turn in TURNS:
        timed = runs.where(turn=turn)
        assert {(name, form) for name in NETWORKS for form in ("float32", "int8")} <= {
            (run["network"], run["form"]) for run in timed
        }
        reference = timed.where(network=TEACHER, form="float32")[0]
        assert reference["low"] == reference["ratio"] == reference["high"] == 1
        assert timed.where(form="Keras call")[0]["low"] > 100
        pruned = timed.where(form="pruned")[0]
        assert pruned["low"] < 1 < pruned["high"]
    # The second turn confirms the times in float32, but not in int8.
    first, second = (runs.where(turn=turn, form="float32").array("ratio") for turn in TURNS)
    assert (0.75 < second / first).all() and (second / first < 1.26).all()
    first, second = (runs.where(form="int8", network=TEACHER, turn=t)[0]["ratio"] for t in TURNS)
    assert second > 2 * first
