"""Images, labels and patients of a folder or a table, at one size; in memory, or file by file."""

import hashlib
import html
import operator
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from .. import dicom
from ..datasets import SPLITS, Split
from . import copies
from .listing import Entry, list_cases
from .pictures import (
    FITS,
    FaultError,
    Fit,
    border_level,
    fit_to,
    open_image,
    thumbnail,
    to_channels,
)
from .problems import KINDS, FolderError, Problem, Report, need_kinds

if TYPE_CHECKING:
    import tensorflow as tf

Item = TypeVar("Item")
Result = TypeVar("Result")
LARGEST_SIZE = 4096
FEW = 10  # images of a class
# What `Cases.measured` has, and as what a look at a file gives it.
MEASURED = {
    "bytes": "length",
    **{name: name for name in ("height", "width", "mode", "format", "bits", "border")},
}


class FileImages:
    """Images that stay in their files, each opened when it is asked for.

    It has the `shape`, `dtype` and length of an array uint8 (N, H, W, C), and indices like one: a
    number gives an image, anything else an array of images. `pick` opens nothing.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, paths: np.ndarray, prepare: Callable[[Path], np.ndarray], shape: tuple):
        self.paths, self.prepare, self.shape = paths, prepare, (len(paths), *shape)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, which: Any) -> np.ndarray:
        paths = self.paths[which]
        if isinstance(paths, str | os.PathLike):
            return self.prepare(Path(paths))
        images = np.empty((len(paths), *self.shape[1:]), np.uint8)
        for place, path in enumerate(paths):
            images[place] = self.prepare(Path(path))
        return images

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[number] for number in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def pick(self, which: np.ndarray) -> "FileImages":
        """Return some of the images, still in their files."""
        return FileImages(self.paths[which], self.prepare, self.shape[1:])


@dataclass(frozen=True, eq=False, repr=False)
class Cases(Split):
    """Images and all that is known of them; each array has one value for each image.

    Attributes
    ----------
    images : uint8 array (N, H, W, C), or `FileImages` of that shape
    labels : int array (N,)
        Numbers of `classes`.
    classes : tuple of str
    files : str array (N,)
        As they are called in the folder or table.
    patients : str array (N,) or None
        None where nobody said: then each image counts as a patient.
    parts : str array (N,) or None
        "train", "validation" or "test" where the data came so divided.
    columns : dict of str to array (N,)
        The other columns of the table: numbers where all are numbers, or else str.
    measured : dict of str to array (N,)
        Of the files: "bytes", "height", "width", "mode", "format", "bits", "border" (the mean gray
        level at the edge, 0 to 255).
    name, how : str
        Of the folder or table; how the images were made, e.g. "padded to 64 x 64, gray".
    white : int
        The gray level of 16-bit files that became 255. New images need the same one.
    synthetic : bool
        Whether the images are simulated.
    """

    classes: tuple[str, ...]
    files: np.ndarray
    patients: np.ndarray | None
    parts: np.ndarray | None
    columns: dict[str, np.ndarray]
    measured: dict[str, np.ndarray]
    name: str
    how: str
    white: int = 255
    synthetic: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def groups(self) -> np.ndarray:
        """The number of each image's patient, int (N,); of the image, where none is known."""
        if self.patients is None:
            return np.arange(len(self))
        return np.unique(self.patients, return_inverse=True)[1]

    def take(self, which: ArrayLike) -> "Cases":
        """Return some of the cases.

        Parameters
        ----------
        which : int array (M,) or bool array (N,)
            Numbers of cases, or whether to take each.
        """
        chosen = np.arange(len(self))[np.asarray(which)]
        images = self.images

        def some(values: np.ndarray | None) -> Any:
            return None if values is None else values[chosen]

        return Cases(
            images=images.pick(chosen) if isinstance(images, FileImages) else images[chosen],
            labels=self.labels[chosen],
            classes=self.classes,
            files=self.files[chosen],
            patients=some(self.patients),
            parts=some(self.parts),
            columns={name: values[chosen] for name, values in self.columns.items()},
            measured={name: values[chosen] for name, values in self.measured.items()},
            name=self.name,
            how=self.how,
            white=self.white,
            synthetic=self.synthetic,
        )

    def batches(self, size: int = 32, seed: int | None = None) -> "tf.data.Dataset":
        """Return the cases as a TensorFlow data set, a batch at a time.

        Images of which only a batch is in memory need this; others may have it.

        Parameters
        ----------
        size : int
            Images in a batch; the last one may have fewer.
        seed : int or None
            A new order in each pass, the same with the same seed; None for the cases' own order.

        Returns
        -------
        tf.data.Dataset
            Of float32 (size, H, W, C) from 0 to 1, and int64 (size,).
        """
        import tensorflow as tf

        def fetch(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return (self.images[numbers] / np.float32(255)).astype(np.float32), self.labels[numbers]

        def shaped(numbers: Any) -> tuple[Any, Any]:
            images, labels = tf.numpy_function(fetch, [numbers], [tf.float32, tf.int64])
            images.set_shape((None, *self.images.shape[1:]))
            labels.set_shape((None,))
            return images, labels

        numbers = tf.data.Dataset.range(len(self))
        if seed is not None:
            numbers = numbers.shuffle(len(self), seed=seed, reshuffle_each_iteration=True)
        batched = numbers.batch(size)
        data = batched.map(shaped, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        return data.prefetch(tf.data.AUTOTUNE)

    def _lines(self) -> list[tuple[str, str, str]]:
        lines = []
        for label, name in enumerate([*self.classes, "all"]):
            members = self.labels == label if label < len(self.classes) else self.labels >= 0
            count = len(np.unique(self.groups[members]))
            patients = "?" if self.patients is None else f"{count:,}"
            lines.append((name, f"{members.sum():,}", patients))
        return lines

    def _heading(self) -> str:
        return f"{self.name}: {len(self):,} images, {self.how}" + (
            ", SIMULATED, not real images" * self.synthetic
        )

    def __repr__(self) -> str:
        lines = [("", "images", "patients"), *self._lines()]
        width = max(len(name) for name, *_ in lines)
        table = [f"{name:{width}}{images:>12}{patients:>12}" for name, images, patients in lines]
        return "\n".join([self._heading(), *table])

    def _repr_html_(self) -> str:
        head = "".join(f'<th scope="col">{name}</th>' for name in ("class", "images", "patients"))
        body = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th><td>{images}</td><td>{patients}</td></tr>'
            for name, images, patients in self._lines()
        )
        return (
            f"<table><caption>{html.escape(self._heading())}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


# ---- looking at every file -----------------------------------------------------------------


class Seen(NamedTuple):
    """What one look at a file gives."""

    height: int
    width: int
    mode: str
    format: str
    bits: int
    length: int
    border: float
    top: int
    digest: bytes
    thumbnail: np.ndarray
    small: np.ndarray | None
    colored: bool
    notes: tuple[tuple[str, str], ...]


def _look(path: Path, size: int | None, fit: Fit | None, window: dicom.Choice) -> Seen | FaultError:
    try:
        opened = open_image(path, window)
    except FaultError as fault:
        return fault
    pixels = opened.pixels
    digest = hashlib.sha1(f"{pixels.shape}{pixels.dtype}".encode(), usedforsecurity=False)
    digest.update(pixels.tobytes())
    return Seen(
        height=pixels.shape[0],
        width=pixels.shape[1],
        mode=opened.mode,
        format=opened.format,
        bits=opened.bits,
        length=path.stat().st_size,
        border=border_level(pixels),
        top=int(pixels.max()),
        digest=digest.digest(),
        thumbnail=thumbnail(pixels),
        small=fit_to(pixels, size, fit) if size and fit else None,
        colored=pixels.ndim == 3,
        notes=opened.notes,
    )


def over_files(work: Callable[[Item], Result], items: Sequence[Item], what: str) -> list[Result]:
    """Do what `map` does, several files at a time, and show how far it is."""
    quiet = not (sys.stderr.isatty() or "ipykernel" in sys.modules)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(tqdm(pool.map(work, items), what, len(items), unit=" files", disable=quiet))


def report(
    root: str | os.PathLike,
    patient: str | None = None,
    columns: Mapping[str, str] | None = None,
    classes: Sequence[str] | None = None,
) -> Report:
    """Return everything that is wrong with a folder or a table of images.

    Every file is opened. Nothing on the disk is changed.

    Parameters
    ----------
    root, patient, columns, classes
        As in `read`.

    Raises
    ------
    ValueError
        If an argument is none.
    """
    return _scan(Path(root), patient, columns, classes, None, None, None)[1]


def _scan(
    root: Path,
    patient: str | None,
    columns: Mapping[str, str] | None,
    classes: Sequence[str] | None,
    size: int | None,
    fit: Fit | None,
    window: dicom.Choice,
) -> tuple[dict[str, Seen], Report, list[Entry]]:
    """Return what was seen in each file that can be used, the report, and the list."""
    entries, problems = list_cases(root, columns, patient)
    paths = {entry.file: entry.path for entry in entries if entry.path is not None}
    looks = over_files(lambda path: _look(path, size, fit, window), list(paths.values()), root.name)
    seen: dict[str, Seen] = {}
    for file, look in zip(paths, looks, strict=True):
        if isinstance(look, FaultError):
            problems.append(Problem(look.kind, (file,), str(look)))
        else:
            seen[file] = look
            problems += [Problem(kind, (file,), text) for kind, text in look.notes]
    problems += _about_labels(entries, classes)
    problems += _about_patients(entries)
    problems += _about_sizes(seen, size)
    problems += _about_copies(seen, entries)
    problems.sort(key=lambda problem: list(KINDS).index(problem.kind))
    return seen, Report(root.name, tuple(problems), _facts(entries, seen)), entries


def _facts(entries: list[Entry], seen: dict[str, Seen]) -> tuple[tuple[str, str], ...]:
    if not entries:
        return ()
    counts = Counter(entry.label for entry in entries)
    facts = [
        ("images", f"{len(seen):,} of {len(entries):,} listed can be read"),
        ("classes", ", ".join(f"{name or '(none)'} {n:,}" for name, n in sorted(counts.items()))),
    ]
    patients = {entry.patient for entry in entries if entry.patient}
    known = f"{len(patients):,}" if patients else "not known; each image counts as one"
    facts.append(("patients", known))
    if parts := Counter(entry.part for entry in entries if entry.part):
        facts.append(
            ("parts", ", ".join(f"{part} {parts[part]:,}" for part in SPLITS if parts[part]))
        )
    if seen:
        heights, widths = [s.height for s in seen.values()], [s.width for s in seen.values()]
        low, high = f"{min(heights)} x {min(widths)}", f"{max(heights)} x {max(widths)}"
        facts.append(("rows x columns", low if low == high else f"{low} to {high}"))
        kinds = Counter(f"{s.format} {s.mode}" for s in seen.values())
        facts.append(("files", ", ".join(f"{kind} {n:,}" for kind, n in kinds.most_common())))
    return tuple(facts)


def _about_labels(entries: list[Entry], classes: Sequence[str] | None) -> list[Problem]:
    problems = []
    files: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.label:
            files[entry.label].append(entry.file)
    if classes is None:
        counts = {label: len(names) for label, names in files.items()}
        meant = {label: _meant(label, counts) for label in counts}
        for label, other in meant.items():
            if other:
                text = f'"{label}", {len(files[label])} times; "{other}" is meant?'
                problems.append(Problem("misspelled label", tuple(files[label]), text))
        labels = [label for label in counts if not meant[label]]
    else:
        labels = [name for name in classes if files.get(name)]
        for label in files:
            if label not in classes:
                text = f'"{label}" is none of {", ".join(classes)}'
                problems.append(Problem("unknown label", tuple(files[label]), text))
    if entries and len(labels) < 2 and any(files):
        which = f"all images are {labels[0]}" if labels else "no image has a label that counts"
        problems.append(Problem("one class", (), f"{which}; there is nothing to tell apart"))
    for label in labels:
        if len(files[label]) < FEW:
            text = f"{label} has {len(files[label])}"
            problems.append(Problem("few images", tuple(files[label]), text))
    held: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.part:
            held[entry.label].add(entry.part)
    parts = set().union(*held.values()) if held else set()
    for label in labels:
        if lacking := [part for part in SPLITS if part in parts - held[label]]:
            text = f"there is no {label} in {' and '.join(lacking)}"
            problems.append(Problem("class in one part", (), text))
    return problems


def _meant(label: str, counts: dict[str, int]) -> str | None:
    """Return the label that another one is a misspelling of: one letter off, and much rarer."""

    def plain(text: str) -> str:
        return "".join(letter for letter in text.casefold() if letter.isalnum())

    for other in sorted(counts, key=lambda name: (-counts[name], name)):
        if other == label or (counts[other], label) <= (counts[label], other):
            continue
        if plain(other) == plain(label) and plain(label):
            return other
        rare = counts[label] <= max(1, counts[other] // 10)
        if rare and _one_letter_off(plain(label), plain(other)):
            return other
    return None


def _one_letter_off(first: str, second: str) -> bool:
    """Whether a letter is missing, too much, another, or changed places with the next.

    Digits are no letters: grade 1 and grade 2 are two labels. Nor are words of three letters told.
    """
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    if len(shorter) < 4 or len(longer) - len(shorter) > 1:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(longer, shorter, strict=False)) if a != b), len(shorter)
    )
    a, b = longer[start:], shorter[start:]
    if len(longer) > len(shorter):
        return a[1:] == b and not a[0].isdigit()
    swapped = a[:2] == b[:2][::-1] and a[2:] == b[2:]
    replaced = a[1:] == b[1:]
    return (swapped or replaced) and not (a[0].isdigit() or b[0].isdigit())


