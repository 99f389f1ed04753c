"""The pages of the built site in the order of the book, as they are bound: no menus, no scripts.

What a reader of the site unfolds is printed in full: solutions, answers and the code of figures
stand in appendices, notes where they are.
"""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import yaml
from bs4 import BeautifulSoup, Comment, Tag

from tools.notebooks import ROOT
from tools.quizzes import HOW

SITE = ROOT / "_build" / "html"
OUT = ROOT / "_build" / "offline"
# What only a screen uses.
SCREEN = (
    ".headerlink, script, style, .toctree-wrapper, .sd-btn, button, .interactive:empty, "
    ".in-dark, .katex-error, .quiz input"
)
NOTHING = "Not attempted yet."  # said by the check of an exercise that nobody has done
LETTERS = ("A.", "B.", "C.", "D.")  # of the answers to a question
WIDE = 480  # pixels of a step whose words are too small at half the width of a page
# Of all words in code these have the color of text: half of the marks of a page say nothing.
PLAIN = re.compile(r'<span class="(?:n|p|w)">([^<]*)</span>')


class Page(NamedTuple):
    """A page of the book: its name in the site, part, depth below a chapter, title and text."""

    name: str
    part: str
    depth: int
    title: str
    body: Tag


class Appendix(NamedTuple):
    """What is folded in the pages, in the order of the book."""

    name: str
    title: str
    about: str


SOLUTIONS = Appendix("solutions", "Solutions", "Of the exercises, by lesson.")
ANSWERS = Appendix("answers", "Answers", "To the questions at the end of the lessons.")
CODE = Appendix("code", "Code of the figures", "What draws the figures, by lesson.")
APPENDICES = (SOLUTIONS, ANSWERS, CODE)


def order(toc: str) -> Iterator[tuple[str, str, int]]:
    """Give name, part and depth of each page that a `_toc.yml` lists.

    Examples
    --------
    >>> list(order('''
    ... root: index
    ... parts:
    ...   - caption: One
    ...     chapters: [{file: a, sections: [{file: b}]}]
    ... '''))
    [('index', '', 0), ('a', 'One', 0), ('b', 'One', 1)]
    """

    def below(entries: list[dict[str, Any]], part: str, depth: int) -> Iterator[Any]:
        for entry in entries:
            yield entry["file"], part, depth
            yield from below(entry.get("sections", []), part, depth + 1)

    book = yaml.safe_load(toc)
    yield book["root"], "", 0
    for part in book["parts"]:
        yield from below(part["chapters"], part["caption"], 0)


def anchor(name: str, identity: str = "") -> str:
    """Return what a place is called in the whole book.

    Examples
    --------
    >>> anchor("notebooks/pooling"), anchor("notebooks/pooling", "summary")
    ('notebooks-pooling', 'notebooks-pooling--summary')
    """
    page = name.replace("/", "-")
    return f"{page}--{identity}" if identity else page


def article(html: str, name: str) -> Tag:
    """Return the text of a page of the site.

    Raises
    ------
    ValueError
        If there is none: the theme writes other pages than it did.
    """
    found = BeautifulSoup(PLAIN.sub(r"\1", html), "html.parser").select("article.bd-article h1")
    if len(found) != 1 or not isinstance(found[0].parent, Tag):
        raise ValueError(f"{name}.html has no article with one h1; has the theme changed?")
    return found[0].parent


