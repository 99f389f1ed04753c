"""Train a CNN and three other models on the same images, over several seeds.

`python -m tools.compare_models` writes `notebooks/results/compare-models.json`, which the lesson "A
CNN or another model?" reads. It takes a few minutes and can be stopped: what the file already
holds is not trained again. Settings are chosen on validation images (`choose`); each trained model
meets the test images once, at its end (`judge`).
"""

import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from helpers.datasets import load
from tools.results import complete, read, write

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "compare-models.json"
MODELS = ("cnn", "dense", "autoencoder", "trees")
SHIFTS = (0, 1, 2, 3, 4)
BATCH = 128
# Not one of the seeds that are judged.
CHOICE_SEED = 100
# Condition: data set, seeds, models. A number is the training images of each class.
CONDITIONS: dict[str, tuple[str, range, tuple[str, ...]]] = {
    "all": ("pneumoniamnist", range(5), MODELS),
    "shuffled": ("pneumoniamnist", range(3), ("cnn", "dense")),
    "50": ("pneumoniamnist", range(3), MODELS),
    "200": ("pneumoniamnist", range(3), MODELS),
    "breast": ("breastmnist", range(3), MODELS),
    "breast shuffled": ("breastmnist", range(3), ("cnn",)),
    # Do the claims hold for other seeds?
    "all again": ("pneumoniamnist", range(10, 13), MODELS),
    "shuffled again": ("pneumoniamnist", range(10, 13), ("cnn", "dense")),
    "50 again": ("pneumoniamnist", range(10, 13), MODELS),
    "200 again": ("pneumoniamnist", range(10, 13), MODELS),
    "breast again": ("breastmnist", range(10, 13), MODELS),
    "breast shuffled again": ("breastmnist", range(10, 13), ("cnn",)),
}

# Images (N, 28, 28, 1) in, log-odds of class 1 (N,) out.
Judge = Callable[[np.ndarray], np.ndarray]


def network(name: str) -> Any:
    """Return the source's network, or a fully connected one with as many parameters."""
    import keras
    from keras import layers

    body = {
        "cnn": lambda: [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
        ],
        "dense": lambda: [
            layers.Flatten(),
            layers.Dense(140, activation="relu"),
            layers.Dense(70, activation="relu"),
        ],
    }[name]()
    ends = keras.Input((28, 28, 1)), layers.Dense(2, activation="softmax")
    return keras.Sequential([ends[0], *body, ends[1]])


def fit_network(name: str, X: np.ndarray, y: np.ndarray, seed: int, epochs: int) -> Judge:
    """Train a network on the class."""
    import keras

    keras.utils.set_random_seed(seed)
    model = network(name)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, y, BATCH, epochs, verbose=0)

    def judge(images: np.ndarray) -> np.ndarray:
        chances = np.clip(model(images).numpy(), 1e-30, 1)
        return np.log(chances[:, 1]) - np.log(chances[:, 0])

    return judge


def autoencoder(code: int) -> tuple[Any, Any]:
    """Return the encoder, and encoder and decoder in one."""
    import keras
    from keras import layers

    encoder = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(70, activation="relu"),
            layers.Dense(code),
        ]
    )
    decoder = [
        layers.Dense(70, activation="relu"),
        layers.Dense(784, activation="sigmoid"),
        layers.Reshape((28, 28, 1)),
    ]
    return encoder, keras.Sequential([encoder, *decoder])


@functools.cache
def encoder_of(data: str, seed: int, epochs: int, code: int) -> Any:
    """Train an autoencoder on all training images, without labels; return its encoder."""
    import keras

    keras.utils.set_random_seed(seed)
    encoder, both = autoencoder(code)
    both.compile("adam", "mse")
    X, _ = split(data, "train")
    both.fit(X, X, BATCH, epochs, verbose=0)
    return encoder


def fit_probe(X: np.ndarray, y: np.ndarray, encoder: Any) -> Judge:
    """Fit a linear classifier to an encoder's codes."""

    def codes(images: np.ndarray) -> np.ndarray:
        return encoder(images).numpy()

    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)).fit(codes(X), y)
    return lambda images: probe.decision_function(codes(images))


