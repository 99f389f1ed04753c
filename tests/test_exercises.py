"""Each exercise accepts its solution in any form, and refuses mistakes, typical and made.

Mistakes made by machine: its solution with one line changed, with one argument that stays as it is,
and with an answer turned, cut, or scaled. A typical mistake gets its own hint.
"""

import warnings

import numpy as np
import pytest

from helpers.exercises import CORRECT, NOT_ATTEMPTED, Exercise
from tests import mutants_of_exercises as mutants
from tools.editions.fresh import FRESH

EXERCISES = {name: exercise for name, (_, _, exercise) in mutants.EXERCISES.items()}
MISTAKES = [(name, hint) for name, exercise in EXERCISES.items() for hint in exercise.mistakes]


class Tensor:
    """Numbers of another library: they can be made an array, and that is all."""

    def __init__(self, value):
        self.value = np.asarray(value)

    def __array__(self, dtype=None, copy=None):
        return self.value.astype(dtype or self.value.dtype)


def in_form(form, value):
    """Return a value with `form` applied to its numbers; those with other things as they are."""
    if isinstance(value, str) or (isinstance(value, (tuple, list)) and not value):
        return value
    if isinstance(value, (tuple, list)):
        return [in_form(form, part) for part in value]
    return form(np.asarray(value))


def single(numbers):
    """Return floats in single precision; whole numbers are counts, which it would round."""
    return numbers.astype(np.float32) if numbers.dtype.kind == "f" else numbers


FORMS = {
    "lists": np.ndarray.tolist,
    "arrays": np.asarray,
    "float32": single,
    "float64": lambda numbers: numbers.astype(float),
    "one more axis": lambda numbers: numbers[np.newaxis],
    "keepdims": lambda numbers: numbers[..., np.newaxis],
    "tensors": Tensor,
    "objects": lambda numbers: numbers.astype(object),
}


@pytest.mark.parametrize("name", EXERCISES)
def test_solution_is_correct(name):
    assert EXERCISES[name].verdict(EXERCISES[name].solution) == CORRECT


@pytest.mark.parametrize("name", EXERCISES)
def test_solution_in_another_form_is_correct(name):
    exercise = EXERCISES[name]
    for kind, form in FORMS.items():
        answer = exercise.verdict(
            lambda *given, form=form: in_form(form, exercise.solution(*given))
        )
        assert answer == CORRECT, kind


@pytest.mark.parametrize("name", EXERCISES)
def test_no_changed_line_passes(name):
    """Those that pass are listed, and give the same on 200 inputs that are drawn."""
    count, alive = mutants.survivors(name)
    assert count >= 3
    if name not in mutants.EQUAL:
        assert [what for what, _ in alive] == []
        return
    equal, exercise = mutants.EQUAL[name], EXERCISES[name]
    assert {what for what, _ in alive} <= equal.changes
    assert equal.changes <= {what for what, _ in mutants.mutants(name)}
    random = np.random.default_rng(0)
    with np.errstate(all="ignore"):
        for _ in range(200):
            drawn = Exercise(exercise.solution, [FRESH[name](random)], {})
            assert {what for what, mutant in alive if drawn.verdict(mutant) != CORRECT} == set()


def kept_as(exercise, place, argument):
    """Return the solution as if one argument were always the same."""

    def answer(*arguments):
        return exercise.solution(*arguments[:place], argument, *arguments[place + 1 :])

    return answer


# The share does not depend on the number of channels: the reader finds out.
WITHOUT_EFFECT = {("a_smaller_model.separable_share", 1)}


@pytest.mark.parametrize("name", EXERCISES)
def test_every_argument_counts(name):
    exercise = EXERCISES[name]
    with np.errstate(all="ignore"):
        for arguments in exercise.inputs:
            for place, argument in enumerate(arguments):
                passes = exercise.verdict(kept_as(exercise, place, argument)) == CORRECT
                assert passes == ((name, place) in WITHOUT_EFFECT), place
            right = exercise.solution(*arguments)
            assert exercise.verdict(lambda *others, right=right: right) != CORRECT


def of_arrays(change):
    def changed(numbers):
        return change(numbers) if numbers.ndim else numbers + 1

    return changed


CHANGES = {
    "turned": of_arrays(lambda a: a.T),
    "flat": of_arrays(np.ravel),
    "backward": of_arrays(lambda a: a[::-1]),
    "last axis backward": of_arrays(lambda a: a[..., ::-1]),
    "without the last": of_arrays(lambda a: a[:-1]),
    "negative": lambda a: -1.0 * a - 1e-3,
    "twice": lambda a: 2.0 * a + 1e-3,
    "a thousandth more": lambda a: 1.001 * a + 1e-3,
    "not a number": lambda a: a * np.nan,
    "complex": lambda a: a + 1j,
    "text": lambda a: str(a.tolist()),
    "nothing": lambda a: None,
}


