"""The network that runs on the lesson's page: its weights, small enough for a browser.

Trained as "small" in `experiments.what_is_it_worth`. Batch normalization is folded into the
convolutions before it, and weights are rounded to half precision.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.common import grid, log_odds, scaled
from helpers.explain import grad_cam
from helpers.models import small_network
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

if TYPE_CHECKING:
    import keras

DATA, FILTERS, RECIPE = "pneumoniamnist", (8, 16, 32), Recipe(500, 32)
SEEDS = range(1)
# The test image that the lesson shows with its Grad-CAM.
SHOWN = 314


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS)


def folded(network: "keras.Model") -> list[np.ndarray]:
    """Return the weights of a network without batch normalization that gives the same answers.

    In the order in which `small_network(batch_norm=False)` takes them.
    """
    weights = []
    for layer in network.layers:
        values = layer.get_weights()
        if type(layer).__name__ == "BatchNormalization":
            gamma, beta, mean, variance = values
            factor = gamma / np.sqrt(variance + layer.epsilon)
            # The convolution whose output it normalizes.
            before = layer.input._keras_history.operation.get_weights()[0]
            weights += [before * factor, beta - mean * factor]
        elif type(layer).__name__ == "Dense":
            weights += values
    return weights


def run(seed: int) -> dict[str, Any]:
    import keras

    keras.utils.set_random_seed(seed)
    trained = small_network(filters=FILTERS)
    train(trained, *scaled(DATA, "train"), RECIPE, seed, verbose=False)
    halves = [values.astype("<f2") for values in folded(trained)]
    small = small_network(filters=FILTERS, batch_norm=False)
    small.set_weights(halves)
    images, _ = scaled(DATA, "test")
    scores, before = (log_odds(predict(each, images)[:, 1]) for each in (small, trained))
    last = [layer.name for layer in small.layers if len(layer.output.shape) == 4][-1]
    shown = images[SHOWN : SHOWN + 1]
    return {
        "image": (255 * shown[0, ..., 0]).round().astype(int),
        "grad_cam": pack(grad_cam(small, shown, label=1, layer=last)[0]),
        # The bits of half floats, read as whole numbers.
        "weights": np.concatenate([values.ravel() for values in halves]).view("<i2"),
        "test": pack(scores),
        "rounded_away": round(float(np.abs(scores - before).max()), 4),
    }


def shared() -> dict[str, Any]:
    return {"labels": scaled(DATA, "test")[1]}


def check(runs: Runs) -> None:
    assert runs.array("weights").shape == (1, 18810)
    (scores,) = runs.array("test")
    assert roc_auc_score(runs.shared["labels"], scores) > 0.95
    # In log-odds: what folding and rounding cost.
    assert runs.array("rounded_away").max() < 0.1
