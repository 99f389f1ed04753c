"""A folder of chest X-rays, from frozen features to scores: a quarter of the children, or all.

Children for training and validation are drawn anew with each seed; the test stays as it came.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.common import grid, log_odds
from experiments.telling_splits_apart import logistic_regression
from helpers import chest_xrays, folders, pretrained
from helpers.folders import Cases
from helpers.results import Runs, pack

SIZE, VALIDATION = 96, 0.25
SHARES, SEEDS = (0.25, 1.0), range(5)


def jobs() -> Iterator[dict[str, Any]]:
    yield from grid(share=SHARES, seed=SEEDS)


@functools.cache
def published() -> tuple[Cases, np.ndarray]:
    """Return the published cases, and the frozen features of each."""
    cases = chest_xrays.load(SIZE, synthetic=False)
    return cases, pretrained.features(cases.images, SIZE, verbose=False)


def run(share: float, seed: int) -> dict[str, Any]:
    cases, features = published()
    assert cases.patients is not None and cases.parts is not None
    children = np.unique(cases.patients[cases.parts == "train"])
    order = np.random.default_rng(seed).permutation(children)
    drawn = np.isin(cases.patients, order[: round(share * len(order))])
    kept = np.flatnonzero(drawn | (cases.parts == "test"))
    data = folders.split_by_patient(cases.take(kept), test=None, validation=VALIDATION, seed=seed)
    place = {name: number for number, name in enumerate(cases.files)}
    at = {
        name: [place[file] for file in getattr(data, name).files]
        for name in ("train", "validation", "test")
    }
    model = logistic_regression().fit(features[at["train"]], data.train.labels)
    scores = {name: log_odds(model.predict_proba(features[at[name]])[:, 1]) for name in at}
    return {
        "truth": data.validation.labels,
        "validation": pack(scores["validation"]),
        "test": pack(scores["test"]),
        "images": len(data.train.labels),
    }


def shared() -> dict[str, Any]:
    cases, _ = published()
    assert cases.parts is not None
    test = cases.take(cases.parts == "test")
    return {"test": {"truth": test.labels, "child": test.groups}}


def check(runs: Runs) -> None:
    assert np.bincount(runs.shared["test"]["truth"]).tolist() == [234, 390]
    for share in SHARES:
        for one in runs.where(share=share):
            held = len(one["truth"])
            assert abs(held / (held + one["images"]) - VALIDATION) < 0.03
            assert abs((held + one["images"]) / (share * 5232) - 1) < 0.15
