"""What the size of a batch does to the learning rate that it needs; the same images for each.

Plain momentum, no augmentation, no schedule: nothing but batch and rate differs. Judged on the
validation images; the test images are not looked at.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from experiments.common import grid, scaled
from helpers.models import tutorial_network
from helpers.results import Runs
from helpers.training import predict

DATA = "pneumoniamnist"
# Each batch size divides the images: no batch is smaller than the others.
IMAGES, EPOCHS, MOMENTUM = 4096, 8, 0.9
BATCHES = (64, 256, 1024, 4096)
# The factor is that of the batches: the linear rule goes from one rate to the next.
RATES = (0.005, 0.02, 0.08, 0.32)
SEEDS = range(5)


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS, batch=BATCHES, rate=RATES)


def run(batch: int, rate: float, seed: int) -> dict[str, Any]:
    """Train, and return what the validation images say; None if the weights are not finite."""
    import keras

    keras.utils.set_random_seed(seed)
    network = tutorial_network()
    network.compile(
        keras.optimizers.SGD(rate, momentum=MOMENTUM), "sparse_categorical_crossentropy"
    )
    images, labels = scaled(DATA, "train")
    some = np.random.default_rng(seed).permutation(len(images))[:IMAGES]
    network.fit(images[some], labels[some], batch, EPOCHS, verbose=0)
    if not all(np.isfinite(weights).all() for weights in network.get_weights()):
        return {"loss": None, "auc": None}
    images, labels = scaled(DATA, "validation")
    chances = predict(network, images)
    return {
        "loss": round(float(log_loss(labels, chances)), 4),
        "auc": round(float(roc_auc_score(labels, chances[:, 1])), 4),
    }


def shared() -> dict[str, Any]:
    labels = scaled(DATA, "validation")[1]
    share = labels.mean()
    # Who says the same chance of every child does no better than this.
    return {"baseline": round(float(log_loss(labels, np.full(len(labels), share))), 4)}


def check(runs: Runs) -> None:
    for run in runs:
        assert (run["loss"] is None) == (run["auc"] is None)
        assert run["loss"] is None or (run["loss"] > 0 and 0 <= run["auc"] <= 1)
    # Small batches at a small rate train; that is the least that the comparison needs.
    small = runs.where(batch=BATCHES[0], rate=RATES[1])
    assert (small.array("loss") < runs.shared["baseline"] / 2).all()
