"""Why a Keras model gave its answer: four maps of one score, and what judges a map.

`saliency`, `integrated_gradients`, `occlusion` and `grad_cam` all explain `log_odds`, the score of
one class against all others. They have these parameters in common:

model : keras.Model
    Any that `helpers.models` describes: functional, `Sequential`, subclassed, loaded from a file,
    with a model inside; with softmax, logits or one output.
images : float array (N, H, W, C)
    In [0, 1], in the shape that the model takes; from 0 to 255 if it begins with
    `Rescaling(1 / 255)`.
label : int
    The class to explain, 0 to K - 1.

They return a map (N, H, W) for each image, and raise ValueError if the model gives no
probabilities of classes, the images do not fit the model, or the class does not exist. A map says
what the score depends on. It does not say whether the answer is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from helpers import inputs
from helpers.models import (
    Head,
    head_of,
    images_for,
    layers_of,
    listening,
    silent,
    top_of,
)

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]

# Images that go through a model at once.
_BATCH = 256


def log_odds(model: keras.Model, images: Array, label: int) -> Array:
    """Return the score (N,) of a class: log p / (1 - p), of the model's probability p.

    Zero says "one half". Unlike p, it goes on rising when the model is sure.

    Parameters
    ----------
    model, images, label
        See `helpers.explain`.

    Raises
    ------
    ValueError
        See `helpers.explain`.

    Examples
    --------
    >>> from helpers.models import tutorial_network
    >>> model, images = tutorial_network(), np.zeros((1, 28, 28, 1), "float32")
    >>> p = np.asarray(model(images))[:, 1]
    >>> bool(np.allclose(log_odds(model, images, label=1), np.log(p / (1 - p)), atol=1e-5))
    True
    """
    images, head = _checked(model, images, label)
    return _scores(model, head, images, label)


def saliency(model: keras.Model, images: Array, label: int) -> Array:
    """Return how strongly the score reacts to each pixel: the gradient's absolute value.

    Of several channels, the largest. Source: Simonyan et al. 2014, arXiv:1312.6034.

    Parameters
    ----------
    model, images, label
        See `helpers.explain`.

    Raises
    ------
    ValueError
        See `helpers.explain`.

    Examples
    --------
    >>> from helpers.models import tutorial_network
    >>> saliency(tutorial_network(), np.zeros((2, 28, 28, 1), "float32"), label=1).shape
    (2, 28, 28)
    """
    images, head = _checked(model, images, label)
    return np.abs(_gradients(model, head, images, label)).max(axis=-1)


def integrated_gradients(
    model: keras.Model, images: Array, label: int, baseline: ArrayLike = 0.0, steps: int = 64
) -> Array:
    """Return each pixel's share in the score's rise from a baseline image to the image.

    (image - baseline) x mean gradient along the straight path between the two, added up over
    channels. A map's sum is the difference of the two scores, up to the error of the mean over
    `steps` points. Source: Sundararajan et al. 2017 (ICML), arXiv:1703.01365.

    Parameters
    ----------
    model, images, label
        See `helpers.explain`.
    baseline : float or array (H, W, C)
        The image that shows nothing, in the range of the images; 0 is black. A pixel that equals
        it gets 0.
    steps : int
        Points on the path, in the middle of as many equal parts of it.

    Raises
    ------
    ValueError
        See `helpers.explain`; also if the baseline does not fit, or there are no steps.

    Examples
    --------
    >>> from helpers.models import tutorial_network
    >>> model = tutorial_network()
    >>> image = np.random.default_rng(0).random((1, 28, 28, 1), "float32")
    >>> difference = log_odds(model, image, 1) - log_odds(model, 0 * image, 1)
    >>> total = integrated_gradients(model, image, 1).sum(axis=(1, 2))
    >>> bool(np.allclose(total, difference, atol=0.01))
    True
    """
    images, head = _checked(model, images, label)
    start = _baseline(baseline, images.shape[1:], top_of(model))
    inputs.whole("steps", steps, 1)
    shares = (np.arange(steps, dtype="float32").reshape(-1, 1, 1, 1, 1) + 0.5) / steps
    total = np.zeros_like(images)
    for part in _batches(shares, len(images)):
        path = start + part * (images - start)
        slopes = _gradients(model, head, path.reshape(-1, *images.shape[1:]), label)
        total += slopes.reshape(path.shape).sum(axis=0)
    return ((images - start) * total / steps).sum(axis=-1)


def occlusion(
    model: keras.Model,
    images: Array,
    label: int,
    size: int = 7,
    stride: int = 3,
    fill: float = 0.5,
) -> Array:
    """Return how far the score falls when a square that holds the pixel is covered.

    The mean over all squares that hold it. Source: Zeiler and Fergus 2014, arXiv:1311.2901.

    Parameters
    ----------
    model, images, label
        See `helpers.explain`.
    size : int
        Height and width of the square in pixels.
    stride : int
        Pixels from one place of the square to the next; at most `size`. The last place of each
        row and column lies at the image's edge.
    fill : float
        Gray level of the square, 0 (black) to 1 (white).

    Raises
    ------
    ValueError
        See `helpers.explain`; also if the square does not fit, or its steps leave gaps.

    Examples
    --------
    >>> from helpers.models import tutorial_network
    >>> occlusion(tutorial_network(), np.zeros((2, 28, 28, 1), "float32"), label=1).shape
    (2, 28, 28)
    """
    images, head = _checked(model, images, label)
    height, width = images.shape[1:3]
    inputs.whole("size", size, 1, min(height, width))
    inputs.whole("stride", stride, 1, size)
    level = inputs.number("fill", fill, least=0, most=1) * top_of(model)
    places = [(y, x) for y in _places(height, size, stride) for x in _places(width, size, stride)]
    squares = [(slice(y, y + size), slice(x, x + size)) for y, x in places]
    before = _scores(model, head, images, label)
    total, times = np.zeros(images.shape[:3]), np.zeros((height, width))
    for group in _batches(squares, len(images)):
        covered = np.repeat(images[np.newaxis], len(group), axis=0)
        for copy, square in zip(covered, group, strict=True):
            copy[:, *square] = level
        after = _scores(model, head, covered.reshape(-1, *images.shape[1:]), label)
        for fall, square in zip(before - after.reshape(len(group), -1), group, strict=True):
            total[:, *square] += fall[:, np.newaxis, np.newaxis]
            times[square] += 1
    return total / times


def grad_cam(model: keras.Model, images: Array, label: int, layer: str) -> Array:
    """Return where a layer's channels speak for the class, enlarged to the images' size.

    Each channel is weighted with the mean of its gradient; negative sums become 0.
    Source: Selvaraju et al. 2017 (ICCV), arXiv:1610.02391.

    Parameters
    ----------
    model, images, label
        See `helpers.explain`.
    layer : str
        Name of a layer whose output has rows and columns; most often the last such layer. One of a
        model inside the model has the name "inside/layer".

    Raises
    ------
    ValueError
        See `helpers.explain`; also if there is no such layer, or the score does not depend on it.

    Examples
    --------
    >>> from helpers.models import tutorial_network
    >>> model = tutorial_network()
    >>> images = np.zeros((2, 28, 28, 1), "float32")
    >>> grad_cam(model, images, label=1, layer=model.layers[3].name).shape
    (2, 28, 28)
    """
    import tensorflow as tf

    images, head = _checked(model, images, label)
    chosen = _layer_of_maps(model, images, layer)
    maps = []
    for part in _batches(images):
        X = tf.convert_to_tensor(part)
        with tf.GradientTape() as tape, listening([chosen]) as calls:
            tape.watch(X)  # else a frozen model would leave nothing to follow
            score = _score(model, head, X, label)
        channels = calls[0][1]
        slope = _slope(tape, score, channels, f"layer={layer!r}")
        weights = tf.reduce_mean(slope, axis=(1, 2), keepdims=True)
        cam = tf.nn.relu(tf.reduce_sum(weights * channels, axis=-1, keepdims=True))
        maps.append(tf.image.resize(cam, images.shape[1:3])[..., 0].numpy())
    return np.concatenate(maps)


def randomized(model: keras.Model, count: int, seed: int = 0) -> keras.Model:
    """Return a copy of a model whose last layers have forgotten what they learned.

    An explanation that hardly changes does not show what was learned. Sets Keras' seed.
    Source: Adebayo et al. 2018 (NeurIPS), arXiv:1810.03292.

    Parameters
    ----------
    model : keras.Model
        Trained.
    count : int
        How many of the layers with weights start anew, counted from the last, those of models
        inside the model too.
    seed : int
        Of the new weights.

    Raises
    ------
    ValueError
        If there are not as many such layers, or Keras can't copy the model.

    Examples
    --------
    >>> from helpers.models import tutorial_network
    >>> model = tutorial_network()
    >>> copy = randomized(model, count=1)
    >>> [bool(np.array_equal(a, b)) for a, b in zip(model.get_weights(), copy.get_weights())][::2]
    [True, True, True, False]
    """
    import keras

    inputs.instance("model", model, keras.Model, "a Keras model, such as tutorial_network()")
    learned = [layer for layer in layers_of(model) if layer.weights]
    if not learned:
        raise ValueError(f"model={model.name!r} has no layers with weights; train it first")
    inputs.whole(f"the model has {len(learned)} layers with weights, count", count, 0, len(learned))
    keras.utils.set_random_seed(inputs.whole("seed", seed, 0, 2**32 - 1))
    try:
        copy = keras.models.clone_model(model)
    except (TypeError, ValueError, NotImplementedError):
        raise ValueError(
            f"model={model.name!r} can't be copied by keras.models.clone_model; build it as a "
            "functional or Sequential model, with activations by name (activation='softmax')"
        ) from None
    copies = [layer for layer in layers_of(copy) if layer.weights]
    for layer, other in list(zip(learned, copies, strict=True))[: len(learned) - count]:
        other.set_weights(layer.get_weights())
    return copy


def hits(maps: ArrayLike, masks: ArrayLike) -> Array:
    """Return for each image whether the map's largest value lies in the mask: 1 or 0.

    Of several largest values, the share that does. Source: Zhang et al. 2016 ("pointing game"),
    arXiv:1608.00507.

    Parameters
    ----------
    maps : float array (N, H, W)
        What an explanation says.
    masks : bool array (N, H, W)
        Where the finding is.

    Returns
    -------
    array (N,)

    Raises
    ------
    ValueError
        If maps and masks do not fit, or a mask is empty.

    Examples
    --------
    >>> hits([[[0, 9], [1, 1]]], np.array([[[False, True], [False, False]]]))
    array([1.])
    """
    values, truth = _fitting(maps, masks)
    best = values == values.max(axis=1, keepdims=True)
    return (best & truth).sum(axis=1) / best.sum(axis=1)


def overlaps(maps: ArrayLike, masks: ArrayLike) -> Array:
    """Return for each image the share of the mask that the map's largest values cover.

    As many values are taken as the mask has pixels, so that this share is precision, recall and
    Dice coefficient in one. Among equal values it counts the expected share. Guessing gives the
    mask's share of the image.

    Parameters
    ----------
    maps, masks
        See `hits`.

    Returns
    -------
    array (N,)

    Raises
    ------
    ValueError
        See `hits`.

    Examples
    --------
    >>> overlaps([[[0, 9], [3, 1]]], np.array([[[True, True], [False, False]]]))
    array([0.5])
    """
    values, truth = _fitting(maps, masks)
    size = truth.sum(axis=1)
    ordered = np.sort(values, axis=1)
    least = np.take_along_axis(ordered, values.shape[1] - size[:, None], axis=1)
    above, equal = values > least, values == least
    share = (equal & truth).sum(axis=1) / equal.sum(axis=1)
    return ((above & truth).sum(axis=1) + (size - above.sum(axis=1)) * share) / size


def center_blob(height: int, width: int) -> Array:
    """Return a map (H, W) that knows nothing: a bell in the middle, a quarter of the image wide.

    An explanation is worth what it adds to it.

    Raises
    ------
    ValueError
        If height or width is no integer of 2 or more.

    Examples
    --------
    >>> blob = center_blob(3, 3)
    >>> int(blob.argmax()), float(blob.max())
    (4, 1.0)
    """
    sizes = inputs.whole("height", height, 2), inputs.whole("width", width, 2)
    y, x = (np.linspace(-1, 1, size) for size in sizes)
    return np.exp(-(np.square(y[:, None]) + np.square(x)) / (2 * 0.25**2))


def rank_correlation(maps: ArrayLike, others: ArrayLike) -> Array:
    """Return for each image how far two maps agree in the order of their pixels, -1 to 1.

    Spearman's coefficient; 0 if one of the two maps is constant.

    Parameters
    ----------
    maps : float array (N, H, W)
        What one explanation says.
    others : float array (N, H, W)
        What another says of the same images.

    Returns
    -------
    array (N,)

    Raises
    ------
    ValueError
        If the two are no maps, or differ in shape.

    Examples
    --------
    >>> rank_correlation([[[1, 2], [3, 9]]], [[[0, 1], [5, 6]]]).round(3)
    array([1.])
    """
    first = inputs.array("maps", maps, "NHW").astype(float)
    second = inputs.array("others", others, "NHW").astype(float)
    if first.shape != second.shape:
        raise ValueError(
            f"maps have shape {first.shape} and others {second.shape}; give (N, H, W) twice"
        )
    ranks = [rankdata(one.reshape(len(one), -1), axis=1) for one in (first, second)]
    a, b = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return (a * b).sum(axis=1) / np.where(size == 0, 1, size)


# ---- Inside --------------------------------------------------------------------------------


def _checked(model: keras.Model, images: Array, label: int) -> tuple[Array, Head]:
    """Return the images as float32 and how the model gives its answer, or raise."""
    images = images_for(model, images)
    head = head_of(model, images)
    inputs.whole(f"the model has {head.classes} classes, label", label, 0, head.classes - 1)
    return images, head


def _baseline(baseline: ArrayLike, shape: tuple[int, ...], top: int) -> Array:
    """Return a number or an image (H, W, C) that images can be compared with, or raise."""
    if np.ndim(baseline) == 0:
        level = inputs.number("baseline", baseline, least=0, most=top)
        return np.asarray(level, dtype="float32")
    start = inputs.array("baseline", baseline)
    if start.shape != shape:
        raise ValueError(f"baseline has shape {start.shape}; give a number or one image {shape}")
    return inputs.images("baseline", start[np.newaxis], shape, top)[0]


def _score(model: keras.Model, head: Head, images: Any, label: int) -> Any:
    """Return the log-odds (N,) of a class, as a tensor."""
    import tensorflow as tf

    with silent(head):
        # Half precision does not reach far enough for sums of powers.
        logits = tf.cast(model(images, training=False), tf.float32)
    if logits.shape[1] == 1:
        return logits[:, 0] if label else -logits[:, 0]
    others = tf.concat([logits[:, :label], logits[:, label + 1 :]], axis=1)
    return logits[:, label] - tf.reduce_logsumexp(others, axis=1)


def _scores(model: keras.Model, head: Head, images: Array, label: int) -> Array:
    """Return the score (N,) of each image."""
    return np.concatenate([_score(model, head, part, label).numpy() for part in _batches(images)])


def _gradients(model: keras.Model, head: Head, images: Array, label: int) -> Array:
    """Return the score's gradient (N, H, W, C) with respect to the images."""
    import tensorflow as tf

    parts = []
    for part in _batches(images):
        X = tf.convert_to_tensor(part)
        with tf.GradientTape() as tape:
            tape.watch(X)
            score = _score(model, head, X, label)
        parts.append(_slope(tape, score, X, f"model={model.name!r}").numpy())
    return np.concatenate(parts)


