"""Bad calls: each public function, called with one thing wrong, gives one error that helps.

A `Row` is a function, arguments that are right, and one change that makes them wrong. The error
names the value and says what to do; nothing else happens: no warning, no change of what was given.
"""

import ast
import copy
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from matplotlib import pyplot as plt

from helpers import (
    conformal,
    datasets,
    display,
    explain,
    inputs,
    layers,
    model_card,
    models,
    network,
    parallel,
    phantoms,
    plots,
    results,
    training,
)

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
NAN, INF = float("nan"), float("inf")


@dataclass
class Row:
    """A call with one thing wrong."""

    function: Any
    right: dict[str, Any]
    change: dict[str, Any]
    name: str  # what the error has to name
    remedy: str  # a word of what it has to say

    def __str__(self):
        [(key, value)] = self.change.items()
        # Neither addresses nor folders: workers of pytest-xdist must agree on the name.
        told = re.sub(r"( at)? 0x[0-9A-Fa-f]+| from .*", "", inputs.told(value))
        return f"{self.function.__qualname__}-{key}={told[:40]}"


def wrong_wholes(least, most=None):
    """Return what is given by mistake where an integer is due."""
    values = [least - 1, 1.5, 2.0, True, None, "3", NAN, [1]]
    return values if most is None else [*values, most + 1]


def wrong_numbers(low, high=None):
    """Return what is given by mistake where a number is due; the bounds themselves are right."""
    values = [NAN, INF, -INF, None, "1", [1.0], low - 1]
    return values if high is None else [*values, high + 1]


def rows(function, right, /, **wrong):
    """Return a row for each wrong value of each argument; its error names the argument."""
    return [
        Row(function, right, {key: value}, key, "give|repair")
        for key, values in wrong.items()
        for value in values
    ]


# ---- The table -----------------------------------------------------------------------------
# A section for each module: a function that returns its rows (it is called once).


def of_inputs():
    number = {"name": "rate", "value": 0.5, "least": 0, "most": 1}
    whole = {"name": "steps", "value": 3, "least": 1, "most": 9}
    for value in wrong_numbers(0, 1):
        yield Row(inputs.number, number, {"value": value}, "rate=", "give a finite number")
    for value in wrong_wholes(1, 9):
        yield Row(inputs.whole, whole, {"value": value}, "steps=", "give an integer")


def wrong_floats(X):
    """Return what is given by mistake where an array of float32 or float64 is due."""
    odd = [X.astype(kind) for kind in ("uint8", int, "float16", complex, bool, str)]
    return [*odd, X[:0], None, "1", [[1.0], [1.0, 2.0]]]


IMAGES, KERNELS = np.linspace(0, 1, 150).reshape(2, 5, 5, 3), np.ones((3, 3, 3, 4))
TABULAR, WEIGHTS, LOGITS = np.ones((2, 3)), np.ones((3, 4)), np.array([[1.0, 2, 3], [0, 1, 0]])
WINDOW = {"stride": wrong_wholes(1), "dilation": wrong_wholes(1)}
PADDINGS = ["full", "3", -1, 0.5, True, None, NAN, [1]]
POOLING = {"size": wrong_wholes(1), "stride": [v for v in wrong_wholes(1) if v is not None]}
IMAGES_WRONG = [*wrong_floats(IMAGES), IMAGES[0], IMAGES[None], 1.0]
FAR = [[[NAN, 0.0, 0.0]] * 2, [[0.0, INF, 0.0]] * 2, [[-INF] * 3] * 2]
CLASSES_WRONG = [[0], [0, 1, 2], [0, 3], [-1, 0], [0.0, 1.0], [[0], [1]], np.eye(3)[:2], None, "01"]
CLASSES_WRONG += [[NAN, 1.0], [True, False]]


