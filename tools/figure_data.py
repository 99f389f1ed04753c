"""Write the data of the figures that a reader moves: `python -m tools.figure_data`.

Test images of PneumoniaMNIST (CC BY 4.0), the stored scores of two networks, the weights of the
network that runs in the page, a piece of a stained slide, a CT slice. All come from data sets and
stored results; nothing is trained here.
"""

import base64
import json
from typing import Any

import numpy as np
from pydicom.data import get_testdata_file
from skimage.data import immunohistochemistry

from helpers import dicom, results
from helpers.datasets import load
from tools.notebooks import ROOT

FOLDER = ROOT / "book" / "_static" / "figures" / "data"
# The image of the lesson "Convolution", of the training images.
SHOWN_IN_LESSON = 170
# Test images of each class.
COUNT = 6


def text_of(array: np.ndarray) -> str:
    """Return the bytes of an array as text.

    Examples
    --------
    >>> text_of(np.array([0, 255], "uint8"))
    'AP8='
    """
    return base64.b64encode(array.tobytes()).decode()


def xrays() -> list[dict[str, Any]]:
    """Return the lesson's image, then test images of each class, evenly spaced by their score.

    So those that the network gets most wrong and most right are among them.
    """
    data = load("pneumoniamnist", synthetic=False)
    (scores,) = results.load("why-did-it-say-that-network").array("test")
    chosen = [("train", SHOWN_IN_LESSON)]
    for label in (0, 1):
        of_class = np.flatnonzero(data.test.labels == label)
        by_score = of_class[np.argsort(scores[of_class], kind="stable")]
        places = np.linspace(0, len(by_score) - 1, COUNT).round().astype(int)
        chosen += [("test", int(number)) for number in by_score[places]]
    return [
        {
            "split": split,
            "number": number,
            "label": int(getattr(data, split).labels[number]),
            "pixels": text_of(getattr(data, split).images[number]),
        }
        for split, number in chosen
    ]


def scores() -> dict[str, Any]:
    """Return labels, and log-odds in hundredths, of both networks of "What is the model worth?"."""
    runs = results.load("what-is-it-worth")
    parts = ("validation", "test")

    def hundredths(task: str, part: str) -> list[int]:
        (log_odds,) = runs.where(task=task, seed=0).array(part)
        return (100 * log_odds).round().astype(int).tolist()

    networks = ("small", "tutorial")
    return {
        "labels": {part: runs.shared["labels"]["small"][part].tolist() for part in parts},
        **{name: {part: hundredths(name, part) for part in parts} for name in networks},
    }


def slide() -> dict[str, Any]:
    """Return a piece of a stained slide in color, each 2 x 2 pixels averaged to one."""
    piece = immunohistochemistry()[300:380, 300:380]
    small = piece.reshape(40, 2, 40, 2, 3).mean(axis=(1, 3)).round().astype("uint8")
    return {"size": len(small), "pixels": text_of(small)}


def ct() -> dict[str, Any]:
    """Return the CT slice of "From DICOM to tensor" in Hounsfield units, 4 x 4 pixels averaged."""
    picture = dicom.read(get_testdata_file("explicit_VR-UN.dcm", download=False))
    height, width = picture.values.shape
    small = picture.values.reshape(height // 4, 4, width // 4, 4).mean(axis=(1, 3)).round()
    return {"size": len(small), "values": text_of(small.astype("<i2"))}


def network() -> dict[str, Any]:
    """Return the filters of the network, and its weights: half floats, in Keras' order."""
    runs = results.load("why-did-it-say-that-network")
    (weights,) = runs.array("weights")
    return {"filters": runs.settings["FILTERS"], "weights": text_of(weights.astype("<i2"))}


def files() -> dict[str, str]:
    """Return the text of each file."""
    makers = (xrays, scores, network, slide, ct)
    return {
        f"{maker.__name__}.json": json.dumps(maker(), separators=(",", ":")) + "\n"
        for maker in makers
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
