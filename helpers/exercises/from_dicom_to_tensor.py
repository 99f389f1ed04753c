"""Exercises of the lesson on DICOM: stored values, windows, inversion, spacing."""

import numpy as np

from helpers.exercises import Exercise

_STORED = np.array([[0, 1024], [2048, 3000]], dtype=np.int16)
_LARGE = np.array([[30000, -5, 7]], dtype=np.int16)

to_hounsfield = Exercise(
    solution=lambda stored, slope, intercept: slope * stored.astype(float) + intercept,
    inputs=[(_STORED, 1.0, -1024.0), (_LARGE, 2, -1000)],
    mistakes={
        "The intercept is added; it is negative already.": (
            lambda x, slope, intercept: slope * x.astype(float) - intercept
        ),
        "First the slope, then the intercept.": (
            lambda x, slope, intercept: slope * (x.astype(float) + intercept)
        ),
        "The slope is missing.": lambda x, slope, intercept: x.astype(float) + intercept,
        "The intercept is missing.": lambda x, slope, intercept: slope * x.astype(float),
        "16 bits ran over: turn the stored values into float first.": (
            lambda x, slope, intercept: (int(slope) * x + np.int16(intercept)).astype(float)
        ),
        "Multiply by the slope; do not divide.": (
            lambda x, slope, intercept: x.astype(float) / slope + intercept
        ),
    },
)

_HU = np.array([-1000.0, -160.0, 0.0, 40.0, 239.0, 1000.0])

to_window = Exercise(
    solution=lambda values, center, width: np.clip((values - center) / width + 0.5, 0, 1),
    inputs=[(_HU, 40.0, 400.0), (1.5 * _HU[:5] - 20, -600.0, 1500.0)],
    mistakes={
        "Cut what is below 0 and above 1 (np.clip).": (
            lambda values, center, width: (values - center) / width + 0.5
        ),
        "The center belongs in the middle, at 0.5.": (
            lambda values, center, width: np.clip((values - center) / width, 0, 1)
        ),
        "The width is the whole width, not the half.": (
            lambda values, center, width: np.clip((values - center) / (2 * width) + 0.5, 0, 1)
        ),
        "That is white for small numbers; turn it around.": (
            lambda values, center, width: 1 - np.clip((values - center) / width + 0.5, 0, 1)
        ),
        "Cutting is right; now scale from 0 to 1.": (
            lambda values, center, width: np.clip(values, center - width / 2, center + width / 2)
        ),
        "The center is subtracted, not added.": (
            lambda values, center, width: np.clip((values + center) / width + 0.5, 0, 1)
        ),
    },
)

_FILM = np.array([[0, 100], [900, 1000]], dtype=np.uint16)

turn_around = Exercise(
    solution=lambda stored, bits: 2**bits - 1 - stored.astype(int),
    inputs=[(_FILM, 10), (3 * _FILM[:1], 15)],
    mistakes={
        "Use the number of bits, not this image's largest value.": (
            lambda stored, bits: stored.max() - stored.astype(int)
        ),
        "The largest number of so many bits is one less.": (
            lambda stored, bits: 2**bits - stored.astype(int)
        ),
        "A negative number is darker than black; add the largest possible number.": (
            lambda stored, bits: -stored.astype(int)
        ),
        "That is for eight bits.": lambda stored, bits: 255 - stored.astype(int),
        "That is as before.": lambda stored, bits: stored,
        "With bits, the largest number is a power of two, not a product.": (
            lambda stored, bits: 2 * bits - 1 - stored.astype(int)
        ),
    },
)

resampled_shape = Exercise(
    solution=lambda shape, spacing, target: tuple(round(n * spacing / target) for n in shape),
    inputs=[((512, 512), 0.86, 1.0), ((100, 37), 0.7, 2.0)],
    mistakes={
        "Larger pixels mean fewer of them: the fraction is the other way around.": (
            lambda shape, spacing, target: tuple(round(n * target / spacing) for n in shape)
        ),
        "Round to the nearest; do not cut.": (
            lambda shape, spacing, target: tuple(int(n * spacing / target) for n in shape)
        ),
        "A number of pixels is whole: round.": (
            lambda shape, spacing, target: tuple(n * spacing / target for n in shape)
        ),
        "That is the size in millimeters; divide by the target.": (
            lambda shape, spacing, target: tuple(round(n * spacing) * 1.0 for n in shape)
        ),
        "The spacing of the image counts too.": (
            lambda shape, spacing, target: tuple(round(n / target) for n in shape)
        ),
        "Give both numbers: rows and columns.": (
            lambda shape, spacing, target: round(shape[0] * spacing / target)
        ),
    },
)
