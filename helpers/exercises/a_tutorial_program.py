"""Exercises of the lesson on the tutorial program (S4.1, S4.2)."""

import numpy as np

from helpers.exercises import Exercise


def _one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes)[labels]


def _from_one(labels: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes + 1)[labels][:, 1:]


def _classes_seen(labels: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(labels.max() + 1)[labels]


one_hot = Exercise(
    _one_hot,
    inputs=[(np.array([2, 0, 1, 1]), 4), (np.array([1, 0, 0]), 2)],
    mistakes={
        "You give the labels back; each label becomes a row of its own.": lambda labels, classes: (
            labels
        ),
        "Each image is a row and each class a column; yours is turned on its side.": (
            lambda labels, classes: _one_hot(labels, classes).T
        ),
        "Labels count from 0: label 0 puts its 1 into the first column.": _from_one,
        "The number of columns is the number of classes, also of those that no label names here.": (
            _classes_seen
        ),
        "The 1 stands at the label and the 0 everywhere else; yours are exchanged.": (
            lambda labels, classes: 1 - _one_hot(labels, classes)
        ),
        "The label's place holds a 1, whatever the label is.": (
            lambda labels, classes: _one_hot(labels, classes) * labels[:, None]
        ),
    },
)


def _baseline(train_labels: np.ndarray, test_labels: np.ndarray) -> float:
    return np.mean(test_labels == np.bincount(train_labels).argmax())


baseline = Exercise(
    _baseline,
    inputs=[
        (np.array([0, 1, 1, 1, 2]), np.array([1, 0, 2, 2, 0, 2, 2, 0])),
        (np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1, 0])),
    ],
    mistakes={
        "The commonest class of the training images, not of the test images: "
        "the baseline must not look at the answers.": (
            lambda train_labels, test_labels: _baseline(test_labels, test_labels)
        ),
        "That is the class's share of the training images; count it in the test images.": (
            lambda train_labels, test_labels: _baseline(train_labels, train_labels)
        ),
        "That is chance. A class that is common is guessed more cleverly.": (
            lambda train_labels, test_labels: 1 / len(np.unique(train_labels))
        ),
        "That is the share of errors; accuracy is the share of hits.": (
            lambda train_labels, test_labels: 1 - _baseline(train_labels, test_labels)
        ),
        "That is a number of images; divide it by how many test images there are.": (
            lambda train_labels, test_labels: (
                len(test_labels) * _baseline(train_labels, test_labels)
            )
        ),
        "That is the class that is guessed; the accuracy of the guess is asked for.": (
            lambda train_labels, test_labels: np.bincount(train_labels).argmax()
        ),
    },
)


def _honest(validation: np.ndarray, test: np.ndarray) -> tuple[int, float]:
    best = np.argmax(validation)
    return int(best) + 1, float(test[best])


def _last_best(validation: np.ndarray, test: np.ndarray) -> tuple[int, float]:
    best = len(validation) - 1 - np.argmax(validation[::-1])
    return int(best) + 1, float(test[best])


honest = Exercise(
    _honest,
    inputs=[
        (np.array([0.7, 0.9, 0.8, 0.9]), np.array([0.6, 0.75, 0.95, 0.85])),
        (np.array([0.5, 0.6, 0.8, 0.7]), np.array([0.55, 0.9, 0.7, 0.65])),
    ],
    mistakes={
        "You choose by the test set: the very habit that this lesson measures.": (
            lambda validation, test: _honest(test, test)
        ),
        "The epoch is right, but you report the accuracy that it was chosen by.": (
            lambda validation, test: (_honest(validation, test)[0], float(validation.max()))
        ),
        "The epoch is right, but you report the best test accuracy, from another epoch.": (
            lambda validation, test: (_honest(validation, test)[0], float(test.max()))
        ),
        "Epochs count from 1, as Keras prints them.": (
            lambda validation, test: (
                _honest(validation, test)[0] - 1,
                _honest(validation, test)[1],
            )
        ),
        "Of equally good epochs take the earliest.": _last_best,
        "That is the last epoch, whatever the validation set says.": (
            lambda validation, test: (len(test), float(test[-1]))
        ),
    },
)
