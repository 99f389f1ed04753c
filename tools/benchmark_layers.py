"""Time the layers of `helpers` beside TensorFlow, SciPy and plain loops: `make benchmark`.

Writes `notebooks/results/layers-benchmark.json`, which the lesson "A CNN from nothing" shows.

Contestants take turns, so that whatever else the machine does meets all of them alike. A ratio is
one of times from the same turn. Beside the time on the clock stands that of all cores together,
which other programs disturb less. Memory is measured in a process for each contestant.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from helpers import layers as L
from helpers import network as net
from tools.results import write

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "layers-benchmark.json"
VERSIONS = ("numpy", "scipy", "tensorflow", "keras")
BATCH = 128
# The source's two convolutions, forward and backward: rows and columns, channels, filters.
CONVOLUTIONS = {"convolution 1": (28, 1, 32), "convolution 2": (13, 32, 64)}
# Contestants that take seconds: how many images they get, and how many turns. Their time is
# multiplied as if they had got all images.
SLOW = {"loops": (1, 1), "SciPy": (4, 3)}
Contestant = Callable[[], Any]


# ----------------------------------------------------------------------------------- contestants


def loops(X: np.ndarray, K: np.ndarray, b: np.ndarray, dY: np.ndarray) -> tuple:
    """The formulas as they stand: every product in Python."""
    M, N, C, F = K.shape
    Y, dX, dK, db = np.zeros_like(dY), np.zeros_like(X), np.zeros_like(K), np.zeros_like(b)
    for s, i, j, f in np.ndindex(Y.shape):
        for m, n, c in np.ndindex(M, N, C):
            Y[s, i, j, f] += K[m, n, c, f] * X[s, i + m, j + n, c]
        Y[s, i, j, f] += b[f]
    for s, i, j, f in np.ndindex(Y.shape):
        for m, n, c in np.ndindex(M, N, C):
            dK[m, n, c, f] += dY[s, i, j, f] * X[s, i + m, j + n, c]
            dX[s, i + m, j + n, c] += dY[s, i, j, f] * K[m, n, c, f]
        db[f] += dY[s, i, j, f]
    return Y, dX, dK, db


def scipy_correlate(X: np.ndarray, K: np.ndarray, b: np.ndarray, dY: np.ndarray) -> tuple:
    """SciPy's correlation in all axes at once, filter by filter."""
    from scipy.signal import convolve, correlate

    Y, dX, dK = np.empty_like(dY), np.zeros_like(X), np.empty_like(K)
    for f in range(K.shape[3]):
        Y[..., f : f + 1] = correlate(X, K[None, ..., f], "valid") + b[f]
        dK[..., f] = correlate(X, dY[..., f : f + 1], "valid")[0]
        dX += convolve(dY[..., f : f + 1], K[None, ..., f], "full")
    return Y, dX, dK, dY.sum((0, 1, 2))


def helpers_layers(X: np.ndarray, K: np.ndarray, b: np.ndarray, dY: np.ndarray) -> tuple:
    return L.conv2d(X, K, b), *L.conv2d_backward(dY, X, K)


def tensorflow_conv2d() -> Callable[..., tuple]:
    import tensorflow as tf

    @tf.function
    def run(X, K, b, dY):  # type: ignore[no-untyped-def]
        with tf.GradientTape() as tape:
            tape.watch([X, K, b])
            Y = tf.nn.bias_add(tf.nn.conv2d(X, K, 1, "VALID"), b)
        return Y, *tape.gradient(Y, [X, K, b], dY)

    return lambda *arrays: run(*map(tf.convert_to_tensor, arrays))


def convolution(name: str, contestant: str, images: int = BATCH) -> Contestant:
    """Return a call that goes forward and backward through one of the two convolutions."""
    size, C, F = CONVOLUTIONS[name]
    random = np.random.default_rng(0)
    X, K, b, dY = (
        random.standard_normal(shape, "float32")
        for shape in [(images, size, size, C), (3, 3, C, F), F, (images, size - 2, size - 2, F)]
    )
    run = {
        "helpers": lambda: helpers_layers,
        "TensorFlow": tensorflow_conv2d,
        "SciPy": lambda: scipy_correlate,
        "loops": lambda: loops,
    }[contestant]()
    return lambda: run(X, K, b, dY)


def training_step(contestant: str, images: int = BATCH) -> Contestant:
    """Return a call that does one step of Adam with the source's network."""
    random = np.random.default_rng(0)
    X = random.random((images, 28, 28, 1), "float32")
    y = random.integers(0, 2, images)
    if contestant == "helpers":
        network = net.Sequential(
            [
                *[net.Conv2D(32, 3), net.ReLU(), net.MaxPool(2)],
                *[net.Conv2D(64, 3), net.ReLU(), net.MaxPool(2)],
                *[net.Flatten(), net.Dense(64), net.ReLU(), net.Dense(2)],
            ],
            input_shape=(28, 28, 1),
        )
        optimizer = net.Adam()
        return lambda: network.train_step(X, y, optimizer)
    import keras

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return lambda: model.train_on_batch(X, y)


