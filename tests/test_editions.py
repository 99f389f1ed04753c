"""Editions for students and teachers: what they hold and leave out; quizzes, assignments, slides.

What grades is tried by `make grading`.
"""

import ast
import copy
import json
import os
import re
import subprocess
import sys
import warnings
import zipfile
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
import yaml
from bs4 import BeautifulSoup

from helpers.exercises import CORRECT, Exercise
from tests import mutants_of_exercises as mutants
from tools import markdown, quizzes
from tools.editions import assignments, checking, lessons, publish, slides
from tools.editions.__main__ import chosen, write_assignments, write_quizzes, write_slides
from tools.editions.fresh import FRESH
from tools.editions.grading import grade
from tools.notebooks import ROOT, is_template, lesson_paths, read

PATHS = lesson_paths()
TAUGHT = [path for path in PATHS if not is_template(path)]
PUBLISHER = {"url": "https://github.com/you/fork", "branch": "main"}


@pytest.fixture(scope="module")
def stored():
    """Return all lessons as they are stored."""
    return {path.stem: read(path) for path in PATHS}


@pytest.fixture(scope="module")
def editions(stored):
    """Return each edition of each lesson."""
    return {
        edition: {name: make(notebook, name) for name, notebook in stored.items()}
        for edition, make in lessons.EDITIONS.items()
    }


def sources(notebook, kind):
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


# ---- Lessons ---------------------------------------------------------------------------------


def undefined_names(notebooks, folder):
    """Return what ruff says of names that nothing defines; magic commands are no Python."""
    for name, notebook in notebooks.items():
        (folder / f"{name}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F821,F823,E9"]
    run = subprocess.run(
        [*command, "--output-format=concise", folder], capture_output=True, text=True
    )
    return run.stdout


@pytest.mark.parametrize("edition", lessons.EDITIONS)
def test_an_edition_stands_without_what_was_taken_out(editions, edition, tmp_path):
    assert "All checks passed" in undefined_names(editions[edition], tmp_path)


def test_a_name_that_only_a_guard_defines_is_seen(stored, tmp_path):
    notebook = copy.deepcopy(stored["pooling"])
    notebook.cells += [
        nbformat.v4.new_code_cell("kept = 1", metadata={"tags": ["guard", "remove-cell"]}),
        nbformat.v4.new_code_cell("kept + 1"),
    ]
    assert "F821" in undefined_names({"x": lessons.student(notebook, "pooling")}, tmp_path)


def test_students_get_no_guard_and_no_solution(stored, editions):
    for name, notebook in editions["student"].items():
        nbformat.validate(notebook)
        text = "\n".join(cell.source for cell in notebook.cells)
        hidden = [cell.source for cell in stored[name].cells if not lessons.is_shown(cell)]
        assert not set(hidden) & set(sources(notebook, "code")), name
        assert "<summary>Solution" not in text and "glue(" not in text, name
        assert not any(cell.metadata.get("tags") for cell in notebook.cells), name
        for exercise in lessons.exercises(stored[name]):
            assert exercise.solution not in text, f"{name}: {exercise.name}"
            assert exercise.stub in text, f"{name}: {exercise.name}"


def test_all_exercises_are_read(stored):
    for name, notebook in stored.items():
        code = "\n".join(sources(notebook, "code"))
        checked = [exercise for exercise, _ in lessons.CHECK.findall(code)]
        read_ = lessons.exercises(notebook)
        assert [exercise.name for exercise in read_] == checked, name
        for exercise in read_:
            assert exercise.task.startswith("**") and "<details" not in exercise.task, exercise.name


def test_solutions_are_in_place_of_the_stubs(stored, editions):
    for edition in ("solution", "instructor"):
        for name, notebook in editions[edition].items():
            code = "\n".join(sources(notebook, "code"))
            for exercise in lessons.exercises(stored[name]):
                assert exercise.solution in code, f"{edition} {name} {exercise.name}"
            assert "<summary>Solution" not in "\n".join(sources(notebook, "markdown"))


def test_outputs_are_kept_by_choice(stored):
    for keep in (True, False):
        made = lessons.student(stored["pooling"], "pooling", keep)
        assert any(cell.get("outputs") for cell in made.cells) == keep


def test_every_edition_begins_with_its_set_up(editions):
    for edition in editions.values():
        for notebook in edition.values():
            first = next(cell for cell in notebook.cells if cell.cell_type == "code")
            assert first.source == lessons.set_up()
            assert "raise" not in first.source


