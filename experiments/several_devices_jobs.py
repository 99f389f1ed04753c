"""What it costs to hand out whole jobs: in a loop, by joblib, and by Dask.

The ways take turns, so that whatever else the machine does meets all of them alike. Workers are
there before the clock starts: how long they take to come depends on what they import.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score

from experiments.common import grid
from helpers.results import Runs

ALONE = True
TURNS = range(3)
JOBS = 40
# A job: the AUC of so many cases, drawn again so many times.
CASES, DRAWS = 1000, 1000
WAYS = ("loop", "Dask, one worker", "joblib, two", "Dask, two workers")


def jobs() -> Iterator[dict[str, Any]]:
    return grid(turn=TURNS)


def bootstrap(seed: int) -> list[float]:
    """Return the middle 95 % of the AUC of made scores.

    >>> [round(bound, 2) for bound in bootstrap(0)]
    [0.75, 0.81]
    """
    random = np.random.default_rng(seed)
    labels = np.arange(CASES) % 2
    scores = random.normal(labels)
    draws = random.integers(CASES, size=(DRAWS, CASES))
    areas = [roc_auc_score(labels[draw], scores[draw]) for draw in draws]
    return [float(bound) for bound in np.quantile(areas, [0.025, 0.975])]


def in_a_loop() -> list[list[float]]:
    return [bootstrap(seed) for seed in range(JOBS)]


def by_joblib() -> list[list[float]]:
    return Parallel(n_jobs=2)(delayed(bootstrap)(seed) for seed in range(JOBS))


def by_dask(client: Any) -> list[list[float]]:
    return client.gather(client.map(bootstrap, range(JOBS), pure=False))


def run(turn: int) -> list[dict[str, Any]]:
    """Return the seconds that each way takes for all jobs, and whether all gave the same."""
    from distributed import Client, LocalCluster

    load = round(os.getloadavg()[0], 1)
    quiet = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        LocalCluster(n_workers=1, **quiet) as small,
        LocalCluster(n_workers=2, **quiet) as large,
        Client(small) as one,
        Client(large) as two,
    ):
        how = in_a_loop, lambda: by_dask(one), by_joblib, lambda: by_dask(two)
        ways: dict[str, Callable[[], list[list[float]]]] = dict(zip(WAYS, how, strict=True))
        Parallel(n_jobs=2)(delayed(bootstrap)(seed) for seed in range(2))
        for client in (one, two):
            client.gather(client.map(bootstrap, range(4), pure=False))
        seconds, answers = {}, {}
        for way in WAYS[turn % len(WAYS) :] + WAYS[: turn % len(WAYS)]:
            start = time.perf_counter()
            answers[way] = ways[way]()
            seconds[way] = round(time.perf_counter() - start, 2)
    return [
        {
            "way": way,
            "wall_seconds": seconds[way],
            "same": answers[way] == answers["loop"],
            "load": load,
        }
        for way in WAYS
    ]


def check(runs: Runs) -> None:
    assert {run["way"] for run in runs} == set(WAYS)
    assert all(run["same"] and run["wall_seconds"] > 0 for run in runs)
