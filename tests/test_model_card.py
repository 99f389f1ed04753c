"""The card's numbers are the evaluation's; nothing may be left out."""

import functools
import re
from datetime import date
from importlib.metadata import version

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from helpers import evaluation
from helpers.model_card import FIELDS, WARNING, evaluate, model_card
from helpers.models import small_network

TEXTS = {field: f"About {field.replace('_', ' ')}." for field in FIELDS}


def cases(number=300):
    random = np.random.default_rng(0)
    labels = (random.random(number) < 0.4).astype(int)
    return labels, 1 / (1 + np.exp(-random.normal(2 * labels - 1, 1.3)))


@functools.cache
def network():
    return small_network(filters=(8, 16))


@functools.cache
def card_as_it_is():
    """Return the card without changes, made once: its intervals take a second."""
    return card(model=network())


def card(**changes):
    if not changes:
        return card_as_it_is()
    labels, scores = cases()
    given = {
        "model": network(),
        "texts": TEXTS,
        "positive": "pneumonia",
        "labels": labels,
        "scores": scores,
        "threshold": 0.35,
    }
    return model_card(**(given | changes))


def table(text):
    """Return measure: (value, low, high) of the card's table."""
    lines = re.findall(
        r"^\| ([\w ]+) \| ([-\d.]+) \| (?:none|([-\d.]+) to ([-\d.]+)) \|", text, re.M
    )
    return {name: tuple(float(number or "nan") for number in numbers) for name, *numbers in lines}


def test_numbers_are_those_of_scikit_learn():
    labels, scores = cases()
    called = scores > 0.35
    expected = {
        "AUC": metrics.roc_auc_score(labels, scores),
        "sensitivity": metrics.recall_score(labels, called),
        "specificity": metrics.recall_score(labels, called, pos_label=0),
        "positive predictive value": metrics.precision_score(labels, called),
        "accuracy": metrics.accuracy_score(labels, called),
        "Brier score": metrics.brier_score_loss(labels, scores),
    }
    results = table(card())
    intercept, slope = "calibration intercept", "calibration slope"
    same = "the same if scores were true"
    error = "expected calibration error"
    assert set(results) == {*expected, intercept, slope, error, same}
    for name, value in expected.items():
        assert results[name][0] == pytest.approx(value, abs=6e-4)
    for name in (*expected, slope, same):
        value, low, high = results[name]
        assert 0 <= low < value < high
    # These scores come from the log-odds 1.18 times as far out as they should be.
    assert results[slope][1] < 2 / 1.3**2 < results[slope][2]
    assert np.isnan(results[error][1:]).all()


