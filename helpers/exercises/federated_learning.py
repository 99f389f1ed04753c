"""Exercises of the lesson in which hospitals train together and keep their images."""

from collections.abc import Sequence

import numpy as np

from helpers.exercises import Exercise

_rng = np.random.default_rng(0)


def _averaged(weights: Sequence[Sequence[np.ndarray]], counts: np.ndarray) -> list[np.ndarray]:
    shares = counts / np.sum(counts)
    return [np.tensordot(shares, np.array(arrays), 1) for arrays in zip(*weights, strict=True)]


def _hospitals(*shapes: tuple[int, ...], hospitals: int) -> list[list[np.ndarray]]:
    return [[_rng.normal(size=shape) for shape in shapes] for _ in range(hospitals)]


averaged = Exercise(
    _averaged,
    inputs=[
        (_hospitals((3, 2), (2,), hospitals=3), np.array([10, 30, 60])),
        (_hospitals((4,), (2, 3), (3,), hospitals=2), np.array([7, 1])),
    ],
    mistakes={
        "All hospitals count the same in that; weigh each by its number of images.": (
            lambda weights, counts: _averaged(weights, np.ones(len(counts)))
        ),
        "That is a sum; divide by the number of all images.": lambda weights, counts: [
            array * counts.sum() for array in _averaged(weights, counts)
        ],
        "Divide by the number of images, not by that of hospitals.": lambda weights, counts: [
            array * counts.sum() / len(counts) for array in _averaged(weights, counts)
        ],
        "That takes the largest hospital alone.": lambda weights, counts: list(
            weights[int(np.argmax(counts))]
        ),
        "That is the mean of the first array only; a network has several.": (
            lambda weights, counts: _averaged(weights, counts)[:1]
        ),
        "The more images, the more a hospital counts; you have it the other way round.": (
            lambda weights, counts: _averaged(weights, 1 / counts)
        ),
    },
)


def _scale(
    counts: np.ndarray, totals: np.ndarray, squares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    mean = totals.sum(axis=0) / counts.sum()
    return mean, np.sqrt(squares.sum(axis=0) / counts.sum() - mean**2)


def _sums(counts: Sequence[int], features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what hospitals give of features whose mean differs from one to the next."""
    X = [_rng.normal(at, 1 + at, (count, features)) for at, count in enumerate(counts)]
    return (
        np.array(counts),
        np.array([one.sum(axis=0) for one in X]),
        np.array([(one**2).sum(axis=0) for one in X]),
    )


def _mean_of_means(
    counts: np.ndarray, totals: np.ndarray, squares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    mean = (totals / counts[:, None]).mean(axis=0)
    return mean, np.sqrt((squares / counts[:, None]).mean(axis=0) - mean**2)


scale = Exercise(
    _scale,
    inputs=[_sums([9, 3, 30], features=2), _sums([4, 11], features=3)],
    mistakes={
        "That is the mean of the hospitals' means; a hospital counts by its images.": (
            _mean_of_means
        ),
        "That is the mean of the hospitals' deviations: it misses that their means differ.": (
            lambda counts, totals, squares: (
                _scale(counts, totals, squares)[0],
                np.sqrt(squares / counts[:, None] - (totals / counts[:, None]) ** 2).mean(axis=0),
            )
        ),
        "The second is a variance; take its root.": lambda counts, totals, squares: (
            _scale(counts, totals, squares)[0],
            _scale(counts, totals, squares)[1] ** 2,
        ),
        "From the mean square the square of the mean is taken away; you leave it in.": (
            lambda counts, totals, squares: (
                _scale(counts, totals, squares)[0],
                np.sqrt(squares.sum(axis=0) / counts.sum()),
            )
        ),
        "Those are one number for each hospital; add the hospitals up.": (
            lambda counts, totals, squares: (
                totals / counts[:, None],
                np.sqrt(squares / counts[:, None] - (totals / counts[:, None]) ** 2),
            )
        ),
        "One mean for each feature: do not average over the features.": (
            lambda counts, totals, squares: (
                _scale(counts, totals, squares)[0].mean(),
                _scale(counts, totals, squares)[1].mean(),
            )
        ),
    },
)


def _recovered(dW: np.ndarray, db: np.ndarray) -> np.ndarray:
    unit = np.argmax(np.maximum(db, -db))
    return dW[:, unit] / db[unit]


def _gradient(pixels: int, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient of a dense layer from one image, and a little from another one."""
    image, other = _rng.uniform(size=(2, pixels))
    one, two = _rng.normal(size=units), 0.2 * _rng.normal(size=units)
    return np.outer(image, one) + np.outer(other, two), one + two


recovered = Exercise(
    _recovered,
    inputs=[
        (np.array([[0.5, -1.5, 0.2], [0.1, -0.9, 0.4]]), np.array([1.0, -3.0, 2.0])),
        (np.array([[0.5, -1.5], [0.3, -0.2], [0.1, -0.9]]), np.array([3.0, -2.0])),
        _gradient(pixels=5, units=4),
    ],
    mistakes={
        "The largest without its sign: a strong negative gradient tells as much.": (
            lambda dW, db: dW[:, np.argmax(db)] / db[np.argmax(db)]
        ),
        "That is the unit with the smallest gradient; take the largest.": (
            lambda dW, db: dW[:, np.argmin(np.abs(db))] / db[np.argmin(np.abs(db))]
        ),
        "Divide the weights' gradient by that of the bias.": (
            lambda dW, db: dW[:, np.argmax(np.abs(db))]
        ),
        "The sign is lost: divide by the bias' gradient itself, not by its size.": lambda dW, db: (
            dW[:, np.argmax(np.abs(db))] / np.abs(db).max()
        ),
        "Upside down: the weights' gradient is divided by that of the bias.": lambda dW, db: (
            1 / _recovered(dW, db)
        ),
        "One unit is enough; you return one image for each.": lambda dW, db: dW / db,
    },
)
