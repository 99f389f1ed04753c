"""Results agree with worked examples, SciPy, scikit-learn and slow formulas; intervals cover the
truth as often as they say; bad input is refused."""

import warnings
from functools import partial

import numpy as np
import pytest
from scipy import special, stats
from sklearn.calibration import calibration_curve
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss, roc_auc_score

from helpers.evaluation import (
    FewCases,
    bootstrap_difference,
    bootstrap_interval,
    calibration_bins,
    calibration_error,
    calibration_line,
    compare_runs,
    delong_comparison,
    delong_covariance,
    delong_interval,
    fit_temperature,
    ideal_calibration_error,
    majority_baseline,
    net_benefit,
    operating_point,
    predictive_values,
    rescale,
    share_interval,
    wilson_interval,
)


def accuracy(labels, scores):
    return np.mean((scores > 0.5) == labels)


def cases(number, seed=0):
    """Return labels, 62 % of them 1, and scores that tell the classes apart fairly well."""
    random = np.random.default_rng(seed)
    labels = (random.random(number) < 0.62).astype(int)
    return labels, 1 / (1 + np.exp(-random.normal(2 * labels - 1, 1.2)))


def auc(labels, scores):
    """Return what roc_auc_score returns (tested below), in a tenth of the time."""
    ranks, ill = stats.rankdata(scores), labels == 1
    return (ranks[ill].mean() - (ill.sum() + 1) / 2) / (~ill).sum()


def sensitivity(labels, scores):
    return np.mean(scores[labels == 1] > 0.5)


@pytest.mark.parametrize(("metric", "level"), [(accuracy, 0.95), (sensitivity, 0.8), (auc, 0.95)])
def test_interval_agrees_with_scipy(metric, level):
    labels, scores = cases(300)
    expected = stats.bootstrap(
        (labels, scores),
        metric,
        paired=True,
        vectorized=False,
        confidence_level=level,
        n_resamples=1000,
        method="percentile",
        random_state=1,
    ).confidence_interval
    found = bootstrap_interval(metric, labels, scores, level)
    # Two lots of 1000 draws: their ends differ by a tenth of the interval's width at most.
    assert found == pytest.approx(expected, abs=0.1 * (expected.high - expected.low))


def test_interval_covers_the_truth_as_often_as_it_says():
    # Each answer is right with probability 0.8, whatever its class.
    random, covered = np.random.default_rng(0), []
    for seed in range(300):
        labels = random.integers(2, size=150)
        scores = np.where(random.random(150) < 0.8, labels, 1 - labels)
        low, high = bootstrap_interval(accuracy, labels, scores, 0.9, repeats=200, seed=seed)
        covered.append(low <= 0.8 <= high)
    # Binomial standard error 0.017; percentile intervals fall a little short of their level.
    assert 0.84 < np.mean(covered) < 0.95


def test_same_seed_same_interval():
    labels, scores = cases(100)
    first, again, other = (
        bootstrap_interval(accuracy, labels, scores, repeats=50, seed=seed) for seed in (3, 3, 4)
    )
    assert first == again != other


def test_draws_of_one_class_are_drawn_anew():
    labels, seen = np.array([0, 0, 0, 0, 1]), []

    def metric(drawn, scores):
        seen.append(drawn)
        return roc_auc_score(drawn, scores)

    low, high = bootstrap_interval(metric, labels, [0.1, 0.2, 0.3, 0.6, 0.5], repeats=200)
    assert len(seen) == 200
    assert all(set(drawn) == {0, 1} and len(drawn) == 5 for drawn in seen)
    assert 0 <= low <= high <= 1


def test_metric_of_labels_and_decisions():
    labels, scores = cases(200)
    found = bootstrap_interval(lambda y, p: accuracy_score(y, p > 0.5), labels, scores, repeats=50)
    assert found == bootstrap_interval(accuracy, labels, scores, repeats=50)


