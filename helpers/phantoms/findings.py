"""Chest radiographs with several findings at once, which go together as in a hospital."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from helpers import inputs

from .drawing import Draw, ellipse, pixel_centers, rotate
from .radiography import (
    BONE,
    LUNG,
    PHOTONS,
    TISSUE,
    gray_levels,
    lung,
    on_lung,
    path,
    spine_and_ribs,
    torso,
)

# What may be found, and in which share of the images it is.
FINDINGS = {
    "large heart": 0.22,
    "effusion": 0.28,
    "consolidation": 0.15,
    "nodule": 0.08,
    "pneumothorax": 0.02,
}
# Correlation of what lies behind two findings; of the pairs that are not named, 0.
TOGETHER = {
    ("large heart", "effusion"): 0.6,
    ("effusion", "consolidation"): 0.5,
    ("effusion", "pneumothorax"): 0.3,
}


def draw_findings(count: int, seed: int = 0) -> np.ndarray:
    """Return how strong each of the `FINDINGS` is in each image (N, K): 0 where it is not there.

    Behind each finding lies a normal number, and the finding is there where the number is large;
    the numbers of two findings are correlated as `TOGETHER` says. How strong it then is, is drawn
    evenly from 0.2 to 1.

    Parameters
    ----------
    count : int
        Images.
    seed : int
        Of what is drawn.

    Raises
    ------
    ValueError
        If count or seed is no such integer.

    Examples
    --------
    >>> there = draw_findings(10_000) > 0
    >>> there.mean(axis=0).round(2)
    array([0.21, 0.29, 0.15, 0.08, 0.02])

    An effusion is found twice as often where the heart is large:

    >>> bool(there[there[:, 0], 1].mean() > 2 * there[:, 1].mean())
    True
    """
    names = list(FINDINGS)
    correlation = np.eye(len(names))
    for pair, value in TOGETHER.items():
        one, other = map(names.index, pair)
        correlation[one, other] = correlation[other, one] = value
    count = inputs.whole("count", count, least=1)
    # A stream of its own: anatomy that is drawn from the same seed does not follow the findings.
    random = np.random.default_rng([inputs.whole("seed", seed, least=0), 2])
    # Cholesky's factor is the same on every machine; NumPy's usual one, by SVD, is not.
    behind = random.multivariate_normal(np.zeros(len(names)), correlation, count, method="cholesky")
    there = behind > norm.ppf(1 - np.array(list(FINDINGS.values())))
    return np.asarray(there * random.uniform(0.2, 1, there.shape))


def chests(strength: ArrayLike, seed: int = 0, size: int = 28) -> np.ndarray:
    """Return frontal chest radiographs (N, H, W, 1) as uint8, with the findings that are asked for.

    X-rays and body are those of `radiographs`. A large heart is wider; an effusion is fluid at the
    bottom of one lung, higher at its side; a consolidation is a part of a lung that holds fluid in
    the place of air; a nodule is a ball of tissue in a lung; a pneumothorax is air around the top
    of a lung that has shrunk.

    Parameters
    ----------
    strength : array (N, K)
        From 0 (not there) to 1, in the order of `FINDINGS`; as from `draw_findings`.
    seed : int
        Of anatomy and photons. The same seed gives the same patients, whatever is found in them.
    size : int
        Height and width in pixels, 8 or more.

    Raises
    ------
    ValueError
        If a strength is none, or another parameter is not what is listed.

    Examples
    --------
    >>> chests(draw_findings(3)).shape
    (3, 28, 28, 1)
    """
    strong = inputs.array("strength", strength, axes="NK")
    if strong.shape[1] != len(FINDINGS) or strong.min() < 0 or strong.max() > 1:
        given = inputs.told(strong)
        raise ValueError(
            f"strength={given}, from {strong.min():g} to {strong.max():g}; "
            f"give (N, {len(FINDINGS)}), from 0 to 1"
        )
    heart, effusion, patch, nodule, collapse = strong.astype(np.float32).T[:, :, None, None]
    draw = Draw(np.zeros(len(strong), int), 1, seed, None)
    across, down = pixel_centers(size)
    # In cm, 10.5 of them from the middle to the edge.
    x, y = (
        (axis - draw(f"shift_{name}", -0.06, 0.06)) * draw(f"scale_{name}", 9.5, 11.5)
        for name, axis in (("x", across), ("y", down))
    )
    body = torso(x, y, draw("torso", 12, 14.5), draw("depth", 6.5, 8))
    half = draw("heart", 3.2, 4.3) + 2.2 * heart
    beating = path(ellipse(*rotate(x - draw("heart_x", 1, 2), y - 3, -0.6), half, 4.8), 4.5)
    width, height = draw("lung_width", 3.1, 3.9), draw("lung_height", 7.5, 9.5)
    tilt, dome = draw("tilt", 0.15, 0.32), draw("diaphragm", 4, 6.5)
    sides = {name: draw.side(f"side_{name}") for name in FINDINGS}
    places = {
        name: (draw(f"x_{name}", 3, 6.5), draw(f"y_{name}", -4, 2.5))
        for name in ("consolidation", "nodule")
    }
    wide = draw("patch", 2.2, 3.2)
    air, wet, empty = (np.zeros_like(body) for _ in range(3))
    for side in (-1, 1):
        of = {name: sides[name] == side for name in FINDINGS}
        u, v = on_lung(x, y, side, tilt)
        free = np.maximum(lung(x, y, side, tilt, width, height, dome) - 0.8 * beating, 0)
        level = dome + 3.2 - 5.5 * effusion - 0.05 * np.square(np.maximum(side * x - 3, 0))
        dry = 1 - np.clip((y - level) / 1.5 + 0.5, 0, 1) * (of["effusion"] & (effusion > 0))
        apart = {name: (x - side * p, y - q) for name, (p, q) in places.items()}
        far = ellipse(*apart["consolidation"], wide, wide)
        dry = dry * (1 - of["consolidation"] * 0.9 * patch * np.maximum(1 - far, 0))
        radius = of["nodule"] * (nodule > 0) * (0.7 + 1.2 * nodule) + 1e-6
        ball = path(ellipse(*apart["nodule"], radius, radius), radius)
        outside = ellipse(u, v - 1, width * (1 - 0.4 * collapse), height * (1 - 0.3 * collapse)) > 1
        air += free
        wet += np.minimum(free * (1 - dry) + np.minimum(ball, free), free)
        empty += free * (outside & of["pneumothorax"] & (collapse > 0) & (y < 2))
    bones = spine_and_ribs(x, y, draw("ribs", 2.1, 2.6))
    rays = (
        TISSUE * (body - air + wet)
        + LUNG * np.maximum(air - wet - empty, 0)
        + (BONE - TISSUE) * bones
    )
    gray = gray_levels(PHOTONS * np.exp(-rays), PHOTONS, draw)
    return np.clip(np.rint(gray * 255), 0, 255).astype(np.uint8)
