"""A hospital's export of DICOM files and a table, with faults whose truth is known."""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from helpers import inputs

from .drawing import Lesion, Scanner
from .radiography import radiographs

LABELS = ("normal", "pneumonia")
PATIENTS, SIZE, TOP = 240, 64, 4095
# The clinic's scanner, and the one that is wheeled to the beds: less dose, and the ill.
CLINIC, WARD = Scanner(), Scanner(dose=0.05, blur=0.6, contrast=0.9)
# What the ill have is plain to see.
OPACITIES = Lesion(size=(1, 1.6), contrast=(1.2, 2))
# Of the patients, and of the ill among these, by scanner.
AT_THE_BED, ILL = 0.45, (0.25, 0.7)
# A letter L, 9 x 6 pixels, burnt into each picture that is taken at the bed.
MARKER = np.zeros((9, 6), bool)
MARKER[:, :2] = MARKER[-2:] = True
# How many patients or files have each fault.
WRONG, COPIES, STRANGERS, NAMED = 12, 4, 3, 5


@dataclass(frozen=True)
class Export:
    """What was written, and the truth about it.

    Attributes
    ----------
    table : Path
        A CSV file with the columns file, label, patient and scanner, beside the folder of images.
    truth : dict of str to int
        Of each file whether the patient is ill: 0 or 1, whatever the table says.
    planted : dict of str to tuple of str
        The files with each fault, by its name.
    """

    table: Path
    truth: dict[str, int]
    planted: dict[str, tuple[str, ...]]