def _about_patients(entries: list[Entry]) -> list[Problem]:
    problems = []
    of_patient: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.patient:
            of_patient[entry.patient].append(entry)
    for patient, theirs in of_patient.items():
        files = tuple(dict.fromkeys(entry.file for entry in theirs))
        labels = sorted({entry.label for entry in theirs if entry.label})
        parts = [part for part in SPLITS if any(entry.part == part for entry in theirs)]
        if len(labels) > 1:
            text = f"{patient} is {' and '.join(labels)}"
            problems.append(Problem("patient, two labels", files, text))
        if len(parts) > 1:
            text = f"{patient} is in {' and '.join(parts)}"
            problems.append(Problem("patient in two parts", files, text))
    return problems


def _about_sizes(seen: dict[str, Seen], size: int | None) -> list[Problem]:
    problems = []
    for kind, value, what in (
        ("sizes", lambda s: (s.height, s.width), "of another size than most"),
        (
            "modes",
            lambda s: "color" if s.colored else "gray",
            "gray where most are color, or the other way",
        ),
        ("bit depths", lambda s: s.bits, "of other bits than most"),
    ):
        counts = Counter(value(s) for s in seen.values())
        if len(counts) > 1:
            usual = counts.most_common(1)[0][0]
            files = tuple(file for file, s in seen.items() if value(s) != usual)
            problems.append(Problem(kind, files, f"{what} ({len(counts)} in all)", ()))
    if size:
        small = tuple(file for file, s in seen.items() if min(s.height, s.width) < size)
        if small:
            text = f"a side has fewer than {size} pixels; it was enlarged"
            problems.append(Problem("small", small, text))
    return problems


