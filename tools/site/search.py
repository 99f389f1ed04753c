"""The book's own search: an index of sections and terms, which `book.js` asks for and ranks.

Sphinx's own search ranks whole pages, loads its index with every page, and fetches each page that
it lists. This index comes when the search is opened, and holds the text to show.
"""

import json
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

GLOSSARY = "book/reference/glossary"
UNLISTED = {"book/reference/book-index"}  # all of it is titles of other sections
QUESTIONS = "Test yourself"  # of a quiz: they speak of all that a lesson does
KINDS = ("lesson", "page", "term", "reference")


def kind(name: str) -> str:
    """Return what a page is, which decides how its sections are ranked.

    Examples
    --------
    >>> kind("notebooks/pooling"), kind("book/reference/api"), kind("book/faq/more")
    ('lesson', 'reference', 'page')
    """
    if name == GLOSSARY:
        return "term"
    if name.startswith("notebooks/"):
        return "lesson"
    return "reference" if name.startswith(("book/reference/", "book/teaching/")) else "page"


def text_of(section: nodes.Element) -> str:
    """Return the words of a section itself: no code, no formulas, no sections in it."""
    words: list[str] = []
    for child in section.children:
        if isinstance(child, nodes.section | nodes.title | nodes.literal_block | nodes.math_block):
            continue
        if isinstance(child, nodes.paragraph | nodes.caption | nodes.term):
            words.append(child.astext())
        elif isinstance(child, nodes.Element) and not isinstance(child, nodes.raw):
            words.append(text_of(child))
    return " ".join(" ".join(words).split())


def sections(name: str, doctree: nodes.document) -> list[tuple[str, str, str]]:
    """Return anchor, title and text of each section of a page; a term has its Chinese name."""
    found = []
    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title)
        if title is None:
            continue
        heading, text = title.astext(), text_of(section)
        if heading == QUESTIONS:
            continue
        if kind(name) == "term":
            chinese, _, rest = text.partition(". ")
            if not re.search(r"[\u4e00-\u9fff]", chinese):
                continue  # a letter of the alphabet
            heading, text = f"{heading} · {chinese}", rest
        anchor = "" if section.parent is doctree else section["ids"][0]
        found.append((anchor, heading, text))
    return found


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the index: a script, since pages opened as files may not fetch data."""
    if error:
        return
    pages: list[tuple[str, str, int]] = []
    entries: list[tuple[int, str, str, str]] = []
    for name in sorted(app.env.found_docs - UNLISTED):
        title = app.env.titles[name].astext()
        for anchor, heading, text in sections(name, app.env.get_doctree(name)):
            entries.append((len(pages), anchor, heading, text))
        pages.append((f"{name}.html", title, KINDS.index(kind(name))))
    content = json.dumps({"pages": pages, "sections": entries}, ensure_ascii=False)
    path = Path(app.outdir) / "_static" / "search-index.js"
    path.write_text(f"window.searchIndex = {content};\n", encoding="utf-8")


def replace(app: Sphinx) -> None:
    """Switch Sphinx's own index off."""
    builder: Any = app.builder
    builder.search = False


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("builder-inited", replace)
    app.connect("build-finished", write)
