"""Exercises of the lesson on handing a model over."""

import numpy as np

from helpers.exercises import Exercise


def _may_differ(scores: np.ndarray, threshold: float, difference: float) -> int:
    return int(np.sum(np.abs(scores - threshold) < difference))


_SCORES = np.array([0.2, 0.499, 0.5005, 0.9, 0.51, 0.48, 0.495, 0.05])

may_differ = Exercise(
    _may_differ,
    inputs=[
        (_SCORES, 0.5, 0.002),
        (_SCORES, 0.9, 0.015),
        (_SCORES, 0.5, 0.04),
        (np.array([0.25, 0.375, 0.75, 0.5]), 0.5, 0.25),
    ],
    mistakes={
        "A score may also lie below the threshold and be lifted above it.": (
            lambda scores, threshold, difference: np.sum(
                (scores >= threshold) & (scores - threshold < difference)
            )
        ),
        "A score may also lie above the threshold and fall below it.": (
            lambda scores, threshold, difference: np.sum(
                (scores < threshold) & (threshold - scores < difference)
            )
        ),
        "That is how many stay as they are, whatever the other program says.": (
            lambda scores, threshold, difference: np.sum(np.abs(scores - threshold) >= difference)
        ),
        "That is how many are positive; ask which are so close to the threshold.": (
            lambda scores, threshold, difference: np.sum(scores > threshold)
        ),
        "That is a share; count them.": lambda scores, threshold, difference: np.mean(
            np.abs(scores - threshold) < difference
        ),
        "Return how many, not which.": lambda scores, threshold, difference: (
            np.abs(scores - threshold) < difference
        ),
        "Scores differ by `difference` at most, to either side; do not halve it.": (
            lambda scores, threshold, difference: np.sum(
                np.abs(scores - threshold) < difference / 2
            )
        ),
    },
)


def _prepared(pixels: np.ndarray, white: int, inverted: bool) -> np.ndarray:
    gray = np.minimum(pixels, white) / white
    return 1 - gray if inverted else gray


_PIXELS = np.random.default_rng(0).integers(0, 5000, (2, 3, 4))

prepared = Exercise(
    _prepared,
    inputs=[(_PIXELS, 4095, False), (_PIXELS, 4095, True), (_PIXELS // 4, 1000, True)],
    mistakes={
        "Pixels above white are white: cut them off first.": lambda pixels, white, inverted: (
            1 - pixels / white if inverted else pixels / white
        ),
        "Files that store black as white have to be turned round.": (
            lambda pixels, white, inverted: np.minimum(pixels, white) / white
        ),
        "Turn round only what is stored so.": lambda pixels, white, inverted: (
            1 - np.minimum(pixels, white) / white
        ),
        "Not every device has 255 levels: divide by `white`.": lambda pixels, white, inverted: (
            1 - np.minimum(pixels, white) / 255 if inverted else np.minimum(pixels, white) / 255
        ),
        "The brightest pixel is not the brightest level; divide by `white`.": (
            lambda pixels, white, inverted: (
                1 - pixels / pixels.max() if inverted else pixels / pixels.max()
            )
        ),
        "White is 1, not 255.": lambda pixels, white, inverted: (
            255 * _prepared(pixels, white, inverted)
        ),
        "It is the other way round: `inverted` says what is stored.": (
            lambda pixels, white, inverted: _prepared(pixels, white, not inverted)
        ),
    },
)


def _accounted(arrived: list[str], table: dict[str, float | None]) -> tuple[int, int, int]:
    listed = [table[name] for name in arrived if name in table]
    refused = sum(score is None for score in listed)
    return len(listed) - refused, refused, len(arrived) - len(listed)


_ARRIVED = ["a.png", "b.png", "c.png", "d.png", "e.png", "f.png", "g.png"]
_TABLE = {
    "a.png": 0.3,
    "b.png": None,
    "c.png": 0.0,
    "f.png": 0.8,
    "g.png": 0.1,
    "last-week.png": 0.9,
}
_OTHER = {
    "a.png": None,
    "d.png": 0.0,
    "e.png": 0.0,
    "old.png": None,
    "older.png": None,
    "x.png": 0.4,
}

accounted = Exercise(
    _accounted,
    inputs=[(_ARRIVED, _TABLE), (_ARRIVED[2:], _OTHER), (_ARRIVED[:5], {**_TABLE, **_OTHER})],
    mistakes={
        "A score of 0 is a score: ask whether it is None.": lambda arrived, table: (
            sum(bool(table.get(name)) for name in arrived),
            sum(not table[name] for name in arrived if name in table),
            sum(name not in table for name in arrived),
        ),
        "The table may hold files that have not arrived: go through those that have.": (
            lambda arrived, table: (
                sum(score is not None for score in table.values()),
                sum(score is None for score in table.values()),
                sum(name not in table for name in arrived),
            )
        ),
        "An image without a line is missing, not refused.": lambda arrived, table: (
            sum(table.get(name) is not None for name in arrived),
            sum(table.get(name) is None for name in arrived),
            sum(name not in table for name in arrived),
        ),
        "Count those that are missing: they arrived, and have no line.": lambda arrived, table: (
            *_accounted(arrived, table)[:2],
            0,
        ),
        "Missing are those that arrived and have no line, not the difference of two lengths.": (
            lambda arrived, table: (*_accounted(arrived, table)[:2], len(arrived) - len(table))
        ),
        "First the scored ones, then the refused, then the missing.": lambda arrived, table: (
            _accounted(arrived, table)[1],
            _accounted(arrived, table)[0],
            _accounted(arrived, table)[2],
        ),
    },
)
