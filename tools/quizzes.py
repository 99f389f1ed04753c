"""Questions of a lesson, `book/teaching/quizzes/LESSON.yml`: in pages, for Moodle and Canvas.

Sphinx loads this module (`_config.yml`) and puts the questions at the end of the lesson's page.
They are radio buttons, and a reason beside each that the style sheet shows once it is chosen: no
script. The stored lesson does not hold them.
"""

import html
import json
import random
import re
import uuid
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import yaml
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "book" / "teaching" / "quizzes"
LEVELS = ("remember", "understand", "apply", "judge")
KEYS = {"question", "level", "right", "because", "wrong"}
LEAST = 5  # questions in a file


class Answer(NamedTuple):
    """One answer to choose, and why it is right or wrong; both in Markdown."""

    text: str
    because: str
    is_right: bool


class Question(NamedTuple):
    """A question in Markdown, and its answers in the order in which they are shown."""

    text: str
    level: str
    answers: list[Answer]


def faults(entries: Any) -> list[str]:
    """Return what is wrong with the content of a file of questions, a sentence each.

    Examples
    --------
    >>> question = {"question": "1 + 1?", "level": "apply", "right": "2", "because": "Count."}
    >>> faults([{**question, "wrong": []}])
    ['1 questions; write at least 5', 'question 1: 0 wrong answers; give two or three']
    """
    if not isinstance(entries, list):
        return [f"a {type(entries).__name__}; write a list of questions"]
    said = [] if len(entries) >= LEAST else [f"{len(entries)} questions; write at least {LEAST}"]
    for number, entry in enumerate(entries, 1):
        said += [f"question {number}: {fault}" for fault in _faults_of_one(entry)]
    texts = [_plain(entry.get("question")) for entry in entries if isinstance(entry, dict)]
    said += [f"asked twice: {text!r}" for text in sorted(set(texts)) if texts.count(text) > 1]
    return said


def _plain(text: Any) -> str:
    return " ".join(str(text).split()).casefold()


def _faults_of_one(entry: Any) -> list[str]:
    if not isinstance(entry, dict) or set(entry) != KEYS:
        keys = sorted(map(str, entry)) if isinstance(entry, dict) else entry
        return [f"it has {keys}; write {sorted(KEYS)}"]
    said = []
    if entry["level"] not in LEVELS:
        said.append(f"level {entry['level']!r}; write one of {', '.join(LEVELS)}")
    wrong = entry["wrong"] if isinstance(entry["wrong"], list) else []
    if not 2 <= len(wrong) <= 3:
        said.append(f"{len(wrong)} wrong answers; give two or three")
    if not all(
        isinstance(answer, dict) and set(answer) == {"answer", "because"} for answer in wrong
    ):
        return [*said, "each wrong answer has an answer and a because, and nothing else"]
    texts = {name: entry[name] for name in ("question", "right", "because")}
    for place, answer in enumerate(wrong, 1):
        texts |= {f"{name} of wrong {place}": answer[name] for name in ("answer", "because")}
    for name, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            said.append(f"{name} is {text!r}; write a text (numbers in quotes)")
        elif "\n\n" in text.strip():
            said.append(f"{name} has an empty line; write one paragraph")
    shown = [_plain(text) for text in (entry["right"], *(answer["answer"] for answer in wrong))]
    said += [f"answered twice: {text!r}" for text in sorted(set(shown)) if shown.count(text) > 1]
    return said


def path_of(lesson: str) -> Path:
    """Return where the questions of a lesson lie, if it has any."""
    return FOLDER / f"{lesson}.yml"


