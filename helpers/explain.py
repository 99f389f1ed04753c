"""Why a Keras model gave its answer: four maps of one score, and what judges a map.

`saliency`, `integrated_gradients`, `occlusion` and `grad_cam` all explain `log_odds`, the score of
one class against all others. They have these parameters in common:

model : keras.Model
    Takes images (N, H, W, C), ends in a dense layer with softmax over K classes.
images : float array (N, H, W, C)
    In [0, 1], in the shape that the model takes.
label : int
    The class to explain, 0 to K - 1.

They return a map (N, H, W) for each image, and raise ValueError if the model ends in another
layer, the images do not fit the model, or the class does not exist. A map says what the score
depends on. It does not say whether the answer is right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]

# Images that go through a model at once.
_BATCH = 256


def log_odds(model: keras.Model, images: Array, label: int) -> Array:
    """Return the score (N,) of a class: log p / (1 - p), of the softmax output p.

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
    >>> from helpers.models import source_network
    >>> model, images = source_network(), np.zeros((1, 28, 28, 1), "float32")
    >>> p = np.asarray(model(images))[:, 1]
    >>> bool(np.allclose(log_odds(model, images, label=1), np.log(p / (1 - p)), atol=1e-5))
    True
    """
    images, body = _checked(model, images, label)
    return _scores(model, body, images, label)


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
    >>> from helpers.models import source_network
    >>> saliency(source_network(), np.zeros((2, 28, 28, 1), "float32"), label=1).shape
    (2, 28, 28)
    """
    images, body = _checked(model, images, label)
    return np.abs(_gradients(model, body, images, label)).max(axis=-1)


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
        The image that shows nothing; 0 is black. A pixel that equals it gets 0.
    steps : int
        Points on the path, in the middle of as many equal parts of it.

    Raises
    ------
    ValueError
        See `helpers.explain`; also if the baseline does not fit, or there are no steps.

    Examples
    --------
    >>> from helpers.models import source_network
    >>> model = source_network()
    >>> image = np.random.default_rng(0).random((1, 28, 28, 1), "float32")
    >>> difference = log_odds(model, image, 1) - log_odds(model, 0 * image, 1)
    >>> total = integrated_gradients(model, image, 1).sum(axis=(1, 2))
    >>> bool(np.allclose(total, difference, atol=0.01))
    True
    """
    images, body = _checked(model, images, label)
    start = np.asarray(baseline, dtype="float32")
    if start.shape not in ((), images.shape[1:]):
        raise ValueError(
            f"baseline has shape {start.shape}; give a number or one image {images.shape[1:]}"
        )
    if steps < 1:
        raise ValueError(f"steps={steps!r} is no path; say 64")
    shares = (np.arange(steps, dtype="float32").reshape(-1, 1, 1, 1, 1) + 0.5) / steps
    total = np.zeros_like(images)
    for part in _batches(shares, len(images)):
        path = start + part * (images - start)
        slopes = _gradients(model, body, path.reshape(-1, *images.shape[1:]), label)
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
        Gray level of the square, 0 to 1.

    Raises
    ------
    ValueError
        See `helpers.explain`; also if the square does not fit, or its steps leave gaps.

    Examples
    --------
    >>> from helpers.models import source_network
    >>> occlusion(source_network(), np.zeros((2, 28, 28, 1), "float32"), label=1).shape
    (2, 28, 28)
    """
    images, body = _checked(model, images, label)
    height, width = images.shape[1:3]
    if not 1 <= size <= min(height, width) or not 1 <= stride <= size:
        raise ValueError(
            f"size={size!r}, stride={stride!r}; give 1 <= stride <= size <= {min(height, width)}"
        )
    places = [(y, x) for y in _places(height, size, stride) for x in _places(width, size, stride)]
    squares = [(slice(y, y + size), slice(x, x + size)) for y, x in places]
    before = _scores(model, body, images, label)
    total, times = np.zeros(images.shape[:3]), np.zeros((height, width))
    for group in _batches(squares, len(images)):
        covered = np.repeat(images[np.newaxis], len(group), axis=0)
        for copy, square in zip(covered, group, strict=True):
            copy[:, *square] = fill
        after = _scores(model, body, covered.reshape(-1, *images.shape[1:]), label)
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
        Name of a layer whose output has rows and columns; most often the last such layer.

    Raises
    ------
    ValueError
        See `helpers.explain`; also if there is no such layer.

    Examples
    --------
    >>> from helpers.models import source_network
    >>> model = source_network()
    >>> images = np.zeros((2, 28, 28, 1), "float32")
    >>> grad_cam(model, images, label=1, layer=model.layers[3].name).shape
    (2, 28, 28)
    """
    import keras
    import tensorflow as tf

    images, body = _checked(model, images, label)
    known = {one.name: one.output for one in model.layers if len(one.output.shape) == 4}
    if layer not in known:
        raise ValueError(
            f"layer={layer!r} has no rows and columns or is not in the model; give one of "
            f"{list(known)}"
        )
    both = keras.Model(model.inputs[0], [known[layer], body.output])
    maps = []
    for part in _batches(images):
        X = tf.convert_to_tensor(part)
        with tf.GradientTape() as tape:
            tape.watch(X)  # else a frozen model would leave nothing to follow
            channels, last = both(X, training=False)
            score = _score(model, last, label)
        weights = tf.reduce_mean(_slope(tape, score, channels), axis=(1, 2), keepdims=True)
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
        How many of the layers with weights start anew, counted from the last.
    seed : int
        Of the new weights.

    Raises
    ------
    ValueError
        If there are not as many such layers.

    Examples
    --------
    >>> from helpers.models import source_network
    >>> model = source_network()
    >>> copy = randomized(model, count=1)
    >>> [bool(np.array_equal(a, b)) for a, b in zip(model.get_weights(), copy.get_weights())][::2]
    [True, True, True, False]
    """
    import keras

    learned = [layer for layer in model.layers if layer.weights]
    if not 0 <= count <= len(learned):
        raise ValueError(f"count={count!r}; the model has {len(learned)} layers with weights")
    keras.utils.set_random_seed(seed)
    copy = keras.models.clone_model(model)
    for layer in learned[: len(learned) - count]:
        copy.get_layer(layer.name).set_weights(layer.get_weights())
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

    Examples
    --------
    >>> blob = center_blob(3, 3)
    >>> int(blob.argmax()), float(blob.max())
    (4, 1.0)
    """
    y, x = (np.linspace(-1, 1, length) for length in (height, width))
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
        If the two differ in shape.

    Examples
    --------
    >>> rank_correlation([[[1, 2], [3, 9]]], [[[0, 1], [5, 6]]]).round(3)
    array([1.])
    """
    first, second = np.asarray(maps, dtype=float), np.asarray(others, dtype=float)
    if first.ndim != 3 or first.shape != second.shape:
        raise ValueError(f"maps have shapes {first.shape} and {second.shape}; give (N, H, W) twice")
    ranks = [rankdata(one.reshape(len(one), -1), axis=1) for one in (first, second)]
    a, b = (rank - rank.mean(axis=1, keepdims=True) for rank in ranks)
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return (a * b).sum(axis=1) / np.where(size == 0, 1, size)


