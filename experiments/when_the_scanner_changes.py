"""Networks meet images of another scanner, or of something else; what is said to help is tried.

Strengths of changes, of augmentation and of all else were fixed beforehand; nothing was chosen by
results on test images.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import expit, xlogy
from sklearn.metrics import roc_auc_score

from experiments import claims
from experiments.common import grid, scaled
from helpers.datasets import load
from helpers.evaluation import calibration_error, majority_baseline
from helpers.models import small_network
from helpers.phantoms import Lesion, Scanner, radiographs
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, settle, train, with_own_statistics

SEEDS = {"real": range(5), "simulated": range(3)}
# What was claimed of the first seeds must hold for these, too.
SECOND_SEEDS = range(10, 13)
DATA = "pneumoniamnist"
FILTERS = (8, 16, 32)
RECIPE = Recipe(steps=300)
# Training images on which the statistics of batch normalization are measured at the end.
SETTLED = 2000
# What is tried with networks of each kind of training.
REMEDIES = {"plain": ("none", "statistics", "dropout"), "augmented": ("none", "statistics")}
# Augmented copies of each image: bounds of steepness, brightness, and spread of the noise.
COPIES, STEEP, BRIGHT, GRAIN = 3, (0.4, 1.2), (-0.1, 0.1), (0, 0.15)
# Strengths one to three: standard deviation, steepness, standard deviation in pixels.
CHANGES = {"noise": (0.05, 0.1, 0.2), "contrast": (0.8, 0.6, 0.4), "blur": (0.6, 1.0, 1.5)}
# Scores of all networks under all conditions would fill a megabyte; of these they are kept.
KEPT = ("as it is", "noise 2", "contrast 2", "blur 2")
BATCH = 32
DRAWS = 30
# The simulated scanner's own knobs: photons, steepness of the gray scale, blur.
SCANNERS = {
    "as it is": Scanner(),
    "noise": Scanner(dose=0.05),
    "contrast": Scanner(contrast=0.6),
    "blur": Scanner(blur=1.2),
}
# Simulated chests, every second one with opacities, some hard to see: images and seed.
SIMULATED = {"train": (3000, 1), "test": (1000, 2), "foreign": (400, 3)}
LESION = Lesion(contrast=(0.3, 1.0))
# Real images that are no chest X-rays of children.
OTHERS = {"breast": "breastmnist", "eye": "retinamnist"}
# Of known images, so many may be refused.
REFUSED = 0.05
# Keeps the inverse of a covariance from growing without bounds.
RIDGE = 1e-3
# A score that Keras' loss still tells from zero.
LEAST = 1e-7
# Images at once, which bounds the memory.
CHUNK = 1000


def jobs() -> Iterator[dict[str, Any]]:
    for data, seeds in SEEDS.items():
        yield from grid(data=[data], recipe=REMEDIES, seed=[*seeds, *SECOND_SEEDS])


# ---- Images --------------------------------------------------------------------------------


def changed(images: np.ndarray, change: str, strength: float) -> np.ndarray:
    """Return images (N, H, W, C) in [0, 1] with noise, another contrast, or blurred.

    Examples
    --------
    >>> gray = np.full((9, 28, 28, 1), 0.5, "float32")
    >>> changed(gray, "noise", 0.1).std().round(2) == np.float32(0.1)
    np.True_
    >>> random = np.random.default_rng(0).random((9, 28, 28, 1), "float32")
    >>> bool(np.isclose(changed(random, "contrast", 0.5).std(), random.std() / 2))
    True
    >>> bool(changed(random, "blur", 1.5).std() < random.std() / 2)
    True
    """
    if change == "noise":
        noise = np.random.default_rng(0).normal(0, strength, images.shape)
        return np.clip(images + noise, 0, 1).astype("float32")
    if change == "contrast":
        return (0.5 + strength * (images - 0.5)).astype("float32")
    return gaussian_filter(images, (0, strength, strength, 0), mode="nearest")


def augmented(images: np.ndarray, seed: int) -> np.ndarray:
    """Return images with a random contrast and random noise each; blur is left out on purpose.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((9, 28, 28, 1), "float32")
    >>> first, again, other = (augmented(images, seed) for seed in (0, 0, 1))
    >>> np.array_equal(first, again), np.array_equal(first, other), first.dtype
    (True, False, dtype('float32'))
    >>> bool(0 <= first.min() and first.max() <= 1)
    True
    """
    rng = np.random.default_rng(seed)
    shape = (len(images), 1, 1, 1)
    images = 0.5 + rng.uniform(*STEEP, shape) * (images - 0.5) + rng.uniform(*BRIGHT, shape)
    noise = rng.uniform(*GRAIN, shape) * rng.normal(size=images.shape)
    return np.clip(images + noise, 0, 1).astype("float32")


def phantoms(part: str, scanner: Scanner = SCANNERS["as it is"]) -> tuple[np.ndarray, np.ndarray]:
    """Return simulated chest X-rays and their labels; each scanner sees the same patients.

    Examples
    --------
    >>> (one, labels), (other, same) = (phantoms("foreign", scanner) for scanner in
    ...     (SCANNERS["as it is"], SCANNERS["blur"]))
    >>> bool(np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9), np.array_equal(labels, same)
    (True, True)
    """
    count, seed = SIMULATED[part]
    labels = np.arange(count) % 2
    images = radiographs(labels, seed=seed, lesion=LESION, scanner=scanner).images
    return images.astype("float32") / 255, labels


@functools.cache
def training_images(data: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what all networks are trained on, images in [0, 1] and labels."""
    return phantoms("train") if data == "simulated" else scaled(DATA, "train")


