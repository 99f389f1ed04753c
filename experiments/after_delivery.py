"""A classifier of chest X-rays after delivery: what it promised, alarms, and training once more.

Half of the published training children train it. The others, kept, are where it was made; the
published test children play the place that it is delivered to. Everybody comes with one image.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.common import grid, log_odds
from experiments.telling_splits_apart import logistic_regression
from helpers import chest_xrays, pretrained
from helpers.results import Runs, pack

SIZE, SEEDS = 96, range(10)
# Alarms: images in a batch, batches, principal components of the features, of the classifier its
# penalty and folds.
BATCHES, REPEATS, COMPONENTS, PENALTY, FOLDS = (20, 50, 100), 200, 20, 0.01, 5
# Training once more: labeled new cases, draws of them, and as how many images each counts.
LABELED, DRAWS, WEIGHT = (20, 50, 100, 200), range(10), 5


def jobs() -> Iterator[dict[str, Any]]:
    yield from grid(seed=SEEDS)
    yield from grid(batch=BATCHES)
    yield from grid(labeled=LABELED, draw=DRAWS)


@functools.cache
def published() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return features (N, 1280), labels, children and parts of all published images."""
    cases = chest_xrays.load(SIZE, synthetic=False)
    assert cases.patients is not None and cases.parts is not None
    seen = pretrained.features(cases.images, SIZE, verbose=False)
    return seen, cases.labels, cases.patients, cases.parts


def first_images(these: np.ndarray, children: np.ndarray) -> np.ndarray:
    """Return the place of the first image of each child, of those images that are meant.

    Examples
    --------
    >>> first_images(np.array([False, True, True, True]), np.array(["b", "c", "a", "c"]))
    array([2, 1])
    """
    places = np.flatnonzero(these)
    return places[np.unique(children[places], return_index=True)[1]]


def delivered(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places of the images that train, of the kept children's, of the new children's."""
    _, _, children, parts = published()
    drawn = np.random.default_rng(seed).permutation(np.unique(children[parts == "train"]))
    trains = np.isin(children, drawn[: len(drawn) // 2])
    kept = first_images((parts == "train") & ~trains, children)
    return np.flatnonzero(trains), kept, first_images(parts == "test", children)


@functools.cache
def components() -> tuple[np.ndarray, np.ndarray]:
    """Return what the training images of seed 0 make of the others' features: kept, and new."""
    features = published()[0]
    trains, kept, new = delivered(seed=0)
    fit = make_pipeline(StandardScaler(), PCA(COMPONENTS, whiten=True, random_state=0))
    fit.fit(features[trains])
    return fit.transform(features[kept]), fit.transform(features[new])


def told_apart(here: np.ndarray, there: np.ndarray) -> float:
    """Return the AUC with which a classifier tells images (N, C) from others: cross-validated."""
    X, truth = np.concatenate([here, there]), np.repeat([0, 1], [len(here), len(there)])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    scores = cross_val_predict(
        LogisticRegression(C=PENALTY), X, truth, cv=folds, method="decision_function"
    )
    return float(roc_auc_score(truth, scores))


def deliver(seed: int) -> dict[str, Any]:
    """Train on half of the children; return the log-odds of the others and of the new ones."""
    features, labels, _, _ = published()
    trains, kept, new = delivered(seed)
    model = logistic_regression().fit(features[trains], labels[trains])
    scores = {
        name: log_odds(model.predict_proba(features[at])[:, 1])
        for name, at in (("kept", kept), ("new", new))
    }
    return {"truth": labels[kept], **{name: pack(values) for name, values in scores.items()}}


def alarm(batch: int) -> dict[str, Any]:
    """Return how well batches are told from the reference: of itself, of the kept, of the new.

    The reference is half of the kept children; a batch of itself is left out of it. Of the other
    half, and of the new children, each batch is drawn anew.
    """
    kept, new = components()
    random = np.random.default_rng(batch)
    kept = kept[random.permutation(len(kept))]
    reference, others = np.array_split(kept, 2)
    values: dict[str, list[float]] = {"itself": [], "kept": [], "new": []}
    for _ in range(REPEATS):
        mixed = random.permutation(reference)
        values["itself"].append(told_apart(mixed[batch:], mixed[:batch]))
        for name, pool in (("kept", others), ("new", new)):
            drawn = pool[random.choice(len(pool), batch, replace=False)]
            values[name].append(told_apart(reference, drawn))
    return {name: pack(aucs, step=0.001) for name, aucs in values.items()}


def halves() -> list[np.ndarray]:
    """Return the places of the new children's images in two halves, drawn once."""
    new = delivered(seed=0)[2]
    return np.array_split(np.random.default_rng(0).permutation(len(new)), 2)


def train_again(labeled: int, draw: int) -> dict[str, Any]:
    """Train with some labeled new cases of one half; return the log-odds of the other half.

    Both ways round, so that each new child is judged once, by a model that has not seen it.
    """
    features, labels, _, _ = published()
    trains, _, new = delivered(seed=0)
    one, other = halves()
    judged = np.empty(len(new))
    for theirs, held_out in ((one, other), (other, one)):
        added = np.random.default_rng(draw).permutation(theirs)[:labeled]
        at = np.concatenate([trains, np.repeat(new[added], WEIGHT)])
        model = logistic_regression().fit(features[at], labels[at])
        judged[held_out] = log_odds(model.predict_proba(features[new[held_out]])[:, 1])
    return {"judged": pack(judged)}


def run(**job: Any) -> dict[str, Any]:
    if "seed" in job:
        return deliver(**job)
    return alarm(**job) if "batch" in job else train_again(**job)


def shared() -> dict[str, Any]:
    _, labels, _, _ = published()
    trains, kept, new = delivered(seed=0)
    parts = zip(("kept", "new"), components(), strict=True)
    return {
        "truth": labels[new],
        "halves": halves(),
        "images": len(trains),
        # Of seed 0, kept and new.
        "components": {name: pack(values) for name, values in parts},
    }


def check(runs: Runs) -> None:
    assert np.bincount(runs.shared["truth"]).tolist() == [225, 202]
    assert sorted(np.concatenate(runs.shared["halves"])) == list(range(427))
    for one in runs.where(seed=SEEDS):
        assert len(one["truth"]) == len(one["kept"]) == 1431 and len(one["new"]) == 427
        assert roc_auc_score(one["truth"], one["kept"]) > 0.98
    for size in BATCHES:
        [one] = runs.where(batch=size)
        # Chance, told apart by a cross-validated classifier, is about one half.
        assert abs(np.mean(one["itself"]) - 0.5) < 0.05
    again = runs.where(labeled=LABELED).array("judged")
    assert again.shape == (len(LABELED) * len(DRAWS), 427)
    assert len(np.unique(again, axis=0)) == len(again)
