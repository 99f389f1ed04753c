"""Judge four kinds of explanation where the truth is known, over three seeds, twice.

`python -m tools.explanations` writes `notebooks/results/explanations.json`, which the lesson "Why
did it say that?" reads. It takes some minutes and can be stopped: what the file already holds is
not computed again. Nothing was tuned: recipe, window and path were set before the first run.
"""

import functools
import itertools
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import sobel
from sklearn.metrics import roc_auc_score

from helpers import explain
from helpers.datasets import load
from helpers.models import small_network
from helpers.phantoms import Phantoms, draw_labels, radiographs
from helpers.training import Recipe, predict, train
from tools.results import complete, read

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "explanations.json"
SEEDS = range(3)
# What was claimed of the first run must hold for these networks and their images, too.
SECOND_SEEDS = range(10, 13)
METHODS = ("saliency", "integrated gradients", "occlusion", "Grad-CAM")
# White squares and a white baseline look the same as the marker.
WHITE = ("integrated gradients, white", "occlusion, white")
FILTERS = (8, 16, 32)
RECIPE = Recipe(steps=400)
TRAIN, TEST, EXPLAINED, COMPARED = 2000, 1000, 60, 20
# Random labels can only be learned by heart: few images, not moved, and many steps.
BY_HEART = 200
LEARN_BY_HEART = Recipe(steps=400, weight_decay=0, shift=0, turn=0, zoom=0)
# Added to a seed: another start for the same task.
OTHER = 100
# Layers with weights that go back to where training began (the same seed), counted from the
# last; 13 is all of them.
CASCADE = (1, 3, 7, 13)


def scaled(images: np.ndarray) -> np.ndarray:
    """Return gray levels as floats in [0, 1]."""
    return images.astype("float32") / 255


def phantoms(kind: str, count: int, seed: int, prevalence: float = 0.5) -> Phantoms:
    """Return simulated radiographs: plain, or with a marker that gives class 1 away."""
    labels = draw_labels(count, [1 - prevalence, prevalence], seed)
    return radiographs(labels, seed, marker=(0, 1) if kind == "marker" else None)


def test_seed(seed: int) -> int:
    """Return the seed of the test images: those of the second run are others."""
    return 1000 if seed in SEEDS else 2000


@functools.cache
def explained(kind: str, seed: int) -> Phantoms:
    """Return the simulated test images with a lesion that can be seen."""
    found = phantoms(kind, EXPLAINED + 20, test_seed(seed) + 1, prevalence=1)
    seen = np.flatnonzero(found.masks.any(axis=(1, 2)))[:EXPLAINED]
    return Phantoms(found.images[seen], found.labels[seen], found.masks[seen], {})


def marker_mask(count: int) -> np.ndarray:
    """Return where the marker lies, (count, 28, 28)."""
    masks = np.zeros((count, 28, 28), bool)
    masks[:, 2:5, 2:5] = True
    return masks


