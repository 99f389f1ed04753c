"""The lessons as they lie in the project. (nbval runs them; this file reads them.)"""

import copy
import importlib
import pkgutil
import re
import statistics

import nbformat
import numpy as np
import pytest

import helpers.exercises
from helpers.exercises import CORRECT
from tools import markdown, prose
from tools.notebooks import LESSONS, dump, is_template, lesson_paths, normalise, read

PATHS = lesson_paths()
TAUGHT = [path for path in PATHS if not is_template(path)]
lessons = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
taught = pytest.mark.parametrize("path", TAUGHT, ids=lambda path: path.stem)


def test_one_name_for_a_lesson():
    """The table of contents, the notebook and its exercises agree, and nothing is left over."""
    names = {path.stem for path in PATHS}
    assert names == {path.stem for path in LESSONS.glob("*.ipynb")}
    modules = {module.name for module in pkgutil.iter_modules(helpers.exercises.__path__)}
    assert modules == {path.stem.replace("-", "_") for path in TAUGHT}


@taught
def test_exercises_are_those_of_the_lesson(path):
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    imported = re.findall(r"from helpers\.exercises import (\w+) as exercise", code)
    assert imported == [path.stem.replace("-", "_")]


@lessons
@pytest.mark.parametrize("check", prose.CHECKS, ids=lambda check: check.__name__)
def test_lesson(path, check):
    assert check(read(path)) == []


@lessons
def test_normal_form(path):
    """`make notebooks` would change nothing but outputs: the set-up cell's address included."""
    assert dump(normalise(read(path))) == path.read_text(encoding="utf-8")


@lessons
def test_every_code_cell_was_run(path):
    """A stored lesson has outputs; one that was never run has none at all."""
    assert any(cell.get("outputs") for cell in read(path).cells)


@lessons
def test_opening(path):
    notebook = read(path)
    opening = notebook.cells[0].source
    assert re.match(r"# \S", opening), "begins with its title"
    for words in ("- **You will**", "- **You will learn**", "- **You need**", "- **Time:**"):
        assert words in opening


def is_picture(cell):
    """Whether an output of a cell is a figure."""
    shown = [output.get("data", {}) for output in cell.get("outputs", [])]
    return any("<img" in data.get("text/html", "") for data in shown)


def opening_troubles(notebook):
    """Return what a lesson lacks before its first visible code."""
    opening = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and not {"hide-input", "remove-cell"} & set(
            cell.metadata.get("tags", [])
        ):
            break
        opening.append(cell)
    words = "\n".join(cell.source for cell in opening if cell.cell_type == "markdown")
    troubles = [] if "?" in words else ["it asks nothing"]
    return troubles + ([] if any(map(is_picture, opening)) else ["it has no picture"])


@taught
def test_opens_with_a_question_and_a_picture(path):
    assert opening_troubles(read(path)) == []


@taught
def test_closing(path):
    text = "\n".join(cell.source for cell in read(path).cells)
    for heading in ("## Try it yourself", "## Summary", "## Further reading"):
        assert heading in text


@taught
def test_short_cells(path):
    """As in the best books of this kind: most cells are a few lines (style guide)."""
    lengths = [
        len([line for line in cell.source.splitlines() if line.strip()])
        for cell in read(path).cells
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
    ]
    assert statistics.median(lengths) <= 6
    assert np.quantile(lengths, 0.9) <= 15


@lessons
def test_small_file(path):
    assert path.stat().st_size < 1_500_000


def exercises(notebook):
    """Return (module, exercise, function) for each `exercise.NAME.check(FUNCTION)`."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    modules = dict(re.findall(r"from helpers\.exercises import (\w+) as (\w+)", code))
    aliases = {alias: module for module, alias in modules.items()}
    return [
        (aliases[alias], name, function)
        for alias, name, function in re.findall(r"^(\w+)\.(\w+)\.check\((\w+)\)", code, re.M)
        if alias in aliases
    ]


def solutions(notebook):
    """Return the code of the folded solutions."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return markdown.code(text, within="details")


@taught
def test_folded_solutions_are_correct(path):
    notebook = read(path)
    calls = exercises(notebook)
    assert len(calls) >= 3
    for module, name, function in calls:
        code = [code for code in solutions(notebook) if f"def {function}(" in code]
        assert len(code) == 1, f"{function} needs one folded solution"
        namespace = {"np": np}
        exec(code[0], namespace)
        checker = getattr(importlib.import_module(f"helpers.exercises.{module}"), name)
        assert checker.verdict(namespace[function]) == CORRECT


# ---- The checks can fail -------------------------------------------------------------------


def test_a_dull_opening_is_found():
    dull = lesson(("markdown", "# Title"), ("code", "import numpy as np"))
    assert opening_troubles(dull) == ["it asks nothing", "it has no picture"]
    asking = lesson(("markdown", "# Title\n\nWhy?"), ("code", "draw()", "hide-input"))
    asking.cells[1].outputs = [nbformat.v4.new_output("display_data", {"text/html": "<img>"})]
    assert opening_troubles(asking) == []


def lesson(*cells):
    """Return a notebook of (kind, source, tags) cells."""
    notebook = nbformat.v4.new_notebook()
    for kind, source, *tags in cells:
        new = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        notebook.cells.append(new(source, metadata={"tags": tags}))
    return notebook


