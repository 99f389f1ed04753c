"""How eight more seeds of the lesson's network train, and what they say of each image.

The lesson trains seed 0. Nothing is chosen here.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.common import grid, log_odds, scaled
from helpers.models import tutorial_network
from helpers.results import Runs, pack

# As in the lesson.
DATA, EPOCHS, BATCH, PATIENCE = "pneumoniamnist", 12, 32, 2
JUDGED = ("validation", "test")
# Images without and with pneumonia: MedMNIST v2 (doi 10.1038/s41597-022-01721-8).
CLASSES = {"validation": [135, 389], "test": [234, 390]}
SEEDS = range(1, 9)


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS)


def run(seed: int) -> dict[str, Any]:
    import keras

    validation = scaled(DATA, "validation")
    keras.utils.set_random_seed(seed)
    network = tutorial_network()
    loss = "sparse_categorical_crossentropy"
    network.compile("adam", loss, metrics=["accuracy"], steps_per_execution=37)
    first_loss, _ = network.evaluate(*validation, verbose=0)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE, restore_best_weights=True)
    keras.utils.set_random_seed(seed)
    fit = network.fit(
        *(*scaled(DATA, "train"), BATCH, EPOCHS),
        validation_data=validation,
        callbacks=[stop],
        verbose=0,
    )
    losses = fit.history["val_loss"]
    scores = {part: network.predict(scaled(DATA, part)[0], verbose=0)[:, 1] for part in JUDGED}
    return {
        "first_loss": round(first_loss, 3),
        "epochs": len(losses),
        "kept": int(np.argmin(losses)) + 1,
        **{part: pack(log_odds(values)) for part, values in scores.items()},
    }


def shared() -> dict[str, Any]:
    return {"labels": {part: scaled(DATA, part)[1] for part in JUDGED}}


def check(runs: Runs) -> None:
    assert 0 not in runs.array("seed"), "the lesson trains it"
    # Stopped by patience, or at the last epoch.
    epochs = np.minimum(runs.array("kept") + PATIENCE, EPOCHS)
    assert np.array_equal(runs.array("epochs"), epochs)
    assert np.abs(runs.array("first_loss") - np.log(2)).max() < 0.15
    for part, truth in runs.shared["labels"].items():
        assert np.bincount(truth).tolist() == CLASSES[part]
        scores = runs.array(part)
        assert min(roc_auc_score(truth, each) for each in scores) > 0.9
        assert len(np.unique(scores, axis=0)) == len(SEEDS)
