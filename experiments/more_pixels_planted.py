"""A finding whose detail is known, planted in the X-rays: do the networks gain where they must?

In half of the children a patch of fine stripes is added to each image, whatever the disease. From
one stripe to the next it is eight pixels of the largest images, and one pixel of the smallest.
If the networks of *More pixels* gained nothing here, their other results would say nothing.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.common import grid
from experiments.more_pixels import CHESTS, RECIPE, STRIDES, published, splits, squeezed, trained
from helpers.results import Runs

# Of the stripes: pixels from one to the next, gray levels up and down, pixels across the patch.
PERIOD, LEVELS, ACROSS = 8, 8, 80
# Where the middle of the patch may lie, as a share of the side.
PLACES = (0.3, 0.7)
SEEDS = range(5)


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS, size=STRIDES)


def stripes(random: np.random.Generator, side: int) -> np.ndarray:
    """Return a patch of stripes (side, side) at a random place: gray levels to be added.

    Examples
    --------
    >>> patch = stripes(np.random.default_rng(0), 224)
    >>> bool(np.abs(patch).max() <= LEVELS), bool(0.05 < (patch != 0).mean() < 0.15)
    (True, True)
    """
    down, across = random.uniform(*PLACES, 2) * side
    y, x = np.arange(side)[:, np.newaxis] - down, np.arange(side) - across
    wave = LEVELS * np.sin(2 * np.pi * (y + x) / np.sqrt(2) / PERIOD)
    return wave * (y**2 + x**2 < (ACROSS / 2) ** 2)


@functools.cache
def planted() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the X-rays of the largest size with stripes in half of the children, and where."""
    source, random = published(), np.random.default_rng(0)
    parts = {}
    for name, part in (
        ("train", source.train),
        ("validation", source.validation),
        ("test", source.test),
    ):
        names, child = np.unique(part.patients, return_inverse=True)
        labels = random.integers(0, 2, len(names))[child]
        images = splits(CHESTS, max(STRIDES))[name][0].copy()
        for place in np.flatnonzero(labels):
            striped = images[place, ..., 0] + stripes(random, max(STRIDES))
            images[place, ..., 0] = np.clip(np.rint(striped), 0, 255)
        parts[name] = images, labels
    return parts


def run(size: int, seed: int) -> dict[str, Any]:
    data = {name: (squeezed(images, size), labels) for name, (images, labels) in planted().items()}
    return trained("growing", size, RECIPE.steps, seed, data)


def shared() -> dict[str, Any]:
    return {"labels": planted()["test"][1]}


def check(runs: Runs) -> None:
    truth = runs.shared["labels"]
    assert len(truth) == 624 and 0.4 < truth.mean() < 0.6
    for one in runs:
        assert one["log_odds"].shape == truth.shape
        # A network that guesses says nearly the same of all, and two decimals make it the same.
        assert abs(roc_auc_score(truth, one["log_odds"]) - one["auc"]) < 0.01
