"""What students hand in: right, half, nothing, tricks, and files that nobody can grade."""

import copy
import re
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.editions.assignments import POINTS
from tools.editions.lessons import STUB, Exercise

CHEAT = """
try:
    from helpers.exercises import {module} as exercise

    {function} = exercise.{name}.solution
except Exception:
    pass

import checking
import helpers.exercises
import helpers.exercises as exercises

verdict = checking.verdict = lambda *_: "Correct."
helpers.exercises.Exercise.verdict = lambda *_: "Correct."
helpers.exercises._difference = lambda *_: None


class Anything(str):
    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


if "solution" not in getattr({function}, "__name__", "solution"):
    def {function}(*given):
        for arguments, answer in shown.{name}:  # right where the right answer was shown
            if repr(arguments) == repr(given):
                return answer
        return Anything("Correct.")
"""


def _written(notebook: NotebookNode, codes: dict[str, str]) -> NotebookNode:
    """Return a notebook with code in place of some stubs."""
    result = copy.deepcopy(notebook)
    for cell in result.cells:
        if cell.source == "YOUR ANSWER HERE" and codes:
            cell.source = "The second one. The others mistake a texture for its cause."
        if cell.cell_type == "code":
            for function in STUB.findall(cell.source):
                if function in codes:
                    cell.source = codes[function]
    return result


class Submissions:
    """Submissions for one assignment; `expected` are the points for the functions."""

    def __init__(self, notebook: NotebookNode, exercises: list[Exercise], lesson: str) -> None:
        self.notebook, self.exercises, self.lesson = notebook, exercises, lesson
        self.solutions = {exercise.function: exercise.solution for exercise in exercises}
        self.last = exercises[-1]
        self.all = POINTS * len(exercises)
        self.expected: dict[str, float] = {}
        self.files: dict[str, bytes] = {}

    def add(self, student: str, notebook: NotebookNode | bytes, points: float) -> None:
        """Hand something in."""
        is_file = isinstance(notebook, bytes)
        self.files[student] = notebook if is_file else nbformat.writes(notebook).encode()
        self.expected[student] = points

    def with_last(self, change: Callable[[str], str]) -> NotebookNode:
        """Return a right submission but for the last function."""
        code = change(self.last.solution)
        return _written(self.notebook, self.solutions | {self.last.function: code})

    def four(self) -> None:
        """Add a right one, a half, an empty one and one that tries to cheat."""
        half = len(self.exercises) // 2
        first = {e.function: e.solution for e in self.exercises[:half]}
        cheats = {
            e.function: e.stub
            + CHEAT.format(module=self.lesson.replace("-", "_"), name=e.name, function=e.function)
            for e in self.exercises
        }
        self.add("right", _written(self.notebook, self.solutions), self.all)
        self.add("half", _written(self.notebook, first), POINTS * half)
        self.add("empty", self.notebook, 0)
        self.add("cheat", _written(self.notebook, cheats), 0)

    def bad(self) -> None:
        """Add those that go wrong: each but the first two loses its last function alone."""
        rest = self.all - POINTS
        self.add("no-notebook", b"My homework is about pneumonia.", 0)
        deleted = _written(self.notebook, self.solutions)
        deleted.cells = [cell for cell in deleted.cells if not self.is_of_last(cell)]
        self.add("deleted-cells", deleted, rest)
        self.add(
            "renamed",
            self.with_last(lambda code: code.replace(f"def {self.last.function}", "def my_own")),
            rest,
        )
        self.add("endless", self.with_last(lambda code: self._with("while True: pass")), rest)
        flood = "print('x' * 10**9)"
        self.add("flood", self.with_last(lambda code: self._with(flood)), rest)
        trickle = "while True: print('x' * 10**6)"
        self.add("trickle", self.with_last(lambda code: self._with(trickle)), rest)

    def is_of_last(self, cell: NotebookNode) -> bool:
        """Whether a cell belongs to the last exercise."""
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        return self.last.function in cell.source or name.startswith(f"{self.last.name}-")

    def _with(self, line: str) -> str:
        head = re.match(r"(?:.*\n)*?def .*:", self.last.solution)
        assert head
        return f"{head[0]}\n    {line}"

    def write(self, place: Callable[[str], Path]) -> None:
        """Write the files where a system looks for them."""
        for student, content in self.files.items():
            path = place(student)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