def of_layers():
    output_size = {"size": 5, "kernel": 3, "stride": 1, "padding": 0, "dilation": 1}
    wrong = {"size": [28.5, 0, True, None, "28"], "kernel": wrong_wholes(1), "padding": PADDINGS}
    yield from rows(layers.output_size, output_size, **wrong, **WINDOW)
    yield Row(layers.output_size, output_size, {"kernel": 9}, "kernel of 9", "use a smaller")
    columns = {"X": IMAGES, "M": 2, "N": 2, "stride": 1, "dilation": 1}
    yield from rows(layers.im2col, columns, X=IMAGES_WRONG, **WINDOW)
    for key, value in [("M", 0), ("N", 1.5), ("M", True), ("N", None)]:
        yield Row(layers.im2col, columns, {key: value}, f"kernel={value}", "give")
    conv = {"X": IMAGES, "K": KERNELS, "b": np.ones(4), "padding": 0, **dict.fromkeys(WINDOW, 1)}
    kernels = [*wrong_floats(KERNELS), KERNELS[0], 1.0]
    yield from rows(layers.conv2d, conv, X=IMAGES_WRONG, K=kernels, padding=PADDINGS, **WINDOW)
    yield from rows(layers.conv2d, conv, b=["1", [1, 2, 3, 4], np.ones(0)])
    back = conv | {"dY": np.ones((2, 3, 3, 4))}
    del back["b"]
    gradients = [*wrong_floats(back["dY"]), IMAGES, 1.0]
    yield from rows(layers.conv2d_backward, back, dY=gradients, X=IMAGES_WRONG, K=kernels)
    yield from rows(layers.conv2d_backward, back, padding=PADDINGS, **WINDOW)
    pool = {"X": IMAGES, "size": 2, "stride": 2}
    pooled = pool | {"dY": np.ones((2, 2, 2, 3))}
    for name in ("max_pool", "average_pool"):
        forward, backward = getattr(layers, name), getattr(layers, f"{name}_backward")
        yield from rows(forward, pool, X=IMAGES_WRONG, **POOLING)
        yield from rows(backward, pooled, X=IMAGES_WRONG, dY=[IMAGES, None, 1.0], **POOLING)
    spoilt = np.where(IMAGES == IMAGES[1, 1, 1, 1], NAN, IMAGES)
    yield Row(layers.max_pool_backward, pooled, {"X": spoilt}, "X holds NaN", "leave those out")
    yield from rows(layers.global_average_pool, {"X": IMAGES}, X=IMAGES_WRONG)
    both = {"X": IMAGES, "dY": np.ones((2, 3))}
    yield from rows(layers.global_average_pool_backward, both, X=IMAGES_WRONG, dY=[IMAGES, None])
    both = {"X": IMAGES, "dY": np.ones((2, 75))}
    yield from rows(layers.flatten, {"X": IMAGES}, X=[*wrong_floats(IMAGES), 1.0])
    yield from rows(layers.flatten_backward, both, X=wrong_floats(IMAGES), dY=[IMAGES, None])
    dense = {"X": TABULAR, "W": WEIGHTS, "b": np.ones(4)}
    wrong = {"X": [*wrong_floats(TABULAR), IMAGES, 1.0], "W": [*wrong_floats(WEIGHTS), IMAGES, 1.0]}
    yield from rows(layers.dense, dense, **wrong, b=["1", [1, 2, 3, 4], np.ones(0)])
    back = {"X": TABULAR, "W": WEIGHTS, "dY": np.ones((2, 4))}
    yield from rows(layers.dense_backward, back, **wrong, dY=[TABULAR, None, 1.0])
    dropout = {"X": TABULAR, "rate": 0.5, "random": np.random.default_rng(0)}
    wrong = {"rate": [*wrong_numbers(0, 1), 1, 50, True], "random": [0, None, np.random, "seed"]}
    yield from rows(layers.dropout, dropout, X=wrong_floats(TABULAR), **wrong)
    both = {"dY": TABULAR, "mask": TABULAR}
    yield from rows(layers.dropout_backward, both, dY=[WEIGHTS, None], mask=wrong_floats(TABULAR))
    for name in ("sigmoid", "tanh", "relu", "leaky_relu", "gelu"):
        for function in (getattr(layers, name), getattr(layers, f"{name}_derivative")):
            yield from rows(function, {"X": TABULAR}, X=wrong_floats(TABULAR))
            if name == "leaky_relu":
                slopes = [*wrong_numbers(0, 1), 1, True]
                yield from rows(function, {"X": TABULAR, "slope": 0.2}, slope=slopes)
    for function in (layers.log_sum_exp, layers.log_softmax, layers.softmax):
        yield from rows(function, {"X": LOGITS}, X=[*wrong_floats(LOGITS), *FAR, 1.0])
    for function in (layers.cross_entropy, layers.cross_entropy_backward):
        wrong = {"logits": [*wrong_floats(LOGITS), *FAR, LOGITS[0]], "labels": CLASSES_WRONG}
        yield from rows(function, {"logits": LOGITS, "labels": [0, 2]}, **wrong)


# Weights of its own: a call that fails leaves it as it is.
NETWORK = network.Sequential([network.Flatten(), network.Dense(3)], input_shape=(5, 5, 3))


def wrong_images(X):
    """Return what is given by mistake where images for a network are due."""
    spoilt = [np.where(X == X[1, 1, 1, 1], value, X) for value in (NAN, INF, -INF)]
    return [*wrong_floats(X), *spoilt, 255 * X, -100 * X, X[0], X[:, :4], X[..., :1], 1.0]