def write_export(folder: str | os.PathLike, seed: int = 0) -> Export:
    """Write what a hospital might send: chest radiographs of two scanners, and a table.

    The ward's scanner is used for the ill more often, burns a letter into its pictures, and stores
    them with white as 0 (MONOCHROME1). Some labels are wrong, some files are copies, broken or
    named after the patient, and the table has its own faults.

    Parameters
    ----------
    folder : path
        An empty folder, or none yet.
    seed : int
        Of everything drawn.

    Raises
    ------
    ValueError
        If the folder holds something, or the seed is no whole number.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export = write_export(Path(folder, "export"))
    ...     len(export.truth), len(export.planted["wrong label"]), export.table.name
    (477, 19, 'labels.csv')
    """
    folder, seed = Path(folder), inputs.whole("seed", seed, least=0)
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} holds files already; give an empty folder")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    at_the_bed = rng.random(PATIENTS) < AT_THE_BED
    ill = (rng.random(PATIENTS) < np.array(ILL)[at_the_bed.astype(int)]).astype(int)
    # The same anatomy whatever the scanner: each patient is pictured by one of the two.
    # Of a seed of their own: from the same one, the places of hearts would follow the labels.
    of_images = int(rng.integers(2**31))
    pictures = [radiographs(ill, of_images, SIZE, OPACITIES, s).images for s in (CLINIC, WARD)]
    rows, files, truth = [], {}, {}
    for patient in range(PATIENTS):
        for visit in range(rng.integers(1, 4)):
            gray = pictures[int(at_the_bed[patient])][patient, ..., 0] / 255
            # The next picture of a patient: a little moved, a little lighter or darker.
            gray = np.roll(gray, rng.integers(-3, 4, 2) * (visit > 0), axis=(0, 1))
            gray = np.clip(gray * rng.uniform(0.9, 1.1), 0, 1)
            name = f"images/{rng.integers(16**8):08x}.dcm"
            files[name] = _dicom(gray, f"P{patient:03d}", bool(at_the_bed[patient]), rng)
            truth[name] = int(ill[patient])
            rows.append([name, LABELS[ill[patient]], f"P{patient:03d}"])
    _spoil_labels(rows, rng)
    # No file has two of the faults that follow.
    drawn = [rows[at] for at in rng.permutation(len(rows))]
    planted = _spoil_files(drawn, rows, files, truth, rng)
    wrong = tuple(name for name, label, _ in rows if LABELS[truth[name]] != label)
    planted = {"wrong label": wrong, **planted, **_spoil_table(drawn, rows, rng)}
    for name, file in files.items():
        file.save_as(folder / name, enforce_file_format=True)
    (cut,) = planted["truncated"]
    (folder / cut).write_bytes((folder / cut).read_bytes()[:3000])
    scanners = {name: file.StationName for name, file in files.items()}
    rng.shuffle(rows)
    with open(folder / "labels.csv", "w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(["file", "label", "patient", "scanner"])
        writer.writerows([*row, scanners.get(row[0], "clinic")] for row in rows)
    return Export(folder / "labels.csv", truth, planted)


def _dicom(
    gray: np.ndarray, patient: str, at_the_bed: bool, rng: np.random.Generator
) -> pydicom.Dataset:
    """Return gray levels (H, W) from 0 to 1 as a DICOM file of one of the two scanners."""
    stored = np.round(gray * TOP).astype(np.uint16)
    if at_the_bed:
        height, width = MARKER.shape
        stored[2 : 2 + height, -2 - width : -2][MARKER] = TOP
        stored = TOP - stored
    file = pydicom.Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.SOPClassUID = DigitalXRayImageStorageForPresentation
    file.SOPInstanceUID = generate_uid(entropy_srcs=[str(rng.integers(2**62))])
    file.Modality, file.PatientID = "DX", patient
    file.StationName = "ward" if at_the_bed else "clinic"
    file.Rows, file.Columns = stored.shape
    file.PixelSpacing = [5, 5]
    file.SamplesPerPixel, file.PixelRepresentation = 1, 0
    file.BitsAllocated, file.BitsStored, file.HighBit = 16, 12, 11
    file.PhotometricInterpretation = "MONOCHROME1" if at_the_bed else "MONOCHROME2"
    file.PixelData = stored.tobytes()
    return file


def _spoil_labels(rows: list[list[str]], rng: np.random.Generator) -> None:
    """Give some patients the other label, in each of their rows."""
    wrong = {f"P{patient:03d}" for patient in rng.choice(PATIENTS, WRONG, replace=False)}
    for row in rows:
        if row[2] in wrong:
            row[1] = LABELS[1 - LABELS.index(row[1])]


def _spoil_files(
    drawn: list[list[str]],
    rows: list[list[str]],
    files: dict[str, pydicom.Dataset],
    truth: dict[str, int],
    rng: np.random.Generator,
) -> dict[str, tuple[str, ...]]:
    """Copy some files, some of them for another patient; leave out what one needs, or may not."""
    planted: dict[str, tuple[str, ...]] = {}
    for kind, count in (("copy", COPIES), ("copy, another patient", STRANGERS)):
        for _ in range(count):
            name, label, patient = drawn.pop()
            new = f"images/{rng.integers(16**8):08x}.dcm"
            files[new], truth[new] = files[name].copy(), truth[name]
            owner = patient if kind == "copy" else f"Q{len(planted.get(kind, ())):03d}"
            files[new].PatientID = owner
            rows.append([new, label, owner])
            planted[kind] = (*planted.get(kind, ()), new)
    for _ in range(NAMED):
        name = drawn.pop()[0]
        files[name].PatientName = "Simulated^Patient"
        planted["patient's name"] = (*planted.get("patient's name", ()), name)
    for kind, element in (("no pixels", "PixelData"), ("no depth", "BitsStored")):
        name = drawn.pop()[0]
        delattr(files[name], element)
        planted[kind] = (name,)
    planted["truncated"] = (drawn.pop()[0],)
    name = drawn.pop()[0]
    files[name].PixelData = np.full(SIZE * SIZE, 300, np.uint16).tobytes()
    planted["constant"] = (name,)
    return planted


def _spoil_table(
    drawn: list[list[str]], rows: list[list[str]], rng: np.random.Generator
) -> dict[str, tuple[str, ...]]:
    """Misspell, forget and repeat."""
    spoiled, forgotten, listed_twice, unlisted = (drawn.pop() for _ in range(4))
    spoiled[1] = spoiled[1][:-2] + spoiled[1][:-3:-1]
    forgotten[1] = ""
    rows.append([listed_twice[0], LABELS[1 - LABELS.index(listed_twice[1])], listed_twice[2]])
    rows.remove(unlisted)
    gone = f"images/{rng.integers(16**8):08x}.dcm"
    rows.append([gone, "normal", "P000"])
    return {
        "misspelled label": (spoiled[0],),
        "no label": (forgotten[0],),
        "two labels": (listed_twice[0],),
        "not listed": (unlisted[0],),
        "missing file": (gone,),
    }