class Binder:
    """Takes pages one after the other, and keeps what belongs into the appendices."""

    def __init__(self, names: set[str]):
        self.names = names
        self.soup = BeautifulSoup("", "html.parser")
        self.kept: dict[str, list[tuple[str, str, list[Tag]]]] = {}

    def tag(self, name: str, text: str = "", **attributes: str) -> Tag:
        """Return a new element."""
        made = self.soup.new_tag(name, attrs=attributes)
        made.string = text
        return made

    def take(self, name: str, html: str) -> Tag:
        """Return the text of a page, bound; raise ValueError if the page is not as expected."""
        body = article(html, name)
        title = body.h1
        for tag in body.select(SCREEN):
            tag.decompose()
        for comment in body.find_all(string=lambda text: isinstance(text, Comment)):
            comment.extract()
        self._address(body, name)
        # A card is a link as a whole; on paper its target is named.
        for link in body.select("a.sd-stretched-link"):
            link["class"] = ["to"]
        for output in body.select(".cell_output"):
            if output.get_text().strip() == NOTHING:
                output.decompose()
        for sentence in body.find_all("p", string=HOW):
            sentence.decompose()
        assert title is not None
        self._unfold(body, name, title.get_text())
        return body

    def _address(self, body: Tag, name: str) -> None:
        """Let each name be one of the whole book, and each link lead there."""
        for tag in body.find_all(id=True):
            tag["id"] = anchor(name, str(tag["id"]))
        body["id"] = anchor(name)
        for tag in body.find_all(attrs={"aria-labelledby": True}):
            tag["aria-labelledby"] = anchor(name, str(tag["aria-labelledby"]))
        for link in body.find_all("a", href=True):
            parts = urlsplit(str(link["href"]))
            if parts.scheme or parts.netloc:
                continue
            target = unquote(urljoin(name, parts.path)).removesuffix(".html") or name
            target = target if parts.path else name
            if target in self.names:
                link["href"] = f"#{anchor(target, unquote(parts.fragment))}"
            else:
                link.unwrap()  # a file of the site
        for steps in body.select(".steps"):  # else they stand in two columns
            if any(float(str(image.get("width", 0))) > WIDE for image in steps.find_all("img")):
                steps["class"] = ["steps", "wide"]
        for image in body.find_all("img", src=True):
            image["src"] = urljoin(name, str(image["src"]))
            for screen in ("loading", "style"):
                del image[screen]

    def _unfold(self, body: Tag, name: str, title: str) -> None:
        for folded in body.find_all("details"):
            summary = folded.summary
            if summary is None:
                raise ValueError(f"{name}.html has details without a summary")
            said = " ".join(summary.get_text().split())
            summary.extract()
            if "hide" in folded.get("class", []):
                self._move(CODE, name, title, folded, "", "Code")
            elif said in ("Solution", "Answer"):
                self._move(SOLUTIONS, name, title, folded, exercise(folded), said)
            else:
                folded.name, folded.attrs = "div", {"class": ["note"]}
                folded.insert(0, self.tag("p", said, **{"class": "note-title"}))
        for quiz in body.select(".quiz"):
            self._answer(quiz, name, title)

    def _move(
        self, to: Appendix, name: str, title: str, folded: Tag, label: str, said: str
    ) -> None:
        """Move what is folded into an appendix; leave a link, and lead one back."""
        entries = self.kept.setdefault(to.name, [])
        number = sum(one[0] == name for one in entries) + 1
        there, here = f"{to.name}--{anchor(name)}-{number}", f"{anchor(name)}--{to.name}-{number}"
        label = label or f"{title}, {number}"
        back = self.tag("p", **{"class": "entry", "id": there})
        back.append(self.tag("a", label, href=f"#{here}"))
        entries.append((name, title, [back, *(t for t in folded.children if isinstance(t, Tag))]))
        link = self.tag("p", **{"class": f"moved {to.name}", "id": here})
        link.append(self.tag("a", said, href=f"#{there}"))
        cell = folded.find_parent(class_="cell")
        if cell is None:
            folded.replace_with(link)
        else:  # what the code draws comes first
            folded.extract()
            cell.append(link)

    def _answer(self, quiz: Tag, name: str, title: str) -> None:
        """Print the answers below a question, and which is right, and why, in the appendix."""
        answers = self.soup.new_tag("div")
        for because in quiz.select(".because"):
            paragraph = because.find_parent("p")
            letter = paragraph.b if paragraph else None
            if letter is None or not because.parent or letter.get_text() not in LETTERS:
                raise ValueError(f"{name}.html has a question that is not as tools.quizzes writes")
            reason = self.tag("p")
            reason.append(copy.copy(letter))
            reason.append(" ")
            reason.extend(list(because.children))
            answers.append(reason)
            because.parent.decompose()
        for choice in quiz.select("label"):
            choice.unwrap()
        question = quiz.b
        label = f"Question {question.get_text().rstrip('.')}" if question else ""
        quiz.append(answers)
        self._move(ANSWERS, name, title, answers, label, "Answer")
        del quiz["role"]
        del quiz["aria-labelledby"]

    def appendix(self, to: Appendix) -> Tag:
        """Return a page of what was moved there."""
        body = self.tag("section", id=anchor(to.name))
        body.append(self.tag("h1", to.title))
        body.append(self.tag("p", to.about))
        section = body
        for name, title, entry in self.kept.get(to.name, []):
            place = anchor(to.name, anchor(name))
            if section.get("id") != place:
                section = self.tag("section", id=place)
                section.append(self.tag("h2", title))
                body.append(section)
            section.extend(entry)
        return body


def exercise(solution: Tag) -> str:
    """Return the number and name of the exercise that a solution is of, if it has any.

    Examples
    --------
    >>> html = "<p><strong>2. How many?</strong> Windows.</p><p>…</p><details></details>"
    >>> exercise(BeautifulSoup(html, "html.parser").details)
    '2. How many?'
    >>> html = "<p><strong>2.</strong> Count windows.</p><details></details>"
    >>> exercise(BeautifulSoup(html, "html.parser").details)
    'Exercise 2'
    """
    for before in solution.find_all_previous(["strong", "h1"]):
        if before.name == "h1":
            return ""
        text = " ".join(before.get_text().split())
        if number := re.match(r"(\d+)\.", text):
            return f"Exercise {number[1]}" if text == number[0] else text
    return ""


def bound(site: Path, toc: str) -> list[Page]:
    """Return all pages of the book and its appendices.

    Raises
    ------
    ValueError
        If a page is missing or not as expected, or a link leads nowhere.
    """
    places = list(order(toc))
    binder = Binder({name for name, _, _ in places})
    found = []
    for name, part, depth in places:
        path = site / f"{name}.html"
        if not path.is_file():
            raise ValueError(f"{path} is missing: make book")
        body = binder.take(name, path.read_text(encoding="utf-8"))
        found.append(Page(name, part, depth, heading(body), body))
    for to in APPENDICES:
        found.append(Page(to.name, "Appendix", 0, to.title, binder.appendix(to)))
    if lost := lost_links(found):
        raise ValueError(f"links that lead nowhere: {', '.join(lost[:5])}")
    return found


def heading(body: Tag) -> str:
    """Return the title of a page."""
    title = body.h1
    assert title is not None
    return " ".join(title.get_text().split())


def lost_links(found: list[Page]) -> list[str]:
    """Return the links inside the book that lead nowhere."""
    ids = {str(tag["id"]) for page in found for tag in (page.body, *page.body.find_all(id=True))}
    return [
        f"{page.name}: {link['href']}"
        for page in found
        for link in page.body.select('a[href^="#"]')
        if str(link["href"])[1:] not in ids
    ]


def about() -> dict[str, Any]:
    """Return what `CITATION.cff` says."""
    said: dict[str, Any] = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    return said


def size(path: Path) -> str:
    """Return the size of a file in MB, to read."""
    return f"{path.stat().st_size / 1e6:.1f} MB"
