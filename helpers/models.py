"""Keras architectures as plain functions, and what any Keras model takes and gives.

`tutorial_network` and `small_network` return a model that is not compiled. It takes images
(N, H, W, C) in [0, 1] and returns probabilities (N, K).

The other helpers take models of other makers too: functional, `Sequential`, subclassed, loaded from
a file, with a model inside. Such a model takes one batch of images. It ends in a layer with softmax
over K classes, in a dense layer that gives their logits, or in one output (sigmoid, or its logit)
for class 1 of two; for `training.train_findings`, in a sigmoid for each finding. If it begins with
a `Rescaling` layer for gray levels, as `Rescaling(1 / 255)`, it gets images from 0 to 255.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers import inputs

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]
Shape = tuple[int, int, int]

# A Rescaling layer that divides by so much or more is meant for gray levels, not for [0, 1].
_GRAY_LEVELS = 100


def tutorial_network(input_shape: Shape = (28, 28, 1), classes: int = 2) -> keras.Model:
    """Return the tutorial network: two convolutions, two poolings, two dense layers.

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
    >>> tutorial_network().count_params()
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
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x), name="tutorial")


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
        If an image is too small for the stages, there are fewer than two classes, or a setting is
        no such value.

    Examples
    --------
    >>> model = small_network((28, 28, 3), classes=5)
    >>> model.count_params() < 100_000, model.output.shape
    (True, (None, 5))
    """
    import keras
    from keras import layers

    if not isinstance(filters, tuple | list) or not filters:
        raise ValueError(f"filters={inputs.told(filters)}; give one number a stage, as (16, 32)")
    for stage, number in enumerate(filters):
        inputs.whole(f"filters[{stage}]", number, 1)
    for name, value in (
        ("batch_norm", batch_norm),
        ("residual", residual),
        ("global_pool", global_pool),
    ):
        inputs.one_of(name, value, (True, False))
    inputs.number("dropout", dropout, least=0, below=1)
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

    Parameters
    ----------
    model : keras.Model
        With inputs of a fixed size; there may be several.

    Raises
    ------
    ValueError
        If the size of the inputs is not known.

    Examples
    --------
    >>> multiply_adds(tutorial_network()) == (26 * 26 * 32 * 9 + 11 * 11 * 64 * 9 * 32
    ...     + 1600 * 64 + 64 * 2)
    True
    """
    entries = _entries(_keras_model(model))
    shapes = [tuple(entry.shape[1:]) for entry in entries]
    if not shapes or None in sum(shapes, ()):
        raise ValueError(
            f"model={model.name!r} takes images of any size, and its work depends on the size; "
            "build it for one, with keras.Input((28, 28, 1))"
        )
    blank = [np.zeros((1, *shape), "float32") for shape in shapes]
    with listening(layers_of(model)) as calls:
        model(blank if len(blank) > 1 else blank[0], training=False)
    total = 0
    for layer, output in calls:
        positions = int(np.prod(getattr(output, "shape", ())[1:-1]))
        kernels = [weight for weight in layer.weights if weight.name.endswith("kernel")]
        total += positions * sum(int(np.prod(kernel.shape)) for kernel in kernels)
    return total


class Field(NamedTuple):
    """What one number of a layer's map depends on, in pixels of the image: (down, across)."""

    layer: str
    size: tuple[int, int]
    step: tuple[int, int]


