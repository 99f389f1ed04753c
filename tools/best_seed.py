"""Train the networks of which the lesson "How to fool yourself" reports the best of four.

`python -m tools.best_seed` writes `notebooks/results/best-seed.json`: for 100 seeds, which test
images of BreastMNIST the source's network gets right ("1") and which wrong ("0"). It takes a few
minutes and can be stopped: what the file already holds is not trained again. Nothing is chosen
here.
"""

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from helpers.datasets import Dataset, load
from helpers.models import source_network
from tools.results import complete, read

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "best-seed.json"
SEEDS = range(100)
# As in the lesson.
EPOCHS, BATCH = 5, 32


def judge(data: Dataset, seed: int) -> dict[str, Any]:
    """Train one network; return which test images it gets right."""
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    network = source_network()
    network.compile("adam", "sparse_categorical_crossentropy", steps_per_execution=6)
    network.fit(data.train.images / 255, data.train.labels, BATCH, EPOCHS, verbose=0)
    guess = network(data.test.images / 255).numpy().argmax(axis=1)
    right = (guess == data.test.labels).astype(int)
    return {"seed": seed, "right": "".join(map(str, right))}


def main() -> int:
    """Train what the file does not hold yet."""
    data = load("breastmnist", synthetic=False)
    results = read(RESULTS) or {
        "versions": {name: version(name) for name in ("keras", "tensorflow")},
        "baseline": round(float(np.mean(data.test.labels == 1)), 4),
        "runs": [],
    }
    complete(results, RESULTS, zip(SEEDS), ["seed"], lambda seed: judge(data, seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
