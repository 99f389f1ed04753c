"""Train the recipe of the book on three sets, over several seeds, and judge it on test images.

`make protocol` (`python -m tools.protocol`) writes `notebooks/results/protocol.json`, which the
lesson "Three data sets" reads. It takes about an hour on two cores, minutes on a GPU, and can be
stopped: what the file already holds is not trained again. `--into FILE` writes elsewhere: a second
run to compare with. The recipe was chosen on training and validation images; each trained model
meets the test images once, at its end.
"""

import argparse
import functools
import os
import platform
import sys
import time
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, cohen_kappa_score, roc_auc_score

from helpers.datasets import load
from helpers.evaluation import majority_baseline
from helpers.models import multiply_adds, small_network, source_network
from helpers.training import Recipe, predict, train
from tools.results import complete, read

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "protocol.json"
# "pretrained" is the small network that begins with what it has learned from chest X-rays.
MODELS = {
    "pneumoniamnist": ("small", "source"),
    "breastmnist": ("small", "source", "pretrained"),
    "retinamnist": ("small", "source"),
}
SEEDS = range(5)
VERSIONS = ("numpy", "tensorflow", "keras", "scikit-learn")
RECIPE = Recipe()
# What depends on the set: a mirrored chest has its heart on the wrong side, an eye may be turned,
# and the few photographs of the retina want a short training (`choose_recipe`).
SETTINGS: dict[str, dict[str, Any]] = {
    "pneumoniamnist": {},
    "breastmnist": {"flip": "horizontal"},
    "retinamnist": {"flip": "both", "turn": 0.5, "steps": 350},
}
# Mirrored copies that the second row averages at test time: what training has seen, no more.
COPIES = {"horizontal": ("", "horizontal"), "both": ("", "horizontal", "vertical", "both")}

# The source's network as its users train it: ten epochs of chest X-rays, or as many steps.
PLAIN = Recipe(
    steps=370,
    batch_size=128,
    learning_rate=1e-3,
    cosine=False,
    weight_decay=0,
    shift=0,
    turn=0,
    zoom=0,
)


def recipe_of(model: str, data: str) -> Recipe:
    """Return the recipe by which a model is trained on a set."""
    return PLAIN if model == "source" else replace(RECIPE, **SETTINGS[data])


@functools.cache
def split(data: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images in [0, 1] and labels."""
    part = getattr(load(data, synthetic=False), name)
    return part.images.astype("float32") / 255, part.labels


def build(model: str, data: str, seed: int) -> Any:
    """Return a network with the first weights of this seed."""
    import keras

    keras.utils.set_random_seed(seed)
    X, y = split(data, "train")
    make = source_network if model == "source" else small_network
    return make(X.shape[1:], int(y.max()) + 1)


def start_from(network: Any, teacher: Any) -> None:
    """Copy the weights of another network, all but the last layer's kernel and bias."""
    network.set_weights([*teacher.get_weights()[:-2], *network.get_weights()[-2:]])


@functools.cache
def trained(model: str, data: str, seed: int) -> tuple[Any, float]:
    """Return a trained network, and the core-seconds that its training took."""
    network, before = build(model, data, seed), 0.0
    if model == "pretrained":
        teacher, before = trained("small", "pneumoniamnist", seed)
        start_from(network, teacher)
    start = time.process_time()
    train(network, *split(data, "train"), recipe_of(model, data), seed, verbose=False)
    return network, before + time.process_time() - start


def logits(chances: np.ndarray) -> list:
    """Return the log of probabilities (N, K), with two decimals: small files.

    Of two classes, the log-odds of class 1 say it all.
    """
    logs = np.log(np.clip(chances.astype(float), 1e-30, 1))
    return np.round(logs[:, 1] - logs[:, 0] if logs.shape[1] == 2 else logs, 2).tolist()


def probabilities(stored: list) -> np.ndarray:
    """Return the probabilities (N, K) that `logits` stored."""
    logs = np.array(stored, dtype=float)
    if logs.ndim == 1:
        logs = np.stack([np.zeros_like(logs), logs], axis=1)
    chances = np.exp(logs - logs.max(axis=1, keepdims=True))
    return chances / chances.sum(axis=1, keepdims=True)


def measures(truth: np.ndarray, chances: np.ndarray) -> dict[str, float]:
    """Return AUC and accuracy as MedMNIST defines them, and the quadratic kappa.

    Of more than two classes: the mean AUC of each against the rest.
    """
    classes = chances.shape[1]
    if classes == 2:
        auc = roc_auc_score(truth, chances[:, 1])
    else:
        auc = np.mean([roc_auc_score(truth == k, chances[:, k]) for k in range(classes)])
    guess = chances.argmax(axis=1)
    kappa = cohen_kappa_score(truth, guess, weights="quadratic")
    return {
        "auc": float(auc),
        "accuracy": float(accuracy_score(truth, guess)),
        "kappa": float(kappa),
    }


def judge(data: str, model: str, seed: int) -> dict[str, Any]:
    """Train one model and judge it on the test images."""
    network, seconds = trained(model, data, seed)
    images, _ = split(data, "test")
    entry = {"data": data, "model": model, "seed": seed, "core_seconds": round(seconds)}
    entry["logits"] = logits(predict(network, images))
    flip = recipe_of(model, data).flip
    if flip:
        entry["logits_mirrored"] = logits(predict(network, images, COPIES[flip]))
    return entry


def start() -> dict[str, Any]:
    """Return what the file says besides the runs."""
    import tensorflow as tf

    describe = tf.config.experimental.get_device_details
    gpus = [describe(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return {
        "device": gpus[0].get("device_name", "GPU") if gpus else f"CPU, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in VERSIONS},
        "recipe": asdict(RECIPE),
        "settings": SETTINGS,
        "labels": {data: "".join(map(str, split(data, "test")[1])) for data in MODELS},
        "baselines": {
            data: round(majority_baseline(split(data, "train")[1], split(data, "test")[1]), 4)
            for data in MODELS
        },
        "sizes": {
            data: {
                model: {"parameters": net.count_params(), "multiply_adds": multiply_adds(net)}
                for model in ("source", "small")
                for net in [build(model, data, 0)]
            }
            for data in MODELS
        },
        "runs": [],
    }


def main() -> int:
    """Train what the file does not hold yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--first-seed", type=int, default=SEEDS.start)
    arguments = parser.parse_args()
    file = arguments.into
    results = read(file) or start()
    jobs = [
        (data, model, seed)
        for seed in range(arguments.first_seed, arguments.first_seed + len(SEEDS))
        for data, models in MODELS.items()
        for model in models
    ]
    complete(results, file, jobs, ["data", "model", "seed"], judge)
    return 0


if __name__ == "__main__":
    sys.exit(main())
