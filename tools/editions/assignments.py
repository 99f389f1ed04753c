"""Assignments made from the exercises of a lesson, for nbgrader and for Otter.

A student sees the task, a stub, and the inputs of the checker with the right answers. The points
hang on hidden tests: other inputs, drawn from a seed that only the teacher knows. The answers stand
in the tests as numbers; neither the assignment nor the folder it runs in holds a solution.
"""

import functools
import importlib
import inspect
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import numpy as np
from nbformat import NotebookNode

import helpers.exercises
from helpers.exercises import CORRECT
from helpers.exercises import Exercise as Checker
from tools.editions import checking, lessons
from tools.editions.fresh import FRESH
from tools.notebooks import ROOT, read

POINTS, BY_HAND_POINTS = 2, 8  # for each exercise; for the question that a person grades
LEAST, MOST = 6, 400  # hidden inputs; draws until every typical mistake is seen
HERE = Path(__file__).parent
GRADING = HERE / "grading"
PAGE = ROOT / "book" / "teaching" / "assignments.md"

INTRODUCTION = """\
# Assignment: {title}

{count} functions to write, {points} points each{by_hand}.
Write where it says so; leave the other cells as they are.

The cell below each function tries it on a few inputs.
The points hang on other inputs of the same kind.
Each function stands for itself: what it needs, it imports or computes. NumPy is there, as `np`.

From the lesson [{title}]({address}).
"""
BY_HAND = f", and one question, {BY_HAND_POINTS} points"
SET_UP = """\
import numpy as np

import shown
from checking import verdict"""
TRY = "print(verdict({function}, shown.{name}))  # {count} inputs with the right answers"
# Whatever a cell above has put in its place, the file beside the notebook is read again.
HIDDEN = """\
import sys

for name in [n for n in sys.modules if n.split(".")[0] in ("checking", "helpers")]:
    del sys.modules[name]
from checking import verdict

hidden = {cases}
said = verdict({function}, hidden)
assert said == "Correct.", said"""
QUESTION = """\
**In your own words**, on a page at most. {text}

Say what follows, by which calculation, cell or passage, and when it would not hold, so that a
fellow student could repeat it: two points each."""
REMARK = "# The points hang on hidden tests, which run here."


def literal(value: Any) -> str:
    """Return Python code for an argument or answer; NumPy is there as np.

    Examples
    --------
    >>> literal((np.array([1.5, 2.0]), "a", np.float64(0.1), [np.int64(3)]))
    "(np.array([1.5, 2.0], dtype='float64'), 'a', 0.1, [3])"
    >>> literal(np.sin)
    'np.sin'
    """
    if isinstance(value, np.ndarray):
        is_text = value.dtype.kind == "U"
        numbers = repr(value.tolist()) if is_text else _floats(repr(value.tolist()))
        return f"np.array({numbers}, dtype={(value.dtype.str if is_text else value.dtype.name)!r})"
    if isinstance(value, np.generic):
        return literal(value.item())
    if isinstance(value, np.ufunc):
        return f"np.{value.__name__}"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(k)}: {literal(v)}' for k, v in value.items())}}}"
    if isinstance(value, float):
        return _floats(repr(value))
    if value is None or isinstance(value, str | bool | int):
        return repr(value)
    raise TypeError(f"no code for a {type(value).__name__}; draw numbers, texts, lists, arrays")


def _floats(code: str) -> str:
    """Write what `repr` has no code for."""
    for word in ("inf", "nan"):
        code = code.replace(word, f"np.{word}")
    return code


def _cases(checker: Checker, inputs: Sequence[tuple[Any, ...]]) -> str:
    pairs = [f"    ({literal(given)}, {literal(checker.solution(*given))}),\n" for given in inputs]
    return f"[\n{''.join(pairs)}]"


def hidden_inputs(name: str, checker: Checker, seed: str) -> list[tuple[Any, ...]]:
    """Draw inputs of an exercise on which each of its typical mistakes is seen.

    Raises
    ------
    RuntimeError
        If mistakes stay unseen.
    """
    generator = np.random.default_rng(list(f"{seed} {name}".encode()))
    kept: list[tuple[Any, ...]] = []
    unseen = dict(checker.mistakes)
    for count in range(MOST):
        given = FRESH[name](generator)
        one = Checker(checker.solution, [given], {})
        with np.errstate(all="ignore"):
            seen = [hint for hint, mistake in unseen.items() if one.verdict(mistake) != CORRECT]
        if seen or count < LEAST:
            kept.append(given)
            unseen = {hint: mistake for hint, mistake in unseen.items() if hint not in seen}
        if count + 1 >= LEAST and not unseen:
            return kept
    raise RuntimeError(f"{name}: {MOST} draws do not show the mistakes {sorted(unseen)}")


