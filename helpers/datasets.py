"""Images in: the MedMNIST sets, checked, or simulated look-alikes where they can't be had.

`load` looks for a file in three places, in this order: the folder named by the environment variable
`MEDMNIST_MIRROR`; the cache (in the user's cache folder, or in the folder named by
`MEDMNIST_CACHE`); the published address. Whatever the place, the file must have the published
checksum. A mirror that can't be used is said in a warning. Simulated images are given only when
asked for, with `synthetic=True` or `MEDMNIST_SYNTHETIC=1`. `python -m helpers.datasets` fetches and
checks the sets of the lessons and says where they lie.

Source: Yang et al., Scientific Data 10:41, 2023, doi 10.1038/s41597-022-01721-8.
"""

import csv
import difflib
import errno
import html
import math
import operator
import os
import secrets
import sys
import warnings
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import pooch

from . import phantoms

if sys.platform != "win32":
    import fcntl

ADDRESS = "https://zenodo.org/records/10519652/files/"
CITATION = (
    "Yang et al., MedMNIST v2 - A large-scale lightweight benchmark for 2D and 3D biomedical "
    "image classification, Scientific Data 10:41, 2023, doi 10.1038/s41597-022-01721-8"
)
# Seconds without a sign of life from the server.
TIMEOUT = 30
# The splits, as this book and as the files call them.
SPLITS = {"train": "train", "validation": "val", "test": "test"}


class DatasetError(Exception):
    """The images can't be had or can't be trusted; the message says what to do."""


def _cut(text: str, most: int = 300) -> str:
    """Return a text, or the beginning of a long one."""
    return text if len(text) <= most else f"{text[:most]} ..."


def synthetic_setting(variable: str = "MEDMNIST_SYNTHETIC") -> bool | None:
    """Return what the environment variable `MEDMNIST_SYNTHETIC`, or another like it, says.

    Parameters
    ----------
    variable : str
        Its name.

    Returns
    -------
    bool or None
        True (1) for simulated images; False (0) for real ones, without which tests fail; None where
        nothing is said: real ones, and tests that can't have them take simulated ones.

    Raises
    ------
    ValueError
        If it is anything else.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, MEDMNIST_SYNTHETIC="1"):
    ...     synthetic_setting()
    True
    """
    value = os.environ.get(variable, "")
    if value not in ("", "0", "1"):
        raise ValueError(
            f"{variable} is {_cut(repr(value), 60)}; "
            "set it to 1 for simulated images, to 0 for real ones, or not at all"
        )
    return bool(int(value)) if value else None


@dataclass(frozen=True)
class Facts:
    """What is published about a set: `helpers/medmnist.csv`, one row a set.

    `counts` holds the number of images in each split, `md5` the checksum of the file of each size
    in pixels.
    """

    name: str
    task: str
    dimensions: int
    channels: int
    counts: dict[str, int]
    license: str
    md5: dict[int, str]
    classes: tuple[str, ...]

    def image_shape(self, size: int) -> tuple[int, ...]:
        """Return (H, W, C), or (D, H, W, C) for a volume."""
        return (size,) * self.dimensions + (self.channels,)


def _read_facts() -> dict[str, Facts]:
    with Path(__file__).with_name("medmnist.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["name"]: Facts(
                name=row["name"],
                task=row["task"],
                dimensions=int(row["dimensions"]),
                channels=int(row["channels"]),
                counts={split: int(row[split]) for split in SPLITS},
                license=row["license"],
                md5={size: row[f"md5_{size}"] for size in (28, 64, 128, 224) if row[f"md5_{size}"]},
                classes=tuple(row["classes"].split("|")),
            )
            for row in csv.DictReader(file)
        }


FACTS = _read_facts()