CASES: dict[str, tuple[Callable[..., Contestant], list[str]]] = {
    "convolution 1": (convolution, ["TensorFlow", "helpers", "SciPy", "loops"]),
    "convolution 2": (convolution, ["TensorFlow", "helpers", "SciPy", "loops"]),
    "training step": (training_step, ["Keras", "helpers"]),
}


def prepare(case: str, contestant: str, images: int = BATCH) -> Contestant:
    make, _ = CASES[case]
    return make(contestant, images) if case == "training step" else make(case, contestant, images)


# ---------------------------------------------------------------------------------- measurements


def images_and_turns(contestant: str, rounds: int) -> tuple[int, int]:
    return SLOW.get(contestant, (BATCH, rounds))


def take_turns(case: str, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Return the milliseconds of each contestant's turns: on the clock, and of all cores.

    Those who get fewer turns have them in the first rounds.
    """
    _, contestants = CASES[case]
    settings = {name: images_and_turns(name, rounds) for name in contestants}
    calls = {name: prepare(case, name, images) for name, (images, _) in settings.items()}
    for name in set(contestants) - set(SLOW):
        for _ in range(3):
            calls[name]()
    milliseconds: dict[str, list[tuple[float, float]]] = {name: [] for name in contestants}
    for turn in range(rounds):
        # Each round begins with another contestant: none is always the one after a slow one.
        first = turn % len(contestants)
        for name in contestants[first:] + contestants[:first]:
            images, turns = settings[name]
            if turn < turns:
                clock, cores = time.perf_counter(), time.process_time()
                calls[name]()
                clock, cores = time.perf_counter() - clock, time.process_time() - cores
                scale = 1000 * BATCH / images
                milliseconds[name].append((scale * clock, scale * cores))
    return milliseconds


def memory(case: str, contestant: str) -> float | None:
    """Return the MB that the work adds to its process at most, libraries and inputs left out."""
    if sys.platform != "linux":
        return None
    command = [sys.executable, "-m", "tools.benchmark_layers", "--memory", case, contestant]
    root = Path(__file__).parent.parent
    result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    return round(float(result.stdout.split()[-1]), 1)


def resident(name: str) -> float:
    """Return MB of this process: VmRSS now, VmHWM at most since the last reset."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def print_memory(case: str, contestant: str) -> None:
    images, _ = images_and_turns(contestant, 0)
    prepare(case, contestant, 1)()  # Whatever is loaded and compiled once.
    call = prepare(case, contestant, images)
    Path("/proc/self/clear_refs").write_text("5")  # Resets VmHWM.
    before = resident("VmRSS")
    for _ in range(1 if contestant == "loops" else 3):
        call()
    print(resident("VmHWM") - before)


def spread(values: list[float], digits: int) -> dict[str, float]:
    """Return the median, and the quarter of values below and above which lie the rest."""
    low, median, high = np.quantile(values, [0.25, 0.5, 0.75])
    names = ("quarter", "median", "three_quarters")
    return {
        name: round(float(value), digits)
        for name, value in zip(names, (low, median, high), strict=True)
    }


def measure(case: str, rounds: int) -> dict[str, Any]:
    """Return a row for each contestant: times, how many times the first one's and ours, memory."""
    turns = take_turns(case, rounds)
    reference = next(iter(turns))
    rows = {}
    for name, own in turns.items():
        rows[name] = {
            "milliseconds": spread([clock for clock, _ in own], 2),
            "core_milliseconds": spread([cores for _, cores in own], 2),
        }
        for other in (reference, "helpers"):
            pairs = list(zip(own, turns[other], strict=False))
            digits = 0 if name in SLOW else 2
            rows[name] |= {
                f"times_{other}": spread([a / b for (a, _), (b, _) in pairs], digits),
                f"core_times_{other}": spread([a / b for (_, a), (_, b) in pairs], digits),
            }
        images, _ = images_and_turns(name, rounds)
        rows[name] |= {"turns": len(own), "images": images, "memory_mb": memory(case, name)}
        ratio, cores = rows[name][f"times_{reference}"], rows[name][f"core_times_{reference}"]
        print(
            f"{case:14} {name:11}{rows[name]['milliseconds']['median']:12.1f} ms"
            f"   {ratio['median']:9.2f} times {reference} on the clock"
            f" ({ratio['quarter']:.2f} to {ratio['three_quarters']:.2f}),"
            f" {cores['median']:.2f} of all cores   {rows[name]['memory_mb']} MB",
            flush=True,
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--memory", nargs=2, metavar=("CASE", "CONTESTANT"))
    arguments = parser.parse_args()
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if arguments.memory:
        print_memory(*arguments.memory)
        return
    results: dict[str, Any] = {
        "batch": BATCH,
        "dtype": "float32",
        "rounds": arguments.rounds,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS},
        "load_before": round(os.getloadavg()[0], 1),
    }
    results["cases"] = {case: measure(case, arguments.rounds) for case in CASES}
    results["load_after"] = round(os.getloadavg()[0], 1)
    write(results, RESULTS)


if __name__ == "__main__":
    main()
