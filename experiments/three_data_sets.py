"""The recipe of the book on three sets, over several seeds, and what it says of each test image.

The recipe was chosen on training and validation images (`three_data_sets_recipe`); each trained
network meets the test images once, at its end.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.claims import published
from experiments.common import PLAIN_ADAM, labels_and_baselines, scaled, start_from
from helpers.models import multiply_adds, small_network, tutorial_network
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

# "pretrained" is the small network that begins with what it has learned from chest X-rays.
MODELS = {
    "pneumoniamnist": ("small", "tutorial"),
    "breastmnist": ("small", "tutorial", "pretrained"),
    "retinamnist": ("small", "tutorial"),
}
SEEDS = range(5)
# Of one image, and how many classes.
SHAPES = {
    "pneumoniamnist": ((28, 28, 1), 2),
    "breastmnist": ((28, 28, 1), 2),
    "retinamnist": ((28, 28, 3), 5),
}
# What depends on the set: a mirrored chest has its heart on the wrong side, an eye may be turned,
# and the few photographs of the retina want a short training.
RECIPES = {
    "pneumoniamnist": Recipe(),
    "breastmnist": Recipe(flip="horizontal"),
    "retinamnist": Recipe(flip="both", turn=0.5, steps=350),
}
# The tutorial network as its users train it: ten epochs of chest X-rays, or as many steps.
AS_TUTORIAL = replace(PLAIN_ADAM, steps=370, batch_size=128)
# Mirrored copies that are averaged at test time: what training has seen, no more.
COPIES = {"horizontal": ("", "horizontal"), "both": ("", "horizontal", "vertical", "both")}


def jobs() -> Iterator[dict[str, Any]]:
    for seed in SEEDS:
        for data, models in MODELS.items():
            for model in models:
                yield {"data": data, "model": model, "seed": seed}


def recipe_of(model: str, data: str) -> Recipe:
    """Return the recipe by which a model is trained on a set."""
    return AS_TUTORIAL if model == "tutorial" else RECIPES[data]


def made(model: str, data: str) -> Any:
    """Return the network of a model for the images of a set."""
    make = tutorial_network if model == "tutorial" else small_network
    return make(*SHAPES[data])


def trained(model: str, data: str, seed: int) -> Any:
    """Return a trained network."""
    import keras

    keras.utils.set_random_seed(seed)
    network = made(model, data)
    if model == "pretrained":
        start_from(network, trained("small", "pneumoniamnist", seed))
    train(network, *scaled(data, "train"), recipe_of(model, data), seed, verbose=False)
    return network


def logits(chances: np.ndarray) -> np.ndarray:
    """Return the log of probabilities (N, K); of two classes, the log-odds (N,) of class 1.

    Examples
    --------
    >>> logits(np.array([[0.25, 0.75], [0.5, 0.5]])).round(2)
    array([1.1, 0. ])
    >>> np.exp(logits(np.array([[0.25, 0.25, 0.5]])))
    array([[0.25, 0.25, 0.5 ]])
    """
    logs = np.log(np.clip(chances.astype(float), 1e-30, 1))
    return logs[:, 1] - logs[:, 0] if logs.shape[1] == 2 else logs


def run(data: str, model: str, seed: int) -> dict[str, Any]:
    network, (images, _) = trained(model, data, seed), scaled(data, "test")
    record = {"logits": pack(logits(predict(network, images)))}
    if flip := recipe_of(model, data).flip:
        record["logits_mirrored"] = pack(logits(predict(network, images, COPIES[flip])))
    return record


def sizes() -> dict[str, dict[str, dict[str, int]]]:
    """Return the size of each network, by set and model."""
    networks = {
        data: {model: made(model, data) for model in ("tutorial", "small")} for data in SHAPES
    }
    return {
        data: {
            model: {"parameters": network.count_params(), "multiply_adds": multiply_adds(network)}
            for model, network in both.items()
        }
        for data, both in networks.items()
    }


def shared() -> dict[str, Any]:
    return {**labels_and_baselines(SHAPES, scaled), "sizes": sizes()}


def check(runs: Runs) -> None:
    published(runs.shared["labels"], runs.shared["baselines"])
    assert runs.shared["sizes"] == sizes()
    assert all(size["small"]["parameters"] < 100_000 for size in runs.shared["sizes"].values())
    for each in runs:
        if "logits_mirrored" in each:
            assert not np.array_equal(each["logits_mirrored"], each["logits"])
