"""Train networks, change the images they are tested on, and try what is said to help.

`python -m tools.scanner_changes` writes `notebooks/results/scanner-changes.json`, which the lesson
"When the scanner changes" reads. It takes some minutes on one core and can be stopped: what
the file already holds is not trained again. Strengths of changes, of augmentation and of all else
were fixed beforehand; nothing was chosen by results on test images.
"""

import functools
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.special import expit, xlogy
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from helpers.datasets import load
from helpers.evaluation import calibration_error
from helpers.models import small_network
from helpers.phantoms import Lesion, Scanner, radiographs
from helpers.training import Recipe, train
from tools.results import read, write

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "scanner-changes.json"
VERSIONS = ("numpy", "tensorflow", "keras", "scikit-learn")
SEEDS = {"real": range(5), "simulated": range(3)}
# What was claimed of the first run must hold for these, too.
SECOND_SEEDS = {"real": range(10, 13), "simulated": range(10, 13)}
FILTERS = (8, 16, 32)
RECIPE = Recipe(steps=300)
# Strengths one to three: standard deviation, steepness, standard deviation in pixels.
CHANGES = {"noise": (0.05, 0.1, 0.2), "contrast": (0.8, 0.6, 0.4), "blur": (0.6, 1.0, 1.5)}
CONDITIONS = ("as it is", *(f"{change} {level}" for change in CHANGES for level in (1, 2, 3)))
# Of these the scores are kept.
KEPT = ("as it is", "noise 2", "contrast 2", "blur 2")
# The simulated scanner's own knobs: photons, steepness of the gray scale, blur.
SCANNERS = {
    "as it is": Scanner(),
    "noise": Scanner(dose=0.05),
    "contrast": Scanner(contrast=0.6),
    "blur": Scanner(blur=1.2),
}
DRAWS = 30
# Images that are no chest X-rays of children.
FOREIGN = ("breast", "eye", "phantom")


def changed(images: np.ndarray, change: str, strength: float, seed: int = 0) -> np.ndarray:
    """Return images (N, H, W, C) in [0, 1] with noise, another contrast, or blurred."""
    if change == "noise":
        noise = np.random.default_rng(seed).normal(0, strength, images.shape)
        return np.clip(images + noise, 0, 1).astype("float32")
    if change == "contrast":
        return (0.5 + strength * (images - 0.5)).astype("float32")
    if change == "blur":
        return gaussian_filter(images, (0, strength, strength, 0), mode="nearest")
    raise ValueError(f"change={change!r}; choose one of {', '.join(CHANGES)}")


def augmented(images: np.ndarray, seed: int) -> np.ndarray:
    """Return images with a random contrast and random noise each; blur is left out on purpose."""
    rng = np.random.default_rng(seed)
    shape = (len(images), 1, 1, 1)
    images = 0.5 + rng.uniform(0.4, 1.2, shape) * (images - 0.5) + rng.uniform(-0.1, 0.1, shape)
    noise = rng.uniform(0, 0.15, shape) * rng.normal(size=images.shape)
    return np.clip(images + noise, 0, 1).astype("float32")