def test_interval_of_many_classes():
    random = np.random.default_rng(0)
    labels = random.integers(5, size=200)
    scores = random.dirichlet(np.ones(5), size=200) * 0.6 + 0.4 * np.eye(5)[labels]
    auc = partial(roc_auc_score, multi_class="ovr")
    low, high = bootstrap_interval(auc, labels, scores, repeats=100)
    assert 0.5 < low < auc(labels, scores) < high <= 1
    # A draw without a class has no such AUC: scikit-learn would have said so.
    few = np.array([0, 1, 2, 3, 4] + 10 * [0])
    bootstrap_interval(auc, few, scores[: len(few)], repeats=50)


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 1, 3], np.full((3, 3), 0.3), "labels hold 3; give 0 to 2 only"),
        ([0, 1, 1], np.full((3, 3), 0.3), "no label is 2; give cases of all 3 classes"),
        ([0, 1, 2], np.full((3, 3), 2.5), r"scores\[0, 0\] is 2.5; give probabilities"),
        ([0, 1], np.full((3, 3), 0.3), r"shape \(2,\) and scores \(3, 3\); give one score"),
    ],
)
def test_bad_cases_of_many_classes_are_refused(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_interval(accuracy, labels, scores)


def two_models(number, seed=0):
    """Return labels and the scores of two models that err on much the same cases; with ties."""
    random = np.random.default_rng(seed)
    labels = (random.random(number) < 0.4).astype(int)
    common = random.normal(1.2 * labels, 1)
    both = [common + random.normal(0, noise, number) for noise in (0.4, 0.9)]
    return labels, *(special.expit(scores - 0.6).round(2) for scores in both)


def placements(labels, scores):
    """Return DeLong's placements straight from their definition: every pair looked at."""
    difference = scores[labels == 1][:, None] - scores[labels == 0][None]
    pairs = (difference > 0) + 0.5 * (difference == 0)
    return pairs.mean(axis=1), pairs.mean(axis=0)


@pytest.mark.parametrize("number", [12, 300])
def test_covariance_agrees_with_all_pairs(number):
    labels, *scores = two_models(number)
    aucs, covariance = delong_covariance(labels, scores)
    assert aucs == pytest.approx([roc_auc_score(labels, row) for row in scores])
    of_positive, of_negative = zip(*(placements(labels, row) for row in scores), strict=True)
    expected = np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            for values in (of_positive, of_negative):
                centered = [values[k] - values[k].mean() for k in (i, j)]
                count = len(centered[0])
                expected[i, j] += centered[0] @ centered[1] / (count - 1) / count
    np.testing.assert_allclose(covariance, expected, rtol=1e-10)


def test_interval_agrees_with_published_example():
    # 109 CT images rated 1 to 5 (Hanley and McNeil 1982, table I); AUC and standard error as Stata
    # prints them for it (Base Reference Manual, roctab), whose default is DeLong's.
    healthy, ill = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    labels = np.repeat([0] * 5 + [1] * 5, healthy + ill)
    scores = np.repeat([1, 2, 3, 4, 5] * 2, healthy + ill) / 5
    aucs, covariance = delong_covariance(labels, [scores])
    assert round(aucs[0], 4) == 0.8932
    assert round(np.sqrt(covariance[0, 0]), 4) == 0.0307
    # The same on the logit scale.
    half = 1.959964 * np.sqrt(covariance[0, 0]) / (aucs[0] * (1 - aucs[0]))
    odds = aucs[0] / (1 - aucs[0]) * np.exp([-half, half])
    assert delong_interval(labels, scores) == pytest.approx(odds / (1 + odds), rel=1e-5)


def test_delong_agrees_with_bootstrap():
    labels, first, second = two_models(500)
    low, high = delong_interval(labels, first)
    drawn = bootstrap_interval(auc, labels, first)
    assert (low, high) == pytest.approx(drawn, abs=0.1 * (high - low))
    found = delong_comparison(labels, first, second)
    drawn = bootstrap_difference(auc, labels, first, second)
    assert (found.low, found.high) == pytest.approx(drawn, abs=0.1 * (found.high - found.low))
    aucs = [roc_auc_score(labels, scores) for scores in (first, second)]
    assert aucs == pytest.approx([auc(labels, scores) for scores in (first, second)])
    assert found.difference == pytest.approx(aucs[0] - aucs[1])


def test_comparison_holds_its_level():
    # Two models equally good and not independent: 5 % of tests reject, standard error 1 %.
    rejected = []
    for seed in range(500):
        random = np.random.default_rng(seed)
        labels = random.integers(2, size=120)
        common = random.normal(labels, 1)
        first, second = special.expit(common + random.normal(0, 0.7, (2, 120)))
        found = delong_comparison(labels, first, second)
        assert (found.p < 0.05) == (not found.low <= 0 <= found.high)
        rejected.append(found.p < 0.05)
    assert 0.02 < np.mean(rejected) < 0.08


def test_comparison_of_a_model_with_itself():
    labels, scores, _ = two_models(50)
    found = delong_comparison(labels, scores, scores**2)  # the same order
    assert found.difference == 0 and found.p == 1
    assert delong_comparison([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], [0.9, 0.8, 0.2, 0.1]).p == 0


def test_difference_is_that_of_the_same_draws():
    labels, first, second = two_models(100)
    assert bootstrap_difference(roc_auc_score, labels, first, first, repeats=20) == (0, 0)
    low, high = bootstrap_difference(accuracy, labels, first, second)
    apart = (
        bootstrap_interval(accuracy, labels, first),
        bootstrap_interval(accuracy, labels, second),
    )
    assert high - low < sum(end - start for start, end in apart)


@pytest.mark.parametrize(("successes", "cases"), [(0, 10), (10, 10), (38, 42), (1, 3)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_proportion_agrees_with_scipy(successes, cases, level):
    expected = stats.binomtest(successes, cases).proportion_ci(level, method="wilson")
    assert wilson_interval(successes, cases, level) == pytest.approx(expected)


@pytest.mark.parametrize(("successes", "cases"), [(0, 0), (-1, 5), (6, 5), (float("nan"), 5)])
def test_bad_proportion_is_refused(successes, cases):
    with pytest.raises(ValueError, match=f"{successes} of {cases} is no proportion; give 0 to N"):
        wilson_interval(successes, cases)


@pytest.mark.parametrize("bins", [1, 5, 10])
def test_calibration_agrees_with_scikit_learn(bins):
    labels, scores = cases(400)
    scores = np.where(np.arange(400) % 3, scores, scores.round(1))  # some at the edges
    share, score = calibration_curve(labels, scores, n_bins=bins)
    found = calibration_bins(labels, scores, bins)
    np.testing.assert_allclose(found.share, share)
    np.testing.assert_allclose(found.score, score)
    assert found.cases.sum() == 400
    # The error, case by case: what its bin promises and keeps.
    place = np.digitize(scores, np.linspace(0, 1, bins + 1)[1:-1], right=True)
    each = [abs(np.mean((scores - labels)[place == one])) for one in place]
    assert calibration_error(labels, scores, bins) == pytest.approx(np.mean(each))


def test_calibration_of_empty_bins_and_ends():
    found = calibration_bins([0, 1, 1], [0, 1, 1])
    assert found.cases.tolist() == [1, 2] and found.share.tolist() == [0, 1]
    assert calibration_error([0, 1, 1], [0, 1, 1]) == 0


def test_temperature_agrees_with_logistic_regression():
    # Dividing logits by T is a logistic regression without intercept, whose slope is 1 / T.
    labels, scores = cases(500)
    regression = LogisticRegression(C=1e12, fit_intercept=False, tol=1e-10)
    regression.fit(special.logit(scores)[:, None], labels)
    assert 1 / fit_temperature(labels, scores) == pytest.approx(regression.coef_[0, 0], rel=1e-4)


def test_temperature_is_found_again():
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, 20_000)
    labels = random.random(20_000) < special.expit(logits)
    scores = special.expit(3 * logits)
    temperature = fit_temperature(labels, scores)
    assert temperature == pytest.approx(3, rel=0.05)
    mended = rescale(scores, temperature)
    assert calibration_error(labels, mended) < 0.02 < 0.1 < calibration_error(labels, scores)
    assert log_loss(labels, mended) < log_loss(labels, scores)
    assert roc_auc_score(labels, mended) == pytest.approx(roc_auc_score(labels, scores), abs=1e-4)
    np.testing.assert_allclose(rescale(mended, 1 / temperature), scores, atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 0, 1, 1], [0.1, 0.4, 0.6, 0.9], "0.5 tells the classes apart without an error"),
        ([0, 0, 1, 1], [0.9, 0.6, 0.7, 0.1], "no temperature helps: the scores are too high"),
        ([0, 0, 0, 1], special.expit([1, 1, 1, 3]), "no temperature helps"),
        ([0, 1], [0.5, 0.5], "no temperature helps"),
    ],
)
def test_no_best_temperature_is_refused(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        fit_temperature(labels, scores)


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), float("inf")])
def test_bad_temperature_is_refused(temperature):
    with pytest.raises(ValueError, match=f"temperature={temperature}; give a number above 0"):
        rescale([0.5], temperature)


