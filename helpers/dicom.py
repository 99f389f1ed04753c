"""DICOM files to images: gray levels in the file's own unit, then windows, turning, millimeters.

The lesson "From DICOM to tensor" derives each step. `read` gives an image or one ValueError that
names the file and the fault; the rest takes what it gives. Numbers of sections are of DICOM PS3.3.
"""

import io
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.pixels import apply_color_lut, pixel_array
from scipy.special import expit
from skimage.transform import rescale, resize

# Without these, pixels mean nothing; those of SIGN only where pixels are whole numbers.
WHOLE = ("Rows", "Columns", "SamplesPerPixel", "BitsAllocated")
SIGN = ("BitsStored", "PixelRepresentation")
FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")
PERCENTILES = (1, 99)
LOWEST_HU = -1100  # air is -1000; scanners go a little lower
LARGEST_FILM = 100_000
LARGEST_SIDE = 10_000  # of a resampled image: more is a wrong spacing
LARGEST_VALUE = 1e30  # float32 must hold it


class Window(NamedTuple):
    """What is shown, from black to white, in the file's own unit (C.11.2.1.2).

    Attributes
    ----------
    center, width : float
    function : str
        `LINEAR_EXACT` (from center - width / 2 to center + width / 2), `LINEAR` (the standard's
        usual one, half a step lower and one step narrower) or `SIGMOID`.
    """

    center: float
    width: float
    function: str = "LINEAR_EXACT"


class Table(NamedTuple):
    """A curve of any shape: `levels[i]`, from 0 to 1, for the value `first + i` (C.11.2.1.1)."""

    first: float
    levels: np.ndarray


# A window in the file's unit; "percentiles" of this image; None for the file's own.
Choice = tuple[float, float] | Window | Literal["percentiles"] | None


class Picture(NamedTuple):
    """One image of a DICOM file.

    Attributes
    ----------
    name : str
        Of the file.
    values : float array (H, W) or (H, W, 3)
        Gray levels in the file's own unit, not turned around; or red, green, blue.
    limits : tuple of two floats
        The smallest and the largest value that the file's bits can hold.
    unit : str
        "HU" for CT, or what the file says; "" if it does not say.
    inverted : bool
        Whether small is white (`MONOCHROME1`). All functions but `read` turn it around.
    millimeters : tuple of two floats, or None
        Between rows and between columns.
    window : Window, Table or None
        The file's own; if there are several, the first.
    done, warnings : tuples of str
        What `read` did to the stored values; what you should look at.
    """

    name: str
    values: np.ndarray
    limits: tuple[float, float]
    unit: str
    inverted: bool
    millimeters: tuple[float, float] | None
    window: Window | Table | None
    done: tuple[str, ...]
    warnings: tuple[str, ...]


class _FaultError(Exception):
    """What is wrong with a file; `read` puts the file's name before it."""


def read(file: str | os.PathLike | pydicom.Dataset, frame: int | None = None) -> Picture:
    """Return one image of a DICOM file.

    Pixels of `PixelPaddingValue` get the darkest other value; a rescale slope or a table gives
    the file's own unit; palettes and YBR become RGB. Elements of single frames
    (enhanced CT and MR) are found.

    Parameters
    ----------
    file : path, or pydicom Dataset
        A data set is not changed.
    frame : int, or None
        Which image of a film, from 0. A film without it is refused: its frames are one case.

    Raises
    ------
    OSError
        If the file can't be opened.
    ValueError
        If it holds no image that can be trusted: what is missing, broken or impossible.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> picture = read(get_testdata_file("CT_small.dcm", download=False))
    >>> picture.values.shape, picture.unit, float(picture.values.min())
    ((128, 128), 'HU', -896.0)
    >>> read(get_testdata_file("rtplan.dcm", download=False))
    Traceback (most recent call last):
    ValueError: rtplan.dcm: there are no pixels in it (Modality RTPLAN); leave it out
    """
    if isinstance(file, pydicom.Dataset):
        name = Path(str(getattr(file, "filename", None) or "data set")).name
        content = b""
    else:
        name, content = Path(file).name, Path(file).read_bytes()
    try:
        # Whatever pydicom warns of belongs to this file, so it is told with this file.
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if not isinstance(file, pydicom.Dataset):
                file = pydicom.dcmread(io.BytesIO(content))
            picture = _read(name, file, frame)
    except _FaultError as fault:
        raise ValueError(f"{name}: {fault}") from None
    except InvalidDicomError as error:
        raise ValueError(f"{name}: no DICOM file (it does not begin like one)") from error
    except Exception as error:  # broken bytes raise anything, in pydicom and in its decoders
        lines = [line.strip(" :") for line in str(error).splitlines() if line.strip()]
        reason = "; ".join(lines)[:300] or "no reason given"
        raise ValueError(f"{name}: can't be read ({type(error).__name__}: {reason})") from error
    told = dict.fromkeys(str(warning.message).splitlines()[0][:200] for warning in caught)
    return picture._replace(warnings=picture.warnings + tuple(told))