def test_set_up_and_links_of_a_published_copy(stored, monkeypatch):
    monkeypatch.setattr(lessons, "published", lambda: PUBLISHER)
    made = lessons.student(stored["pooling"], "pooling")
    first = next(cell for cell in made.cells if cell.cell_type == "code").source
    assert "git clone --quiet --depth 1 --branch student https://github.com/you/fork" in first
    compiled = first.replace("    !", "    pass  # ").replace("    %", "    pass  # ")
    ast.parse(compiled)
    text = "\n".join(sources(made, "markdown"))
    targets = [link.target for link in markdown.links(text)]
    assert len(targets) > 10
    assert all(re.match(r"https?://|#", target) for target in targets)
    assert "https://you.github.io/fork/book/reference/glossary.html#" in text


def test_unpublished_links_lead_to_files_of_the_student_edition(tmp_path, stored):
    publish.write(PATHS, tmp_path, with_outputs=False)
    assert not list(tmp_path.rglob("*.yml"))
    for path in PATHS:
        for text in sources(nbformat.read(tmp_path / "notebooks" / path.name, 4), "markdown"):
            for link in markdown.links(text):
                if not re.match(r"[a-z]+:|#", link.target):
                    target = (tmp_path / "notebooks" / link.target.partition("#")[0]).resolve()
                    assert target.is_file(), f"{path.stem}: {link.target}"


def test_a_student_lesson_runs_beside_the_helpers(tmp_path):
    """From another folder, where the book is not installed: the set-up cell finds the helpers."""
    publish.write([p for p in PATHS if p.stem in RUN], tmp_path, with_outputs=False)
    for name in RUN:
        notebook = nbformat.read(tmp_path / "notebooks" / f"{name}.ipynb", 4)
        code = "\n\n".join(sources(notebook, "code"))
        # No kernel: these lessons have no magic commands.
        program = f"import matplotlib\nmatplotlib.use('agg')\n{code}\nimport helpers\n"
        program += "print('FROM', helpers.__file__)"
        run = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path / "notebooks",
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr[-2000:]
        assert f"FROM {tmp_path}" in run.stdout
        assert run.stdout.count("Not attempted yet.") >= 3


RUN = ("modalities-and-history", "from-dicom-to-tensor")  # they take no MedMNIST


def test_a_misplaced_note_is_seen(stored, monkeypatch, tmp_path):
    monkeypatch.setattr(lessons, "NOTES", tmp_path)
    (tmp_path / "pooling.md").write_text(
        "# Pooling\n\nFirst.\n\n## Nowhere\n\nX.\n\n## Summary\n\nY.\n"
    )
    assert lessons.misplaced_notes(stored["pooling"], "pooling") == ["Nowhere"]
    made = lessons.instructor(stored["pooling"], "pooling")
    text = "\n".join(sources(made, "markdown"))
    assert "> **For the instructor.**\n>\n> Y." in text and "> First." in text


# ---- Assignments -----------------------------------------------------------------------------

EXERCISES = {name: exercise for name, (_, _, exercise) in mutants.EXERCISES.items()}


def test_every_exercise_has_inputs_for_hidden_tests():
    """`tools/editions/fresh.py` has a line for each; without one it is in no assignment."""
    assert set(EXERCISES) - set(FRESH) == set()
    assert set(FRESH) - set(EXERCISES) == set()


@pytest.mark.parametrize("name", sorted(set(FRESH) & set(EXERCISES)))
def test_hidden_tests_take_the_solution_alone(name):
    """Whatever the seed: the answers are finite, others than those shown, no mistake passes."""
    exercise = EXERCISES[name]
    with warnings.catch_warnings(action="error"):
        for seed in ("one", "two"):
            hidden = assignments.hidden_inputs(name, exercise, seed)
            answers = [exercise.solution(*given) for given in hidden]
            assert Exercise(exercise.solution, hidden, {}).verdict(exercise.solution) == CORRECT
            assert "nan" not in repr(answers)
            # A table of the answers that were shown is no solution.
            shown = {repr(given): exercise.solution(*given) for given in exercise.inputs}
            learned = Exercise(exercise.solution, hidden, {})
            assert learned.verdict(lambda *given, shown=shown: shown.get(repr(given), 0)) != CORRECT
            cases = eval(assignments._cases(exercise, hidden), {"np": np})
            assert checking.verdict(exercise.solution, cases) == CORRECT
    first, second = (assignments.hidden_inputs(name, exercise, seed) for seed in ("one", "two"))
    again = assignments.hidden_inputs(name, exercise, "one")
    assert repr(first) == repr(again)
    if name not in FEW:
        assert repr(first) != repr(second)


