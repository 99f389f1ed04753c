"""A model card: what a model is for, and what its evaluation found, on one page of Markdown.

Source: Mitchell et al. 2019, Model cards for model reporting, doi 10.1145/3287560.3287596.
"""

from __future__ import annotations

import textwrap
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
    """A measure, its interval, and how that was found."""

    measure: str
    value: float
    low: float
    high: float
    method: str


def evaluate(labels: ArrayLike, scores: ArrayLike, threshold: float) -> list[Result]:
    """Return what a card reports of test cases, each measure with its 95 % interval.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1, two or more of each; the score of class 1.
    threshold : float
        Cases with a higher score are called positive; chosen on validation cases.

    Raises
    ------
    ValueError
        If labels or scores are no such cases, `threshold` is not from 0 to 1, or nothing is
        called positive, so that there is no positive predictive value.

    Examples
    --------
    >>> for result in evaluate([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], threshold=0.5)[:3]:
    ...     print(f"{result.measure}: {result.value:.2f} ({result.low:.2f} to {result.high:.2f})")
    AUC: 0.75 (0.06 to 1.00)
    sensitivity: 0.50 (0.09 to 0.91)
    specificity: 0.50 (0.09 to 0.91)
    """
    low, high = ev.delong_interval(labels, scores)
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=float)
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold={threshold!r}; give a number from 0 to 1")
    called = scores > threshold
    if not called.any():
        raise ValueError(f"no score is above threshold={threshold!r}; choose a lower threshold")
    results = [Result("AUC", float(metrics.roc_auc_score(labels, scores)), low, high, "DeLong")]
    shares = {
        "sensitivity": called[labels == 1],
        "specificity": ~called[labels == 0],
        "positive predictive value": labels[called],
        "accuracy": called == labels,
    }
    for name, right in shares.items():
        interval = ev.wilson_interval(int(right.sum()), len(right))
        results.append(Result(name, float(right.mean()), *interval, "Wilson"))
    for name, metric in (
        ("expected calibration error", ev.calibration_error),
        ("Brier score", metrics.brier_score_loss),
    ):
        interval = ev.bootstrap_interval(metric, labels, scores)
        results.append(Result(name, float(metric(labels, scores)), *interval, "bootstrap"))
    return results


def model_card(
    model: keras.Model,
    texts: Mapping[str, str],
    positive: str,
    labels: ArrayLike,
    scores: ArrayLike,
    threshold: float,
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
    labels, scores, threshold
        As of `evaluate`: of test cases that were used for nothing else.

    Raises
    ------
    ValueError
        If it is no model of images, a field is missing, empty or unknown, or as `evaluate`.

    Examples
    --------
    >>> from helpers.models import small_network
    >>> texts = {field: "Said in a sentence." for field in FIELDS}
    >>> card = model_card(
    ...     small_network(), texts, "pneumonia", [0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], threshold=0.5
    ... )
    >>> print(card.splitlines()[0])
    # Model card: small
    """
    shape = " x ".join("any" if size is None else str(size) for size in shape_of(model))
    given = {"positive": positive, **texts}
    if missing := [name for name in ("positive", *FIELDS) if not given.get(name, "").strip()]:
        raise ValueError(f"the card lacks {', '.join(missing)}; say it in a sentence")
    if unknown := sorted(set(texts) - set(FIELDS)):
        raise ValueError(f"the card has no place for {', '.join(unknown)}; use {', '.join(FIELDS)}")
    results = evaluate(labels, scores, threshold)
    labels = np.asarray(labels)
    share = labels.mean()
    table = ["| measure | value | 95 % interval | method |", "| --- | --- | --- | --- |"] + [
        f"| {r.measure} | {r.value:.3f} | {r.low:.3f} to {r.high:.3f} | {r.method} |"
        for r in results
    ]
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
            sections += ["## Results", _wrap(cases), "\n".join(table)]
    return "\n\n".join(sections) + "\n"


def _wrap(text: str) -> str:
    return textwrap.fill(text, 88, break_long_words=False, break_on_hyphens=False)
