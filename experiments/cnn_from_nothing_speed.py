"""How long the layers of `helpers` take, beside TensorFlow, SciPy and plain loops.

Contestants take turns, so that whatever else the machine does meets all of them alike. A ratio is
one of times from the same turn. Memory is measured in a process for each contestant.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from experiments.cnn_from_nothing import keras_network, numpy_network
from experiments.common import grid
from helpers import layers as L
from helpers.network import Adam
from helpers.results import Runs

ALONE = True
BATCH, ROUNDS, WARM_UP = 128, 41, 3
SEED = 0
# The tutorial network's two convolutions, forward and backward: pixels a side, channels, filters.
CONVOLUTIONS = {"convolution 1": (28, 1, 32), "convolution 2": (13, 32, 64)}
STEP = "training step"
# The first of a case is what the others are compared with.
CONTESTANTS = {
    "convolution 1": ("TensorFlow", "helpers", "SciPy", "loops"),
    "convolution 2": ("TensorFlow", "helpers", "SciPy", "loops"),
    STEP: ("Keras", "helpers"),
}
# Contestants that take seconds: how many images they get, and how many turns. Their time is
# multiplied as if they had got all images.
SLOW = {"loops": (1, 1), "SciPy": (4, 3)}
Arrays = tuple[np.ndarray, ...]


def jobs() -> Iterator[dict[str, Any]]:
    return grid(case=CONTESTANTS)


def run(case: str) -> list[dict[str, Any]]:
    """Return a run for each contestant: quartiles of its time and of its ratio to the first."""
    load = round(os.getloadavg()[0], 1)
    turns = take_turns(case)
    first = turns[CONTESTANTS[case][0]]
    return [
        {
            "contestant": name,
            "milliseconds": quartiles(own, 1),
            # A slow one has fewer turns, those of the first rounds.
            "ratio": quartiles([a / b for a, b in zip(own, first, strict=False)], 2),
            "memory_mb": memory(case, name),
            "images": images_and_turns(name)[0],
            "turns": len(own),
            "cores": os.cpu_count(),
            "load": load,
        }
        for name, own in turns.items()
    ]


def quartiles(values: list[float], decimals: int) -> list[float]:
    """Return a quarter, the half and three quarters of the way from the smallest to the largest.

    >>> quartiles([4.0, 1.0, 2.0, 3.0, 5.0], 1)
    [2.0, 3.0, 4.0]
    """
    return [round(float(value), decimals) for value in np.quantile(values, [0.25, 0.5, 0.75])]


def images_and_turns(contestant: str) -> tuple[int, int]:
    return SLOW.get(contestant, (BATCH, ROUNDS))


def take_turns(case: str) -> dict[str, list[float]]:
    """Return the milliseconds of each contestant's turns."""
    names = CONTESTANTS[case]
    calls = {name: prepare(case, name, images_and_turns(name)[0]) for name in names}
    for name in names:
        for _ in range(0 if name in SLOW else WARM_UP):
            calls[name]()
    milliseconds: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(ROUNDS):
        # Each round begins with another contestant: none is always the one after a slow one.
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            images, turns = images_and_turns(name)
            if turn < turns:
                start = time.perf_counter()
                calls[name]()
                seconds = time.perf_counter() - start
                milliseconds[name].append(1000 * seconds * BATCH / images)
    return milliseconds


def memory(case: str, contestant: str) -> float | None:
    """Return the MB that the work adds to a process at most, without libraries and inputs."""
    if sys.platform != "linux":
        return None
    name = peak.__name__
    code = f"from {__name__} import {name}; print({name}({case!r}, {contestant!r}))"
    root = Path(__file__).parents[1]
    answer = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=root)
    return round(float(answer.split()[-1]), 1)


def peak(case: str, contestant: str) -> float:
    """Do the work in this process, and return the MB that it adds at most."""

    def resident(name: str) -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024

    prepare(case, contestant, 1)()  # Whatever is loaded and compiled once.
    images, turns = images_and_turns(contestant)
    call = prepare(case, contestant, images)
    Path("/proc/self/clear_refs").write_text("5")  # Resets VmHWM, the most that there was.
    before = resident("VmRSS")
    for _ in range(min(turns, WARM_UP)):
        call()
    return resident("VmHWM") - before


