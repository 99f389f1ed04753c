"""Stored runs of the experiments: load them, pick some by their job, get arrays.

`python -m experiments` makes the files, one for each experiment, in `notebooks/results/`. The first
line of a file says what made it, each line after that holds one job and what it gave.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers import inputs

Array = NDArray[Any]
FOLDER = Path(__file__).parents[1] / "notebooks" / "results"


def pack(values: ArrayLike, step: float = 0.01) -> dict[str, Any]:
    """Return an array as short text that JSON holds; values are rounded to multiples of a step.

    Parameters
    ----------
    values : array of numbers, any shape
        None may be missing, or larger than 32767 steps.
    step : float
        What is told apart: 1, or 1 divided by a whole number. Log-odds in hundredths move no rank
        that matters.

    Returns
    -------
    dict
        To be given to `unpack`.

    Raises
    ------
    ValueError
        If a value is not finite, or too large for this step, or there is no such step.

    Examples
    --------
    >>> unpack(pack([[0.123, -4.567]]))
    array([[ 0.12, -4.57]])
    >>> unpack(pack([True, False], step=1))
    array([1, 0])
    """
    inputs.number("step", step, above=0, most=1)
    if abs(1 / step - round(1 / step)) > 1e-6:
        raise ValueError(f"step={step}; give 1 divided by a whole number, such as 0.01")
    try:
        array = np.asarray(values, dtype=float) / step
    except (TypeError, ValueError):
        raise ValueError(f"values={inputs.told(values)}; give an array of numbers") from None
    if not np.isfinite(array).all():
        raise ValueError("values hold NaN or infinity; give finite ones: look where they come from")
    if array.size and np.abs(array).max() > np.iinfo(np.int16).max:
        raise ValueError(f"values reach {np.abs(array).max() * step:g}; give a step above {step}")
    data = zlib.compress(np.rint(array).astype("<i2").tobytes(), 9)
    return {"packed": base64.b64encode(data).decode(), "shape": list(array.shape), "step": step}


def unpack(stored: dict[str, Any]) -> Array:
    """Return the array that `pack` made text of: whole numbers if the step is 1, else floats.

    Raises
    ------
    ValueError
        If this is nothing that `pack` made.

    Examples
    --------
    >>> unpack(pack(np.arange(6).reshape(2, 3), step=1))
    array([[0, 1, 2],
           [3, 4, 5]])
    """
    try:
        steps = np.frombuffer(zlib.decompress(base64.b64decode(stored["packed"])), "<i2")
        steps = steps.reshape(stored["shape"]).astype(int)
        # Divided by a whole number, 12 hundredths are 0.12; multiplied by 0.01 they are not quite.
        return steps if stored["step"] == 1 else steps / round(1 / stored["step"])
    except (LookupError, TypeError, ValueError, ArithmeticError, zlib.error):
        raise ValueError(f"stored={inputs.told(stored)}; give what `pack` returned") from None


def _unpacked(value: Any) -> Any:
    """Return what JSON held, with each packed array, however deep, as an array."""
    if isinstance(value, dict):
        return unpack(value) if "packed" in value else {k: _unpacked(v) for k, v in value.items()}
    return [_unpacked(entry) for entry in value] if isinstance(value, list) else value


class Runs(list[dict[str, Any]]):
    """Runs of an experiment, in the order of its jobs.

    A run is a dict: what its job was, what it gave, and the `seconds`, `versions` and `device` of
    the work.

    Attributes
    ----------
    name : str
        The experiment.
    settings : dict
        What all jobs had in common.
    shared : dict
        What the experiment says once: labels, baselines.

    Examples
    --------
    >>> runs = Runs([{"width": w, "seed": s, "auc": w / 10 + s} for w in (1, 2) for s in (0, 1)])
    >>> runs.where(width=2).array("auc")
    array([0.2, 1.2])
    >>> runs.where(seed=[0]).array("width")
    array([1, 2])
    >>> runs.where(width=3)
    Traceback (most recent call last):
    ...
    ValueError: no run has width=3; there are 1, 2
    """

    def __init__(
        self,
        runs: Iterable[dict[str, Any]],
        name: str = "",
        settings: dict[str, Any] | None = None,
        shared: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(runs)
        for place, run in enumerate(self):
            inputs.instance(f"run {place}", run, dict, "a dict of its entries")
        self.name, self.settings, self.shared = name, settings or {}, shared or {}

    def where(self, **wanted: Any) -> Runs:
        """Return the runs with these entries; for a list, tuple, set or range: one of its values.

        Raises
        ------
        ValueError
            If no run is left; says which entry is to blame, and what there is.
        """
        kept = list(self)
        for name, value in wanted.items():
            several = isinstance(value, list | tuple | set | range | np.ndarray)
            choices = list(value) if several else [value]
            there = [run[name] for run in kept if name in run]
            if not there:
                names = ", ".join(dict.fromkeys(key for run in kept for key in run))
                raise ValueError(f"no run has an entry {name!r}; there are {names}")
            kept = [run for run in kept if name in run and run[name] in choices]
            if not kept:
                known = ", ".join(dict.fromkeys(map(repr, there)))
                raise ValueError(f"no run has {name}={value!r}; there are {known}")
        return Runs(kept, self.name, self.settings, self.shared)

    def array(self, *path: str) -> Array:
        """Return one entry of each run (R, ...); of nested entries, give the names on the way.

        Raises
        ------
        ValueError
            If a run has no such entry, or runs have entries of different shapes.
        """
        if not path:
            raise ValueError("path is empty; give the name of an entry")
        values = []
        for run in self:
            value: Any = run
            for name in path:
                if not isinstance(value, dict) or name not in value:
                    names = ", ".join(value) if isinstance(value, dict) else "none"
                    raise ValueError(f"a run has no entry {name!r} of {path}; there are {names}")
                value = value[name]
            values.append(value)
        shapes = list(map(_shape, values))
        for place, shape in enumerate(shapes):
            if shape is None or shape != shapes[0]:
                raise ValueError(
                    f"{path} has shape {shapes[0]} in run 0 and {shape} in run "
                    f"{place} ({self._about(place)}); pick runs that are alike with `where`"
                )
        return np.array(values)

    def _about(self, place: int) -> str:
        """Say which run this is: its first entries that are one number or word."""
        short = [(k, v) for k, v in self[place].items() if isinstance(v, int | float | str)]
        return ", ".join(f"{k}={inputs.told(v)}" for k, v in short[:3])


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of what may be an array, or None if its lengths are unequal."""
    try:
        return np.shape(value)
    except ValueError:
        return None


