"""How much memory a folder of images takes: all images in memory, or left in their files.

The files are simulated radiographs, each another. Memory is that of a process of its own, as Linux
tells it: what it holds at most, less what it held before it read anything.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from helpers import folders, phantoms
from helpers.results import Runs

SIZE, BATCH, QUALITY = 224, 32, 90
# Drawn small, some at a time, and enlarged.
DRAWN, CHUNK = 28, 1000
# Where the images are, and how many: all of the second are what one machine could hardly hold.
WAYS = (("in memory", 5_000), ("in files", 5_000), ("in files", 50_000))


def jobs() -> Iterator[dict[str, Any]]:
    return ({"way": way, "images": images} for way, images in WAYS)


def run(way: str, images: int) -> dict[str, Any]:
    """Write the files, and return the MB that reading and a pass over them add, at most."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        written = write(place, images)
        code = f"import json, {__name__} as here; "
        code += f"print(json.dumps(here.{measured.__name__}({folder!r}, {way == 'in memory'})))"
        root = Path(__file__).parents[1]
        answer = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=root)
    return {**json.loads(answer.splitlines()[-1]), "disk_mb": round(written / 1e6)}


def write(place: Path, images: int) -> int:
    """Write images of two classes as JPEG files; return their bytes."""
    for label in (0, 1):
        (place / f"class-{label}").mkdir()
    written = 0
    for start in range(0, images, CHUNK):
        labels = np.arange(start, min(start + CHUNK, images)) % 2
        small = phantoms.radiographs(labels, seed=start, size=DRAWN).images[..., 0]
        for number, (label, pixels) in enumerate(zip(labels, small, strict=True), start):
            image = Image.fromarray(pixels).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
            path = place / f"class-{label}" / f"{number:05}.jpg"
            image.save(path, quality=QUALITY)
            written += path.stat().st_size
    return written


def measured(place: str, in_memory: bool) -> dict[str, int]:
    """Read a folder in this process, pass over its batches once; return MB."""
    import tensorflow as tf

    list(tf.data.Dataset.range(64).shuffle(64).batch(BATCH))  # what is loaded once
    before = resident("VmRSS")
    forget_the_most()
    cases = folders.read(place, SIZE, "squeeze", in_memory=in_memory)
    reading = resident("VmHWM")
    forget_the_most()
    count = sum(len(labels) for _, labels in cases.batches(BATCH, seed=0))
    return {
        "before_mb": round(before),
        "reading_mb": round(reading - before),
        "passing_mb": round(resident("VmHWM") - before),
        "read": count,
    }


def forget_the_most() -> None:
    """Let Linux count anew what this process holds at most."""
    Path("/proc/self/clear_refs").write_text("5")


def resident(name: str) -> float:
    """Return MB of memory: VmRSS now, VmHWM at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / 1e6


def shared() -> dict[str, Any]:
    """Return what images of one byte a pixel take, and what a network is given: four."""
    return {
        "megabytes": {
            str(images): {"uint8": images * SIZE**2 / 1e6, "float32": 4 * images * SIZE**2 / 1e6}
            for images in sorted({images for _, images in WAYS})
        }
    }


def check(runs: Runs) -> None:
    paper = runs.shared["megabytes"]
    for one in runs:
        assert one["read"] == one["images"] and one["before_mb"] > 0
    few, many = (runs.where(way="in files", images=n)[0] for n in (5_000, 50_000))
    whole = runs.where(way="in memory")[0]
    # In memory, at least the pixels; in files, after reading, a small part of them.
    assert whole["passing_mb"] > 0.9 * paper["5000"]["uint8"] > few["passing_mb"]
    assert many["passing_mb"] < paper["50000"]["uint8"] / 3
    assert few["disk_mb"] < many["disk_mb"] < paper["50000"]["uint8"]