@dataclass(frozen=True, eq=False)
class Split:
    """Images and their labels.

    Attributes
    ----------
    images : uint8 array (N, H, W, C), or (N, D, H, W, C) for volumes
        Gray or color levels from 0 to 255.
    labels : int array (N,), or (N, number of classes) for a multi-label set
        Numbers of classes, from 0; for a multi-label set 1 where the class is present.
    """

    images: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A set in three splits.

    Attributes
    ----------
    train, validation, test : Split
        To learn from, to choose with, to judge by once.
    classes : tuple of str
        The name of each label.
    name, size, task, license, citation : str, int, str, str, str
        As published; `size` in pixels.
    provenance : str
        Where the images come from on this machine.
    synthetic : bool
        Whether the images are simulated.
    """

    train: Split
    validation: Split
    test: Split
    classes: tuple[str, ...]
    name: str
    size: int
    task: str
    license: str
    citation: str
    provenance: str
    synthetic: bool

    def _heading(self) -> str:
        shape = " x ".join(map(str, self.train.images.shape[1:]))
        # No path: what a lesson prints is the same on every machine.
        kind = "SIMULATED, not real images" if self.synthetic else f"real images, {self.license}"
        return f"{self.name}: {shape}, {self.task}, {kind}"

    def _counts(self) -> list[tuple[str, list[int]]]:
        """Return for each class, then for all images, the number in each split."""
        splits = [self.train, self.validation, self.test]
        counts = []
        for label, name in enumerate(self.classes):
            # In a multi-label set a column of 0 and 1 is one class.
            members = [
                s.labels[:, label] if s.labels.ndim == 2 else s.labels == label for s in splits
            ]
            title = f"{label} {name}" if name != str(label) else name
            counts.append((title, [int(m.sum()) for m in members]))
        return [*counts, ("images", [len(s.labels) for s in splits])]

    def __repr__(self) -> str:
        table = [("", list(SPLITS))] + [
            (n, [f"{c:,}" for c in counts]) for n, counts in self._counts()
        ]
        width = max(len(name) for name, _ in table)
        lines = [f"{name:{width}}" + "".join(f"{c:>12}" for c in cells) for name, cells in table]
        return "\n".join([self._heading(), *lines])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{split}</th>' for split in SPLITS)
        body = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th>'
            + "".join(f"<td>{count:,}</td>" for count in counts)
            + "</tr>"
            for name, counts in self._counts()
        )
        return (
            f"<table><caption>{html.escape(self._heading())}</caption>"
            f'<thead><tr><th scope="col">class</th>{head}</tr></thead><tbody>{body}</tbody></table>'
        )


def load(name: str, size: int = 28, synthetic: bool | None = None) -> Dataset:
    """Return a MedMNIST set; the first time this downloads it.

    Parameters
    ----------
    name : str
        One of the names in `FACTS`, e.g. "pneumoniamnist", in any case.
    size : int
        Height and width in pixels: 28, 64, 128 or 224; 28 or 64 for volumes.
    synthetic : bool or None
        True for simulated look-alikes, of breastmnist, pneumoniamnist, retinamnist, adrenalmnist3d
        and vesselmnist3d at 28 pixels: the same shapes, classes and split sizes, and images of
        nobody. None means True if the environment variable `MEDMNIST_SYNTHETIC` is 1.

    Returns
    -------
    Dataset
        Images uint8, labels int64.

    Raises
    ------
    ValueError
        If the name is unknown, the size is not offered, there is no look-alike, or `synthetic` or
        `MEDMNIST_SYNTHETIC` says neither yes nor no.
    DatasetError
        If the file can't be had, or is not what was published.

    Examples
    --------
    >>> data = load("breastmnist", synthetic=True)
    >>> data
    breastmnist: 28 x 28 x 1, binary-class, SIMULATED, not real images
                           train  validation        test
    0 malignant              147          21          42
    1 normal, benign         399          57         114
    images                   546          78         156
    >>> data.train.images.shape, data.train.images.dtype, data.train.labels.shape
    ((546, 28, 28, 1), dtype('uint8'), (546,))
    """
    facts = FACTS.get(name.lower()) if isinstance(name, str) else None
    if facts is None:
        given = _cut(repr(name), 60)
        near = difflib.get_close_matches(given.strip("'").lower(), FACTS, n=3, cutoff=0.5)
        raise ValueError(f"no set is called {given}; did you mean {', '.join(near or FACTS)}?")
    size = _size(size, facts)
    if synthetic is None:
        synthetic = bool(synthetic_setting())
    elif not isinstance(synthetic, bool | np.bool_):
        raise ValueError(f"synthetic is {_cut(repr(synthetic), 60)}; say True, False or None")
    if synthetic:
        splits, provenance = _simulate(facts, size), "SIMULATED (not real images)"
    else:
        path, provenance = _find(facts, size)
        splits = _read(path, facts, size)
    return Dataset(
        **splits,
        classes=facts.classes,
        name=facts.name,
        size=size,
        task=facts.task,
        license=facts.license,
        citation=CITATION,
        provenance=provenance,
        synthetic=synthetic,
    )


def _size(size: int, facts: Facts) -> int:
    """Return one of the sizes that are offered, as an int."""
    try:
        # True is 1 to Python; no image has one pixel.
        whole = operator.index(size)
    except TypeError:
        whole = None
    if whole not in facts.md5:
        offered = ", ".join(map(str, facts.md5))
        kind = ", as an integer" if whole is None else ""
        raise ValueError(
            f"{facts.name} has no size {_cut(repr(size), 60)}; choose one of {offered} pixels{kind}"
        )
    return whole


class _LookAlike(NamedTuple):
    """How to simulate a set: with what, how much of it, and what stands for each of its classes.

    `counts` holds the real set's number of images of each class, split by split; `kinds` for each
    class the simulator's, of which each image is one, all with the same chance.
    """

    simulate: Callable[..., phantoms.Phantoms]
    counts: tuple[tuple[int, ...], ...]
    kinds: tuple[tuple[int, ...], ...]


LOOK_ALIKES = {
    # Malignant; or else normal, or three times as often benign.
    "breastmnist": _LookAlike(
        phantoms.ultrasound, ((147, 399), (21, 57), (42, 114)), ((2,), (0, 1, 1, 1))
    ),
    "pneumoniamnist": _LookAlike(
        phantoms.radiographs, ((1214, 3494), (135, 389), (234, 390)), ((0,), (1,))
    ),
    "retinamnist": _LookAlike(
        phantoms.fundus,
        ((486, 128, 206, 194, 66), (54, 12, 28, 20, 6), (174, 46, 92, 68, 20)),
        ((0,), (1,), (2,), (3,), (4,)),
    ),
    "adrenalmnist3d": _LookAlike(phantoms.tubes, ((929, 259), (76, 22), (229, 69)), ((0,), (1,))),
    "vesselmnist3d": _LookAlike(phantoms.tubes, ((1185, 150), (169, 22), (339, 43)), ((0,), (1,))),
}


def _simulate(facts: Facts, size: int) -> dict[str, Split]:
    """Return simulated splits; always the same."""
    if facts.name not in LOOK_ALIKES or size != 28:
        raise ValueError(
            f"there is no simulated {facts.name} of {size} pixels; "
            f"choose one of {', '.join(LOOK_ALIKES)} at 28 pixels, or the real images"
        )
    simulate, counts, kinds = LOOK_ALIKES[facts.name]
    splits = {}
    for seed, (split, count) in enumerate(zip(SPLITS, counts, strict=True)):
        rng = np.random.default_rng(seed)
        labels = rng.permutation(np.repeat(np.arange(len(count)), count))
        drawn = [
            kinds[label][int(chance * len(kinds[label]))]
            for label, chance in zip(labels, rng.random(len(labels)), strict=True)
        ]
        splits[split] = Split(simulate(drawn, seed=seed).images, labels)
    return splits


def _find(facts: Facts, size: int) -> tuple[Path, str]:
    """Return the verified file of a set and where it was: mirror, cache or download."""
    file, md5 = facts.name + ("" if size == 28 else f"_{size}") + ".npz", facts.md5[size]
    tried = []
    if os.environ.get("MEDMNIST_MIRROR"):
        path = _folder("MEDMNIST_MIRROR") / file
        problem = _problem(path, md5)
        if not problem:
            return path, f"mirror {path}"
        tried.append(f"mirror: {path} {problem}")
        # Whoever set it would otherwise believe that it is used.
        warnings.warn(
            f"MEDMNIST_MIRROR is set, but {path} {problem}; looking elsewhere", stacklevel=3
        )
    path = _folder("MEDMNIST_CACHE", str(pooch.os_cache("medmnist"))) / file
    problem = _problem(path, md5)
    if not problem:
        return path, f"cache {path}"
    tried.append(f"cache: {path} {problem}")
    try:
        # What lies in the cache is missing or spoilt, and is replaced.
        return _download(path, md5), f"download {ADDRESS}{file}"
    except (OSError, ValueError) as error:
        reason = _cut(f"{type(error).__name__}: {error}")
        tried.append(f"download: {ADDRESS}{file} {reason}")
        message = "\n- ".join([f"{file} can't be had. Tried:", *tried])
        # From None: the message says it all; the chain would be forty lines of other libraries.
        raise DatasetError(f"{message}\n{_remedy(error, path)}") from None


def _folder(variable: str, default: str = "") -> Path:
    """Return the folder that an environment variable names, as an absolute path."""
    value = os.environ.get(variable) or default
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError:
        raise DatasetError(
            f"{variable} is {_cut(value)!r}: nobody here is called so and has a home; "
            "write the whole path"
        ) from None


def _problem(path: Path, md5: str) -> str:
    """Return why a file can't be used, or nothing if it can."""
    try:
        if path.is_dir():
            return "is a folder, not a file"
        if not path.is_file():
            return "is not there" if path.parent.is_dir() else "is not there, nor is its folder"
        if pooch.file_hash(str(path), alg="md5") != md5:
            return f"is not the published file, whose md5 is {md5}"
    except OSError as error:
        return f"can't be read ({error.strerror})"
    return ""


