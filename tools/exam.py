"""Exams from the bank `book/teaching/exam/`, drawn by a seed.

`.venv/bin/python -m tools.exam midterm 7` writes a sheet and, in a file of its own, its key into
`_build/exams/`, as Markdown. An exam asks about the lessons that the table of weeks in
`book/teaching/course.md` has before it: the final comes after all weeks. With one seed the final
repeats no question of the midterm. Questions on other lessons stay in the bank and are not drawn.
"""

import argparse
import random
import re
import sys
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tools import quizzes

ROOT = Path(__file__).parent.parent
BANK = ROOT / "book" / "teaching" / "exam"
COURSE = ROOT / "book" / "teaching" / "course.md"
FOLDER = ROOT / "_build" / "exams"

SUBJECTS = ("images", "layers", "learning", "judging", "pitfalls", "beyond")
# Questions of each subject in one exam, and the points of a question with answers to choose from.
CHOICE, OPEN, POINTS = 3, 1, 2
OPEN_KEYS = {"question", "level", "lesson", "points", "answer"}


class Plan(NamedTuple):
    """What an exam is about, and how long it takes."""

    subjects: tuple[str, ...]
    minutes: int


EXAMS = {"midterm": Plan(SUBJECTS[:3], 45), "final": Plan(SUBJECTS, 120)}


class Choice(NamedTuple):
    """A question with answers to choose from, in the order of the sheet."""

    text: str
    lesson: str
    answers: list[quizzes.Answer]


class Open(NamedTuple):
    """A question to be answered in writing."""

    text: str
    lesson: str
    points: int
    answer: str


# ---- The bank --------------------------------------------------------------------------------


def faults(entries: Any) -> list[str]:
    """Return what is wrong with the content of a file of the bank, a sentence each.

    Examples
    --------
    >>> question = {"question": "Why?", "level": "judge", "lesson": "pooling"}
    >>> faults([{**question, "points": 0, "answer": "So."}])
    ['0 with answers to choose from; write at least 6', '1 to be answered in writing; write at \
least 2', "'Why?': 0 points; give a whole number of 1 or more"]
    """
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return [f"a {type(entries).__name__}; write a list of questions"]
    written = [entry for entry in entries if "wrong" not in entry]
    choices = [entry for entry in entries if "wrong" in entry]
    # Two exams take from it.
    said = _too_few(choices, 2 * CHOICE, "with answers to choose from")
    said += _too_few(written, 2 * OPEN, "to be answered in writing")
    if nowhere := [str(entry.get("question")) for entry in entries if not entry.get("lesson")]:
        said.append(f"without the lesson that they are about: {nowhere}")
    if len(choices) >= quizzes.LEAST:
        asked = [{key: entry[key] for key in entry if key != "lesson"} for entry in choices]
        said += quizzes.faults(asked)
    for entry in written:
        said += [f"{entry.get('question')!r}: {fault}" for fault in _faults_of_written(entry)]
    return said


def _too_few(entries: list[Any], least: int, kind: str) -> list[str]:
    return [] if len(entries) >= least else [f"{len(entries)} {kind}; write at least {least}"]


def _faults_of_written(entry: dict[str, Any]) -> list[str]:
    if set(entry) != OPEN_KEYS:
        return [f"it has {sorted(entry)}; write {sorted(OPEN_KEYS)}"]
    said = []
    if entry["level"] not in quizzes.LEVELS:
        said.append(f"level {entry['level']!r}; write one of {', '.join(quizzes.LEVELS)}")
    if not isinstance(entry["points"], int) or entry["points"] < 1:
        said.append(f"{entry['points']} points; give a whole number of 1 or more")
    if not isinstance(entry["answer"], str) or not entry["answer"].strip():
        said.append(f"answer is {entry['answer']!r}; write a text")
    return said


def bank(subject: str) -> list[dict[str, Any]]:
    """Return the questions of a subject, as they stand in its file.

    Raises
    ------
    ValueError
        If the file is not of the form; all that is wrong with it is said.
    """
    return list(_read(BANK / f"{subject}.yml"))


@cache
def _read(path: Path) -> list[dict[str, Any]]:
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    if said := faults(entries):
        raise ValueError(f"{path.name}: " + "; ".join(said))
    return entries


# ---- One exam --------------------------------------------------------------------------------


