"""The tutorial network trained with Keras and with NumPy, over twenty seeds.

As in the tutorial program: Adam, batches of 128, 10 epochs, the network after the last one. Judged
on the test images; nothing is chosen by them.

Three networks a seed: Keras' own; NumPy's; and Keras' once more, with the initial weights and the
order of the images of NumPy's, so that the two differ in nothing but who does the sums.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.common import grid, scaled
from helpers.evaluation import majority_baseline
from helpers.models import tutorial_network
from helpers.network import Adam, Conv2D, Dense, Flatten, MaxPool, ReLU, Sequential
from helpers.results import Runs

DATA, EPOCHS, BATCH = "pneumoniamnist", 10, 128
SEEDS = range(20)
NETWORKS = ("keras", "numpy", "keras_from_numpy")


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS, network=NETWORKS)


def run(seed: int, network: str) -> dict[str, Any]:
    images, truth = scaled(DATA, "test")
    train = {"keras": with_keras, "numpy": with_numpy, "keras_from_numpy": with_keras_from_numpy}[
        network
    ]
    scores = train(seed, *scaled(DATA, "train"), images)
    return {
        "auc": round(float(roc_auc_score(truth, scores)), 4),
        "accuracy": round(float(((scores > 0.5) == truth).mean()), 4),
    }


def numpy_network(seed: int) -> Sequential:
    """Return this book's network.

    >>> theirs = tutorial_network().get_weights()
    >>> [w.shape for w in numpy_network(0).weights] == [w.shape for w in theirs]
    True
    """
    return Sequential(
        [
            *[Conv2D(32, 3), ReLU(), MaxPool(2)],
            *[Conv2D(64, 3), ReLU(), MaxPool(2)],
            *[Flatten(), Dense(64), ReLU(), Dense(2)],
        ],
        input_shape=(28, 28, 1),
        seed=seed,
    )


def keras_network(seed: int) -> Any:
    """Return the same network in Keras, compiled."""
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    network = tutorial_network()
    network.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return network


# Each trains on X and y and returns the probability of pneumonia for each of X_test.


def with_numpy(seed: int, X: np.ndarray, y: np.ndarray, X_test: np.ndarray) -> np.ndarray:
    network = numpy_network(seed)
    network.fit(X, y, EPOCHS, BATCH, Adam(), seed=seed, verbose=False)
    return network.predict(X_test)[:, 1]


def with_keras(seed: int, X: np.ndarray, y: np.ndarray, X_test: np.ndarray) -> np.ndarray:
    network = keras_network(seed)
    network.fit(X, y, BATCH, EPOCHS, verbose=0)
    return network(X_test).numpy()[:, 1]


def with_keras_from_numpy(
    seed: int, X: np.ndarray, y: np.ndarray, X_test: np.ndarray
) -> np.ndarray:
    """Train Keras' network from the same start, on the same batches, as NumPy's.

    Mostly their scores agree to six digits. Where a gradient is next to nothing, rounding decides
    the sign of Adam's step: 0.004 with TensorFlow 2.18 once. Another start differs by 0.05 to 0.2.

    >>> random = np.random.default_rng(0)
    >>> X, y = random.random((256, 28, 28, 1), "float32"), random.integers(0, 2, 256)
    >>> ours, theirs = with_numpy(3, X, y, X), with_keras_from_numpy(3, X, y, X)
    >>> other = with_numpy(4, X, y, X)
    >>> bool(np.abs(ours - theirs).max() < 1e-2), bool(np.abs(ours - other).max() > 3e-2)
    (True, True)
    """
    network = keras_network(seed)
    network.set_weights(numpy_network(seed).weights)
    random = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        # The order that `helpers.network` takes in this epoch.
        order = random.permutation(len(X))
        network.fit(X[order], y[order], BATCH, shuffle=False, verbose=0)
    return network(X_test).numpy()[:, 1]


def shared() -> dict[str, Any]:
    labels = [scaled(DATA, part)[1] for part in ("train", "test")]
    return {"baseline": round(majority_baseline(*labels), 4)}


def check(runs: Runs) -> None:
    assert runs.shared["baseline"] == round(390 / 624, 4)
    accuracies = runs.array("accuracy")
    assert (runs.shared["baseline"] < accuracies).all() and (accuracies < 1).all()
    theirs, ours, paired = (runs.where(network=name).array("auc") for name in NETWORKS)
    spread = theirs.std(ddof=1)
    # NumPy is within the spread of Keras' seeds, and nearer to Keras from the same start.
    assert abs(ours.mean() - theirs.mean()) < 2 * spread
    assert np.abs(ours - paired).mean() < spread / 2
