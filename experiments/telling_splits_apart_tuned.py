"""A network that learned from photographs, fine-tuned on chest X-rays: by child, and at random.

Beside the two kinds of classifiers of `telling_splits_apart`, on the same tenths of the published
radiographs. The last block of the network learns, the rest stays as it is: what the rest sees is
computed once. Learning rate, decay and batch are those of *Pretrained on photographs*, chosen on
ultrasound images. Nothing is chosen here.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.common import grid, log_odds
from experiments.telling_splits_apart import WAYS, tenth
from helpers import chest_xrays, pretrained
from helpers.results import Runs, pack

SIZE, START = 128, "blocks_15_expand_conv"
RATE, DECAY, BATCH, EPOCHS = 1e-3, 1e-2, 32, 1
SEEDS = range(3)


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS, way=WAYS)


def halves() -> tuple[Any, Any]:
    """Return the part of the network that stays, and the part that learns, with a new last layer.

    Batch normalization stays everywhere, with means and variances of photographs.

    Examples
    --------
    >>> stays, learns = halves()
    >>> stays.output_shape, learns.output_shape, len(learns.trainable_weights)
    ((None, 4, 4, 192), (None, 2), 6)
    """
    import keras

    trunk = pretrained.efficientnet_lite0(SIZE)
    at = [layer.name for layer in trunk.layers].index(START)
    stays = keras.Model(trunk.input, trunk.layers[at].input)
    last = keras.layers.Dense(2, activation="softmax", kernel_initializer="zeros")
    entry = keras.Input(stays.output.shape[1:])
    learns = keras.Sequential([entry, *trunk.layers[at:], last])
    for layer in learns.layers:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    return stays, learns


@functools.cache
def seen(folder: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the maps of published images where the part that learns begins, labels, children."""
    cases = chest_xrays.load(SIZE, synthetic=False)
    here = cases.parts == folder
    gray = cases.images[here].astype("float32") / 255
    stays, _ = halves()
    parts = [
        stays.predict_on_batch(np.repeat(gray[start : start + BATCH], 3, axis=-1))
        for start in range(0, len(gray), BATCH)
    ]
    children = np.unique(cases.patients[here], return_inverse=True)[1]
    return np.concatenate(parts), cases.labels[here], children


def run(way: str, seed: int) -> dict[str, Any]:
    """Train without a tenth; return which it was, its log-odds, and those of the test images."""
    import keras

    X, labels, children = seen("train")
    out = tenth(way, labels, children, seed)
    rest = np.setdiff1d(np.arange(len(labels)), out)
    keras.utils.set_random_seed(seed)
    _, learns = halves()
    steps = EPOCHS * -(-len(rest) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    learns.compile(
        keras.optimizers.AdamW(rate, weight_decay=DECAY), "sparse_categorical_crossentropy"
    )
    learns.fit(X[rest], labels[rest], BATCH, EPOCHS, verbose=0)
    scores = {"held_out": X[out], "test": seen("test")[0]}
    return {
        "truth": labels[out],
        "shared_child": np.isin(children[out], children[rest]),
        **{
            name: pack(log_odds(learns.predict(some, 256, verbose=0)[:, 1]))
            for name, some in scores.items()
        },
    }


def shared() -> dict[str, Any]:
    return {"truth": seen("test")[1]}


def check(runs: Runs) -> None:
    assert np.bincount(runs.shared["truth"]).tolist() == [234, 390]
    for one in runs:
        assert len(one["truth"]) in range(480, 570) and len(one["test"]) == 624
        shares = one["shared_child"].mean()
        assert shares == 0 if one["way"] == "by child" else 0.5 < shares < 0.8
        assert roc_auc_score(one["truth"], one["held_out"]) > 0.97