def _download(path: Path, md5: str) -> Path:
    """Fetch a file: under another name, and moved to `path` once its checksum agrees."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path.parent)
    progress = sys.stderr.isatty() or "ipykernel" in sys.modules
    fetch = pooch.HTTPDownloader(progressbar=progress, chunk_size=2**16, timeout=TIMEOUT)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        # Opened here: `pooch.retrieve` makes files that only their owner can read.
        with part.open("xb") as file:
            _hold(file)
            fetch(ADDRESS + path.name, file, None)
        came = pooch.file_hash(str(part), alg="md5")
        if came != md5:
            raise ValueError(f"the md5 of what came is {came}, that of the published file {md5}")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _hold(file: BinaryIO) -> None:
    """Lock a file until it is closed or its process ends; OSError if another one holds it."""
    # On Windows a file that is open can't be removed anyway.
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sweep(folder: Path) -> None:
    """Remove what downloads have left that were killed; those that run hold their files."""
    for part in folder.glob("*.part"):
        with suppress(OSError):
            with part.open("r+b") as file:
                _hold(file)
            part.unlink()


def _remedy(error: Exception, path: Path) -> str:
    """Say what to do when a download fails."""
    from requests import exceptions

    # The file of certificates that is named is not there: an OSError of no kind of its own.
    if isinstance(error, exceptions.SSLError) or "TLS CA certificate bundle" in str(error):
        advice = (
            "The server's certificate can't be checked. See that this machine's clock is right. "
            "If a proxy opens connections here, get its certificate from those who run it and set "
            "REQUESTS_CA_BUNDLE to that file."
        )
    elif isinstance(error, exceptions.HTTPError) and error.response is not None:
        advice = _answer(error.response.status_code, error.response.headers.get("Retry-After", ""))
    elif isinstance(error, exceptions.ProxyError) and " 407 " in str(error):
        advice = _answer(407)
    elif isinstance(
        error, exceptions.ProxyError | exceptions.InvalidURL | exceptions.InvalidSchema
    ):
        advice = (
            "The proxy does not let this through, or is not there. See what HTTPS_PROXY says; "
            "correct it, or unset it where none is needed."
        )
    elif isinstance(error, exceptions.ReadTimeout | exceptions.ChunkedEncodingError):
        advice = "The connection broke. Try again."
    elif isinstance(error, exceptions.RequestException):
        # One that stopped in the middle is called so, too.
        advice = "Connect to the internet and try again."
    elif isinstance(error, ValueError):
        return (
            "What came is not the published file. Try again; if that does not help, see whether a "
            "proxy or a login page answers in the server's place."
        )
    elif isinstance(error, IsADirectoryError):
        return f"Remove the folder {path}, or set MEDMNIST_CACHE to another one."
    elif getattr(error, "errno", None) == errno.ENOSPC:
        return "The disk is full: make room, or set MEDMNIST_CACHE to a folder on another one."
    elif path.is_file() and not os.access(path, os.R_OK):
        return (
            f"Ask the owner of {path} to let you read it (chmod a+r), "
            "or set MEDMNIST_CACHE to a folder of your own."
        )
    else:
        return f"{path.parent} can't be written to: set MEDMNIST_CACHE to a folder that can."
    simulated = (
        ", or say synthetic=True (MEDMNIST_SYNTHETIC=1) for simulated images"
        if path.stem in LOOK_ALIKES
        else ""
    )
    return f"{advice} Or set MEDMNIST_MIRROR to a folder that holds {path.name}{simulated}."


def _answer(status: int, wait: str = "") -> str:
    """Say what to do about a server's answer that is no file."""
    if status in (401, 403):
        return (
            "The server, or a filter on the way to it, refuses this network. Try from another one, "
            "or fetch the file with a browser."
        )
    if status in (404, 410):
        return (
            "The server has no such file any more. Get a newer copy of this book; if that says the "
            "same, please report it."
        )
    if status == 407:
        return (
            "The proxy wants to know who you are: "
            "set HTTPS_PROXY to http://NAME:PASSWORD@HOST:PORT."
        )
    if status == 429:
        pause = f"{wait} seconds" if wait.isdecimal() and len(wait) < 6 else "a few minutes"
        return (
            f"The server had too many requests from here, as from a whole class. Wait {pause} and "
            "try again; let one machine fetch the files for all."
        )
    if status >= 500:
        return "The fault is the server's, not yours. Try again later."
    return "The server does not take this request. Try from another network."


