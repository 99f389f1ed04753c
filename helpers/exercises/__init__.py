"""Checkers of the exercises: not attempted yet, a hint for a known mistake, or correct.

One module a lesson, each a list of `Exercise`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

NOT_ATTEMPTED = "Not attempted yet."
CORRECT = "Correct."


def _same(answer: Any, expected: Any) -> bool:
    """Whether two answers agree in structure, shape and value (relative 1e-6)."""
    if isinstance(answer, np.generic):  # np.True_ is as good as True
        answer = answer.item()
    if isinstance(expected, (tuple, list)):
        return (
            isinstance(answer, (tuple, list))
            and len(answer) == len(expected)
            and all(_same(a, e) for a, e in zip(answer, expected, strict=True))
        )
    if isinstance(expected, (str, bool)) or expected is None:
        return type(answer) is type(expected) and answer == expected
    try:
        answer, expected = np.asarray(answer, dtype=float), np.asarray(expected, dtype=float)
    except (TypeError, ValueError):
        return False
    return answer.shape == expected.shape and np.allclose(
        answer, expected, rtol=1e-6, atol=1e-9, equal_nan=True
    )


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 6:
        return f"an array of shape {value.shape}"
    return repr(value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value)


@dataclass(frozen=True)
class Exercise:
    """One exercise: a function to write, and what goes wrong in it.

    Parameters
    ----------
    solution : callable
        Gives the right answer for each of the inputs.
    inputs : sequence of tuple
        Arguments; together they tell every mistake from the solution and from each other.
    mistakes : mapping of str to callable
        Hint to show: a function that makes that mistake.

    Examples
    --------
    >>> half = Exercise(lambda x: x / 2, [(3,)], {"Divide; do not multiply.": lambda x: x * 2})
    >>> half.check(lambda x: None)
    Not attempted yet.
    >>> half.check(lambda x: 2 * x)
    Not yet. Divide; do not multiply.
    >>> half.check(lambda x: x - 1)
    Not yet. For the input 3 the answer is 1.5, yours is 2.
    >>> half.check(lambda x: 0.5 * x)
    Correct.
    """

    solution: Callable[..., Any]
    inputs: Sequence[tuple[Any, ...]]
    mistakes: Mapping[str, Callable[..., Any]]

    def check(self, answer: Callable[..., Any]) -> None:
        """Print what `answer`, a function, is: not attempted, mistaken (with a hint), correct."""
        print(self.verdict(answer))

    def verdict(self, answer: Callable[..., Any]) -> str:
        """Return what `check` prints."""
        given = []
        for arguments in self.inputs:
            try:
                given.append(answer(*_copies(arguments)))
            except Exception as error:  # whatever the reader's code raises is shown, not thrown
                return f"Not yet. Your code stops with {type(error).__name__}: {error}"
        if all(value is None or value is ... for value in given):
            return NOT_ATTEMPTED
        right = [self.solution(*_copies(arguments)) for arguments in self.inputs]
        if _same(given, right):
            return CORRECT
        for hint, mistake in self.mistakes.items():
            if _same(given, [mistake(*_copies(arguments)) for arguments in self.inputs]):
                return f"Not yet. {hint}"
        for arguments, value, expected in zip(self.inputs, given, right, strict=True):
            if not _same(value, expected):
                shown = ", ".join(_describe(argument) for argument in arguments)
                return (
                    f"Not yet. For the input {shown} the answer is {_describe(expected)}, "
                    f"yours is {_describe(value)}."
                )
        raise AssertionError("unreachable: a difference was found above")


def _copies(arguments: tuple[Any, ...]) -> list[Any]:
    """Copy arrays, so that an answer that writes into its input cannot change the next one's."""
    return [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