@pytest.mark.parametrize(
    ("scores", "message"),
    [([], r"scores have shape \(0,\)"), ([0.1, 2], r"scores\[1\] is 2.0; give probabilities")],
)
def test_bad_scores_are_not_rescaled(scores, message):
    with pytest.raises(ValueError, match=message):
        rescale(scores, 2)


def cost_of(threshold, labels, scores, miss, false_alarm, prevalence):
    (passed, alarms), (missed, found) = confusion_matrix(labels, scores > threshold)
    return prevalence * miss * missed / (missed + found) + (
        1 - prevalence
    ) * false_alarm * alarms / (passed + alarms)


@pytest.mark.parametrize(("miss", "false_alarm"), [(1, 1), (10, 1), (1, 50)])
@pytest.mark.parametrize("prevalence", [None, 0.05])
def test_operating_point_is_the_cheapest(miss, false_alarm, prevalence):
    labels, scores = cases(200)
    scores = scores.round(2)
    share = labels.mean() if prevalence is None else prevalence
    costs = [cost_of(t, labels, scores, miss, false_alarm, share) for t in np.arange(0, 1, 0.001)]
    found = operating_point(labels, scores, miss, false_alarm, prevalence)
    assert cost_of(found, labels, scores, miss, false_alarm, share) == pytest.approx(min(costs))


def test_operating_point_nears_the_one_of_calibrated_scores():
    # Of probabilities that are true, the best threshold is false_alarm / (false_alarm + miss).
    random = np.random.default_rng(0)
    scores = random.random(100_000)
    labels = (random.random(100_000) < scores).astype(int)
    assert operating_point(labels, scores, miss=4, false_alarm=1) == pytest.approx(0.2, abs=0.03)


