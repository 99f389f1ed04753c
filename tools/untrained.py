"""Run lessons with training switched off, or on shuffled labels: each must fail a guard.

`python -m tools.untrained [--shuffled] [LESSON ...]` prints for each lesson which guard saw it. A
lesson that trains and passes all the same says what it did not show: the command then fails. Where
a lesson changes weights by lines of its own, these go on training; what helpers, Keras and
scikit-learn's logistic regression train, does not.
"""

import argparse
import functools
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from tools.notebooks import LESSONS, is_template, lesson_paths, read

# How often a lesson that runs in this process learned, and how often labels were dealt out anew.
SEEN: Counter[str] = Counter()


def instead(owner: Any, name: str, other: Callable[..., Any]) -> None:
    """Let another function do what one does, given that one, and count how often it is asked."""
    usual = getattr(owner, name)

    @functools.wraps(usual)
    def counted(*arguments: Any, **options: Any) -> Any:
        SEEN["learned"] += 1
        return other(usual, *arguments, **options)

    setattr(owner, name, counted)


def switch_off() -> None:
    """Let nothing learn in this process: Keras, the NumPy network, logistic regression."""
    import keras
    from sklearn.linear_model import LogisticRegression

    from helpers import network

    def nothing(step: Any, *arguments: Any, **options: Any) -> None:
        pass

    def forgotten(fit: Any, model: Any, *arguments: Any, **options: Any) -> Any:
        fit(model, *arguments, **options)
        model.coef_[:], model.intercept_[:] = 0, 0
        return model

    instead(keras.optimizers.Optimizer, "apply", nothing)
    instead(network.Optimizer, "update", nothing)
    instead(LogisticRegression, "fit", forgotten)
    SEEN["labels"] = 1


def shuffle_labels() -> None:
    """Deal labels out anew: where sets are read, where Keras and logistic regression get them."""
    import keras
    import tensorflow as tf
    from sklearn.linear_model import LogisticRegression

    from helpers import datasets, network

    random, load = np.random.default_rng(0), datasets.load

    def shuffled(labels: Any) -> Any:
        SEEN["labels"] += 1
        return labels[random.permutation(len(labels))]

    def load_shuffled(*arguments: Any, **options: Any) -> datasets.Dataset:
        data = load(*arguments, **options)
        return replace(data, train=replace(data.train, labels=shuffled(data.train.labels)))

    def fit_shuffled(fit: Any, model: Any, x: Any, y: Any = None, *others: Any, **options: Any):
        if isinstance(x, tf.data.Dataset):
            SEEN["labels"] += 1
            x = x.map(lambda image, label, *weight: (image, tf.random.shuffle(label), *weight))
        elif y is not None:
            y = shuffled(np.asarray(y))
        return fit(model, x, y, *others, **options)

    datasets.load = load_shuffled
    instead(network.Optimizer, "update", lambda update, *arguments: update(*arguments))
    for owner, name in ((keras.Model, "fit"), (keras.Model, "train_on_batch")):
        instead(owner, name, fit_shuffled)
    instead(LogisticRegression, "fit", fit_shuffled)


def outcome(notebook: nbformat.NotebookNode, setting: Callable[[], None]) -> tuple[bool, str]:
    """Run a notebook after a setting; return whether that was seen, and where."""
    asked = "from tools import untrained", f"untrained.{setting.__name__}()"
    after = "from tools.untrained import SEEN; print(SEEN['learned'] and SEEN['labels'])"
    cells = [nbformat.v4.new_code_cell(source) for source in ("\n".join(asked), after)]
    notebook.cells = [cells[0], *notebook.cells, cells[1]]
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
    times = int("".join(output.text for output in cells[1].outputs))
    return not times, "PASSES" if times else "trains nothing, or on no labels"


def main(arguments: list[str]) -> int:
    """Print the table; return 1 if a lesson passes or fails without a guard."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shuffled", action="store_true", help="shuffle labels, do train")
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    options = parser.parse_args(arguments)
    setting = shuffle_labels if options.shuffled else switch_off
    seen = []
    for path in lesson_paths():
        if is_template(path):  # what it makes of images is judged in tests/test_template.py
            continue
        if not options.lessons or path.stem in options.lessons:
            right, where = outcome(read(path), setting)
            seen.append(right)
            print(f"{path.stem:28} {where}", flush=True)
    return int(not seen or not all(seen))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
