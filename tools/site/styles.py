"""Style sheets of the theme and of extensions lose the rules that no page can use."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tinycss2
from sphinx.application import Sphinx

THEIRS = (
    "styles/theme.css",
    "styles/pydata-sphinx-theme.css",
    "styles/sphinx-book-theme.css",
    "sphinx-design.min.css",
)
ATTRIBUTE = re.compile(r'\b(?:class|id)="([^"]*)"')
# Icons are drawn by book.css, not by letters of a font.
ICON = re.compile(r"fa[srlb]?|fa-[\w-]+")


def words_of(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """Return each class and id of the pages, and each word of the scripts, which may add some."""
    words: set[str] = set()
    for page in pages:
        words.update(*(names.split() for names in ATTRIBUTE.findall(page)))
    for script in scripts:
        words.update(re.findall(r"[\w-]+", script))
    return {word for word in words if not ICON.fullmatch(word)}


def _is_used(selector: str, words: set[str]) -> bool:
    """Whether a selector can match; what stands in `:not()`, `:is()` and the like is left alone."""
    while (plain := re.sub(r":[\w-]+\([^()]*\)", "", selector)) != selector:
        selector = plain
    plain = re.sub(r"\[[^\]]*\]", "", selector).replace("\\", "")
    return all(name in words for name in re.findall(r"[.#]([\w-]+)", plain))


def prune(style: str, words: set[str]) -> str:
    """Return a style sheet without the rules that match none of the words.

    Examples
    --------
    >>> prune(".a{x:1}.b,.a .c{y:2}@media print{.b{z:3}}", {"a", "c"})
    '.a{x:1}.a .c{y:2}'
    """
    kept = []
    for rule in tinycss2.parse_stylesheet(style, skip_comments=True, skip_whitespace=True):
        if rule.type == "qualified-rule":
            selectors = [_text(part) for part in _split(rule.prelude)]
            if used := [one for one in selectors if _is_used(one, words)]:
                kept.append(f"{','.join(used)}{{{_text(rule.content)}}}")
        elif rule.type == "at-rule" and rule.content and rule.lower_at_keyword == "media":
            if inner := prune(tinycss2.serialize(rule.content), words):
                kept.append(f"@media {_text(rule.prelude)}{{{inner}}}")
        elif rule.type == "at-rule" and rule.lower_at_keyword == "font-face":
            if "Font Awesome" not in tinycss2.serialize(rule.content) and "FontAwesome" not in (
                tinycss2.serialize(rule.content)
            ):
                kept.append(rule.serialize())
        else:
            kept.append(rule.serialize())
    return "".join(kept)


def _text(tokens: Any) -> str:
    return str(tinycss2.serialize(tokens)).strip()


def _split(prelude: list[Any]) -> list[list[Any]]:
    """Return the tokens of each selector of a list."""
    parts: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def finish(app: Sphinx, error: Exception | None) -> None:
    """Prune the style sheets of the built site."""
    out = Path(app.outdir)
    if error or app.builder.format != "html":
        return
    pages = (path.read_text(encoding="utf-8") for path in out.rglob("*.html"))
    scripts = (path.read_text(encoding="utf-8") for path in out.glob("_static/**/*.js"))
    words = words_of(pages, scripts)
    basic = (out / "_static" / "basic.css").read_text(encoding="utf-8")
    for name in THEIRS:
        path = out / "_static" / name
        # A style that asks for another one makes a reader wait twice.
        style = re.sub(r'@import ?"\.\./basic\.css";', basic, path.read_text(encoding="utf-8"))
        path.write_text(prune(style, words), encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("build-finished", finish, priority=900)
