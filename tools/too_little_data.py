"""Train with few labels, then with all of them, then with what is said to help.

`python -m tools.too_little_data` writes `notebooks/results/too-little-data.json`, which the lesson
"Too little data" reads. It takes about half an hour on one core and can be stopped: what the file
already holds is not trained again. `--first-seed 10` trains other seeds, to see whether what the
first ones said holds; `--into FILE` writes elsewhere. Settings were fixed beforehand, the number
of steps and the weight decay with validation images and seeds that are not in the file; each
trained network meets the test images once, at its end.
"""

import argparse
import base64
import functools
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from helpers.datasets import load
from helpers.evaluation import majority_baseline
from helpers.models import source_network
from helpers.phantoms import radiographs, ultrasound
from helpers.training import Recipe, predict, train
from tools.results import read, write

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "too-little-data.json"
VERSIONS = ("numpy", "tensorflow", "keras", "scikit-learn")
# Each set, and the other one.
SETS = {"pneumoniamnist": "breastmnist", "breastmnist": "pneumoniamnist"}
SEEDS = range(8)
# The source has eighty training images a class.
FEW = 80
# The source's Adam. So many steps, or ten epochs where these are more.
EPOCHS = 10
PLAIN = Recipe(
    steps=400,
    batch_size=32,
    learning_rate=1e-3,
    cosine=False,
    weight_decay=0,
    shift=0,
    turn=0,
    zoom=0,
)
MOVED = {"shift": 0.07, "turn": 0.03, "zoom": 0.1}
# A mirrored chest has its heart on the wrong side.
FLIP = {"pneumoniamnist": "", "breastmnist": "horizontal"}
WEIGHT_DECAY = 0.9
SIMULATED = 4000
# The network's guess is taken for a label from this confidence on.
SURE = 0.95
PRETRAINED = ("other real set", "simulated images", "rotations")
WAYS = ("twice the steps", "augmentation", "weight decay", *PRETRAINED, "pseudo-labels")


