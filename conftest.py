"""Which images the lessons run on, said in the header, and what is compared accordingly.

No other test needs them: those of `helpers.datasets` bring their own, or say that they skip.
"""

import os

import pytest

from helpers import chest_xrays
from helpers.datasets import LOOK_ALIKES, DatasetError, load, synthetic_setting
from tools.notebooks import lesson_paths, read, uses_chest_xrays, uses_medmnist

# No GPU is looked for: results are compared between machines. Set before any kernel starts.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

data_report = pytest.StashKey[list[str]]()
XRAYS = "CHEST_XRAYS_SYNTHETIC"


def runs_lessons(config, use):
    """Whether lessons for which `use` holds are among those that this run executes."""
    if not (config.getoption("nbval", False) or config.getoption("nbval_lax", False)):
        return False
    folder = config.invocation_params.dir
    places = [(folder / argument.split("::")[0]).resolve() for argument in config.args]
    return any(
        any(lesson.is_relative_to(place) for place in places) and use(read(lesson))
        for lesson in lesson_paths()
    )


def pytest_configure(config):
    """Where lessons need them, use real images if they can be had; else simulated ones, openly."""
    if hasattr(config, "workerinput"):
        # A worker of pytest-xdist: its environment says what was decided for all.
        config.stash[data_report] = []
        return
    try:
        config.stash[data_report] = [*about_medmnist(config), *about_chest_xrays(config)]
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def about_medmnist(config):
    """Decide which images lessons on MedMNIST get; return what is to be said of it.

    With MEDMNIST_SYNTHETIC=0 there is no "else": who has the images wants no green without them.
    """
    if not runs_lessons(config, uses_medmnist):
        return ["data: not needed; no lesson on MedMNIST is run"]
    setting = synthetic_setting()
    if setting:
        why = "MEDMNIST_SYNTHETIC is set"
    else:
        try:
            for name in LOOK_ALIKES:
                load(name)
            return ["data: real MedMNIST images; stored outputs are compared"]
        except DatasetError as error:
            if setting is False:
                raise pytest.UsageError(
                    f"MEDMNIST_SYNTHETIC=0 asks for real images. {error}"
                ) from None
            why = str(error).replace("\n", " ")
            os.environ["MEDMNIST_SYNTHETIC"] = "1"
    return [
        "data: SIMULATED images, since the real ones can't be had",
        "      lessons on MedMNIST run, but their outputs are not compared and their guards rest",
        f"      ({why})",
    ]


def about_chest_xrays(config):
    """Decide the same for lessons on the chest X-rays.

    A test does not download 1.2 GB: without a folder or an archive they are simulated.
    """
    if not runs_lessons(config, uses_chest_xrays):
        return []
    setting = synthetic_setting(XRAYS)
    if setting is False or (setting is None and chest_xrays.at_hand()):
        return ["chest X-rays: real images; stored outputs are compared"]
    why = f"{XRAYS} is set"
    if setting is None:
        why = "CHEST_XRAYS names no folder; `python -m helpers.chest_xrays` downloads them"
        os.environ[XRAYS] = "1"
    return [
        "chest X-rays: SIMULATED images",
        "      lessons on them run, but their outputs are not compared and their guards rest",
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
        # What libraries log differs between machines; no lesson stores it. Figures differ by a
        # hair, glued ones too; tables are compared as text.
        figures = ("text/html", "application/papermill.record/text/html")
        item.parent.skip_compare = (*item.parent.skip_compare, "stderr", *figures)
        notebook = item.parent.nb
        simulated = (synthetic_setting() and uses_medmnist(notebook)) or (
            synthetic_setting(XRAYS) and uses_chest_xrays(notebook)
        )
        if simulated:
            item.options["check"] = False
