"""What a folder or a table says: a file, a label, and if there a patient and a part of the data."""

import csv
import difflib
import io
import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..datasets import SPLITS
from .pictures import is_image_name
from .problems import Problem

PARTS = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
assert set(PARTS.values()) == set(SPLITS)
COLUMNS = ("file", "label", "patient", "split")
# What systems leave in folders.
LITTER = {"thumbs.db", "desktop.ini", "__macosx"}


@dataclass
class Entry:
    """One case as it is listed; `path` is where its file lies, or None if it is not there."""

    file: str
    path: Path | None
    label: str
    patient: str | None = None
    part: str | None = None
    columns: dict[str, str] = field(default_factory=dict)


def list_cases(
    root: Path, columns: Mapping[str, str] | None, patient: str | None
) -> tuple[list[Entry], list[Problem]]:
    """Return the cases of a folder or a table, and what is wrong with the list."""
    if not root.exists():
        near = difflib.get_close_matches(root.name, _names(root.parent), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return [], [Problem("no images", (), f"{root.name} is not there{hint}")]
    if root.is_dir():
        if columns:
            raise ValueError(f"columns={dict(columns)!r} is for a table; {root.name} is a folder")
        entries, problems = _list_folder(root)
    else:
        entries, problems = _list_table(root, columns or {})
    if patient is not None:
        problems += _find_patients(entries, patient)
    return entries, problems


def _names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def _visible(path: Path) -> bool:
    return not path.name.startswith(".") and path.name.lower() not in LITTER


def _files(folder: Path) -> list[Path]:
    """Return all files below a folder, in order, without what is hidden."""
    files = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if _visible(Path(f)))
        files += [path for name in sorted(names) if _visible(path := Path(place, name))]
    return files


# ---- class folders -------------------------------------------------------------------------


def _list_folder(root: Path) -> tuple[list[Entry], list[Problem]]:
    problems: list[Problem] = []
    base = root
    folders, loose = _look_into(base)
    # An archive often unpacks into one folder more.
    while len(folders) == 1 and not loose and _look_into(folders[0])[0]:
        if PARTS.get(folders[0].name.lower()):
            break
        base = folders[0]
        folders, loose = _look_into(base)
    parts = [f for f in folders if f.name.lower() in PARTS]
    entries: list[Entry] = []
    if parts:
        for folder in folders:
            part = PARTS.get(folder.name.lower())
            if part:
                inside, lying = _look_into(folder)
                loose += lying
                for class_folder in inside:
                    entries += _list_class(root, class_folder, part, problems)
            else:
                names = tuple(_name(root, file) for file in _files(folder) if is_image_name(file))
                text = f"folder {folder.name} lies beside {parts[0].name}, and is no part like it"
                problems.append(Problem("unknown split", names, text))
    else:
        for folder in folders:
            entries += _list_class(root, folder, None, problems)
    for file in loose:
        if is_image_name(file):
            text = "it lies in no class folder, so it has no label"
            problems.append(Problem("no label", (_name(root, file),), text))
        else:
            table = file.suffix.lower() == ".csv"
            text = f"a table; to use it, read {file.name}" if table else "its name is no image's"
            problems.append(Problem("not taken", (_name(root, file),), text))
    if not entries and not any(p.stops for p in problems):
        text = "there are no images in it; expected FOLDER/CLASS/IMAGE or FOLDER/train/CLASS/IMAGE"
        problems.append(Problem("no images", (), text))
    return entries, problems


def _look_into(folder: Path) -> tuple[list[Path], list[Path]]:
    inside = sorted(path for path in folder.iterdir() if _visible(path))
    return [p for p in inside if p.is_dir()], [p for p in inside if not p.is_dir()]


def _name(root: Path, file: Path) -> str:
    return file.relative_to(root).as_posix()


def _list_class(root: Path, folder: Path, part: str | None, problems: list[Problem]) -> list[Entry]:
    entries = []
    for file in _files(folder):
        if is_image_name(file):
            entries.append(Entry(_name(root, file), file, folder.name, part=part))
        else:
            text = "its name is no image's"
            problems.append(Problem("not taken", (_name(root, file),), text))
    if not entries:
        where = folder.relative_to(root).as_posix()
        problems.append(Problem("empty class", (), f"there are no images in {where}"))
    return entries


# ---- tables --------------------------------------------------------------------------------


