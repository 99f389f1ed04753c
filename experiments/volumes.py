"""Slices, 2.5-D and 3-D on two sets of volumes: equal parameters, equal recipe, five seeds.

As in the published benchmark, the weights with the best AUC on validation volumes are kept, and the
test volumes are looked at once, with these. Times are of one core.
"""

import functools
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.claims import published
from experiments.common import grid, labels_and_baselines, log_odds
from helpers.datasets import load
from helpers.models import multiply_adds
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

DATA = ("adrenalmnist3d", "vesselmnist3d")
SIZE = 28
# How many slices the kernels of each layer see.
DEPTHS = {"slices": (1, 1, 1), "2.5-D": (3, 1, 1), "3-D": (3, 3, 3)}
# Filters of the first layer; each next one has twice as many. All networks are about equally large.
FILTERS = {"slices": 10, "2.5-D": 10, "3-D": 6}
RECIPE = Recipe(steps=200, batch_size=32, learning_rate=4e-3, flip="both")
# After so many steps the validation volumes are asked.
EVERY = 50
SEEDS = range(5)


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS, data=DATA, network=DEPTHS)


@functools.cache
def volumes(data: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return volumes with slices as channels, (N, H, W, D) in [0, 1], and labels (N,)."""
    split = getattr(load(data, SIZE, synthetic=False), part)
    return np.moveaxis(split.images[..., 0], 1, 3).astype("float32") / 255, split.labels


def made(network: str) -> Any:
    """Return a network that takes slices as channels and makes a volume of them first.

    Examples
    --------
    >>> made("3-D").output.shape
    (None, 2)
    """
    import keras
    from keras import layers

    x = images = keras.Input((SIZE, SIZE, SIZE))
    x = layers.Reshape((SIZE, SIZE, SIZE, 1))(x)
    # Slices that do not meet in kernels do not meet in strides and pools either.
    step = 2 if network == "3-D" else 1
    for stage, depth in enumerate(DEPTHS[network]):
        filters, strides = FILTERS[network] * 2**stage, (1, 1, 1) if stage else (2, 2, step)
        x = layers.Conv3D(filters, (3, 3, depth), strides, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        if stage < 2:
            x = layers.MaxPooling3D((2, 2, step))(x)
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling3D()(x))
    return keras.Model(images, layers.Dense(2, activation="softmax")(x), name="volumes")


def run(data: str, network: str, seed: int) -> dict[str, Any]:
    import keras

    keras.utils.set_random_seed(seed)
    model, (X, truth) = made(network), volumes(data, "validation")
    kept, aucs = model.get_weights(), []

    def watch(step: int) -> None:
        nonlocal kept
        if step % EVERY == 0:
            aucs.append(round(float(roc_auc_score(truth, predict(model, X)[:, 1])), 4))
            if aucs[-1] == max(aucs):
                kept = model.get_weights()

    start = time.process_time()
    train(model, *volumes(data, "train"), RECIPE, seed, verbose=False, watch=watch)
    minutes = (time.process_time() - start) / 60
    model.set_weights(kept)
    return {
        "validation": aucs,
        "log_odds": pack(log_odds(predict(model, volumes(data, "test")[0])[:, 1])),
        "minutes": round(minutes, 2),
        "milliseconds": round(milliseconds(model, X), 2),
    }


def milliseconds(model: Any, images: np.ndarray) -> float:
    """Return the time of a core for one image, when the model has been called before."""
    predict(model, images)
    start = time.process_time()
    predict(model, images)
    return 1000 * (time.process_time() - start) / len(images)


def shared() -> dict[str, Any]:
    models = {network: made(network) for network in DEPTHS}
    return {
        **labels_and_baselines(DATA, volumes),
        "parameters": {name: model.count_params() for name, model in models.items()},
        "multiply_adds": {name: multiply_adds(model) for name, model in models.items()},
    }


def check(runs: Runs) -> None:
    published(runs.shared["labels"], runs.shared["baselines"])
    sizes = list(runs.shared["parameters"].values())
    assert max(sizes) < 1.1 * min(sizes), "the networks are of equal size"
    assert runs.array("validation").max(axis=1).min() > 0.6, "each has learned something"
