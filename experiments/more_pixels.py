"""The same images at several sizes: what more pixels buy a small network, at equal parameters.

All networks have the same layers and the same parameters; what differs is how far their
convolutions step. With the strides of the smallest images a network sees a smaller share of larger
ones; with strides that grow it sees about the same share. Each is trained for as many steps. The
reader of the records chooses on validation images; each network meets the test images once, at its
end.
"""

import functools
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.common import labels_and_baselines, log_odds
from helpers import chest_xrays
from helpers.datasets import load
from helpers.folders import fit_to, split_by_patient
from helpers.models import multiply_adds
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

CHESTS, ULTRASOUND = "chest X-rays", "breastmnist"
# The strides of the six convolutions for images of a size: the last map has 7 or 8 rows.
STRIDES = {
    28: (2, 1, 2, 1, 1, 1),
    64: (2, 1, 2, 1, 2, 1),
    128: (2, 2, 2, 1, 2, 1),
    224: (2, 2, 2, 2, 2, 1),
}
FILTERS = (8, 8, 16, 16, 32, 32)
# "growing" takes the strides of the size, "fixed" those of the smallest, whatever the size. At 224
# pixels a fixed network needs 32 times the time of one at 28; it is left out.
NETWORKS = {"growing": tuple(STRIDES), "fixed": (64, 128)}
# Ultrasound images are published at these sizes, and at hand.
AT_HAND = (28, 64)
RECIPE = Recipe(steps=200, batch_size=32, learning_rate=4e-3)
SEEDS = range(5)


def jobs() -> Iterator[dict[str, Any]]:
    for seed in SEEDS:
        for network, sizes in NETWORKS.items():
            for size in sizes:
                yield {"data": CHESTS, "network": network, "size": size, "seed": seed}
        for size in AT_HAND:
            yield {"data": ULTRASOUND, "network": "growing", "size": size, "seed": seed}


def squeezed(images: np.ndarray, size: int) -> np.ndarray:
    """Return gray images (N, H, W, 1) averaged to a size, as uint8 (N, size, size, 1).

    Examples
    --------
    >>> squeezed(np.full((2, 8, 8, 1), 9, np.uint8), 4).shape
    (2, 4, 4, 1)
    """
    return np.stack([fit_to(image[..., 0], size, "squeeze") for image in images])[..., np.newaxis]


@functools.cache
def published() -> Any:
    """Return the X-rays, with a tenth of the training images, by child, for validation."""
    cases = chest_xrays.load(max(STRIDES), synthetic=False)
    return split_by_patient(cases, test=None, validation=0.1, seed=0)


@functools.cache
def splits(data: str, size: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return images (N, size, size, 1) as uint8 and labels (N,) of each part."""
    source = published() if data == CHESTS else load(data, size=size, synthetic=False)
    return {
        name: (squeezed(part.images, size), part.labels)
        for name, part in (
            ("train", source.train),
            ("validation", source.validation),
            ("test", source.test),
        )
    }


def made(network: str, size: int) -> Any:
    """Return a network of six convolutions for images of a size.

    Examples
    --------
    >>> models = [made("growing", 28), made("fixed", 224), made("growing", 224)]
    >>> [model.count_params() for model in models]
    [18442, 18442, 18442]
    >>> [model.get_layer("last_map").output.shape[1:] for model in models]
    [(7, 7, 32), (56, 56, 32), (7, 7, 32)]
    """
    import keras
    from keras import layers

    strides = STRIDES[size if network == "growing" else min(STRIDES)]
    x = images = keras.Input((size, size, 1))
    for filters, stride in zip(FILTERS, strides, strict=True):
        x = layers.Conv2D(filters, 3, stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Identity(name="last_map")(x)
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, layers.Dense(2, activation="softmax")(x), name="six")


def trained(
    network: str, size: int, steps: int, seed: int, data: dict[str, tuple[np.ndarray, np.ndarray]]
) -> dict[str, Any]:
    """Train one network for so many steps; return what it says of validation and test images."""
    import keras

    keras.utils.set_random_seed(seed)
    model, recipe = made(network, size), replace(RECIPE, steps=steps)
    images = {name: part[0].astype("float32") / 255 for name, part in data.items()}
    start = time.process_time()
    train(model, images["train"], data["train"][1], recipe, seed, verbose=False)
    seconds = time.process_time() - start
    scores = {name: predict(model, images[name])[:, 1] for name in ("validation", "test")}
    aucs = {name: float(roc_auc_score(data[name][1], one)) for name, one in scores.items()}
    return {
        "training_seconds": round(seconds, 2),
        "validation": round(aucs["validation"], 5),
        "auc": round(aucs["test"], 5),
        "log_odds": pack(log_odds(scores["test"])),
    }


def run(data: str, network: str, size: int, seed: int) -> dict[str, Any]:
    return trained(network, size, RECIPE.steps, seed, splits(data, size))


def shared() -> dict[str, Any]:
    models = {
        network: {str(size): made(network, size) for size in sizes}
        for network, sizes in {**NETWORKS, "fixed": STRIDES}.items()
    }
    return {
        **labels_and_baselines(
            (CHESTS, ULTRASOUND), lambda data, part: splits(data, min(STRIDES))[part]
        ),
        "children": np.unique(published().test.patients, return_inverse=True)[1],
        "images": {
            data: [len(labels) for _, labels in splits(data, min(STRIDES)).values()]
            for data in (CHESTS, ULTRASOUND)
        },
        "parameters": models["fixed"]["28"].count_params(),
        "multiply_adds": {
            network: {size: multiply_adds(model) for size, model in sizes.items()}
            for network, sizes in models.items()
        },
    }


def check(runs: Runs) -> None:
    labels = runs.shared["labels"]
    counts = {data: np.bincount(truth).tolist() for data, truth in labels.items()}
    assert counts == {CHESTS: [234, 390], ULTRASOUND: [42, 114]}
    assert len(runs.shared["children"]) == 624
    for one in runs:
        truth = labels[one["data"]]
        assert one["log_odds"].shape == truth.shape and one["validation"] > 0.5
        # What is stored of each image gives the number beside it.
        assert abs(roc_auc_score(truth, one["log_odds"]) - one["auc"]) < 0.003
