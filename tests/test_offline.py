"""PDF, EPUB and archive, of a book of three pages; `tools.offline` itself checks the whole book."""

import doctest
import re
import shutil
import zipfile
from xml.etree import ElementTree

import pytest
from PIL import Image
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from tools import downloads, quizzes
from tools.browser import find_browser
from tools.notebooks import ROOT
from tools.offline import archive, epub, pages, pdf
from tools.site import drawings, formulas

TOC = """
root: book/index
parts:
  - caption: First part
    chapters:
      - file: notebooks/one
        sections: [{file: notebooks/two}]
"""
POWER = formulas.render(r"x^2_{\max}")
ROOT_OF_Y = formulas.render(r"\sqrt{y} = 1 \tag{root}", display=True)
LONG = "very_long = " + " + ".join(f"number_{n}" for n in range(30))
SHELL = '<!doctype html><menu>Menu</menu><article class="bd-article">{}</article>'
INDEX = '<section id="book"><h1>A book</h1><p>Words.</p></section>'
ONE = f"""
<section id="one"><h1>One<a class="headerlink" href="#one">#</a></h1>
<p>See <a href="two.html#deep">Two</a>, <a href="../book/index.html">the first page</a>, the
<a href="../_sources/one.ipynb">file</a> and {POWER}.</p>
{ROOT_OF_Y}
<div class="cell"><details class="admonition hide above-input"><summary>Show</summary>
<div class="cell_input"><div class="highlight-python"><div class="highlight"><pre>{LONG}
draw()</pre></div></div></div></details>
<div class="cell_output"><div class="steps" data-label="Step">
<figure><img src="../_images/z.svg" alt="Step 1" class="in-light"><img class="in-dark"
src="../_images/z.svg#dark" alt="Step 1" loading="lazy"><figcaption>First step</figcaption>
</figure><figure><img src="../_images/y.png" alt="Step 2"><figcaption>Second step</figcaption>
</figure></div></div></div>
<section id="try"><h2>Try it yourself</h2><p><strong>1. How many?</strong> Count.</p>
<div class="cell"><div class="cell_output"><pre>Not attempted yet.</pre></div></div>
<details><summary>Solution</summary><pre>return 42</pre></details></section>
<section id="test"><h2>Test yourself</h2><p>{quizzes.HOW}</p>
<div class="quiz" role="radiogroup" aria-labelledby="quiz-1"><p><span id="quiz-1"><b>1.</b> Is it?
</span></p><p><input type="radio" name="quiz-1" id="quiz-1-0"><label for="quiz-1-0"><b>A.</b> Yes
</label><span role="status"><span class="because right"><b>Right.</b> It is.</span></span></p>
<p><input type="radio" name="quiz-1" id="quiz-1-1"><label for="quiz-1-1"><b>B.</b> Maybe</label>
<span role="status"><span class="because wrong"><b>No.</b> Look again.</span></span></p></div>
</section><details><summary>In the article</summary><p>An item.</p></details>
<table border="1" class="dataframe"><tr><td align="left">1</td></tr></table></section>
<script>moves()</script>"""
TWO = (
    '<section id="two"><h1>Two &amp; more</h1><section id="deep"><h2>Deep</h2></section></section>'
)


