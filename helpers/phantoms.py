"""Simulated images whose truth is known: images of nobody, for experiments and as look-alikes.

`radiographs`, `ultrasound`, `fundus` and `slices` all have the same parameters:

labels : int array (N,)
    The class of each image to draw; `draw_labels` draws labels of a given prevalence.
seed : int
    Of everything drawn. The same seed gives the same images, and the same anatomy whatever the
    labels, lesion, scanner and marker: one patient with and without a lesion, on two scanners.
size : int
    Height and width in pixels, 8 or more.
lesion : Lesion
    How large, how visible and where lesions are.
scanner : Scanner
    Noise, blur and gray scale.
marker : sequence of floats, or None
    For each class the probability of a small white square in the top left corner: a shortcut.

They return `Phantoms`, and raise ValueError if labels are no classes of theirs or the marker has
not one probability a class. Positions are (x, y) from (-1, -1) top left to (1, 1) bottom right.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

# One for all images, or one for each: an array (N, 1, 1).
_Number = float | np.ndarray


@dataclass(frozen=True)
class Lesion:
    """How a lesion differs from the typical one.

    Attributes
    ----------
    size : (low, high)
        Radius relative to the typical one, drawn between the two.
    contrast : (low, high)
        Difference from the tissue around relative to the typical one, drawn between the two.
    position : (x, y) or None
        The center of an image's lesion, around which its others lie; None draws one.
    """

    size: tuple[float, float] = (0.7, 1.3)
    contrast: tuple[float, float] = (0.7, 1.3)
    position: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.size[0] <= self.size[1] or not 0 <= self.contrast[0] <= self.contrast[1]:
            raise ValueError(f"{self} has a range that is not positive; give (low, high)")
        if self.position and max(map(abs, self.position)) > 1:
            raise ValueError(f"position={self.position} is outside the image; give -1 to 1")


@dataclass(frozen=True)
class Scanner:
    """How a machine pictures what is there.

    Attributes
    ----------
    dose : float
        Photons, or pictures averaged, relative to the usual number: noise falls with its root.
    blur : float
        Standard deviation of the blur in 28ths of the image's width.
    contrast : float
        Steepness of the gray scale around its middle, relative to the usual one.
    brightness : float
        Added to gray levels, which go from 0 to 1.
    """

    dose: float = 1.0
    blur: float = 0.4
    contrast: float = 1.0
    brightness: float = 0.0

    def __post_init__(self) -> None:
        if self.dose <= 0 or self.blur < 0:
            raise ValueError(f"{self} can't be built; give dose > 0 and blur >= 0")


@dataclass(frozen=True, eq=False)
class Phantoms:
    """Simulated images and the truth about them.

    Attributes
    ----------
    images : uint8 array (N, H, W, C)
    labels : int array (N,)
    masks : bool array (N, H, W)
        Where the lesions are.
    parameters : dict of str to array (N,)
        Everything that was drawn for each image, by name.
    """

    images: np.ndarray
    labels: np.ndarray
    masks: np.ndarray
    parameters: dict[str, np.ndarray]


def draw_labels(count: int, prevalence: Sequence[float], seed: int = 0) -> np.ndarray:
    """Return labels (count,), each class as frequent on average as `prevalence` (classes,) says.

    Examples
    --------
    >>> np.bincount(draw_labels(1000, prevalence=[0.9, 0.1]))
    array([904,  96])
    """
    return np.random.default_rng(seed).choice(len(prevalence), size=count, p=prevalence)


class _Draw:
    """Draws a number for each image, and keeps it under its name."""

    def __init__(
        self, labels: ArrayLike, classes: int, seed: int, marker: Sequence[float] | None
    ) -> None:
        self.labels = _check(labels, classes)
        self.count = len(self.labels)
        self.rng = np.random.default_rng(seed)
        self.parameters: dict[str, np.ndarray] = {}
        # These numbers are those that `draw_labels` draws from the same seed; nothing here may
        # depend on them, or labels would leak. So the marker's chance comes from elsewhere.
        self.rng.random(self.count)
        chance = np.random.default_rng([seed, 1]).random(self.count)
        if marker is not None and (
            len(marker) != classes or not 0 <= min(marker) <= max(marker) <= 1
        ):
            raise ValueError(
                f"marker={marker} is not one probability for each of {classes} classes"
            )
        shown = np.zeros(classes) if marker is None else np.asarray(marker)
        self.parameters["marker"] = chance < shown[self.labels]

    def shown(self, *classes: int) -> np.ndarray:
        """Return whether each image is of one of the classes (N, 1, 1)."""
        return np.isin(self.labels, classes)[:, None, None]

    def __call__(self, name: str, low: float, high: float) -> np.ndarray:
        """Return an array (N, 1, 1) of numbers between low and high."""
        values = self.rng.uniform(low, high, self.count).astype(np.float32)
        self.parameters[name] = values
        return values[:, None, None]

    def side(self, name: str) -> np.ndarray:
        """Return an array (N, 1, 1) of -1 and 1."""
        return np.sign(self(name, -1, 1))

    def place(self, lesion: Lesion, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the lesions' center: the one asked for, or else (x, y)."""
        if lesion.position is not None:
            x, y = (np.full((self.count, 1, 1), p, np.float32) for p in lesion.position)
        self.parameters["x"], self.parameters["y"] = x.ravel(), y.ravel()
        return x, y

    def noise(self, size: int) -> np.ndarray:
        """Return standard normal numbers (N, size, size)."""
        return self.rng.standard_normal((self.count, size, size), np.float32)

    def texture(self, size: int, height: float, width: float) -> np.ndarray:
        """Return smooth noise (N, size, size) of variance 1; its grain is in 28ths of the image."""
        grain = np.array([height, width]) * size / 28
        smooth = gaussian_filter(self.noise(size), (0, *grain), mode="wrap", truncate=3)
        return smooth / smooth.std()