def _about_copies(seen: dict[str, Seen], entries: list[Entry]) -> list[Problem]:
    label_of = {entry.file: entry.label for entry in entries}
    problems = []
    same: dict[bytes, list[str]] = defaultdict(list)
    for file, look in seen.items():
        same[look.digest].append(file)
    # One of each, unless it is blank: then it looks like all that are.
    single = [files[0] for files in same.values()]
    found: list[tuple[str, list[str]]] = [("", files) for files in same.values() if len(files) > 1]
    if single:
        pairs = copies.near_pairs(np.stack([seen[file].thumbnail for file in single]))
        near = copies.groups([(i, j) for i, j, _ in pairs])
        found += [("nearly ", [single[i] for i in group]) for group in near]
    for nearly, files in found:
        labels = sorted({label_of[file] for file in files})
        if len(labels) > 1:
            text = f"{nearly}the same image, as {' and as '.join(labels)}"
            problems.append(Problem("same image, two labels", tuple(files), text))
        elif nearly:
            text = f"nearly the same image, {len(files)} times"
            problems.append(Problem("near copies", tuple(files), text, tuple(files[1:])))
        else:
            text = f"the same pixels, {len(files)} times"
            problems.append(Problem("copies", tuple(files), text, tuple(files[1:])))
    return problems


