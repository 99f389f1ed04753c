"""Each experiment and its file; the engine that runs them; what it refuses."""

import importlib
import json
import linecache
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from experiments import engine, fingerprint
from helpers import results
from tests import mutants
from tools.notebooks import ROOT, lesson_paths

NAMES = engine.names()
each = pytest.mark.parametrize("name", NAMES)


# ---- Every experiment ----------------------------------------------------------------------


@each
def test_file_is_made_by_its_module(name):
    """Settings and code are those that made the records: else do them again, or `--confirm`."""
    module = engine.module_of(name)
    head, _, broken = engine.read(engine.file_of(module))
    assert fingerprint.differences(head, fingerprint.of(module)) == []
    assert broken == 0


@each
def test_file_holds_each_job_once_in_order(name):
    module = engine.module_of(name)
    _, entries, _ = engine.read(engine.file_of(module))
    assert [entry["job"] for entry in entries] == engine.jobs_of(module)


@each
def test_file_is_in_the_form_that_the_engine_writes(name):
    file = engine.file_of(engine.module_of(name))
    head, entries, _ = engine.read(file)
    assert file.read_text(encoding="utf-8") == "".join(map(engine.line, [head, *entries]))
    assert file.stat().st_size < 500_000
    for entry in entries:
        assert set(entry) == {"job", "record", "seconds", "versions", "device"}
        assert "keras" in entry["versions"] and entry["device"]


@each
def test_results_are_what_is_claimed(name):
    engine.module_of(name).check(results.load(name.replace("_", "-")))


@each
def test_no_change_of_a_setting_or_a_line_survives(name):
    counts, alive = mutants.survivors(name)
    assert counts["setting"] >= 1 and counts["line"] >= 5
    assert alive == []


def test_one_name_for_lesson_experiment_and_file():
    lessons = [path.stem for path in lesson_paths()]
    for name in NAMES:
        slug = name.replace("_", "-")
        assert any(slug == lesson or slug.startswith(f"{lesson}-") for lesson in lessons), slug
    files = {file.name for file in results.FOLDER.iterdir()}
    assert files == {f"{name.replace('_', '-')}.jsonl" for name in NAMES}


# ---- The engine, with a small experiment ---------------------------------------------------