def of_network():
    yield from rows(
        network.glorot_uniform,
        {"shape": (2, 3), "random": np.random.default_rng(0), "dtype": "float32"},
        shape=[(2,), 2, None, (2, 0), (2.0, 3), "ab"],
        random=[0, None, np.random],
        dtype=["int32", "float16", "number", None, 32],
    )
    conv = {"filters": 2, "size": 3, "stride": 1, "padding": 0, "dilation": 1}
    wrong = {"filters": wrong_wholes(1), "size": wrong_wholes(1), "padding": PADDINGS}
    yield from rows(network.Conv2D, conv, **wrong, **WINDOW)
    yield from rows(network.Dense, {"units": 2}, units=[*wrong_wholes(1), -1])
    for kind in (network.MaxPool, network.AveragePool):
        yield from rows(kind, {"size": 2, "stride": 2}, **POOLING)
    yield from rows(network.Dropout, {"rate": 0.5}, rate=[*wrong_numbers(0, 1), 1, 50, True])
    functions = {"function": layers.tanh, "derivative": layers.tanh_derivative}
    yield from rows(network.Activation, functions, function=[None, "tanh"], derivative=[None, 1])
    sgd = {"learning_rate": 0.1, "momentum": 0.9}
    yield from rows(network.SGD, sgd, learning_rate=wrong_numbers(0), momentum=wrong_numbers(0, 1))
    adam = {"learning_rate": 0.1, "beta_1": 0.9, "beta_2": 0.9, "epsilon": 1e-7}
    betas = [*wrong_numbers(0, 1), 1]
    wrong = {"learning_rate": wrong_numbers(0), "beta_1": betas, "beta_2": betas}
    yield from rows(network.Adam, adam, **wrong, epsilon=[*wrong_numbers(0), 0])
    step = {"weights": [np.ones(2)], "gradients": [np.ones(2)]}
    for kind in (network.SGD, network.Adam):
        wrong = [[np.ones(3)], [], [np.ones(2)] * 2, [np.array([NAN, 1])], [np.array([1, INF])]]
        yield from rows(kind().update, step, gradients=wrong)
    new = {"layers": (network.Flatten(), network.Dense(2)), "input_shape": (5, 5, 3)}
    yield from rows(
        network.Sequential,
        new | {"seed": 0, "dtype": "float32"},
        layers=[None, [], "Dense", [network.Dense], [2], network.Dense(2), tuple(NETWORK.layers)],
        input_shape=[28, (), None, "28", (28.0, 28, 1), (0, 28, 1), (28, NAN, 1), (28, True, 1)],
        seed=wrong_wholes(0),
        dtype=["int32", "float16", "number", None, 32],
    )
    fit = {"X": IMAGES, "y": [0, 2]}
    for call in (NETWORK.fit, NETWORK.evaluate):
        yield from rows(call, fit, X=wrong_images(IMAGES), y=CLASSES_WRONG)
        yield from rows(call, fit | {"batch_size": 2}, batch_size=wrong_wholes(1))
    yield from rows(
        NETWORK.fit,
        fit,
        epochs=wrong_wholes(1),
        optimizer=["adam", network.Adam, 0.1, []],
        validation_data=[IMAGES, (IMAGES,), "test", 0.1, {"X": IMAGES}],
        shuffle=["yes", 2, None],
        seed=wrong_wholes(0),
        verbose=["no", 3, None],
    )
    for value in ((IMAGES, [0, 9]), (255 * IMAGES, [0, 1])):
        yield Row(NETWORK.fit, fit, {"validation_data": value}, "from 0", "give")
    step = fit | {"optimizer": network.SGD()}
    yield from rows(NETWORK.train_step, step, X=wrong_images(IMAGES), optimizer=["adam", None])
    yield from rows(NETWORK.predict, {"X": IMAGES}, X=wrong_images(IMAGES))
    yield from rows(NETWORK.predict, {"X": IMAGES, "batch_size": 2}, batch_size=wrong_wholes(1))
    last = [np.ones((75, 3)), np.ones(3)]
    wrong = [[last[0], value] for value in (last[1] * NAN, "abc", None, [[1.0], [1.0, 2.0]])]
    wrong += [None, "ab", 3, np.ones(3), {}]
    yield from rows(NETWORK.set_weights, {"weights": last}, weights=wrong)
    for wrong in (last[:1], [*last, last[1]], last[::-1], []):
        remedy = r"needs \[\(75, 3\), \(3,\)\]"
        yield Row(NETWORK.set_weights, {"weights": last}, {"weights": wrong}, "weights", remedy)
    for call in (NETWORK.save, NETWORK.load):
        yield from rows(call, {"path": "weights.npz"}, path=[None, 3, "", ["weights.npz"], NAN])