@pytest.mark.parametrize("name", EXERCISES)
def test_changed_answer_is_refused(name):
    exercise = EXERCISES[name]
    right = [exercise.solution(*arguments) for arguments in exercise.inputs]
    for kind, change in CHANGES.items():
        given = [in_form(change, value) for value in right]
        if repr(given) == repr([in_form(np.asarray, value) for value in right]):
            continue  # nothing to turn in a row, nothing but a text
        answers = iter(given)
        verdict = exercise.verdict(lambda *arguments, answers=answers: next(answers))
        assert verdict.startswith("Not yet."), kind
        parts = verdict.removesuffix(".").split("the answer is ")[-1].split(", yours is ")
        assert len(parts) == 1 or parts[0] != parts[1].partition(" (")[0], kind


@pytest.mark.parametrize("name", EXERCISES)
def test_stub_is_not_attempted(name):
    assert EXERCISES[name].verdict(lambda *arguments: None) == NOT_ATTEMPTED


@pytest.mark.parametrize("name", EXERCISES)
def test_forgotten_return_is_said(name):
    exercise = EXERCISES[name]

    def answer(*arguments):
        exercise.solution(*arguments)

    assert exercise.verdict(answer) == "Not yet. Your function returns None: is a `return` missing?"


@pytest.mark.parametrize("name", EXERCISES)
def test_at_least_five_mistakes(name):
    assert len(EXERCISES[name].mistakes) >= 5


@pytest.mark.parametrize(("name", "hint"), MISTAKES)
def test_mistake_gets_its_hint(name, hint):
    exercise = EXERCISES[name]
    assert exercise.verdict(exercise.mistakes[hint]) == f"Not yet. {hint}"


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize(
    "answer",
    [lambda *arguments: 0, lambda *arguments: float("nan"), lambda *arguments: "no", lambda: 1],
    ids=["zero", "nan", "text", "no arguments"],
)
def test_nonsense_is_refused(name, answer):
    assert EXERCISES[name].verdict(answer).startswith("Not yet.")


# ---- What a message says ---------------------------------------------------------------------


def verdict(answer, right, mistakes=None):
    """Return the verdict on an answer to the input 3, given as values."""
    return Exercise(lambda x: right, [(3,)], mistakes or {}).verdict(lambda x: answer)


@pytest.mark.parametrize(
    ("answer", "right", "message"),
    [
        (2, 1.5, "the answer is 1.5, yours is 2."),
        (0.1 + 2e-5, 0.1, "the answer is 0.1, yours is 0.10002."),
        (1 - 1e-7 * 200, 1.0, "the answer is 1, yours is 0.99998."),
        (1234567.5, 1234567, "the answer is 1234567, yours is 1.23457e+06."),
        (True, False, "the answer is False, yours is True."),
        ("2", 2, "the answer is 2, yours is '2'."),
        (None, 2, "Your function returns None"),
        ([1, None], [1, 2], "in part 2 the answer is 2, yours is None."),
        ((1, 2, 3), (1, 2), "the answer has 2 parts, yours has 3."),
        (5, (1, 2), "the answer has 2 parts, yours is 5."),
        ({1, 2}, (1, 2), "the answer has 2 parts, yours is {1, 2}."),
        (
            np.array([[1.0, 2], [3, 9]]),
            np.array([[1.0, 2], [3, 4]]),
            "the answer is 4 at [1, 1], yours is 9 (1 of 4 numbers differ).",
        ),
        (
            np.ones((2, 3)),
            np.ones((3, 2)),
            "the answer is an array of shape (3, 2), yours is an array of shape (2, 3).",
        ),
        (np.ones((3, 1)), np.ones((1, 3)), "shape (1, 3), yours is an array of shape (3, 1)."),
        (np.ones(3), 1.0, "the answer is the number 1, yours is an array of shape (3,)."),
        ([[1, 2], [3]], np.ones((2, 2)), "yours is [[1, 2], [3]]."),
        (
            [np.zeros(2), np.array([1.0, 2.5])],
            (np.zeros(2), np.array([1.0, 3.5])),
            "in part 2 the answer is 3.5 at [1], yours is 2.5 (1 of 2 numbers differ).",
        ),
        ("| a |", "| b |", "the answer is '| b |', yours is '| a |': character 3 differs."),
        (["a"], "a", "the answer is 'a', yours is ['a']."),
    ],
)
def test_message_says_where(answer, right, message):
    assert message in verdict(answer, right)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (np.True_, True),
        (1, True),
        (np.float32(0.1), 0.1),
        (3.0, 3),
        ([[2]], 2),
        (np.array([440, 37]), (440, 37)),
        ([1 + 0j, 2], np.array([1.0, 2.0])),
        (Tensor([[0.5, 2.0]]), np.array([[0.5, 2.0]])),
        ((Tensor(1.0), np.array([2.0])), (1.0, 2.0)),
        (float("inf"), np.inf),
    ],
)
def test_right_in_another_form(answer, right):
    assert verdict(answer, right) == CORRECT


