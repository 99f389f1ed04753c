"""Exercises of the lesson on model cards (S6.5)."""

from collections.abc import Mapping, Sequence

import numpy as np

from helpers.exercises import Exercise


def _missing(texts: Mapping[str, str], fields: Sequence[str]) -> list[str]:
    return [field for field in fields if not texts.get(field, "").strip()]


_TEXTS = {"limits": "Children only.", "ethics": "  ", "purpose": "", "date": "2024"}

missing = Exercise(
    _missing,
    inputs=[
        (_TEXTS, ["purpose", "data", "limits", "ethics"]),
        ({}, ["purpose", "data"]),
        ({"purpose": "Teaching."}, ["purpose"]),
    ],
    mistakes={
        "A field that is there but empty says nothing either.": lambda texts, fields: [
            field for field in fields if field not in texts
        ],
        "A field that is not in `texts` at all is missing too.": lambda texts, fields: [
            field for field in fields if field in texts and not texts[field].strip()
        ],
        "Spaces say nothing: strip them before you look.": lambda texts, fields: [
            field for field in fields if not texts.get(field, "")
        ],
        "These are the fields that are there.": lambda texts, fields: [
            field for field in fields if texts.get(field, "").strip()
        ],
        "Keep the order of `fields`.": lambda texts, fields: sorted(_missing(texts, fields)),
        "Name the fields; don't count them.": lambda texts, fields: len(_missing(texts, fields)),
        "The other way round: you name what nobody asked for.": lambda texts, fields: [
            field for field in texts if field not in fields
        ],
    },
)


def _row(measure: str, value: float, low: float, high: float) -> str:
    return f"| {measure} | {value:.3f} | {low:.3f} to {high:.3f} |"


row = Exercise(
    _row,
    inputs=[
        ("AUC", 0.96712, 0.9541, 0.98),
        ("accuracy", 0.7516, 0.7162, 0.784),
        ("Brier", 0.07, 0.04013, 1.0),
    ],
    mistakes={
        "Three decimals each, also where the last one is zero.": (
            lambda measure, value, low, high: (
                f"| {measure} | {round(value, 3)} | {round(low, 3)} to {round(high, 3)} |"
            )
        ),
        "Round to three decimals.": lambda measure, value, low, high: (
            f"| {measure} | {value} | {low} to {high} |"
        ),
        "Three decimals, not two.": lambda measure, value, low, high: (
            f"| {measure} | {value:.2f} | {low:.2f} to {high:.2f} |"
        ),
        "A row begins and ends with a bar.": lambda measure, value, low, high: (
            f"{measure} | {value:.3f} | {low:.3f} to {high:.3f}"
        ),
        "The interval is one cell, its ends joined by `to`.": lambda measure, value, low, high: (
            f"| {measure} | {value:.3f} | {low:.3f} | {high:.3f} |"
        ),
        "First the lower end, then the higher one.": lambda measure, value, low, high: _row(
            measure, value, high, low
        ),
        "A value without its interval says too little.": lambda measure, value, low, high: (
            f"| {measure} | {value:.3f} |"
        ),
    },
)


def _cases_needed(share: float, width: float) -> int:
    return int(np.ceil(1.96**2 * share * (1 - share) / (width / 2) ** 2))


cases_needed = Exercise(
    _cases_needed,
    inputs=[(0.9, 0.1), (0.5, 0.05), (0.97, 0.03)],
    mistakes={
        "The width goes from end to end: `width / 2` to each side.": lambda share, width: int(
            np.ceil(1.96**2 * share * (1 - share) / width**2)
        ),
        "Round up: one case fewer is too few.": lambda share, width: int(
            1.96**2 * share * (1 - share) / (width / 2) ** 2
        ),
        "A number of cases is whole: round up.": lambda share, width: (
            1.96**2 * share * (1 - share) / (width / 2) ** 2
        ),
        "Solved for n, 1.96 is squared.": lambda share, width: int(
            np.ceil(1.96 * share * (1 - share) / (width / 2) ** 2)
        ),
        "Solved for n, half the width is squared.": lambda share, width: int(
            np.ceil(1.96**2 * share * (1 - share) / (width / 2))
        ),
        "The factor 1.96 is missing: that is one standard error to each side.": (
            lambda share, width: int(np.ceil(share * (1 - share) / (width / 2) ** 2))
        ),
        "You take one half for the share; it is given.": lambda share, width: _cases_needed(
            0.5, width
        ),
    },
)
