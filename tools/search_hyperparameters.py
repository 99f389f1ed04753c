"""Train the source's network with other kernels, poolings, activations and settings (S6.4).

`python -m tools.search_hyperparameters` writes `notebooks/results/hyperparameters.json`, which the
lesson "Choosing hyperparameters" reads. Trained on images drawn by the seed from the training
split, judged on the validation split. The test split is never touched.

First every setting of a plan is run (`search`), the grid among them, and once more with other
seeds; then KerasTuner chooses settings itself, by Bayesian search and by Hyperband (`explore`),
with as many epochs for each.
The file is written anew after each run and each search; started again, the command skips what it
finds there.
"""

import itertools
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from helpers.datasets import Dataset, load
from tools.results import write

RESULTS = Path(__file__).parent.parent / "notebooks" / "results" / "hyperparameters.json"
SETUP = {"data": "pneumoniamnist", "images": 1000, "epochs": 10, "judged_on": "validation"}
SEEDS = range(5)
# What was claimed of the first run must hold for these, too.
SECOND_SEEDS = range(10, 14)
# The source's program; batches of 32, so that 1,000 images make about as many steps as all images
# do in batches of 128.
BASE: dict[str, Any] = {
    "kernel": 3,
    "pool": 2,
    "activation": "relu",
    "convolutions": 2,
    "learning_rate": 0.001,
    "batch_size": 32,
}
# What the source names (S6.4), each with each.
GRID: dict[str, tuple[Any, ...]] = {
    "kernel": (3, 5),
    "pool": (2, 3),
    "activation": ("relu", "tanh", "sigmoid"),
}
# What it does not name, one at a time.
OTHERS: dict[str, tuple[Any, ...]] = {
    "learning_rate": (0.0001, 0.0003, 0.001, 0.003, 0.01),
    "batch_size": (16, 32, 64, 128, 256),
    "convolutions": (1, 2, 3),
}
# Each takes 120 epochs, as the grid does: twelve Bayesian trials, 22 settings in Hyperband.
SEARCH: dict[str, Any] = {
    "kinds": ("bayesian", "hyperband"),
    "seeds": SEEDS[:4],
    "trials": 12,
    "initial": 3,
    "factor": 3,
}
AGAIN = 2  # seeds
Setting = dict[str, Any]
Judge = Callable[[Setting, int], dict[str, Any]]
# Also: epochs, and the weights to go on from (or None); returns the weights too.
Fit = Callable[[Setting, int, int, Any], tuple[dict[str, Any], Any]]


def settings() -> list[Setting]:
    """Return every setting once: the grid, then the base with one of the others changed."""
    grid = [
        BASE | dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())
    ]
    others = [BASE | {name: value} for name, values in OTHERS.items() for value in values]
    return grid + [setting for setting in others if setting != BASE]


def build(setting: Setting) -> Any:
    """Return the source's network with other choices, compiled."""
    import keras

    layers = [keras.Input((28, 28, 1))]
    for number in range(setting["convolutions"]):
        filters, activation = 32 * 2**number, setting["activation"]
        layers.append(keras.layers.Conv2D(filters, setting["kernel"], activation=activation))
        layers.append(keras.layers.MaxPooling2D(setting["pool"]))
    layers.append(keras.layers.Flatten())
    layers.append(keras.layers.Dense(64, activation=setting["activation"]))
    layers.append(keras.layers.Dense(2, activation="softmax"))
    model = keras.Sequential(layers)
    optimizer = keras.optimizers.Adam(setting["learning_rate"])
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    return model


def restart(model: Any, setting: Setting, seed: int) -> None:
    """Give a compiled model the first weights of a seed and a fresh optimizer.

    Tracing a new model takes about as long as training it; this takes no time.
    """
    import keras

    keras.utils.set_random_seed(seed)
    model.set_weights(build(setting).get_weights())
    for variable in model.optimizer.variables:
        variable.assign(np.zeros(variable.shape, variable.dtype))
    model.optimizer.learning_rate = setting["learning_rate"]


def fitter(data: Dataset) -> Fit:
    """Return a function that trains one setting with one seed and judges it on validation."""
    X, y = data.train.images.astype("float32") / 255, data.train.labels
    X_validation, truth = data.validation.images.astype("float32") / 255, data.validation.labels
    models: dict[tuple[Any, ...], Any] = {}

    def fit(setting: Setting, seed: int, epochs: int, weights: Any) -> tuple[dict[str, Any], Any]:
        shape = tuple(setting[name] for name in ("kernel", "pool", "activation", "convolutions"))
        if shape not in models:
            models[shape] = build(setting)
        model = models[shape]
        restart(model, setting, seed)
        if weights is not None:
            model.set_weights(weights)
        drawn = np.random.default_rng(seed).choice(len(X), SETUP["images"], replace=False)
        model.fit(X[drawn], y[drawn], setting["batch_size"], epochs, verbose=0)
        scores = model.predict_on_batch(X_validation)[:, 1].astype(float)
        measures = {
            "auc": round(float(roc_auc_score(truth, scores)), 5),
            "loss": round(float(log_loss(truth, scores)), 5),
            "accuracy": round(float(np.mean((scores > 0.5) == truth)), 5),
            "parameters": model.count_params(),
        }
        return measures, model.get_weights()

    return fit