def module_of(lesson: str) -> str:
    """Return the module of a lesson's exercises."""
    return lesson.replace("-", "_")


def checker(lesson: str, exercise: lessons.Exercise) -> Checker:
    """Return what checks an exercise in the lesson."""
    module = importlib.import_module(f"helpers.exercises.{module_of(lesson)}")
    return getattr(module, exercise.name)


class Week(NamedTuple):
    """What is handed in after a week: exercises by lesson, and a question that a person grades."""

    exercises: dict[str, list[str]]
    question: str
    full_marks: str


@functools.cache
def weeks() -> list[Week]:
    """Return the assignments that `book/teaching/assignments.md` holds, in order.

    Examples
    --------
    >>> weeks()[1].exercises
    {'convolution': ['conv', 'mover', 'step'], 'the-convolution-layer': ['field', 'cost']}
    """
    text = PAGE.read_text(encoding="utf-8")
    # As in a notebook, which links are written for.
    text = text.replace("(../../notebooks/", "(").replace("(../", "(../book/")
    found = []
    for part in re.split(r"(?m)^## ", text):
        rows = re.findall(r"(?m)^\| \[.+?\]\((.+?)\.ipynb\) \| (.+) \|$", part)
        if rows:
            _, question, marks = re.split(r"\*\*Question\.\*\*|(?=\*Full marks\*)", part)
            exercises = {lesson: re.findall(r"`(\w+)`", names) for lesson, names in rows}
            found.append(Week(exercises, question.strip(), marks.strip()))
    return found


def _split(code: str) -> tuple[str, str]:
    """Split a solution into what students see, up to the line with `def`, and what they write."""
    lines = code.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("def "))
    end = next(n for n in range(start, len(lines)) if lines[n].rstrip().endswith(":"))
    imports = [f"    {line}" for line in lines[:start] if line.strip()]
    return "\n".join(lines[start : end + 1]), "\n".join([*imports, *lines[end + 1 :]])


class Parts:
    """What an assignment consists of, whatever system it is for."""

    def __init__(self, path: Path, seed: str) -> None:
        notebook = read(path)
        self.lesson = path.stem
        self.title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        week = next((week for week in weeks() if path.stem in week.exercises), None)
        # Those without inputs for hidden tests are left out; a test names them.
        self.exercises = [
            exercise
            for exercise in lessons.exercises(notebook)
            if f"{module_of(path.stem)}.{exercise.name}" in FRESH
            and (week is None or exercise.name in week.exercises[path.stem])
        ]
        # A week has one question; it stands in the notebook of its first lesson.
        self.week = week if week and next(iter(week.exercises)) == path.stem else None
        self.seed = seed

    def introduction(self) -> str:
        address = lessons.site() or "../notebooks/"
        ending = "html" if lessons.site() else "ipynb"
        folder = f"{address}notebooks/" if lessons.site() else address
        return INTRODUCTION.format(
            title=self.title,
            count=len(self.exercises),
            points=POINTS,
            by_hand=BY_HAND if self.week else "",
            address=f"{folder}{self.lesson}.{ending}",
        )

    def task(self, exercise: lessons.Exercise) -> str:
        return lessons.with_links(exercise.task, lessons.site())

    def attempt(self, exercise: lessons.Exercise) -> str:
        count = len(checker(self.lesson, exercise).inputs)
        return TRY.format(function=exercise.function, name=exercise.name, count=count)

    def shown(self) -> str:
        """Return a module: for each exercise the inputs that its checker takes, with answers."""
        blocks = ['"""Inputs of each exercise, and the right answers."""\n\nimport numpy as np\n']
        for exercise in self.exercises:
            own = checker(self.lesson, exercise)
            blocks.append(f"{exercise.name} = {_cases(own, own.inputs)}\n")
        return "\n".join(blocks)

    def hidden(self, exercise: lessons.Exercise) -> str:
        own = checker(self.lesson, exercise)
        name = f"{module_of(self.lesson)}.{exercise.name}"
        inputs = hidden_inputs(name, own, self.seed)
        return HIDDEN.format(cases=_cases(own, inputs), function=exercise.function)

    def asked(self) -> str:
        assert self.week
        return QUESTION.format(text=lessons.with_links(self.week.question, lessons.site()))

    def model_answer(self) -> str:
        assert self.week
        return lessons.with_links(self.week.full_marks, lessons.site())


