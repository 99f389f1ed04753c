"""The choice of the recipe for the retina: the command, and the file that it wrote."""

import json

import numpy as np
import pytest

from tools import choose_recipe as choose
from tools import protocol

RESULTS = json.loads(choose.RESULTS.read_text(encoding="utf-8"))


@pytest.fixture
def photographs(monkeypatch):
    """Thirty patients, four photographs each, in light of their own; grades 0 to 4."""
    random = np.random.default_rng(0)
    color, contrast = random.uniform(0.2, 0.8, (2, 30, 1, 1, 3))
    patients = color + contrast * np.linspace(-0.5, 0.5, 28)[:, None, None] * np.ones((28, 28, 1))
    images = np.repeat(patients, 4, axis=0) + random.normal(0, 0.002, (120, 28, 28, 3))
    parts = {"train": slice(0, 100), "validation": slice(100, 120)}
    grades = np.arange(120) // 4 % 5
    monkeypatch.setattr(
        choose, "split", lambda data, name: (images[parts[name]], grades[parts[name]])
    )
    return np.arange(120) // 4


def test_file_holds_each_run_once():
    found = [(run["kind"], run["tried"], run["fold"]) for run in RESULTS["runs"]]
    expected = {
        (kind, tried, fold)
        for kind, names in choose.KINDS.items()
        for tried in names
        for fold in range(choose.FOLDS)
    }
    assert len(found) == len(set(found)) and set(found) == expected
    assert RESULTS["tried"] == choose.TRIED


def test_the_protocol_uses_what_was_chosen():
    def auc(tried):
        runs = [r for r in RESULTS["runs"] if (r["kind"], r["tried"]) == ("colors together", tried)]
        return np.mean([run["auc"] for run in runs])

    best = max(choose.TRIED, key=auc)
    assert choose.TRIED[best].items() <= protocol.SETTINGS[choose.DATA].items()


@pytest.mark.parametrize("kind", choose.KINDS)
def test_each_image_is_judged_once(kind, photographs):
    held = np.concatenate([held for _, held in choose.folds(kind)])
    assert sorted(held) == list(range(120))
    for rest, held in choose.folds(kind):
        assert not set(rest) & set(held) and len(rest) + len(held) == 120


def test_photographs_of_one_color_stay_together(photographs):
    def divided(kind):
        return [
            patient
            for rest, held in choose.folds(kind)
            for patient in set(photographs[rest]) & set(photographs[held])
        ]

    assert not divided("colors together")
    assert len(set(divided("by chance"))) > 20


def test_softened_grades_by_hand():
    found = choose.softened(np.array([0, 2]), 0.2)
    np.testing.assert_allclose(found, [[0.8, 0.2, 0, 0, 0], [0, 0.1, 0.8, 0.1, 0]], atol=1e-6)