def _whole(line: bytes, number: int, file: Path) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        raise ValueError(
            f"{file.name}, line {number}, was cut short; `python -m experiments "
            f"{file.stem.replace('-', '_')}` mends the file"
        ) from None


def load(name: str, folder: str | Path = FOLDER) -> Runs:
    """Return the stored runs of an experiment.

    Parameters
    ----------
    name : str
        The experiment, as its file is called: "too-little-data".
    folder : str or Path
        Where the files lie.

    Returns
    -------
    Runs

    Raises
    ------
    FileNotFoundError
        If there is no such file; says which there are.
    ValueError
        If a line of the file was cut short, or it is no such file.

    Examples
    --------
    >>> load("how-to-fool-yourself").where(seed=3).array("right").shape
    (1, 156)
    """
    file = Path(folder) / f"{name}.jsonl"
    if not file.is_file():
        known = ", ".join(sorted(path.stem for path in Path(folder).glob("*.jsonl"))) or "none"
        raise FileNotFoundError(f"there are no stored runs of {name!r}; there are {known}")
    lines = file.read_bytes().splitlines()
    entries = [_whole(line, number, file) for number, line in enumerate(lines, start=1)]
    try:
        head, *rest = entries
        runs = []
        for entry in rest:
            records = entry["record"] if isinstance(entry["record"], list) else [entry["record"]]
            about = {key: entry[key] for key in ("seconds", "versions", "device")}
            runs += [{**entry["job"], **_unpacked(record), **about} for record in records]
        return Runs(runs, name, head["settings"], _unpacked(head["shared"]))
    except (LookupError, TypeError, ValueError):
        raise ValueError(
            f"{file.name} holds no stored runs; give a file that `python -m experiments` made"
        ) from None
