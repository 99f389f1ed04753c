"""Exercises of the lesson on a network that learned from photographs: S5.1."""

import numpy as np

from helpers.exercises import Exercise


def _prepared(images: np.ndarray) -> np.ndarray:
    scaled = (images.astype("float32") - 127) / 128
    return np.repeat(scaled[..., None], 3, axis=-1)


_RANDOM = np.random.default_rng(0)

prepared = Exercise(
    _prepared,
    inputs=[
        (_RANDOM.integers(0, 256, (2, 4, 5), dtype="uint8"),),
        (np.array([[[0, 127, 255, 3]]], dtype="uint8"),),
        (_RANDOM.integers(0, 256, (4, 6, 3), dtype="uint8"),),
    ],
    mistakes={
        "That is the range 0 to 1; this network learned with another one.": lambda images: (
            np.repeat((images.astype("float32") / 255)[..., None], 3, axis=-1)
        ),
        "The numbers are right for one channel; the network takes three.": lambda images: (
            (images.astype("float32") - 127) / 128
        ),
        "The channels come last, not before rows and columns.": lambda images: np.repeat(
            ((images.astype("float32") - 127) / 128)[:, None], 3, axis=1
        ),
        "A uint8 less 127 does not go below 0: make the numbers floats first.": lambda images: (
            np.repeat(((images - np.uint8(127)) / 128)[..., None], 3, axis=-1)
        ),
        "Subtract first, divide afterwards.": lambda images: np.repeat(
            (images.astype("float32") / 128 - 127)[..., None], 3, axis=-1
        ),
        "Divide by 128, not by 127.": lambda images: np.repeat(
            ((images.astype("float32") - 127) / 127)[..., None], 3, axis=-1
        ),
        "You fill one channel of three; gray is the same in all of them.": lambda images: np.stack(
            [(images.astype("float32") - 127) / 128, *2 * [np.zeros(images.shape)]], axis=-1
        ),
    },
)


def _penalty(aucs: np.ndarray, inverse_penalties: np.ndarray) -> tuple[float, float]:
    means = aucs.mean(axis=1)
    return float(inverse_penalties[means == means.max()].min()), float(means.max())


def _at(place: int, aucs: np.ndarray, inverse_penalties: np.ndarray) -> tuple[float, float]:
    return float(inverse_penalties[place]), float(aucs[place].mean())


_INVERSE = np.array([0.001, 0.01, 0.1, 1.0])
# Row by row: by its mean the third wins, by its best draw the fourth, by its spread the first.
_AUCS = np.array([[0.5, 0.5, 0.5], [0.75, 0.5, 0.625], [0.75, 0.875, 0.75], [0.25, 1.0, 0.5]])

penalty = Exercise(
    _penalty,
    inputs=[
        (_AUCS, _INVERSE),
        (_AUCS[::-1], _INVERSE[::-1]),
        # Two are level.
        (np.array([[0.5, 0.625], [0.75, 0.75], [0.5, 1.0]]), np.array([10.0, 1.0, 0.1])),
        (np.array([[0.75, 0.75], [0.5, 1.0], [0.5, 0.625]]), np.array([0.2, 2.0, 20.0])),
    ],
    mistakes={
        "That is its place in the list; give the value itself.": lambda aucs, inverse: (
            int(aucs.mean(axis=1).argmax()),
            float(aucs.mean(axis=1).max()),
        ),
        "That one has the lowest mean.": lambda aucs, inverse: _at(
            aucs.mean(axis=1).argmin(), aucs, inverse
        ),
        "That one has the best single draw, which is luck; take the best mean.": (
            lambda aucs, inverse: _at(aucs.max(axis=1).argmax(), aucs, inverse)
        ),
        "Where two means are level, take the stronger penalty: the smaller value.": (
            lambda aucs, inverse: (
                float(inverse[aucs.mean(axis=1) == aucs.mean(axis=1).max()].max()),
                float(aucs.mean(axis=1).max()),
            )
        ),
        "Where two are level the order of the list should not decide.": (
            lambda aucs, inverse: _at(aucs.mean(axis=1).argmax(), aucs, inverse)
        ),
        "The penalty is right; beside it give its mean AUC, not its best one.": (
            lambda aucs, inverse: (_penalty(aucs, inverse)[0], float(aucs.max()))
        ),
        "That one varies least, which is another question.": lambda aucs, inverse: _at(
            aucs.std(axis=1).argmin(), aucs, inverse
        ),
    },
)


def _images_needed(sizes: np.ndarray, aucs: np.ndarray, target: float) -> float:
    enough = sizes[aucs.mean(axis=1) >= target]
    return float(enough.min()) if len(enough) else np.inf


_SIZES = np.array([20, 40, 80, 160])
_CURVE = np.array([[0.5, 0.625, 0.75], [0.625, 1.0, 0.5], [0.75, 0.75, 0.75], [0.75, 1.0, 0.875]])

images_needed = Exercise(
    _images_needed,
    inputs=[
        (_SIZES, _CURVE, 0.7),
        # Reached to the digit.
        (_SIZES, _CURVE, 0.75),
        (_SIZES[::-1], _CURVE[::-1], 0.65),
        # Never reached by the mean.
        (_SIZES, _CURVE, 0.9),
    ],
    mistakes={
        "That is the largest size that is enough; the question is the smallest.": (
            lambda sizes, aucs, target: (
                float(sizes[aucs.mean(axis=1) >= target].max())
                if (aucs.mean(axis=1) >= target).any()
                else np.inf
            )
        ),
        "One lucky draw is not enough: its mean has to reach the target.": (
            lambda sizes, aucs, target: (
                float(sizes[aucs.max(axis=1) >= target].min())
                if (aucs.max(axis=1) >= target).any()
                else np.inf
            )
        ),
        "All draws need not reach the target; their mean has to.": lambda sizes, aucs, target: (
            float(sizes[aucs.min(axis=1) >= target].min())
            if (aucs.min(axis=1) >= target).any()
            else np.inf
        ),
        "A mean that equals the target has reached it.": lambda sizes, aucs, target: (
            float(sizes[aucs.mean(axis=1) > target].min())
            if (aucs.mean(axis=1) > target).any()
            else np.inf
        ),
        "Where no size is enough, the answer is np.inf, not the largest size.": (
            lambda sizes, aucs, target: (
                float(sizes[aucs.mean(axis=1) >= target].min())
                if (aucs.mean(axis=1) >= target).any()
                else float(sizes.max())
            )
        ),
        "That is a place in the list; give the number of images.": lambda sizes, aucs, target: int(
            np.argmax(aucs.mean(axis=1) >= target)
        ),
        "These are the sizes that are not enough.": lambda sizes, aucs, target: float(
            sizes[aucs.mean(axis=1) < target].min()
        ),
    },
)
