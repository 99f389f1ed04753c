"""Run an experiment: `python -m experiments NAME`; without a name, list them all.

What the file holds already is not done again; stopped, the work goes on from there. A file that was
made with other settings or other code is refused.
"""

import argparse
import contextlib
import importlib
import json
import logging
import os
import pkgutil
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import experiments
from experiments import fingerprint
from helpers import results

VERSIONS = ("numpy", "scikit-learn", "keras", "tensorflow")
# Jobs that differ in these alone say how much chance does.
CHANCE = ("seed", "fold", "turn")
# What a clock or the machine says ends so; it is something else each time.
CLOCK = ("seconds", "minutes", "ratio", "load", "_mb")
# Modules of this folder that are no experiments.
ENGINE = ("__main__", "claims", "common", "engine", "fingerprint")


class ExperimentError(Exception):
    """The file was not made by the experiment as it is now; the text says what differs."""


def names() -> list[str]:
    """Return the names of all experiments."""
    modules = pkgutil.iter_modules(experiments.__path__)
    return [module.name for module in modules if module.name not in ENGINE]


def module_of(name: str) -> ModuleType:
    """Return the module of an experiment; `too-little-data` is as good as `too_little_data`."""
    name = name.replace("-", "_")
    if name not in names():
        raise ExperimentError(f"there is no experiment {name!r}; there are {', '.join(names())}")
    return importlib.import_module(f"experiments.{name}")


def file_of(module: ModuleType, folder: Path | None = None) -> Path:
    """Return the file in which the records of an experiment lie."""
    name = module.__name__.rpartition(".")[2].replace("_", "-")
    return (folder or results.FOLDER) / f"{name}.jsonl"


# ---- A file: a head, then a line for each job ----------------------------------------------


