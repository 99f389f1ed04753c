"""Processes that find each other: results, errors, and that nothing is left running."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from helpers import workers

SECONDS = 60


def children():
    """Return the workers that run below this process."""
    own = psutil.Process().children(recursive=True)
    return [p for p in own if "helpers.workers" in " ".join(p.cmdline())]


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    assert children() == []


def config():
    return json.loads(os.environ["TF_CONFIG"])


def number():
    return config()["task"]["index"]


def fails_in_one():
    if number() == 1:
        raise KeyError("a planted fault")
    time.sleep(SECONDS)


def killed_in_one():
    if number() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(SECONDS)


def exchanges_large_pieces():
    number, _, exchange = workers.ring()
    return float(exchange(np.full(2_000_000, float(number)))[-1])


def late_and_asks_whether_the_other_lives():
    if number() == 0:
        return os.getpid()
    time.sleep(3)
    # A process that has ended and was not waited for has no command any more.
    others = psutil.Process().parent().children()
    return [p.pid for p in others if "helpers.workers" in " ".join(p.cmdline())]


def test_who_is_done_stays_until_all_are():
    first, alive = workers.run(late_and_asks_whether_the_other_lives, 2, seconds=SECONDS)
    assert first in alive


def test_results_come_in_order_and_addresses_differ():
    configs = workers.run(config, 3, seconds=SECONDS)
    assert [each["task"]["index"] for each in configs] == [0, 1, 2]
    assert len(set(configs[0]["cluster"]["worker"])) == 3
    assert configs[0]["cluster"] == configs[2]["cluster"]


def test_arguments_arrive():
    sums = workers.run(lambda a, b: (a + b).sum(), 2, np.arange(3), 1, seconds=SECONDS)
    assert sums == [6, 6]


@pytest.mark.parametrize(
    "change, message",
    [
        ({"function": 3}, "function=3 can't be called; give a function"),
        ({"workers": 0}, "workers=0; give an integer of 1 or more"),
        ({"workers": 1.5}, "workers=1.5; give an integer"),
        ({"seconds": 0}, "seconds=0; give a finite number above 0"),
        ({"seconds": None}, "seconds=None; give a finite number"),
    ],
)
def test_bad_calls_start_nothing(change, message):
    with pytest.raises(ValueError, match=message):
        workers.run(**{"function": number, "workers": 2} | change)


@pytest.mark.parametrize(
    "function, message",
    [
        (fails_in_one, "worker 1 failed: .*a planted fault"),
        (killed_in_one, "worker 1 was killed by signal 9"),
    ],
)
def test_one_that_dies_ends_all(function, message):
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=message):
        workers.run(function, 3, seconds=SECONDS)
    assert time.monotonic() - start < SECONDS / 2


def test_time_is_limited():
    with pytest.raises(RuntimeError, match="worker 0 was not done after seconds=2"):
        workers.run(time.sleep, 2, SECONDS, seconds=2)


def test_workers_end_with_what_started_them():
    program = "import time; from helpers import workers; workers.run(time.sleep, 2, 60)"
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[1])
    try:
        end = time.monotonic() + SECONDS
        while len(started := psutil.Process(parent.pid).children()) < 2:
            assert time.monotonic() < end and parent.poll() is None
            time.sleep(0.1)
        parent.kill()
        _, alive = psutil.wait_procs(started, timeout=SECONDS)
        assert alive == []
    finally:
        parent.kill()
        parent.wait()


def test_pieces_larger_than_a_socket_holds_do_not_block():
    assert workers.run(exchanges_large_pieces, 3, seconds=SECONDS) == [2, 0, 1]


def test_a_ring_needs_workers(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(RuntimeError, match="given to `run`"):
        workers.ring()
