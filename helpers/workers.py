"""Run a function in several processes that find each other by address, as machines would.

What a cluster's job manager does on many machines, `run` does on one: it starts the workers, waits,
and when one of them dies it ends the others.
"""

import json
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing.connection import Client, Listener
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle

from helpers import inputs

ROOT = Path(__file__).resolve().parents[1]
# Seconds between two looks at the workers.
_LOOK = 0.05


def run(
    function: Callable[..., Any], workers: int, *arguments: Any, seconds: float = 300
) -> list[Any]:
    """Return what a function returns in each of several new processes.

    Each process finds the addresses of all, and its own number, in the environment variable
    `TF_CONFIG`, in the form that tf.distribute.MultiWorkerMirroredStrategy reads.

    Parameters
    ----------
    function : callable
        May be defined in a notebook. Imports what it needs itself.
    workers : int
        Processes.
    *arguments
        The same for each of them.
    seconds : float
        Those that are not done then are ended.

    Returns
    -------
    list
        One result for each worker, in the order of their numbers.

    Raises
    ------
    RuntimeError
        If a worker fails, is killed, or is not done in time. All others are ended before.
    ValueError
        If an argument is no such value.

    Examples
    --------
    >>> def number():
    ...     import json, os
    ...     return json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    >>> run(number, 3)
    [0, 1, 2]
    """
    if not callable(function):
        raise ValueError(f"function={inputs.told(function)} can't be called; give a function")
    inputs.whole("workers", workers, 1)
    inputs.number("seconds", seconds, above=0)
    cluster = {"worker": _free_addresses(workers)}
    with tempfile.TemporaryDirectory() as name, ExitStack() as at_the_end:
        folder = Path(name)
        (folder / "call").write_bytes(cloudpickle.dumps((function, arguments)))
        processes = []
        for number in range(workers):
            task = {"type": "worker", "index": number}
            config = json.dumps({"cluster": cluster, "task": task})
            environment = os.environ | {
                "TF_CONFIG": config,
                "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]),
            }
            command = [sys.executable, "-m", "helpers.workers", name, str(number)]
            output = at_the_end.enter_context(open(folder / f"output-{number}", "wb"))
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=environment
            )
            at_the_end.callback(_end, process)
            processes.append(process)
        _wait(processes, folder, seconds)
        return [
            pickle.loads((folder / f"result-{number}").read_bytes()) for number in range(workers)
        ]


class Place(NamedTuple):
    """A worker's place in a ring: its number, how many there are, what joins it to the next."""

    number: int
    workers: int
    exchange: Callable[[Any], Any]


def ring() -> Place:
    """Return the place in the ring of the worker that this process is.

    Its `exchange(piece)` sends a piece to the worker with the next number, and returns what the one
    with the number before has sent. All workers have to call it.

    Raises
    ------
    RuntimeError
        If this process is no worker of `run`.

    Examples
    --------
    >>> def left_neighbor():
    ...     from helpers import workers
    ...     number, _, exchange = workers.ring()
    ...     return exchange(number)
    >>> run(left_neighbor, 3)
    [2, 0, 1]
    """
    if "TF_CONFIG" not in os.environ:
        raise RuntimeError("this process is no worker; call `ring` in a function given to `run`")
    config = json.loads(os.environ["TF_CONFIG"])
    number, places = config["task"]["index"], config["cluster"]["worker"]
    addresses = [(host, int(port)) for host, port in (place.split(":") for place in places)]
    listener = Listener(addresses[number])
    to_right = _connected(addresses[(number + 1) % len(addresses)])
    from_left = listener.accept()

    def exchange(piece: Any) -> Any:
        # Sent by a thread: if all of them sent first and listened then, all might wait for ever.
        sender = threading.Thread(target=to_right.send, args=(piece,))
        sender.start()
        arrived = from_left.recv()
        sender.join()
        return arrived

    return Place(number, len(addresses), exchange)


def _connected(address: tuple[str, int]) -> Any:
    """Return a connection; the other side may not have begun yet."""
    while True:
        try:
            return Client(address)
        except ConnectionRefusedError:
            time.sleep(_LOOK)


def _free_addresses(count: int) -> list[str]:
    """Return addresses of this machine, with ports that nobody uses."""
    with ExitStack() as sockets:
        # All are open at once, or the same port might be given twice.
        opened = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for each in opened:
            each.bind(("localhost", 0))
        return [f"localhost:{each.getsockname()[1]}" for each in opened]


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _wait(processes: list[subprocess.Popen[bytes]], folder: Path, seconds: float) -> None:
    """Return when all processes are done, or raise when one fails or the time is over."""
    end = time.monotonic() + seconds
    while any(process.poll() is None for process in processes) and time.monotonic() < end:
        if any(process.poll() for process in processes):
            break
        time.sleep(_LOOK)
    codes = [process.poll() for process in processes]
    # A killed worker has a negative code; those that waited for it may have failed since.
    worst = min((code, number) for number, code in enumerate(codes) if code) if any(codes) else None
    if worst:
        code, number = worst
        how = f"was killed by signal {-code}" if code < 0 else f"failed: {_error(folder, number)}"
        raise RuntimeError(f"worker {number} {how}; the others were ended, start all again")
    if None in codes:
        number = codes.index(None)
        raise RuntimeError(
            f"worker {number} was not done after seconds={seconds:g}; give it more, or look for "
            "what it waits for"
        )


def _error(folder: Path, number: int) -> str:
    """Return the last line that a worker wrote."""
    lines = (folder / f"output-{number}").read_text(errors="replace").split("\n")
    return inputs.told(next((line for line in reversed(lines) if line.strip()), "no message"))


def _be_worker(folder: Path, number: int) -> None:
    """Call the function, and leave its result in the folder."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        function, arguments = pickle.loads((folder / "call").read_bytes())
        result = cloudpickle.dumps(function(*arguments))
    except Exception:
        # The last that is written: libraries have their say when a process ends.
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    (folder / f"part-{number}").write_bytes(result)
    os.replace(folder / f"part-{number}", folder / f"result-{number}")
    # Another worker may still be fetching its last piece of a sum from this one.
    workers = json.loads(os.environ["TF_CONFIG"])["cluster"]["worker"]
    while not all((folder / f"result-{each}").exists() for each in range(len(workers))):
        time.sleep(_LOOK)
    sys.stdout.flush()
    # Servers of tf.distribute would wait for each other.
    os._exit(0)


def _end_with_parent() -> None:
    """Wait until nobody holds the other end of the input any more."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    _be_worker(Path(sys.argv[1]), int(sys.argv[2]))
