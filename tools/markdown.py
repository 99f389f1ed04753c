"""What stands where in a text: its words, headings, links and code, read as the site reads them.

Places are kept, since terms are linked and offenses are shown where they stand.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import yaml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

CONFIG = Path(__file__).parent.parent / "_config.yml"
HIDDEN = "\0"
ADDRESS = re.compile(r"https?://\S+")
# Directives, but for those that hold code and formulas, hold options and Markdown.
DIRECTIVE = re.compile(r"\{(?!code|math)")
BODY = re.compile(r"((?::[\w-]+:[^\n]*\n)*)(.*)", re.S)
# What is made of words, though a rule made it.
WORDS = ("text", "text_special", "softbreak", "hardbreak")


class Block(NamedTuple):
    """A piece of a text that holds no other: a paragraph, a cell of a table, fenced code."""

    text: str
    kind: str  # what it stands in, as HTML calls it: "p", "h2", "td" ...; or the parser's word
    line: int  # its first one
    within: str  # "details": folded away; "link": in a card that is a link as a whole; or ""
    token: Token

    def words(self, links: bool = False) -> str:
        """Return the text with all but its words hidden; those of links are shown if wanted."""
        shown = list(self.text)
        for token in self.token.children or []:
            if "place" in token.meta:
                start, end = token.meta["place"]
                first, last = token.meta["words"] if links else (end, end)
                shown[start:first] = hide(self.text[start:first])
                shown[last:end] = hide(self.text[last:end])
        return ADDRESS.sub(lambda match: hide(match[0]), "".join(shown))


class Heading(NamedTuple):
    """A heading, code in it without its marks."""

    level: int
    text: str
    anchor: str


class Link(NamedTuple):
    """A link or image, `[words](target)`."""

    words: str
    target: str
    line: int


def hide(text: str) -> str:
    """Return as many characters that are no words; spaces and ends of lines stay."""
    return re.sub(r"\S", HIDDEN, text)


def _noting_places(rule):
    """Return a rule that notes in the token it makes from which characters, and words, it came."""

    def noting(state: StateInline, silent: bool) -> bool:
        start, count = state.pos, len(state.tokens)
        matched = rule(state, silent)
        made = [token for token in state.tokens[count:] if token.type not in WORDS]
        if matched and made and not silent:
            words = (state.pos, state.pos)
            if made[0].type in ("link_open", "image") and state.src[start] != "<":
                bracket = state.src.index("[", start)
                words = (bracket + 1, state.md.helpers.parseLinkLabel(state, bracket))
            made[0].meta |= {"place": (start, state.pos), "words": words}
        return matched

    return noting


@cache
def _parser() -> MarkdownIt:
    """Return the site's parser, which notes places."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    extensions = set(config["parse"]["myst_enable_extensions"])
    parser = create_md_parser(MdParserConfig(enable_extensions=extensions), RendererHTML)
    ruler = parser.inline.ruler
    for name, rule in zip(ruler.get_active_rules(), ruler.getRules(""), strict=True):
        ruler.at(name, _noting_places(rule))
    return parser


def blocks(text: str, line: int = 0, within: str = "") -> Iterator[Block]:
    """Yield the blocks of a text, those inside directives too."""
    kind = ""
    for token in _parser().parse(text):
        kind = token.tag if token.nesting == 1 else kind
        first = line + token.map[0] if token.map else line
        if token.type == "html_block":
            fold, unfold = token.content.rfind("<details"), token.content.rfind("</details")
            within = within if fold == unfold else "details" if fold > unfold else ""
        elif token.type.endswith("fence") and DIRECTIVE.match(token.info):
            options, body = BODY.match(token.content).groups()
            inside = "link" if ":link:" in options else within
            yield from blocks(re.sub(".", "", options) + body, first + 1, inside)
        elif not token.nesting:
            name = kind if token.type == "inline" else token.type
            yield Block(token.content, name, first, within, token)


def passages(text: str) -> list[Block]:
    """Return the blocks that hold words: paragraphs, headings, cells of tables."""
    return [block for block in blocks(text) if block.token.type == "inline"]


def placed(text: str) -> Iterator[tuple[Block, list[int]]]:
    """Yield each passage with the place of each of its characters in the whole text."""
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    ends = [0] * len(lines)
    for passage in passages(text):
        cell, places = passage.kind in ("td", "th"), list[int]()
        for number, part in enumerate(passage.text.split("\n"), passage.line):
            # Before it stand the marks of lists and quotes, or other cells; in a cell, | is \|.
            line, written = lines[number], part.replace("|", r"\|") if cell else part
            column = line.index(written, ends[number]) if cell else line.rindex(written)
            ends[number] = column + len(written)
            columns = [*range(column, ends[number] + 1)]  # the end of the line, too
            places += [
                starts[number] + c for c in columns if not (cell and line.startswith(r"\|", c))
            ]
        yield passage, places[:-1]


def slug(heading: str) -> str:
    """Return a heading's anchor, as GitHub and MyST make it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def headings(text: str) -> list[Heading]:
    """Return the headings of a text; of two that are alike, the second's anchor gets a number."""
    anchors: dict[str, Heading] = {}
    for block in passages(text):
        if block.kind.startswith("h") and not block.within:
            words = [t.content for t in block.token.children if t.type in ("text", "code_inline")]
            anchor = slug("".join(words))
            count = 1
            while anchor in anchors:
                anchor, count = f"{anchor}-{count}", count + 1
            anchors[anchor] = Heading(int(block.kind[1]), block.text.replace("`", ""), anchor)
    return list(anchors.values())


def links(text: str) -> list[Link]:
    """Return the links and images of a text, those in folded solutions too."""
    return [
        Link(passage.text[slice(*token.meta["words"])], unquote(str(target)), passage.line + 1)
        for passage in passages(text)
        for token in passage.token.children or []
        if (target := token.attrs.get("href") or token.attrs.get("src"))
    ]


def code(text: str, within: str) -> list[str]:
    """Return the fenced pieces of Python within what is folded away ("details"), say."""
    return [
        block.text
        for block in blocks(text)
        if block.kind == "fence" and block.token.info == "python" and block.within == within
    ]


@cache
def parts(path: Path) -> dict[str, str]:
    """Return the text of a page, or each Markdown cell of a lesson under its name."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return {"": text}
    cells = json.loads(text)["cells"]
    return {c["id"]: "".join(c["source"]) for c in cells if c["cell_type"] == "markdown"}


def source(path: Path) -> str:
    """Return the text of a page, or of all Markdown cells of a lesson."""
    return "\n\n".join(parts(path).values())