SMALL = """
import os
import pathlib
import time
from experiments.common import grid
from helpers import evaluation, phantoms
from helpers.results import pack

SCALE = {scale}
SEEDS = range({seeds})
USED_BY_NOBODY = {unused}


def jobs():
    return grid(kind=("a", "b"), seed=SEEDS)


def twice(x):
    "Return 2 x."
    return {two} * x


def run(kind, seed):
    # {comment}
    if os.environ.get("STOP_AT") == f"{{kind}}{{seed}}":
        raise KeyboardInterrupt
    log = pathlib.Path(os.environ["LOG"])
    if (deadly := log.with_name("deadly")).exists():
        deadly.unlink()
        os._exit(1)
    if log.with_name("slow").exists():
        log.with_name("begun").touch()
        time.sleep(20)
    with open(os.environ["LOG"], "a") as log:
        print(kind, seed, file=log if phantoms.SPOTS else None)
    value = twice(seed) * SCALE
    return {{"value": value, "scores": pack([0.5, seed]), "milliseconds": time.perf_counter()}}


def shared():
    return {{"baseline": {shared} * round(evaluation.majority_baseline([0, 1, 1], [1, 1]), 2)}}
"""


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Return a function that makes the small experiment, with changes, as a module."""
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(fingerprint, "FOLLOWED", ("experiments", "helpers", "small"))
    settings = {"scale": 10, "seeds": 2, "unused": 1, "two": 2, "shared": 1, "comment": "as it is"}

    def make(**changes) -> ModuleType:
        source = SMALL.format(**{**settings, **changes})
        (tmp_path / "small.py").write_text(source, encoding="utf-8")
        sys.modules.pop("small", None)
        importlib.invalidate_caches()
        linecache.clearcache()
        return importlib.import_module("small")

    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    yield make
    sys.dont_write_bytecode = before
    sys.modules.pop("small", None)


def done(tmp_path):
    return (tmp_path / "log").read_text().split("\n")[:-1]


def test_jobs_are_done_once_and_read_back(small, tmp_path):
    module = small()
    assert engine.complete(module, folder=tmp_path) == 4
    assert engine.complete(module, folder=tmp_path) == 0
    assert done(tmp_path) == ["a 0", "a 1", "b 0", "b 1"]
    runs = results.load("small", tmp_path)
    assert runs.shared == {"baseline": 1.0}
    assert runs.settings == {"SCALE": 10}
    assert runs.where(kind="b").array("value").tolist() == [0, 20]
    assert runs.where(seed=1).array("scores").tolist() == [[0.5, 1], [0.5, 1]]
    assert {"seconds", "versions", "device"} <= set(runs[0])


def test_a_stopped_run_goes_on_and_more_seeds_are_added(small, tmp_path, monkeypatch):
    monkeypatch.setenv("STOP_AT", "b0")
    with pytest.raises(KeyboardInterrupt):
        engine.complete(small(), folder=tmp_path)
    assert "2 of 4 jobs" in engine.state(small(), tmp_path)
    monkeypatch.delenv("STOP_AT")
    engine.complete(small(), folder=tmp_path)
    assert engine.complete(small(seeds=3), folder=tmp_path) == 2
    assert done(tmp_path) == ["a 0", "a 1", "b 0", "b 1", "a 2", "b 2"]
    # Whatever the order of the work, the file is in the order of the jobs.
    assert [run["seed"] for run in results.load("small", tmp_path)] == [0, 1, 2, 0, 1, 2]


def test_jobs_that_are_no_more_are_not_dropped_in_silence(small, tmp_path):
    engine.complete(small(), folder=tmp_path)
    before = (tmp_path / "small.jsonl").read_bytes()
    with pytest.raises(engine.ExperimentError, match="2 jobs that are no jobs any more"):
        engine.complete(small(seeds=1), folder=tmp_path)
    assert "2 that are no jobs" in engine.state(small(seeds=1), tmp_path)
    assert (tmp_path / "small.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scale": 11}, "SCALE was 10, is 11"),
        ({"two": 3}, "the code of small.twice"),
    ],
)
def test_other_settings_and_other_code_are_refused(small, tmp_path, change, said):
    engine.complete(small(), folder=tmp_path)
    before = (tmp_path / "small.jsonl").read_bytes()
    with pytest.raises(engine.ExperimentError, match=said) as refusal:
        engine.complete(small(**change), folder=tmp_path)
    assert "--anew" in str(refusal.value) and "--confirm" in str(refusal.value)
    assert said in engine.state(small(**change), tmp_path)
    assert (tmp_path / "small.jsonl").read_bytes() == before
    engine.complete(small(**change), anew=True, folder=tmp_path)
    assert results.load("small", tmp_path).where(kind="a", seed=1)[0]["value"] != 20


@pytest.mark.parametrize("change", [{"comment": "other words"}, {"unused": 2}])
def test_comments_and_what_no_record_depends_on_are_no_change(small, tmp_path, change):
    engine.complete(small(), folder=tmp_path)
    assert engine.complete(small(**change), folder=tmp_path) == 0


@pytest.fixture
def repository(small, tmp_path, monkeypatch):
    """The small experiment with its file, committed; its copies are found by their folder."""
    (tmp_path / "small.py").write_text("", encoding="utf-8")
    engine.complete(small(), folder=tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "--quiet"], ["add", "small.py", "small.jsonl"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    return small


def test_other_code_that_gives_the_same_can_be_confirmed(repository, tmp_path):
    other = repository(two="(1 + 1)")
    with pytest.raises(engine.ExperimentError, match="small.twice"):
        engine.complete(other, folder=tmp_path)
    assert len(engine.confirm(other, 2, folder=tmp_path)) == 2
    assert engine.complete(other, folder=tmp_path) == 0


def test_no_job_is_done_again_for_code_of_what_they_share(repository, tmp_path):
    before = done(tmp_path)
    with pytest.raises(engine.ExperimentError, match="what the jobs share is not what it was"):
        engine.confirm(repository(shared="0.5"), 4, folder=tmp_path)
    other = repository(shared="(1 + 0)")
    assert len(engine.confirm(other, 4, folder=tmp_path)) == 1
    assert engine.complete(other, folder=tmp_path) == 0 and done(tmp_path) == before


def test_other_code_that_gives_something_else_can_not(repository, tmp_path):
    before = (tmp_path / "small.jsonl").read_bytes()
    with pytest.raises(engine.ExperimentError, match="other records: value"):
        engine.confirm(repository(two="2.01"), 4, folder=tmp_path)
    with pytest.raises(engine.ExperimentError, match="other settings"):
        engine.confirm(repository(scale="20"), 4, folder=tmp_path)
    assert (tmp_path / "small.jsonl").read_bytes() == before


def test_the_same_code_must_give_what_is_stored(small, tmp_path):
    engine.complete(small(), folder=tmp_path)
    assert all(line.endswith("equal") for line in engine.confirm(small(), 4, folder=tmp_path))
    file = tmp_path / "small.jsonl"
    file.write_text(file.read_text().replace('"value":20', '"value":90'), encoding="utf-8")
    with pytest.raises(engine.ExperimentError, match="another record: value differs by 70"):
        engine.confirm(small(), 4, folder=tmp_path)


def test_code_of_helpers_counts(small):
    code = fingerprint.of(small())["code"]
    assert {"small.run", "small.twice", "helpers.results.pack"} <= set(code)
    assert "helpers.evaluation.majority_baseline" in code
    # A constant that a package offers, made in one of its files.
    assert "helpers.phantoms.SPOTS" in code


def test_a_line_that_was_cut_short_is_noticed_and_done_again(small, tmp_path, capsys):
    engine.complete(small(), folder=tmp_path)
    file = tmp_path / "small.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    with pytest.raises(ValueError, match="line 5, was cut short"):
        results.load("small", tmp_path)
    assert engine.complete(small(), folder=tmp_path) == 1
    assert "cut short" in capsys.readouterr().err
    assert done(tmp_path)[-1] == "b 1"
    assert len(results.load("small", tmp_path)) == 4


def test_several_cores_give_the_same_records(small, tmp_path, monkeypatch):
    """In processes of their own, which see what is on the path."""
    folders = [tmp_path / "one", tmp_path / "two"]
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    for cores, folder in enumerate(folders, start=1):
        engine.complete(small(), cores=cores, folder=folder)
    one, two = (results.load("small", folder) for folder in folders)
    assert [run["value"] for run in one] == [run["value"] for run in two]
    assert sorted(done(tmp_path)[:4]) == sorted(done(tmp_path)[4:])


# ---- On a cluster --------------------------------------------------------------------------


@pytest.fixture
def cluster(small, tmp_path, monkeypatch):
    """Start a Dask scheduler with two workers, as other machines would; give its address."""
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    # What the fixture `small` does to this process.
    code = "from experiments import fingerprint\nfingerprint.FOLLOWED += ('small',)\n"
    (tmp_path / "sitecustomize.py").write_text(code, encoding="utf-8")
    small()
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    where = ["--scheduler-file", str(file), "--no-dashboard"]
    dask = [str(Path(sys.executable).with_name("dask"))]
    local = ["--host", "127.0.0.1"]
    scheduler = subprocess.Popen([*dask, "scheduler", *local, "--port", "0", *where], **quiet)
    two = ["--nworkers", "2", "--nthreads", "1"]
    workers = subprocess.Popen([*dask, "worker", *local, *two, *where], **quiet)
    while not file.exists():
        assert scheduler.poll() is None
        time.sleep(0.1)
    yield SimpleNamespace(address=json.loads(file.read_text())["address"], scheduler=scheduler)
    for process in (workers, scheduler):
        process.kill()
        process.wait()


def test_a_cluster_gives_the_same_records(small, tmp_path, cluster, monkeypatch):
    """One of its workers is killed in the middle of a job: nothing is lost, nothing twice."""
    engine.complete(small(), folder=tmp_path / "here")
    (tmp_path / "log").unlink()
    (tmp_path / "deadly").touch()
    assert engine.complete(small(), folder=tmp_path / "there", cluster=cluster.address) == 4
    assert not (tmp_path / "deadly").exists()
    here, there = (results.load("small", tmp_path / folder) for folder in ("here", "there"))
    assert [run["value"] for run in here] == [run["value"] for run in there]
    assert sorted(done(tmp_path)) == ["a 0", "a 1", "b 0", "b 1"]
    # A worker with another experiment is refused, and nothing is written.
    with pytest.raises(engine.ExperimentError, match="has another experiment: the code of small"):
        engine.complete(small(two=3), anew=True, folder=tmp_path / "there", cluster=cluster.address)
    assert len(results.load("small", tmp_path / "there")) == 0


def test_a_cluster_that_is_lost_leaves_what_was_done(small, tmp_path, cluster, monkeypatch):
    engine.complete(small(seeds=1), folder=tmp_path, cluster=cluster.address)
    (tmp_path / "slow").touch()

    def kill_when_begun():
        while (tmp_path / "slow").exists() and not (tmp_path / "begun").exists():
            time.sleep(0.1)
        cluster.scheduler.kill()

    threading.Thread(target=kill_when_begun).start()
    with pytest.raises(engine.ExperimentError, match="was lost; what was done is in the file"):
        engine.complete(small(), folder=tmp_path, cluster=cluster.address)
    (tmp_path / "slow").unlink()
    assert engine.complete(small(), folder=tmp_path) == 2
    assert len(results.load("small", tmp_path)) == 4


def test_no_cluster_there(small, tmp_path):
    with pytest.raises(engine.ExperimentError, match="no Dask scheduler answers at 'nowhere:1'"):
        engine.complete(small(), folder=tmp_path, cluster="nowhere:1")


def test_an_interruption_leaves_the_file_before(small, tmp_path, monkeypatch):
    engine.complete(small(), folder=tmp_path)
    before = (tmp_path / "small.jsonl").read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(engine.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.write(tmp_path / "small.jsonl", {"code": {}}, [])
    assert (tmp_path / "small.jsonl").read_bytes() == before


def test_nan_and_floats_without_a_step_are_refused():
    with pytest.raises(ValueError):
        engine.line({"auc": float("nan")})
    with pytest.raises(TypeError, match="pack"):
        engine.line({"scores": np.array([0.5])})


def test_a_setting_that_is_no_data_is_refused():
    with pytest.raises(TypeError, match="no data"):
        fingerprint.plain({"relu": lambda x: x})


def test_no_such_experiment(capsys):
    assert engine.main(["too-litle-data"]) == 2
    assert "there are" in capsys.readouterr().err


def test_records_within_the_spread_of_seeds():
    stored, other = {"auc": 0.90}, {"auc": 0.92}
    assert engine.unlike(stored, {"auc": 0.91}, [other]) == {}
    assert "auc" in engine.unlike(stored, {"auc": 0.93}, [other])
    assert "auc" in engine.unlike(stored, {"auc": 0.9001}, [])
    assert "loss" in engine.unlike(stored, {"auc": 0.9, "loss": 1}, [other])


# ---- The reader ----------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_an_error(small, tmp_path):
    engine.complete(small(), folder=tmp_path)
    with pytest.raises(FileNotFoundError, match="there are small"):
        results.load("tiny", tmp_path)


def test_packed_arrays_come_back():
    values = np.random.default_rng(0).normal(0, 20, (3, 5))
    stored = json.loads(json.dumps(results.pack(values)))
    assert np.array_equal(results.unpack(stored), values.round(2))
