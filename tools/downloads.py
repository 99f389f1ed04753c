"""What a reader takes along: lessons without solutions, and the book as PDF, EPUB and archive.

Sphinx loads this module (`_config.yml`). The download button of a lesson gives the student edition.
So do the buttons for Colab and Binder: they open the branch `student`, which publishing writes. In
a published copy the first page leads to the files of the newest release, and says their sizes.
"""

import json
from pathlib import Path
from typing import Any

import nbformat
from sphinx.errors import ExtensionError

from tools.editions import lessons
from tools.notebooks import lesson_paths, read

FIRST = "book/index"
PLACE = "<!-- take along -->"
SIZES = Path("book", "reference", "offline.json")  # written by `python -m tools.offline`
OFFER = """\
<p>Or take the book along, from the newest release:
<a href="{files}/book.pdf">PDF</a>, {pages} pages, {pdf} MB;
<a href="{files}/book.epub">EPUB</a>, {epub} MB;
<a href="{files}/book.zip">archive</a> of site, lessons and helpers, to read without a network,
{archive} MB.</p>"""


def offer(url: str, sizes: dict[str, dict[str, int]]) -> str:
    """Return a paragraph that leads to the files of the newest release; nothing without publisher.

    Examples
    --------
    >>> offer("", {})
    ''
    """
    if not url:
        return ""
    megabytes = {name: one["megabytes"] for name, one in sizes.items()}
    files = f"{url}/releases/latest/download"
    return OFFER.format(files=files, pages=sizes["pdf"]["pages"], **megabytes)


def add(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Write on the first page where the book can be had."""
    if page == FIRST:
        if PLACE not in context["body"]:
            raise ExtensionError(f"{FIRST}.md has no {PLACE}, where the book's files are named")
        sizes = json.loads((Path(app.srcdir) / SIZES).read_bytes())
        text = offer(lessons.published()["url"], sizes)
        context["body"] = context["body"].replace(PLACE, text)


def replace(app: Any, exception: Exception | None) -> None:
    """Put the student edition of each lesson where Sphinx has put the stored lesson."""
    if exception or app.builder.format != "html":
        return
    for path in lesson_paths():
        copied = Path(app.outdir) / "_sources" / "notebooks" / path.name
        if copied.is_file():
            edition = lessons.student(read(path), path.stem)
            copied.write_text(nbformat.writes(edition) + "\n", encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx call this module."""
    app.connect("html-page-context", add)
    app.connect("build-finished", replace)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
