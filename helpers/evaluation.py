"""What scores are worth: how sure a metric is, what it must beat, and what follows from it.

The metrics themselves are scikit-learn's: `roc_auc_score`, `accuracy_score`, `f1_score`,
`recall_score` (sensitivity; with `pos_label=0` specificity), `brier_score_loss`.

Labels (N,) are 0 or 1, scores (N,) are those of class 1, from 0 to 1. A case is called positive
if its score is above the threshold.

Every interval takes `patients` (N,), whose case each is (names or numbers): cases of one patient
are alike, and only patients are independent. Left out, each case is a patient of its own. Where
an interval is known to hold the truth less often than it says, there is a warning, `FewCases`;
`python -m experiments how_sure_is_it` counts how often each holds it.
"""

import warnings
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import sklearn
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

Metric = Callable[[np.ndarray, np.ndarray], float]
# Below these, simulated intervals hold the truth less often than they say.
ENOUGH, ENOUGH_ERRORS = 20, 2
# Beyond this skewness of its draws, a bootstrap does too.
SKEWED = 0.5


class FewCases(UserWarning):
    """There are too few cases for an interval to hold what it promises."""


def bootstrap_interval(
    metric: Metric,
    labels: ArrayLike,
    scores: ArrayLike,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
    patients: ArrayLike | None = None,
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a metric over cases.

    Patients are drawn with replacement, as many as there are, and the metric is taken again of
    their cases; the interval holds the middle share `level` of its values. A draw in which a class
    is missing, on which an AUC does not exist, is drawn anew. The interval says how the metric
    varies with the patients, not with the training run.

    It warns (`FewCases`) if a class has fewer than 20 patients; if an end is as far as any draw
    goes: few errors cannot show how many there might have been; or if the draws lie unevenly about
    their middle (a skewness beyond 0.5), as those of an AUC near 1 do. Few cases that are nearly
    all right may escape it: of 60 with an AUC of .99, the interval of the Brier score held the
    truth in 92 samples of a hundred. Of an AUC take `delong_interval`, of a share
    `share_interval`.

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
    patients : array (N,), optional
        Whose case each is.

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
        lambda drawn: metric(labels[drawn], scores[drawn]), labels, level, repeats, seed, patients
    )


