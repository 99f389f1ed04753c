"""What more pixels buy in the same time: fewer steps for larger images.

The milliseconds of a step were measured once, on one core, and are a setting: so the same steps are
done on every machine.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.common import grid
from experiments.more_pixels import CHESTS, published, splits, trained
from helpers.results import Runs

SECONDS = 3
# Of one core, for a step of 32 images with the strides of their size.
MILLISECONDS = {28: 9.5, 64: 21.5, 128: 36, 224: 88}
SEEDS = range(5)


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS, size=MILLISECONDS)


def steps(size: int) -> int:
    """Return how many steps of a size fit into the time.

    Examples
    --------
    >>> steps(28) > 3 * steps(128) > 3 * steps(224)
    True
    """
    return round(1000 * SECONDS / MILLISECONDS[size])


def run(size: int, seed: int) -> dict[str, Any]:
    return {
        "steps": steps(size),
        **trained("growing", size, steps(size), seed, splits(CHESTS, size)),
    }


def shared() -> dict[str, Any]:
    test = published().test
    return {"labels": test.labels, "children": np.unique(test.patients, return_inverse=True)[1]}


def check(runs: Runs) -> None:
    truth = runs.shared["labels"]
    assert np.bincount(truth).tolist() == [234, 390]
    for one in runs:
        assert one["log_odds"].shape == truth.shape and one["validation"] > 0.5
        assert abs(roc_auc_score(truth, one["log_odds"]) - one["auc"]) < 0.003
    for size in MILLISECONDS:
        # Times of other days and machines differ, but not by as much as those of sizes.
        seconds = runs.where(size=size).array("training_seconds")
        assert SECONDS / 2 < np.median(seconds) < 2 * SECONDS
