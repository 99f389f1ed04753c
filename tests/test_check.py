"""`make check` sees what changed, and chooses the tests that a change can break."""

import re
import subprocess
import sys

import pytest

from tools import check
from tools.notebooks import ROOT


@pytest.fixture
def clone(tmp_path):
    """A small clone on a branch that left main: returns git in it."""

    def git(*arguments):
        settings = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *settings, *arguments], cwd=tmp_path, check=True)

    git("init", "--quiet", "--initial-branch", "main")
    (tmp_path / ".gitignore").write_text("ignored.py\n")
    for name in ("kept.py", "edited.py", "staged.py", "committed.py", "gone.py", "moved.py"):
        (tmp_path / name).write_text(f"# {name}\n" * 9)
    git("add", ".")
    git("commit", "--quiet", "--message", "main")
    git("switch", "--quiet", "--create", "branch")
    return git


PLANTED = ["committed.py", "edited.py", "gone.py", "moved.py", "new name.py", "there.py"]


@pytest.fixture
def changes(clone, tmp_path):
    """Plant a change of each kind; returns git in the clone."""
    (tmp_path / "committed.py").write_text("# on the branch\n")
    clone("commit", "--quiet", "--all", "--message", "branch")
    (tmp_path / "edited.py").write_text("# not committed\n")
    (tmp_path / "new name.py").write_text("# not known to git\n")
    (tmp_path / "ignored.py").write_text("# to be left alone\n")
    clone("rm", "--quiet", "gone.py")
    clone("mv", "moved.py", "there.py")
    return clone


def test_each_kind_of_change_is_seen(changes, tmp_path):
    assert check.changed(tmp_path) == PLANTED


def test_what_main_got_since_is_no_change(changes, tmp_path):
    changes("commit", "--quiet", "--all", "--message", "branch")
    changes("switch", "--quiet", "main")
    (tmp_path / "kept.py").write_text("# changed on main\n")
    changes("commit", "--quiet", "--message", "main goes on", "kept.py")
    changes("switch", "--quiet", "branch")
    assert check.changed(tmp_path) == PLANTED


def test_on_main_changes_count_from_what_was_pushed(clone, tmp_path):
    clone("switch", "--quiet", "main")
    clone("update-ref", "refs/remotes/origin/main", "main")
    (tmp_path / "kept.py").write_text("# not pushed\n")
    clone("commit", "--quiet", "--all", "--message", "not pushed")
    assert check.changed(tmp_path) == ["kept.py"]
    clone("update-ref", "-d", "refs/remotes/origin/main")
    assert check.changed(tmp_path) == []  # nothing to compare with but the last commit


def test_no_clone_is_said(tmp_path):
    with pytest.raises(SystemExit, match="no clone; use make test"):
        check.changed(tmp_path)


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("helpers/layers.py", {"helpers/layers.py": "", "tests/test_layers.py": ""}),  # by its name
        ("tools/terms.py", {"tests/test_glossary.py": ""}),  # by what imports it
        ("tests/test_layers.py", {"tests/test_layers.py": ""}),  # itself
        # By rules, with names of modules and of lessons.
        ("helpers/exercises/one_of_both.py", {"tests/test_notebooks.py": "[one-of-both]"}),
        ("notebooks/one-of-both.ipynb", {"tests/test_exercises.py": "[one_of_both."}),
        (".github/workflows/test.yml", {"tests/test_project.py": ""}),
    ],
)
def test_tests_of_a_changed_file(path, tests):
    selection = check.tests_for(path)
    for test, words in tests.items():
        assert any(words in wanted for wanted in selection[test]), selection


@pytest.mark.parametrize("path", ["tests/test_site.py", "LICENSE", "helpers/gone.py"])
def test_what_is_left_to_make_test(path):
    assert set(check.tests_for(path)) <= {"tests/test_pages.py"}


def test_linters_see_what_changed_and_is_there():
    paths = ["helpers/gone.py", "helpers/layers.py", "notebooks/pooling.ipynb", "README.md"]
    ruff, form, types, spelling, *tests = check.commands(paths)
    assert ruff == ["ruff", "check", "helpers/layers.py", "notebooks/pooling.ipynb"]
    assert form[-2:] == ruff[-2:] and types == ["mypy"]
    assert spelling == ["codespell_lib", *ruff[-2:], "README.md"]
    assert [command[0] for command in tests] == ["pytest", "pytest"]
    assert check.commands([]) == []


def test_files_of_a_lesson():
    files = check.files_of("too-little-data")
    assert files[:2] == ["notebooks/too-little-data.ipynb", "helpers/exercises/too_little_data.py"]
    assert "book/challenges/data.md" in files
    *_, run = check.commands(files, "too-little-data")
    assert run[-1] == "notebooks/too-little-data.ipynb" and "--nbval" in run


def test_every_rule_chooses_tests_that_are_there():
    """A test that is renamed must be renamed in the rules, too."""
    paths = [
        "notebooks/how-to-fool-yourself.ipynb",
        "notebooks/results/how-to-fool-yourself.jsonl",
        "notebooks/pooling.ipynb",  # a page is called so, too
        "book/concepts/pooling.md",
        ".gitattributes",
    ]
    wanted = [pair for path in paths for pair in check.tests_for(path).items()]
    run = subprocess.run(
        [sys.executable, "-m", *check.commands(paths)[-1], "--collect-only"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    chosen = re.findall(r"(?m)^(tests/\w+\.py)::(.*)", run.stdout)
    for test, words in wanted:
        names = [name for file, name in chosen if file == test]
        for word in filter(None, " or ".join(words).split(" or ")):
            assert any(word in name for name in names), (test, word)


@pytest.mark.parametrize("rule", check.RULES, ids=lambda rule: f"{rule[0]} {rule[1]}")
def test_every_rule_names_what_is_there(rule):
    pattern, test, _ = rule
    assert "{" in test or (ROOT / test).is_file()
    assert list(ROOT.glob(pattern.replace("/*.", "/**/*."))), f"nothing is called {pattern}"


def test_one_file_is_checked_as_if_it_had_changed(monkeypatch, capsys):
    ran = []

    def run(command, **_):
        ran.append(command[2:])
        return subprocess.CompletedProcess(command, returncode=[0, 1, 0, 0, 5, 0][len(ran) - 1])

    monkeypatch.setattr(check.subprocess, "run", run)
    assert check.main(["helpers/display.py"]) == 1  # one command failed, one had no test
    assert ran == check.commands(["helpers/display.py"])
    assert "Failed: ruff." in capsys.readouterr().out


def test_unknown_lesson_is_said(capsys):
    with pytest.raises(SystemExit):
        check.main(["too-litle-data"])
    assert "did you mean 'too-little-data'?" in capsys.readouterr().err