def bootstrap_difference(
    metric: Metric,
    labels: ArrayLike,
    scores: ArrayLike,
    others: ArrayLike,
    level: float = 0.95,
    repeats: int = 1000,
    seed: int = 0,
    patients: ArrayLike | None = None,
) -> tuple[float, float]:
    """Return the bootstrap interval of the metric of `scores` minus that of `others`.

    Both models answer the same cases, and both are judged on the same draws: a draw of hard
    cases lowers both metrics and leaves their difference. So this interval is usually narrower
    than what two separate intervals suggest.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.

    Parameters
    ----------
    metric, labels, level, repeats, seed, patients
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

    return _bootstrap(difference, labels, level, repeats, seed, patients)


def wilson_interval(successes: float, cases: float, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a proportion such as a sensitivity: 38 found of 42.

    Unlike proportion plus and minus two standard errors, it stays within 0 and 1 and does not
    shrink to nothing when all are found. A count is whole, so of few cases it can't hold a share
    near 1 exactly as often as it says: of 20 cases, .99 in 99 of a hundred samples. It takes cases
    for independent; of several cases a patient take `share_interval`.

    Source: Wilson 1927, doi 10.1080/01621459.1927.10502953.

    Parameters
    ----------
    successes, cases : float
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
    if not cases > 0 or not 0 <= successes <= cases:
        raise ValueError(f"{successes} of {cases} is no proportion; give 0 to N of N cases, N > 0")
    return _wilson(successes / cases, cases, _quantile(level))


def share_interval(
    right: ArrayLike, level: float = 0.95, patients: ArrayLike | None = None
) -> tuple[float, float]:
    """Return the interval of a share, such as a sensitivity, of several cases a patient.

    Cases of one patient go right or wrong together, so they count as fewer: the variance of the
    share is estimated from the patients' sums, and Wilson's interval is that of as many
    independent cases as would have this variance, but not more than there are. Where all cases
    are right, or none, they count as many as there are patients. With few patients the variance
    is uncertain too: Student's t takes the place of the normal quantile.

    A count is whole, so of few cases it holds more than it promises, or less: of 20, a share of
    .95 in 91 samples of a hundred, one of .99 in 98.

    Source: Rao and Scott 1992, doi 10.2307/2532311; Wilson 1927,
    doi 10.1080/01621459.1927.10502953.

    Parameters
    ----------
    right : bool array (N,)
        Whether each case counts.
    level : float
        Between 0 and 1.
    patients : array (N,), optional
        Whose case each is. Left out, this is `wilson_interval`.

    Raises
    ------
    ValueError
        If there are no cases, a value is not 0 or 1, `patients` has another shape or names one
        patient only, or `level` is out of range.

    Examples
    --------
    >>> right = np.repeat([1, 1, 1, 0, 1, 1, 1, 1, 0, 1], 4)
    >>> low, high = share_interval(right)
    >>> print(f"{low:.2f} to {high:.2f}")
    0.65 to 0.90
    >>> low, high = share_interval(right, patients=np.repeat(np.arange(10), 4))
    >>> print(f"{low:.2f} to {high:.2f}")
    0.43 to 0.96
    """
    right = np.asarray(right)
    _need_vector("right", right)
    if not np.isin(right, (0, 1)).all():
        raise ValueError(f"right holds {right[~np.isin(right, (0, 1))][0]}; give 0 and 1 only")
    if patients is None:
        return wilson_interval(int(right.sum()), len(right), level)
    sums, count = _patients(patients, len(right)), len(right)
    number, share = sums.max() + 1, float(right.mean())
    if number < 2:
        raise ValueError("all cases are of one patient; an interval needs two or more")
    spread = np.bincount(sums, right - share)
    variance = number / (number - 1) * float(np.sum(spread**2)) / count**2
    effective = share * (1 - share) / variance if variance > 0 else number
    return _wilson(share, min(effective, count), _quantile(level, number - 1))


def delong_covariance(
    labels: ArrayLike, scores: ArrayLike, patients: ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the AUCs of several models on the same cases, and the covariance of these AUCs.

    An AUC is the share of pairs, one case of each class, in which the case of class 1 scores
    higher; a tie counts half. A case's placement is its own share of such pairs, and the variance
    of an AUC follows from the variance of placements in each class. Ranks give all placements
    without looking at pairs. Of several cases a patient, the sums over each patient take the
    place of the placements, and those of both classes may go together.

    Source: DeLong et al. 1988, doi 10.2307/2531595, with the ranks of Sun and Xu 2014,
    doi 10.1109/LSP.2014.2337313, and the patients of Obuchowski 1997, doi 10.2307/2533958.

    Parameters
    ----------
    labels : array (N,)
        0 or 1; cases of two patients or more of each.
    scores : array (M, N)
        Of M models.
    patients : array (N,), optional
        Whose case each is.

    Returns
    -------
    aucs : array (M,)
    covariance : array (M, M)

    Raises
    ------
    ValueError
        If labels or scores are no such cases, `patients` has another shape, or a class has cases
        of one patient only.

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
    ill, healthy = scores[:, labels == 1], scores[:, labels == 0]
    of_whom = _patients(patients, len(labels))
    number = [len(np.unique(of_whom[labels == label])) for label in (0, 1)]
    if min(number) < 2:
        raise ValueError(
            "a class has one case only, or one patient; a variance needs two or more of each class"
        )
    ranks = stats.rankdata(np.hstack([ill, healthy]), axis=1)
    count = ill.shape[1]
    # Rank among all minus rank in its own class: cases of the other class below, a tie half.
    of_ill = (ranks[:, :count] - stats.rankdata(ill, axis=1)) / healthy.shape[1]
    of_healthy = 1 - (ranks[:, count:] - stats.rankdata(healthy, axis=1)) / count
    if patients is None:
        covariance = np.cov(of_ill) / count + np.cov(of_healthy) / healthy.shape[1]
        return of_ill.mean(axis=1), np.atleast_2d(covariance)
    sums = np.zeros((2, len(scores), of_whom.max() + 1))
    for label, placements in ((0, of_healthy), (1, of_ill)):
        away = (placements - placements.mean(axis=1, keepdims=True)) / placements.shape[1]
        np.add.at(sums[label].T, of_whom[labels == label], away.T)
    within = [n / (n - 1) * s @ s.T for n, s in zip(number, sums, strict=True)]
    total = sums.shape[2]
    between = total / (total - 1) * sums[0] @ sums[1].T
    return of_ill.mean(axis=1), within[0] + within[1] + between + between.T


def delong_interval(
    labels: ArrayLike,
    scores: ArrayLike,
    level: float = 0.95,
    patients: ArrayLike | None = None,
) -> tuple[float, float]:
    """Return DeLong's interval of an AUC, on the logit scale: without draws, the same each time.

    The logit of the AUC plus and minus so many standard errors, and back: so it stays within 0
    and 1. Where no pair is in the wrong order there is no standard error. Then the smaller class
    has m cases, and m pairs of a case of each class, none in two of them, are all in the right
    order. An AUC of A makes that happen in A^m of samples at most, so the lower end is the A at
    which this is half of what `level` leaves.

    It warns (`FewCases`) if a class has fewer than 20 patients, or if the smaller one times
    1 - AUC (as many cases out of place as that) is below 2.

    Source: DeLong et al. 1988, doi 10.2307/2531595; the logit: Pepe 2003, The Statistical
    Evaluation of Medical Tests for Classification and Prediction; patients:
    Obuchowski 1997, doi 10.2307/2533958.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1, two or more of each; the score of class 1.
    level : float
        Between 0 and 1.
    patients : array (N,), optional
        Whose case each is.

    Raises
    ------
    ValueError
        As `delong_covariance`, or if `level` is out of range.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> labels = np.arange(200) % 2
    >>> scores = 0.4 * labels + 0.6 * random.random(200)
    >>> low, high = delong_interval(labels, scores)
    >>> print(f"{low:.2f} to {high:.2f}")
    0.89 to 0.96
    """
    labels, scores = _cases(labels, scores)
    aucs, covariance = delong_covariance(labels, [scores], patients)
    _warn_of_few(labels, patients, aucs)
    auc, error, z = float(aucs[0]), float(np.sqrt(covariance[0, 0])), _quantile(level)
    if auc in (0, 1):
        # A patient makes one pair, even with cases of both classes.
        everybody = _patients(patients, len(labels)).max() + 1
        pairs = min(_smaller_class(labels, patients), everybody // 2)
        bound = ((1 - level) / 2) ** (1 / pairs)
        return (bound, 1.0) if auc == 1 else (0.0, 1 - bound)
    half = z * error / (auc * (1 - auc))
    low, high = special.expit(special.logit(auc) + np.array([-half, half]))
    return float(low), float(high)


class Comparison(NamedTuple):
    """One model's metric minus another's, its interval, and the p-value of no difference."""

    difference: float
    low: float
    high: float
    p: float


def delong_comparison(
    labels: ArrayLike,
    scores: ArrayLike,
    others: ArrayLike,
    level: float = 0.95,
    patients: ArrayLike | None = None,
) -> Comparison:
    """Compare the AUCs of two models on the same cases: DeLong's paired test.

    It warns (`FewCases`) where `delong_interval` of one of them does.

    Source: DeLong et al. 1988, doi 10.2307/2531595; patients: Obuchowski 1997,
    doi 10.2307/2533958.

    Parameters
    ----------
    labels : array (N,)
        0 or 1; two cases or more of each.
    scores, others : arrays (N,)
        Scores of class 1 of one model and of another, case by case.
    level : float
        Between 0 and 1, of the interval.
    patients : array (N,), optional
        Whose case each is.

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
    >>> random = np.random.default_rng(0)
    >>> labels = np.arange(200) % 2
    >>> good = 0.3 * labels + 0.7 * random.random(200)
    >>> poor = 0.5 * good + 0.5 * random.random(200)
    >>> gain = delong_comparison(labels, good, poor)
    >>> print(f"{gain.difference:.2f} ({gain.low:.2f} to {gain.high:.2f}), p = {gain.p:.0e}")
    0.14 (0.08 to 0.21), p = 2e-05
    """
    labels, first = _cases(labels, scores)
    _, second = _cases(labels, others)
    aucs, covariance = delong_covariance(labels, [first, second], patients)
    _warn_of_few(labels, patients, aucs)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    return _comparison(float(aucs[0] - aucs[1]), variance, level)


def compare_runs(
    labels: ArrayLike,
    runs: ArrayLike,
    others: ArrayLike,
    level: float = 0.95,
    patients: ArrayLike | None = None,
) -> Comparison:
    """Compare the mean AUC of some training runs with that of others: what new runs would show.

    What varies are the runs and the cases. Each pair of runs has a difference of AUCs; their
    variance MS tells of the runs (and of how cases and runs go together), the mean covariance C
    between two pairs, by DeLong's method, of the cases, which all runs share. The mean of R pairs
    varies by MS / R + C, and the degrees of freedom of Student's t are those of MS, more if C
    outweighs it. Give runs of the same seed the same place. `delong_comparison` is about two
    trained networks.

    It warns (`FewCases`) where `delong_interval` of a mean AUC does. Without a word it holds less
    than it promises of three runs on many cases: of `2000` in 93 samples of a hundred on average,
    in 90 at the least. Five runs held 94 or more, on average.

    Source: Obuchowski and Rockette 1995, doi 10.1080/03610919508813243, of which runs are the
    readers; degrees of freedom: Hillis 2007, doi 10.1002/sim.2532.

    Parameters
    ----------
    labels : array (N,)
        0 or 1; cases of two patients or more of each.
    runs, others : arrays (R, N)
        Scores of class 1: one row a run, three runs or more.
    level : float
        Between 0 and 1, of the interval.
    patients : array (N,), optional
        Whose case each is.

    Returns
    -------
    Comparison
        Mean AUC of `runs` minus that of `others`, low, high, and the two-sided p-value.

    Raises
    ------
    ValueError
        If the shapes differ, there are fewer than three runs, or as `delong_comparison`.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> labels = np.arange(200) % 2
    >>> good = 0.3 * labels + 0.7 * random.random((5, 200))
    >>> poor = 0.2 * labels + 0.8 * random.random((5, 200))
    >>> gain = compare_runs(labels, good, poor)
    >>> print(f"{gain.difference:.2f} ({gain.low:.2f} to {gain.high:.2f})")
    0.09 (0.02 to 0.16)
    """
    labels, runs, others = np.asarray(labels), np.asarray(runs), np.asarray(others)
    if runs.ndim != 2 or runs.shape != others.shape:
        raise ValueError(
            f"runs have shape {runs.shape} and others {others.shape}; "
            "give (R, N) and (R, N), one row a run"
        )
    count = len(runs)
    if count < 3:
        raise ValueError(f"{count} runs do not tell how runs vary; train three or more")
    aucs, covariance = delong_covariance(labels, np.concatenate([runs, others]), patients)
    _warn_of_few(labels, patients, aucs.reshape(2, count).mean(axis=1))
    gains = aucs[:count] - aucs[count:]
    minus = np.concatenate([np.eye(count), -np.eye(count)])
    shared = minus.T @ covariance @ minus
    of_cases = max(0.0, float(shared.sum() - shared.trace()) / (count * (count - 1)))
    of_runs = float(gains.var(ddof=1)) / count
    total = of_runs + of_cases
    freedom = (count - 1) * (total / of_runs) ** 2 if of_runs else np.inf
    return _comparison(float(gains.mean()), total, level, freedom)


class Bins(NamedTuple):
    """A calibration curve: of each bin that holds cases, mean score, share of class 1 with its
    interval, and cases."""

    score: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray
    cases: np.ndarray


def calibration_bins(
    labels: ArrayLike,
    scores: ArrayLike,
    bins: int = 10,
    level: float = 0.95,
    patients: ArrayLike | None = None,
) -> Bins:
    """Return the calibration curve: what scores promise and what happens.

    Bins as those of scikit-learn's `calibration_curve`: equally wide, from 0 to 1; a score at
    an edge belongs to the bin below. Each share has the interval of `share_interval`.

    Source: DeGroot and Fienberg 1983, doi 10.2307/2987588.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1; the score of class 1.
    bins : int
        Number of bins; those without cases are left out.
    level : float
        Between 0 and 1, of the intervals.
    patients : array (N,), optional
        Whose case each is. A bin with cases of one patient only has no interval (NaN).

    Returns
    -------
    Bins
        Arrays `score`, `share`, `low`, `high` and `cases`, one value a bin.

    Raises
    ------
    ValueError
        If labels or scores are no such cases, `patients` has another shape, `bins` is below 1, or
        `level` is out of range.

    Examples
    --------
    >>> curve = calibration_bins([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9], bins=2)
    >>> curve.score, curve.share, curve.cases
    (array([0.2, 0.9]), array([0.33333333, 1.        ]), array([3, 1]))
    >>> curve.low.round(2), curve.high.round(2)
    (array([0.06, 0.21]), array([0.79, 1.  ]))
    """
    labels, scores = _cases(labels, scores)
    place, of_whom = _bins(scores, bins), _patients(patients, len(labels))
    curve = []
    for one in np.unique(place):
        here = place == one
        low = high = np.nan
        if patients is None or len(np.unique(of_whom[here])) > 1:
            whose = None if patients is None else of_whom[here]
            low, high = share_interval(labels[here], level, whose)
        curve.append((scores[here].mean(), labels[here].mean(), low, high, here.sum()))
    return Bins(*map(np.array, zip(*curve, strict=True)))


def calibration_error(labels: ArrayLike, scores: ArrayLike, bins: int = 10) -> float:
    """Return the expected calibration error (ECE): how far promise and outcome are apart.

    The distance of mean score and share of class 1 in each bin of `calibration_bins`, averaged
    over cases. Guo et al. bin the score of whichever class is predicted; here it is class 1's,
    the one that a threshold acts on. Chance alone makes it larger than 0: see it beside
    `ideal_calibration_error`. It has no interval: a bootstrap adds chance a second time.

    Source: Naeini et al. 2015 (AAAI); Guo et al. 2017 (ICML), arXiv:1706.04599.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1; the score of class 1.
    bins : int
        As of `calibration_bins`.

    Raises
    ------
    ValueError
        If labels or scores are no such cases, or `bins` is below 1.

    Examples
    --------
    >>> print(f"{calibration_error([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.9], bins=2):.3f}")
    0.125
    """
    labels, scores = _cases(labels, scores)
    return float(_calibration_errors(labels[None], scores, bins)[0])


class Ideal(NamedTuple):
    """What chance gives: the mean of many draws, and the ends of their middle share."""

    mean: float
    low: float
    high: float


def ideal_calibration_error(
    scores: ArrayLike, bins: int = 10, level: float = 0.95, repeats: int = 1000, seed: int = 0
) -> Ideal:
    """Return the calibration error that chance gives scores that are true.

    Labels are drawn with the scores for probabilities, so the scores are perfectly calibrated;
    `calibration_error` is taken of each draw. An error within these ends shows no fault. Draws
    are independent: of several cases a patient chance gives more.

    Parameters
    ----------
    scores : array (N,)
        From 0 to 1.
    bins : int
        As of `calibration_bins`.
    level : float
        The share of draws between `low` and `high`.
    repeats, seed : int
        Number of draws; the same seed gives the same.

    Raises
    ------
    ValueError
        If scores are out of range, or `bins`, `level` or `repeats` is.

    Examples
    --------
    >>> ideal = ideal_calibration_error(np.linspace(0, 1, 200))
    >>> print(f"{ideal.mean:.2f} ({ideal.low:.2f} to {ideal.high:.2f})")
    0.07 (0.04 to 0.11)
    """
    scores = np.asarray(scores, dtype=float)
    _need_vector("scores", scores)
    _need_probabilities("scores", scores)
    _need_draws(level, repeats)
    random = np.random.default_rng(seed)
    labels = random.random((repeats, len(scores))) < scores
    errors = _calibration_errors(labels, scores, bins)
    return Ideal(float(errors.mean()), *_middle(errors, level))


class Estimate(NamedTuple):
    """A value and the ends of its interval."""

    value: float
    low: float
    high: float


class Line(NamedTuple):
    """How log-odds would have to be mended: an offset, and a slope."""

    intercept: Estimate
    slope: Estimate


def calibration_line(
    labels: ArrayLike,
    scores: ArrayLike,
    level: float = 0.95,
    patients: ArrayLike | None = None,
) -> Line:
    """Return intercept and slope of calibration: 0 and 1 of scores that keep their promise.

    The slope is that of a logistic regression of the label on the score's log-odds: below 1,
    scores lie too far from one half. The intercept is what has to be added to all log-odds (with
    slope 1): below 0, scores are too high as a whole. Standard errors are those of the likelihood;
    with `patients`, those of the sums over patients (the sandwich).

    It warns (`FewCases`) if a class has fewer than 20 patients.

    Source: Cox 1958, doi 10.1093/biomet/45.3-4.562; Van Calster et al. 2019,
    doi 10.1186/s12916-019-1466-7.

    Parameters
    ----------
    labels, scores : arrays (N,)
        0 or 1; the score of class 1, taken as 1e-7 to 1 - 1e-7.
    level : float
        Between 0 and 1.
    patients : array (N,), optional
        Whose case each is.

    Raises
    ------
    ValueError
        If labels or scores are no such cases, `patients` has another shape, `level` is out of
        range, or a threshold tells the classes apart without an error, so that no line is best.

    Examples
    --------
    Scores whose log-odds are twice what they should be:

    >>> random = np.random.default_rng(0)
    >>> log_odds = random.normal(0, 1.5, 1000)
    >>> labels = (random.random(1000) < special.expit(log_odds)).astype(int)
    >>> intercept, slope = calibration_line(labels, special.expit(2 * log_odds))
    >>> print("{:.2f} ({:.2f} to {:.2f})".format(*slope))
    0.43 (0.36 to 0.49)
    """
    labels, scores = _cases(labels, scores)
    of_whom, z = _patients(patients, len(labels)), _quantile(level)
    logits = _logits(scores)
    ill, healthy = logits[labels == 1], logits[labels == 0]
    if ill.min() >= healthy.max() or healthy.min() >= ill.max():
        raise ValueError(
            "no line is best: a threshold tells the classes apart without an error; give more cases"
        )
    _warn_of_few(labels, patients)
    ones = np.ones((len(logits), 1))
    estimates = []
    for design, offset in ((ones, logits), (np.column_stack([ones, logits]), 0 * logits)):
        values = np.zeros(design.shape[1])
        for _ in range(25):
            chance = special.expit(offset + design @ values)
            pull = design * (labels - chance)[:, None]
            inverse = np.linalg.inv((design.T * (chance * (1 - chance))) @ design)
            step = inverse @ pull.sum(axis=0)
            values = values + step * min(1, 5 / np.abs(step).max(initial=1e-12))
        if patients is not None:
            sums = np.zeros((of_whom.max() + 1, design.shape[1]))
            np.add.at(sums, of_whom, pull)
            inverse = inverse @ (sums.T @ sums) @ inverse * len(sums) / (len(sums) - 1)
        half = z * np.sqrt(inverse[-1, -1])
        estimates.append(Estimate(*map(float, (values[-1], values[-1] - half, values[-1] + half))))
    return Line(*estimates)


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


def _patients(patients: ArrayLike | None, count: int) -> np.ndarray:
    """Return the number of each case's patient (N,), from 0; without patients, of each case."""
    if patients is None:
        return np.arange(count)
    patients = np.asarray(patients)
    if patients.shape != (count,):
        raise ValueError(
            f"patients have shape {patients.shape}, and there are {count} cases; "
            "say of each case whose it is"
        )
    return np.unique(patients, return_inverse=True)[1]


