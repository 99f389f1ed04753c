"""Which published radiograph each image of PneumoniaMNIST was made from: so which child it shows.

MedMNIST cut the middle square out of each radiograph and resized it to 28 x 28. Here, radiographs
are squeezed to squares, and how wide they were is not known: so the middle is cut out for each
ratio of width to height that occurs, and the cut most like the image counts.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from experiments.common import grid
from helpers import chest_xrays
from helpers.datasets import load
from helpers.results import Runs, pack

DATA, SIZE = "pneumoniamnist", 224
# Which splits of MedMNIST were made from which published folder.
FOLDERS = {"train": ("train", "validation"), "test": ("test",)}
# Width by height.
LEAST, MOST, RATIOS = 0.7, 3.0, 24
# Below this a match is none: nothing lies between .94 and .96.
SURE = 0.95


def jobs() -> Iterator[dict[str, Any]]:
    return grid(folder=FOLDERS)


def middles(images: np.ndarray, ratio: float, size: int) -> np.ndarray:
    """Return the middle squares (N, size, size) of images (N, S, S) that once had this ratio.

    Examples
    --------
    A bar in the middle of a wide image is as wide after squeezing and cutting:

    >>> image = np.zeros((1, 40, 40), "uint8")
    >>> image[:, :, 15:25] = 200
    >>> (middles(image, ratio=2, size=8)[0, 4] > 100).astype(int)
    array([0, 0, 1, 1, 1, 1, 0, 0])
    """
    side = images.shape[1]
    across, down = side * (1 - min(1, 1 / ratio)) / 2, side * (1 - min(1, ratio)) / 2
    box = (across, down, side - across, side - down)
    cuts = [
        Image.fromarray(image).resize((size, size), Image.Resampling.BICUBIC, box=box)
        for image in images
    ]
    return np.stack([np.asarray(cut) for cut in cuts])


def standardized(images: np.ndarray) -> np.ndarray:
    """Return images as vectors (N, P) of mean 0 and length 1: products are correlations.

    Examples
    --------
    >>> a, b = standardized(np.array([[[1, 2], [3, 4]], [[9, 8], [7, 6]]]))
    >>> float((a @ b).round(4))
    -1.0
    """
    vectors = images.reshape(len(images), -1).astype("float32")
    vectors -= vectors.mean(axis=1, keepdims=True)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def run(folder: str) -> dict[str, Any]:
    cases = chest_xrays.load(SIZE, synthetic=False)
    originals = cases.images[cases.parts == folder][..., 0]
    small = np.concatenate(
        [getattr(load(DATA, synthetic=False), split).images[..., 0] for split in FOLDERS[folder]]
    )
    wanted = standardized(small)
    likeness = np.full((len(small), len(originals)), -1, "float32")
    for ratio in np.geomspace(LEAST, MOST, RATIOS):
        cuts = standardized(middles(originals, ratio, small.shape[1]))
        np.maximum(likeness, wanted @ cuts.T, out=likeness)
    best, second = np.argsort(-likeness, axis=1)[:, :2].T
    order = np.arange(len(small))
    return {
        "original": pack(best, step=1),
        "correlation": pack(likeness[order, best], step=0.0005),
        "runner_up": pack(likeness[order, second], step=0.0005),
    }


def numbers(names: np.ndarray) -> np.ndarray:
    """Return names as numbers from 0, in the order of the alphabet.

    Examples
    --------
    >>> numbers(np.array(["b", "a", "b"]))
    array([1, 0, 1])
    """
    return np.unique(names, return_inverse=True)[1]


def shared() -> dict[str, Any]:
    """Return of each published image, in the order of the names: child, class, germ."""
    cases = chest_xrays.load(SIZE, synthetic=False)
    in_folder = {folder: cases.parts == folder for folder in FOLDERS}
    germs = np.array([chest_xrays.GERMS.index(germ) for germ in cases.columns["germ"]])
    return {
        "labels": {
            folder: np.concatenate(
                [getattr(load(DATA, synthetic=False), split).labels for split in splits]
            )
            for folder, splits in FOLDERS.items()
        },
        "children": {name: numbers(cases.patients[at]) for name, at in in_folder.items()},
        "classes": {name: cases.labels[at] for name, at in in_folder.items()},
        "germs": {name: germs[at] for name, at in in_folder.items()},
    }


def check(runs: Runs) -> None:
    # As published, doi 10.17632/rscbjbr9sj.2; as many in MedMNIST v2.
    for folder, count in (("train", 5232), ("test", 624)):
        about = {
            name: runs.shared[name][folder] for name in ("labels", "children", "classes", "germs")
        }
        assert {len(values) for values in about.values()} == {count}
        one = runs.where(folder=folder)
        best, correlation, runner_up = (
            one.array(name)[0] for name in ("original", "correlation", "runner_up")
        )
        assert len(best) == count and best.min() >= 0 and best.max() < count
        assert np.all(correlation >= runner_up)
        sure = correlation >= SURE
        # The class was not used to find the match.
        right = about["classes"][best] == about["labels"]
        assert right[sure].mean() > 0.999
        # Hardly one radiograph was found twice, copies in the published set aside.
        assert len(np.unique(best[sure])) > 0.99 * sure.sum()
        assert np.median((correlation - runner_up)[sure]) > 0.08
        # A germ goes with a class, a child with one class.
        assert np.array_equal(about["germs"] > 0, about["classes"] == 1)
        by_child = [
            np.ptp(about["classes"][about["children"] == c]) for c in np.unique(about["children"])
        ]
        assert not np.any(by_child)
        if folder == "train":
            assert sure.mean() > 0.99 and np.all(right)
        else:
            # 67 normal images are of no published radiograph; as many radiographs are left.
            assert np.all(sure[about["labels"] == 1])
            assert (~sure).sum() == 67
            assert correlation[~sure].max() < 0.945 and correlation[sure].min() > 0.955
