"""Chest radiographs: what X-rays lose on their way through the body."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .drawing import (
    Draw,
    Lesion,
    Number,
    Phantoms,
    Scanner,
    blur,
    check_knobs,
    ellipse,
    finish,
    pixel_centers,
    rotate,
)

# Attenuation per cm at 60 keV: ICRU-44 soft tissue and cortical bone, and lung a quarter as dense
# as tissue (Hubbell and Seltzer, NIST Standard Reference Database 126, doi 10.18434/T4D01F).
TISSUE, BONE, LUNG = 0.22, 0.60, 0.053
# X-ray photons a pixel that reach the detector where nothing is in the way.
PHOTONS = 20_000


def radiographs(
    labels: ArrayLike,
    seed: int = 0,
    size: int = 28,
    lesion: Lesion = Lesion(),
    scanner: Scanner = Scanner(),
    marker: Sequence[float] | None = None,
) -> Phantoms:
    """Return frontal chest radiographs, gray, white where X-rays are stopped.

    Beer and Lambert's law: of the photons that enter, exp(-sum of attenuation x path) leave; the
    paths go through ellipsoids (torso, neck, lungs, heart, opacities), a spine and ribs. The image
    of the photons is blurred, counted (Poisson), and its logarithm shown.

    Parameters
    ----------
    labels : int array (N,)
        0 clear lungs, 1 one to three opacities: fluid where there was air.
    seed, size, lesion, scanner, marker
        See `helpers.phantoms`. Opacities show in lungs only; dose is photons.

    Examples
    --------
    >>> phantoms = radiographs([0, 1])
    >>> phantoms.images.shape, phantoms.masks.any(axis=(1, 2))
    ((2, 28, 28, 1), array([False,  True]))
    """
    check_knobs(lesion, scanner)
    draw = Draw(labels, 2, seed, marker)
    across, down = pixel_centers(size)
    # The patient's place in the picture; x and y in cm, 10.5 cm from the middle to the edge.
    shift_x, shift_y = draw("shift_x", -0.08, 0.08), draw("shift_y", -0.1, 0.1)
    turn, scale = draw("turn", -0.07, 0.07), 10.5 * draw("scale", 0.85, 1.15)
    x, y = rotate((across - shift_x) * scale, (down - shift_y) * scale, turn)

    depth = draw("depth", 6.5, 8)
    body = torso(x, y, draw("torso", 11.5, 15), depth)
    lungs = np.zeros_like(body)
    shape = draw("tilt", 0.15, 0.32), draw("lung_width", 2.9, 3.9), draw("lung_height", 7.5, 9.5)
    dome = draw("diaphragm", 3.5, 6.5)
    for side in (-1, 1):
        lungs += lung(x, y, side, *shape, dome)
    heart = ellipse(*rotate(x - draw("heart_x", 1, 2.2), y - 3, -0.6), draw("heart", 3.2, 4.6), 4.8)
    lungs = np.maximum(lungs - 1.6 * path(heart, 4.5), 0)
    bones = spine_and_ribs(x, y, draw("ribs", 2.1, 2.6))

    # The middle of an opacity lies in a lung, beside the heart; back from cm to the picture.
    u, v = rotate(draw.side("side") * draw("offset", 4.5, 6.2), draw("height", -4.5, 1.5), -turn)
    center = draw.place(lesion, u / scale + shift_x, v / scale + shift_y)
    opaque, masks = _opacities(across - center[0], down - center[1], lungs, lesion, draw)
    rays = TISSUE * (body - lungs + opaque) + LUNG * (lungs - opaque) + (BONE - TISSUE) * bones
    photons = blur(PHOTONS * scanner.dose * np.exp(-rays), scanner.blur)
    return finish(gray_levels(photons, PHOTONS * scanner.dose, draw), masks, draw, scanner)


def torso(x: np.ndarray, y: np.ndarray, half: Number, depth: Number) -> np.ndarray:
    """Return how far rays at (x, y), in cm, go through a torso so wide and deep, and a neck."""
    return _slab(ellipse(x, y - 11, half, 25), depth) + path(ellipse(x, y + 13, 4, 6), 3)


def on_lung(x: np.ndarray, y: np.ndarray, side: int, tilt: Number) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y as read off the axes of the lung of a side, -1 or 1."""
    return rotate(x - side * 5, y, side * -tilt)


def lung(
    x: np.ndarray,
    y: np.ndarray,
    side: int,
    tilt: Number,
    width: Number,
    height: Number,
    dome: Number,
) -> np.ndarray:
    """Return how far rays go through one lung, which ends at the dome of the diaphragm."""
    whole = _slab(ellipse(*on_lung(x, y, side, tilt), width, height), 4.5)
    floor = dome + 0.4 * side + np.square(x - side * 3.5) / 8
    return whole * np.clip((floor - y) / 1.6 + 0.5, 0, 1)


def spine_and_ribs(x: np.ndarray, y: np.ndarray, apart: Number) -> np.ndarray:
    """Return how many cm of bone there are along each ray; ribs are so many cm apart."""
    spine = path(np.square(x / 1.5), 1.2)
    ribs = 0.7 * np.maximum(np.sin((y + 0.35 * np.abs(x)) * 2 * np.pi / apart), 0)
    return 0.35 * spine + ribs * (ellipse(x, y - 1, 10.5, 11) < 1)


def gray_levels(photons: np.ndarray, sent: float, draw: Draw) -> np.ndarray:
    """Count the photons that come out of so many sent in; return their logarithm, windowed."""
    low, high = draw("window_low", 0.0, 0.6), draw("window_high", 3.7, 4.5)
    counted = np.maximum(draw.rng.poisson(photons), 1).astype(np.float32)
    return ((-np.log(counted / sent) - low) / (high - low))[..., None]


def _opacities(
    x: np.ndarray, y: np.ndarray, lungs: np.ndarray, lesion: Lesion, draw: Draw
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cm of lung filled with fluid along each ray, and where (N, H, W).

    Here x and y are relative to the middle.
    """
    size, contrast = draw("size", *lesion.size), draw("contrast", *lesion.contrast)
    count = np.floor(draw("count", 1, 4))
    draw.parameters["count"] = count.ravel()
    empty, masks = np.ones_like(lungs), np.zeros(lungs.shape, bool)
    for number in range(3):
        # The others lie around the first; each a little irregular.
        spread = 0.3 * (number > 0)
        u = x - draw(f"x_{number}", -spread, spread)
        v = y - draw(f"y_{number}", -spread, spread)
        u, v = rotate(u, v, draw(f"turn_{number}", 0, 3.14))
        square = ellipse(u, v, 0.32 * size, 0.25 * size * draw(f"shape_{number}", 0.7, 1.3))
        fill = np.clip(0.3 * contrast * np.maximum(1 - square, 0), 0, 1)
        present = (number < count) & draw.shown(1)
        empty *= 1 - fill * present
        masks |= present & (square < 0.9) & (lungs > 1)
    return (1 - empty) * lungs, masks


def path(square: np.ndarray, depth: Number) -> np.ndarray:
    """Return how far a ray goes through the ellipsoid whose half axis along the ray is depth."""
    return 2 * depth * np.sqrt(np.maximum(1 - square, 0))


def _slab(square: np.ndarray, depth: Number) -> np.ndarray:
    """Return the same for a body flatter than an ellipsoid: x^2 + y^2 + z^4 = 1."""
    return 2 * depth * np.sqrt(np.sqrt(np.maximum(1 - square, 0)))
