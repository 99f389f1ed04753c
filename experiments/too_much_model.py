"""Networks of many sizes on the same images, all by one recipe, and what makes them smaller.

Each network meets the test images once, at its end.
"""

import contextlib
import functools
import gzip
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from experiments.claims import confirm, not_shown, published
from experiments.common import scaled
from helpers.evaluation import majority_baseline
from helpers.models import multiply_adds, small_network, tutorial_network
from helpers.results import Runs, pack
from helpers.training import Recipe, predict, train

DATA = "pneumoniamnist"
SEEDS = range(5)
# What was claimed of the first seeds must hold for these, too.
SECOND_SEEDS = range(10, 12)
RECIPE = Recipe(steps=200)
# After pruning, the weights that are left are trained on: fewer steps, a lower rate.
TUNING = Recipe(steps=40, learning_rate=1e-3)
# Filters of each stage: width swept at three stages, depth at eight filters in the first.
FILTERS = {
    "width 2": (2, 4, 8),
    "width 4": (4, 8, 16),
    "width 8": (8, 16, 32),
    "width 16": (16, 32, 64),
    "depth 1": (8,),
    "depth 2": (8, 16),
    "depth 4": (8, 16, 32, 64),
}
NETWORKS = (*FILTERS, "separable", "tutorial")
SEPARABLE, DROPOUT, MOMENTUM = (16, 32, 64), 0.3, 0.9  # as in the small network
TEACHER = "width 16"
STUDENTS = ("width 2", "width 4")
# Share of the weights set to zero; whether the others are then trained on.
PRUNED = ((0.5, False), (0.75, False), (0.9, False), (0.95, False), (0.75, True), (0.9, True))
QUANTIZED = ("width 2", "width 4", "width 8", "width 16", "separable", "tutorial")
CALIBRATION = 100  # training images that show the converter how large numbers get
LEAST = 1e-12  # a probability of 0 has no logarithm
# An int8 probability can be 0; half of its smallest step stands for it.
LEAST_INT8 = 1 / 512


def jobs() -> Iterator[dict[str, Any]]:
    plain = {"number": "float32", "prune": 0, "tune": False, "teacher": None}
    for seed in (*SEEDS, *SECOND_SEEDS):
        for name in NETWORKS:
            yield {"network": name, **plain, "seed": seed}
        for name in QUANTIZED:
            yield {"network": name, **plain, "number": "int8", "seed": seed}
        for name in STUDENTS:
            yield {"network": name, **plain, "teacher": TEACHER, "seed": seed}
        for share, tune in PRUNED:
            yield {"network": TEACHER, **plain, "prune": share, "tune": tune, "seed": seed}


def run(
    network: str, number: str, prune: float, tune: bool, teacher: str | None, seed: int
) -> dict[str, Any]:
    model = trained(network, seed, teacher)
    if prune:
        model = pruned(model, prune, tune, seed)
    if number == "int8":
        file = lite(model, calibration(seed))
        sizes = {"bytes": len(file), "float32_bytes": len(lite(model))}
        return {**sizes, **scored(functools.partial(lite_log_odds, file))}
    kernels = np.concatenate([kernel.numpy().ravel() for kernel in kernels_of(model)])
    sizes = {"zipped": zipped_bytes(model), "zeros": round(float(np.mean(kernels == 0)), 4)}
    return {**sizes, **scored(functools.partial(log_odds, model))}


def shared() -> dict[str, Any]:
    labels = [scaled(DATA, part)[1] for part in ("train", "test")]
    return {
        "baseline": round(majority_baseline(*labels), 4),
        "labels": labels[1],
        "sizes": {name: sizes_of(network_of(name)) for name in NETWORKS},
    }


# ---- Networks ------------------------------------------------------------------------------


def separable_network() -> Any:
    """Return the small network with depthwise-separable convolutions, all but the first."""
    import keras
    from keras import layers

    x = images = keras.Input((28, 28, 1))

    def normalized(x: Any) -> Any:
        return layers.BatchNormalization(momentum=MOMENTUM)(x)

    def convolution(x: Any, number: int) -> Any:
        # One gray channel: there is nothing to separate.
        kind = layers.Conv2D if x.shape[-1] == 1 else layers.SeparableConv2D
        return normalized(kind(number, 3, padding="same", use_bias=False)(x))

    for stage, number in enumerate(SEPARABLE):
        if stage:
            x = layers.MaxPooling2D(2)(x)
        link = normalized(layers.Conv2D(number, 1, use_bias=False)(x))
        x = convolution(layers.ReLU()(convolution(x, number)), number)
        x = layers.ReLU()(layers.Add()([x, link]))
    x = layers.Dropout(DROPOUT)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, layers.Dense(2, activation="softmax")(x), name="separable")


