"""Normal, bacterial or viral: what chest X-rays say of it, and whether a number names a child.

Logistic regression on edges: how many there are in each place, in four directions. The published
training children, *home*, are cut into five folds: one is judged, the next one chooses the penalty,
the other three train. So each image at home is judged once; the published test children, *away*,
are judged by each of the five models.

A child is a number and a germ, since the numbers begin anew for each germ: `likeness` shows it.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.common import grid
from helpers import chest_xrays
from helpers.results import Runs, pack

# Images are halved; cells are of the halved ones.
SIZE, CELL, FOLDS = 224, 8, 5
# Strength of logistic regression's penalty, from strong to weak.
INVERSE_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
# Probabilities are stored as logarithms, those below this as if they were it.
LEAST = 1e-5


def jobs() -> Iterator[dict[str, Any]]:
    return grid(fold=range(FOLDS))


# ---- Images and children -------------------------------------------------------------------


def averaged(maps: np.ndarray, size: int) -> np.ndarray:
    """Return the means of squares of so many pixels: maps (N, H, H) to (N, H / size, H / size)."""
    side = maps.shape[1] // size
    return maps.reshape(-1, side, size, side, size).mean(axis=(2, 4))


def edges(images: np.ndarray) -> np.ndarray:
    """Return the logarithm of how strong edges are, by cell and direction, of images (N, H, H, 1).

    A layer of four kernels, the absolute value, and average pooling; nothing of it is trained.

    Examples
    --------
    >>> image = np.zeros((1, 32, 32, 1), "uint8")
    >>> image[:, :, 9:] = 90
    >>> edges(image).reshape(2, 2, 4)[0].round(1)
    array([[3.2, 0. , 2.8, 2.8],
           [0. , 0. , 0. , 0. ]])
    """
    found = []
    for some in np.array_split(images[..., 0], max(1, len(images) // 512)):
        halved = averaged(some.astype("float32"), 2)
        across, down = np.zeros_like(halved), np.zeros_like(halved)
        across[:, :, 1:-1] = halved[:, :, 2:] - halved[:, :, :-2]
        down[:, 1:-1] = halved[:, 2:] - halved[:, :-2]
        maps = across, down, (across + down) / np.sqrt(2), (across - down) / np.sqrt(2)
        cells = np.stack([averaged(np.abs(one), CELL) for one in maps], axis=-1)
        found.append(np.log1p(cells).reshape(len(some), -1))
    return np.concatenate(found)


@functools.cache
def published() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return edges (N, C), germs (N,) as 0, 1, 2, numbers and parts of all images."""
    cases = chest_xrays.load(SIZE, synthetic=False)
    assert cases.patients is not None and cases.parts is not None
    germs = np.array([chest_xrays.GERMS.index(germ) for germ in cases.columns["germ"]])
    return edges(cases.images), germs, cases.patients, cases.parts


def of_part(part: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return edges (N, C), germs (N,) and children (N,), numbered from 0, of one part."""
    seen, germs, numbers, parts = published()
    here = parts == part
    names = np.char.add(numbers[here].astype(str), germs[here].astype(str))
    return seen[here], germs[here], np.unique(names, return_inverse=True)[1]


def alike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the correlation (N,) of each row of an array (N, C) with that of another.

    Examples
    --------
    >>> alike(np.array([[1.0, 2, 3], [1, 2, 3]]), np.array([[2.0, 4, 6], [3, 2, 1]])).round(2)
    array([ 1., -1.])
    """
    pair = [some - some.mean(axis=1, keepdims=True) for some in (one, other)]
    pair = [some / np.linalg.norm(some, axis=1, keepdims=True) for some in pair]
    return np.asarray(np.sum(pair[0] * pair[1], axis=1))


def likeness() -> dict[str, Any]:
    """Return how alike pairs of training images with pneumonia are.

    Of children with two images the first two; of numbers with both germs the first of each; and
    both again with the second image of another number.
    """
    seen, germs, numbers, parts = published()
    X = StandardScaler().fit_transform(seen)
    places: dict[str, dict[int, list[int]]] = {}
    for place in np.flatnonzero((parts == "train") & (germs > 0)):
        places.setdefault(numbers[place], {}).setdefault(int(germs[place]), []).append(int(place))
    within = [at[:2] for of in places.values() for at in of.values() if len(at) > 1]
    across = [[of[1][0], of[2][0]] for of in places.values() if len(of) > 1]
    found = {}
    for name, pairs in (("one germ", np.array(within)), ("two germs", np.array(across))):
        first, second = pairs.T
        others = second.copy()
        # Another number of the same germ: half of all of that germ on.
        for germ in np.unique(germs[second]):
            here = germs[second] == germ
            others[here] = np.roll(second[here], here.sum() // 2)
        found[name] = {
            "same number": pack(alike(X[first], X[second])),
            "other number": pack(alike(X[first], X[others])),
        }
    return found


# ---- Three classes -------------------------------------------------------------------------


def logs(chances: np.ndarray) -> np.ndarray:
    """Return the logarithms of probabilities, those of very small ones cut.

    Examples
    --------
    >>> logs(np.array([0, 0.5, 1])).round(2)
    array([-11.51,  -0.69,   0.  ])
    """
    return np.asarray(np.log(np.maximum(chances.astype(float), LEAST)))


def run(fold: int) -> dict[str, Any]:
    """Train on three folds, choose the penalty on one; return what is said of one, and away."""
    X, germs, children = of_part("train")
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0).split(X, germs, children)
    parts = [at for _, at in folds]
    judged, choosing = parts[fold], parts[(fold + 1) % FOLDS]
    trains = np.setdiff1d(np.arange(len(germs)), np.concatenate([judged, choosing]))
    best, loss = None, np.inf
    for inverse in INVERSE_PENALTIES:
        regression = LogisticRegression(C=inverse, max_iter=1000)
        model = make_pipeline(StandardScaler(), regression).fit(X[trains], germs[trains])
        this = log_loss(germs[choosing], model.predict_proba(X[choosing]))
        if this < loss:
            best, chosen, loss = model, inverse, this
    assert best is not None
    away = of_part("test")[0]
    return {
        "inverse_penalty": chosen,
        "choosing_truth": pack(germs[choosing], step=1),
        "truth": pack(germs[judged], step=1),
        "child": pack(children[judged], step=1),
        **{
            name: pack(logs(best.predict_proba(some)))
            for name, some in (("choosing", X[choosing]), ("home", X[judged]), ("away", away))
        },
    }


def shared() -> dict[str, Any]:
    _, germs, children = of_part("test")
    return {
        "away": {"truth": pack(germs, step=1), "child": pack(children, step=1)},
        "likeness": likeness(),
    }


def check(runs: Runs) -> None:
    assert np.bincount(runs.shared["away"]["truth"]).tolist() == [234, 242, 148]
    for one in runs:
        assert one["away"].shape == (624, 3) and one["inverse_penalty"] in INVERSE_PENALTIES
        for part in ("home", "away", "choosing"):
            assert np.abs(np.exp(one[part]).sum(axis=1) - 1).max() < 0.03
    # Each child is judged in one fold, with all its images.
    judged = [np.unique(one["child"]) for one in runs]
    assert np.array_equal(np.sort(np.concatenate(judged)), np.arange(1219 + 1360 + 1090))
    truth = np.concatenate([one["truth"] for one in runs])
    assert np.bincount(truth).tolist() == [1349, 2538, 1345]
