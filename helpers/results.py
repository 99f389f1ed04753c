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

Array = NDArray[Any]
FOLDER = Path(__file__).parents[1] / "notebooks" / "results"


def pack(values: ArrayLike, step: float = 0.01) -> dict[str, Any]:
    """Return an array as short text that JSON holds; values are rounded to multiples of a step.

    Parameters
    ----------
    values : array of numbers, any shape
        None may be missing, or larger than 32767 steps.
    step : float
        What is told apart. Log-odds in hundredths move no rank that matters.

    Returns
    -------
    dict
        To be given to `unpack`.

    Raises
    ------
    ValueError
        If a value is not finite, or too large for this step.

    Examples
    --------
    >>> unpack(pack([[0.123, -4.567]]))
    array([[ 0.12, -4.57]])
    >>> unpack(pack([True, False], step=1))
    array([1, 0])
    """
    array = np.asarray(values, dtype=float) / step
    if not np.isfinite(array).all():
        raise ValueError("values hold NaN or infinity; look where they come from")
    if array.size and np.abs(array).max() > np.iinfo(np.int16).max:
        raise ValueError(f"values reach {np.abs(array).max() * step:g}; give a step above {step}")
    data = zlib.compress(np.rint(array).astype("<i2").tobytes(), 9)
    return {"packed": base64.b64encode(data).decode(), "shape": list(array.shape), "step": step}


def unpack(stored: dict[str, Any]) -> Array:
    """Return the array that `pack` made text of: whole numbers if the step is 1, else floats.

    Examples
    --------
    >>> unpack(pack(np.arange(6).reshape(2, 3), step=1))
    array([[0, 1, 2],
           [3, 4, 5]])
    """
    steps = np.frombuffer(zlib.decompress(base64.b64decode(stored["packed"])), "<i2")
    steps = steps.reshape(stored["shape"]).astype(int)
    # Divided by a whole number, 12 hundredths are 0.12; multiplied by 0.01 they are not quite.
    return steps if stored["step"] == 1 else steps / round(1 / stored["step"])


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
            several = isinstance(value, list | tuple | set | range)
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
        values = []
        for run in self:
            value: Any = run
            for name in path:
                if not isinstance(value, dict) or name not in value:
                    names = ", ".join(value) if isinstance(value, dict) else "none"
                    raise ValueError(f"a run has no entry {name!r} of {path}; there are {names}")
                value = value[name]
            values.append(value)
        return np.array(values)


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
        If a line of the file was cut short.

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
    head, *rest = (_whole(line, number, file) for number, line in enumerate(lines, start=1))
    runs = []
    for entry in rest:
        records = entry["record"] if isinstance(entry["record"], list) else [entry["record"]]
        about = {key: entry[key] for key in ("seconds", "versions", "device")}
        runs += [{**entry["job"], **_unpacked(record), **about} for record in records]
    return Runs(runs, name, head["settings"], _unpacked(head["shared"]))
