"""Pages on which a figure stands that a reader moves load the script that makes it move.

Sphinx loads this module (`_config.yml`).
"""

import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

FOLDER = "_static/figures"
# Browsers load no modules into pages that are opened as files: there one script brings them all.
SCRIPT = """\
<script type="module">
  const script = document.createElement("script");
  script.src = "FOLDER/offline.js";
  if (location.protocol === "file:") document.head.append(script);
  else import("./FOLDER/load.js");
</script>
"""
OFFLINE = """\
// Made by tools.figures: every module and its data, for pages that are opened as files.
globalThis.offline = (() => {
  const sources = SOURCES;
  const addresses = {};
  function module(name) {
    if (!addresses[name]) {
      const others = / from "\\.\\/([\\w-]+\\.js)"/g;
      const source = sources[name].replace(others, (_, other) => ` from "${module(other)}"`);
      addresses[name] = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    }
    return addresses[name];
  }
  return { module, data: DATA, place: document.currentScript.src };
})();
import(offline.module("load.js"));
"""


def add_script(app: Sphinx, page: str, template: str, context: dict[str, Any], tree: Any) -> None:
    """Put the script at the end of a page that holds a figure of `helpers.display.interactive`."""
    if 'data-figure="' in context.get("body", ""):
        folder = context["pathto"](FOLDER, resource=True)
        context["body"] += SCRIPT.replace("FOLDER", folder)


def offline(folder: Path) -> str:
    """Return one script that holds all modules of a folder and their data."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.js"))}
    data = {path.name: json.loads(path.read_bytes()) for path in sorted(folder.glob("data/*.json"))}
    script = OFFLINE.replace("DATA", json.dumps(data), 1)
    return script.replace("SOURCES", json.dumps(sources), 1)


def write(app: Sphinx, error: Exception | None) -> None:
    """Write the script for pages that are opened as files."""
    if error is None and app.builder.format == "html":
        folder = Path(app.outdir) / FOLDER
        sources = Path(app.srcdir) / "book" / FOLDER
        (folder / "offline.js").write_text(offline(sources), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Take part in the build."""
    app.connect("html-page-context", add_script)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
