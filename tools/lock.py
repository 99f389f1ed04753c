"""Write the locks, with hashes and without an index: `make lock`."""

import subprocess
import sys

COMMAND = [
    *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--upgrade"),
    *("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url"),
]
LOCK = "locks/requirements.txt"
GROUPS = ("book", "lab", "test", "lock", "editions", "federated")


def main() -> None:
    """Lock everything, what the site alone needs at the same versions, and what grades."""
    groups = [f"--group={group}" for group in GROUPS]
    subprocess.run([*COMMAND, "pyproject.toml", *groups, "--output-file", LOCK], check=True)
    subprocess.run(
        [
            *(*COMMAND, "--group=book", "--constraints", LOCK),
            *("--output-file", "locks/requirements-book.txt"),
        ],
        check=True,
    )
    # What grades is installed by itself: it need not get along with the rest.
    course = ["--group=course", "--output-file", "locks/requirements-course.txt"]
    subprocess.run([*COMMAND, *course], check=True)


if __name__ == "__main__":
    main()
