"""Exercises of the lesson on the reader's own images."""

import math
import re

import numpy as np

from helpers.exercises import Exercise

_rng = np.random.default_rng(0)


def _child(name: str) -> str:
    part, _, file = name.split("/")
    if "_" in file:
        return f"{part}/{file.split('_')[0]}"
    return f"{part}/{file.rpartition('-')[0]}"


child = Exercise(
    _child,
    inputs=[
        ("train/PNEUMONIA/person118_virus_224.jpeg",),
        ("test/PNEUMONIA/person7_bacteria_24.jpeg",),
        ("train/NORMAL/IM-0115-0001.jpeg",),
        ("test/NORMAL/NORMAL2-IM-0370-0002.jpeg",),
    ],
    mistakes={
        "Numbers start anew in each part, so the part belongs to the name.": lambda name: _child(
            name
        ).partition("/")[2],
        "Join part and child with a slash.": lambda name: _child(name).replace("/", "-", 1),
        "The class does not belong to the name of a child.": lambda name: "/".join(
            [*name.split("/")[:2], _child(name).split("/")[1]]
        ),
        "That is the image, not the child: its number and its germ come after the child's.": (
            lambda name: f"{name.split('/')[0]}/{name.split('/')[2].removesuffix('.jpeg')}"
        ),
        "NORMAL2-IM-0370 and IM-0370 are two examinations.": lambda name: _child(name).replace(
            "NORMAL2-", ""
        ),
        "Keep the number after IM: it is the examination's; the one after it is the image's.": (
            lambda name: re.sub(r"(IM)-\d+$", r"\1", _child(name))
        ),
    },
)


def _threshold(labels: np.ndarray, scores: np.ndarray, missed: int) -> float:
    ill = np.sort(scores[labels == 1])
    return float(ill[missed - 1 : missed + 1].mean())


_labels = (np.arange(120) % 3 > 0).astype(int)

threshold = Exercise(
    _threshold,
    inputs=[
        (_labels, _rng.permutation(np.linspace(0.02, 0.98, 120)), 4),
        (np.array([1, 0, 1, 1, 0, 1, 0, 1]), np.linspace(0.9, 0.1, 8) ** 2, 2),
        (np.array([0, 1, 1, 0, 0, 1]), np.array([0.5, 0.7, 0.45, 0.2, 0.6, 0.9]), 1),
    ],
    mistakes={
        "It is about the ill only: sort their scores, not all.": (
            lambda labels, scores, missed: _threshold(np.ones_like(labels), scores, missed)
        ),
        "Those are the scores of the healthy; that would set the specificity.": (
            lambda labels, scores, missed: _threshold(1 - labels, scores, missed)
        ),
        "The ill with the lowest scores are missed, not those with the highest.": (
            lambda labels, scores, missed: -_threshold(labels, -scores, missed)
        ),
        "That is the lowest score that is found; go halfway to the one below.": (
            lambda labels, scores, missed: float(np.sort(scores[labels == 1])[missed])
        ),
        "That is the highest score that is missed; go halfway to the one above.": (
            lambda labels, scores, missed: float(np.sort(scores[labels == 1])[missed - 1])
        ),
        "One more than that is missed: Python counts from 0.": (
            lambda labels, scores, missed: _threshold(labels, scores, missed + 1)
        ),
    },
)


def _by_child(scores: np.ndarray, children: np.ndarray) -> np.ndarray:
    return np.array([scores[children == child].mean() for child in np.unique(children)])


by_child = Exercise(
    _by_child,
    inputs=[
        (np.array([0.2, 0.9, 0.4, 0.7, 0.1]), np.array([3, 1, 3, 3, 2])),
        (np.array([0.5, 0.1, 0.8]), np.array(["b", "c", "a"])),
        (_rng.random(12), np.repeat([5, 2, 9], 4)),
    ],
    mistakes={
        "Divide by the number of a child's images.": lambda scores, children: np.array(
            [scores[children == child].sum() for child in np.unique(children)]
        ),
        "That is the highest score of each child; take the mean.": lambda scores, children: (
            np.array([scores[children == child].max() for child in np.unique(children)])
        ),
        "That is the first image of each child; take the mean of all.": lambda scores, children: (
            np.array([scores[children == child][0] for child in np.unique(children)])
        ),
        "One score for each child, not for each image.": lambda scores, children: np.array(
            [scores[children == child].mean() for child in children]
        ),
        "One score for each child, not one for all of them.": lambda scores, children: _by_child(
            scores, children
        ).mean(),
        "Divide by the number of the child's images, not of all images.": lambda scores, children: (
            np.array(
                [scores[children == child].sum() / len(scores) for child in np.unique(children)]
            )
        ),
    },
)


def _patients_needed(share: float, half_width: float) -> int:
    return math.ceil(share * (1 - share) * (1.96 / half_width) * (1.96 / half_width))


patients_needed = Exercise(
    _patients_needed,
    inputs=[(0.9, 0.05), (0.8, 0.03), (0.5, 0.1)],
    mistakes={
        "Round up: there is no part of a patient, and the width is to be reached.": (
            lambda share, half_width: int(1.96**2 * share * (1 - share) / half_width**2)
        ),
        "The interval is 1.96 standard errors to each side; yours is one.": (
            lambda share, half_width: math.ceil(share * (1 - share) / half_width**2)
        ),
        "Square both sides: n is under a root.": (
            lambda share, half_width: math.ceil(1.96 * np.sqrt(share * (1 - share)) / half_width)
        ),
        "The variance of one answer is p(1 - p), not p.": (
            lambda share, half_width: math.ceil(1.96**2 * share / half_width**2)
        ),
        "half_width is half of the interval, not all of it.": (
            lambda share, half_width: math.ceil(
                1.96**2 * share * (1 - share) / (half_width / 2) ** 2
            )
        ),
        "1.96 belongs into the square too.": (
            lambda share, half_width: math.ceil(1.96 * share * (1 - share) / half_width**2)
        ),
    },
)
