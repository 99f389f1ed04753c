"""How many images a second come from a disk, and in how much memory, by the way they are read.

Contestants take turns, so that whatever else the machine does meets all of them alike. A ratio is
one of times from the same turn. Memory is measured in a process for each contestant.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.cnn_from_nothing_speed import quartiles
from experiments.common import grid
from helpers import chest_xrays, folders, phantoms
from helpers.results import Runs

if TYPE_CHECKING:
    import tensorflow as tf

ALONE = True
SIZE, BATCH, QUALITY, SHARDS, BUFFER = 224, 32, 95, 16, 2048
SEED = 0
# A turn reads so many images of a pass that begins anew.
TURN, ROUNDS = 2048, 7
# After so many the most memory has long been reached.
PASS = 20_000
# Simulated radiographs are drawn small, a thousand at a time, and enlarged.
SIMULATED, DRAWN, CHUNK = 100_000, 28, 1000
# A device that takes so many seconds for a batch, and leaves the processor alone.
DEVICE = 0.005
# The first of a case is what the others are compared with.
CONTESTANTS = {
    "chest X-rays": (
        "Keras as it comes",
        "Keras, gray",
        "one by one",
        "several at once",
        "several at once, ahead",
        "shards",
        "shards of pixels",
        "cached",
        "helpers.folders",
    ),
    "simulated": ("Keras as it comes", "Keras, gray", "several at once, ahead", "shards"),
    "beside a device": ("several at once", "several at once, ahead", "cached"),
}
STAGES = ("list", "open", "decode", "shift", "scale", "turn")
# Augmentation: pixels to each side, and the share of a full turn.
SHIFT, TURNED = 16, 0.03


def jobs() -> Iterator[dict[str, Any]]:
    return grid(case=(*CONTESTANTS, "stages"))


def run(case: str) -> list[dict[str, Any]]:
    """Return a run for each contestant or stage: time, ratio to the first, memory."""
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(place, *images_of(case))
        if case == "stages":
            records = stages(place)
        else:
            records = pipelines(place, case)
    return [{**record, "cores": os.cpu_count(), "load": load} for record in records]


# ---- Images on a disk ----------------------------------------------------------------------


def images_of(case: str) -> tuple[np.ndarray, Callable[[int], Iterator[np.ndarray]]]:
    """Return labels, and what gives the images, some thousands at a time."""
    if case == "simulated":
        labels = np.arange(SIMULATED) % 2
        return labels, lambda chunk: enlarged(labels[chunk : chunk + CHUNK], chunk)
    cases = chest_xrays.load(SIZE, synthetic=False)
    cases = cases.take(cases.parts == "train")
    return cases.labels, lambda chunk: iter(cases.images[chunk : chunk + CHUNK])


def enlarged(labels: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    import tensorflow as tf

    small = phantoms.radiographs(labels, seed=seed, size=DRAWN).images
    yield from tf.cast(tf.image.resize(small, (SIZE, SIZE)), tf.uint8).numpy()


def write(place: Path, labels: np.ndarray, images: Callable[[int], Iterator[np.ndarray]]) -> None:
    """Write files in a folder for each class, and shards: of the files, and of their pixels.

    Images go to the shards in an order that has nothing to do with their class.
    """
    import tensorflow as tf

    shard = np.random.default_rng(SEED).permutation(len(labels)) % SHARDS
    writers = {
        kind: [tf.io.TFRecordWriter(str(place / f"{kind}-{n:02}.tfrecord")) for n in range(SHARDS)]
        for kind in ("jpeg", "pixels")
    }
    for label in np.unique(labels):
        (place / "files" / f"class-{label}").mkdir(parents=True)
    for chunk in range(0, len(labels), CHUNK):
        for number, image in enumerate(images(chunk), start=chunk):
            jpeg = tf.io.encode_jpeg(image, quality=QUALITY).numpy()
            label = int(labels[number])
            (place / "files" / f"class-{label}" / f"{number:06}.jpg").write_bytes(jpeg)
            writers["jpeg"][shard[number]].write(example(jpeg, label))
            if len(labels) < SIMULATED:
                writers["pixels"][shard[number]].write(example(image.tobytes(), label))
    for each in (*writers["jpeg"], *writers["pixels"]):
        each.close()


def example(content: bytes, label: int) -> bytes:
    """Return one record."""
    from tensorflow import train

    feature = {
        "image": train.Feature(bytes_list=train.BytesList(value=[content])),
        "label": train.Feature(int64_list=train.Int64List(value=[label])),
    }
    return train.Example(features=train.Features(feature=feature)).SerializeToString()


# ---- Contestants ---------------------------------------------------------------------------


def prepare(place: Path, contestant: str) -> "tf.data.Dataset":
    """Return float32 batches (BATCH, SIZE, SIZE, C) with labels, in another order in each pass."""
    import keras
    import tensorflow as tf

    if contestant.startswith("Keras"):
        return keras.utils.image_dataset_from_directory(
            place / "files",
            image_size=(SIZE, SIZE),
            batch_size=BATCH,
            color_mode="grayscale" if contestant.endswith("gray") else "rgb",
            seed=SEED,
            verbose=False,
        )
    if contestant == "helpers.folders":
        cases = folders.read(place / "files", SIZE, "squeeze", in_memory=False)
        return cases.batches(BATCH, seed=SEED)
    workers = None if contestant == "one by one" else tf.data.AUTOTUNE
    if contestant.startswith("shards"):
        data = from_shards(place, contestant)
    elif contestant == "cached":
        data = paths_of(place).map(fetched, workers).cache()
        data = data.shuffle(data.cardinality(), seed=SEED)
    else:
        data = paths_of(place).shuffle(len(paths_of(place)), seed=SEED).map(fetched, workers)
    data = data.batch(BATCH).map(scaled, workers)
    if contestant in ("one by one", "several at once"):
        # TensorFlow adds a prefetch of its own, unless it is told not to.
        options = tf.data.Options()
        options.experimental_optimization.inject_prefetch = False
        return data.with_options(options)
    return data.prefetch(tf.data.AUTOTUNE)


def paths_of(place: Path) -> "tf.data.Dataset":
    import tensorflow as tf

    paths = sorted(place.glob("files/*/*"))
    labels = [int(path.parent.name[-1]) for path in paths]
    return tf.data.Dataset.from_tensor_slices(([str(path) for path in paths], labels))


def opened(path: Any, label: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    return tf.io.read_file(path), label


def decoded(content: Any, label: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    return tf.io.decode_jpeg(content, channels=1), label


def fetched(path: Any, label: Any) -> tuple[Any, Any]:
    """Open and decode in one step: two cost more, as each hands over its elements."""
    return decoded(*opened(path, label))


def scaled(images: Any, labels: Any) -> tuple[Any, Any]:
    import tensorflow as tf

    return tf.cast(images, tf.float32) / 255, labels


def from_shards(place: Path, contestant: str) -> "tf.data.Dataset":
    """Return decoded images: shards in random order, all open at once, and a buffer of records."""
    import tensorflow as tf

    pixels = contestant == "shards of pixels"
    names = [str(path) for path in sorted(place.glob(f"{'pixels' if pixels else 'jpeg'}-*"))]
    data = tf.data.Dataset.from_tensor_slices(names).shuffle(SHARDS, seed=SEED)
    data = data.interleave(tf.data.TFRecordDataset, SHARDS, num_parallel_calls=tf.data.AUTOTUNE)
    features = {
        "image": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
    }

    def parsed(record: Any) -> tuple[Any, Any]:
        fields = tf.io.parse_single_example(record, features)
        if pixels:
            image = tf.reshape(tf.io.decode_raw(fields["image"], tf.uint8), (SIZE, SIZE, 1))
            return image, fields["label"]
        return decoded(fields["image"], fields["label"])

    return data.shuffle(BUFFER, seed=SEED).map(parsed, tf.data.AUTOTUNE)


# ---- Time and memory -----------------------------------------------------------------------


def pipelines(place: Path, case: str) -> list[dict[str, Any]]:
    """Return the milliseconds an image of each contestant, in turns, and its memory."""
    names = CONTESTANTS[case]
    wait = DEVICE if case == "beside a device" else 0.0
    contestants = {name: prepare(place, name) for name in names}
    for name, data in contestants.items():
        read(data, None if name == "cached" else BATCH)
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for turn in range(ROUNDS):
        # Each round begins with another contestant: none is always the one after a slow one.
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            turns[name].append(read(contestants[name], TURN, wait))
    wall, cpu = ({n: [t[k] for t in own] for n, own in turns.items()} for k in (0, 1))
    return [
        {
            "contestant": name,
            "milliseconds": quartiles(wall[name], 4),
            "cpu_milliseconds": quartiles(cpu[name], 4),
            "ratio": quartiles([a / b for a, b in zip(wall[name], wall[names[0]], strict=True)], 3),
            "cpu_ratio": quartiles(
                [a / b for a, b in zip(cpu[name], cpu[names[0]], strict=True)], 3
            ),
            "images": len(list(place.glob("files/*/*"))),
            "memory_mb": None if wait else memory(place, name),
        }
        for name in names
    ]


def read(data: "tf.data.Dataset", most: int | None, wait: float = 0.0) -> tuple[float, float]:
    """Read so many images, or all; return milliseconds an image, on the clock and of processor."""
    start, cpu, count = time.perf_counter(), time.process_time(), 0
    for _, labels in data:
        count += len(labels)
        time.sleep(wait)
        if most and count >= most:
            break
    each = 1000 / count
    return each * (time.perf_counter() - start), each * (time.process_time() - cpu)


def stages(place: Path) -> list[dict[str, Any]]:
    """Return the processor time an image that each stage adds to those before it."""
    import keras
    import tensorflow as tf

    turn = keras.layers.RandomRotation(TURNED, fill_mode="nearest", seed=SEED)
    listed = paths_of(place)
    pipelines = [listed.shuffle(len(listed), seed=SEED).take(TURN)]
    for work in (opened, decoded):
        pipelines.append(pipelines[-1].map(work))
    seeds = tf.data.Dataset.random(SEED, rerandomize_each_iteration=True).batch(2)
    pipelines.append(tf.data.Dataset.zip(pipelines[-1], seeds).map(shifted))
    pipelines = [data.batch(BATCH) for data in pipelines]
    pipelines.append(pipelines[-1].map(scaled))
    pipelines.append(pipelines[-1].map(lambda X, y: (turn(X, training=True), y)))
    milliseconds = []
    for _ in range(ROUNDS):
        upto = [read(data, None)[1] for data in pipelines]
        milliseconds.append(np.diff(upto, prepend=0.0))
    return [
        {"stage": stage, "cpu_milliseconds": quartiles(list(each), 4)}
        for stage, each in zip(STAGES, np.transpose(milliseconds), strict=True)
    ]


def shifted(image_and_label: Any, seed: Any) -> tuple[Any, Any]:
    """Return an image that is moved by up to SHIFT pixels; the seed says how far."""
    import tensorflow as tf

    image, label = image_and_label
    padded = tf.pad(image, [[SHIFT, SHIFT], [SHIFT, SHIFT], [0, 0]], "SYMMETRIC")
    return tf.image.stateless_random_crop(padded, (SIZE, SIZE, 1), seed), label


def memory(place: Path, contestant: str) -> int | None:
    """Return the MB that a pass adds to a process of its own, at most."""
    if sys.platform != "linux":
        return None
    name = peak.__name__
    code = f"import pathlib; from {__name__} import {name}; "
    code += f"print({name}(pathlib.Path({str(place)!r}), {contestant!r}))"
    root = Path(__file__).parents[1]
    answer = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=root)
    return int(answer.split()[-1])


def peak(place: Path, contestant: str) -> int:
    """Read images in this process, and return the MB that it adds at most."""

    def resident(name: str) -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024

    # Whatever is loaded once. Not the contestant's own: a cache, once filled, would not count.
    read(prepare(place, "one by one"), BATCH)
    Path("/proc/self/clear_refs").write_text("5")  # Resets VmHWM, the most that there was.
    before = resident("VmRSS")
    read(prepare(place, contestant), PASS)
    return round(resident("VmHWM") - before)


def check(runs: Runs) -> None:
    for case, contestants in CONTESTANTS.items():
        timed = runs.where(case=case)
        assert tuple(run["contestant"] for run in timed) == contestants
        for run in timed:
            assert run["milliseconds"] == sorted(run["milliseconds"])
        assert timed[0]["ratio"] == timed[0]["cpu_ratio"] == [1, 1, 1]
        # Without a pause for a device, more than a pass of nothing; with one, at least the pause.
        pause = 1000 * DEVICE / BATCH if case == "beside a device" else 0.0
        assert all(run["milliseconds"][0] > pause for run in timed)
    assert {run["images"] for run in runs.where(case="simulated")} == {SIMULATED}
    staged = runs.where(case="stages")
    assert tuple(run["stage"] for run in staged) == STAGES
    decode, scale = (runs.where(stage=name)[0]["cpu_milliseconds"] for name in ("decode", "scale"))
    assert decode[0] > scale[2]