def network_of(name: str) -> Any:
    """Return a network that is not trained.

    Examples
    --------
    In all of them running means follow as fast.

    >>> all_layers = sum([network_of(name).layers for name in NETWORKS], [])
    >>> {layer.momentum for layer in all_layers if hasattr(layer, "momentum")}
    {0.9}
    """
    if name in FILTERS:
        return small_network(filters=FILTERS[name])
    return separable_network() if name == "separable" else tutorial_network()


def sizes_of(model: Any) -> dict[str, int]:
    """Return what a network weighs on paper; activations are the numbers that layers put out.

    Examples
    --------
    784 pixels -> 26 x 26 x 32 -> 13 x 13 x 32 -> 11 x 11 x 64 -> 5 x 5 x 64 -> 64 -> 2.

    >>> outputs = [26 * 26 * 32, 13 * 13 * 32, 11 * 11 * 64, 5 * 5 * 64, 1600, 64, 2]
    >>> sizes_of(network_of("tutorial"))["activations"] == sum(outputs)
    True
    """
    outputs = sum(int(np.prod(layer.output.shape[1:])) for layer in model.layers[1:])
    return {
        "parameters": model.count_params(),
        "multiply_adds": multiply_adds(model),
        "activations": outputs,
    }


@functools.lru_cache(maxsize=16)  # all of one seed: several jobs need the same network
def trained(name: str, seed: int, teacher: str | None = None) -> Any:
    """Return a network trained on the labels, or on a teacher's probabilities."""
    import keras

    X, targets = scaled(DATA, "train")
    if teacher:
        targets = predict(trained(teacher, seed), X)
    keras.backend.clear_session()  # names of layers begin anew, and are part of a file's bytes
    keras.utils.set_random_seed(seed)
    model = network_of(name)
    train(model, X, targets, RECIPE, seed, verbose=False)
    return model


# ---- Pruning -------------------------------------------------------------------------------


def kernels_of(model: Any) -> list[Any]:
    """Return the kernels: neither biases nor the numbers of normalization are pruned."""
    return [weight for weight in model.trainable_weights if weight.name.endswith("kernel")]


def masks(model: Any, share: float) -> list[np.ndarray]:
    """Return 0 for the smallest weights of all kernels together, 1 for the others."""
    kernels = [weight.numpy() for weight in kernels_of(model)]
    limit = np.quantile(np.abs(np.concatenate([kernel.ravel() for kernel in kernels])), share)
    return [(np.abs(kernel) > limit).astype("float32") for kernel in kernels]


def apply(model: Any, kept: list[np.ndarray]) -> None:
    """Set the weights to zero that are not kept.

    Examples
    --------
    The smallest go, the others stay as they are.

    >>> model = small_network(filters=(4,))
    >>> before = np.concatenate([np.abs(kernel).ravel() for kernel in kernels_of(model)])
    >>> apply(model, masks(model, 0.75))
    >>> after = np.concatenate([np.abs(kernel).ravel() for kernel in kernels_of(model)])
    >>> round(float(np.mean(after == 0)), 2), bool(np.all(after[after > 0] == before[after > 0]))
    (0.75, True)
    >>> bool(before[after == 0].max() < after[after > 0].min())
    True
    """
    for weight, mask in zip(kernels_of(model), kept, strict=True):
        weight.assign(weight.numpy() * mask)


def pruned(model: Any, share: float, tune: bool, seed: int) -> Any:
    """Return a pruned copy of a network, trained on what is left if asked."""
    import keras

    keras.utils.set_random_seed(seed)  # dropout of the copy
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    kept = masks(copy, share)
    apply(copy, kept)
    if tune:
        X, y = scaled(DATA, "train")
        train(copy, X, y, TUNING, seed, verbose=False, watch=lambda step: apply(copy, kept))
    return copy


def zipped_bytes(model: Any) -> int:
    """Return the size of all weights in a gzip file: zeros take next to no room."""
    data = b"".join(np.asarray(weight, "<f4").tobytes() for weight in model.get_weights())
    return len(gzip.compress(data, mtime=0))


# ---- Files for a phone ---------------------------------------------------------------------


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep away what the converter prints, its C++ part too."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def calibration(seed: int) -> np.ndarray:
    """Return training images (N, 28, 28, 1) drawn at random."""
    X, _ = scaled(DATA, "train")
    return X[np.random.default_rng(seed).permutation(len(X))[:CALIBRATION]]


def lite(model: Any, images: np.ndarray | None = None) -> bytes:
    """Return a model as a TFLite file: in float32, or in int8 if given images to calibrate with."""
    import tensorflow as tf

    with quiet():
        # Without the model itself, the converter takes a shorter way that is ten times as quick.
        call = tf.function(lambda x: model(x, training=False))
        traced = call.get_concrete_function(tf.TensorSpec((1, 28, 28, 1), tf.float32))
        converter = tf.lite.TFLiteConverter.from_concrete_functions([traced])
        if images is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([image[None]] for image in images)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        return bytes(converter.convert())


