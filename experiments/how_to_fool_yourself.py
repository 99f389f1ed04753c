"""Which test images of BreastMNIST each of a hundred networks gets right.

The lesson reports the best of four. Nothing is chosen here.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.common import grid, scaled
from helpers.evaluation import majority_baseline
from helpers.models import tutorial_network
from helpers.results import Runs

DATA, EPOCHS, BATCH = "breastmnist", 5, 32
SEEDS = range(100)


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS)


def run(seed: int) -> dict[str, Any]:
    import keras

    images, truth = scaled(DATA, "test")
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    network = tutorial_network()
    network.compile("adam", "sparse_categorical_crossentropy", steps_per_execution=6)
    network.fit(*scaled(DATA, "train"), BATCH, EPOCHS, verbose=0)
    guess = network(images).numpy().argmax(axis=1)
    return {"right": guess == truth}


def shared() -> dict[str, Any]:
    labels = [scaled(DATA, part)[1] for part in ("train", "test")]
    return {"baseline": round(majority_baseline(*labels), 4)}


def check(runs: Runs) -> None:
    right = runs.array("right")
    # 156 test images, 114 of them benign: MedMNIST v2 (doi 10.1038/s41597-022-01721-8).
    assert right.shape == (100, 156)
    assert runs.shared["baseline"] == round(114 / 156, 4)
    # Networks learn, and differ.
    assert right.mean() > runs.shared["baseline"] + 0.02
    assert len(np.unique(right, axis=0)) > 90
