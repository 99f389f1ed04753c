"""While a submission runs, a cell has a minute, and may print a million characters."""

import doctest
import io
import os
import signal
import sys

SECONDS = float(os.environ.get("SECONDS_PER_CELL", "60"))
CHARACTERS = 1_000_000


class Stopped(BaseException):
    """No `except Exception` holds it: neither the student's nor that of the tests."""


class Limited:
    """A stream that stops the cell that prints too much."""

    def __init__(self, stream):
        self.stream, self.written = stream, 0

    def write(self, text):
        self.written += len(text)
        if self.written > CHARACTERS:
            raise Stopped(f"more than {CHARACTERS:,} characters of output")
        return self.stream.write(text)

    def __getattr__(self, name):
        return getattr(self.stream, name)


def write_in_test(stream, text):
    """Stop the test that prints too much: those of Otter write to a stream of their own."""
    if stream.tell() + len(text) > CHARACTERS:
        raise Stopped(f"more than {CHARACTERS:,} characters of output")
    return io.StringIO.write(stream, text)


def too_long(*_):
    """Stop what runs, so that the next function is graded."""
    raise Stopped(f"more than {SECONDS:.0f} seconds; does a loop not end?")


def begin(*_):
    """Wind up the clock; again and again, since all tests of Otter are one cell."""
    sys.stdout.written = 0
    signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS)


def end(*_):
    """Stop the clock."""
    signal.setitimer(signal.ITIMER_REAL, 0)


sys.stdout = Limited(sys.stdout)
doctest._SpoofOut.write = write_in_test
signal.signal(signal.SIGALRM, too_long)
get_ipython().events.register("pre_run_cell", begin)  # noqa: F821
get_ipython().events.register("post_run_cell", end)  # noqa: F821
