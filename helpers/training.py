"""The recipe by which a Keras model is trained: data, not code copied from lesson to lesson."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from helpers import inputs
from helpers.models import Head, findings_of, head_of, images_for, layers_of, probabilities

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
            inputs.whole(name, getattr(self, name), 1)
        for name in ("weight_decay", "shift", "turn", "zoom", "label_smoothing"):
            inputs.number(name, getattr(self, name), least=0, below=1)
        inputs.number("learning_rate", self.learning_rate, above=0)
        inputs.one_of("flip", self.flip, ("", "horizontal", "both"))
        for name in ("cosine", "class_weights"):
            inputs.one_of(name, getattr(self, name), (True, False))


def augment(images: Array, recipe: Recipe, random: np.random.Generator) -> Array:
    """Shift, turn, zoom and mirror images at random, all in one resampling.

    What comes in at the edge repeats the edge.

    Parameters
    ----------
    images : float32 array (N, H, W, C)
        One batch, in [0, 1].
    recipe : Recipe
        How far; see there.
    random : numpy Generator
        Where the random numbers come from.

    Returns
    -------
    array (N, H, W, C)

    Raises
    ------
    ValueError
        If an argument is no such value.

    Examples
    --------
    >>> images = np.random.default_rng(0).random((4, 28, 28, 1), "float32")
    >>> still = Recipe(shift=0, turn=0, zoom=0)
    >>> augment(images, still, np.random.default_rng(0)) is images
    True
    >>> augment(images, Recipe(), np.random.default_rng(0)).shape
    (4, 28, 28, 1)
    """
    X = inputs.images("images", images)
    inputs.instance("recipe", recipe, Recipe, "Recipe(shift=0.1)")
    inputs.instance("random", random, np.random.Generator, "np.random.default_rng(0)")
    return _augmented(X, recipe, random)


def _augmented(images: Array, recipe: Recipe, random: np.random.Generator) -> Array:
    """Do what `augment` says."""
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
        Any that `helpers.models` describes; its answer decides the loss.
    images : float32 array (N, H, W, C)
        In [0, 1]; from 0 to 255 if the model begins with `Rescaling(1 / 255)`. Of a volume, the
        slices are the channels: (N, H, W, D), and the model begins with `Reshape((H, W, D, 1))`;
        augmentation moves all slices of a volume alike.
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
        If an argument is no such value, or labels do not fit images and model: then nothing is
        trained. If the loss is no longer a number: then the model is lost.

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
    X = images_for(model, images)
    inputs.instance("recipe", recipe, Recipe, "Recipe(steps=100)")
    random = np.random.default_rng(inputs.whole("seed", seed, 0))
    inputs.one_of("verbose", verbose, (True, False))
    if watch is not None and not callable(watch):
        raise ValueError(f"watch={inputs.told(watch)} can't be called; give a function of the step")
    if not model.built:
        model(X[:1])
    head = head_of(model, X)
    targets, weights = _targets(labels, len(X), head.classes, recipe.class_weights)
    if head.outputs == 1:
        targets = targets[:, 1:]
    return _learn(model, X, targets, weights, _loss(head, recipe), recipe, random, verbose, watch)


def findings_loss(truth: Any, said: Any) -> Any:
    """Return the binary cross-entropy of each image (N,), summed over its findings: a Keras loss.

    A finding that nobody knows, -1, counts nothing, and moves no weight.

    Source: equation findings-loss, with the mask of unknown labels.

    Parameters
    ----------
    truth : tensor (N, K)
        1 there, 0 not there, -1 unknown.
    said : tensor (N, K)
        Probabilities.

    Examples
    --------
    >>> truth, said = np.array([[1, 0], [1, -1]], "float32"), np.full((2, 2), 0.5, "float32")
    >>> np.asarray(findings_loss(truth, said)).round(3)
    array([1.386, 0.693], dtype=float32)
    """
    from keras import ops

    truth, said = ops.convert_to_tensor(truth), ops.convert_to_tensor(said)
    known = ops.cast(truth >= 0, said.dtype)
    each = ops.binary_crossentropy(ops.cast(ops.maximum(truth, 0), said.dtype), said)
    return ops.sum(known * each, axis=-1)


def train_findings(
    model: keras.Model,
    images: Array,
    labels: ArrayLike,
    recipe: Recipe,
    seed: int = 0,
    verbose: bool = True,
) -> list[float]:
    """Train a model of several findings at once by a recipe; return the loss of each step.

    As `train`, with `findings_loss`. What the model then says is `model.predict(images)`, (N, K).

    Parameters
    ----------
    model : keras.Model
        Ends in a sigmoid for each finding.
    images : float32 array (N, H, W, C)
        As of `train`.
    labels : int array (N, K)
        1 where a finding is there, 0 where it is not, -1 where nobody knows.
    recipe : Recipe
        Settings; class weights and label smoothing are of one class an image, and refused.
    seed : int
        Of order and augmentation.
    verbose : bool
        Show progress.

    Raises
    ------
    ValueError
        If an argument is no such value, labels do not fit images and model, or a finding is not
        known to be there in any image, or in all: then nothing is trained. If the loss is no
        longer a number: then the model is lost.

    Examples
    --------
    >>> import keras
    >>> images = np.random.default_rng(0).random((8, 28, 28, 1), "float32")
    >>> layers = [keras.Input((28, 28, 1)), keras.layers.Flatten()]
    >>> model = keras.Sequential([*layers, keras.layers.Dense(2, activation="sigmoid")])
    >>> labels = np.array([[0, 1], [1, 0], [1, 1], [-1, 0]] * 2)
    >>> len(train_findings(model, images, labels, Recipe(steps=3), verbose=False))
    3
    """
    X = images_for(model, images)
    inputs.instance("recipe", recipe, Recipe, "Recipe(steps=100)")
    if recipe.class_weights or recipe.label_smoothing:
        raise ValueError(
            f"recipe={inputs.told(recipe)} has class weights or label smoothing, which are of one "
            "class an image; give one without them"
        )
    random = np.random.default_rng(inputs.whole("seed", seed, 0))
    inputs.one_of("verbose", verbose, (True, False))
    if not model.built:
        model(X[:1])
    targets = _findings(labels, len(X), findings_of(model, X))
    return _learn(model, X, targets, None, findings_loss, recipe, random, verbose)


def _learn(
    model: keras.Model,
    X: Array,
    targets: Array,
    weights: Array | None,
    loss: Any,
    recipe: Recipe,
    random: np.random.Generator,
    verbose: bool,
    watch: Callable[[int], None] | None = None,
) -> list[float]:
    """Do the steps of `train`; each image may have a weight."""
    import keras
    from tqdm import tqdm

    rate: Any = recipe.learning_rate
    if recipe.cosine:
        rate = keras.optimizers.schedules.CosineDecay(rate, recipe.steps)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay), loss)
    model.optimizer.build(model.trainable_variables)  # else Keras traces the first step twice
    order = np.empty(0, int)
    losses = []
    for step in tqdm(range(1, recipe.steps + 1), unit="step", disable=not verbose):
        while len(order) < recipe.batch_size:
            order = np.append(order, random.permutation(len(X)))
        batch, order = order[: recipe.batch_size], order[recipe.batch_size :]
        moved = _augmented(X[batch], recipe, random)
        weighed = None if weights is None else weights[batch]
        losses.append(float(model.train_on_batch(moved, targets[batch], weighed)))
        if not np.isfinite(losses[-1]):
            raise ValueError(
                f"the loss is {losses[-1]} at step {step}: make the model anew and lower "
                f"learning_rate={recipe.learning_rate:g}"
            )
        if watch is not None:
            watch(step)
    return losses


def _findings(labels: ArrayLike, count: int, findings: int) -> Array:
    """Return the labels of several findings as float32 (N, K), or raise."""
    given = inputs.array("labels", labels)
    if given.shape != (count, findings):
        raise ValueError(
            f"labels have shape {given.shape}; give ({count}, {findings}): for each image whether "
            "each finding that the model answers is there"
        )
    if given.dtype.kind not in "iu" or given.min() < -1 or given.max() > 1:
        raise ValueError(
            f"labels are {given.dtype} from {given.min()} to {given.max()}; give integers: "
            "1 there, 0 not there, -1 unknown"
        )
    for finding, column in enumerate(given.T):
        for value, what in ((1, "there"), (0, "not there")):
            if not (column == value).any():
                raise ValueError(
                    f"labels[:, {finding}] are never {value} ({what}), so that nothing can be "
                    "learned of this finding; give images of both kinds, or leave it out"
                )
    return given.astype("float32")


def predict(model: keras.Model, images: Array, flips: Sequence[str] = ("",)) -> Array:
    """Return a model's probabilities (N, K), averaged over mirrored copies if asked.

    A model of one output gives two columns; logits become probabilities.

    Parameters
    ----------
    model : keras.Model
        Any that `helpers.models` describes.
    images : float32 array (N, H, W, C)
        In [0, 1]; from 0 to 255 if the model begins with `Rescaling(1 / 255)`.
    flips : sequence of str
        Directions to average over: "" is the image as it is, "horizontal", "vertical", "both".

    Raises
    ------
    ValueError
        If model, images or directions are no such values.

    Examples
    --------
    >>> from helpers.models import small_network
    >>> predict(small_network(filters=(4,)), np.zeros((2, 28, 28, 1), "float32")).shape
    (2, 2)
    """
    X = images_for(model, images)
    if not isinstance(flips, list | tuple) or not flips:
        raise ValueError(
            f"flips={inputs.told(flips)}; give one or more in a tuple, as ('', 'both')"
        )
    turned = {
        "": X,
        "horizontal": X[:, :, ::-1],
        "vertical": X[:, ::-1],
        "both": X[:, ::-1, ::-1],
    }
    copies = [turned[inputs.one_of("flips", flip, list(turned))] for flip in flips]
    head = head_of(model, X)
    parts = [probabilities(head, model.predict(each, 256, verbose=0)) for each in copies]
    return np.mean(parts, axis=0)


def with_own_statistics(model: keras.Model, images: Array) -> Array:
    """Return a model's probabilities (N, K), each channel normalized by these very images.

    Batch normalization takes means and variances of the images at hand (Nado et al. 2020,
    arXiv:2006.10963), not those it remembers from training; dropout drops nothing. The model stays
    as it is.

    Parameters
    ----------
    model : keras.Model
        Any that `helpers.models` describes, with batch normalization.
    images : float32 array (N, H, W, C)
        As of `predict`; all go through the model at once, so N is bounded by memory.

    Raises
    ------
    ValueError
        If model or images are no such values, or batch normalization is frozen.

    Examples
    --------
    Brighter images of higher contrast have another mean and another spread, which are taken away:

    >>> from helpers.models import small_network
    >>> images = np.random.default_rng(0).random((8, 28, 28, 1), "float32")
    >>> model = small_network(filters=(4,))
    >>> one, other = (with_own_statistics(model, scale * images) for scale in (0.5, 1))
    >>> bool(np.allclose(one, other, atol=0.02))
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
        Any that `helpers.models` describes, with batch normalization.
    images : float32 array (N, H, W, C)
        As of `predict`; all go through the model at once, so N is bounded by memory.

    Raises
    ------
    ValueError
        If model or images are no such values, or batch normalization is frozen.

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

    X = images_for(model, images)
    head = head_of(model, X)
    kept = [one for one in layers_of(model) if isinstance(one, keras.layers.BatchNormalization)]
    if not kept:
        raise ValueError(
            f"model={model.name!r} has no batch normalization; give one that has it, "
            "such as small_network()"
        )
    if not all(layer.trainable for layer in kept):
        raise ValueError(
            f"model={model.name!r} has frozen batch normalization; set model.trainable = True"
        )
    # What is changed for this one call: layer, its setting, the value for now.
    changes = [
        (layer, name, value)
        for layer in layers_of(model)
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
        return probabilities(head, keras.ops.convert_to_numpy(model(X, training=True)))
    finally:
        for (layer, name, _), value in zip(changes, before, strict=True):
            setattr(layer, name, value)


def _loss(head: Head, recipe: Recipe) -> Any:
    """Return the cross-entropy that fits what the model gives."""
    import keras

    one = head.outputs == 1
    made = keras.losses.BinaryCrossentropy if one else keras.losses.CategoricalCrossentropy
    return made(from_logits=head.kind == "logits", label_smoothing=recipe.label_smoothing)


def _targets(labels: ArrayLike, count: int, classes: int, balance: bool) -> tuple[Array, Array]:
    """Return labels as probabilities (N, K), and the weight of each image in the loss (N,)."""
    given = inputs.array("labels", labels)
    if given.ndim == 2 and given.dtype.kind == "f":
        if given.shape != (count, classes):
            raise ValueError(
                f"labels have shape {given.shape}; give ({count}, {classes}): for each image the "
                "probability of each class"
            )
        if given.min() < 0 or np.abs(given.sum(axis=1) - 1).max() > 0.01:
            raise ValueError("labels are no probabilities; give rows from 0 to 1 whose sum is 1")
        targets = given.astype("float32")
    else:
        targets = np.eye(classes, dtype="float32")[inputs.labels("labels", given, count, classes)]
    weights = np.ones(count, "float32")
    if balance:
        counts = targets.sum(axis=0)
        weights = (targets @ (count / (classes * np.maximum(counts, 1)))).astype("float32")
    return targets, weights
