"""What is cited is in the bibliography; what is there can be found, and is cited."""

import re

import pytest
from pybtex.database import parse_string

from tools import markdown
from tools.notebooks import ROOT, book_pages, lesson_paths

BOOK = ROOT / "book"
FILE = BOOK / "references.bib"
DOI = re.compile(r"10\.\d{4,9}/\S+")
ARXIV = re.compile(r"\d{4}\.\d{4,5}")


def pages():
    """Return the text of every page and lesson by its path."""
    paths = [*book_pages(), *lesson_paths()]
    return {path: markdown.source(path) for path in sorted(paths)}


def cited(text):
    """Return the keys that a page cites."""
    roles = re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text)
    return {key.strip() for role in roles for key in role.split(",")}


def where(entry):
    """Return how a reader finds the publication: DOI, arXiv number, address."""
    fields = entry.fields
    return [fields[name] for name in ("doi", "eprint", "url") if name in fields]


def faults(bibliography, texts):
    """Return what is wrong with the bibliography or the citations."""
    entries = parse_string(bibliography, "bibtex").entries
    problems = [
        f"{path.name} cites {key}, which is not in references.bib"
        for path, text in texts.items()
        for key in sorted(cited(text) - set(entries))
    ]
    everything = "\n".join(texts.values())
    used = cited(everything)
    for key, entry in entries.items():
        if not entry.persons or "title" not in entry.fields or "year" not in entry.fields:
            problems.append(f"{key}: author, title and year are needed")
        if not where(entry):
            problems.append(f"{key}: no doi, arXiv number (eprint) or url")
        if not DOI.fullmatch(entry.fields.get("doi", "10.0000/x")):
            problems.append(f"{key}: {entry.fields['doi']!r} is no DOI")
        if not ARXIV.fullmatch(entry.fields.get("eprint", "0000.0000")):
            problems.append(f"{key}: {entry.fields['eprint']!r} is no arXiv number")
        if key not in used and not any(place in everything for place in where(entry)):
            problems.append(f"{key}: nobody cites it")
    places = [place.lower() for entry in entries.values() for place in where(entry)]
    problems += [
        f"{place} is there twice" for place in sorted({p for p in places if places.count(p) > 1})
    ]
    return problems


def test_citations():
    assert faults(FILE.read_text(encoding="utf-8"), pages()) == []


NEW = "@misc{new2020, author = {A, B}, title = {T}, year = {2020}, doi = {10.1000/182}}"


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (NEW, "Nothing."),
        (NEW, "As said {cite}`new2020,other2020`."),
        (NEW.replace("doi = {10.1000/182}", ""), "{cite}`new2020`"),
        (NEW.replace("10.1000", "doi.org"), "{cite}`new2020`"),
        (NEW.replace("doi = {10.1000/182}", "eprint = {cs/1}"), "{cite}`new2020`"),
        (NEW.replace("author = {A, B},", ""), "{cite}`new2020`"),
        (NEW + NEW.replace("new", "old"), "{cite}`new2020,old2020`"),
    ],
    ids=["not cited", "unknown key", "not found", "no DOI", "no arXiv", "no author", "twice"],
)
def test_a_planted_fault_is_found(entry, text):
    assert faults(NEW, {FILE: "{cite}`new2020`"}) == []
    assert faults(entry, {FILE: text})
