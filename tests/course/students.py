"""The student edition, in an environment that holds what it asks for and nothing else.

`make students` makes both: the versions are those that Colab had.
"""

import json

import nbformat
import pytest
from nbclient import NotebookClient

from tools.editions import __main__ as editions
from tools.notebooks import ROOT

FOLDER = editions.FOLDER / "student" / "notebooks"
PYTHON = ROOT / ".venv-students" / "bin" / "python"
SECONDS = 900  # for one cell


@pytest.fixture(scope="module", autouse=True)
def kernel(tmp_path_factory):
    """Offer the bare environment as Jupyter's Python."""
    folder = tmp_path_factory.mktemp("jupyter")
    place = folder / "kernels" / "python3"
    place.mkdir(parents=True)
    command = [str(PYTHON), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "Python 3", "language": "python"}
    (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        patch.delenv("PYTHONPATH", raising=False)
        yield


def run(notebook):
    where = {"metadata": {"path": FOLDER}}
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=where).execute()


def test_helpers_are_those_beside_the_lessons():
    cells = [editions.lessons.set_up(), "import helpers\nprint(helpers.__file__)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    run(notebook)
    (said,) = notebook.cells[-1].outputs
    assert said.text.strip() == str(FOLDER.parent / "helpers" / "__init__.py")


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_lesson_runs(path):
    run(nbformat.read(path, 4))
