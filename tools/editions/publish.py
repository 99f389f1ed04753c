"""What the publisher's student branch holds: lessons, helpers, pages, and what Binder asks for."""

import shutil
import tomllib
from pathlib import Path

from tools.editions import lessons
from tools.notebooks import ROOT, lesson_paths

README = """\
# Convolutional neural networks for medical image classification: for students

Lessons without solutions, made from the book. {source}

Begin with [notebooks/{first}](notebooks/{first}). {how}

- **On your own computer** (Python 3.11 to 3.13): `pip install -r requirements.txt jupyterlab`,
  then `jupyter lab`.
- **JupyterHub:** your teacher has a link for you.

Each lesson ends with exercises, whose checks say at once what is right, and with questions.
Not for clinical use. Text and figures CC BY 4.0, code MIT.
"""
COLAB = "https://colab.research.google.com/github/{place}/blob/{branch}/notebooks"
BINDER = "https://mybinder.org/v2/gh/{place}/{branch}?urlpath=lab/tree/notebooks/{first}"
LICENSES = ("LICENSE", "LICENSE-TEXT.md", "CITATION.cff")
# What of `book/` is no page for students.
NO_PAGES = ("quizzes", "notes", "exam", "_static", "_templates")


def requirements() -> list[str]:
    """Return what the lessons import, with the bounds of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return list(project["dependencies"])


def readme() -> str:
    """Return the page that says how to begin."""
    url, first = lessons.published()["url"], lesson_paths()[0].name
    place = url.removeprefix("https://github.com/")
    how, source = "", f"The book: {lessons.site()}" if url else ""
    if url:
        colab = COLAB.format(place=place, branch=lessons.BRANCH)
        binder = BINDER.format(place=place, branch=lessons.BRANCH, first=first)
        how = f"Without installing anything: [Colab]({colab}/{first}), [Binder]({binder})."
    return README.format(source=source, first=first, how=how)


def write(paths: list[Path], folder: Path, with_outputs: bool) -> None:
    """Write the branch; the pages of the book only where links can't lead to the site."""
    lessons.write("student", paths, folder / "notebooks", with_outputs)
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints", *NO_PAGES)
    for name in ("helpers", "notebooks/results", *([] if lessons.site() else ["book"])):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored, dirs_exist_ok=True)
    for name in LICENSES:
        shutil.copy(ROOT / name, folder / name)
    (folder / "README.md").write_text(readme(), encoding="utf-8")
    (folder / "requirements.txt").write_text("\n".join(requirements()) + "\n", encoding="utf-8")
    (folder / "runtime.txt").write_text("python-3.12\n", encoding="utf-8")  # Binder reads it
