"""The Sphinx extension of the book, part by part: `tests/test_site.py` looks at what it builds."""

import base64
import io
import re
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from docutils.core import publish_doctree
from PIL import Image, ImageChops
from sphinx.errors import ExtensionError

from helpers import plots
from tools import downloads
from tools.notebooks import LESSONS, ROOT, read
from tools.site import (
    definitions,
    drawings,
    formulas,
    head,
    images,
    scripts,
    search,
    styles,
    text,
)


def test_formulas_of_another_katex_than_the_style_stop_the_build(tmp_path):
    style = tmp_path / "book" / "_static" / formulas.STYLE
    style.parent.mkdir(parents=True)
    app = SimpleNamespace(srcdir=ROOT)
    formulas.check_version(app)
    style.write_text('.katex-version::after{content:"0.1.2"}', encoding="utf-8")
    with pytest.raises(ExtensionError, match=r"is of KaTeX 0\.1\.2, but"):
        formulas.check_version(SimpleNamespace(srcdir=tmp_path))


def test_a_formula_is_there_to_see_and_to_hear_with_its_name():
    formula = formulas.render(r"y = Wx + b \tag{dense}", display=True)
    assert 'class="katex-html" aria-hidden="true"' in formula and "<math" in formula
    assert re.sub("<[^>]*>", "", formula).endswith("(dense)")


def test_an_image_says_how_large_it_is_and_waits(tmp_path):
    path = tmp_path / "a.png"
    Image.new("L", (2, 3)).save(path)
    body = '<img src="x/a.png"><img src="x/a.png" width="9"><img src="b.png"><img alt="none">'
    assert images.lighter(body, tmp_path, "", {"a.png": path}) == (
        '<img width="2" height="3" src="x/a.png"><img loading="lazy" src="x/a.png" width="9">'
        '<img loading="lazy" src="b.png"><img alt="none">'
    )


@pytest.mark.parametrize(
    ("tex", "applied"), [(r"x^2_{\max} + y_{\min}", 0), (r"\max_i x_i", 1), (r"\log x", 1)]
)
def test_a_name_alone_in_a_script_is_valid_mathml(tex, applied):
    formula = formulas.render(tex, display=True)
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block"><semantics>' in formula
    assert formula.count(formulas.APPLIED) == applied
    mathml = BeautifulSoup(formula, "html.parser").math
    room = {"msub": 2, "munder": 2, "msubsup": 3}
    for element in mathml.find_all(list(room)):
        assert len(element.find_all(recursive=False)) == room[element.name], str(element)
    assert mathml.find(["msub", "munder", "msubsup", "mi"])


PIXELS = "data:image/png;base64,#ffffff"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'width="72pt" height="36pt"><defs><style>*{stroke-linecap:butt}</style></defs>'
    '<path d="M0 0h9v9z" style="fill:#ffffff;stroke:#0072b2"/><text>black</text>'
    f'<image xlink:href="{PIXELS}"/><g id="on-0"><text style="fill:#ffffff">white</text></g></svg>'
)


def test_a_drawing_becomes_a_file_that_two_themes_show(tmp_path):
    data = base64.b64encode(SVG.encode()).decode()
    tag = f'<img alt="a" style="background:white" src="data:image/svg+xml;base64,{data}">'
    body = images.lighter(tag + tag, tmp_path / "_images", "../_images", {})
    (path,) = (tmp_path / "_images").iterdir()
    assert path.suffix == ".svg"
    found = BeautifulSoup(body, "html.parser")("img")
    address = f"../_images/{path.name}"
    assert [image["src"] for image in found] == [address, f"{address}#dark"] * 2
    assert [image["class"] for image in found] == [["in-light"], ["in-dark"]] * 2
    # What a theme hides is not fetched if it is lazy; what a reader sees first is not.
    assert [image.get("loading") for image in found] == [None, "lazy", "lazy", "lazy"]
    sizes = {(image["width"], image["height"], image.get("style")) for image in found}
    assert sizes == {("96", "48", None)}


