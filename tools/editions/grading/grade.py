"""Grade submissions, one after the other: what one of them does is no harm to the next.

    python grade.py nbgrader COURSE LESSON        COURSE/submitted/STUDENT/LESSON/LESSON.ipynb
    python grade.py otter FOLDER SUBMISSIONS      SUBMISSIONS/STUDENT.ipynb, FOLDER of otter assign

Writes grades.csv: points, and a sentence on what a person should know or look at; what it holds of
other assignments stays. It runs what students wrote. Do that on a machine, or in a container, where
nothing else lies.
"""

import argparse
import ast
import csv
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SECONDS = 600  # for a whole submission; nbgrader stops each cell after a minute
MEMORY = 8 * 2**30
LARGEST = 20 * 2**20  # bytes of a submission
COLUMNS = ["assignment", "student", "points", "of", "remark"]
# What a function of an exercise has no need of, and what gets around a test does.
UNUSUAL = {
    *("builtins", "ctypes", "gc", "get_ipython", "importlib", "inspect", "IPython", "os"),
    *("pathlib", "subprocess", "eval", "exec", "open", "globals", "vars", "setattr", "compile"),
    *("__import__", "sys", "helpers", "checking", "verdict", "exercise", "solution", "hidden"),
    *("said", "In"),
}


