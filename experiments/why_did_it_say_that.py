"""Four kinds of explanation where the truth is known, and on real X-rays, where it is not.

Nothing was tuned: recipe, squares and path were set before the first run.
"""

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.ndimage import sobel
from sklearn.metrics import roc_auc_score

from experiments import claims
from experiments.common import grid, scaled
from helpers import explain
from helpers.evaluation import majority_baseline
from helpers.models import small_network
from helpers.phantoms import Phantoms, draw_labels, radiographs
from helpers.results import Runs, pack, unpack
from helpers.training import Recipe, predict, train

DATA = "pneumoniamnist"
SEEDS = range(3)
# What was claimed of the first run must hold for these networks and their images, too.
SECOND_SEEDS = range(10, 13)
FILTERS = (8, 16, 32)
RECIPE = Recipe(steps=400)
TRAIN, TEST, EXPLAINED, COMPARED = 2000, 1000, 60, 20
# Images drawn in excess: some lesions lie where they can't be seen.
SPARE = 20
# Seeds of the test images: those of the second run are others.
FIRST_TEST, SECOND_TEST = 1000, 2000
# Random labels can only be learned by heart: few images, not moved, and many steps.
BY_HEART = 200
LEARN_BY_HEART = Recipe(steps=400, weight_decay=0, shift=0, turn=0, zoom=0)
# Added to a seed: another start for the same task.
OTHER = 100
# Layers with weights that go back to where training began (the same seed), counted from the
# last; 13 is all of them.
CASCADE = (1, 3, 7, 13)
# Points on the path of integrated gradients.
PATH = 32
# Rows and columns of the marker; pixels along a cell, in which Grad-CAM sees.
MARKER, CELL = (2, 5), 4


def jobs() -> Iterator[dict[str, Any]]:
    yield from grid(kind=("plain", "marker", "labels", "real"), seed=SEEDS)
    # Random labels and real X-rays have had one run.
    yield from grid(kind=("plain", "marker"), seed=SECOND_SEEDS)


# ---- Images --------------------------------------------------------------------------------


def phantoms(kind: str, count: int, seed: int, prevalence: float = 0.5) -> Phantoms:
    """Return simulated radiographs: plain, or with a marker that gives class 1 away."""
    labels = draw_labels(count, [1 - prevalence, prevalence], seed)
    return radiographs(labels, seed, marker=(0, 1) if kind == "marker" else None)


def gray(images: np.ndarray) -> np.ndarray:
    """Return gray levels as floats in [0, 1]."""
    return images.astype("float32") / 255


def seed_of_test(seed: int) -> int:
    """Return the seed of the images on which a network is tested."""
    return FIRST_TEST if seed in SEEDS else SECOND_TEST


@functools.cache
def explained(kind: str, seed: int) -> Phantoms:
    """Return the simulated test images with a lesion that can be seen.

    Examples
    --------
    >>> first, marked, second = (
    ...     explained(*job) for job in (("plain", 0), ("marker", 0), ("plain", 10))
    ... )
    >>> first.images.shape, bool(first.masks.any(axis=(1, 2)).all())
    ((60, 28, 28, 1), True)
    >>> np.array_equal(first.masks, marked.masks), np.array_equal(first.images, marked.images)
    (True, False)
    >>> {image.tobytes() for image in first.images} & {image.tobytes() for image in second.images}
    set()
    """
    ill = phantoms(kind, EXPLAINED + SPARE, seed_of_test(seed) + 1, prevalence=1)
    seen = np.flatnonzero(ill.masks.any(axis=(1, 2)))[:EXPLAINED]
    return Phantoms(ill.images[seen], ill.labels[seen], ill.masks[seen], {})


