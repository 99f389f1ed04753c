"""Compare what a function gives with what it should give. Lies beside every assignment."""

from collections.abc import Callable, Sequence
from typing import Any

from helpers.exercises import Exercise


def verdict(function: Callable[..., Any], cases: Sequence[tuple[tuple[Any, ...], Any]]) -> str:
    """Return "Correct.", or what is wrong first.

    Parameters
    ----------
    function : callable
        To be tried.
    cases : sequence of (arguments, right answer)
        What goes in, and what is to come out.

    Examples
    --------
    >>> verdict(lambda x: 2 * x, [((1,), 2), ((3,), 6)])
    'Correct.'
    >>> verdict(lambda x: 2, [((1,), 2), ((3,), 6)])
    'Not yet. For the input 3 the answer is 6, yours is 2.'
    """
    answers = iter([answer for _, answer in cases])
    inputs = [arguments for arguments, _ in cases]
    exercise = Exercise(lambda *_: next(answers), inputs, {})
    if not callable(function):
        return exercise.verdict(function)

    def plain(*arguments: Any) -> Any:
        value = function(*arguments)
        # A text of one's own making could call itself equal to any other.
        return str.__str__(value) if isinstance(value, str) else value

    return exercise.verdict(plain)
