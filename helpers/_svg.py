"""A figure as an SVG image: sharp at any size, small, with words that can be read on a phone.

It is made of words and lines, so that the site can show it in the dark too
(`tools.site.drawings`).
"""

import base64
import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colors
from matplotlib import pyplot as plt
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.collections import Collection, QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Bbox, Transform
from PIL import Image

from helpers import plots

# The one style of all figures.
STYLE: dict[Any, Any] = {
    "axes.prop_cycle": plt.cycler(
        color=[plots.BLUE, plots.ORANGE, plots.GREEN, plots.RED, plots.PURPLE, plots.SKY]
    ),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.edgecolor": "none",
}
plt.rcParams.update(STYLE)
# Words stay words, and the same figure has the same bytes.
FILE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "book",
    "image.composite_image": False,
}
# As wide as what matplotlib measures; nearly every device has one of them.
FONTS = "DejaVu Sans,Verdana,sans-serif"
# Points of a letter for each inch of the figure's width, at best: 1.7 are 9 pixels on a phone that
# is 390 wide. Where words would lie on each other, less.
LETTERS = (1.7, 1.6, 1.5, 1.4, 1.3, 1.2)
# Pixels to an inch, where a picture has more than are shown. One with fewer keeps its own.
DENSITY = 120
# Pictures up to so many pixels keep each of them.
EXACT = 64
# A cloud of more points, or a line of more corners, becomes a picture.
MANY = 1000


def images(figures: Sequence[Figure]) -> list[str]:
    """Return figures as SVG and close them; their letters are of one size.

    Parameters
    ----------
    figures : sequence of Figure
        Letters that a phone would show too small grow, as far as no word comes to lie on another.

    Examples
    --------
    >>> figure = plt.figure(figsize=(6, 1))
    >>> words = figure.text(0, 0.5, "read on a phone", fontsize=8)
    >>> image, = images([figure])
    >>> image[:4], image.count("read on a phone"), words.get_fontsize()
    ('<svg', 1, 10.2)
    """
    _enlarge(figures)
    return [_image(figure) for figure in figures]


def _image(figure: Figure) -> str:
    _prepare(figure)
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with plt.rc_context(FILE):
        figure.savefig(file, format="svg", dpi=DENSITY, bbox_inches="tight", metadata=nothing)
    plt.close(figure)
    return compact(file.getvalue())


def _words(figure: Figure) -> list[Text]:
    """Return what is written in a figure; axes know labels of marks that they do not draw."""
    left_out: set[Text] = set()
    for axis in figure.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if not (axis.axes.axison and low <= tick.get_loc() <= high):
                left_out |= {tick.label1, tick.label2}
    return [
        text
        for text in figure.findobj(Text)
        if text not in left_out and text.get_visible() and text.get_text().strip()
    ]


def _collisions(figure: Figure) -> int:
    """Return how many words lie on each other."""
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in _words(figure)]
    # Letters have room above and below in their boxes, and need some at both sides.
    boxes = [Bbox.from_extents(b.x0 - 3, b.y0 + 2, b.x1 + 3, b.y1 - 2) for b in boxes if b.width]
    return sum(int(one.overlaps(other)) for n, one in enumerate(boxes) for other in boxes[:n])


def _enlarge(figures: Sequence[Figure]) -> None:
    """Let small letters grow, in all figures alike, as long as words keep apart."""
    before = [_collisions(figure) for figure in figures]
    sizes = [[(text, text.get_fontsize()) for text in figure.findobj(Text)] for figure in figures]
    for share in (*LETTERS, 0):
        for figure, own in zip(figures, sizes, strict=True):
            least = share * figure.get_figwidth()
            for text, size in own:
                text.set_fontsize(max(size, least))
            for axis in figure.findobj(Axis):  # marks that come only now have its size
                if labels := axis.get_ticklabels():
                    axis.set_tick_params(labelsize=labels[0].get_fontsize())
        pairs = zip(figures, before, strict=True)
        if all(_collisions(figure) <= number for figure, number in pairs):
            return


def _prepare(figure: Figure) -> None:
    """Let pictures keep their pixels, clouds be pictures, and name what lies on a picture."""
    figure.draw_without_rendering()
    for axes in figure.axes:
        if axes.images:  # else it has a frame at two sides
            axes.spines[:].set_visible(True)
        for image in axes.images:
            height, width = image.get_size()
            box = image.get_window_extent()
            inches = box.width / figure.dpi, box.height / figure.dpi
            if width <= inches[0] * DENSITY and height <= inches[1] * DENSITY:
                image.set_interpolation("none")
        for drawn in (*axes.collections, *axes.lines):
            if isinstance(drawn, ContourSet) and not drawn.filled:
                drawn.set_paths(
                    [_simple(path, drawn.get_transform()) for path in drawn.get_paths()]
                )
            if isinstance(drawn, QuadMesh) or _count(drawn) > MANY:
                drawn.set_rasterized(True)
    for number, artist in enumerate(_on_pictures(figure)):
        artist.set_gid(f"on-{number}")


