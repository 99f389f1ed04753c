"""Say who publishes the book: `make publisher URL=https://github.com/YOU/FORK`."""

import re
import sys

from tools.notebooks import ROOT, lesson_paths, read, store

BUTTONS = (
    "{colab_url: https://colab.research.google.com, binderhub_url: https://mybinder.org, "
    "notebook_interface: jupyterlab}"
)


def main(url: str) -> None:
    """Set the address in `_config.yml`, and from there in the set-up cell of every lesson."""
    if not re.fullmatch(r"https://[\w.-]+/[\w.-]+/[\w.-]+", url):
        sys.exit(f"URL={url!r} is no repository's address; like https://github.com/YOU/FORK")
    config = ROOT / "_config.yml"
    text = re.sub(r'(?m)^  url: ".*"', f'  url: "{url}"', config.read_text(encoding="utf-8"))
    text = text.replace("launch_buttons: {}", f"launch_buttons: {BUTTONS}")
    text = re.sub(r"use_repository_button: \w+", "use_repository_button: true", text)
    config.write_text(text, encoding="utf-8")
    for path in lesson_paths():
        store(read(path), path)


if __name__ == "__main__":
    main(sys.argv[1])