def _list_table(path: Path, names: Mapping[str, str]) -> tuple[list[Entry], list[Problem]]:
    if unknown := set(names) - set(COLUMNS):
        raise ValueError(f"columns names {sorted(unknown)}; its keys are {', '.join(COLUMNS)}")
    rows, fault = _rows(path)
    if fault:
        return [], [Problem("table", (), fault)]
    header, *body = rows
    header = [cell.strip() for cell in header]
    twice = [cell for cell, count in Counter(header).items() if count > 1 and cell]
    if twice:
        return [], [Problem("table", (), f"there are two columns called {twice[0]}")]
    places: dict[str, int] = {}
    for column in COLUMNS:
        wanted = names.get(column, column).lower()
        matching = [i for i, cell in enumerate(header) if cell.lower() == wanted]
        if matching:
            places[column] = matching[0]
        elif column in names or column in ("file", "label"):
            have = ", ".join(header)[:200]
            text = f'no column is called "{names.get(column, column)}"; there are: {have}. '
            text += f'Say columns={{"{column}": "..."}}'
            return [], [Problem("table", (), text)]
    others = {i: cell for i, cell in enumerate(header) if i not in places.values() and cell}
    finder = _Finder(path)
    entries, problems = [], []
    for number, row in enumerate(body, start=2):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) != len(header):
            text = f"line {number} has {len(cells)} cells, the first line {len(header)}"
            problems.append(Problem("table", (), text))
            continue
        value = {column: cells[place] for column, place in places.items()}
        if not value["file"]:
            problems.append(Problem("table", (), f"line {number} names no file"))
            continue
        file, found_at, hint = finder(value["file"])
        if found_at is None:
            text = f"line {number}: the file is not there{hint}"
            problems.append(Problem("missing file", (file,), text))
        part = None
        if "split" in value:
            part = PARTS.get(value["split"].lower())
            if part is None:
                text = f'line {number}: split is "{value["split"]}"; say train, validation or test'
                problems.append(Problem("unknown split", (file,), text))
        if "patient" in value and not value["patient"]:
            problems.append(Problem("no patient", (file,), f"line {number} names no patient"))
        if not value["label"]:
            problems.append(Problem("no label", (file,), f"line {number} has no label"))
        entries.append(
            Entry(
                file,
                found_at,
                value["label"],
                value.get("patient"),
                part,
                {name: cells[place] for place, name in others.items()},
            )
        )
    if not entries and not problems:
        problems.append(Problem("table", (), "there are no lines below the first"))
    problems += _twice(entries)
    listed = {entry.path for entry in entries}
    unlisted = [image for image in finder.images if image not in listed]
    for image in unlisted if entries else []:
        problems.append(Problem("not taken", (_name(path.parent, image),), "the table lacks it"))
    return entries, problems


def _rows(path: Path) -> tuple[list[list[str]], str]:
    """Return the lines of a table, or what is wrong with it."""
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        return [], "it is a spreadsheet; save it as CSV (UTF-8)"
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return [], "it is neither a folder nor a table (CSV)"
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return [], f"line {line} is not UTF-8; save it as CSV (UTF-8)"
    except OSError as error:
        return [], f"it can't be opened ({error.strerror})"
    if "\0" in text:
        return [], "it is no text (it holds zero bytes); save it as CSV (UTF-8)"
    first = text.partition("\n")[0]
    if not first.strip():
        return (
            [],
            "its first line is empty; it names the columns" if text.strip() else "it is empty",
        )
    delimiter = max(",;\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)), ""
    except csv.Error as error:
        return [], f"it is no CSV table: {error}"


class _Finder:
    """Finds the files that a table names: by path, or else by name or stem if only one has it."""

    def __init__(self, table: Path) -> None:
        self.folder = table.parent
        self.images = [f for f in _files(self.folder) if f != table and is_image_name(f)]
        self.named: dict[str, list[Path]] = defaultdict(list)
        for file in self.images:
            for key in {file.name, file.stem}:
                self.named[key].append(file)

    def __call__(self, cell: str) -> tuple[str, Path | None, str]:
        """Return a file's name relative to the table, its path or None, and a hint."""
        written = Path(cell.replace("\\", "/"))
        path = self.folder / written
        if path.is_file():
            return (
                (path.relative_to(self.folder) if not written.is_absolute() else path).as_posix(),
                path,
                "",
            )
        several = self.named.get(written.name, [])
        if len(several) == 1:
            return _name(self.folder, several[0]), several[0], ""
        if several:
            return cell, None, f"; {len(several)} files in other folders are called so"
        near = difflib.get_close_matches(written.name, list(self.named)[:20_000], n=1, cutoff=0.8)
        return cell, None, f"; did you mean {self.named[near[0]][0].name}?" if near else ""


def _twice(entries: list[Entry]) -> list[Problem]:
    problems = []
    lines: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        lines[str(entry.path or entry.file)].append(entry)
    for same in lines.values():
        labels = sorted({entry.label for entry in same})
        if len(same) > 1:
            as_what = f"as {' and as '.join(labels)}" if len(labels) > 1 else f"as {labels[0]}"
            text = f"it is listed {len(same)} times, {as_what}"
            problems.append(Problem("listed twice", (same[0].file,), text))
    return problems


# ---- patients ------------------------------------------------------------------------------


def _find_patients(entries: list[Entry], pattern: str) -> list[Problem]:
    """Take each case's patient from its file's name: all groups of a regular expression."""
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"patient={pattern!r} is no regular expression: {error}") from None
    problems = []
    for entry in entries:
        match = expression.search(entry.file)
        if match is None:
            text = f"no patient in its name by {pattern}"
            problems.append(Problem("no patient", (entry.file,), text))
        else:
            entry.patient = "/".join(g for g in match.groups() if g is not None) or match.group()
    return problems