def fit_trees(X: np.ndarray, y: np.ndarray, seed: int, trees: int) -> tuple[Judge, dict[str, int]]:
    """Fit boosted trees to the pixels; also return what they store and compare."""
    # Each split looks at a tenth of the pixels: ten times faster, and the seed matters.
    model = HistGradientBoostingClassifier(
        max_iter=trees, max_features=0.1, early_stopping=False, random_state=seed
    )
    with threadpool_limits(1):  # with two, threads wait for each other
        model.fit(X.reshape(len(X), -1), y)
    nodes = [tree.nodes for trees_of_step in model._predictors for tree in trees_of_step]
    leaves = [tree[tree["is_leaf"] == 1] for tree in nodes]
    size = {
        # A leaf stores a value; any other node a pixel and a threshold.
        "parameters": sum(
            2 * len(tree) - len(leaf) for tree, leaf in zip(nodes, leaves, strict=True)
        ),
        # Comparisons for a training image, on average.
        "operations": round(
            sum(np.average(leaf["depth"], weights=leaf["count"]) for leaf in leaves)
        ),
    }
    return lambda images: model.decision_function(images.reshape(len(images), -1)), size


def operations(model: Any) -> int:
    """Return the multiply-adds of a Keras model for one image."""
    total = 0
    for layer in model.layers:
        if hasattr(layer, "layers"):
            total += operations(layer)
        elif layer.weights:
            # Each weight of a kernel is used once at each position of the output.
            total += layer.kernel.shape.num_elements() * int(np.prod(layer.output.shape[1:-1]))
    return total


def sizes(settings: dict[str, int]) -> dict[str, dict[str, int]]:
    """Return parameters and multiply-adds of the networks; those of the trees are known later."""
    found = {}
    for name in ("cnn", "dense"):
        model = network(name)
        found[name] = {"parameters": model.count_params(), "operations": operations(model)}
    encoder, both = autoencoder(settings["code"])
    probe = settings["code"] + 1
    found["autoencoder"] = {
        "parameters": both.count_params() + probe,
        # To classify, only encoder and probe are needed.
        "operations": operations(encoder) + settings["code"],
    }
    return found


