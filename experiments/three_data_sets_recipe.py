"""The recipe for RetinaMNIST, by cross-validation, with patients kept apart as far as can be.

The set holds several photographs of each patient and does not say whose they are. Photographs of
one patient share color and light, so folds that keep photographs of similar color together keep
most patients together, too. No test image is used.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import accuracy_score, cohen_kappa_score, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from experiments import three_data_sets
from experiments.common import grid, scaled
from helpers.models import small_network
from helpers.results import Runs
from helpers.training import Recipe, predict, train

DATA, CLASSES, FOLDS = "retinamnist", 5, 3
# How alike photographs are: quantiles of the eye's colors, and their means in rings (in pixels).
QUANTILES, RINGS, RADIUS = (0.1, 0.25, 0.5, 0.75, 0.9), (0, 4, 7, 10, 12.5, 14, 20), 12.5
GROUPS, STARTS = 20, 4
TRIED = {
    "350 steps": Recipe(steps=350, flip="both"),
    "700 steps": Recipe(steps=700, flip="both"),
    "1500 steps": Recipe(steps=1500, flip="both"),
    "350 steps, softened grades": Recipe(steps=350, flip="both"),
    "350 steps, turned freely": Recipe(steps=350, flip="both", turn=0.5),
}
# The share of a label that goes to the grades beside it.
SOFTENED = {"350 steps, softened grades": 0.15}
# How images are divided: by chance, or so that similar colors stay together.
KINDS = {"colors together": tuple(TRIED), "by chance": ("350 steps", "1500 steps")}


def jobs() -> Iterator[dict[str, Any]]:
    for kind, tried in KINDS.items():
        yield from grid(kind=[kind], tried=tried, fold=range(FOLDS))


def colors(images: np.ndarray) -> np.ndarray:
    """Return quantiles of each channel and its mean in six rings (N, 39), standardized.

    Examples
    --------
    >>> values = colors(np.random.default_rng(0).random((9, 28, 28, 3)))
    >>> values.shape, bool(np.allclose(values.mean(axis=0), 0))
    ((9, 39), True)
    """
    row, column = np.mgrid[: images.shape[1], : images.shape[2]] - (images.shape[1] - 1) / 2
    radius = np.hypot(row, column)
    eye = images[:, radius < RADIUS]
    parts = [eye.mean(axis=1), eye.std(axis=1), *np.quantile(eye, QUANTILES, axis=1)]
    for low, high in zip(RINGS, RINGS[1:], strict=False):
        parts.append(images[:, (radius >= low) & (radius < high)].mean(axis=1))
    values = np.concatenate(parts, axis=1)
    return (values - values.mean(axis=0)) / values.std(axis=0)


def folds(kind: str, images: np.ndarray, grades: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the indices of training and validation images of each fold.

    Examples
    --------
    Thirty patients, four photographs each, in light of their own:

    >>> random, patients = np.random.default_rng(0), np.arange(120) // 4
    >>> color, contrast = random.uniform(0.2, 0.8, (2, 30, 1, 1, 3))
    >>> light = color + contrast * np.linspace(-0.5, 0.5, 28)[:, None, None] * np.ones((28, 28, 1))
    >>> images = light[patients] + random.normal(0, 0.002, (120, 28, 28, 3))
    >>> for kind in KINDS:
    ...     pairs = folds(kind, images, patients % 5)
    ...     divided = [set(patients[rest]) & set(patients[held]) for rest, held in pairs]
    ...     held_once = sorted(np.concatenate([held for _, held in pairs])) == list(range(120))
    ...     print(kind, held_once, [len(rest) for rest, _ in pairs], len(set.union(*divided)))
    colors together True [80, 80, 80] 0
    by chance True [80, 80, 80] 30
    """
    if kind == "by chance":
        divide = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
        return list(divide.split(images, grades))
    groups = KMeans(GROUPS, n_init=STARTS, random_state=0).fit_predict(colors(images))
    divide = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    return list(divide.split(images, grades, groups))


def softened(grades: np.ndarray, share: float) -> np.ndarray:
    """Return probabilities (N, 5): a share of each label goes to the grades beside it.

    Examples
    --------
    >>> softened(np.array([0, 2]), 0.2)
    array([[0.8, 0.2, 0. , 0. , 0. ],
           [0. , 0.1, 0.8, 0.1, 0. ]], dtype=float32)
    """
    beside = np.abs(np.subtract.outer(np.arange(CLASSES), np.arange(CLASSES))) == 1
    table = (1 - share) * np.eye(CLASSES) + share * beside / beside.sum(axis=1, keepdims=True)
    return table[grades].astype("float32")


def measures(truth: np.ndarray, chances: np.ndarray) -> dict[str, float]:
    """Return AUC (the mean of each grade against the rest), accuracy and quadratic kappa.

    Examples
    --------
    Kappa tells a mistake of one grade from one of four:

    >>> truth, near, far = np.arange(5), np.eye(5)[[1, 1, 2, 3, 4]], np.eye(5)[[4, 1, 2, 3, 4]]
    >>> measures(truth, near)
    {'auc': 0.875, 'accuracy': 0.8, 'kappa': 0.9412}
    >>> measures(truth, far)
    {'auc': 0.875, 'accuracy': 0.8, 'kappa': 0.2}
    """
    guess = chances.argmax(axis=1)
    each = [roc_auc_score(truth == grade, chances[:, grade]) for grade in range(CLASSES)]
    return {
        "auc": round(float(np.mean(each)), 4),
        "accuracy": round(float(accuracy_score(truth, guess)), 4),
        "kappa": round(float(cohen_kappa_score(truth, guess, weights="quadratic")), 4),
    }


def run(kind: str, tried: str, fold: int) -> dict[str, Any]:
    import keras

    parts = [scaled(DATA, part) for part in ("train", "validation")]
    images, grades = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    rest, held = folds(kind, images, grades)[fold]
    labels = grades[rest]
    if tried in SOFTENED:
        labels = softened(labels, SOFTENED[tried])
    keras.utils.set_random_seed(fold)
    network = small_network(images.shape[1:], CLASSES)
    train(network, images[rest], labels, TRIED[tried], fold, verbose=False)
    return measures(grades[held], predict(network, images[held]))


def check(runs: Runs) -> None:
    for name in ("auc", "accuracy", "kappa"):
        assert 0 < runs.array(name).min() and runs.array(name).max() < 1
    # The best mean wins, and the lesson's recipe is the winner.
    together = runs.where(kind="colors together")
    best = max(TRIED, key=lambda tried: together.where(tried=tried).array("auc").mean())
    assert TRIED[best] == three_data_sets.RECIPES[DATA] and best not in SOFTENED
