"""Write the pages that are made from the project itself: `python -m tools.pages`.

`book/reference/api.md` comes from the docstrings of `helpers` (read, not imported: the site is
built without NumPy); `book/teaching/lessons.md` and its map from the openings of the lessons;
`book/teaching/misconceptions.md` from the notes for instructors.
In all pages, the first use of each term is linked to the glossary (`tools.terms`).
A test says when they are out of date.
"""

import ast
import html
import inspect
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from tools import markdown, terms
from tools.markdown import slug
from tools.notebooks import ROOT, book_pages, in_order, lesson_paths

BOOK = ROOT / "book"
HELPERS = ROOT / "helpers"
MADE = "<!-- Made by `python -m tools.pages`; do not edit. -->\n"
LISTS = ("Parameters", "Returns", "Raises", "Attributes", "Yields")

# ---- helpers, from their docstrings --------------------------------------------------------


def _prose(text: str) -> str:
    """Set settings such as 0.95, 224 or 95 % as code: docstrings have them without marks."""
    if "\n" in text:
        return "\n".join(map(_prose, text.split("\n")))
    if re.search(r"doi|arXiv|https?:", text):
        return text
    parts = re.split(r"(`+[^`]*`+)", text)
    number = re.compile(r"(?<![\w.,/`-])(\d[\d,]*\.\d+|\d{3,}|\d+ %)(?![\w/`])")
    return "".join(
        part if part.startswith("`") else number.sub(r"`\1`", part).replace("<", "&lt;")
        for part in parts
    )


def _sections(docstring: str) -> Iterator[tuple[str, str]]:
    """Yield (heading, text) of a docstring in NumPy's form; the first heading is empty."""
    parts = re.split(r"^([A-Z][a-z]+)\n-{3,}$", docstring, flags=re.M)
    yield "", parts[0].strip()
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        yield heading, textwrap.dedent(text.strip("\n"))


def _items(text: str) -> Iterator[str]:
    """Yield `name : type` and its description as a Markdown item."""
    for head, body in re.findall(r"^(\S.*)\n((?:(?:    .*)?\n?)*)", text + "\n", re.M):
        name, _, kind = head.partition(" : ")
        description = _prose(" ".join(body.split()))
        kind = f" ({_prose(kind)})" if kind else ""
        yield f"- `{name}`{kind}" + (f": {description}" if description else "")


def to_markdown(docstring: str) -> str:
    """Return a docstring as Markdown."""
    written = []
    for heading, text in _sections(inspect.cleandoc(docstring)):
        if heading:
            written.append(f"**{heading}**")
        if heading in LISTS and re.search(r"^\S.*\n    ", text + "\n    ", re.M):
            written.append("\n".join(_items(text)))
        elif heading == "Examples":
            written.append(f"```pycon\n{text.rstrip()}\n```")
        else:
            written.append(_prose(text))
    return "\n\n".join(written)


def _signature(node: ast.FunctionDef, name: str = "") -> str:
    """Return name(arguments), without types and without self."""
    arguments = node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    if arguments.args and arguments.args[0].arg == "self":
        del arguments.args[0]
    return f"{name or node.name}({ast.unparse(arguments)})"


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [n for n in node.body if isinstance(n, ast.FunctionDef)]


