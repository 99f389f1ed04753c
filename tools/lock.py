"""Write the locks, with hashes and without an index: `make lock`."""

import subprocess
import sys

COMMAND = [
    *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--upgrade"),
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"),
]
LOCK = "locks/requirements.txt"
GROUPS = ("book", "lab", "test", "lock", "editions")


def main() -> None:
    """Lock everything, and apart: what the site needs, one experiment's engine, what grades."""
    groups = [f"--group={group}" for group in GROUPS]
    subprocess.run([*COMMAND, "pyproject.toml", *groups, "--output-file", LOCK], check=True)
    subprocess.run(
        [
            *(*COMMAND, "--group=book", "--constraints", LOCK),
            *("--output-file", "locks/requirements-book.txt"),
        ],
        check=True,
    )
    # One experiment's engine needs many packages, so it is installed only where that one is run.
    engine = ["--group=federated", "--constraints", LOCK]
    output = ["--output-file", "locks/requirements-federated.txt"]
    subprocess.run([*COMMAND, "pyproject.toml", *groups, *engine, *output], check=True)
    # What grades is installed by itself: it need not get along with the rest.
    course = ["--group=course", "--output-file", "locks/requirements-course.txt"]
    subprocess.run([*COMMAND, *course], check=True)


if __name__ == "__main__":
    main()
