"""Ultrasound images of the breast: what layers and masses send back of a sound."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .drawing import Draw, Lesion, Phantoms, Scanner, blur, check_knobs, finish, pixel_centers

# Decibels from white to black.
DYNAMIC_RANGE = 60


def ultrasound(
    labels: ArrayLike,
    seed: int = 0,
    size: int = 28,
    lesion: Lesion = Lesion(),
    scanner: Scanner = Scanner(),
    marker: Sequence[float] | None = None,
) -> Phantoms:
    """Return ultrasound images of the breast, gray, white where sound comes back.

    Skin, fat, gland and muscle in wavy layers, in decibels, darker with depth; speckle as the
    power of a random complex field (Burckhardt 1978, doi 10.1109/T-SU.1978.30978). Masses are
    dark. A benign one is smooth and wider than tall; a malignant one is rough, taller than wide
    and casts a shadow (Stavros et al. 1995, doi 10.1148/radiology.196.1.7784555). That a benign
    one brightens what lies below is a choice made here.

    Parameters
    ----------
    labels : int array (N,)
        0 no mass, 1 a benign one, 2 a malignant one.
    seed, size, lesion, scanner, marker
        See `helpers.phantoms`. Masses; dose is pictures averaged.

    Examples
    --------
    >>> phantoms = ultrasound([0, 1, 2])
    >>> phantoms.images.shape, phantoms.masks.any(axis=(1, 2))
    ((3, 28, 28, 1), array([False,  True,  True]))
    """
    check_knobs(lesion, scanner)
    draw = Draw(labels, 3, seed, marker)
    x, y = pixel_centers(size)
    decibels = _layers(x, y, draw) + 4 * draw.texture(size, 0.8, 1.8)

    mass, below = _mass(x, y, lesion, draw)
    # A malignant mass swallows the sound that would light what lies below; a benign one spares it.
    shadow, spared = draw("shadow", -26, -6), draw("spared", 2, 8)
    passed = np.where(draw.shown(2), shadow, spared)
    contrast = draw("contrast", *lesion.contrast)
    decibels += contrast * (passed * below - 18 * mass)

    speckle = np.zeros_like(decibels)
    for _ in range(2):
        # The beam is narrower along the sound than across it.
        speckle += np.square(draw.texture(size, 0.3, 0.6))
    # The mean of several pictures, usually six, varies less by the root of their number.
    power = 1 + (speckle / 2 - 1) / np.sqrt(6 * scanner.dose)
    decibels = blur(decibels + 10 * np.log10(np.maximum(power, 0.03)), scanner.blur)
    gray = 1 + decibels / DYNAMIC_RANGE
    return finish(gray[..., None], mass > 0.1, draw, scanner)


def _layers(x: np.ndarray, y: np.ndarray, draw: Draw) -> np.ndarray:
    """Return the echo of each tissue and depth in decibels, 0 at most (N, H, W)."""
    depth = (y + 1) / 2
    # From each layer to the next the change in decibels, and the depth where it is.
    changes = {"fat": (-12, 0.04, 0.1), "gland": (9, 0.15, 0.35), "muscle": (-14, 0.6, 1.1)}
    decibels = np.full((draw.count, *np.broadcast_shapes(x.shape, y.shape)[1:]), -18, np.float32)
    for name, (change, low, high) in changes.items():
        wave = draw(f"{name}_wave", 0, 0.05) * np.sin(3 * x + draw(f"{name}_phase", 0, 6.28))
        edge = draw(name, low, high) + wave
        decibels += (
            change * draw(f"{name}_echo", 0.5, 1.5) * np.clip((depth - edge) / 0.08 + 0.5, 0, 1)
        )
    return decibels + draw("gain", -10, 5) - draw("attenuation", 10, 34) * depth


def _mass(
    x: np.ndarray, y: np.ndarray, lesion: Lesion, draw: Draw
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mass, and the column below it, from 0 to 1 (N, H, W)."""
    x0, y0 = draw.place(lesion, draw("center_x", -0.5, 0.5), draw("center_y", -0.5, 0.1))
    malignant, present = draw.shown(2), draw.shown(1, 2)
    radius = 0.3 * draw("size", *lesion.size)
    # Benign: 0.5 to 0.9 as tall as wide. Malignant: 0.8 to 1.4.
    shape = draw("shape", 0.5, 0.9) + np.where(malignant, 0.4, 0).astype(np.float32)
    roughness = draw("roughness", 0.05, 0.2) * np.where(malignant, 1, 0.2).astype(np.float32)
    u, v = x - x0, (y - y0) / shape
    angle = np.arctan2(v, u)
    edge = 1 + roughness * (
        np.cos(3 * angle + draw("rough_3", 0, 6.28)) + np.cos(5 * angle + draw("rough_5", 0, 6.28))
    )
    distance = np.sqrt(np.square(u) + np.square(v)) / (radius * edge)
    mass = np.clip((1 - distance) / 0.5 + 0.5, 0, 1) * present
    column = np.exp(-2 * np.square(u / radius))
    depth = np.clip((y - y0) / (radius * shape), 0, 1)
    return mass, column * depth * present
