"""Train the network of the lesson "Training a CNN on chest X-rays" with eight more seeds.

`python -m tools.chest_xrays` writes `notebooks/results/chest-xrays.json`: how each training went,
and the log-odds of pneumonia that each network gives to each validation and test image. The lesson
trains seed 0. It takes a few minutes and can be stopped: what the file already holds is not trained
again. Nothing is chosen here.
"""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from helpers.datasets import Dataset, load
from helpers.models import source_network
from tools.results import complete, log_odds, read

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "chest-xrays.json"
SEEDS = range(1, 9)
# As in the lesson.
EPOCHS, BATCH, PATIENCE = 12, 32, 2


def judge(data: Dataset, seed: int) -> dict[str, Any]:
    """Train one network; return how it went, and its log-odds."""
    import keras

    X, X_validation, X_test = (
        split.images.astype("float32") / 255 for split in (data.train, data.validation, data.test)
    )
    keras.utils.set_random_seed(seed)
    network = source_network()
    loss = "sparse_categorical_crossentropy"
    network.compile("adam", loss, metrics=["accuracy"], steps_per_execution=37)
    first_loss, _ = network.evaluate(X_validation, data.validation.labels, verbose=0)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, restore_best_weights=True)
    keras.utils.set_random_seed(seed)
    history = network.fit(
        *(X, data.train.labels, BATCH, EPOCHS),
        validation_data=(X_validation, data.validation.labels),
        callbacks=[stop],
        verbose=0,
    ).history
    entry = {"seed": seed, "first_loss": round(first_loss, 3)}
    entry |= {"epochs": len(history["loss"]), "kept": int(np.argmin(history["val_loss"])) + 1}
    for part, images in (("validation", X_validation), ("test", X_test)):
        entry[part] = log_odds(network.predict(images, verbose=0)[:, 1])
    return entry


def main() -> int:
    """Train what the file does not hold yet."""
    data = load("pneumoniamnist", synthetic=False)
    results = read(RESULTS) or {
        "versions": {name: version(name) for name in ("keras", "tensorflow")},
        "labels": {
            "validation": "".join(map(str, data.validation.labels)),
            "test": "".join(map(str, data.test.labels)),
        },
        "runs": [],
    }
    complete(results, RESULTS, zip(SEEDS), ["seed"], lambda seed: judge(data, seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
