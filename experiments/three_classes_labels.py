"""Wrong labels, planted among chest X-rays whose germ was published: which of them can be found?

The labels of some training children are changed, with all images of the child. Then each child is
judged by models that have not seen it, and that have learned from the labels as they now are.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.common import grid
from experiments.three_classes import logs, of_part
from helpers.results import Runs, pack

# Children with a wrong label: any other class, or, among children with pneumonia, the other germ.
RATES, MIDDLE, SEEDS = (0.0, 0.1, 0.2), 0.1, range(5)
# Principal components in the place of all edges, for speed.
COMPONENTS, INVERSE_PENALTY, FOLDS = 100, 1e-2, 5


def jobs() -> Iterator[dict[str, Any]]:
    yield from grid(kind=["any"], rate=RATES, split=["by child"], seed=SEEDS)
    yield from grid(kind=["germ"], rate=[MIDDLE], split=["by child"], seed=SEEDS)
    yield from grid(kind=["any"], rate=[MIDDLE], split=["by image"], seed=SEEDS)


def plant(truth: np.ndarray, kind: str, rate: float, seed: int) -> np.ndarray:
    """Return the labels (N,) of children, so many of them wrong.

    Examples
    --------
    >>> truth = np.repeat([0, 1, 2], 100)
    >>> any_, germ = (plant(truth, kind, 0.1, seed=0) for kind in ("any", "germ"))
    >>> int(np.sum(any_ != truth)), int(np.sum(germ != truth)), bool(np.all(germ[:100] == 0))
    (30, 20, True)
    """
    random, given = np.random.default_rng(seed), truth.copy()
    pool = np.flatnonzero(truth > 0) if kind == "germ" else np.arange(len(truth))
    wrong = random.choice(pool, round(rate * len(pool)), replace=False)
    if kind == "germ":
        given[wrong] = 3 - truth[wrong]
    else:
        given[wrong] = (truth[wrong] + random.integers(1, 3, len(wrong))) % 3
    return given


def true_germs() -> np.ndarray:
    """Return the germ (N,) of each training child, as it was published."""
    _, germs, children = of_part("train")
    return germs[np.unique(children, return_index=True)[1]]


@functools.cache
def components() -> np.ndarray:
    """Return the principal components (N, C) of the training images: no label is in them."""
    X = StandardScaler().fit_transform(of_part("train")[0])
    return np.asarray(PCA(COMPONENTS, random_state=0).fit_transform(X))


def run(kind: str, rate: float, split: str, seed: int) -> dict[str, Any]:
    """Plant wrong labels; return them, and what models say that have not seen the child.

    With a split by image they have seen its other images, with the same wrong label.
    """
    children = of_part("train")[2]
    given = plant(true_germs(), kind, rate, seed)
    way = StratifiedGroupKFold if split == "by child" else StratifiedKFold
    folds = way(FOLDS, shuffle=True, random_state=seed).split(children, given[children], children)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=INVERSE_PENALTY, max_iter=1000))
    chances = cross_val_predict(
        model, components(), given[children], cv=list(folds), method="predict_proba"
    )
    images = np.bincount(children)[:, None]
    means = np.stack([np.bincount(children, one) for one in chances.T], axis=1) / images
    return {"given": pack(given, step=1), "said": pack(logs(means), step=0.1)}


def shared() -> dict[str, Any]:
    return {"truth": pack(true_germs(), step=1)}


def check(runs: Runs) -> None:
    truth = runs.shared["truth"]
    assert np.bincount(truth).tolist() == [1219, 1360, 1090]
    for one in runs:
        wrong = one["given"] != truth
        pool = truth > 0 if one["kind"] == "germ" else truth >= 0
        assert wrong.sum() == round(one["rate"] * pool.sum()) and not np.any(wrong & ~pool)
        assert one["said"].shape == (len(truth), 3)
