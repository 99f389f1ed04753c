"""Thirty students at once on a JupyterHub of this machine: `make room`.

Each gets the student edition by a link of nbgitpuller, runs a lesson cell by cell, writes into an
exercise and saves. Then the teacher publishes a correction, and all follow the link again. Writes
`book/teaching/room.json`, and from it the table of `book/teaching/running.md`.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import psutil
import requests
import websocket

from tools.editions import lessons, publish
from tools.handout import data_files
from tools.notebooks import LESSONS, ROOT

RESULTS = ROOT / "book" / "teaching" / "room.json"
PAGE = ROOT / "book" / "teaching" / "running.md"
BLOCK = re.compile(
    r"(?s)(?<=<!-- Made by `make room`. Do not edit. -->\n\n).*?(?=\n\n<!-- end -->)"
)
PROGRAMS = ROOT / ".venv-course" / "bin"
PROXY = ROOT / ".venv-course" / "node_modules" / ".bin"
WAIT = 1200  # seconds for anything: thirty at once on two cores are slow, and that is measured
MARK = "# written by {name}"
CORRECTION = "A word that the teacher has corrected."

# As on a hub for a class: packages and images are there once, and each student has a home.
CONFIG = """\
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{folder}/home/{{username}}"
c.Spawner.args = {arguments}
c.Spawner.start_timeout = c.Spawner.http_timeout = {wait}
c.Spawner.environment = {{
    "MEDMNIST_MIRROR": "{folder}/data", "JUPYTER_PATH": "{folder}/jupyter",
    "OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.JupyterHub.services = [{{"name": "room", "api_token": "{token}"}}]
scopes = ["admin:users", "admin:servers", "access:servers"]
c.JupyterHub.load_roles = [{{"name": "room", "services": ["room"], "scopes": scopes}}]
"""
GIT = ["git", "-c", "user.name=teacher", "-c", "user.email=teacher@localhost"]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def publish_lesson(lesson: str, repository: Path) -> None:
    """Write the student edition of one lesson, as a repository with the branch `student`."""
    publish.write([LESSONS / f"{lesson}.ipynb"], repository, with_outputs=False)
    subprocess.run(["git", "init", "--quiet", "-b", lessons.BRANCH], cwd=repository, check=True)
    commit(repository)


def commit(repository: Path) -> None:
    """Commit all that is in a repository."""
    subprocess.run([*GIT, "add", "--all"], cwd=repository, check=True)
    subprocess.run([*GIT, "commit", "--quiet", "-m", "Lessons"], cwd=repository, check=True)


def correct(lesson: str, repository: Path) -> None:
    """Change a lesson as a teacher does during the term: a sentence is added to its first cell."""
    path = repository / "notebooks" / f"{lesson}.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[0].source += f"\n\n{CORRECTION}"
    nbformat.write(notebook, path)
    commit(repository)


class Hub:
    """A JupyterHub that runs while the block does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url, self.token = f"http://127.0.0.1:{self.port}", secrets.token_hex(16)
        self.headers = {"Authorization": f"token {self.token}"}

    def __enter__(self) -> "Hub":
        (self.folder / "home").mkdir()
        (self.folder / "data").mkdir()
        for path in data_files():
            shutil.copy(path, self.folder / "data")
        self._write_kernel()
        settings = {"folder": self.folder, "port": self.port, "token": self.token, "wait": WAIT}
        settings |= {"hub_port": free_port(), "proxy_port": free_port()}
        settings["arguments"] = ["--allow-root"] if os.geteuid() == 0 else []
        config = self.folder / "jupyterhub_config.py"
        config.write_text(CONFIG.format(**settings), encoding="utf-8")
        path = os.pathsep.join([str(PROGRAMS), str(PROXY), os.environ["PATH"]])
        self.log = (self.folder / "hub.log").open("w")
        self.process = subprocess.Popen(
            [PROGRAMS / "jupyterhub", "--config", config],
            **{"cwd": self.folder, "env": {**os.environ, "PATH": path}},
            **{"stdout": self.log, "stderr": subprocess.STDOUT},
        )
        wait_until(self._answers, "the hub")
        return self

    def __exit__(self, *_: object) -> None:
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.terminate()  # stops the servers of the students, too
        self.process.wait(WAIT)
        for left in psutil.wait_procs(family, timeout=60)[1]:
            left.kill()
        self.log.close()

    def _write_kernel(self) -> None:
        place = self.folder / "jupyter" / "kernels" / "python3"
        place.mkdir(parents=True)
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": command, "display_name": "Python 3", "language": "python"}
        (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise SystemExit((self.folder / "hub.log").read_text(encoding="utf-8")[-3000:])
        try:
            return requests.get(f"{self.url}/hub/api/", timeout=5).ok
        except requests.ConnectionError:
            return False

    def ask(self, how: str, place: str, **given: Any) -> requests.Response:
        """Send a request; an answer that is an error is raised."""
        address = f"{self.url}/{place}"
        answer = requests.request(how, address, headers=self.headers, timeout=WAIT, **given)
        answer.raise_for_status()
        return answer


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; SystemExit names it if it never does."""
    end = time.monotonic() + WAIT
    while not holds():
        if time.monotonic() > end:
            raise SystemExit(f"{what} did not come within {WAIT} seconds")
        time.sleep(0.5)


class Student:
    """One student, from the link to the saved lesson; `seconds` says when each step was done."""

    def __init__(self, hub: Hub, name: str, lesson: str) -> None:
        self.hub, self.name = hub, name
        self.path = f"course/notebooks/{lesson}.ipynb"
        self.file = hub.folder / "home" / name / self.path
        self.seconds: dict[str, float] = {}
        self.errors: list[str] = []

    def attend(self) -> None:
        """Begin, run everything, write into an exercise, save."""
        start = time.monotonic()

        def done(step: str) -> None:
            self.seconds[step] = time.monotonic() - start

        self.hub.ask("POST", f"hub/api/users/{self.name}/server")
        wait_until(self.has_server, f"the server of {self.name}")
        done("server")
        self.pull()
        done("lesson there")
        notebook = nbformat.from_dict(self._own("GET", f"contents/{self.path}").json()["content"])
        session = {"path": self.path, "name": "", "type": "notebook", "kernel": {"name": "python3"}}
        kernel = self._own("POST", "sessions", json=session).json()["kernel"]["id"]
        self._run(notebook, kernel, done)
        done("lesson run")
        notebook.cells[exercise_cell(notebook)].source += f"\n\n{MARK.format(name=self.name)}"
        model = {"type": "notebook", "format": "json", "content": notebook}
        self._own("PUT", f"contents/{self.path}", json=model)

    def has_server(self) -> bool:
        """Whether the student's own server is there."""
        user = self.hub.ask("GET", f"hub/api/users/{self.name}").json()
        return bool(user["servers"] and user["servers"][""]["ready"])

    def pull(self) -> None:
        """Do what the page behind the link does: fetch the lessons, keep one's own work."""
        given = {"repo": f"file://{self.hub.folder}/course", "branch": lessons.BRANCH}
        said = self.hub.ask("GET", f"user/{self.name}/git-pull/api", params=given).text
        if '"finished"' not in said:
            self.errors.append(f"nbgitpuller: {said[-500:]}")

    def _own(self, how: str, place: str, **given: Any) -> requests.Response:
        return self.hub.ask(how, f"user/{self.name}/api/{place}", **given)

    def _run(self, notebook: Any, kernel: str, done: Callable[[str], None]) -> None:
        address = f"ws://127.0.0.1:{self.hub.port}/user/{self.name}/api/kernels/{kernel}/channels"
        line = websocket.create_connection(address, header=self.hub.headers, timeout=WAIT)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for number, cell in enumerate(cells, 1):
            cell.outputs, cell.execution_count = execute(line, cell.source), number
            for output in cell.outputs:
                if output.output_type == "error":
                    self.errors.append(f"cell {number}: {output.ename}: {output.evalue}")
            if number == 1:
                done("first cell")
        line.close()


def execute(line: websocket.WebSocket, code: str) -> list[Any]:
    """Run code in a kernel; return what it shows."""
    request, outputs, left = uuid.uuid4().hex, [], {"execute_reply", "idle"}
    header = {"msg_id": request, "msg_type": "execute_request", "session": request}
    header |= {"username": "", "version": "5.3", "date": ""}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    line.send(json.dumps({**message, "channel": "shell", "buffers": []}))
    while left:
        said = json.loads(line.recv())
        kind = said["header"]["msg_type"]
        if said["parent_header"].get("msg_id") != request:
            continue
        if kind in ("stream", "display_data", "execute_result", "error"):
            outputs.append(nbformat.v4.output_from_msg(nbformat.from_dict(said)))
        left -= {said["content"].get("execution_state") if kind == "status" else kind}
    return outputs


def exercise_cell(notebook: Any) -> int:
    """Return which cell of a lesson is the first exercise that students write."""
    text = [cell.source if cell.cell_type == "code" else "" for cell in notebook.cells]
    checked = {function for source in text for _, function in lessons.CHECK.findall(source)}
    return next(
        number for number, source in enumerate(text) if checked & set(lessons.STUB.findall(source))
    )


def lost(path: Path, name: str) -> list[str]:
    """Return what of a student's work is not in the file, a sentence each."""
    try:
        notebook = nbformat.read(path, 4)
    except (OSError, ValueError) as error:
        return [f"{name}: no notebook ({type(error).__name__})"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    said = []
    if MARK.format(name=name) not in "\n".join(cell.source for cell in code):
        said.append(f"{name}: what was written is not there")
    if missing := sum(cell.execution_count is None for cell in code):
        said.append(f"{name}: {missing} of {len(code)} cells have no result")
    return said


def held(hub: Hub) -> dict[str, dict[str, list[float]]]:
    """Return MB of memory and seconds of CPU of all processes: hub, servers, kernels.

    What several processes share counts once (PSS; Linux only).
    """
    found: dict[str, dict[str, list[float]]] = {}
    root = psutil.Process(hub.process.pid)
    for process in [root, *root.children(recursive=True)]:
        command = " ".join(process.cmdline())
        kind = "kernel" if "ipykernel" in command else "hub"
        kind = "server" if "singleuser" in command else kind
        numbers = found.setdefault(kind, {"MB": [], "CPU": []})
        numbers["MB"].append(process.memory_full_info().pss / 1e6)
        numbers["CPU"].append(sum(process.cpu_times()[:2]))
    return found


def measure(lesson: str, count: int) -> dict[str, Any]:
    """Let `count` students attend a lesson at the same time; return what it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        publish_lesson(lesson, folder / "course")
        with Hub(folder) as hub:
            names = [f"student-{number:02d}" for number in range(1, count + 1)]
            hub.ask("POST", "hub/api/users", json={"usernames": names})
            students = [Student(hub, name, lesson) for name in names]
            with ThreadPoolExecutor(count) as room:
                list(room.map(Student.attend, students))
                memory = held(hub)
                correct(lesson, folder / "course")
                list(room.map(Student.pull, students))
        # Read when the hub is gone: what counts is what lies on the disk.
        gone = [fault for student in students for fault in lost(student.file, student.name)]
        corrected = sum(CORRECTION in student.file.read_text("utf-8") for student in students)
    return {
        **{"lesson": lesson, "students": count, "cores": os.cpu_count()},
        "seconds": {
            step: summary([student.seconds[step] for student in students])
            for step in students[0].seconds
        },
        "MB of all": round(sum(sum(numbers["MB"]) for numbers in memory.values())),
        "MB of each": {kind: round(statistics.mean(n["MB"])) for kind, n in memory.items()},
        "CPU seconds of each": round(
            statistics.mean(memory["kernel"]["CPU"]) + statistics.mean(memory["server"]["CPU"])
        ),
        **{"corrected": corrected, "lost": gone},
        "errors": [f"{student.name}: {error}" for student in students for error in student.errors],
    }


def summary(seconds: list[float]) -> dict[str, int]:
    """Return the middle one and the slowest one.

    >>> summary([3.2, 1.0, 9.6])
    {'median': 3, 'slowest': 10}
    """
    return {"median": round(statistics.median(seconds)), "slowest": round(max(seconds))}


def table(records: list[dict[str, Any]]) -> str:
    """Return the results as a table in Markdown."""
    lines = [
        "| lesson | students at once | memory, all | for each student: server, kernel "
        "| CPU seconds for each | first cell run, the slowest | lesson run, the slowest | lost |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for record in records:
        each, seconds = record["MB of each"], record["seconds"]
        cells = [
            f"[{record['lesson']}](../../notebooks/{record['lesson']}.ipynb)",
            *(f"`{record['students']}`", f"`{record['MB of all'] / 1000:.1f} GB`"),
            f"`{each['server']} + {each['kernel']} MB`",
            f"`{record['CPU seconds of each']}`",
            f"`{seconds['first cell']['slowest']} s`",
            f"`{seconds['lesson run']['slowest']} s`",
            len(record["lost"]) or "nothing",
        ]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, store, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lesson")
    parser.add_argument("--students", type=int, default=30)
    given = parser.parse_args()
    record = measure(given.lesson, given.students)
    print(json.dumps(record, indent=1))
    stored = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else []
    this = given.lesson, given.students
    records = [r for r in stored if (r["lesson"], r["students"]) != this] + [record]
    RESULTS.write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(BLOCK.sub(lambda _: table(records), page), encoding="utf-8")
    return 1 if record["lost"] or record["errors"] else 0


if __name__ == "__main__":
    sys.exit(main())
