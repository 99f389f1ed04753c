"""Train the networks that the lesson "What is the model worth?" judges, over several seeds.

`python -m tools.judge_models` writes `notebooks/results/judge-models.json`: the log-odds that each
trained network gives to each validation and test image. It takes a few minutes and can be stopped:
what the file already holds is not trained again. Nothing is chosen here.
"""

import functools
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from helpers import models, phantoms
from helpers.datasets import load
from helpers.training import Recipe, predict, train
from tools.results import complete, log_odds, read

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "judge-models.json"
SEEDS = range(5)
# The source's way: Adam, always the same learning rate, images as they are.
PLAIN = Recipe(250, 64, 1e-3, cosine=False, weight_decay=0, shift=0, turn=0, zoom=0)
# Each network sees as many images: 16,000 on the chest X-rays.
RECIPES = {
    "source": PLAIN,
    "small": Recipe(500, 32),
    "breast": replace(PLAIN, steps=100),
    "scanners": PLAIN,
}
FILTERS = (8, 16, 32)
# Simulated radiographs, one in ten from an old scanner: images in all.
SCANNERS = {"train": 3000, "validation": 600, "test": 1000}
OLD = phantoms.Scanner(dose=0.1, blur=1.0, contrast=0.8, brightness=0.1)


@functools.cache
def simulated(part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return radiographs from two scanners, their labels, and whether the scanner is the old one.

    One image in three shows opacities.
    """
    seed = list(SCANNERS).index(part)
    labels = phantoms.draw_labels(SCANNERS[part], [2 / 3, 1 / 3], seed=seed)
    old = np.random.default_rng([seed, 1]).random(len(labels)) < 0.1
    new_images, old_images = (
        phantoms.radiographs(labels, seed=seed, scanner=scanner).images
        for scanner in (phantoms.Scanner(), OLD)
    )
    return np.where(old[:, None, None, None], old_images, new_images), labels, old


def split(task: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the images in [0, 1], and the labels, that a task is about."""
    if task == "scanners":
        images, labels, _ = simulated(part)
    else:
        name = "breastmnist" if task == "breast" else "pneumoniamnist"
        images, labels = vars(getattr(load(name, synthetic=False), part)).values()
    return images.astype("float32") / 255, labels


def judge(task: str, seed: int) -> dict[str, Any]:
    """Train one network; return its log-odds of class 1 for validation and test images."""
    import keras

    keras.utils.set_random_seed(seed)
    small = task == "small"
    model = models.small_network(filters=FILTERS) if small else models.source_network()
    start = time.process_time()
    train(model, *split(task, "train"), RECIPES[task], seed, verbose=False)
    entry: dict[str, Any] = {"task": task, "seed": seed}
    entry["seconds"] = round(time.process_time() - start, 1)
    for part in ("validation", "test"):
        entry[part] = log_odds(predict(model, split(task, part)[0])[:, 1])
    return entry


def start() -> dict[str, Any]:
    """Return what is written before the first run."""
    import keras
    import tensorflow

    return {
        "versions": {"keras": keras.__version__, "tensorflow": tensorflow.__version__},
        "device": "CPU, one core",
        "recipes": {task: asdict(recipe) for task, recipe in RECIPES.items()},
        "filters": FILTERS,
        "labels": {
            task: {part: "".join(map(str, split(task, part)[1])) for part in ("validation", "test")}
            for task in ("source", "breast", "scanners")
        },
        "old": {
            part: "".join(str(int(old)) for old in simulated(part)[2])
            for part in ("validation", "test")
        },
        "runs": [],
    }


def main() -> int:
    """Train what the file does not hold yet."""
    results = read(RESULTS) or start()
    jobs = [(task, seed) for seed in SEEDS for task in RECIPES]
    complete(results, RESULTS, jobs, ["task", "seed"], judge)
    return 0


if __name__ == "__main__":
    sys.exit(main())
