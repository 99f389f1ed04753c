"""The scores of four kinds of networks, over several seeds, which the lesson compares.

Nothing is chosen here.
"""

import functools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from experiments.common import PLAIN_ADAM, grid, log_odds, scaled
from helpers.models import small_network, tutorial_network
from helpers.phantoms import Scanner, draw_labels, radiographs
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

SEEDS = range(5)
PLAIN = replace(PLAIN_ADAM, steps=250, batch_size=64)
# On the chest X-rays, each network sees 16,000 images.
RECIPES = {
    "tutorial": PLAIN,
    "small": Recipe(500, 32),
    "breast": replace(PLAIN, steps=100),
    "scanners": PLAIN,
}
FILTERS = (8, 16, 32)
# Of "scanners" the images are simulated.
DATA = {"tutorial": "pneumoniamnist", "small": "pneumoniamnist", "breast": "breastmnist"}
# Images and seed.
SIMULATED = {"train": (3000, 0), "validation": (600, 1), "test": (1000, 2)}
# Shares of healthy and ill.
CLASSES = (2 / 3, 1 / 3)
OLD_SHARE = 0.1
NEW, OLD = Scanner(), Scanner(dose=0.1, blur=1.0, contrast=0.8, brightness=0.1)
JUDGED = ("validation", "test")


def jobs() -> Iterator[dict[str, Any]]:
    return grid(task=RECIPES, seed=SEEDS)


def patients(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of simulated patients (N,), and who was at the old scanner (N,)."""
    count, seed = SIMULATED[part]
    labels = draw_labels(count, CLASSES, seed=seed)
    return labels, np.random.default_rng([seed, 1]).random(count) < OLD_SHARE


@functools.cache
def images_of(task: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (N, H, W, C) in [0, 1], and labels (N,)."""
    if task in DATA:
        return scaled(DATA[task], part)
    labels, old = patients(part)
    new_images, old_images = (
        radiographs(labels, seed=SIMULATED[part][1], scanner=scanner).images
        for scanner in (NEW, OLD)
    )
    images = np.where(old[:, None, None, None], old_images, new_images)
    return images.astype("float32") / 255, labels


def run(task: str, seed: int) -> dict[str, Any]:
    import keras

    keras.utils.set_random_seed(seed)
    network = small_network(filters=FILTERS) if task == "small" else tutorial_network()
    train(network, *images_of(task, "train"), RECIPES[task], seed, verbose=False)
    return {
        part: pack(log_odds(predict(network, images_of(task, part)[0])[:, 1])) for part in JUDGED
    }


def shared() -> dict[str, Any]:
    return {
        "labels": {task: {part: images_of(task, part)[1] for part in JUDGED} for task in RECIPES},
        "old": {part: patients(part)[1] for part in JUDGED},
    }


def check(runs: Runs) -> None:
    # Classes of each part of MedMNIST v2 (doi 10.1038/s41597-022-01721-8).
    for task, validation, test in (
        ("tutorial", [135, 389], [234, 390]),
        ("small", [135, 389], [234, 390]),
        ("breast", [21, 57], [42, 114]),
    ):
        labels = runs.shared["labels"][task]
        assert [np.bincount(labels[part]).tolist() for part in JUDGED] == [validation, test]
    for part in JUDGED:
        labels, old = runs.shared["labels"]["scanners"][part], runs.shared["old"][part]
        assert len(labels) == SIMULATED[part][0]
        assert np.array_equal((labels, old), patients(part))
        # One in ten at the old scanner, whatever the label.
        assert abs(old.mean() - OLD_SHARE) < 0.03
        assert abs(np.corrcoef(labels, old)[0, 1]) < 0.1
