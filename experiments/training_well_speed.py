"""How long a training step takes with one ingredient off, side by side.

Rounds take turns, so that whatever else the machine does meets all variants alike.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.common import grid, scaled
from experiments.too_much_model_speed import ratios
from experiments.training_well import DATA, VARIANTS, made
from helpers.results import Runs
from helpers.training import train

ALONE = True
TURNS = range(1)
REFERENCE = "the recipe"
TIMED = (
    REFERENCE,
    "no batch normalization",
    "no residual links",
    "no augmentation",
    "the tutorial network",
)
# The first steps of a training build its graph.
ROUNDS, STEPS, WARM_UP = 7, 50, 10
SEED = 0


def jobs() -> Iterator[dict[str, Any]]:
    return grid(turn=TURNS)


def milliseconds(variant: str) -> float:
    """Return the median time of a step of a variant."""
    import keras

    keras.utils.set_random_seed(SEED)
    recipe = replace(VARIANTS[variant].recipe, steps=STEPS)
    clock: list[float] = []
    train(
        made(variant),
        *scaled(DATA, "train"),
        recipe,
        SEED,
        verbose=False,
        watch=lambda step: clock.append(time.perf_counter()),
    )
    return 1000 * float(np.median(np.diff(clock)[WARM_UP:]))


def run(turn: int) -> list[dict[str, Any]]:
    load = round(os.getloadavg()[0], 1)
    times = np.array([[milliseconds(variant) for variant in TIMED] for _ in range(ROUNDS)])
    return [
        {"variant": variant, "milliseconds": round(float(own), 1), "load": load, **ratio}
        for variant, own, ratio in zip(
            TIMED, np.median(times, axis=0), ratios(times, TIMED.index(REFERENCE)), strict=True
        )
    ]


def check(runs: Runs) -> None:
    assert [run["variant"] for run in runs] == list(TIMED)
    for run in runs:
        assert run["low"] <= run["ratio"] <= run["high"] and run["milliseconds"] > 0
    assert runs.where(variant=REFERENCE)[0]["ratio"] == 1
    # Each of these computes less.
    assert all(run["ratio"] < 1.05 for run in runs)
