"""Write editions of the lessons into `_build/editions`.

    python -m tools.editions                          all
    python -m tools.editions student slides           two of them
    python -m tools.editions student --outputs        with what the cells showed
    python -m tools.editions assignment --seed WORD   other hidden tests for another word

Without a seed one is drawn, and kept in assignment/seed.txt: whoever knows it knows the tests.
"""

import argparse
import secrets
import shutil
from pathlib import Path

from tools import quizzes
from tools.editions import lessons
from tools.notebooks import ROOT, is_template, lesson_paths, read

EDITIONS = ("student", "solution", "instructor", "assignment", "slides", "quizzes")
FOLDER = ROOT / "_build" / "editions"


def chosen(names: list[str]) -> list[Path]:
    """Return the lessons of these names, or all; SystemExit names those that there are."""
    paths = lesson_paths()
    known = {path.stem for path in paths}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"no lesson {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    return [path for path in paths if path.stem in names or not names]


def write_assignments(paths: list[Path], folder: Path, seed: str) -> None:
    """Write the assignments; their seed is the one that is given, or was kept, or is drawn."""
    from tools.editions import assignments  # NumPy: the site's environment has none

    kept = folder / "seed.txt"
    if not seed:
        seed = kept.read_text("utf-8").strip() if kept.is_file() else secrets.token_hex(8)
    # What was handed in, and the assignments of other weeks, stay.
    for path in paths:
        for place in ("nbgrader/source", "otter"):
            shutil.rmtree(folder / place / path.stem, ignore_errors=True)
    assignments.write([path for path in paths if not is_template(path)], folder, seed)
    kept.write_text(seed + "\n", encoding="utf-8")


def write_slides(paths: list[Path], folder: Path) -> None:
    """Write a deck for each lesson."""
    from tools.editions import slides

    slides.write_deck_files(folder)
    for path in paths:
        if not is_template(path):
            page = slides.deck(read(path), path.stem)
            (folder / f"{path.stem}.html").write_text(page, encoding="utf-8")


def write_quizzes(paths: list[Path], folder: Path) -> None:
    """Write the questions as decks, for Moodle and for Canvas."""
    from tools.editions import slides

    slides.write_deck_files(folder)
    for name in ("moodle", "canvas"):
        (folder / name).mkdir(exist_ok=True)
    for path in paths:
        if questions := quizzes.of_lesson(path.stem):
            title = read(path).cells[0].source.splitlines()[0].removeprefix("# ")
            page = slides.question_deck(title, questions)
            (folder / f"{path.stem}.html").write_text(page, encoding="utf-8")
            gift = quizzes.gift(path.stem, questions)
            (folder / "moodle" / f"{path.stem}.txt").write_text(gift, encoding="utf-8")
            quizzes.write_qti(path.stem, title, questions, folder / "canvas" / f"{path.stem}.zip")


def write(edition: str, paths: list[Path], folder: Path, with_outputs: bool, seed: str) -> None:
    """Write one edition anew."""
    place = folder / edition
    if edition == "assignment":
        return write_assignments(paths, place, seed)
    shutil.rmtree(place, ignore_errors=True)
    if edition == "slides":
        return write_slides(paths, place)
    if edition == "quizzes":
        return write_quizzes(paths, place)
    if edition == "student":
        from tools.editions import publish

        return publish.write(paths, place, with_outputs)
    return lessons.write(edition, paths, place, with_outputs)


def main() -> None:
    """Read the command line, write what is wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("editions", nargs="*", metavar="EDITION", help=", ".join(EDITIONS))
    parser.add_argument("--lessons", nargs="+", default=[], metavar="LESSON", help="not all")
    parser.add_argument("--outputs", action="store_true", help="keep what cells showed")
    parser.add_argument("--seed", default="", help="a word that the hidden tests hang on")
    parser.add_argument("--to", type=Path, default=FOLDER, help="the folder to write into")
    given = parser.parse_args()
    if unknown := set(given.editions) - set(EDITIONS):
        parser.error(f"no edition {', '.join(sorted(unknown))}; there are {', '.join(EDITIONS)}")
    for edition in given.editions or EDITIONS:
        write(edition, chosen(given.lessons), given.to, given.outputs, given.seed)
        print(given.to / edition)


if __name__ == "__main__":
    main()