def _read(name: str, file: pydicom.Dataset, frame: int | None) -> Picture:
    """Return one image of an opened file; raise _FaultError, or whatever pydicom raises."""
    _check_elements(file)
    frame = _frame(file, frame)
    places = _places(file, frame)
    done: list[str] = []
    notes: list[str] = []
    stored = pixel_array(file, index=frame)
    kind = str(file.PhotometricInterpretation)
    if stored.shape[:2] != (file.Rows, file.Columns):
        raise _FaultError(
            f"pixels are {stored.shape}, but the header says {file.Rows, file.Columns}"
        )
    if not stored.size:
        raise _FaultError(f"an image of shape {stored.shape} has no pixels")
    unit, window = "", None
    if kind == "PALETTE COLOR" and stored.ndim == 2:
        colors = apply_color_lut(stored, file)[..., :3]
        values, limits = colors.astype(float), (0.0, float(np.iinfo(colors.dtype).max))
        done.append("palette to RGB")
        if limits[1] > 255 >= values.max():  # seen in pydicom's OBXXXX1A_expb.dcm
            limits = (0.0, 255.0)
            notes.append("a palette of 16 bits with colors of 8: read as 8")
    elif kind.startswith(("RGB", "YBR")) and stored.ndim == 3 and stored.shape[2] == 3:
        values, limits = stored.astype(float), (0.0, 2.0 ** int(file.BitsStored) - 1)
        if kind != "RGB":
            done.append(f"{kind} to RGB")
    elif kind in ("MONOCHROME1", "MONOCHROME2") and stored.ndim == 2:
        values, limits, unit = _levels(file, places, stored, done, notes)
        window = _window(places, notes)
    else:
        raise _FaultError(f"PhotometricInterpretation is {kind[:60]}, pixels are {stored.shape}")
    if not np.abs(values).max() < LARGEST_VALUE:  # NaN is not smaller either
        raise _FaultError("values are not finite, or too large for an image")
    modality = str(file.get("Modality") or "")
    if not modality:
        notes.append("Modality is missing")
    elif modality == "SEG":
        notes.append("Modality SEG: a mask, not an image")
    if values.min() == values.max():
        notes.append("all pixels are the same")
    return Picture(
        name=name,
        values=values,
        limits=limits,
        unit=unit,
        inverted=kind == "MONOCHROME1",
        millimeters=_spacing(places, notes),
        window=window,
        done=tuple(done),
        warnings=tuple(notes),
    )


# ---- elements ------------------------------------------------------------------------------


def _check_elements(file: pydicom.Dataset) -> None:
    floats = "FloatPixelData" in file or "DoubleFloatPixelData" in file
    if not floats and "PixelData" not in file:
        modality = str(file.get("Modality") or "missing")[:60]
        raise _FaultError(f"there are no pixels in it (Modality {modality}); leave it out")
    whole = WHOLE if floats else WHOLE + SIGN
    needed = (*whole, "PhotometricInterpretation")
    if missing := [keyword for keyword in needed if file.get(keyword) in (None, "")]:
        raise _FaultError(f"{' and '.join(missing)} missing; without it pixels can't be read")
    for keyword in needed:
        if not isinstance(file.get(keyword), int if keyword in whole else str):
            kind = "whole number" if keyword in whole else "word"
            raise _FaultError(f"{keyword} is {_short(file.get(keyword))}, no {kind}")
    if not floats and not 1 <= file.BitsStored <= file.BitsAllocated:
        raise _FaultError(f"BitsStored is {file.BitsStored} of BitsAllocated {file.BitsAllocated}")


