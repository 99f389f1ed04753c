"""Check what changed since main, one lesson or one file.

`make check`, `make check LESSON=too-little-data`, `python -m tools.check helpers/layers.py`.

Chooses from the linters and tests of `make test` those that a change can break, in about a minute.
Lessons are run again only when they are named. What no rule knows is left to `make test`, and said.
"""

import argparse
import ast
import difflib
import subprocess
import sys
import time
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

import yaml

from tools.notebooks import ROOT

# A changed file (`*` stands for folders, too), a test file, and the tests in it as for pytest's -k
# ("" for all). `{path}` is the file, `{name}` its name as a module's, `{slug}` as a lesson's.
RULES = [
    ("notebooks/*.ipynb", "tests/test_notebooks.py", "[{slug}] or -{slug}] or one_name"),
    ("notebooks/*.ipynb", "tests/test_twins.py", "[{slug}] or has_a_lesson"),
    ("notebooks/*.ipynb", "tests/test_glossary.py", "[{slug}"),  # [pooling0] is the page
    ("notebooks/*.ipynb", "tests/test_exercises.py", "[{name}. or -{name}."),
    ("notebooks/*.ipynb", "tests/test_pages.py", "made_page"),
    ("notebooks/text/*", "tests/test_twins.py", "[{slug}] or has_a_lesson"),
    ("notebooks/results/*", "tests/test_experiments.py", "[{name}"),
    ("experiments/*.py", "{path}", ""),  # doctests
    ("experiments/*.py", "tests/test_experiments.py", "[{name}"),
    ("experiments/__init__.py", "tests/test_experiments.py", ""),
    ("helpers/*.py", "{path}", ""),
    ("tools/*.py", "{path}", ""),
    ("helpers/*.py", "tests/test_pages.py", "made_page"),
    ("helpers/medmnist.csv", "tests/test_datasets.py", ""),
    ("helpers/phantoms/*.py", "tests/test_phantoms.py", ""),
    ("helpers/exercises/*.py", "tests/test_exercises.py", "[{name}. or -{name}."),
    ("helpers/exercises/*.py", "tests/test_notebooks.py", "[{slug}] or one_name"),
    ("helpers/exercises/__init__.py", "tests/test_exercises.py", ""),
    ("book/*.md", "tests/test_glossary.py", "[{slug}"),
    ("book/*.md", "tests/test_pages.py", "[{slug} or made_page"),
    ("book/*.md", "tests/test_citations.py", ""),
    ("book/reference/glossary.md", "tests/test_glossary.py", ""),
    ("book/reference/source-map.md", "tests/test_source_map.py", ""),
    ("book/references.bib", "tests/test_citations.py", ""),
    ("book/teaching/*.md", "tests/test_teaching.py", ""),
    ("book/teaching/exam/*.yml", "tests/test_exam.py", ""),
    *((f"book/teaching/{name}.md", "tests/test_exam.py", "") for name in ("course", "exam")),
    ("_toc.yml", "tests/test_notebooks.py", "one_name"),
    ("_toc.yml", "tests/test_pages.py", "made_page"),
    ("conftest.py", "tests/test_data_report.py", ""),
    (".gitattributes", "tests/test_twins.py", "git_shows"),
    *((name, "tests/test_project.py", "") for name in ("Makefile", "*.toml", "*.yml", "locks/*")),
    *((name, "tests/test_project.py", "") for name in ("README.md", "C*.md", "CITATION.cff")),
]
# Builds the site and opens every page: minutes.
SLOW = ("tests/test_site.py",)
# What pytest returns then: a module of helpers need not have an example.
NO_TESTS = 5

# Test files, each with the tests in it that are wanted, as for pytest's -k ("" for all).
Selection = dict[str, set[str]]


# ---- What changed --------------------------------------------------------------------------


def _git(root: Path, *arguments: str) -> str | None:
    """Return what git says, or None if it refuses."""
    run = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
    return run.stdout.strip() if run.returncode == 0 else None


def base(root: Path) -> str:
    """Return the commit that changes count from: where the branch left main.

    On main itself, what was pushed last; without any of them, the last commit.
    """
    on_main = _git(root, "rev-parse", "--abbrev-ref", "HEAD") == "main"
    for main in ["origin/main"] if on_main else ["main", "origin/main"]:
        if commit := _git(root, "merge-base", "HEAD", main):
            return commit
    return "HEAD"


def changed(root: Path) -> list[str]:
    """Return the paths of files that changed, came or went since `base`, committed or not."""
    tracked = _git(root, "diff", "--name-only", "--no-renames", "-z", base(root))
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    if tracked is None or new is None:
        sys.exit("make check asks git what changed: this is no clone; use make test")
    return sorted(set(filter(None, (tracked + "\0" + new).split("\0"))))


