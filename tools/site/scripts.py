"""What scripts a page loads: few, none from elsewhere, and none that a reader waits for."""

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

STEPS = "steps.js"  # in `helpers`, which brings it into notebooks
# Of what Sphinx, the theme and extensions bring, pages use these. Sphinx's own search is replaced
# (`tools.site.search`); its tools, its highlighting, and buttons that fold are used nowhere.
KEPT = {"documentation_options.js", "clipboard.min.js", "copybutton.js"}
KEPT |= {"scripts/sphinx-book-theme.js", STEPS}
DROPPED = {"doctools.js", "sphinx_highlight.js", "design-tabs.js"}
OUTPUT = re.compile(r"<script data-steps>.*?</script>", re.S)


def choose(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Keep the scripts that are used, all deferred; stop at one that nobody decided on."""
    # A stored figure in steps brings its script along, for notebooks. Here one file serves all.
    body, count = OUTPUT.subn("", context.get("body", ""))
    if count:
        context["body"] = body
        app.add_js_file(STEPS)
    # Figures that a reader moves: `tools.figures` adds their script.
    if "data-figure=" in context.get("body", ""):
        app.add_css_file("figures.css")
    chosen = []
    for script in context["script_files"]:
        name = str(script.filename or "").removeprefix("_static/")
        if name in KEPT or (Path(app.srcdir) / "book" / "_static" / name).is_file():
            script.attributes["defer"] = "defer"
            chosen.append(script)
        elif name and name not in DROPPED:
            raise ExtensionError(f"{name} is a new script: say in {__name__} whether it is used")
    context["script_files"] = chosen


def setup(app: Sphinx) -> None:
    """Take part in the build."""
    app.connect("html-page-context", choose, priority=900)  # after all that add scripts
