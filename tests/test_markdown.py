"""What the parser says of a text, and what an author reads who calls the checks."""

import nbformat
import pytest
from myst_parser.mdit_to_docutils.base import default_slugify

from tools import links, markdown, prose
from tools.notebooks import book_pages, lesson_paths


@pytest.mark.parametrize("path", [*book_pages(), *lesson_paths()], ids=lambda path: path.stem)
def test_places(path):
    """Each character is where it is said to be; anchors are made as the site makes them."""
    text = markdown.source(path)
    for passage, places in markdown.placed(text):
        assert "".join(text[place] for place in places) == passage.text
    for heading in markdown.headings(text):
        assert markdown.slug(heading.text) == default_slugify(heading.text)


def words(text):
    """Return the words of a text where they stand; all else is a dot."""
    shown = list(markdown.hide(text))
    for passage, places in markdown.placed(text):
        for place, character in zip(places, passage.words(links=True), strict=True):
            shown[place] = character
    return "".join(shown).replace(markdown.HIDDEN, ".")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One `two`\n\nthree", ". One .....\n\nthree"),
        ('a [b `c`](d "e") ![f](g)', "a .b ...... .... ..f...."),
        ("a [b](c(d)e) <https://f> https://g", "a .b........ ........... ........."),
        ("> - a\n>   b $c$\n\n1. d", ". . a\n.   b ...\n\n.. d"),
        ("| a | b |\n|---|---|\n| c | c \\| `d` |", ". a . b .\n.........\n. c . c .| ... ."),
        (":::{note} a\n:b: c\n\nd {e}`f`\n:::", "......... .\n... .\n\nd ......\n..."),
        ("````{note}\n```{tip}\na\n```\n````\nb", "..........\n........\na\n...\n....\nb"),
        (
            "```{code} a\nb\n```\n<!-- c -->\n(d)=\n$$e$$",
            "......... .\n.\n...\n.... . ...\n....\n.....",
        ),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


def test_headings_links_and_code():
    text = "# A *b* `c`\n## D\n### D\n[e\nf](g%20h)\n```python\ni\n```\n"
    assert [heading[::2] for heading in markdown.headings(text)] == [
        (1, "a-b-c"),
        (2, "d"),
        (3, "d-1"),
    ]
    assert markdown.links(text) == [("e\nf", "g h", 4)]
    folded = f"<details>\n<summary>A</summary>\n\n{text}\n</details>\n\n```python\nj\n```"
    assert markdown.code(folded, within="details") == ["i\n"]
    assert markdown.headings(folded) == []
    assert markdown.links(folded) == [("e\nf", "g h", 7)]


@pytest.mark.parametrize("check", [links, prose], ids=["links", "prose"])
def test_an_author_reads_where_what_and_remedy(check, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(links, "ROOT", tmp_path)
    cell = nbformat.v4.new_markdown_cell("[Here](book/y.md). An AUC of 0.93.", id="cell-007")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "x.ipynb")
    (tmp_path / "y.md").write_text("# Y\n\n[There](#z). An AUC of 0.93.\n", encoding="utf-8")
    (tmp_path / "good.md").write_text("# Y\n", encoding="utf-8")
    paths = [str(tmp_path / name) for name in ("x.ipynb", "y.md", "good.md")]
    assert links.report("", check.offenses, paths) == 1
    in_lesson, in_page = capsys.readouterr().out.splitlines()
    if check is links:
        assert in_lesson.startswith("x.ipynb:cell-007: book/y.md: there is no such file; ")
        assert in_page.startswith("y.md:3: #z: y.md has no heading with that anchor; ")
    else:
        assert in_lesson.startswith(
            "x.ipynb:cell-007: 0.93 in 'An AUC of 0.93.': repeat it in a guard"
        )
        assert in_page.startswith("y.md:3: 0.93 in 'An AUC of 0.93.': glue it from a lesson")
    assert links.report("", check.offenses, paths[2:]) == 0
    assert capsys.readouterr().out == ""
