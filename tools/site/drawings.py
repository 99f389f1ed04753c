"""Drawings (`helpers._svg`) in the dark: other inks on other paper; pictures stay as they are.

One file serves both: `drawing.svg` is light, `drawing.svg#dark` is dark.
"""

import base64
import colorsys
import io
import re
from functools import cache
from xml.etree import ElementTree

from PIL import Image

# The papers of both themes: `book.css` says the same.
LIGHT, DARK = "#ffffff", "#11181c"
# Contrast with the paper: of a colored line at least, of black ink at most.
LINE, INK = 4.5, 14
SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
COLOR = re.compile(r"#[0-9a-f]{6}\b")
ElementTree.register_namespace("", SVG[1:-1])
ElementTree.register_namespace("xlink", LINK[1:-5])


def luminance(color: str) -> float:
    """Return the relative luminance of a color, as WCAG 2 defines it.

    Examples
    --------
    >>> luminance("#000000"), luminance("#ffffff")
    (0.0, 1.0)
    """
    shares = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return sum(
        weight * share for weight, share in zip((0.2126, 0.7152, 0.0722), linear, strict=True)
    )


def contrast(color: str, paper: str) -> float:
    """Return the contrast of two colors, from 1 to 21.

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    lower, upper = sorted((luminance(color), luminance(paper)))
    return (upper + 0.05) / (lower + 0.05)


@cache
def in_the_dark(color: str) -> str:
    """Return what a color of light paper becomes on dark paper.

    Grays and pale colors keep their contrast with the paper, so that black turns white; strong
    colors stay, or become lighter until they can be told from the paper.

    Examples
    --------
    >>> in_the_dark("#ffffff"), in_the_dark("#e69f00")
    ('#11181c', '#e69f00')
    """
    if color == LIGHT:
        return DARK
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    is_strong = max(red, green, blue) - min(red, green, blue) >= 0.3
    if is_strong and contrast(color, DARK) >= LINE:
        return color
    wanted = LINE if is_strong else min(contrast(color, LIGHT), INK)
    hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)

    def lit(level: int) -> str:
        shares = colorsys.hls_to_rgb(hue, level / 255, saturation)
        return "#" + "".join(f"{round(255 * share):02x}" for share in shares)

    brighter = (lit(level) for level in range(256) if luminance(lit(level)) >= luminance(DARK))
    return next((one for one in brighter if contrast(one, DARK) >= wanted), LIGHT)


def themed(svg: str) -> str:
    """Return a drawing whose inks and paper change when it is asked for as `#dark`.

    What is drawn on a picture, in groups called `on-…`, keeps its colors, as the picture does.
    """
    root = ElementTree.fromstring(svg)
    colors: set[str] = {"#000000"}

    def ink(match: re.Match[str]) -> str:
        colors.add(match[0])
        return f"var(--c{match[0][1:]})"

    def change(element: ElementTree.Element) -> None:
        if element.get("id", "").startswith("on-"):
            element.set("fill", "#000000")
            return
        if "style" in element.attrib:
            element.set("style", COLOR.sub(ink, element.get("style", "")))
        for child in element:
            change(child)

    change(root)
    root.set("id", "dark")
    root.set("fill", ink(COLOR.match("#000000")))
    light, dark = (
        "".join(f"--c{one[1:]}:{change(one)};" for one in sorted(colors))
        for change in (str, in_the_dark)
    )
    style = root.find(f".//{SVG}style")
    style.text = f":root{{{light}}}:target{{{dark}}}{style.text}"
    return ElementTree.tostring(root, encoding="unicode")


def plain(svg: str) -> str:
    """Return a drawing of the site for readers of books: light, and its photographs as JPEG."""

    def jpeg(match: re.Match[str]) -> str:
        file = io.BytesIO()
        with Image.open(io.BytesIO(base64.b64decode(match[1]))) as image:
            image.convert("RGB").save(file, "jpeg", quality=90)
        return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"

    svg = re.sub(r"var\(--c([0-9a-f]{6})\)", r"#\1", svg)
    return re.sub('data:image/webp;base64,([^"]+)', jpeg, svg)


def size(svg: str) -> tuple[int, int]:
    """Return how large a drawing is, in pixels of a page.

    Examples
    --------
    >>> size('<svg width="72pt" height="36pt">')
    (96, 48)
    """
    width, height = (
        float(re.search(rf'<svg[^>]*\b{side}="([\d.]+)pt"', svg)[1]) for side in ("width", "height")
    )
    return round(width * 4 / 3), round(height * 4 / 3)
