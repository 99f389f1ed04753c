"""Exams are drawn from the bank by seed; sheet and key agree; a faulty bank is refused."""

import re

import pytest
import yaml

from tools import exam, quizzes
from tools.notebooks import is_template, lesson_paths

SEEDS = range(20)
# Weeks 1 to 5 of `course.md`, by hand: the midterm may ask about nothing else.
WEEKS_1_TO_5 = {
    *("modalities-and-history", "images-as-tensors", "the-whole-network"),
    *("convolution", "the-convolution-layer"),
    *("activations", "pooling"),
    "dense-softmax",
    *("backpropagation", "cnn-from-nothing"),
}
# All ten weeks: the final may ask about these and nothing else.
WEEKS_1_TO_10 = WEEKS_1_TO_5 | {
    "a-tutorial-program",
    *("chest-xrays", "what-is-it-worth"),
    *("how-to-fool-yourself", "telling-splits-apart", "data-sheets"),
    *("how-sure-is-it", "your-own-images", "model-card"),
    "when-the-scanner-changes",
}
TAUGHT = {"midterm": WEEKS_1_TO_5, "final": WEEKS_1_TO_10}


def texts(name, seed):
    return [question.text for part in exam.draw(name, seed) for question in part]


# ---- The bank ------------------------------------------------------------------------------


def entries_of_the_bank():
    return [entry for subject in exam.SUBJECTS for entry in exam.bank(subject)]


def test_bank_has_a_hundred_questions_and_more_each_once():
    questions = [entry["question"] for entry in entries_of_the_bank()]
    assert len(questions) == len(set(questions)) >= 100
    assert {path.stem for path in exam.BANK.glob("*.yml")} == set(exam.SUBJECTS)


def test_each_lesson_has_a_question():
    taught = {path.stem for path in lesson_paths() if not is_template(path)}
    assert {entry["lesson"] for entry in entries_of_the_bank()} == taught


def test_a_question_without_its_lesson_is_said():
    entries = exam.bank("images")
    entries[0] = {key: entries[0][key] for key in entries[0] if key != "lesson"}
    [fault] = exam.faults(entries)
    assert fault.startswith("without the lesson that they are about: ['A `uint8`")


def test_nearly_a_third_of_the_bank_is_of_each_level():
    levels = [entry["level"] for entry in entries_of_the_bank()]
    shares = {level: levels.count(level) / len(levels) for level in set(levels)}
    assert set(shares) == {"understand", "apply", "judge"} and min(shares.values()) > 0.27


def test_no_question_of_the_bank_is_in_a_quiz():
    practised = {q.text for p in quizzes.FOLDER.glob("*.yml") for q in quizzes.read(p)}
    asked = {text for name in exam.EXAMS for seed in SEEDS for text in texts(name, seed)}
    assert not practised & asked


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"points": "6"}, "6 points; give a whole number"),
        ({"points": 0}, "0 points"),
        ({"level": "easy"}, "level 'easy'"),
        ({"answer": " "}, "answer is ' '"),
        ({"hint": "Think."}, "it has"),
    ],
)
def test_faults_of_a_written_question_are_said(change, said):
    entries = exam.bank("images")
    place = next(i for i, entry in enumerate(entries) if "answer" in entry)
    entries[place] = entries[place] | change
    [fault] = exam.faults(entries)
    assert said in fault


def test_faults_of_a_choice_and_too_few_questions_are_said():
    entries = exam.bank("images")
    entries[0] = entries[0] | {"right": entries[0]["wrong"][0]["answer"]}
    assert any("answered twice" in fault for fault in exam.faults(entries))
    assert exam.faults(exam.bank("images")[:5]) == [
        "5 with answers to choose from; write at least 6",
        "0 to be answered in writing; write at least 2",
    ]
    assert exam.faults("questions") == ["a str; write a list of questions"]


def test_faulty_file_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(exam, "BANK", tmp_path)
    (tmp_path / "images.yml").write_text(yaml.safe_dump([{"question": "1?"}]))
    with pytest.raises(ValueError, match=r"images\.yml: 0 with answers"):
        exam.bank("images")


