"""What scores are worth: how sure a metric is, what it must beat, and what follows from it.

The metrics themselves are scikit-learn's: `roc_auc_score`, `accuracy_score`, `f1_score`,
`recall_score` (sensitivity; with `pos_label=0` specificity), `brier_score_loss`.

Labels (N,) are 0 or 1, scores (N,) are those of class 1, from 0 to 1. A case is called positive
if its score is above the threshold.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import sklearn
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

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
    interval holds the middle share `level` of its values. A draw in which a class is missing, on
    which an AUC does not exist, is drawn anew. The interval says how the metric varies with the
    cases, not with the training run, and it takes the cases for independent: one image a patient.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Parameters
    ----------
    metric : callable
        Takes labels (N,) and scores of the shape given, returns a number.
    labels : int array (N,)
        0 or 1; of K classes 0 to K-1; each occurs.
    scores : array (N,) or (N, K)
        From 0 to 1: the score of class 1; of three classes or more, that of each class.
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
        If there are no cases, a class has none, labels or scores are out of range, shapes differ,
        or `level` or `repeats` is out of range.

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
    labels, scores = _cases(labels, scores, classes=True)
    return _bootstrap(
        lambda drawn: metric(labels[drawn], scores[drawn]), labels, level, repeats, seed
    )


def bootstrap_difference(
    metric: Metric,
    labels: ArrayLike,
    scores: ArrayLike,
    others: ArrayLike,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the bootstrap interval of the metric of `scores` minus that of `others`.

    Both models answer the same cases, and both are judged on the same draws: a draw of hard
    cases lowers both metrics and leaves their difference. So this interval is usually narrower
    than what two separate intervals suggest.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Parameters
    ----------
    metric, labels, level, repeats, seed
        As of `bootstrap_interval`.
    scores, others : arrays (N,) or (N, K)
        Of one model and of another, case by case.

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        As `bootstrap_interval`.

    Examples
    --------
    >>> from sklearn.metrics import roc_auc_score
    >>> labels = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> good, poor = [1, 2, 3, 5, 4, 6, 7, 8], [1, 4, 3, 5, 2, 6, 7, 8]
    >>> low, high = bootstrap_difference(
    ...     roc_auc_score, labels, np.array(good) / 10, np.array(poor) / 10, repeats=300
    ... )
    >>> print(f"{low:.2f} to {high:.2f}")
    0.00 to 0.50
    """
    labels, first = _cases(labels, scores, classes=True)
    _, second = _cases(labels, others, classes=True)

    def difference(drawn: np.ndarray) -> float:
        return metric(labels[drawn], first[drawn]) - metric(labels[drawn], second[drawn])

    return _bootstrap(difference, labels, level, repeats, seed)


