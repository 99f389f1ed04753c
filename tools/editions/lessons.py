"""A lesson for students, with solutions, or with an instructor's notes.

Each is the stored lesson without what serves only the site and the tests: guards, values for the
pages, tags. The student's has no solutions; the others have them in place of the stubs.
"""

import copy
import re
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode

from tools import markdown, publisher, quizzes
from tools.notebooks import ROOT, read
from tools.notebooks import publisher as published

BRANCH = "student"  # the branch of the publisher's repository that holds the student edition
NOTES = ROOT / "book" / "teaching" / "notes"

SET_UP = """\
# The book's helpers and images lie beside the lessons{colab}.
import os
import sys
from pathlib import Path
{fetch}
sys.path.insert(0, str(Path.cwd().parent))
if Path("../data").is_dir():
    os.environ.setdefault("MEDMNIST_MIRROR", str(Path.cwd().parent / "data"))"""
FETCH = """
if "google.colab" in sys.modules:
    ![ -d /content/book ] || git clone --quiet --depth 1 --branch {branch} {url} /content/book
    !{{sys.executable}} -m pip install --quiet --requirement /content/book/requirements.txt
    %cd -q /content/book/notebooks
"""

FOLD = re.compile(r"<details>\n<summary>Solution</summary>\n(.*?)</details>\n*", re.S)
STUB = re.compile(r"^def (\w+)\(", re.M)
CHECK = re.compile(r"^exercise\.(\w+)\.check\((\w+)\)", re.M)
# A link to a file beside the lesson, in Markdown.
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s]+)(?=\))")


class Exercise(NamedTuple):
    """An exercise of a lesson."""

    name: str  # as in helpers.exercises.LESSON
    function: str  # to be written
    task: str  # Markdown
    stub: str  # code
    solution: str  # code


def site() -> str:
    """Return the address of the published site, or nothing if nobody publishes this copy."""
    place = published()
    return publisher.publication(place["url"]).site if place["url"] else ""


def with_links(text: str, address: str) -> str:
    """Return Markdown whose links lead to the site, if there is one.

    Examples
    --------
    >>> with_links("[a](../book/a.md#b), [c](pooling.ipynb)", "https://me.github.io/x/")
    '[a](https://me.github.io/x/book/a.html#b), [c](https://me.github.io/x/notebooks/pooling.html)'
    >>> with_links("[a](../book/a.md)", "")
    '[a](../book/a.md)'
    """
    if not address:
        return text

    def absolute(match: re.Match[str]) -> str:
        target = match[1]
        path = target.removeprefix("../") if target.startswith("../") else f"notebooks/{target}"
        return address + re.sub(r"\.(md|ipynb)(?=#|$)", ".html", path)

    return LINK.sub(absolute, text)


def set_up() -> str:
    """Return the source of the cell that an edition's lesson begins with."""
    url = published()["url"]
    fetch = FETCH.format(branch=BRANCH, url=url) if url else ""
    return SET_UP.format(colab="; on Colab they are fetched first" if url else "", fetch=fetch)


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def is_shown(cell: NotebookNode) -> bool:
    """Whether a cell of a stored lesson is for readers."""
    return "remove-cell" not in _tags(cell)


def exercises(notebook: NotebookNode) -> list[Exercise]:
    """Return the exercises of a stored lesson, in order."""
    code = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    names = {function: name for name, function in CHECK.findall(code)}
    folded = _folded(notebook)
    result, task = [], ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = FOLD.sub("", cell.source)
            # What stands before the first task is said of all of them.
            start = re.search(r"(?m)^\*\*", text.split("## Try it yourself")[-1])
            task = start.string[start.start() :].strip() if start else task
        for function in STUB.findall(cell.source) if cell.cell_type == "code" else []:
            if function in names and function in folded:
                # PEP 8 puts two empty lines before a function.
                parts = re.split(r"\n{3,}", cell.source)
                stub = next(part for part in parts if f"def {function}(" in part)
                result.append(Exercise(names[function], function, task, stub, folded[function]))
    return result


def _folded(notebook: NotebookNode) -> dict[str, str]:
    """Return the folded solutions: function to its code."""
    result = {}
    for cell in notebook.cells:
        for fold in FOLD.findall(cell.source) if cell.cell_type == "markdown" else []:
            for code in markdown.code(fold, within=""):
                for function in STUB.findall(code):
                    result[function] = code.rstrip("\n")
    return result


def _kept(notebook: NotebookNode, with_outputs: bool) -> NotebookNode:
    """Return what is shown of a stored lesson, less what serves the site alone."""
    edition = copy.deepcopy(notebook)
    edition.cells = [cell for cell in edition.cells if is_shown(cell)]
    address = site()
    for cell in edition.cells:
        hidden = "hide-input" in _tags(cell)
        # Folded in JupyterLab, as it is on the site.
        cell.metadata = NotebookNode({"jupyter": {"source_hidden": True}} if hidden else {})
        if cell.cell_type == "markdown":
            cell.source = with_links(cell.source, address)
        elif not with_outputs:
            cell.outputs, cell.execution_count = [], None
    return edition


