"""Exercises of the lesson "Images as tensors"."""

import numpy as np

from helpers.exercises import Exercise

_random = np.random.default_rng(31)


def _window(
    stored: np.ndarray, slope: float, intercept: float, center: float, width: float
) -> np.ndarray:
    hounsfield = np.asarray(stored, dtype=float) * slope + intercept
    return np.clip((hounsfield - (center - width / 2)) / width, 0, 1)


window = Exercise(
    solution=_window,
    inputs=[
        (np.array([[24.0, 864.0, 1004.0], [1064.0, 1124.0, 1924.0]]), 1.0, -1024.0, 40, 400),
        (np.linspace(-200, 1300, 24).reshape(2, 3, 4, 1), 0.8, -900.0, -400, 900),
        (np.array([[0, 900, 1064], [1200, 40000, 65535]], dtype=np.uint16), 2, -1024, 300, 1500),
    ],
    mistakes={
        "16 bits run over: stored values are integers without a sign. Make them floats first.": (
            lambda x, s, i, c, w: _window(x * s + i, 1, 0, c, w)
        ),
        "Stored values are not Hounsfield units yet: times slope, plus intercept.": (
            lambda x, s, i, c, w: _window(x, 1, 0, c, w)
        ),
        "The intercept is added, not subtracted; it is negative already.": (
            lambda x, s, i, c, w: _window(x, s, -i, c, w)
        ),
        "Multiply by the slope first, then add the intercept.": lambda x, s, i, c, w: _window(
            x.astype(float) + i, s, 0, c, w
        ),
        "The slope is missing.": lambda x, s, i, c, w: _window(x, 1, i, c, w),
        "Half of the width lies on each side of the center: the window starts at "
        "center - width / 2.": lambda x, s, i, c, w: _window(x, s, i, c - w / 2, w),
        "center is the middle of the window, not its lower end.": lambda x, s, i, c, w: _window(
            x, s, i, c + w / 2, w
        ),
        "Cut off what lies outside: below 0 becomes 0, above 1 becomes 1.": (
            lambda x, s, i, c, w: (x.astype(float) * s + i - (c - w / 2)) / w
        ),
        "Large values are bright: yours is the negative.": lambda x, s, i, c, w: (
            1 - _window(x, s, i, c, w)
        ),
        "Scale to 0 to 1, not to 0 to 255.": lambda x, s, i, c, w: 255 * _window(x, s, i, c, w),
        "Cutting off is half of it: subtract the lower end and divide by the width, "
        "so that the result runs from 0 to 1.": lambda x, s, i, c, w: np.clip(
            x.astype(float) * s + i, c - w / 2, c + w / 2
        ),
        "np.clip comes last: cut to 0 to 1 after the division.": lambda x, s, i, c, w: (
            np.clip(x.astype(float) * s + i - (c - w / 2), 0, 1) / w
        ),
    },
)


def _blocks(x: np.ndarray, k: int) -> np.ndarray:
    """Return the whole blocks of an image: (rows, k, columns, k)."""
    H, W = x.shape[0] // k, x.shape[1] // k
    return x[: H * k, : W * k].reshape(H, k, W, k)


def _block_mean(x: np.ndarray, k: int) -> np.ndarray:
    return _blocks(x, k).mean(axis=(1, 3))