def stops_at_5(x):
    if x == 5:
        raise ValueError("five")
    return x / 2


def test_message_names_the_line_and_the_input_of_an_error():
    exercise = Exercise(lambda x: x, [(3,), (5,)], {})
    message = 'stops with ValueError: five (line `raise ValueError("five")`, input 5)'
    assert exercise.verdict(stops_at_5) == f"Not yet. Your code {message}"


def test_a_mistake_that_stops_on_one_input_gets_its_hint():
    exercise = Exercise(lambda x: x, [(3,), (5,)], {"Do not halve.": stops_at_5})
    assert exercise.verdict(stops_at_5) == "Not yet. Do not halve."


def test_what_is_no_function_is_refused():
    assert Exercise(lambda x: x, [(3,)], {}).verdict(3).startswith("Not yet. Give the function")


def test_a_way_without_return_is_said():
    exercise = Exercise(lambda x: x, [(3,), (5,)], {})
    message = "For the input 5 your function returns None"
    assert message in exercise.verdict(lambda x: x if x == 3 else None)


def ellipsis_only(x): ...


def docstring_only(x):
    """Halve x."""


def unfinished(x):
    half = x / 2  # noqa: F841


@pytest.mark.parametrize("stub", [ellipsis_only, docstring_only, lambda x: ...])
def test_stubs_are_not_attempted(stub):
    assert Exercise(lambda x: x, [(3,)], {}).verdict(stub) == NOT_ATTEMPTED


def test_body_without_return_is_not_a_stub():
    assert "is a `return` missing" in Exercise(lambda x: x, [(3,)], {}).verdict(unfinished)


def test_an_answer_that_writes_into_its_input_changes_no_other():
    def wipe(x, losses):
        total = x.sum() + sum(losses)
        x[:] = 0
        losses.clear()
        return total

    inputs = [(np.arange(3.0), [1, 2])]
    assert Exercise(wipe, inputs, {}).verdict(wipe) == CORRECT
    assert inputs[0][0].tolist() == [0, 1, 2] and inputs[0][1] == [1, 2]


# ---- The changes themselves ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("activations.merge", "W2 @ W1 -> W1 @ W2 in (W2 @ W1, W2 @ b1 + b2)"),
        ("dense_softmax.loss_of", "z.max() -> z in z.max() + np.log(np.sum(np.exp(z - z.max())))"),
        ("convolution.conv", "_correlate(X, K) + b -> _correlate(X, K) - b in return"),
        ("choosing_hyperparameters.rounds", "trials >= 1 -> trials > 1 in while trials >= 1:"),
        ("pooling.largest_back", "2 -> 1 in 2 * i"),
        ("a_tutorial_program.baseline", "np.mean -> np.sum in np.mean("),
    ],
)
def test_solutions_are_changed_in_every_way(name, change):
    assert any(what.startswith(change) for what, _ in mutants.mutants(name))


def test_a_loop_that_does_not_end_is_stopped():
    endless = "trials // factor -> trials in (trials // factor, epochs * factor)"
    [mutant] = [
        f for what, f in mutants.mutants("choosing_hyperparameters.rounds") if what == endless
    ]
    with pytest.raises(mutants.EndlessError):
        mutant(9, 1, 3)


def test_a_weak_exercise_is_seen(monkeypatch):
    """One symmetric input, as `merge` had it, lets products in the wrong order pass."""
    module, own, merge = mutants.EXERCISES["activations.merge"]
    W1, b1, _, b2 = merge.inputs[0]
    weak = Exercise(merge.solution, [(W1, b1, np.array([[2.0, 1.0], [1.0, 4.0]]), b2)], {})
    monkeypatch.setitem(mutants.EXERCISES, "activations.merge", (module, own, weak))
    alive = {what for what, _ in mutants.survivors("activations.merge")[1]}
    assert "W2 @ b1 -> b1 @ W2 in W2 @ b1 + b2" in alive


def test_mistakes_warn_of_nothing():
    """The reader would see a warning about code that is not the reader's."""
    exercise = Exercise(lambda x: x, [(3.0,)], {"No.": lambda x: np.float64(x) / 0})
    with warnings.catch_warnings(action="error"):
        assert exercise.verdict(lambda x: 2).endswith("the answer is 3, yours is 2.")