def _short(value: Any) -> str:
    return repr(value)[:60]


def _frame(file: pydicom.Dataset, frame: int | None) -> int:
    count = (_numbers([file], "NumberOfFrames") or [1])[0]
    if count != int(count) or not 0 < count < LARGEST_FILM:
        raise _FaultError(f"NumberOfFrames is {count:g}")
    count = int(count)
    if frame is None and count > 1:
        raise _FaultError(f"a film of {count} frames, one case; choose one: frame=0 to {count - 1}")
    if frame is None:
        return 0
    if not isinstance(frame, int | np.integer) or not 0 <= frame < count:
        raise _FaultError(f"frame={frame!r} is none of its {count}; give a whole number from 0")
    return int(frame)


def _places(file: pydicom.Dataset, frame: int) -> list[pydicom.Dataset]:
    """Return where to look for an element: this frame's groups, those of all frames, the file."""
    places = []
    for keyword, number in (
        ("PerFrameFunctionalGroupsSequence", frame),
        ("SharedFunctionalGroupsSequence", 0),
    ):
        groups = file.get(keyword) or []
        if number < len(groups):
            places += [e.value[0] for e in groups[number] if e.VR == "SQ" and e.value]
    return [*places, file]


def _value(places: list[pydicom.Dataset], keyword: str) -> Any:
    """Return the first value that is not empty, or None."""
    values = (place.get(keyword) for place in places)
    return next((v for v in values if v is not None and v != "" and v != []), None)


def _numbers(places: list[pydicom.Dataset], keyword: str) -> list[float]:
    """Return an element as finite numbers; none if it is missing or empty."""
    value = _value(places, keyword)
    if value is None:
        return []
    several = isinstance(value, Sequence) and not isinstance(value, str | bytes)
    try:
        numbers = [float(number) for number in (value if several else [value])]
    except (TypeError, ValueError):
        numbers = [np.nan]
    if not np.isfinite(numbers).all():
        raise _FaultError(f"{keyword} is {_short(value)}, no number")
    return numbers


def _spacing(places: list[pydicom.Dataset], notes: list[str]) -> tuple[float, float] | None:
    """Return the spacing of rows and columns in millimeters, or None and a note."""
    numbers = _numbers(places, "PixelSpacing")
    if len(numbers) == 2 and min(numbers) > 0:
        return numbers[0], numbers[1]
    if numbers:
        notes.append(f"PixelSpacing is {_short(numbers)}: impossible, left out")
    elif _value(places, "ImagerPixelSpacing") is not None:
        notes.append("only ImagerPixelSpacing, measured at the detector: no spacing is taken")
    else:
        notes.append("PixelSpacing is missing")
    return None


# ---- gray levels ---------------------------------------------------------------------------


