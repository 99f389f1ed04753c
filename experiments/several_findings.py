"""Five findings at once: one softmax or five sigmoids, and labels that nobody is sure of.

The images are simulated, so what is in them is known. Labels are hidden as in reports: faint
findings are often called possible, and now and then one that is not there. A network learns from
labels that are all known, or leaves out the uncertain ones, or takes them for absent or present.
Each seed draws other patients to train on; the test images are the same, and many.

`python -m experiments.several_findings` does the same on ChestMNIST, fourteen findings in real
radiographs, where its file can be had; nothing is stored.
"""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from experiments.common import grid
from helpers import evaluation as ev
from helpers.datasets import Dataset, DatasetError, load
from helpers.phantoms import FINDINGS, chests, draw_findings
from helpers.results import Runs, pack
from helpers.training import Recipe, train, train_findings

if TYPE_CHECKING:
    import keras

# The labels to learn from: all known, to one softmax or to sigmoids; then the uncertain ones.
WAYS, SEEDS = ("softmax", "known", "left out", "absent", "present"), range(5)
TRAIN, TEST, TEST_SEED = 4000, 5000, 1000
# A finding that is there is doubted if it is this faint, so often; one that is not, so often.
FAINT, DOUBTED, HEDGED = 0.5, 0.8, 0.05
RECIPE = Recipe(steps=600, learning_rate=3e-3, shift=0, turn=0, zoom=0)


def jobs() -> Iterator[dict[str, Any]]:
    return grid(way=WAYS, seed=SEEDS)


def reported(strength: np.ndarray, seed: int) -> np.ndarray:
    """Return what a report says of each finding (N, K): 1 there, 0 not there, -1 uncertain.

    Examples
    --------
    >>> strength = draw_findings(1000)
    >>> labels = reported(strength, seed=0)
    >>> bool((labels[strength > FAINT] == 1).all()), sorted(set(labels[strength == 0].tolist()))
    (True, [-1, 0])
    """
    chance = np.random.default_rng([seed, 3]).random(strength.shape)
    doubt = np.where(strength > 0, DOUBTED * (strength < FAINT), HEDGED)
    return np.where(chance < doubt, -1, strength > 0)


def network(outputs: int, end: str, channels: int = 1) -> "keras.Model":
    """Return a small network for images of 28 x 28 pixels that ends in a softmax or in sigmoids.

    Examples
    --------
    >>> network(5, "sigmoid").output_shape
    (None, 5)
    """
    from keras import Input, Sequential, layers

    model = Sequential([Input((28, 28, channels))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9))
        model.add(layers.ReLU())
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dropout(0.3))
    model.add(layers.Dense(outputs, activation=end))
    return model


def pictures(strength: np.ndarray, seed: int) -> np.ndarray:
    """Return simulated radiographs as floats in [0, 1]."""
    return chests(strength, seed).astype("float32") / 255


def one_softmax(there: np.ndarray) -> np.ndarray:
    """Return findings (N, K) as probabilities of classes (N, K + 1) that share one; first: nothing.

    Examples
    --------
    >>> one_softmax(np.array([[0, 0], [0, 1], [1, 1]]))
    array([[1. , 0. , 0. ],
           [0. , 0. , 1. ],
           [0. , 0.5, 0.5]])
    """
    classes = np.hstack([~there.any(axis=1, keepdims=True), there]).astype(float)
    return np.asarray(classes / classes.sum(axis=1, keepdims=True))