def of_phantoms():
    simulators = {"radiographs": 2, "ultrasound": 3, "fundus": 5, "slices": 4}
    for name, classes in simulators.items():
        right = {"labels": [0, 1], "seed": 0, "size": 28, "marker": None}
        half = [0.5] * classes
        yield from rows(
            getattr(phantoms, name),
            right | {"lesion": phantoms.Lesion(), "scanner": phantoms.Scanner()},
            labels=[
                [],
                [[0, 1]],
                [0.5],
                3,
                None,
                "01",
                [-1],
                [classes],
                [NAN],
                [True],
                [[0], [1, 2]],
            ],
            seed=wrong_wholes(0),
            size=wrong_wholes(8),
            lesion=[None, 1, phantoms.Lesion, {"size": (1, 1)}],
            scanner=[None, 1, phantoms.Scanner, phantoms.Lesion()],
            marker=[
                0.5,
                half[1:],
                [2.0, *half[1:]],
                [-0.1, *half[1:]],
                [NAN, *half[1:]],
                "a",
                [half],
            ],
        )
    yield from rows(
        phantoms.tubes,
        {"labels": [0, 1], "seed": 0, "size": 28},
        labels=[[], [[0, 1]], [0.5], 3, None, "01", [-1], [2], [NAN], [True]],
        seed=wrong_wholes(0),
        size=wrong_wholes(8),
    )
    strengths = np.zeros((2, len(phantoms.FINDINGS)))
    yield from rows(
        phantoms.chests,
        {"strength": strengths, "seed": 0, "size": 28},
        strength=[
            *([], 3, None, "01", strengths[0], strengths[:, 1:], strengths[None]),
            *(strengths + 1.1, strengths - 0.1, strengths * NAN, [[0], [1, 2]]),
        ],
        seed=wrong_wholes(0),
        size=wrong_wholes(8),
    )
    yield from rows(
        phantoms.draw_findings,
        {"count": 3, "seed": 0},
        count=wrong_wholes(1),
        seed=wrong_wholes(0),
    )
    pairs = [
        1,
        None,
        "ab",
        (1,),
        (1, 2, 3),
        (2, 1),
        (NAN, 1),
        (1, INF),
        ("a", "b"),
        (-1, 1),
        (1, 1e9),
    ]
    right = {"size": (1, 1), "contrast": (1, 1), "position": (0, 0)}
    places = [0.5, "ab", (0,), (0, 0, 0), (NAN, 0), (0, 1.5), (None, 0), (0, "1"), np.zeros(3)]
    yield from rows(phantoms.Lesion, right, size=[*pairs, (0, 1)], contrast=pairs, position=places)
    yield from rows(
        phantoms.Scanner,
        {"dose": 1, "blur": 0.4, "contrast": 1, "brightness": 0},
        dose=[*wrong_numbers(0), 0, 1e15, True],
        blur=[*wrong_numbers(0), 1e6],
        contrast=[*wrong_numbers(0), 1e6],
        brightness=wrong_numbers(-1, 1),
    )
    yield from rows(
        phantoms.draw_labels,
        {"count": 9, "prevalence": [0.5, 0.5], "seed": 0},
        count=wrong_wholes(1),
        prevalence=[[0.5, 0.6], [-0.5, 1.5], [NAN, 1], [], 0.5, None, "ab", [[0.5, 0.5]]],
        seed=wrong_wholes(0),
    )
    yield from rows(phantoms.signals, {"tissue": "fluid"}, tissue=["stone", None, 3, ["fluid"], ""])


RUNS = results.Runs([{"seed": 0, "auc": [1, 2]}, {"seed": 1, "auc": [1]}])


def array_of(path):
    return RUNS.array(*path)


def share_work(work, items):
    return parallel.on_all_cores(work, *items)


def of_results_parallel_datasets():
    values = [[NAN], [INF], None, "ab", [[1], [1, 2]], [1e9], {"a": 1}]
    steps = [*wrong_numbers(0), 0, 0.3, 2, True]
    yield from rows(results.pack, {"values": [0.5], "step": 0.01}, values=values, step=steps)
    packed = results.pack([0.5, 1])
    broken = [{"packed": "!"}, {"packed": packed["packed"][:-4]}, {"shape": [3]}, {"step": 0}]
    stored = [None, {}, "ab", 3, [packed], *(packed | change for change in broken)]
    yield from rows(results.unpack, {"stored": packed}, stored=stored)
    yield from (
        Row(results.Runs, {"runs": []}, {"runs": runs}, "run 0", "give") for runs in ([1], "a")
    )
    yield Row(array_of, {"path": ["seed"]}, {"path": ["auc"]}, "in run 1 (seed=1)", "`where`")
    yield Row(array_of, {"path": ["seed"]}, {"path": ["loss"]}, "'loss'", "there are seed, auc")
    yield Row(array_of, {"path": ["seed"]}, {"path": []}, "path", "give the name")
    for wrong in ({"seed": 5}, {"seed": np.array([5])}, {"seed": []}, {"seed": None}):
        yield Row(RUNS.where, {"seed": 0}, wrong, "seed=", "there are 0, 1")
    yield Row(RUNS.where, {}, {"width": 5}, "'width'", "there are seed, auc")
    yield from rows(
        parallel.split,
        {"count": 3, "bytes_each": 9},
        count=wrong_wholes(1),
        bytes_each=wrong_numbers(0),
    )
    right = {"work": len, "items": [["a"]]}
    yield from rows(share_work, right, work=[None, "len"], items=[[], [["a"], ["b", "c"]]])
    right = {"name": "breastmnist", "size": 28, "synthetic": True}
    for value in (["breastmnist"], None, 3, "brestmnist", "", b"breastmnist", NAN):
        yield Row(datasets.load, right, {"name": value}, f"called {value!r}"[:20], "did you mean")
    for value in (28.0, "28", None, True, NAN, 27, [28], 0, -28):
        yield Row(datasets.load, right, {"size": value}, f"size {value!r}", "choose one of 28, 64")
    for value in ("yes", 1, 0.0, [], "False", NAN):
        yield Row(datasets.load, right, {"synthetic": value}, f"is {value!r}", "say True, False")


