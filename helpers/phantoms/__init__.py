"""Simulated images whose truth is known: images of nobody, for experiments and as look-alikes.

`radiographs`, `ultrasound`, `fundus` and `slices` all have the same parameters:

labels : int array (N,)
    The class of each image to draw; `draw_labels` draws labels of a given prevalence.
seed : int
    Of everything drawn. The same seed gives the same images, and the same anatomy whatever the
    labels, lesion, scanner and marker: one patient with and without a lesion, on two scanners.
size : int
    Height and width in pixels, 8 or more.
lesion : Lesion
    How large, how visible and where lesions are.
scanner : Scanner
    Noise, blur and gray scale.
marker : sequence of floats, or None
    For each class the probability of a small white square in the top left corner: a shortcut.

They return `Phantoms`, and raise ValueError if labels are no classes of theirs, the marker has not
one probability a class, or another parameter is not what is listed. Positions are (x, y) from
(-1, -1) top left to (1, 1) bottom right.

`chests` draws radiographs with several findings at once, as `draw_findings` says.
"""

from .drawing import Lesion, Phantoms, Scanner, draw_labels
from .findings import FINDINGS, chests, draw_findings
from .photography import SPOTS, fundus
from .radiography import BONE, LUNG, PHOTONS, TISSUE, radiographs
from .solids import tubes
from .sonography import DYNAMIC_RANGE, ultrasound
from .tomography import LESIONS, SEQUENCES, TISSUES, signals, slices

__all__ = [
    "BONE",
    "DYNAMIC_RANGE",
    "FINDINGS",
    "LESIONS",
    "LUNG",
    "PHOTONS",
    "SEQUENCES",
    "SPOTS",
    "TISSUE",
    "TISSUES",
    "Lesion",
    "Phantoms",
    "Scanner",
    "chests",
    "draw_findings",
    "draw_labels",
    "fundus",
    "radiographs",
    "signals",
    "slices",
    "tubes",
    "ultrasound",
]
