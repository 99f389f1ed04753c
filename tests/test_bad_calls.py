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

import numpy as np
import pytest

from helpers import datasets, inputs, layers, network, parallel, phantoms, results

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
        # No address: tests are called the same in each process.
        told = re.sub(" at 0x[0-9a-f]+", "", inputs.told(value))
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


TABLE = [*of_inputs(), *of_layers(), *of_network(), *of_phantoms(), *of_results_parallel_datasets()]

# Functions that take no array and no model, or whose odd calls are right, with the reason.
EXCEPTIONS = {
    "helpers.inputs.told": "takes anything: it says what was given",
}


# ---- The tests -----------------------------------------------------------------------------


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
