"""The file that an experiment leaves behind: written whole or not at all, run after run."""

import functools
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import logit
from tqdm import tqdm

_dumps = functools.partial(json.dumps, separators=(",", ":"), default=lambda array: array.tolist())


def text(results: dict[str, Any]) -> str:
    """Return what the file holds: JSON in which each run begins a line."""
    parts = []
    for name, value in results.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            body = "[" + ",".join(f"\n{_dumps(run)}" for run in value) + "]"
        else:
            body = _dumps(value)
        parts.append(f"{_dumps(name)}:{body}")
    return "{" + ",".join(parts) + "}\n"


def read(file: Path) -> dict[str, Any]:
    """Return what the file holds, nothing if there is none yet."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def write(results: dict[str, Any], file: Path) -> None:
    """Write the file in one step: an interruption leaves the one before."""
    file.parent.mkdir(exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(text(results), encoding="utf-8")
    os.replace(part, file)


def log_odds(scores: np.ndarray) -> list[float]:
    """Return the log-odds of scores from 0 to 1, in two decimals: that makes a small file.

    1e-7 is the least that Keras' loss tells apart.
    """
    return np.round(logit(np.clip(scores.astype(float), 1e-7, 1 - 1e-7)), 2).tolist()


def complete(
    results: dict[str, Any],
    file: Path,
    jobs: Iterable[tuple[Any, ...]],
    names: Sequence[str],
    judge: Callable[..., dict[str, Any]],
    runs: str = "runs",
) -> None:
    """Judge each job of which `results[runs]` has no run yet, and write the file after each.

    A run tells its job by its entries `names`. Stopped, the command goes on from there.
    """
    known = {tuple(run[name] for name in names) for run in results[runs]}
    for job in tqdm([job for job in jobs if job not in known], unit="run"):
        results[runs].append(judge(*job))
        write(results, file)