@functools.cache
def conditions(data: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the test images under each condition, and their labels."""
    if data == "simulated":
        return {name: phantoms("test", scanner) for name, scanner in SCANNERS.items()}
    images, labels = scaled(DATA, "test")
    return {"as it is": (images, labels)} | {
        f"{change} {level}": (changed(images, change, strength), labels)
        for change, strengths in CHANGES.items()
        for level, strength in enumerate(strengths, start=1)
    }


@functools.cache
def foreign_images() -> dict[str, np.ndarray]:
    """Return gray images in [0, 1] that are no chest X-rays of children, and blurred ones."""
    others = {
        name: load(data, synthetic=False).test.images.mean(axis=-1, keepdims=True)
        for name, data in OTHERS.items()
    }
    images = {name: values.astype("float32") / 255 for name, values in others.items()}
    return images | {"phantom": phantoms("foreign")[0], "blur 3": conditions("real")["blur 3"][0]}


# ---- Networks and their scores -------------------------------------------------------------


def trained(data: str, recipe: str, seed: int) -> Any:
    """Return a trained network; augmented, from each image as it is and its copies."""
    import keras

    images, labels = training_images(data)
    if recipe == "augmented":
        copies = [augmented(images, 10 * seed + copy) for copy in range(COPIES)]
        images, labels = np.concatenate([images, *copies]), np.tile(labels, 1 + COPIES)
    keras.utils.set_random_seed(seed)
    network = small_network(filters=FILTERS)
    train(network, images, labels, RECIPE, seed=seed, verbose=False)
    settle(network, images[np.random.default_rng(seed).permutation(len(images))[:SETTLED]])
    return network


def log_odds(chances: np.ndarray) -> np.ndarray:
    """Return the log-odds (N,) of class 1 from probabilities (N, 2).

    Examples
    --------
    >>> log_odds(np.array([[0.5, 0.5], [0, 1]])).round(2)
    array([ 0.  , 16.12])
    """
    chances = np.clip(chances, LEAST, 1)
    return np.log(chances[:, 1] / chances[:, 0])


def features(network: Any, images: np.ndarray) -> np.ndarray:
    """Return what the last layer sees (N, F), before dropout."""
    import keras

    part = keras.Model(network.input, network.layers[-3].output)
    starts = range(0, len(images), CHUNK)
    return np.concatenate([np.asarray(part(images[start : start + CHUNK])) for start in starts])


def thinned(network: Any, images: np.ndarray, seed: int) -> np.ndarray:
    """Return log-odds (N,), averaged over networks that dropout thins at random.

    Examples
    --------
    >>> import keras
    >>> keras.utils.set_random_seed(0)
    >>> network, images = small_network(filters=(4,)), np.ones((2, 28, 28, 1), "float32")
    >>> away = thinned(network, images, seed=0) - log_odds(predict(network, images))
    >>> bool(0 < np.abs(away).max() < 0.5)
    True
    """
    seen = features(network, images)
    W, b = network.layers[-1].get_weights()
    keep = 1 - network.layers[-2].rate
    rng = np.random.default_rng(seed)
    chances = []
    for _ in range(DRAWS):
        logits = seen * (rng.random(seen.shape) < keep) / keep @ W + b
        chances.append(expit(logits[:, 1] - logits[:, 0]))
    mean = np.clip(np.mean(chances, axis=0), LEAST, 1 - LEAST)
    return np.log(mean / (1 - mean))


def in_batches(network: Any, images: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return log-odds (N,), each batch in this order with statistics of its own.

    Examples
    --------
    >>> network = small_network(filters=(4,))
    >>> images = np.random.default_rng(0).random((BATCH, 28, 28, 1), "float32")
    >>> one_batch = in_batches(network, images, np.arange(BATCH)[::-1])
    >>> np.allclose(one_batch, log_odds(with_own_statistics(network, images)), atol=1e-4)
    True
    """
    scores = np.empty(len(images))
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        scores[batch] = log_odds(with_own_statistics(network, images[batch]))
    return scores


def scores_with(remedy: str, network: Any, images: np.ndarray, seed: int) -> np.ndarray:
    """Return log-odds (N,) with a remedy that needs no other training."""
    if remedy == "dropout":
        return thinned(network, images, seed)
    use = with_own_statistics if remedy == "statistics" else predict
    return log_odds(use(network, images))


def measures(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return AUC, accuracy, calibration error and mean confidence of log-odds in hundredths."""
    scores = np.round(scores.astype(float), 2)
    chances = expit(scores)
    values = {
        "auc": roc_auc_score(labels, scores),
        "accuracy": np.mean((scores > 0) == labels),
        "ece": calibration_error(labels, chances),
        "confidence": np.mean(np.maximum(chances, 1 - chances)),
    }
    return {name: round(float(value), 4) for name, value in values.items()}


# ---- Is an image foreign? ------------------------------------------------------------------


def gray_levels(images: np.ndarray) -> np.ndarray:
    """Return mean and standard deviation of each image's gray levels (N, 2): no network."""
    return np.stack([images.mean(axis=(1, 2, 3)), images.std(axis=(1, 2, 3))], axis=1)


def gaussians(points: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each class's mean (2, F), and the inverse of the covariance (F, F) they share."""
    means = np.stack([points[labels == label].mean(axis=0) for label in (0, 1)])
    covariance = np.atleast_2d(np.cov((points - means[labels]).T))
    ridge = RIDGE * np.trace(covariance) / len(covariance)
    return means, np.linalg.inv(covariance + ridge * np.eye(len(covariance)))


def distance(points: np.ndarray, means: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Return the square of Mahalanobis' distance to the nearer class (N,).

    Examples
    --------
    >>> points = np.random.default_rng(0).normal(size=(400, 2))
    >>> known = gaussians(points, np.arange(400) % 2)
    >>> distance(np.array([[0.0, 3.0], [0.0, 6.0]]), *known).round(-1)
    array([10., 40.])
    """
    away = points[:, None] - means
    return np.einsum("nci,ij,ncj->nc", away, inverse, away).min(axis=1)


def strangeness(network: Any, images: np.ndarray, known: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return scores (N,) that are to be high for foreign images."""
    chances = expit(log_odds(predict(network, images)))
    return {
        "unsure": 1 - np.maximum(chances, 1 - chances),
        "entropy": -xlogy(chances, chances) - xlogy(1 - chances, 1 - chances),
        "distance": distance(features(network, images), *known["distance"]),
        "gray": distance(gray_levels(images), *known["gray"]),
    }


def refusals(network: Any) -> list[dict[str, Any]]:
    """Return how well each score tells foreign from known, and whom a limit refuses."""
    images, labels = training_images("real")
    known = {
        "distance": gaussians(features(network, images), labels),
        "gray": gaussians(gray_levels(images), labels),
    }
    validation = strangeness(network, scaled(DATA, "validation")[0], known)
    ours = strangeness(network, scaled(DATA, "test")[0], known)
    records = []
    for name, others in foreign_images().items():
        for score, strange in strangeness(network, others, known).items():
            limit = np.quantile(validation[score], 1 - REFUSED)
            truth = np.repeat([0, 1], [len(ours[score]), len(strange)])
            shares = {
                "auc": roc_auc_score(truth, np.concatenate([ours[score], strange])),
                "refused": np.mean(strange > limit),
                "ours": np.mean(ours[score] > limit),
            }
            shares = {key: round(float(share), 4) for key, share in shares.items()}
            records.append({"foreign": name, "score": score, **shares})
    return records


# ---- The experiment ------------------------------------------------------------------------


def run(data: str, recipe: str, seed: int) -> list[dict[str, Any]]:
    network = trained(data, recipe, seed)
    records = [
        outcome(condition, remedy, labels, scores_with(remedy, network, images, seed))
        for condition, (images, labels) in conditions(data).items()
        for remedy in REMEDIES[recipe]
    ]
    if data == "real" and recipe == "plain":
        records += looked_at_closely(network, seed)
    return records


def outcome(condition: str, remedy: str, labels: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    return {"condition": condition, "remedy": remedy, **measures(labels, scores)}


def looked_at_closely(network: Any, seed: int) -> list[dict[str, Any]]:
    """Return what only plain networks are tried at, on X-rays."""
    rng = np.random.default_rng(seed)
    records = []
    for condition in KEPT:
        images, labels = conditions("real")[condition]
        mixed, in_order = rng.permutation(len(labels)), np.argsort(labels, kind="stable")
        for remedy, order in (("mixed batches", mixed), ("sorted batches", in_order)):
            records.append(outcome(condition, remedy, labels, in_batches(network, images, order)))
    validation, labels = scaled(DATA, "validation")
    scores = log_odds(predict(network, validation))
    records += [
        outcome("validation", "none", labels, scores),
        {"scored": "validation", "log_odds": pack(scores)},
    ]
    for condition in KEPT:
        scores = log_odds(predict(network, conditions("real")[condition][0]))
        records.append({"scored": condition, "log_odds": pack(scores)})
    return records + refusals(network)


def shared() -> dict[str, Any]:
    labels = {part: scaled(DATA, part)[1] for part in ("validation", "test")}
    return {
        "baseline": round(majority_baseline(scaled(DATA, "train")[1], labels["test"]), 4),
        "labels": labels,
        # By these the lesson knows that its images are changed alike.
        "gray levels": {
            name: [round(float(images.mean()), 5), round(float(images.std()), 5)]
            for name, (images, _) in conditions("real").items()
        },
    }


# ---- What must hold ------------------------------------------------------------------------


def check(runs: Runs) -> None:
    labels = runs.shared["labels"]
    claims.published({DATA: labels["test"]}, {DATA: runs.shared["baseline"]})
    check_measures(runs.where(data="real", recipe="plain"))
    for seeds in (SEEDS["real"], SECOND_SEEDS):
        for name in (*OTHERS, "phantom", "blur 3"):
            unsure, entropy = (
                runs.where(seed=seeds, foreign=name, score=score).array("auc")
                for score in ("unsure", "entropy")
            )
            # Two classes: one score orders as the other, but for ties where both round to sure.
            assert np.abs(unsure - entropy).max() < 0.002
    for data in SEEDS:
        pair = [runs.where(data=data, seed=seeds) for seeds in (SEEDS[data], SECOND_SEEDS)]
        (check_real if data == "real" else check_simulated)(*pair)


def check_measures(plain: Runs) -> None:
    """Assert that measures follow from the scores that are kept."""
    for name in (*KEPT, "validation"):
        truth = plain.shared["labels"]["validation" if name == "validation" else "test"]
        stored = plain.where(condition=name, remedy="none")
        for one, scores in zip(stored, plain.where(scored=name).array("log_odds"), strict=True):
            for measure, value in measures(truth, scores).items():
                # Rounding may carry one score over an edge of a bin.
                allowed = 1 / len(truth) if measure == "ece" else 1e-4
                assert abs(one[measure] - value) <= allowed, (name, measure)


def differences(runs: Runs, measure: str, condition: str, **how: str) -> np.ndarray:
    """Return for each seed the difference to unchanged images; with a remedy, to the network."""
    plain = {"recipe": "plain", "remedy": "none"}
    base = runs.where(condition=condition if how else "as it is", **plain)
    return runs.where(condition=condition, **{**plain, **how}).array(measure) - base.array(measure)


def check_real(*pair: Runs) -> None:
    """Assert that the second seeds say what the first ones do."""
    claimed: list[tuple[str, str, dict[str, str]]] = [
        ("auc", "noise 2", {}),
        ("auc", "as it is", {"recipe": "augmented"}),
        ("confidence", "contrast 2", {}),
        ("confidence", "blur 2", {}),
        *(("auc", condition, {"remedy": "sorted batches"}) for condition in KEPT),
    ]
    for change in CHANGES:
        claimed += [
            ("accuracy", f"{change} 2", {}),
            ("accuracy", f"{change} 2", {"recipe": "augmented"}),
            ("accuracy", f"{change} 2", {"remedy": "statistics"}),
            ("accuracy", f"{change} 2", {"remedy": "mixed batches"}),
        ]
    for measure, condition, how in claimed:
        claims.confirm(*(differences(part, measure, condition, **how) for part in pair))


def check_simulated(first: Runs, second: Runs) -> None:
    """Assert what both runs show, and that the second does not confirm a rising confidence."""
    for name in ("noise", "contrast", "blur"):
        for part in (first, second):
            assert differences(part, "accuracy", name).mean() < -0.08
            assert differences(part, "accuracy", name, remedy="statistics").mean() > 0.05
        assert differences(first, "confidence", name).mean() > 0
        assert differences(second, "confidence", name).mean() < 0
