"""How long two workers on one machine take beside one, and what the cost of more is made of.

Each worker computes in one thread. One worker, two that do not talk, and two that add up their
gradients take turns, so that whatever else the machine does meets all of them alike.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from experiments.common import grid
from helpers import workers
from helpers.results import Runs

ALONE = True
TURNS = range(3)
BATCH, STEPS, WARM_UP = 128, 100, 10
WAYS = {"one": (1, False), "two apart": (2, False), "two together": (2, True)}
# Numbers in a vector that two workers add up; how often. The network's own gradients are between.
SIZES = {1_000: 50, 10_000: 50, 121_410: 50, 1_000_000: 20, 25_000_000: 5}
# The large network: 25.6 million parameters, 224 pixels.
LARGE, LARGE_BATCH, LARGE_STEPS = "ResNet50", 2, 3
SECONDS = 300


def jobs() -> Iterator[dict[str, Any]]:
    return grid(turn=TURNS, part=(*WAYS, "adding up", "large network"))


def run(turn: int, part: str) -> list[dict[str, Any]]:
    load = round(os.getloadavg()[0], 1)
    if part in WAYS:
        records = [training(*WAYS[part])]
    else:
        records = adding_up() if part == "adding up" else [large()]
    return [{**record, "load": load} for record in records]


def training(count: int, together: bool) -> dict[str, Any]:
    """Return milliseconds of a step on one batch: quartiles, the slower worker's for two."""
    times = workers.run(step_times, count, BATCH // count, together, seconds=SECONDS)
    return {"milliseconds": quartiles(max(times, key=np.median))}


def adding_up() -> list[dict[str, Any]]:
    """Return milliseconds in which two workers add up vectors of several sizes: quartiles."""
    times = workers.run(adding_times, 2, SIZES, seconds=SECONDS)
    return [{"numbers": size, "milliseconds": quartiles(times[0][size])} for size in SIZES]


def large() -> dict[str, Any]:
    """Return milliseconds that the large network's gradient takes for one image: quartiles."""
    [(times, parameters)] = workers.run(large_times, 1, seconds=SECONDS)
    each = [value / LARGE_BATCH for value in times]
    return {"parameters": parameters, "milliseconds": quartiles(each)}


def quartiles(values: list[float]) -> list[float]:
    """Return a quarter, the half and three quarters of the way from the smallest to the largest.

    >>> quartiles([4.0, 1.0, 2.0, 3.0, 5.0])
    [2.0, 3.0, 4.0]
    """
    return [round(float(value), 3) for value in np.quantile(values, [0.25, 0.5, 0.75])]


# ---- What a worker does --------------------------------------------------------------------


def one_thread() -> None:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def timed(call: Callable[[], Any], rounds: int, warm_up: int) -> list[float]:
    """Return the milliseconds of each call.

    >>> len(timed(lambda: np.float32(1), rounds=3, warm_up=1))
    3
    """
    milliseconds = []
    for turn in range(warm_up + rounds):
        start = time.perf_counter()
        np.asarray(call())
        if turn >= warm_up:
            milliseconds.append(1000 * (time.perf_counter() - start))
    return milliseconds


def step_times(images_each: int, together: bool) -> list[float]:
    """Train on random images, and return the milliseconds of each step."""
    import keras
    import tensorflow as tf

    from helpers.models import tutorial_network

    one_thread()
    several, alone = tf.distribute.MultiWorkerMirroredStrategy, tf.distribute.get_strategy
    strategy = several() if together else alone()
    with strategy.scope():
        keras.utils.set_random_seed(0)
        network = tutorial_network()
        optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
        optimizer.build(network.trainable_variables)
    random = np.random.default_rng(0)
    images = tf.constant(random.random((images_each, 28, 28, 1), "float32"))
    labels = tf.constant(random.integers(0, 2, images_each))

    def own_part() -> Any:
        with tf.GradientTape() as tape:
            chances = network(images, training=True)
            losses = keras.losses.sparse_categorical_crossentropy(labels, chances)
            loss = tf.reduce_sum(losses) / BATCH
        gradients = tape.gradient(loss, network.trainable_variables)
        optimizer.apply(gradients, network.trainable_variables)
        return loss

    @tf.function
    def step() -> Any:
        return strategy.reduce("SUM", strategy.run(own_part), axis=None)

    return timed(step, STEPS, WARM_UP)


def adding_times(sizes: dict[int, int]) -> dict[int, list[float]]:
    """Add up vectors with the other workers, and return the milliseconds of each time."""
    import tensorflow as tf

    one_thread()
    strategy = tf.distribute.MultiWorkerMirroredStrategy()

    @tf.function
    def add_up(vector: Any) -> Any:
        own = strategy.run(lambda: tf.identity(vector))
        # One number is enough to know that it is done.
        return strategy.reduce("SUM", own, axis=None)[0]

    times = {}
    for size, rounds in sizes.items():
        vector = tf.ones(size)
        assert float(add_up(vector)) == strategy.num_replicas_in_sync
        times[size] = timed(lambda v=vector: add_up(v), rounds, warm_up=1)
    return times


def large_times() -> tuple[list[float], int]:
    """Return the milliseconds of the large network's gradient, and how many parameters it has."""
    import keras
    import tensorflow as tf

    one_thread()
    network = getattr(keras.applications, LARGE)(weights=None)
    images = tf.random.uniform((LARGE_BATCH, 224, 224, 3))

    @tf.function
    def gradient() -> Any:
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(tf.math.log(network(images, training=True)[:, 0]))
        return tape.gradient(loss, network.trainable_variables)[-1]

    return timed(gradient, LARGE_STEPS, warm_up=1), network.count_params()


def check(runs: Runs) -> None:
    for run in runs:
        assert 0 < run["milliseconds"][0] and run["milliseconds"] == sorted(run["milliseconds"])
    for turn in TURNS:
        sums = runs.where(turn=turn, part="adding up")
        assert sums.array("numbers").tolist() == list(SIZES)
        assert sums[-1]["milliseconds"][1] > 10 * sums[0]["milliseconds"][1]
        assert 25e6 < runs.where(turn=turn, part="large network")[0]["parameters"] < 26e6