# For Keras models. One that is given by mistake: not loaded, not called, not a model.
MODEL = models.small_network((8, 8, 1), filters=(2,))
NO_MODEL = [None, "model.keras", models.small_network, keras.Model, keras.layers.Dense(2), [MODEL]]
FINDING_MODEL = keras.Sequential(
    [
        *(keras.Input((8, 8, 1)), keras.layers.Flatten()),
        keras.layers.Dense(2, activation="sigmoid"),
    ]
)
PICTURES = np.linspace(0, 1, 128, dtype="float32").reshape(2, 8, 8, 1)


def wrong_pictures(X):
    """Return what is given by mistake where floats (N, H, W, C) in [0, 1] are due."""
    odd = [X.astype(kind) for kind in ("uint8", int, complex, bool, str, object)]
    spoilt = [np.where(X == X[1, 1, 1, 0], value, X) for value in (NAN, INF, -INF)]
    scaled = [255 * X, X - X.mean(), 4095 * X, 1.01 * X]
    return [*odd, *spoilt, *scaled, X[:0], X[0], X[..., 0], None, "1", [[1.0], [1.0, 2.0]], 1.0, {}]


UNFIT = [PICTURES[:, :4], np.repeat(PICTURES, 3, axis=3)]  # rows or channels differ
MAPS = np.linspace(0, 1, 32).reshape(2, 4, 4)
WRONG_MAPS = [None, "1", [[[0.0], [0.0, 1.0]]], MAPS[:0], MAPS[0], MAPS[:, :3], MAPS + 1j]
WRONG_MAPS += [np.where(MAPS > 0.5, NAN, MAPS), np.where(MAPS > 0.5, INF, MAPS)]


def of_models():
    for make, least in ((models.tutorial_network, 10), (models.small_network, 1)):
        right = {"input_shape": (28, 28, 1), "classes": 2}
        shapes = [28, (28, 28), (least - 1, 28, 1), (28, least - 1, 1), (28, 28, 0), None, "abc"]
        shapes += [(None, None, 1), (28.0, 28, 1), (28, 28, 1, 1), (NAN, 28, 1), (28, True, 1), {}]
        yield from rows(make, right, input_shape=shapes, classes=wrong_wholes(2))
    yield from rows(
        models.small_network,
        {"filters": (4,), "dropout": 0.3},
        filters=[(), 16, None, (0,), (4.0,), (4, None), ("4",), "48"],
        dropout=[*wrong_numbers(0, 1), 1, True],
        **dict.fromkeys(("batch_norm", "residual", "global_pool"), (None, 1, "yes")),
    )
    about = (models.multiply_adds, models.receptive_field, models.shape_of, models.top_of)
    for function in about:
        yield from rows(function, {"model": MODEL}, model=NO_MODEL)
    both = {"model": MODEL, "images": PICTURES}
    yield from rows(models.head_of, both, model=NO_MODEL)
    both_findings = {"model": FINDING_MODEL, "images": PICTURES}
    yield from rows(models.findings_of, both_findings, model=[*NO_MODEL, MODEL])
    yield from rows(
        models.images_for, both, model=NO_MODEL, images=[*wrong_pictures(PICTURES), *UNFIT]
    )


