"""The whole book as one EPUB, a file for each page, formulas as MathML: `make epub`."""

import html
import mimetypes
import re
import shutil
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path
from typing import Any

from bs4 import Tag

from tools.notebooks import ROOT
from tools.offline.pages import OUT, SITE, Page, about, anchor, bound, size
from tools.site import drawings

NAME = "book.epub"
CONTAINER = """\
<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""
PAGE = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"
 lang="en" xml:lang="en" data-theme="light">
<head><title>{title}</title><link rel="stylesheet" href="style.css"/></head>
<body>{body}</body></html>
"""
PACKAGE = """\
<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{identity}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:creator>{author}</dc:creator>
<dc:language>en</dc:language>
<dc:rights>Text and figures CC BY 4.0, code MIT</dc:rights>
<meta property="dcterms:modified">{date}T00:00:00Z</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">MathML</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
{items}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
# Attributes that books may not have, and tables of pandas do.
FOREIGN = ("border", "align", "valign")


def file_of(name: str) -> str:
    """Return the file of a page.

    Examples
    --------
    >>> file_of("notebooks/pooling")
    'notebooks-pooling.xhtml'
    """
    return f"{anchor(name)}.xhtml"


def fitted(page: Page, places: dict[str, str]) -> list[str]:
    """Change a page to what an EPUB may hold; return its images.

    Parameters
    ----------
    page : Page
        Changed in place: formulas as MathML alone, links with the file that they lead to.
    places : dict
        The file of each name that a link leads to.
    """
    for hidden in page.body.select(".katex-html"):
        hidden.decompose()
    for link in page.body.select('a[href^="#"]'):
        link["href"] = f"{places[str(link['href'])[1:]]}{link['href']}"
    images = []
    for image in page.body.select("img[src]"):
        images.append(str(image["src"]))
        image["src"] = f"images/{Path(images[-1]).name}"
        for side in ("width", "height"):
            if side in image.attrs:
                image[side] = str(round(float(str(image[side]))))
    # A formula with a name is a row of a table to KaTeX, and cells are set small.
    for table in page.body.select("math[display=block] mtable[width]"):
        table["displaystyle"] = "true"
    for cell in page.body.find_all("mtd"):
        del cell["width"]
    for table in page.body.find_all(["table", "tr", "th", "td"]):
        for name in FOREIGN:
            del table[name]
    return images


def navigation(found: list[Page]) -> str:
    """Return the table of contents: pages below their part, sections of a chapter below it."""
    lines: list[str] = []
    part, open_lists = "", 0
    depth = 0
    for number, page in enumerate(found):
        link = f'<a href="{file_of(page.name)}">{html.escape(page.title)}</a>'
        if page.part != part:
            lines.append("</ol></li>" * open_lists)
            lines.append(f"<li><span>{html.escape(page.part)}</span><ol>")
            part, open_lists, depth = page.part, 1, 0
        following = found[number + 1] if number + 1 < len(found) else None
        deeper = following is not None and following.part == part and following.depth > depth
        lines.append(f"<li>{link}{'<ol>' if deeper else '</li>'}")
        down = following.depth if following is not None and following.part == part else 0
        lines.append("</ol></li>" * max(0, page.depth - down))
        depth = down
    lines.append("</ol></li>" * open_lists)
    return f'<nav epub:type="toc"><h1>Contents</h1><ol>{"".join(lines)}</ol></nav>'


def write(found: list[Page], site: Path, path: Path, said: dict[str, Any]) -> None:
    """Write the EPUB; the same pages give the same bytes.

    Parameters
    ----------
    found : list of Page
        Changed by this.
    site : Path
        Where their images lie.
    path : Path
        Of the EPUB.
    said : dict
        `CITATION.cff`.
    """
    places = {
        str(tag["id"]): file_of(page.name)
        for page in found
        for tag in (page.body, *page.body.find_all(id=True))
    }
    images: dict[str, Path] = {}
    files, items, spine = {}, [], []
    for page in found:
        for source in fitted(page, places):
            images[Path(source).name] = site / source
        name = file_of(page.name)
        has = [kind for kind, tag in (("mathml", "math"), ("svg", "svg")) if page.body.find(tag)]
        properties = f' properties="{" ".join(has)}"' if has else ""
        files[name] = PAGE.format(title=html.escape(page.title), body=markup(page.body))
        items.append(
            f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"{properties}/>'
        )
        spine.append(f'<itemref idref="{name}"/>')
    for name in sorted(images):
        kind = mimetypes.guess_type(name)[0]
        items.append(f'<item id="image-{name}" href="images/{name}" media-type="{kind}"/>')
    files["nav.xhtml"] = PAGE.format(title="Contents", body=navigation(found))
    style = Path(__file__).with_name("epub.css").read_text(encoding="utf-8")
    colors = (site / "_static" / "pygments.css").read_text(encoding="utf-8")
    files["style.css"] = style + "\n".join(
        re.findall(r'^html\[data-theme="light"\].*', colors, re.M)
    )
    files["package.opf"] = PACKAGE.format(
        identity=uuid.uuid5(uuid.NAMESPACE_URL, f"{said['title']} {said['version']}"),
        title=html.escape(said["title"]),
        author=html.escape(said["authors"][0]["name"]),
        date=said["date-released"],
        items="\n".join(items),
        spine="\n".join(spine),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as book:
        book.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        add(book, "META-INF/container.xml", CONTAINER.encode())
        for name, text in files.items():
            add(book, f"OEBPS/{name}", text.encode())
        for name in sorted(images):
            content = images[name].read_bytes()
            if name.endswith(".svg"):
                content = drawings.plain(content.decode()).encode()
            add(book, f"OEBPS/images/{name}", content)


def markup(body: Tag) -> str:
    """Return a text as XHTML."""
    text = body.decode(formatter="minimal")
    # BeautifulSoup reads HTML, which does not tell small letters of names from capitals.
    return text.replace("viewbox=", "viewBox=").replace(
        "preserveaspectratio=", "preserveAspectRatio="
    )


def add(book: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Add a file, without a date."""
    book.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def check(path: Path) -> str | None:
    """Return what epubcheck says is wrong with an EPUB, or None if there is no epubcheck."""
    java, epubcheck = shutil.which("java"), shutil.which("epubcheck")
    if java is None or epubcheck is None:
        return None
    done = subprocess.run([java, "-jar", epubcheck, str(path)], capture_output=True, text=True)
    return done.stderr if done.returncode else ""


def main() -> int:
    """Write the EPUB, check it, say how large it is."""
    try:
        found = bound(SITE, (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    write(found, SITE, OUT / NAME, about())
    wrong = check(OUT / NAME)
    if wrong:
        print(wrong, file=sys.stderr)
        return 1
    checked = "no epubcheck here to check it" if wrong is None else "epubcheck finds nothing"
    print(f"{OUT / NAME}: {len(found)} pages, {size(OUT / NAME)}; {checked}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
