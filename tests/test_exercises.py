"""Each exercise accepts its solution, refuses each typical mistake with that mistake's own hint."""

import importlib
import pkgutil

import numpy as np
import pytest

import helpers.exercises
from helpers.exercises import CORRECT, NOT_ATTEMPTED, Exercise

EXERCISES = {
    f"{module.name}.{name}": exercise
    for module in pkgutil.iter_modules(helpers.exercises.__path__)
    for name, exercise in vars(importlib.import_module(f"helpers.exercises.{module.name}")).items()
    if isinstance(exercise, Exercise)
}
MISTAKES = [(name, hint) for name, exercise in EXERCISES.items() for hint in exercise.mistakes]


@pytest.mark.parametrize("name", EXERCISES)
def test_solution_is_correct(name):
    assert EXERCISES[name].verdict(EXERCISES[name].solution) == CORRECT


@pytest.mark.parametrize(("answer", "right"), [(np.True_, True), (np.False_, False)])
def test_truths_of_numpy_are_as_good_as_python(answer, right):
    exercise = Exercise(lambda: True, inputs=[()], mistakes={})
    assert (exercise.verdict(lambda: answer) == CORRECT) == right


@pytest.mark.parametrize("name", EXERCISES)
def test_stub_is_not_attempted(name):
    assert EXERCISES[name].verdict(lambda *arguments: None) == NOT_ATTEMPTED


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