def _levels(
    file: pydicom.Dataset,
    places: list[pydicom.Dataset],
    stored: np.ndarray,
    done: list[str],
    notes: list[str],
) -> tuple[np.ndarray, tuple[float, float], str]:
    """Return a gray image in the file's unit, the range of its bits in that unit, and the unit."""
    if np.issubdtype(stored.dtype, np.floating):
        limits = float(stored.min()), float(stored.max())
    else:
        highest = 2.0 ** int(file.BitsStored) - 1
        signed = file.PixelRepresentation == 1
        limits = (-(highest + 1) / 2, (highest - 1) / 2) if signed else (0.0, highest)
    unit = str(_value(places, "RescaleType") or "")
    padding = _padding(places, stored)
    if tables := _value(places, "ModalityLUTSequence"):
        table = _table(tables[0])
        top = 2.0 ** _depth(tables[0]) - 1
        values, limits = _look_up(stored, table) * top, (0.0, top)
        unit = str(tables[0].get("ModalityLUTType") or "")
        done.append("values of the modality table")
    else:
        slopes, intercepts = (_numbers(places, f"Rescale{x}") for x in ("Slope", "Intercept"))
        slope, intercept = [*slopes, 1.0][0], [*intercepts, 0.0][0]
        if slope == 0:
            raise _FaultError("RescaleSlope is 0: all pixels would be the same")
        values = stored * slope + intercept
        low, high = sorted(limit * slope + intercept for limit in limits)
        limits = low, high
        if slopes or intercepts:
            done.append(f"{slope:g} * stored + {intercept:g}")
        if file.get("Modality") == "CT" and slopes and intercepts:
            unit = unit or "HU"
        if bool(slopes) != bool(intercepts) or (file.get("Modality") == "CT" and not slopes):
            notes.append("RescaleSlope or RescaleIntercept is missing; 1 and 0 are taken")
    if padding.all():
        notes.append("all pixels are padding")
    elif padding.any():
        others = values[~padding]
        inverted = file.PhotometricInterpretation == "MONOCHROME1"
        values[padding] = others.max() if inverted else others.min()
        done.append(f"{padding.sum()} pixels of padding to the darkest other value")
    if unit == "HU" and values.min() < LOWEST_HU:
        notes.append(f"{values.min():g} HU is less than air: padding that the file does not name?")
    return values, limits, "" if unit == "US" else unit  # US: unspecified (C.11.1.1.2)


def _padding(places: list[pydicom.Dataset], stored: np.ndarray) -> np.ndarray:
    """Return where the stored values are padding: one value, or a range (C.7.5.1.1.2)."""
    keywords = ("PixelPaddingValue", "PixelPaddingRangeLimit")
    ends = [number for keyword in keywords for number in _numbers(places, keyword)]
    if not _numbers(places, keywords[0]):
        return np.zeros(stored.shape, dtype=bool)
    if np.issubdtype(stored.dtype, np.signedinteger):
        # Some files write the sign as 2^16 more.
        ends = [end - 2**16 if 2**15 <= end < 2**16 else end for end in ends]
    elif np.issubdtype(stored.dtype, np.unsignedinteger):
        ends = [end + 2**16 if end < 0 else end for end in ends]
    return (min(ends) <= stored) & (stored <= max(ends))


# ---- windows -------------------------------------------------------------------------------


def _depth(item: pydicom.Dataset) -> int:
    try:
        depth = int(item.LUTDescriptor[2])
    except (AttributeError, IndexError, TypeError, ValueError):
        raise _FaultError("a table (LUT) without a description that can be read") from None
    if not 8 <= depth <= 16:
        raise _FaultError(f"a table of {depth} bits; the standard knows 8 to 16")
    return depth


def _table(item: pydicom.Dataset) -> Table:
    """Return a table of a VOI or modality LUT sequence."""
    top = 2.0 ** _depth(item) - 1
    count, first = int(item.LUTDescriptor[0]) or 2**16, float(item.LUTDescriptor[1])
    data = item.get("LUTData")
    if isinstance(data, bytes):
        data = np.frombuffer(data, ">u2" if item.original_encoding[1] is False else "<u2")
    levels = np.atleast_1d(data)
    if len(levels) < count:
        raise _FaultError(f"a table of {count} levels holds {len(levels)}")
    return Table(first, np.clip(levels[:count].astype(float) / top, 0, 1))


def _look_up(values: np.ndarray, table: Table) -> np.ndarray:
    places = np.clip(np.round(values - table.first), 0, len(table.levels) - 1)
    return table.levels[places.astype(int)]


