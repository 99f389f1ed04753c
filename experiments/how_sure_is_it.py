"""How often the intervals of `helpers.evaluation` hold the truth, in cases whose truth is known.

Scores of healthy cases are normal, those of ill ones too, further up. Each job draws many samples
of one kind and size, and counts how often there is an interval, how often it holds the truth, how
often it warns that there are too few cases, and how often it misses without a word. Nothing is
chosen here.
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

# Samples of each kind, and the draws of each bootstrap.
DRAWS, REPEATS = 400, 400
NUMBERS, PREVALENCES, AUCS = (20, 60, 200, 2000), (0.03, 0.1, 0.5), (0.6, 0.8, 0.95, 0.99)
# Scores of the ill: normal as those of the healthy, further up; or a share looks healthy.
SHAPES, HIDDEN = ("normal", "hidden"), 0.15
LINES = ("slope", "intercept")
DRAWN = ("bootstrap accuracy", "bootstrap AUC", "bootstrap Brier", "bootstrap difference")
SHARES = (0.6, 0.8, 0.9, 0.95, 0.99)
RUNS = (2, 3, 5, 20)
# Deviations: of another model, another run, a run as a whole, and of what a patient's images share.
OTHER, NOISE, LUCK, PATIENT, IMAGES = 0.5, 0.4, 0.1, 1.0, 4
# With several images a patient; of "images" the interval is not told whose they are.
BY_PATIENT = ("patients", "images", "difference", *LINES, "share", "bootstrap accuracy")

Interval = tuple[float, float]


def jobs() -> Iterator[dict[str, Any]]:
    cells = {"number": NUMBERS, "prevalence": PREVALENCES, "auc": AUCS}
    yield from grid(kind=(*SHAPES, "difference", *LINES, *DRAWN), **cells)
    yield from grid(kind=("share",), number=NUMBERS, auc=SHARES)
    yield from grid(kind=("runs",), **cells, runs=RUNS)
    several = {"number": (200, 600), "auc": (0.8, 0.9), "images": (IMAGES,)}
    yield from grid(kind=BY_PATIENT, **several)
    yield from grid(kind=("runs",), **several, runs=RUNS[2:3])


# ---- Scores --------------------------------------------------------------------------------


@functools.cache
def distance(auc: float, spread: float) -> float:
    """Return how far apart the means of normal scores are for this AUC."""
    return float(stats.norm.ppf(auc) * np.sqrt(2) * spread)


def latent(
    random: np.random.Generator, labels: np.ndarray, auc: float, whose: np.ndarray
) -> np.ndarray:
    """Return normal scores (N,) of this AUC, their middle at 0; those of a patient are alike.

    Examples
    --------
    >>> from sklearn.metrics import roc_auc_score
    >>> random, labels = np.random.default_rng(0), np.arange(100_000) % 2
    >>> scores = latent(random, labels, 0.9, np.arange(100_000))
    >>> print(f"{roc_auc_score(labels, scores):.2f}")
    0.90
    """
    spread = spread_of(whose)
    scores = random.normal(distance(auc, spread) * (labels - 0.5), 1)
    return scores + alike(random, whose)


def spread_of(whose: np.ndarray) -> float:
    """Return the deviation of scores: cases vary, and patients, if they have several cases."""
    return float(np.hypot(1, PATIENT)) if len(np.unique(whose)) < len(whose) else 1.0


def alike(random: np.random.Generator, whose: np.ndarray) -> np.ndarray:
    """Return what the scores (N,) of a patient have in common."""
    patients = whose.max() + 1
    return random.normal(0, PATIENT, patients)[whose] * (patients < len(whose))


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
    random: np.random.Generator, labels: np.ndarray, auc: float, whose: np.ndarray, count: int
) -> np.ndarray:
    """Return scores (2, R, N) of runs of two recipes that are equally good.

    A run sees cases as all do, with noise of its own; and it is better or worse as a whole.
    """
    total = float(np.sqrt(spread_of(whose) ** 2 + 2 * NOISE**2))
    common = random.normal(distance(auc, total) * labels, 1) + alike(random, whose)
    recipe = random.normal(0, NOISE, (2, 1, len(labels)))
    each = random.normal(0, NOISE, (2, count, len(labels)))
    luck = random.normal(0, LUCK, (2, count, 1)) * labels
    return common + recipe + each + luck


# ---- Intervals -----------------------------------------------------------------------------


def sample(
    kind: str,
    random: np.random.Generator,
    number: int,
    prevalence: float,
    auc: float,
    runs: int,
    images: int,
) -> tuple[float, Interval]:
    """Return the truth, and the interval of one sample: of a share, `auc` is that share."""
    whose = np.arange(number) // images
    patients = whose if images > 1 and kind != "images" else None
    if kind == "share":
        noise = random.normal(0, 1, number) + alike(random, whose)
        right = noise < spread_of(whose) * stats.norm.ppf(auc)
        return auc, ev.share_interval(right, patients=patients)
    if kind in LINES:
        # The share of the ill varies from sample to sample, as an intercept does.
        labels = (random.random(number) < prevalence)[whose].astype(int)
        odds = log_odds(latent(random, labels, auc, whose), prevalence, auc, whose)
        line = ev.calibration_line(labels, special.expit(odds), patients=patients)
        return (1, line.slope[1:]) if kind == "slope" else (0, line.intercept[1:])
    labels = (whose < round(number * prevalence / images)).astype(int)
    if kind == "runs":
        pair = special.expit(runs_of(random, labels, auc, whose, runs))
        return 0, ev.compare_runs(labels, *pair, patients=patients)[1:3]
    if kind == "hidden":
        scores = special.expit(hidden(random, labels, auc))
        return auc, ev.delong_interval(labels, scores)
    scores = latent(random, labels, auc, whose)
    others = special.expit(scores + random.normal(0, OTHER, (2, number)))
    draws = {"repeats": REPEATS, "seed": int(random.integers(2**31)), "patients": patients}
    if kind == "difference":
        return 0, ev.delong_comparison(labels, *others, patients=patients)[1:3]
    if kind == "bootstrap difference":
        return 0, ev.bootstrap_difference(accuracy, labels, *others, **draws)
    scores = special.expit(scores)
    if kind == "bootstrap accuracy":
        truth = float(stats.norm.cdf(distance(auc, spread_of(whose)) / 2 / spread_of(whose)))
        return truth, ev.bootstrap_interval(accuracy, labels, scores, **draws)
    if kind == "bootstrap AUC":
        return auc, ev.bootstrap_interval(area, labels, scores, **draws)
    if kind == "bootstrap Brier":
        return brier_of(auc), ev.bootstrap_interval(brier, labels, scores, **draws)
    return auc, ev.delong_interval(labels, scores, patients=patients)


def log_odds(scores: np.ndarray, prevalence: float, auc: float, whose: np.ndarray) -> np.ndarray:
    """Return what normal scores (N,) promise if they keep it: of class 1 a line."""
    spread = spread_of(whose)
    return distance(auc, spread) / spread**2 * scores + special.logit(prevalence)


def accuracy(labels: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean((scores > 0.5) == labels))


def brier(labels: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean((scores - labels) ** 2))


def area(labels: np.ndarray, scores: np.ndarray) -> float:
    """Return the AUC, ties half; scikit-learn's takes several times as long.

    Examples
    --------
    >>> area(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.4, 0.8]))
    0.875
    """
    ill, healthy = scores[labels == 1], np.sort(scores[labels == 0])
    below, at_most = (np.searchsorted(healthy, ill, side) for side in ("left", "right"))
    return float(np.mean(below + at_most)) / 2 / len(healthy)


@functools.cache
def brier_of(auc: float) -> float:
    """Return the expected Brier score of normal scores, by quadrature: the same of each class.

    Examples
    --------
    >>> random, labels = np.random.default_rng(0), np.arange(100_000) % 2
    >>> scores = special.expit(latent(random, labels, 0.8, np.arange(100_000)))
    >>> print(f"{brier_of(0.8):.2f} {brier(labels, scores):.2f}")
    0.18 0.18
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    misses = special.expit(nodes - distance(auc, 1) / 2) ** 2
    return float(weights @ misses / weights.sum())