def code_of(path: Path) -> list[str]:
    """Return the code cells of a notebook; ValueError says why it is none."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path.name} has {path.stat().st_size / 2**20:.0f} MB; it was not run")
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, LookupError, TypeError):
        raise ValueError(f"{path.name} is no notebook") from None


def functions(cells: list[str]) -> dict[str, ast.FunctionDef]:
    """Return the functions that cells define; cells that are no Python are passed over."""
    found = {}
    for cell in cells:
        try:
            tree = ast.parse(cell)
        except SyntaxError:
            continue
        found |= {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return found


def is_text(part: ast.stmt) -> bool:
    """Whether a statement is a text, or `...`, and nothing else."""
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)


def shape(function: ast.FunctionDef) -> str:
    """Return what a function does, less its names: the same for a copy with other names."""
    names: dict[str, str] = {}
    copy = ast.parse(ast.unparse(function))
    for node in ast.walk(copy):  # texts that stand alone, such as docstrings, do nothing
        if isinstance(node, ast.FunctionDef):
            node.body = [part for part in node.body if not is_text(part)]
    own = {node.arg for node in ast.walk(copy) if isinstance(node, ast.arg)}
    own |= {
        node.id
        for node in ast.walk(copy)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    for node in ast.walk(copy):
        if isinstance(node, ast.Name) and node.id in own:
            node.id = names.setdefault(node.id, f"name{len(names)}")
        elif isinstance(node, ast.arg):
            node.arg = names.setdefault(node.arg, f"name{len(names)}")
        elif isinstance(node, ast.FunctionDef):
            node.name = ""
    return ast.dump(copy)


def remarks(cells: list[str], given: list[str], solved: list[str]) -> list[str]:
    """Return what a person should know of a submission before believing its points.

    Parameters
    ----------
    cells : list of str
        The code cells that were handed in.
    given : list of str
        Those that the student was given.
    solved : list of str
        Those of the teacher's notebook, with solutions.
    """
    said = []
    handed, right = functions(cells), functions(solved)
    wanted = functions(given)
    if lost := [name for name in wanted if name not in handed]:
        said.append(f"not defined: {', '.join(lost)}; deleted, or renamed?")
    own = [cell for cell in cells if cell not in given]
    words = set()
    for cell in own:
        try:
            for node in ast.walk(ast.parse(cell)):
                words |= {node.id} if isinstance(node, ast.Name) else set()
                words |= {node.attr} if isinstance(node, ast.Attribute) else set()
                if isinstance(node, ast.Import):
                    words |= {alias.name.split(".")[0] for alias in node.names}
                if isinstance(node, ast.ImportFrom):
                    words |= {(node.module or "").split(".")[0]}
                if isinstance(node, ast.Assign | ast.AugAssign):
                    places = node.targets if isinstance(node, ast.Assign) else [node.target]
                    words |= {
                        "an attribute that is set"
                        for place in places
                        if isinstance(place, ast.Attribute)
                    }
        except SyntaxError:
            said.append("a cell is no Python")
    unusual = words & (UNUSUAL | {"an attribute that is set"})
    unusual |= {word for word in words if word.startswith("__") or word.startswith("_get")}
    if unusual:
        said.append(f"worth a look: {', '.join(sorted(unusual))}")
    same = [
        name
        for name, function in handed.items()
        if name in right and len(function.body) > 1 and shape(function) == shape(right[name])
    ]
    if same:
        said.append(f"as in the book, but for names: {', '.join(same)}")
    return said


def run(command: list[str], folder: Path) -> str:
    """Run a command within limits; return nothing, or what went wrong."""
    with tempfile.TemporaryDirectory() as scratch:
        shutil.copytree(HERE / "ipython", Path(scratch) / "ipython")
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        settings = {"IPYTHONDIR": f"{scratch}/ipython", "PATH": programs, "MPLBACKEND": "agg"}
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )
        try:
            said, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return f"stopped after {SECONDS} seconds"
    if process.returncode:
        lines = [line for line in said.splitlines() if line.strip()]
        return f"could not be graded: {lines[-1].strip() if lines else process.returncode}"
    return ""


def stopped(text: str) -> list[str]:
    """Return what `limits.py` said in a file of results, once each.

    >>> stopped("x Stopped: more than 60 seconds; does a loop not end?\\n y")
    ['stopped: more than 60 seconds; does a loop not end?']
    """
    found = re.findall(r"Stopped(?:\\x1b\[0m|\\u001b\[\d+m)*: (more than [\w ,;?]+)", text)
    return [f"stopped: {sentence}" for sentence in dict.fromkeys(found)]


def write(grades: list[dict[str, object]], path: Path, assignment: str) -> None:
    """Write the grades of an assignment as CSV, beside those of others, and show them."""
    others: list[dict[str, object]] = []
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            there = csv.DictReader(file)
            if there.fieldnames == COLUMNS:
                others = [dict(row) for row in there if row["assignment"] != assignment]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([*others, *({"assignment": assignment, **grade} for grade in grades)])
    for grade in grades:
        print(f"{grade['student']:16} {grade['points']:5} of {grade['of']}  {grade['remark']}")
    print(f"written: {path}")


def with_nbgrader(course: Path, lesson: str) -> None:
    """Grade and explain one assignment; grades.csv lies in the course."""
    from nbgrader.api import Gradebook, MissingEntry

    name = f"{lesson}.ipynb"
    solved = code_of(course / "source" / lesson / name)
    given = code_of(course / "release" / lesson / name)
    said: dict[str, list[str]] = {}
    for folder in sorted((course / "submitted").glob(f"*/{lesson}")):
        student = folder.parent.name
        try:
            if not (folder / name).is_file():
                there = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
                raise ValueError(f"there is no {name}; there is {there}")
            said[student] = remarks(code_of(folder / name), given, solved)
        except ValueError as error:
            said[student] = [str(error)]
            continue
        command = ["nbgrader", "autograde", lesson, "--student", student, "--force"]
        said[student] += filter(None, [run(command, course)])
        graded = course / "autograded" / student / lesson / name
        said[student] += stopped(graded.read_text("utf-8")) if graded.is_file() else []
    run(["nbgrader", "generate_feedback", lesson, "--force"], course)
    grades = []
    with Gradebook(f"sqlite:///{course.resolve()}/gradebook.db") as book:
        most = book.find_assignment(lesson).max_score
        for student, sentences in said.items():
            try:
                submission = book.find_submission(lesson, student)
                points = submission.score
                # When it grades again, nbgrader keeps points by hand, and asks for them again.
                written = [g for n in submission.notebooks for g in n.grades]
                if any(g.needs_manual_grade and g.manual_score is None for g in written):
                    sentences = [*sentences, "a question waits to be graded by hand"]
            except MissingEntry:
                points = 0.0
            remark = "; ".join(sentences)
            grades.append({"student": student, "points": points, "of": most, "remark": remark})
    write(grades, course / "grades.csv", lesson)


def feedback(tests: list[dict[str, Any]]) -> str:
    """Return what a student may read: points, and what the last line of each test says."""
    lines = []
    for test in tests:
        if "score" in test:
            last = test["output"].strip().splitlines()[-1].strip()
            lines.append(f"{test['name']}: {test['score']:g} of {test['max_score']:g}. {last}")
    return "\n".join(lines) + "\n"


def with_otter(folder: Path, submissions: Path) -> None:
    """Grade one assignment; results/ and grades.csv lie beside the submissions."""
    autograder = max((folder / "autograder").glob("*.zip"))
    source = next((folder / "autograder").glob("*.ipynb"))
    solved = code_of(source)
    given = code_of(next((folder / "student").glob("*.ipynb")))
    grades = []
    for path in sorted(path for path in submissions.iterdir() if path.is_file()):
        if path.suffix == ".csv":
            continue
        points, sentences = 0.0, []
        results = submissions / "results" / path.stem
        shutil.rmtree(results, ignore_errors=True)
        results.mkdir(parents=True)
        try:
            sentences = remarks(code_of(path), given, solved)
            command = [sys.executable, "-m", "otter", "run", str(path.resolve())]
            command += ["--autograder", str(autograder.resolve())]
            command += ["--output-dir", str(results.resolve()), "--no-logo"]
            sentences += filter(None, [run(command, results)])
            written = (results / "results.json").read_text(encoding="utf-8")
            sentences += stopped(written)
            found = json.loads(written)["tests"]
            points = sum(test.get("score", 0.0) for test in found)
            if not any("score" in test for test in found):
                sentences.append("Otter ran no test: its own cells came to no end")
            (results / "feedback.txt").write_text(feedback(found), encoding="utf-8")
        except ValueError as error:
            sentences = [str(error)]
        except FileNotFoundError:
            sentences.append("Otter wrote no results")
        grades.append({"student": path.stem, "points": points, "remark": "; ".join(sentences)})
    tests = json.loads(next((folder / "student").glob("*.ipynb")).read_text(encoding="utf-8"))
    most = sum(test["points"] for test in tests["metadata"]["otter"]["tests"].values())
    complete = [{**grade, "of": float(most)} for grade in grades]
    write(complete, submissions / "grades.csv", source.stem)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("system", choices=["nbgrader", "otter"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("what", help="LESSON for nbgrader, the folder SUBMISSIONS for Otter")
    given = parser.parse_args()
    if given.system == "nbgrader":
        with_nbgrader(given.folder, given.what)
    else:
        with_otter(given.folder, Path(given.what))


if __name__ == "__main__":
    main()
