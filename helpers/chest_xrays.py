"""5856 chest radiographs of children, normal, bacterial or viral, with the children's numbers.

`load` looks in three places, in this order: the folder that the environment variable `CHEST_XRAYS`
names, which holds `train` and `test` with the published files at any size; the cache (in the user's
cache folder, or in the folder named by `CHEST_XRAYS_CACHE`); the published archive, 1.2 GB. No
checksum is published, so the content is checked: the names, and how many there are of each class.
Images are squeezed to one size once, and kept in the cache. Simulated ones are given only when
asked for, by an argument or `CHEST_XRAYS_SYNTHETIC=1`. `python -m helpers.chest_xrays` fetches and
checks.

Source: Kermany, Zhang and Goldbaum, Mendeley Data, version 2, 2018, doi 10.17632/rscbjbr9sj.2.
"""

import errno
import hashlib
import os
import re
import secrets
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pooch

from . import phantoms
from .datasets import DatasetError, synthetic_setting
from .folders import Cases, fit_to
from .folders.cases import _need_size, over_files
from .folders.pictures import FaultError, open_bytes, to_channels

ADDRESS = (
    "https://data.mendeley.com/public-files/datasets/rscbjbr9sj/files/"
    "f12eaf6d-6023-432f-acc9-80c9d7393433/file_downloaded"
)
CITATION = (
    "Kermany, Zhang and Goldbaum, Labeled Optical Coherence Tomography (OCT) and Chest X-Ray "
    "Images for Classification, Mendeley Data, version 2, 2018, doi 10.17632/rscbjbr9sj.2"
)
LICENSE = "CC BY 4.0"
ARCHIVE = "ChestXRay2017.zip"
CLASSES = ("normal", "pneumonia")
GERMS = ("normal", "bacterial", "viral")
COUNTS = {
    ("train", "normal"): 1349,
    ("train", "pneumonia"): 3883,
    ("test", "normal"): 234,
    ("test", "pneumonia"): 390,
}
# A common copy has 16 of the training images in a folder of their own.
PARTS = {"train": "train", "val": "train", "test": "test"}
NAME = re.compile(
    r"(?:.*/)?(train|val|test)/(NORMAL|PNEUMONIA)/"
    r"((person\d+)_(bacteria|virus)_.*|((?:NORMAL\d-)?IM-\d+)-.*)\.jpe?g"
)


class _File(NamedTuple):
    """What a file's name says, its size in bytes, and how to get its content."""

    name: str
    part: str
    label: int
    germ: str
    patient: str
    length: int
    content: Callable[[], bytes]


def load(size: int = 224, synthetic: bool | None = None) -> Cases:
    """Return the chest X-rays; the first time this reads, and maybe downloads, all of them.

    Parameters
    ----------
    size : int
        Rows and columns to squeeze each image to.
    synthetic : bool or None
        True for 401 simulated ones of the same layout: images of nobody. None if the environment
        variable `CHEST_XRAYS_SYNTHETIC` is 1.

    Returns
    -------
    Cases
        Gray. Classes normal and pneumonia; `columns["germ"]` is normal, bacterial or viral; `parts`
        train or test. A patient is a child: `train/person118`, or of normal images the
        examination, `train/IM-0115`. Numbers start anew in test, so each part has its own;
        within a part they start anew for each germ, as *Three classes and a germ* shows, so a name
        may stand for two children: a split by name is safe. Children are in the order of the names.

    Raises
    ------
    DatasetError
        If the images can't be had, or are not what was published.
    ValueError
        If the size is none, or the environment variable is neither 0 nor 1.

    Examples
    --------
    >>> cases = load(32, synthetic=True)
    >>> cases
    chest X-rays: 401 images, squeezed to 32 x 32, gray, SIMULATED, not real images
                   images    patients
    normal            130         130
    pneumonia         271         105
    all               401         235
    >>> cases.files[-1].item(), cases.patients[-1].item(), cases.columns["germ"][-1].item()
    ('train/PNEUMONIA/person179_virus_718.jpeg', 'train/person179', 'viral')
    """
    size = _need_size(size)
    if synthetic is None:
        synthetic = bool(synthetic_setting("CHEST_XRAYS_SYNTHETIC"))
    if synthetic:
        return _simulate(size)
    named = os.environ.get("CHEST_XRAYS")
    cache = _cache()
    made = cache / f"chest-xrays-{size}.npz"
    archive = cache / ARCHIVE
    if not named:
        if (cases := _from_cache(made, size, None)) is not None:
            return cases
        if not archive.is_file():
            _download(archive)
    where = Path(named).expanduser().absolute() if named else archive
    files = _list(where)
    source = hashlib.sha256("\n".join(f"{f.name} {f.length}" for f in files).encode()).hexdigest()
    if (cases := _from_cache(made, size, source)) is not None:
        return cases
    cases = _read(files, size)
    _to_cache(made, cases, source)
    return cases


