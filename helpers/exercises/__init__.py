"""Checkers of the exercises: not attempted yet, a hint for a known mistake, or correct.

One module a lesson, each a list of `Exercise`.
"""

import copy
import dis
import reprlib
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

NOT_ATTEMPTED = "Not attempted yet."
CORRECT = "Correct."

# What `return None`, `pass` and `...` are made of, in all versions of Python.
_STUB = {"RESUME", "NOP", "POP_TOP", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}


@dataclass(frozen=True)
class Exercise:
    """One exercise: a function to write, and what goes wrong in it.

    Numbers are right within 0.001 % of their own size, or a millionth of the largest number beside
    them: that is what float32 keeps. Whole numbers must be the same. Lists, tuples, arrays and
    tensors are alike, and so are True and 1. Axes of length 1 that `keepdims=True` leaves do not
    count.

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
    >>> half.check(lambda x: print(x / 2))
    1.5
    Not yet. Your function returns None: is a `return` missing?
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
        if not callable(answer):
            return "Not yet. Give the function itself, not what it returns: no brackets behind it."
        given = self._outcomes(answer)
        if all(value is None or value is ... for value in given):
            if _is_stub(answer):
                return NOT_ATTEMPTED
            return "Not yet. Your function returns None: is a `return` missing?"
        differences = [
            _difference(value, right)
            for value, right in zip(given, self._outcomes(self.solution), strict=True)
        ]
        if not any(differences):
            return CORRECT
        if not all(isinstance(value, Exception) for value in given):
            with warnings.catch_warnings(action="ignore"):  # the reader did not make these mistakes
                for hint, mistake in self.mistakes.items():
                    if all(map(_alike, given, self._outcomes(mistake))):
                        return f"Not yet. {hint}"
        place = next(place for place, difference in enumerate(differences) if difference)
        shown = _describe(self.inputs[place])
        for value, arguments in zip(given, self.inputs, strict=True):
            if isinstance(value, Exception):
                return (
                    f"Not yet. Your code stops with {type(value).__name__}: {value} "
                    f"({_line(value, answer)}input {_describe(arguments)})"
                )
        if given[place] is None:
            return (
                f"Not yet. For the input {shown} your function returns None: "
                "does every way through it end in a `return`?"
            )
        return f"Not yet. For the input {shown} {differences[place]}."

    def _outcomes(self, function: Callable[..., Any]) -> list[Any]:
        """Return what a function gives for each of the inputs: a value, or what it raises."""
        outcomes = []
        for arguments in self.inputs:
            try:
                outcomes.append(function(*copy.deepcopy(arguments)))
            except Exception as error:  # whatever the reader's code raises is shown, not thrown
                outcomes.append(error)
        return outcomes


def _alike(outcome: Any, other: Any) -> bool:
    if isinstance(other, Exception):
        return type(outcome) is type(other)
    return _difference(outcome, other) is None


def _is_stub(answer: Callable[..., Any]) -> bool:
    """Whether a function has no body yet but `return None`, `pass` or `...`."""
    code = getattr(answer, "__code__", None)
    return code is not None and {step.opname for step in dis.get_instructions(code)} <= _STUB


def _line(error: Exception, answer: Callable[..., Any]) -> str:
    """Return the last line of the reader's own cell that an error came through, or nothing."""
    file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"line `{own[-1].line}`, " if own and own[-1].line else ""


def _difference(answer: Any, expected: Any) -> str | None:
    """Say where an answer differs first from the expected one; None if they are the same.

    >>> _difference([1, 2.5], np.array([1.0, 2.5])) is None
    True
    >>> _difference(np.array([[1.0, 2.5]]).T, [1.0, 3.5])
    'in part 2 the answer is 3.5, yours is 2.5'
    """
    if isinstance(expected, str):
        return _difference_of_texts(answer, expected)
    if isinstance(expected, (tuple, list)):
        return _difference_of_parts(answer, expected)
    numbers, right = _numbers(answer), np.asarray(expected)
    if numbers is None:
        return f"the answer is {_describe_one(expected)}, yours is {reprlib.repr(answer)}"
    if numbers.ndim > right.ndim and _thin(numbers.shape) == _thin(right.shape):
        numbers = numbers.reshape(right.shape)
    if numbers.shape != right.shape:
        return f"the answer is {_form(right)}, yours is {_form(numbers)}"
    finite = np.abs(right[np.isfinite(right)])
    whole = right.dtype.kind in "biu"
    tolerance = 1e-9 + (0 if whole else 1e-6 * finite.max(initial=0))
    close = np.isclose(numbers, right, 1e-7 if whole else 1e-5, tolerance, equal_nan=True)
    if close.all():
        return None
    place = tuple(int(index) for index in np.argwhere(~close)[0])
    wanted, given = _unequal(right[place].item(), numbers[place].item())
    if not place:
        return f"the answer is {wanted}, yours is {given}"
    count = f"{np.sum(~close)} of {close.size} numbers differ"
    return f"the answer is {wanted} at {list(place)}, yours is {given} ({count})"


def _difference_of_texts(answer: Any, expected: str) -> str | None:
    if not isinstance(answer, str):
        return f"the answer is {expected!r}, yours is {reprlib.repr(answer)}"
    if answer == expected:
        return None
    pairs = zip(answer, expected, strict=False)
    same = next((n for n, (a, e) in enumerate(pairs) if a != e), min(len(answer), len(expected)))
    return f"the answer is {expected!r}, yours is {answer!r}: character {same + 1} differs"


def _difference_of_parts(answer: Any, expected: Sequence[Any]) -> str | None:
    if hasattr(answer, "__array__"):
        answer = _numbers(answer)
        answer = [answer] if answer is None or answer.ndim == 0 else list(answer)
    if not isinstance(answer, Sequence) or isinstance(answer, (str, bytes)):
        return f"the answer has {len(expected)} parts, yours is {reprlib.repr(answer)}"
    if len(answer) != len(expected):
        return f"the answer has {len(expected)} parts, yours has {len(answer)}"
    for number, (part, right) in enumerate(zip(answer, expected, strict=True), 1):
        difference = _difference(part, right)
        if difference:
            return f"in part {number} {difference}"
    return None


def _numbers(value: Any) -> np.ndarray[Any, Any] | None:
    """Return an array of what holds numbers, in whatever form; None if it holds something else."""
    try:
        array = np.asarray(value)
        if array.dtype == object and any(part is None for part in array.flat):
            return None  # NumPy would make NaN of it
        if array.dtype.kind in "OV":  # whole numbers beyond 64 bits, fractions, bfloat16
            array = array.astype(float)
    except Exception:  # lists of unequal lengths, tensors that can't be read: not numbers
        return None
    return array if array.dtype.kind in "biufc" else None


def _thin(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(side for side in shape if side != 1)


def _form(array: np.ndarray[Any, Any]) -> str:
    return f"an array of shape {array.shape}" if array.ndim else f"the number {array.item():.6g}"


def _unequal(first: Any, second: Any) -> tuple[str, str]:
    """Write two unequal numbers, with six digits or as many as tell one from the other."""
    short = [str(n) if isinstance(n, (bool, int)) else f"{n:.6g}" for n in (first, second)]
    return (short[0], short[1]) if short[0] != short[1] else (repr(first), repr(second))


def _describe(arguments: Sequence[Any]) -> str:
    return ", ".join(_describe_one(argument) for argument in arguments)


def _describe_one(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 6:
        return f"an array of shape {value.shape}"
    return repr(value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value)