def test_inks_change_in_the_dark_and_pictures_do_not():
    themed = drawings.themed(SVG)
    light, dark = re.findall(r":(?:root|target)\{([^}]*)\}", themed)
    assert light == "--c000000:#000000;--c0072b2:#0072b2;--cffffff:#ffffff;"
    assert dark.startswith("--c000000:#e") and dark.endswith(f"--cffffff:{drawings.DARK};")
    assert f'href="{PIXELS}"' in themed
    assert '<g id="on-0" fill="#000000"><text style="fill:#ffffff">white</text></g>' in themed
    plain = drawings.plain(themed)
    assert 'style="fill:#ffffff;stroke:#0072b2"' in plain and "var(" not in plain


def test_books_get_no_webp():
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "webp", quality=90)
    data = base64.b64encode(file.getvalue()).decode()
    plain = drawings.plain(f'<image href="data:image/webp;base64,{data}"/>')
    found = re.fullmatch('<image href="data:image/jpeg;base64,([^"]+)"/>', plain)
    with Image.open(io.BytesIO(base64.b64decode(found[1]))) as image:
        assert (image.format, image.size) == ("JPEG", (256, 256))


def test_every_ink_of_the_book_is_seen_on_both_papers():
    palette = [
        value
        for value in vars(plots).values()
        if isinstance(value, str) and re.fullmatch("#[0-9a-fA-F]{6}", value)
    ]
    assert len(palette) == 6
    for color in map(str.lower, [*palette, "#000080", "#b22222"]):
        assert drawings.contrast(drawings.in_the_dark(color), drawings.DARK) >= drawings.LINE
    for gray in ("#000000", "#404040", "#808080", "#bbbbbb", "#eeeeee"):
        light = drawings.contrast(gray, drawings.LIGHT)
        dark = drawings.contrast(drawings.in_the_dark(gray), drawings.DARK)
        assert abs(dark - min(light, drawings.INK)) < 0.2
    pale = drawings.in_the_dark("#cfe2f3")
    assert drawings.contrast(pale, drawings.DARK) < 1.5 and pale[5:] > pale[1:3]  # still blue


def test_drawings_and_theme_are_on_the_same_paper():
    style = (ROOT / "book" / "_static" / "book.css").read_text(encoding="utf-8")
    assert f"--pst-color-background: {drawings.DARK};" in style


def page(body="", files=()):
    """Return an app and a page's context as Sphinx gives them, with scripts of these names."""
    listed = [SimpleNamespace(filename=name, attributes={}) for name in files]
    app = SimpleNamespace(
        srcdir=ROOT,
        add_js_file=lambda name: listed.append(
            SimpleNamespace(filename=f"_static/{name}", attributes={})
        ),
        add_css_file=lambda name: None,
    )
    return app, {"body": body, "script_files": listed}


def test_scripts_are_chosen_deferred_and_inline_ones_left_out():
    app, context = page(files=["_static/copybutton.js", "_static/doctools.js", None])
    scripts.choose(app, "x", "", context, None)
    (script,) = context["script_files"]
    assert (script.filename, script.attributes) == ("_static/copybutton.js", {"defer": "defer"})


def test_a_script_that_nobody_decided_on_stops_the_build():
    app, context = page(files=["_static/scripts/new.js"])
    with pytest.raises(ExtensionError, match=r"scripts/new\.js is a new script"):
        scripts.choose(app, "x", "", context, None)


def test_a_stored_figure_in_steps_gives_its_script_to_the_page_once():
    output = '<div class="steps"><script data-steps>let a;</script></div>'
    app, context = page(body=output + output)
    scripts.choose(app, "x", "", context, None)
    assert context["body"] == '<div class="steps"></div>' * 2
    assert [script.filename for script in context["script_files"]] == ["_static/steps.js"]


def stored_steps():
    """Return the script of each stored figure in steps."""
    outputs = (
        output.get("data", {}).get("text/html", "")
        for path in sorted(LESSONS.glob("*.ipynb"))
        for cell in read(path).cells
        for output in cell.get("outputs", [])
    )
    return [output for output in outputs if 'class="steps"' in output]


