"""Hospitals that share weights, not images: federated averaging, beside each alone and together.

Twice: simulated hospitals, whose scanners and shares of the ill differ, train a small network; and
the children of the published chest X-rays, divided among five, train logistic regression on frozen
features. All are judged on patients of whom no hospital has an image. Nothing is chosen by them.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from experiments.after_delivery import first_images, published
from experiments.common import grid, log_odds
from helpers.models import tutorial_network
from helpers.phantoms import Lesion, Scanner, draw_labels, radiographs
from helpers.results import Runs, pack

SEEDS = range(5)
WAYS = ("alone", "together", "equal weights", "by number")
CHESTS, PHANTOMS = "chest X-rays", "phantoms"
# The share of the children that each of five hospitals has. Where the ill differ, the hospital with
# the most children with pneumonia has the fewest without.
SHARES = (0.5, 0.25, 0.14, 0.07, 0.04)
PREVALENCES = ("alike", "different")
# Of the published training children, one in so many is judged and trains nobody.
PARTS = 5
# Rounds, and what a hospital does in each: epochs, images a step, step size.
ROUNDS, EPOCHS, BATCH = 20, 2, 32
RATE = {CHESTS: 0.01, PHANTOMS: 0.1}
# Features lie between 0 and 6; their deviation is taken to be this at least.
LEAST_DEVIATION = 0.05
# Of simulated patients, opacities that are seen without much training.
LESION = Lesion(contrast=(1.0, 1.6))
# The simulated hospitals: scanner, images, share of the ill.
SCANNERS = (
    Scanner(),
    Scanner(dose=0.1),
    Scanner(blur=1.0),
    Scanner(contrast=0.6, brightness=0.1),
)
IMAGES, ILL = (800, 400, 200, 100), (0.5, 0.3, 0.7, 0.2)
# New patients of each scanner, half of them ill, and their seed.
JUDGED, NEW = 300, 1_000_000

Weights = list[np.ndarray]


def jobs() -> Iterator[dict[str, Any]]:
    yield from grid(data=[CHESTS], prevalence=PREVALENCES, way=WAYS, seed=SEEDS)
    # A network takes minutes where logistic regression takes seconds.
    yield from grid(data=[PHANTOMS], prevalence=["different"], way=WAYS, seed=SEEDS)


# ---- Hospitals, and their mean -------------------------------------------------------------


class Hospital(NamedTuple):
    """What a hospital has: features (N, F) or images (N, H, W, C), and labels (N,)."""

    X: np.ndarray
    labels: np.ndarray


def groups(hospitals: Sequence[Hospital], way: str) -> list[list[Hospital]]:
    """Return who trains with whom: each alone, all by averaging, or all images in one place."""
    if way == "alone":
        return [[one] for one in hospitals]
    if way == "together":
        return [[Hospital(*map(np.concatenate, zip(*hospitals, strict=True)))]]
    return [list(hospitals)]


def counted(group: Sequence[Hospital], way: str) -> list[int]:
    """Return how much each hospital counts in the mean."""
    return [1 if way == "equal weights" else len(one.labels) for one in group]


def average(answers: Sequence[Weights], counts: Sequence[float]) -> Weights:
    """Return the mean of the weights of several hospitals, each as heavy as its count.

    Examples
    --------
    >>> average([[np.array([0.0, 4.0])], [np.array([3.0, 1.0])]], counts=[1, 2])
    [array([2., 2.])]
    """
    return [np.average(arrays, axis=0, weights=counts) for arrays in zip(*answers, strict=True)]


def federated(
    start: Weights,
    train: Callable[[Weights, int, int], Weights],
    counts: Sequence[float],
) -> Weights:
    """Return the weights after all rounds; `train` is given weights, a hospital and the round."""
    weights = start
    for turn in range(ROUNDS):
        weights = average([train(weights, one, turn) for one in range(len(counts))], counts)
    return weights


# ---- Logistic regression on frozen features ------------------------------------------------


def descended(w: np.ndarray, one: Hospital, seed: Sequence[int], epochs: int) -> np.ndarray:
    """Return the weights of logistic regression after some epochs of stochastic gradient descent.

    Parameters
    ----------
    w : array (F + 1,)
        One weight for each feature, and the bias.
    one : Hospital
        Features (N, F).
    seed : sequence of int
        Of the order of the images.
    epochs : int
        How often each image is seen.

    Examples
    --------
    >>> one = Hospital(np.array([[-1.0], [1.0]]), np.array([0, 1]))
    >>> bool(descended(np.zeros(2), one, [0], epochs=9)[0] > 0)
    True
    """
    w, random = w.copy(), np.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(len(one.X))
        for start in range(0, len(order), BATCH):
            at = order[start : start + BATCH]
            away = expit(one.X[at] @ w[:-1] + w[-1]) - one.labels[at]
            w[:-1] -= RATE[CHESTS] * away @ one.X[at] / len(at)
            w[-1] -= RATE[CHESTS] * away.mean()
    return w


def divided(children: np.ndarray, shares: Sequence[float], seed: int) -> list[np.ndarray]:
    """Return for each hospital which children (of those given, maybe repeated) are its own.

    Examples
    --------
    >>> [len(one) for one in divided(np.arange(200) // 2, shares=(0.5, 0.3, 0.2), seed=0)]
    [50, 30, 20]
    """
    drawn = np.random.default_rng(seed).permutation(np.unique(children))
    ends = np.round(np.cumsum(shares)[:-1] * len(drawn)).astype(int)
    return np.split(drawn, ends)


@functools.cache
def kept() -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the images that hospitals may have, and of one of each judged child."""
    _, labels, children, parts = published()
    judged = np.concatenate(
        [
            divided(children[(parts == "train") & (labels == label)], (1 / PARTS, 1), seed=0)[0]
            for label in (0, 1)
        ]
    )
    out = np.isin(children, judged)
    return np.flatnonzero((parts == "train") & ~out), first_images(out, children)


def chest_hospitals(prevalence: str, seed: int) -> list[Hospital]:
    """Return the five hospitals, with features as they come."""
    features, labels, children, _ = published()
    at = kept()[0]
    mine: list[list[np.ndarray]] = [[] for _ in SHARES]
    for label in (0, 1):
        shares = SHARES[::-1] if label == 0 and prevalence == "different" else SHARES
        for own, drawn in zip(
            mine, divided(children[at][labels[at] == label], shares, seed), strict=True
        ):
            own.append(drawn)
    places = [at[np.isin(children[at], np.concatenate(own))] for own in mine]
    return [Hospital(features[own].astype(float), labels[own]) for own in places]


def scale(hospitals: Sequence[Hospital]) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation (F,) of all images, from sums that each hospital gives.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(3, 2, (50, 4))
    >>> mean, deviation = scale([Hospital(X[:10], X[:10]), Hospital(X[10:], X[10:])])
    >>> np.allclose(mean, X.mean(axis=0)), np.allclose(deviation, X.std(axis=0))
    (True, True)
    """
    count, total, squares = (
        sum(values)
        for values in zip(
            *((len(X), X.sum(axis=0), (X**2).sum(axis=0)) for X, _ in hospitals), strict=True
        )
    )
    mean = total / count
    # What hardly varies in a few images is not blown up in others.
    return mean, np.sqrt(np.maximum(squares / count - mean**2, LEAST_DEVIATION**2))


def standardized(hospitals: Sequence[Hospital]) -> tuple[list[Hospital], np.ndarray]:
    """Return the hospitals with features of mean 0 and deviation 1, and the judged children's."""
    mean, deviation = scale(hospitals)
    ready = [Hospital((one.X - mean) / deviation, one.labels) for one in hospitals]
    return ready, (published()[0][kept()[1]] - mean) / deviation


def chest_scores(hospitals: Sequence[Hospital], way: str, seed: int) -> list[np.ndarray]:
    """Return the log-odds of the judged children: one array for each group that trains."""
    answers = []
    for group in groups(hospitals, way):
        ready, judged = standardized(group)
        w = chest_weights(ready, way, seed)
        answers.append(judged @ w[:-1] + w[-1])
    return answers


def chest_weights(ready: Sequence[Hospital], way: str, seed: int) -> np.ndarray:
    """Return the weights of logistic regression that some hospitals train by averaging."""
    (w,) = federated(
        [np.zeros(ready[0].X.shape[1] + 1)],
        lambda weights, at, turn: [descended(weights[0], ready[at], [seed, at, turn], EPOCHS)],
        counted(ready, way),
    )
    return w


# ---- A small network on simulated images ---------------------------------------------------


def phantom_hospitals(seed: int) -> list[Hospital]:
    """Return the simulated hospitals, images (N, 28, 28, 1) from -2 to 2.

    Examples
    --------
    >>> [(len(one.labels), one.labels.mean().round(1)) for one in phantom_hospitals(seed=0)]
    [(800, np.float64(0.5)), (400, np.float64(0.3)), (200, np.float64(0.7)), (100, np.float64(0.2))]
    """
    hospitals = []
    for at, scanner in enumerate(SCANNERS):
        own = len(SCANNERS) * seed + at
        labels = draw_labels(IMAGES[at], (1 - ILL[at], ILL[at]), seed=own)
        hospitals.append(Hospital(scanned(labels, own, scanner), labels))
    return hospitals


def scanned(labels: np.ndarray, seed: int, scanner: Scanner) -> np.ndarray:
    """Return simulated images, gray levels from -2 to 2: plain gradient descent wants them so."""
    images = radiographs(labels, seed=seed, lesion=LESION, scanner=scanner).images
    return 4 * (images.astype("float32") / 255 - 0.5)


@functools.cache
def new_patients() -> Hospital:
    """Return new patients of each scanner, half of them ill: the same patients for each."""
    labels = np.arange(JUDGED) % 2
    images = [scanned(labels, NEW, scanner) for scanner in SCANNERS]
    return Hospital(np.concatenate(images), np.tile(labels, len(SCANNERS)))


def phantom_scores(hospitals: Sequence[Hospital], way: str, seed: int) -> list[np.ndarray]:
    """Return the log-odds of the new patients: one array for each group that trains."""
    import keras

    keras.utils.set_random_seed(seed)
    network = tutorial_network()
    network.compile(keras.optimizers.SGD(RATE[PHANTOMS]), "sparse_categorical_crossentropy")
    start = network.get_weights()

    def train(weights: Weights, one: Hospital, turn: int) -> Weights:
        network.set_weights(weights)
        keras.utils.set_random_seed(ROUNDS * seed + turn)
        network.fit(one.X, one.labels, BATCH, EPOCHS, verbose=0)
        return network.get_weights()

    answers = []
    for group in groups(hospitals, way):
        work = functools.partial(
            lambda own, weights, at, turn: train(weights, own[at], turn), group
        )
        network.set_weights(federated(start, work, counted(group, way)))
        answers.append(log_odds(network.predict(new_patients().X, verbose=0)[:, 1]))
    return answers


# ---- The experiment ------------------------------------------------------------------------


def run(data: str, prevalence: str, way: str, seed: int) -> dict[str, Any]:
    if data == CHESTS:
        hospitals = chest_hospitals(prevalence, seed)
        scores = chest_scores(hospitals, way, seed)
    else:
        hospitals = phantom_hospitals(seed)
        scores = phantom_scores(hospitals, way, seed)
    return {
        "images": [len(one.labels) for one in hospitals],
        "ill": [int(one.labels.sum()) for one in hospitals],
        "scores": [pack(each) for each in scores],
    }


def shared() -> dict[str, Any]:
    labels, children = published()[1:3]
    return {
        "truth": {CHESTS: labels[kept()[1]], PHANTOMS: new_patients().labels},
        "children": len(np.unique(children[kept()[0]])),
    }


def check(runs: Runs) -> None:
    for data, hospitals in ((CHESTS, len(SHARES)), (PHANTOMS, len(SCANNERS))):
        truth = runs.shared["truth"][data]
        for way in WAYS:
            for one in runs.where(data=data, way=way):
                scores = np.array(one["scores"])
                assert scores.shape == (hospitals if way == "alone" else 1, len(truth))
                assert len(one["images"]) == hospitals
                if way in ("together", "by number"):
                    assert roc_auc_score(truth, scores[0]) > 0.8
