"""Every item of the source has a place in the book, every slip its correction."""

import re

import pytest

from tools import links, markdown
from tools.notebooks import ROOT

PAGE = ROOT / "book" / "reference" / "source-map.md"
ITEMS = (
    *("S1", "S2.1", "S2.2", "S2.3", "S2.4", "S3.1", "S3.2a", "S3.2b", "S3.3", "S3.4"),
    *("S4.1", "S4.2", "S5.1", "S5.2", "S5.3", "S5.4", "S6.1", "S6.2", "S6.3", "S6.4", "S6.5"),
)
SLIPS = tuple(str(number) for number in range(1, 15))


def entries(text, first):
    """Return the rows of a table, cut into cells, whose first cell matches."""
    lines = re.findall(rf"^\| ({first}) \| (.*) \|$", text, re.M)
    return [(name, *re.split(r" *\| *", rest)) for name, rest in lines]


def places(cell):
    """Return the paths, without anchors, that a cell links to."""
    return [(PAGE.parent / target.split("#")[0]).resolve() for _, target, _ in markdown.links(cell)]


def faults(text):
    """Return what is wrong with the source map."""
    problems = [problem for _, problem in links.broken(PAGE, text)]
    problems += [
        f"{link.words!r} is to come, but a link"
        for link in markdown.links(text)
        if "to come" in link.words
    ]
    items, slips = entries(text, r"S[\d.]+[ab]?"), entries(text, r"\d+")
    if [entry[0] for entry in items] != list(ITEMS):
        problems.append("the items are not S1 to S6.5, each once and in order")
    if [entry[0] for entry in slips] != list(SLIPS):
        problems.append("the slips are not 1 to 14, each once and in order")
    problems += [f"{entry[0]}: a cell is missing" for entry in items if len(entry) != 3]
    problems += [f"slip {entry[0]}: a cell is missing" for entry in slips if len(entry) != 4]
    if problems:
        return problems
    for item, _, where in items:
        # The place itself says that it is about this item (S2 is said of S2.1 too).
        named = re.compile(rf"\b{re.escape(item)}(?![\w.]*\w)")
        if not any(named.search(markdown.source(path)) for path in places(where)):
            problems.append(f"{item}: none of its places names it")
    for slip, said, correct, where in slips:
        if not said or not correct:
            problems.append(f"slip {slip}: what is said and what is right belong together")
        if not any("**You will read**" in markdown.source(path) for path in places(where)):
            problems.append(f"slip {slip}: none of its places says what the source says")
    return problems


def test_every_item_has_a_place_and_every_slip_its_correction():
    assert faults(PAGE.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"^\| S3\.2a .*\n", ""),
        (r"^\| S6\.5 ", "| S6.4 "),
        (r"^(\| S5\.1 \| [^|]* \|).*", r"\1 to come |"),
        (r"^(\| S5\.1 \| [^|]* \|).*", r"\1 [to come](../faq/challenges.md) |"),
        (r"convolution\.ipynb\)", "nowhere.ipynb)"),
        (r"#pooling-learns-nothing", "#pooling-learns-everything"),
        (r"^\| 14 .*\n", ""),
        (r"^(\| 7 \| [^|]* \|)[^|]*\|", r"\1 |"),
        (r"^(\| 13 \| .* \|) [^|]* \|$", r"\1 [Notation](notation.md) |"),
    ],
    ids=[
        *("item missing", "item twice", "no place", "link to what is to come"),
        *("no such lesson", "no such heading", "slip missing", "no correction", "wrong place"),
    ],
)
def test_a_planted_fault_is_found(old, new):
    text = PAGE.read_text(encoding="utf-8")
    planted = re.sub(old, new, text, count=1, flags=re.M)
    assert planted != text
    assert faults(planted)
