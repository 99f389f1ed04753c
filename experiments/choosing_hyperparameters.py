"""The tutorial network with other kernels, poolings, activations and settings (S6.4).

Trained on images that the seed draws from the training split, measured on the validation split.
The test split is never touched.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from experiments.common import grid, scaled
from helpers.evaluation import majority_baseline
from helpers.results import Runs

DATA, IMAGES, EPOCHS = "pneumoniamnist", 1000, 10
SEEDS = range(5)
# What was claimed of the first run must hold for these, too.
SECOND_SEEDS = range(10, 14)
# The tutorial program; batches of 32, so that 1,000 images make about as many steps as all images
# do in batches of 128.
BASE: dict[str, Any] = {
    "kernel": 3,
    "pool": 2,
    "activation": "relu",
    "convolutions": 2,
    "learning_rate": 0.001,
    "batch_size": 32,
}
# What tutorials advise to try (S6.4), each with each.
GRID: dict[str, tuple[Any, ...]] = {
    "kernel": (3, 5),
    "pool": (2, 3),
    "activation": ("relu", "tanh", "sigmoid"),
}
# What they do not name, one at a time.
OTHERS: dict[str, tuple[Any, ...]] = {
    "learning_rate": (0.0001, 0.0003, 0.001, 0.003, 0.01),
    "batch_size": (16, 32, 64, 128, 256),
    "convolutions": (1, 2, 3),
}
# Of the first convolution, each further one has twice as many; of the dense layer.
FILTERS, UNITS = 32, 64


def settings() -> list[dict[str, Any]]:
    """Return every setting once: the grid, then the base with one of the others changed."""
    others = [BASE | {name: value} for name, values in OTHERS.items() for value in values]
    return [BASE | choices for choices in grid(**GRID)] + [one for one in others if one != BASE]


def jobs() -> Iterator[dict[str, Any]]:
    for seed in (*SEEDS, *SECOND_SEEDS):
        for setting in settings():
            yield {"seed": seed, **setting}


def network(setting: dict[str, Any]) -> Any:
    """Return the tutorial network with other choices, compiled."""
    import keras

    layers = [keras.Input((28, 28, 1))]
    for number in range(setting["convolutions"]):
        filters, activation = FILTERS * 2**number, setting["activation"]
        layers.append(keras.layers.Conv2D(filters, setting["kernel"], activation=activation))
        layers.append(keras.layers.MaxPooling2D(setting["pool"]))
    layers.append(keras.layers.Flatten())
    layers.append(keras.layers.Dense(UNITS, activation=setting["activation"]))
    layers.append(keras.layers.Dense(2, activation="softmax"))
    model = keras.Sequential(layers)
    model.compile(
        keras.optimizers.Adam(setting["learning_rate"]), "sparse_categorical_crossentropy"
    )
    return model


def fit(
    setting: dict[str, Any], seed: int, epochs: int, weights: Any = None
) -> tuple[dict[str, Any], Any]:
    """Train a setting, from these weights if any; return what validation says, and the weights.

    Examples
    --------
    The seed decides all; the test images play no part.

    >>> from unittest import mock
    >>> parts = []
    >>> def noise(data, part):
    ...     parts.append(part)
    ...     return np.random.default_rng(0).random((IMAGES, 28, 28, 1)), np.arange(IMAGES) % 2
    >>> setting = BASE | {"kernel": 5, "pool": 3, "convolutions": 1, "batch_size": 256}
    >>> with mock.patch(f"{__name__}.scaled", noise):
    ...     one, again, other = (fit(setting, seed, epochs=1)[0]["loss"] for seed in (0, 0, 1))
    >>> sorted(set(parts))
    ['train', 'validation']
    >>> abs(one - again) < 1e-4 < abs(one - other)
    True
    """
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model = network(setting)
    if weights is not None:
        model.set_weights(weights)
    X, y = scaled(DATA, "train")
    drawn = np.random.default_rng(seed).choice(len(X), IMAGES, replace=False)
    model.fit(X[drawn], y[drawn], setting["batch_size"], epochs, verbose=0)
    X, truth = scaled(DATA, "validation")
    scores = model.predict_on_batch(X)[:, 1].astype(float)
    measures = {
        "auc": round(float(roc_auc_score(truth, scores)), 5),
        "loss": round(float(log_loss(truth, scores)), 5),
        "accuracy": round(float(np.mean((scores > 0.5) == truth)), 5),
        "parameters": model.count_params(),
    }
    return measures, model.get_weights()


def run(seed: int, **setting: Any) -> dict[str, Any]:
    return fit(setting, seed, EPOCHS)[0]


def shared() -> dict[str, Any]:
    labels = [scaled(DATA, part)[1] for part in ("train", "validation")]
    return {"baseline": round(majority_baseline(*labels), 5), "cases": len(labels[1])}


def check(runs: Runs) -> None:
    # MedMNIST v2 (doi 10.1038/s41597-022-01721-8) has 524 validation images.
    assert runs.shared["cases"] == 524
    for run in runs:
        # Counted by hand: side of the image, channels, weights and biases.
        side, channels, count = 28, 1, 0
        for number in range(run["convolutions"]):
            filters = 32 * 2**number
            count += (run["kernel"] ** 2 * channels + 1) * filters
            side, channels = (side - run["kernel"] + 1) // run["pool"], filters
        assert run["parameters"] == count + (side**2 * channels + 1) * 64 + (64 + 1) * 2
    learned = runs.where(**{name: BASE[name] for name in BASE}).array("accuracy")
    assert learned.mean() > runs.shared["baseline"] + 0.1
    assert len(np.unique(runs.array("loss"))) > 0.98 * len(runs)