def of_training():
    shares = ("weight_decay", "shift", "turn", "zoom", "label_smoothing")
    yield from rows(
        training.Recipe,
        {},
        steps=wrong_wholes(1),
        batch_size=wrong_wholes(1),
        learning_rate=[*wrong_numbers(0), 0, True],
        flip=[None, "vertical", True, 0, ["both"]],
        cosine=[None, 1, "no"],
        class_weights=[None, 1, {0: 1, 1: 2}],
        **dict.fromkeys(shares, [*wrong_numbers(0, 1), 1, True]),
    )
    recipes = [None, {}, {"steps": 9}, training.Recipe, 100]
    right = {
        "images": PICTURES,
        "recipe": training.Recipe(steps=1),
        "random": np.random.default_rng(0),
    }
    generators = [None, 0, np.random, np.random.RandomState(0)]
    yield from rows(
        training.augment, right, images=wrong_pictures(PICTURES), recipe=recipes, random=generators
    )
    both = {"model": MODEL, "images": PICTURES}
    wrong = {"model": NO_MODEL, "images": [*wrong_pictures(PICTURES), *UNFIT]}
    yield from rows(
        training.train,
        both | {"labels": [0, 1], "recipe": right["recipe"], "verbose": False},
        **wrong,
        labels=[
            *(
                [0],
                [0, 1, 1],
                [0, 2],
                [-1, 0],
                [0.0, 1.0],
                [[0], [1]],
                [True, False],
                [[0], [0, 1]],
            ),
            *(None, "01", [], np.eye(2, dtype=int), np.full((2, 2), 0.4), np.full((2, 3), 1 / 3)),
            *([[NAN, 1.0], [0.0, 1.0]], [[-0.5, 1.5], [0.0, 1.0]]),
        ],
        recipe=recipes,
        seed=wrong_wholes(0),
        verbose=[None, 2, "no"],
        watch=["print", 1, [print]],
    )
    yield from rows(
        training.train_findings,
        {"model": FINDING_MODEL, "images": PICTURES, "labels": [[0, 1], [1, 0]]}
        | {"recipe": right["recipe"], "verbose": False},
        model=[*NO_MODEL, MODEL],
        images=wrong["images"],
        labels=[
            *([0, 1], [[0, 1]], [[0, 1, 1], [1, 0, 0]], [[0, 2], [1, 0]], [[-2, 1], [1, 0]], None),
            *([[0.0, 1.0], [1.0, 0.0]], [[True, False], [False, True]], "01", [], [[0], [0, 1]]),
            *([[0, 1], [0, 0]], [[1, 1], [1, 0]], [[-1, 1], [1, 0]], [[NAN, 1.0], [0.0, 1.0]]),
        ],
        recipe=[
            *recipes,
            *(training.Recipe(class_weights=True), training.Recipe(label_smoothing=0.1)),
        ],
        seed=wrong_wholes(0),
        verbose=[None, 2, "no"],
    )
    yield from rows(
        training.predict,
        both,
        **wrong,
        flips=["horizontal", "", [], (), None, 3, ["up"], ["", None], [["both"]], [True]],
    )
    for function in (training.with_own_statistics, training.settle):
        yield from rows(function, both, **wrong)


def of_explain():
    right = {"model": MODEL, "images": PICTURES, "label": 1}
    wrong = {"model": NO_MODEL, "images": [*wrong_pictures(PICTURES), *UNFIT]}
    wrong["label"] = wrong_wholes(0, 1)
    name = next(layer.name for layer in MODEL.layers if "conv" in layer.name)
    yield from rows(explain.log_odds, right, **wrong)
    yield from rows(explain.saliency, right, **wrong)
    one = PICTURES[0]
    baselines = [NAN, INF, 2, -1, "black", None, [0, 1, 2], one[..., 0], 255 * one, one * NAN]
    yield from rows(
        explain.integrated_gradients, right, **wrong, steps=wrong_wholes(1), baseline=baselines
    )
    yield from rows(
        explain.occlusion,
        right | {"size": 4, "stride": 2},
        **wrong,
        size=wrong_wholes(1, 8),
        stride=wrong_wholes(1, 4),
        fill=[*wrong_numbers(0, 1), 128],
    )
    layers_wrong = [None, 3, "nowhere", "", [name], MODEL.layers[-1].name, MODEL.name]
    yield from rows(explain.grad_cam, right | {"layer": name}, **wrong, layer=layers_wrong)
    count = len([layer for layer in MODEL.layers if layer.weights])
    yield from rows(
        explain.randomized,
        {"model": MODEL, "count": 1},
        model=NO_MODEL,
        count=wrong_wholes(0, count),
        seed=wrong_wholes(0),
    )
    masks = MAPS > 0.2
    no_masks = [None, "1", MAPS, masks.astype(int), masks[0], masks[:, :3], masks[:0], MAPS > 0.6]
    for function in (explain.hits, explain.overlaps):
        yield from rows(function, {"maps": MAPS, "masks": masks}, maps=WRONG_MAPS, masks=no_masks)
    both = {"maps": MAPS, "others": MAPS}
    yield from rows(explain.rank_correlation, both, maps=WRONG_MAPS, others=WRONG_MAPS)
    sizes = {"height": 9, "width": 9}
    yield from rows(explain.center_blob, sizes, height=wrong_wholes(2), width=wrong_wholes(2))


FIGURE = plt.figure()
plt.close(FIGURE)