@functools.cache
def split(data: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images in [0, 1] and labels."""
    part = getattr(load(data, synthetic=False), name)
    return part.images.astype("float32") / 255, part.labels


def training_set(data: str, condition: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the training images of a condition, few ones repeated to make a full epoch."""
    X, y = split(data, "train")
    count = condition.removesuffix(" again")
    if count.isdigit():
        rng = np.random.default_rng(seed)
        drawn = [rng.permutation(np.flatnonzero(y == label))[: int(count)] for label in (0, 1)]
        X, y = X[np.concatenate(drawn)], y[np.concatenate(drawn)]
    return X, y


def repeated(X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Repeat a small training set: an epoch has as many updates as with all 4,708 images."""
    times = round(4708 / len(X))
    return np.tile(X, (times, 1, 1, 1)), np.tile(y, times)


def shuffled(X: np.ndarray, seed: int) -> np.ndarray:
    """Shuffle the pixels, in the same way in all images."""
    order = np.random.default_rng(seed).permutation(784)
    return X.reshape(len(X), 784)[:, order].reshape(X.shape)


def moved(X: np.ndarray, down: int, right: int) -> np.ndarray:
    """Move all images; what comes in at the edge repeats the edge."""
    wide = np.pad(X, ((0, 0), (4, 4), (4, 4), (0, 0)), mode="edge")
    return wide[:, 4 - down : 32 - down, 4 - right : 32 - right]


def measures(truth: np.ndarray, log_odds: np.ndarray) -> tuple[float, float]:
    """Return AUC and accuracy."""
    return float(roc_auc_score(truth, log_odds)), float(np.mean((log_odds > 0) == truth))


def choose() -> dict[str, Any]:
    """Return the settings with the best validation AUC, and what was tried."""
    X, y = split("pneumoniamnist", "train")
    V, v = split("pneumoniamnist", "validation")
    tried: dict[str, dict[str, float]] = {"epochs_dense": {}, "code": {}, "trees": {}}
    for epochs in (10, 40):
        judge = fit_network("dense", X, y, CHOICE_SEED, epochs)
        tried["epochs_dense"][str(epochs)] = measures(v, judge(V))[0]
    for code in (16, 64):
        encoder = encoder_of("pneumoniamnist", CHOICE_SEED, 40, code)
        tried["code"][str(code)] = measures(v, fit_probe(X, y, encoder)(V))[0]
    for trees in (50, 100):
        tried["trees"][str(trees)] = measures(v, fit_trees(X, y, CHOICE_SEED, trees)[0](V))[0]
    best = {name: int(max(values, key=values.__getitem__)) for name, values in tried.items()}
    tried = {n: {k: round(v, 4) for k, v in values.items()} for n, values in tried.items()}
    # The CNN is the source's, with its 10 epochs; the autoencoder's 40 take less time than these.
    return {"settings": {"epochs_cnn": 10, "epochs_autoencoder": 40, **best}, "tried": tried}


def judge(condition: str, model: str, seed: int, settings: dict[str, int]) -> dict[str, Any]:
    """Train one model and judge it on the test images."""
    data = CONDITIONS[condition][0]
    X, y = training_set(data, condition, seed)
    T, truth = split(data, "test")
    if "shuffled" in condition:
        X, T = shuffled(X, seed), shuffled(T, seed)
    size: dict[str, int] = {}
    start = time.process_time()
    if model == "trees":
        scores_of, size = fit_trees(X, y, seed, settings["trees"])
    elif model == "autoencoder":
        encoder = encoder_of(data, seed, settings["epochs_autoencoder"], settings["code"])
        scores_of = fit_probe(X, y, encoder)
    else:
        scores_of = fit_network(model, *repeated(X, y), seed, settings[f"epochs_{model}"])
    seconds = round(time.process_time() - start, 1)
    # Two decimals of a log-odds: small files, and the measures follow from what is stored.
    scores = np.round(scores_of(T).astype(float), 2)
    results = [measures(truth, scores)]
    for pixels in SHIFTS[1:] if condition in ("all", "all again") else ():
        steps = [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)]
        each = [measures(truth, scores_of(moved(T, *step))) for step in steps]
        results.append(tuple(np.mean(each, axis=0)))
    entry = {"condition": condition, "model": model, "seed": seed, **size}
    entry["auc"], entry["accuracy"] = (
        [round(float(value), 4) for value in column] for column in zip(*results, strict=True)
    )
    if condition == "all":
        entry["seconds"] = seconds
    if condition in ("all", "all again") or data == "breastmnist":
        entry["log_odds"] = scores.tolist()
    return entry


def start() -> dict[str, Any]:
    """Return what every run needs, before the first one."""
    import keras

    chosen = choose()
    baselines, labels = {}, {}
    for data in ("pneumoniamnist", "breastmnist"):
        truth = split(data, "test")[1]
        commonest = np.bincount(split(data, "train")[1]).argmax()
        baselines[data] = round(float(np.mean(truth == commonest)), 4)
        labels[data] = "".join(map(str, truth))
    return {
        "versions": {"keras": keras.__version__, "scikit-learn": sklearn.__version__},
        "device": "CPU, two cores shared with other work",
        "batch_size": BATCH,
        "shifts": SHIFTS,
        **chosen,
        "sizes": sizes(chosen["settings"]),
        "baselines": baselines,
        "labels": labels,
        "runs": [],
    }


def main() -> int:
    """Train what the file does not hold yet."""
    results = read(RESULTS) or start()
    write(results, RESULTS)
    jobs = [
        (condition, model, seed)
        for condition, (_, seeds, models) in CONDITIONS.items()
        for seed in seeds
        for model in models
    ]
    settings = results["settings"]
    names = ["condition", "model", "seed"]
    complete(results, RESULTS, jobs, names, lambda *job: judge(*job, settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