def receptive_field(model: keras.Model) -> list[Field]:
    """Return how many pixels a number after each convolution and pooling can depend on.

    `size` is the receptive field (equation receptive-field), `step` the pixels from one number of
    the map to the next. Where branches meet, the larger of each counts.

    Parameters
    ----------
    model : keras.Model
        Of any making; see `helpers.models`. Its maps come from convolutions, pooling, and layers
        that work on each position alone.

    Raises
    ------
    ValueError
        If it is no model of images or does not say of which, or a map comes from something else.

    Examples
    --------
    >>> [field.size for field in receptive_field(tutorial_network())]
    [(3, 3), (4, 4), (8, 8), (10, 10)]
    >>> receptive_field(tutorial_network())[-1].step
    (4, 4)
    """
    shape = shape_of(model)
    if shape[2] is None:
        raise ValueError(
            f"model={model.name!r} does not say what images it takes; make it a functional or "
            "Sequential model that begins with keras.Input((28, 28, 1))"
        )
    fields: list[Field] = []
    # Each map is kept beside its field: the id of one that is gone may be given to another.
    known: dict[int, tuple[Any, Field]] = {}

    def following(layer: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def followed(*arguments: Any, **settings: Any) -> Any:
            output = call(*arguments, **settings)
            if _is_map(output):
                field = _grown(layer, _fields_of(arguments, known, layer))
                known[id(output)] = output, field
                if _window(layer):
                    fields.append(field)
            return output

        return followed

    image = np.zeros((1, *(side or _ANY_SIDE for side in shape[:2]), shape[2]), "float32")
    with ExitStack() as changes:
        for layer in {id(layer): layer for layer in layers_of(model)}.values():
            changes.enter_context(_replaced(layer, "call", following(layer, layer.call)))
        model(image, training=False)
    return fields


# Pixels of the image for a model that takes any.
_ANY_SIDE = 224
# Layers that change each position of a map alone, or add and cut borders.
_POSITION_BY_POSITION = (
    *("Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "Identity", "Dense"),
    *("BatchNormalization", "Normalization", "Rescaling", "Dropout", "SpatialDropout2D"),
    *("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"),
    *("Cropping2D", "ZeroPadding2D"),
)


def _is_map(value: Any) -> bool:
    return len(getattr(value, "shape", ())) == 4


def _fields_of(arguments: Any, known: dict[int, tuple[Any, Field]], layer: Any) -> list[Field]:
    """Return the fields of the maps that a layer is given; the very first map is the image."""
    import keras

    maps = [value for value in keras.tree.flatten(arguments) if _is_map(value)]
    if not known and maps:
        known[id(maps[0])] = maps[0], Field("image", (1, 1), (1, 1))
    if not maps or any(id(value) not in known for value in maps):
        raise ValueError(
            f"layer {layer.name!r} is given a map that no convolution, pooling or layer on each "
            "position made, so its receptive field is not known; write operations as layers, "
            "such as keras.layers.Add() for +"
        )
    return [known[id(value)][1] for value in maps]


def _window(layer: Any) -> tuple[Any, Any, Any] | None:
    """Return size, stride and dilation of a layer's window; None if it has none, or raise."""
    import keras

    kinds = keras.layers
    if isinstance(layer, kinds.Conv2D | kinds.DepthwiseConv2D | kinds.SeparableConv2D):
        return layer.kernel_size, layer.strides, layer.dilation_rate
    if isinstance(layer, kinds.MaxPooling2D | kinds.AveragePooling2D):
        return layer.pool_size, layer.strides, (1, 1)
    if isinstance(layer, tuple(getattr(kinds, name) for name in _POSITION_BY_POSITION)):
        return None
    raise ValueError(
        f"layer {layer.name!r} is of {type(layer).__name__}, whose receptive field is not known; "
        "give a model of convolutions, pooling and layers on each position, or the part before it"
    )


def _grown(layer: Any, before: Sequence[Field]) -> Field:
    """Return the field of a layer's map from those of the maps that it is given."""
    window, stride, dilation = _window(layer) or ((1, 1), (1, 1), (1, 1))
    sizes, steps = [], []
    for axis in (0, 1):
        size, step = (max(f.size[axis] for f in before), max(f.step[axis] for f in before))
        sizes.append(size + dilation[axis] * (window[axis] - 1) * step)
        steps.append(step * stride[axis])
    return Field(layer.name, (sizes[0], sizes[1]), (steps[0], steps[1]))


# ---- What a model takes and gives ----------------------------------------------------------


class Head(NamedTuple):
    """How a model gives its answer: its last layer, what that applies, how many outputs."""

    layer: Any
    kind: str
    outputs: int

    @property
    def classes(self) -> int:
        """How many classes there are; one output tells two apart."""
        return max(self.outputs, 2)


def layers_of(model: keras.Model) -> list[Any]:
    """Return a model's layers in order, those of models inside it in place of these.

    Examples
    --------
    >>> import keras
    >>> inside = tutorial_network()
    >>> outside = keras.Sequential([keras.Input((28, 28, 1)), inside])
    >>> layers_of(outside) == inside.layers
    True
    """
    return [
        leaf
        for layer in model.layers
        for leaf in (layers_of(layer) if hasattr(layer, "layers") else [layer])
    ]


def images_for(model: keras.Model, images: ArrayLike, name: str = "images") -> Array:
    """Return images as a model takes them, (N, H, W, C) as float32.

    Parameters
    ----------
    model : keras.Model
        Of any making; see `helpers.models`.
    images : array (N, H, W, C)
        Floats in [0, 1]; from 0 to 255, integers or floats, for a model that begins with
        `Rescaling(1 / 255)`.
    name : str
        Of the argument, for the error.

    Raises
    ------
    ValueError
        If it is no model of images, or the images are not as it takes them.

    Examples
    --------
    >>> images_for(tutorial_network(), np.zeros((5, 28, 28)))
    Traceback (most recent call last):
    ValueError: images have shape (5, 28, 28); give (N, H, W, C): images[..., np.newaxis] if they \
are gray, images[np.newaxis] if it is one
    """
    return inputs.images(name, images, shape_of(model), top_of(model))


def shape_of(model: keras.Model) -> tuple[int | None, ...]:
    """Return the shape (H, W, C) of the images that a model takes; None is any number.

    Raises
    ------
    ValueError
        If it is no model of images, or takes several at once.

    Examples
    --------
    >>> shape_of(tutorial_network())
    (28, 28, 1)
    """
    entries = _entries(_keras_model(model))
    if len(entries) > 1:
        raise ValueError(
            f"model={model.name!r} takes {len(entries)} inputs, and these helpers give it one; "
            "join the images along their channels, and part them inside the model"
        )
    shape = tuple(entries[0].shape[1:]) if entries else (None, None, None)
    if len(shape) != 3:
        raise ValueError(
            f"model={model.name!r} takes inputs of shape {('N', *shape)}; give a model of images "
            "(N, H, W, C)"
        )
    return shape


def top_of(model: keras.Model) -> int:
    """Return the value of white for a model: 1, or 255 if it begins with `Rescaling(1 / 255)`.

    Examples
    --------
    >>> import keras
    >>> network = tutorial_network()
    >>> scaling = keras.layers.Rescaling(1 / 255)
    >>> top_of(network), top_of(keras.Sequential([keras.Input((28, 28, 1)), scaling, network]))
    (1, 255)
    """
    import keras

    layers = layers_of(_keras_model(model))
    layers = [layer for layer in layers if not isinstance(layer, keras.layers.InputLayer)]
    if not layers or not isinstance(layers[0], keras.layers.Rescaling):
        return 1
    return 255 if np.max(np.abs(layers[0].scale)) <= 1 / _GRAY_LEVELS else 1


def head_of(model: keras.Model, images: Array) -> Head:
    """Return how a model gives its answer: "softmax", "sigmoid" or "logits", and of what length.

    Found by giving it an image and looking at the layer that the answer comes from. One output
    stands for class 1 of two.

    Parameters
    ----------
    model : keras.Model
        Of any making; see `helpers.models`.
    images : array (N, H, W, C)
        As from `images_for`; the first is used.

    Raises
    ------
    ValueError
        If the model has no weights yet, or gives something else.

    Examples
    --------
    >>> head_of(tutorial_network(classes=3), np.zeros((1, 28, 28, 1), "float32"))[1:]
    ('softmax', 3)
    """
    output, last, times = _answer(model, images)
    if len(getattr(output, "shape", ())) != 2:
        given = tuple(output.shape) if hasattr(output, "shape") else type(output).__name__
        raise ValueError(
            f"model={model.name!r} gives outputs of shape {given}; give a model with one output "
            "(N, K), a number for each of K classes"
        )
    kind = _kind(last) if times == 1 else None
    count = int(output.shape[1])
    if kind not in ({"sigmoid", "logits"} if count == 1 else {"softmax", "logits"}):
        name = "an operation that is no layer" if last is None else f"{last.name!r}"
        raise ValueError(
            f"model={model.name!r} ends in {name} with {count} output(s), from which no "
            "probabilities of classes follow; give one that ends in Dense(K, activation='softmax') "
            "for K >= 2 classes, in Dense(K), or in Dense(1, activation='sigmoid') for two"
        )
    return Head(last, str(kind), count)


def findings_of(model: keras.Model, images: Array) -> int:
    """Return how many findings a model answers at once, each with a sigmoid of its own.

    Parameters
    ----------
    model : keras.Model
        Of any making; see `helpers.models`.
    images : array (N, H, W, C)
        As from `images_for`; the first is used.

    Raises
    ------
    ValueError
        If the model has no weights yet, or does not end in sigmoids.

    Examples
    --------
    >>> import keras
    >>> layers = [keras.Input((28, 28, 1)), keras.layers.Flatten()]
    >>> model = keras.Sequential([*layers, keras.layers.Dense(14, activation="sigmoid")])
    >>> findings_of(model, np.zeros((1, 28, 28, 1), "float32"))
    14
    """
    output, last, _ = _answer(model, images)
    if len(getattr(output, "shape", ())) != 2 or _kind(last) != "sigmoid":
        raise ValueError(
            f"model={model.name!r} does not give each finding a probability of its own; give one "
            "that ends in Dense(K, activation='sigmoid') for K findings"
        )
    return int(output.shape[1])


def _answer(model: keras.Model, images: Array) -> tuple[Any, Any, int]:
    """Return a model's answer to the first image, the layer it comes from, and how often it ran."""
    if not _keras_model(model).built:
        raise ValueError(
            f"model={model.name!r} has no weights yet; begin it with keras.Input((28, 28, 1)), "
            "and train it or load its weights"
        )
    with listening(layers_of(model)) as calls:
        output = model(images[:1], training=False)
    last = next((layer for layer, given in calls if given is output), None)
    return output, last, [layer for layer, _ in calls].count(last)


def probabilities(head: Head, output: Array) -> Array:
    """Return probabilities (N, K) from what a model with this head gives.

    Examples
    --------
    >>> probabilities(Head(None, "sigmoid", 1), np.array([[0.8]])).round(3)
    array([[0.2, 0.8]])
    >>> probabilities(Head(None, "logits", 3), np.zeros((1, 3))).round(3)
    array([[0.333, 0.333, 0.333]])
    """
    output = output.astype("float32") if output.dtype.itemsize < 4 else output
    if head.kind == "logits":
        # One logit stands against 0.
        scores = output if output.shape[1] > 1 else np.hstack([0 * output, output])
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    return output if output.shape[1] > 1 else np.hstack([1 - output, output])


@contextmanager
def listening(layers: Sequence[Any]) -> Iterator[list[tuple[Any, Any]]]:
    """Note what layers give while a model runs: a list of (layer, output), in order.

    Unlike `layer.output`, it is what was computed in this very run, wherever the layer lies.

    Examples
    --------
    >>> model = tutorial_network()
    >>> with listening(model.layers[1:3]) as calls:
    ...     probabilities = model(np.zeros((1, 28, 28, 1), "float32"))
    >>> [tuple(output.shape) for layer, output in calls]
    [(1, 26, 26, 32), (1, 13, 13, 32)]
    """
    calls: list[tuple[Any, Any]] = []

    def noting(layer: Any, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **settings: Any) -> Any:
            output = call(*arguments, **settings)
            calls.append((layer, output))
            return output

        return noted

    with ExitStack() as changes:
        for layer in {id(layer): layer for layer in layers}.values():
            changes.enter_context(_replaced(layer, "call", noting(layer, layer.call)))
        yield calls


@contextmanager
def silent(head: Head) -> Iterator[None]:
    """Let a model give its logits, (N, K) or (N, 1), in place of probabilities.

    Examples
    --------
    >>> model, images = tutorial_network(), np.ones((1, 28, 28, 1), "float32")
    >>> head = head_of(model, images)
    >>> with silent(head):
    ...     logits = np.asarray(model(images))
    >>> powers = np.exp(logits)
    >>> bool(np.allclose(powers / powers.sum(), model(images), atol=1e-6))
    True
    """
    import keras

    if head.kind == "logits":
        yield
        return
    applied = hasattr(head.layer, "activation")
    name, value = ("activation", keras.activations.linear) if applied else ("call", _same)
    with _replaced(head.layer, name, value):
        yield


@contextmanager
def _replaced(layer: Any, name: str, value: Any) -> Iterator[None]:
    """Let an attribute of a layer have another value for a while."""
    before = layer.__dict__.get(name)
    setattr(layer, name, value)
    try:
        yield
    finally:
        if before is None:
            delattr(layer, name)
        else:
            setattr(layer, name, before)


def _same(values: Any, mask: Any = None) -> Any:
    return values


def _kind(layer: Any) -> str | None:
    """Return what a last layer applies to its logits, tried on numbers, or None."""
    import keras

    if isinstance(layer, keras.layers.Softmax):
        applied: Any = layer.call
    elif hasattr(layer, "activation"):
        applied = layer.activation
    else:
        return None
    probe = keras.ops.convert_to_tensor([[-1.0, 0.5, 2.0]])
    for kind, function in (
        ("softmax", keras.ops.softmax),
        ("sigmoid", keras.ops.sigmoid),
        ("logits", keras.activations.linear),
    ):
        if np.allclose(applied(probe), function(probe), atol=1e-4):
            return kind
    return None


def _keras_model(model: Any) -> Any:
    """Return it if it is a model, or raise."""
    import keras

    return inputs.instance("model", model, keras.Model, "a Keras model, such as tutorial_network()")


def _entries(model: Any) -> list[Any]:
    """Return the inputs of a model; none if it takes what it gets."""
    try:
        return list(model.inputs)
    except AttributeError:  # subclassed, or a Sequential that is not built
        return []


def _images(input_shape: Shape, classes: int, least: int) -> Any:
    """Return the input of a model, or raise."""
    import keras

    shape = tuple(input_shape) if isinstance(input_shape, tuple | list) else ()
    if len(shape) != 3:
        raise ValueError(
            f"input_shape={inputs.told(input_shape)}; give (H, W, C), such as (28, 28, 1)"
        )
    for place, smallest in enumerate((least, least, 1)):
        inputs.whole(
            f"input_shape={inputs.told(input_shape)}, entry {place}", shape[place], smallest
        )
    if inputs.whole("classes", classes, 1) < 2:
        raise ValueError(f"classes={classes!r}; two classes need two outputs, so give 2 or more")
    return keras.Input(shape)