def _smaller_class(labels: np.ndarray, patients: ArrayLike | None) -> int:
    """Return how many patients have a case of the class of which fewest have one."""
    if patients is None:
        return int(np.unique(labels, return_counts=True)[1].min())
    of_whom = _patients(patients, len(labels))
    return min(len(np.unique(of_whom[labels == label])) for label in np.unique(labels))


def _warn_of_few(
    labels: np.ndarray, patients: ArrayLike | None, aucs: np.ndarray | None = None
) -> None:
    """Warn if a class has too few patients, or AUCs are too near 0 or 1 for so many."""
    smaller = _smaller_class(labels, patients)
    if smaller < ENOUGH:
        _warn(f"a class has {smaller} cases (or patients), fewer than {ENOUGH}")
    elif aucs is not None:
        errors = smaller * float(np.minimum(aucs, 1 - aucs).min())
        if errors < ENOUGH_ERRORS:
            _warn(f"of the {smaller} of the smaller class about {errors:.1f} are out of place")


def _warn(why: str) -> None:
    text = f"{why}: the interval may hold the truth less often than it says"
    warnings.warn(text, FewCases, stacklevel=4)


def _wilson(share: float, cases: float, z: float) -> tuple[float, float]:
    weight = z**2 / cases
    middle = (share + weight / 2) / (1 + weight)
    half = z * np.sqrt(share * (1 - share) / cases + weight / (4 * cases)) / (1 + weight)
    # Rounding must not carry the ends past 0 and 1.
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _comparison(
    difference: float, variance: float, level: float, freedom: float = np.inf
) -> Comparison:
    error = float(np.sqrt(max(variance, 0.0)))  # rounding may leave it just below 0
    half = _quantile(level, freedom) * error
    # Without a standard error, all pairs are in the same order, or all the other way round.
    p = 2 * stats.t.sf(abs(difference) / error, freedom) if error else float(difference == 0)
    return Comparison(difference, difference - half, difference + half, float(p))


