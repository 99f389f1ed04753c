"""The whole book as one PDF, printed by Chromium: `make pdf`."""

import html
import json
import re
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page as Window
from playwright.sync_api import sync_playwright
from pypdf import PdfReader

from tools.browser import find_browser
from tools.notebooks import ROOT
from tools.offline.pages import OUT, SITE, Page, about, anchor, bound, size

NAME = "book.pdf"
STYLES = ("pygments.css", "katex/katex.min.css")  # of the site
WIDTH = 642  # pixels between the margins of an A4 page
# What does not fit between the margins gets smaller, all of it.
FIT = """() => {
  for (const one of document.querySelectorAll("table, .katex-display > .katex, .cell_output > *")) {
    const room = one.parentElement.clientWidth || one.closest("div, section").clientWidth;
    if (one.scrollWidth > room + 1) one.style.zoom = room / one.scrollWidth;
  }
}"""
TOO_WIDE = """width => [...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  const sticks_out = box.width && (box.right > width + 2 || box.left < -2);
  return sticks_out && !one.parentElement.closest(".katex, svg")
    || one.matches(".katex-display") && one.scrollWidth > one.clientWidth + 1;
}).map((one) => `${one.closest("[id]")?.id}: ${one.outerHTML.slice(0, 120)}`)"""
NUMBER = """pages => {
  for (const one of document.querySelectorAll("[data-of]")) one.textContent = pages[one.dataset.of];
}"""
# A letter that no font has is drawn as a box, as this one.
UNKNOWN = """() => {
  const drawn = (letter) => {
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d");
    context.font = "40px serif";
    context.fillText(letter, 0, 50);
    return canvas.toDataURL();
  };
  return drawn("卷") === drawn("\\u{10ffff}") || drawn("卷") === drawn("池");
}"""


def lower(text: str) -> str:
    """Return HTML with each heading one level lower, since parts of the book come first.

    Examples
    --------
    >>> lower("<h1>Pooling</h1><h2>The stride</h2>")
    '<h2>Pooling</h2><h3>The stride</h3>'
    """
    return re.sub(r"(</?h)([1-5])\b", lambda match: f"{match[1]}{int(match[2]) + 1}", text)


def contents(found: list[Page]) -> str:
    """Return the table of contents, with a place for each page number."""
    lines, part = [], None
    for page in found:
        if page.part and page.part != part:
            lines.append(f'<li class="of-part">{html.escape(page.part)}</li>')
        part = page.part
        kind = ' class="below"' if page.depth else ""
        lines.append(
            f'<li{kind}><a href="#{anchor(page.name)}">{html.escape(page.title)}</a>'
            f'<span class="number" data-of="{anchor(page.name)}"></span></li>'
        )
    return f'<nav class="contents"><h1>Contents</h1><ol>{"".join(lines)}</ol></nav>'


def front(said: dict[str, Any]) -> str:
    """Return the title page."""
    return (
        f'<header class="front"><h1>{html.escape(said["title"])}</h1>'
        f"<p>{html.escape(said['authors'][0]['name'])}</p>"
        f"<p>Version {said['version']}, {said['date-released']}</p>"
        '<p class="license">Text and figures CC BY 4.0, code MIT. Images from data sets keep '
        "their own licenses. Not for clinical use: none of the networks may inform a decision "
        "about a patient.</p></header>"
    )


def heads(found: list[Page]) -> str:
    """Return a style for the pages of each chapter: part and title above, page number below."""
    rules = []
    for number, page in enumerate(found):
        left, right = (json.dumps(text, ensure_ascii=False) for text in (page.part, page.title))
        rules.append(
            f"@page p{number} {{ @top-left {{ content: {left}; }} "
            f"@top-right {{ content: {right}; }} @bottom-center {{ content: counter(page); }} }}"
        )
    return "\n".join(rules)


def whole(found: list[Page], said: dict[str, Any], site: Path) -> str:
    """Return the book as one HTML document."""
    base = site.resolve().as_uri()
    parts = [front(said), contents(found)]
    part = ""
    for number, page in enumerate(found):
        if page.part != part:
            parts.append(f'<div class="part"><h1>{html.escape(page.part)}</h1></div>')
            part = page.part
        for hidden in page.body.select(".katex-mathml"):
            hidden.decompose()
        for image in page.body.select("img[src]"):
            image["src"] = f"{base}/{image['src']}"
        body = lower(str(page.body))
        parts.append(f'<div class="page" style="page: p{number}">{body}</div>')
    links = "".join(f'<link rel="stylesheet" href="{base}/_static/{name}">' for name in STYLES)
    style = Path(__file__).with_name("print.css").read_text(encoding="utf-8")
    return (
        f'<!doctype html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{html.escape(said['title'])}</title>{links}"
        f"<style>{style}\n{heads(found)}</style></head><body>{''.join(parts)}</body></html>"
    )


def load(window: Window, path: Path) -> None:
    """Open a document as it is printed.

    Raises
    ------
    ValueError
        If something is wider than the paper all the same, or letters are missing.
    """
    window.set_viewport_size({"width": WIDTH, "height": 900})
    window.emulate_media(media="print")
    window.goto(path.resolve().as_uri(), wait_until="load")
    if window.evaluate(UNKNOWN):
        raise ValueError("no font here has Chinese letters; install one, as fonts-noto-cjk")
    window.evaluate(FIT)
    if cut := window.evaluate(TOO_WIDE, WIDTH):
        raise ValueError(f"{len(cut)} things are wider than the paper, as {cut[0]}")


def save(window: Window, path: Path) -> dict[str, int]:
    """Print; return the page number of each place that a link leads to."""
    # Bookmarks are made from the tags, which screen readers need, too.
    window.pdf(
        path=path, prefer_css_page_size=True, print_background=True, outline=True, tagged=True
    )
    reader = PdfReader(path)
    return {
        str(name).removeprefix("/"): (reader.get_destination_page_number(place) or 0) + 1
        for name, place in reader.named_destinations.items()
    }


def write(found: list[Page], site: Path, path: Path, said: dict[str, Any]) -> int:
    """Write the PDF; return its number of pages.

    It is printed twice, since only a printed book knows its page numbers.

    Parameters
    ----------
    found : list of Page
        Changed by this.
    site : Path
        Where their images and styles lie.
    path : Path
        Of the PDF.
    said : dict
        `CITATION.cff`.

    Raises
    ------
    ValueError
        If there is no browser, something does not fit on the paper, or letters are missing.
    """
    browser = find_browser()
    if browser is None:
        raise ValueError("no Chromium or Chrome here; install one, it prints the book")
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".html")
    source.write_text(whole(found, said, site), encoding="utf-8")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        window = running.new_page()
        window.set_default_timeout(0)  # hundreds of pages take their time
        load(window, source)
        numbers = save(window, path)
        window.evaluate(NUMBER, numbers)
        if save(window, path) != numbers:
            raise ValueError("the table of contents moves pages; give .number in print.css room")
        running.close()
    source.unlink()
    return len(PdfReader(path).pages)


def main() -> int:
    """Write the PDF, say how large it is."""
    try:
        found = bound(SITE, (ROOT / "_toc.yml").read_text(encoding="utf-8"))
        count = write(found, SITE, OUT / NAME, about())
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{OUT / NAME}: {count} pages, {size(OUT / NAME)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
