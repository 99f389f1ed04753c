"""Files of experiments have one form, and are written whole or not at all."""

import json

import numpy as np
import pytest

from tools import (
    explanations,
    results,
)
from tools.notebooks import LESSONS

FILES = sorted(LESSONS.glob("results/*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_stored_file_has_the_form_that_commands_write(file):
    stored = file.read_text(encoding="utf-8")
    assert stored == results.text(json.loads(stored))


def test_each_run_begins_a_line_and_arrays_are_lists(tmp_path):
    file = tmp_path / "new" / "results.json"
    runs = [{"seed": 0, "scores": np.arange(2)}, {"seed": 1, "scores": np.zeros(0)}]
    results.write({"steps": [1, 2], "runs": runs, "second_runs": []}, file)
    assert file.read_text(encoding="utf-8").splitlines() == [
        '{"steps":[1,2],"runs":[',
        '{"seed":0,"scores":[0,1]},',
        '{"seed":1,"scores":[]}],"second_runs":[]}',
    ]
    assert list(file.parent.iterdir()) == [file]
    assert results.read(file)["runs"][0] == {"seed": 0, "scores": [0, 1]}


def test_no_file_is_no_results(tmp_path):
    assert results.read(tmp_path / "none.json") == {}


def test_an_interruption_leaves_the_file_before(tmp_path, monkeypatch):
    file = tmp_path / "results.json"
    results.write({"runs": [{"seed": 0}]}, file)
    before = file.read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(results.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        results.write({"runs": [{"seed": 0}, {"seed": 1}]}, file)
    assert file.read_bytes() == before


def test_runs_that_are_missing_are_made_and_written_one_by_one(tmp_path):
    file, asked = tmp_path / "results.json", []

    def judge(kind, seed):
        asked.append((kind, seed))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return {"kind": kind, "seed": seed, "auc": 0.5}

    jobs = [(kind, seed) for kind in "ab" for seed in range(2)]
    found = {"runs": [], "second_runs": [{"kind": "b", "seed": 1}]}
    with pytest.raises(KeyboardInterrupt):
        results.complete(found, file, iter(jobs), ["kind", "seed"], judge)
    assert [run["seed"] for run in results.read(file)["runs"]] == [0, 1]
    results.complete(results.read(file), file, iter(jobs), ["kind", "seed"], judge)
    assert asked == [*jobs[:3], *jobs[2:]]
    results.complete(results.read(file), file, jobs, ["kind", "seed"], judge, "second_runs")
    assert len(results.read(file)["runs"]) == len(results.read(file)["second_runs"]) == 4
    assert asked[-3:] == jobs[:3]


# Each command, and its function that does one run.
COMMANDS = {
    explanations: "timed",
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_what_a_file_holds_is_not_made_again(command, tmp_path, monkeypatch):
    stored = command.RESULTS.read_bytes()
    file = tmp_path / "results.json"
    file.write_bytes(stored)
    monkeypatch.setattr(command, "RESULTS", file)
    monkeypatch.setattr(command, "load", lambda *_, **__: None, raising=False)
    monkeypatch.setattr(command, COMMANDS[command], lambda *_: pytest.fail("made again"))
    monkeypatch.setattr("sys.argv", [command.__name__])
    assert command.main() == 0
    assert file.read_bytes() == stored
