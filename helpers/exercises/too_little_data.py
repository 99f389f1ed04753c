"""Exercises of the lesson on too little data: S5.1."""

import numpy as np

from helpers.exercises import Exercise


def _worth(sizes: np.ndarray, aucs: np.ndarray, gain: float, few: int) -> float:
    slope = np.polyfit(np.log2(sizes), aucs, 1)[0]
    return float(few * 2 ** (gain / slope))


_SIZES = np.array([5, 10, 20, 40, 80, 160])
_AUCS = np.array([0.6, 0.66, 0.7, 0.75, 0.78, 0.8])

worth = Exercise(
    _worth,
    inputs=[
        (_SIZES, _AUCS, 0.03, 80),
        (_SIZES, _AUCS, -0.02, 40),
        (_SIZES[2:], _AUCS[2:], 0.01, 20),
    ],
    mistakes={
        "That is the number of doublings; how many images are that?": (
            lambda sizes, aucs, gain, few: float(gain / np.polyfit(np.log2(sizes), aucs, 1)[0])
        ),
        "The slope is for a doubling: fit to the logarithm of base 2.": (
            lambda sizes, aucs, gain, few: float(
                few * 2 ** (gain / np.polyfit(np.log(sizes), aucs, 1)[0])
            )
        ),
        "The curve is straight in the logarithm of the size, not in the size.": (
            lambda sizes, aucs, gain, few: float(few + gain / np.polyfit(sizes, aucs, 1)[0])
        ),
        "np.polyfit gives the slope first; you took the height at one image.": (
            lambda sizes, aucs, gain, few: float(
                few * 2 ** (gain / np.polyfit(np.log2(sizes), aucs, 1)[1])
            )
        ),
        "So many doublings, not so many times: 2 to the power of it.": (
            lambda sizes, aucs, gain, few: float(
                few * gain / np.polyfit(np.log2(sizes), aucs, 1)[0]
            )
        ),
        "That is what comes on top; give all images a class.": (
            lambda sizes, aucs, gain, few: _worth(sizes, aucs, gain, few) - few
        ),
        "Fit a line to all sizes; the two ends alone waste what lies between.": (
            lambda sizes, aucs, gain, few: float(
                few * 2 ** (gain * np.log2(sizes[-1] / sizes[0]) / (aucs[-1] - aucs[0]))
            )
        ),
    },
)


def _pseudo_labels(chances: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray]:
    taken = np.flatnonzero(chances.max(axis=1) >= limit)
    return taken, chances[taken].argmax(axis=1)


_CHANCES = np.array([[0.97, 0.03], [0.4, 0.6], [0.02, 0.98], [0.9, 0.1], [0.05, 0.95], [0.7, 0.3]])

pseudo_labels = Exercise(
    _pseudo_labels,
    inputs=[
        (_CHANCES, 0.9),
        (_CHANCES, 0.95),
        (_CHANCES, 0.6),
        (np.array([[0.2, 0.5, 0.3], [0.1, 0.0, 0.9], [0.7, 0.3, 0.0], [0.1, 0.8, 0.1]]), 0.7),
    ],
    mistakes={
        "You take only images of class 1; a network can be sure of class 0, too.": (
            lambda chances, limit: (
                np.flatnonzero(chances[:, 1] >= limit),
                np.ones(np.sum(chances[:, 1] >= limit), int),
            )
        ),
        "These are the images of which the network is not sure.": lambda chances, limit: (
            np.flatnonzero(chances.max(axis=1) < limit),
            chances[chances.max(axis=1) < limit].argmax(axis=1),
        ),
        "Give the guesses of the images that are taken, not those of all.": (
            lambda chances, limit: (
                np.flatnonzero(chances.max(axis=1) >= limit),
                chances.argmax(axis=1),
            )
        ),
        "You return where the images are as True and False; return their places.": (
            lambda chances, limit: (
                chances.max(axis=1) >= limit,
                chances[chances.max(axis=1) >= limit].argmax(axis=1),
            )
        ),
        "A pseudo-label is the class, not the probability of it.": lambda chances, limit: (
            np.flatnonzero(chances.max(axis=1) >= limit),
            chances.max(axis=1)[chances.max(axis=1) >= limit],
        ),
        "The guess is the class with the larger probability: argmax, not argmin.": (
            lambda chances, limit: (
                np.flatnonzero(chances.max(axis=1) >= limit),
                chances[chances.max(axis=1) >= limit].argmin(axis=1),
            )
        ),
        "You take all images, sure or not.": lambda chances, limit: (
            np.arange(len(chances)),
            chances.argmax(axis=1),
        ),
    },
)


def _turned(images: np.ndarray, turns: np.ndarray) -> np.ndarray:
    return np.array([np.rot90(image, turn) for image, turn in zip(images, turns, strict=True)])


_IMAGES = np.arange(4 * 9).reshape(4, 3, 3)
_TURNS = np.array([1, 0, 3, 2])

turned = Exercise(
    _turned,
    inputs=[(_IMAGES, _TURNS), (_IMAGES[:2], np.array([3, 1]))],
    mistakes={
        "You turn the other way: np.rot90 turns to the left, and so does the exercise.": (
            lambda images, turns: _turned(images, -turns)
        ),
        "You turn each image once, whatever its number says.": lambda images, turns: _turned(
            images, np.ones_like(turns)
        ),
        "You turn all images by the first one's number.": lambda images, turns: _turned(
            images, np.full_like(turns, turns[0])
        ),
        "np.rot90 of the whole array turns the stack of images; turn one image at a time.": (
            lambda images, turns: np.rot90(images, turns[0])
        ),
        "That is a mirror image: swapping rows and columns is no turn.": lambda images, turns: (
            np.array(
                [image.T if turn % 2 else image for image, turn in zip(images, turns, strict=True)]
            )
        ),
        "You mirror; turn instead.": lambda images, turns: np.array(
            [image[:, ::-1] if turn else image for image, turn in zip(images, turns, strict=True)]
        ),
        "Nothing has turned.": lambda images, turns: images,
    },
)
