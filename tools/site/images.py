"""Images are files that say how large they are, and come when a reader scrolls near.

Drawings are told from pictures: in the dark a drawing's white paper may turn black, an X-ray not.
"""

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Any

import imagesize
from PIL import Image, ImageChops
from sphinx.application import Sphinx

from tools.site import drawings

IMAGE = re.compile(r"<img\b[^>]*>")
SOURCE = re.compile(r'\bsrc="([^"]*)"')
DATA = re.compile(r"data:image/(png|jpeg);base64,(.+)", re.S)
DRAWING = re.compile(r"data:image/svg\+xml;base64,(.+)", re.S)


def is_drawing(path: Path) -> bool:
    """Whether an image is lines and letters on white paper: few grays, few colors, little black."""
    if path.suffix != ".png":
        return False
    with Image.open(path) as image:
        small = image.convert("RGB").resize((240, 160), Image.Resampling.NEAREST)
    red, green, blue = small.split()
    brightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    color = ImageChops.subtract(brightest, darkest)
    is_gray = color.point([255 * (level < 16) for level in range(256)])
    is_between = green.point([255 * (40 < level < 225) for level in range(256)])
    grays = ImageChops.darker(is_gray, is_between).histogram()[255]
    black, colored = sum(brightest.histogram()[:41]), sum(color.histogram()[60:])
    share = 240 * 160
    return grays < 0.06 * share and black < 0.08 * share and colored < 0.3 * share


def lighter(body: str, folder: Path, address: str, paths: dict[str, Path]) -> str:
    """Return a page's text with its images as files.

    Parameters
    ----------
    body : str
        HTML.
    folder : Path
        Where images that are written out in the text become files, each named by its content.
    address : str
        Of that folder, seen from the page.
    paths : dict
        Each image that is a file already, by its name.

    Returns
    -------
    str
        The same HTML; each image has its width and height in pixels, a drawing its class, a lighter
        copy where there is one, and all but the first wait until they are near.
    """
    first = True

    def one(match: re.Match[str]) -> str:
        nonlocal first
        tag = match[0]
        source = SOURCE.search(tag)
        if not source:
            return tag
        src = html.unescape(source[1])
        if data := DRAWING.match(src):
            tags = drawn(tag, base64.b64decode(data[1]).decode(), folder, address, first)
            first = False
            return tags
        if data := DATA.match(src):
            content = base64.b64decode(data[2])
            path = folder / f"{hashlib.sha256(content).hexdigest()[:32]}.{data[1]}"
            if not path.exists():
                folder.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            name = path.name
        else:
            name = src.rpartition("/")[2]
            path = paths.get(name, Path())
        if path.is_file():
            name = as_webp(path, folder / name)
        if data or path.is_file():
            tag = tag.replace(source[0], f'src="{address}/{name}"')
        if path.is_file() and "width=" not in tag:
            width, height = imagesize.get(path)
            if width > 0:
                tag = tag.replace("<img", f'<img width="{width}" height="{height}"', 1)
            if is_drawing(path) and "class=" not in tag:
                tag = tag.replace("<img", '<img class="drawing"', 1)
        if not first and "loading=" not in tag:
            tag = tag.replace("<img", '<img loading="lazy"', 1)
        first = False
        return tag

    return IMAGE.sub(one, body)


def drawn(tag: str, svg: str, folder: Path, address: str, first: bool) -> str:
    """Write a drawing as a file, and return its tag twice: of both, a theme shows one."""
    width, height = drawings.size(svg)
    themed = drawings.themed(svg)
    name = f"{hashlib.sha256(themed.encode()).hexdigest()[:32]}.svg"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(themed, encoding="utf-8")
    tag = re.sub(r' style="[^"]*"', "", tag).replace(
        "<img", f'<img width="{width}" height="{height}"', 1
    )
    wait = "" if first else ' loading="lazy"'
    return "".join(
        SOURCE.sub(f'src="{address}/{name}{part}"', tag).replace("<img", f"<img{more}", 1)
        for part, more in (
            ("", f'{wait} class="in-light"'),
            ("#dark", ' loading="lazy" class="in-dark"'),
        )
    )


def as_webp(path: Path, place: Path) -> str:
    """Write a PNG again as WebP beside its place in the site; return the name of the lighter one.

    A drawing keeps every pixel. A photograph keeps what the eye sees, in a fifth of its bytes: the
    numbers are in the lesson, not in its picture.
    """
    light = place.with_suffix(".webp")
    if path.suffix == ".png" and (
        not light.exists() or light.stat().st_mtime < path.stat().st_mtime
    ):
        light.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            image.save(light, lossless=is_drawing(path), quality=90)
    smaller = light.exists() and light.stat().st_size < path.stat().st_size
    return light.name if smaller else place.name


def change(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Change the images of a page."""
    if "body" in context and doctree is not None:
        builder: Any = app.builder
        # A notebook's outputs lie where the build keeps them; the others in the sources.
        paths = {name: Path(app.srcdir) / source for source, name in builder.images.items()}
        folder = Path(app.outdir) / builder.imagedir
        address = context["pathto"](builder.imagedir, 1)
        context["body"] = lighter(context["body"], folder, address, paths)


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("html-page-context", change)
