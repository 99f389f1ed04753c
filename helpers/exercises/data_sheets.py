"""Exercises of the data sheets: baseline, copies, patients on both sides."""

import numpy as np

from helpers.exercises import Exercise

majority_accuracy = Exercise(
    solution=lambda labels: np.bincount(labels).max() / len(labels),
    inputs=[(np.array([1, 1, 0, 1]),), (np.array([0, 0, 0, 2, 1, 2, 0, 3, 3]),)],
    mistakes={
        "That is how many there are; divide by the number of labels.": (
            lambda labels: np.bincount(labels).max()
        ),
        "That is the class, not how often it is right.": lambda labels: np.bincount(
            labels
        ).argmax(),
        "That is the mean label: the share of class 1 only if there are two classes.": (
            lambda labels: labels.mean()
        ),
        "That is the rarest class.": lambda labels: np.bincount(labels).min() / len(labels),
        "Guessing all classes equally often is another baseline.": (
            lambda labels: 1 / len(np.unique(labels))
        ),
        "That is the share of the first class.": lambda labels: (labels == 0).mean(),
    },
)

_IMAGES = np.array([[[0, 1], [2, 3]], [[0, 1], [2, 3]], [[3, 2], [1, 0]], [[0, 1], [2, 4]]])
_THREE = np.array([[[5, 5]], [[5, 5]], [[5, 5]], [[1, 9]], [[1, 9]], [[9, 1]], [[4, 6]], [[0, 0]]])

different_images = Exercise(
    solution=lambda images: len({image.tobytes() for image in images}),
    inputs=[(_IMAGES,), (_THREE,)],
    mistakes={
        "That is the number of all images.": lambda images: len(images),
        "That is the number of different pixel values; compare whole images.": (
            lambda images: len(np.unique(images))
        ),
        "That is the number of copies.": (
            lambda images: len(images) - len({image.tobytes() for image in images})
        ),
        "Images with the same sum can differ.": lambda images: len(
            {int(image.sum()) for image in images}
        ),
        "Images with the same pixels in another order differ.": (
            lambda images: len({np.sort(image, axis=None).tobytes() for image in images})
        ),
        "Count an image that has copies once, not never.": (
            lambda images: sum((images == image).all(axis=(1, 2)).sum() == 1 for image in images)
        ),
    },
)


def _sides(patients: np.ndarray, test: np.ndarray) -> tuple[set, set]:
    return set(patients[test].tolist()), set(patients[~test].tolist())


patients_on_both_sides = Exercise(
    solution=lambda patients, test: len(set.intersection(*_sides(patients, test))),
    inputs=[
        (np.array([1, 1, 1, 2, 3, 3, 4]), np.array([1, 1, 0, 0, 0, 1, 0], dtype=bool)),
        (np.array([7, 7, 8, 8, 9]), np.array([1, 1, 0, 0, 0], dtype=bool)),
    ],
    mistakes={
        "Those are all patients.": lambda patients, test: len(set(patients.tolist())),
        "Those are the patients of the test set.": lambda p, test: len(_sides(p, test)[0]),
        "Those are the patients of the training set.": lambda p, test: len(_sides(p, test)[1]),
        "Count patients, not images.": lambda p, test: int(
            np.isin(p[test], p[~test]).sum() + np.isin(p[~test], p[test]).sum()
        ),
        "Count patients, not images of the test set.": lambda p, test: int(
            np.isin(p[test], p[~test]).sum()
        ),
        "Those are the patients on one side only.": lambda p, test: len(
            set.symmetric_difference(*_sides(p, test))
        ),
    },
)
