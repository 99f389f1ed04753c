"""Whether splits can be trusted: who is on both sides, what gives a split or a label away.

A model is judged by images that it has not seen. It is judged too well if it has seen them, or the
same patients, or if the label can be read from what is no finding, such as a file's size. And the
result is one on other images if those of the test come from elsewhere. `audit` looks for all of it.
"""

import html
import math
import warnings
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import Ridge

from .datasets import SPLITS, Dataset, Split
from .evaluation import FewCases, delong_interval, wilson_interval
from .folders import Cases, near_pairs, thumbnails
from .folders.pictures import THUMBNAIL
from .parallel import one_thread_each

FOLDS = 5
PERMUTATIONS = 200
BINS = 10  # of a number, each with as many cases
MOST_VALUES = 50  # of a column of words; more, and it is a name, not a property
FEWEST = 2 * FOLDS  # patients on each side that are needed to look for a difference
LITTLE = 0.6  # an AUC below this is no matter, even where it is more than chance
SUPPOSED = 0.9  # the sensitivity and the AUC for which intervals are foretold


class Finding(NamedTuple):
    """What one question gave.

    Attributes
    ----------
    question, seen, remedy : str
        What was looked at, what was seen, what to do.
    alarming : bool
        Whether something should be done.
    """

    question: str
    seen: str
    remedy: str
    alarming: bool


class Signal(NamedTuple):
    """How well something is told: an AUC by cross-validation, and what chance gives.

    Attributes
    ----------
    auc : float
        0.5 is chance. Of more than two classes, the mean of each against the others.
    low, high : float
        Its 95 % interval by patient (DeLong), where there are two sides.
    chance : float
        Of 100 AUCs of permuted labels, 99 are at or below it.
    """

    auc: float
    low: float
    high: float
    chance: float

    @property
    def told(self) -> bool:
        """Whether it is more than chance gives, and not just a little."""
        return self.auc > max(self.chance, LITTLE)

    def __str__(self) -> str:
        interval = "" if math.isnan(self.low) else f" ({self.low:.2f} to {self.high:.2f})"
        return f"AUC {self.auc:.2f}{interval}; by chance up to {self.chance:.2f}"


class Audit(tuple[Finding, ...]):
    """The findings of an audit; it prints as a table."""

    __slots__ = ()

    @property
    def alarms(self) -> list[Finding]:
        """The findings about which something should be done."""
        return [finding for finding in self if finding.alarming]

    def __repr__(self) -> str:
        lines = []
        for finding in self:
            lines.append(f"{'!' if finding.alarming else ' '} {finding.question}")
            lines.append(f"      {finding.seen}")
            if finding.remedy:
                lines.append(f"      -> {finding.remedy}")
        return "\n".join([*lines, f"{len(self.alarms)} of {len(self)} need a look (!)"])

    def _repr_html_(self) -> str:
        titles = ("", "looked at", "seen", "what to do")
        head = "".join(f'<th scope="col">{title}</th>' for title in titles)
        body = "".join(
            "<tr>"
            + f"<td>{'look' if finding.alarming else 'fine'}</td>"
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in finding[:3])
            + "</tr>"
            for finding in self
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def audit(data: Dataset, width: float = 0.1, seed: int = 0) -> Audit:
    """Return whether splits can be trusted, question by question.

    Parameters
    ----------
    data : Dataset
        From `helpers.folders.split_by_patient`, or `helpers.datasets.load`. Without patients and
        facts of files, what needs them is said to be unknown.
    width : float
        Of the 95 % interval of a sensitivity or an AUC that you want at most: 0.1 is from .85 to
        .95, say.
    seed : int
        Of folds and permutations.

    Raises
    ------
    ValueError
        If labels are several to an image, images are volumes, or the width is none.

    Examples
    --------
    >>> from helpers import chest_xrays, folders
    >>> cases = chest_xrays.load(32, synthetic=True)
    >>> found = audit(folders.split_by_patient(cases, test=None, validation=0.2))
    >>> print(found.alarms[0].question)
    Can a model tell train from test? normal
    """
    if data.train.labels.ndim != 1 or data.train.images.ndim != 4:
        raise ValueError(f"{data.name}: give flat images with one label each")
    if not isinstance(width, int | float) or not 0 < width < 1:
        raise ValueError(f"width={width!r}; give a number between 0 and 1, e.g. 0.1")
    sides = {name: getattr(data, name) for name in SPLITS}
    small = {name: thumbnails(side.images) for name, side in sides.items()}
    findings = [
        _shared_patients(sides),
        _shared_images(sides, small),
        *_splits_apart(data.classes, sides, small, seed),
        *_label_from_facts(sides, seed),
        *_too_few(data.classes, data.test, width),
    ]
    return Audit(findings)


