"""Join CT, T1 and T2 early, in the middle or late, over several seeds, twice.

`python -m tools.fusion` writes `notebooks/results/fusion.json`, which the lesson "Several
modalities" reads. It takes about half an hour and can be stopped: what the file already holds is
not trained again. All images are simulated, so each seed has patients of its own, to train on and
to test on; each trained network meets its test patients once, at its end.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from helpers import phantoms
from helpers.phantoms import Lesion, Scanner
from helpers.training import Recipe, predict, train
from tools.results import read, write

if TYPE_CHECKING:
    import keras

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "fusion.json"
MODALITIES = ("CT", "T1", "T2")
SEEDS = range(6)
# What was claimed of the first run must hold for these, too.
SECOND_SEEDS = range(10, 11)
TRAIN, TEST = 3000, 1200
RECIPE = Recipe(steps=900, weight_decay=1e-3, shift=0, turn=0, zoom=0)
# Tried on other patients, with a seed that is not judged.
RATES, CHOICE_SEED = (2e-3, 5e-3, 1e-2), 100
# Filters of the first convolution: in a branch for one modality, and in a branch as large as three.
SMALL, LARGE = 6, 12
# A doctor points at this spot; networks see 14 x 14 pixels around it.
SPOT = (0.357, -0.071)
TOP, LEFT, SIDE = 6, 12, 14
SHIFTS = (0, 1, 2, 3)
# What takes the place of a modality that is not there: gray, as images are scaled to 0 to 1.
ABSENT = 0.5
# The chance that a modality is left out of a training image, and the largest shift in training.
DROP, JITTER = 0.3, 3
# Lesions to tell apart (numbers in `phantoms.LESIONS`), and the dose.
TASKS = {
    # Each modality shows edema: they repeat each other.
    "repeat": ((0, 2), 0.1),
    "noisy": ((0, 2), 0.01),
    # The same test patients as in "repeat", with the CT of a day when all was different.
    "conflict": ((0, 2), 0.1),
    # No modality tells all four apart.
    "complete": ((0, 1, 2, 3), 0.05),
    # CT is of another day. Did anything change?
    "compare": ((0, 2), 0.25),
}
# Test patients are others than those of any training seed.
TEST_SEED = 1000
# By condition: for each set of patches an array, of images or of probabilities.
Found = dict[str, list[np.ndarray]]
FEW = (*MODALITIES, "early", "intermediate")
ROBUST = ("early dropout", "intermediate dropout", "early moved", "intermediate moved")
MODELS = {
    "repeat": FEW,
    "noisy": FEW,
    "compare": FEW,
    "complete": (
        *FEW,
        *(f"{name} large" for name in MODALITIES),
        "early small",
        *ROBUST,
    ),
}


def paired(in_ct: np.ndarray, in_mr: np.ndarray, dose: float, seed: int) -> np.ndarray:
    """Return slices (N, 28, 28, 3) from 0 to 1: one lesion in CT, one in T1 and T2, same heads."""
    lesion, scanner = Lesion(position=SPOT), Scanner(dose=dose)
    images = phantoms.slices(in_mr, seed, lesion=lesion, scanner=scanner).images
    ct = phantoms.slices(in_ct, seed, lesion=lesion, scanner=scanner).images
    images[..., 0] = ct[..., 0]
    return images.astype("float32") / 255


def slices(task: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return slices (N, 28, 28, 3) with channels CT, T1, T2, and classes (N,)."""
    kinds, dose = np.array(TASKS[task][0]), TASKS[task][1]
    random = np.random.default_rng(seed)
    even = np.arange(count) % len(kinds)
    now, before = random.permutation(even), random.permutation(even)
    if task == "compare":
        return paired(kinds[before], kinds[now], dose, seed), (now != before).astype(int)
    if task == "conflict":
        return paired(kinds[1 - now], kinds[now], dose, seed), now
    return paired(kinds[now], kinds[now], dose, seed), now