FEW = {"convolution.mover"}  # nine pairs of arguments in all


def test_an_unseen_mistake_stops_the_assignment():
    weak = Exercise(lambda x: abs(x), [(1,)], {"Same here.": lambda x: abs(-x)})
    with pytest.raises(RuntimeError, match="Same here"):
        assignments.hidden_inputs("modalities_and_history.echo_depth", weak, "x")


@pytest.fixture(scope="module")
def sources_of_assignments(tmp_path_factory):
    """Write the sources for two lessons."""
    folder = tmp_path_factory.mktemp("assignments")
    assignments.write([p for p in PATHS if p.stem in ("convolution", "pooling")], folder, "x")
    return folder


def test_no_folder_of_an_assignment_holds_a_solution(sources_of_assignments):
    """What lies beside the notebook can't be asked for it, nor can the package's checkers."""
    place = sources_of_assignments / "nbgrader" / "source" / "convolution"
    beside = [path for path in place.rglob("*.py")]
    assert {path.name for path in beside} == {"checking.py", "shown.py", "__init__.py"}
    program = """
import checking, shown, helpers.exercises
try:
    from helpers.exercises import convolution
except ImportError:
    print("none", helpers.exercises.__file__)
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=place, capture_output=True, text=True)
    assert run.stdout.startswith(f"none {place}"), run.stdout + run.stderr


def test_sources_pass_their_own_tests(sources_of_assignments):
    """The teacher's notebook, with solutions, fails none of the tests in it."""
    for name in ("convolution", "pooling"):
        place = sources_of_assignments / "nbgrader" / "source" / name
        notebook = nbformat.read(place / f"{name}.ipynb", 4)
        nbformat.validate(notebook)
        ids = [cell.metadata.nbgrader.grade_id for cell in notebook.cells]
        assert len(set(ids)) == len(ids)
        program = "\n\n".join(sources(notebook, "code"))
        run = subprocess.run(
            [sys.executable, "-c", program], cwd=place, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr[-2000:]
        points = [cell.metadata.nbgrader.get("points", 0) for cell in notebook.cells]
        (week,) = [week for week in assignments.weeks() if name in week.exercises]
        # The question of a week stands in the notebook of its first lesson.
        by_hand = 8 * (list(week.exercises)[0] == name)
        assert sum(points) == 2 * len(week.exercises[name]) + by_hand
        text = "\n".join(sources(notebook, "markdown"))
        assert (week.full_marks in text) == ("In your own words" in text) == bool(by_hand)


class Sly(str):
    """A text that says it equals any other."""

    def __eq__(self, other):
        return True

    __hash__ = str.__hash__


def test_a_text_that_equals_all_is_refused():
    cases = [((1,), "a"), ((2,), "b")]
    assert checking.verdict(lambda x: Sly("c"), cases).startswith("Not yet.")
    assert checking.verdict(lambda x: Sly("ab"[x - 1]), cases) == CORRECT


def test_another_week_leaves_the_first_ones_assignment_and_grades(tmp_path):
    """Assignment 2 is made in the session in which assignment 1 is handed in."""
    for lesson in ("images-as-tensors", "pooling", "pooling"):
        write_assignments(chosen([lesson]), tmp_path, "")
        row = {"student": "a", "points": 2.0, "of": 4, "remark": ""}
        grade.write([row], tmp_path / "grades.csv", lesson)
    for place in ("nbgrader/source", "otter"):
        names = {path.name for path in (tmp_path / place).iterdir()}
        assert {"images-as-tensors", "pooling"} <= names
    lines = (tmp_path / "grades.csv").read_text(encoding="utf-8").splitlines()
    assert lines[1:] == ["images-as-tensors,a,2.0,4,", "pooling,a,2.0,4,"]


LOST = "not defined: half; deleted, or renamed?"
GIVEN = ["import numpy as np", "def half(x):\n    ..."]
SOLVED = ["import numpy as np", "def half(x):\n    y = x / 2\n    return y"]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("def half(x):\n    return x * 0.5", []),
        ("def half(a):\n    b = a / 2\n    return b", ["as in the book, but for names: half"]),
        ("def other(x):\n    return x / 2", [LOST]),
        (
            "def half(x):\n    return (",
            ["not defined: half; deleted, or renamed?", "a cell is no Python"],
        ),
        (
            "from helpers.exercises import x as e\ndef half(x):\n    return e.solution(x)",
            ["worth a look: helpers, solution"],
        ),
        (
            "import inspect\nnp.isclose = 1\ndef half(x):\n    return x",
            ["worth a look: an attribute that is set, inspect"],
        ),
        (
            "def half(x):\n    return x.__class__",
            ["worth a look: __class__"],
        ),
    ],
)
def test_remarks_on_a_submission(cell, said):
    assert grade.remarks([GIVEN[0], cell], GIVEN, SOLVED) == said


