"""A class at once on a hub: what was measured is on the page; lost work is seen. (`make room`)"""

import json

import nbformat
import pytest

from tools import room
from tools.editions import lessons
from tools.notebooks import LESSONS, read

RECORDS = json.loads(room.RESULTS.read_text(encoding="utf-8"))


def test_the_page_shows_what_was_measured():
    assert room.BLOCK.findall(room.PAGE.read_text(encoding="utf-8")) == [room.table(RECORDS)]


def test_nobody_lost_anything():
    for record in RECORDS:
        assert record["lost"] == record["errors"] == []
        assert record["corrected"] == record["students"]


@pytest.fixture
def handed_in(tmp_path):
    """Return a lesson as a student saves it, and where to write it."""
    notebook = lessons.student(read(LESSONS / "pooling.ipynb"), "pooling")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = 1
    exercise = notebook.cells[room.exercise_cell(notebook)]
    assert exercise.source.endswith("...") or "return None" in exercise.source
    exercise.source += f"\n\n{room.MARK.format(name='ann')}"
    return notebook, tmp_path / "pooling.ipynb"


def test_work_that_is_whole_is_not_called_lost(handed_in):
    nbformat.write(*handed_in)
    assert room.lost(handed_in[1], "ann") == []


def test_work_that_is_lost_is_seen(handed_in):
    notebook, path = handed_in
    assert room.lost(path, "ann") == ["ann: no notebook (FileNotFoundError)"]
    path.write_text('{"cells": [<<<<<<< HEAD', encoding="utf-8")
    assert room.lost(path, "ann") == ["ann: no notebook (NotJSONError)"]
    nbformat.write(notebook, path)
    assert room.lost(path, "bob") == ["bob: what was written is not there"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    code[2].execution_count = None
    nbformat.write(notebook, path)
    assert room.lost(path, "ann") == [f"ann: 1 of {len(code)} cells have no result"]