def marker_mask(count: int) -> np.ndarray:
    """Return where the marker lies, (count, 28, 28).

    Examples
    --------
    It is white, and all that differs; only the ill have it.

    >>> plain, marked = (phantoms(kind, 40, seed=0) for kind in ("plain", "marker"))
    >>> ill, mask = plain.labels == 1, marker_mask(40)
    >>> differ = (plain.images != marked.images)[..., 0]
    >>> bool(differ[ill].any()), bool(differ[ill][~mask[ill]].any()), bool(differ[~ill].any())
    (True, False, False)
    >>> np.unique(marked.images[ill][mask[ill]])
    array([255], dtype=uint8)
    """
    masks = np.zeros((count, 28, 28), bool)
    masks[:, slice(*MARKER), slice(*MARKER)] = True
    return masks


# ---- Networks ------------------------------------------------------------------------------


def network(seed: int) -> Any:
    """Return a network with the first weights of this seed.

    Examples
    --------
    With all layers set back, nothing is left of another one:

    >>> weights = explain.randomized(network(4), CASCADE[-1], seed=3).get_weights()
    >>> all(map(np.array_equal, weights, network(3).get_weights()))
    True
    """
    import keras

    keras.utils.set_random_seed(seed)
    return small_network(filters=FILTERS, residual=False)


def trained(X: np.ndarray, y: np.ndarray, seed: int, recipe: Recipe) -> Any:
    """Return a network that was trained on images (N, 28, 28, 1) and labels (N,)."""
    model = network(seed)
    train(model, X, y, recipe, seed, verbose=False)
    return model