def stored_form(value: Any) -> Any:
    """Return a value as JSON holds it: arrays of whole numbers packed, floats only on purpose."""
    if isinstance(value, dict):
        return {key: stored_form(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [stored_form(entry) for entry in value]
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biu":
            raise TypeError("an array of floats: `results.pack` says how many decimals are kept")
        return results.pack(value, step=1)
    return value.item() if isinstance(value, np.generic) else value


def line(entry: dict[str, Any]) -> str:
    """Return one line of the file; NaN is refused."""
    text = json.dumps(
        stored_form(entry), separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text + "\n"


def read(file: Path) -> tuple[dict[str, Any], list[dict[str, Any]], int]:
    """Return the head, the whole lines, and how many were cut short."""
    entries: list[dict[str, Any]] = []
    broken = 0
    for text in file.read_text(encoding="utf-8").splitlines():
        try:
            entries.append(json.loads(text))
        except ValueError:
            broken += 1
    if not entries or "code" not in entries[0]:
        raise ExperimentError(f"{file.name} has no head; begin anew with --anew")
    return entries[0], entries[1:], broken


def write(file: Path, head: dict[str, Any], entries: list[dict[str, Any]]) -> None:
    """Write the file in one step: an interruption leaves the one before."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text("".join(map(line, [head, *entries])), encoding="utf-8")
    os.replace(part, file)


def jobs_of(module: ModuleType) -> list[dict[str, Any]]:
    """Return the jobs of an experiment as the file holds them."""
    return [json.loads(json.dumps(job)) for job in module.jobs()]


def new_head(module: ModuleType) -> dict[str, Any]:
    """Return the first line of a file: what makes its records, and what they share."""
    return {**fingerprint.of(module), "shared": stored_form(getattr(module, "shared", dict)())}


def missing(module: ModuleType, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the jobs that no entry is about."""
    done = [entry["job"] for entry in entries]
    return [job for job in jobs_of(module) if job not in done]


def in_order(module: ModuleType, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries in the order of the jobs; those of jobs that are no more are left out."""
    jobs = jobs_of(module)
    return sorted((e for e in entries if e["job"] in jobs), key=lambda e: jobs.index(e["job"]))


# ---- The work ------------------------------------------------------------------------------


def device() -> str:
    """Return on what the work is done: a GPU's name, or the kind of processor."""
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            return str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))
    return f"{platform.machine()} processor"


def one(name: str, job: dict[str, Any]) -> dict[str, Any]:
    """Do one job, in whatever process; return its line."""
    module = importlib.import_module(name)
    # Several jobs at once have a core each; what measures time may have the machine.
    alone = getattr(module, "ALONE", False)
    if not alone:
        os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    with contextlib.nullcontext() if alone else threadpool_limits(1):
        start = time.process_time()
        record = module.run(**job)
        seconds = time.process_time() - start
    return {
        "job": job,
        "record": stored_form(record),
        "seconds": round(seconds, 1),
        "versions": {package: version(package) for package in VERSIONS},
        "device": device(),
    }


def work(
    module: ModuleType, jobs: list[dict[str, Any]], cores: int = 1, cluster: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the lines of jobs as they are done, with a bar that tells the time left.

    Parameters
    ----------
    module : module
        The experiment.
    jobs : list of dict
        Done in any order.
    cores : int
        How many at once on this machine; -1 is one for each core.
    cluster : str, optional
        The address of a Dask scheduler: the jobs are done by its workers.
    """
    alone = getattr(module, "ALONE", False)
    if alone and cluster:
        raise ExperimentError(f"{file_of(module).stem} measures time: not on a cluster")
    if cluster:
        lines = on_cluster(module, jobs, cluster)
    else:
        parallel = Parallel(n_jobs=1 if alone else cores, return_as="generator_unordered")
        lines = parallel(delayed(one)(module.__name__, job) for job in jobs)
    yield from tqdm(lines, total=len(jobs), unit="job", desc=file_of(module).stem)


def on_cluster(
    module: ModuleType, jobs: list[dict[str, Any]], cluster: str
) -> Iterator[dict[str, Any]]:
    """Yield the lines of jobs as the workers of a Dask scheduler do them.

    Not through joblib: with one worker there yet, or none any more, it does all jobs here.
    """
    from distributed import Client, KilledWorker, as_completed

    # What Dask logs of a lost connection is said below, in a sentence.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(cluster, timeout="10s")
    except (OSError, ValueError) as error:
        raise ExperimentError(
            f"no Dask scheduler answers at {cluster!r} ({error}); start one with "
            "`dask scheduler`, and give the address that it prints"
        ) from error
    made_by = fingerprint.of(module)
    with client:
        try:
            futures = [
                client.submit(one_as, made_by, module.__name__, job, pure=False) for job in jobs
            ]
            for future in as_completed(futures):
                yield future.result()
        except CancelledError as error:
            raise ExperimentError(
                f"the cluster at {cluster} was lost; what was done is in the file: "
                "run it again to go on"
            ) from error
        except KilledWorker as error:
            raise ExperimentError(f"a job ended each worker that took it: {error}") from error


def one_as(made_by: dict[str, Any], name: str, job: dict[str, Any]) -> dict[str, Any]:
    """Do one job, if its experiment is here what it is for who gave the job."""
    here = fingerprint.of(importlib.import_module(name))
    if changed := fingerprint.differences(made_by, here):
        raise ExperimentError(
            f"worker on {platform.node()} has another experiment: {'; '.join(changed)}. "
            "Bring its checkout to the same commit and start it again"
        )
    return one(name, job)


def complete(
    module: ModuleType,
    cores: int = 1,
    anew: bool = False,
    folder: Path | None = None,
    cluster: str | None = None,
) -> int:
    """Do the jobs that the file of an experiment does not hold; return how many were done.

    Raises
    ------
    ExperimentError
        If the file was made with other settings or other code.
    """
    file = file_of(module, folder)
    if anew or not file.exists():
        write(file, new_head(module), [])
    head, entries, broken = read(file)
    if changed := fingerprint.differences(head, fingerprint.of(module)):
        raise ExperimentError(
            f"{file.name} was made with something else: {'; '.join(changed)}. Undo that; or, if "
            f"records stay what they are, --confirm shows it and accepts the code; or begin anew "
            f"with --anew, which forgets {len(entries)} jobs"
        )
    if broken:
        print(f"{file.name}: {broken} line was cut short; its job is done again", file=sys.stderr)
    if surplus := len(entries) - len(in_order(module, entries)):
        raise ExperimentError(
            f"{file.name} holds {surplus} jobs that are no jobs any more. Undo that, or take their "
            f"lines out of the file"
        )
    todo = missing(module, entries)
    if todo or broken:
        write(file, head, entries)
    with file.open("a", encoding="utf-8") as out:
        for entry in work(module, todo, cores, cluster):
            out.write(line(entry))
            out.flush()
            entries.append(entry)
    write(file, head, in_order(module, entries))
    return len(todo)


# ---- Other code, the same records? ---------------------------------------------------------


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of each number, text or array of a record, and its values as an array."""
    if isinstance(value, dict) and "packed" in value:
        yield path, results.unpack(value).astype(float)
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from numbers(entry, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for place, entry in enumerate(value):
            yield from numbers(entry, f"{path}[{place}]")
    elif isinstance(value, str):
        yield path, np.array([ord(letter) for letter in value], dtype=float)
    else:
        yield path, np.array(float("nan") if value is None else float(value))


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean distance of two arrays."""
    return float(np.abs(one - other).mean()) if one.size else 0.0


def unlike(stored: Any, again: Any, peers: list[Any]) -> dict[str, str]:
    """Return what of a record that was done again is farther from the stored one than from others.

    Parameters
    ----------
    stored, again : record
        What the file holds, and what the code gives now.
    peers : list of records
        Of the same job with other seeds; without any, all must be equal to six digits.

    Returns
    -------
    dict
        Name of a number or array: how far it is from what is stored, and from other seeds.
    """
    old, new = dict(numbers(stored)), dict(numbers(again))
    others = [dict(numbers(peer)) for peer in peers]
    faults = {}
    for name in {**old, **new}:
        if name not in old or name not in new or old[name].shape != new[name].shape:
            faults[name] = "is not in both, or has another shape"
            continue
        same = [other[name] for other in others if name in other]
        spreads = [apart(new[name], values) for values in same if values.shape == new[name].shape]
        distance, allowed = apart(old[name], new[name]), max(spreads, default=0.0)
        # Sums in another order move the last digits.
        if not distance <= max(allowed, 1e-6 * apart(old[name], 0 * old[name])):
            faults[name] = f"differs by {distance:.3g}, from other seeds by {allowed:.3g} at most"
    return faults


def confirm(module: ModuleType, count: int, folder: Path | None = None) -> list[str]:
    """Do some jobs again and compare; code that has changed and gives the same is accepted.

    Code that has not changed must give what is stored, or what differs from it no more than other
    seeds do: another machine moves the last digits, and training makes more of them. Code that has
    changed must give, on this machine and to the last digit, what the code gives that the file was
    committed with. Code that only `shared` reaches makes no record: no job is done again for it.

    Returns
    -------
    list of str
        A line for each job.

    Raises
    ------
    ExperimentError
        If a record or a setting differs.
    """
    file = file_of(module, folder)
    head, entries, _ = read(file)
    now = fingerprint.of(module)
    if changed := fingerprint.differences({**head, "code": {}}, {**now, "code": {}}):
        raise ExperimentError(f"{file.name}: {'; '.join(changed)}: other settings, other records")
    same = head["code"] == now["code"]
    if not same and fingerprint.of(module, ("run",))["code"].items() <= head["code"].items():
        count = 0
    places = np.unique(np.linspace(0, len(entries) - 1, min(count, len(entries))).astype(int))
    chosen = [entries[place] for place in places]
    jobs = [entry["job"] for entry in chosen]
    again = sorted(work(module, jobs, 1), key=lambda entry: jobs.index(entry["job"]))
    if same:
        return [
            _beside_stored(one, stored, entries) for one, stored in zip(again, chosen, strict=True)
        ]
    with committed(file) as tree:
        before = [_in_tree(tree, module, job) for job in jobs]
    for one, other in zip(again, before, strict=True):
        after, then = (_without_clock(entry["record"]) for entry in (one, other))
        if after != then:
            names = ", ".join(unlike(then, after, []))
            raise ExperimentError(f"{one['job']}: the changed code gives other records: {names}")
    if unlike(head["shared"], stored_form(getattr(module, "shared", dict)()), []):
        raise ExperimentError(f"{file.name}: what the jobs share is not what it was")
    write(file, {**now, "shared": head["shared"]}, in_order(module, entries))
    return [f"{job}: old and new code give the same" for job in jobs] or [
        "what changed makes no record; what the jobs share is the same"
    ]


def _without_clock(record: Any) -> Any:
    """Return a record without what is something else each time."""
    if isinstance(record, list):
        return [_without_clock(entry) for entry in record]
    return {name: value for name, value in record.items() if not name.endswith(CLOCK)}


def _kind(job: dict[str, Any]) -> dict[str, Any]:
    """Return what of a job is no matter of chance."""
    return {name: value for name, value in job.items() if name not in CHANCE}


def _beside_stored(again: dict[str, Any], stored: dict[str, Any], entries: list[Any]) -> str:
    """Say how near a record is to the stored one; raise if other seeds are nearer."""
    job = stored["job"]
    after, then = (_without_clock(entry["record"]) for entry in (again, stored))
    if after == then:
        return f"{job}: equal"
    peers = [e["record"] for e in entries if _kind(e["job"]) == _kind(job) and e != stored]
    if faults := unlike(then, after, peers):
        details = "; ".join(f"{name} {how}" for name, how in list(faults.items())[:5])
        raise ExperimentError(f"{job}: another record: {details}")
    return f"{job}: within the spread of seeds"


@contextlib.contextmanager
def committed(file: Path) -> Iterator[Path]:
    """Lend a copy of the project as it was when a file was last committed."""
    git = ["git", "-C", str(file.parent)]
    commit = subprocess.check_output([*git, "log", "-1", "--format=%H", "--", file.name], text=True)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        add = [*git, "worktree", "add", "--quiet", "--detach", str(tree), commit.strip()]
        subprocess.run(add, check=True)
        try:
            yield tree
        finally:
            subprocess.run([*git, "worktree", "remove", "--force", str(tree)], check=True)


def _in_tree(tree: Path, module: ModuleType, job: dict[str, Any]) -> dict[str, Any]:
    """Do a job with the code of another copy of the project."""
    code = "import sys, json; from experiments import engine; "
    code += "print(engine.line(engine.one(sys.argv[1], json.loads(sys.argv[2]))))"
    command = [sys.executable, "-c", code, module.__name__, json.dumps(job)]
    return json.loads(subprocess.check_output(command, cwd=tree, text=True).splitlines()[-2])


def state(module: ModuleType, folder: Path | None = None) -> str:
    """Return in words how much of an experiment is there."""
    file, count = file_of(module, folder), len(jobs_of(module))
    if not file.exists():
        return f"none of {count} jobs"
    try:
        head, entries, broken = read(file)
    except ExperimentError as error:
        return str(error)
    changed = fingerprint.differences(head, fingerprint.of(module))
    surplus = len(entries) - len(in_order(module, entries))
    text = f"{count - len(missing(module, entries))} of {count} jobs"
    text += f", {surplus} that are no jobs any more" if surplus else ""
    text += f", {broken} line cut short" if broken else ""
    return text + (f"; made with something else: {'; '.join(changed)}" if changed else "")


def main(arguments: list[str]) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument("name", nargs="?", help="the experiment; without it, list all")
    parser.add_argument(
        "--cores", type=int, default=1, metavar="N", help="jobs at once; -1: all cores"
    )
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="give the jobs to the workers of a Dask scheduler"
    )
    parser.add_argument("--anew", action="store_true", help="forget the stored runs, begin again")
    parser.add_argument(
        "--confirm",
        type=int,
        nargs="?",
        const=3,
        metavar="K",
        help="do K jobs again (3 if not said) and compare; accept changed code that gives the same",
    )
    options = parser.parse_args(arguments)
    try:
        if options.name is None:
            for name in names():
                print(f"{name:32} {state(module_of(name))}")
            return 0
        module = module_of(options.name)
        if options.confirm:
            print("\n".join(confirm(module, options.confirm)))
            return 0
        done = complete(module, options.cores, options.anew, cluster=options.cluster)
        print(f"{file_of(module).name}: {done} jobs done, {state(module)}")
    except ExperimentError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0
