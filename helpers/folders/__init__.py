"""Your own images: a folder or a table, with everything that is wrong with it, to a `Dataset`.

    cases = folders.read("my-images", size=128, fit="pad")
    data = folders.split_by_patient(cases, test=0.2, validation=0.2, seed=0)

`report` only looks. `helpers.audit` asks whether the splits can be trusted.
"""

from .cases import Cases, FileImages, read, report
from .copies import near_pairs, thumbnails
from .drawing import draw_fits
from .pictures import FITS, fit_to
from .problems import KINDS, FolderError, Problem, Report
from .splitting import nested_folds, split_by_patient

__all__ = [
    "FITS",
    "KINDS",
    "Cases",
    "FileImages",
    "FolderError",
    "Problem",
    "Report",
    "draw_fits",
    "fit_to",
    "near_pairs",
    "nested_folds",
    "read",
    "report",
    "split_by_patient",
    "thumbnails",
]
