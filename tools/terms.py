"""Link each term of the glossary from its first use in a lesson or page, and from there only.

`python -m tools.notebooks` does so with the lessons, `python -m tools.pages` with the pages.
Terms in headings, code, formulas, links, publications and folded solutions are left alone.
"""

import re
from functools import cache
from pathlib import Path

from tools import markdown
from tools.markdown import slug

ROOT = Path(__file__).parent.parent
GLOSSARY = ROOT / "book" / "reference" / "glossary.md"
GLOSSARY_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*glossary\.md#([\w-]+)\)")

# Words that look like a term and mean something else.
OTHER_MEANING = re.compile(
    r"recall that|number that training sets|flatten out|question to the class|holds a class"
    r"|class I+[ab]?\b|guideline on registration|risk of bias"
    r"|class keeps|class weights|(?:float\d*|single|double) precision|precisions that networks",
    re.I,
)
# Between the cells of a lesson; no text holds it.
CELL = "\n\n\x01\n\n"


def plural(word: str) -> str:
    """Return the pattern of a noun and its plural."""
    if word.endswith("matrix"):
        return re.escape(word[:-1]) + "(?:x|ces)"
    if re.search(r"[^aeiou]y$", word):
        return re.escape(word[:-1]) + "(?:y|ies)"
    if re.search(r"(s|x|ch)$", word):
        return re.escape(word) + "(?:es)?"
    return re.escape(word) + "s?"


def pattern(term: str) -> str:
    """Return what a term looks like in prose: maybe capital, maybe plural, maybe over two lines."""
    *first, last = term.split(" ")
    words = [re.escape(word) for word in first] + [plural(last)]
    if term[1:] == term[1:].lower() and term != "Adam":
        words[0] = f"[{words[0][0].upper()}{words[0][0].lower()}]{words[0][1:]}"
    return r"(?: +| ?\n *)".join(words)


def names(glossary: str) -> dict[str, str]:
    """Return the anchor of each name in the glossary, those after "Short" and "Also called" too."""
    anchors = {}
    for term, body in re.findall(r"^### (.+)\n\n(.*)", glossary, re.M):
        anchors[term] = slug(term)
        for other in re.findall(r"(?:Short|Also called)[: ]+([\w -]+)\.", body):
            anchors[other] = slug(term)
    return anchors


@cache
def _patterns() -> tuple[re.Pattern[str], dict[str, str]]:
    """Return a pattern of all names, the longest first, and the anchor of each of its groups."""
    anchors = names(GLOSSARY.read_text(encoding="utf-8"))
    ordered = sorted(anchors, key=len, reverse=True)
    groups = {f"t{number}": anchors[name] for number, name in enumerate(ordered)}
    parts = [f"(?P<t{number}>{pattern(name)})" for number, name in enumerate(ordered)]
    return re.compile(rf"(?<![\w.-])(?=\w)(?:{'|'.join(parts)})(?![\w-])"), groups


def anchors_in(text: str) -> list[str]:
    """Return the anchors of the terms in a text, each once, in order."""
    find, groups = _patterns()
    return list(dict.fromkeys(groups[match.lastgroup or ""] for match in find.finditer(text)))


def prose(text: str) -> str:
    """Return the text with all that is not running prose hidden, each character in its place."""
    shown = list(markdown.hide(text))
    reading = False  # under "Further reading"
    for passage, places in markdown.placed(text):
        kind = passage.kind
        if kind.startswith("h") or (kind == "p" and re.fullmatch(r"\*\*\w+\*\*", passage.text)):
            reading = passage.text == "Further reading"
        elif kind != "th" and not passage.within and not reading:
            for place, character in zip(places, passage.words(), strict=True):
                shown[place] = character
    return OTHER_MEANING.sub(lambda match: markdown.hide(match[0]), "".join(shown))


def unlinked(text: str) -> str:
    """Return the text without its links to the glossary."""
    return GLOSSARY_LINK.sub(r"\1", text)


def _unlink(text: str) -> str:
    """Take away the links that this module made, and those to terms that are gone."""
    find, groups = _patterns()

    def words(link: re.Match[str]) -> str:
        match = find.fullmatch(link[1])
        made = match is not None and groups[match.lastgroup or ""] == link[2]
        return link[1] if made or link[2] not in groups.values() else link[0]

    return GLOSSARY_LINK.sub(words, text)


def link(text: str, address: str) -> str:
    """Link the first use of each term to the glossary, which lies at an address, and no other.

    A link that was made by hand, with words of its own, counts as a use.
    """
    find, groups = _patterns()
    text = _unlink(text)
    hidden = prose(text)
    uses = [
        (match.start(), match.end(), groups[match.lastgroup or ""], match[0], False)
        for match in find.finditer(hidden)
    ]
    for hand in GLOSSARY_LINK.finditer(text):
        uses.append((hand.start(), hand.end(), hand[2], hand[1], True))
    written, position, seen = [], 0, set()
    for start, end, term, words, by_hand in sorted(uses):
        written.append(text[position:start])
        if term in seen:
            written.append(words)
        else:
            written.append(text[start:end] if by_hand else f"[{words}]({address}#{term})")
        seen.add(term)
        position = end
    return "".join([*written, text[position:]])


def link_cells(cells: list[str]) -> list[str]:
    """Link the terms in the Markdown cells of a lesson."""
    linked = link(CELL.join(cells), "../book/reference/glossary.md")
    return linked.split(CELL) if cells else []


def link_page(text: str, path: Path) -> str:
    """Link the terms in a page of the book."""
    up = "../" * (len(path.relative_to(ROOT / "book").parts) - 1)
    inside = "glossary.md" if path.parent == GLOSSARY.parent else f"{up}reference/glossary.md"
    return link(text, inside)