def read(path: Path) -> list[Question]:
    """Return the questions of a file, answers shuffled, the same way each time.

    Raises
    ------
    ValueError
        If the file is not of the form; all that is wrong with it is said.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    if said := faults(entries):
        raise ValueError(f"{path.name}: " + "; ".join(said))
    return [
        Question(line(entry["question"]), entry["level"], shuffled(entry, f"{path.stem} {number}"))
        for number, entry in enumerate(entries, 1)
    ]


def of_lesson(lesson: str) -> list[Question]:
    """Return the questions of a lesson; none if there is no file."""
    path = path_of(lesson)
    return read(path) if path.is_file() else []


def line(text: str) -> str:
    """Return a paragraph in one line."""
    return " ".join(text.split())


def shuffled(entry: dict[str, Any], seed: str) -> list[Answer]:
    """Return the answers of a question, the right one and the wrong ones, in an order drawn."""
    answers = [Answer(line(entry["right"]), line(entry["because"]), True)]
    answers += [Answer(line(one["answer"]), line(one["because"]), False) for one in entry["wrong"]]
    random.Random(seed).shuffle(answers)
    return answers


# ---- In the page, in a notebook ---------------------------------------------------------------

HEADING = "## Test yourself"
HOW = "Choose an answer: its reason appears below it."


def for_page(questions: Sequence[Question]) -> str:
    """Return MyST Markdown of questions for the site: radio buttons, each with its reason."""
    blocks = [HEADING, HOW]
    for number, question in enumerate(questions, 1):
        group = f"quiz-{number}"
        blocks += [
            f'<div class="quiz" role="radiogroup" aria-labelledby="{group}">',
            f'<span id="{group}"><b>{number}.</b> {question.text}</span>',
        ]
        for place, (text, because, is_right) in enumerate(question.answers):
            name = f"{group}-{place}"
            verdict = ("right", "Right.") if is_right else ("wrong", "No.")
            # One paragraph, so that the words are Markdown. The outer span is there all the
            # time: what appears in it is read aloud.
            blocks.append(
                f'<input type="radio" name="{group}" id="{name}"><label for="{name}">'
                f"<b>{'ABCD'[place]}.</b> {text}</label>"
                f'<span role="status"><span class="because {verdict[0]}"><b>{verdict[1]}</b> '
                f"{because}</span></span>"
            )
        blocks.append("</div>")
    return "\n\n".join(blocks)


def for_notebook(questions: Sequence[Question]) -> str:
    """Return Markdown of questions for a notebook: answers with letters, the right one folded."""
    blocks = [HEADING]
    for number, question in enumerate(questions, 1):
        letters = "ABCD"[: len(question.answers)]
        pairs = list(zip(letters, question.answers, strict=True))
        right = next(letter for letter, answer in pairs if answer.is_right)
        blocks += [
            f"**{number}.** {question.text}",
            "\n".join(f"- **{letter}.** {answer.text}" for letter, answer in pairs),
            "<details>\n<summary>Answer</summary>",
            f"**{right}** is right.",
            "\n".join(f"- **{letter}.** {answer.because}" for letter, answer in pairs),
            "</details>",
        ]
    return "\n\n".join(blocks)


# ---- For other systems ------------------------------------------------------------------------

_MARKDOWN = (
    MarkdownIt("commonmark")
    .enable("table")
    .use(dollarmath_plugin, renderer=lambda text, options: rf"\({html.escape(text)}\)")
)


def to_html(markdown: str) -> str:
    r"""Return one paragraph as HTML, formulas as Moodle and Canvas read them.

    Examples
    --------
    >>> to_html("Is $a < b$ *so*?")
    'Is \\(a &lt; b\\) <em>so</em>?'
    """
    rendered = _MARKDOWN.renderInline(markdown)
    return re.sub(r'<span class="math inline">(.*?)</span>', r"\1", rendered)


def _gift(text: str) -> str:
    """Escape what GIFT gives a meaning to; HTML stays."""
    return re.sub(r"([\\~=#{}:])", r"\\\1", to_html(text))


def gift(lesson: str, questions: Sequence[Question]) -> str:
    """Return the questions as Moodle imports them (GIFT), each answer with its reason."""
    blocks = [f"$CATEGORY: $course$/top/{lesson}"]
    for number, question in enumerate(questions, 1):
        lines = [f"::{lesson} {number}::[html]{_gift(question.text)} {{"]
        for answer in question.answers:
            sign = "=" if answer.is_right else "~"
            lines.append(f"\t{sign}[html]{_gift(answer.text)} #[html]{_gift(answer.because)}")
        blocks.append("\n".join([*lines, "}"]))
    return "\n\n".join(blocks) + "\n"


QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
MANIFEST = """\
<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="{name}" xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1">
  <organizations/>
  <resources>
    <resource identifier="r" type="imsqti_xmlv1p2"><file href="{name}.xml"/></resource>
  </resources>
