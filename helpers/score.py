"""Score new images with a delivered model: `python -m helpers.score MODEL FOLDER SCORES.csv`.

A delivery is two files side by side: `my_xrays.keras`, the network, and `my_xrays.json`, how an
image comes to it and what its score means. `deliver` writes both, `score` uses them. Scores go into
a table with a line for each image: `file`, `score`, `decision`, and the `reason` where there is
none. The table is written whole or not at all.

A Keras file can hold code. Take it only from people whom you trust; see `SECURITY.md`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from helpers import inputs
from helpers.folders import FITS, fit_to
from helpers.folders.listing import _files
from helpers.folders.pictures import FaultError, Fit, is_image_name, open_image, to_channels
from helpers.models import shape_of, top_of
from helpers.training import predict

if TYPE_CHECKING:
    import keras

COLUMNS = ("file", "score", "decision", "reason")
# Images in memory at a time.
CHUNK = 256


class Settings(NamedTuple):
    """What has to be known besides the network.

    Attributes
    ----------
    negative, positive : str
        What classes 0 and 1 mean.
    threshold : float
        Images with a higher score are called positive.
    fit : str
        What happens to an image that is no square; see `helpers.folders.FITS`.
    white : int
        The gray level that becomes 255, as in `helpers.folders.Cases`; 255 for files of 8 bits.
    network : str
        The SHA-256 of the network's file.
    """

    negative: str
    positive: str
    threshold: float
    fit: Fit
    white: int
    network: str


class Scored(NamedTuple):
    """How many images were scored, how many of them are positive, how many could not be scored."""

    scored: int
    positive: int
    refused: int


def deliver(
    model: keras.Model,
    file: str | os.PathLike,
    negative: str,
    positive: str,
    threshold: float,
    fit: Fit,
    white: int = 255,
) -> None:
    """Write a network into a file, and beside it what `score` has to know.

    Parameters
    ----------
    model : keras.Model
        Of two classes; any that `helpers.models` describes. It takes squares of one size.
    file : str or path
        Ends in `.keras`. The other file ends in `.json`. What was there is replaced.
    negative, positive : str
        What classes 0 and 1 mean.
    threshold : float
        Images with a higher score are called positive; chosen on validation images.
    fit : "crop", "pad" or "squeeze"
        As in `helpers.folders.read`, when the training images were read.
    white : int
        `white` of the training cases, 255 to 65535.

    Raises
    ------
    ValueError
        If an argument is no such value.

    Examples
    --------
    >>> import tempfile
    >>> from helpers.models import small_network
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     deliver(small_network(), Path(folder, "a.keras"), "normal", "ill", 0.3, "pad")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['a.json', 'a.keras']
    """
    path = _path("file", file)
    if path.suffix != ".keras":
        raise ValueError(f"file={inputs.told(path.name)}; give a name that ends in .keras")
    if not path.parent.is_dir():
        raise ValueError(f"file={inputs.told(str(path))}: its folder is not there; make it first")
    for name, value in (("negative", negative), ("positive", positive)):
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"{name}={inputs.told(value)}; say what the class means")
    if negative == positive:
        raise ValueError(f"positive={positive!r} is negative, too; give two names")
    settings = Settings(
        negative,
        positive,
        float(inputs.number("threshold", threshold, least=0, most=1)),
        inputs.one_of("fit", fit, FITS),
        inputs.whole("white", white, least=255, most=65_535),
        network="",
    )
    _need_two_classes(model)
    _write(path, model.save)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    text = json.dumps(settings._replace(network=digest)._asdict(), indent=2) + "\n"
    _write(path.with_suffix(".json"), lambda part: part.write_text(text, encoding="utf-8"))


def score(model: str | os.PathLike, folder: str | os.PathLike, table: str | os.PathLike) -> Scored:
    """Score all images below a folder, and write a table with a line for each.

    An image is not scored, and the table says why, if it can't be read, all its pixels are the
    same, it has colors and the model takes gray, it has fewer rows or columns than the model takes,
    or 16 bits where the training images had 8.

    Parameters
    ----------
    model : str or path
        The `.keras` file that `deliver` wrote, with its `.json` beside it.
    folder : str or path
        Images lie in it or in folders of it.
    table : str or path
        The CSV file to be written; it must not be there yet.

    Raises
    ------
    ValueError
        If there is no such model or folder, there are no images, or the table can't be written.
        Then nothing is written.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> from helpers.models import small_network
    >>> from helpers.phantoms import radiographs
    >>> with tempfile.TemporaryDirectory() as place:
    ...     new, network = Path(place, "new"), Path(place, "a.keras")
    ...     new.mkdir()
    ...     for name, image in zip("ab", radiographs([0, 1]).images, strict=True):
    ...         Image.fromarray(image[..., 0]).save(new / f"{name}.png")
    ...     (new / "c.png").write_text("no image")
    ...     deliver(small_network(), network, "normal", "ill", threshold=0, fit="pad")
    ...     score(network, new, Path(place, "scores.csv"))
    ...     print(Path(place, "scores.csv").read_text().splitlines()[-1])
    8
    Scored(scored=2, positive=2, refused=1)
    c.png,,,it is no image; it begins with 'no image'
    """
    file, root, out = _path("model", model), _path("folder", folder), _path("table", table)
    if not root.is_dir():
        raise ValueError(f"folder={inputs.told(str(root))} is no folder; give one with images")
    if out.exists():
        raise ValueError(f"table={inputs.told(str(out))} is there already; give another name")
    if not out.parent.is_dir():
        raise ValueError(f"table={inputs.told(str(out))}: its folder is not there; make it first")
    images = [path for path in _files(root) if is_image_name(path)]
    if not images:
        raise ValueError(f"folder={inputs.told(str(root))} holds no images; see the path")
    network, settings = _load(file)
    lines: list[tuple[str, str, str, str]] = []
    quiet = not (sys.stderr.isatty() or "ipykernel" in sys.modules)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in tqdm(range(0, len(images), CHUNK), unit="batch", disable=quiet):
            part = images[start : start + CHUNK]
            seen = list(pool.map(lambda path: _prepared(path, network, settings), part))
            names = [path.relative_to(root).as_posix() for path in part]
            lines += _lines(names, seen, network, settings)
    _write(out, lambda part: _write_table(part, lines))
    decisions = [decision for _, _, decision, _ in lines]
    positive = decisions.count(settings.positive)
    return Scored(len(lines) - decisions.count(""), positive, decisions.count(""))


def _prepared(path: Path, network: Any, settings: Settings) -> NDArray[np.uint8] | str:
    """Return an image (S, S, C) as the network takes it, or why there is none."""
    size, _, channels = shape_of(network)
    assert size is not None
    try:
        opened = open_image(path)
    except FaultError as fault:
        return str(fault)
    rows, columns = opened.pixels.shape[:2]
    for kind, text in opened.notes:
        if kind == "constant":
            return text
    # A model of colors may have seen gray images in training, one of gray levels no colors.
    if opened.pixels.ndim == 3 and channels == 1:
        return "it has colors, and the model takes gray"
    if min(rows, columns) < size:
        return f"it has {rows} x {columns} pixels, and the model takes {size} x {size}"
    if opened.bits == 16 and settings.white == 255:
        return "it has 16 bits, and the model was trained on 8"
    return to_channels(fit_to(opened.pixels, size, settings.fit), channels == 3, settings.white)


def _lines(
    names: list[str], seen: list[NDArray[np.uint8] | str], network: Any, settings: Settings
) -> list[tuple[str, str, str, str]]:
    pictures = [image for image in seen if not isinstance(image, str)]
    values: list[float] = []
    if pictures:
        X = np.stack(pictures).astype("float32") / (255 / top_of(network))
        values = predict(network, X)[:, 1].tolist()
    scores = iter(values)
    lines = []
    for name, image in zip(names, seen, strict=True):
        if isinstance(image, str):
            lines.append((name, "", "", image))
            continue
        value = next(scores)
        decision = settings.positive if value > settings.threshold else settings.negative
        lines.append((name, f"{value:.6f}", decision, ""))
    return lines


def _write_table(part: Path, lines: list[tuple[str, str, str, str]]) -> None:
    # Names of files need not be text; what is none is written as \udc80, say.
    with part.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(lines)


def _load(file: Path) -> tuple[Any, Settings]:
    """Return the network and its settings, each checked."""
    import keras

    if not file.is_file() or file.suffix != ".keras":
        raise ValueError(f"model={inputs.told(str(file))} is no .keras file; give one of `deliver`")
    beside = file.with_suffix(".json")
    try:
        settings = Settings(**json.loads(beside.read_text(encoding="utf-8")))
        inputs.number("threshold", settings.threshold, least=0, most=1)
        inputs.one_of("fit", settings.fit, FITS)
        inputs.whole("white", settings.white, least=255, most=65_535)
        assert isinstance(settings.negative, str) and isinstance(settings.positive, str)
    except FileNotFoundError:
        raise ValueError(f"{beside.name} is not beside the model; `deliver` writes it") from None
    except (OSError, ValueError, TypeError, AssertionError):
        raise ValueError(f"{beside.name} is not as `deliver` wrote it; deliver again") from None
    if hashlib.sha256(file.read_bytes()).hexdigest() != settings.network:
        raise ValueError(f"{beside.name} belongs to another {file.name}; deliver both again")
    try:
        network = keras.models.load_model(file, compile=False)
    except Exception as error:  # a layer that is not there, another version of Keras
        text = " ".join(str(error).split())[:150]
        raise ValueError(f"model={inputs.told(file.name)}: Keras can't load it ({text})") from None
    return network, settings


def _need_two_classes(model: Any) -> None:
    size, columns, channels = shape = shape_of(model)
    if size is None or size != columns or channels not in (1, 3):
        raise ValueError(
            f"model={model.name!r} takes images of shape {shape}; give one that takes squares of "
            "one size, (S, S, 1) or (S, S, 3)"
        )
    count = predict(model, np.zeros((1, size, size, channels), "float32")).shape[1]
    if count != 2:
        raise ValueError(f"model={model.name!r} has {count} classes; give one of two classes")


def _path(name: str, value: str | os.PathLike) -> Path:
    if not isinstance(value, str | os.PathLike) or not str(value).strip():
        raise ValueError(f"{name}={inputs.told(value)}; give a path")
    return Path(value)


def _write(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file under another name, and move it to its own once it is whole."""
    part = path.with_name(f"{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    try:
        write(part)
        part.replace(path)
    except OSError as error:
        raise ValueError(f"{path.name} can't be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _main() -> int:
    """Score a folder as the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m helpers.score",
        description="Score all images below a folder, and write a table with a line for each.",
    )
    parser.add_argument("model", help="the .keras file, with its .json beside it")
    parser.add_argument("folder", help="images lie in it or in folders of it")
    parser.add_argument("table", help="the CSV file to be written; it must not be there yet")
    arguments = parser.parse_args()
    try:
        result = score(arguments.model, arguments.folder, arguments.table)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{arguments.table}: {result.scored} images scored, {result.positive} of them positive; "
        f"{result.refused} not scored, see their reason"
    )
    return 0


if __name__ == "__main__":
    sys.exit(_main())