def run(way: str, seed: int) -> dict[str, Any]:
    """Train in one way; return of each finding the AUC, the mean probability and the surprise."""
    import keras

    strength = draw_findings(TRAIN, seed)
    there, X = strength > 0, pictures(strength, seed)
    keras.utils.set_random_seed(seed)
    if way == "softmax":
        model = network(1 + len(FINDINGS), "softmax")
        train(model, X, one_softmax(there), RECIPE, seed, verbose=False)
    else:
        labels = there.astype(int) if way == "known" else reported(strength, seed)
        if way in ("absent", "present"):
            labels = np.where(labels < 0, way == "present", labels)
        model = network(len(FINDINGS), "sigmoid")
        train_findings(model, X, labels, RECIPE, seed, verbose=False)
    strength = draw_findings(TEST, TEST_SEED)
    there = strength > 0
    p = model.predict(pictures(strength, TEST_SEED), 256, verbose=0)[:, -len(FINDINGS) :]
    p = np.clip(p.astype(float), 1e-7, 1 - 1e-7)
    heart, effusion = there[:, 0], there[:, 1]
    with_effusion = [np.median(p[effusion & (heart == other), 1]) for other in (False, True)]
    each = list(zip(there.T, p.T, strict=True))
    return {
        "auc": pack([roc_auc_score(y, s) for y, s in each], step=1e-4),
        "mean": pack(p.mean(axis=0), step=1e-4),
        "surprise": pack([log_loss(y, s) for y, s in each], step=1e-4),
        # The median probability of an effusion that is there: heart of usual size, large heart.
        "effusion": pack(with_effusion, step=1e-4),
    }


def shared() -> dict[str, Any]:
    strength = np.stack([draw_findings(TRAIN, seed) for seed in SEEDS])
    doubted = np.stack([reported(strength[seed], seed) < 0 for seed in SEEDS])
    there = (doubted & (strength > 0)).sum(axis=(0, 1)) / doubted.sum(axis=(0, 1))
    return {
        "share": pack((draw_findings(TEST, TEST_SEED) > 0).mean(axis=0), step=1e-4),
        # How many labels are uncertain, and of these, how many findings are there.
        "doubted": pack(doubted.mean(axis=(0, 1)), step=1e-4),
        "there": pack(there, step=1e-4),
    }


def check(runs: Runs) -> None:
    share = runs.shared["share"]
    assert np.abs(share - list(FINDINGS.values())).max() < 0.02
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    for one in runs:
        assert one["auc"].shape == (len(FINDINGS),) and one["auc"].min() > 0.5
    # With all labels known, each finding is predicted better than by its share.
    assert (runs.where(way="known").array("surprise") < entropy).all()


# ---- Real radiographs, where they can be had -----------------------------------------------


def on_published(data: Dataset, recipe: Recipe, seed: int = 0, verbose: bool = True) -> str:
    """Train on a set of several findings; return a table of its test images, a line a finding.

    Thresholds are chosen on validation images: a missed case costs as much as so many false alarms
    as make the cases and the others weigh the same.

    Parameters
    ----------
    data : Dataset
        With labels (N, K), such as `load("chestmnist")`.
    recipe : Recipe
        Of `train_findings`.
    seed : int
        Of weights and order.
    verbose : bool
        Show progress.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model = network(len(data.classes), "sigmoid", data.train.images.shape[-1])
    images = data.train.images.astype("float32") / 255
    train_findings(model, images, data.train.labels, recipe, seed, verbose)
    choosing, p = (
        model.predict(part.images.astype("float32") / 255, 256, verbose=0)
        for part in (data.validation, data.test)
    )
    lines, aucs = [f"{'':16}{'cases':>6}  AUC (95 % interval)     sensitivity  specificity"], []
    for k, name in enumerate(data.classes):
        chosen, y = data.validation.labels[:, k], data.test.labels[:, k]
        odds = (1 - chosen.mean()) / chosen.mean()
        threshold = ev.operating_point(chosen, choosing[:, k], odds, 1)
        low, high = ev.delong_interval(y, p[:, k])
        called = p[:, k] > threshold
        aucs.append(roc_auc_score(y, p[:, k]))
        lines.append(
            f"{name:16}{y.sum():6}  {aucs[-1]:.3f} ({low:.3f} to {high:.3f})"
            f"{called[y == 1].mean():13.2f}{(~called)[y == 0].mean():13.2f}"
        )
    right = ((p > 0.5) == data.test.labels).mean()
    lines += [
        f"macro AUC {np.mean(aucs):.3f}, micro AUC "
        f"{roc_auc_score(data.test.labels.ravel(), p.ravel()):.3f}",
        f"accuracy at 0.5 {right:.3f}; of always saying no {1 - data.test.labels.mean():.3f}",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        published = load("chestmnist", synthetic=False)
    except DatasetError as error:
        sys.exit(f"error: {error}")
    print(on_published(published, Recipe(steps=3000)))