# ---- Contestants ---------------------------------------------------------------------------


def prepare(case: str, contestant: str, images: int) -> Callable[[], Any]:
    """Return a call that does the work once with a batch of so many images.

    All do the same work, to six digits:

    >>> for contestant in ("TensorFlow", "SciPy", "loops"):
    ...     theirs = prepare("convolution 1", contestant, 1)()
    ...     for a, b in zip(prepare("convolution 1", "helpers", 1)(), theirs, strict=True):
    ...         np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
    """
    random = np.random.default_rng(SEED)
    if case == STEP:
        X, y = random.random((images, 28, 28, 1), "float32"), random.integers(0, 2, images)
        if contestant == "Keras":
            network = keras_network(SEED)
            return lambda: network.train_on_batch(X, y)
        ours, optimizer = numpy_network(SEED), Adam()
        return lambda: ours.train_step(X, y, optimizer)
    side, C, F = CONVOLUTIONS[case]
    shapes = (images, side, side, C), (3, 3, C, F), F, (images, side - 2, side - 2, F)
    arrays = [random.standard_normal(shape, "float32") for shape in shapes]
    contestants = {"helpers": ours_both_ways, "SciPy": scipy_both_ways, "loops": loops_both_ways}
    work = contestants.get(contestant) or tensorflow_both_ways()
    return lambda: work(*arrays)


def ours_both_ways(X: np.ndarray, K: np.ndarray, b: np.ndarray, dY: np.ndarray) -> Arrays:
    return L.conv2d(X, K, b), *L.conv2d_backward(dY, X, K)


def tensorflow_both_ways() -> Callable[..., Any]:
    import tensorflow as tf

    @tf.function
    def both_ways(X: Any, K: Any, b: Any, dY: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([X, K, b])
            Y = tf.nn.bias_add(tf.nn.conv2d(X, K, 1, "VALID"), b)
        return Y, *tape.gradient(Y, [X, K, b], dY)

    return lambda *arrays: both_ways(*map(tf.convert_to_tensor, arrays))


def scipy_both_ways(X: np.ndarray, K: np.ndarray, b: np.ndarray, dY: np.ndarray) -> Arrays:
    """SciPy's correlation in all axes at once, filter by filter."""
    from scipy.signal import convolve, correlate

    Y, dX, dK = np.empty_like(dY), np.zeros_like(X), np.empty_like(K)
    for f in range(K.shape[3]):
        Y[..., f : f + 1] = correlate(X, K[None, ..., f], "valid") + b[f]
        dK[..., f] = correlate(X, dY[..., f : f + 1], "valid")[0]
        dX += convolve(dY[..., f : f + 1], K[None, ..., f], "full")
    return Y, dX, dK, dY.sum((0, 1, 2))


def loops_both_ways(X: np.ndarray, K: np.ndarray, b: np.ndarray, dY: np.ndarray) -> Arrays:
    """The formulas as they stand: every product in Python."""
    M, N, C, F = K.shape
    Y, dX, dK, db = np.zeros_like(dY), np.zeros_like(X), np.zeros_like(K), np.zeros_like(b)
    for s, i, j, f in np.ndindex(Y.shape):
        for m, n, c in np.ndindex(M, N, C):
            Y[s, i, j, f] += K[m, n, c, f] * X[s, i + m, j + n, c]
            dK[m, n, c, f] += dY[s, i, j, f] * X[s, i + m, j + n, c]
            dX[s, i + m, j + n, c] += dY[s, i, j, f] * K[m, n, c, f]
        Y[s, i, j, f] += b[f]
        db[f] += dY[s, i, j, f]
    return Y, dX, dK, db


def check(runs: Runs) -> None:
    for case, contestants in CONTESTANTS.items():
        timed = runs.where(case=case)
        assert tuple(run["contestant"] for run in timed) == contestants
        for run in timed:
            assert run["milliseconds"] == sorted(run["milliseconds"])
            assert (run["images"], run["turns"]) == images_and_turns(run["contestant"])
        assert timed[0]["ratio"] == [1, 1, 1]
        if case != STEP:
            loops, ours = (
                timed.where(contestant=name)[0]["ratio"][1] for name in ("loops", "helpers")
            )
            assert loops > 1000 * ours
