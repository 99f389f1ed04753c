"""Figures from arrays: each function returns a Figure, `helpers.display.show` shows it."""

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

# Okabe and Ito's colours, told apart with any kind of colour vision
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
        Grey images are drawn from each one's own minimum (black) to its maximum (white);
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
        If the numbers of titles and images differ, or an image is not (H, W), (H, W, 1), (H, W, 3).

    Examples
    --------
    >>> figure = grid(np.zeros((3, 28, 28, 1), "uint8"), titles=["a", "b", "c"])
    >>> [axis.get_title() for axis in figure.axes]
    ['a', 'b', 'c']
    """
    images = [np.asarray(image) for image in images]
    if titles and len(titles) != len(images):
        raise ValueError(f"{len(titles)} titles for {len(images)} images; give one to each or none")
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    height = size + (0.28 * (1 + max(t.count("\n") for t in titles)) if titles else 0.05)
    figure, axes = plt.subplots(
        rows, columns, figsize=(size * columns, height * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(images) :]:
        axis.remove()
    for number, (axis, image) in enumerate(zip(axes.flat, images, strict=False)):
        if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (1, 3)):
            raise ValueError(f"image {number} has shape {image.shape}; expected (H, W[, 1 or 3])")
        limits = {"vmin": 0, "vmax": 255} if image.dtype == np.uint8 else {}
        axis.imshow(image.squeeze(axis=2) if image.shape[2:] == (1,) else image, "gray", **limits)
        axis.set_axis_off()
        if titles:
            axis.set_title(titles[number], fontsize=9)
    return figure