# ---- reading -------------------------------------------------------------------------------


def read(
    root: str | os.PathLike,
    size: int,
    fit: Fit,
    color: bool | None = None,
    patient: str | None = None,
    columns: Mapping[str, str] | None = None,
    classes: Sequence[str] | None = None,
    leave_out: Sequence[str] = (),
    window: dicom.Choice = None,
    white: int | None = None,
    in_memory: bool = True,
) -> Cases:
    """Return the images of a folder or a table; print what is wrong with them.

    A folder holds one folder for each class, maybe inside `train`, `validation` (or `val`) and
    `test`. A table is a CSV file with the columns file and label, and if there patient and split;
    its other columns are kept. JPEG, PNG, TIFF, BMP, GIF, WebP and DICOM files are read, by their
    content. Nothing on the disk is changed.

    Parameters
    ----------
    root : path
        The folder, or the table.
    size : int
        Rows and columns of each image, 1 to 4096.
    fit : "crop", "pad" or "squeeze"
        How an image that is no square becomes one: its middle, with black bars, or out of shape.
    color : bool or None
        Three channels or one; None for three if any image is in color.
    patient : str or None
        A regular expression that finds the patient in a file's name; all its groups together, e.g.
        r"(train|test)/.*(person[0-9]+)". None takes the table's column.
    columns : dict or None
        What the table calls "file", "label", "patient" and "split".
    classes : sequence of str or None
        The labels, in the order of their numbers. None for all that occur, sorted.
    leave_out : sequence of str
        Kinds of problems whose files are left out; the report names them.
    window : (center, width), "percentiles" or None
        Of DICOM files; see `helpers.dicom.to_unit`.
    white : int or None
        The gray level of 16-bit files that becomes 255; None for the largest number of as many bits
        as the brightest pixel of all files needs. For new images give the `white` of the old ones.
    in_memory : bool
        False leaves the images in their files: each is opened again when it is needed.

    Raises
    ------
    FolderError
        If something makes the data unusable. The message is the whole report.
    ValueError
        If an argument is none.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from helpers import phantoms
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for number, image in enumerate(phantoms.radiographs([0, 1] * 10, size=40).images):
    ...         place = Path(folder, "my-images", ["clear", "opaque"][number % 2])
    ...         place.mkdir(parents=True, exist_ok=True)
    ...         Image.fromarray(image[..., 0]).save(place / f"{number}.png")
    ...     cases = read(Path(folder, "my-images"), size=32, fit="pad")
    my-images
      images: 20 of 20 listed can be read
      classes: clear 10, opaque 10
      patients: not known; each image counts as one
      rows x columns: 40 x 40
      files: PNG L 20
    nothing seems wrong
    >>> cases
    my-images: 20 images, padded to 32 x 32, gray
                images    patients
    clear           10           ?
    opaque          10           ?
    all             20           ?
    >>> cases.images.shape, cases.labels[:3].tolist(), cases.files[0].item()
    ((20, 32, 32, 1), [0, 0, 0], 'clear/0.png')
    """
    size = _need_size(size)
    if fit not in FITS:
        raise ValueError(f"fit={fit!r}; choose one of {', '.join(FITS)}")
    if white is not None and not 1 <= operator.index(white) <= 65_535:
        raise ValueError(f"white={white!r}; give a gray level from 1 to 65,535")
    if isinstance(classes, str) or (classes is not None and len(set(classes)) != len(classes)):
        raise ValueError(f"classes={classes!r}; give a list of different names")
    need_kinds(leave_out)
    kept_small = fit if in_memory else None  # else the small images would be in memory after all
    seen, result, entries = _scan(Path(root), patient, columns, classes, size, kept_small, window)
    if any(problem.kind not in leave_out for problem in result.stops):
        raise FolderError(result)
    kept = _keep(entries, result, leave_out)
    kept = [entry for entry in kept if entry.file in seen]
    if len({entry.label for entry in kept}) < 2:
        gone = Problem(
            "one class", (), "without what is left out, fewer than two classes are there"
        )
        raise FolderError(Report(result.name, (gone, *result.problems), result.facts))
    print(result)
    # What is known of each, without its small image: that is let go of once it has its place.
    looks = [seen[entry.file]._replace(small=None) for entry in kept]
    if color is None:
        color = any(look.colored for look in looks)
    if white is None:
        top = max([look.top for look in looks if look.bits == 16], default=255)
        white = 2 ** max(8, int(top).bit_length()) - 1
    chosen_white = white
    images: Any  # an array, or FileImages, which is used like one
    shape = (size, size, 3 if color else 1)
    if in_memory:
        images = np.empty((len(kept), *shape), np.uint8)
        for number, entry in enumerate(kept):
            small = seen.pop(entry.file).small
            assert small is not None
            images[number] = to_channels(small, color, white)
    else:

        def prepare(path: Path) -> np.ndarray:
            small = fit_to(open_image(path, window).pixels, size, fit)
            return to_channels(small, color, chosen_white)

        images = FileImages(np.array([str(entry.path) for entry in kept]), prepare, shape)
    names = tuple(classes) if classes is not None else _sorted({entry.label for entry in kept})
    done = {"crop": "cropped", "pad": "padded", "squeeze": "squeezed"}[fit]
    how = f"{done} to {size} x {size}, {'color' if color else 'gray'}"
    if white > 255:
        how += f", 16-bit levels 0 to {white:,} to 0 to 255"
    if left_out := len(entries) - len(kept):
        how += f", {left_out:,} left out ({', '.join(leave_out)})"
    return Cases(
        images=images,
        labels=np.array([names.index(entry.label) for entry in kept], dtype=np.int64),
        classes=names,
        files=np.array([entry.file for entry in kept]),
        patients=_column([entry.patient for entry in kept]),
        parts=_column([entry.part for entry in kept]),
        columns={
            name: _numbers_or_text([entry.columns[name] for entry in kept])
            for name in kept[0].columns
        },
        measured={
            name: np.array([getattr(look, value) for look in looks])
            for name, value in MEASURED.items()
        },
        name=result.name,
        how=how,
        white=white,
    )