def files_of(lesson: str) -> list[str]:
    """Return the files of one lesson: it, its exercises, its experiments, the page above it."""
    name = lesson.replace("-", "_")
    return [
        f"notebooks/{lesson}.ipynb",
        f"helpers/exercises/{name}.py",
        *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob(f"experiments/{name}*.py"))),
        *(f"{page}.md" for page in _pages_above(f"notebooks/{lesson}")),
    ]


def _pages_above(file: str) -> list[str]:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    return [
        chapter["file"]
        for chapter in chapters
        if file in [section["file"] for section in chapter.get("sections", [])]
    ]


# ---- What to run ---------------------------------------------------------------------------


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return names


def _tests_of_module(path: str) -> Iterable[str]:
    """Return the test file of a module's name; without one, those that import the module."""
    stem = Path(path).stem
    if path.startswith("tests/test_"):
        return [path]
    if (ROOT / f"tests/test_{stem}.py").exists():
        return [f"tests/test_{stem}.py"]
    module = path.removesuffix(".py").replace("/", ".")
    tests = sorted(ROOT.glob("tests/test_*.py"))
    return [str(test.relative_to(ROOT)) for test in tests if module in _imports(test)]


def tests_for(path: str) -> Selection:
    """Return the tests that a change of one file can break."""
    name = Path(path).stem
    names = {"path": path, "name": name.replace("-", "_"), "slug": name.replace("_", "-")}
    selection: Selection = {}
    for pattern, test, words in RULES:
        if fnmatch(path, pattern) and (ROOT / test.format(**names)).exists():
            selection.setdefault(test.format(**names), set()).add(words.format(**names))
    if path.endswith(".py"):
        for test in _tests_of_module(path):
            selection.setdefault(test, set()).add("")
    for test in SLOW:
        selection.pop(test, None)
    return selection


def commands(paths: list[str], lesson: str = "") -> list[list[str]]:
    """Return what to run for changed files: linters, then tests."""
    there = [path for path in paths if (ROOT / path).is_file()]
    code = [path for path in there if path.endswith((".py", ".ipynb"))]
    whole, partial, words = set(), set(), set()
    for path in paths:
        for test, wanted in tests_for(path).items():
            (whole if "" in wanted else partial).add(test)
            words |= {word for several in wanted for word in several.split(" or ") if word}
    # Reversed below, or a word that begins with "-" comes first and is taken for an option.
    pytest = ["pytest", "--quiet", "--no-header"]
    # A second process pays where there is much to run.
    several = ["--numprocesses", "auto", "--dist", "loadscope"] if len(whole) > 2 else []
    chosen = [
        ["ruff", "check", *code] if code else [],
        ["ruff", "format", "--check", *code] if code else [],
        ["mypy"] if any(fnmatch(path, "helpers/*.py") for path in there) else [],
        ["codespell_lib", *there] if there else [],
        [*pytest, *several, *sorted(whole)] if whole else [],
        [*pytest, *sorted(partial - whole), "-k", " or ".join(sorted(words, reverse=True))]
        if partial - whole
        else [],
        [*pytest, "--nbval", "--nbval-current-env", f"notebooks/{lesson}.ipynb"] if lesson else [],
    ]
    return [command for command in chosen if command]


def main(arguments: list[str]) -> int:
    """Say what is checked and why, and check it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", default="", help="the name of a lesson, or a file")
    what = parser.parse_args(arguments).what
    lessons = sorted(path.stem for path in ROOT.glob("notebooks/*.ipynb"))
    lesson = what if what in lessons else ""
    if lesson:
        paths, title = files_of(lesson), f"Files of {lesson}"
    elif (ROOT / what).is_file():
        paths, title = [what], "As if it had changed"
    elif what:
        near = difflib.get_close_matches(what, lessons, n=1, cutoff=0)
        parser.error(f"there is no lesson or file {what!r}; did you mean {near[0]!r}?")
    else:
        paths, title = changed(ROOT), f"Changed since {base(ROOT)[:8]}"
    print(f"{title}:" if paths else f"{title}: nothing.")
    for path in paths:
        tests = sorted(tests_for(path))
        print(f"  {path}: {', '.join(tests) or 'no test of its own; make test has the rest'}")
    start, failed = time.monotonic(), []
    for command in commands(paths, lesson):
        print("\n$", *command, flush=True)
        code = subprocess.run([sys.executable, "-m", *command], cwd=ROOT).returncode
        if code not in (0, NO_TESTS):
            failed.append(command[0])
    print(f"\n{time.monotonic() - start:.0f} s.", f"Failed: {', '.join(failed)}." if failed else "")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