def test_stored_figures_in_steps_hold_the_script_as_it_is_now():
    script = (ROOT / "helpers" / scripts.STEPS).read_text(encoding="utf-8")
    figures = stored_steps()
    assert len(figures) > 20
    assert all(f"<script data-steps>{script}</script></div>" in figure for figure in figures)
    # Without the script all steps are there.
    assert not any(re.search(r"<figure[^>]*hidden", figure) for figure in figures)


def test_a_menu_that_the_theme_writes_in_another_way_stops_the_build():
    arrow = '<span class="toctree-toggle" role="presentation">'
    link = '<a class="reference internal" href="x.html">Layers</a>'
    menu = head.named(f"{link}<details><summary>{arrow}")
    assert menu == f'{link}<details><summary aria-label="Pages under: Layers">{arrow}'
    with pytest.raises(ExtensionError, match="menu is not what"):
        head.named(f"{link}<details><summary><i>")


def test_a_description_is_the_first_paragraph_of_the_text():
    first = "The first paragraph that says what the page is about."
    entry = "a list is none of it, however long its one entry may be"
    source = f"Title\n=====\n\n* {entry}\n\nShort.\n\n{first}\n\nThe second paragraph: {entry}.\n"
    doctree = publish_doctree(source, settings_overrides={"doctitle_xform": False})
    assert head.description(doctree) == first
    assert head.shorten("word " * 60).endswith("word …")
    assert len(head.shorten("word " * 60)) <= head.LONGEST


def test_definitions_stand_beside_links_to_terms():
    body = '<a class="reference internal" href="../x/glossary.html#max-pooling">'
    context = {"body": body + body.replace("max-pooling", "no-such-term")}
    definitions.change(SimpleNamespace(srcdir=ROOT), "x", "", context, None)
    assert context["body"].count("data-definition=") == 1
    assert 'data-definition="最大池化. ' in context["body"]


def test_every_term_of_the_glossary_has_a_definition_to_show():
    page = ROOT / definitions.GLOSSARY
    terms = re.findall(r"^### (.+)$", page.read_text(encoding="utf-8"), re.M)
    found = definitions.read(page)
    assert len(found) == len(terms) and all(len(one) > 10 for one in found.values())


def test_words_stay_whole_in_text_only():
    body = '<h1>An X-ray</h1><pre>X-ray</pre><img alt="X-rays"><p>X-rays, <code>X-ray</code></p>'
    assert text.keep_whole(body) == (
        '<h1>An <span class="whole">X-ray</span></h1><pre>X-ray</pre><img alt="X-rays">'
        '<p><span class="whole">X-rays</span>, <code>X-ray</code></p>'
    )


def test_the_index_of_the_search_has_sections_and_names_terms_in_both_languages():
    source = "Title\n=====\n\nWords.\n\nPart\n----\n\nMore *words*.\n\n::\n\n  code\n"
    doctree = publish_doctree(source, settings_overrides={"doctitle_xform": False})
    assert search.sections("notebooks/x", doctree) == [
        ("", "Title", "Words."),
        ("part", "Part", "More words."),
    ]
    doctree = publish_doctree(
        "A\n=\n\nkernel\n------\n\n卷积核. A small matrix.\n",
        settings_overrides={"doctitle_xform": False},
    )
    assert search.sections(search.GLOSSARY, doctree) == [
        ("kernel", "kernel · 卷积核", "A small matrix.")
    ]


def test_styles_keep_what_pages_and_scripts_name():
    words = styles.words_of(['<p class="a b" id="c">'], ['x.classList.add("d")'])
    style = ".a:hover,.z{x:1}#c{x:2}.d>.z{x:3}.d:not(.z){x:4}p{x:5}.fa-x{x:6}@media print{.z{x:7}}"
    assert styles.prune(style, words) == ".a:hover{x:1}#c{x:2}.d:not(.z){x:4}p{x:5}"
    font = '@font-face{font-family:"Font Awesome 6 Free";src:url(x)}'
    assert styles.prune(font, words) == ""