def with_output(output):
    notebook = lesson(("code", "1"))
    notebook.cells[0].outputs = [output]
    return notebook


GUARD = ("code", "assert abs(auc - 0.93) < 0.02", "guard", "remove-cell")


@pytest.mark.parametrize(
    "text",
    [
        "The AUC is 0.93.",
        "It is right in 93 % of cases.",
        "There are 624 images.",
        "There are 4,708 images.",
        "There are 2010.5 or 1999 % of them.",
        "It is 12 times faster.",
        "The AUC (0.93) is good, see [here](https://example.org/0.5).",
    ],
)
def test_planted_number_is_found(text):
    assert prose.unguarded_numbers(lesson(("markdown", text)))


@pytest.mark.parametrize(
    "text",
    [
        "An image of $28 \\times 28 = 784$ pixels.",
        "Set `learning_rate=0.001`.",
        "ResNet-18 reaches 0.944 (doi 10.1038/s41597-022-01721-8).",
        "Fukushima published it in 1980, others in 2012.",
        "Source: S3.1. Three windows of 28 rows.",
        "[Convolution](convolution.ipynb) of 3 x 3.",
    ],
)
def test_number_that_was_not_computed_is_left_alone(text):
    assert prose.unguarded_numbers(lesson(("markdown", text))) == []


def test_guard_must_repeat_the_number_in_its_section():
    said = ("markdown", "The AUC is 0.93.")
    assert prose.unguarded_numbers(lesson(said, GUARD)) == []
    assert prose.unguarded_numbers(lesson(("markdown", "The AUC is 0.94."), GUARD))
    assert prose.unguarded_numbers(lesson(said, ("markdown", "## Next"), GUARD))
    assert prose.unguarded_numbers(lesson(said, GUARD[:2]))
    (said_of_it,) = prose.unguarded_numbers(lesson(("markdown", "Look. The AUC\nis 0.94."), GUARD))
    assert said_of_it.endswith(": 0.94 in 'The AUC is 0.94.'")


def test_guard_on_simulated_images_is_found():
    load = ("code", 'from helpers.datasets import load\n\ndata = load("x")')
    assert prose.guards_on_simulated_images(lesson(load, GUARD))
    assert prose.guards_on_simulated_images(lesson(GUARD, load)) == []
    module = ("code", 'from helpers import datasets, layers\n\ndata = datasets.load("x")')
    assert prose.guards_on_simulated_images(lesson(module, GUARD))
    good = ("code", f"if not data.synthetic:\n    {GUARD[1]}", "guard", "remove-cell")
    assert prose.guards_on_simulated_images(lesson(load, good)) == []


def test_a_word_written_twice_is_found():
    assert prose.words_twice(lesson(("markdown", "It promises and\nand holds."))) != []
    assert prose.words_twice(lesson(("markdown", "He said that that had had `a a`."))) == []


def test_guard_without_assertion_is_found():
    assert prose.bad_guards(lesson(("code", "auc > 0.9", "guard", "remove-cell")))
    assert prose.bad_guards(lesson(GUARD[:3]))


@pytest.mark.parametrize(
    "data",
    [{"image/png": "x"}, {"text/html": "<img src='x'>"}, {"text/html": "<img src='x' alt=' '>"}],
)
def test_figure_without_alt_is_found(data):
    assert prose.figures_without_alt(with_output(nbformat.v4.new_output("display_data", data)))


def test_two_figures_in_a_cell_are_found():
    shown = nbformat.v4.new_output("display_data", {"text/html": "<img src='x' alt='A line.'>"})
    assert prose.figures_without_alt(with_output(shown)) == []
    two = with_output(shown)
    two.cells[0].outputs.append(shown)
    assert prose.figures_without_alt(two)


@pytest.mark.parametrize(
    "output",
    [
        nbformat.v4.new_output("stream", name="stderr", text="warning"),
        nbformat.v4.new_output("error", ename="ValueError", evalue="", traceback=[]),
        nbformat.v4.new_output("display_data", {"text/html": "<script src='x'></script>"}),
        nbformat.v4.new_output("display_data", {"text/html": "<script data-steps>x</script>"}),
    ],
    ids=["stderr", "error", "script", "another script of steps"],
)
def test_stored_trouble_is_found(output):
    assert prose.stored_troubles(with_output(output))


def test_normal_form_drops_what_differs_between_machines():
    notebook = with_output(
        nbformat.v4.new_output("stream", text="37/37 - 2s - 41ms/step - loss: 1")
    )
    notebook.cells[0].outputs.append(nbformat.v4.new_output("stream", name="stderr", text="x"))
    logged = "WARNING:tensorflow:5 out of the last 11 calls to <function f at 0x7f1a> retraced\n"
    notebook.cells[0].outputs.append(nbformat.v4.new_output("stream", text=logged))
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    once = normalise(copy.deepcopy(notebook))
    assert [output.text for output in once.cells[1].outputs] == ["37/37 - loss: 1"]
    assert "3.11.7" not in dump(once)
    assert dump(normalise(copy.deepcopy(once))) == dump(once)