</manifest>
"""


def _text(parent: ElementTree.Element, markdown: str) -> None:
    material = ElementTree.SubElement(parent, "material")
    ElementTree.SubElement(material, "mattext", texttype="text/html").text = to_html(markdown)


def _condition(processing: ElementTree.Element, goes_on: str, answer: str) -> ElementTree.Element:
    condition = ElementTree.SubElement(processing, "respcondition", attrib={"continue": goes_on})
    variable = ElementTree.SubElement(condition, "conditionvar")
    ElementTree.SubElement(variable, "varequal", respident="response1").text = answer
    return condition


def _qti_item(section: ElementTree.Element, name: str, question: Question) -> None:
    item = ElementTree.SubElement(section, "item", ident=name, title=name)
    fields = ElementTree.SubElement(ElementTree.SubElement(item, "itemmetadata"), "qtimetadata")
    for label, entry in (
        ("question_type", "multiple_choice_question"),
        ("points_possible", "1"),
    ):
        field = ElementTree.SubElement(fields, "qtimetadatafield")
        ElementTree.SubElement(field, "fieldlabel").text = label
        ElementTree.SubElement(field, "fieldentry").text = entry
    presentation = ElementTree.SubElement(item, "presentation")
    _text(presentation, question.text)
    response = ElementTree.SubElement(
        presentation, "response_lid", ident="response1", rcardinality="Single"
    )
    choices = ElementTree.SubElement(response, "render_choice")
    processing = ElementTree.SubElement(item, "resprocessing")
    outcomes = ElementTree.SubElement(processing, "outcomes")
    ElementTree.SubElement(
        outcomes, "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal"
    )
    for place, answer in enumerate(question.answers):
        choice, feedback = str(1000 + place), f"{1000 + place}_fb"
        _text(ElementTree.SubElement(choices, "response_label", ident=choice), answer.text)
        condition = _condition(processing, "Yes", choice)
        ElementTree.SubElement(
            condition, "displayfeedback", feedbacktype="Response", linkrefid=feedback
        )
        shown = ElementTree.SubElement(item, "itemfeedback", ident=feedback)
        _text(ElementTree.SubElement(shown, "flow_mat"), answer.because)
    right = next(place for place, answer in enumerate(question.answers) if answer.is_right)
    condition = _condition(processing, "No", str(1000 + right))
    ElementTree.SubElement(condition, "setvar", action="Set", varname="SCORE").text = "100"


def write_qti(lesson: str, title: str, questions: Sequence[Question], path: Path) -> None:
    """Write the questions as Canvas imports them: a zip of QTI 1.2."""
    root = ElementTree.Element("questestinterop", xmlns=QTI)
    name = f"quiz-{uuid.uuid5(uuid.NAMESPACE_URL, lesson)}"
    assessment = ElementTree.SubElement(root, "assessment", ident=name, title=title)
    section = ElementTree.SubElement(assessment, "section", ident="root_section")
    for number, question in enumerate(questions, 1):
        _qti_item(section, f"{lesson}-{number}", question)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode", xml_declaration=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in (
            ("imsmanifest.xml", MANIFEST.format(name=name)),
            (f"{name}.xml", text),
        ):
            # No date: the same questions give the same file.
            archive.writestr(zipfile.ZipInfo(file), content)


# ---- Sphinx -----------------------------------------------------------------------------------


def _lesson(page: str) -> str:
    """Return the lesson that a page of the site is, or nothing."""
    folder, _, name = page.rpartition("/")
    return name if folder == "notebooks" else ""


def add_to_page(app: Any, page: str, source: list[str]) -> None:
    """Append the questions to a lesson that Sphinx reads."""
    if questions := of_lesson(_lesson(page)):
        app.env.note_dependency(str(path_of(_lesson(page))))
        notebook = json.loads(source[0])
        notebook["cells"].append(
            {"cell_type": "markdown", "id": "quiz", "metadata": {}, "source": for_page(questions)}
        )
        source[0] = json.dumps(notebook)


def add_style(app: Any, page: str, *_: Any) -> None:
    """Load the style sheet on pages that have questions."""
    if path_of(_lesson(page)).is_file():
        app.add_css_file("quizzes.css")


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx call this module."""
    app.connect("source-read", add_to_page)
    app.connect("html-page-context", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
