"""Make a folder to hand out, `_build/class`: `make class`.

`students/` needs no network but for the packages: lessons, the data files, the site.
`teacher/` stays with the teacher: slides (their notes hold the solutions), quizzes, lessons with
notes. Checksums of all files are beside them.
"""

import hashlib
import shutil
import sys
from pathlib import Path

from helpers import datasets
from tools.editions import __main__ as editions
from tools.editions import publish
from tools.notebooks import ROOT, lesson_paths

FOLDER = ROOT / "_build" / "class"
SITE = ROOT / "_build" / "html"
SUMS = "SHA256SUMS"

BEGIN = """\
# Begin here

1. You need Python 3.11 to 3.13. Open a terminal in this folder (`students`) and write, once:

       python3 -m venv .venv
       .venv/bin/python -m pip install -r requirements.txt jupyterlab

   On Windows it is `py -3.12 -m venv .venv`, and `.venv\\Scripts` in place of `.venv/bin`.
   Without a network, if a folder `packages` lies here, write `install --no-index --find-links
   packages` in place of `install`.
2. Each time: `.venv/bin/jupyter lab notebooks`. Open `{first}`, and run one cell after the other.
3. To read without Python: open `site/book/index.html` in a browser.

The images lie in `data`; the lessons find them. {chest}
At the end of a lesson are exercises. Each has a check that says at once what is right, or what went
wrong.

Did all files arrive whole? `sha256sum --check {sums}` (on a Mac `shasum -a 256 --check {sums}`).
"""
CHEST = """\
Lessons on images of your own want 1.2 GB more,
or `CHEST_XRAYS_SYNTHETIC=1` for simulated ones."""


def data_files() -> list[Path]:
    """Return the data files of the lessons, fetched and checked, or raise DatasetError."""
    return [datasets._find(datasets.FACTS[name], 28)[0] for name in datasets.LOOK_ALIKES]


def checksums(folder: Path) -> str:
    """Return a line for each file below a folder, as `sha256sum --check` reads them."""
    lines = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SUMS:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
    return "".join(lines)


def write(folder: Path) -> None:
    """Write the folder anew."""
    shutil.rmtree(folder, ignore_errors=True)
    students, teacher = folder / "students", folder / "teacher"
    publish.write(lesson_paths(), students, with_outputs=False)
    (students / "data").mkdir()
    for path in data_files():
        shutil.copy(path, students / "data")
    if SITE.is_dir():
        shutil.copytree(SITE, students / "site")
    page = BEGIN.format(first=lesson_paths()[0].name, chest=CHEST, sums=SUMS)
    (students / "BEGIN.md").write_text(page, encoding="utf-8")
    for edition in ("slides", "quizzes", "instructor"):
        editions.write(edition, lesson_paths(), teacher, with_outputs=False, seed="")
    for part in (students, teacher):
        (part / SUMS).write_text(checksums(part), encoding="utf-8")


def main() -> int:
    """Make the folder and say how large it is."""
    try:
        write(FOLDER)
    except datasets.DatasetError as error:
        print(error, file=sys.stderr)
        return 1
    for part in ("students", "teacher"):
        files = [path for path in (FOLDER / part).rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files) / 2**20
        print(f"{FOLDER / part}: {len(files)} files, {size:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
