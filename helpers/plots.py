"""Figures from arrays: each function returns a Figure, `helpers.display.show` shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from helpers import inputs

# Okabe and Ito's colors, told apart with any kind of color vision
# (https://jfly.uni-koeln.de/color/).
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
)


def grid(
    images: np.ndarray | Sequence[ArrayLike],
    titles: Sequence[str] = (),
    columns: int = 6,
    size: float = 1.3,
) -> Figure:
    """Draw images side by side, row after row.

    Parameters
    ----------
    images : array (N, H, W), (N, H, W, 1) or (N, H, W, 3), or a sequence of such images
        Gray images are drawn from each one's own minimum (black) to its maximum (white);
        uint8 images from 0 to 255.
    titles : sequence of str
        One an image, or none.
    columns : int
        Images in a row.
    size : float
        Width of one image in inches.

    Raises
    ------
    ValueError
        If there are no images, the numbers of titles and images differ, an image is not (H, W),
        (H, W, 1) or (H, W, 3), is NaN somewhere or has colors outside [0, 1], or a setting is no
        such number.

    Examples
    --------
    >>> figure = grid(np.zeros((3, 28, 28, 1), "uint8"), titles=["a", "b", "c"])
    >>> [axis.get_title() for axis in figure.axes]
    ['a', 'b', 'c']
    """
    pictures = [inputs.array(f"images[{n}]", image) for n, image in _each("images", images)]
    for number, image in enumerate(pictures):
        if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
            raise ValueError(
                f"images[{number}] has shape {image.shape}; give (H, W), (H, W, 1) or (H, W, 3)"
            )
        if image.shape[2:] == (3,):
            inputs.images(
                f"images[{number}:{number + 1}]",
                image[None],
                top=1 if image.dtype.kind == "f" else 255,
            )
    _need_texts("titles", titles)
    if len(titles) not in (0, len(pictures)):
        raise ValueError(
            f"{len(titles)} titles for {len(pictures)} images; give one to each or none"
        )
    inputs.number("size", size, above=0)
    columns = min(inputs.whole("columns", columns, 1), len(pictures))
    row_count = -(-len(pictures) // columns)
    lines = [1 + title.count("\n") for title in titles]
    height = size + (0.28 * max(lines) if lines else 0.05)
    figure, axes = plt.subplots(
        row_count,
        columns,
        figsize=(size * columns, height * row_count),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat[len(pictures) :]:
        axis.remove()
    for number, (axis, image) in enumerate(zip(axes.flat, pictures, strict=False)):
        limits = {"vmin": 0, "vmax": 255} if image.dtype == np.uint8 else {}
        axis.imshow(image.squeeze(axis=2) if image.shape[2:] == (1,) else image, "gray", **limits)
        axis.set_axis_off()
        if len(titles):
            axis.set_title(titles[number], fontsize=9)
    return figure


def timeline(events: Sequence[tuple[int, str, str]], colors: Mapping[str, str]) -> Figure:
    """Draw years from top to bottom, each with what happened and a dot of its kind.

    Parameters
    ----------
    events : sequence of (year, text, kind)
        In the order in which they are drawn.
    colors : mapping of str to str
        The color of each kind; also the legend.

    Raises
    ------
    ValueError
        If there are no events, one is not (year, text, kind), or its kind has no color.

    Examples
    --------
    >>> figure = timeline([(1973, "CT", "in medicine")], {"in medicine": RED})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1973', 'CT', 'in medicine']
    """
    inputs.instance("colors", colors, Mapping, "a mapping of kind to color")
    for number, event in _each("events", events):
        if not isinstance(event, list | tuple) or len(event) != 3:
            raise ValueError(f"events[{number}]={inputs.told(event)}; give (year, text, kind)")
        if event[2] not in colors:
            raise ValueError(
                f"events[{number}] is of kind {inputs.told(event[2])}, which has no color; give it "
                "one in colors"
            )
    figure, axis = plt.subplots(figsize=(7.6, 0.28 * len(events) + 0.6), layout="constrained")
    for row, (year, text, kind) in enumerate(events):
        axis.text(-0.3, row, str(year), ha="right", va="center", fontsize=10)
        axis.plot(0, row, "o", color=colors[kind], ms=9)
        axis.text(0.3, row, text, va="center", fontsize=10)
    for number, (kind, color) in enumerate(colors.items()):
        axis.plot(2.4 * number, -1.6, "o", color=color, ms=9)
        axis.text(2.4 * number + 0.25, -1.6, kind, va="center", fontsize=10)
    axis.plot([0, 0], [0, len(events) - 1], color="#bbbbbb", zorder=0)
    axis.set(xlim=(-1.4, 9.5), ylim=(len(events) - 0.4, -2.1))
    axis.set_axis_off()
    return figure


def boards(
    matrices: Sequence[ArrayLike],
    titles: Sequence[str],
    boxes: Sequence[tuple[int, int, int, int] | None] = (),
    size: float = 0.42,
) -> Figure:
    """Draw small matrices side by side with their numbers written in.

    Parameters
    ----------
    matrices : sequence of array (H, W)
        NaN leaves a cell empty: not computed yet.
    titles : sequence of str
        One a matrix.
    boxes : sequence of (row, column, height, width) or None
        The window to frame in each matrix; none are framed if left out.
    size : float
        Width of a cell in inches.

    Raises
    ------
    ValueError
        If there are no matrices, one is not (H, W), the numbers of matrices, titles and boxes
        differ, or a setting is no such number.

    Examples
    --------
    >>> figure = boards([np.eye(3), [[1, 2]]], ["X", "K"], [(0, 0, 1, 2), None])
    >>> [axis.get_title() for axis in figure.axes]
    ['X', 'K']
    """
    arrays = []
    for number, matrix in _each("matrices", matrices):
        array = np.asarray(matrix)
        empty = array.dtype.kind == "f" and np.isnan(array)
        inputs.array(f"matrices[{number}]", np.where(empty, 0, array), "HW")
        arrays.append(array.astype(float))
    _need_texts("titles", titles)
    inputs.number("size", size, above=0)
    boxes = boxes or [None] * len(arrays)
    if not len(arrays) == len(titles) == len(boxes):
        raise ValueError(
            f"{len(arrays)} matrices, {len(titles)} titles and {len(boxes)} boxes; "
            "give one of each to each matrix"
        )
    for number, box in enumerate(boxes):
        if box is not None and np.shape(box) != (4,):
            raise ValueError(
                f"boxes[{number}]={inputs.told(box)}; give (row, column, height, width) or None"
            )
    widths = [array.shape[1] for array in arrays]
    height = max(array.shape[0] for array in arrays)
    figure, axes = plt.subplots(
        1,
        len(arrays),
        figsize=(size * (sum(widths) + len(arrays)), size * (height + 1)),
        width_ratios=widths,
        squeeze=False,
        layout="constrained",
    )
    for axis, array, title, box in zip(axes.flat, arrays, titles, boxes, strict=True):
        axis.set(xlim=(-0.5, array.shape[1] - 0.5), ylim=(array.shape[0] - 0.5, -0.5))
        axis.set_aspect("equal")
        for (row, column), value in np.ndenumerate(array):
            if not np.isnan(value):
                axis.text(column, row, f"{value:g}", ha="center", va="center")
        if box is not None:
            row, column, high, wide = box
            corner = (column - 0.5, row - 0.5)
            axis.add_patch(Rectangle(corner, wide, high, color=ORANGE, alpha=0.35, lw=0))
        axis.set_xticks(np.arange(array.shape[1] + 1) - 0.5, labels=[])
        axis.set_yticks(np.arange(array.shape[0] + 1) - 0.5, labels=[])
        axis.grid(color="0.6")
        axis.tick_params(length=0)
        axis.spines[:].set(visible=True, color="0.6")
        axis.set_title(title, fontsize=10)
    return figure


def heat(
    maps: np.ndarray | Sequence[ArrayLike],
    titles: Sequence[str],
    outlines: Sequence[ArrayLike | None] = (),
    columns: int = 4,
    size: float = 1.8,
) -> Figure:
    """Draw maps side by side, dark where a map is 0 or below, bright where it is largest.

    Parameters
    ----------
    maps : array (N, H, W), or a sequence of arrays (H, W)
        Each drawn from 0 to its own maximum; uint8 arrays in gray from 0 to 255.
    titles : sequence of str
        One a map.
    outlines : sequence of bool array (H, W) or None
        What to outline in each map; nothing if left out.
    columns : int
        Maps in a row.
    size : float
        Width of one map in inches.

    Raises
    ------
    ValueError
        If there are no maps, one is not (H, W) or NaN somewhere, the numbers of maps, titles and
        outlines differ, an outline has another shape, or a setting is no such number.

    Examples
    --------
    >>> figure = heat(np.ones((2, 28, 28)), titles=["a", "b"])
    >>> [axis.get_title() for axis in figure.axes]
    ['a', 'b']
    """
    arrays = [inputs.array(f"maps[{n}]", values, "HW") for n, values in _each("maps", maps)]
    _need_texts("titles", titles)
    inputs.number("size", size, above=0)
    outlines = outlines if len(outlines) else [None] * len(maps)
    if not len(maps) == len(titles) == len(outlines):
        raise ValueError(
            f"{len(maps)} maps, {len(titles)} titles and {len(outlines)} outlines; "
            "give one of each to each map"
        )
    for number, (array, outline) in enumerate(zip(arrays, outlines, strict=True)):
        if outline is not None:
            shape = inputs.array(f"outlines[{number}]", outline).shape
            if shape != array.shape:
                raise ValueError(
                    f"outlines[{number}] has shape {shape}; give that of its map, {array.shape}"
                )
    columns = min(inputs.whole("columns", columns, 1), len(maps))
    row_count = -(-len(maps) // columns)
    height = size + 0.25 * (1 + max(title.count("\n") for title in titles))
    figure, axes = plt.subplots(
        row_count,
        columns,
        figsize=(size * columns, height * row_count),
        squeeze=False,
        layout="constrained",
    )
    for axis in axes.flat[len(maps) :]:
        axis.remove()
    for axis, array, title, outline in zip(axes.flat, arrays, titles, outlines, strict=False):
        if array.dtype == np.uint8:
            axis.imshow(array, "gray", vmin=0, vmax=255)
        else:
            axis.imshow(array, "inferno", vmin=0, vmax=max(float(array.max()), 1e-12))
        if outline is not None:
            # Enlarged, so that the line runs along the pixels' edges.
            large = np.kron(np.pad(np.asarray(outline, dtype=float), 1), np.ones((8, 8)))
            place = (np.arange(len(large)) + 0.5) / 8 - 1.5
            axis.contour(place, place, large, [0.5], colors=[SKY], linewidths=1.5)
            axis.set(xlim=(-0.5, array.shape[1] - 0.5), ylim=(array.shape[0] - 0.5, -0.5))
        axis.set_axis_off()
        axis.set_title(title, fontsize=9)
    return figure


def _each(name: str, values: Any) -> list[tuple[int, Any]]:
    """Return what there is to draw, with its number, or raise."""
    listed = isinstance(values, Sequence) and not isinstance(values, str)
    if not listed and not np.ndim(values) or not len(values):
        raise ValueError(f"{name}={inputs.told(values)}; give a list with one or more to draw")
    return list(enumerate(values))


def _need_texts(name: str, values: Any) -> None:
    # A string stands for its letters: "XKY" are three titles.
    if not hasattr(values, "__len__") or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name}={inputs.told(values)}; give a list of texts, one to each")
