"""What a shuffle buffer that is too small does to a network: images sorted by class."""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.common import grid, log_odds, scaled
from helpers.models import small_network
from helpers.results import Runs, pack
from helpers.training import predict

DATA, BATCH, EPOCHS = "pneumoniamnist", 64, 6
# What goes into the buffer: images sorted by class, or shuffled once, before the first pass.
# The largest buffer holds all of them.
BUFFERS = {"sorted": (64, 512, 2048, 4708), "shuffled once": (256,)}
SEEDS = range(5)
FILTERS, RATE = (8, 16), 1e-3


def jobs() -> Iterator[dict[str, Any]]:
    for listed, buffers in BUFFERS.items():
        yield from grid(listed=[listed], buffer=buffers, seed=SEEDS)


def shared() -> dict[str, Any]:
    return {"truth": scaled(DATA, "validation")[1]}


@functools.cache
def by_class() -> tuple[np.ndarray, np.ndarray]:
    """Return the training images and labels as a folder lists them: one class after the other."""
    images, labels = scaled(DATA, "train")
    order = np.argsort(labels, kind="stable")
    return images[order], labels[order]


def run(listed: str, buffer: int, seed: int) -> dict[str, Any]:
    """Return the log-odds of the validation images."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    model = small_network(filters=FILTERS)
    model.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy")
    images, labels = by_class()
    if listed == "shuffled once":
        order = np.random.default_rng(seed).permutation(len(labels))
        images, labels = images[order], labels[order]
    data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(buffer, seed=seed)
    model.fit(data.batch(BATCH), epochs=EPOCHS, verbose=0)
    z = log_odds(predict(model, scaled(DATA, "validation")[0])[:, 1])
    return {"log_odds": pack(z, step=0.01)}


def check(runs: Runs) -> None:
    truth = runs.shared["truth"]

    def right(**which: Any) -> np.ndarray:
        return np.mean((runs.where(**which).array("log_odds") > 0) == truth, axis=1)

    # With a small buffer the last batches are all ill, and that is the answer to all images.
    small, large = BUFFERS["sorted"][:2], BUFFERS["sorted"][2:]
    assert all((right(buffer=b) == truth.mean()).all() for b in small)
    assert all(np.median(right(buffer=b)) > truth.mean() + 0.1 for b in large)
