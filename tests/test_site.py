"""The site as a reader's browser gets it: built, linked, self-contained, readable on a phone."""

import functools
import gzip
import http.server
import io
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import axe_playwright_python
import pytest
from bs4 import BeautifulSoup
from PIL import Image, ImageColor

from tools.notebooks import ROOT, book_pages
from tools.offline import archive
from tools.offline.pages import bound
from tools.site import drawings

# The site is built from stored outputs: a writer's machine need not have these.
BUILD = """
import sys
for name in ("tensorflow", "keras", "numpy", "matplotlib", "helpers"):
    sys.modules[name] = None
from jupyter_book.cli.main import main
main()
"""


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Build the site from nothing and return its folder."""
    folder = tmp_path_factory.mktemp("site")
    build = subprocess.run(
        [
            *(sys.executable, "-c", BUILD, "build", str(ROOT), "--path-output", str(folder)),
            *("--warningiserror", "--keep-going", "--quiet"),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert build.returncode == 0, build.stdout[-3000:] + build.stderr[-3000:]
    return folder / "_build" / "html"


@pytest.fixture(scope="session")
def pages(site):
    """Return every page, parsed, by its path in the site; code, which is most of it, left out."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        if "_static" not in path.parts:
            page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
            for code in page("pre"):
                code.decompose()
            found[str(path.relative_to(site))] = page
    return found


def test_every_chapter_is_built(pages):
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    for name in re.findall(r"(?:file|root): (\S+)", toc):
        assert f"{name}.html" in pages


def test_every_page_is_in_the_table_of_contents():
    toc = (ROOT / "_toc.yml").read_text(encoding="utf-8")
    sources = [*book_pages(), *ROOT.glob("notebooks/*.ipynb")]
    lost = [str(path.relative_to(ROOT).with_suffix("")) for path in sources]
    assert [name for name in lost if not re.search(rf"(file|root): {name}$", toc, re.M)] == []


# ---- Links ---------------------------------------------------------------------------------


def broken_links(pages, site):
    """Return the links inside the site that lead nowhere: to no file, or to no anchor."""
    ids = {name: {tag["id"] for tag in page.find_all(id=True)} for name, page in pages.items()}
    broken = []
    for name, page in pages.items():
        for tag in page.find_all(["a", "img", "link", "script", "source"]):
            url = tag.get("href") or tag.get("src") or ""
            parts = urlsplit(url)
            if parts.scheme or parts.netloc or not url or url == "#":
                continue
            target = unquote(urljoin(name, parts.path)) if parts.path else name
            if not (site / target).is_file():
                broken.append(f"{name}: {url}")
            elif parts.fragment and target in ids and unquote(parts.fragment) not in ids[target]:
                broken.append(f"{name}: {url}")
    return broken


def test_links_and_anchors(pages, site):
    assert broken_links(pages, site) == []


def test_a_planted_broken_link_is_found(pages, site):
    for planted in (
        '<a href="nowhere.html">',
        '<a href="index.html#nowhere">',
        '<img src="x.png">',
    ):
        page = BeautifulSoup(planted, "html.parser")
        index = {"index.html": pages["index.html"]}
        assert broken_links({**index, "planted.html": page}, site)
        assert not broken_links(index, site)


# ---- Found by a reader who comes from the source ----------------------------------------------


def targets(name, page):
    """Return where the links in the text of a page lead (not those of the menus around it)."""
    text = page.find("article") or page
    urls = [tag["href"] for tag in text.find_all("a", href=True)]
    return {urljoin(name, url) for url in urls if not urlsplit(url).scheme}


def clicks(pages, start="book/index.html"):
    """Return how many links one must follow to each address, starting from the first page."""
    found, edge, read = {start: 0}, [start], set()
    while edge:
        now = edge.pop(0)
        name = urlsplit(now).path
        if name in pages and name not in read:  # reached before at another anchor
            read.add(name)
            for target in targets(name, pages[name]) - set(found):
                found[target] = found[now] + 1
                edge.append(target)
    return found


def places_of_items(pages):
    """Return the addresses that the built source map gives for each item."""
    name = "book/reference/source-map.html"
    table = pages[name].find("table")
    rows = [row.find_all("td") for row in table.find_all("tr")[1:]]
    return {row[0].get_text(): targets(name, row[2]) for row in rows}


