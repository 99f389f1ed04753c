"""Color photographs of the back of the eye: what it gives back of the light."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .drawing import (
    Draw,
    Lesion,
    Phantoms,
    Scanner,
    blur,
    check_knobs,
    ellipse,
    finish,
    inside,
    pixel_centers,
)


def fundus(
    labels: ArrayLike,
    seed: int = 0,
    size: int = 28,
    lesion: Lesion = Lesion(),
    scanner: Scanner = Scanner(),
    marker: Sequence[float] | None = None,
) -> Phantoms:
    """Return color photographs of the back of the eye.

    A lit disc with the optic disc, the macula and vessels, in a color of its own. Lesions by
    grade of diabetic retinopathy (Wilkinson et al. 2003, doi 10.1016/S0161-6420(03)00475-5): a few
    dark dots at grade 1; more, with bright exudates, at 2; many at 3; at 4 a large bleeding
    besides.

    Parameters
    ----------
    labels : int array (N,)
        Grades, 0 to 4.
    seed, size, lesion, scanner, marker
        See `helpers.phantoms`. Dots, exudates and bleedings; dose is light.

    Examples
    --------
    >>> phantoms = fundus([0, 4])
    >>> phantoms.images.shape, phantoms.masks.any(axis=(1, 2))
    ((2, 28, 28, 3), array([False,  True]))
    """
    check_knobs(lesion, scanner)
    draw = Draw(labels, 5, seed, marker)
    x, y = pixel_centers(size)
    light, field = _eye(x, y, draw)
    dark, bright = _spots(x, y, lesion, draw)
    masks = (np.maximum(dark, bright) > 0.15) & (field > 0.5)
    contrast = draw("contrast", *lesion.contrast)
    dark, bright = (np.clip(contrast * spots, 0, 1) for spots in (dark, bright))
    # Red, green and blue: between brown and pink.
    hue = np.broadcast_arrays(1, draw("green", 0.4, 0.75), draw("blue", 0.2, 0.5))
    tint = draw("light", 0.55, 1.0) * np.stack(hue)
    # Blood takes green and blue light rather than red; exudates are yellow.
    blood = np.array([0.7, 0.9, 0.8], np.float32)[:, None, None, None]
    exudate = np.array([0.6, 0.75, 0.4], np.float32)[:, None, None, None]
    rgb = tint * light * (1 - blood * dark) + exudate * bright * tint[0]
    rgb = np.stack([blur(channel, scanner.blur) for channel in rgb * field], axis=-1)
    grain = np.stack([draw.noise(size) for _ in range(3)], axis=-1)
    rgb += 0.02 / np.sqrt(scanner.dose) * grain * field[..., None]
    return finish(rgb, masks, draw, scanner)


def _eye(x: np.ndarray, y: np.ndarray, draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    """Return the light from a healthy eye, and the lit field (N, H, W), both 0 to 1."""
    zoom = draw("zoom", 0.9, 1.05)
    x, y = x / zoom, y / zoom
    field = inside(ellipse(x, y, 0.93, 0.93), 0.04)
    glow = ellipse(x - draw("glow_x", -0.4, 0.4), y - draw("glow_y", -0.4, 0.4), 1, 1)
    light = 1 - draw("vignette", 0.1, 0.45) * glow
    side = draw.side("eye")
    disc_x, disc_y = side * draw("disc_x", 0.35, 0.65), draw("disc_y", -0.12, 0.12)
    # Vessels leave the optic disc in two arcs, above and below the macula.
    arc = np.square(y - disc_y) - draw("arc", 0.25, 0.45) * np.abs(x - disc_x)
    light *= 1 - draw("vessels", 0.05, 0.25) * np.exp(-np.square(arc / 0.07))
    macula = ellipse(x + side * 0.1, y - disc_y, 0.22, 0.2)
    light *= 1 - draw("macula", 0.1, 0.4) * np.exp(-macula)
    light += draw("disc", 0.1, 0.5) * np.exp(-ellipse(x - disc_x, y - disc_y, 0.14, 0.16))
    return np.clip(light, 0, 1.4), field


# Dark dots, exudates and large bleedings on average at each grade.
SPOTS = {"dots": (0, 2, 4, 8, 8), "exudates": (0, 0, 3, 5, 5), "bleedings": (0, 0, 0, 0, 1)}


def _spots(
    x: np.ndarray, y: np.ndarray, lesion: Lesion, draw: Draw
) -> tuple[np.ndarray, np.ndarray]:
    """Return dark and bright lesions, each 0 to 1 (N, H, W)."""
    center = draw.place(lesion, draw("center_x", -0.2, 0.2), draw("center_y", -0.2, 0.2))
    size, load = draw("size", *lesion.size), draw("load", 0.6, 1.4).ravel()
    layers = []
    for kind, radius in {"dots": 0.085, "exudates": 0.09, "bleedings": 0.35}.items():
        layer = np.zeros(np.broadcast_shapes(center[0].shape, x.shape, y.shape), np.float32)
        typical = np.array(SPOTS[kind])[draw.labels]
        # Where there are some, there is at least one.
        draw.parameters[kind] = np.maximum(np.rint(load * typical), typical > 0)
        for number in range(int(np.rint(1.4 * max(SPOTS[kind])))):
            u = x - center[0] - draw(f"{kind}_x_{number}", -0.5, 0.5)
            v = y - center[1] - draw(f"{kind}_y_{number}", -0.5, 0.5)
            own = radius * size * draw(f"{kind}_size_{number}", 0.7, 1.3)
            shown = (number < draw.parameters[kind])[:, None, None]
            np.maximum(layer, np.exp(-ellipse(u, v, own, own)) * shown, out=layer)
        layers.append(layer)
    dots, exudates, bleedings = layers
    return np.maximum(dots, bleedings), exudates