def _slope(tape: Any, score: Any, values: Any, name: str) -> Any:
    """Return the gradient; images do not mix, so that of the sum holds each image's own."""
    slope = tape.gradient(score, values)
    if slope is None:
        raise ValueError(
            f"{name}: no gradient leads there from the score; give a layer or a model in which "
            "every step from there to the answer has a derivative"
        )
    return slope


def _layer_of_maps(model: keras.Model, images: Array, name: str) -> Any:
    """Return the layer of this name, whose output has rows and columns, or raise."""
    paths = dict(_paths(model))
    with listening([*paths.values()]) as calls:
        model(images[:1], training=False)
    times = [id(layer) for layer, output in calls if len(getattr(output, "shape", ())) == 4]
    known = {path: layer for path, layer in paths.items() if times.count(id(layer)) == 1}
    fitting = [path for path in known if name in (path, path.split("/")[-1])]
    if len(fitting) != 1:
        raise ValueError(
            f"layer={inputs.told(name)} has no rows and columns, is not in the model, or there are "
            f"several; give one of {list(known)}"
        )
    return known[fitting[0]]


def _paths(model: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the name and the layer, those of models inside after these."""
    for layer in model.layers:
        yield prefix + layer.name, layer
        if hasattr(layer, "layers"):
            yield from _paths(layer, f"{prefix}{layer.name}/")


def _batches(items: Any, images: int = 1) -> list[Any]:
    """Return the items in groups that fill a batch, if each item makes so many images."""
    size = max(1, _BATCH // images)
    return [items[start : start + size] for start in range(0, len(items), size)]


def _places(length: int, size: int, stride: int) -> list[int]:
    """Return where squares begin, the last one at the end."""
    return sorted({*range(0, length - size, stride), length - size})


def _fitting(maps: ArrayLike, masks: ArrayLike) -> tuple[Array, Array]:
    """Return maps and masks as (N, H W), or raise."""
    values, truth = inputs.array("maps", maps).astype(float), inputs.array("masks", masks)
    if values.ndim != 3 or values.shape != truth.shape or truth.dtype != bool:
        raise ValueError(
            f"maps have shape {values.shape}, masks {truth.shape} and dtype {truth.dtype}; "
            "give (N, H, W) twice, masks as bool"
        )
    empty = ~truth.any(axis=(1, 2))
    if empty.any():
        raise ValueError(
            f"masks[{int(empty.argmax())}] is empty; give maps and masks of images with a finding"
        )
    return values.reshape(len(values), -1), truth.reshape(len(truth), -1)
