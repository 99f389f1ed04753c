"""Images are files that say how large they are, and come when a reader scrolls near.

A drawing of a lesson (`helpers._svg`) stands twice in its page, light and dark, in one file.
"""

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Any

import imagesize
from sphinx.application import Sphinx

from tools.site import drawings

IMAGE = re.compile(r"<img\b[^>]*>")
SOURCE = re.compile(r'\bsrc="([^"]*)"')
DRAWING = re.compile(r"data:image/svg\+xml;base64,(.+)", re.S)


def lighter(body: str, folder: Path, address: str, paths: dict[str, Path]) -> str:
    """Return a page's text with its images as files.

    Parameters
    ----------
    body : str
        HTML.
    folder : Path
        Where drawings that are written out in the text become files, named by their content.
    address : str
        Of that folder, seen from the page.
    paths : dict
        Each image that is a file already, by its name.

    Returns
    -------
    str
        The same HTML; each image has its width and height in pixels, and all but the first wait
        until they are near.
    """
    first = True

    def one(match: re.Match[str]) -> str:
        nonlocal first
        tag = match[0]
        source = SOURCE.search(tag)
        if not source:
            return tag
        wait = "" if first or "loading=" in tag else ' loading="lazy"'
        first = False
        src = html.unescape(source[1])
        if data := DRAWING.match(src):
            return drawn(tag, base64.b64decode(data[1]).decode(), folder, address, wait)
        path = paths.get(src.rpartition("/")[2])
        size = imagesize.get(path) if path and "width=" not in tag else (0, 0)
        if size[0] > 0:
            wait += f' width="{size[0]}" height="{size[1]}"'
        return tag.replace("<img", f"<img{wait}", 1)

    return IMAGE.sub(one, body)


def drawn(tag: str, svg: str, folder: Path, address: str, wait: str) -> str:
    """Write a drawing as a file, and return its tag twice: of both, a theme shows one."""
    width, height = drawings.size(svg)
    themed = drawings.themed(svg)
    name = f"{hashlib.sha256(themed.encode()).hexdigest()[:32]}.svg"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(themed, encoding="utf-8")
    tag = re.sub(r' style="[^"]*"', "", tag)
    return "".join(
        SOURCE.sub(f'src="{address}/{name}{part}"', tag).replace(
            "<img", f'<img{wait} class="{theme}" width="{width}" height="{height}"', 1
        )
        for part, wait, theme in (("", wait, "in-light"), ("#dark", ' loading="lazy"', "in-dark"))
    )


def change(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Change the images of a page."""
    if "body" in context and doctree is not None:
        builder: Any = app.builder
        paths = {name: Path(app.srcdir) / source for source, name in builder.images.items()}
        folder = Path(app.outdir) / builder.imagedir
        address = context["pathto"](builder.imagedir, 1)
        context["body"] = lighter(context["body"], folder, address, paths)


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("html-page-context", change)