def test_operating_point_at_the_ends():
    assert operating_point([0, 1], [0.9, 0.1], miss=100, false_alarm=1) == 0
    assert operating_point([0, 1], [0.9, 0.1], miss=1, false_alarm=100) == 1
    assert operating_point([0, 1], [0.1, 0.9], miss=1, false_alarm=1) == 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"miss": 0}, "miss=0; give a cost above 0"),
        ({"false_alarm": float("nan")}, "false_alarm=nan; give a cost"),
        ({"prevalence": 5}, "prevalence=5 is not between 0 and 1; for 5 % say 0.05"),
        ({"prevalence": 0}, "prevalence=0 is not between"),
    ],
)
def test_bad_costs_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        operating_point([0, 1], [0.1, 0.9], **({"miss": 1, "false_alarm": 1} | settings))


def test_predictive_values_agree_with_counts():
    labels, scores = cases(300)
    (passed, alarms), (missed, found) = confusion_matrix(labels, scores > 0.5)
    values = predictive_values(found / (found + missed), passed / (passed + alarms), labels.mean())
    assert values == pytest.approx((found / (found + alarms), passed / (passed + missed)))


def test_predictive_values_agree_with_published_example():
    # Altman and Bland 1994: sensitivity 231/258, specificity 54/86. Of the 344, 258 are abnormal:
    # predictive values 231/263 and 54/81. With a prevalence of 0.25 they are 0.45 and 0.95.
    sensitivity, specificity = 231 / 258, 54 / 86
    assert predictive_values(sensitivity, specificity, 258 / 344) == pytest.approx(
        (231 / 263, 54 / 81)
    )
    found = predictive_values(sensitivity, specificity, 0.25)
    assert np.round(found, 2).tolist() == [0.45, 0.95]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((90, 0.8, 0.1), "sensitivity=90; give a share from 0 to 1"),
        ((0.9, float("nan"), 0.1), "specificity=nan; give"),
        ((0.9, 0.8, []), r"prevalence=\[\]; give"),
        ((0, 1, 0.1), "no case is called positive at sensitivity=0, specificity=1"),
        ((1, 0.5, 1), "no case is called negative"),
    ],
)
def test_bad_shares_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        predictive_values(*values)


def test_net_benefit_agrees_with_counts():
    labels, scores = cases(200)
    scores = scores.round(2)
    thresholds = np.array([0.05, 0.2, 0.5, 0.9])
    for threshold, found in zip(thresholds, net_benefit(labels, scores, thresholds), strict=True):
        (_, alarms), (_, hits) = confusion_matrix(labels, scores > threshold)
        odds = threshold / (1 - threshold)
        assert found == pytest.approx((hits - odds * alarms) / 200)
    assert (net_benefit(labels, np.zeros(200), thresholds) == 0).all()
    share = labels.mean()
    everybody = share - (1 - share) * thresholds / (1 - thresholds)
    np.testing.assert_allclose(net_benefit(labels, np.ones(200), thresholds), everybody)


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ([], r"thresholds have shape \(0,\)"),
        (0.5, r"thresholds have shape \(\)"),
        ([0.5, 1], "thresholds hold 1.0; give numbers between 0 and 1, without them"),
        ([float("nan")], "thresholds hold nan"),
    ],
)
def test_bad_thresholds_are_refused(thresholds, message):
    with pytest.raises(ValueError, match=message):
        net_benefit([0, 1], [0.1, 0.9], thresholds)


TAKE_CASES = {
    "bootstrap_interval": partial(bootstrap_interval, accuracy),
    "bootstrap_difference": lambda y, p: bootstrap_difference(accuracy, y, p, p),
    "delong_interval": delong_interval,
    "delong_comparison": lambda y, p: delong_comparison(y, p, p),
    "calibration_bins": calibration_bins,
    "calibration_error": calibration_error,
    "calibration_line": calibration_line,
    "fit_temperature": fit_temperature,
    "operating_point": lambda y, p: operating_point(y, p, miss=1, false_alarm=1),
    "net_benefit": lambda y, p: net_benefit(y, p, [0.5]),
}


@pytest.mark.parametrize("function", TAKE_CASES.values(), ids=TAKE_CASES)
@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([], [], r"labels have shape \(0,\); give \(N,\) with one value a case"),
        ([[0], [1]], [0.1, 0.9], r"labels have shape \(2, 1\); give \(N,\)"),
        ([0, 1, 1], [0.1, 0.9], r"shape \(3,\) and scores \(2,\); give one score a case"),
        ([0, 1], [[0.9, 0.1], [0.1, 0.9]], r"scores \(2, 2\); .* the column of class 1"),
        ([0, 1, 2], [0.1, 0.9, 0.9], "labels hold 2; give 0 and 1"),
        ([0, 1, np.nan], [0.1, 0.9, 0.9], "labels hold nan; give 0 and 1"),
        ([1, 1], [0.1, 0.9], "all labels are 1; give cases of both classes"),
        ([0, 1], [0.1, 1.5], r"scores\[1\] is 1.5; give probabilities from 0 to 1"),
        ([0, 1], [-0.1, 0.5], r"scores\[0\] is -0.1; give probabilities"),
        ([0, 1], [0.1, np.nan], r"scores\[1\] is nan; give probabilities"),
        ([0, 1], [np.inf, 0.1], r"scores\[0\] is inf; give probabilities"),
    ],
)
def test_bad_cases_are_refused(function, labels, scores, message):
    with pytest.raises(ValueError, match=message):
        function(labels, scores)


