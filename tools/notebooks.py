"""Execute the lessons and store them in one normal form: `python -m tools.notebooks --help`.

The normal form holds no stderr, no timings, no machine or version metadata; cells have stable ids;
the first code cell fetches the book on Colab; the first use of each term is linked to the glossary
(`tools.terms`). Beside each lesson its text is written, in which changes are read (`tools.twins`).
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path

import nbformat
import yaml
from nbclient import NotebookClient

from tools import terms, twins

ROOT = Path(__file__).parent.parent
LESSONS = ROOT / "notebooks"

SET_UP = """\
# Only on Colab: fetch this book. Elsewhere this cell does nothing.
import sys

if "google.colab" in sys.modules:
    {install}"""
# Colab keeps its own TensorFlow; the results of long experiments lie beside the lessons.
FETCH = """\
!git clone --quiet --depth 1 --branch {branch} {url} /content/book
    %pip install --quiet /content/book
    %cd -q /content/book/notebooks"""
UNPUBLISHED = 'raise RuntimeError("this copy names no publisher; see README, section Publish")'

# What differs from run to run in Keras' progress lines: " 2s - 41ms/step - ".
KERAS_TIMES = re.compile(r"\d+s(?: -)? \d+[mu]?s/(?:step|epoch) - ")
# What TensorFlow logs among a lesson's own lines, with addresses in memory.
LOGGED = re.compile(r"^WARNING:tensorflow:.*\n?", re.M)


def in_order() -> list[Path]:
    """Return pages and lessons in the order of `_toc.yml`, the one place that knows it."""
    names = re.findall(r"file: (\S+)", (ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [ROOT / f"{n}{'.ipynb' if n.startswith('notebooks/') else '.md'}" for n in names]


def lesson_paths() -> list[Path]:
    """Return the lessons in reading order."""
    return [path for path in in_order() if path.suffix == ".ipynb"]


def is_template(path: Path) -> bool:
    """Whether a page to run is one to copy and fill in: it teaches nothing, so it has no exercises.

    Examples
    --------
    >>> is_template(Path("template-own-folder.ipynb")), is_template(Path("pooling.ipynb"))
    (True, False)
    """
    return path.stem.startswith("template-")


def book_pages() -> list[Path]:
    """Return the pages of the book, less notes for instructors and what JupyterLab keeps."""
    pages = (ROOT / "book").rglob("*.md")
    return sorted(path for path in pages if not {".ipynb_checkpoints", "notes"} & set(path.parts))


def publisher() -> dict[str, str]:
    """Return url and branch of the repository that publishes this book; no url if nobody does."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return config["repository"]


def set_up_source() -> str:
    """Return the source of the cell that every lesson begins with."""
    place = publisher()
    return SET_UP.format(install=FETCH.format(**place) if place["url"] else UNPUBLISHED)


def _with_set_up(notebook: nbformat.NotebookNode) -> None:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    if not code or not code[0].source.startswith("# Only on Colab"):
        cell = nbformat.v4.new_code_cell()
        position = notebook.cells.index(code[0]) if code else len(notebook.cells)
        notebook.cells.insert(position, cell)
    else:
        cell = code[0]
    cell.source = set_up_source()
    cell.metadata["tags"] = ["remove-cell"]


def _normal_output(output: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    if output.output_type == "stream":
        if output.name == "stderr":
            return None
        output.text = LOGGED.sub("", KERAS_TIMES.sub("", output.text))
        return output if output.text else None
    return output


def _normal_cell(cell: nbformat.NotebookNode, number: int) -> None:
    cell.id = f"cell-{number:03d}"
    tags = cell.metadata.get("tags", [])
    cell.metadata = nbformat.NotebookNode({"tags": tags} if tags else {})
    if cell.cell_type != "code":
        return
    outputs = [_normal_output(output) for output in cell.outputs]
    cell.outputs = [output for output in outputs if output is not None]


def _merge_streams(cell: nbformat.NotebookNode) -> None:
    """Join neighboring pieces of stdout: where they are cut is chance."""
    merged: list[nbformat.NotebookNode] = []
    for output in cell.get("outputs", []):
        if merged and output.output_type == merged[-1].output_type == "stream":
            merged[-1].text += output.text
        else:
            merged.append(output)
    if cell.cell_type == "code":
        cell.outputs = merged


def _link_terms(notebook: nbformat.NotebookNode) -> None:
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    linked = terms.link_cells([cell.source for cell in cells])
    for cell, source in zip(cells, linked, strict=True):
        cell.source = source


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Bring a notebook into the normal form, in place, and return it."""
    _with_set_up(notebook)
    _link_terms(notebook)
    count = 0
    for number, cell in enumerate(notebook.cells):
        _normal_cell(cell, number)
        _merge_streams(cell)
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
    notebook.metadata = nbformat.NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def read(path: Path) -> nbformat.NotebookNode:
    """Read a lesson."""
    return nbformat.read(path, as_version=4)


def uses_medmnist(notebook: nbformat.NotebookNode) -> bool:
    """Whether a lesson loads images that may be simulated."""
    pattern = r"helpers\.datasets|from helpers import .*\bdatasets\b"
    return any(re.search(pattern, cell.source) for cell in notebook.cells)


def uses_chest_xrays(notebook: nbformat.NotebookNode) -> bool:
    """Whether a lesson loads the chest X-rays, which may be simulated."""
    return any("chest_xrays.load(" in cell.source for cell in notebook.cells)


def dump(notebook: nbformat.NotebookNode) -> str:
    """Return the text of the file that holds a notebook."""
    return nbformat.writes(notebook) + "\n"


def store(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a lesson in normal form, and its text twin."""
    path.write_text(dump(normalise(notebook)), encoding="utf-8")
    twin = twins.path_of(path)
    twin.parent.mkdir(exist_ok=True)
    twin.write_text(twins.text(notebook, path.stem), encoding="utf-8")


def execute(path: Path) -> None:
    """Run a lesson from top to bottom and store it in normal form; nothing if it fails."""
    notebook = read(path)
    _with_set_up(notebook)
    # Absent GPUs need not be looked for, and TensorFlow need not say so.
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    client = NotebookClient(
        notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    )
    start = time.monotonic()
    client.execute()
    store(notebook, path)
    print(f"{path.name}: {time.monotonic() - start:.0f} s", flush=True)


def main(arguments: list[str]) -> int:
    """Execute (or only normalise) the lessons that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--normalise", action="store_true", help="bring into normal form, do not run"
    )
    parser.add_argument("paths", nargs="*", type=Path)
    options = parser.parse_args(arguments)
    for path in options.paths or lesson_paths():
        if options.normalise:
            store(read(path), path)
        else:
            execute(path.resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
