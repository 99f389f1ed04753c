"""What all simulators share: lesions and scanners, what is drawn by chance, shapes, gray levels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

from helpers import inputs

# More of what is relative to the usual is a slip.
HUNDRED = 100
# One for all images, or one for each: an array (N, 1, 1).
Number = float | np.ndarray


@dataclass(frozen=True)
class Lesion:
    """How a lesion differs from the typical one.

    Attributes
    ----------
    size : (low, high)
        Radius relative to the typical one, drawn between the two: above 0, to 100.
    contrast : (low, high)
        Difference from the tissue around relative to the typical one, drawn between the two: 0 to
        100.
    position : (x, y) or None
        The center of an image's lesion, around which its others lie, -1 to 1; None draws one.

    Raises
    ------
    ValueError
        If a number is another one.
    """

    size: tuple[float, float] = (0.7, 1.3)
    contrast: tuple[float, float] = (0.7, 1.3)
    position: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in [
            ("size", _pair("size", self.size, "(low, high)")),
            ("contrast", _pair("contrast", self.contrast, "(low, high)")),
        ]:
            inputs.number(f"{name}'s low", low, least=0, most=HUNDRED)
            inputs.number(f"{name}'s high", high, least=low, most=HUNDRED)
        inputs.number("size's low", self.size[0], above=0)
        if self.position is not None:
            for axis, place in zip("xy", _pair("position", self.position, "(x, y)"), strict=True):
                inputs.number(f"position's {axis}", place, least=-1, most=1)


@dataclass(frozen=True)
class Scanner:
    """How a machine pictures what is there.

    Attributes
    ----------
    dose : float
        Photons, or pictures averaged, relative to the usual number: noise falls with its root.
        Above 0, to 1e12.
    blur : float
        Standard deviation of the blur in 28ths of the image's width, 0 to 28.
    contrast : float
        Steepness of the gray scale around its middle, relative to the usual one, 0 to 100.
    brightness : float
        Added to gray levels, which go from 0 to 1: -1 to 1.

    Raises
    ------
    ValueError
        If a number is another one.
    """

    dose: float = 1.0
    blur: float = 0.4
    contrast: float = 1.0
    brightness: float = 0.0

    def __post_init__(self) -> None:
        # Photons are counted in 64 bits, and a blur is as wide as the image at most.
        inputs.number("dose", self.dose, above=0, most=1e12)
        inputs.number("blur", self.blur, least=0, most=28)
        inputs.number("contrast", self.contrast, least=0, most=HUNDRED)
        inputs.number("brightness", self.brightness, least=-1, most=1)


def check_knobs(lesion: Lesion, scanner: Scanner) -> None:
    """Raise if these are no lesion and no scanner."""
    inputs.instance("lesion", lesion, Lesion, "Lesion(size=(0.7, 1.3))")
    inputs.instance("scanner", scanner, Scanner, "Scanner(dose=1)")


def _pair(name: str, value: object, wanted: str) -> tuple[float, float]:
    if not isinstance(value, tuple | list | np.ndarray) or len(value) != 2:
        raise ValueError(f"{name}={inputs.told(value)}; give {wanted}")
    return value[0], value[1]


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

    Raises
    ------
    ValueError
        If count or seed is no such integer, or prevalence are no probabilities that add up to 1.

    Examples
    --------
    >>> np.bincount(draw_labels(1000, prevalence=[0.9, 0.1]))
    array([904,  96])
    """
    count, seed = inputs.whole("count", count, least=1), inputs.whole("seed", seed, least=0)
    p = inputs.array("prevalence", prevalence, axes="K")
    if p.min() < 0 or not np.isclose(p.sum(), 1, rtol=0, atol=1e-8):
        given = inputs.told(prevalence)
        raise ValueError(f"prevalence={given}; give probabilities that add up to 1")
    return np.random.default_rng(seed).choice(len(p), size=count, p=p)


class Draw:
    """Draws a number for each image, and keeps it under its name."""

    def __init__(
        self, labels: ArrayLike, classes: int, seed: int, marker: Sequence[float] | None
    ) -> None:
        self.labels = inputs.labels("labels", labels, classes=classes).astype(np.int64)
        self.count = len(self.labels)
        self.rng = np.random.default_rng(inputs.whole("seed", seed, least=0))
        self.parameters: dict[str, np.ndarray] = {}
        # These numbers are those that `draw_labels` draws from the same seed; nothing here may
        # depend on them, or labels would leak. So the marker's chance comes from elsewhere.
        self.rng.random(self.count)
        chance = np.random.default_rng([seed, 1]).random(self.count)
        shown = inputs.array("marker", np.zeros(classes) if marker is None else marker)
        if shown.shape != (classes,) or shown.min() < 0 or shown.max() > 1:
            given = inputs.told(marker)
            raise ValueError(f"marker={given}; give one probability for each of {classes} classes")
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


def pixel_centers(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x (1, 1, size) and y (1, size, 1) of the pixels' centers."""
    size = inputs.whole("size", size, least=8)
    steps = ((np.arange(size, dtype=np.float32) + 0.5) / size) * 2 - 1
    return steps[None, None, :], steps[None, :, None]


def rotate(x: np.ndarray, y: np.ndarray, angle: Number) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y as read off axes that are rotated by an angle in radians."""
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def ellipse(x: np.ndarray, y: np.ndarray, a: Number, b: Number) -> np.ndarray:
    """Return (x/a)^2 + (y/b)^2: below 1 inside the ellipse with half axes a and b."""
    return np.square(x / a) + np.square(y / b)


def inside(square: np.ndarray, edge: float) -> np.ndarray:
    """Return 1 inside, 0 outside, and a ramp across an edge as wide as `edge` half axes."""
    return np.clip((1 - square) / (2 * edge) + 0.5, 0, 1)


def blur(images: np.ndarray, sigma: float) -> np.ndarray:
    """Blur each image (N, H, W); sigma in 28ths of the image's width."""
    return gaussian_filter(images, (0, *[sigma * images.shape[1] / 28] * 2), mode="nearest")


def finish(gray: np.ndarray, masks: np.ndarray, draw: Draw, scanner: Scanner) -> Phantoms:
    """Set gray levels 0 to 1 (N, H, W, C) as the scanner does, round, and add the marker."""
    gray = (gray - 0.5) * scanner.contrast + 0.5 + scanner.brightness
    images = np.clip(np.rint(gray * 255), 0, 255).astype(np.uint8)
    size = images.shape[1]
    square = slice(size // 14, size // 14 + max(size // 9, 1))
    images[draw.parameters["marker"], square, square] = 255
    return Phantoms(images, draw.labels, masks, draw.parameters)