@pytest.mark.parametrize(
    "compare", [partial(bootstrap_difference, accuracy), delong_comparison], ids=["draws", "ranks"]
)
def test_other_model_of_other_cases_is_refused(compare):
    with pytest.raises(ValueError, match=r"shape \(4,\) and scores \(3,\)"):
        compare([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"scores\[3\] is nan"):
        compare([0, 0, 1, 1], [0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, np.nan])


def several_images(patients=60, images=3, seed=0):
    """Return labels, scores of two models, and patients; some have images of both classes."""
    random = np.random.default_rng(seed)
    of_whom = np.repeat(np.arange(patients), images)
    labels = (random.random(len(of_whom)) < (of_whom % 3) / 2).astype(int)
    common = labels + random.normal(0, 1, patients)[of_whom] + random.normal(0, 0.7, len(labels))
    scores = special.expit(common + random.normal(0, 0.5, (2, len(labels)))).round(2)
    return labels, scores, of_whom


def test_patients_agree_with_obuchowski_pair_by_pair():
    """The formulas of Obuchowski 1997 with loops over patients and all pairs."""
    labels, scores, of_whom = several_images()
    mixed = [len(set(labels[of_whom == one])) == 2 for one in set(of_whom)]
    assert any(mixed) and not all(mixed)
    aucs, found = delong_covariance(labels, scores, of_whom)
    m, n = np.sum(labels == 1), np.sum(labels == 0)
    table = []
    for row, auc_of_row in zip(scores, aucs, strict=True):
        of_ill, of_healthy = placements(labels, row)
        whose = of_whom[labels == 1], of_whom[labels == 0]
        table.append(
            [
                (
                    of_ill[whose[0] == one].sum() - np.sum(whose[0] == one) * auc_of_row,
                    of_healthy[whose[1] == one].sum() - np.sum(whose[1] == one) * auc_of_row,
                )
                for one in sorted(set(of_whom))
            ]
        )
    total = len(set(of_whom))
    number = [len(set(of_whom[labels == label])) for label in (1, 0)]
    for r in range(2):
        for s in range(2):
            ten, one, eleven = 0, 0, 0
            for (x_r, y_r), (x_s, y_s) in zip(table[r], table[s], strict=True):
                ten += x_r * x_s * number[0] / (number[0] - 1) / m
                one += y_r * y_s * number[1] / (number[1] - 1) / n
                eleven += (x_r * y_s + x_s * y_r) * total / (total - 1)
            assert found[r, s] == pytest.approx(ten / m + one / n + eleven / (m * n))


def test_patients_agree_with_a_jackknife():
    labels, scores, of_whom = several_images(patients=150)
    _, covariance = delong_covariance(labels, scores, of_whom)
    left = np.array(
        [
            [auc(labels[of_whom != one], row[of_whom != one]) for row in scores]
            for one in np.unique(of_whom)
        ]
    )
    count = len(left)
    jackknife = np.cov(left.T) * (count - 1) ** 2 / count
    np.testing.assert_allclose(covariance, jackknife, rtol=0.05)


def test_images_that_are_there_twice_change_nothing():
    labels, first, second = two_models(80)
    once = np.arange(80)
    twice = np.repeat(once, 2)
    for patients in (None, once, [f"patient {number}" for number in once]):
        alone = delong_comparison(labels, first, second, patients=patients)
        found = delong_comparison(labels[twice], first[twice], second[twice], patients=twice)
        assert found == pytest.approx(alone)
    found = delong_interval(labels[twice], first[twice], patients=twice)
    assert found == pytest.approx(delong_interval(labels, first))
    # Taken for independent they promise too much.
    wide, narrow = found, delong_interval(labels[twice], first[twice])
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    line = calibration_line(labels[twice], first[twice], patients=twice)
    assert np.array(line) == pytest.approx(
        np.array(calibration_line(labels, first, patients=once)), abs=1e-6
    )


def test_a_perfect_auc_has_a_bound():
    labels = np.arange(70) < 30
    low, high = delong_interval(labels.astype(int), labels * 0.5 + 0.2, level=0.9)
    assert high == 1 and low == pytest.approx(0.05 ** (1 / 30))
    assert delong_interval(labels.astype(int), 0.7 - labels * 0.5, 0.9) == pytest.approx(
        (0, 1 - low)
    )
    # The worst case: ill cases score below all healthy ones or above all, so that an AUC of `low`
    # is perfect on 30 of them in 5 of 100 samples.
    seen = np.random.default_rng(0).random((4000, 30)) < low
    assert 0.04 < np.mean(seen.all(axis=1)) < 0.06
    # Each of twenty patients with an image of both classes makes half a pair.
    twenty = delong_interval(np.arange(40) % 2, np.arange(40) % 2, patients=np.arange(40) // 2)
    assert twenty[0] == pytest.approx(0.025 ** (1 / 10))


def trained(number, runs, strength, seed):
    """Return labels (N,) and scores (R, N) of networks that see a case nearly alike."""
    random = np.random.default_rng(seed)
    labels = (random.random(number) < 0.62).astype(int)
    hidden = random.normal(strength * labels, 1) + random.normal(0, 0.3, (runs, number))
    return labels, special.expit(hidden)


def test_runs_agree_with_obuchowski_and_rockette():
    """Written anew: covariances of differences by the jackknife over cases."""
    labels, runs = trained(150, 4, 1.5, seed=0)
    others = special.expit(special.logit(runs) + np.random.default_rng(1).normal(0, 1, runs.shape))
    gains = np.array([auc(labels, a) - auc(labels, b) for a, b in zip(runs, others, strict=True)])
    left = []
    for case in range(150):
        rest = np.arange(150) != case
        pairs = zip(runs[:, rest], others[:, rest], strict=True)
        left.append([auc(labels[rest], a) - auc(labels[rest], b) for a, b in pairs])
    jackknife = np.cov(np.transpose(left)) * 149**2 / 150
    shared = np.mean([jackknife[i, j] for i in range(4) for j in range(4) if i != j])
    square = gains.var(ddof=1)
    freedom = (square + 4 * shared) ** 2 / (square**2 / 3)
    half = stats.t.ppf(0.975, freedom) * np.sqrt((square + 4 * shared) / 4)
    found = compare_runs(labels, runs, others)
    assert shared > 0
    assert found.difference == pytest.approx(gains.mean())
    # DeLong's covariance and the jackknife's differ by some hundredths.
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.05)
    assert (found.p < 0.05) == (not found.low <= 0 <= found.high)


def test_runs_the_other_way_round():
    labels, runs = trained(100, 3, 1.5, seed=0)
    _, others = trained(100, 3, 1.0, seed=1)
    found, back = compare_runs(labels, runs, others), compare_runs(labels, others, runs)
    assert back == pytest.approx((-found.difference, -found.high, -found.low, found.p))
    assert compare_runs(labels, runs, runs) == (0, 0, 0, 1)
    # Ranks alone matter, and cases of one patient count as fewer.
    assert compare_runs(labels, runs**3, others) == pytest.approx(found)
    twice = np.repeat(np.arange(100), 2)
    again = compare_runs(labels[twice], runs[:, twice], others[:, twice], patients=twice)
    assert again == pytest.approx(found)


@pytest.mark.parametrize(
    ("runs", "others", "message"),
    [
        ((3, 9), (3, 9), "labels have shape"),
        ((3, 10), (2, 10), r"runs have shape \(3, 10\) and others \(2, 10\)"),
        ((10,), (10,), "one row a run"),
        ((2, 10), (2, 10), "2 runs do not tell how runs vary; train three or more"),
        ((0, 10), (0, 10), "0 runs do not tell"),
    ],
)
def test_bad_runs_are_refused(runs, others, message):
    with pytest.raises(ValueError, match=message):
        compare_runs(np.arange(10) % 2, np.full(runs, 0.5), np.full(others, 0.5))


def test_share_of_patients():
    random = np.random.default_rng(0)
    right = (random.random(40) < 0.8).astype(int)
    assert share_interval(right) == wilson_interval(int(right.sum()), 40)
    # The variance of a ratio of two sums over patients, of unequal size, is that of its residuals.
    sizes = random.integers(1, 5, 40)
    of_whom = np.repeat(np.arange(40), sizes)
    found = share_interval(right[of_whom], 0.9, of_whom)
    hits, share = right * sizes, right @ sizes / sizes.sum()
    variance = 40 * np.var(hits - share * sizes, ddof=1) / sizes.sum() ** 2
    cases, z = share * (1 - share) / variance, stats.t.ppf(0.95, 39)
    assert cases < sizes.sum() - 20
    roots = np.roots(
        [1 + z**2 / cases, -2 * share - z**2 / cases, share**2]
    )  # of |share - p| = z sqrt(p (1 - p) / cases)
    assert found == pytest.approx(sorted(roots))
    # All right: as many cases as patients. Never more than there are.
    all_right = share_interval(np.ones(80), patients=np.arange(80) // 2)
    z = stats.t.ppf(0.975, 39)
    assert all_right == pytest.approx((1 / (1 + z**2 / 40), 1))
    alternating = share_interval(np.arange(80) % 2, patients=np.arange(80) // 2)
    assert alternating[0] < wilson_interval(40, 80)[0]


@pytest.mark.parametrize(
    ("right", "patients", "message"),
    [
        ([], None, r"right have shape \(0,\)"),
        ([0, 2], None, "right holds 2; give 0 and 1 only"),
        ([0, 1], [3, 3], "all cases are of one patient"),
        ([0, 1], [3], r"patients have shape \(1,\), and there are 2 cases"),
    ],
)
def test_bad_shares_of_patients_are_refused(right, patients, message):
    with pytest.raises(ValueError, match=message):
        share_interval(right, patients=patients)


def test_patients_are_drawn_whole():
    labels, scores, of_whom = several_images()
    random, values = np.random.default_rng(5), []
    table = [np.flatnonzero(of_whom == one) for one in range(60)]
    for _ in range(2000):
        drawn = np.hstack([table[one] for one in random.choice(60, 60)])
        values.append(auc(labels[drawn], scores[0][drawn]))
    expected = np.quantile(values, [0.025, 0.975])
    found = bootstrap_interval(auc, labels, scores[0], repeats=2000, patients=of_whom)
    assert found == pytest.approx(expected, abs=0.1 * np.ptp(expected))
    both = bootstrap_difference(auc, labels, *scores, repeats=200, patients=of_whom)
    assert both[0] < auc(labels, scores[0]) - auc(labels, scores[1]) < both[1]


def enough(ill=25, healthy=40, wrong=5):
    """Return labels, and scores of which some of the ill are lower than all healthy ones."""
    labels = np.repeat([1, 0], [ill, healthy])
    scores = np.linspace(0.9, 0.5, ill + healthy) * labels
    scores[:wrong] = 0
    return labels, np.where(labels == 1, scores, np.linspace(0.1, 0.4, ill + healthy))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, None),
        ({"ill": 19}, "a class has 19 cases"),
        ({"healthy": 12}, "a class has 12 cases"),
        ({"wrong": 1}, "of the 25 of the smaller class about 1.0 are out of place"),
        ({"wrong": 0}, "about 0.0 are out of place"),
    ],
)
def test_it_is_said_where_an_auc_has_too_few_cases(settings, message):
    labels, scores = enough(**settings)
    calls = [
        lambda: delong_interval(labels, scores),
        lambda: delong_comparison(labels, scores, 1 - scores / 2),
        lambda: compare_runs(labels, [scores] * 3, [scores] * 3),
    ]
    for call in calls:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            call()
        assert [str(warning.message) for warning in said if message is None] == []
        if message is not None:
            [warning] = said
            assert warning.category is FewCases and message in str(warning.message)
            assert "may hold the truth less often" in str(warning.message)


