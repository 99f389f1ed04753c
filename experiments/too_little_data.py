"""Few labels, more labels, all of them; and, at few, seven ways that are said to replace labels.

Settings were fixed beforehand, the number of steps and the weight decay with validation images and
seeds that are not here. Each trained network meets the test images once, at its end.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from experiments import claims
from experiments.common import PLAIN_ADAM, labels_and_baselines, scaled, start_from
from helpers.models import tutorial_network
from helpers.phantoms import radiographs, ultrasound
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

# Each set, and the other one.
OTHER = {"pneumoniamnist": "breastmnist", "breastmnist": "pneumoniamnist"}
# Images a class, doubled up to all of the rarer class; None is all images.
SIZES: dict[str, tuple[int | None, ...]] = {
    "pneumoniamnist": (5, 10, 20, 40, 80, 160, 320, 640, 1214, None),
    "breastmnist": (5, 10, 20, 40, 80, 147, None),
}
# The tutorial's scenario has eighty training images a class.
FEW = 80
SEEDS = range(8)
# What the main claims rest on, with other draws and weights.
SECOND_SEEDS = range(10, 14)
SECOND = (("plain", 5), ("plain", FEW), ("plain", None), ("augmentation", FEW))
SECOND += (("pseudo-labels", FEW),)
# The tutorial program's Adam. So many steps, or ten epochs where these are more.
PLAIN = replace(PLAIN_ADAM, steps=400, batch_size=32)
EPOCHS = 10
# How the recipe changes.
CHANGES: dict[str, dict[str, Any]] = {
    "twice the steps": {"steps": 2 * PLAIN.steps},
    "augmentation": {"shift": 0.07, "turn": 0.03, "zoom": 0.1},
    "weight decay": {"weight_decay": 0.9},
}
# A mirrored chest has its heart on the wrong side.
FLIP = {"pneumoniamnist": "", "breastmnist": "horizontal"}
PRETRAINED = ("other real set", "simulated images", "rotations")
WAYS = (*CHANGES, *PRETRAINED, "pseudo-labels")
SIMULATED = 4000
# Of simulated breasts without a malignant mass, the share that has no mass at all.
NO_MASS = 0.25
# The network's guess is taken for a label from this confidence on.
SURE = 0.95


def jobs() -> Iterator[dict[str, Any]]:
    for data, sizes in SIZES.items():
        few = [("plain", images) for images in sizes] + [(way, FEW) for way in WAYS]
        for seeds, pairs in ((SEEDS, few), (SECOND_SEEDS, SECOND)):
            for (way, images), seed in itertools.product(pairs, seeds):
                yield {"data": data, "way": way, "images": images, "seed": seed}


def draw(labels: np.ndarray, images: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of so many images of each class, and of all others.

    The few of a seed are among its many.

    Examples
    --------
    >>> labels = np.arange(100) % 2
    >>> few, rest = draw(labels, 5, seed=1)
    >>> np.bincount(labels[few]), len(rest), bool(set(few) < set(draw(labels, 10, seed=1)[0]))
    (array([5, 5]), 90, True)
    >>> set(few) == set(draw(labels, 5, seed=2)[0])
    False
    >>> [len(places) for places in draw(labels, None, seed=1)]
    [100, 0]
    """
    random = np.random.default_rng(seed)
    orders = [random.permutation(np.flatnonzero(labels == label)) for label in (0, 1)]
    chosen = np.concatenate([order[:images] for order in orders])
    return chosen, np.setdiff1d(np.arange(len(labels)), chosen)


