"""Train networks of many sizes on the same images, shrink them, and weigh them.

`python -m tools.model_sizes` writes `notebooks/results/model-sizes.json`, which the lesson "Too
much model" reads. It takes about ten minutes on one core and can be stopped: what the file
already holds is not trained again. Each network is trained by the same recipe; each trained one
meets the test images once, at its end. Latencies are measured side by side, all in one go.
"""

import base64
import contextlib
import functools
import gzip
import io
import os
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from helpers.datasets import load
from helpers.models import multiply_adds, small_network, source_network
from helpers.training import Recipe, predict, train
from tools.results import complete, read, write

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "model-sizes.json"
SEEDS = range(5)
# What was claimed of the first run must hold for these, too.
SECOND_SEEDS = range(10, 12)
RECIPE = Recipe(steps=200)
# After pruning, the weights that are left are trained on: fewer steps, a lower rate.
TUNING = Recipe(steps=40, learning_rate=1e-3)
CALIBRATION = 100  # training images that show the converter how large numbers get
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
NETWORKS = (*FILTERS, "separable", "source")
TEACHER = "width 16"
STUDENTS = ("width 2", "width 4")
# Share of the weights set to zero; whether the others are then trained on.
PRUNED = ((0.5, False), (0.75, False), (0.9, False), (0.95, False), (0.75, True), (0.9, True))
QUANTIZED = ("width 2", "width 4", "width 8", "width 16", "separable", "source")
ROUNDS, CALLS = 300, 10  # of the latency measurement


def kinds() -> list[str]:
    """Return the names of all that is trained or made with each seed."""
    pruned = [f"pruned {share}{' tuned' * tuned}" for share, tuned in PRUNED]
    return [*NETWORKS, *(f"distilled {student}" for student in STUDENTS), *pruned]


# ---- Networks ------------------------------------------------------------------------------


def separable_network(filters: tuple[int, ...] = (16, 32, 64)) -> Any:
    """Return the small network with depthwise-separable convolutions, all but the first."""
    import keras
    from keras import layers

    x = images = keras.Input((28, 28, 1))

    def normalized(x: Any) -> Any:
        return layers.BatchNormalization(momentum=0.9)(x)  # as in the small network

    def convolution(x: Any, number: int) -> Any:
        # One gray channel: there is nothing to separate.
        kind = layers.Conv2D if x.shape[-1] == 1 else layers.SeparableConv2D
        return normalized(kind(number, 3, padding="same", use_bias=False)(x))

    for stage, number in enumerate(filters):
        if stage:
            x = layers.MaxPooling2D(2)(x)
        link = normalized(layers.Conv2D(number, 1, use_bias=False)(x))
        x = convolution(layers.ReLU()(convolution(x, number)), number)
        x = layers.ReLU()(layers.Add()([x, link]))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(images, layers.Dense(2, activation="softmax")(x), name="separable")


def network(name: str) -> Any:
    """Return a network that is not trained."""
    if name in FILTERS:
        return small_network(filters=FILTERS[name])
    return {"separable": separable_network, "source": source_network}[name]()


def memory(model: Any) -> dict[str, int]:
    """Return how many numbers one image becomes: in all layers, and in a layer and its inputs."""
    outputs, most = 0, 0
    for layer in model.layers[1:]:
        inputs = layer.input if isinstance(layer.input, list) else [layer.input]
        outputs += int(np.prod(layer.output.shape[1:]))
        sizes = [int(np.prod(tensor.shape[1:])) for tensor in [*inputs, layer.output]]
        most = max(most, sum(sizes))
    return {"activations": outputs, "largest": most}


def sizes(name: str) -> dict[str, int]:
    """Return what a network weighs on paper."""
    model = network(name)
    counts = {"parameters": model.count_params(), "multiply_adds": multiply_adds(model)}
    return {**counts, **memory(model)}


# ---- Pruning -------------------------------------------------------------------------------


def masks(model: Any, share: float) -> list[np.ndarray]:
    """Return 0 for the smallest weights of all kernels together, 1 for the others."""
    kernels = [weight.numpy() for weight in kernels_of(model)]
    limit = np.quantile(np.abs(np.concatenate([kernel.ravel() for kernel in kernels])), share)
    return [(np.abs(kernel) > limit).astype("float32") for kernel in kernels]