def auc(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    """Return the AUC, from log-odds (which have no ties at 1)."""
    return round(float(roc_auc_score(y, explain.log_odds(model, X, 1))), 4)


def accuracy(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    """Return the share of right answers."""
    return round(float(np.mean(predict(model, X).argmax(axis=1) == y)), 4)


def called_ill(model: Any, images: np.ndarray) -> float:
    """Return the share of images that are called class 1."""
    return round(float(np.mean(explain.log_odds(model, gray(images), 1) > 0)), 4)


# ---- Maps ----------------------------------------------------------------------------------


def maps_of(model: Any, X: np.ndarray) -> dict[str, np.ndarray]:
    """Return what each method says about class 1, (N, 28, 28)."""
    last = [layer.name for layer in model.layers if len(layer.output.shape) == 4][-1]
    return {
        "saliency": explain.saliency(model, X, 1),
        "integrated gradients": explain.integrated_gradients(model, X, 1, steps=PATH),
        "occlusion": explain.occlusion(model, X, 1),
        "Grad-CAM": explain.grad_cam(model, X, 1, last),
    }


def white_maps_of(model: Any, X: np.ndarray) -> dict[str, np.ndarray]:
    """Return maps to which white says nothing, (N, 28, 28): the marker is white, too."""
    path = explain.integrated_gradients(model, X, 1, baseline=1, steps=PATH)
    squares = explain.occlusion(model, X, 1, fill=1)
    return {"integrated gradients, white": path, "occlusion, white": squares}


def cells(values: np.ndarray) -> np.ndarray:
    """Return the largest value in each cell of 4 by 4 pixels: (N, 28, 28) becomes (N, 7, 7).

    Examples
    --------
    >>> values = np.zeros((2, 28, 28))
    >>> values[1, 4, 27] = 5
    >>> np.argwhere(cells(values)).tolist(), int(cells(marker_mask(1)).sum())
    ([[1, 1, 6]], 4)
    """
    return values.reshape(-1, 28 // CELL, CELL, 28 // CELL, CELL).max(axis=(2, 4))


def edges(X: np.ndarray) -> np.ndarray:
    """Return the steepness of gray at each pixel: a map that knows no network."""
    return np.hypot(sobel(X[..., 0], axis=1), sobel(X[..., 0], axis=2))


def places(maps: np.ndarray, masks: np.ndarray) -> dict[str, Any]:
    """Return of each map (N, H, W) whether its peak lies in the mask, and their overlap.

    Examples
    --------
    >>> values = np.arange(16.0).reshape(1, 4, 4)
    >>> one, other = places(values, values > 13), places(values, values < 2)
    >>> one["hits"], unpack(one["overlaps"]), other["hits"]
    (array([1]), array([1.]), array([0]))
    """
    # Ties (occlusion: pixels under the same squares) share a hit: most of them must lie inside.
    hits = np.rint(explain.hits(maps, masks)).astype(int)
    return {"hits": hits, "overlaps": pack(explain.overlaps(maps, masks))}


def mean_map(values: np.ndarray) -> np.ndarray:
    """Return the mean of maps (N, H, W) from 0 (nothing, or against the class) to 99 (its most).

    Each image's map counts the same.

    Examples
    --------
    >>> mean_map(np.array([[[1.0, 0.0]], [[5.0, 5.0]]])), mean_map(np.array([[[-1.0, 0.5, 1.0]]]))
    (array([[99, 50]]), array([[ 0, 50, 99]]))
    """
    positive = np.maximum(values, 0)
    mean = (positive / np.maximum(positive.max(axis=(1, 2), keepdims=True), 1e-12)).mean(axis=0)
    return np.rint(99 * mean / max(mean.max(), 1e-12)).astype(int)


def alike(maps: dict[str, Any], others: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the rank correlation of absolute values of each method's maps, for each image."""
    return {
        name: explain.rank_correlation(np.abs(maps[name]), np.abs(others[name])) for name in maps
    }


def packed(values: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return arrays as they are stored."""
    return {name: pack(each) for name, each in values.items()}


# ---- The jobs ------------------------------------------------------------------------------


def on_plain(seed: int) -> dict[str, Any]:
    """Explain a network of simulated images, and one that has lost what it learned."""
    data, test, cases = phantoms("plain", TRAIN, seed), seed_of_test(seed), explained("plain", seed)
    model = trained(gray(data.images), data.labels, seed, RECIPE)
    plain = phantoms("plain", TEST, test)
    X = gray(cases.images)
    maps = maps_of(model, X)
    some = {name: each[:COMPARED] for name, each in maps.items()}
    cascade = {}
    for count in CASCADE:
        others = maps_of(explain.randomized(model, count, seed), X[:COMPARED])
        means = {name: round(float(r.mean()), 3) for name, r in alike(some, others).items()}
        cascade[str(count)] = means
    return {
        "auc": auc(model, gray(plain.images), plain.labels),
        "accuracy": accuracy(model, gray(plain.images), plain.labels),
        "lesion": {name: places(each, cases.masks) for name, each in maps.items()},
        "cascade": cascade,
    }


def on_marker(seed: int) -> dict[str, Any]:
    """Explain a network whose training images have a marker if they have a lesion."""
    data, test, cases = (
        phantoms("marker", TRAIN, seed),
        seed_of_test(seed),
        explained("marker", seed),
    )
    model = trained(gray(data.images), data.labels, seed, RECIPE)
    plain, marked = (phantoms(kind, TEST, test) for kind in ("plain", "marker"))
    X, mask = gray(cases.images), marker_mask(EXPLAINED)
    maps = {**maps_of(model, X), **white_maps_of(model, X)}
    # The intervention: give the marker to images without a lesion, take it from those with one.
    clear, ill = (np.full(EXPLAINED, label) for label in (0, 1))
    record = {
        "auc": auc(model, gray(marked.images), marked.labels),
        "auc_without_marker": auc(model, gray(plain.images), plain.labels),
        "accuracy": accuracy(model, gray(marked.images), marked.labels),
        "called_ill": {
            "clear": called_ill(model, radiographs(clear, test + 2).images),
            "clear, marker": called_ill(model, radiographs(clear, test + 2, marker=(1, 1)).images),
            "lesion": called_ill(model, radiographs(ill, test + 2).images),
        },
        "lesion": {name: places(each, cases.masks) for name, each in maps.items()},
        "marker": {name: places(each, mask) for name, each in maps.items()},
        # Grad-CAM's own pixels are cells, and occlusion's peak is as wide as its squares.
        "cells": {name: places(cells(each), cells(mask)) for name, each in maps.items()},
    }
    if seed == SEEDS[0]:
        record["mean_maps"] = {name: mean_map(each) for name, each in maps.items()}
    return record


def on_labels(seed: int) -> list[dict[str, Any]]:
    """Train on random labels, by heart, and compare the maps with those of true labels.

    A network of true labels with another start says how alike the maps of two networks are that
    have learned the same.
    """
    data, test = phantoms("plain", BY_HEART, seed), phantoms("plain", TEST, seed_of_test(seed))
    X, true, cases = gray(data.images), data.labels, explained("plain", seed)
    random = np.random.default_rng(seed).permutation(true)
    networks = (("true", true, seed), ("true again", true, seed + OTHER))
    networks += (("random", random, seed + OTHER),)
    records: list[dict[str, Any]] = []
    first: dict[str, Any] = {}
    for name, y, start in networks:
        model = trained(X, y, start, LEARN_BY_HEART)
        maps = maps_of(model, gray(cases.images[:COMPARED]))
        first = first or maps
        record = {
            "labels": name,
            "fitted": accuracy(model, X, y),
            "auc": auc(model, gray(test.images), test.labels),
            "lesion": {m: places(each, cases.masks[:COMPARED]) for m, each in maps.items()},
        }
        if maps is not first:
            record["alike"] = packed(alike(first, maps))
        records.append(record)
    return records


def on_real(seed: int) -> dict[str, Any]:
    """Train twice on real X-rays and compare the maps of those with pneumonia."""
    X, y = scaled(DATA, "train")
    T, truth = scaled(DATA, "test")
    ill = T[np.random.default_rng(seed_of_test(seed)).permutation(np.flatnonzero(truth))[:COMPARED]]
    model, other = (trained(X, y, start, RECIPE) for start in (seed, seed + OTHER))
    untrained = explain.randomized(model, CASCADE[-1], seed)
    maps, others = maps_of(model, ill), maps_of(other, ill)
    one, two = (predict(each, T).argmax(axis=1) for each in (model, other))
    record = {
        "auc": [auc(each, T, truth) for each in (model, other)],
        "accuracy": [accuracy(each, T, truth) for each in (model, other)],
        "same_answer": round(float(np.mean(one == two)), 4),
        "alike": {
            "other start": packed(alike(maps, others)),
            "untrained": packed(alike(maps, maps_of(untrained, ill))),
        },
    }
    if seed == SEEDS[0]:
        record["mean_maps"] = {
            "trained": {name: mean_map(each) for name, each in maps.items()},
            "other start": {name: mean_map(each) for name, each in others.items()},
        }
    return record


def run(kind: str, seed: int) -> dict[str, Any] | list[dict[str, Any]]:
    if kind == "labels":
        return on_labels(seed)
    if kind == "real":
        return on_real(seed)
    return on_marker(seed) if kind == "marker" else on_plain(seed)


# ---- What they share -----------------------------------------------------------------------


def baselines(seed: int) -> dict[str, Any]:
    """Return where maps point that know no network: a blob, edges, where lesions lie on average."""
    cases, learned = explained("plain", seed), phantoms("plain", TRAIN, seed)
    shape = cases.masks.shape
    maps = {
        "center blob": np.broadcast_to(explain.center_blob(*shape[1:]), shape),
        "mean lesion": np.broadcast_to(learned.masks.mean(axis=0), shape),
        "edges": edges(gray(cases.images)),
    }
    return {name: places(each, cases.masks) for name, each in maps.items()}


def shared() -> dict[str, Any]:
    simulated = [phantoms("plain", *job).labels for job in ((TRAIN, SEEDS[0]), (TEST, FIRST_TEST))]
    real = [scaled(DATA, part)[1] for part in ("train", "test")]
    return {
        "majority": {
            "simulated": round(majority_baseline(*simulated), 4),
            "real": round(majority_baseline(*real), 4),
        },
        "first": baselines(SEEDS[0]),
        "second": baselines(SECOND_SEEDS[0]),
    }


def check(runs: Runs) -> None:
    methods = ("saliency", "integrated gradients", "occlusion", "Grad-CAM")
    white = ("integrated gradients, white", "occlusion, white")
    parts = {"first": SEEDS, "second": SECOND_SEEDS}
    plain = [runs.where(kind="plain", seed=seeds) for seeds in parts.values()]
    marker = [runs.where(kind="marker", seed=seeds) for seeds in parts.values()]
    real, by_heart = runs.where(kind="real"), runs.where(kind="labels")

    # What follows from the simulator, and from the data: 390 of 624 test images of PneumoniaMNIST
    # are of pneumonia (doi 10.1038/s41597-022-01721-8).
    for part, seeds in parts.items():
        for name, made in baselines(seeds[0]).items():
            assert np.array_equal(runs.shared[part][name]["hits"], made["hits"])
            assert np.array_equal(runs.shared[part][name]["overlaps"], unpack(made["overlaps"]))
    assert runs.shared["majority"]["real"] == 390 / 624

    # Networks have learned; random labels only by heart.
    simulated = [run for each in (*plain, *marker) for run in each]
    assert min(run["accuracy"] for run in simulated) > runs.shared["majority"]["simulated"] + 0.4
    assert real.array("accuracy").min() > runs.shared["majority"]["real"] + 0.2
    assert real.array("auc").min() > 0.9 and real.array("same_answer").min() > 0.8
    assert by_heart.array("fitted").min() > 0.95
    assert by_heart.where(labels="random").array("auc").max() < 0.62
    assert by_heart.where(labels=["true", "true again"]).array("auc").min() > 0.62

    for method in methods:
        if marker[0][0]["marker"][method]["hits"].mean() > 0.9:
            shown = marker[0][0]["mean_maps"][method]
            assert explain.hits(shown[np.newaxis], marker_mask(1))[0] > 0.4

    # A network with the marker uses it.
    for each in marker:
        assert each.array("auc").min() > 0.99 and each.array("auc_without_marker").max() < 0.9
        assert each.array("called_ill", "clear, marker").min() > 0.9
        assert each.array("called_ill", "lesion").max() < 0.5

    # Which maps find the marker, by both runs.
    def hits(place: str, method: str) -> list[np.ndarray]:
        return [each.array(place, method, "hits").mean(axis=1) for each in marker]

    # A pixel that equals the baseline gets no share.
    for name in (white[0], "Grad-CAM", "occlusion"):
        assert not np.any(hits("marker", name))
    for name in ("saliency", "integrated gradients"):
        claims.confirm(*hits("marker", name))
    for part in range(len(parts)):
        assert np.all(hits("cells", "occlusion")[part] == 1)
        # Four cells of 49 would be chance.
        assert np.sum(hits("cells", "Grad-CAM")[part] < 0.15) >= 2
        assert np.all(hits("lesion", "Grad-CAM")[part] > 0)

    # What is left of maps without training, by both runs.
    everything = str(CASCADE[-1])
    kept = {name: [each.array("cascade", everything, name) for each in plain] for name in methods}
    most = kept.pop("integrated gradients")
    for less in kept.values():
        claims.confirm(*(a - b for a, b in zip(most, less, strict=True)))

    # The order of maps, by both runs: how far each is ahead of one that knows no network.
    def ahead(method: str, measure: str) -> list[np.ndarray]:
        return [
            each.array("lesion", method, measure) - runs.shared[part]["mean lesion"][measure]
            for part, each in zip(parts, plain, strict=True)
        ]

    def drawn(table: np.ndarray, seed: int) -> np.ndarray:
        """Return means over networks and images, both drawn again: the images are others, too."""
        random, (networks, images) = np.random.default_rng(seed), table.shape
        draws = (
            (random.integers(networks, size=networks), random.integers(images, size=images))
            for _ in range(1000)
        )
        return np.array([table[np.ix_(*draw)].mean() for draw in draws])

    for method in methods:
        for measure in ("hits", "overlaps"):
            first, second = ahead(method, measure)
            if (method, measure) == ("saliency", "hits"):
                # Not confirmed.
                assert first.mean() < 0 < second.mean()
            elif (method, measure) != ("integrated gradients", "hits"):
                assert (first.mean() > 0) == (second.mean() > 0) == (method == "Grad-CAM")
                low, high = np.quantile(drawn(first, 0) - drawn(second, 1), [0.025, 0.975])
                assert low < 0 < high
