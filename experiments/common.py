"""What experiments share: the grid of their jobs, the images they see."""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from scipy.special import logit
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from helpers.datasets import load
from helpers.evaluation import majority_baseline
from helpers.training import Recipe

# How the tutorial program trains, but for steps and batches: Adam alone, images as they are.
PLAIN_ADAM = Recipe(learning_rate=1e-3, cosine=False, weight_decay=0, shift=0, turn=0, zoom=0)


def grid(**axes: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield each combination of the values of the axes as a job; the last axis varies fastest.

    Examples
    --------
    >>> list(grid(width=(4, 8), seed=range(2)))[:3]
    [{'width': 4, 'seed': 0}, {'width': 4, 'seed': 1}, {'width': 8, 'seed': 0}]
    """
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


@functools.cache
def scaled(data: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return real images (N, H, W, C) as float32 in [0, 1], and their labels (N,)."""
    split = getattr(load(data, synthetic=False), part)
    return split.images.astype("float32") / 255, split.labels


def labels_and_baselines(sets: Iterable[str], of: Callable[..., Any]) -> dict[str, Any]:
    """Return the labels of the test images of each set, and the accuracy of its majority baseline.

    `of` gives images and labels for the name of a set and of a part.

    Examples
    --------
    >>> labels_and_baselines(["plain"], of=lambda data, part: (None, np.array([0, 1, 1])))
    {'labels': {'plain': array([0, 1, 1])}, 'baselines': {'plain': 0.6667}}
    """
    labels = {data: of(data, "test")[1] for data in sets}
    pairs = {data: (of(data, "train")[1], test) for data, test in labels.items()}
    baselines = {data: round(majority_baseline(*pair), 4) for data, pair in pairs.items()}
    return {"labels": labels, "baselines": baselines}


def held_out(
    labels: np.ndarray, patients: np.ndarray | None, parts: int, seed: int = 0
) -> np.ndarray:
    """Return the places of one image in so many, each class in its share.

    No patient (N,) is in both parts; None draws images at random.

    Examples
    --------
    >>> labels, patients = np.arange(200) // 100, np.arange(200) // 5
    >>> out = held_out(labels, patients, 10)
    >>> len(out), set(patients[out]) & set(np.delete(patients, out))
    (20, set())
    >>> len(np.unique(patients[held_out(labels, None, 10)])) > 10
    True
    """
    kind = StratifiedKFold if patients is None else StratifiedGroupKFold
    folds = kind(parts, shuffle=True, random_state=seed)
    return next(folds.split(labels, labels, patients))[1]


def start_from(model: Any, teacher: Any) -> Any:
    """Return the model with the weights of another network, but for those of the last layer.

    Examples
    --------
    >>> from helpers.models import small_network
    >>> model, teacher = (small_network(filters=(4,)) for _ in range(2))
    >>> last = model.get_weights()[-2]
    >>> weights = start_from(model, teacher).get_weights()
    >>> np.array_equal(weights[0], teacher.get_weights()[0]), np.array_equal(weights[-2], last)
    (True, True)
    """
    model.set_weights([*teacher.get_weights()[:-2], *model.get_weights()[-2:]])
    return model


def log_odds(scores: np.ndarray) -> np.ndarray:
    """Return the log-odds (N,) of scores (N,) from 0 to 1, cut where Keras' loss cuts them, 1e-7.

    Examples
    --------
    >>> log_odds(np.array([0.5, 1.0])).round(2)
    array([ 0.  , 16.12])
    """
    return logit(np.clip(scores.astype(float), 1e-7, 1 - 1e-7))
