"""Switch the ingredients of the recipe off and others on, one at a time, over several seeds.

`python -m tools.ingredients` writes `notebooks/results/ingredients.json`, which the lesson
"Training well" reads. It takes about half an hour on one core and can be stopped: what the file
already holds is not trained again. Choices are made on the validation images; what the test images
say of each variant is noted at its end, to be looked at once and not to choose by.
"""

import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from helpers.models import multiply_adds, small_network, source_network
from helpers.training import predict, train
from tools.protocol import PLAIN, RECIPE, split
from tools.results import complete, read

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "ingredients.json"
DATA = "pneumoniamnist"
SEEDS = range(3)
STEPS = 300
VERSIONS = ("numpy", "tensorflow", "keras")
# Batches of 64 in an epoch of 4,708 images: how often early stopping looks.
EPOCH = 74
# What is changed: settings of the network, settings of the recipe.
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the recipe": ({}, {}),
    "no batch normalization": ({"batch_norm": False}, {}),
    "no residual links": ({"residual": False}, {}),
    "no global average pooling": ({"global_pool": False}, {}),
    "no dropout": ({"dropout": 0.0}, {}),
    "no augmentation": ({}, {"shift": 0.0, "turn": 0.0, "zoom": 0.0}),
    "no schedule": ({}, {"cosine": False}),
    "no weight decay": ({}, {"weight_decay": 0.0}),
    "with label smoothing": ({}, {"label_smoothing": 0.1}),
    "with class weights": ({}, {"class_weights": True}),
    "with mirrored images": ({}, {"flip": "horizontal"}),
    "with early stopping": ({}, {}),
    "the source's network": ({}, {}),
}


def build(variant: str, seed: int) -> tuple[Any, Any]:
    """Return a variant's network, with the first weights of this seed, and its recipe."""
    import keras

    keras.utils.set_random_seed(seed)
    if variant == "the source's network":
        return source_network(), replace(PLAIN, steps=STEPS)
    settings, recipe = VARIANTS[variant]
    return small_network(**settings), replace(RECIPE, steps=STEPS, **recipe)


class Keeper:
    """Keep the weights of the epoch with the lowest loss on the validation images."""

    def __init__(self, network: Any) -> None:
        self.network, self.best, self.weights = network, np.inf, network.get_weights()

    def __call__(self, step: int) -> None:
        if step % EPOCH == 0 or step == STEPS:
            V, v = split(DATA, "validation")
            loss = log_loss(v, predict(self.network, V))
            if loss < self.best:
                self.best, self.weights = loss, self.network.get_weights()


def judge(variant: str, seed: int) -> dict[str, Any]:
    """Train one variant with one seed and judge it."""
    network, recipe = build(variant, seed)
    keeper = Keeper(network) if variant == "with early stopping" else None
    start = time.process_time()
    train(network, *split(DATA, "train"), recipe, seed, verbose=False, watch=keeper)
    seconds = time.process_time() - start
    if keeper:
        network.set_weights(keeper.weights)
    entry = {"variant": variant, "seed": seed, "core_seconds": round(seconds, 1)}
    for part in ("validation", "test"):
        images, truth = split(DATA, part)
        chances = predict(network, images)
        entry[part] = {
            "loss": round(float(log_loss(truth, chances)), 4),
            "auc": round(float(roc_auc_score(truth, chances[:, 1])), 4),
            "accuracy": round(float(np.mean(chances.argmax(axis=1) == truth)), 4),
        }
    return entry


def start() -> dict[str, Any]:
    """Return what the file says besides the runs."""
    networks = {variant: build(variant, 0)[0] for variant in VARIANTS}
    return {
        "device": "CPU, one core",
        "versions": {name: version(name) for name in VERSIONS},
        "steps": STEPS,
        "sizes": {
            variant: {"parameters": net.count_params(), "multiply_adds": multiply_adds(net)}
            for variant, net in networks.items()
        },
        "runs": [],
    }


def main() -> int:
    """Train what the file does not hold yet."""
    results = read(RESULTS) or start()
    jobs = [(variant, seed) for seed in SEEDS for variant in VARIANTS]
    complete(results, RESULTS, jobs, ["variant", "seed"], judge)
    return 0


if __name__ == "__main__":
    sys.exit(main())
