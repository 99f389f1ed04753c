"""Links to the glossary carry the definition along, for `book.js` to show on hover and focus."""

import functools
import html
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from tools.site.head import shorten

GLOSSARY = Path("book", "reference", "glossary.md")
LONGEST = 240
LINK = re.compile(r'<a class="reference internal" href="([^"]*glossary\.html#([\w-]+))">')


@functools.cache
def read(path: Path) -> dict[str, str]:
    """Return the definition of each term, by its anchor: Chinese name and text, without links.

    Examples
    --------
    >>> read(GLOSSARY)["average-pooling"]
    '平均池化. Pooling that keeps the mean of each window.'
    """
    text = path.read_text(encoding="utf-8")
    found = {}
    for term, body in re.findall(r"^### (.+)\n\n(.+(?:\n(?!→).+)*)", text, re.M):
        plain = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", body)
        plain = re.sub(r"[`*$]", "", " ".join(plain.split()))
        found[re.sub(r"[^\w-]", "", term.lower().replace(" ", "-"))] = shorten(plain, LONGEST)
    return found


def change(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the definition beside each link to a term."""
    definitions = read(Path(app.srcdir) / GLOSSARY)

    def one(match: re.Match[str]) -> str:
        definition = definitions.get(match[2])
        if not definition:
            return match[0]
        return f'{match[0][:-1]} data-definition="{html.escape(definition)}">'

    if "body" in context and page != str(GLOSSARY.with_suffix("")):
        context["body"] = LINK.sub(one, context["body"])


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("html-page-context", change)
