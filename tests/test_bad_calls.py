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

from helpers import inputs

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
        return f"{self.function.__qualname__}-{key}={inputs.told(value)[:40]}"


def wrong_wholes(least, most=None):
    """Return what is given by mistake where an integer is due."""
    values = [least - 1, 1.5, 2.0, True, None, "3", NAN, [1]]
    return values if most is None else [*values, most + 1]


def wrong_numbers(low, high=None):
    """Return what is given by mistake where a number is due; the bounds themselves are right."""
    values = [NAN, INF, -INF, None, "1", [1.0], low - 1]
    return values if high is None else [*values, high + 1]


def rows(function, right, **wrong):
    """Return a row for each wrong value of each argument; its error names the argument."""
    return [
        Row(function, right, {key: value}, key, "give")
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


TABLE = [*of_inputs()]

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
