"""Exercises of the lesson on a hospital's export."""

import numpy as np

from helpers.exercises import Exercise

_rng = np.random.default_rng(0)


def _to_gray(stored: np.ndarray, photometric: str, bits: int) -> np.ndarray:
    gray = stored / (2**bits - 1)
    return 1 - gray if photometric == "MONOCHROME1" else gray


_stored = _rng.integers(0, 3000, (3, 5)).astype("uint16")

to_gray = Exercise(
    _to_gray,
    inputs=[
        (_stored, "MONOCHROME2", 12),
        (_stored, "MONOCHROME1", 12),
        (_stored // 20, "MONOCHROME1", 8),
        (_stored * 20, "MONOCHROME2", 16),
    ],
    mistakes={
        "In a MONOCHROME1 picture 0 is white: turn it around.": lambda stored, photometric, bits: (
            stored / (2**bits - 1)
        ),
        "MONOCHROME2 is the usual one, where 0 is black.": lambda stored, photometric, bits: (
            1 - _to_gray(stored, photometric, bits)
        ),
        "White is where the scale ends, `2**bits - 1`, not the picture's maximum.": (
            lambda stored, photometric, bits: (
                1 - stored / stored.max() if photometric == "MONOCHROME1" else stored / stored.max()
            )
        ),
        "The largest number of `bits` bits is `2**bits - 1`.": lambda stored, photometric, bits: (
            1 - stored / 2**bits if photometric == "MONOCHROME1" else stored / 2**bits
        ),
        "Not every file has 8 bits: `bits` says it.": lambda stored, photometric, bits: _to_gray(
            stored, photometric, 8
        ),
        "From 0 to 1, not from 0 to 255.": lambda stored, photometric, bits: (
            255 * _to_gray(stored, photometric, bits)
        ),
    },
)


def _two_owners(pairs: list[tuple[str, str]], owner: dict[str, str]) -> list[tuple[str, str]]:
    return [pair for pair in pairs if owner[pair[0]] != owner[pair[1]]]


_owner = {"a": "P1", "b": "P1", "c": "Q1", "d": "P2", "e": "P2", "f": "Q2", "g": "P10", "h": "P1"}

two_owners = Exercise(
    _two_owners,
    inputs=[
        ([("a", "b"), ("a", "c"), ("d", "e"), ("f", "d")], _owner),
        ([("g", "h"), ("e", "d"), ("b", "h"), ("c", "f")], _owner | {"c": "Q2", "g": "P11"}),
        ([("a", "b"), ("d", "e"), ("a", "e")], _owner | {"e": "P3", "a": "P3"}),
    ],
    mistakes={
        "Those are the pairs with one owner.": lambda pairs, owner: [
            pair for pair in pairs if owner[pair[0]] == owner[pair[1]]
        ],
        "Two files always have two names: compare their owners.": lambda pairs, owner: [
            pair for pair in pairs if pair[0] != pair[1]
        ],
        "Return pairs of files, not of owners.": lambda pairs, owner: [
            (owner[one], owner[other]) for one, other in pairs if owner[one] != owner[other]
        ],
        "Return the pairs, not how many they are.": lambda pairs, owner: len(
            _two_owners(pairs, owner)
        ),
        "`P1` and `P10` are two patients: compare whole names.": lambda pairs, owner: [
            pair for pair in pairs if owner[pair[0]][:2] != owner[pair[1]][:2]
        ],
        "Keep the order of the pairs.": lambda pairs, owner: _two_owners(pairs, owner)[::-1],
    },
)


def _auc_within(labels: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> float:
    ill, healthy = labels == 1, labels == 0
    same = groups[ill][:, None] == groups[healthy]
    difference = scores[ill][:, None] - scores[healthy]
    return float(np.mean(((difference > 0) + 0.5 * (difference == 0))[same]))


def _pairs(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Whether the ill case's score is higher, for all pairs: 0, 0.5 or 1."""
    difference = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    return (difference > 0) + 0.5 * (difference == 0)


def _mean_of_groups(labels: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> float:
    return float(
        np.mean(
            [_pairs(labels[groups == g], scores[groups == g]).mean() for g in np.unique(groups)]
        )
    )


auc_within = Exercise(
    _auc_within,
    inputs=[
        (
            np.array([1, 0, 1, 0, 1, 0, 1]),
            np.array([0.9, 0.6, 0.4, 0.1, 0.5, 0.5, 0.7]),
            np.array([1, 1, 0, 0, 0, 0, 1]),
        ),
        (
            np.array([0, 1, 0, 0, 1, 1, 0, 1, 0, 0]),
            np.array([0.2, 0.3, 0.3, 0.8, 0.6, 0.9, 0.7, 0.8, 0.1, 0.4]),
            np.array([2, 2, 2, 5, 5, 5, 5, 2, 2, 5]),
        ),
    ],
    mistakes={
        "Leave out pairs from two groups.": lambda labels, scores, groups: float(
            _pairs(labels, scores).mean()
        ),
        "Those are the pairs of two different groups.": lambda labels, scores, groups: float(
            _pairs(labels, scores)[groups[labels == 1][:, None] != groups[labels == 0]].mean()
        ),
        "Each pair counts alike: that is the mean of the groups' AUCs.": _mean_of_groups,
        "Equal scores count as one half.": lambda labels, scores, groups: float(
            (_pairs(labels, scores) == 1)[
                groups[labels == 1][:, None] == groups[labels == 0]
            ].mean()
        ),
        "Equal scores count as one half, not as right.": lambda labels, scores, groups: float(
            (_pairs(labels, scores) > 0)[groups[labels == 1][:, None] == groups[labels == 0]].mean()
        ),
        "The ill one's score is to be the higher one.": lambda labels, scores, groups: (
            1 - _auc_within(labels, scores, groups)
        ),
    },
)


def _balanced_weights(labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    weights = np.empty(len(labels))
    kinds = set(zip(labels, groups, strict=True))
    for label, group in kinds:
        alike = (labels == label) & (groups == group)
        weights[alike] = len(labels) / len(kinds) / alike.sum()
    return weights


def _inverse(values: np.ndarray) -> np.ndarray:
    _, kind, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray(len(values) / len(counts) / counts[kind])


balanced_weights = Exercise(
    _balanced_weights,
    inputs=[
        (np.array([0, 0, 0, 1, 1, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])),
        (np.array([2, 0, 1, 1, 2, 2, 0, 2]), np.array([3, 1, 1, 1, 3, 3, 3, 1])),
        (np.array([0, 1, 1, 1, 1]), np.array([7, 7, 7, 9, 9])),
    ],
    mistakes={
        "That balances the labels; balance them within each group.": lambda labels, groups: (
            _inverse(labels)
        ),
        "That balances the groups; balance the labels within each.": lambda labels, groups: (
            _inverse(groups)
        ),
        "Rare combinations need large weights: divide by their count.": lambda labels, groups: (
            1 / _balanced_weights(labels, groups)
        ),
        "Their mean is to be 1.": lambda labels, groups: (
            _balanced_weights(labels, groups) / len(labels)
        ),
        "Product of two balances: a combination may still weigh more than another.": (
            lambda labels, groups: _inverse(labels) * _inverse(groups)
        ),
        "Of the combinations that occur only.": lambda labels, groups: (
            _balanced_weights(labels, groups)
            * len(np.unique(np.stack([labels, groups], axis=1), axis=0))
            / (len(np.unique(labels)) * len(np.unique(groups)))
        ),
    },
)
