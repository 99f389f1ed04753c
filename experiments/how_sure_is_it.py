"""How often the intervals of `helpers.evaluation` hold the truth, in cases whose truth is known.

Scores of healthy cases are normal, those of ill ones too, further up. Each job draws many samples
of one kind and size, and counts how often the interval holds the truth, how often it warns that
there are too few cases, and how often it misses without a word. Nothing is chosen here.
"""

import functools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import special, stats

from experiments.common import grid
from helpers import evaluation as ev
from helpers.results import Runs

DRAWS = 400
NUMBERS, PREVALENCES, AUCS = (20, 60, 200, 2000), (0.03, 0.1, 0.5), (0.6, 0.8, 0.95, 0.99)
# Scores of the ill: normal as those of the healthy, further up; or a share looks healthy.
SHAPES, HIDDEN = ("normal", "hidden"), 0.15
RUNS, RUN_NUMBERS, RUN_AUCS = (2, 3, 5, 20), (60, 200), (0.8, 0.95)
# Deviations: of another model, another run, a run as a whole, and of what a patient's images share.
OTHER, NOISE, LUCK, PATIENT, IMAGES = 0.5, 0.4, 0.1, 1.0, 4
SHARES = (0.6, 0.8, 0.9, 0.95, 0.99)
# The bootstrap takes hundreds of times as long as a formula.
BOOTSTRAPS, REPEATS = 200, 200


def jobs() -> Iterator[dict[str, Any]]:
    cells = {"number": NUMBERS, "prevalence": PREVALENCES}
    yield from grid(kind=SHAPES, **cells, auc=AUCS)
    yield from grid(kind=("difference",), **cells, auc=(0.8, 0.95))
    yield from grid(
        kind=("patients", "images"), number=(200, 600), prevalence=(0.5,), auc=(0.8, 0.9)
    )
    yield from grid(kind=("share",), number=NUMBERS, auc=SHARES)
    yield from grid(
        kind=("bootstrap",), number=NUMBERS[:3], prevalence=PREVALENCES[1:], auc=(0.8, 0.95)
    )
    yield from grid(kind=("runs",), number=RUN_NUMBERS, prevalence=(0.3,), auc=RUN_AUCS, runs=RUNS)
    yield from grid(kind=("slope", "intercept"), **cells, auc=(0.8, 0.95))


@functools.cache
def distance(auc: float, spread: float) -> float:
    """Return how far apart the means of normal scores are for this AUC."""
    return float(stats.norm.ppf(auc) * np.sqrt(2) * spread)


def latent(random: np.random.Generator, labels: np.ndarray, auc: float) -> np.ndarray:
    """Return normal scores (N,) of this AUC, of deviation 1.

    Examples
    --------
    >>> from sklearn.metrics import roc_auc_score
    >>> random, labels = np.random.default_rng(0), np.arange(100_000) % 2
    >>> print(f"{roc_auc_score(labels, latent(random, labels, 0.9)):.2f}")
    0.90
    """
    return random.normal(distance(auc, 1) * labels, 1)


def hidden(random: np.random.Generator, labels: np.ndarray, auc: float) -> np.ndarray:
    """Return scores (N,) of this AUC; some of the ill look healthy.

    Examples
    --------
    >>> from sklearn.metrics import roc_auc_score
    >>> random, labels = np.random.default_rng(0), np.arange(100_000) % 2
    >>> print(f"{roc_auc_score(labels, hidden(random, labels, 0.9)):.2f}")
    0.90
    """
    share = min(HIDDEN, 1 - auc)
    seen = labels * (random.random(len(labels)) >= share)
    return random.normal(distance((auc - share / 2) / (1 - share), 1) * seen, 1)


