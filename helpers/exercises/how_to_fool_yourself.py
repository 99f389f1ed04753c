"""Exercises of the lesson that makes mistakes on purpose (S6.5)."""

import numpy as np

from helpers.exercises import Exercise


def _leaked_images(train_patients: np.ndarray, test_patients: np.ndarray) -> int:
    return int(np.isin(test_patients, train_patients).sum())


leaked_images = Exercise(
    _leaked_images,
    inputs=[
        (np.array([1, 1, 2, 3, 3]), np.array([3, 3, 3, 4, 5, 1])),
        (np.array([7, 8, 8, 8]), np.array([8, 9])),
        (np.array([1, 2]), np.array([3, 4, 4])),
    ],
    mistakes={
        "That is the number of patients; count their images in the test set.": lambda train, test: (
            len(np.intersect1d(train, test))
        ),
        "You count training images; count the test images.": lambda train, test: int(
            np.isin(train, test).sum()
        ),
        "You count the images of patients who are only in the test set.": lambda train, test: int(
            (~np.isin(test, train)).sum()
        ),
        "That is a share; give the number of images.": lambda train, test: float(
            np.isin(test, train).mean()
        ),
        "You count pairs of a training and a test image; count each test image once.": (
            lambda train, test: int((test[:, None] == train).sum())
        ),
        "You count images of both sets; count those of the test set.": lambda train, test: int(
            np.isin(test, train).sum() + np.isin(train, test).sum()
        ),
    },
)


def _normalize(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    return (train - mean) / deviation, (test - mean) / deviation


def _by_all(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    both = np.concatenate([train, test])
    mean, deviation = both.mean(axis=0), both.std(axis=0)
    return (train - mean) / deviation, (test - mean) / deviation


def _by_rows(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    def scaled(part: np.ndarray) -> np.ndarray:
        return (part - part.mean(axis=1, keepdims=True)) / part.std(axis=1, keepdims=True)

    return scaled(train), scaled(test)


_rng = np.random.default_rng(0)

normalize = Exercise(
    _normalize,
    inputs=[
        (_rng.normal(3, 2, (5, 3)), _rng.normal(4, 1, (4, 3))),
        (_rng.normal(-1, 3, (4, 2)), _rng.normal(0, 5, (1, 2))),
    ],
    mistakes={
        "The test images are scaled by their own statistics; use those of the training images.": (
            lambda train, test: (
                _normalize(train, test)[0],
                (test - test.mean(axis=0)) / test.std(axis=0),
            )
        ),
        "The statistics are of all images; the test images must not take part.": _by_all,
        "One mean for all columns; each column has its own.": lambda train, test: tuple(
            (part - train.mean()) / train.std() for part in (train, test)
        ),
        "You scale each image by its own row; a mean belongs to a column.": _by_rows,
        "The mean is subtracted, the standard deviation is missing.": lambda train, test: tuple(
            part - train.mean(axis=0) for part in (train, test)
        ),
        "You divide by the variance; divide by its root.": lambda train, test: tuple(
            (part - train.mean(axis=0)) / train.var(axis=0) for part in (train, test)
        ),
        "Only the training images are scaled; the test images need the same scale.": (
            lambda train, test: (_normalize(train, test)[0], test)
        ),
    },
)


def _balanced_accuracy(labels: np.ndarray, guesses: np.ndarray) -> float:
    sensitivity = np.mean(guesses[labels == 1] == 1)
    specificity = np.mean(guesses[labels == 0] == 0)
    return float((sensitivity + specificity) / 2)


balanced_accuracy = Exercise(
    _balanced_accuracy,
    inputs=[
        (np.array([0, 0, 0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 0, 0, 1, 0])),
        (np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])),
        (np.array([1, 1, 1, 0, 0]), np.array([1, 1, 0, 1, 0])),
    ],
    mistakes={
        "That is the plain accuracy: each image counts the same. Let each class count the same.": (
            lambda labels, guesses: float(np.mean(labels == guesses))
        ),
        "That is the sensitivity alone.": lambda labels, guesses: float(
            np.mean(guesses[labels == 1] == 1)
        ),
        "That is the specificity alone.": lambda labels, guesses: float(
            np.mean(guesses[labels == 0] == 0)
        ),
        "You add the two; divide by two.": lambda labels, guesses: (
            2 * _balanced_accuracy(labels, guesses)
        ),
        "You count the errors; count what is right.": lambda labels, guesses: (
            1 - _balanced_accuracy(labels, guesses)
        ),
        "Divide by the number of images of the class, not by the number of all.": (
            lambda labels, guesses: float(np.mean(labels == guesses) / 2)
        ),
    },
)
