"""What can be averaged: frozen features of mirrored copies, networks of several seeds.

Each job leaves what it says of each validation and each test image; what is averaged is for the
reader of the records to choose, on validation images. The recipe's networks on the sets of 28
pixels are those of `three_data_sets`, frozen features of other sizes those of
`pretrained_on_photographs`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.common import grid
from experiments.pretrained_on_photographs import (
    BLOCK,
    CHESTS,
    INVERSE_PENALTIES,
    Part,
    auc,
    parts,
    pixels,
)
from experiments.pretrained_on_photographs_tuning import SIZE, network
from helpers import pretrained
from helpers.models import small_network
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

# Size to which the images of a set are enlarged before the frozen network sees them, as validation
# images chose it, and the mirrored copies that are averaged: those that the recipe trains on.
SIZES = {"breastmnist at 64": 224, "retinamnist": 128}
COPIES = {
    "breastmnist at 64": ("", "horizontal"),
    "retinamnist": ("", "horizontal", "vertical", "both"),
}
STEP = {"": (1, 1), "horizontal": (1, -1), "vertical": (-1, 1), "both": (-1, -1)}
# The recipe, shortened, on the large chest X-rays: means of blocks, 28 pixels.
FROM_NOTHING, SIDE = Recipe(steps=600), 28
# Trained further: the last block, at the learning rate that validation images of ultrasound chose.
FURTHER, CLASSES, START, RATE = "retinamnist", 5, "last block", 1e-3
STEPS, BATCH = 60, 32
SEEDS = {"small": range(5), "further": range(5)}


def jobs() -> Iterator[dict[str, Any]]:
    yield from grid(way=["mirrored"], data=SIZES)
    yield from grid(way=["small"], data=[CHESTS], seed=SEEDS["small"])
    yield from grid(way=["further"], data=[FURTHER], seed=SEEDS["further"])


def run(way: str, data: str, seed: int = 0) -> dict[str, Any]:
    """Return what is said of each validation and each test image."""
    if way == "mirrored":
        return mirrored(data)
    return from_nothing(seed) if way == "small" else further(seed)


def logs(chances: np.ndarray) -> dict[str, Any]:
    """Return logarithms of probabilities (N, K), packed."""
    return pack(np.log(np.clip(chances.astype(float), 1e-30, 1)))


def mirrored(data: str) -> dict[str, Any]:
    """Fit logistic regression on features of the images as they are; judge mirrored copies too.

    The penalty is chosen on validation images.
    """
    train_, *judged = parts(data)
    size = SIZES[data]
    X = pretrained.features(train_.images, size, verbose=False)
    seen = [
        [
            pretrained.features(part.images[:, :: STEP[copy][0], :: STEP[copy][1]], size, False)
            for copy in COPIES[data]
        ]
        for part in judged
    ]
    fitted = [
        make_pipeline(StandardScaler(), LogisticRegression(C=inverse, max_iter=1000)).fit(
            X, train_.labels
        )
        for inverse in INVERSE_PENALTIES
    ]
    aucs = [auc(judged[0].labels, model.predict_proba(seen[0][0])) for model in fitted]
    model = fitted[int(np.argmax(aucs))]  # of the same AUC, the stronger penalty
    each = [[model.predict_proba(views) for views in copies] for copies in seen]
    return {
        "validation": logs(np.mean(each[0], axis=0)),
        "test": logs(np.mean(each[1], axis=0)),
        "validation_plain": logs(each[0][0]),
        "test_plain": logs(each[1][0]),
    }


def reduced(part: Part) -> np.ndarray:
    """Return the images of a part at 28 pixels, in [0, 1]."""
    return pixels(part.images).reshape(len(part.images), SIDE, SIDE, 1) / 255


def from_nothing(seed: int) -> dict[str, Any]:
    """Train the small network by the recipe on the chest X-rays, at 28 pixels."""
    import keras

    train_, *judged = parts(CHESTS)
    keras.utils.set_random_seed(seed)
    model = small_network((SIDE, SIDE, 1))
    train(model, reduced(train_), train_.labels, FROM_NOTHING, seed, verbose=False)
    return judgment(model, [reduced(part) for part in judged])


def for_grades() -> Any:
    """Return the pretrained network with a last layer for the grades; its last block may change.

    Examples
    --------
    >>> model = for_grades()
    >>> model.output.shape, len(model.trainable_weights)
    ((None, 5), 6)
    """
    import keras

    for_two = network(START)
    last = keras.layers.Dense(CLASSES, activation="softmax", kernel_initializer="zeros")
    return keras.Model(for_two.input, last(for_two.layers[-1].input))


def enlarged(images: np.ndarray) -> np.ndarray:
    """Return photographs in [0, 1] as the pretrained network takes them."""
    import tensorflow as tf

    return np.asarray(tf.image.resize(images.astype("float32") / 255, (SIZE, SIZE)))


def further(seed: int) -> dict[str, Any]:
    """Train the pretrained network a little further on photographs of the retina."""
    import keras

    train_, *judged = parts(FURTHER)
    keras.utils.set_random_seed(seed)
    model = for_grades()
    recipe = Recipe(steps=STEPS, batch_size=BATCH, learning_rate=RATE, flip="both")
    train(model, enlarged(train_.images), train_.labels, recipe, seed, verbose=False)
    return judgment(model, [enlarged(part.images) for part in judged])


def judgment(model: Any, images: list[np.ndarray]) -> dict[str, Any]:
    """Return what a network says of validation and test images."""
    return {
        name: logs(predict(model, each))
        for name, each in zip(("validation", "test"), images, strict=True)
    }


def shared() -> dict[str, Any]:
    judged = {
        data: dict(zip(("validation", "test"), parts(data)[1:], strict=True))
        for data in (*SIZES, CHESTS)
    }
    return {
        "labels": {
            data: {name: part.labels for name, part in both.items()}
            for data, both in judged.items()
        },
        "children": {
            name: np.unique(part.patients, return_inverse=True)[1]
            for name, part in judged[CHESTS].items()
        },
        "parameters": small_network((SIDE, SIDE, 1)).count_params(),
        "trained_parameters": int(sum(np.prod(w.shape) for w in for_grades().trainable_weights)),
    }


def check(runs: Runs) -> None:
    labels, children = runs.shared["labels"], runs.shared["children"]
    assert {data: np.bincount(both["test"]).tolist() for data, both in labels.items()} == {
        "breastmnist at 64": [42, 114],
        "retinamnist": [174, 46, 92, 68, 20],
        CHESTS: [234, 390],
    }
    assert SIDE * BLOCK == 224 and labels[CHESTS]["validation"].mean() > 0.7
    assert all(len(children[name]) == len(labels[CHESTS][name]) for name in children)
    for one in runs:
        for name, truth in labels[one["data"]].items():
            kinds = [name, f"{name}_plain"] if one["way"] == "mirrored" else [name]
            for kind in kinds:
                assert one[kind].shape == (len(truth), truth.max() + 1)
                chances = np.exp(one[kind])
                total = chances.sum(axis=1, keepdims=True)
                # Stored are hundredths of logarithms.
                assert np.abs(total - 1).max() < 0.05 and auc(truth, chances / total) > 0.6
            if len(kinds) > 1:
                assert not np.array_equal(one[name], one[f"{name}_plain"])
    for way, seeds in SEEDS.items():
        tests = runs.where(way=way).array("test").reshape(len(seeds), -1)
        assert len(np.unique(tests, axis=0)) == len(seeds)