def items_far_away(pages):
    """Return the items of the source that take more than three clicks."""
    needed = clicks(pages)
    items = places_of_items(pages)
    assert len(items) == 21
    return [
        item
        for item, places in items.items()
        if not places or max(needed.get(place, 99) for place in places) > 3
    ]


def test_every_item_of_the_source_is_found_in_three_clicks(pages):
    assert items_far_away(pages) == []


def test_a_planted_distance_is_found(pages):
    """A first page that leads to the bibliography only; a source map that leads nowhere."""
    first = BeautifulSoup(
        '<article><a href="reference/bibliography.html">x</a></article>', "html.parser"
    )
    assert items_far_away({**pages, "book/index.html": first})
    name = "book/reference/source-map.html"
    unlinked = BeautifulSoup(str(pages[name]), "html.parser")
    for link in unlinked.find("table").find_all("a"):
        del link["href"]
    assert len(items_far_away({**pages, name: unlinked})) == 21


# ---- Third parties and alt text ------------------------------------------------------------


def foreign_addresses(page):
    """Return the addresses elsewhere that a browser would fetch with the page."""
    tags = page.find_all(["script", "img", "iframe", "link", "source", "video", "audio", "object"])
    urls = [
        tag.get("src") or tag.get("href") or tag.get("data") or ""
        for tag in tags
        if tag.get("rel") not in (["canonical"], ["license"])
    ]
    return [url for url in urls if urlsplit(url).netloc]


def test_no_page_asks_a_third_party(pages):
    assert {name: foreign_addresses(page) for name, page in pages.items()} == dict.fromkeys(
        pages, []
    )


def test_style_sheets_ask_no_third_party(site):
    for path in site.rglob("*.css"):
        style = path.read_text(encoding="utf-8", errors="replace")
        assert not re.search(r"(url\(|@import )['\"]?(https?:)?//", style), path


@pytest.mark.parametrize(
    "planted",
    [
        '<script src="https://example.org/x.js"></script>',
        '<link rel="stylesheet" href="//example.org/x.css">',
        '<img src="http://example.org/x.png">',
    ],
)
def test_a_planted_third_party_is_found(planted):
    assert foreign_addresses(BeautifulSoup(planted, "html.parser"))


def images_without_alt(page):
    """Return the images that a reader who cannot see them is told nothing about."""
    return [str(image)[:100] for image in page.find_all("img") if not image.get("alt", "").strip()]


def test_every_image_has_alt_text(pages):
    found = {name: images_without_alt(page) for name, page in pages.items()}
    assert found == dict.fromkeys(pages, [])


def test_a_planted_image_without_alt_is_found():
    assert images_without_alt(BeautifulSoup('<img src="x.png" alt="">', "html.parser"))


