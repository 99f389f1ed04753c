"""Train the source's network with Keras and with NumPy, over twenty seeds.

`python -m tools.numpy_vs_keras` writes `notebooks/results/numpy-vs-keras.json`, which the lesson
"A CNN from nothing" compares its own run with. Set-up as in the source: Adam, batches of 128,
10 epochs, the network after the last one. Judged on the test images; nothing is chosen by them.

Three networks a seed: Keras' own; NumPy's; and Keras' once more, with the initial weights and the
order of the images of NumPy's, so that the two differ in nothing but who does the sums.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from helpers.datasets import load
from helpers.network import Adam, Conv2D, Dense, Flatten, MaxPool, ReLU, Sequential
from tools.results import write

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "numpy-vs-keras.json"
DATA = "pneumoniamnist"
SEEDS = range(20)
EPOCHS, BATCH = 10, 128


def numpy_network(seed: int) -> Sequential:
    """Return this book's network."""
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
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
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
    network = keras_network(seed)
    network.set_weights(numpy_network(seed).weights)
    random = np.random.default_rng(seed)
    for _ in range(EPOCHS):
        # The order that `helpers.network` takes in this epoch.
        order = random.permutation(len(X))
        network.fit(X[order], y[order], BATCH, shuffle=False, verbose=0)
    return network(X_test).numpy()[:, 1]


CONTESTANTS = {"keras": with_keras, "numpy": with_numpy, "keras_from_numpy": with_keras_from_numpy}


def compare() -> dict[str, Any]:
    """Return the settings, the baseline, and for each seed everyone's test AUC and accuracy."""
    data = load(DATA, synthetic=False)
    X, X_test = (split.images.astype("float32") / 255 for split in (data.train, data.test))
    y, truth = data.train.labels, data.test.labels
    baseline = round(float((truth == np.bincount(y).argmax()).mean()), 4)
    results: dict[str, Any] = {"data": DATA, "epochs": EPOCHS, "batch_size": BATCH}
    results |= {"baseline_accuracy": baseline} | {name: [] for name in CONTESTANTS}
    for seed in SEEDS:
        for name, train in CONTESTANTS.items():
            start = time.monotonic()
            scores = train(seed, X, y, X_test)
            auc = round(float(roc_auc_score(truth, scores)), 4)
            accuracy = round(float(((scores > 0.5) == truth).mean()), 4)
            results[name].append({"seed": seed, "auc": auc, "accuracy": accuracy})
            print(f"{name}: {results[name][-1]}, {time.monotonic() - start:.0f} s", flush=True)
    return results


def main() -> None:
    """Compare and write the results."""
    write(compare(), RESULTS)


if __name__ == "__main__":
    main()
