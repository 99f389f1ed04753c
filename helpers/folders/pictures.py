"""One file to one image: opened by its content, whatever its name says, and brought to one size."""

import io
import threading
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .. import dicom

Fit = Literal["crop", "pad", "squeeze"]
FITS: dict[str, str] = {
    "crop": "the middle square, the rest cut off",
    "pad": "the whole image, with black bars to make it a square",
    "squeeze": "the whole image, each side shrunk by its own factor",
}
assert tuple(FITS) == get_args(Fit)

SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp"}
DICOM_SUFFIXES = {".dcm", ".dicom"}
# What Pillow calls the formats that a suffix promises.
FORMATS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".jpe": "JPEG", ".jfif": "JPEG", ".png": "PNG",
    ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP", ".gif": "GIF", ".webp": "WEBP",
    ".dcm": "DICOM", ".dicom": "DICOM",
}  # fmt: skip
LARGEST = 80_000_000  # pixels; a slide scanner's image is cut into tiles first
THUMBNAIL = 32
# pydicom's warnings are caught one file at a time; Python has one list of them for all threads.
_ONE_DICOM = threading.Lock()


class FaultError(Exception):
    """What is wrong with a file: a kind of `helpers.folders.report`, and a sentence."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Opened(NamedTuple):
    """An image as it lies in its file.

    Attributes
    ----------
    pixels : uint8 or uint16 array (H, W), or uint8 array (H, W, 3)
        (H, W) also where red, green and blue are the same.
    mode, format : str
        As Pillow calls them, e.g. "RGBA" and "PNG"; a DICOM file's mode is its interpretation.
    bits : int
        Of one gray level: 1, 8 or 16.
    notes : tuple of (kind, text)
        What was done that a reader should know.
    """

    pixels: np.ndarray
    mode: str
    format: str
    bits: int
    notes: tuple[tuple[str, str], ...]


def is_image_name(path: Path) -> bool:
    """Whether a file's name says that it is an image; DICOM files often have no suffix."""
    suffix = path.suffix.lower()
    if suffix in SUFFIXES | DICOM_SUFFIXES:
        return True
    # "IM-0001.2.840" has a suffix of digits.
    if suffix and not suffix[1:].isdigit():
        return False
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def open_image(path: Path, window: dicom.Choice = None) -> Opened:
    """Return the image in a file; raise FaultError if there is none that can be used."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FaultError("unreadable", f"it can't be opened ({error.strerror})") from None
    if not content:
        raise FaultError("unreadable", "it is empty (0 bytes)")
    suffix = path.suffix.lower()
    if content[128:132] == b"DICM" or suffix in DICOM_SUFFIXES:
        opened = _open_dicom(path, window)
    else:
        opened = open_bytes(content)
    if FORMATS.get(suffix, opened.format) != opened.format and opened.format != "MPO":
        note = ("wrong type", f"it is a {opened.format} file called {suffix}")
        opened = opened._replace(notes=(*opened.notes, note))
    if opened.pixels.min() == opened.pixels.max():
        note = ("constant", "all its pixels are the same")
        opened = opened._replace(notes=(*opened.notes, note))
    return opened


def _open_dicom(path: Path, window: dicom.Choice) -> Opened:
    with _ONE_DICOM:
        try:
            picture = dicom.read(path)
        except ValueError as error:
            text = str(error).removeprefix(f"{path.name}: ")
            kind = "several images" if text.startswith("a film") else "unreadable"
            raise FaultError(kind, text) from None
    mode = "MONOCHROME1" if picture.inverted else "MONOCHROME2"
    if picture.values.ndim == 3:
        mode, window = "RGB", None
    spacing = picture.millimeters
    if spacing and spacing[0] != spacing[1]:
        picture = dicom.resample(picture, min(spacing))
    notes = tuple(("DICOM", text) for text in picture.warnings)
    return Opened(_plain(dicom.to_uint8(picture, window)), mode, "DICOM", 8, notes)


def open_bytes(content: bytes) -> Opened:
    """Return the image that the bytes of a file are, other than DICOM; or raise FaultError."""
    try:
        image: Image.Image = Image.open(io.BytesIO(content))
        kind, mode = str(image.format), image.mode
        if image.width * image.height > LARGEST:
            raise FaultError(
                "too large", f"it has {image.width:,} x {image.height:,} pixels; cut it into tiles"
            )
        frames = getattr(image, "n_frames", 1)
        # A phone's MPO has the photograph first, then what it made of it.
        if frames > 1 and kind != "MPO":
            raise FaultError("several images", f"it holds {frames} images; write each to a file")
        image.load()
    except UnidentifiedImageError:
        begins = content[:24].decode("latin-1").strip()
        what = "a web page" if begins.lower().startswith(("<!doc", "<html")) else "no image"
        raise FaultError("unreadable", f"it is {what}; it begins with {begins[:12]!r}") from None
    except Image.DecompressionBombError:
        raise FaultError("too large", f"it has more than {LARGEST:,} pixels") from None
    except FaultError:
        raise
    except Exception as error:  # broken bytes raise anything in a decoder
        text = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        cut = "truncated" in text.lower() or "end of" in text.lower()
        raise FaultError("truncated" if cut else "unreadable", f"Pillow says: {text}") from None
    notes = []
    if image.getexif().get(0x0112, 1) not in (0, 1):
        image = ImageOps.exif_transpose(image)
        notes.append(("turned", "a camera noted how it was held; the image was turned upright"))
    return Opened(_levels(image, notes), mode, kind, _bits(mode), tuple(notes))


def _bits(mode: str) -> int:
    return 1 if mode == "1" else 16 if mode.startswith("I") else 8


def _levels(image: Image.Image, notes: list[tuple[str, str]]) -> np.ndarray:
    """Return gray levels or colors; transparent pixels lie on black."""
    if image.mode == "F":
        raise FaultError("kind of pixels", "gray levels are fractions; nothing says what is white")
    if image.mode.startswith("I"):
        levels: np.ndarray = np.asarray(image)
        if levels.min() < 0 or levels.max() > 65_535:
            raise FaultError(
                "kind of pixels",
                f"gray levels go from {levels.min()} to {levels.max()}; 0 to 65,535 can be read",
            )
        return levels.astype(np.uint16)
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        colors = image.convert("RGBA")
        if (np.asarray(colors)[..., 3] < 255).any():
            notes.append(("transparent", "it has transparent pixels; they lie on black"))
        black = Image.new("RGBA", colors.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, colors)
    if image.mode == "CMYK":
        notes.append(("colors", "its colors are for print (CMYK); they were turned to RGB"))
    gray = image.mode in ("1", "L")
    return _plain(np.asarray(image.convert("L" if gray else "RGB")))


def _plain(pixels: np.ndarray) -> np.ndarray:
    """Return (H, W) where red, green and blue are the same."""
    if pixels.ndim == 3 and (pixels[..., :1] == pixels[..., 1:]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def fit_to(pixels: np.ndarray, size: int, fit: Fit) -> np.ndarray:
    """Return an image of `size` rows and columns.

    Averaged on the way down (a triangle as wide as two new pixels), interpolated on the way up.

    Parameters
    ----------
    pixels : uint8 array (H, W) or (H, W, 3), or uint16 array (H, W)
        An image.
    size : int
        1 or more.
    fit : "crop", "pad" or "squeeze"
        What happens to what is no square; see `FITS`.

    Returns
    -------
    array (size, size) or (size, size, 3)
        uint8; of 16 bits float32, in the file's own levels.

    Examples
    --------
    >>> wide = np.full((2, 4), 200, np.uint8)
    >>> fit_to(wide, 2, "crop").tolist(), fit_to(wide, 4, "pad")[:, 0].tolist()
    ([[200, 200], [200, 200]], [0, 200, 200, 0])
    """
    rows, columns = pixels.shape[:2]
    if fit == "crop":
        side = min(rows, columns)
        top, left = (rows - side) // 2, (columns - side) // 2
        pixels = pixels[top : top + side, left : left + side]
    elif fit == "pad":
        side = max(rows, columns)
        top, left = (side - rows) // 2, (side - columns) // 2
        square = np.zeros((side, side, *pixels.shape[2:]), pixels.dtype)
        square[top : top + rows, left : left + columns] = pixels
        pixels = square
    if pixels.dtype == np.uint16:
        pixels = pixels.astype(np.float32)
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))


def to_channels(pixels: np.ndarray, color: bool, white: int) -> np.ndarray:
    """Return uint8 (H, W, 1) or (H, W, 3) of a resized image; `white` of 16-bit levels is 255."""
    if pixels.dtype == np.float32:
        pixels = (np.clip(pixels / white, 0, 1) * 255).round().astype(np.uint8)
    if color:
        return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    if pixels.ndim == 3:
        pixels = np.asarray(Image.fromarray(pixels).convert("L"))  # ITU-R 601: .299, .587, .114
    return pixels[..., None]


def thumbnail(pixels: np.ndarray) -> np.ndarray:
    """Return a small gray copy, uint8 (32, 32), which tells copies of an image from others."""
    small = fit_to(pixels, THUMBNAIL, "squeeze")
    return to_channels(small, color=False, white=max(int(small.max()), 1))[..., 0]


def border_level(pixels: np.ndarray) -> float:
    """Return the mean gray level, 0 to 255, of the outermost fiftieth of an image."""
    gray = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
    edge = max(1, min(gray.shape) // 50)
    frame = [
        gray[:edge].ravel(),
        gray[-edge:].ravel(),
        gray[:, :edge].ravel(),
        gray[:, -edge:].ravel(),
    ]
    level = float(np.concatenate(frame).mean())
    return level / 257 if pixels.dtype == np.uint16 else level