@pytest.mark.parametrize("content", [b"words", b"{}", b'{"cells": 1}', b"\xff\xfe"])
def test_what_is_no_notebook_gets_a_sentence(tmp_path, content):
    path = tmp_path / "a.ipynb"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^a\.ipynb is no notebook$"):
        grade.code_of(path)


def test_a_submission_that_is_too_large_gets_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(grade, "LARGEST", 2**20)
    path = tmp_path / "a.ipynb"
    path.write_bytes(b" " * 3 * 2**20)
    with pytest.raises(ValueError, match=r"^a\.ipynb has 3 MB; it was not run$"):
        grade.code_of(path)


# ---- Quizzes ---------------------------------------------------------------------------------

QUESTION = {
    "question": "1 + 1?",
    "level": "apply",
    "right": "2",
    "because": "Count.",
    "wrong": [{"answer": "3", "because": "One more."}, {"answer": "1", "because": "One less."}],
}
FIVE = [{**QUESTION, "question": f"{n} + 1?"} for n in range(5)]


@pytest.mark.parametrize("path", sorted(quizzes.FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_questions_are_of_the_form(path):
    assert path.stem in {lesson.stem for lesson in TAUGHT}
    for question in quizzes.read(path):
        assert sum(answer.is_right for answer in question.answers) == 1
        for text in (question.text, *(part for a in question.answers for part in a[:2])):
            quizzes.to_html(text)


def test_each_lesson_has_a_quiz():
    assert {path.stem for path in TAUGHT} <= {path.stem for path in quizzes.FOLDER.glob("*.yml")}


def test_the_right_answer_stands_anywhere():
    places = [
        [answer.is_right for answer in question.answers].index(True)
        for path in quizzes.FOLDER.glob("*.yml")
        for question in quizzes.read(path)
    ]
    shares = np.bincount(places, minlength=3)[:3] / len(places)
    assert shares.min() > 0.2 and shares.max() < 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"level": "hard"}, "level 'hard'; write one of remember, understand, apply, judge"),
        ({"wrong": QUESTION["wrong"][:1]}, "1 wrong answers; give two or three"),
        ({"right": "3"}, "answered twice: '3'"),
        ({"right": 2}, "right is 2; write a text (numbers in quotes)"),
        ({"because": " "}, "because is ' '; write a text (numbers in quotes)"),
        (
            {"wrong": [{"answer": "3"}, {"answer": "4"}]},
            "each wrong answer has an answer and a because",
        ),
        (
            {"wrong": [{"answer": "3", "because": ""}, QUESTION["wrong"][1]]},
            "because of wrong 1 is ''",
        ),
        ({"question": "a\n\nb"}, "question has an empty line; write one paragraph"),
        ({"hint": "no"}, "it has ['because', 'hint', 'level', 'question', 'right', 'wrong']"),
    ],
)
def test_a_planted_fault_of_a_question_is_seen(change, said):
    (fault,) = quizzes.faults([*FIVE[:4], {**FIVE[4], **change}])
    assert fault.startswith("question 5: ") and said in fault


def test_a_planted_fault_of_a_file_is_seen(tmp_path):
    assert quizzes.faults(FIVE) == []
    assert quizzes.faults(FIVE[:4]) == ["4 questions; write at least 5"]
    assert quizzes.faults([*FIVE, FIVE[0]]) == ["asked twice: '0 + 1?'"]
    assert quizzes.faults("no") == ["a str; write a list of questions"]
    path = tmp_path / "a.yml"
    path.write_text("- no\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^a\.yml: 1 questions.*question 1: it has False"):
        quizzes.read(path)


WITH_QUIZ = sorted(path.stem for path in quizzes.FOLDER.glob("*.yml"))


