"""Say who publishes the book: `make publisher URL=https://github.com/YOU/FORK`.

The address may be the one that a browser or git shows: with `.git`, a slash or `/tree/BRANCH` at
its end. Without a branch it is main.
"""

import re
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from tools.notebooks import ROOT, lesson_paths, read, store

BUTTONS = (
    "{colab_url: https://colab.research.google.com, binderhub_url: https://mybinder.org, "
    "notebook_interface: jupyterlab}"
)
ADDRESS = re.compile(
    r"(?:https?://(?:www\.)?|(?:ssh://)?git@)?github\.com[/:]"
    r"(?P<owner>[a-z\d](?:-?[a-z\d]){0,38})/"
    r"(?P<name>(?!(?:\.+|\.git)(?:/|$))[\w.-]{1,100}?)(?:\.git)?"
    r"(?:/tree/(?P<branch>\w[\w.-]*))?/?",
    re.ASCII | re.IGNORECASE,
)


class Publication(NamedTuple):
    """Where the sources are, and where the site is read."""

    url: str
    branch: str
    site: str


def publication(address: str) -> Publication:
    """Return what an address says, in its normal form; ValueError if it is not GitHub's."""
    match = ADDRESS.fullmatch(address.strip())
    if not match:
        raise ValueError(
            f"{address[:200]!r} is no repository of GitHub (Colab, Binder and the workflow that "
            "publishes need one); write it like https://github.com/YOU/FORK"
        )
    owner, name = match["owner"], match["name"]
    home = f"{owner.lower()}.github.io"
    return Publication(
        f"https://github.com/{owner}/{name}",
        match["branch"] or "main",
        f"https://{home}/" if name.lower() == home else f"https://{home}/{name}/",
    )


def _set(text: str, pattern: str, line: str) -> str:
    """Replace the one line that a pattern matches; ValueError if there is none, or another."""
    text, count = re.subn(rf"(?m)^{pattern}$", lambda match: line, text)
    if count != 1:
        raise ValueError(f"there are {count} lines like {pattern!r}, where one was expected")
    return text


def config(text: str, new: Publication) -> str:
    """Return `_config.yml`: addresses of sources and site, branch and buttons."""
    text = _set(text, '  url: ".*"', f'  url: "{new.url}"')
    text = _set(text, '  baseurl: ".*"', f'  baseurl: "{new.site}"')
    text = _set(text, "  branch: .*", f"  branch: {new.branch}")
    text = _set(text, r"launch_buttons: \{.*\}", f"launch_buttons: {BUTTONS}")
    return _set(text, r"  use_repository_button: \w+", "  use_repository_button: true")


def citation(text: str, new: Publication) -> str:
    """Return `CITATION.cff` with both addresses."""
    text = re.sub(r"(?m)^(?:repository-code|url): .*\n", "", text)
    return f"{text.rstrip()}\nrepository-code: {new.url}\nurl: {new.site}\n"


def project(text: str, new: Publication) -> str:
    """Return `pyproject.toml` with both addresses."""
    text = re.sub(r"\n\[project\.urls\]\n(?:\w+ = .*\n)*", "", text)
    return f'{text.rstrip()}\n\n[project.urls]\nHomepage = "{new.site}"\nRepository = "{new.url}"\n'


def workflow(text: str, new: Publication) -> str:
    """Return the workflow that publishes, for pushes to the branch."""
    return _set(text, r"    branches: \[.*\]", f"    branches: [{new.branch}]")


FILES = {
    "_config.yml": config,
    "CITATION.cff": citation,
    "pyproject.toml": project,
    ".github/workflows/publish.yml": workflow,
}


def hub_link(url: str, first: str) -> str:
    """Return the link by which students of a JupyterHub get the lessons and open the first one.

    Examples
    --------
    >>> print(hub_link("https://github.com/me/book", "pooling.ipynb"))
    https://YOUR.HUB/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fme%2Fbook\
&branch=student&urlpath=lab%2Ftree%2Fbook%2Fnotebooks%2Fpooling.ipynb
    """
    place = f"lab/tree/{url.rsplit('/', 1)[1]}/notebooks/{first}"
    asked = urlencode({"repo": url, "branch": "student", "urlpath": place})
    return f"https://YOUR.HUB/hub/user-redirect/git-pull?{asked}"


def main(address: str) -> None:
    """Set the address in all `FILES`, and in the set-up cell of every lesson."""
    try:
        new = publication(address)
        texts: dict[Path, str] = {}
        for name, change in FILES.items():
            path = ROOT / name
            texts[path] = change(path.read_text(encoding="utf-8"), new)
    except ValueError as error:
        sys.exit(f"{error}\nNothing was changed.")
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    for path in lesson_paths():
        store(read(path), path)
    print(f"Published from {new.url}, branch {new.branch}, to {new.site}")
    print(f"The link for a JupyterHub: {hub_link(new.url, lesson_paths()[0].name)}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "")