def simulated(data: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return simulated images of a set's kind in [0, 1], and labels, half of each class.

    Examples
    --------
    Pneumonia, class 1, is white; a malignant mass, class 0, is dark and throws a shadow.

    >>> for data in OTHER:
    ...     images, labels = simulated(data, 200, seed=0)
    ...     print(images.shape, bool(images[labels == 0].mean() < images[labels == 1].mean()))
    (200, 28, 28, 1) True
    (200, 28, 28, 1) True
    """
    labels = np.arange(count) % 2
    if data == "pneumoniamnist":
        phantoms = radiographs(labels, seed)
    else:
        normal = np.random.default_rng(seed).random(count) < NO_MASS
        phantoms = ultrasound(np.where(labels == 0, 2, np.where(normal, 0, 1)), seed)
    return phantoms.images.astype("float32") / 255, labels


def rotated(images: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images (N, H, W, C), each turned by some quarters, and how many.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((50, 28, 28, 1))
    >>> turned, turns = rotated(images, seed=0)
    >>> back = [np.rot90(image, -turn) for image, turn in zip(turned, turns)]
    >>> np.array_equal(back, images), np.unique(turns)
    (True, array([0, 1, 2, 3]))
    """
    turns = np.random.default_rng(seed).integers(4, size=len(images))
    return np.array([np.rot90(i, turn) for i, turn in zip(images, turns, strict=True)]), turns


def with_guesses(
    chances: np.ndarray, images: np.ndarray, labels: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return images and labels to train on, and which of the other images are among them.

    Those of which the network is sure come in with its guess, and the labeled ones as often as
    makes them half of all.

    Examples
    --------
    >>> chances = np.tile([[0.97, 0.03], [0.4, 0.6], [0.01, 0.99]], (10, 1))
    >>> X, y, taken = with_guesses(chances, np.zeros(4), np.array([0, 1, 0, 1]), np.ones(30))
    >>> int(taken.sum()), int((X == 1).sum()), int((X == 0).sum()), y[20:23]
    (20, 20, 20, array([0, 1, 0]))
    >>> X, y, taken = with_guesses(chances[1:2], np.zeros(2), np.array([0, 1]), np.ones(1))
    >>> len(X), y
    (2, array([0, 1]))
    """
    taken = chances.max(axis=1) >= SURE
    times = max(1, round(taken.sum() / len(images)))
    X = np.concatenate([*[images] * times, others[taken]])
    y = np.concatenate([*[labels] * times, chances[taken].argmax(axis=1)])
    return X, y, taken


def recipe_for(data: str, way: str, images: int) -> Recipe:
    """Return the recipe for so many labeled images in all.

    Examples
    --------
    >>> [recipe_for("pneumoniamnist", "plain", images).steps for images in (10, 160, 4708)]
    [400, 400, 1471]
    >>> recipe_for("breastmnist", "plain", 160) == PLAIN
    True
    >>> recipe = recipe_for("breastmnist", "augmentation", 160)
    >>> recipe == replace(PLAIN, shift=0.07, turn=0.03, zoom=0.1, flip="horizontal")
    True
    """
    changes = {"steps": max(PLAIN.steps, EPOCHS * images // PLAIN.batch_size)}
    if way == "augmentation":
        changes |= {"flip": FLIP[data]}
    return replace(PLAIN, **{**changes, **CHANGES.get(way, {})})


def network(seed: int, classes: int = 2) -> Any:
    """Return the tutorial network with the first weights of this seed."""
    import keras

    keras.utils.set_random_seed(seed)
    return tutorial_network(classes=classes)


def trained(data: str, images: int | None, seed: int) -> Any:
    """Return a network trained from nothing on so many images a class."""
    X, y = scaled(data, "train")
    chosen, _ = draw(y, images, seed)
    model = network(seed)
    recipe = recipe_for(data, "plain", len(chosen))
    train(model, X[chosen], y[chosen], recipe, seed, verbose=False)
    return model


def pretrained(data: str, way: str, seed: int) -> Any:
    """Return a network that has learned something else."""
    if way == "other real set":
        return trained(OTHER[data], None, seed)
    if way == "simulated images":
        X, y = simulated(data, SIMULATED, seed)
    else:
        # All training images, without their labels.
        X, y = rotated(scaled(data, "train")[0], seed)
    teacher = network(seed, classes=int(y.max()) + 1)
    train(teacher, X, y, PLAIN, seed, verbose=False)
    return teacher


def log_odds(model: Any, images: np.ndarray) -> np.ndarray:
    """Return the log-odds of class 1 (N,), with two decimals."""
    logs = np.log(np.clip(predict(model, images).astype(float), 1e-30, 1))
    return np.round(logs[:, 1] - logs[:, 0], 2)


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the AUC, with four decimals."""
    return round(float(roc_auc_score(labels, scores)), 4)


def accuracy(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the accuracy of log-odds (N,), with four decimals.

    Examples
    --------
    >>> accuracy(np.array([0, 1, 1]), np.array([-2.0, 0.1, -0.1]))
    0.6667
    """
    return round(float(np.mean((expit(scores) > 0.5) == labels)), 4)


def run(data: str, way: str, images: int | None, seed: int) -> dict[str, Any]:
    X, y = scaled(data, "train")
    T, truth = scaled(data, "test")
    chosen, rest = draw(y, images, seed)
    few, labels, model, record = X[chosen], y[chosen], network(seed), {}
    if way in PRETRAINED:
        teacher = pretrained(data, way, seed)
        model = start_from(model, teacher)
        if way == "simulated images":
            # No real label has been used yet.
            record["before"] = auc(truth, log_odds(teacher, T))
    elif way == "pseudo-labels":
        chances = predict(trained(data, images, seed), X[rest])
        few, labels, taken = with_guesses(chances, few, labels, X[rest])
        wrong = chances[taken].argmax(axis=1) != y[rest][taken]
        record |= {"rest": len(rest), "taken": int(taken.sum()), "wrong": int(wrong.sum())}
    train(model, few, labels, recipe_for(data, way, len(chosen)), seed, verbose=False)
    scores = log_odds(model, T)
    V, v = scaled(data, "validation")
    record |= {"auc": auc(truth, scores), "accuracy": accuracy(truth, scores)}
    record["validation"] = auc(v, log_odds(model, V))
    if images == FEW and seed in SEEDS:
        # Other patients are drawn from these.
        record["scores"] = pack(scores)
    return record


def shared() -> dict[str, Any]:
    return labels_and_baselines(OTHER, scaled)


def check(runs: Runs) -> None:
    claims.published(**runs.shared)
    for run in runs.where(images=FEW, seed=SEEDS):
        labels = runs.shared["labels"][run["data"]]
        assert run["auc"] == auc(labels, run["scores"])
        assert run["accuracy"] == accuracy(labels, run["scores"])
    for data in OTHER:
        plain, again = (
            {n: runs.where(data=data, way="plain", images=n, seed=s) for n in (5, FEW, None)}
            for s in (SEEDS, SECOND_SEEDS)
        )
        for images in (5, None):
            claims.confirm(plain[images].array("auc"), again[images].array("auc"))
        gains = {}
        for way in ("augmentation", "pseudo-labels"):
            gains[way] = [
                runs.where(data=data, way=way, seed=seeds).array("auc") - few.array("auc")
                for seeds, few in ((SEEDS, plain[FEW]), (SECOND_SEEDS, again[FEW]))
            ]
        claims.confirm(*gains["augmentation"])
        # No draws show a gain by pseudo-labels.
        assert all(claims.interval(gain)[0] < 0 for gain in gains["pseudo-labels"])
