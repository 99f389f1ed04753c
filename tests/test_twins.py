"""The text twins of the lessons: fresh, and what a reviewer reads of a change."""

import copy
import difflib
import shutil
import subprocess

import nbformat
import pytest

from tools import twins
from tools.notebooks import LESSONS, ROOT, lesson_paths, read, store

lessons = pytest.mark.parametrize("path", lesson_paths(), ids=lambda path: path.stem)
LESSON = lesson_paths()[0]


@lessons
def test_twin_is_fresh(path):
    written = twins.path_of(path)
    assert written.is_file(), "run: python -m tools.notebooks --normalise"
    same = written.read_text(encoding="utf-8") == twins.text(read(path), path.stem)
    assert same, f"run: python -m tools.notebooks --normalise notebooks/{path.name}"


def test_every_twin_has_a_lesson():
    names = {path.stem for path in LESSONS.glob("text/*")}
    assert names == {path.stem for path in lesson_paths()}


def changed_lines(old, new):
    """Return the lines of the twin that go and come when a lesson changes."""
    before, after = (twins.text(notebook, "lesson").splitlines() for notebook in (old, new))
    return [line for line in difflib.ndiff(before, after) if line[0] in "+-"]


def lesson(*cells):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [copy.deepcopy(cell) for cell in cells]
    return notebook


PROSE = nbformat.v4.new_markdown_cell(
    "- **A network** has layers. Each one is a function, and its weights are learned from data. "
    "What it has learned is kept in a file.\n- A second item."
)
CODE = nbformat.v4.new_code_cell("a = 1\nb = 2\nprint(a + b)", metadata={"tags": ["guard"]})


def test_a_changed_sentence_is_one_line():
    changed = copy.deepcopy(PROSE)
    changed.source = PROSE.source.replace("is a function", "is one function")
    removed, added = changed_lines(lesson(PROSE, CODE), lesson(changed, CODE))
    assert removed == "-   Each one is a function, and its weights are learned from data."
    assert added == removed.replace("is a", "is one").replace("-", "+", 1)


def test_a_changed_line_of_code_is_one_line():
    changed = copy.deepcopy(CODE)
    changed.source = CODE.source.replace("b = 2", "b = 3")
    assert changed_lines(lesson(PROSE, CODE), lesson(PROSE, changed)) == ["- b = 2", "+ b = 3"]


def test_a_cell_more_moves_no_other():
    more = nbformat.v4.new_markdown_cell("One more.")
    assert changed_lines(lesson(PROSE, CODE), lesson(PROSE, more, CODE)) == ["+ One more.", "+ "]


def test_outputs_are_short_and_figures_are_words():
    cell = copy.deepcopy(CODE)
    image = {"text/html": '<img alt="A curve." src="data:,QUJD">', "text/plain": "<Figure>"}
    steps = '<img alt="Step one." src="data:,QUJD"><img alt="Step two.">'
    value = {"application/papermill.record/text/plain": "0.94"}
    cell.outputs = [
        nbformat.v4.new_output("stream", text="".join(f"line {n}\n" for n in range(40))),
        nbformat.v4.new_output("display_data", image),
        nbformat.v4.new_output("display_data", {"text/html": steps, "text/plain": "<HTML>"}),
        nbformat.v4.new_output("display_data", value, metadata={"scrapbook": {"name": "auc"}}),
    ]
    text = twins.text(lesson(cell), "lesson")
    assert text.splitlines()[2] == "```python guard"
    assert "line 10\n... 30 more lines\n```\n" in text
    assert text.endswith("> Figure: A curve.\n\n> Figure: Step one.\n\n> Figure: Step two.\n")
    assert "QUJD" not in text and "<HTML>" not in text
    cell.outputs = cell.outputs[1:]
    assert "```text\nauc: 0.94\n```" in twins.text(lesson(cell), "lesson")


def test_code_that_holds_a_fence_is_fenced_by_more():
    cell = nbformat.v4.new_code_cell('fence = """\n```\n"""')
    assert "````python\n" in twins.text(lesson(cell), "lesson")


def test_what_must_stay_in_one_line_does():
    long = "One sentence of the kind. " * 8
    kept = [f"| {long}|", f"# {long}", f"```\n{long}\n```"]
    assert twins.broken("\n\n".join(kept)) == "\n\n".join(kept)
    assert twins.broken(long).count("\n") == 7


def test_git_shows_the_change_and_no_image(tmp_path):
    """A sentence and a line of code change in a real lesson, as a reviewer sees it."""

    def git(*arguments):
        return subprocess.run(
            ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *arguments],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    path = tmp_path / "notebooks" / LESSON.name
    path.parent.mkdir()
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    notebook = read(LESSON)
    store(notebook, path)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "--message", "before")
    prose = next(cell for cell in notebook.cells[1:] if cell.cell_type == "markdown")
    prose.source += "\nA sentence more."
    code = next(cell for cell in notebook.cells if cell.get("outputs"))
    code.source = code.source.replace("\n", "\nanswer = 42\n", 1)
    store(notebook, path)
    diff = git("diff")
    assert "+A sentence more." in diff and "+answer = 42" in diff
    assert "Binary files a/notebooks/" in diff
    assert len(diff.splitlines()) < 50 and max(map(len, diff.splitlines())) < 1000
