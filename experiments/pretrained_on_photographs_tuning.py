"""A network that learned from photographs, trained a little further on ultrasound images.

The learning rate is chosen on validation images by the reader of the records. Each network meets
the test images once, at its end.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.common import grid
from experiments.pretrained_on_photographs import auc, parts
from helpers import pretrained
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

DATA, SIZE = "breastmnist at 64", 96
# From which layer on the network changes.
STARTS = {"last block": "blocks_15_expand_conv", "all": "conv_stem"}
# What has learned is to be moved less than what is new.
RATES = {"last block": (1e-3, 3e-3), "all": (3e-4, 1e-3)}
STEPS, BATCH = 60, 32
SEEDS = range(3)


def jobs() -> Iterator[dict[str, Any]]:
    for start in STARTS:
        yield from grid(start=[start], rate=RATES[start], seed=SEEDS)


def enlarged(images: np.ndarray) -> np.ndarray:
    """Return images in [0, 1] as the network takes them, (N, size, size, 3)."""
    import tensorflow as tf

    larger = tf.image.resize(images.astype("float32") / 255, (SIZE, SIZE))
    return np.repeat(np.asarray(larger), 3, axis=-1)


def network(start: str) -> Any:
    """Return the network with a new last layer; only layers from `start` on will change.

    Batch normalization never does. Its means are those of a million photographs; those of
    batches of 32 waver, and running means that a few steps mix of both fit neither.

    Examples
    --------
    >>> some, every = (len(network(start).trainable_weights) for start in STARTS)
    >>> some, every
    (6, 51)
    """
    import keras

    trunk = pretrained.efficientnet_lite0(SIZE)
    names = [layer.name for layer in trunk.layers]
    for place, layer in enumerate(trunk.layers):
        normalizes = isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = place >= names.index(STARTS[start]) and not normalizes
    last = keras.layers.Dense(2, activation="softmax", kernel_initializer="zeros")
    return keras.Model(trunk.input, last(trunk.output))


def run(start: str, rate: float, seed: int) -> dict[str, Any]:
    """Train the network further; return what it says of validation and test images."""
    import keras

    train_, validation, test = parts(DATA)
    keras.utils.set_random_seed(seed)
    model = network(start)
    recipe = Recipe(steps=STEPS, batch_size=BATCH, learning_rate=rate, flip="horizontal")
    begun = time.process_time()
    train(model, enlarged(train_.images), train_.labels, recipe, seed, verbose=False)
    seconds = time.process_time() - begun
    chances = [predict(model, enlarged(part.images)) for part in (validation, test)]
    return {
        "validation": round(auc(validation.labels, chances[0]), 5),
        "auc": round(auc(test.labels, chances[1]), 5),
        "accuracy": round(float(np.mean(chances[1].argmax(axis=1) == test.labels)), 5),
        "log": pack(np.log(np.clip(chances[1].astype(float), 1e-30, 1))),
        "training_seconds": round(seconds, 1),
    }


def shared() -> dict[str, Any]:
    return {
        "labels": parts(DATA)[2].labels,
        "trained_parameters": {
            start: int(sum(np.prod(w.shape) for w in network(start).trainable_weights))
            for start in STARTS
        },
    }


def check(runs: Runs) -> None:
    truth = runs.shared["labels"]
    assert np.bincount(truth).tolist() == [42, 114]
    for one in runs:
        assert one["log"].shape == (156, 2) and one["validation"] > 0.5
        # Stored are hundredths of logarithms: what is nearly 1 is known from the other class.
        chances = np.exp(one["log"])
        chances /= chances.sum(axis=1, keepdims=True)
        # Hundredths can't put in order what a network that collapsed says: all images alike.
        if np.ptp(one["log"][:, 0]) > 0:
            assert abs(auc(truth, chances) - one["auc"]) < 0.003
    assert sum(np.ptp(one["log"][:, 0]) == 0 for one in runs) <= 1
    counts = runs.shared["trained_parameters"]
    assert counts["last block"] < counts["all"]