def of_plots_and_display():
    gray, titles = PICTURES[..., 0], ["a", "b"]
    nothing = [None, 3, "", [], (), {}, gray[:0], 1.5]
    spoilt = [np.where(gray > 0.5, value, gray) for value in (NAN, INF)]
    odd = [*nothing, *spoilt, gray[0, 0], [gray[0], None], [gray[0], "1"], gray + 1j]
    color = np.repeat(PICTURES, 3, axis=3)
    layout = {"columns": wrong_wholes(1), "size": [*wrong_numbers(0), 0]}
    captions = [["a"], ["a", "b", "c"], [1, 2], None, 7, ["a", None]]
    yield from rows(
        plots.grid,
        {"images": gray, "titles": titles},
        images=[*odd, PICTURES[..., [0, 0]], color * 255, color - 0.5, color[None]],
        titles=captions,
        **layout,
    )
    yield from rows(
        plots.heat,
        {"maps": gray, "titles": titles, "outlines": [gray[0] > 0.5, None]},
        maps=[*odd, PICTURES],
        titles=[*captions, [], ""],
        outlines=[[gray[0]], [gray[0, :4], None], [None, "1"], [gray[0] * NAN, None]],
        **layout,
    )
    boxes = [[None], [(0, 0, 1), None], [3, None], [(0, 0, 1, 1)] * 3]
    yield from rows(
        plots.boards,
        {"matrices": gray, "titles": "XY"},
        matrices=[*nothing, gray[0], [gray[0], None], np.where(gray > 0.5, INF, gray), PICTURES],
        titles=[*captions, []],
        boxes=boxes,
        size=layout["size"],
    )
    events = [(1973, "CT", "in use")]
    yield from rows(
        plots.timeline,
        {"events": events, "colors": {"in use": "red"}},
        events=[None, [], "ab", [1973], [(1973, "CT")], [(1973, "CT", "unknown")]],
        colors=[None, {}, "red", ["in use"]],
    )
    figures, alts = [None, "figure", 3, [FIGURE], plt], [None, "", " ", 3, ["A map."]]
    yield from rows(display.show, {"figure": FIGURE, "alt": "A map."}, figure=figures, alt=alts)
    yield from rows(
        display.steps,
        {"figures": [FIGURE], "captions": ["one"]},
        figures=[None, [], FIGURE, "a", [None], [FIGURE] * 2],
        captions=[None, [], "a", [""], [None], ["one", "two"]],
    )
    moving = {"name": "bench", "figure": FIGURE, "alt": "A map."}
    names = [None, "", "a b", "Bench", "../x", 3]
    yield from rows(display.interactive, moving, name=names, figure=figures, alt=alts)
    glue = {"name": "auc", "value": FIGURE, "alt": "A map."}
    yield from rows(display.glue, glue, name=[None, "", " ", 3], alt=alts)
    card = {
        "model": MODEL,
        "texts": dict.fromkeys(model_card.FIELDS, "Said."),
        "positive": "tumor",
        "labels": [0, 1, 0, 1],
        "scores": [0.1, 0.2, 0.3, 0.4],
        "threshold": 0.2,
    }
    yield from rows(model_card.model_card, card, model=NO_MODEL)


def of_conformal():
    right = {
        "labels": [0, 1, 1],
        "probabilities": np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]),
        "miss": 0.1,
        "by_class": False,
    }
    labels = [[0, 1], [0, 1, 2], [-1, 0, 1], [0.0, 1.0, 1.0], [[0], [1], [1]], None, "011"]
    p = right["probabilities"]
    odd = [p[:, 1], p[:, :1], p[:0], 2 * p, p - 0.5, np.where(p > 0.8, NAN, p), None, "1", 0.5]
    miss = [*wrong_numbers(0, 1), 0, 1, True]
    by_class = [None, 1, "yes", [True, False]]
    yield from rows(
        conformal.conformal_limits,
        right,
        labels=labels,
        probabilities=odd,
        miss=miss,
        by_class=by_class,
    )
    limits = [[0.5], [0.5] * 3, 0.5, [[0.5, 0.5]], [NAN, 0.5], None, "ab", [None, 0.5], {}]
    right = {"probabilities": p, "limits": [0.5, 0.5]}
    yield from rows(conformal.prediction_sets, right, probabilities=odd, limits=limits)


def of_the_guard_itself():
    for value in (None, 3, "vertical", ["both"], True):
        yield Row(
            inputs.one_of,
            {"name": "flip", "value": "", "choices": ["", "both", 1]},
            {"value": value},
            "flip=",
            "give one of",
        )
    right = {"name": "random", "value": 3, "kind": int, "remedy": "3"}
    for value in (None, "3", 3.5, [3]):
        yield Row(inputs.instance, right, {"value": value}, "random=", "is no int; give 3")
    for value in wrong_pictures(PICTURES):
        right = {"name": "X", "values": PICTURES}
        yield Row(inputs.images, right, {"values": value}, "X", "give|repair")
    for value in ([None], "1", [[1], [1, 2]], [], [NAN], [-INF], {}, [1j]):
        yield Row(inputs.array, {"name": "X", "values": [1]}, {"values": value}, "X", "give|repair")
    right = {"name": "y", "values": [0, 1], "count": 2, "classes": 2}
    for value in ([0], [0, 2], [-1, 0], [0.0, 1.0], [[0], [1]], [True, False], None, [], "01"):
        yield Row(inputs.labels, right, {"values": value}, "y", "give")


