"""Find the links in pages and lessons that lead nowhere: `python -m tools.links [PATH ...]`.

One line for each link; without a path, of all pages and lessons. Other sites are not visited.
"""

import argparse
import difflib
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from tools import markdown
from tools.notebooks import ROOT, book_pages, lesson_paths


@cache
def anchors(path: Path) -> list[str]:
    """Return the anchors of a page's or lesson's headings, and those that are set by hand."""
    text = markdown.source(path)
    set_by_hand = [b.text for b in markdown.blocks(text) if b.kind == "myst_target"]
    # As deep as `myst_heading_anchors` in _config.yml.
    return set_by_hand + [h.anchor for h in markdown.headings(text) if h.level <= 4]


def trouble(page: Path, target: str) -> str | None:
    """Return what is wrong with a link's target on a page and what was probably meant, or None."""
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    if not path.is_file():
        names = [other.name for other in (*book_pages(), *lesson_paths())]
        said, near = "there is no such file", difflib.get_close_matches(path.name, names, n=1)
    elif anchor and anchor not in anchors(path):
        said = f"{path.name} has no heading with that anchor"
        near = difflib.get_close_matches(anchor, anchors(path), n=1)
    else:
        return None
    return f"{target}: {said}; {f'is it {near[0]}?' if near else 'correct it or take it away'}"


def broken(path: Path, text: str) -> list[tuple[int, str]]:
    """Return the line and trouble of each link in a text that lead nowhere from a path."""
    return [
        (link.line, problem)
        for link in markdown.links(text)
        if (problem := trouble(path, link.target))
    ]


def offenses(path: Path) -> list[str]:
    """Return the broken links of a page or lesson, each with its line or cell."""
    return [
        f"{cell or line}: {problem}"
        for cell, text in markdown.parts(path).items()
        for line, problem in broken(path, text)
    ]


def report(about: str, check: Callable[[Path], list[str]], arguments: list[str]) -> int:
    """Print the offenses in the pages and lessons that are named, or in all; return 1 if any."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("paths", nargs="*", type=Path)
    paths = [path.resolve() for path in parser.parse_args(arguments).paths]
    lines = [
        f"{path.relative_to(ROOT)}:{offense}"
        for path in paths or [*book_pages(), *lesson_paths()]
        for offense in check(path)
    ]
    print(*lines, sep="\n", end="\n" if lines else "")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(report(__doc__, offenses, sys.argv[1:]))
