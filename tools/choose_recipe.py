"""Choose the recipe for RetinaMNIST by cross-validation, with patients kept apart as far as can be.

`python -m tools.choose_recipe` writes `notebooks/results/choose-recipe.json`, which the lesson
"Three data sets" reads. It takes about half an hour on one core and can be stopped: what the file
already holds is not trained again. The set holds several photographs of each patient and does not
say whose they are. Photographs of one patient share color and light, so folds that keep photographs
of similar color together keep most patients together, too. No test image is used.
"""

import sys
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from helpers.models import small_network
from helpers.training import predict, train
from tools.protocol import RECIPE, measures, split
from tools.results import complete, read

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "choose-recipe.json"
DATA = "retinamnist"
VERSIONS = ("numpy", "tensorflow", "keras", "scikit-learn")
FOLDS, GROUPS = 3, 20
# What is tried: settings of the recipe; "soften" is not one of it.
TRIED: dict[str, dict[str, Any]] = {
    "350 steps": {"steps": 350},
    "700 steps": {"steps": 700},
    "1500 steps": {"steps": 1500},
    "350 steps, softened grades": {"steps": 350, "soften": 0.15},
    "350 steps, turned freely": {"steps": 350, "turn": 0.5},
}
# How images are divided: by chance, or so that similar colors stay together.
KINDS = {"colors together": tuple(TRIED), "by chance": ("350 steps", "1500 steps")}


def both() -> tuple[np.ndarray, np.ndarray]:
    """Return the training and validation images, and their grades."""
    parts = [split(DATA, name) for name in ("train", "validation")]
    return tuple(np.concatenate(arrays) for arrays in zip(*parts, strict=True))  # type: ignore


def colors(images: np.ndarray) -> np.ndarray:
    """Return quantiles of each channel and its mean in six rings (N, 42), standardized."""
    row, column = np.mgrid[: images.shape[1], : images.shape[2]] - 13.5
    radius = np.hypot(row, column)
    eye = images[:, radius < 12.5]
    parts = [eye.mean(axis=1), eye.std(axis=1)]
    parts += list(np.quantile(eye, [0.1, 0.25, 0.5, 0.75, 0.9], axis=1))
    edges = (0, 4, 7, 10, 12.5, 14, 20)
    for low, high in zip(edges, edges[1:], strict=False):
        parts.append(images[:, (radius >= low) & (radius < high)].mean(axis=1))
    values = np.concatenate(parts, axis=1)
    return (values - values.mean(axis=0)) / values.std(axis=0)


def folds(kind: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the indices of training and validation images of each fold."""
    images, grades = both()
    if kind == "by chance":
        divide = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        return list(divide.split(images, grades))
    groups = KMeans(GROUPS, n_init=4, random_state=0).fit_predict(colors(images))
    divide = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return list(divide.split(images, grades, groups))


def softened(grades: np.ndarray, share: float, classes: int = 5) -> np.ndarray:
    """Return probabilities (N, classes): a share of each label goes to the grades beside it."""
    beside = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes))) == 1
    table = (1 - share) * np.eye(classes) + share * beside / beside.sum(axis=1, keepdims=True)
    return table[grades].astype("float32")


def judge(kind: str, tried: str, fold: int) -> dict[str, Any]:
    """Train on all folds but one and judge on that one."""
    import keras

    images, grades = both()
    rest, held = folds(kind)[fold]
    settings = dict(TRIED[tried])
    soften = settings.pop("soften", 0.0)
    labels = softened(grades[rest], soften) if soften else grades[rest]
    keras.utils.set_random_seed(fold)
    network = small_network(images.shape[1:], 5)
    start = time.process_time()
    recipe = replace(RECIPE, flip="both", **settings)
    train(network, images[rest], labels, recipe, fold, verbose=False)
    seconds = time.process_time() - start
    found = measures(grades[held], predict(network, images[held]))
    found = {name: round(value, 4) for name, value in found.items()}
    return {"kind": kind, "tried": tried, "fold": fold, "core_seconds": round(seconds), **found}


def main() -> int:
    """Train what the file does not hold yet."""
    start = {"versions": {name: version(name) for name in VERSIONS}, "tried": TRIED, "runs": []}
    results = read(RESULTS) or start
    jobs = [(kind, tried, f) for kind in KINDS for tried in KINDS[kind] for f in range(FOLDS)]
    complete(results, RESULTS, jobs, ["kind", "tried", "fold"], judge)
    return 0


if __name__ == "__main__":
    sys.exit(main())