def told(baseurl, folder):
    """Return the tags in the head of a page, published at an address or nowhere."""
    config = SimpleNamespace(html_title="The book", html_baseurl=baseurl)
    context = {"title": "A page", "theme_logo": {"text": "Book"}}
    app = SimpleNamespace(config=config, srcdir=ROOT, outdir=folder)
    head.add(app, "notebooks/x", "", context, None)
    assert context["page_title"] == "A page · Book"
    tags = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', context["metatags"])
    return dict(tags)


def test_a_preview_has_a_picture_once_the_book_has_an_address(tmp_path):
    assert "og:image" not in told("", tmp_path) and not list(tmp_path.iterdir())
    base = "https://a.github.io/book/"
    tags = told(base, tmp_path)
    assert tags["og:url"] == f"{base}notebooks/x.html"
    assert tags["og:image"] == f"{base}_images/preview-notebooks-x.png"
    with (
        Image.open(tmp_path / "_images" / "preview-notebooks-x.png") as picture,
        Image.open(ROOT / head.PREVIEW) as mark,
    ):
        assert picture.size == (1200, 630)
        changed = ImageChops.difference(picture, mark).getbbox()
        assert changed[0] > 440  # the mark is whole
        words = picture.crop((440, 0, 1200, 630)).getcolors(10_000)
        assert 0.005 < 1 - max(words)[0] / (760 * 630) < 0.2


def test_robots_find_the_site_map_once_the_book_has_an_address(tmp_path):
    (tmp_path / "404.html").write_text("<head><title>x</title>", encoding="utf-8")

    def finish(baseurl):
        config = SimpleNamespace(html_baseurl=baseurl)
        env = SimpleNamespace(found_docs={"book/index", "notebooks/x"})
        head.finish(SimpleNamespace(outdir=tmp_path, config=config, env=env), None)
        return (tmp_path / "robots.txt").read_text(encoding="utf-8")

    assert "Sitemap" not in finish("") and not (tmp_path / "sitemap.xml").exists()
    assert "Sitemap: https://a.io/b/sitemap.xml" in finish("https://a.io/b/")
    site_map = (tmp_path / "sitemap.xml").read_text(encoding="utf-8")
    assert re.findall("<loc>(.*?)</loc>", site_map) == [
        "https://a.io/b/book/index.html",
        "https://a.io/b/notebooks/x.html",
    ]
    # The page that is served for any wrong address finds its styles from there.
    assert (
        (tmp_path / "404.html")
        .read_text(encoding="utf-8")
        .startswith('<head><base href="https://a.io/b/">')
    )


# ---- The book to take along ------------------------------------------------------------------


def first_page(monkeypatch, url, body="<p>Words.</p><!-- take along -->"):
    """Return the text of the first page, published somewhere or nowhere."""
    monkeypatch.setattr(downloads.lessons, "published", lambda: {"url": url})
    context = {"body": body}
    downloads.add(SimpleNamespace(srcdir=ROOT), "book/index", "page.html", context, None)
    return context["body"]


def test_the_first_page_leads_to_the_files_of_a_release_once_there_is_a_publisher(monkeypatch):
    assert first_page(monkeypatch, "") == "<p>Words.</p>"
    page = BeautifulSoup(first_page(monkeypatch, "https://github.com/me/book"), "html.parser")
    names = [link["href"].rpartition("/")[2] for link in page("a")]
    assert names == ["book.pdf", "book.epub", "book.zip"]
    assert page.a["href"] == "https://github.com/me/book/releases/latest/download/book.pdf"
    assert re.search(r"\d+ pages, \d+ MB", " ".join(page.get_text().split()))
    assert downloads.PLACE in (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    release = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert "_build/offline/book.*" in release


def test_a_first_page_without_a_place_for_them_stops_the_build(monkeypatch):
    with pytest.raises(ExtensionError, match="take along"):
        first_page(monkeypatch, "", body="<p>Words.</p>")