def at_hand() -> bool:
    """Return whether `load` finds the published files, or says where, without a download.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict(os.environ, CHEST_XRAYS="somewhere"):
    ...     at_hand()
    True
    """
    return bool(os.environ.get("CHEST_XRAYS")) or (_cache() / ARCHIVE).is_file()


def _cache() -> Path:
    return Path(os.environ.get("CHEST_XRAYS_CACHE") or pooch.os_cache("chest-xrays")).expanduser()


# ---- the files and their names -------------------------------------------------------------


def _list(where: Path) -> list[_File]:
    """Return all images of a folder or an archive, checked by name and number."""
    try:
        files = _in_archive(where) if where.is_file() else _in_folder(where)
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{where} can't be read ({error}); {_REMEDY}") from None
    counts = Counter((file.part, CLASSES[file.label]) for file in files)
    if counts != COUNTS:
        lines = [
            f"{part} {name}: {counts[part, name]:,} of {n:,}" for (part, name), n in COUNTS.items()
        ]
        raise DatasetError(
            f"{where} does not hold the published images; there are {'; '.join(lines)}. {_REMEDY}"
        )
    names = Counter(file.name for file in files)
    if len(names) < len(files):
        raise DatasetError(f"{where} holds {names.most_common(1)[0][0]} twice; {_REMEDY}")
    return sorted(files)


_REMEDY = (
    "Set CHEST_XRAYS to the folder that holds train/ and test/ with the 5,856 published files, or "
    "unset it to download them; or say synthetic=True (CHEST_XRAYS_SYNTHETIC=1) for simulated ones."
)


def _in_folder(folder: Path) -> list[_File]:
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder")
    files = []
    for path in folder.glob("*/*/*"):
        file = _parse(path.relative_to(folder).as_posix(), path.stat().st_size, path.read_bytes)
        if file:
            files.append(file)
    return files


def _in_archive(path: Path) -> list[_File]:
    archive = zipfile.ZipFile(path)
    files = []
    for info in archive.infolist():
        # macOS adds a shadow of each file.
        if info.filename.startswith("__MACOSX"):
            continue
        file = _parse(info.filename, info.file_size, partial(archive.read, info))
        if file:
            files.append(file)
    return files


def _parse(name: str, size: int, content: Callable[[], bytes]) -> _File | None:
    """Return what a name says, or None if it is no image of the set.

    Examples
    --------
    >>> _parse("train/PNEUMONIA/person118_virus_224.jpeg", 0, bytes)[:5]
    ('train/PNEUMONIA/person118_virus_224.jpeg', 'train', 1, 'viral', 'train/person118')
    """
    match = NAME.fullmatch(name)
    if match is None:
        return None
    folder, kind, stem, child, germ, examination = match.groups()
    pneumonia = kind == "PNEUMONIA"
    if pneumonia != bool(child):
        return None
    part = PARTS[folder]
    return _File(
        name=f"{part}/{kind}/{stem}.jpeg",
        part=part,
        label=int(pneumonia),
        germ={None: "normal", "bacteria": "bacterial", "virus": "viral"}[germ],
        patient=f"{part}/{child or examination}",
        length=size,
        content=content,
    )


def _read(files: list[_File], size: int) -> Cases:
    images = np.empty((len(files), size, size, 1), np.uint8)
    shapes = np.empty((len(files), 2), np.int64)

    def look(number: int) -> str:
        """Put an image in its place; return what is wrong with it, or nothing."""
        try:
            pixels = open_bytes(files[number].content()).pixels
        except (FaultError, OSError, zipfile.BadZipFile) as fault:
            return f"{files[number].name}: {fault}"
        small = fit_to(pixels, size, "squeeze")
        images[number] = to_channels(small, color=False, white=255)
        shapes[number] = pixels.shape[:2]
        return ""

    if bad := [text for text in over_files(look, range(len(files)), "chest X-rays") if text]:
        raise DatasetError(f"{len(bad)} chest X-rays can't be read, first {bad[0]}; {_REMEDY}")
    cases = _assemble(files, images)
    cases.measured.update(height=shapes[:, 0], width=shapes[:, 1])
    return cases


