"""Which images the lessons run on, said in the header, and what is compared accordingly.

No other test needs them: those of `helpers.datasets` bring their own, or say that they skip.
"""

import os

import pytest

from helpers.datasets import LOOK_ALIKES, DatasetError, load, synthetic_setting
from tools.notebooks import lesson_paths, read, uses_medmnist

# No GPU is looked for: results are compared between machines. Set before any kernel starts.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

data_report = pytest.StashKey[list[str]]()


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
    """Where lessons need them, use real images if they can be had; else simulated ones, openly.

    With MEDMNIST_SYNTHETIC=0 there is no "else": who has the images wants no green without them.
    """
    if hasattr(config, "workerinput"):
        # A worker of pytest-xdist: its environment says what was decided for all.
        config.stash[data_report] = []
        return
    if not lessons_on_medmnist(config):
        config.stash[data_report] = ["data: not needed; no lesson on MedMNIST is run"]
        return
    try:
        setting = synthetic_setting()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    if setting:
        why = "MEDMNIST_SYNTHETIC is set"
    else:
        try:
            for name in LOOK_ALIKES:
                load(name)
            config.stash[data_report] = ["data: real MedMNIST images; stored outputs are compared"]
            return
        except DatasetError as error:
            if setting is False:
                raise pytest.UsageError(
                    f"MEDMNIST_SYNTHETIC=0 asks for real images. {error}"
                ) from None
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
        if synthetic_setting() and uses_medmnist(item.parent.nb):
            item.options["check"] = False
