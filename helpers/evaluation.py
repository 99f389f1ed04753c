"""What scores are worth: how sure a metric is, and what it must beat.

The metrics themselves are scikit-learn's: `roc_auc_score`, `accuracy_score`, `f1_score`,
`recall_score` (sensitivity; with `pos_label=0` specificity).
"""

from collections.abc import Callable

import numpy as np
import sklearn
from numpy.typing import ArrayLike

Metric = Callable[[np.ndarray, np.ndarray], float]


def bootstrap_interval(
    metric: Metric,
    labels: ArrayLike,
    scores: ArrayLike,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a metric over cases.

    Cases are drawn with replacement, as many as there are, and the metric is taken again; the
    interval holds the middle share `level` of its values. A draw of one class only, on which an
    AUC does not exist, is drawn anew. The interval says how the metric varies with the cases, not
    with the training run, and it takes the cases for independent: one image a patient.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Parameters
    ----------
    metric : callable
        Takes labels (N,) and scores (N,), returns a number.
    labels : array (N,)
        0 or 1; both occur.
    scores : array (N,)
        The score of class 1, from 0 to 1.
    level : float
        Between 0 and 1.
    repeats : int
        Number of draws.
    seed : int
        The same seed gives the same draws, also for another metric.

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If there are no cases, one class only, other labels than 0 and 1, scores that are not
        between 0 and 1, shapes that differ, or `level` or `repeats` is out of range.

    Examples
    --------
    >>> from sklearn.metrics import accuracy_score, roc_auc_score
    >>> labels = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    >>> scores = [0.1, 0.3, 0.2, 0.6, 0.9, 0.8, 0.4, 0.7, 0.6, 0.9]
    >>> low, high = bootstrap_interval(roc_auc_score, labels, scores)
    >>> print(f"{roc_auc_score(labels, scores):.2f}, 95 % interval {low:.2f} to {high:.2f}")
    0.94, 95 % interval 0.72 to 1.00

    A metric that needs decisions gets them from the scores:

    >>> bootstrap_interval(lambda y, p: accuracy_score(y, p > 0.5), labels, scores)
    (0.5, 1.0)
    """
    labels, scores = _cases(labels, scores)
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} is not between 0 and 1; for 95 % say 0.95")
    if repeats < 1:
        raise ValueError(f"repeats={repeats!r} gives no draws; say 1000")
    random = np.random.default_rng(seed)
    values: list[float] = []
    # The cases are checked above: scikit-learn need not check each draw (a fifth of the time).
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        while len(values) < repeats:
            drawn = random.integers(len(labels), size=len(labels))
            if np.ptp(labels[drawn]) > 0:
                values.append(metric(labels[drawn], scores[drawn]))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def majority_baseline(train_labels: ArrayLike, test_labels: ArrayLike) -> float:
    """Return the accuracy on the test set of always answering the training set's largest class.

    Of classes of equal size it is the one with the smallest number.

    Parameters
    ----------
    train_labels, test_labels : int array (N,)
        Numbers of classes.

    Raises
    ------
    ValueError
        If one of them is empty or not of shape (N,).

    Examples
    --------
    >>> majority_baseline([0, 1, 1], [0, 0, 0, 1])
    0.25
    """
    train_labels, test_labels = np.asarray(train_labels), np.asarray(test_labels)
    for name, labels in (("train_labels", train_labels), ("test_labels", test_labels)):
        _need_vector(name, labels)
    classes, counts = np.unique(train_labels, return_counts=True)
    return float(np.mean(test_labels == classes[counts.argmax()]))


def _need_vector(name: str, values: np.ndarray) -> None:
    if values.ndim != 1 or not values.size:
        raise ValueError(f"{name} have shape {values.shape}; give (N,) with one value a case")


def _cases(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and scores as arrays (N,) that a binary metric can be taken of."""
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=float)
    _need_vector("labels", labels)
    if scores.shape != labels.shape:
        raise ValueError(
            f"labels have shape {labels.shape} and scores {scores.shape}; "
            "give one score a case (of a softmax output, the column of class 1)"
        )
    found = np.unique(labels)
    if not np.isin(found, [0, 1]).all():
        raise ValueError(f"labels hold {found[~np.isin(found, [0, 1])][0]}; give 0 and 1 only")
    if len(found) == 1:
        raise ValueError(f"all labels are {found[0]}; give cases of both classes")
    wrong = ~((scores >= 0) & (scores <= 1))  # catches NaN too
    if wrong.any():
        case = int(wrong.argmax())
        raise ValueError(
            f"scores[{case}] is {scores[case]}; give probabilities from 0 to 1 "
            "(of logits, take the sigmoid or softmax first)"
        )
    return labels, scores
