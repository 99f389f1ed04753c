"""Small changes of a text: what stays on one line, what screen readers stumble on."""

import re
from typing import Any

from sphinx.application import Sphinx

WHOLE = re.compile(r"\bX-rays?\b|\d %(?!\w)")
# Tags, and all of what is code, script or formula, stay as they are.
MARKUP = re.compile(
    r"(<(pre|code|script|style|math)\b.*?</\2>|<span class=\"katex.*?</annotation>|<[^>]*>)", re.S
)
# What Sphinx writes, and what it should be: roles that are deprecated, a list without entries.
MENDED = {
    ' role="doc-biblioentry"': "",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
}
EMPTY_HEADING = re.compile(r"<th\b[^>]*>(<p></p>)?</th>")


def keep_whole(body: str) -> str:
    """Return a page's text in which "X-ray", or a number and its percent sign, keeps to one line.

    Examples
    --------
    >>> keep_whole('<img alt="X-ray">An X-ray')
    '<img alt="X-ray">An <span class="whole">X-ray</span>'
    >>> keep_whole("<p>27 % of them</p>")
    '<p>2<span class="whole">7 %</span> of them</p>'
    """

    def mark(text: str) -> str:
        return WHOLE.sub(r'<span class="whole">\g<0></span>', text)

    parts, at = [], 0
    for match in MARKUP.finditer(body):
        parts += [mark(body[at : match.start()]), match[0]]
        at = match.end()
    return "".join([*parts, mark(body[at:])])


def change(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Change the text of a page."""
    if "body" in context:
        body = keep_whole(context["body"])
        for theirs, ours in MENDED.items():
            body = body.replace(theirs, ours)
        context["body"] = EMPTY_HEADING.sub("<td></td>", body)


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("html-page-context", change)