def _check(labels: ArrayLike, classes: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.size == 0 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels have shape {labels.shape} and dtype {labels.dtype}; give integers (N,), N > 0"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels go from {labels.min()} to {labels.max()}; expected 0 to {classes - 1}"
        )
    return labels.astype(np.int64)


def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x (1, 1, size) and y (1, size, 1) of the pixels' centers."""
    if size < 8:
        raise ValueError(f"size={size} is too small to show anything; give 8 pixels or more")
    steps = ((np.arange(size, dtype=np.float32) + 0.5) / size) * 2 - 1
    return steps[None, None, :], steps[None, :, None]


def _turn(x: np.ndarray, y: np.ndarray, angle: _Number) -> tuple[np.ndarray, np.ndarray]:
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def _square(x: np.ndarray, y: np.ndarray, a: _Number, b: _Number) -> np.ndarray:
    """Return (x/a)^2 + (y/b)^2: below 1 inside the ellipse with half axes a and b."""
    return np.square(x / a) + np.square(y / b)


def _path(square: np.ndarray, depth: _Number) -> np.ndarray:
    """Return how far a ray goes through the ellipsoid whose half axis along the ray is depth."""
    return 2 * depth * np.sqrt(np.maximum(1 - square, 0))


def _slab(square: np.ndarray, depth: _Number) -> np.ndarray:
    """Return the same for a body flatter than an ellipsoid: x^2 + y^2 + z^4 = 1."""
    return 2 * depth * np.sqrt(np.sqrt(np.maximum(1 - square, 0)))


def _inside(square: np.ndarray, edge: float) -> np.ndarray:
    """Return 1 inside, 0 outside, and a ramp across an edge as wide as `edge` half axes."""
    return np.clip((1 - square) / (2 * edge) + 0.5, 0, 1)


def _blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Blur each image (N, H, W); sigma in 28ths of the image's width."""
    return gaussian_filter(images, (0, *[sigma * images.shape[1] / 28] * 2), mode="nearest")


