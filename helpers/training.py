"""The recipe by which a Keras model is trained: data, not code copied from lesson to lesson."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

Array = NDArray[Any]


@dataclass(frozen=True)
class Recipe:
    """How to train: an optimizer with its schedule, and what is done against overfitting.

    Parameters
    ----------
    steps : int
        Batches in all. Counted in steps, a recipe fits small and large sets alike.
    batch_size : int
        Images a step.
    learning_rate : float
        Of AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), at the start.
    cosine : bool
        Let the learning rate fall to zero along a cosine; else it stays.
    weight_decay : float
        Share by which AdamW shrinks weights, times the learning rate.
    shift, turn, zoom : float
        Augmentation: largest shift as a share of the image, turn as a share of a full one, zoom
        as a share of the size; each drawn evenly between minus and plus this.
    flip : str
        Mirror half of the images: "" (never), "horizontal" or "both" directions.
    label_smoothing : float
        Share of each label that is spread over all classes.
    class_weights : bool
        Let each class count the same in the loss, however many images it has.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(Recipe(), shift=0).shift
    0
    """

    steps: int = 1500
    batch_size: int = 64
    learning_rate: float = 2e-3
    cosine: bool = True
    weight_decay: float = 1e-2
    shift: float = 0.07
    turn: float = 0.03
    zoom: float = 0.1
    flip: str = ""
    label_smoothing: float = 0.0
    class_weights: bool = False

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)!r}; give 1 or more")
        for name in ("weight_decay", "shift", "turn", "zoom", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)!r}; give a share from 0 to below 1")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate={self.learning_rate!r}; give a number above 0")
        if self.flip not in ("", "horizontal", "both"):
            raise ValueError(f"flip={self.flip!r}; give '', 'horizontal' or 'both'")


def augment(images: Array, recipe: Recipe, random: np.random.Generator) -> Array:
    """Shift, turn, zoom and mirror images at random, all in one resampling.

    What comes in at the edge repeats the edge.

    Parameters
    ----------
    images : float32 array (N, H, W, C)
        One batch.
    recipe : Recipe
        How far; see there.
    random : numpy Generator
        Where the random numbers come from.

    Returns
    -------
    array (N, H, W, C)

    Examples
    --------
    >>> images = np.random.default_rng(0).random((4, 28, 28, 1), "float32")
    >>> still = Recipe(shift=0, turn=0, zoom=0)
    >>> augment(images, still, np.random.default_rng(0)) is images
    True
    >>> augment(images, Recipe(), np.random.default_rng(0)).shape
    (4, 28, 28, 1)
    """
    from keras import ops

    count, height, width, _ = images.shape
    if recipe.flip:
        mirrored = np.asarray(random.random(count) < 0.5)
        images = np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)
    if recipe.flip == "both":
        mirrored = np.asarray(random.random(count) < 0.5)
        images = np.where(mirrored[:, None, None, None], images[:, ::-1], images)
    if not (recipe.shift or recipe.turn or recipe.zoom):
        return images
    down, right, turn, zoom = random.uniform(-1, 1, (4, count))
    angle, scale = 2 * np.pi * recipe.turn * turn, 1 + recipe.zoom * zoom
    # Where each output pixel (x, y) comes from: turned and zoomed about the middle, then shifted.
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    from_x = middle_x - cos * middle_x + sin * middle_y + recipe.shift * width * right
    from_y = middle_y - sin * middle_x - cos * middle_y + recipe.shift * height * down
    zero = np.zeros(count)
    transforms = np.stack([cos, -sin, from_x, sin, cos, from_y, zero, zero], axis=1)
    moved = ops.image.affine_transform(
        images, transforms.astype("float32"), "bilinear", "nearest", data_format="channels_last"
    )
    return np.asarray(ops.convert_to_numpy(moved))


def train(
    model: keras.Model,
    images: Array,
    labels: Array,
    recipe: Recipe,
    seed: int = 0,
    verbose: bool = True,
    watch: Callable[[int], None] | None = None,
) -> list[float]:
    """Train a model by a recipe, with a progress bar; return the loss of each step.

    The model is changed in place. Set Keras' seed with `keras.utils.set_random_seed` before the
    model is made: its first weights and dropout follow that one, the order of images and their
    augmentation follow `seed`.

    Parameters
    ----------
    model : keras.Model
        Returns probabilities (N, K).
    images : float32 array (N, H, W, C)
        In [0, 1].
    labels : int array (N,)
        Or float array (N, K): a probability for each class, as from a teacher.
    recipe : Recipe
        Settings.
    seed : int
        Of order and augmentation.
    verbose : bool
        Show progress.
    watch : callable, optional
        Called after each step with its number, from 1: to judge the model on the way.

    Raises
    ------
    ValueError
        If there are no images, or labels do not fit images and model.

    Examples
    --------
    >>> import keras
    >>> from helpers.models import small_network
    >>> random = np.random.default_rng(0)
    >>> images = random.random((32, 28, 28, 1), "float32")
    >>> keras.utils.set_random_seed(0)
    >>> model = small_network(filters=(4,))
    >>> len(train(model, images, np.arange(32) % 2, Recipe(steps=3), verbose=False))
    3
    """
    import keras
    from tqdm import tqdm

    targets, weights = _targets(images, labels, model.output.shape[-1], recipe.class_weights)
    rate: Any = recipe.learning_rate
    if recipe.cosine:
        rate = keras.optimizers.schedules.CosineDecay(rate, recipe.steps)
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay),
        keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
    )
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
    random = np.random.default_rng(seed)
    order = np.empty(0, int)
    losses = []
    for step in tqdm(range(1, recipe.steps + 1), unit="step", disable=not verbose):
        while len(order) < recipe.batch_size:
            order = np.append(order, random.permutation(len(images)))
        batch, order = order[: recipe.batch_size], order[recipe.batch_size :]
        X = augment(images[batch], recipe, random)
        losses.append(model.train_on_batch(X, targets[batch], weights[batch]))
        if watch is not None:
            watch(step)
    return [float(loss) for loss in losses]


def predict(model: keras.Model, images: Array, flips: Sequence[str] = ("",)) -> Array:
    """Return a model's probabilities (N, K), averaged over mirrored copies if asked.

    Parameters
    ----------
    model : keras.Model
        Returns probabilities.
    images : float32 array (N, H, W, C)
        In [0, 1].
    flips : sequence of str
        Directions to average over: "" is the image as it is, "horizontal", "vertical", "both".

    Examples
    --------
    >>> from helpers.models import small_network
    >>> predict(small_network(filters=(4,)), np.zeros((2, 28, 28, 1), "float32")).shape
    (2, 2)
    """
    turned = {
        "": images,
        "horizontal": images[:, :, ::-1],
        "vertical": images[:, ::-1],
        "both": images[:, ::-1, ::-1],
    }
    return np.mean([model.predict(turned[flip], 256, verbose=0) for flip in flips], axis=0)


def with_own_statistics(model: keras.Model, images: Array) -> Array:
    """Return a model's probabilities (N, K), each channel normalized by these very images.

    Batch normalization takes means and variances of the images at hand (Nado et al. 2020,
    arXiv:2006.10963), not those it remembers from training; dropout drops nothing. The model stays
    as it is.

    Parameters
    ----------
    model : keras.Model
        Returns probabilities.
    images : float32 array (N, H, W, C)
        In [0, 1]; all go through the model at once, so N is bounded by memory.

    Examples
    --------
    Brighter images of higher contrast have another mean and another spread, which are taken away:

    >>> from helpers.models import small_network
    >>> images = np.random.default_rng(0).random((8, 28, 28, 1), "float32")
    >>> model = small_network(filters=(4,))
    >>> one, other = (with_own_statistics(model, scale * images) for scale in (100, 200))
    >>> bool(np.allclose(one, other, atol=1e-3))
    True
    """
    # All of the old mean, nothing of the new one.
    return _normalized_by_batch(model, images, momentum=1.0)


def settle(model: keras.Model, images: Array) -> None:
    """Set what batch normalization remembers to the means and variances of these images, in place.

    Training leaves running means of augmented images, the last ones most. Give training images as
    they are, before the statistics of other images are compared with them.

    Parameters
    ----------
    model : keras.Model
        With batch normalization.
    images : float32 array (N, H, W, C)
        In [0, 1]; all go through the model at once, so N is bounded by memory.

    Examples
    --------
    >>> from helpers.models import small_network
    >>> images = np.random.default_rng(0).random((8, 28, 28, 1), "float32")
    >>> model = small_network(filters=(4,))
    >>> settle(model, images)
    >>> bool(np.allclose(predict(model, images), with_own_statistics(model, images), atol=1e-4))
    True
    """
    # Nothing of the old mean, all of the new one.
    _normalized_by_batch(model, images, momentum=0.0)


def _normalized_by_batch(model: keras.Model, images: Array, momentum: float) -> Array:
    """Return the output in training mode without dropout; running means move by this momentum."""
    import keras

    # What is changed for this one call: layer, its setting, the value for now.
    changes = [
        (layer, name, value)
        for layer in _all_layers(model)
        for kind, name, value in (
            (keras.layers.BatchNormalization, "momentum", momentum),
            (keras.layers.Dropout, "rate", 0.0),
        )
        if isinstance(layer, kind)
    ]
    before = [getattr(layer, name) for layer, name, _ in changes]
    try:
        for layer, name, value in changes:
            setattr(layer, name, value)
        return keras.ops.convert_to_numpy(model(images, training=True))
    finally:
        for (layer, name, _), value in zip(changes, before, strict=True):
            setattr(layer, name, value)


def _all_layers(model: keras.Model) -> Iterator[Any]:
    """Yield the layers of a model, those of models inside it too."""
    for layer in model.layers:
        yield from _all_layers(layer) if hasattr(layer, "layers") else (layer,)


def _targets(images: Array, labels: Array, classes: int, balance: bool) -> tuple[Array, Array]:
    """Return labels as probabilities (N, K), and the weight of each image in the loss (N,)."""
    labels = np.asarray(labels)
    if not len(images) or len(images) != len(labels):
        raise ValueError(f"{len(images)} images and {len(labels)} labels; give one to each")
    if labels.ndim == 2 and labels.shape[1] == classes and labels.dtype.kind == "f":
        targets = labels.astype("float32")
    elif labels.ndim == 1 and labels.dtype.kind in "iu":
        if labels.min() < 0 or labels.max() >= classes:
            raise ValueError(
                f"labels go from {labels.min()} to {labels.max()}, but the model has {classes} "
                f"outputs for classes 0 to {classes - 1}"
            )
        targets = np.eye(classes, dtype="float32")[labels]
    else:
        raise ValueError(
            f"labels have shape {labels.shape} and dtype {labels.dtype}; give integers (N,) "
            f"or probabilities (N, {classes})"
        )
    weights = np.ones(len(labels), "float32")
    if balance:
        counts = targets.sum(axis=0)
        weights = (targets @ (len(labels) / (classes * np.maximum(counts, 1)))).astype("float32")
    return targets, weights
