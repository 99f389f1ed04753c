"""Slices of the head by CT and MR: what each tissue shows in each of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from helpers import inputs

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
    rotate,
)

# Hounsfield units, T1 and T2 in ms at 1.5 tesla, and proton density. Hounsfield units: Prokop and
# Galanski, Spiral and Multislice Computed Tomography of the Body, Thieme 2003, rounded. MR of
# healthy tissue and demyelination: BrainWeb (Collins et al. 1998, doi 10.1109/42.712135). MR of
# edema and hemorrhage: chosen to look as described (Bradley 1993,
# doi 10.1148/radiology.189.1.8372185), not measured.
TISSUES = {
    "air": (-1000, 1, 1, 0),
    "scalp": (-80, 350, 70, 1.0),
    "skull": (900, 1, 1, 0),
    "fluid": (5, 2569, 329, 1.0),
    "gray matter": (40, 833, 83, 0.86),
    "white matter": (26, 500, 70, 0.77),
    "demyelination": (25, 752, 237, 0.76),
    "edema": (14, 1200, 150, 0.85),
    "hemorrhage": (65, 833, 45, 0.80),
}
LESIONS = ("none", "demyelination", "edema", "hemorrhage")
# Repetition and echo time in ms of a T1-weighted and a T2-weighted spin echo.
SEQUENCES = ((500, 15), (4000, 100))


def signals(tissue: str) -> np.ndarray:
    """Return what CT, T1- and T2-weighted MR show of a tissue (3,).

    CT in Hounsfield units; MR, relative to water's at its fullest, as a spin echo's signal
    density (1 - exp(-TR/T1)) exp(-TE/T2).

    Examples
    --------
    >>> signals("white matter").round(2), signals("fluid").round(2)
    (array([26.  ,  0.39,  0.18]), array([5.  , 0.17, 0.58]))
    """
    hounsfield, t1, t2, density = TISSUES[inputs.one_of("tissue", tissue, TISSUES)]
    echoes = [density * (1 - np.exp(-r / t1)) * np.exp(-e / t2) for r, e in SEQUENCES]
    return np.array([hounsfield, *echoes])


def slices(
    labels: ArrayLike,
    seed: int = 0,
    size: int = 28,
    lesion: Lesion = Lesion(),
    scanner: Scanner = Scanner(),
    marker: Sequence[float] | None = None,
) -> Phantoms:
    """Return a slice through the head seen three ways at once: CT, T1- and T2-weighted MR.

    Each tissue has the signal of `signals` in each of the three channels; CT is shown from 0 to 80
    Hounsfield units. CT hardly shows demyelination; T2 shows it much like edema; so it
    takes two of them to tell all four labels apart. CT noise is Gaussian, MR noise Rician.

    Parameters
    ----------
    labels : int array (N,)
        Number of the lesion in `LESIONS`: 0 none, 1 demyelination, 2 edema, 3 hemorrhage.
    seed, size, lesion, scanner, marker
        See `helpers.phantoms`. Dose is photons for CT, and echoes averaged for MR.

    Examples
    --------
    >>> phantoms = slices([0, 3])
    >>> phantoms.images.shape, phantoms.masks.any(axis=(1, 2))
    ((2, 28, 28, 3), array([False,  True]))
    """
    check_knobs(lesion, scanner)
    draw = Draw(labels, len(LESIONS), seed, marker)
    across, down = pixel_centers(size)
    # The head's place in the picture.
    x, y = rotate(across - draw("shift_x", -0.06, 0.06), down, draw("turn", -0.15, 0.15))
    wide, tall = draw("wide", 0.68, 0.8), draw("tall", 0.82, 0.92)
    folds = draw("folds", 0.02, 0.06) * np.cos(draw("fold_count", 8, 12) * np.arctan2(y, x))
    vents = draw("ventricle", 0.08, 0.14)
    # From outside in, each drawn over what is there: square distance, edge.
    layers = [
        ("scalp", ellipse(x, y, wide, tall)),
        ("skull", ellipse(x, y, wide * 0.94, tall * 0.95)),
        ("fluid", ellipse(x, y, wide * 0.82, tall * 0.85)),
        ("gray matter", ellipse(x, y, wide * 0.79, tall * 0.82)),
        ("white matter", ellipse(x, y, wide * (0.62 + folds), tall * (0.66 + folds))),
        ("gray matter", ellipse(np.abs(x) - 0.2, y - 0.08, 0.09, 0.14)),
        ("fluid", ellipse(np.abs(x) - 0.1, y + 0.1, vents, vents * 2.4)),
    ]
    images = [np.full((draw.count, size, size), s, np.float32) for s in signals("air")]
    for tissue, square in layers:
        _paint(images, signals(tissue), inside(square, 0.1))

    side = draw.side("side")
    x0, y0 = draw.place(lesion, side * draw("offset", 0.3, 0.42), draw("height", -0.35, 0.35))
    radius = 0.17 * draw("size", *lesion.size)
    square = ellipse(across - x0, down - y0, radius, radius * draw("shape", 0.7, 1.3))
    share = np.clip(0.8 * draw("contrast", *lesion.contrast), 0, 1) * inside(square, 0.25)
    present = draw.shown(1, 2, 3)
    shown = np.array([signals(name) for name in ("white matter", *LESIONS[1:])])[draw.labels]
    _paint(images, shown.T[..., None, None], share * present)

    ct, t1, t2 = (blur(image, scanner.blur) for image in images)
    ct = (ct + 4 / np.sqrt(scanner.dose) * draw.noise(size)) / 80
    t1, t2 = (_rician(signal, 0.015 / np.sqrt(scanner.dose), draw) / 0.65 for signal in (t1, t2))
    gray = np.clip(np.stack([ct, t1, t2], axis=-1), 0, 1)
    return finish(gray, present & (square < 1.4), draw, scanner)


def _paint(images: list[np.ndarray], values: np.ndarray, share: np.ndarray) -> None:
    """Draw a tissue over each image (N, H, W) in place, where `share` (N, H, W) of it is there."""
    for image, value in zip(images, values, strict=True):
        image += share * (value.astype(np.float32) - image)


def _rician(signal: np.ndarray, sigma: float, draw: Draw) -> np.ndarray:
    """Return the magnitude of a complex signal with noise in both parts."""
    size = signal.shape[1]
    return np.hypot(signal + sigma * draw.noise(size), sigma * draw.noise(size))