TABLE = [
    *of_inputs(),
    *of_the_guard_itself(),
    *of_layers(),
    *of_network(),
    *of_phantoms(),
    *of_results_parallel_datasets(),
    *of_models(),
    *of_training(),
    *of_explain(),
    *of_plots_and_display(),
    *of_conformal(),
]

# Functions that take no array and no model, or whose odd calls are right, with the reason.
EXCEPTIONS = {
    "helpers.inputs.told": "takes anything: it says what was given",
    **dict.fromkeys(
        [f"helpers.datasets.{name}" for name in ("DatasetError", "Facts", "Split", "Dataset")]
        + ["helpers.model_card.Result", "helpers.models.Field", "helpers.models.Head"],
        "made by helpers, not by readers",
    ),
    **dict.fromkeys(
        [f"helpers.layers.check_{what}" for what in ("floats", "logits", "window", "gradient")],
        "the guard of the functions above, whose rows show what it says",
    ),
    **dict.fromkeys(
        [
            f"helpers.models.{name}"
            for name in ("layers_of", "probabilities", "listening", "silent")
        ],
        "for helpers, which give it what the guard let through",
    ),
    **dict.fromkeys(
        [
            f"helpers.network.{name}"
            for name in ("Flatten", "GlobalAveragePool", "ReLU", "GELU", "Sigmoid", "Tanh")
        ]
        + ["helpers.network.LeakyReLU", "helpers.parallel.one_thread_each"],
        "takes no argument",
    ),
    "helpers.network.Layer": "to be derived from, not called",
    "helpers.training.findings_loss": "for Keras, which gives it tensors",
    "helpers.datasets.synthetic_setting": "reads the environment; see test_datasets",
    "helpers.results.load": "takes the name of a stored file; see test_experiments",
    "helpers.model_card.evaluate": "takes what `evaluation` takes; see test_model_card",
    "helpers.parallel.on_all_cores": "the rows of `share_work` call it",
}


# ---- The tests -----------------------------------------------------------------------------

# Modules whose bad calls stand in the tests of their own, with the file.
ELSEWHERE = {
    "audit": "test_audit.py",
    "chest_xrays": "test_chest_xrays.py",
    "dicom": "test_dicom.py",
    "evaluation": "test_evaluation.py",
    "pretrained": "test_pretrained.py",
    "score": "test_score.py",
    "workers": "test_workers.py",
}


def test_no_public_function_is_forgotten():
    named = {f"{f.__module__}.{f.__qualname__.split('.')[0]}" for f in (r.function for r in TABLE)}
    modules = {path.stem for path in HELPERS.glob("[a-z]*.py")} - set(ELSEWHERE)
    everything = {name for module in modules for name in public(module)}
    assert sorted(everything - named - set(EXCEPTIONS)) == [], "neither in the table nor excepted"
    assert sorted(set(EXCEPTIONS) - everything) == [], "exceptions that are no longer there"
    assert sorted(set(EXCEPTIONS) & named) == [], "exceptions that have rows"
    tests = Path(__file__).parent
    assert [name for name in ELSEWHERE.values() if not (tests / name).exists()] == []


def test_what_is_called_right_is_right(untraced, tmp_path, monkeypatch):
    """Else a row shows nothing: its error may be that of another argument."""
    monkeypatch.chdir(tmp_path)
    calls = {(row.function, *row.right): row for row in TABLE}
    for row in calls.values():
        row.function(**copy.deepcopy(row.right))
    plt.close("all")


def public(module):
    """Yield the names of a module's public functions and classes."""
    for node in ast.parse((HELPERS / f"{module}.py").read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"helpers.{module}.{node.name}"


def same(one, other):
    """Return whether two values are equal, NaN included, arrays to the byte."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return repr(one) == repr(other)


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_bad_call(row):
    arguments = row.right | row.change
    before = copy.deepcopy({k: v for k, v in arguments.items() if isinstance(v, np.ndarray | list)})
    with warnings.catch_warnings(), pytest.raises(ValueError) as error:
        warnings.simplefilter("error")
        row.function(**arguments)
    message = str(error.value)
    assert row.name in message and re.search(row.remedy, message), message
    assert len(message) < 400 and "\n" not in message.strip(), message
    assert error.value.__suppress_context__ or error.value.__context__ is None, "two errors"
    assert all(same(value, arguments[key]) for key, value in before.items())