def draw(exam: str, seed: int) -> tuple[list[Choice], list[Open]]:
    """Return the questions of an exam: of each of its subjects as many.

    Parameters
    ----------
    exam : str
        `"midterm"` or `"final"`.
    seed : int
        Which of the questions.

    Examples
    --------
    >>> choices, written = draw("midterm", 7)
    >>> len(choices), len(written)
    (9, 3)
    """
    choices: list[Choice] = []
    written: list[Open] = []
    for subject in EXAMS[exam].subjects:
        for entry in _of_subject(exam, subject, seed):
            text, lesson = quizzes.line(entry["question"]), entry["lesson"]
            if "wrong" in entry:
                answers = quizzes.shuffled(entry, f"{seed} {entry['question']}")
                choices.append(Choice(text, lesson, answers))
            else:
                answer = quizzes.line(entry["answer"])
                written.append(Open(text, lesson, entry["points"], answer))
    return choices, written


def _of_subject(exam: str, subject: str, seed: int) -> list[dict[str, Any]]:
    """Return the entries of a subject that are drawn for an exam."""
    entries = candidates(exam, subject, seed)
    choices = [entry for entry in entries if "wrong" in entry]
    written = [entry for entry in entries if "wrong" not in entry]
    if len(choices) < CHOICE or len(written) < OPEN:
        raise ValueError(
            f"{subject}.yml: {len(choices)} questions to choose and {len(written)} in writing that "
            f"can be in the {exam}; write at least {CHOICE} and {OPEN}"
        )
    return choices[:CHOICE] + written[:OPEN]


def candidates(exam: str, subject: str, seed: int) -> list[dict[str, Any]]:
    """Return the entries of a subject that can be in an exam, in an order drawn."""
    taught = lessons_before(exam, COURSE)
    entries = bank(subject)
    random.Random(f"{seed} {subject}").shuffle(entries)
    entries = [entry for entry in entries if entry["lesson"] in taught]
    if exam == "final" and subject in EXAMS["midterm"].subjects:
        asked = _of_subject("midterm", subject, seed)
        entries = [entry for entry in entries if entry not in asked]
    return entries


@cache
def lessons_before(exam: str, course: Path) -> frozenset[str]:
    """Return the lessons of the weeks before an exam, as the table of the course names them.

    The midterm stands in a week of the table; the final comes after the last.

    Raises
    ------
    ValueError
        If no week of the table has a midterm.
    """
    weeks = re.findall(r"(?m)^\| \d+ \|.*", course.read_text(encoding="utf-8"))
    if exam == "midterm":
        before = list(takewhile(lambda week: "midterm" not in week, weeks))
        if len(before) == len(weeks):
            raise ValueError(f"{course.name}: no week with a midterm; name it in the table")
        weeks = before
    return frozenset(re.findall(r"notebooks/([\w-]+)\.ipynb", "".join(weeks)))


def sheet(exam: str, seed: int) -> str:
    """Return the exam as students get it, as Markdown."""
    choices, written = draw(exam, seed)
    points = POINTS * len(choices) + sum(question.points for question in written)
    parts = [
        f"# {exam.capitalize()} {seed}",
        f"{EXAMS[exam].minutes} minutes, {points} points. No devices. Name:",
        "## One answer is right",
        f"{POINTS} points each.",
    ]
    for number, question in enumerate(choices, 1):
        answers = "\n".join(
            f"- **{letter}.** {answer.text}" for letter, answer in _lettered(question)
        )
        parts.append(f"**{number}.** {question.text}\n\n{answers}")
    parts.append("## Answer in writing")
    for number, open_question in enumerate(written, len(choices) + 1):
        parts.append(f"**{number}.** ({open_question.points} points) {open_question.text}")
    return "\n\n".join(parts) + "\n"


def key(exam: str, seed: int) -> str:
    """Return the answers of an exam, with the reasons, as Markdown."""
    choices, written = draw(exam, seed)
    parts = [f"# {exam.capitalize()} {seed}: key"]
    for number, question in enumerate(choices, 1):
        right = next(letter for letter, answer in _lettered(question) if answer.is_right)
        reasons = "\n".join(
            f"- {letter}: {answer.because}" for letter, answer in _lettered(question)
        )
        parts.append(f"**{number}. {right}** from *{question.lesson}*\n\n{reasons}")
    for number, open_question in enumerate(written, len(choices) + 1):
        head = f"**{number}.** ({open_question.points} points) from *{open_question.lesson}*"
        parts.append(f"{head}\n\n{open_question.answer}")
    return "\n\n".join(parts) + "\n"


def _lettered(question: Choice) -> list[tuple[str, quizzes.Answer]]:
    return list(zip("ABCD", question.answers, strict=False))


def main() -> int:
    """Write the sheet and the key of one exam."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("exam", choices=EXAMS)
    parser.add_argument("seed", type=int, help="the same number gives the same exam")
    chosen = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in {"": sheet, "-key": key}.items():
        path = FOLDER / f"{chosen.exam}-{chosen.seed}{name}.md"
        path.write_text(make(chosen.exam, chosen.seed), encoding="utf-8")
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