def _describe(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    """Return the lines of one function or class."""
    docstring = ast.get_docstring(node) or ""
    if isinstance(node, ast.FunctionDef):
        call, methods = _signature(node), []
    else:
        start = next((m for m in _methods(node) if m.name == "__init__"), None)
        call = _signature(start, node.name) if start else ""
        methods = [m for m in _methods(node) if not m.name.startswith("_")]
        # Properties and methods that a base class describes have nothing to say here.
        methods = [m for m in methods if ast.get_docstring(m)]
    lines = [f"### {node.name}\n"]
    if call:
        lines.append(f"```python\n{call}\n```\n")
    lines.append(to_markdown(docstring) + "\n")
    for method in methods:
        lines.append(f"**`.{_signature(method)}`**\n")
        lines.append(to_markdown(ast.get_docstring(method) or "") + "\n")
    return lines


def _public(path: Path) -> tuple[ast.Module, list[ast.FunctionDef | ast.ClassDef]]:
    """Return a module's tree and what it defines for others; a package offers what it imports."""
    path = path / "__init__.py" if path.is_dir() else path
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            nodes.append(node)
        elif isinstance(node, ast.ImportFrom) and node.level and path.stem == "__init__":
            names = {alias.name for alias in node.names}
            nodes += [n for n in _public(path.with_name(f"{node.module}.py"))[1] if n.name in names]
    return tree, nodes


def api_page() -> str:
    """Return the page on `helpers`."""
    lines = [
        MADE,
        "# The helpers\n",
        "What lessons derive first and import afterwards. This page is made from the docstrings; "
        "each example in it is run by the tests.\n",
    ]
    modules = list(HELPERS.glob("[a-z]*.py"))
    packages = [p.parent for p in HELPERS.glob("*/__init__.py")]
    for path in sorted([*modules, *packages]):
        tree, nodes = _public(path)
        lines += [f"## helpers.{path.stem}\n", to_markdown(ast.get_docstring(tree) or "") + "\n"]
        for node in nodes:
            lines += _describe(node)
    return "\n".join(lines).rstrip() + "\n"


# ---- the lessons, from their openings ------------------------------------------------------


def _field(opening: str, name: str) -> str:
    """Return what follows **name** in a lesson's opening."""
    match = re.search(rf"\*\*{name}\*\*:?\s*(.*?)(?=\n- |\n\s*\n|\Z)", opening, re.S)
    return " ".join(match[1].split()) if match else ""


def _time(text: str, lesson: str) -> tuple[str, str]:
    """Return the times to read and to run."""
    match = re.match(r"(.+?) to read, (.+?) to run", text)
    if not match:
        raise ValueError(f"{lesson} says {text!r}; expected '... to read, ... to run'")
    return match[1], match[2]


def openings() -> list[dict]:
    """Return name, title, what one does, needs and time of every lesson, in reading order."""
    lessons = []
    for path in lesson_paths():
        opening = terms.unlinked(next(iter(markdown.parts(path).values())))
        title = re.search(r"^# (.+)$", opening, re.M)
        if not title:
            raise ValueError(f"{path.name} does not begin with its title")
        lessons.append(
            {
                "name": path.stem,
                "title": title[1].strip(),
                "will": _field(opening, "You will"),
                "needs": re.findall(r"\]\(([\w-]+)\.ipynb", _field(opening, "You need")),
                "time": _time(_field(opening, "Time:"), path.name),
            }
        )
    return lessons


def depths(lessons: list[dict]) -> dict[str, int]:
    """Return how many lessons must come before each, one after the other."""
    needs = {lesson["name"]: lesson["needs"] for lesson in lessons}
    for name, wanted in needs.items():
        for other in wanted:
            if other not in needs:
                raise ValueError(f"{name} needs {other}, which does not exist")

    def depth(name: str, path: tuple[str, ...] = ()) -> int:
        if name in path:
            raise ValueError(f"lessons need each other: {' -> '.join((*path, name))}")
        return max((1 + depth(other, (*path, name)) for other in needs[name]), default=0)

    return {name: depth(name) for name in needs}


def direct_needs(lessons: list[dict]) -> dict[str, list[str]]:
    """Return what each lesson needs, less what those lessons need already."""
    needs = {lesson["name"]: lesson["needs"] for lesson in lessons}

    def all_before(name: str) -> set[str]:
        return set(needs[name]).union(*(all_before(other) for other in needs[name]))

    return {
        name: [other for other in wanted if not any(other in all_before(w) for w in wanted)]
        for name, wanted in needs.items()
    }


def _colors() -> dict[str, str]:
    """Return the colors of figures by name, as `helpers.plots` sets them."""
    for node in ast.parse((HELPERS / "plots.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple):
            names = ast.unparse(node.targets[0]).strip("()").split(", ")
            return dict(zip(names, ast.literal_eval(node.value), strict=True))
    raise ValueError("helpers/plots.py sets no colors")


def map_of_lessons() -> str:
    """Return an SVG of which lesson needs which: needed ones above."""
    lessons, colors = openings(), _colors()
    depth, direct = depths(lessons), direct_needs(lessons)
    levels: dict[int, list[dict]] = {}
    for lesson in lessons:
        levels.setdefault(depth[lesson["name"]], []).append(lesson)
    # At most four side by side, so that the letters stay readable on a phone.
    lines = [
        level[i : i + 4] for _, level in sorted(levels.items()) for i in range(0, len(level), 4)
    ]
    width, box, high, gap = 760, 176, 44, 84
    place = {}
    for y, line in enumerate(lines):
        for x, lesson in enumerate(line):
            left = width / 2 + (x - len(line) / 2) * (box + 12) + 6
            place[lesson["name"]] = (left, 12 + y * gap)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {len(lines) * gap - 20}" '
        'font-family="sans-serif" font-size="13" text-anchor="middle">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for lesson in lessons:
        x, y = place[lesson["name"]]
        for other in direct[lesson["name"]]:
            ox, oy = place[other]
            parts.append(
                f'<path d="M{ox + box / 2:.0f} {oy + high:.0f} C{ox + box / 2:.0f} {oy + gap:.0f} '
                f'{x + box / 2:.0f} {y - gap + high:.0f} {x + box / 2:.0f} {y:.0f}" '
                f'fill="none" stroke="{colors["SKY"]}" stroke-width="2"/>'
            )
    for lesson in lessons:
        x, y = place[lesson["name"]]
        parts.append(
            f'<rect x="{x:.0f}" y="{y:.0f}" width="{box}" height="{high}" rx="6" fill="#EAF3FA" '
            f'stroke="{colors["BLUE"]}"/>'
        )
        words = textwrap.wrap(lesson["title"], 25)[:2]
        first = y + 27 - (len(words) - 1) * 8
        for number, text in enumerate(words):
            parts.append(
                f'<text x="{x + box / 2:.0f}" y="{first + 16 * number:.0f}">'
                f"{html.escape(text)}</text>"
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def lessons_page() -> str:
    """Return the page that lists the lessons."""
    lessons = openings()
    titles = {lesson["name"]: lesson["title"] for lesson in lessons}
    needs = "; ".join(
        f"{lesson['title']} needs {' and '.join(titles[n] for n in lesson['needs'])}"
        for lesson in lessons
        if lesson["needs"]
    )
    items = []
    for lesson in lessons:
        read, run = lesson["time"]
        links = " and ".join(f"[{titles[n]}](../../notebooks/{n}.ipynb)" for n in lesson["needs"])
        will = re.sub(r"\]\((?=[\w-]+\.ipynb)", "](../../notebooks/", lesson["will"])
        items.append(
            f"- **[{lesson['title']}](../../notebooks/{lesson['name']}.ipynb)**: {will} "
            f"*{read} to read, {run} to run{'; after ' if links else ''}{links}.*"
        )
    parts = [
        MADE,
        "# The lessons\n",
        "A line leads from each lesson down to those that build on it.\n",
        f"![{needs or 'No lesson needs another.'}](lessons.svg)\n",
        "Times to read are estimated; times to run are for two processor cores.\n",
        *items,
    ]
    return "\n".join(parts) + "\n"


# ---- what students get wrong, from the notes for instructors --------------------------------

NOTES = BOOK / "teaching" / "notes"
MISCONCEPTION = re.compile(r"^- \*\*They think\*\* .+ \*\*Ask:\*\* .+$", re.M)


def misconceptions_page() -> str:
    """Return what students think and what to ask them, lesson by lesson."""
    parts = [
        MADE,
        "# What students get wrong\n",
        "Each line is a mistaken idea and a question that uncovers it, sometimes with its answer.\n"
        "The ideas are those that the checkers of the exercises and the quizzes know. Nobody has\n"
        "counted how many students hold them.\n",
    ]
    for lesson in openings():
        path = NOTES / f"{lesson['name']}.md"
        if path.is_file():
            ideas = MISCONCEPTION.findall(path.read_text(encoding="utf-8"))
            link = f"In [{lesson['title']}](../../notebooks/{lesson['name']}.ipynb):\n"
            parts.append("\n".join([f"## {lesson['title']}\n", link, *ideas]) + "\n")
    return "\n".join(parts)


# ---- the index, from the glossary and the headings ------------------------------------------


# Pages that are lists themselves, or speak of classes that sit in a room.
LISTINGS = ("reference/book-index", "reference/glossary", "reference/api")
LISTINGS += ("teaching/index", "teaching/misconceptions")


def _headings(path: Path) -> list[markdown.Heading]:
    """Return the headings of a page or lesson, its title first; those of exercises not."""
    headings = markdown.headings(markdown.source(path))
    return list(takewhile(lambda heading: heading.text != "Try it yourself", headings))


def _sources() -> list[Path]:
    """Return pages and lessons in the order of the book, less those that are lists themselves."""
    listings = [BOOK / f"{name}.md" for name in LISTINGS]
    return [path for path in in_order() if path not in listings]


def _sort_key(entry: str) -> str:
    """Order as in an index: without article, quotes and case."""
    return re.sub(r"^(?:an?|the) |[^\w ]", "", entry.lower())


def _places(glossary: str) -> dict[str, list[str]]:
    """Return, for the anchor of each term, links to the pages and sections that are about it."""
    places = {
        slug(term): [place]
        for term, place in re.findall(r"^### (.+)\n\n.*\n→ (\[.+\]\(.+\))$", glossary, re.M)
    }
    for path in _sources():
        address = os.path.relpath(path, terms.GLOSSARY.parent)
        title, *sections = _headings(path)
        for term in terms.anchors_in(title.text):
            if f"({address})" not in places[term][0]:
                places[term].append(f"[{title.text}]({address})")
        for section in sections:
            for term in terms.anchors_in(section.text):
                words = f"{title.text}{' ' if title.text.endswith('?') else ': '}{section.text}"
                places[term].append(f"[{words}]({address}#{section.anchor})")
    return places


def index_page() -> str:
    """Return the index: terms with the pages and sections about them, and titles."""
    glossary = terms.GLOSSARY.read_text(encoding="utf-8")
    names, places = terms.names(glossary), _places(glossary)
    entries = {}
    for path in _sources():
        title = _headings(path)[0].text
        entries[title.lower()] = f"[{title}]({os.path.relpath(path, terms.GLOSSARY.parent)})"
    for name, term in names.items():
        if slug(name) == term:
            entries[name.lower()] = f"**{name}**: " + " · ".join(places[term])
        else:
            whole = next(other for other in names if slug(other) == term)
            entries[name.lower()] = f"**{name}**: see [{whole}](#{term[0]})"
    by_letter: dict[str, list[str]] = {}
    for key in sorted(entries, key=_sort_key):
        by_letter.setdefault(_sort_key(key)[0].upper(), []).append(f"- {entries[key]}\n")
    parts = [
        MADE,
        "# Index\n",
        "Terms with the pages and sections about them, and titles of pages and lessons.\n",
        *(f"## {letter}\n\n{''.join(lines)}" for letter, lines in by_letter.items()),
    ]
    return "\n".join(parts)


PAGES = {
    BOOK / "reference" / "api.md": api_page,
    BOOK / "reference" / "book-index.md": index_page,
    BOOK / "teaching" / "lessons.svg": map_of_lessons,
    BOOK / "teaching" / "lessons.md": lessons_page,
    BOOK / "teaching" / "misconceptions.md": misconceptions_page,
}


def made(path: Path) -> str:
    """Return the text of a page that is made."""
    text = PAGES[path]()
    return terms.link_page(text, path) if path.suffix == ".md" else text


def main() -> int:
    """Write the pages that are made, and link the terms in the others."""
    for path in PAGES:
        path.write_text(made(path), encoding="utf-8")
    for path in book_pages():
        if path not in PAGES and path != terms.GLOSSARY:
            text = path.read_text(encoding="utf-8")
            path.write_text(terms.link_page(text, path), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
