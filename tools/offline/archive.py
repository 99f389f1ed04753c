"""Site, lessons and helpers in one zip that needs no network to be read: `make archive`."""

import re
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from tools.handout import SUMS, checksums
from tools.notebooks import ROOT
from tools.offline.pages import OUT, SITE, about, size

NAME = "book.zip"
# What `pip install` needs, and what a copy must carry along.
FILES = ("pyproject.toml", "README.md", "LICENSE", "LICENSE-TEXT.md", "CITATION.cff")
# A page that is opened as a file gets its fonts, but not beforehand: the browser would complain.
PRELOAD = re.compile(r'<link rel="preload"[^>]*>')
BEGIN = """\
# {title}, version {version}

To read: open `site/book/index.html` in a browser. No network is needed; figures move.

To run the lessons you need Python 3.11 to 3.13 and, once, the network:

    python3 -m venv .venv
    .venv/bin/python -m pip install --editable . jupyterlab
    .venv/bin/jupyter lab notebooks

On Windows write `py -3.12` for `python3`, and `.venv\\Scripts` for `.venv/bin`. Lessons fetch their
images when they run; README.md, section The data, says how to have them beforehand, or simulated
ones.

Did all files arrive whole? `sha256sum --check {sums}` (on a Mac `shasum -a 256 --check {sums}`).
"""


def collect(site: Path, folder: Path) -> None:
    """Copy what the archive holds into a folder, checksums last."""
    shutil.copytree(site, folder / "site")
    for page in (folder / "site").rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        page.write_text(PRELOAD.sub("", html), encoding="utf-8")
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "text")
    for name in ("helpers", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    said = about()
    begin = BEGIN.format(title=said["title"], version=said["version"], sums=SUMS)
    (folder / "BEGIN.md").write_text(begin, encoding="utf-8")
    (folder / SUMS).write_text(checksums(folder), encoding="utf-8")


def pack(folder: Path, path: Path) -> None:
    """Zip a folder; the same files give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                name = f"book/{file.relative_to(folder).as_posix()}"
                archive.writestr(zipfile.ZipInfo(name), file.read_bytes(), zipfile.ZIP_DEFLATED)


def main() -> int:
    """Write the archive, say how large it is."""
    if not SITE.is_dir():
        print(f"{SITE} is missing: make book", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "book"
        collect(SITE, folder)
        pack(folder, OUT / NAME)
    print(f"{OUT / NAME}: {size(OUT / NAME)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