def _cell(kind: str, source: str, name: str = "", **marks: Any) -> NotebookNode:
    new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    cell = new(source.strip("\n"))
    if name:
        grading = {"grade": False, "solution": False, "task": False, "locked": True} | marks
        cell.metadata["nbgrader"] = {"grade_id": name, "schema_version": 3, **grading}
    return cell


def for_nbgrader(parts: Parts) -> NotebookNode:
    """Return the source of an assignment, from which nbgrader makes what students get."""
    cells = [
        _cell("markdown", parts.introduction(), "introduction"),
        _cell("code", SET_UP, "set-up"),
    ]
    for exercise in parts.exercises:
        head, body = _split(exercise.solution)
        written = f"{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
        hidden = f"{REMARK}\n### BEGIN HIDDEN TESTS\n{parts.hidden(exercise)}\n### END HIDDEN TESTS"
        name = exercise.name
        cells += [
            _cell("markdown", parts.task(exercise), f"{name}-task"),
            _cell("code", written, name, solution=True, locked=False),
            _cell("code", parts.attempt(exercise), f"{name}-shown"),
            _cell("code", hidden, f"{name}-points", grade=True, points=POINTS),
        ]
    if parts.week:
        marks = {"grade": True, "solution": True, "locked": False, "points": BY_HAND_POINTS}
        cells += [
            _cell("markdown", parts.asked(), "question"),
            _cell("markdown", parts.model_answer(), "answer", **marks),
        ]
    return _notebook(cells)


def _raw(text: str) -> NotebookNode:
    return nbformat.v4.new_raw_cell(text)


def for_otter(parts: Parts) -> NotebookNode:
    """Return the source of an assignment for `otter assign`."""
    cells = [
        _raw(
            "# ASSIGNMENT CONFIG\ninit_cell: false\nexport_cell: false\ncheck_all_cell: false\n"
            "tests: {ok_format: true}\nfiles: [checking.py, shown.py, helpers]\n"
        ),
        _cell("markdown", parts.introduction()),
        _cell("code", SET_UP),
    ]
    for exercise in parts.exercises:
        head, body = _split(exercise.solution)
        prompt = '    """ # BEGIN PROMPT\n    ...\n    """ # END PROMPT'
        written = f"{head}\n    # BEGIN SOLUTION NO PROMPT\n{body}\n    # END SOLUTION\n{prompt}"
        cells += [
            _raw(f"# BEGIN QUESTION\nname: {exercise.name}\npoints: {POINTS}"),
            _cell("markdown", parts.task(exercise)),
            _raw("# BEGIN SOLUTION"),
            _cell("code", written),
            _raw("# END SOLUTION"),
            _raw("# BEGIN TESTS"),
            _cell("code", f"# HIDDEN\n{parts.hidden(exercise)}"),
            _raw("# END TESTS"),
            _raw("# END QUESTION"),
            _cell("code", parts.attempt(exercise)),
        ]
    if parts.week:
        cells += [
            _raw(f"# BEGIN QUESTION\nname: question\nmanual: true\npoints: {BY_HAND_POINTS}"),
            _cell("markdown", parts.asked()),
            _raw("# BEGIN SOLUTION"),
            _cell("markdown", parts.model_answer()),
            _raw("# END SOLUTION"),
            _raw("# END QUESTION"),
        ]
    return _notebook(cells)


def _notebook(cells: list[NotebookNode]) -> NotebookNode:
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number:03d}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    language = {"name": "python"}
    return nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "language_info": language}
    )


def write_beside(folder: Path) -> None:
    """Write what lies beside an assignment: what compares answers, and no solution."""
    (folder / "helpers" / "exercises").mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(checking.__file__), folder / "checking.py")
    (folder / "helpers" / "__init__.py").write_text("", encoding="utf-8")
    shutil.copy(
        Path(inspect.getfile(helpers.exercises)), folder / "helpers" / "exercises" / "__init__.py"
    )


def write(paths: Sequence[Path], folder: Path, seed: str) -> None:
    """Write the sources of the assignments of some lessons: nbgrader/ and otter/."""
    course = folder / "nbgrader"
    for path in paths:
        parts = Parts(path, seed)
        if not parts.exercises:
            continue
        for made, place in (
            (for_nbgrader(parts), course / "source" / path.stem),
            (for_otter(parts), folder / "otter" / path.stem),
        ):
            write_beside(place)
            (place / "shown.py").write_text(parts.shown(), encoding="utf-8")
            (place / path.name).write_text(nbformat.writes(made) + "\n", encoding="utf-8")
    shutil.copytree(GRADING, folder, dirs_exist_ok=True)
    shutil.move(folder / "nbgrader_config.py", course / "nbgrader_config.py")