def _bins(scores: np.ndarray, bins: int) -> np.ndarray:
    """Return the number of each score's bin, from 0."""
    if bins < 1:
        raise ValueError(f"bins={bins!r} holds no cases; say 10")
    return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], scores)


def _calibration_errors(labels: np.ndarray, scores: np.ndarray, bins: int) -> np.ndarray:
    """Return the calibration error of each row of labels (D, N)."""
    here = _bins(scores, bins)[:, None] == np.arange(bins)
    return np.abs((labels - scores) @ here).sum(axis=1) / len(scores)


def _quantile(level: float, freedom: float = np.inf) -> float:
    """Return how many standard errors to each side hold the share `level`: Student's t."""
    if not 0 < level < 1:
        raise ValueError(f"level={level!r} is not between 0 and 1; for 95 % say 0.95")
    return float(stats.t.ppf((1 + level) / 2, freedom))


def _bootstrap(
    value: Callable[[np.ndarray], float],
    labels: np.ndarray,
    level: float,
    repeats: int,
    seed: int,
    patients: ArrayLike | None,
) -> tuple[float, float]:
    """Return the percentile interval of `value`, which takes the numbers of the drawn cases."""
    _need_draws(level, repeats)
    random, classes = np.random.default_rng(seed), len(np.unique(labels))
    of_whom = _patients(patients, len(labels))
    ends = np.cumsum(np.bincount(of_whom))
    cases_of = np.split(np.argsort(of_whom, kind="stable"), ends[:-1])
    values: list[float] = []
    # The cases have been checked: scikit-learn need not check each draw (a fifth of the time).
    with sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        while len(values) < repeats:
            drawn = random.integers(len(ends), size=len(ends))
            if patients is not None:
                drawn = np.concatenate([cases_of[patient] for patient in drawn])
            if len(np.unique(labels[drawn])) == classes:
                values.append(value(drawn))
    low, high = _middle(values, level)
    if _smaller_class(labels, patients) < ENOUGH:
        _warn_of_few(labels, patients)
    elif low == min(values) or high == max(values):
        _warn("an end of the interval is as far as any draw goes")
    elif abs(skewness := stats.skew(values)) > SKEWED:
        _warn(f"the draws lie unevenly about their middle (skewness {skewness:.1f})")
    return low, high


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
