"""Which images are the same, or nearly: re-encoded, resized, brightened."""

import numpy as np
from scipy import ndimage

from .pictures import thumbnail

# Two images are near copies if their details correlate as much as LEAST, and, part by part, in all
# but a few of 16 parts as much as EVERYWHERE. Measured on 5,856 chest X-rays: of those encoded
# anew, resized, brightened or with a white marker 999 of 1,000 are found, of those that lost 1 % on
# each side a quarter; of 17 million pairs of different ones none, the most alike being at .75.
LEAST, EVERYWHERE = 0.9, 0.8
_PRODUCTS = 2**24  # at a time, of 4 bytes each
_ROWS = 2048  # at a time


def thumbnails(images: np.ndarray) -> np.ndarray:
    """Return small gray copies, uint8 (N, 32, 32), of images uint8 (N, H, W, 1) or (N, H, W, 3)."""
    small = [thumbnail(image[..., 0] if image.shape[-1] == 1 else image) for image in images]
    return np.stack(small)


def details(thumbnails: np.ndarray) -> np.ndarray:
    """Return what thumbnails (N, 32, 32) have besides the coarse shapes, which all share.

    Returns
    -------
    float32 array (N, 1024)
        Of length 1: a product is a correlation. Zeros where there are no details.
    """
    found = np.empty((len(thumbnails), thumbnails[0].size), np.float32)
    for start in range(0, len(thumbnails), _ROWS):
        found[start : start + _ROWS] = _details(thumbnails[start : start + _ROWS])
    return found


def _details(thumbnails: np.ndarray) -> np.ndarray:
    fine = thumbnails.astype(np.float32)
    fine -= ndimage.gaussian_filter(fine, (0, 1, 1))
    flat = fine.reshape(len(fine), -1)
    # An edge that all have, such as that of the round field of an eye, counts no more than texture.
    limit = np.abs(flat).mean(axis=1, keepdims=True)
    flat = np.clip(flat, -limit, limit)
    flat -= flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    return flat / np.maximum(length, 1e-6)


def _everywhere(one: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation that nearly all of 16 parts have.

    Of eyes, the edge of the round field is alike in most parts; what lies inside tells them apart.
    """
    parts = [x.reshape(4, 8, 4, 8).swapaxes(1, 2).reshape(16, 64) for x in (one, other)]
    lengths = [np.linalg.norm(part, axis=1) for part in parts]
    # Where nothing is, as in a black border, there is nothing to compare.
    there = (lengths[0] > 0.05) & (lengths[1] > 0.05)
    if not there.any():
        return 0.0
    products = (parts[0] * parts[1]).sum(axis=1)[there]
    return float(np.quantile(products / (lengths[0] * lengths[1])[there], 0.15))


def near_pairs(
    thumbnails: np.ndarray, others: np.ndarray | None = None, least: float = LEAST
) -> list[tuple[int, int, float]]:
    """Return the pairs of thumbnails that are nearly the same.

    Parameters
    ----------
    thumbnails, others : uint8 arrays (N, 32, 32) and (M, 32, 32)
        What to compare with what; without others each with each.
    least : float
        Correlation of details, up to 1, from which two are a pair.

    Returns
    -------
    list of (i, j, correlation)
        The numbers of the two, i < j where there are no others. Mirrored images are no pair.

    Examples
    --------
    >>> from helpers import phantoms
    >>> small = thumbnails(phantoms.radiographs([0, 1, 0], size=64).images)
    >>> brighter = np.clip(small[:1] * 1.2 + 9, 0, 255).astype(np.uint8)
    >>> [(i, j) for i, j, _ in near_pairs(np.concatenate([small, brighter]))]
    [(0, 3)]
    """
    first = details(thumbnails)
    second = first if others is None else details(others)
    pairs = []
    step = max(1, _PRODUCTS // len(second))
    for start in range(0, len(first), step):
        # Above the diagonal only: each pair once.
        left = start if others is None else 0
        likeness = first[start : start + step] @ second[left:].T
        for i, j in zip(*np.nonzero(likeness >= least), strict=True):
            one, other = first[start + i], second[left + j]
            if (others is not None or start + i < left + j) and _everywhere(
                one, other
            ) >= EVERYWHERE:
                pairs.append((int(start + i), int(left + j), float(likeness[i, j])))
    return pairs


def groups(pairs: list[tuple[int, int]]) -> list[list[int]]:
    """Return what hangs together: lists of numbers, each in order.

    Examples
    --------
    >>> groups([(0, 3), (5, 6), (3, 7)])
    [[0, 3, 7], [5, 6]]
    """
    parent: dict[int, int] = {}

    def top(number: int) -> int:
        while parent.setdefault(number, number) != number:
            parent[number] = number = parent[parent[number]]
        return number

    for i, j in pairs:
        low, high = sorted((top(i), top(j)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for number in sorted(parent):
        members.setdefault(top(number), []).append(number)
    return list(members.values())