@pytest.fixture
def site(tmp_path):
    """Write a site of three pages as the theme does."""
    html = {"book/index": INDEX, "notebooks/one": ONE, "notebooks/two": TWO}
    for name, text in html.items():
        path = tmp_path / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(SHELL.format(text), encoding="utf-8")
    (tmp_path / "_images").mkdir()
    Image.new("RGB", (400, 100), "red").save(tmp_path / "_images" / "y.png")
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="300pt" height="75pt"><defs><style>'
        '*{stroke-width:2}</style></defs><path d="M0 0h9v9" style="stroke:#0072b2"/></svg>'
    )
    (tmp_path / "_images" / "z.svg").write_text(drawings.themed(drawing), encoding="utf-8")
    shutil.copytree(ROOT / "book" / "_static" / "katex", tmp_path / "_static" / "katex")
    style = (
        'html[data-theme="light"] .k { color: #6730C5 }\nhtml[data-theme="dark"] .k { color: #fff }'
    )
    (tmp_path / "_static" / "pygments.css").write_text(style, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("module", [pages, epub, pdf, downloads])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


# ---- Pages -----------------------------------------------------------------------------------


def test_what_is_folded_stands_in_an_appendix_and_is_linked_both_ways(site):
    found = {page.name: page for page in pages.bound(site, TOC)}
    assert list(found) == [
        "book/index",
        "notebooks/one",
        "notebooks/two",
        *"solutions answers code".split(),
    ]
    one = found["notebooks/one"].body
    for name, words in (("solutions", "return 42"), ("answers", "Look again."), ("code", LONG)):
        appendix = found[name].body
        assert words in appendix.get_text() and words not in one.get_text()
        there = one.select_one(f".moved.{name} a")["href"]
        back = appendix.select_one(f"[id='{there[1:]}'] a")["href"]
        assert one.select_one(f"[id='{back[1:]}'] a")["href"] == there
    assert "1. How many?" in found["solutions"].body.get_text()
    assert "A. Right. It is." in found["answers"].body.get_text()


def test_a_page_is_bound_without_what_a_screen_needs(site):
    one = pages.bound(site, TOC)[1].body
    assert not one.select("script, summary, details, input, .headerlink")
    text = " ".join(one.get_text().split())
    for words in (pages.NOTHING, quizzes.HOW, "Menu", "moves()"):
        assert words not in text
    assert "Is it? A. Yes B. Maybe" in text and "In the articleAn item." in text
    assert len(one.select(".steps figure img")) == 2
    links = [link["href"] for link in one.select("p:not(.moved) a")]
    assert links == ["#notebooks-two--deep", "#book-index"]


def test_names_are_one_of_a_kind(site):
    found = pages.bound(site, TOC)
    ids = [tag["id"] for page in found for tag in (page.body, *page.body.find_all(id=True))]
    assert len(ids) == len(set(ids)) > 10


@pytest.mark.parametrize(
    ("theirs", "other", "error"),
    [
        ('class="bd-article"', 'class="text"', "has the theme changed"),
        ("<summary>Solution</summary>", "", "details without a summary"),
        ("#deep", "#nowhere", "links that lead nowhere: notebooks/one: #notebooks-two--nowhere"),
        ("<b>A.</b>", "A.", "a question that is not as tools.quizzes writes"),
    ],
)
def test_a_page_that_is_not_as_expected_stops_it(site, theirs, other, error):
    path = site / "notebooks" / "one.html"
    html = path.read_text(encoding="utf-8")
    assert theirs in html
    path.write_text(html.replace(theirs, other), encoding="utf-8")
    with pytest.raises(ValueError, match=error):
        pages.bound(site, TOC)


def test_a_missing_page_is_named(site):
    (site / "notebooks" / "two.html").unlink()
    with pytest.raises(ValueError, match="two.html is missing: make book"):
        pages.bound(site, TOC)


# ---- EPUB ------------------------------------------------------------------------------------


@pytest.fixture
def written(site):
    """Write the EPUB of the small book."""
    path = site / "out" / "book.epub"
    epub.write(pages.bound(site, TOC), site, path, pages.about())
    return path


def test_the_epub_holds_what_its_package_lists(written):
    with zipfile.ZipFile(written) as book:
        names = set(book.namelist())
        assert book.infolist()[0].filename == "mimetype"
        assert book.infolist()[0].compress_type == zipfile.ZIP_STORED
        package = ElementTree.fromstring(book.read("OEBPS/package.opf"))
        texts = {name: book.read(name).decode() for name in names if name.endswith(".xhtml")}
        drawing = book.read("OEBPS/images/z.svg").decode()
    items = {item.get("href"): item for item in package.iter("{http://www.idpf.org/2007/opf}item")}
    packed = {name.removeprefix("OEBPS/") for name in names if name.startswith("OEBPS/")}
    assert packed == {*items, "package.opf"}
    assert ("var(" in drawing, "#0072b2" in drawing) == (False, True)  # readers know no themes
    assert items["notebooks-one.xhtml"].get("properties") == "mathml"
    for name, text in texts.items():
        ElementTree.fromstring(text.partition("<!DOCTYPE html>")[2])  # or it is no XML
        for file, place in re.findall(r'href="([\w-]+\.xhtml)#([^"]+)"', text):
            assert f'id="{place}"' in texts[f"OEBPS/{file}"], (name, file, place)
    one = texts["OEBPS/notebooks-one.xhtml"]
    assert one.count("<math") == 2 and "katex-html" not in one
    assert 'displaystyle="true"' in one
    assert one.count('src="images/z.svg"') == 1 and "Second step" in one
    navigation = re.sub(r"<(?!/?(ol|li)\b)[^>]*>", "", texts["OEBPS/nav.xhtml"])
    assert "<li>First part<ol><li>One<ol><li>Two &amp; more</li></ol></li></ol></li>" in navigation


def test_the_same_pages_give_the_same_bytes(site, written):
    again = written.with_name("again.epub")
    epub.write(pages.bound(site, TOC), site, again, pages.about())
    assert again.read_bytes() == written.read_bytes()


def test_epubcheck_finds_nothing(written):
    wrong = epub.check(written)
    if wrong is None:
        pytest.skip("no epubcheck here")
    assert wrong == ""


def test_epubcheck_finds_a_planted_fault(site):
    path = site / "notebooks" / "two.html"
    path.write_text(SHELL.format(TWO.replace("<h2>", "<h2><p>x</p>")), encoding="utf-8")
    epub.write(pages.bound(site, TOC), site, site / "wrong.epub", pages.about())
    wrong = epub.check(site / "wrong.epub")
    if wrong is None:
        pytest.skip("no epubcheck here")
    assert 'element "p" not allowed here' in wrong


# ---- PDF -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printer():
    """Skip where nothing can be printed: no browser, or no Chinese letters for the glossary."""
    path = find_browser()
    if path is None:
        pytest.skip("no Chromium or Chrome here; nothing is printed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        unknown = running.new_page().evaluate(pdf.UNKNOWN)
        running.close()
    if unknown:
        pytest.skip("no font here has Chinese letters; nothing is printed")


@pytest.fixture
def printed(printer, site):
    """Print the small book."""
    path = site / "out" / "book.pdf"
    count = pdf.write(pages.bound(site, TOC), site, path, pages.about())
    assert count == len(PdfReader(path).pages)
    return PdfReader(path)


def bookmarks(outline):
    """Return the titles of an outline as nested lists."""
    return [bookmarks(one) if isinstance(one, list) else one.title for one in outline]


def test_the_pdf_has_bookmarks_page_numbers_and_running_heads(printed):
    texts = [page.extract_text() for page in printed.pages]
    titles = bookmarks(printed.outline)
    assert titles[0] == pages.about()["title"]  # which stands on two lines
    assert titles[-4:-2] == [
        "First part",
        ["One", ["Try it yourself", "Test yourself"], "Two & more", ["Deep"]],
    ]
    contents = next(text for text in texts if text.startswith("Contents"))
    for title in ("One", "Two & more", "Solutions"):
        number = int(re.search(rf"{title}\s+(\d+)", contents)[1])
        page = texts[number - 1]
        assert page.count(title) >= 2, page  # in the text, and above it
        assert re.search(rf"^{number}$", page, re.M)


def test_no_line_of_code_and_no_step_is_cut(printed):
    text = "".join(page.extract_text() for page in printed.pages)
    assert re.sub(r"\s", "", LONG) in re.sub(r"\s", "", text)
    assert "First step" in text and "Second step" in text and "(root)" in text
    assert sum(len(page.images) for page in printed.pages) == 1  # the drawing is lines


@pytest.mark.usefixtures("printer")
def test_what_is_wider_than_the_paper_stops_it(site):
    path = site / "notebooks" / "two.html"
    wide = TWO.replace("<section", '<pre style="width:2000px">wide</pre><section', 2)
    path.write_text(SHELL.format(wide), encoding="utf-8")
    with pytest.raises(ValueError, match="wider than the paper"):
        pdf.write(pages.bound(site, TOC), site, site / "wide.pdf", pages.about())


# ---- Archive ---------------------------------------------------------------------------------


def test_the_archive_knows_when_a_file_has_changed(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("archive") / "book"
    archive.collect(site, folder)
    archive.pack(folder, folder.parent / "book.zip")
    shutil.unpack_archive(folder.parent / "book.zip", folder.parent / "opened")
    opened = folder.parent / "opened" / "book"
    for name in (
        "site/notebooks/one.html",
        "notebooks/pooling.ipynb",
        "helpers/layers.py",
        "BEGIN.md",
    ):
        assert (opened / name).is_file()
    sums = (opened / archive.SUMS).read_text(encoding="utf-8")
    assert archive.checksums(opened) == sums
    (opened / "helpers" / "layers.py").write_text("", encoding="utf-8")
    assert archive.checksums(opened) != sums