def kernels_of(model: Any) -> list[Any]:
    """Return the kernels: neither biases nor the numbers of normalization are pruned."""
    return [weight for weight in model.trainable_weights if weight.name.endswith("kernel")]


def apply(model: Any, kept: list[np.ndarray]) -> None:
    """Set the weights to zero that are not kept."""
    for weight, mask in zip(kernels_of(model), kept, strict=True):
        weight.assign(weight.numpy() * mask)


def prune(model: Any, share: float, tune: bool, seed: int) -> None:
    """Prune a network in place, and train on what is left if asked."""
    kept = masks(model, share)
    apply(model, kept)
    if tune:
        X, y = split("train")
        train(model, X, y, TUNING, seed, verbose=False, watch=lambda step: apply(model, kept))


def zipped_bytes(model: Any) -> int:
    """Return the size of all weights in a gzip file: zeros take next to no room."""
    data = b"".join(np.asarray(weight, "<f4").tobytes() for weight in model.get_weights())
    return len(gzip.compress(data, mtime=0))


# ---- Files for a phone ---------------------------------------------------------------------


@contextlib.contextmanager
def quiet() -> Any:
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

    def run(image: np.ndarray) -> np.ndarray:
        engine.set_tensor(entry, image)
        engine.invoke()
        return engine.get_tensor(exit_)

    return run


def lite_log_odds(file: bytes, images: np.ndarray) -> np.ndarray:
    """Return the log-odds of class 1 that a TFLite file gives (N,)."""
    run = interpreter(file)
    outputs = np.concatenate([run(image[None]) for image in images]).astype(float)
    # An int8 probability can be 0; half of its smallest step stands for it.
    scores = np.log(np.maximum(outputs, 1 / 512))
    return scores[:, 1] - scores[:, 0]


# ---- One run -------------------------------------------------------------------------------