def _groups(side: Split) -> np.ndarray:
    return side.groups if isinstance(side, Cases) else np.arange(len(side.labels))


# ---- who is on both sides ------------------------------------------------------------------


def _shared_patients(sides: dict[str, Split]) -> Finding:
    question = "Are patients on both sides of a split?"
    known = {n: s.patients for n, s in sides.items() if isinstance(s, Cases)}
    patients = {n: set(p.tolist()) for n, p in known.items() if p is not None}
    if len(patients) < len(sides):
        return Finding(question, "patients are not known", "find out who is in each image", True)
    shared = [
        f"{len(both):,} in {one} and {other} ({min(both)} ...)"
        for one, other in combinations(SPLITS, 2)
        if (both := patients[one] & patients[other])
    ]
    if shared:
        return Finding(question, "; ".join(shared), "split by patient (split_by_patient)", True)
    count = sum(map(len, patients.values()))
    return Finding(question, f"none of {count:,} patients", "", False)


def _shared_images(sides: dict[str, Split], small: dict[str, np.ndarray]) -> Finding:
    question = "Are images, or near copies, on both sides of a split?"
    shared = []
    for one, other in combinations(SPLITS, 2):
        pairs = near_pairs(small[one], small[other])
        if pairs:
            i, j, _ = pairs[0]
            first, second = (
                s.files[k] if isinstance(s, Cases) else f"{n} {k}"
                for n, s, k in ((one, sides[one], i), (other, sides[other], j))
            )
            shared.append(f"{len(pairs):,} in {one} and {other} ({first} and {second} ...)")
    if shared:
        return Finding(
            question, "; ".join(shared), "keep one of each, or give both one patient", True
        )
    return Finding(question, "none", "", False)


# ---- can splits be told apart --------------------------------------------------------------


def _splits_apart(
    classes: tuple[str, ...], sides: dict[str, Split], small: dict[str, np.ndarray], seed: int
) -> Iterator[Finding]:
    """Tell training images from the others, class by class: coarse shapes and gray levels."""
    for other in ("validation", "test"):
        for label, name in enumerate(classes):
            question = f"Can a model tell train from {other}? {name}"
            picked = [sides[side].labels == label for side in ("train", other)]
            groups = [
                _groups(sides[side])[p] for side, p in zip(("train", other), picked, strict=True)
            ]
            counts = [len(np.unique(g)) for g in groups]
            if min(counts) < FEWEST:
                seen = f"{counts[0]} and {counts[1]} patients: too few to say"
                yield Finding(question, seen, "", False)
                continue
            pictures = np.concatenate(
                [small[side][p] for side, p in zip(("train", other), picked, strict=True)]
            )
            where = np.repeat([0, 1], [p.sum() for p in picked])
            who = np.concatenate([groups[0], groups[1] + groups[0].max() + 1])
            signal = _linear_signal(_coarse(pictures), where, who, seed)
            remedy = f"find out how {other} differs: source, device, date"
            yield Finding(question, str(signal), remedy if signal.told else "", signal.told)