@functools.cache
def split(data: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images in [0, 1] and labels."""
    part = getattr(load(data, synthetic=False), name)
    return part.images.astype("float32") / 255, part.labels


def sizes(labels: np.ndarray) -> list[int | None]:
    """Return 5, 10, 20, ... images a class, then all of the rarer one; None is all images."""
    most = int(np.bincount(labels).min())
    found = [5 * 2**power for power in range(20) if 5 * 2**power < most]
    return [*found, most, None]


def draw(labels: np.ndarray, images: int | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of so many images of each class, and those of the rest.

    The few of a seed are among its many.
    """
    random = np.random.default_rng(seed)
    orders = [random.permutation(np.flatnonzero(labels == label)) for label in (0, 1)]
    chosen = np.concatenate([order[:images] for order in orders])
    return chosen, np.setdiff1d(np.arange(len(labels)), chosen)


def simulated(data: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return simulated images of a set's kind in [0, 1], and labels, half of each class."""
    labels = np.arange(count) % 2
    if data == "pneumoniamnist":
        phantoms = radiographs(labels, seed)
    else:
        # Malignant is class 0. Of the others one in four has no mass at all.
        normal = np.random.default_rng(seed).random(count) < 0.25
        phantoms = ultrasound(np.where(labels == 0, 2, np.where(normal, 0, 1)), seed)
    return phantoms.images.astype("float32") / 255, labels


def rotated(images: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images (N, H, W, C), each turned by a random number of quarters, and that number."""
    turns = np.random.default_rng(seed).integers(4, size=len(images))
    turned = [np.rot90(image, turn) for image, turn in zip(images, turns, strict=True)]
    return np.array(turned), turns


def sure(
    chances: np.ndarray, images: np.ndarray, labels: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return images and labels to train on, and which of the other images are among them.

    Those of which the network is sure come in with its guess, and the labeled ones as often as
    makes them half of all.
    """
    taken = chances.max(axis=1) >= SURE
    times = max(1, round(taken.sum() / len(images)))
    X = np.concatenate([*[images] * times, others[taken]])
    y = np.concatenate([*[labels] * times, chances[taken].argmax(axis=1)])
    return X, y, taken


def recipe_for(images: int) -> Recipe:
    """Return the plain recipe for so many images in all."""
    return replace(PLAIN, steps=max(PLAIN.steps, EPOCHS * images // PLAIN.batch_size))


def network(seed: int, classes: int = 2) -> Any:
    """Return the source's network with the first weights of this seed."""
    import keras

    keras.utils.set_random_seed(seed)
    return source_network(classes=classes)


def start_from(model: Any, teacher: Any) -> None:
    """Copy the weights of another network, all but the last layer's kernel and bias."""
    model.set_weights([*teacher.get_weights()[:-2], *model.get_weights()[-2:]])


@functools.lru_cache(maxsize=20)
def plain(data: str, images: int | None, seed: int) -> tuple[Any, float]:
    """Return a network trained from nothing on so many images a class, and its core-seconds."""
    X, y = split(data, "train")
    chosen, _ = draw(y, images, seed)
    model = network(seed)
    start = time.process_time()
    train(model, X[chosen], y[chosen], recipe_for(len(chosen)), seed, verbose=False)
    return model, time.process_time() - start


def pretrained(data: str, way: str, seed: int) -> tuple[Any, float]:
    """Return a network that has learned something else, and its core-seconds."""
    if way == "other real set":
        return plain(SETS[data], None, seed)
    start = time.process_time()
    if way == "simulated images":
        X, y = simulated(data, SIMULATED, seed)
    else:
        # All training images, without their labels.
        X, y = rotated(split(data, "train")[0], seed)
    teacher = network(seed, classes=int(y.max()) + 1)
    train(teacher, X, y, PLAIN, seed, verbose=False)
    return teacher, time.process_time() - start


def helped(data: str, way: str, seed: int) -> tuple[Any, float, dict[str, Any]]:
    """Return a network with few labels and some help, its core-seconds, and what to note."""
    X, y = split(data, "train")
    chosen, rest = draw(y, FEW, seed)
    few, labels, recipe = X[chosen], y[chosen], PLAIN
    model, before, note = network(seed), 0.0, {}
    start = time.process_time()
    if way == "twice the steps":
        recipe = replace(PLAIN, steps=2 * PLAIN.steps)
    elif way == "augmentation":
        recipe = replace(PLAIN, flip=FLIP[data], **MOVED)
    elif way == "weight decay":
        recipe = replace(PLAIN, weight_decay=WEIGHT_DECAY)
    elif way == "pseudo-labels":
        guesser, before = plain(data, FEW, seed)
        chances = predict(guesser, X[rest])
        few, labels, taken = sure(chances, few, labels, X[rest])
        wrong = chances[taken].argmax(axis=1) != y[rest][taken]
        note = {"rest": len(rest), "taken": int(taken.sum()), "wrong": int(wrong.sum())}
    else:
        teacher, before = pretrained(data, way, seed)
        start = time.process_time()
        start_from(model, teacher)
        if way == "simulated images":
            # No real label has been used yet.
            T, truth = split(data, "test")
            note = {"before": measures(truth, log_odds(teacher, T))["auc"]}
    train(model, few, labels, recipe, seed, verbose=False)
    return model, before + time.process_time() - start, note


def log_odds(model: Any, images: np.ndarray) -> np.ndarray:
    """Return the log-odds of class 1 (N,), with two decimals."""
    logs = np.log(np.clip(predict(model, images).astype(float), 1e-30, 1))
    return np.round(logs[:, 1] - logs[:, 0], 2)


def measures(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return AUC and accuracy of log-odds (N,)."""
    found = {
        "auc": roc_auc_score(labels, scores),
        "accuracy": np.mean((expit(scores) > 0.5) == labels),
    }
    return {name: round(float(value), 4) for name, value in found.items()}


def pack(scores: np.ndarray) -> str:
    """Return log-odds (N,) as text: hundredths, as 16-bit integers, in base 64."""
    return base64.b64encode(np.rint(100 * scores).astype("<i2").tobytes()).decode()


def unpack(text: str) -> np.ndarray:
    """Return the log-odds that `pack` stored."""
    return np.frombuffer(base64.b64decode(text), "<i2") / 100


def judge(data: str, way: str, images: int | None, seed: int) -> dict[str, Any]:
    """Train one network and judge it."""
    if way == "plain":
        (model, seconds), note = plain(data, images, seed), {}
    else:
        model, seconds, note = helped(data, way, seed)
    V, v = split(data, "validation")
    T, truth = split(data, "test")
    scores = log_odds(model, T)
    entry = {"data": data, "way": way, "images": images, "seed": seed}
    entry |= measures(truth, scores)
    entry |= {"validation": measures(v, log_odds(model, V))["auc"], "seconds": round(seconds, 1)}
    if images == FEW and seed in SEEDS:
        note["log_odds"] = pack(scores)
    return entry | note


def jobs(first: int) -> Iterator[tuple[str, str, int | None, int]]:
    """Yield all that is to be trained: set, way, images a class, seed."""
    for seed in range(first, first + len(SEEDS)):
        for data in SETS:
            for images in sizes(split(data, "train")[1]):
                yield data, "plain", images, seed
        for data in SETS:
            for way in WAYS:
                yield data, way, FEW, seed


def start() -> dict[str, Any]:
    """Return what the file says besides the runs."""
    labels = {data: {part: split(data, part)[1] for part in ("train", "test")} for data in SETS}
    return {
        "device": "CPU, one core",
        "versions": {name: version(name) for name in VERSIONS},
        "steps": PLAIN.steps,
        "epochs": EPOCHS,
        "labels": {data: "".join(map(str, part["test"])) for data, part in labels.items()},
        "baselines": {
            data: round(majority_baseline(part["train"], part["test"]), 4)
            for data, part in labels.items()
        },
        "runs": [],
        "second_runs": [],
    }


def main() -> int:
    """Train what the file does not hold yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--first-seed", type=int, default=SEEDS.start, metavar="N")
    arguments = parser.parse_args()
    file = arguments.into
    results = read(file) or start()
    every = results["runs"] + results["second_runs"]
    known = {(run["data"], run["way"], run["images"], run["seed"]) for run in every}
    for job in tqdm([j for j in jobs(arguments.first_seed) if j not in known], unit="network"):
        results["runs" if job[-1] in SEEDS else "second_runs"].append(judge(*job))
        write(results, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