def bootstrap_runs(
    labels: ArrayLike,
    runs: ArrayLike,
    others: ArrayLike,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the bootstrap interval of the mean AUC of some training runs minus that of others.

    What varies are the cases and the runs, so both are drawn with replacement. Runs are drawn in
    pairs, one of each kind: give those of the same seed the same place. The interval says what
    to expect of new runs on new cases; that of `bootstrap_difference` is about two networks.

    An AUC is the share of pairs of cases, one of each class, in which the case of class 1 scores
    higher, a tie counting half. Each pair is looked at once; a draw says how often it counts.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Parameters
    ----------
    labels : array (N,)
        0 or 1; each occurs.
    runs, others : arrays (R, N)
        Scores of class 1: one row a run.
    level : float
        Between 0 and 1.
    repeats : int
        Number of draws.
    seed : int
        The same seed gives the same draws.

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If the shapes differ, labels or scores are out of range, a class has no case, or `level`
        or `repeats` is out of range.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> labels = np.arange(200) % 2
    >>> good = 0.3 * labels + 0.7 * random.random((5, 200))
    >>> poor = 0.2 * labels + 0.8 * random.random((5, 200))
    >>> low, high = bootstrap_runs(labels, good, poor)
    >>> 0 < low < high < 0.2
    True
    """
    _need_draws(level, repeats)
    labels, runs, others = np.asarray(labels), np.asarray(runs), np.asarray(others)
    if runs.ndim != 2 or runs.shape != others.shape or not len(runs):
        raise ValueError(
            f"runs have shape {runs.shape} and others {others.shape}; "
            "give (R, N) and (R, N), one row a run"
        )
    for scores in (*runs, *others):
        _cases(labels, scores)
    positive, random = labels == 1, np.random.default_rng(seed)

    def won(scores: np.ndarray) -> np.ndarray:
        above = scores[:, positive, np.newaxis], scores[:, np.newaxis, ~positive]
        return np.greater(*above) + 0.5 * np.equal(*above)

    def draw(number: int) -> np.ndarray:
        return random.multinomial(len(labels), np.full(len(labels), 1 / len(labels)), size=number)

    counts = draw(repeats)
    # A draw in which a class is missing, on which an AUC does not exist, is drawn anew.
    while (lost := np.isin(counts[:, positive].sum(axis=1), (0, len(labels)))).any():
        counts[lost] = draw(int(lost.sum()))
    of_positive, of_negative = counts[:, positive].astype(float), counts[:, ~positive]
    gains: np.ndarray = np.sum(of_positive @ (won(runs) - won(others)) * of_negative, axis=2)
    gains /= of_positive.sum(axis=1) * of_negative.sum(axis=1)  # (R, repeats)
    drawn = random.integers(len(runs), size=gains.shape)
    return _middle(np.take_along_axis(gains, drawn, axis=0).mean(axis=0), level)


def wilson_interval(successes: int, cases: int, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a proportion such as a sensitivity: 38 found of 42.

    Unlike proportion plus and minus two standard errors, it stays within 0 and 1 and does not
    shrink to nothing when all are found.

    Source: Wilson 1927, doi 10.1080/01621459.1927.10502953.

    Parameters
    ----------
    successes, cases : int
        How many, of how many.
    level : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If there are no cases, the numbers do not fit, or `level` is out of range.

    Examples
    --------
    >>> low, high = wilson_interval(42, 42)
    >>> print(f"{low:.3f} to {high:.3f}")
    0.916 to 1.000
    """
    if cases < 1 or not 0 <= successes <= cases:
        raise ValueError(f"{successes} of {cases} is no proportion; give 0 to N of N cases, N > 0")
    z = _quantile(level)
    share, weight = successes / cases, z**2 / cases
    middle = (share + weight / 2) / (1 + weight)
    half = z * np.sqrt(share * (1 - share) / cases + weight / (4 * cases)) / (1 + weight)
    # Rounding must not carry the ends past 0 and 1.
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def delong_covariance(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return the AUCs of several models on the same cases, and the covariance of these AUCs.

    An AUC is the share of pairs, one case of each class, in which the case of class 1 scores
    higher; a tie counts half. A case's placement is its own share of such pairs, and the variance
    of an AUC follows from the variance of placements in each class. Ranks give all placements
    without looking at pairs.

    Source: DeLong et al. 1988, doi 10.2307/2531595, with the ranks of Sun and Xu 2014,
    doi 10.1109/LSP.2014.2337313.

    Parameters
    ----------
    labels : array (N,)
        0 or 1; two cases or more of each.
    scores : array (M, N)
        Of M models.

    Returns
    -------
    aucs : array (M,)
    covariance : array (M, M)

    Raises
    ------
    ValueError
        If labels or scores are no such cases, or a class has one case only.

    Examples
    --------
    >>> aucs, covariance = delong_covariance([0, 0, 1, 1], [[0.1, 0.5, 0.4, 0.8]])
    >>> aucs, covariance
    (array([0.75]), array([[0.125]]))
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2 or not len(scores):
        raise ValueError(f"scores have shape {scores.shape}; give (M, N), one row a model")
    labels = np.asarray(labels)
    for row in scores:
        _cases(labels, row)
    positive, negative = scores[:, labels == 1], scores[:, labels == 0]
    if min(positive.shape[1], negative.shape[1]) < 2:
        raise ValueError("a class has one case only; a variance needs two or more of each class")
    ranks = stats.rankdata(np.hstack([positive, negative]), axis=1)
    count = positive.shape[1]
    # Rank among all minus rank in its own class: cases of the other class below, a tie half.
    of_positive = (ranks[:, :count] - stats.rankdata(positive, axis=1)) / negative.shape[1]
    of_negative = 1 - (ranks[:, count:] - stats.rankdata(negative, axis=1)) / count
    covariance = np.cov(of_positive) / count + np.cov(of_negative) / negative.shape[1]
    return of_positive.mean(axis=1), np.atleast_2d(covariance)


def delong_interval(
    labels: ArrayLike, scores: ArrayLike, level: float = 0.95
) -> tuple[float, float]:
    """Return DeLong's interval of an AUC: without draws, the same each time.

    AUC plus and minus so many standard errors, cut at 0 and 1. With few errors it is too short,
    and where no pair is in the wrong order it has no width at all.

    Source: DeLong et al. 1988, doi 10.2307/2531595.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1, two or more of each; the score of class 1.
    level : float
        Between 0 and 1.

    Raises
    ------
    ValueError
        As `delong_covariance`, or if `level` is out of range.

    Examples
    --------
    >>> labels = [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    >>> scores = [0.1, 0.3, 0.2, 0.6, 0.9, 0.8, 0.4, 0.7, 0.6, 0.9]
    >>> low, high = delong_interval(labels, scores)
    >>> print(f"{low:.2f} to {high:.2f}")
    0.79 to 1.00
    """
    labels, scores = _cases(labels, scores)
    aucs, covariance = delong_covariance(labels, [scores])
    half = _quantile(level) * np.sqrt(covariance[0, 0])
    return max(0.0, float(aucs[0] - half)), min(1.0, float(aucs[0] + half))


class Comparison(NamedTuple):
    """One model's metric minus another's, its interval, and the p-value of no difference."""

    difference: float
    low: float
    high: float
    p: float


def delong_comparison(
    labels: ArrayLike, scores: ArrayLike, others: ArrayLike, level: float = 0.95
) -> Comparison:
    """Compare the AUCs of two models on the same cases: DeLong's paired test.

    Source: DeLong et al. 1988, doi 10.2307/2531595.

    Parameters
    ----------
    labels : array (N,)
        0 or 1; two cases or more of each.
    scores, others : arrays (N,)
        Scores of class 1 of one model and of another, case by case.
    level : float
        Between 0 and 1, of the interval.

    Returns
    -------
    Comparison
        AUC of `scores` minus that of `others`, low, high, and the two-sided p-value (1 where
        both order all pairs alike).

    Raises
    ------
    ValueError
        As `delong_covariance`, or if `level` is out of range.

    Examples
    --------
    >>> labels = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> good, poor = [1, 2, 3, 5, 4, 6, 7, 8], [1, 4, 3, 5, 2, 6, 7, 8]
    >>> gain = delong_comparison(labels, np.array(good) / 10, np.array(poor) / 10)
    >>> print(f"{gain.difference:.3f} ({gain.low:.2f} to {gain.high:.2f}), p = {gain.p:.2f}")
    0.125 (-0.16 to 0.41), p = 0.39
    """
    labels, first = _cases(labels, scores)
    _, second = _cases(labels, others)
    aucs, covariance = delong_covariance(labels, [first, second])
    difference = float(aucs[0] - aucs[1])
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    error = float(np.sqrt(max(variance, 0.0)))  # rounding may leave it just below 0
    half = _quantile(level) * error
    # Without a standard error, both order all pairs alike or all the other way round.
    p = 2 * stats.norm.sf(abs(difference) / error) if error else float(difference == 0)
    return Comparison(difference, difference - half, difference + half, float(p))


class Bins(NamedTuple):
    """A calibration curve: of each bin that holds cases, mean score, share of class 1, cases."""

    score: np.ndarray
    share: np.ndarray
    cases: np.ndarray


def calibration_bins(labels: ArrayLike, scores: ArrayLike, bins: int = 10) -> Bins:
    """Return the calibration curve of scores: what they promise, and what comes true.

    The bins are of equal width from 0 to 1; empty ones are left out.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1; the score of class 1.
    bins : int
        Number of bins.

    Returns
    -------
    Bins
        Arrays `score`, `share` and `cases`, one value a bin.

    Raises
    ------
    ValueError
        If labels or scores are no such cases, or `bins` is below 1.

    Examples
    --------
    >>> calibration_bins([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9], bins=2)
    Bins(score=array([0.2, 0.9]), share=array([0.33333333, 1.        ]), cases=array([3, 1]))
    """
    labels, scores = _cases(labels, scores)
    if bins < 1:
        raise ValueError(f"bins={bins!r} holds no cases; say 10")
    place = np.minimum((scores * bins).astype(int), bins - 1)
    cases = np.bincount(place, minlength=bins)
    filled = cases > 0
    totals = [np.bincount(place, values, bins)[filled] for values in (scores, labels)]
    return Bins(totals[0] / cases[filled], totals[1] / cases[filled], cases[filled])


def calibration_error(labels: ArrayLike, scores: ArrayLike, bins: int = 10) -> float:
    """Return the expected calibration error (ECE): how far promise and outcome are apart.

    The distance of mean score and share of class 1 in each bin of `calibration_bins`, averaged
    over cases. Guo et al. bin the score of whichever class is predicted; here it is class 1's,
    the one that a threshold acts on.

    Source: Naeini et al. 2015 (AAAI); Guo et al. 2017 (ICML), arXiv:1706.04599.

    Parameters
    ----------
    labels, scores, bins
        As of `calibration_bins`.

    Raises
    ------
    ValueError
        As `calibration_bins`.

    Examples
    --------
    >>> print(f"{calibration_error([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9], bins=2):.3f}")
    0.125
    """
    score, share, cases = calibration_bins(labels, scores, bins)
    return float(np.sum(cases * np.abs(score - share)) / cases.sum())


def fit_temperature(labels: ArrayLike, scores: ArrayLike) -> float:
    """Return the temperature that makes scores most likely: fit it on validation cases.

    Above 1 the model was too sure of itself, below 1 not sure enough.

    Source: Guo et al. 2017 (ICML), arXiv:1706.04599.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1; the score of class 1.

    Raises
    ------
    ValueError
        If labels or scores are no such cases, or no temperature is best: where 0.5 tells the
        classes apart without an error, or the scores lie too far to one side, or higher ones go
        with class 0.

    Examples
    --------
    >>> labels, scores = [0, 0, 0, 1, 1, 1], [0.01, 0.01, 0.99, 0.99, 0.99, 0.01]
    >>> temperature = fit_temperature(labels, scores)
    >>> rescale(scores, temperature).round(2)
    array([0.33, 0.33, 0.67, 0.67, 0.67, 0.33])
    """
    labels, scores = _cases(labels, scores)
    logits = _logits(scores)

    def slope(inverse: float) -> float:
        """The derivative of the mean cross-entropy by 1 / temperature; it only rises."""
        return float(np.mean((special.expit(logits * inverse) - labels) * logits))

    if slope(0) >= -1e-12:  # as flat as rounding: the best temperature is infinite
        raise ValueError(
            "no temperature helps: the scores are too high or too low as a whole, or higher scores "
            "do not go with class 1; fit slope and offset, or check which class the scores are of"
        )
    if not np.any(logits * (labels - 0.5) < 0):
        raise ValueError(
            "no temperature is best: 0.5 tells the classes apart without an error; "
            "give more validation cases"
        )
    high = 1.0
    while slope(high) < 0:
        high *= 2
    return 1 / float(optimize.brentq(slope, 0, high, xtol=1e-12))


def rescale(scores: ArrayLike, temperature: float) -> np.ndarray:
    """Return scores (N,) of class 1 whose logits are divided by a temperature.

    Their order stays, so the AUC does, and so do decisions at 0.5.

    Source: Guo et al. 2017 (ICML), arXiv:1706.04599.

    Parameters
    ----------
    scores : array (N,)
        From 0 to 1; taken as 1e-7 to 1 - 1e-7, as Keras does, since 0 and 1 have no logit.
    temperature : float
        Above 0.

    Raises
    ------
    ValueError
        If scores or temperature are out of range.

    Examples
    --------
    >>> rescale([0.1, 0.5, 0.9], 2)
    array([0.25, 0.5 , 0.75])
    """
    scores = np.asarray(scores, dtype=float)
    _need_vector("scores", scores)
    _need_probabilities("scores", scores)
    if not 0 < temperature < np.inf:
        raise ValueError(f"temperature={temperature!r}; give a number above 0")
    return special.expit(_logits(scores) / temperature)


def operating_point(
    labels: ArrayLike,
    scores: ArrayLike,
    miss: float,
    false_alarm: float,
    prevalence: float | None = None,
) -> float:
    """Return the threshold of least cost: choose it on validation cases.

    The cost of a case is expected to be `prevalence * (1 - sensitivity) * miss +
    (1 - prevalence) * (1 - specificity) * false_alarm`. The thresholds looked at lie midway
    between neighboring scores, and 0 and 1; of equal costs the lowest threshold wins.

    Source: Metz 1978, doi 10.1016/S0001-2998(78)80014-2.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1; the score of class 1.
    miss, false_alarm : float
        Cost of each such error, above 0, in any unit: only their ratio counts.
    prevalence : float
        Share of class 1 where the model will be used; left out, that of the cases.

    Raises
    ------
    ValueError
        If labels or scores are no such cases, a cost is not above 0, or `prevalence` is not
        between 0 and 1.

    Examples
    --------
    >>> labels, scores = [0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.8, 0.4, 0.6, 0.9]
    >>> print(f"{operating_point(labels, scores, miss=5, false_alarm=1):.2f}")
    0.30
    >>> print(f"{operating_point(labels, scores, miss=1, false_alarm=5):.2f}")
    0.85
    """
    labels, scores = _cases(labels, scores)
    for name, cost in (("miss", miss), ("false_alarm", false_alarm)):
        if not 0 < cost < np.inf:
            raise ValueError(f"{name}={cost!r}; give a cost above 0")
    if prevalence is None:
        prevalence = float(labels.mean())
    elif not 0 < prevalence < 1:
        raise ValueError(f"prevalence={prevalence!r} is not between 0 and 1; for 5 % say 0.05")
    levels = np.unique(scores)
    thresholds = np.concatenate([[0], (levels[1:] + levels[:-1]) / 2, [1]])
    # Cases of a class at or below each threshold, by looking it up in the sorted scores.
    missed, passed = (
        np.searchsorted(np.sort(scores[labels == label]), thresholds, side="right")
        / np.sum(labels == label)
        for label in (1, 0)
    )
    cost = prevalence * missed * miss + (1 - prevalence) * (1 - passed) * false_alarm
    # Equal costs may differ in the last digit.
    return float(thresholds[np.argmax(cost <= cost.min() + 1e-12 * (miss + false_alarm))])


def predictive_values(
    sensitivity: ArrayLike, specificity: ArrayLike, prevalence: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Return the positive and the negative predictive value, by Bayes' rule.

    The share of positive answers that are right, and of negative ones. Shapes broadcast: one
    sensitivity and many prevalences give a curve.

    Source: Altman and Bland 1994, doi 10.1136/bmj.309.6947.102.

    Parameters
    ----------
    sensitivity, specificity, prevalence : float or array
        From 0 to 1.

    Returns
    -------
    positive, negative : float or array

    Raises
    ------
    ValueError
        If a value is not between 0 and 1, or nothing is called positive (or negative).

    Examples
    --------
    >>> positive, negative = predictive_values(0.9, 0.8, np.array([0.5, 0.01]))
    >>> positive.round(3), negative.round(3)
    (array([0.818, 0.043]), array([0.889, 0.999]))
    """
    values = {"sensitivity": sensitivity, "specificity": specificity, "prevalence": prevalence}
    for name, value in values.items():
        inside = np.asarray(value, dtype=float)
        if not inside.size or not np.all((inside >= 0) & (inside <= 1)):  # catches NaN too
            raise ValueError(f"{name}={value!r}; give a share from 0 to 1")
    se, sp, ill = (np.asarray(value, dtype=float) for value in values.values())
    hits, alarms = se * ill, (1 - sp) * (1 - ill)
    missed, passed = (1 - se) * ill, sp * (1 - ill)
    for answer, cases in (("positive", hits + alarms), ("negative", missed + passed)):
        if np.any(cases == 0):
            raise ValueError(
                f"no case is called {answer} at sensitivity={sensitivity!r}, specificity="
                f"{specificity!r}, prevalence={prevalence!r}; that predictive value does not exist"
            )
    return hits / (hits + alarms), passed / (missed + passed)


def net_benefit(labels: ArrayLike, scores: ArrayLike, thresholds: ArrayLike) -> np.ndarray:
    """Return the decision curve: the net benefit of acting on scores above each threshold.

    Whoever acts from probability t on takes (1 - t) / t false alarms for one case found. So a
    false alarm weighs t / (1 - t) of a case: the net benefit is the share of cases found minus
    that many times the share of false alarms. To act on nobody has net benefit 0; to act on
    everybody, that of scores that are all 1.

    Source: Vickers and Elkin 2006, doi 10.1177/0272989X06295361.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1; the score of class 1, well calibrated.
    thresholds : array (T,)
        Between 0 and 1.

    Returns
    -------
    array (T,)

    Raises
    ------
    ValueError
        If labels or scores are no such cases, or a threshold is not between 0 and 1.

    Examples
    --------
    >>> net_benefit([0, 0, 0, 1], [0.1, 0.2, 0.6, 0.7], [0.2, 0.5])
    array([0.1875, 0.    ])
    >>> net_benefit([0, 0, 0, 1], [1, 1, 1, 1], [0.2, 0.5])
    array([ 0.0625, -0.5   ])
    """
    labels, scores = _cases(labels, scores)
    t = np.asarray(thresholds, dtype=float)
    _need_vector("thresholds", t)
    if not np.all((t > 0) & (t < 1)):
        wrong = t[~((t > 0) & (t < 1))][0]
        raise ValueError(f"thresholds hold {wrong}; give numbers between 0 and 1, without them")
    acted = scores[None, :] > t[:, None]
    hits, alarms = np.mean(acted & (labels == 1), axis=1), np.mean(acted & (labels == 0), axis=1)
    return hits - alarms * t / (1 - t)


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


def _need_probabilities(name: str, values: np.ndarray) -> None:
    wrong = ~((values >= 0) & (values <= 1))  # catches NaN too
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{name}[{', '.join(map(str, place))}] is {values[place]}; give probabilities from "
            "0 to 1 (of logits, take the sigmoid or softmax first)"
        )


def _cases(
    labels: ArrayLike, scores: ArrayLike, classes: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and scores as arrays (N,) that a binary metric can be taken of.

    With `classes`, scores may also be (N, K), K > 2: one column a class.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=float)
    _need_vector("labels", labels)
    many = classes and scores.ndim == 2 and scores.shape[1] > 2
    if scores.shape[:1] != labels.shape or (scores.ndim != 1 and not many):
        raise ValueError(
            f"labels have shape {labels.shape} and scores {scores.shape}; "
            "give one score a case (of a softmax output, the column of class 1)"
        )
    known = range(scores.shape[1] if many else 2)
    present = np.unique(labels)
    if not np.isin(present, known).all():
        wrong = present[~np.isin(present, known)][0]
        raise ValueError(
            f"labels hold {wrong}; give {'0 and 1' if not many else f'0 to {known[-1]}'} only"
        )
    if len(present) == 1:
        raise ValueError(f"all labels are {present[0]}; give cases of both classes")
    if len(present) < len(known):
        missing = next(label for label in known if label not in present)
        raise ValueError(f"no label is {missing}; give cases of all {len(known)} classes")
    _need_probabilities("scores", scores)
    return labels, scores


def _quantile(level: float) -> float:
    """Return how many standard errors to each side hold the share `level` of a normal variable."""
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} is not between 0 and 1; for 95 % say 0.95")
    return float(stats.norm.ppf((1 + level) / 2))


def _bootstrap(
    value: Callable[[np.ndarray], float],
    labels: np.ndarray,
    level: float,
    repeats: int,
    seed: int,
) -> tuple[float, float]:
    """Return the percentile interval of `value`, which takes the numbers of the drawn cases."""
    _need_draws(level, repeats)
    random, classes = np.random.default_rng(seed), len(np.unique(labels))
    values: list[float] = []
    # The cases have been checked: scikit-learn need not check each draw (a fifth of the time).
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        while len(values) < repeats:
            drawn = random.integers(len(labels), size=len(labels))
            if len(np.unique(labels[drawn])) == classes:
                values.append(value(drawn))
    return _middle(values, level)


def _need_draws(level: float, repeats: int) -> None:
    _quantile(level)  # refuses a level out of range
    if repeats < 1:
        raise ValueError(f"repeats={repeats!r} gives no draws; say 1000")


def _middle(values: np.ndarray | list[float], level: float) -> tuple[float, float]:
    """Return the ends of the middle share `level` of the values."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _logits(scores: np.ndarray) -> np.ndarray:
    return special.logit(np.clip(scores, 1e-7, 1 - 1e-7))
