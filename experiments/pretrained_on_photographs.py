"""What a network that learned from photographs sees in medical images, and what that is worth.

Logistic regression on what EfficientNet-Lite0 gives, beside logistic regression on pixels, with all
training images and with few. The penalty is chosen on validation images here, the input size by the
reader of the records, on validation images too. Each classifier meets the test images once, at its
end.
"""

import functools
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.common import grid, held_out
from helpers import chest_xrays, pretrained
from helpers.datasets import load
from helpers.evaluation import majority_baseline
from helpers.models import multiply_adds
from helpers.results import Runs, pack

CHESTS = "chest X-rays"
# To which sizes the images of a set are enlarged before the network sees them.
SIZES = {
    "breastmnist": (128, 224),
    "breastmnist at 64": (96, 128, 224),
    "retinamnist": (128, 224),
    "pneumoniamnist": (128,),
    CHESTS: (224,),
}
# Without a network: the pixels themselves. Of the large chest X-rays, means of 8 x 8 pixels.
PIXELS, BLOCK = 0, 8
# Strength of logistic regression's penalty, from strong to weak.
INVERSE_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
# Images in all, the same number of each class; None is all images as they are.
COUNTS = {
    "breastmnist": (20, 40, 80, 160, 290),
    "breastmnist at 64": (20, 40, 80, 160, 290),
    "retinamnist": (20, 40, 80, 160, 320),
    "pneumoniamnist": (20, 40, 80, 160, 320, 640, 1280),
    CHESTS: (20, 40, 80, 160, 320, 640, 1280),
}
DRAWS = 10
# Of the children whose X-rays are for training, one in so many is for validation.
PARTS = 10


def jobs() -> Iterator[dict[str, Any]]:
    for data, sizes in SIZES.items():
        yield from grid(data=[data], size=(PIXELS, *sizes), images=(None, *COUNTS[data]))


# ---- Images --------------------------------------------------------------------------------


class Part(NamedTuple):
    """Images (N, H, W, C) as uint8, labels (N,), and whose each is (N,)."""

    images: np.ndarray
    labels: np.ndarray
    patients: np.ndarray


@functools.cache
def parts(data: str) -> tuple[Part, Part, Part]:
    """Return the images for training, for validation and for the test."""
    if data == CHESTS:
        cases = chest_xrays.load(224, synthetic=False)
        rest, test = (np.flatnonzero(cases.parts == part) for part in ("train", "test"))
        at = held_out(cases.labels[rest], cases.patients[rest], PARTS)
        which = np.delete(rest, at), rest[at], test
        train_, validation, test_ = (
            Part(cases.images[w], cases.labels[w], cases.patients[w]) for w in which
        )
        return train_, validation, test_
    name, _, size = data.partition(" at ")
    loaded = load(name, size=int(size or 28), synthetic=False)
    train_, validation, test_ = (
        Part(split.images, split.labels, np.arange(len(split.labels)))
        for split in (loaded.train, loaded.validation, loaded.test)
    )
    return train_, validation, test_


def pixels(images: np.ndarray) -> np.ndarray:
    """Return the pixels (N, D) of images; of large ones, the means of blocks.

    Examples
    --------
    >>> pixels(np.ones((2, 28, 28, 3), "uint8")).shape, pixels(np.ones((2, 224, 224, 1))).shape
    ((2, 2352), (2, 784))
    """
    if images.shape[1] > 100:
        count, side = len(images), images.shape[1] // BLOCK
        images = images.reshape(count, side, BLOCK, side, BLOCK, -1).mean(axis=(2, 4))
    return images.reshape(len(images), -1).astype("float32")


@functools.cache
def seen(data: str, size: int) -> tuple[list[np.ndarray], float]:
    """Return what is known of each image of the three parts, and the seconds that took."""
    counts = np.cumsum([len(part.images) for part in parts(data)])
    images = np.concatenate([part.images for part in parts(data)])
    start = time.process_time()
    views = pixels(images) if size == PIXELS else pretrained.features(images, size, verbose=False)
    return np.split(views, counts[:-1]), time.process_time() - start


# ---- Frozen --------------------------------------------------------------------------------