def _finish(gray: np.ndarray, masks: np.ndarray, draw: _Draw, scanner: Scanner) -> Phantoms:
    """Set gray levels 0 to 1 (N, H, W, C) as the scanner does, round, and add the marker."""
    gray = (gray - 0.5) * scanner.contrast + 0.5 + scanner.brightness
    images = np.clip(np.rint(gray * 255), 0, 255).astype(np.uint8)
    size = images.shape[1]
    square = slice(size // 14, size // 14 + max(size // 9, 1))
    images[draw.parameters["marker"], square, square] = 255
    return Phantoms(images, draw.labels, masks, draw.parameters)


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
    draw = _Draw(labels, 2, seed, marker)
    across, down = _grid(size)
    # The patient's place in the picture; x and y in cm, 10.5 cm from the middle to the edge.
    shift_x, shift_y = draw("shift_x", -0.08, 0.08), draw("shift_y", -0.1, 0.1)
    turn, scale = draw("turn", -0.07, 0.07), 10.5 * draw("scale", 0.85, 1.15)
    x, y = _turn((across - shift_x) * scale, (down - shift_y) * scale, turn)

    depth = draw("depth", 6.5, 8)
    torso = _slab(_square(x, y - 11, draw("torso", 11.5, 15), 25), depth)
    torso += _path(_square(x, y + 13, 4, 6), 3)
    lungs = np.zeros_like(torso)
    tilt, width, height = (
        draw("tilt", 0.15, 0.32),
        draw("lung_width", 2.9, 3.9),
        draw("lung_height", 7.5, 9.5),
    )
    dome = draw("diaphragm", 3.5, 6.5)
    for side in (-1, 1):
        u, v = _turn(x - side * 5, y, side * -tilt)
        lung = _slab(_square(u, v, width, height), 4.5)
        floor = dome + 0.4 * side + np.square(x - side * 3.5) / 8
        lungs += lung * np.clip((floor - y) / 1.6 + 0.5, 0, 1)
    heart = _square(*_turn(x - draw("heart_x", 1, 2.2), y - 3, -0.6), draw("heart", 3.2, 4.6), 4.8)
    lungs = np.maximum(lungs - 1.6 * _path(heart, 4.5), 0)
    spine = _path(np.square(x / 1.5), 1.2)
    ribs = 0.7 * np.maximum(np.sin((y + 0.35 * np.abs(x)) * 2 * np.pi / draw("ribs", 2.1, 2.6)), 0)
    ribs = ribs * (_square(x, y - 1, 10.5, 11) < 1)

    # The middle of an opacity lies in a lung, beside the heart; back from cm to the picture.
    u, v = _turn(draw.side("side") * draw("offset", 4.5, 6.2), draw("height", -4.5, 1.5), -turn)
    center = draw.place(lesion, u / scale + shift_x, v / scale + shift_y)
    opaque, masks = _opacities(across - center[0], down - center[1], lungs, lesion, draw)
    rays = (
        TISSUE * (torso - lungs + opaque)
        + LUNG * (lungs - opaque)
        + (BONE - TISSUE) * (0.35 * spine + ribs)
    )
    photons = _blur(PHOTONS * scanner.dose * np.exp(-rays), scanner.blur)
    low, high = draw("window_low", 0.0, 0.6), draw("window_high", 3.7, 4.5)
    counted = np.maximum(draw.rng.poisson(photons), 1).astype(np.float32)
    gray = (-np.log(counted / (PHOTONS * scanner.dose)) - low) / (high - low)
    return _finish(gray[..., None], masks, draw, scanner)


def _opacities(
    x: np.ndarray, y: np.ndarray, lungs: np.ndarray, lesion: Lesion, draw: _Draw
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
        u, v = _turn(u, v, draw(f"turn_{number}", 0, 3.14))
        square = _square(u, v, 0.32 * size, 0.25 * size * draw(f"shape_{number}", 0.7, 1.3))
        fill = np.clip(0.3 * contrast * np.maximum(1 - square, 0), 0, 1)
        present = (number < count) & draw.shown(1)
        empty *= 1 - fill * present
        masks |= present & (square < 0.9) & (lungs > 1)
    return (1 - empty) * lungs, masks


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
    dark. A benign one is smooth, wider than tall and brightens what lies below; a malignant one is
    rough, taller than wide and casts a shadow (Stavros et al. 1995,
    doi 10.1148/radiology.196.1.7784555).

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
    draw = _Draw(labels, 3, seed, marker)
    x, y = _grid(size)
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
    decibels = _blur(decibels + 10 * np.log10(np.maximum(power, 0.03)), scanner.blur)
    gray = 1 + decibels / DYNAMIC_RANGE
    return _finish(gray[..., None], mass > 0.1, draw, scanner)


def _layers(x: np.ndarray, y: np.ndarray, draw: _Draw) -> np.ndarray:
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
    x: np.ndarray, y: np.ndarray, lesion: Lesion, draw: _Draw
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
    draw = _Draw(labels, 5, seed, marker)
    x, y = _grid(size)
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
    rgb = np.stack([_blur(channel, scanner.blur) for channel in rgb * field], axis=-1)
    grain = np.stack([draw.noise(size) for _ in range(3)], axis=-1)
    rgb += 0.02 / np.sqrt(scanner.dose) * grain * field[..., None]
    return _finish(rgb, masks, draw, scanner)


def _eye(x: np.ndarray, y: np.ndarray, draw: _Draw) -> tuple[np.ndarray, np.ndarray]:
    """Return the light from a healthy eye, and the lit field (N, H, W), both 0 to 1."""
    zoom = draw("zoom", 0.9, 1.05)
    x, y = x / zoom, y / zoom
    field = _inside(_square(x, y, 0.93, 0.93), 0.04)
    glow = _square(x - draw("glow_x", -0.4, 0.4), y - draw("glow_y", -0.4, 0.4), 1, 1)
    light = 1 - draw("vignette", 0.1, 0.45) * glow
    side = draw.side("eye")
    disc_x, disc_y = side * draw("disc_x", 0.35, 0.65), draw("disc_y", -0.12, 0.12)
    # Vessels leave the optic disc in two arcs, above and below the macula.
    arc = np.square(y - disc_y) - draw("arc", 0.25, 0.45) * np.abs(x - disc_x)
    light *= 1 - draw("vessels", 0.05, 0.25) * np.exp(-np.square(arc / 0.07))
    macula = _square(x + side * 0.1, y - disc_y, 0.22, 0.2)
    light *= 1 - draw("macula", 0.1, 0.4) * np.exp(-macula)
    light += draw("disc", 0.1, 0.5) * np.exp(-_square(x - disc_x, y - disc_y, 0.14, 0.16))
    return np.clip(light, 0, 1.4), field


# Dark dots, exudates and large bleedings on average at each grade.
SPOTS = {"dots": (0, 2, 4, 8, 8), "exudates": (0, 0, 3, 5, 5), "bleedings": (0, 0, 0, 0, 1)}


def _spots(
    x: np.ndarray, y: np.ndarray, lesion: Lesion, draw: _Draw
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
            np.maximum(layer, np.exp(-_square(u, v, own, own)) * shown, out=layer)
        layers.append(layer)
    dots, exudates, bleedings = layers
    return np.maximum(dots, bleedings), exudates


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
    hounsfield, t1, t2, density = TISSUES[tissue]
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
    draw = _Draw(labels, len(LESIONS), seed, marker)
    across, down = _grid(size)
    # The head's place in the picture.
    x, y = _turn(across - draw("shift_x", -0.06, 0.06), down, draw("turn", -0.15, 0.15))
    wide, tall = draw("wide", 0.68, 0.8), draw("tall", 0.82, 0.92)
    folds = draw("folds", 0.02, 0.06) * np.cos(draw("fold_count", 8, 12) * np.arctan2(y, x))
    vents = draw("ventricle", 0.08, 0.14)
    # From outside in, each drawn over what is there: square distance, edge.
    layers = [
        ("scalp", _square(x, y, wide, tall)),
        ("skull", _square(x, y, wide * 0.94, tall * 0.95)),
        ("fluid", _square(x, y, wide * 0.82, tall * 0.85)),
        ("gray matter", _square(x, y, wide * 0.79, tall * 0.82)),
        ("white matter", _square(x, y, wide * (0.62 + folds), tall * (0.66 + folds))),
        ("gray matter", _square(np.abs(x) - 0.2, y - 0.08, 0.09, 0.14)),
        ("fluid", _square(np.abs(x) - 0.1, y + 0.1, vents, vents * 2.4)),
    ]
    images = [np.full((draw.count, size, size), s, np.float32) for s in signals("air")]
    for tissue, square in layers:
        _paint(images, signals(tissue), _inside(square, 0.1))

    side = draw.side("side")
    x0, y0 = draw.place(lesion, side * draw("offset", 0.3, 0.42), draw("height", -0.35, 0.35))
    radius = 0.17 * draw("size", *lesion.size)
    square = _square(across - x0, down - y0, radius, radius * draw("shape", 0.7, 1.3))
    share = np.clip(0.8 * draw("contrast", *lesion.contrast), 0, 1) * _inside(square, 0.25)
    present = draw.shown(1, 2, 3)
    shown = np.array([signals(name) for name in ("white matter", *LESIONS[1:])])[draw.labels]
    _paint(images, shown.T[..., None, None], share * present)

    ct, t1, t2 = (_blur(image, scanner.blur) for image in images)
    ct = (ct + 4 / np.sqrt(scanner.dose) * draw.noise(size)) / 80
    t1, t2 = (_rician(signal, 0.015 / np.sqrt(scanner.dose), draw) / 0.65 for signal in (t1, t2))
    gray = np.clip(np.stack([ct, t1, t2], axis=-1), 0, 1)
    return _finish(gray, present & (square < 1.4), draw, scanner)


def _paint(images: list[np.ndarray], values: np.ndarray, share: np.ndarray) -> None:
    """Draw a tissue over each image (N, H, W) in place, where `share` (N, H, W) of it is there."""
    for image, value in zip(images, values, strict=True):
        image += share * (value.astype(np.float32) - image)


def _rician(signal: np.ndarray, sigma: float, draw: _Draw) -> np.ndarray:
    """Return the magnitude of a complex signal with noise in both parts."""
    size = signal.shape[1]
    return np.hypot(signal + sigma * draw.noise(size), sigma * draw.noise(size))
