"""Run lessons with training switched off, or on shuffled labels: each must fail a guard.

`python -m tools.untrained [--shuffled] [LESSON ...]` prints for each lesson which guard saw it. A
lesson that trains and passes all the same says what it did not show: the command then fails. Where
a lesson changes weights by lines of its own, these go on training; what helpers, Keras and
scikit-learn's logistic regression train, does not.
"""

import argparse
import re
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools.notebooks import LESSONS, lesson_paths, read

# Whatever learns counts how often it was asked to, and stays as it is.
SWITCHED_OFF = """\
import functools

import keras
from sklearn.linear_model import LogisticRegression
from helpers import network

_asked_to_learn = [0]


def nothing(*arguments, **options):
    _asked_to_learn[0] += 1


keras.optimizers.Optimizer.apply = nothing
network.Optimizer.update = nothing
learns = LogisticRegression.fit


@functools.wraps(learns)
def forgets(self, *arguments, **options):
    nothing()
    learns(self, *arguments, **options)
    self.coef_[:], self.intercept_[:] = 0, 0
    return self


LogisticRegression.fit = forgets
"""
# The labels of the training images are dealt out anew.
SHUFFLED = """\
from dataclasses import replace

import numpy as np
from helpers import datasets

_asked_to_learn = [0]
right = datasets.load


def load(*arguments, **options):
    _asked_to_learn[0] += 1
    data = right(*arguments, **options)
    labels = np.random.default_rng(0).permutation(data.train.labels)
    return replace(data, train=replace(data.train, labels=labels))


datasets.load = load
"""
COUNT = "print(_asked_to_learn[0])"


def outcome(notebook: nbformat.NotebookNode, setting: str) -> tuple[bool, str]:
    """Run a notebook after a setting; return whether that was seen, and where."""
    before, after = (nbformat.v4.new_code_cell(source) for source in (setting, COUNT))
    notebook.cells = [before, *notebook.cells, after]
    for cell in notebook.cells:
        cell.pop("execution_count", None)
    client = NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": LESSONS}}
    )
    try:
        client.execute()
    except CellExecutionError as error:
        ran = [cell for cell in notebook.cells if cell.get("execution_count")][-1]
        guard = "guard" in ran.metadata.get("tags", [])
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in str(error).splitlines()]
        failed = next((line for line in lines if re.match(r"-+> ", line)), error.ename)
        failed = failed.lstrip("-> 0123456789")[:80]
        return guard, f"{'guard' if guard else 'NO GUARD, but an error'}: {failed}"
    times = int("".join(output.text for output in after.outputs))
    return not times, "trains nothing" if not times else "PASSES"


def main(arguments: list[str]) -> int:
    """Print the table; return 1 if a lesson passes or fails without a guard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shuffled", action="store_true", help="shuffle labels, do train")
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    options = parser.parse_args(arguments)
    setting = SHUFFLED if options.shuffled else SWITCHED_OFF
    seen = []
    for path in lesson_paths():
        if not options.lessons or path.stem in options.lessons:
            right, where = outcome(read(path), setting)
            seen.append(right)
            print(f"{path.stem:28} {where}", flush=True)
    return int(not seen or not all(seen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
