"""The rounds of the other module once more, on NVIDIA FLARE: a server and five clients.

Each client holds the features of one hospital and nothing else; what it gets and gives goes through
FLARE. The server's weights are compared with those of our own loop. It needs what
`locks/requirements-federated.txt` holds.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from experiments.common import grid
from experiments.federated_learning import (
    EPOCHS,
    ROUNDS,
    Hospital,
    chest_hospitals,
    chest_weights,
    descended,
    standardized,
)
from helpers.results import Runs

SEEDS = (0,)
# Names that FLARE gives to its simulated clients, counted from 1.
CLIENT = "site-{}"
LONGEST = 600


def jobs() -> Iterator[dict[str, Any]]:
    yield from grid(seed=SEEDS)


def client(folder: str) -> None:
    """Take part as one hospital: get the weights, train, give them back, until the server ends."""
    import nvflare.client as flare
    from nvflare.app_common.np.constants import NPConstants

    flare.init()
    with np.load(Path(folder) / f"{flare.get_site_name()}.npz") as own:
        hospital, at, seed = Hospital(own["X"], own["labels"]), int(own["at"]), int(own["seed"])
    while flare.is_running():
        got = flare.receive()
        w = np.asarray(got.params[NPConstants.NUMPY_KEY])
        w = descended(w, hospital, [seed, at, got.current_round], EPOCHS)
        answer = flare.FLModel(params={NPConstants.NUMPY_KEY: w}, params_type="FULL")
        # By this the server weighs the answer.
        answer.meta = {"NUM_STEPS_CURRENT_ROUND": len(hospital.labels)}
        flare.send(answer)


def simulate(folder: str, clients: int, size: int) -> None:
    """Let FLARE's server and clients do all rounds, from weights of zero."""
    from nvflare.app_common.np.recipes.fedavg import NumpyFedAvgRecipe
    from nvflare.recipe import SimEnv

    script = Path(folder) / "hospital.py"
    script.write_text(f"from {__name__} import client\n\nclient({folder!r})\n", encoding="utf-8")
    recipe = NumpyFedAvgRecipe(
        model=[0.0] * size, min_clients=clients, num_rounds=ROUNDS, train_script=script.name
    )
    recipe.execute(SimEnv(num_clients=clients, workspace_root=folder))


def run(seed: int) -> dict[str, Any]:
    ready, _ = standardized(chest_hospitals("alike", seed))
    ours = chest_weights(ready, "by number", seed)
    with tempfile.TemporaryDirectory() as folder:
        for at, one in enumerate(ready):
            own = {"X": one.X, "labels": one.labels, "at": at, "seed": seed}
            np.savez(Path(folder) / CLIENT.format(at + 1), **own)
        code = f"from {__name__} import simulate; simulate({folder!r}, {len(ready)}, {len(ours)})"
        start = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code],
            # Its clients are processes that must find this package.
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )
        seconds = time.monotonic() - start
        models = sorted(Path(folder).rglob("server.npy"))
        if not models:
            raise RuntimeError(f"FLARE left no model: {done.stdout[-500:]}{done.stderr[-500:]}")
        theirs = np.load(models[0])
    return {
        "flare": version("nvflare"),
        "apart": float(np.abs(theirs - ours).max()),
        "largest": round(float(np.abs(ours).max()), 4),
        "seconds": round(seconds),
    }


def check(runs: Runs) -> None:
    # FLARE's server begins with float32, and its clients go on so.
    assert (runs.array("apart") < 2e-6 * runs.array("largest")).all()
