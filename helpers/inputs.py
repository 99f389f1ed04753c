"""The guard at the door: what a helper takes, in its usual form, or one ValueError.

Each function gets the name and the value of an argument. It returns the value in the form that the
helpers work with, or raises a ValueError that names the value and says what to do.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

# What rounding may add to an image in [0, 1], for example when it is blurred.
ROUNDING = 1e-3


def told(value: object) -> str:
    """Return a value as an error says it: in one short line.

    Examples
    --------
    >>> told(1.5), told(np.zeros((2, 3))), told("x" * 1000)[-8:]
    ('1.5', 'an array of shape (2, 3) and dtype float64', 'xxxxx...')
    """
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else text[:77] + "..."


def whole(name: str, value: object, least: int, most: int | None = None) -> int:
    """Return an integer from `least` to `most`.

    True is no integer here, and neither is 1.0: both are slips more often than meant.

    Raises
    ------
    ValueError
        If it is another value.

    Examples
    --------
    >>> whole("steps", np.int64(3), least=1)
    3
    >>> whole("steps", 1.5, least=1)
    Traceback (most recent call last):
    ValueError: steps=1.5; give an integer of 1 or more
    """
    right = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not right or value < least or (most is not None and value > most):  # type: ignore[operator]
        span = f"of {least} or more" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name}={told(value)}; give an integer {span}")
    return int(value)  # type: ignore[call-overload,no-any-return]


def number(
    name: str,
    value: object,
    least: float = -math.inf,
    most: float = math.inf,
    above: float = -math.inf,
    below: float = math.inf,
) -> float:
    """Return a finite number from `least` to `most`, above `above` and below `below`.

    Raises
    ------
    ValueError
        If it is another value: NaN, infinite, a text, an array, True.

    Examples
    --------
    >>> number("rate", 0.5, above=0), number("zoom", 0, least=0, below=1)
    (0.5, 0)
    >>> number("rate", float("nan"), above=0)
    Traceback (most recent call last):
    ValueError: rate=nan; give a finite number above 0
    """
    right = isinstance(value, int | float | np.integer | np.floating) and not isinstance(
        value, bool
    )
    if not (right and math.isfinite(value) and least <= value <= most and above < value < below):  # type: ignore
        bounds = [
            f"{word} {bound:g}"
            for word, bound in (
                ("from", least),
                ("above", above),
                ("to", most),
                ("to below" if least > -math.inf else "below", below),
            )
            if math.isfinite(bound)
        ]
        raise ValueError(f"{name}={told(value)}; give a finite number {' '.join(bounds)}".rstrip())
    return value  # type: ignore[return-value]


def one_of(name: str, value: object, choices: Collection[Any]) -> Any:
    """Return the value if it is one of the choices.

    Raises
    ------
    ValueError
        If it is not.

    Examples
    --------
    >>> one_of("flip", "up", ["", "horizontal"])
    Traceback (most recent call last):
    ValueError: flip='up'; give one of '', 'horizontal'
    """
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        listed = ", ".join(map(repr, choices))
        raise ValueError(f"{name}={told(value)}; give one of {listed}")
    return value


def instance(name: str, value: object, kind: type, remedy: str) -> Any:
    """Return the value if it is of a class.

    Raises
    ------
    ValueError
        If it is not.

    Examples
    --------
    >>> instance("random", 7, np.random.Generator, "np.random.default_rng(7)")
    Traceback (most recent call last):
    ValueError: random=7 is no Generator; give np.random.default_rng(7)
    """
    if not isinstance(value, kind):
        raise ValueError(f"{name}={told(value)} is no {kind.__name__}; give {remedy}")
    return value


def array(name: str, values: ArrayLike, axes: Sequence[str] = ()) -> Array:
    """Return finite numbers, at least one, as an array with axes of these names.

    Without names of axes, there may be any number of them.

    Raises
    ------
    ValueError
        If they are no such numbers: of unequal lengths, text, objects, complex, NaN, infinite.

    Examples
    --------
    >>> array("maps", [[0, 1]], axes="HW").shape
    (1, 2)
    >>> array("maps", [[0, np.nan]])
    Traceback (most recent call last):
    ValueError: maps[0, 1] is nan, and 1 of 2 values is NaN or infinite; repair or leave them out
    """
    try:
        numbers = np.asarray(values)
    except (ValueError, TypeError):
        raise ValueError(f"{name} are no array; give equal lengths along each axis") from None
    wanted = f" ({', '.join(axes)})" if axes else ""
    if numbers.dtype.kind not in "fiub":
        given = told(values) if numbers.ndim == 0 else f"of dtype {numbers.dtype}"
        raise ValueError(f"{name} are {given}; give an array{wanted} of numbers")
    if axes and numbers.ndim != len(axes):
        remedy = ""
        if numbers.ndim == len(axes) - 1 and axes[-1] == "C":
            remedy = f": {name}[..., np.newaxis] if they are gray, {name}[np.newaxis] if it is one"
        elif numbers.ndim == len(axes) - 1 and axes[0] == "N":
            remedy = f": {name}[np.newaxis] if it is one"
        raise ValueError(f"{name} have shape {numbers.shape}; give {wanted.strip()}{remedy}")
    if not numbers.size:
        raise ValueError(f"{name} have shape {numbers.shape}, so they are empty; give at least one")
    if numbers.dtype.kind == "f" and not (
        np.isfinite(numbers.min()) and np.isfinite(numbers.max())
    ):
        wrong = ~np.isfinite(numbers)
        place = ", ".join(map(str, np.argwhere(wrong)[0]))
        first = f"{name}[{place}]" if place else name
        verb = "is" if wrong.sum() == 1 else "are"
        raise ValueError(
            f"{first} is {numbers[wrong][0]}, and {wrong.sum()} of {numbers.size} values {verb} "
            "NaN or infinite; repair or leave them out"
        )
    return numbers


def images(
    name: str, values: ArrayLike, shape: Sequence[int | None] | None = None, top: int = 1
) -> Array:
    """Return images (N, H, W, C) in [0, 1] as float32; the same array if it is one.

    Parameters
    ----------
    name : str
        Of the argument, for the error.
    values : array (N, H, W, C)
        Floats.
    shape : sequence of int or None, optional
        Rows, columns and channels that are needed; None stands for any number.
    top : int
        255 if gray levels from 0 to 255 are wanted, as integers or floats.

    Raises
    ------
    ValueError
        If there are none, the shape is another one, they are not floats from 0 to `top`, or NaN.
        Rounding by a thousandth is let through.

    Examples
    --------
    >>> images("images", np.full((2, 28, 28, 1), 0.5)).dtype
    dtype('float32')
    >>> images("images", np.full((2, 28, 28, 1), 200, "uint8"))
    Traceback (most recent call last):
    ValueError: images have dtype uint8; give floats in [0, 1]: images.astype("float32") / 255
    """
    X = array(name, values, axes="NHWC")
    if shape is not None and not _fits(X.shape[1:], shape):
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} have shape {X.shape}; give (N, {wanted})")
    if X.dtype.kind == "b" or (X.dtype.kind != "f" and top == 1):
        raise ValueError(
            f"{name} have dtype {X.dtype}; give floats in [0, 1]: "
            f'{name}.astype("float32")' + (" / 255" if X.dtype.kind != "b" else "")
        )
    low, high = float(X.min()), float(X.max())
    if low < -ROUNDING * top:
        raise ValueError(
            f"{name} go from {low:g} to {high:g}; give values in [0, {top}], and let a layer of "
            "the model standardize them"
        )
    if high > top * (1 + ROUNDING):
        divisor = 255 if high <= 255 else f"the largest gray level, such as {high:g}"
        remedy = f"divide by {divisor}" if top == 1 else f"scale them to [0, {top}]"
        raise ValueError(f"{name} go from {low:g} to {high:g}; give values in [0, {top}]: {remedy}")
    if top == 255 and X.dtype.kind == "f" and 0 < high <= 1:
        raise ValueError(
            f"{name} go from {low:g} to {high:g}, but gray levels from 0 to 255 are needed: "
            "multiply by 255"
        )
    return X.astype("float32", copy=False)


def labels(
    name: str, values: ArrayLike, count: int | None = None, classes: int | None = None
) -> Array:
    """Return classes (N,), integers from 0 to `classes` - 1, one to each of `count` images.

    Raises
    ------
    ValueError
        If there are none, another number, or other values.

    Examples
    --------
    >>> labels("labels", [0, 1, 1], count=3, classes=2)
    array([0, 1, 1])
    >>> labels("labels", [[0], [1]])
    Traceback (most recent call last):
    ValueError: labels have shape (2, 1); give (N): labels[:, 0] of a column
    """
    y = array(name, values)
    if y.ndim != 1:
        column = y.ndim == 2 and y.shape[1] == 1
        remedy = "[:, 0] of a column" if column else ".argmax(axis=1) of one-hot vectors"
        raise ValueError(f"{name} have shape {y.shape}; give (N): {name}{remedy}")
    if y.dtype.kind not in "iu":
        raise ValueError(f"{name} have dtype {y.dtype}; give integers: {name}.astype(int)")
    if count is not None and len(y) != count:
        raise ValueError(f"there are {count} images and {len(y)} {name}; give one to each")
    if y.min() < 0 or (classes is not None and y.max() >= classes):
        last = "0 or more" if classes is None else f"0 to {classes - 1}"
        raise ValueError(f"{name} go from {y.min()} to {y.max()}; give classes from {last}")
    return y


def _fits(shape: tuple[int, ...], wanted: Sequence[int | None]) -> bool:
    """Return whether each number is the wanted one, or any is."""
    return len(shape) == len(wanted) and all(
        right in (None, n) for n, right in zip(shape, wanted, strict=True)
    )
