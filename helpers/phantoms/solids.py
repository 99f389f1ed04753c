"""Volumes of bent tubes: stand-ins for a gland or a piece of a vessel, cut out of a scan."""

import numpy as np
from numpy.typing import ArrayLike

from .drawing import Draw, Phantoms, pixel_centers

# Balls in a row that make a tube.
_BALLS = 24


def tubes(labels: ArrayLike, seed: int = 0, size: int = 28) -> Phantoms:
    """Return volumes, each of one bent tube; of class 1 it swells at one place.

    Voxels are black or white, as in a segmentation. A thick tube may hide a small swelling.

    Parameters
    ----------
    labels : int array (N,)
        0 or 1.
    seed : int
        The same seed gives the same volumes, and the same tube with and without a swelling.
    size : int
        Depth, height and width in voxels, 8 or more.

    Returns
    -------
    Phantoms
        Images uint8 (N, D, H, W, 1), 0 or 255; masks (N, D, H, W) of what the swelling adds.

    Raises
    ------
    ValueError
        If labels are no classes 0 and 1, or another parameter is not what is listed.

    Examples
    --------
    >>> phantoms = tubes([0, 1])
    >>> phantoms.images.shape, phantoms.masks.any(axis=(1, 2, 3))
    ((2, 28, 28, 28, 1), array([False,  True]))
    """
    draw = Draw(labels, 2, seed, None)
    centers = pixel_centers(size)[0].ravel()
    along = np.linspace(0, 1, _BALLS)
    weights = np.stack([(1 - along) ** 2, 2 * along * (1 - along), along**2])
    # Start, bend and end of each tube, (z, y, x); between them runs a parabola.
    points = draw.rng.uniform(-0.6, 0.6, (draw.count, 3, 3))
    points -= points.mean(axis=1, keepdims=True)
    rows = np.einsum("pb,npx->nbx", weights, points)
    radius = draw("radius", 0.1, 0.16)[:, 0]
    place, more = draw("place", 0.25, 0.75)[:, 0], draw("swelling", 0.6, 1.6)[:, 0]
    swelling = more * np.exp(-(((along - place) / 0.15) ** 2))
    plain, whole = (
        np.stack([_solid(centers, *tube) for tube in zip(rows, radii, strict=True)])
        for radii in (radius + 0 * along, radius * (1 + draw.shown(1)[:, 0] * swelling))
    )
    images = np.where(whole, 255, 0).astype(np.uint8)[..., np.newaxis]
    return Phantoms(images, draw.labels, whole & ~plain, draw.parameters)


def _solid(centers: np.ndarray, row: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Return which voxels (D, H, W) lie in one of a row of balls (B, 3) with these radii (B,)."""
    solid = np.zeros((len(centers),) * 3, bool)
    for middle, radius in zip(row.astype(np.float32), radii, strict=True):
        z, y, x = np.square(centers[:, None] - middle).T
        solid |= z[:, None, None] + y[:, None] + x <= radius**2
    return solid