def _need_size(size: int) -> int:
    try:
        whole = operator.index(size)
    except TypeError:
        whole = 0
    if isinstance(size, bool) or not 1 <= whole <= LARGEST_SIZE:
        raise ValueError(f"size={size!r}; give a whole number of pixels from 1 to {LARGEST_SIZE}")
    return whole


def _keep(entries: list[Entry], result: Report, leave_out: Sequence[str]) -> list[Entry]:
    gone = {
        file
        for kind in leave_out
        if kind != "listed twice"
        for problem in result.of(kind)
        for file in problem.left_out
    }
    kept = [entry for entry in entries if entry.file not in gone]
    if "listed twice" not in leave_out:
        return kept
    labels: dict[str, set[str]] = defaultdict(set)
    for entry in kept:
        labels[str(entry.path)].add(entry.label)
    single = {str(entry.path): entry for entry in reversed(kept)}
    return [
        entry
        for entry in kept
        if single[str(entry.path)] is entry and len(labels[str(entry.path)]) == 1
    ]


def _sorted(labels: set[str]) -> tuple[str, ...]:
    """Return labels in order: by number if all are numbers."""
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(sorted(labels))


def _column(values: list[str | None]) -> np.ndarray | None:
    """Return one value for each case, or None if any has none."""
    return None if any(value is None for value in values) else np.array(values)


def _numbers_or_text(cells: list[str]) -> np.ndarray:
    """Return numbers if all cells are, with NaN for empty ones; else text."""
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        return np.array(cells)
