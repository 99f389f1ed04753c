"""What each way of fitting does to an image, as a picture."""

import os
from pathlib import Path

from matplotlib.figure import Figure

from ..plots import grid
from .cases import _need_size
from .pictures import FITS, FaultError, fit_to, open_image, to_channels


def draw_fits(file: str | os.PathLike, size: int) -> Figure:
    """Draw an image as it is, cropped, padded and squeezed.

    Parameters
    ----------
    file : path
        Of an image.
    size : int
        Rows and columns of the three that are fitted.

    Raises
    ------
    ValueError
        If the file can't be read, or the size is none.
    """
    size = _need_size(size)
    try:
        pixels = open_image(Path(file)).pixels
    except FaultError as fault:
        raise ValueError(f"{Path(file).name}: {fault}") from None
    color, white = pixels.ndim == 3, max(int(pixels.max()), 1)
    small = [to_channels(fit_to(pixels, size, fit), color, white) for fit in FITS]  # type: ignore[arg-type]
    titles = ["x".join(map(str, pixels.shape[:2])), *FITS]
    return grid([pixels, *small], titles=titles, columns=4, size=1.8)