def run(
    kind: str, number: int, auc: float, prevalence: float = 0.5, runs: int = 0, images: int = 1
) -> dict[str, Any]:
    seed = [number, round(1000 * auc), round(1000 * prevalence), runs, *kind.encode()]
    random = np.random.default_rng(seed)
    # Of each draw: whether it has an interval, whether this holds the truth, and whether it warns.
    answered, held, told = np.zeros((3, DRAWS), bool)
    for draw in range(DRAWS):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                truth, (low, high) = sample(kind, random, number, prevalence, auc, runs, images)
            except ValueError as error:
                refused = str(error)
                continue
        answered[draw], held[draw], told[draw] = True, low <= truth <= high, bool(said)
    if not answered.any():
        return {"refused": refused}
    return {
        "answered": round(float(answered.mean()), 4),
        "held": round(float(held[answered].mean()), 4),
        "warned": round(float(told[answered].mean()), 4),
        "missed_silently": round(float(np.mean(answered & ~held & ~told)), 4),
    }


def check(runs: Runs) -> None:
    for result in runs:
        # Two runs, one case of a class, classes apart: no interval, in none of the samples.
        if "refused" in result:
            says = ("three or more", "two or more", "no line is best", "cases of both classes")
            assert any(words in result["refused"] for words in says), result["refused"]
        elif result["kind"] != "images":
            # At most 7 in 100 miss without a word, and 3.5 standard errors of the simulation.
            assert result["missed_silently"] < 0.07 + 3.5 * np.sqrt(0.07 * 0.93 / DRAWS), result
    for kind in (*SHAPES, "difference", *LINES, "share", "runs", *DRAWN, "patients"):
        held = [run["held"] for run in runs.where(kind=kind) if silent(run)]
        assert 0.93 < np.mean(held) < 0.97, (kind, np.mean(held))
    # Two runs are refused, and images of patients taken for independent miss far more often.
    assert all("refused" in result for result in runs.where(kind="runs", runs=2))
    assert max(runs.where(kind="images").array("held")) < 0.9


def silent(result: dict[str, Any]) -> bool:
    """Return whether nearly all samples have an interval without a warning."""
    return result.get("answered", 0) > 0.95 and result["warned"] < 0.05
