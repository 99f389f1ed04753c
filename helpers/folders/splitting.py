"""Divided by patient: once, or in folds. Every patient is on one side."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from ..datasets import SPLITS, Dataset
from .cases import Cases

FINEST = 20  # parts that patients are dealt out into: shares are multiples of a twentieth


@dataclass(frozen=True, eq=False, repr=False)
class PatientDataset(Dataset):
    """A `Dataset` of `Cases`: its splits know their files and patients."""

    def _heading(self) -> str:
        kind = ", SIMULATED, not real images" if self.synthetic else ""
        return f"{self.name}: {self.provenance}{kind}"

    def _counts(self) -> list[tuple[str, list[int]]]:
        splits = [self.train, self.validation, self.test]
        counts = super()._counts()
        patients = [s.patients for s in splits if isinstance(s, Cases) and s.patients is not None]
        if patients:
            counts.append(("patients", [len(np.unique(who)) for who in patients]))
        return counts


def split_by_patient(
    cases: Cases,
    test: float | None = 0.2,
    validation: float | None = 0.2,
    seed: int = 0,
) -> Dataset:
    """Return cases in three splits, with all images of a patient in one of them.

    Classes are spread as evenly as patients allow (scikit-learn's `StratifiedGroupKFold`). Where no
    patient is known, each image counts as one.

    Parameters
    ----------
    cases : Cases
        From `read`, or `helpers.chest_xrays.load`.
    test, validation : float or None
        Share of all cases, rounded to a twentieth; None keeps the part that the data came with.
    seed : int
        The same seed deals the patients out in the same way.

    Raises
    ------
    ValueError
        If a share is none, a part is not there, a class has too few patients, or a patient is on
        two sides of the parts that are kept.

    Examples
    --------
    >>> from helpers import chest_xrays
    >>> split_by_patient(chest_xrays.load(32, synthetic=True), test=None, validation=0.2).validation
    chest X-rays: 62 images, squeezed to 32 x 32, gray, SIMULATED, not real images
                   images    patients
    normal             20          20
    pneumonia          42          16
    all                62          36
    """
    for name, share in (("test", test), ("validation", validation)):
        if share is not None and not (isinstance(share, int | float) and 0 < share < 1):
            raise ValueError(f"{name}={share!r}; give a share between 0 and 1, or None")
        if share is None and (cases.parts is None or name not in cases.parts):
            raise ValueError(
                f"{name}=None keeps the part called {name}, but {cases.name} has none; give a share"
            )
    if (test or 0) + (validation or 0) >= 1:
        raise ValueError(f"test={test} and validation={validation} leave nothing to train on")
    which = np.full(len(cases), "train", dtype="<U10")
    for name, share in (("test", test), ("validation", validation)):
        if share is None:
            assert cases.parts is not None
            which[cases.parts == name] = name
    kept = which != "train"
    for name, share in (("test", test), ("validation", validation)):
        if share is not None:
            rest = np.flatnonzero(which == "train")
            # Kept parts do not count: a share is one of what is divided.
            left = 1 - (test or 0) if name == "validation" else 1
            which[rest[_deal(cases.take(rest), share / left, name, seed)]] = name
    how = "by patient" if cases.patients is not None else "by image (patients are not known)"
    parts = [n for n, share in (("test", test), ("validation", validation)) if share is None]
    if kept.any():
        how = f"{' and '.join(parts)} as it came" + ("" if kept.all() else f", the rest {how}")
    return _dataset(cases, which, f"split {how}, seed {seed}")


def _deal(cases: Cases, share: float, name: str, seed: int) -> np.ndarray:
    """Return which cases make up a share, as numbers; no patient is torn."""
    groups = cases.groups
    rarest = _need_patients(cases, 2, f"a split for {name}")
    parts = Fraction(share).limit_denominator(min(FINEST, rarest))
    if not 0 < parts < 1:
        raise ValueError(
            f"{name}={share:.3g} of {rarest} patients (of the rarest class) is less than one, or "
            "all; give another share, or bring more patients"
        )
    folds = StratifiedGroupKFold(parts.denominator, shuffle=True, random_state=seed)
    dealt = [fold for _, fold in folds.split(np.zeros(len(cases)), cases.labels, groups)]
    return np.concatenate(dealt[: parts.numerator])


def _need_patients(cases: Cases, least: int, purpose: str) -> int:
    """Return the number of patients of the rarest class; ValueError if they are too few."""
    groups = cases.groups
    counts = [len(np.unique(groups[cases.labels == k])) for k in range(len(cases.classes))]
    fewest = int(np.argmin(counts))
    if counts[fewest] < least:
        who = "patients" if cases.patients is not None else "images (patients are not known)"
        raise ValueError(
            f"{purpose} needs {least} {who} of each class or more; {cases.classes[fewest]} has "
            f"{counts[fewest]}. Bring more, or join classes"
        )
    return counts[fewest]


def nested_folds(
    cases: Cases, outer: int = 5, inner: int = 4, seed: int = 0
) -> Iterator[tuple[int, int, Dataset]]:
    """Yield each fold of a nested cross-validation by patient.

    The outer folds are the tests: each patient is in one of them. What is left is divided into the
    inner folds: each is the validation once. Choose by the mean over the inner folds, test on the
    outer one.

    Parameters
    ----------
    cases : Cases
        From `read`, or `helpers.chest_xrays.load`.
    outer, inner : int
        Numbers of folds, 2 or more.
    seed : int
        The same seed gives the same folds.

    Yields
    ------
    (outer fold, inner fold, Dataset)

    Raises
    ------
    ValueError
        If a number of folds is none, or a class has too few patients.
    """
    for name, count in (("outer", outer), ("inner", inner)):
        if not isinstance(count, int | np.integer) or count < 2:
            raise ValueError(f"{name}={count!r}; give 2 folds or more")
    # Of the rarest class, a test fold takes its share and the inner folds need one patient each.
    _need_patients(cases, max(outer, inner + -(-inner // (outer - 1))), "so many folds")
    groups, blank = cases.groups, np.zeros(len(cases))
    tests = StratifiedGroupKFold(outer, shuffle=True, random_state=seed)
    for i, (rest, tested) in enumerate(tests.split(blank, cases.labels, groups)):
        choices = StratifiedGroupKFold(inner, shuffle=True, random_state=seed + 1 + i)
        for j, (_, chosen) in enumerate(
            choices.split(blank[rest], cases.labels[rest], groups[rest])
        ):
            which = np.full(len(cases), "train", dtype="<U10")
            which[tested] = "test"
            which[rest[chosen]] = "validation"
            yield i, j, _dataset(cases, which, f"test fold {i} of {outer}, inner {j} of {inner}")


def _dataset(cases: Cases, which: np.ndarray, how: str) -> Dataset:
    sides = {name: cases.take(which == name) for name in SPLITS}
    for name, side in sides.items():
        lacking = [c for k, c in enumerate(cases.classes) if not (side.labels == k).any()]
        if lacking:
            raise ValueError(
                f"{name} has no {' and no '.join(lacking)} ({how}); there are too few patients: "
                "bring more, join classes, or try another share or seed"
            )
    if cases.patients is not None:
        train, validation, test = (set(side.patients) for side in sides.values())  # type: ignore[arg-type]
        if torn := (train & validation) | (train & test) | (validation & test):
            raise ValueError(
                f"{len(torn)} patients, {min(torn)} among them, are on two sides ({how}); "
                "give a share for each part, so that all is divided anew"
            )
    binary = len(cases.classes) == 2
    return PatientDataset(
        **sides,
        classes=cases.classes,
        name=cases.name,
        size=cases.images.shape[1],
        task="binary-class" if binary else "multi-class",
        license="",
        citation="",
        provenance=f"{cases.how}; {how}",
        synthetic=cases.synthetic,
    )
