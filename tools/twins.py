"""The text twin of a lesson, `notebooks/text/LESSON.md`: what one reads when a lesson changes.

A notebook holds its images as text, so its diff can't be read. The twin holds the prose and the
code as they are, outputs in short form, and figures as their alt text. `tools.notebooks` writes it
with the lesson; a test says when it is out of date.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from nbformat import NotebookNode

MADE = (
    "<!-- Made from {name}.ipynb by `python -m tools.notebooks`. Change the lesson, not this. -->"
)
# Longer lines of prose are broken after each sentence, so that one that changes is one line.
WIDTH = 120
# Of an output, so many lines are shown.
LINES = 12
SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[*_(\[\"“]*[A-Z`$])|(?<=[.!?][)\"”*]) (?=[A-Z`$*\[])")
# What a line begins with that its continuation must not repeat: list markers, quotes.
OPENING = re.compile(r"\s*(?:(?:[-*+]|\d+[.)])\s+)?")


def path_of(lesson: Path) -> Path:
    """Return where the twin of a lesson lies."""
    return lesson.parent / "text" / f"{lesson.stem}.md"


def broken(markdown: str) -> str:
    """Return Markdown with long lines of prose broken after each sentence."""
    lines, fence = [], ""
    for line in markdown.splitlines():
        if mark := re.match(r"\s*(`{3,}|~{3,})", line):
            fence = "" if fence else mark[1]
        if fence or len(line) <= WIDTH or line.startswith(("|", "#", ">", "$$", "<")):
            lines.append(line)
        else:
            opening = OPENING.match(line)
            start = opening.end() if opening else 0
            first, *others = SENTENCE_END.split(line[start:])
            lines += [line[:start] + first, *(" " * start + other for other in others)]
    return "\n".join(lines)


def _fenced(text: str, info: str) -> str:
    longest = max((len(mark) for mark in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{info}\n{text}\n{fence}"


def _short(text: str) -> str:
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    lines = [line if len(line) <= WIDTH else f"{line[:WIDTH]} ..." for line in lines]
    if len(lines) > LINES:
        lines[LINES - 1 :] = [f"... {len(lines) - LINES + 1} more lines"]
    return "\n".join(lines)


def _said(output: NotebookNode) -> tuple[str, list[str]]:
    """Return what an output says in text, and the alt texts of its figures."""
    if output.output_type == "stream":
        return output.text, []
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}", []
    data, metadata = output.data, output.metadata
    # Values for the pages carry their name.
    name = metadata.get("scrapbook", {}).get("name", "")
    html = next((data[kind] for kind in data if kind.endswith("text/html")), "")
    if alts := [image.get("alt", "") for image in BeautifulSoup(html, "html.parser")("img")]:
        return name, alts
    plain = next((data[kind] for kind in data if kind.endswith("text/plain")), "")
    return f"{name}: {plain}" if name else plain, []


def _blocks(cell: NotebookNode) -> Iterator[str]:
    """Yield the parts of a cell."""
    if cell.cell_type != "code":
        yield broken(cell.source)
        return
    yield _fenced(cell.source, " ".join(["python", *cell.metadata.get("tags", [])]))
    outputs = [_said(output) for output in cell.outputs]
    if text := "\n".join(text.strip("\n") for text, _ in outputs if text.strip()):
        yield _fenced(_short(text), "text")
    for _, alts in outputs:
        for alt in alts:
            yield "\n".join(f"> {line}" for line in broken(f"Figure: {alt}").splitlines())


def text(notebook: NotebookNode, name: str) -> str:
    """Return the twin of a lesson in normal form; its set-up cell, which is made, left out."""
    blocks = [MADE.format(name=name)]
    for cell in notebook.cells:
        if not cell.source.startswith("# Only on Colab"):
            blocks += _blocks(cell)
    return "\n\n".join(blocks) + "\n"