def patches(images: np.ndarray, moves: Sequence[tuple[int, int]] = ((0, 0),) * 3) -> np.ndarray:
    """Cut the spot (N, 14, 14, 3) out of slices, each channel moved by (down, right)."""
    # Beside the head there is air; what comes in at the edge is more of it.
    wide = np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)), mode="edge")
    cut = []
    for channel, (down, right) in enumerate(moves):
        top, left = TOP + 4 - down, LEFT + 4 - right
        cut.append(wide[:, top : top + SIDE, left : left + SIDE, channel])
    return np.stack(cut, axis=-1)


def moved(images: np.ndarray, pixels: int) -> list[np.ndarray]:
    """Return patches with CT moved against both MR channels, in each of four directions."""
    steps = [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)]
    return [patches(images, (step, (0, 0), (0, 0))) for step in steps]


def jittered(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return patches, the CT of each moved against its MR at random."""
    steps = random.integers(-JITTER, JITTER + 1, (len(images), 2))
    made = patches(images)
    for step in np.unique(steps, axis=0):
        chosen = (steps == step).all(axis=1)
        made[chosen] = patches(images[chosen], (tuple(step), (0, 0), (0, 0)))
    return made


def without(images: np.ndarray, channel: int) -> np.ndarray:
    """Return images (N, H, W, 3) in which a channel is absent."""
    images = images.copy()
    images[..., channel] = ABSENT
    return images


def dropped(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return images of which some have a channel less, or two; each keeps one at least."""
    absent = random.random((len(images), 3)) < DROP
    absent[absent.all(axis=1)] = False
    return np.where(absent[:, None, None], np.float32(ABSENT), images)


def branch(x: Any, filters: int) -> Any:
    """Return what two convolutions find in x."""
    from keras import layers

    x = layers.Conv2D(filters, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(2 * filters, 3, activation="relu")(x)
    return layers.Flatten()(layers.MaxPooling2D(2)(x))


def network(channels: Sequence[int], filters: int, classes: int, early: bool = True) -> keras.Model:
    """Return a network of patches (N, 14, 14, 3) that looks at some of the channels.

    Fused early, one branch sees all channels at once; else each channel has a branch of its own.
    """
    import keras
    from keras import layers

    images = keras.Input((SIDE, SIDE, 3))
    parts = [images[..., channel : channel + 1] for channel in channels]
    if early and len(parts) > 1:
        parts = [layers.Concatenate()(parts)]
    found = [branch(part, filters) for part in parts]
    x = layers.Concatenate()(found) if len(found) > 1 else found[0]
    x = layers.Dense(16, activation="relu")(x)
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x))


def build(model: str, classes: int) -> keras.Model:
    """Return the untrained network of a name in `MODELS`."""
    kind, *how = model.split()
    if kind == "intermediate":
        return network(range(3), SMALL, classes, early=False)
    small = "small" in how or (kind in MODALITIES and "large" not in how)
    channels = range(3) if kind == "early" else [MODALITIES.index(kind)]
    return network(channels, SMALL if small else LARGE, classes)


def fit(model: str, task: str, seed: int, rate: float) -> keras.Model:
    """Return the network of a name, trained on the patients of a seed."""
    import keras

    images, classes = slices(task, TRAIN, seed)
    random = np.random.default_rng(seed)
    X = jittered(images, random) if "moved" in model else patches(images)
    if "dropout" in model:
        X = dropped(X, random)
    keras.utils.set_random_seed(seed)
    made = build(model, int(classes.max()) + 1)
    train(made, X, classes, replace(RECIPE, learning_rate=rate), seed, verbose=False)
    return made


def conditions(task: str, seed: int) -> tuple[dict[str, list[np.ndarray]], np.ndarray]:
    """Return patches of the test patients under each condition, and their classes."""
    images, classes = slices(task, TEST, TEST_SEED + seed)
    asked = {"as it is": [patches(images)]}
    if task == "complete":
        for channel, name in enumerate(MODALITIES):
            asked[f"no {name}"] = [without(patches(images), channel)]
        for pixels in SHIFTS[1:]:
            asked[f"moved {pixels}"] = moved(images, pixels)
    if task == "repeat":
        # The same patients, with the CT of another day.
        asked["conflict"] = [patches(slices("conflict", TEST, TEST_SEED + seed)[0])]
    return asked, classes