def _read(path: Path, facts: Facts, size: int) -> dict[str, Split]:
    """Return the splits of a file, each array checked against the facts."""
    try:
        # np.load takes a file that is no zip for a pickle, and says so instead.
        if not zipfile.is_zipfile(path):
            raise ValueError("it is not a zip file")
        with np.load(path, allow_pickle=False) as arrays:
            return {split: _split(arrays, key, split, facts, size) for split, key in SPLITS.items()}
    except MemoryError:
        needed = sum(facts.counts.values()) * math.prod(facts.image_shape(size)) / 1e9
        raise DatasetError(
            f"{facts.name} at {size} pixels takes {needed:.1f} GB, more memory than there is; "
            "choose a smaller size"
        ) from None
    # Whatever it is: zip files, four ways of packing and NumPy have a dozen kinds of errors.
    except Exception as error:
        reason = _cut(str(error.args[0])) if error.args else type(error).__name__
        raise DatasetError(
            f"{path} is not as described in helpers/medmnist.csv: {reason}. "
            "Its checksum is right, so the description is wrong: please report it."
        ) from None


def _split(arrays: np.lib.npyio.NpzFile, key: str, split: str, facts: Facts, size: int) -> Split:
    # What is no array comes out of np.load as bytes.
    images, labels = np.asarray(arrays[f"{key}_images"]), np.asarray(arrays[f"{key}_labels"])
    if images.dtype != np.uint8 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{key}_images are {images.dtype} and {key}_labels {labels.dtype}, "
            "expected uint8 and integers"
        )
    count, classes = facts.counts[split], len(facts.classes)
    multi = facts.task == "multi-label"
    shape = (count, *facts.image_shape(size))
    # The files leave out the channel of gray images.
    stored = shape if facts.channels > 1 else shape[:-1]
    labels_shape = (count, classes if multi else 1)
    if images.shape != stored or labels.shape != labels_shape:
        raise ValueError(
            f"{key}_images are {images.shape} and {key}_labels {labels.shape}, "
            f"expected {stored} and {labels_shape}"
        )
    top = 1 if multi else classes - 1
    if labels.min() < 0 or labels.max() > top:
        raise ValueError(
            f"{key}_labels go from {labels.min()} to {labels.max()}, expected 0 to {top}"
        )
    labels = labels.astype(np.int64)
    return Split(images.reshape(shape), labels if multi else labels[:, 0])


def _main() -> int:
    """Fetch and check the sets of the lessons, and say where they lie."""
    failed = 0
    for name in LOOK_ALIKES:
        try:
            path, _ = _find(FACTS[name], 28)
            _read(path, FACTS[name], 28)
            print(f"{name}: checked, {path}")
        except DatasetError as error:
            failed += 1
            print(f"{name}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(_main())
