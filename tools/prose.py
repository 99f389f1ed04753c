"""Find what the prose of pages and lessons may not do: `python -m tools.prose [PATH ...]`.

One line for each offense; without a path, of all pages and lessons.
"""

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from bs4 import BeautifulSoup
from nbformat import NotebookNode

from tools import markdown
from tools.links import report
from tools.notebooks import ROOT, read, uses_chest_xrays, uses_medmnist

# Decimals, percentages, three digits and more (but years), "12 times faster".
NUMBER = re.compile(
    r"(?<![\w.,/-])(?!(?:19|20)\d\d(?![\d.,]\d|\s?%))(\d[\d,]*\.\d+|\d[\d,]*(?=\s?%)|\d{3,}|\d{1,3}(?:,\d{3})+"
    r"|\d+(?= times\b))(?![\w/]|\.\d)"
)
CITED = re.compile(r"doi|arXiv|\{cite", re.I)
SENTENCE = re.compile(r".+?(?:(?<=[.!?])\s+(?=[A-Z*\[])|$)", re.S)
# Run times are measured; the index repeats headings, which are looked at where they stand.
MADE = [ROOT / "book" / "reference" / name for name in ("measured.md", "book-index.md")]

# The one script that a lesson may hold, as it is now.
STEPS = ROOT / "helpers" / "steps.js"


class Number(NamedTuple):
    """A number that looks computed, with its sentence and line."""

    value: float
    sentence: str
    line: int

    def __str__(self) -> str:
        return f"{self.value:g} in {self.sentence!r}"


def numbers(text: str) -> list[Number]:
    """Return the numbers that look computed, in sentences that cite no publication."""
    shown = [p for p in markdown.passages(text) if p.within != "details"]  # solutions are run
    computed = []
    # The cells of a row of a table are one sentence.
    for line, row in groupby(shown, key=lambda passage: passage.line):
        passages = list(row)
        words = " | ".join(passage.words(links=True) for passage in passages)
        for match in SENTENCE.finditer(" | ".join(passage.text for passage in passages)):
            if not CITED.search(match[0]):
                sentence = " ".join(match[0].split())
                for number in NUMBER.findall(words[slice(*match.span())]):
                    computed.append(Number(float(number.replace(",", "")), sentence, line + 1))
    return computed


def unglued_numbers(text: str) -> list[str]:
    """Return the numbers in a page that no lesson computed and no publication states."""
    return [f"{number.line}: {number}" for number in numbers(text)]


TWICE = re.compile(r"\b((?!had\b|that\b)[a-z]+)\s+\1\b", re.I)


def words_twice(notebook: NotebookNode) -> list[str]:
    """Return the words of a lesson's prose that stand twice in a row."""
    return [
        f"{cell.id}: {found[0]!r}"
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for block in markdown.passages(cell.source)
        for found in TWICE.finditer(re.sub("`[^`]*`", "`", block.text))
    ]


def sections(notebook: NotebookNode) -> Iterator[list[NotebookNode]]:
    """Yield the cells between one heading and the next."""
    section: list[NotebookNode] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.match(r"#+ ", cell.source) and section:
            yield section
            section = []
        section.append(cell)
    yield section


def is_guard(cell: NotebookNode) -> bool:
    """Whether the cell asserts what the prose says."""
    return "guard" in cell.metadata.get("tags", [])


def unguarded_numbers(notebook: NotebookNode) -> list[str]:
    """Return the numbers in a lesson's prose that no guard of their section repeats."""
    offenses = []
    for section in sections(notebook):
        code = "\n".join(cell.source for cell in section if is_guard(cell))
        guarded = {
            float(number.replace("_", ""))
            for number in re.findall(r"(?<![\w.])\d[\d_]*\.?\d*", code)
        }
        for cell in section:
            if cell.cell_type == "markdown":
                for number in numbers(cell.source):
                    if not {number.value, number.value / 100} & guarded:
                        offenses.append(f"{cell.id}: {number}")
    return offenses


def guards_on_simulated_images(notebook: NotebookNode) -> list[str]:
    """Return the guards after images are loaded that would judge simulated ones as real."""
    offenses, loaded = [], False
    simulable = uses_medmnist(notebook) or uses_chest_xrays(notebook)
    for cell in notebook.cells:
        loaded = loaded or (simulable and "load(" in cell.source)
        if loaded and is_guard(cell) and not re.match(r"if not \w+\.synthetic:\n", cell.source):
            offenses.append(f"{cell.id}: {cell.source.splitlines()[0]}")
    return offenses


def bad_guards(notebook: NotebookNode) -> list[str]:
    """Return the guards that are shown on the site or assert nothing."""
    return [
        f"{cell.id}: a guard that is shown on the site or asserts nothing"
        for cell in notebook.cells
        if is_guard(cell)
        and ("assert " not in cell.source or "remove-cell" not in cell.metadata["tags"])
    ]


def figures_without_alt(notebook: NotebookNode) -> list[str]:
    """Return the code cells with an image that has no alt text, or with more than one figure."""
    offenses = []
    for cell in notebook.cells:
        figures = 0
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            shown = BeautifulSoup(data.get("text/html", ""), "html.parser").find_all("img")
            figures += bool(shown)
            # What `show` did not display has none.
            if any(kind.startswith("image/") for kind in data) or any(
                not image.get("alt", "").strip() for image in shown
            ):
                offenses.append(f"{cell.id}: a figure without alt text")
        if figures > 1:
            offenses.append(f"{cell.id}: {figures} figures in one cell")
    return offenses


def stored_troubles(notebook: NotebookNode) -> list[str]:
    """Return the stored errors, stderr, and scripts other than that of figures in steps."""
    offenses = []
    steps = f"<script data-steps>{STEPS.read_text(encoding='utf-8')}</script>"
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            expected = "raises-exception" in cell.metadata.get("tags", [])
            if output.output_type == "error" and not expected:
                offenses.append(f"{cell.id}: an error, {output.ename}")
            if output.get("name") == "stderr":
                offenses.append(f"{cell.id}: stderr")
            if "<script" in output.get("data", {}).get("text/html", "").replace(steps, ""):
                offenses.append(f"{cell.id}: a script")
    return offenses


# What is looked at in a lesson, and what helps.
CHECKS = {
    unguarded_numbers: "repeat it in a guard before the next heading, write it as `code` or cite",
    guards_on_simulated_images: "begin it with `if not data.synthetic:`",
    bad_guards: "let it assert, and give it the tags guard and remove-cell",
    figures_without_alt: 'use show(figure, alt="...") from helpers.display, one figure a cell',
    words_twice: "write it once",
    stored_troubles: "mend its cause and run the lesson: python -m tools.notebooks PATH",
}


def offenses(path: Path) -> list[str]:
    """Return what is wrong with a page or lesson, where, and what helps."""
    if path in MADE:
        return []
    if path.suffix == ".md":
        remedy = "glue it from a lesson, write it as `code` or cite its source"
        return [f"{said}: {remedy}" for said in unglued_numbers(path.read_text(encoding="utf-8"))]
    notebook = read(path)
    return [f"{said}: {remedy}" for check, remedy in CHECKS.items() for said in check(notebook)]


if __name__ == "__main__":
    sys.exit(report(__doc__, offenses, sys.argv[1:]))
