"""A model card: what a model is for, and what its evaluation found, on one page of Markdown.

Source: Mitchell et al. 2019, Model cards for model reporting, doi 10.1145/3287560.3287596.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn import metrics

from helpers import evaluation as ev
from helpers.models import shape_of, top_of

if TYPE_CHECKING:
    import keras

# What people have to say, since no program knows it; in the order of the card.
FIELDS = {
    "purpose": "Intended use",
    "out_of_scope": "Not intended",
    "training_data": "Training data",
    "test_data": "Test data",
    "groups": "Groups",
    "ethics": "Ethical considerations",
    "limits": "Limits and recommendations",
}
WARNING = "**Not for clinical use.**"


class Result(NamedTuple):
    """A measure, its interval (NaN: none), and how that was found."""

    measure: str
    value: float
    low: float
    high: float
    method: str


def evaluate(
    labels: ArrayLike, scores: ArrayLike, threshold: float, patients: ArrayLike | None = None
) -> list[Result]:
    """Return what a card reports of test cases, each measure with its 95 % interval.

    The expected calibration error has none: chance makes it larger than it is. The line below it
    says what it would be if the scores were true.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1, two or more of each; the score of class 1.
    threshold : float
        Cases with a higher score are called positive; chosen on validation cases.
    patients : array (N,), optional
        Whose case each is.

    Raises
    ------
    ValueError
        If labels or scores are no such cases, `threshold` is not from 0 to 1, or nothing is
        called positive, so that there is no positive predictive value.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> labels = np.arange(200) % 2
    >>> scores = 0.4 * labels + 0.6 * random.random(200)
    >>> for result in evaluate(labels, scores, threshold=0.5)[:3]:
    ...     print(f"{result.measure}: {result.value:.2f} ({result.low:.2f} to {result.high:.2f})")
    AUC: 0.93 (0.89 to 0.96)
    sensitivity: 0.84 (0.76 to 0.90)
    specificity: 0.77 (0.68 to 0.84)
    """
    low, high = ev.delong_interval(labels, scores, patients=patients)
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=float)
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold={threshold!r}; give a number from 0 to 1")
    called = scores > threshold
    if not called.any():
        raise ValueError(f"no score is above threshold={threshold!r}; choose a lower threshold")
    results = [Result("AUC", float(metrics.roc_auc_score(labels, scores)), low, high, "DeLong")]
    everybody = np.ones(len(labels), bool)
    for name, cases, right in (
        ("sensitivity", labels == 1, called),
        ("specificity", labels == 0, ~called),
        ("positive predictive value", called, labels == 1),
        ("accuracy", everybody, called == labels),
    ):
        whose = None if patients is None else np.asarray(patients)[cases]
        interval = ev.share_interval(right[cases], patients=whose)
        results.append(Result(name, float(right[cases].mean()), *interval, "Wilson"))
    try:
        line = ev.calibration_line(labels, scores, patients=patients)
    except ValueError as no_line:
        # A model without an error has a card all the same.
        warnings.warn(f"calibration has no slope: {no_line}", ev.FewCases, stacklevel=2)
    else:
        for name, estimate in zip(("intercept", "slope"), line, strict=True):
            results.append(Result(f"calibration {name}", *estimate, "logistic regression"))
    error, ideal = ev.calibration_error(labels, scores), ev.ideal_calibration_error(scores)
    results += [
        Result("expected calibration error", error, np.nan, np.nan, "ten bins"),
        Result("the same if scores were true", *ideal, "labels drawn from the scores"),
    ]
    brier = metrics.brier_score_loss
    interval = ev.bootstrap_interval(brier, labels, scores, patients=patients)
    results.append(Result("Brier score", float(brier(labels, scores)), *interval, "bootstrap"))
    return results


def model_card(
    model: keras.Model,
    texts: Mapping[str, str],
    positive: str,
    labels: ArrayLike,
    scores: ArrayLike,
    threshold: float,
    patients: ArrayLike | None = None,
) -> str:
    """Return a model card as Markdown; every number in its table comes from the test cases.

    Parameters
    ----------
    model : keras.Model
        Any that `helpers.models` describes. Its name, input shape, range of pixels and number of
        parameters are reported.
    texts : mapping of str to str
        What `FIELDS` asks for, in sentences.
    positive : str
        What class 1 means, such as "pneumonia".
    labels, scores, threshold, patients
        As of `evaluate`: of test cases that were used for nothing else.

    Raises
    ------
    ValueError
        If it is no model of images, a field is missing, empty or unknown, or as `evaluate`.

    Examples
    --------
    >>> from helpers.models import small_network
    >>> texts = {field: "Said in a sentence." for field in FIELDS}
    >>> labels, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.3, 0.6, 0.4, 0.8, 0.9]
    >>> card = model_card(small_network(), texts, "pneumonia", labels, scores, threshold=0.5)
    >>> print(card.splitlines()[0])
    # Model card: small
    """
    shape = " x ".join("any" if size is None else str(size) for size in shape_of(model))
    given = {"positive": positive, **texts}
    if missing := [name for name in ("positive", *FIELDS) if not given.get(name, "").strip()]:
        raise ValueError(f"the card lacks {', '.join(missing)}; say it in a sentence")
    if unknown := sorted(set(texts) - set(FIELDS)):
        raise ValueError(f"the card has no place for {', '.join(unknown)}; use {', '.join(FIELDS)}")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ev.FewCases)
        results = evaluate(labels, scores, threshold, patients)
    labels = np.asarray(labels)
    share = labels.mean()
    table = ["| measure | value | 95 % interval | method |", "| --- | --- | --- | --- |"] + [
        f"| {r.measure} | {r.value:.3f} | {_interval(r)} | {r.method} |" for r in results
    ]
    # What was warned of belongs on the card.
    doubts = dict.fromkeys(f"Mind that {warning.message}." for warning in said)
    scaled = (
        "0 to 1 (gray levels divided by 255)" if top_of(model) == 1 else "0 to 255 (gray levels)"
    )
    network = (
        f"A convolutional network with {model.count_params():,} parameters. It takes an "
        f"image of {shape} with pixels from {scaled} and gives a probability for each class; the "
        f"score is that of {positive}. Above {threshold:.3f} it says {positive}."
    )
    cases = (
        f"{len(labels)} test cases, {labels.sum()} of them {positive} ({share:.1%}). Always giving "
        f"the more frequent answer has an accuracy of {max(share, 1 - share):.3f}. Sensitivity, "
        f"predictive value and specificity are those of {positive} at the threshold above; the "
        "predictive value holds for this share only."
    )
    sections = [f"# Model card: {model.name}", WARNING, "## Model", _wrap(network)]
    for field, heading in FIELDS.items():
        sections += [f"## {heading}", _wrap(texts[field])]
        if field == "test_data":
            # Results come after the cases that gave them.
            sections += ["## Results", _wrap(cases), "\n".join(table), *map(_wrap, doubts)]
    return "\n\n".join(sections) + "\n"


def _interval(result: Result) -> str:
    return "none" if np.isnan(result.low) else f"{result.low:.3f} to {result.high:.3f}"


def _wrap(text: str) -> str:
    return textwrap.fill(text, 88, break_long_words=False, break_on_hyphens=False)
