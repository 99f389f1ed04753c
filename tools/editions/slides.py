"""One deck for each lesson, and one for its questions: HTML with reveal.js, no network.

A slide shows what a class looks at: a figure, a formula, a few lines of code and what they give.
All the prose of the lesson stands in the speaker's notes (key S), with the instructor's own.
"""

import html
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools import quizzes
from tools.editions import lessons
from tools.notebooks import ROOT
from tools.site.formulas import render

HERE = Path(__file__).parent
LONGEST = 18  # lines of code on a slide
ROOM = 15  # lines of a slide, about
TOGETHER = 5  # lines of code that share a slide with a figure
SAID = 260  # characters of prose on a slide
BELOW = 4  # lines of prose that share a slide with the figure above them
# Formulas, lists, tables, pictures, quotations, tasks of exercises.
WHOLE = re.compile(r"\s*(\$\$|- |1\. |\||!\[|> |\*\*\d)")

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="stylesheet" href="deck/reset.css">
<link rel="stylesheet" href="deck/reveal.css">
<link rel="stylesheet" href="deck/katex/katex.min.css">
<link rel="stylesheet" href="deck/deck.css">
<style>{highlighting}</style>
</head>
<body>
<div class="reveal"><div class="slides">
{slides}
</div></div>
<script src="deck/reveal.js"></script>
<script src="deck/notes.js"></script>
<script src="deck/deck.js"></script>
</body>
</html>
"""
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": True})
    .enable("table")
    .use(
        dollarmath_plugin,
        allow_labels=False,
        renderer=lambda text, options: render(
            re.sub(r"\\tag\{[^}]*\}", "", text), options["display_mode"]
        ),
    )
)


def to_html(markdown: str) -> str:
    """Return Markdown as HTML, formulas rendered."""
    return _MARKDOWN.render(lessons.with_links(markdown, lessons.site()))


def code(source: str) -> str:
    """Return Python as HTML."""
    return highlight(source, PythonLexer(), HtmlFormatter(cssclass="code"))


def _without_links(page: str) -> str:
    """Return HTML whose links inside the book are words: a deck lies elsewhere."""
    soup = BeautifulSoup(page, "html.parser")
    for link in soup("a"):
        if not link.get("href", "").startswith("http"):
            link.unwrap()
    return str(soup)


def shown_of(markdown: str) -> str:
    """Return what a slide shows of the prose before a cell: formulas, lists, tables, a sentence."""
    blocks = [block for block in re.split(r"\n{2,}", markdown) if block.strip()]
    shown = [block for block in blocks[:-1] if WHOLE.match(block)]
    if blocks:
        last = blocks[-1]
        if not WHOLE.match(last) and len(last) > SAID:
            sentences = re.split(r"(?<=[.!?])\s+", " ".join(last.split()))
            last = sentences[-1] if len(sentences[-1]) <= SAID else ""
        shown.append(last)
    return "\n\n".join(shown)


def output(cell: NotebookNode) -> tuple[str, bool]:
    """Return the outputs of a cell as HTML, and whether there is a figure among them."""
    parts, is_figure = [], False
    for item in cell.get("outputs", []):
        data = item.get("data", {})
        if item.output_type == "stream":
            parts.append(f'<pre class="output">{html.escape(_cut(item.text))}</pre>')
        elif "text/html" in data:
            parts.append(re.sub("^<img", '<img class="r-stretch"', data["text/html"]))
            is_figure |= "<img" in data["text/html"]
        elif "text/plain" in data:
            parts.append(f'<pre class="output">{html.escape(_cut(data["text/plain"]))}</pre>')
    return "\n".join(parts), is_figure


def _cut(text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    return "\n".join(lines if len(lines) <= LONGEST else [*lines[: LONGEST - 1], "..."])


class Piece(NamedTuple):
    """What belongs on one slide: HTML, about how many lines it takes, and the speaker's notes."""

    content: str
    lines: float
    notes: str


def slide(heading: str, content: str, notes: str = "") -> str:
    """Return one slide."""
    aside = f'<aside class="notes">{to_html(notes)}</aside>' if notes.strip() else ""
    title = f"<h2>{_MARKDOWN.renderInline(heading)}</h2>" if heading else ""
    return f"<section>\n{title}\n{content}\n{_without_links(aside)}\n</section>"


def _stack(heading: str, pieces: Iterable[Piece]) -> str:
    """Return the slides of a section; small pieces that follow each other share one."""
    shared: list[Piece] = []
    for piece in pieces:
        if shared and shared[-1].lines + piece.lines <= ROOM:
            last = shared.pop()
            notes = f"{last.notes}\n\n{piece.notes}"
            piece = Piece(last.content + piece.content, last.lines + piece.lines, notes)
        shared.append(piece)
    slides = [slide(heading, piece.content, piece.notes) for piece in shared]
    return f"<section>\n{chr(10).join(slides)}\n</section>" if slides else ""


def _question(source: str) -> tuple[str, str]:
    """Return the paragraph with the question of a lesson, and what else is below its list."""
    blocks = re.split(r"\n{2,}", source)[2:]
    question = next((block for block in blocks if "?" in block), "")
    return question, "\n\n".join(block for block in blocks if block != question)


