"""Exercises of the lesson on medical images: what a pixel measures."""

import numpy as np

from helpers.exercises import Exercise

transmitted_share = Exercise(
    solution=lambda mu, thickness: np.exp(-mu * thickness),
    inputs=[(0.2, 10.0), (0.5, 1.0), (0.2, 0.0)],
    mistakes={
        "That share grows with the thickness; the exponent is negative.": lambda mu, d: np.exp(
            mu * d
        ),
        "That is the share that is stopped.": lambda mu, d: 1 - np.exp(-mu * d),
        "Fewer X-rays are left for each further centimeter: not a straight line.": (
            lambda mu, d: 1 - mu * d
        ),
        "The thickness counts too.": lambda mu, d: np.exp(-mu),
        "mu and the thickness are multiplied.": lambda mu, d: np.exp(-mu - d),
        "The base is e (np.exp), not 10.": lambda mu, d: 10 ** (-mu * d),
    },
)

hounsfield_units = Exercise(
    solution=lambda mu, water: 1000 * (mu - water) / water,
    inputs=[(0.2, 0.2), (0.0, 0.2), (0.3, 0.15)],
    mistakes={
        "Divide by the coefficient of water, not by that of the tissue.": (
            lambda mu, water: 1000 * (mu - water) / mu if mu else -np.inf
        ),
        "The difference is divided by the coefficient of water.": (
            lambda mu, water: 1000 * (mu - water)
        ),
        "Water itself has 0: subtract its coefficient.": lambda mu, water: 1000 * mu / water,
        "The sign is turned: air has -1000.": lambda mu, water: 1000 * (water - mu) / water,
        "Multiply by 1000.": lambda mu, water: (mu - water) / water,
        "Air has -1000, not 0, and water has 0.": lambda mu, water: 1000 * mu / water - 2000,
    },
)

echo_depth = Exercise(
    solution=lambda microseconds: 1.54 * microseconds / 2,
    inputs=[(100.0,), (13.0,)],
    mistakes={
        "The sound goes there and back: halve the way.": lambda t: 1.54 * t,
        "Millimeters: a meter a second is a thousandth of a millimeter a microsecond.": (
            lambda t: 1540 * t / 2
        ),
        "Multiply the time by the speed; do not divide.": lambda t: t / 1.54 / 2,
        "The way is halved, not doubled.": lambda t: 1.54 * t * 2,
        "That is in centimeters.": lambda t: 0.154 * t / 2,
        "That is in meters.": lambda t: 0.00154 * t / 2,
    },
)