@functools.cache
def split(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images in [0, 1] and labels."""
    part = getattr(load("pneumoniamnist", synthetic=False), name)
    return part.images.astype("float32") / 255, part.labels


def trained(name: str, seed: int, labels: np.ndarray | None = None) -> Any:
    """Return a network trained on the labels, or on a teacher's probabilities."""
    import keras

    X, y = split("train")
    keras.utils.set_random_seed(seed)
    model = network(name)
    train(model, X, y if labels is None else labels, RECIPE, seed, verbose=False)
    return model


@functools.lru_cache(maxsize=1)
def teacher(seed: int) -> Any:
    """Return the widest network, which is the teacher and what is pruned."""
    return trained(TEACHER, seed)


def copy_of(model: Any) -> Any:
    """Return a copy with its own weights."""
    import keras

    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def log_odds(model: Any, images: np.ndarray) -> np.ndarray:
    """Return the log-odds of class 1 (N,)."""
    chances = np.clip(predict(model, images).astype(float), 1e-12, 1)
    return np.log(chances[:, 1]) - np.log(chances[:, 0])


def pack(scores: np.ndarray) -> str:
    """Return log-odds as text: hundredths, packed."""
    return base64.b64encode(
        zlib.compress(np.round(100 * scores).astype("<i2").tobytes(), 9)
    ).decode()


def unpack(text: str) -> np.ndarray:
    """Return the log-odds that `pack` stored."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<i2") / 100


def measures(truth: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """Return AUC and accuracy."""
    return float(roc_auc_score(truth, scores)), float(np.mean((scores > 0) == truth))


def judged(score: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """Return validation AUC, and the test images' scores with AUC and accuracy."""
    V, v = split("validation")
    T, truth = split("test")
    # Measures follow from what is stored.
    scores = unpack(pack(score(T)))
    auc, accuracy = measures(truth, scores)
    found = {"validation": measures(v, score(V))[0], "auc": auc, "accuracy": accuracy}
    return {**{key: round(value, 4) for key, value in found.items()}, "log_odds": pack(scores)}


def run(kind: str, seed: int) -> dict[str, Any]:
    """Train or make one network, shrink it to int8 if asked, and judge it."""
    if kind.startswith(("pruned", "distilled")):
        teacher(seed)  # its training is not counted again
    start = time.process_time()
    if kind.startswith("pruned"):
        _, share, *tuned = kind.split()
        model = copy_of(teacher(seed))
        prune(model, float(share), bool(tuned), seed)
    elif kind.startswith("distilled"):
        chances = predict(teacher(seed), split("train")[0])
        model = trained(kind.removeprefix("distilled "), seed, chances)
    elif kind == TEACHER:
        model = teacher(seed)
    else:
        model = trained(kind, seed)
    entry: dict[str, Any] = {"kind": kind, "seed": seed}
    entry["seconds"] = round(time.process_time() - start, 1)
    entry["zipped"] = zipped_bytes(model)
    if kind.startswith("pruned"):
        kernels = np.concatenate([weight.numpy().ravel() for weight in kernels_of(model)])
        entry["zeros"] = round(float(np.mean(kernels == 0)), 4)
    entry.update(judged(functools.partial(log_odds, model)))
    if kind in QUANTIZED:
        entry["float32_bytes"] = len(lite(model))
        X, _ = split("train")
        chosen = np.random.default_rng(seed).permutation(len(X))[:CALIBRATION]
        file = lite(model, X[chosen])
        entry["int8"] = {"bytes": len(file), **judged(functools.partial(lite_log_odds, file))}
    return entry


# ---- Latency -------------------------------------------------------------------------------


def contestants() -> dict[str, Callable[[np.ndarray], Any]]:
    """Return what is timed. The time does not depend on the weights, so none is trained."""
    import keras
    import tensorflow as tf

    found: dict[str, Callable[[np.ndarray], Any]] = {}
    images = split("train")[0][:CALIBRATION]
    keras.utils.set_random_seed(0)
    for name in NETWORKS:
        model = network(name)
        found[f"{name}, float32"] = interpreter(lite(model))
        found[f"{name}, int8"] = interpreter(lite(model, images))
        if name == TEACHER:
            found[f"{name}, Keras call"] = functools.partial(model, training=False)
            found[f"{name}, tf.function"] = tf.function(functools.partial(model, training=False))
            apply(model, masks(model, 0.9))
            found[f"{name}, 0.9 pruned"] = interpreter(lite(model))
    return found


def ratios(seconds: np.ndarray, reference: int) -> list[list[float]]:
    """Return the median ratio to the reference and its quartiles over rounds, for each column."""
    found = np.quantile(seconds / seconds[:, [reference]], [0.5, 0.25, 0.75], axis=0)
    return [[float(f"{value:.3g}") for value in column] for column in found.T]


def latencies() -> dict[str, Any]:
    """Time all in turn, round after round: what slows the machine slows all of them."""
    image = split("train")[0][:1]
    runs = contestants()
    for call in runs.values():
        call(image)
    seconds = np.zeros((ROUNDS, len(runs)))
    for turn in tqdm(range(ROUNDS), unit="round"):
        for column, (name, call) in enumerate(runs.items()):
            calls = 1 if name.endswith("Keras call") else CALLS  # it takes a hundred times as long
            start = time.perf_counter()
            for _ in range(calls):
                call(image)
            seconds[turn, column] = (time.perf_counter() - start) / calls
    reference = list(runs).index(f"{TEACHER}, float32")
    return {
        "reference": f"{TEACHER}, float32",
        "reference_milliseconds": round(1000 * float(np.median(seconds[:, reference])), 3),
        "rounds": ROUNDS,
        "calls": CALLS,
        "ratios": dict(zip(runs, ratios(seconds, reference), strict=True)),
    }


# ---- The file ------------------------------------------------------------------------------


def start() -> dict[str, Any]:
    """Return what every run needs, before the first one."""
    import keras
    import tensorflow as tf

    truth = split("test")[1]
    commonest = np.bincount(split("train")[1]).argmax()
    return {
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "device": "x86-64 processor, one core, shared with other work",
        "steps": RECIPE.steps,
        "tuning_steps": TUNING.steps,
        "calibration": CALIBRATION,
        "baseline": round(float(np.mean(truth == commonest)), 4),
        "labels": "".join(map(str, truth)),
        "sizes": {name: sizes(name) for name in NETWORKS},
        "latency": {},
        "second_latency": {},
        "runs": [],
        "second_runs": [],
    }


def main() -> int:
    """Train and measure what the file does not hold yet."""
    results = read(RESULTS) or start()
    write(results, RESULTS)
    for prefix, seeds in (("", SEEDS), ("second_", SECOND_SEEDS)):
        jobs = [(kind, seed) for seed in seeds for kind in kinds()]
        complete(results, RESULTS, jobs, ["kind", "seed"], run, f"{prefix}runs")
        if not results[f"{prefix}latency"]:
            results[f"{prefix}latency"] = latencies()
            write(results, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
