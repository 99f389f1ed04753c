"""A model card: what a model is for, and what its evaluation found, on one page of Markdown.

Source: Mitchell et al. 2019, Model cards for model reporting, doi 10.1145/3287560.3287596.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import metrics

from helpers import evaluation as ev
from helpers import inputs
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
VERSIONS = ("keras", "tensorflow", "numpy")
# Of a column with more values a table tells nothing: ages want bands.
MOST_GROUPS = 20
STARRED = "An interval with a star may hold the truth less often than it says: cases are few."


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
    classes: Sequence[str] | None = None,
    groups: Mapping[str, ArrayLike] | None = None,
) -> str:
    """Return a model card as Markdown; every number in its tables comes from the test cases.

    Parameters
    ----------
    model : keras.Model
        Any that `helpers.models` describes. Its name, input shape, range of pixels and number of
        parameters are reported.
    texts : mapping of str to str
        What `FIELDS` asks for, in sentences.
    positive : str
        The class that is looked for, such as "pneumonia"; without `classes`, what class 1 means.
    labels, scores, threshold, patients
        As of `evaluate`: of test cases that were used for nothing else. With `classes`, labels are
        numbers of classes (N,), and scores are those of each class (N, K).
    classes : sequence of str, optional
        The name of each of K classes. The card then tells `positive` from all others, and has a
        table of the classes, in which the answer is the class with the highest score.
    groups : mapping of str to array (N,), optional
        By what the cases are divided, such as {"scanner": scanners}: a table tells for each value
        how well `positive` is told from the others.

    Raises
    ------
    ValueError
        If it is no model of images, a field is missing, empty or unknown, labels or scores do not
        fit the classes, a group does not fit the cases or has more than 20 values, or as
        `evaluate`.

    Examples
    --------
    >>> from helpers.models import small_network
    >>> texts = {field: "Said in a sentence." for field in FIELDS}
    >>> labels, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.3, 0.6, 0.4, 0.8, 0.9]
    >>> card = model_card(small_network(), texts, "pneumonia", labels, scores, threshold=0.5)
    >>> print(card.splitlines()[0])
    # Model card: small

    Four classes, of which the third is looked for, and two scanners:

    >>> labels = np.arange(80) % 4
    >>> scores = 0.1 + 0.6 * np.eye(4)[np.where(np.arange(80) < 60, labels, 0)]
    >>> card = model_card(
    ...     small_network(classes=4),
    ...     texts,
    ...     "III",
    ...     labels,
    ...     scores,
    ...     threshold=0.5,
    ...     classes=["I", "II", "III", "IV"],
    ...     groups={"scanner": np.arange(80) // 40},
    ... )
    >>> print([line for line in card.splitlines() if line.startswith("| III")][0])
    | III | 20 | ? | 0.875 (0.742 to 0.945) | 0.750 (0.531 to 0.888) |
    """
    shape = " x ".join("any" if size is None else str(size) for size in shape_of(model))
    given = {"positive": positive, **texts}
    if missing := [name for name in ("positive", *FIELDS) if not given.get(name, "").strip()]:
        raise ValueError(f"the card lacks {', '.join(missing)}; say it in a sentence")
    if unknown := sorted(set(texts) - set(FIELDS)):
        raise ValueError(f"the card has no place for {', '.join(unknown)}; use {', '.join(FIELDS)}")
    if classes is not None:
        named, answers = _of_classes(positive, labels, scores, classes)
        place = list(classes).index(positive)
        labels, scores = (named == place).astype(int), answers[:, place]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ev.FewCases)
        results = evaluate(labels, scores, threshold, patients)
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=float)
    of_classes = [] if classes is None else _class_table(named, answers, classes, patients)
    of_groups = _group_table(labels, scores, threshold, patients, groups or {})
    share = labels.mean()
    table = ["| measure | value | 95 % interval | method |", "| --- | --- | --- | --- |"] + [
        f"| {r.measure} | {r.value:.3f} | {_interval(r)} | {r.method} |" for r in results
    ]
    # What was warned of belongs on the card.
    doubts = dict.fromkeys(f"Mind that {warning.message}." for warning in said)
    scaled = (
        "0 to 1 (gray levels divided by 255)" if top_of(model) == 1 else "0 to 255 (gray levels)"
    )
    made = ", ".join(f"{package} {version(package)}" for package in VERSIONS)
    network = (
        f"A convolutional network with {model.count_params():,} parameters. It takes an "
        f"image of {shape} with pixels from {scaled} and gives a probability for each class; the "
        f"score is that of {positive}. Above {threshold:.3f} it says {positive}. "
        f"This card was written on {date.today().isoformat()} with {made}."
    )
    whose = (
        "Whose cases they are was not said: each counts as a patient of its own."
        if patients is None
        else f"They are of {_count(patients)} patients, and intervals are by patient."
    )
    cases = (
        f"{len(labels)} test cases, {labels.sum()} of them {positive} ({share:.1%}). {whose} "
        f"Always giving the more frequent answer has an accuracy of {max(share, 1 - share):.3f}. "
        f"Sensitivity, predictive value and specificity are those of {positive} at the threshold "
        "above; the predictive value holds for this share only."
    )
    sections = [f"# Model card: {model.name}", WARNING, "## Model", _wrap(network)]
    for field, heading in FIELDS.items():
        sections += [f"## {heading}", _wrap(texts[field])]
        if field == "test_data":
            # Results come after the cases that gave them.
            sections += ["## Results", _wrap(cases), "\n".join(table), *map(_wrap, doubts)]
            sections += of_classes
        if field == "groups":
            sections += of_groups
    return "\n\n".join(sections) + "\n"


# ---- Tables of classes and of groups -------------------------------------------------------


def _of_classes(
    positive: str, labels: ArrayLike, scores: ArrayLike, classes: Sequence[str]
) -> tuple[NDArray, NDArray]:
    """Return numbers of classes (N,) and a score for each class (N, K), or raise."""
    names = [] if isinstance(classes, str) else list(classes)
    whole = all(isinstance(name, str) and name.strip() for name in names)
    if len(set(names)) < 2 or len(set(names)) < len(names) or not whole:
        raise ValueError(f"classes={inputs.told(classes)}; give two or more different names")
    if positive not in names:
        raise ValueError(f"positive={positive!r} is no class; give one of {', '.join(names)}")
    named, answers = np.asarray(labels), np.asarray(scores, dtype=float)
    if named.ndim != 1 or answers.shape != (len(named), len(names)):
        raise ValueError(
            f"labels have shape {named.shape} and scores {answers.shape}; give (N,) and "
            f"(N, {len(names)}), a score for each of {', '.join(names)}"
        )
    if wrong := sorted(set(named.tolist()) - set(range(len(names)))):
        raise ValueError(
            f"labels hold {wrong[0]!r}; give numbers of classes, 0 to {len(names) - 1}"
        )
    if not ((answers >= 0) & (answers <= 1)).all():  # catches NaN too
        raise ValueError("scores are not all from 0 to 1; give the probability of each class")
    return named.astype(int), answers


def _class_table(
    labels: NDArray, scores: NDArray, classes: Sequence[str], patients: ArrayLike | None
) -> list[str]:
    answers = scores.argmax(axis=1)
    lines = ["| class | cases | patients | AUC against the others | found |", "|" + " --- |" * 5]
    for label, name in enumerate(classes):
        here = labels == label
        cells = (
            _auc_cell(here.astype(int), scores[:, label], patients),
            _share_cell(answers[here] == label, _some(patients, here)),
        )
        lines.append(_row(name, here, patients, *cells))
    about = (
        "Here the answer is the class with the highest score. It is right in a share of "
        f"{_share_cell(answers == labels, patients)}; always giving the most frequent class would "
        f"be right in {np.bincount(labels).max() / len(labels):.3f}. Found is the share of a "
        "class that gets its own name."
    )
    return ["### Every class", _wrap(about), *_table(lines)]


def _group_table(
    labels: NDArray,
    scores: NDArray,
    threshold: float,
    patients: ArrayLike | None,
    groups: Mapping[str, ArrayLike],
) -> list[str]:
    if not groups:
        return []
    called = scores > threshold
    lines = ["| group | cases | patients | AUC | sensitivity | specificity |", "|" + " --- |" * 6]
    for name, given in groups.items():
        values = np.asarray(given)
        if values.shape != labels.shape:
            raise ValueError(
                f"groups[{name!r}] has shape {values.shape}, and there are {len(labels)} cases; "
                "give one value for each"
            )
        there = np.unique(values.astype(str))
        if len(there) > MOST_GROUPS:
            raise ValueError(
                f"groups[{name!r}] has {len(there)} values; give {MOST_GROUPS} at most, such as "
                "bands of age"
            )
        for value in there:
            here = values.astype(str) == value
            ill, well = here & (labels == 1), here & (labels == 0)
            cells = (
                _auc_cell(labels[here], scores[here], _some(patients, here)),
                _share_cell(called[ill], _some(patients, ill)),
                _share_cell(~called[well], _some(patients, well)),
            )
            lines.append(_row(f"{name}: {value}", here, patients, *cells))
    return _table(lines)


def _table(lines: list[str]) -> list[str]:
    table = "\n".join(lines)
    return [table, STARRED] if "*" in table else [table]


def _some(patients: ArrayLike | None, here: NDArray) -> NDArray | None:
    return None if patients is None else np.asarray(patients)[here]


def _count(patients: ArrayLike) -> int:
    return len(np.unique(np.asarray(patients)))


def _row(name: str, here: NDArray, patients: ArrayLike | None, *cells: str) -> str:
    whose = _some(patients, here)
    count = "?" if whose is None else str(_count(whose))
    return f"| {' | '.join([name.replace('|', '/'), str(here.sum()), count, *cells])} |"


def _auc_cell(labels: NDArray, scores: NDArray, patients: ArrayLike | None) -> str:
    if len(np.unique(labels)) < 2:
        return "none"
    value = float(metrics.roc_auc_score(labels, scores))
    return _cell(value, lambda: ev.delong_interval(labels, scores, patients=patients))


def _share_cell(right: NDArray, patients: ArrayLike | None) -> str:
    if not right.size:
        return "none"
    return _cell(float(right.mean()), lambda: ev.share_interval(right, patients=patients))


def _cell(value: float, interval: Callable[[], tuple[float, float]]) -> str:
    """Return a value with its interval; with a star where that may not hold what it says."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", ev.FewCases)
        try:
            low, high = interval()
        except ValueError:  # cases of one patient only
            return f"{value:.3f} (no interval)"
    return f"{value:.3f} ({low:.3f} to {high:.3f}){'*' if said else ''}"


def _interval(result: Result) -> str:
    return "none" if np.isnan(result.low) else f"{result.low:.3f} to {result.high:.3f}"


def _wrap(text: str) -> str:
    return textwrap.fill(text, 88, break_long_words=False, break_on_hyphens=False)