def interpreter(file: bytes) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that runs a TFLite file on one image (1, 28, 28, 1), on one core."""
    import tensorflow as tf

    with quiet():
        engine = tf.lite.Interpreter(model_content=file, num_threads=1)
        engine.allocate_tensors()
    entry, exit_ = engine.get_input_details()[0]["index"], engine.get_output_details()[0]["index"]

    def call(image: np.ndarray) -> np.ndarray:
        engine.set_tensor(entry, image)
        engine.invoke()
        return engine.get_tensor(exit_)

    return call


# ---- Scores --------------------------------------------------------------------------------


def log_odds(model: Any, images: np.ndarray) -> np.ndarray:
    """Return the log-odds of class 1 (N,)."""
    chances = np.clip(predict(model, images).astype(float), LEAST, 1)
    return np.log(chances[:, 1]) - np.log(chances[:, 0])


def lite_log_odds(file: bytes, images: np.ndarray) -> np.ndarray:
    """Return the log-odds of class 1 that a TFLite file gives (N,).

    Examples
    --------
    A file gives what the network gives. In int8, probabilities have 256 steps: near one half, a
    step is 0.016 of log-odds. (TensorFlow 2.18 wrote a file that gives all images one answer.)

    >>> import keras
    >>> keras.utils.set_random_seed(0)
    >>> model = small_network(filters=(4, 8))
    >>> images = np.random.default_rng(0).random((20, 28, 28, 1), "float32")
    >>> images *= np.linspace(0.2, 1, 20, dtype="float32")[:, None, None, None]
    >>> expected = log_odds(model, images)
    >>> bool(np.allclose(lite_log_odds(lite(model), images), expected, atol=1e-4))
    True
    >>> coarse = lite_log_odds(lite(model, images), images)
    >>> bool(np.abs(coarse - expected).max() < 0.1)
    True
    >>> bool(np.corrcoef(coarse, expected)[0, 1] > 0.95)
    True
    """
    call = interpreter(file)
    outputs = np.concatenate([call(image[None]) for image in images]).astype(float)
    scores = np.log(np.maximum(outputs, LEAST_INT8))
    return scores[:, 1] - scores[:, 0]


def scored(score: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """Return the AUC on validation images, and the log-odds of the test images."""
    V, v = scaled(DATA, "validation")
    return {
        "validation": round(float(roc_auc_score(v, score(V))), 4),
        "scores": pack(score(scaled(DATA, "test")[0])),
    }


# ---- What must hold ------------------------------------------------------------------------


def aucs(runs: Runs) -> np.ndarray:
    """Return the test AUC of each run."""
    return np.array([roc_auc_score(runs.shared["labels"], run["scores"]) for run in runs])


def check(runs: Runs) -> None:
    sizes = runs.shared["sizes"]
    published({DATA: runs.shared["labels"]}, {DATA: runs.shared["baseline"]})
    whole = runs.where(number="float32")
    assert np.allclose(whole.array("zeros"), whole.array("prune"), atol=1e-3)
    # Zeros pack well.
    for seed in (*SEEDS, *SECOND_SEEDS):
        packed = whole.where(network=TEACHER, seed=seed)
        before = packed.where(prune=0)[0]["zipped"]
        assert (packed.where(prune=[0.9, 0.95]).array("zipped") < before / 2).all()
    # A file holds the weights and little more: batch normalization is merged into the kernels,
    # the graph takes some room.
    for run in runs.where(number="int8"):
        parameters = sizes[run["network"]]["parameters"]
        assert 0.9 * 4 * parameters < run["float32_bytes"] < 4 * parameters + 15_000
        assert 0.9 * parameters < run["bytes"] < parameters + 30_000

    # What was claimed of the first seeds, and of the second.
    tuned, untouched = runs.where(tune=True), whole.where(prune=0)
    alone, taught = untouched.where(teacher=None), untouched.where(teacher=TEACHER)

    def gains(better: Runs, than: Runs) -> list[np.ndarray]:
        parts = SEEDS, SECOND_SEEDS
        return [aucs(better.where(seed=part)) - aucs(than.where(seed=part)) for part in parts]

    wide = alone.where(network=TEACHER)
    behind = [alone.where(network=name) for name in ("width 2", "depth 1", "depth 2", "tutorial")]
    for worse in behind:
        first, second = gains(worse, wide)
        confirm(first, second)
        assert max(first.max(), second.max()) < 0
    # Pruned and trained on: a little worse on average, not with every seed.
    for share in (0.75, 0.9):
        first, second = gains(tuned.where(prune=share), wide)
        confirm(first, second)
        assert -0.01 < first.mean() < 0
    for one, other in (("depth 4", TEACHER), ("width 2", "tutorial"), ("separable", "width 8")):
        not_shown(*gains(alone.where(network=one), alone.where(network=other)))
    for name in STUDENTS:
        for gain in gains(taught.where(network=name), alone.where(network=name)):
            assert gain.mean() < 0.005
    for name in QUANTIZED:
        files = runs.where(number="int8", network=name)
        for gain in gains(files, alone.where(network=name)):
            assert np.abs(gain).max() < 0.003