def _simple(path: Path, to_pixels: Transform) -> Path:
    """Return a contour without the corners that no eye sees."""
    if not np.size(path.vertices):  # a level that nothing reaches
        return path
    codes = np.asarray(path.codes)
    codes = np.where(codes == Path.CLOSEPOLY, Path.LINETO, codes)  # to where it began
    seen = Path(path.vertices, codes).cleaned(to_pixels, simplify=True)
    corners, codes = np.asarray(seen.vertices)[:-1], np.asarray(seen.codes)[:-1]  # less the stop
    return Path(to_pixels.inverted().transform(corners), codes)


def _count(drawn: Artist) -> int:
    """Return how many points a cloud, or corners an area has."""
    if isinstance(drawn, Line2D):
        return 0 if drawn.get_marker() in ("None", "", " ", None) else np.size(drawn.get_xdata())
    if isinstance(drawn, Collection):
        return max(sum(map(len, drawn.get_paths())), np.shape(drawn.get_offsets())[0])
    return 0


def _on_pictures(figure: Figure) -> list[Artist]:
    """Return what keeps its color: on an image, or words on a colored bar; and its legend."""
    on: list[Artist] = []
    for axes in figure.axes:
        boxes = [image.get_window_extent().padded(3) for image in axes.images]
        bars = [patch.get_window_extent() for patch in axes.patches if _is_colored(patch)]
        for drawn in [*axes.texts, *axes.lines, *axes.patches, *axes.collections]:
            under = [*boxes, *bars] if isinstance(drawn, Text) else boxes
            if any(_within(drawn.get_window_extent(), box) for box in under):
                on.append(drawn)
        if legend := axes.get_legend():
            is_picture = axes.images or any(one.get_rasterized() for one in axes.collections)
            on += [one for one in legend.legend_handles if is_picture and isinstance(one, Patch)]
    return on


def _within(inner: Bbox, outer: Bbox) -> bool:
    return (
        outer.x0 <= inner.x0 <= inner.x1 <= outer.x1
        and outer.y0 <= inner.y0 <= inner.y1 <= outer.y1
    )


def _is_colored(patch: Patch) -> bool:
    red, green, blue, opacity = colors.to_rgba(patch.get_facecolor())
    return opacity == 1 and max(red, green, blue) - min(red, green, blue) >= 0.3


def compact(svg: str) -> str:
    """Return an SVG of matplotlib without what no reader sees."""
    svg = svg[svg.index("<svg") :].replace("*{", f"text{{font-family:{FONTS}}}*{{", 1)
    svg = re.sub(r""" font-family: 'DejaVu Sans'[^;"]*;""", "", svg)
    svg = re.sub(r"""font: ([\d.]+px) 'DejaVu Sans'[^;"]*""", r"font-size: \1", svg)  # before 3.10
    svg = re.sub(r"<!--.*?-->", "", svg)
    svg = re.sub(r' transform="rotate\(-0 [^"]*"', "", svg)
    named = set(re.findall(r'#([\w-]+)[")]', svg))
    svg = re.sub(
        r' id="([^"]*)"', lambda id: id[0] if id[1] in named or id[1][:3] == "on-" else "", svg
    )
    svg = re.sub(r"\s*\n\s*", " ", svg).replace("> <", "><")
    svg = re.sub("<g>(<[^<>]*/>)</g>", r"\1", svg)
    svg = re.sub(r'style="[^"]*"', lambda style: re.sub("([:;]) ", r"\1", style[0]), svg)
    svg = re.sub(r'(?<= [dxy]=")[^"]*', lambda numbers: _rounded(numbers[0]), svg)
    return re.sub(r"data:image/png;base64,([^\"]*)", lambda image: _lighter(image[1]), svg)


def _rounded(numbers: str) -> str:
    """Write numbers with two digits behind the point: a pixel has no more."""
    short = re.sub(
        r"-?\d+\.\d+", lambda one: f"{float(one[0]):.2f}".rstrip("0").rstrip("."), numbers
    )
    return re.sub(" ?([A-Za-z]) ?", r"\1", short)


def _lighter(data: str) -> str:
    """Write an embedded PNG anew: matplotlib gives each pixel, gray or not, four numbers.

    A small picture keeps each pixel, a cloud of points its 256 most frequent colors, a photograph
    what the eye sees.
    """
    image: Image.Image = Image.open(io.BytesIO(base64.b64decode(data)))
    kind = "png"
    if image.getextrema()[-1] != (255, 255):
        image = image.quantize(256, Image.Quantize.FASTOCTREE)
    else:
        red, green, blue, _ = image.split()
        is_gray = red.tobytes() == green.tobytes() == blue.tobytes()
        image = red if is_gray else image.convert("RGB")
        kind = "webp" if max(image.size) > EXACT else "png"
    file = io.BytesIO()
    image.save(file, format=kind, optimize=True, quality=90)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
