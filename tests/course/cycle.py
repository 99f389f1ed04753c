"""Two lessons in nbgrader and in Otter: generate, hand in, grade, exact points. `make grading`."""

import csv
import os
import re
import shutil
import subprocess

import nbformat
import pytest

from tests.course.submissions import Submissions
from tools.editions import assignments
from tools.notebooks import LESSONS, ROOT

PROGRAMS = ROOT / ".venv-course" / "bin"
LESSON, OTHER = "convolution", "chest-xrays"  # the first one is handed in badly, too
BOOK = "as in the book, but for names: "
SENTENCES = {
    "right": BOOK,
    "half": BOOK,
    "empty": "^(a question waits to be graded by hand)?$",
    "cheat": r"worth a look: .*\bhelpers\b",
    "no-notebook": "^no-notebook.ipynb is no notebook$|^convolution.ipynb is no notebook$",
    "deleted-cells": r"not defined: my_step; deleted, or renamed\?",
    "renamed": r"not defined: my_step; deleted, or renamed\?",
    "endless": r"stopped: more than 20 seconds; does a loop not end\?",
    "flood": "stopped: more than 1,000,000 characters of output",
    "trickle": "stopped: more than 1,000,000 characters of output",
    "other-name": r"^there is no convolution\.ipynb; there is mine\.ipynb$",
}


def course(command, folder):
    """Run a program of the course's environment."""
    settings = {"PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "SECONDS_PER_CELL": "20"}
    run = subprocess.run(
        command, cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]
    return run.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write the sources of both assignments."""
    folder = tmp_path_factory.mktemp("course")
    assignments.write([LESSONS / f"{name}.ipynb" for name in (LESSON, OTHER)], folder, "a seed")
    return folder


def exercises_of(lesson):
    """Return the exercises of an assignment: those that the page of the weeks names."""
    return assignments.Parts(LESSONS / f"{lesson}.ipynb", "").exercises


def handed_in(lesson, release):
    """Return the submissions for an assignment as students got it."""
    submissions = Submissions(nbformat.read(release, 4), exercises_of(lesson), lesson)
    submissions.four()
    if lesson == LESSON:
        submissions.bad()
    return submissions


def grades(path, lesson):
    """Return the rows of one assignment by student."""
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["assignment"] == lesson]
    assert len({row["student"] for row in rows}) == len(rows)
    return {row["student"]: row for row in rows}


def check(given, submissions, most):
    assert {name: float(row["points"]) for name, row in given.items()} == submissions.expected
    assert {float(row["of"]) for row in given.values()} == {most}
    for name, row in given.items():
        assert re.search(SENTENCES[name], row["remark"]), (name, row["remark"])


@pytest.mark.parametrize("lesson", [LESSON, OTHER])
def test_nbgrader(folder, lesson):
    place = folder / "nbgrader"
    course([PROGRAMS / "nbgrader", "generate_assignment", lesson], place)
    release = place / "release" / lesson / f"{lesson}.ipynb"
    submissions = handed_in(lesson, release)
    submissions.write(lambda name: place / "submitted" / name / lesson / f"{lesson}.ipynb")
    if lesson == LESSON:
        strange = place / "submitted" / "other-name" / lesson
        strange.mkdir(parents=True)
        shutil.copy(release, strange / "mine.ipynb")
        submissions.expected["other-name"] = 0
    course([PROGRAMS / "python", folder / "grade.py", "nbgrader", place, lesson], folder)
    check(
        grades(place / "grades.csv", lesson),
        submissions,
        submissions.all + assignments.BY_HAND_POINTS,
    )
    for name in ("right", "cheat", "half"):
        feedback = place / "feedback" / name / lesson / f"{lesson}.html"
        assert "hidden" in feedback.read_text(encoding="utf-8")
    # By hand: what is written is there to be read, and waits.
    row = grades(place / "grades.csv", lesson)["right"]
    assert "waits to be graded by hand" in row["remark"]


BY_HAND = """
import sys
from nbgrader.api import Gradebook

with Gradebook(f"sqlite:///{sys.argv[1]}/gradebook.db") as book:
    (notebook,) = book.find_submission(sys.argv[2], "right").notebooks
    (answer,) = [grade for grade in notebook.grades if grade.needs_manual_grade]
    answer.manual_score, answer.needs_manual_grade = 7, False
    book.db.commit()
"""


def test_points_by_hand_stay_when_it_is_graded_again(folder):
    place = folder / "nbgrader"
    course([PROGRAMS / "python", "-c", BY_HAND, place, OTHER], folder)
    course([PROGRAMS / "python", folder / "grade.py", "nbgrader", place, OTHER], folder)
    # The list of the first lesson is still there.
    assert len(grades(place / "grades.csv", LESSON)) > 8
    rows = grades(place / "grades.csv", OTHER)
    assert float(rows["right"]["points"]) == assignments.POINTS * len(exercises_of(OTHER)) + 7
    assert "by hand" not in rows["right"]["remark"] and "by hand" in rows["half"]["remark"]


@pytest.mark.parametrize("lesson", [LESSON, OTHER])
def test_otter(folder, lesson):
    place = folder / "otter" / lesson
    course([PROGRAMS / "otter", "assign", f"{lesson}.ipynb", "dist"], place)
    submissions = handed_in(lesson, place / "dist" / "student" / f"{lesson}.ipynb")
    submissions.write(lambda name: place / "submissions" / f"{name}.ipynb")
    grade = [PROGRAMS / "python", folder / "grade.py"]
    course([*grade, "otter", place / "dist", place / "submissions"], folder)
    check(grades(place / "submissions" / "grades.csv", lesson), submissions, submissions.all)
    results = place / "submissions" / "results"
    assert "2 of 2. " in (results / "right" / "feedback.txt").read_text(encoding="utf-8")


def test_students_get_no_solution(folder):
    """Nor does the folder in which their work runs hold one."""
    for lesson in (LESSON, OTHER):
        given = [
            *(folder / "nbgrader" / "release" / lesson).rglob("*"),
            *(folder / "otter" / lesson / "dist" / "student").rglob("*"),
        ]
        texts = [path.read_text(encoding="utf-8") for path in given if path.is_file()]
        assert len(texts) >= 8
        for exercise in exercises_of(lesson):
            (body,) = re.findall(r"(?s)\n( {4}.+)", exercise.solution)
            assert not any(body in text for text in texts)
            assert not any("hidden = [" in text for text in texts)
