"""Pages on which a figure stands that a reader moves load the script that makes it move.

Sphinx loads this module (`_config.yml`).
"""

from typing import Any

from sphinx.application import Sphinx

SCRIPT = "_static/figures/load.js"


def add_script(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Put the script at the end of a page that holds a figure of `helpers.display.interactive`."""
    if 'data-figure="' in context.get("body", ""):
        address = context["pathto"](SCRIPT, resource=True)
        context["body"] += f'<script type="module" src="{address}"></script>\n'


def setup(app: Sphinx) -> dict[str, Any]:
    """Take part in the build."""
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
