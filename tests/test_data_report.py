"""Images are looked for only where lessons on them are run, once, and what is said of it is so."""

import http.server
import os
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

import conftest
from tools.notebooks import ROOT, uses_medmnist

ON_MEDMNIST, OTHER = "notebooks/chest-xrays.ipynb", "notebooks/the-convolution-layer.ipynb"
ON_XRAYS = "notebooks/your-own-images.ipynb"
# Says of each process that collects tests which images a lesson would get there.
SPY = """
import os

def pytest_collection_modifyitems(config, items):
    worker = getattr(config, "workerinput", {}).get("workerid", "alone")
    settings = [os.environ[f"{name}_SYNTHETIC"] or "real" for name in ("MEDMNIST", "CHEST_XRAYS")]
    print(f"{worker}: {', '.join(settings)}", file=open("SEEN", "a"))
"""


class LookUps(list):
    """Addresses that were asked for through a proxy, which listens at a port."""

    port = 0


@pytest.fixture
def look_ups():
    """Start a proxy that refuses everything; yield the list of what it was asked for."""
    addresses = LookUps()

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self):
            addresses.append(self.path)
            self.send_error(403)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        addresses.port = server.server_port
        yield addresses
        server.shutdown()


@pytest.fixture
def collect(tmp_path, look_ups):
    """Return a function that runs pytest up to the first test: no mirror, no cache, no network.

    It returns what pytest said, and what lessons would get; where pytest ends otherwise than with
    no test, its exit status must be given.
    """

    def run(*arguments, setting="", xrays="", folder="", status=5):
        (tmp_path / "spy.py").write_text(SPY.replace("SEEN", str(tmp_path / "seen")))
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MEDMNIST_", "CHEST_XRAYS", "PYTEST_"))
            and not name.lower().endswith("_proxy")
        }
        environment = kept | {
            "MEDMNIST_CACHE": str(tmp_path / "cache"),
            "MEDMNIST_SYNTHETIC": setting,
            "CHEST_XRAYS": folder,
            "CHEST_XRAYS_CACHE": str(tmp_path / "cache"),
            "CHEST_XRAYS_SYNTHETIC": xrays,
            "https_proxy": f"http://127.0.0.1:{look_ups.port}",
            "PYTHONPATH": str(tmp_path),
        }
        command = [sys.executable, "-m", "pytest", "-p", "spy", "-p", "no:cacheprovider"]
        finished = subprocess.run(
            [*command, "-k", "no_test_is_called_so", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert finished.returncode == status, finished.stdout + finished.stderr
        if status != 5:
            assert not (tmp_path / "seen").exists()
            return finished.stderr, []
        return finished.stdout, sorted((tmp_path / "seen").read_text().splitlines())

    return run


def test_no_image_is_looked_for_without_need(collect, look_ups):
    said, seen = collect("--nbval", "tests/test_layers.py", OTHER)
    assert look_ups == []
    assert said.count("data: not needed") == 2  # before the tests and after them
    assert seen == ["alone: real, real"]


def test_workers_agree_and_do_not_look_again(collect, look_ups):
    said, seen = collect("--nbval", "--numprocesses", "2", ON_MEDMNIST)
    assert look_ups == ["zenodo.org:443"]
    assert said.count("data: SIMULATED") == 2 and "can't be had" in said
    assert seen == ["gw0: 1, real", "gw1: 1, real"]


@pytest.mark.parametrize(
    ("needed", "option", "arguments"),
    [
        (True, "nbval", ["tests", "helpers", "notebooks"]),
        (True, "nbval_lax", ["."]),
        (True, "nbval", [f"{ON_MEDMNIST}::Cell 0"]),
        (False, None, ["tests", "helpers", "notebooks"]),
        (False, "nbval", ["tests", "helpers", OTHER]),
    ],
)
def test_which_runs_need_images(needed, option, arguments):
    config = SimpleNamespace(
        getoption=lambda name, default: name == option or default,
        invocation_params=SimpleNamespace(dir=ROOT),
        args=arguments,
    )
    assert conftest.runs_lessons(config, uses_medmnist) == needed


def test_simulated_images_on_demand(collect, look_ups):
    said, seen = collect("--nbval", ON_MEDMNIST, setting="1")
    assert look_ups == []
    assert said.count("data: SIMULATED") == 2 and "MEDMNIST_SYNTHETIC is set" in said
    assert seen == ["alone: 1, real"]


def test_no_green_on_simulated_images_where_real_ones_are_wanted(collect, look_ups):
    said, _ = collect("--nbval", ON_MEDMNIST, setting="0", status=4)
    assert "MEDMNIST_SYNTHETIC=0 asks for real images. breastmnist.npz can't be had" in said
    assert len(look_ups) == 1


def test_a_setting_that_says_nothing_ends_the_run(collect, look_ups):
    said, _ = collect("--nbval", ON_MEDMNIST, setting="no", status=4)
    assert "MEDMNIST_SYNTHETIC is 'no'; set it to 1" in said
    assert look_ups == []


@pytest.mark.parametrize(
    ("xrays", "folder", "words", "got"),
    [
        ("", "", "SIMULATED images", "1"),
        ("1", "somewhere", "SIMULATED images", "1"),
        ("", "somewhere", "real images", "real"),
        ("0", "", "real images", "0"),
    ],
    ids=["nothing at hand", "simulated ones wanted", "a folder", "real ones wanted"],
)
def test_chest_xrays_are_taken_from_where_they_are(collect, look_ups, xrays, folder, words, got):
    said, seen = collect("--nbval", ON_XRAYS, xrays=xrays, folder=folder)
    assert look_ups == []  # 1.2 GB are not downloaded for a test
    assert said.count(f"chest X-rays: {words}") == 2
    assert seen == [f"alone: real, {got}"]


def test_a_setting_of_chest_xrays_that_says_nothing_ends_the_run(collect):
    said, _ = collect("--nbval", ON_XRAYS, xrays="no", status=4)
    assert "CHEST_XRAYS_SYNTHETIC is 'no'; set it to 1" in said
