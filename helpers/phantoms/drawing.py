"""What all simulators share: lesions and scanners, what is drawn by chance, shapes, gray levels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter

# One for all images, or one for each: an array (N, 1, 1).
Number = float | np.ndarray


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


class Draw:
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


def pixel_centers(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x (1, 1, size) and y (1, size, 1) of the pixels' centers."""
    if size < 8:
        raise ValueError(f"size={size} is too small to show anything; give 8 pixels or more")
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
