"""KerasTuner chooses the settings, with as many epochs as the grid; the winner is trained again."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from experiments import choosing_hyperparameters
from experiments.choosing_hyperparameters import BASE, EPOCHS, GRID, fit
from experiments.common import grid
from helpers.results import Runs

SEEDS = range(4)
SEARCHES = ("bayesian", "hyperband")
# Each search takes 120 epochs, as the grid does: twelve Bayesian trials, the first three of them
# drawn blindly; 22 settings in Hyperband, of which one in three goes on.
TRIALS, INITIAL, FACTOR = 12, 3, 3
# What may be chosen beside the grid: from, to.
CONVOLUTIONS, RATES = (1, 2), (0.0001, 0.01)
# A winner is trained again with the seeds that come next; after the last one comes the first.
AGAIN = 2


def jobs() -> Iterator[dict[str, Any]]:
    return grid(seed=SEEDS, search=SEARCHES)


def space() -> Any:
    """Return what a search may choose from: as in the lesson."""
    import keras_tuner

    choices = keras_tuner.HyperParameters()
    for name, values in GRID.items():
        choices.Choice(name, list(values))
    choices.Int("convolutions", *CONVOLUTIONS)
    choices.Float("learning_rate", *RATES, sampling="log")
    return choices


def explore(search: str, seed: int, fit: Callable[..., Any]) -> list[dict[str, Any]]:
    """Let KerasTuner search with one seed; return its trials in order.

    Hyperband goes on with a trial's weights when it gives it more epochs: "from" says since when.

    Examples
    --------
    >>> calls = []
    >>> def no_training(setting, seed, epochs, weights):
    ...     calls.append((epochs, weights))
    ...     return {"loss": setting["learning_rate"]}, len(calls)
    >>> trials = explore("hyperband", 0, no_training)
    >>> all(epochs == t["to"] - t["from"] for t, (epochs, _) in zip(trials, calls))
    True
    >>> goes_on = [(t, trials[weights - 1]) for t, (_, weights) in zip(trials, calls) if weights]
    >>> len(goes_on) == sum(t["from"] > 0 for t in trials) > 0
    True
    >>> all(b["to"] == t["from"] and b["loss"] == t["loss"] for t, b in goes_on)
    True
    """
    import keras_tuner

    if search == "bayesian":
        parent = keras_tuner.BayesianOptimization
        options = {"max_trials": TRIALS, "num_initial_points": INITIAL}
    else:
        parent, options = keras_tuner.Hyperband, {"max_epochs": EPOCHS, "factor": FACTOR}
    trials: list[dict[str, Any]] = []
    weights: dict[str, Any] = {}

    class Tuner(parent):
        def run_trial(self, trial: Any, *_: Any, **__: Any) -> float:
            values = trial.hyperparameters.values
            begin, end = values.get("tuner/initial_epoch", 0), values.get("tuner/epochs")
            end = end or EPOCHS
            setting = BASE | {name: value for name, value in values.items() if name in BASE}
            before = weights.get(values.get("tuner/trial_id"))
            measures, weights[trial.trial_id] = fit(setting, seed, end - begin, before)
            bracket = values.get("tuner/bracket", 0)
            trials.append({"from": begin, "to": end, **setting, **measures, "bracket": bracket})
            return float(measures["loss"])

    with tempfile.TemporaryDirectory() as folder:
        Tuner(hyperparameters=space(), seed=seed, directory=folder, **options).search(verbose=0)
    return trials


def run(search: str, seed: int) -> dict[str, Any]:
    trials = explore(search, seed, fit)
    best = min(trials, key=lambda trial: trial["loss"])
    again = []
    for step in range(1, AGAIN + 1):
        other = (seed + step) % len(choosing_hyperparameters.SEEDS)
        measures, _ = fit({name: best[name] for name in BASE}, other, EPOCHS)
        again.append({"seed": other, "auc": measures["auc"], "loss": measures["loss"]})
    return {"trials": trials, "again": again}


def check(runs: Runs) -> None:
    for run in runs:
        # As many epochs as the grid's twelve settings.
        assert sum(trial["to"] - trial["from"] for trial in run["trials"]) == 12 * EPOCHS
    # Hyperband keeps the best of each round.
    for run in runs.where(search="hyperband"):
        rounds: dict[tuple[int, int], list[dict[str, Any]]] = {}
        for trial in run["trials"]:
            rounds.setdefault((-trial["bracket"], trial["to"]), []).append(trial)
        pairs = list(itertools.pairwise(sorted(rounds)))
        assert sum(bracket == next_bracket for (bracket, _), (next_bracket, _) in pairs) == 3
        for now, after in pairs:
            if now[0] == after[0]:
                count = len(rounds[after])
                best = sorted(rounds[now], key=lambda trial: trial["loss"])[:count]
                kept, expected = (
                    {tuple(trial[name] for name in BASE) for trial in each}
                    for each in (rounds[after], best)
                )
                assert kept == expected
                assert all(trial["from"] == now[1] for trial in rounds[after])
