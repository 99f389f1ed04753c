"""Pages that are made from the project are up to date; times to read are what they say."""

import json
import re

import pytest

from tools import markdown, measure, pages, prose
from tools.notebooks import book_pages

STATED = re.compile(r"[Aa]bout (\d+) minutes to read")


@pytest.mark.parametrize("path", pages.PAGES, ids=lambda path: path.name)
def test_made_page_is_up_to_date(path):
    assert path.read_text(encoding="utf-8") == pages.made(path), "run: python -m tools.pages"


def test_page_of_run_times_is_made_from_the_measurement():
    results, offline = (
        json.loads(path.read_bytes()) for path in (measure.RESULTS, measure.OFFLINE)
    )
    assert measure.page(results, offline) == measure.PAGE.read_text(encoding="utf-8")


# ---- Prose and times to read ---------------------------------------------------------------


@pytest.mark.parametrize("path", book_pages(), ids=lambda path: path.stem)
def test_numbers_in_pages_are_glued_or_cited(path):
    assert prose.offenses(path) == []


def test_a_planted_number_is_found():
    def values(text):
        return [number.value for number in prose.numbers(text)]

    assert values("The network is right in 93 % of cases.") == [93]
    warning = "```{warning}\nIt is right in 93 % of cases.\n```\nAll 624.\n```{tip}\n```"
    assert values(warning) == [93, 624]
    assert values("```python\nlearning_rate = 0.93\n```\n") == []
    assert values("It is right in {glue:text}`accuracy` of cases.") == []
    assert values("It is right in 93 % of cases {cite}`someone2020`.") == []
    assert values("Right (doi 10.1000/182) in 93 %. Some 624.\n\n- 88 %") == [624, 88]
    assert values("| a | b |\n| - | - |\n| {cite}`x` | 93 % |\n| no | 624 |") == [624]
    assert prose.unglued_numbers("# A\n\n* All *624*\n  images. None.") == [
        "3: 624 in 'All *624* images.'"
    ]


def minutes(text):
    """Estimate the minutes to read: 150 words a minute, and one for pictures and links."""
    words = " ".join(passage.words(links=True) for passage in markdown.passages(text))
    return 1 + round(len(re.findall(r"[A-Za-z']{2,}", words)) / 150)


STATING = [p for p in book_pages() if STATED.search(markdown.source(p))]


@pytest.mark.parametrize("path", STATING, ids=lambda path: path.stem)
def test_minutes_to_read(path):
    text = markdown.source(path)
    assert abs(int(STATED.search(text)[1]) - minutes(text)) <= 1


def test_a_planted_wrong_time_is_found():
    assert minutes("word " * 1500) == 11


DOCSTRING = """Add 1000 to x (equation sum).

    Never more than 0.95, see doi 10.1000/182.

    Parameters
    ----------
    x : float
        From 0
        to 255.

    Returns
    -------
    float

    Examples
    --------
    >>> add(1)
    1001
    """


def test_docstring_to_markdown():
    assert pages.to_markdown(DOCSTRING) == "\n\n".join(
        [
            "Add `1000` to x (equation sum).\n\nNever more than 0.95, see doi 10.1000/182.",
            "**Parameters**",
            "- `x` (float): From 0 to `255`.",
            "**Returns**",
            "- `float`",
            "**Examples**",
            "```pycon\n>>> add(1)\n1001\n```",
        ]
    )


def lesson(name, *needs):
    return {"name": name, "needs": list(needs)}


def test_depth_of_lessons():
    lessons = [lesson("1"), lesson("2", "1"), lesson("3", "1", "2")]
    assert pages.depths(lessons) == {"1": 0, "2": 1, "3": 2}
    assert pages.direct_needs(lessons)["3"] == ["2"]


def test_lessons_that_need_each_other_are_found():
    with pytest.raises(ValueError, match="need each other"):
        pages.depths([lesson("1", "2"), lesson("2", "1")])
    with pytest.raises(ValueError, match="does not exist"):
        pages.depths([lesson("1", "9")])


def test_lesson_without_times_is_found():
    with pytest.raises(ValueError, match="to read"):
        pages._time("half an hour", "x.ipynb")