def test_questions_for_moodle():
    """Each answer has its reason, and what GIFT gives a meaning to is escaped."""
    for name in WITH_QUIZ:
        questions = quizzes.of_lesson(name)
        text = quizzes.gift(name, questions)
        bare = re.sub(r"\\.", "", text)
        assert bare.count("{") == bare.count("}") == len(questions), name
        assert bare.count("=[html]") == len(questions)
        assert bare.count("~[html]") == sum(len(q.answers) - 1 for q in questions)
        assert bare.count("#[html]") == sum(len(q.answers) for q in questions)


def test_questions_for_canvas(tmp_path):
    namespace = {"q": quizzes.QTI}
    for name in WITH_QUIZ:
        questions = quizzes.of_lesson(name)
        quizzes.write_qti(name, "Title", questions, tmp_path / "a.zip")
        with zipfile.ZipFile(tmp_path / "a.zip") as archive:
            manifest = archive.read("imsmanifest.xml").decode()
            (file,) = re.findall(r'href="([^"]+)"', manifest)
            root = ElementTree.fromstring(archive.read(file))
        items = root.findall(".//q:item", namespace)
        assert len(items) == len(questions)
        for item, question in zip(items, questions, strict=True):
            (score,) = item.findall(".//q:respcondition[q:setvar]", namespace)
            right = score.find(".//q:varequal", namespace).text
            labels = item.findall(".//q:response_label", namespace)
            texts = {
                label.get("ident"): label.find(".//q:mattext", namespace).text for label in labels
            }
            (answer,) = [answer for answer in question.answers if answer.is_right]
            assert texts[right] == quizzes.to_html(answer.text)
            assert len(item.findall(".//q:itemfeedback", namespace)) == len(question.answers)


def test_questions_at_the_end_of_a_page():
    class App:
        class env:  # noqa: N801
            note_dependency = staticmethod(lambda path: None)

    for name in WITH_QUIZ[:3]:
        source = [(ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")]
        quizzes.add_to_page(App, f"notebooks/{name}", source)
        cell = json.loads(source[0])["cells"][-1]["source"]
        assert cell.startswith(quizzes.HEADING)
        page = BeautifulSoup(cell, "html.parser")
        radios = page.find_all("input", type="radio")
        questions = quizzes.of_lesson(name)
        assert len(radios) == sum(len(question.answers) for question in questions)
        assert len({radio["id"] for radio in radios}) == len(radios)
        assert {radio["id"] for radio in radios} == {label["for"] for label in page("label")}
        assert len(page.select(".because.right")) == len(questions)
    untouched = ["{}"]
    quizzes.add_to_page(App, "book/index", untouched)
    assert untouched == ["{}"]


# ---- Slides ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """Write all decks, of lessons and of questions."""
    folder = tmp_path_factory.mktemp("slides")
    write_slides(PATHS, folder)
    questions = folder / "questions"
    questions.mkdir()
    write_quizzes(PATHS, questions)
    return folder


def test_an_opening_is_whole():
    source = (
        "# Title\n\n- **You will** fold\n  a sheet.\n- **You will learn** why.\n- **Time** long"
    )
    text = BeautifulSoup(slides._opening(source), "html.parser").get_text(" ")
    assert " ".join(text.split()) == "Title You will fold a sheet. You will learn why."


def test_a_deck_begins_with_the_question_of_the_lesson(stored):
    page = BeautifulSoup(slides.deck(stored["pooling"], "pooling"), "html.parser")
    first, second = page.select(".slides > section")[:2]
    assert first.p.get_text().endswith("why does it still work?")
    assert "becomes its largest value or its mean" in second.section.p.get_text()


def test_a_task_is_shown_whole_and_long_prose_by_its_last_sentence():
    task = f"**1. Compute.** {'Many words. ' * 40}"
    assert slides.shown_of(f"Before.\n\n{task}") == task
    assert slides.shown_of("Many words. " * 40 + "Look: here.") == "Look: here."


def test_a_deck_holds_the_figures_and_all_the_prose(stored):
    for name, notebook in stored.items():
        if name not in ("convolution", "chest-xrays"):
            continue
        page = BeautifulSoup(slides.deck(notebook, name), "html.parser")
        figures = [
            output
            for cell in notebook.cells
            if lessons.is_shown(cell)
            for output in cell.get("outputs", [])
            if output.get("data", {}).get("text/html", "").startswith("<img")
        ]
        assert len(page.select("img.r-stretch")) == len(figures) > 0
        steps = [
            c for c in notebook.cells if lessons.is_shown(c) and 'class=\\"steps' in json.dumps(c)
        ]
        assert len(page.select(".steps")) == len(steps)
        notes = " ".join(aside.get_text(" ") for aside in page.select("aside.notes"))
        assert len(notes) > 3000
        assert "<summary>Solution" not in str(page)
        assert page.select("section section pre") and not page.find("script", src=re.compile("//"))


def watched(context, path):
    """Open a page and return it with the list that its troubles go into."""
    page, troubles = context.new_page(), []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else 0)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda request: troubles.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    return page, troubles


# Slide by slide, as a class sees them: how far each is taller or wider than the room there is.
OVERFULL = """() => Reveal.getSlides().map(slide => {
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v);
  return Math.max(slide.scrollHeight - slide.clientHeight, slide.scrollWidth - slide.clientWidth);
})"""


def test_all_decks_open_without_network_and_fit(decks, browser):
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
    over = []
    for path in sorted(decks.rglob("*.html")):
        page, troubles = watched(context, path)
        by = page.evaluate(OVERFULL)
        assert troubles == [] and len(by) >= 5, path.name
        over += by
        page.close()
    context.close()
    # The longest listings scroll.
    assert sum(pixels > 2 for pixels in over) < len(over) / 500


def test_decks_are_driven_by_keyboard_and_print(decks, browser):
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 800})
    chosen = ("convolution", "pooling", "what-is-it-worth", "questions/pooling")
    for path in [decks / f"{name}.html" for name in chosen]:
        page, troubles = watched(context, path)
        count = page.evaluate("Reveal.getTotalSlides()")
        page.keyboard.press("Space")
        page.keyboard.press("Space")
        assert page.evaluate("Reveal.getSlidePastCount()") > 0
        page.goto(f"{path.as_uri()}?print-pdf")
        page.wait_for_selector(".pdf-page")
        assert page.locator(".pdf-page").count() == count > 5
        assert troubles == [], path.name
        page.close()
    context.close()