def counts(classes: np.ndarray, probabilities: np.ndarray) -> list[list[int]]:
    """Return how many images of each class (row) were given each answer (column)."""
    table = np.zeros((probabilities.shape[1],) * 2, int)
    np.add.at(table, (classes, probabilities.argmax(axis=1)), 1)
    return table.tolist()


def late(parts: Sequence[np.ndarray]) -> np.ndarray:
    """Join probabilities (N, K) of several networks: their product, summing to 1.

    Bayes' rule, if each modality is evidence of its own and all classes are as frequent.
    """
    product = np.prod(parts, axis=0)
    return product / product.sum(axis=1, keepdims=True)


def entry(task: str, model: str, seed: int, classes: np.ndarray, found: Found) -> dict[str, Any]:
    """Return what the file keeps: counts, and how sure the answers were on average."""
    tables, sure = {}, {}
    for condition, parts in found.items():
        tables[condition] = np.sum([counts(classes, part) for part in parts], axis=0).tolist()
        sure[condition] = round(float(np.mean([part.max(axis=1) for part in parts])), 4)
    return {"task": task, "model": model, "seed": seed, "counts": tables, "sure": sure}


def choose() -> dict[str, Any]:
    """Return the learning rate with the best accuracy on other patients, and what was tried."""
    tried = {}
    for rate in RATES:
        right = []
        for task in ("complete", "compare"):
            images, classes = slices(task, TEST, TEST_SEED + CHOICE_SEED)
            for model in ("early", "intermediate"):
                made = fit(model, task, CHOICE_SEED, rate)
                right.append(predict(made, patches(images)).argmax(axis=1) == classes)
        tried[str(rate)] = round(float(np.mean(right)), 4)
    return {"tried": tried, "rate": float(max(tried, key=tried.__getitem__))}


def answers(made: keras.Model, asked: Found) -> Found:
    """Return a network's probabilities for each set of patches."""
    flat = [patch for sets in asked.values() for patch in sets]
    found = iter(np.split(predict(made, np.concatenate(flat)), len(flat)))
    return {condition: [next(found) for _ in sets] for condition, sets in asked.items()}


def judge(task: str, seed: int, rate: float) -> list[dict[str, Any]]:
    """Train the models of a task and judge each on the test patients of that seed."""
    asked, classes = conditions(task, seed)
    entries, found = [], {}
    for model in MODELS[task]:
        start = time.process_time()
        made = fit(model, task, seed, rate)
        seconds = round(time.process_time() - start, 1)
        wanted = asked if model in (*FEW, *ROBUST) else {"as it is": asked["as it is"]}
        found[model] = answers(made, wanted)
        entries.append(entry(task, model, seed, classes, found[model]))
        entries[-1] |= {"parameters": made.count_params(), "seconds": seconds}
    joined = {
        condition: [
            late(parts)
            for parts in zip(
                *(found[m][condition] for m in MODALITIES if condition != f"no {m}"), strict=True
            )
        ]
        for condition in asked
    }
    entries.append(entry(task, "late", seed, classes, joined))
    entries[-1]["parameters"] = sum(e["parameters"] for e in entries if e["model"] in MODALITIES)
    return entries


def start() -> dict[str, Any]:
    """Return what every run needs, before the first one."""
    import keras

    return {
        "versions": {"keras": keras.__version__, "numpy": np.__version__},
        "device": "CPU, one core",
        "train": TRAIN,
        "test": TEST,
        "doses": {task: dose for task, (_, dose) in TASKS.items()},
        "steps": RECIPE.steps,
        **choose(),
        "runs": [],
        "second_runs": [],
    }


def main() -> int:
    """Train what the file does not hold yet."""
    results = read(RESULTS) or start()
    for name, seeds in (("runs", SEEDS), ("second_runs", SECOND_SEEDS)):
        known = {(run["task"], run["seed"]) for run in results[name]}
        todo = [(task, seed) for seed in seeds for task in MODELS if (task, seed) not in known]
        for task, seed in tqdm(todo, unit="seed"):
            results[name] += judge(task, seed, results["rate"])
            write(results, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