def _window(places: list[pydicom.Dataset], notes: list[str]) -> Window | Table | None:
    """Return the file's first table, or its first window, or None."""
    if tables := _value(places, "VOILUTSequence"):
        if len(tables) > 1:
            notes.append(f"{len(tables)} tables (VOI LUT): the first is taken")
        return _table(tables[0])
    centers, widths = _numbers(places, "WindowCenter"), _numbers(places, "WindowWidth")
    if not centers and not widths:
        return None
    function = str(_value(places, "VOILUTFunction") or "LINEAR").upper()
    if not centers or not widths or function not in FUNCTIONS:
        notes.append(f"a window of {_short((centers, widths, function))}: left out")
        return None
    if len(centers) > 1 or len(widths) > 1:
        notes.append(f"{max(len(centers), len(widths))} windows: the first is taken")
    window = Window(centers[0], widths[0], function)
    if not _is_wide(window):
        notes.append(f"a window of width {window.width:g} is none: left out")
        return None
    return window


def _is_wide(window: Window) -> bool:
    return window.width >= 1 if window.function == "LINEAR" else window.width > 0


def _through(values: np.ndarray, window: Window) -> np.ndarray:
    """Return values from 0 to 1, as C.11.2.1.2 and C.11.2.1.3 have it."""
    center, width, function = window
    if function == "SIGMOID":
        return expit(4 * (values - center) / width)
    if function == "LINEAR":
        center, width = center - 0.5, width - 1
    bottom = center - width / 2
    return np.clip((values - bottom) / width, 0, 1) if width else (values > bottom).astype(float)


# ---- what you do with a picture ------------------------------------------------------------


def to_gray(picture: Picture) -> np.ndarray:
    """Return the values with white for the largest, turned around if the file has it otherwise.

    The largest number of the file's bits is turned into the smallest, not the largest of this
    image: so all images of one device are treated alike.

    Parameters
    ----------
    picture : Picture
        Gray or color.

    Returns
    -------
    float array (H, W) or (H, W, 3)

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> film = read(get_testdata_file("RG1_UNCR.dcm", download=False))
    >>> film.inverted, film.limits, float(film.values[0, 0] + to_gray(film)[0, 0])
    (True, (0.0, 32767.0), 32767.0)
    """
    return sum(picture.limits) - picture.values if picture.inverted else picture.values


def to_unit(picture: Picture, window: Choice = None) -> np.ndarray:
    """Return an image from 0 (black) to 1 (white).

    Parameters
    ----------
    picture : Picture
        Gray or color. Color is divided by the largest number of its bits.
    window : (center, width), Window, "percentiles" or None
        In the file's unit. "percentiles" scales between the 1st and the 99th of this image, or
        between its smallest and largest value where those are equal. None takes the file's own
        window or table, or percentiles if it has none.

    Returns
    -------
    float array (H, W) or (H, W, 3)
        Zeros where all pixels are the same and no window says what they are.

    Raises
    ------
    ValueError
        If `window` is none of these, has no width, or is given to a color image.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> picture = read(get_testdata_file("CT_small.dcm", download=False))
    >>> print(to_unit(picture, window=(40, 400)).mean().round(2))
    0.4
    """
    if picture.values.ndim == 3:
        if window is not None:
            raise ValueError(f"{picture.name} is in color; a window is for gray images")
        return np.clip(picture.values / picture.limits[1], 0, 1)
    chosen: Any = picture.window or "percentiles" if window is None else window
    if chosen == "percentiles":
        return _between_percentiles(to_gray(picture))
    if isinstance(chosen, Table):
        unit = _look_up(picture.values, chosen)
    else:
        unit = _through(picture.values, _checked(chosen))
    return 1 - unit if picture.inverted else unit


def _checked(window: Any) -> Window:
    try:
        center, width, function = Window(*window)
        numbers = Window(float(center), float(width), function)
    except (TypeError, ValueError):
        raise ValueError(f'window={window!r}; give (center, width) or "percentiles"') from None
    if function not in FUNCTIONS:
        raise ValueError(f"function {function!r} of the window is none of {', '.join(FUNCTIONS)}")
    if not np.isfinite(numbers[:2]).all() or not _is_wide(numbers):
        raise ValueError(f"window={window!r}; the width is above 0 (LINEAR: 1 or more)")
    return numbers