block_mean = Exercise(
    solution=_block_mean,
    inputs=[
        (_random.integers(0, 256, (6, 9)).astype(np.uint8), 3),
        (_random.random((7, 11)), 2),
    ],
    mistakes={
        "You keep one pixel of each block and drop the rest; take the mean of all.": lambda x, k: (
            _blocks(x, k)[:, 0, :, 0]
        ),
        "You add up each block; divide by its number of pixels, or call mean.": lambda x, k: (
            _blocks(x, k).sum(axis=(1, 3))
        ),
        "You take the largest of each block; that is max pooling. Take the mean.": lambda x, k: (
            _blocks(x, k).max(axis=(1, 3))
        ),
        "The result is cut down to whole numbers; a mean is a float.": lambda x, k: _block_mean(
            x, k
        ).astype(int),
        "You leave out rows at the top and columns at the left; leave out those at the bottom and "
        "the right.": lambda x, k: _block_mean(x[::-1, ::-1], k)[::-1, ::-1],
        "Rows and columns have changed places.": lambda x, k: _block_mean(x, k).T,
        "The axes of reshape are in the wrong order: rows of blocks, k, columns of blocks, k.": (
            lambda x, k: _blocks(x, k).reshape(k, x.shape[0] // k, k, -1).mean(axis=(0, 2))
        ),
    },
)


def _normalize(train: np.ndarray, new: np.ndarray) -> np.ndarray:
    return (new - train.mean(axis=(0, 1, 2))) / train.std(axis=(0, 1, 2))


normalize = Exercise(
    solution=_normalize,
    inputs=[
        (
            _random.random((4, 3, 2, 3)) * [1.0, 2.0, 5.0] + [0.0, 1.0, 2.0],
            _random.random((2, 3, 2, 3)) + 1,
        ),
        (
            _random.integers(0, 256, (3, 2, 4, 1)).astype(np.uint8),
            _random.integers(0, 256, (1, 2, 4, 1)).astype(np.uint8),
        ),
    ],
    mistakes={
        "The numbers come from train, not from new: new may be a test set.": lambda train, new: (
            _normalize(new, new)
        ),
        "NumPy's `std` as it stands will do: without ddof=1.": lambda train, new: (
            (new - train.mean(axis=(0, 1, 2))) / train.std(axis=(0, 1, 2), ddof=1)
        ),
        "The numbers come from train alone, not from train and new together.": lambda train, new: (
            _normalize(np.concatenate([train, new]), new)
        ),
        "You return train; normalize new.": lambda train, new: _normalize(train, train),
        "One pair of numbers for each channel: take the mean over axes 0, 1 and 2.": (
            lambda train, new: (new - train.mean()) / train.std()
        ),
        "One pair of numbers for each channel, not for each pixel: take the mean over rows and "
        "columns too.": lambda train, new: (new - train.mean(axis=0)) / train.std(axis=0),
        "Divide by the standard deviation, not by the variance.": lambda train, new: (
            (new - train.mean(axis=(0, 1, 2))) / train.var(axis=(0, 1, 2))
        ),
        "Subtract the mean too.": lambda train, new: new / train.std(axis=(0, 1, 2)),
        "Divide by the standard deviation too.": lambda train, new: (
            new - train.mean(axis=(0, 1, 2))
        ),
        "Mind the brackets: subtract first, then divide the difference.": lambda train, new: (
            new - train.mean(axis=(0, 1, 2)) / train.std(axis=(0, 1, 2))
        ),
    },
)

channels_first = Exercise(
    solution=lambda batch: np.moveaxis(batch, 3, 1),
    inputs=[(_random.random((2, 4, 5, 3)),), (_random.random((3, 2, 2, 2)),)],
    mistakes={
        "reshape gives the right shape and mixes up the numbers; use moveaxis or transpose.": (
            lambda batch: batch.reshape(batch.shape[0], batch.shape[3], *batch.shape[1:3])
        ),
        "Rows and columns have changed places; swapping axes 1 and 3 is not enough.": (
            lambda batch: batch.swapaxes(1, 3)
        ),
        "All axes are turned around; images stay first, rows before columns.": lambda batch: (
            batch.T
        ),
        "The channels are in front of the images; the images stay the first axis.": lambda batch: (
            np.moveaxis(batch, 3, 0)
        ),
        "This is the way back: it takes axis 1 to the end. Take axis 3 to place 1.": lambda batch: (
            np.moveaxis(batch, 1, 3)
        ),
        "The order has not changed yet.": lambda batch: batch,
    },
)