def draw(labels: np.ndarray, images: int | None, seed: int) -> np.ndarray:
    """Return the places of so many images in all, of each class the same number.

    The few of a seed are among its many.

    Examples
    --------
    >>> labels = np.arange(100) % 2
    >>> few = draw(labels, 10, seed=1)
    >>> np.bincount(labels[few]), set(few) < set(draw(labels, 20, seed=1))
    (array([5, 5]), True)
    >>> len(draw(labels, None, seed=1))
    100
    """
    random, classes = np.random.default_rng(seed), np.unique(labels)
    each = None if images is None else images // len(classes)
    orders = [random.permutation(np.flatnonzero(labels == label)) for label in classes]
    return np.concatenate([order[:each] for order in orders])


def auc(labels: np.ndarray, chances: np.ndarray) -> float:
    """Return the AUC of probabilities (N, K); of more than two classes, the mean of each's.

    Examples
    --------
    >>> auc(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]))
    1.0
    """
    if chances.shape[1] == 2:
        return float(roc_auc_score(labels, chances[:, 1]))
    return float(roc_auc_score(labels, chances, multi_class="ovr"))


def fitted(data: str, size: int, images: int | None, seed: int) -> dict[str, Any]:
    """Fit with each penalty, choose on validation images; return what it says of each part."""
    (X, V, T), _ = seen(data, size)
    train_, validation, test = parts(data)
    chosen = draw(train_.labels, images, seed)
    start, best = time.process_time(), (-1.0, 0.0, None)
    for inverse in INVERSE_PENALTIES:
        regression = LogisticRegression(C=inverse, max_iter=1000)
        model = make_pipeline(StandardScaler(), regression).fit(X[chosen], train_.labels[chosen])
        score = auc(validation.labels, model.predict_proba(V))
        # Where validation can't tell, the stronger penalty.
        if score > best[0]:
            best = score, inverse, model
    score, inverse, model = best
    seconds = time.process_time() - start
    chances = model.predict_proba(T)
    return {
        "validation": score,
        "inverse_penalty": inverse,
        "auc": auc(test.labels, chances),
        "accuracy": float(np.mean(chances.argmax(axis=1) == test.labels)),
        "seconds": seconds,
        "log": np.log(np.clip(chances.astype(float), 1e-30, 1)),
    }


def run(data: str, size: int, images: int | None) -> dict[str, Any]:
    """Return the numbers of each draw; of all images, what is said of each test image."""
    every = [fitted(data, size, images, seed) for seed in range(DRAWS if images else 1)]
    record: dict[str, Any] = {
        name: [round(one[name], 5) for one in every]
        for name in ("validation", "auc", "accuracy", "inverse_penalty")
    }
    if images is None:
        record["log"] = pack(every[0]["log"])
        record["fitting_seconds"] = round(every[0]["seconds"], 2)
        record["seeing_seconds"] = round(seen(data, size)[1], 2)
    return record


def shared() -> dict[str, Any]:
    tests = {data: parts(data)[2] for data in SIZES}
    sizes = sorted({size for all_ in SIZES.values() for size in all_})
    children = np.unique(tests[CHESTS].patients, return_inverse=True)[1]
    return {
        "labels": {data: test.labels for data, test in tests.items()},
        "children": children,
        "images": {data: [len(part.labels) for part in parts(data)] for data in SIZES},
        "baselines": {
            data: round(majority_baseline(parts(data)[0].labels, test.labels), 4)
            for data, test in tests.items()
        },
        "parameters": pretrained.efficientnet_lite0(32).count_params(),
        "multiply_adds": {
            str(size): multiply_adds(pretrained.efficientnet_lite0(size)) for size in sizes
        },
    }


def check(runs: Runs) -> None:
    labels = runs.shared["labels"]
    assert {data: np.bincount(truth).tolist() for data, truth in labels.items()} == {
        "breastmnist": [42, 114],
        "breastmnist at 64": [42, 114],
        "retinamnist": [174, 46, 92, 68, 20],
        "pneumoniamnist": [234, 390],
        CHESTS: [234, 390],
    }
    assert len(runs.shared["children"]) == 624
    for data, truth in labels.items():
        for size in (PIXELS, *SIZES[data]):
            one = runs.where(data=data, size=size, images=None)[0]
            assert one["log"].shape == (len(truth), truth.max() + 1)
            # What is stored of each image gives the numbers beside it.
            chances = np.exp(one["log"])
            chances /= chances.sum(axis=1, keepdims=True)
            assert abs(auc(truth, chances) - one["auc"][0]) < 0.003
            for images in COUNTS[data]:
                few = runs.where(data=data, size=size, images=images)[0]
                assert len(few["auc"]) == len(few["validation"]) == DRAWS
                assert set(few["inverse_penalty"]) <= set(INVERSE_PENALTIES)
