"""The glossary: terms in order, each with its Chinese name and a page that explains it."""

import re

import pytest

from tests import links
from tools.notebooks import LESSONS, ROOT

BOOK = ROOT / "book"
PAGE = BOOK / "reference" / "glossary.md"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
READERS = sorted([*BOOK.rglob("*.md"), *LESSONS.glob("*.ipynb")])


def terms(text):
    """Return (term, explanation) for each."""
    parts = re.split(r"^### (.+)$", text, flags=re.M)[1:]
    return [
        (term.strip(), re.sub(r"^## .*", "", body, flags=re.M).strip())
        for term, body in zip(parts[::2], parts[1::2], strict=True)
    ]


def faults(text):
    """Return what is wrong with the glossary."""
    found = []
    names = [term for term, _ in terms(text)]
    if names != sorted(names, key=str.lower):
        found.append("the terms are not in alphabetical order")
    if len({links.slug(name) for name in names}) < len(names):
        found.append("two terms have the same anchor")
    own = {links.slug(name) for name in names}
    for term, body in terms(text):
        chinese, _, explanation = body.partition(". ")
        if not CHINESE.search(chinese):
            found.append(f"{term}: no Chinese name before the first full stop")
        targets = [target for _, target in links.links(explanation)]
        if not re.search(r"^→ \[.+\]\(.+\)$", body, re.M):
            found.append(f"{term}: no page that explains it")
        for target in targets:
            if target.startswith("#"):
                if target[1:] not in own:
                    found.append(f"{term}: {target} is no term")
            elif problem := links.trouble(PAGE, target):
                found.append(f"{term}: {problem}")
    return found


def test_glossary():
    text = PAGE.read_text(encoding="utf-8")
    assert faults(text) == []
    assert len(terms(text)) > 80


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("特征图. ", "feature map. "),
        ("### accuracy", "### zebra"),
        ("(#relu)", "(#rilu)"),
        ("34-pooling.ipynb", "34-nowhere.ipynb"),
        ("→ [Pooling]", "see [Pooling]"),
        ("### weight decay", "### weight"),
    ],
    ids=["no Chinese", "order", "no such term", "no such lesson", "no page", "twice"],
)
def test_a_planted_fault_is_found(old, new):
    text = PAGE.read_text(encoding="utf-8")
    assert old in text
    assert faults(text.replace(old, new, 1))


# ---- Links to terms, and all other links in pages and lessons ------------------------------


def broken(path, text):
    """Return the links of a page or lesson that lead nowhere."""
    return [problem for _, target in links.links(text) if (problem := links.trouble(path, target))]


@pytest.mark.parametrize("path", READERS, ids=lambda path: path.stem)
def test_links(path):
    assert broken(path, links.markdown(path)) == []


def test_a_planted_broken_link_is_found():
    lesson = LESSONS / "32-convolution.ipynb"
    good = "A [feature map](../book/reference/glossary.md#feature-map)."
    assert broken(lesson, good) == []
    assert broken(lesson, good.replace("feature-map)", "feature-mop)"))
    assert broken(lesson, good.replace("glossary", "glossery"))