def test_patients_count_not_cases():
    labels, scores = enough()
    with pytest.warns(FewCases, match="a class has 13 cases"):
        delong_interval(labels, scores, patients=np.arange(65) // 2)


def test_it_is_said_where_a_bootstrap_hits_its_end():
    labels = np.arange(200) % 2
    scores = np.where(np.arange(200) < 2, 1 - labels, labels)
    with pytest.warns(FewCases, match="an end of the interval is as far as any draw goes"):
        assert bootstrap_interval(accuracy, labels, scores)[1] == 1
    # Without an error all draws are alike.
    with pytest.warns(FewCases, match="an end of the interval is as far as any draw goes"):
        assert bootstrap_interval(accuracy, labels, labels, repeats=50) == (1, 1)
    with pytest.warns(FewCases, match="a class has 5 cases"):
        bootstrap_interval(accuracy, labels[:10], scores[:10], repeats=20)


def test_it_is_said_where_draws_lie_unevenly():
    """As those of an AUC near 1 do, and those of an AUC near one half do not."""
    random, labels = np.random.default_rng(0), np.arange(200) % 2
    scores = random.normal(size=200)
    with pytest.warns(FewCases, match=r"the draws lie unevenly about their middle \(skewness -"):
        bootstrap_interval(auc, labels, special.expit(scores + 3.3 * labels), repeats=300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bootstrap_interval(auc, labels, special.expit(scores + 0.5 * labels), repeats=300)


def test_line_agrees_with_scikit_learn_and_the_likelihood():
    labels, scores = cases(400)
    logits = special.logit(scores)
    intercept, slope = calibration_line(labels, scores)
    regression = LogisticRegression(C=1e12, tol=1e-10).fit(logits[:, None], labels)
    assert slope.value == pytest.approx(regression.coef_[0, 0], rel=1e-4)

    def loss(values):
        return log_loss(labels, special.expit(values[0] + values[1] * logits), normalize=False)

    def curvature(one, other, at, step=1e-3):
        """The second derivative of the loss, by differences."""
        signs = [(a, b) for a in (1, -1) for b in (1, -1)]
        return sum(
            a * b * loss(at + step * (a * np.eye(2)[one] + b * np.eye(2)[other])) for a, b in signs
        ) / (4 * step**2)

    best = np.array([regression.intercept_[0], regression.coef_[0, 0]])
    hessian = [[curvature(i, j, best) for j in range(2)] for i in range(2)]
    assert (slope.high - slope.low) / 2 / 1.959964 == pytest.approx(
        np.sqrt(np.linalg.inv(hessian)[1, 1]), rel=1e-3
    )
    # With slope 1 the mean chance is that of the labels.
    assert special.expit(logits + intercept.value).mean() == pytest.approx(labels.mean())
    alone = curvature(0, 0, np.array([intercept.value, 1.0]))
    assert (intercept.high - intercept.low) / 2 / 1.959964 == pytest.approx(
        1 / np.sqrt(alone), rel=1e-3
    )


def test_line_covers_the_truth_as_often_as_it_says():
    # Labels are drawn from the scores: in the stored experiment the number of each class is fixed.
    random, held = np.random.default_rng(0), []
    for _ in range(600):
        scores = special.expit(random.normal(-0.5, 1.5, 200))
        labels = (random.random(200) < scores).astype(int)
        intercept, slope = calibration_line(labels, scores)
        held.append((intercept.low <= 0 <= intercept.high, slope.low <= 1 <= slope.high))
    # The standard error is 0.009.
    assert np.all(np.abs(np.mean(held, axis=0) - 0.95) < 0.03)


def test_line_of_classes_that_are_apart_is_refused():
    for scores in ([0.1, 0.4, 0.6, 0.9], [0.9, 0.8, 0.2, 0.1]):
        with pytest.raises(ValueError, match="no line is best: a threshold tells"):
            calibration_line([0, 0, 1, 1], scores)


def test_ideal_error_agrees_with_a_slow_one():
    _, scores = cases(300)
    random = np.random.default_rng(7)
    errors = [calibration_error(random.random(300) < scores, scores) for _ in range(1000)]
    found = ideal_calibration_error(scores)
    expected = (np.mean(errors), *np.quantile(errors, [0.025, 0.975]))
    assert found == pytest.approx(expected, abs=0.005)
    for bad, message in (([0.1, 2], "give probabilities"), ([], r"scores have shape \(0,\)")):
        with pytest.raises(ValueError, match=message):
            ideal_calibration_error(bad)


def test_bins_of_one_patient_have_no_interval():
    curve = calibration_bins([0, 1, 0, 1], [0.1, 0.2, 0.8, 0.9], 2, patients=[1, 2, 3, 3])
    assert 0 < curve.low[0] < curve.high[0] < 1
    assert np.isnan([curve.low[1], curve.high[1]]).all()
    whole = calibration_bins([0, 1, 0, 1], [0.1, 0.2, 0.8, 0.9], 2)
    assert (whole.low[1], whole.high[1]) == wilson_interval(1, 2)


def test_delong_needs_two_of_each():
    with pytest.raises(ValueError, match="a class has one case only, or one patient; a variance"):
        delong_interval([0, 1, 1], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"scores have shape \(3,\); give \(M, N\)"):
        delong_covariance([0, 1, 1], [0.1, 0.2, 0.3])


def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="bins=0 holds no cases; say 10"):
        calibration_bins([0, 1], [0.1, 0.9], bins=0)


@pytest.mark.parametrize("level", [0, 1, 95, -0.5, float("nan")])
def test_bad_level_is_refused(level):
    labels, scores = [0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9]
    for call in (
        lambda: bootstrap_interval(accuracy, labels, scores, level),
        lambda: bootstrap_difference(accuracy, labels, scores, scores, level),
        lambda: delong_interval(labels, scores, level),
        lambda: delong_comparison(labels, scores, scores, level),
        lambda: wilson_interval(1, 2, level),
        lambda: share_interval(labels, level, [0, 1, 2, 3]),
        lambda: compare_runs(labels, [scores] * 3, [scores] * 3, level),
        lambda: calibration_line(labels, scores, level),
        lambda: ideal_calibration_error(scores, level=level),
    ):
        with pytest.raises(ValueError, match=f"level={level}.*for 95 % say 0.95"):
            call()


def test_no_repeats_are_refused():
    with pytest.raises(ValueError, match="repeats=0 gives no draws; say 1000"):
        bootstrap_interval(accuracy, [0, 1], [0.1, 0.9], repeats=0)


@pytest.mark.parametrize("classes", [2, 5])
def test_baseline_agrees_with_scikit_learn(classes):
    random = np.random.default_rng(classes)
    train, test = random.integers(classes, size=40), random.integers(classes, size=30)
    dummy = DummyClassifier(strategy="most_frequent").fit(train[:, None], train)
    assert majority_baseline(train, test) == dummy.score(test[:, None], test)


def test_baseline_of_equal_classes_is_the_first():
    assert majority_baseline([1, 0], [0, 0, 0, 1]) == 0.75


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([], [0, 1], r"train_labels have shape \(0,\); give"),
        ([0, 1], [], r"test_labels have shape \(0,\); give"),
        ([[0], [1]], [0, 1], r"train_labels have shape \(2, 1\); give"),
    ],
)
def test_bad_baseline_labels_are_refused(train, test, message):
    with pytest.raises(ValueError, match=message):
        majority_baseline(train, test)