# ---- One exam ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", exam.EXAMS)
def test_same_seed_same_exam_other_seed_another(name):
    assert exam.sheet(name, 3) == exam.sheet(name, 3)
    assert len({tuple(texts(name, seed)) for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("name", exam.EXAMS)
def test_lessons_of_an_exam_are_those_of_the_weeks_before_it(name):
    assert exam.lessons_before(name, exam.COURSE) == TAUGHT[name]


@pytest.mark.parametrize("name", exam.EXAMS)
def test_exam_has_twice_as_many_questions_to_draw_from_as_it_asks(name):
    for seed in range(100):
        before = set(texts("midterm", seed)) if name == "final" else set()
        for subject in exam.EXAMS[name].subjects:
            entries = [
                entry
                for entry in exam.bank(subject)
                if entry["lesson"] in TAUGHT[name] and quizzes.line(entry["question"]) not in before
            ]
            choices = [entry for entry in entries if "wrong" in entry]
            assert len(choices) >= 2 * exam.CHOICE, (subject, seed)
            assert len(entries) - len(choices) >= 2 * exam.OPEN, (subject, seed)
            drawn = exam.candidates(name, subject, seed)
            assert sorted(e["question"] for e in drawn) == sorted(e["question"] for e in entries)


@pytest.mark.parametrize(("name", "size"), [("midterm", (9, 3)), ("final", (18, 6))])
def test_exam_asks_about_lessons_before_it_only_and_reaches_all(name, size):
    drawn, seen = set(), set()
    for seed in range(500):
        choices, written = exam.draw(name, seed)
        assert (len(choices), len(written)) == size, seed
        drawn.add(frozenset(question.text for question in [*choices, *written]))
        seen |= {question.lesson for question in [*choices, *written]}
    assert seen == TAUGHT[name] and len(drawn) > 490


def test_course_without_midterm_or_with_too_few_questions_before_it_is_said(tmp_path, monkeypatch):
    course = tmp_path / "course.md"
    course.write_text("| 1 | images | [One](../../notebooks/pooling.ipynb) | `50` | |\n")
    with pytest.raises(ValueError, match=r"course\.md: no week with a midterm"):
        exam.lessons_before("midterm", course)
    early = tmp_path / "early.md"
    early.write_text(course.read_text() + "| 2 | midterm | | | |\n")
    monkeypatch.setattr(exam, "COURSE", early)
    with pytest.raises(ValueError, match=r"images\.yml: 0 questions to choose and 0 in writing"):
        exam.draw("midterm", 7)


def test_a_midterm_that_is_moved_and_a_week_that_is_added_change_the_exams(tmp_path, monkeypatch):
    course = tmp_path / "course.md"
    week = "| 11 | more | [Volumes](../../notebooks/volumes.ipynb) | `30` | |\n"
    course.write_text(exam.COURSE.read_text(encoding="utf-8") + "\n" + week, encoding="utf-8")
    assert exam.lessons_before("final", course) == WEEKS_1_TO_10 | {"volumes"}
    assert exam.lessons_before("midterm", course) == WEEKS_1_TO_5
    moved = tmp_path / "moved.md"
    moved.write_text(course.read_text(encoding="utf-8").replace("| learning |", "| midterm |"))
    week_5 = {"backpropagation", "cnn-from-nothing"}
    assert exam.lessons_before("midterm", moved) == WEEKS_1_TO_5 - week_5
    monkeypatch.setattr(exam, "COURSE", course)
    seen = {q.lesson for seed in range(100) for part in exam.draw("final", seed) for q in part}
    assert "volumes" in seen


def test_final_repeats_no_question_of_the_midterm_of_its_seed():
    for seed in range(500):
        assert not set(texts("midterm", seed)) & set(texts("final", seed)), seed


def test_each_question_on_the_ten_weeks_is_asked_in_some_exam_and_no_other():
    asked = {text for name in exam.EXAMS for seed in range(100) for text in texts(name, seed)}
    assert asked == {
        quizzes.line(entry["question"])
        for entry in entries_of_the_bank()
        if entry["lesson"] in WEEKS_1_TO_10
    }


@pytest.mark.parametrize("name", exam.EXAMS)
def test_key_names_the_letter_of_the_right_answer(name):
    letters = []
    for seed in SEEDS:
        shown = re.findall(
            r"(?m)^\*\*(\d+)\.\*\* .+\n\n((?:- .+\n)+)", exam.sheet(name, seed) + "\n"
        )
        keyed = dict(re.findall(r"(?m)^\*\*(\d+)\. ([A-D])\*\* from", exam.key(name, seed)))
        entries = entries_of_the_bank()
        right = {" ".join(e["right"].split()) for e in entries if "right" in e}
        assert len(shown) == len(keyed) == 3 * len(exam.EXAMS[name].subjects)
        for number, answers in shown:
            options = dict(re.findall(r"- \*\*([A-D])\.\*\* (.+)", answers))
            assert options[keyed[number]] in right
        letters += keyed.values()
    assert {
        letter: letters.count(letter) / len(letters) > 0.2 for letter in "ABC"
    } == dict.fromkeys("ABC", True)


@pytest.mark.parametrize("name", exam.EXAMS)
def test_sheet_holds_points_and_no_reason(name):
    choices, written = exam.draw(name, 5)
    sheet = exam.sheet(name, 5)
    points = 2 * len(choices) + sum(question.points for question in written)
    assert f"{points} points" in sheet
    assert not any(answer.because in sheet for choice in choices for answer in choice.answers)
    assert not any(question.answer in sheet for question in written)


def test_command_writes_sheet_and_key(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(exam, "ROOT", tmp_path)
    monkeypatch.setattr(exam, "FOLDER", tmp_path / "exams")
    monkeypatch.setattr("sys.argv", ["exam", "midterm", "7"])
    assert exam.main() == 0
    assert capsys.readouterr().out.split() == ["exams/midterm-7.md", "exams/midterm-7-key.md"]
    assert (tmp_path / "exams" / "midterm-7.md").read_text().startswith("# Midterm 7\n")


def test_commands_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.setattr(exam, "ROOT", tmp_path)
    monkeypatch.setattr(exam, "FOLDER", tmp_path / "exams")
    page = (exam.BANK.parent / "exam.md").read_text(encoding="utf-8")
    commands = re.findall(r"(?m)^.*-m tools\.exam .*$", page)
    assert len(commands) == 2
    for command in commands:
        program, _, module, *arguments = command.split()
        assert (program, module) == (".venv/bin/python", "tools.exam")
        monkeypatch.setattr("sys.argv", ["exam", *arguments])
        assert exam.main() == 0
    assert len(list((tmp_path / "exams").glob("*.md"))) == 4