# ---- Inside --------------------------------------------------------------------------------


def _checked(model: keras.Model, images: Array, label: int) -> tuple[Array, keras.Model]:
    """Return the images as float32 and the model without its last layer, or raise."""
    import keras

    last = model.layers[-1]
    if not isinstance(last, keras.layers.Dense) or last.activation is not keras.activations.softmax:
        raise ValueError(
            f"the model ends in {last.name!r}; give one that ends in Dense(..., softmax)"
        )
    images = np.asarray(images)
    expected = tuple(model.inputs[0].shape[1:])
    if images.ndim != 4 or images.shape[1:] != expected or not len(images):
        raise ValueError(f"images have shape {images.shape}; the model takes (N, *{expected})")
    if images.dtype.kind != "f":
        raise ValueError(f"images have dtype {images.dtype}; give floats in [0, 1]: divide by 255")
    if label not in range(last.units):
        raise ValueError(f"label={label!r}; the model has classes 0 to {last.units - 1}")
    return images.astype("float32"), keras.Model(model.inputs[0], last.input)


def _score(model: keras.Model, features: Any, label: int) -> Any:
    """Return the log-odds (N,) of a class from what goes into the last layer, as a tensor."""
    import tensorflow as tf

    last = model.layers[-1]
    logits = tf.matmul(features, last.kernel) + (0 if last.bias is None else last.bias)
    others = tf.concat([logits[:, :label], logits[:, label + 1 :]], axis=1)
    return logits[:, label] - tf.reduce_logsumexp(others, axis=1)


def _scores(model: keras.Model, body: keras.Model, images: Array, label: int) -> Array:
    """Return the score (N,) of each image."""
    parts = [_score(model, body(part, training=False), label).numpy() for part in _batches(images)]
    return np.concatenate(parts)


def _gradients(model: keras.Model, body: keras.Model, images: Array, label: int) -> Array:
    """Return the score's gradient (N, H, W, C) with respect to the images."""
    import tensorflow as tf

    parts = []
    for part in _batches(images):
        X = tf.convert_to_tensor(part)
        with tf.GradientTape() as tape:
            tape.watch(X)
            score = _score(model, body(X, training=False), label)
        parts.append(_slope(tape, score, X).numpy())
    return np.concatenate(parts)


def _slope(tape: Any, score: Any, values: Any) -> Any:
    """Return the gradient; images do not mix, so that of the sum holds each image's own."""
    import tensorflow as tf

    return tape.gradient(score, values, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _batches(items: Any, images: int = 1) -> list[Any]:
    """Return the items in groups that fill a batch, if each item makes so many images."""
    size = max(1, _BATCH // images)
    return [items[start : start + size] for start in range(0, len(items), size)]


def _places(length: int, size: int, stride: int) -> list[int]:
    """Return where squares begin, the last one at the end."""
    return sorted({*range(0, length - size, stride), length - size})


def _fitting(maps: ArrayLike, masks: ArrayLike) -> tuple[Array, Array]:
    """Return maps and masks as (N, H W), or raise."""
    values, truth = np.asarray(maps, dtype=float), np.asarray(masks)
    if values.ndim != 3 or values.shape != truth.shape or truth.dtype != bool:
        raise ValueError(
            f"maps have shape {values.shape}, masks {truth.shape} and dtype {truth.dtype}; "
            "give (N, H, W) twice, masks as bool"
        )
    empty = ~truth.any(axis=(1, 2))
    if empty.any():
        raise ValueError(f"mask {int(empty.argmax())} is empty; leave out images without a finding")
    return values.reshape(len(values), -1), truth.reshape(len(truth), -1)
