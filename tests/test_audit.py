"""What an audit must see, planted; and that it sees nothing where nothing is."""

import dataclasses

import numpy as np
import pytest

from helpers import chest_xrays, datasets, folders, phantoms
from helpers.audit import Signal, _auc_width, audit
from helpers.folders import split_by_patient


def make(count=240, patients=2, scanner=None, **columns):
    """Return simulated cases, so many images to a patient, and columns to a table."""
    who = np.arange(count) // patients
    labels = who % 2
    drawn = phantoms.radiographs(labels, seed=4, size=32)
    return folders.Cases(
        images=drawn.images,
        labels=labels.astype(np.int64),
        classes=("clear", "opaque"),
        files=np.array([f"{n}.png" for n in range(count)]),
        patients=np.array([f"p{n}" for n in who]),
        parts=None,
        columns=columns,
        measured={"bytes": np.random.default_rng(1).integers(500, 900, count)},
        name="made",
        how="by a test",
    )


def find(result, beginning):
    (finding,) = [finding for finding in result if finding.question.startswith(beginning)]
    return finding


def one_sided(split, **changes):
    return dataclasses.replace(split, **changes)


def test_nothing_is_seen_where_nothing_is():
    result = audit(split_by_patient(make(480, 1)), width=0.5)
    assert not result.alarms, result
    assert "none of 480 patients" in str(result) and "0 of" in str(result)
    assert result._repr_html_().count("<tr>") == len(result) + 1


def test_patients_on_both_sides():
    data = split_by_patient(make())
    patients = data.test.patients.copy()
    patients[0] = data.train.patients[5]
    seen = find(
        audit(one_sided(data, test=one_sided(data.test, patients=patients))), "Are patients"
    )
    assert seen.alarming and "1 in train and test" in seen.seen
    assert data.train.patients[5] in seen.seen


def test_near_copies_on_both_sides():
    data = split_by_patient(make())
    images = data.validation.images.copy()
    images[2] = np.clip(data.train.images[7] * 1.1 + 5, 0, 255).astype(np.uint8)
    changed = one_sided(data, validation=one_sided(data.validation, images=images))
    seen = find(audit(changed), "Are images")
    assert seen.alarming and "1 in train and validation" in seen.seen
    assert data.train.files[7] in seen.seen and data.validation.files[2] in seen.seen


def test_a_split_from_elsewhere():
    data = split_by_patient(make(480, 1))
    images = np.clip(data.test.images * 0.8 + 40, 0, 255).astype(np.uint8)
    images[data.test.labels == 0] = data.test.images[data.test.labels == 0]
    result = audit(one_sided(data, test=one_sided(data.test, images=images)))
    assert find(result, "Can a model tell train from test? opaque").alarming
    assert not find(result, "Can a model tell train from test? clear").alarming
    assert not find(result, "Can a model tell train from validation? opaque").alarming


@pytest.mark.parametrize(
    ("name", "column"),
    [
        (
            "scanner",
            lambda labels, rng: np.where(rng.random(len(labels)) < 0.8, labels, 2).astype(str),
        ),
        ("age", lambda labels, rng: np.where(labels == 1, rng.normal(0, 9, len(labels)), 0)),
        (
            "weight",
            lambda labels, rng: np.where(
                (labels == 1) & (rng.random(len(labels)) < 0.6), np.nan, 7.0
            ),
        ),
    ],
)
def test_a_column_that_gives_the_label_away(name, column):
    cases = make(480, 1)
    values = column(cases.labels, np.random.default_rng(2))
    result = audit(split_by_patient(dataclasses.replace(cases, columns={name: values})))
    assert find(result, f"Can the label be told from {name}").alarming
    assert find(result, "Can the label be told from all").alarming
    assert not find(result, "Can the label be told from bytes").alarming


def test_a_column_that_is_the_patients_is_no_signal():
    """Each patient's value comes again in each image: by patient there is nothing to learn."""
    cases = make(480, 4)
    value = np.random.default_rng(0).random(120)[np.arange(480) // 4].round(1).astype(str)
    result = audit(split_by_patient(dataclasses.replace(cases, columns={"room": value})))
    assert not find(result, "Can the label be told from room").alarming
    names = np.array([f"file {n}" for n in range(480)])
    named = audit(split_by_patient(dataclasses.replace(cases, columns={"name": names})))
    assert not [finding for finding in named if "name" in finding.question]


def test_the_simulated_chest_xrays_have_test_normals_from_elsewhere():
    data = split_by_patient(chest_xrays.load(32, synthetic=True), test=None)
    result = audit(data)
    assert find(result, "Can a model tell train from test? normal").alarming
    assert find(result, "Can the label be told from germ").alarming


def test_how_many_are_enough():
    data = split_by_patient(make(480, 1))
    wide, narrow = audit(data, width=0.5), audit(data, width=0.02)
    assert not find(wide, "Are there enough test patients? clear").alarming
    few = find(narrow, "Are there enough test patients? clear")
    # Wilson's interval of a share of .9 is .02 wide at about 4 x 1.96^2 x .9 x .1 / .02^2 = 3,457.
    assert few.alarming and "about 3," in few.remedy


def test_the_width_of_an_auc_is_that_of_samples():
    """Hanley and McNeil's variance is exact for exponential scores: means of 9 and 1 give .9."""
    rng = np.random.default_rng(0)
    aucs = [(rng.exponential(9, (60, 1)) > rng.exponential(1, 40)).mean() for _ in range(4000)]
    assert abs(np.mean(aucs) - 0.9) < 0.003
    assert abs(_auc_width(60, 40) / (2 * 1.96) / np.std(aucs) - 1) < 0.05


def test_a_set_without_patients_or_files():
    result = audit(datasets.load("breastmnist", synthetic=True))
    assert "not known" in find(result, "Are patients").seen
    assert "no facts" in find(result, "Can the label").seen


def test_three_classes_and_too_few():
    cases = make(60, 1)
    labels = np.arange(60) % 3
    three = dataclasses.replace(cases, labels=labels, classes=("a", "b", "c"))
    result = audit(split_by_patient(three))
    assert "too few to say" in find(result, "Can a model tell train from test? c").seen
    assert not [finding for finding in result if finding.question.endswith("AUC")]
    assert "nan" not in str(result)


def test_a_signal_in_words():
    assert str(Signal(0.8, 0.7, 0.9, 0.55)) == "AUC 0.80 (0.70 to 0.90); by chance up to 0.55"
    assert Signal(0.8, 0.7, 0.9, 0.55).told
    assert not Signal(0.8, 0.7, 0.9, 0.85).told and not Signal(0.55, 0.5, 0.6, 0.52).told


@pytest.mark.parametrize("width", [0, 1, "0.1", None])
def test_a_wrong_width_is_told(width):
    with pytest.raises(ValueError, match="width="):
        audit(split_by_patient(make()), width=width)


def test_images_with_several_labels_are_refused():
    data = split_by_patient(make())
    several = one_sided(data.train, labels=np.stack([data.train.labels] * 2, axis=1))
    with pytest.raises(ValueError, match="one label each"):
        audit(one_sided(data, train=several))