def runs_of(
    random: np.random.Generator, labels: np.ndarray, auc: float, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return scores (R, N) of runs of two recipes that are equally good.

    A run sees cases as all do, with noise of its own; and it is better or worse as a whole.
    """
    total = np.sqrt(1 + 2 * NOISE**2)
    common = random.normal(distance(auc, total) * labels, 1)
    pair = []
    for _ in range(2):
        recipe = random.normal(0, NOISE, len(labels))
        each = random.normal(0, NOISE, (count, len(labels)))
        luck = random.normal(0, LUCK, (count, 1)) * labels
        pair.append(common + recipe + each + luck)
    return pair[0], pair[1]


def sample(
    kind: str, random: np.random.Generator, number: int, prevalence: float, auc: float, runs: int
) -> tuple[float, tuple[float, float]]:
    """Return the truth, and the interval of one sample: of a share, `auc` is that share."""
    labels = (np.arange(number) < round(number * prevalence)).astype(int)
    if kind == "share":
        return auc, ev.wilson_interval(random.binomial(number, auc), number)
    if kind in ("patients", "images"):
        # Images of a patient have the same label, and a part of their scores in common.
        patients = np.arange(number) // IMAGES
        labels = (patients < number * prevalence / IMAGES).astype(int)
        scores = random.normal(distance(auc, np.hypot(1, PATIENT)) * labels, 1)
        scores += random.normal(0, PATIENT, number)[patients]
        return auc, ev.delong_interval(
            labels, special.expit(scores), patients=patients if kind == "patients" else None
        )
    if kind == "hidden":
        return auc, ev.delong_interval(labels, special.expit(hidden(random, labels, auc)))
    if kind == "runs":
        pair = runs_of(random, labels, auc, runs)
        return 0, ev.compare_runs(labels, *map(special.expit, pair))[1:3]
    scores = latent(random, labels, auc)
    if kind == "normal":
        return auc, ev.delong_interval(labels, special.expit(scores))
    if kind == "difference":
        pair = scores + random.normal(0, OTHER, (2, number))
        return 0, ev.delong_comparison(labels, *special.expit(pair))[1:3]
    if kind in ("slope", "intercept"):
        # Of normal scores the log-odds of class 1 are a line: these promise what they keep.
        gap = distance(auc, 1)
        odds = gap * (scores - gap / 2) + special.logit(labels.mean())
        intercept, slope = ev.calibration_line(labels, special.expit(odds))
        return (1, slope[1:]) if kind == "slope" else (0, intercept[1:])
    # The accuracy at the threshold midway between both classes.
    scores -= distance(auc, 1) / 2
    right = float(stats.norm.cdf(distance(auc, 1) / 2))
    seed = int(random.integers(2**31))
    return right, ev.bootstrap_interval(
        accuracy, labels, special.expit(scores), repeats=REPEATS, seed=seed
    )


def accuracy(labels: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean((scores > 0.5) == labels))


def run(
    kind: str, number: int, auc: float, prevalence: float = 0.5, runs: int = 0
) -> dict[str, Any]:
    random = np.random.default_rng([number, round(1000 * auc), round(1000 * prevalence), runs])
    draws = BOOTSTRAPS if kind == "bootstrap" else DRAWS
    held, told = np.zeros(draws, bool), np.zeros(draws, bool)
    for draw in range(draws):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                truth, (low, high) = sample(kind, random, number, prevalence, auc, runs)
            except ValueError as error:
                return {"refused": str(error)}
        held[draw], told[draw] = low <= truth <= high, bool(said)
    return {
        "held": round(float(held.mean()), 4),
        "warned": round(float(told.mean()), 4),
        "missed_silently": round(float(np.mean(~held & ~told)), 4),
    }


def check(runs: Runs) -> None:
    for result in runs:
        # Two runs, fewer than two cases, or classes apart: no interval is given.
        if "refused" in result:
            assert (
                "two or more" in result["refused"]
                or "three or more" in result["refused"]
                or ("no line is best" in result["refused"])
            )
        elif result["kind"] != "images":
            # At most 7 in 100 miss without a word, and 3.5 standard errors of the simulation.
            assert result["missed_silently"] < 0.07 + 3.5 * np.sqrt(0.07 * 0.93 / DRAWS), result
    # The interval of an intercept is about samples in which the share of the ill varies. Here it is
    # fixed, so it holds nearly always; `tests/test_evaluation.py` lets the share vary.
    for kind in (
        "normal",
        "hidden",
        "difference",
        "patients",
        "share",
        "bootstrap",
        "runs",
        "slope",
    ):
        held = [r["held"] for r in runs.where(kind=kind) if r.get("warned", 1) < 0.05]
        assert 0.93 < np.mean(held) < 0.97, (kind, np.mean(held))
    # Two runs are refused, and images of patients taken for independent miss far more often.
    assert all("refused" in result for result in runs.where(kind="runs", runs=2))
    assert max(runs.where(kind="images").array("held")) < 0.9