def test_patients_make_intervals_wider():
    labels, scores = (np.repeat(values, 2) for values in cases())
    apart = {r.measure: r for r in evaluate(labels, scores, 0.35)}
    whole = {r.measure: r for r in evaluate(labels, scores, 0.35, np.arange(600) // 2)}
    for name, result in whole.items():
        assert result.value == pytest.approx(apart[name].value)
        if "cal" not in name and "same" not in name or name == "calibration slope":
            assert result.high - result.low > 1.2 * (apart[name].high - apart[name].low)


def test_what_few_cases_cannot_say_is_on_the_card():
    labels = np.arange(30) % 2
    few = card(labels=labels, scores=0.2 + 0.6 * labels)
    joined = " ".join(few.split())
    assert "Mind that a class has 15 cases (or patients), fewer than 20" in joined
    assert "Mind that calibration has no slope: no line is best" in joined
    assert "calibration slope" not in table(few)
    assert "Mind" not in card()


def test_intervals_of_shares_are_those_of_scipy():
    labels, scores = cases()
    result = table(card())["sensitivity"]
    ill = labels == 1
    wilson = stats.binomtest(int(np.sum(scores[ill] > 0.35)), int(ill.sum())).proportion_ci(
        method="wilson"
    )
    assert result[1:] == pytest.approx((wilson.low, wilson.high), abs=6e-4)


def test_table_holds_what_evaluate_returns():
    labels, scores = cases()
    results = table(card())
    for result in evaluate(labels, scores, 0.35):
        assert results[result.measure] == pytest.approx(result[1:4], abs=6e-4, nan_ok=True)


def test_another_evaluation_gives_another_card():
    labels, scores = cases()
    assert table(card(scores=scores**2)) != table(card())
    assert table(card(threshold=0.6))["sensitivity"] != table(card())["sensitivity"]
    assert table(card(threshold=0.6))["AUC"] == table(card())["AUC"]


def test_everything_is_said():
    labels, _ = cases()
    text = card()
    assert text.index(WARNING) < 60
    for field, heading in FIELDS.items():
        assert f"## {heading}\n\n{TEXTS[field]}" in text
    joined = " ".join(text.split())
    assert (
        f"{network().count_params():,} parameters" in joined
        and "28 x 28 x 1" in joined
        and "Above 0.350" in joined
    )
    assert f"300 test cases, {labels.sum()} of them pneumonia ({labels.mean():.1%})" in joined
    assert "Whose cases they are was not said" in joined and "### Every class" not in joined
    assert f"keras {version('keras')}" in joined
    assert re.search(r"written on (\S+) with", joined)[1] <= date.today().isoformat()
    assert f"an accuracy of {1 - labels.mean():.3f}" in joined
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert headings.index("Test data") + 1 == headings.index("Results")
    assert max(map(len, text.splitlines())) <= 88


NAMES = ["none", "mild", "severe", "other"]


def several(classes, each=60):
    """Return labels (N,), scores (N, K) and patients (N,): two cases a patient, both alike."""
    random = np.random.default_rng(1)
    of_patient = np.arange(classes * each // 2) % classes
    powers = np.exp(
        random.normal(0, 1, (len(of_patient), classes)) + 1.5 * np.eye(classes)[of_patient]
    )
    scores = powers / powers.sum(axis=1, keepdims=True)
    return (
        np.repeat(of_patient, 2),
        np.repeat(scores, 2, axis=0),
        np.arange(len(of_patient) * 2) // 2,
    )


def card_of(classes, patients=None, **changes):
    labels, scores, _ = several(classes)
    given = {"labels": labels, "scores": scores, "classes": NAMES[:classes], "positive": "mild"}
    return card(
        **(given | {"model": small_network(classes=classes), "patients": patients} | changes)
    )


def row(text, name):
    """Return the cells of a line of a table, numbers where they are."""
    (line,) = re.findall(rf"^\| {re.escape(name)} \| (.*) \|$", text, re.M)
    return [[float(n) for n in re.findall(r"[\d.]+", cell)] or cell for cell in line.split(" | ")]


@pytest.mark.parametrize(("classes", "known"), [(4, False), (3, True)])
def test_every_class_has_its_line(classes, known):
    """Four classes without patients, three with: scikit-learn's values, intervals by patient."""
    labels, scores, whose = several(classes)
    text = card_of(classes, whose if known else None)
    answers = scores.argmax(axis=1)
    for label, name in enumerate(NAMES[:classes]):
        here, one = labels == label, scores[:, label]
        patients = {"patients": whose} if known else {}
        cases, count, area, found = row(text, name)
        assert cases == [here.sum()] and count == ([here.sum() / 2] if known else "?")
        expected = [
            metrics.roc_auc_score(here, one),
            *evaluation.delong_interval(here.astype(int), one, **patients),
        ]
        assert area == pytest.approx(expected, abs=6e-4)
        right = answers[here] == label
        patients = {"patients": whose[here]} if known else {}
        expected = [right.mean(), *evaluation.share_interval(right, **patients)]
        assert found == pytest.approx(expected, abs=6e-4)
    joined = " ".join(text.split())
    assert f"right in a share of {np.mean(answers == labels):.3f} (" in joined
    assert f"would be right in {1 / classes:.3f}" in joined
    assert (f"They are of {len(labels) // 2} patients" in joined) == known
    assert table(text)["AUC"][0] == pytest.approx(
        metrics.roc_auc_score(labels == 1, scores[:, 1]), abs=6e-4
    )


def test_groups_have_their_lines():
    labels, scores, whose = several(3)
    scanner = np.array(["A", "B", "B"])[whose // 3 % 3]
    text = card_of(3, whose, groups={"scanner": scanner, "visit": np.arange(180) % 2})
    called = scores[:, 1] > 0.35
    for value in "AB":
        cases, count, area, found, passed = row(text, f"scanner: {value}")
        here = scanner == value
        assert cases == [here.sum()] and count == [here.sum() / 2]
        assert area[0] == pytest.approx(
            metrics.roc_auc_score(labels[here] == 1, scores[here, 1]), abs=6e-4
        )
        for cell, of, right in ((found, labels == 1, called), (passed, labels != 1, ~called)):
            ours = evaluation.share_interval(right[here & of], patients=whose[here & of])
            assert cell == pytest.approx([right[here & of].mean(), *ours], abs=6e-4)
    assert row(text, "visit: 0")[1] == row(text, "visit: 1")[1] == [90]
    assert text.index("## Groups") < text.index("scanner: A") < text.index("## Ethical")


def test_what_a_class_or_group_cannot_say_is_left_open():
    """A class without a case, a group of one patient, a group of few: said, and no error."""
    labels, scores, whose = several(3)
    four = np.hstack([0.9 * scores, np.full((180, 1), 0.1)])
    group = np.where(whose == 1, "single", np.where(labels == 2, "no case", "rest"))
    text = card_of(4, whose, labels=labels, scores=four, groups={"kind": group})
    assert row(text, "other") == [[0], [0], "none", "none"]
    assert row(text, "kind: no case")[3] == "none"
    assert "| kind: single | 2 | 1 | none | " in text and "(no interval)" in text
    few = card_of(3, labels=labels[:54], scores=scores[:54])
    assert ")* |" in few and "cases are few" in few and "cases are few" not in card_of(3)


FOUR = {"labels": [0, 1, 2, 1], "scores": np.full((4, 3), 1 / 3), "positive": "b"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": "abc"}, "classes='abc'; give two or more different names"),
        ({"classes": ["a"]}, "give two or more different names"),
        ({"classes": ["a", "b", "a"]}, "give two or more different names"),
        ({"classes": ["a", "b", " "]}, "give two or more different names"),
        ({"classes": ["a", "c", "d"]}, "positive='b' is no class; give one of a, c, d"),
        (
            {"classes": ["a", "b"]},
            r"scores \(4, 3\); give \(N,\) and \(N, 2\), a score for each of a, b",
        ),
        (
            {"classes": list("abc"), "labels": [0, 1, 3, 1]},
            "labels hold 3; give numbers of classes, 0 to 2",
        ),
        (
            {"classes": list("abc"), "scores": np.full((4, 3), 2.0)},
            "give the probability of each class",
        ),
        ({"classes": list("abc"), "patients": [1, 2]}, "say of each case whose it is"),
        (
            {"classes": list("abc"), "groups": {"sex": [0, 1]}},
            r"groups\['sex'\] has shape \(2,\).*4 cases",
        ),
        ({}, "give one score a case"),
    ],
)
def test_wrong_classes_and_groups_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        card(**(FOUR | {"threshold": 0.1} | changes))


def test_a_group_for_each_case_is_refused():
    with pytest.raises(ValueError, match=r"groups\['age'\] has 300 values; give 20 at most"):
        card(groups={"age": np.arange(300)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"texts": {k: v for k, v in TEXTS.items() if k != "limits"}}, "the card lacks limits"),
        ({"texts": TEXTS | {"ethics": " "}}, "the card lacks ethics; say it in a sentence"),
        ({"texts": {}}, "the card lacks purpose, out_of_scope, training_data"),
        ({"positive": ""}, "the card lacks positive"),
        ({"texts": TEXTS | {"limit": "x"}}, "the card has no place for limit; use purpose,"),
        ({"threshold": 50}, "threshold=50; give a number from 0 to 1"),
        ({"threshold": float("nan")}, "threshold=nan; give"),
        ({"threshold": 1.0}, "no score is above threshold=1.0; choose a lower threshold"),
        ({"scores": [0.5, 0.6]}, "give one score a case"),
        ({"labels": np.ones(300, int)}, "all labels are 1"),
    ],
)
def test_what_is_missing_or_wrong_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        card(**changes)
