"""Keras architectures as plain functions: shapes in, a model that is not compiled out.

Each model takes images (N, H, W, C) in [0, 1] and returns probabilities (N, K).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

Shape = tuple[int, int, int]


def source_network(input_shape: Shape = (28, 28, 1), classes: int = 2) -> keras.Model:
    """Return the source's network: two convolutions, two poolings, two dense layers.

    Parameters
    ----------
    input_shape : tuple (H, W, C)
        Shape of one image; at least 10 pixels high and wide.
    classes : int
        Two or more.

    Raises
    ------
    ValueError
        If an image is too small, or there are fewer than two classes.

    Examples
    --------
    >>> source_network().count_params()
    121410
    """
    import keras
    from keras import layers

    images = _images(input_shape, classes, least=10)
    x = images
    for filters in (32, 64):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x), name="source")


def small_network(
    input_shape: Shape = (28, 28, 1),
    classes: int = 2,
    filters: Sequence[int] = (16, 32, 64),
    batch_norm: bool = True,
    residual: bool = True,
    global_pool: bool = True,
    dropout: float = 0.3,
) -> keras.Model:
    """Return a small, strong network: a stage of two convolutions for each entry of `filters`.

    Between stages, max pooling halves rows and columns; after the last one, each channel is
    averaged. The settings that can be switched off are those that the lesson "Training well"
    switches off. Batch normalization: Ioffe and Szegedy 2015, arXiv:1502.03167. Residual links:
    He et al. 2016, arXiv:1512.03385. Global average pooling: Lin et al. 2013, arXiv:1312.4400.

    Parameters
    ----------
    input_shape : tuple (H, W, C)
        Shape of one image.
    classes : int
        Two or more.
    filters : sequence of int
        Filters of the convolutions, stage by stage.
    batch_norm : bool
        Normalize after each convolution (which then has no bias of its own).
    residual : bool
        Add a stage's input to its output (through a 1 x 1 convolution that matches channels).
    global_pool : bool
        Average each channel at the end; else keep every number of the last stage.
    dropout : float
        Share of the last features that is left out in training, 0 to 1.

    Raises
    ------
    ValueError
        If an image is too small for the stages, or there are fewer than two classes.

    Examples
    --------
    >>> model = small_network((28, 28, 3), classes=5)
    >>> model.count_params() < 100_000, model.output.shape
    (True, (None, 5))
    """
    import keras
    from keras import layers

    images = _images(input_shape, classes, least=2 ** (len(filters) - 1))

    def convolution(x: Any, filters: int, size: int = 3) -> Any:
        x = layers.Conv2D(filters, size, padding="same", use_bias=not batch_norm)(x)
        # Keras' 0.99 takes a thousand steps to forget where the running statistics began.
        return layers.BatchNormalization(momentum=0.9)(x) if batch_norm else x

    x = images
    for stage, number in enumerate(filters):
        if stage:
            x = layers.MaxPooling2D(2)(x)
        entry = x
        x = layers.ReLU()(convolution(x, number))
        x = convolution(x, number)
        if residual:
            x = layers.Add()([x, convolution(entry, number, size=1)])
        x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x) if global_pool else layers.Flatten()(x)
    x = layers.Dropout(dropout)(x)
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x), name="small")


def multiply_adds(model: keras.Model) -> int:
    """Return the multiply-adds of a model's convolutions and dense layers for one image.

    Each weight of a kernel is used once at each position of the output. Depthwise convolutions
    and layers inside layers count too; normalization and activations, small beside them, do not.

    Examples
    --------
    >>> multiply_adds(source_network()) == (26 * 26 * 32 * 9 + 11 * 11 * 64 * 9 * 32
    ...     + 1600 * 64 + 64 * 2)
    True
    """
    import numpy as np

    total = 0
    for layer in model.layers:
        if hasattr(layer, "layers"):
            total += multiply_adds(layer)
            continue
        for weight in layer.weights:
            if weight.name.endswith("kernel"):
                total += int(np.prod(weight.shape)) * int(np.prod(layer.output.shape[1:-1]))
    return total


def _images(input_shape: Shape, classes: int, least: int) -> Any:
    """Return the input of a model, or raise."""
    import keras

    if len(input_shape) != 3 or min(input_shape[:2]) < least:
        raise ValueError(
            f"input_shape={input_shape!r}; give (H, W, C) with {least} or more rows and columns"
        )
    if classes < 2:
        raise ValueError(f"classes={classes!r}; two classes need two outputs, so give 2 or more")
    return keras.Input(tuple(input_shape))