# ---- In a browser --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(site):
    """Serve the site on this machine and return its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def end_headers(self):
            self.send_header("Cache-Control", "max-age=600")  # what pages share comes once
            super().end_headers()

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def window(browser):
    """Open an empty page."""
    return browser.new_page()


# What a page may weigh: its first view as a server sends it, and all of it with each figure.
FIRST_VIEW, ALL, REQUESTS = 300_000, 600_000, 40
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
# Headings in which a word stands on two lines; names in code, `such_as.these`, may break.
CUT_WORDS = """() => [...document.querySelectorAll("article :is(h1,h2,h3)")].flatMap((heading) => {
  const cut = [];
  const texts = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const word of texts.currentNode.data.matchAll(/[\\p{L}\\p{N}_.]+/gu)) {
      if (/[_.]./.test(word[0])) continue;
      const range = document.createRange();
      range.setStart(texts.currentNode, word.index);
      range.setEnd(texts.currentNode, word.index + word[0].length);
      const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      if (lines.size > 1) cut.push(word[0]);
    }
  }
  return cut;
})"""
# Names of equations that lie on their formula.
COVERED = """() => [...document.querySelectorAll(".katex-html > .tag")].filter((tag) => {
  const sides = (parts, side) => [...parts].map((part) => part.getBoundingClientRect()[side]);
  const formula = sides(tag.parentElement.querySelectorAll(":scope > .base"), "right");
  return Math.max(...formula) > Math.min(...sides(tag.querySelectorAll(".mord"), "left"));
}).map((tag) => tag.textContent)"""


@functools.cache
def weight(path):
    """Return the bytes of a file as a server sends it: texts compressed, images and fonts not."""
    content = path.read_bytes()
    return len(
        content if path.suffix in (".png", ".jpeg", ".webp", ".woff2") else gzip.compress(content)
    )


def weigh(site, url, requested, sources):
    """Return what is too heavy of a page that asked for some addresses and shows some images."""
    base = "/".join(url.split("/", 3)[:3]) + "/"

    def total(addresses):
        names = {unquote(urlsplit(one).path)[1:] for one in addresses if one.startswith(base)}
        return sum(weight(site / name) for name in names if (site / name).is_file())

    troubles = []
    if total(requested) > FIRST_VIEW:
        troubles.append(
            f"weighs {total(requested):,} bytes at first view, more than {FIRST_VIEW:,}"
        )
    if total([*requested, *sources]) > ALL:
        troubles.append(f"weighs {total([*requested, *sources]):,} bytes, more than {ALL:,}")
    if len(requested) > REQUESTS:
        troubles.append(f"makes {len(requested)} requests, more than {REQUESTS}")
    return troubles


def barriers(window):
    """Return what axe sees that keeps some readers out."""
    # A color on its way from light to dark has the contrast of neither.
    window.evaluate("document.getAnimations().forEach((one) => one.finish())")
    window.evaluate(AXE)
    # Formulas are hidden from screen readers, which read their MathML.
    options = "{resultTypes: ['violations'], preload: false}"
    run = f"axe.run({{exclude: ['.katex']}}, {options})"
    return [
        f"axe: {found['id']}: {found['nodes'][0]['html'][:150]} ({len(found['nodes'])} times)"
        for found in window.evaluate(run)["violations"]
    ]


def visit(window, url, site, widths):
    """Open a page in a window of one width after another; return its troubles."""
    troubles, requested = [], []
    host = urlsplit(url).netloc

    def note_request(request):
        requested.append(request.url)
        if urlsplit(request.url).netloc not in (host, ""):
            troubles.append(f"asks {request.url}")

    def note_message(message):
        if message.type == "error":
            troubles.append(f"console: {message.text}")

    def note_error(error):
        troubles.append(f"script: {error}")

    listeners = {"request": note_request, "console": note_message, "pageerror": note_error}
    for event, listener in listeners.items():
        window.on(event, listener)
    window.set_viewport_size({"width": widths[0], "height": 900})
    window.goto(url, wait_until="load")
    sources = window.evaluate("[...document.images].map((image) => image.src)")
    troubles += weigh(site, url, requested, sources) + barriers(window)
    for width in widths:
        window.set_viewport_size({"width": width, "height": 900})
        overflow = window.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if overflow > 1:
            troubles.append(f"{overflow} pixels too wide for a screen of {width}")
        troubles += [f"cuts {word} at {width}" for word in window.evaluate(CUT_WORDS)]
        troubles += [f"covers {name} at {width}" for name in window.evaluate(COVERED)]
    for event, listener in listeners.items():
        window.remove_listener(event, listener)
    return troubles


def test_pages_open_without_trouble(window, address, site, pages):
    """At the width of a desktop and of small phones; every second one in the dark."""
    found = {}
    for number, name in enumerate(sorted(set(pages) - {"index.html"})):  # it leads to the first
        window.emulate_media(color_scheme="dark" if number % 2 else "light")
        # A page opens at the width that the one before was left at: no page is laid out in vain.
        widths = [320, 1280] if number % 2 else [1280, 320]
        found[name] = visit(window, address + name, site, widths)
        if number % 4 == 3:
            window.request_gc()  # or all pages stay in memory, hundreds of megabytes
    window.emulate_media(color_scheme="light")
    assert {name: troubles for name, troubles in found.items() if troubles} == {}


@pytest.mark.parametrize(
    ("html", "trouble"),
    [
        ("<script>throw new Error('planted')</script>", "script"),
        ("<script>console.error('planted')</script>", "console"),
        ("<img src='https://example.org/x.png' alt='x'>", "asks"),
        ("<img src='nowhere.png' alt='x'>", "console"),
        ("<div style='width:5000px'>wide</div>", "too wide"),
        ("<article><h1 style='font-size:99px;word-break:break-all'>network</h1></article>", "cuts"),
        (
            "<span class='katex-html'><b class='base'>long</b>"
            "<i class='tag' style='margin-left:-1em'><b class='mord'>name</b></i></span>",
            "covers name",
        ),
        ("<a href='index.html'></a>", "axe: link-name"),
        ("<p style='color:#999;background:#fff'>pale</p>", "axe: color-contrast"),
        ("<script src='_static/scripts/fontawesome.js'></script>", "bytes at first view"),
        ("<img src='heavy.png' loading='lazy' alt='x' style='margin-top:9999px'>", "bytes, more"),
        ("".join(f"<img src='_static/logo.svg?{n}' alt='x'>" for n in range(50)), "requests"),
    ],
)
def test_planted_troubles_are_found(window, address, site, html, trouble):
    page = site / f"planted-{abs(hash(html))}.html"  # a name of its own: pages are kept
    page.write_text(f"<!doctype html><html lang='en'><body>{html}", encoding="utf-8")
    heavy = site / "heavy.png"
    heavy.write_bytes(os.urandom(ALL))
    found = visit(window, address + page.name, site, [1280, 320])
    heavy.unlink()
    page.unlink()
    assert any(trouble in one for one in found), found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_drawings_follow_the_theme_and_are_fetched_once(window, address, site, scheme):
    """Their letters can be read on a phone; what is hidden is the same file, or not fetched."""
    window.emulate_media(color_scheme=scheme)
    window.set_viewport_size({"width": 390, "height": 900})
    window.goto(address + "notebooks/convolution.html", wait_until="load")
    fetched = []
    window.on("request", lambda request: fetched.append(request.url.partition("#")[0]))
    seen = []
    drawings_of = ":is(.text_html, figure) > :is(.in-light, .in-dark):visible"
    for image in window.locator(drawings_of).all():  # of one theme, of steps the first
        image.scroll_into_view_if_needed()
        image.evaluate("(image) => image.decode()")
        letters = re.findall(
            r'<text style="font-size:([\d.]+)px',
            (site / urlsplit(image.get_attribute("src")).path.lstrip("./")).read_text("utf-8"),
        )
        scale = image.evaluate("(image) => image.width / image.getAttribute('width') * 4 / 3")
        seen.append((image.get_attribute("src"), min(map(float, letters), default=99) * scale))
        picture = Image.open(io.BytesIO(image.screenshot())).convert("RGB")
        paper = drawings.DARK if scheme == "dark" else drawings.LIGHT
        pairs = zip(picture.getpixel((1, 1)), ImageColor.getrgb(paper), strict=True)
        assert max(abs(one - other) for one, other in pairs) < 3
    window.emulate_media(color_scheme="light")
    assert len(seen) > 5
    assert {source.endswith(".svg#dark") for source, _ in seen} == {scheme == "dark"}
    assert min(letter for _, letter in seen) > 8
    # A browser may fetch ahead what stands below: the next step, but no drawing twice.
    assert len(fetched) == len(set(fetched))


def test_a_figure_in_steps_is_moved_by_the_keyboard(window, address, site, pages):
    """It shows its first step, then the one that the reader moves to, and says so."""
    name = next(n for n, page in pages.items() if page.select(".steps"))
    window.goto(address + name)
    steps = window.locator(".steps").first
    captions = steps.locator("figcaption").all_text_contents()
    for number in range(2):
        if number:
            steps.locator("input").press("ArrowRight")
        assert [frame.is_visible() for frame in steps.locator("figure").all()].index(True) == number
        assert steps.locator("[aria-live]").inner_text() == captions[number]
        spoken = steps.locator("input").get_attribute("aria-valuetext")
        assert spoken == f"{number + 1}/{len(captions)}"


def test_on_a_phone_the_caption_of_a_step_does_not_touch_the_edge(window, address, pages):
    name = next(n for n, page in pages.items() if page.select(".steps"))
    window.set_viewport_size({"width": 390, "height": 844})
    window.goto(address + name)
    edge = window.locator(".steps [aria-live]").first.evaluate(
        "(p) => p.getBoundingClientRect().left + parseFloat(getComputedStyle(p).paddingLeft)"
    )
    window.set_viewport_size({"width": 1280, "height": 720})
    assert edge >= 8


# ---- Without scripts, and on paper -------------------------------------------------------------


def raw_formulas(page):
    """Return formulas that only a script would make readable."""
    return [str(tag)[:100] for tag in page.select(".math") if not tag.select(".katex-html, code")]


def test_formulas_are_rendered_before_they_are_sent(pages):
    assert {name: raw_formulas(page) for name, page in pages.items()} == dict.fromkeys(pages, [])
    assert sum(len(page.select(".katex-html")) for page in pages.values()) > 400


def test_a_planted_raw_formula_is_found():
    assert raw_formulas(BeautifulSoup(r'<span class="math">\(x\)</span>', "html.parser"))


def hidden_without_scripts(window, address, name):
    """Return which steps and formulas of a page cannot be seen where scripts do not run."""
    context = window.context.browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + name)
    formulas = ".math:not(details *, .quiz *) .katex-html"  # what is folded opens without scripts
    parts = page.locator(f".steps figure, .steps figcaption, {formulas}").all()
    found = [part.evaluate("one => one.outerHTML")[:100] for part in parts if not part.is_visible()]
    context.close()
    return found if parts else ["there is nothing to see"]


def test_steps_and_formulas_are_there_without_scripts(window, address):
    assert hidden_without_scripts(window, address, "notebooks/pooling.html") == []


def test_a_planted_hidden_step_is_found(window, address, site):
    page = site / "planted-steps.html"
    page.write_text("<div class='steps'><figure hidden>x</figure></div>", encoding="utf-8")
    assert hidden_without_scripts(window, address, page.name)
    page.unlink()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_steps_are_printed(window, address, scheme):
    """On white paper, whatever the screen is."""
    window.emulate_media(color_scheme=scheme)
    window.goto(address + "notebooks/pooling.html")
    steps = window.locator(".steps").first
    frames = steps.locator("figure, figcaption, .in-light")
    assert not all(frame.is_visible() for frame in frames.all())
    window.emulate_media(media="print", color_scheme=scheme)
    assert all(frame.is_visible() for frame in frames.all())
    assert not any(image.is_visible() for image in steps.locator(".in-dark").all())
    assert not steps.locator("input").is_visible()
    window.emulate_media(media="screen", color_scheme="light")


def test_paper_is_white_and_the_dark_comes_back(window, address):
    window.emulate_media(color_scheme="dark")
    window.goto(address + "notebooks/pooling.html")
    theme = "document.documentElement.dataset.theme"
    assert window.evaluate(theme) == "dark"
    window.evaluate(f"addEventListener('beforeprint', () => window.printed = {theme})")
    window.pdf()
    assert window.evaluate("printed") == "light"
    assert window.evaluate(theme) == "dark"
    window.emulate_media(color_scheme="light")


# ---- Search and definitions ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("softmax temperature", "notebooks/dense-softmax.html"),
        ("DeLong", "notebooks/how-sure-is-it.html#how-sure-is-the-auc"),
        ("bfloat16", "notebooks/sixteen-bits.html"),
        ("learning rate", "book/reference/glossary.html#learning-rate"),
        ("卷积", "book/reference/glossary.html#convolution"),
        ("最大池化", "book/reference/glossary.html#max-pooling"),
        ("pooling", "pooling"),
    ],
)
def test_the_search_finds_a_useful_place_first(window, address, query, first):
    window.goto(f"{address}search.html?q={query}")
    hit = window.locator(".search-results li a").first
    assert first in hit.get_attribute("href")
    assert hit.inner_text() not in ("Summary", "Try it yourself", "Further reading")
    assert window.locator(".search-results li").count() <= 20


def test_the_search_opens_over_a_page_and_asks_for_its_index_then(window, address):
    asked = []
    window.on("request", lambda request: asked.append(request.url))
    window.goto(address + "notebooks/pooling.html")
    assert not any("search-index" in url for url in asked)
    window.keyboard.press("Control+k")
    window.keyboard.type("no such words at all")
    window.keyboard.press("Control+a")
    window.keyboard.type("stride")
    window.locator("#pst-search-dialog .search-results li a").first.wait_for()
    assert any("search-index" in url for url in asked)


def test_a_term_shows_its_definition_on_focus_and_hides_it_on_escape(window, address, pages):
    window.goto(address + "notebooks/pooling.html")
    link = window.locator("article a[data-definition]").first
    link.focus()
    tip = window.locator("#definition")
    assert tip.inner_text() == link.get_attribute("data-definition")
    assert link.get_attribute("aria-describedby") == "definition"
    window.keyboard.press("Escape")
    assert not tip.is_visible()


# ---- What is told of pages ------------------------------------------------------------------


def untold(page):
    """Return what a page does not say of itself to search engines and link previews."""
    wanted = ["meta[name=description]", 'meta[property="og:title"]', "title"]
    return [one for one in wanted if not page.select(one)]


def test_pages_describe_themselves(pages):
    made = {"404.html", "genindex.html", "index.html", "search.html"}
    assert {n: untold(page) for n, page in pages.items() if n not in made and untold(page)} == {}
    titles = [page.title.get_text() for name, page in pages.items() if name not in made]
    assert not [title for title in titles if len(set(re.split(" [—·] ", title))) < title.count("·")]
    assert pages["book/index.html"].title.get_text().count("Convolutional") == 1
    assert untold(BeautifulSoup("<title>x</title>", "html.parser"))


def test_robots_are_told(site):
    assert (site / "robots.txt").read_text(encoding="utf-8").startswith("User-agent: *")


# ---- To take along ---------------------------------------------------------------------------


def troubles_offline(browser, path, does):
    """Open a file of the archive where there is no network, do something; return its troubles."""
    context = browser.new_context(offline=True)
    page, troubles = context.new_page(), []
    page.on("console", lambda one: troubles.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda one: troubles.append(one.url) if one.url[:4] == "http" else None)
    page.goto(path.as_uri())
    does(page)
    context.close()
    return troubles


def test_the_archive_is_read_without_a_network(window, site, tmp_path):
    """From the first page to a lesson, whose figure moves, and to what the search finds."""

    def read(page):
        page.get_by_role("link", name="Begin the book").click()
        page.get_by_role("link", name="Convolution", exact=True).first.click()
        page.locator("[data-figure]").first.scroll_into_view_if_needed()
        page.locator(".fig-moves canvas").first.wait_for()
        loaded = "[...document.images].every((one) => one.loading === 'lazy' || one.naturalWidth)"
        assert page.evaluate(loaded)
        assert page.evaluate("document.fonts.check('16px KaTeX_Main')")
        page.keyboard.press("Control+k")
        page.keyboard.type("stride")
        page.locator("#pst-search-dialog .search-results li a").first.click()
        page.locator("article h1").wait_for()

    archive.collect(site, tmp_path / "book")
    archive.pack(tmp_path / "book", tmp_path / "book.zip")
    shutil.unpack_archive(tmp_path / "book.zip", tmp_path / "opened")
    opened = tmp_path / "opened" / "book"
    assert archive.checksums(opened) == (opened / archive.SUMS).read_text(encoding="utf-8")
    first = opened / "site" / "book" / "index.html"
    assert troubles_offline(window.context.browser, first, read) == []


def test_a_planted_request_is_found(window, tmp_path):
    path = tmp_path / "page.html"
    path.write_text('<img src="https://example.org/x.png" alt="x">', encoding="utf-8")
    found = troubles_offline(window.context.browser, path, lambda page: page.wait_for_timeout(100))
    assert "https://example.org/x.png" in found


def test_every_page_can_be_bound(site):
    """Into PDF and EPUB: the theme writes pages as `tools.offline` expects them."""
    found = bound(site, (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    assert not [page.name for page in found if page.body.select("details, script, input")]
    steps = sum(len(page.body.select(".steps figure")) for page in found)
    solutions, answers, code = (len(page.body.select(".entry")) for page in found[-3:])
    assert min(steps, solutions, answers, code) > 100
