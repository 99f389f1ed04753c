"""What search engines, link previews and browsers are told of a page, and of the whole site."""

import html
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from PIL import Image, ImageDraw, ImageFont
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from tools.site.text import keep_whole

PREVIEW = "book/_static/preview.png"
LONGEST = 160  # letters that search engines show
SUMMARY = re.compile(
    r'(<a class="(?:current )?reference internal" href="[^"]*">)(.*?)(</a>)<details( open="open")?>'
    r'<summary><span class="toctree-toggle" role="presentation">'
)


def description(doctree: nodes.document) -> str:
    """Return the first paragraph of a page that stands in a section, up to a whole word."""
    for paragraph in doctree.findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        if isinstance(paragraph.parent, nodes.section) and len(text) > 40:
            return shorten(text)
    return ""


def shorten(text: str, longest: int = LONGEST) -> str:
    """Return a text, cut after a word if it is longer.

    Examples
    --------
    >>> shorten("a kernel on an image", 10)
    'a kernel …'
    """
    if len(text) <= longest:
        return text
    return text[: longest - 1].rpartition(" ")[0] + " …"


def named(menu: str) -> str:
    """Return the table of contents with a name on each arrow that opens a chapter.

    Raises
    ------
    ExtensionError
        If an arrow is left without one: the theme writes another menu than it did.
    """
    menu = SUMMARY.sub(
        r'\1\2\3<details\4><summary aria-label="Pages under: \2">'
        r'<span class="toctree-toggle" role="presentation">',
        menu,
    )
    if "<summary>" in menu:
        raise ExtensionError("the theme's menu is not what tools.site.head expects")
    return menu


def draw_preview(title: str, mark: Path, place: Path) -> None:
    """Write the picture that stands beside a link to a page: the mark of the book, and the title.

    No preview shows SVG, as the figures are.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(mark) as image:
        image.paste(image.getpixel((0, 0)), (440, 0, image.width, image.height))
        lines, font = textwrap.fill(title, 20), ImageFont.load_default(64)
        ImageDraw.Draw(image).multiline_text(
            (480, image.height / 2), lines, "#10323b", font, anchor="lm", spacing=16
        )
        image.save(place)


def add(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Set title, description and preview of a page, and name what its menu opens."""
    book = app.config.html_title
    title = html.unescape(re.sub("<[^>]*>", "", context.get("title") or "Page not found"))
    context["page_title"] = book if title == book else f"{title} · {context['theme_logo']['text']}"
    tags = {"og:site_name": book, "og:title": title, "og:type": "article"}
    if doctree is not None and (text := description(doctree)):
        tags |= {"description": text, "og:description": text}
    if app.config.html_baseurl:  # a preview needs whole addresses
        base = app.config.html_baseurl.rstrip("/")
        picture = f"_images/preview-{page.replace('/', '-')}.png"
        draw_preview(title, Path(app.srcdir) / PREVIEW, Path(app.outdir) / picture)
        tags |= {"og:url": f"{base}/{page}.html", "og:image": f"{base}/{picture}"}
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n    <meta {"property" if ":" in name else "name"}="{name}" '
        f'content="{html.escape(value)}" />'
        for name, value in tags.items()
    )
    if "generate_toctree_html" in context:
        theirs = context["generate_toctree_html"]
        context["generate_toctree_html"] = lambda *a, **k: keep_whole(named(str(theirs(*a, **k))))


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Give pages that have no source."""
    yield "search", {"title": "Search"}, "search.html"
    yield "404", {"title": "There is no such page"}, "404.html"


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write `robots.txt` and `sitemap.xml`; mend the 404 page, which is served at any depth."""
    if error:
        return
    out, base = Path(app.outdir), app.config.html_baseurl.rstrip("/")
    robots = "User-agent: *\nAllow: /\n"
    if base:
        addresses = [f"{base}/{name}.html" for name in sorted(app.env.found_docs)]
        entries = "".join(f"  <url><loc>{html.escape(url)}</loc></url>\n" for url in addresses)
        (out / "sitemap.xml").write_text(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n',
            encoding="utf-8",
        )
        robots += f"Sitemap: {base}/sitemap.xml\n"
        lost = out / "404.html"
        lost.write_text(
            lost.read_text(encoding="utf-8").replace("<head>", f'<head><base href="{base}/">', 1),
            encoding="utf-8",
        )
    (out / "robots.txt").write_text(robots, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("html-page-context", add, priority=800)  # after the theme's own
    app.connect("html-collect-pages", pages)
    app.connect("build-finished", finish)