def _opening(source: str) -> str:
    """Return the title, the question of the lesson, and what one will do and learn."""
    # An item goes on in the lines below it.
    kept = re.findall(r"(?m)^- \*\*You will(?: learn)?\*\*.*(?:\n(?!-|$).+)*", source)
    question, _ = _question(source)
    text = to_html("\n\n".join([source.splitlines()[0], question, "\n".join(kept)]))
    return f'<section class="title">{_without_links(text)}</section>'


def _steps(notebook: NotebookNode) -> Iterator[tuple[str, str, NotebookNode | None]]:
    """Yield (heading, prose before a cell, the cell); at the end of a section the cell is None."""
    heading, (_, prose) = "", _question(notebook.cells[0].source)
    for cell in notebook.cells[1:]:
        if not lessons.is_shown(cell):
            continue
        if cell.cell_type == "code":
            yield heading, prose, cell
            prose = ""
            continue
        for part in re.split(r"(?m)^(?=##+ )", cell.source):
            if match := re.match(r"##+ (.+)\n*", part):
                if prose.strip():
                    yield heading, prose, None
                heading, prose = match[1].strip(), part[match.end() :]
            else:
                prose += f"\n\n{part}"
    if prose.strip():
        yield heading, prose, None


def _pieces(prose: str, cell: NotebookNode | None, notes: str) -> Iterator[Piece]:
    """Yield what a slide, or two, show of a cell and the prose before it."""
    shown = shown_of(prose)
    said, height = f"{notes}\n\n{prose}", len(shown) / 70 + shown.count("\n") + 1
    words = _without_links(to_html(shown))
    if cell is None:
        if words.strip():
            yield Piece(words, height, said)
        return
    result, is_figure = output(cell)
    lines = cell.source.count("\n") + 1
    # What a check says of a stub is nothing to look at.
    if lessons.CHECK.search(cell.source):
        result = ""
    is_hidden = "hide-input" in cell.metadata.get("tags", []) or lines > LONGEST
    is_hidden |= lessons.CHECK.fullmatch(cell.source.strip()) is not None
    source = "" if is_hidden else code(cell.source)
    if source and is_figure and lines > TOGETHER:
        yield Piece(words + source, ROOM, said)
        yield Piece(result, ROOM - BELOW, "")
    elif words.strip() or source or result:
        if is_figure:  # it takes what the words leave
            height = max(ROOM - BELOW, min(ROOM, ROOM - BELOW + height - 2))
        else:
            height += lines * bool(source) + result.count("\n") + 1
        yield Piece(words + source + result, height, said)


def question_slides(questions: Sequence[quizzes.Question]) -> list[str]:
    """Return a slide for each question; the reasons appear at the next step."""
    slides = []
    for number, question in enumerate(questions, 1):
        items = []
        for answer in question.answers:
            verdict = "right" if answer.is_right else "wrong"
            text = _MARKDOWN.renderInline(answer.text)
            because = _MARKDOWN.renderInline(answer.because)
            items.append(
                f'<li>{text}<p class="fragment {verdict}" data-fragment-index="1">'
                f"{because}</p></li>"
            )
        content = (
            f"<p>{_MARKDOWN.renderInline(question.text)}</p>\n"
            f'<ol class="answers">{"".join(items)}</ol>'
        )
        slides.append(slide(f"Question {number}", _without_links(content)))
    return slides


def deck(notebook: NotebookNode, lesson: str) -> str:
    """Return the deck of a lesson."""
    left = lessons.notes(lesson)
    solved = {exercise.function: exercise for exercise in lessons.exercises(notebook)}
    stacks: dict[str, list[Piece]] = {}
    for heading, prose, cell in _steps(notebook):
        if heading == "Further reading":
            continue
        notes = left.pop(heading, "")
        notes = f"**For the instructor.** {notes}" if notes else ""
        if cell is not None:
            written = [solved[f].solution for f in lessons.STUB.findall(cell.source) if f in solved]
            notes += "".join(f"\n\n```python\n{solution}\n```" for solution in written)
        pieces = _pieces(lessons.FOLD.sub("", prose), cell, notes)
        stacks.setdefault(heading, []).extend(pieces)
    sections = [_stack(heading, pieces) for heading, pieces in stacks.items()]
    if questions := quizzes.of_lesson(lesson):
        sections.append(f"<section>\n{chr(10).join(question_slides(questions))}\n</section>")
    title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
    return _page(title, [_opening(notebook.cells[0].source), *sections])


def question_deck(title: str, questions: Sequence[quizzes.Question]) -> str:
    """Return a deck of questions alone."""
    return _page(title, question_slides(questions))


def _page(title: str, slides: Sequence[str]) -> str:
    style = HtmlFormatter(cssclass="code", style="default").get_style_defs(".code")
    return PAGE.format(title=html.escape(title), slides="\n".join(slides), highlighting=style)


def write_deck_files(folder: Path) -> None:
    """Write what all decks of a folder share: reveal.js, KaTeX's style and fonts, ours."""
    spec = find_spec("sphinx_revealjs")
    assert spec and spec.origin
    reveal = Path(spec.origin).parent / "_static" / "revealjs"
    shared = folder / "deck"
    shared.mkdir(parents=True, exist_ok=True)
    for name in ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes/notes.js"):
        shutil.copy(reveal / name, shared)
    shutil.copy(reveal / "LICENSE", shared / "LICENSE-reveal.js")
    shutil.copytree(ROOT / "book" / "_static" / "katex", shared / "katex", dirs_exist_ok=True)
    for name in ("deck.css", "deck.js"):
        shutil.copy(HERE / name, shared)
