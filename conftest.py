"""Which images the lessons run on, said in the header, and what is compared accordingly.

No other test needs them: those of `helpers.datasets` bring their own, or say that they skip.
"""

import os

import pytest

from helpers.datasets import DatasetError, load
from tools.notebooks import lesson_paths, read, uses_medmnist

# No GPU is looked for: results are compared between machines. Set before any kernel starts.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

REAL_SETS = ("breastmnist", "pneumoniamnist", "retinamnist")
data_report = pytest.StashKey[list[str]]()


def simulated():
    """Whether `load` gives simulated images."""
    return os.environ.get("MEDMNIST_SYNTHETIC", "") not in ("", "0")


def lessons_on_medmnist(config):
    """Whether lessons on MedMNIST are among those that this run executes."""
    if not (config.getoption("nbval", False) or config.getoption("nbval_lax", False)):
        return False
    folder = config.invocation_params.dir
    places = [(folder / argument.split("::")[0]).resolve() for argument in config.args]
    return any(
        any(lesson.is_relative_to(place) for place in places) and uses_medmnist(read(lesson))
        for lesson in lesson_paths()
    )


def pytest_configure(config):
    """Where lessons need them, use real images if they can be had; else simulated ones, openly."""
    if hasattr(config, "workerinput"):
        # A worker of pytest-xdist: its environment says what was decided for all.
        config.stash[data_report] = []
        return
    if not lessons_on_medmnist(config):
        config.stash[data_report] = ["data: not needed; no lesson on MedMNIST is run"]
        return
    if simulated():
        why = "MEDMNIST_SYNTHETIC is set"
    else:
        try:
            for name in REAL_SETS:
                load(name)
            config.stash[data_report] = ["data: real MedMNIST images; stored outputs are compared"]
            return
        except DatasetError as error:
            why = str(error).replace("\n", " ")
            os.environ["MEDMNIST_SYNTHETIC"] = "1"
    config.stash[data_report] = [
        "data: SIMULATED images, since the real ones can't be had",
        "      lessons on MedMNIST run, but their outputs are not compared and their guards rest",
        f"      ({why})",
    ]


def pytest_report_header(config):
    """Say it before the tests."""
    return config.stash[data_report]


def pytest_terminal_summary(terminalreporter, config):
    """Say it again after them, where it is not scrolled away."""
    terminalreporter.section("data")
    for line in config.stash[data_report]:
        terminalreporter.line(line)


def pytest_collection_modifyitems(items):
    """Compare what the images and the machine allow."""
    for item in items:
        if type(item).__name__ != "IPyNbCell":
            continue
        # What libraries log differs between machines; no lesson stores it.
        item.parent.skip_compare = (*item.parent.skip_compare, "stderr")
        if simulated() and uses_medmnist(item.parent.nb):
            item.options["check"] = False
