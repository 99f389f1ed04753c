"""Measure the README's two commands on a fresh clone with an empty home: `make measure`.

Writes `book/reference/measured.json`; the page `book/reference/measured.md` is made from it.
"""

import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import psutil

from tools.notebooks import ROOT, lesson_paths

RESULTS = ROOT / "book" / "reference" / "measured.json"
OFFLINE = ROOT / "book" / "reference" / "offline.json"  # written by `python -m tools.offline`
PAGE = ROOT / "book" / "reference" / "measured.md"
VERSIONS = ("numpy", "tensorflow", "keras", "scikit-learn", "matplotlib", "jupyter-book")
COMMANDS = {
    "book": ("`make book`, fresh clone", "book"),
    "book_again": ("`make book`, again", "book"),
    "set_up": ("`make test`, its set-up", ".venv/all.done"),
    "test": ("`make test`, once set up", "test"),
}


# Run by the clone's Python, with the names of packages.
ABOUT = """
import json, platform, sys
from importlib.metadata import version
print(json.dumps([platform.python_version(), {name: version(name) for name in sys.argv[1:]}]))
"""


def tree_memory(pid: int) -> int:
    """Return the bytes of memory that a process and its descendants hold.

    Where the system tells (Linux), what several of them share counts once.
    """
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for member in family:
        try:
            held = member.memory_full_info()
            total += getattr(held, "pss", held.rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total


def run(command: list[str], folder: Path, environment: dict[str, str]) -> dict[str, float]:
    """Run a command; return its seconds and the peak of its memory in GB.

    Looks at the memory every two seconds: a look takes the system up to a tenth of a second, so
    more of them would make the command slower.
    """
    print(" ".join(command), flush=True)
    start, peak = time.monotonic(), 0
    process = subprocess.Popen(command, cwd=folder, env=environment)
    while process.poll() is None:
        peak = max(peak, tree_memory(process.pid))
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=2)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed with {process.returncode}")
    return {"seconds": round(time.monotonic() - start), "peak_gb": round(peak / 1e9, 1)}


def lesson_seconds(report: Path) -> dict[str, int]:
    """Return the seconds of each lesson from pytest's report."""
    seconds: dict[str, float] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("classname", "").removesuffix(".ipynb")
        if name.startswith("notebooks."):
            name = name.removeprefix("notebooks.")
            seconds[name] = seconds.get(name, 0) + float(case.get("time", 0))
    return {path.stem: round(seconds[path.stem]) for path in lesson_paths() if path.stem in seconds}


def measure() -> dict:
    """Clone into an empty folder with an empty home, run the commands there."""
    with tempfile.TemporaryDirectory() as temporary:
        clone, home, report = (Path(temporary) / name for name in ("book", "home", "report.xml"))
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        keep = ("PATH", "LANG", "MEDMNIST_MIRROR", "CHEST_XRAYS", "PIP_CERT", "SSL_CERT_FILE")
        environment = {name: os.environ[name] for name in keep if name in os.environ}
        environment |= {"HOME": str(home), "PYTEST_ADDOPTS": f"--junitxml={report}"}
        commands = {}
        for name, (_, goal) in COMMANDS.items():
            commands[name] = run(["make", goal], clone, environment)
        about = [clone / ".venv" / "bin" / "python", "-c", ABOUT, *VERSIONS]
        python, versions = json.loads(subprocess.check_output(about, text=True))
        return {
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
            "python": python,
            "versions": versions,
            "real_images": "MEDMNIST_MIRROR" in environment,
            "commands": commands,
            "lessons": lesson_seconds(report),
        }


def page(results: dict, offline: dict) -> str:
    """Return the page that shows the results, and those of `python -m tools.offline`."""
    lines = [
        "<!-- Made by `make measure`. Do not edit. -->",
        "# Run times and versions",
        "",
        f"Measured by one command, `make measure`, on a fresh clone with an empty home: "
        f"{results['machine']}, Python {results['python']}, "
        f"{'real' if results['real_images'] else 'simulated'} images.",
        "",
        "| command | seconds | peak memory in GB |",
        "| --- | ---: | ---: |",
    ]
    for name, (label, _) in COMMANDS.items():
        taken = results["commands"][name]
        lines.append(f"| {label} | {taken['seconds']} | {taken['peak_gb']} |")
    lines += [
        "",
        "The whole book to take along, once the site is built (`python -m tools.offline`).",
        "",
    ]
    lines += ["| command | seconds | size in MB |", "| --- | ---: | ---: |"]
    for name, taken in offline.items():
        lines.append(f"| `make {name}` | {taken['seconds']} | {taken['megabytes']} |")
    lines += [
        "",
        "Each lesson as `make test` runs it: on one core, beside other tests.",
        "",
        "| lesson | seconds to run |",
        "| --- | ---: |",
    ]
    for name, seconds in results["lessons"].items():
        lines.append(f"| [{name}](../../notebooks/{name}.ipynb) | {seconds} |")
    lines += ["", "| package | version |", "| --- | ---: |"]
    lines += [f"| {name} | {number} |" for name, number in results["versions"].items()]
    return "\n".join(lines) + "\n"


def write_page() -> None:
    """Make the page from the stored results."""
    results, offline = (json.loads(path.read_bytes()) for path in (RESULTS, OFFLINE))
    PAGE.write_text(page(results, offline), encoding="utf-8")


def main() -> None:
    """Measure, store, and make the page."""
    RESULTS.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    write_page()


if __name__ == "__main__":
    main()
