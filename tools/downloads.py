"""The site's download button gives the student edition. Sphinx loads this module (`_config.yml`).

So do the buttons for Colab and Binder: they open the branch `student`, which publishing writes.
"""

from pathlib import Path
from typing import Any

import nbformat

from tools.editions import lessons
from tools.notebooks import lesson_paths, read


def replace(app: Any, exception: Exception | None) -> None:
    """Put the student edition of each lesson where Sphinx has put the stored lesson."""
    if exception or app.builder.format != "html":
        return
    for path in lesson_paths():
        copied = Path(app.outdir) / "_sources" / "notebooks" / path.name
        if copied.is_file():
            edition = lessons.student(read(path), path.stem)
            copied.write_text(nbformat.writes(edition) + "\n", encoding="utf-8")


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx call this module."""
    app.connect("build-finished", replace)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