@functools.cache
def split(data: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images in [0, 1] and labels, real or simulated."""
    if data == "real":
        part = getattr(load("pneumoniamnist", synthetic=False), name)
        return part.images.astype("float32") / 255, part.labels
    count, seed = {"train": (3000, 1), "test": (1000, 2)}[name]
    return phantoms(count, seed, Scanner())


def phantoms(count: int, seed: int, scanner: Scanner) -> tuple[np.ndarray, np.ndarray]:
    """Return simulated chest X-rays, every second one with opacities, some hard to see."""
    labels = np.arange(count) % 2
    lesion = Lesion(contrast=(0.3, 1.0))
    images = radiographs(labels, seed=seed, lesion=lesion, scanner=scanner).images
    return images.astype("float32") / 255, labels


@functools.cache
def tests(data: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the test images under each condition, and their labels."""
    images, labels = split(data, "test")
    if data == "simulated":
        # The same patients on other scanners.
        return {name: phantoms(1000, 2, scanner) for name, scanner in SCANNERS.items()}
    found = {"as it is": (images, labels)}
    for change, strengths in CHANGES.items():
        for level, strength in enumerate(strengths, start=1):
            found[f"{change} {level}"] = changed(images, change, strength), labels
    return found


def fit(data: str, recipe: str, seed: int) -> Any:
    """Train a small network; return it."""
    import keras

    X, y = split(data, "train")
    if recipe == "augmented":
        # Four versions of each image, one of them as it is.
        X = np.concatenate([X, *(augmented(X, 10 * seed + copy) for copy in range(3))])
        y = np.tile(y, 4)
    keras.utils.set_random_seed(seed)
    model = small_network(filters=FILTERS)
    train(model, X, y, RECIPE, seed=seed, verbose=False)
    settle(model, X[np.random.default_rng(seed).permutation(len(X))[:2000]])
    return model


def settle(model: Any, images: np.ndarray) -> None:
    """Measure the statistics of batch normalization anew, on training images, in place.

    Training leaves running means of augmented images, the last ones most. Networks are tested on
    images that are not augmented, and compared with the statistics of other images.
    """
    copy = without_dropout(model)
    normalizations = [
        pair
        for pair in zip(model.layers, copy.layers, strict=True)
        if type(pair[0]).__name__ == "BatchNormalization"
    ]
    for _, layer in normalizations:
        layer.momentum = 0.0
    copy(images, training=True)
    for layer, measured in normalizations:
        layer.set_weights(measured.get_weights())


def log_odds(model: Any, images: np.ndarray) -> np.ndarray:
    """Return the log-odds of class 1 (N,)."""
    chances = np.clip(model.predict(images, 256, verbose=0), 1e-7, 1)
    return np.log(chances[:, 1] / chances[:, 0])


def without_dropout(model: Any) -> Any:
    """Return a copy that, called with `training=True`, normalizes by its batch alone."""
    copy = small_network(filters=FILTERS, dropout=0)
    # Dropout keeps the state of its random numbers among the weights.
    copy.set_weights([weight for weight in model.get_weights() if weight.dtype == np.float32])
    return copy


def with_own_statistics(copy: Any, images: np.ndarray) -> np.ndarray:
    """Return log-odds (N,), normalized by these images' own means and variances."""
    chances = np.clip(np.asarray(copy(images, training=True)), 1e-7, 1)
    return np.log(chances[:, 1] / chances[:, 0])


def in_batches(copy: Any, images: np.ndarray, order: np.ndarray, size: int = 32) -> np.ndarray:
    """Return log-odds (N,), each batch in this order with statistics of its own."""
    scores = np.empty(len(images))
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        scores[batch] = with_own_statistics(copy, images[batch])
    return scores


def features(model: Any, images: np.ndarray) -> np.ndarray:
    """Return what the last layer sees (N, F)."""
    import keras

    part = keras.Model(model.input, model.layers[-3].output)
    starts = range(0, len(images), 1000)
    return np.concatenate([np.asarray(part(images[start : start + 1000])) for start in starts])


def monte_carlo(model: Any, seen: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return log-odds from features (N, F), averaged over networks that dropout thins at random."""
    W, b = model.layers[-1].get_weights()
    keep = 1 - model.layers[-2].rate
    rng = np.random.default_rng(seed)
    chances = []
    for _ in range(DRAWS):
        logits = seen * (rng.random(seen.shape) < keep) / keep @ W + b
        chances.append(expit(logits[:, 1] - logits[:, 0]))
    mean = np.clip(np.mean(chances, axis=0), 1e-7, 1 - 1e-7)
    return np.log(mean / (1 - mean))


def measures(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return AUC, accuracy, expected calibration error and mean confidence of log-odds."""
    chances = expit(scores)
    found = {
        "auc": roc_auc_score(labels, scores),
        "accuracy": np.mean((scores > 0) == labels),
        "ece": calibration_error(labels, chances),
        "confidence": np.mean(np.maximum(chances, 1 - chances)),
    }
    return {name: round(float(value), 4) for name, value in found.items()}


@functools.cache
def foreign(name: str) -> np.ndarray:
    """Return images that are no chest X-rays of children, gray, in [0, 1]."""
    if name == "phantom":
        return phantoms(400, 3, Scanner())[0]
    data = load({"breast": "breastmnist", "eye": "retinamnist"}[name], synthetic=False)
    return data.test.images.mean(axis=-1, keepdims=True).astype("float32") / 255


class Strangeness:
    """Scores that are to be high for foreign images: `of(images)` maps each name to (N,)."""

    def __init__(self, model: Any, images: np.ndarray, labels: np.ndarray) -> None:
        self.model = model
        self.spaces = {"distance": self._features, "gray": self._gray}
        self.known = {
            name: self._gaussians(space(images), labels) for name, space in self.spaces.items()
        }

    def _features(self, images: np.ndarray) -> np.ndarray:
        return features(self.model, images)

    @staticmethod
    def _gray(images: np.ndarray) -> np.ndarray:
        """No network: mean and standard deviation of the gray levels."""
        return np.stack([images.mean(axis=(1, 2, 3)), images.std(axis=(1, 2, 3))], axis=1)

    @staticmethod
    def _gaussians(points: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean of each class, and the inverse of the covariance that they share."""
        means = np.stack([points[labels == label].mean(axis=0) for label in (0, 1)])
        covariance = np.atleast_2d(np.cov((points - means[labels]).T))
        ridge = 1e-3 * np.trace(covariance) / len(covariance)
        return means, np.linalg.inv(covariance + ridge * np.eye(len(covariance)))

    def of(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Return unsureness, entropy, distance of features, distance of gray levels."""
        chances = expit(log_odds(self.model, images))
        found = {
            "unsure": 1 - np.maximum(chances, 1 - chances),
            "entropy": -xlogy(chances, chances) - xlogy(1 - chances, 1 - chances),
        }
        for name, space in self.spaces.items():
            means, inverse = self.known[name]
            away = space(images)[:, None] - means
            # Mahalanobis' distance to the nearer class.
            found[name] = np.einsum("nci,ij,ncj->nc", away, inverse, away).min(axis=1)
        return found


def detect(model: Any, seed: int) -> list[dict[str, Any]]:
    """Return how well each score tells foreign from known, and what it refuses at 5 %."""
    scores_of = Strangeness(model, *split("real", "train")).of
    known, ours = scores_of(split("real", "validation")[0]), scores_of(split("real", "test")[0])
    others = {name: foreign(name) for name in FOREIGN} | {"blur 3": tests("real")["blur 3"][0]}
    rows = []
    for name, images in others.items():
        for score, strange in scores_of(images).items():
            limit = np.quantile(known[score], 0.95)
            truth = np.repeat([0, 1], [len(ours[score]), len(strange)])
            auc = roc_auc_score(truth, np.concatenate([ours[score], strange]))
            refused = {"refused": np.mean(strange > limit), "ours": np.mean(ours[score] > limit)}
            rounded = {key: round(float(v), 4) for key, v in {"auc": auc, **refused}.items()}
            rows.append({"seed": seed, "foreign": name, "score": score, **rounded})
    return rows


def judge(data: str, recipe: str, seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Train one network and judge it under all conditions, with what is said to help."""
    model = fit(data, recipe, seed)
    copy = without_dropout(model)
    rng = np.random.default_rng(seed)
    rows = []

    def note(condition: str, remedy: str, labels: np.ndarray, scores: np.ndarray) -> None:
        scores = np.round(scores.astype(float), 2)
        row = {"data": data, "recipe": recipe, "seed": seed}
        row |= {"condition": condition, "remedy": remedy, **measures(labels, scores)}
        if (data, recipe, remedy) == ("real", "plain", "none") and condition in (
            *KEPT,
            "validation",
        ):
            row["log_odds"] = scores.tolist()
        rows.append(row)

    for condition, (images, labels) in tests(data).items():
        note(condition, "none", labels, log_odds(model, images))
        note(condition, "statistics", labels, with_own_statistics(copy, images))
        if recipe == "plain":
            note(condition, "dropout", labels, monte_carlo(model, features(model, images), seed))
        if (data, recipe) == ("real", "plain") and condition in KEPT:
            mixed, sorted_ = rng.permutation(len(labels)), np.argsort(labels, kind="stable")
            for remedy, order in (("mixed batches", mixed), ("sorted batches", sorted_)):
                note(condition, remedy, labels, in_batches(copy, images, order))
    if (data, recipe) != ("real", "plain"):
        return rows, []
    V, v = split(data, "validation")
    note("validation", "none", v, log_odds(model, V))
    return rows, detect(model, seed)


def start() -> dict[str, Any]:
    """Return what the file holds before the first run."""
    labels = {name: split("real", name)[1] for name in ("validation", "test")}
    commonest = np.bincount(split("real", "train")[1]).argmax()
    return {
        "versions": {name: version(name) for name in VERSIONS},
        "changes": CHANGES,
        "steps": RECIPE.steps,
        "baseline": round(float(np.mean(labels["test"] == commonest)), 4),
        "labels": {name: "".join(map(str, values)) for name, values in labels.items()},
        "runs": [],
        "foreign": [],
        "second_runs": [],
        "second_foreign": [],
    }


def main() -> int:
    """Train what the file does not hold yet."""
    results = read(RESULTS) or start()
    for prefix, plan in (("", SEEDS), ("second_", SECOND_SEEDS)):
        known = {(r["data"], r["recipe"], r["seed"]) for r in results[f"{prefix}runs"]}
        todo = [
            (data, recipe, seed)
            for data, seeds in plan.items()
            for seed in seeds
            for recipe in ("plain", "augmented")
            if (data, recipe, seed) not in known
        ]
        for job in tqdm(todo, unit="network"):
            runs, strangers = judge(*job)
            results[f"{prefix}runs"] += runs
            results[f"{prefix}foreign"] += strangers
            write(results, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