def test_formulas_of_all_lessons_are_rendered(stored):
    for name, notebook in stored.items():
        for source in sources(notebook, "markdown"):
            assert "katex-error" not in slides.to_html(source), name


# ---- The branch of the student edition -------------------------------------------------------


def publish_to(remote, folder, files):
    """Do what the workflow does once the edition is there."""
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    workflow = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text("utf-8"))
    script = workflow["jobs"]["student"]["steps"][-1]["run"]
    address = "https://x-access-token:t@github.com/you/fork"
    # As GitHub runs it: the first command that fails ends it.
    settings = {"GH_TOKEN": "t", "GH_REPO": "you/fork", "GITHUB_SHA": folder.name}
    settings |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{remote}.insteadOf"}
    settings |= {"GIT_CONFIG_VALUE_0": address, "PATH": os.environ["PATH"], "HOME": str(folder)}
    subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=settings, check=True)


def test_work_of_students_stays_when_the_lessons_are_published_again(tmp_path):
    """A hub fetches the branch again and merges it, as nbgitpuller does."""
    remote, own = tmp_path / "remote.git", tmp_path / "own"
    git = ["git", "-c", "user.name=me", "-c", "user.email=me@localhost"]

    def run(*command, folder=own):
        return subprocess.run([*git, *command], cwd=folder, check=True, capture_output=True)

    run("init", "--quiet", "--bare", remote, folder=tmp_path)
    lines = "".join(f"{number}\n" for number in range(20))
    publish_to(remote, tmp_path / "1", {"lesson": lines, "old": "gone next time"})
    run(
        "clone",
        "--quiet",
        "--branch",
        "student",
        "--depth",
        "1",
        remote.as_uri(),
        own,
        folder=tmp_path,
    )
    (own / "lesson").write_text(lines + "my answer\n", encoding="utf-8")
    publish_to(remote, tmp_path / "2", {"lesson": "corrected\n" + lines, "new": "a lesson"})
    publish_to(remote, tmp_path / "3", {"lesson": "corrected\n" + lines, "new": "a lesson"})
    assert run("rev-list", "--count", "student", folder=remote).stdout == b"2\n"
    run("commit", "--quiet", "--all", "--message", "mine")
    run("fetch", "--quiet")
    run("merge", "--quiet", "-Xours", "origin/student")
    assert (own / "lesson").read_text("utf-8") == "corrected\n" + lines + "my answer\n"
    assert (own / "new").is_file() and not (own / "old").exists()