def trainer(fit: Fit) -> Judge:
    """Return a function that trains from the start, for all epochs."""
    return lambda setting, seed: fit(setting, seed, SETUP["epochs"], None)[0]


def space() -> Any:
    """Return what a search may choose from: as in the lesson."""
    import keras_tuner

    choices = keras_tuner.HyperParameters()
    for name, values in GRID.items():
        choices.Choice(name, list(values))
    choices.Int("convolutions", 1, 2)
    choices.Float("learning_rate", 0.0001, 0.01, sampling="log")
    return choices


def explore(kind: str, seed: int, fit: Fit) -> list[dict[str, Any]]:
    """Let KerasTuner search with one seed; return its trials in order.

    Hyperband goes on with a trial's weights when it gives it more epochs: "from" says since when.
    """
    import keras_tuner

    parent = {
        "bayesian": keras_tuner.BayesianOptimization,
        "hyperband": keras_tuner.Hyperband,
    }[kind]
    trials: list[dict[str, Any]] = []
    weights: dict[str, Any] = {}

    class Tuner(parent):  # type: ignore[misc, valid-type]
        def run_trial(self, trial: Any, *_: Any, **__: Any) -> float:
            values = trial.hyperparameters.values
            begin, end = values.get("tuner/initial_epoch", 0), values.get("tuner/epochs")
            end = end or SETUP["epochs"]
            setting = BASE | {name: value for name, value in values.items() if name in BASE}
            before = weights.get(values.get("tuner/trial_id"))
            measures, weights[trial.trial_id] = fit(setting, seed, end - begin, before)
            run = {"from": begin, "to": end, **setting, **measures}
            trials.append(run | {"bracket": values.get("tuner/bracket", 0)})
            return float(measures["loss"])

    options: dict[str, Any] = {
        "bayesian": {"max_trials": SEARCH["trials"], "num_initial_points": SEARCH["initial"]},
        "hyperband": {"max_epochs": SETUP["epochs"], "factor": SEARCH["factor"]},
    }[kind]
    with tempfile.TemporaryDirectory() as folder:
        Tuner(hyperparameters=space(), seed=seed, directory=folder, **options).search(verbose=0)
    return trials


def explore_all(path: Path, fit: Fit) -> dict[str, Any]:
    """Do the searches that the file lacks; train each winner again with other seeds."""
    results = read(path)
    found = results.setdefault("searches", [])
    for seed, kind in itertools.product(SEARCH["seeds"], SEARCH["kinds"]):
        if (kind, seed) in {(search["kind"], search["seed"]) for search in found}:
            continue
        trials = explore(kind, seed, fit)
        best = min(trials, key=lambda trial: trial["loss"])
        winner = {name: best[name] for name in BASE}
        again = []
        for other in others_than(seed):
            measures = fit(winner, other, SETUP["epochs"], None)[0]
            again.append({"seed": other, "auc": measures["auc"], "loss": measures["loss"]})
        found.append(
            {"kind": kind, "seed": seed, "winner": winner, "again": again, "trials": trials}
        )
        write(results, path)
        print(f"{kind}, seed {seed}: {len(trials)} trials, winner {winner}, {again}", flush=True)
    return results


def others_than(seed: int) -> list[int]:
    """Return the seeds with which a search's winner is trained again."""
    return [SEEDS[(seed + step) % len(SEEDS)] for step in range(1, AGAIN + 1)]


def read(path: Path) -> dict[str, Any]:
    """Return what the file holds for this set-up; nothing if it is missing or of another one."""
    if path.exists():
        results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if results["setup"] == SETUP:
            return results
        print(f"{path.name} is of another set-up: starting anew", flush=True)
    return {"setup": SETUP, "versions": {}, "device": "", "runs": []}


def search(
    path: Path, judge: Judge, plan: Iterable[tuple[int, Setting]], name: str = "runs"
) -> dict[str, Any]:
    """Do the runs of the plan that the file lacks, and write it after each."""
    results = read(path)
    runs = results.setdefault(name, [])
    plan = list(plan)
    done = {_key(run) for run in runs}
    missing = [
        (seed, setting) for seed, setting in plan if _key(setting | {"seed": seed}) not in done
    ]
    print(f"{len(plan) - len(missing)} of {len(plan)} runs are there", flush=True)
    start = time.monotonic()
    for number, (seed, setting) in enumerate(missing, start=1):
        run = {"seed": seed, **setting, **judge(setting, seed)}
        results["versions"], results["device"] = _versions(), f"CPU, {os.cpu_count()} cores"
        runs.append(run)
        write(results, path)
        left = (time.monotonic() - start) / number * (len(missing) - number)
        print(f"{number}/{len(missing)}, {left / 60:.1f} min left: {run}", flush=True)
    return results


def _key(run: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(run[name] for name in ("seed", *BASE))


def _versions() -> dict[str, str]:
    import keras
    import tensorflow as tf

    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
    }


def main() -> int:
    """Run what is missing: all settings with the first seed, then with the next; the searches."""
    fit = fitter(load(SETUP["data"], synthetic=False))
    search(RESULTS, trainer(fit), itertools.product(SEEDS, settings()))
    search(RESULTS, trainer(fit), itertools.product(SECOND_SEEDS, settings()), "second_runs")
    explore_all(RESULTS, fit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
