"""What teachers get agrees with the lessons: minutes, exercises, notes, ideas, answers."""

import re
from functools import cache

import pytest

from tools import exam, pages, quizzes
from tools.editions import assignments
from tools.editions.lessons import misplaced_notes, notes
from tools.notebooks import ROOT, is_template, lesson_paths, read

TEACHING = ROOT / "book" / "teaching"
NOTED = sorted(path.stem for path in pages.NOTES.glob("*.md"))
LINK = r"\(\.\./\.\./notebooks/([\w-]+)\.ipynb\)"


@cache
def minutes_to_read():
    """Minutes to read of each lesson, as it states them."""
    return {
        lesson["name"]: int(re.match(r"(\d+) minutes", lesson["time"][0])[1])
        for lesson in pages.openings()
    }


def weeks():
    """The rows of the course's table: the cells of each week."""
    text = (TEACHING / "course.md").read_text(encoding="utf-8")
    return re.findall(r"(?m)^\| (\d+) \| .+? \| (.+?) \| `(\d+)` \| .*\|$", text)


def test_course_has_ten_weeks():
    assert [week for week, _, _ in weeks()] == [str(number) for number in range(1, 11)]


@pytest.mark.parametrize(("week", "lessons", "stated"), weeks())
def test_minutes_of_a_week_are_those_of_its_lessons(week, lessons, stated):
    assert int(stated) == sum(minutes_to_read()[name] for name in re.findall(LINK, lessons))


def test_reading_is_a_little_less_than_an_hour_a_week():
    assert 50 < sum(int(stated) for *_, stated in weeks()) / 10 < 60


def test_exercises_of_assignments_are_in_their_lessons_and_asked_once():
    named = []
    for lesson, exercises in [
        one for week in assignments.weeks() for one in week.exercises.items()
    ]:
        source = (ROOT / "notebooks" / "text" / f"{lesson}.md").read_text(encoding="utf-8")
        assert set(exercises) <= set(re.findall(r"exercise\.(\w+)\.check", source)), lesson
        named += [(lesson, exercise) for exercise in exercises]
    assert len(named) == len(set(named)) > 40


def test_each_lesson_has_notes():
    assert {path.stem for path in lesson_paths() if not is_template(path)} <= set(NOTED)


@pytest.mark.parametrize("lesson", NOTED)
def test_notes_stand_below_headings_of_their_lesson(lesson):
    assert set(notes(lesson)) - {""}
    assert misplaced_notes(read(ROOT / "notebooks" / f"{lesson}.ipynb"), lesson) == []


@pytest.mark.parametrize("lesson", NOTED)
def test_every_mistaken_idea_of_the_notes_is_on_the_page(lesson):
    text = (pages.NOTES / f"{lesson}.md").read_text(encoding="utf-8")
    ideas = pages.MISCONCEPTION.findall(text)
    assert len(ideas) == text.count("They think") >= 2


def test_times_of_a_session_rise():
    for name in ("course", "block", "workshop"):
        text = (TEACHING / f"{name}.md").read_text(encoding="utf-8")
        for table in re.findall(r"(?m)^\| time \|.+\n\| ---.+\n((?:\|.+\n)+)", text):
            times = re.findall(r"(?m)^\| (\d+):(\d\d) \|", table)
            clock = [60 * int(hour) + int(minute) for hour, minute in times]
            assert len(clock) == table.count("\n") and clock == sorted(set(clock)), table


def choices():
    """All answers to choose from, question by question: those of quizzes and of the bank."""
    asked = [q.answers for path in quizzes.FOLDER.glob("*.yml") for q in quizzes.read(path)]
    draws = [exam.draw(name, seed)[0] for name in exam.EXAMS for seed in range(9)]
    banked = {q.text: q.answers for questions in draws for q in questions}
    return {"quizzes": asked, "bank": list(banked.values())}


@pytest.mark.parametrize("extreme", [min, max])
@pytest.mark.parametrize(("kind", "answers"), choices().items())
def test_length_does_not_give_the_right_answer_away(kind, answers, extreme):
    def alone(answer, among):
        lengths = [len(other.text) for other in among]
        return len(answer.text) == extreme(lengths) and lengths.count(extreme(lengths)) == 1

    right = [alone(answer, among) for among in answers for answer in among if answer.is_right]
    assert len(right) == len(answers) >= 36
    assert sum(right) < 0.4 * len(right), f"{kind}: the {extreme.__name__} is too often right"