def _between_percentiles(values: np.ndarray) -> np.ndarray:
    bottom, top = np.percentile(values, PERCENTILES)
    if bottom == top:  # nearly all background
        bottom, top = values.min(), values.max()
    if bottom == top:
        return np.zeros(values.shape)
    return np.clip((values - bottom) / (top - bottom), 0, 1)


def to_uint8(picture: Picture, window: Choice = None) -> np.ndarray:
    """Return an image as `helpers.datasets` has them: 0 is black, 255 is white.

    Parameters
    ----------
    picture : Picture
        Gray or color.
    window : (center, width), Window, "percentiles" or None
        As in `to_unit`.

    Returns
    -------
    uint8 array (H, W) or (H, W, 3)

    Raises
    ------
    ValueError
        As in `to_unit`.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> picture = read(get_testdata_file("MR_small.dcm", download=False))
    >>> to_uint8(picture, window=(600, 1600)).shape
    (64, 64)
    """
    return (to_unit(picture, window) * 255).round().astype(np.uint8)


def resample(picture: Picture, millimeters: float = 1.0) -> Picture:
    """Return the picture with pixels of one size, in both directions.

    Parameters
    ----------
    picture : Picture
        With a spacing.
    millimeters : float
        From pixel to pixel, above 0.

    Returns
    -------
    Picture
        Averaged on the way down (anti-aliasing), interpolated on the way up.

    Raises
    ------
    ValueError
        If there is no spacing, or it would make an image without pixels, or a huge one.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> picture = read(get_testdata_file("CT_small.dcm", download=False))
    >>> resample(picture, 2).values.shape
    (42, 42)
    """
    if not isinstance(millimeters, int | float | np.number) or not 0 < millimeters < np.inf:
        raise ValueError(f"millimeters={millimeters!r}; give a number above 0")
    if picture.millimeters is None:
        raise ValueError(f"{picture.name} has no spacing that can be used; it can't be resampled")
    scale = [spacing / millimeters for spacing in picture.millimeters]
    sides = [side * factor for side, factor in zip(picture.values.shape, scale, strict=False)]
    if not 0.5 < min(sides) <= max(sides) <= LARGEST_SIDE:
        raise ValueError(
            f"{picture.name} has a spacing of {picture.millimeters} mm; at {millimeters:g} mm it "
            f"would be {sides[0]:.4g} by {sides[1]:.4g} pixels"
        )
    axis = 2 if picture.values.ndim == 3 else None
    values = rescale(
        picture.values, scale, anti_aliasing=True, preserve_range=True, channel_axis=axis
    )
    size = float(millimeters)
    return picture._replace(
        values=values, millimeters=(size, size), done=(*picture.done, f"resampled to {size:g} mm")
    )


def to_tensor(
    picture: Picture,
    size: int,
    window: Choice = None,
) -> np.ndarray:
    """Return a small square image for a network: from 0 to 1, channels last.

    If rows and columns differ in spacing, pixels are made square first. The longer side is cut
    equally at both ends.

    Parameters
    ----------
    picture : Picture
        Gray or color.
    size : int
        Rows and columns, 1 or more.
    window : (center, width), Window, "percentiles" or None
        As in `to_unit`.

    Returns
    -------
    float32 array (size, size, 1) or (size, size, 3)

    Raises
    ------
    ValueError
        If `size` is no such number, or as in `to_unit` and `resample`.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> to_tensor(read(get_testdata_file("CT_small.dcm", download=False)), 28).shape
    (28, 28, 1)
    """
    if (
        isinstance(size, bool)
        or not isinstance(size, int | np.integer)
        or not 1 <= size <= LARGEST_SIDE
    ):
        raise ValueError(f"size={size!r}; give a whole number from 1 to {LARGEST_SIDE}")
    if picture.millimeters and picture.millimeters[0] != picture.millimeters[1]:
        picture = resample(picture, min(picture.millimeters))
    image = to_unit(picture, window)
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    square = image[top : top + side, left : left + side]
    small = resize(square, (size, size), anti_aliasing=True).astype(np.float32)
    return small.reshape(size, size, -1)