def _assemble(files: list[_File], images: np.ndarray) -> Cases:
    size = images.shape[1]
    return Cases(
        images=images,
        labels=np.array([file.label for file in files], dtype=np.int64),
        classes=CLASSES,
        files=np.array([file.name for file in files]),
        patients=np.array([file.patient for file in files]),
        parts=np.array([file.part for file in files]),
        columns={"germ": np.array([file.germ for file in files])},
        measured={"bytes": np.array([file.length for file in files])},
        name="chest X-rays",
        how=f"squeezed to {size} x {size}, gray",
    )


# ---- simulated -----------------------------------------------------------------------------

# For each part, the children of each class and germ; each has one to four images.
_CHILDREN = {"train": (100, 45, 35), "test": (30, 15, 10)}
# How the images of one child differ. The test's normal ones come from somewhere else.
_EXPOSURES = tuple(phantoms.Scanner(dose=dose) for dose in (1.0, 0.6, 1.5, 0.8))
_ELSEWHERE = phantoms.Scanner(dose=0.5, blur=0.6, brightness=0.08)


def _simulate(size: int) -> Cases:
    """Return radiographs of nobody in the published layout; always the same."""
    rng = np.random.default_rng(0)
    images, names = [], []
    for seed, (part, children) in enumerate(_CHILDREN.items()):
        germs = np.repeat(np.arange(3), children)
        pneumonia = (germs > 0).astype(int)
        several = np.where(germs == 0, 1, rng.integers(1, 5, len(germs)))
        # A child's anatomy is the same in each exposure, as the seed is.
        taken = [phantoms.radiographs(pneumonia, seed, size, scanner=s).images for s in _EXPOSURES]
        faint = phantoms.Lesion(contrast=(0.4, 0.7))
        viral = [
            phantoms.radiographs(pneumonia, seed, size, lesion=faint, scanner=s).images
            for s in _EXPOSURES
        ]
        elsewhere = phantoms.radiographs(pneumonia, seed, size, scanner=_ELSEWHERE).images
        for child, (germ, count) in enumerate(zip(germs, several, strict=True)):
            for number in range(count):
                if germ == 0:
                    names.append(f"{part}/NORMAL/IM-{child:04}-0001.jpeg")
                    images.append((elsewhere if part == "test" else taken[0])[child])
                else:
                    word = ("", "bacteria", "virus")[germ]
                    names.append(f"{part}/PNEUMONIA/person{child}_{word}_{child * 4 + number}.jpeg")
                    images.append((taken if germ == 1 else viral)[number][child])
    files = [file for name in names if (file := _parse(name, 0, bytes))]
    order = sorted(range(len(files)), key=lambda i: files[i])
    cases = _assemble([files[i] for i in order], np.stack([images[i] for i in order]))
    return replace(cases, measured={}, synthetic=True)


# ---- cache and download --------------------------------------------------------------------


def _from_cache(path: Path, size: int, source: str | None) -> Cases | None:
    """Return what was made before; None if it was made of other files, or is broken."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if source is not None and str(arrays["source"]) != source:
                return None
            sizes = zip(arrays["files"], arrays["bytes"], strict=True)
            files = [_parse(str(name), int(count), bytes) for name, count in sizes]
            whole = [file for file in files if file]
            images = arrays["images"]
            if len(whole) != len(files) or images.shape != (sum(COUNTS.values()), size, size, 1):
                return None
            cases = _assemble(whole, images)
            cases.measured.update(height=arrays["height"], width=arrays["width"])
            return cases
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _to_cache(path: Path, cases: Cases, source: str) -> None:
    """Keep what was made, whole or not at all; a cache that can't be written to is none."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            arrays = {"images": cases.images, "files": cases.files, **cases.measured}
            np.savez(file, source=source, allow_pickle=False, **arrays)
        part.replace(path)
    except OSError as error:
        print(f"{path} can't be written ({error.strerror}): read anew next time", file=sys.stderr)
    finally:
        part.unlink(missing_ok=True)


def _download(path: Path) -> None:
    """Fetch the archive: under another name, and moved to `path` once its content is right."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    progress = sys.stderr.isatty() or "ipykernel" in sys.modules
    fetch = pooch.HTTPDownloader(progressbar=progress, chunk_size=2**20, timeout=30)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            fetch(ADDRESS, file, None)
        _list(part)
        part.replace(path)
    except (OSError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"[:300]
        raise DatasetError(f"{ADDRESS} can't be had ({reason}). {_REMEDY}") from None
    finally:
        part.unlink(missing_ok=True)


def _main() -> int:
    """Fetch and check the images, and say how many there are."""
    try:
        print(load())
    except DatasetError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
