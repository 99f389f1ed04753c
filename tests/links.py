"""Where links in pages and lessons lead, without building the site."""

import json
import re
from functools import cache
from pathlib import Path

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")


@cache
def markdown(path: Path) -> str:
    """Return the text of a page, or of the Markdown cells of a lesson."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def slug(heading: str) -> str:
    """Return a heading's anchor, as GitHub and MyST make it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


@cache
def anchors(path: Path) -> frozenset[str]:
    """Return the anchors of a page's or lesson's headings."""
    text = re.sub(r"^```.*?^```", "", markdown(path), flags=re.S | re.M)
    headings = re.findall(r"^#{1,4} (.+)$", text, re.M)
    return frozenset(map(slug, headings)) | frozenset(re.findall(r"^\(([\w-]+)\)=$", text, re.M))


def trouble(page: Path, target: str) -> str | None:
    """Return what is wrong with a link that stands on a page, or None; addresses are not asked."""
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    if not path.is_file():
        return f"{target}: there is no such file"
    if anchor and anchor not in anchors(path):
        return f"{target}: {path.name} has no heading with that anchor"
    return None


def links(text: str) -> list[tuple[str, str]]:
    """Return (words, target) of every link in Markdown."""
    return LINK.findall(re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.S | re.M))
