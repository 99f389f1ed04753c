"""What shared children do to a classifier of chest X-rays, and what test images from elsewhere do.

The published training images are split anew, a tenth held out: by child, or at random. Both tenths
come from where the training images come from; only at random do they share children with them. The
published test images share no child, but may come from somewhere else. Nothing is chosen here.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.common import grid, held_out, log_odds, scaled
from experiments.telling_splits_apart_matching import SURE
from helpers import chest_xrays, pretrained, results
from helpers.models import small_network
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

DATA, MATCHING, SIZE = "pneumoniamnist", "telling-splits-apart-matching", 224
# Of ten parts, one is held out.
PARTS = 10
WAYS = ("by child", "at random")
RECIPE = Recipe(steps=600)
SEEDS = {"network": range(5), "frozen features": range(20)}
# What the training images of a class are told from: the test images of that class; or, to see what
# chance gives, one in SHARE of the training children, drawn at random, from the other children.
OTHERS, SHARE = ("test", "children at random"), 6
VIEWS = ("28 pixels", "frozen features")
PENALTY, FOLDS = 0.01, 5


def jobs() -> Iterator[dict[str, Any]]:
    for classifier, seeds in SEEDS.items():
        yield from grid(classifier=[classifier], way=WAYS, seed=seeds)
    yield from grid(view=VIEWS, label=(0, 1), other=OTHERS)


# ---- Images and children -------------------------------------------------------------------


@functools.cache
def small(folder: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the images of PneumoniaMNIST from a folder, labels, and the child of each."""
    matching = results.load(MATCHING)
    splits = matching.settings["FOLDERS"][folder]
    pairs = [scaled(DATA, split) for split in splits]
    images, labels = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    original = matching.where(folder=folder).array("original")[0]
    return images, labels, matching.shared["children"][folder][original]


@functools.cache
def frozen(folder: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what a network from photographs sees in the published images, labels, children."""
    cases = chest_xrays.load(SIZE, synthetic=False)
    here = cases.parts == folder
    seen = pretrained.features(cases.images[here], SIZE, verbose=False)
    return seen, cases.labels[here], np.unique(cases.patients[here], return_inverse=True)[1]


# ---- A classifier, and what it says --------------------------------------------------------


def tenth(way: str, labels: np.ndarray, children: np.ndarray, seed: int) -> np.ndarray:
    """Return the places of the images that are held out."""
    return held_out(labels, children if way == "by child" else None, PARTS, seed)


def logistic_regression() -> Any:
    """Return logistic regression on standardized features, with the penalty of all of them."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=2000))


def judged(classifier: str, way: str, seed: int) -> dict[str, Any]:
    """Train without a tenth; return which it was, its log-odds, and those of the test images."""
    given = small if classifier == "network" else frozen
    X, labels, children = given("train")
    out = tenth(way, labels, children, seed)
    rest = np.setdiff1d(np.arange(len(labels)), out)
    if classifier == "network":
        import keras

        keras.utils.set_random_seed(seed)
        network = small_network()
        train(network, X[rest], labels[rest], RECIPE, seed, verbose=False)
        scores = [predict(network, some)[:, 1] for some in (X[out], given("test")[0])]
    else:
        model = logistic_regression().fit(X[rest], labels[rest])
        scores = [model.predict_proba(some)[:, 1] for some in (X[out], given("test")[0])]
    shared_child = np.isin(children[out], children[rest])
    names = ("held_out", "test")
    return {
        "truth": labels[out],
        "shared_child": shared_child,
        **{name: pack(log_odds(one)) for name, one in zip(names, scores, strict=True)},
    }


def told_apart(view: str, label: int, other: str) -> dict[str, Any]:
    """Return how sure a classifier is of each image that it is the other's: cross-validated.

    All images of a child are in one fold.
    """
    given = small if view == "28 pixels" else frozen
    X, labels, children = given("train")
    X, children = X[labels == label], children[labels == label]
    if other == "test":
        Z, labels, theirs = given("test")
        Z, theirs = Z[labels == label], children.max() + 1 + theirs[labels == label]
        truth = np.repeat([0, 1], [len(X), len(Z)])
        X, children = np.concatenate([X, Z]), np.concatenate([children, theirs])
    else:
        order = np.random.default_rng(0).permutation(np.unique(children))
        truth = np.isin(children, order[: len(order) // SHARE]).astype(int)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    scores = cross_val_predict(
        logistic_regression(),
        X.reshape(len(X), -1),
        truth,
        groups=children,
        cv=folds,
        method="predict_proba",
    )
    return {"truth": truth, "children": children, "scores": pack(log_odds(scores[:, 1]))}


def run(**job: Any) -> dict[str, Any]:
    return judged(**job) if "classifier" in job else told_apart(**job)


def shared() -> dict[str, Any]:
    matching = results.load(MATCHING)
    sure = matching.where(folder="test").array("correlation")[0] >= SURE
    return {
        # Of the test images: class, child, and whether the image is of a published radiograph.
        "test": {
            "network": {"truth": small("test")[1], "child": small("test")[2], "published": sure},
            "frozen features": {
                "truth": matching.shared["classes"]["test"],
                "child": matching.shared["children"]["test"],
            },
        }
    }


def check(runs: Runs) -> None:
    for classifier in SEEDS:
        truth = runs.shared["test"][classifier]["truth"]
        assert np.bincount(truth).tolist() == [234, 390]
        for way in WAYS:
            for one in runs.where(classifier=classifier, way=way):
                assert len(one["truth"]) in range(480, 570) and len(one["test"]) == 624
                assert 0.7 < one["truth"].mean() < 0.78
                # That is the difference between the two ways.
                shares = one["shared_child"].mean()
                assert shares == 0 if way == "by child" else 0.5 < shares < 0.8
                assert roc_auc_score(one["truth"], one["held_out"]) > 0.97
    for view in VIEWS:
        for label in (0, 1):
            one = runs.where(view=view, label=label, other="test")[0]
            assert one["truth"].sum() == (234, 390)[label]