def _coarse(small: np.ndarray) -> np.ndarray:
    """Return (N, 272): 16 x 16 pixels, and how many of 1,024 are in each of 16 gray levels."""
    half = THUMBNAIL // 2
    pixels = small.reshape(len(small), half, 2, half, 2).mean(axis=(2, 4)).reshape(len(small), -1)
    levels = np.stack([(small // 16 == level).mean(axis=(1, 2)) for level in range(16)], axis=1)
    features = np.concatenate([pixels, levels], axis=1)
    return (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-6)


def _linear_signal(
    features: np.ndarray, where: np.ndarray, groups: np.ndarray, seed: int
) -> Signal:
    """Return how well a linear model (ridge regression) tells two sides, by patient."""
    columns = np.column_stack([where, *_permuted(where, groups, seed)]).astype(float)
    scores = np.empty_like(columns)
    # The matrices are small: threads would wait for each other, the more so on a busy machine.
    with one_thread_each():
        for train, test in _folds(where, groups, seed):
            # One model for each column: the truth, and each permutation of it.
            model = Ridge(alpha=len(train) / 10).fit(features[train], columns[train])
            scores[test] = model.predict(features[test])
    aucs = [_auc(column, score) for column, score in zip(columns.T, scores.T, strict=True)]
    low, high = _interval(where, scores[:, 0], groups)
    return Signal(aucs[0], low, high, float(np.quantile(aucs[1:], 0.99)))


def _interval(labels: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    # From 0 to 1 in the same order, which is all that an AUC sees.
    unit = (rankdata(scores) - 0.5) / len(scores)
    with warnings.catch_warnings():
        # What few cases mean is said by `_too_few`.
        warnings.simplefilter("ignore", FewCases)
        return delong_interval(labels, unit, patients=groups)


def _auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the share of pairs that are in the right order; faster than scikit-learn's."""
    ranks, positive = rankdata(scores), positive.astype(bool)
    count = int(positive.sum())
    pairs = count * (len(scores) - count)
    return float((ranks[positive].sum() - count * (count + 1) / 2) / pairs)


def _folds(
    labels: np.ndarray, groups: np.ndarray, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Deal patients out to folds, class by class, as cards; return (others, fold) of each."""
    _, first, numbers = np.unique(groups, return_index=True, return_inverse=True)
    mixed = np.random.default_rng(seed).permutation(len(first))
    order = mixed[np.argsort(labels[first][mixed], kind="stable")]
    fold = np.empty(len(first), int)
    fold[order] = np.arange(len(first)) % FOLDS
    inside = [fold[numbers] == k for k in range(FOLDS)]
    return [(np.flatnonzero(~members), np.flatnonzero(members)) for members in inside]


def _permuted(labels: np.ndarray, groups: np.ndarray, seed: int) -> list[np.ndarray]:
    """Return permutations of labels: among patients if each has one, or else among images."""
    rng = np.random.default_rng(seed)
    _, first, numbers = np.unique(groups, return_index=True, return_inverse=True)
    if (labels == labels[first][numbers]).all():
        return [rng.permutation(labels[first])[numbers] for _ in range(PERMUTATIONS)]
    return [rng.permutation(labels) for _ in range(PERMUTATIONS)]


# ---- can the label be told from what is no finding -----------------------------------------


def _label_from_facts(sides: dict[str, Split], seed: int) -> Iterator[Finding]:
    """Tell the label from each fact of the files and each column of the table, then from all."""
    known = [side for side in sides.values() if isinstance(side, Cases)]
    facts: dict[str, np.ndarray] = {}
    if len(known) == len(sides):
        for part in ("measured", "columns"):
            for name in getattr(known[0], part):
                facts[name] = np.concatenate([getattr(side, part)[name] for side in known])
    if "height" in facts:
        facts["aspect"] = facts["width"] / facts["height"]
    if not facts:
        yield Finding(
            "Can the label be told from the files?", "no facts of them are known", "", False
        )
        return
    labels = np.concatenate([side.labels for side in known])
    patients = [side.patients for side in known if side.patients is not None]
    groups = np.arange(len(labels))
    if len(patients) == len(known):
        groups = np.unique(np.concatenate(patients), return_inverse=True)[1]
    fewest = min(len(np.unique(groups[labels == label])) for label in np.unique(labels))
    if fewest < FEWEST:
        seen = f"the rarest class has {fewest} patients: too few to say"
        yield Finding("Can the label be told from the files?", seen, "", False)
        return
    codes = {name: code for name, values in facts.items() if (code := _codes(values)) is not None}
    folds = _folds(labels, groups, seed)
    permuted = _permuted(labels, groups, seed)
    total: list[np.ndarray] | None = None
    for name, code in codes.items():
        scores = [_evidence(code, y, folds) for y in (labels, *permuted)]
        total = scores if total is None else [a + b for a, b in zip(total, scores, strict=True)]
        yield _told(f"Can the label be told from {name} alone?", scores, labels, permuted, groups)
    if total is not None and len(codes) > 1:
        question = f"Can the label be told from all {len(codes)} of these?"
        yield _told(question, total, labels, permuted, groups)


def _told(
    question: str,
    scores: list[np.ndarray],
    labels: np.ndarray,
    permuted: list[np.ndarray],
    groups: np.ndarray,
) -> Finding:
    aucs = [_mean_auc(y, s) for y, s in zip((labels, *permuted), scores, strict=True)]
    low = high = math.nan
    if scores[0].shape[1] == 2:
        low, high = _interval(labels, scores[0][:, 1] - scores[0][:, 0], groups)
    signal = Signal(aucs[0], low, high, float(np.quantile(aucs[1:], 0.99)))
    remedy = "see why. Unless it is the finding itself, a model can use it, and fail elsewhere"
    return Finding(question, str(signal), remedy if signal.told else "", signal.told)


def _codes(values: np.ndarray) -> np.ndarray | None:
    """Return a column as numbers of bins or of words; None if it has one value, or names."""
    if values.dtype.kind in "fiu":
        edges = np.unique(np.nanquantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
        # A value that is missing is a bin of its own.
        codes = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values))
    else:
        words, codes = np.unique(values, return_inverse=True)
        if len(words) > MOST_VALUES:
            return None
    return codes if len(np.unique(codes)) > 1 else None


def _evidence(
    codes: np.ndarray, labels: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Return, for each case and class, how much more frequent the class is in the case's bin.

    Logarithms, from the other folds' cases; of several columns they can be added (naive Bayes).
    """
    classes, bins = int(labels.max()) + 1, int(codes.max()) + 1
    scores = np.empty((len(labels), classes))
    for train, test in folds:
        pairs = codes[train] * classes + labels[train]
        counts = np.bincount(pairs, minlength=bins * classes).reshape(bins, classes)
        share = np.maximum(counts.sum(axis=0), 0.5) / len(train)
        # As if each bin held one case more, of all classes as they are in general.
        inside = (counts + share) / (counts.sum(axis=1, keepdims=True) + 1)
        scores[test] = np.log(inside / share)[codes[test]]
    return scores


def _mean_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    if scores.shape[1] == 2:
        return _auc(labels == 1, scores[:, 1] - scores[:, 0])
    return float(np.mean([_auc(labels == k, scores[:, k]) for k in range(scores.shape[1])]))


# ---- are there enough cases ----------------------------------------------------------------


def _too_few(classes: tuple[str, ...], test: Split, width: float) -> Iterator[Finding]:
    groups = _groups(test)
    counts = [len(np.unique(groups[test.labels == label])) for label in range(len(classes))]
    who = "patients" if isinstance(test, Cases) and test.patients is not None else "images"
    for name, count in zip(classes, counts, strict=True):
        question = f"Are there enough test {who}? {name}"
        yield _enough(question, f"a share found of {name}", count, width, _share_width, who)
    if len(classes) == 2:
        # The rarer class decides; the other one grows with it.
        ratio = max(counts) / max(min(counts), 1)

        def auc_width(count: int) -> float:
            return _auc_width(count, int(count * ratio))

        question = f"Are there enough test {who}? AUC"
        yield _enough(
            question, "an AUC", min(counts), width, auc_width, f"{who} of the rarer class"
        )


def _enough(
    question: str, what: str, count: int, width: float, expect: Callable[[int], float], who: str
) -> Finding:
    if count == 0:
        return Finding(question, "none", "bring some", True)
    wide = expect(count)
    seen = f"with {count:,} {who}, {what} of {SUPPOSED} has an interval about {wide:.2f} wide"
    if wide <= width:
        return Finding(question, seen, "", False)
    needed = count
    while expect(needed) > width:
        needed = math.ceil(needed * 1.05)
    remedy = f"for {width:g}, about {float(f'{needed:.2g}'):,.0f} {who} are needed"
    return Finding(question, seen, remedy, True)


def _share_width(count: int) -> float:
    """Return the width of Wilson's 95 % interval of a share."""
    low, high = wilson_interval(round(SUPPOSED * count), count)
    return high - low


def _auc_width(positives: int, negatives: int) -> float:
    """Return the width of the 95 % interval of an AUC (Hanley and McNeil, 1982)."""
    auc = SUPPOSED
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return 2 * 1.96 * math.sqrt(variance / (positives * negatives))