def _finished(edition: NotebookNode, lesson: str) -> NotebookNode:
    """Add the set-up cell and the questions; number the cells."""
    first = next(n for n, cell in enumerate(edition.cells) if cell.cell_type == "code")
    edition.cells.insert(first, nbformat.v4.new_code_cell(set_up()))
    if questions := quizzes.of_lesson(lesson):
        text = with_links(quizzes.for_notebook(questions), site())
        edition.cells.append(nbformat.v4.new_markdown_cell(text))
    for number, cell in enumerate(edition.cells):
        cell.id = f"cell-{number:03d}"
    return edition


def student(notebook: NotebookNode, lesson: str, with_outputs: bool = False) -> NotebookNode:
    """Return a lesson for students: no guard, no solution, nothing for the site alone."""
    edition = _kept(notebook, with_outputs)
    for cell in edition.cells:
        if cell.cell_type == "markdown":
            cell.source = FOLD.sub("", cell.source).strip()
    edition.cells = [cell for cell in edition.cells if cell.source]
    return _finished(edition, lesson)


def solution(notebook: NotebookNode, lesson: str, with_outputs: bool = False) -> NotebookNode:
    """Return a lesson whose stubs are written, with the reasons below them."""
    return _finished(_solved(notebook, with_outputs), lesson)


def _solved(notebook: NotebookNode, with_outputs: bool) -> NotebookNode:
    edition = _kept(notebook, with_outputs)
    solved = {exercise.function: exercise for exercise in exercises(notebook)}
    for cell in edition.cells:
        if cell.cell_type == "markdown":
            cell.source = FOLD.sub(lambda fold: _reasons(fold[1]), cell.source).strip()
            continue
        for function in STUB.findall(cell.source) + [
            call[1] for call in CHECK.findall(cell.source)
        ]:
            if function in solved:
                cell.source = cell.source.replace(solved[function].stub, solved[function].solution)
                cell.outputs = []  # it said "Not attempted yet."
    edition.cells = [cell for cell in edition.cells if cell.source]
    return edition


def _reasons(fold: str) -> str:
    text = re.sub(r"```python\n.*?```", "", fold, flags=re.S).strip()
    return f"{text}\n\n" if text else ""


def notes(lesson: str) -> dict[str, str]:
    """Return an instructor's notes on a lesson: heading to Markdown; before the first it is ""."""
    path = NOTES / f"{lesson}.md"
    if not path.is_file():
        return {}
    parts = re.split(r"(?m)^## (.+)\n", path.read_text(encoding="utf-8"))
    opening = re.sub(r"\A# .+\n", "", parts[0].strip() + "\n").strip()
    sections = {
        heading.strip(): text.strip()
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }
    return ({"": opening} if opening else {}) | sections


def misplaced_notes(notebook: NotebookNode, lesson: str) -> list[str]:
    """Return the headings of an instructor's notes that the lesson does not have."""
    known = {
        heading.text
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for heading in markdown.headings(cell.source)
    }
    return [heading for heading in notes(lesson) if heading and heading not in known]


def instructor(notebook: NotebookNode, lesson: str, with_outputs: bool = False) -> NotebookNode:
    """Return a lesson with solutions, and with notes below the headings that they belong to."""
    edition, left = _solved(notebook, with_outputs), notes(lesson)
    for cell in edition.cells:
        if cell.cell_type == "markdown":
            cell.source = _with_notes(cell.source, left)
    if opening := left.get(""):
        edition.cells.insert(1, nbformat.v4.new_markdown_cell(_note(opening)))
    return _finished(edition, lesson)


def _note(text: str) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in with_links(text, site()).splitlines())
    return f"> **For the instructor.**\n>\n{quoted}"


def _with_notes(text: str, left: dict[str, str]) -> str:
    lines = []
    for line in text.split("\n"):
        lines.append(line)
        if (match := re.fullmatch(r"##+ (.+)", line)) and match[1].strip() in left:
            lines += ["", _note(left[match[1].strip()]), ""]
    return "\n".join(lines)


EDITIONS = {"student": student, "solution": solution, "instructor": instructor}


def write(edition: str, paths: list[Path], folder: Path, with_outputs: bool) -> None:
    """Write one edition of lessons into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        made = EDITIONS[edition](read(path), path.stem, with_outputs)
        nbformat.validate(made)
        (folder / path.name).write_text(nbformat.writes(made) + "\n", encoding="utf-8")