@functools.cache
def xrays(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return real X-rays in [0, 1] and their labels."""
    part = getattr(load("pneumoniamnist", synthetic=False), name)
    return scaled(part.images), part.labels


def fit(X: np.ndarray, y: np.ndarray, seed: int, recipe: Recipe = RECIPE) -> Any:
    """Train a network."""
    import keras

    keras.utils.set_random_seed(seed)
    model = small_network(filters=FILTERS, residual=False)
    train(model, X, y, recipe, seed, verbose=False)
    return model


def last_layer(model: Any) -> str:
    """Return the name of the last layer with rows and columns."""
    return [layer.name for layer in model.layers if len(layer.output.shape) == 4][-1]


def maps_of(model: Any, X: np.ndarray, methods: tuple[str, ...] = METHODS) -> dict[str, Any]:
    """Return what each method says about class 1."""
    known = {
        "saliency": lambda: explain.saliency(model, X, 1),
        "integrated gradients": lambda: explain.integrated_gradients(model, X, 1, steps=32),
        "occlusion": lambda: explain.occlusion(model, X, 1),
        "Grad-CAM": lambda: explain.grad_cam(model, X, 1, last_layer(model)),
        WHITE[0]: lambda: explain.integrated_gradients(model, X, 1, baseline=1, steps=32),
        WHITE[1]: lambda: explain.occlusion(model, X, 1, fill=1),
    }
    return {name: known[name]() for name in methods}


def cells(values: np.ndarray) -> np.ndarray:
    """Return the largest value in each cell of 4 by 4 pixels: (N, 28, 28) becomes (N, 7, 7)."""
    return values.reshape(-1, 7, 4, 7, 4).max(axis=(2, 4))


def edges(X: np.ndarray) -> np.ndarray:
    """Return the steepness of gray at each pixel: a map that knows no network."""
    gray = X[..., 0]
    return np.hypot(sobel(gray, axis=1), sobel(gray, axis=2))


def judged(maps: np.ndarray, masks: np.ndarray) -> dict[str, Any]:
    """Return hits as digits, one an image, and overlaps in percent."""
    # Ties (occlusion: pixels under the same squares) share a hit: most of them must lie inside.
    hits = "".join(str(round(hit)) for hit in explain.hits(maps, masks))
    return {"hits": hits, "overlaps": np.rint(100 * explain.overlaps(maps, masks)).astype(int)}


def whole(values: np.ndarray) -> list[list[int]]:
    """Return a map in whole numbers from 0 (nothing, or against the class) to 99 (its most)."""
    positive = np.maximum(values, 0)
    return np.rint(99 * positive / max(positive.max(), 1e-12)).astype(int).tolist()


def mean_maps(maps: dict[str, Any]) -> dict[str, Any]:
    """Return each method's mean map; each image's map counts the same."""
    found = {}
    for name, values in maps.items():
        positive = np.maximum(values, 0)
        most = np.maximum(positive.max(axis=(1, 2), keepdims=True), 1e-12)
        found[name] = whole((positive / most).mean(axis=0))
    return found


def auc(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    """Return the area under the ROC curve, from log-odds (which have no ties at 1)."""
    return round(float(roc_auc_score(y, explain.log_odds(model, X, 1))), 4)


def accuracy(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    """Return the share of right answers."""
    return round(float(np.mean(predict(model, X).argmax(axis=1) == y)), 4)


def positive(model: Any, X: np.ndarray) -> float:
    """Return the share of images that are called class 1."""
    return round(float(np.mean(explain.log_odds(model, X, 1) > 0)), 4)


def alike(maps: dict[str, Any], others: dict[str, Any]) -> dict[str, Any]:
    """Return the rank correlation of absolute values of each method's maps, for each image."""
    return {
        name: explain.rank_correlation(np.abs(maps[name]), np.abs(others[name])) for name in METHODS
    }


def agreement(maps: dict[str, Any], others: dict[str, Any]) -> dict[str, float]:
    """Return the mean over images of what `alike` finds."""
    return {name: round(float(each.mean()), 3) for name, each in alike(maps, others).items()}


def percent(found: dict[str, Any]) -> dict[str, Any]:
    """Return what `alike` finds in whole percent, one number an image."""
    return {name: np.rint(100 * each).astype(int) for name, each in found.items()}


def simulated(kind: str, seed: int) -> dict[str, Any]:
    """Train on simulated images, plain or with a shortcut, and judge its maps."""
    data = phantoms(kind, TRAIN, seed)
    model = fit(scaled(data.images), data.labels, seed)
    test = test_seed(seed)
    plain, leaky = (phantoms(k, TEST, test) for k in ("plain", kind))
    entry: dict[str, Any] = {
        "auc": auc(model, scaled(leaky.images), leaky.labels),
        "auc without shortcut": auc(model, scaled(plain.images), plain.labels),
        "accuracy": accuracy(model, scaled(leaky.images), leaky.labels),
    }
    cases = explained(kind, seed)
    X = scaled(cases.images)
    methods = METHODS + (WHITE if kind == "marker" else ())
    maps = maps_of(model, X, methods)
    entry["lesion"] = {name: judged(maps[name], cases.masks) for name in methods}
    if seed == SEEDS[0]:
        entry["mean maps"] = mean_maps(maps)
    if kind == "plain":
        entry["cascade"] = {
            str(count): agreement(
                {name: maps[name][:COMPARED] for name in METHODS},
                maps_of(explain.randomized(model, count, seed), X[:COMPARED]),
            )
            for count in CASCADE
        }
        return entry
    # The intervention: give the shortcut to images without a lesion, take it from those with one.
    clear, ill = (np.full(EXPLAINED, label) for label in (0, 1))
    marked = radiographs(clear, test + 2, marker=(1, 1)).images
    entry["called ill"] = {
        "clear": positive(model, scaled(radiographs(clear, test + 2).images)),
        "clear, shortcut": positive(model, scaled(marked)),
        "lesion": positive(model, scaled(radiographs(ill, test + 2).images)),
    }
    masks = marker_mask(len(X))
    entry["marker"] = {name: judged(maps[name], masks) for name in methods}
    # Grad-CAM's own pixels are cells, and occlusion's peak is as wide as its squares.
    entry["marker cells"] = {name: judged(cells(maps[name]), cells(masks)) for name in methods}
    return entry


def labels(seed: int) -> dict[str, Any]:
    """Train on random labels, by heart, and compare the maps with those of true labels.

    A network of true labels with another start says how alike the maps of two networks are that
    have learned the same.
    """
    data = phantoms("plain", BY_HEART, seed)
    X, true = scaled(data.images), data.labels
    random = np.random.default_rng(seed).permutation(true)
    test, cases = phantoms("plain", TEST, test_seed(seed)), explained("plain", seed)
    entry, maps = {}, {}
    for name, y, start in (
        ("true", true, seed),
        ("true again", true, seed + OTHER),
        ("random", random, seed + OTHER),
    ):
        model = fit(X, y, start, LEARN_BY_HEART)
        maps[name] = maps_of(model, scaled(cases.images[:COMPARED]))
        entry[name] = {
            "fitted": accuracy(model, X, y),
            "auc": auc(model, scaled(test.images), test.labels),
            "lesion": {
                method: judged(maps[name][method], cases.masks[:COMPARED]) for method in METHODS
            },
        }
    for name in ("true again", "random"):
        entry[name]["alike"] = percent(alike(maps["true"], maps[name]))
    return entry


def real(seed: int) -> dict[str, Any]:
    """Train twice on real X-rays and compare the maps of those with pneumonia."""
    X, y = xrays("train")
    T, truth = xrays("test")
    ill = T[np.random.default_rng(test_seed(seed)).permutation(np.flatnonzero(truth))[:COMPARED]]
    model, other = (fit(X, y, start) for start in (seed, seed + OTHER))
    networks = {"other start": other, "untrained": explain.randomized(model, CASCADE[-1], seed)}
    maps = maps_of(model, ill)
    found = {name: maps_of(each, ill) for name, each in networks.items()}
    answers = [predict(each, T).argmax(axis=1) for each in (model, other)]
    entry: dict[str, Any] = {
        "auc": [auc(each, T, truth) for each in (model, other)],
        "accuracy": [accuracy(each, T, truth) for each in (model, other)],
        "same answer": round(float(np.mean(answers[0] == answers[1])), 4),
        "alike": {name: percent(alike(maps, others)) for name, others in found.items()},
    }
    if seed == SEEDS[0]:
        shown = {"trained": maps, "other start": found["other start"]}
        entry["mean maps"] = {name: mean_maps(each) for name, each in shown.items()}
    return entry


def baselines(seed: int) -> dict[str, Any]:
    """Judge maps that know no network: a blob, edges, and where lesions lie on average."""
    cases, learned = explained("plain", seed), phantoms("plain", TRAIN, seed)
    shape = cases.masks.shape
    maps = {
        "center blob": np.broadcast_to(explain.center_blob(28, 28), shape),
        "mean lesion": np.broadcast_to(learned.masks.mean(axis=0), shape),
        "edges": edges(scaled(cases.images)),
    }
    found = {name: judged(each, cases.masks) for name, each in maps.items()}
    return {"mask share": round(float(cases.masks.mean()), 4), **found}


JOBS = {
    "plain": functools.partial(simulated, "plain"),
    "marker": functools.partial(simulated, "marker"),
    "labels": labels,
    "real": real,
}
# Random labels and real X-rays have had one run.
SECOND_JOBS = ("plain", "marker")


def start() -> dict[str, Any]:
    """Return what needs no seed."""
    import keras

    test = phantoms("plain", TEST, test_seed(SEEDS[0])).labels
    settings = {"steps": RECIPE.steps, "training images": TRAIN, "seeds": len(SEEDS)}
    return {
        "versions": {"keras": keras.__version__, "numpy": np.__version__},
        "device": "CPU, one core",
        "settings": {**settings, "explained": EXPLAINED, "compared": COMPARED},
        "majority": round(float(np.bincount(test).max() / TEST), 4),
        "baselines": baselines(SEEDS[0]),
        "second_baselines": baselines(SECOND_SEEDS[0]),
        "runs": [],
        "second_runs": [],
    }


def timed(job: str, seed: int) -> dict[str, Any]:
    """Do one job; return what it found, and how long it took."""
    begin = time.process_time()
    entry = JOBS[job](seed)
    return {"job": job, "seed": seed, "seconds": round(time.process_time() - begin), **entry}


def main() -> int:
    """Compute what the file does not hold yet."""
    results = read(RESULTS) or start()
    for runs, seeds, jobs in (("runs", SEEDS, JOBS), ("second_runs", SECOND_SEEDS, SECOND_JOBS)):
        complete(results, RESULTS, itertools.product(jobs, seeds), ["job", "seed"], timed, runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())
