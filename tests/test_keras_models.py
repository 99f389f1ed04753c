"""Each helper that takes a Keras model, against each kind of model: it works, or says what to do.

"Works" is measured against a computation of its own: the model's answer, central differences of
it, the model before it was saved. "Says what to do" is one ValueError.
"""

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from helpers import explain
from helpers.model_card import FIELDS, model_card
from helpers.models import (
    head_of,
    images_for,
    layers_of,
    listening,
    multiply_adds,
    receptive_field,
    shape_of,
    small_network,
    top_of,
    tutorial_network,
)
from helpers.training import Recipe, predict, settle, train, with_own_statistics

SHAPE = (12, 10, 1)


@pytest.fixture(autouse=True)
def as_it_comes(untraced):
    """Tracing a hundred models would take minutes."""


# ---- The kinds -----------------------------------------------------------------------------


def body(end, shape=SHAPE):
    """Return the layers of a small network, with batch normalization and dropout."""
    return [
        *([] if shape is None else [keras.Input(shape)]),
        layers.Conv2D(4, 3, activation="tanh", name="maps"),
        layers.BatchNormalization(name="norm"),
        layers.GlobalAveragePooling2D(name="mean"),
        layers.Dropout(0.3),
        *end,
    ]


def softmax(classes=2, **settings):
    return layers.Dense(classes, activation="softmax", **settings)


def sequential(*end, shape=SHAPE):
    return keras.Sequential(body(end or [softmax()], shape))


def functional(*end, shape=SHAPE):
    entry, *rest = body(end or [softmax()], shape)
    x = entry
    for layer in rest:
        x = layer(x)
    return keras.Model(entry, x)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.maps, self.norm, self.mean, self.drop, self.end = body([softmax()], shape=None)

    def call(self, images, training=False):
        maps = self.norm(self.maps(images), training=training)
        return self.end(self.drop(self.mean(maps), training=training))


def called(model):
    """Return a model that was built by giving it images."""
    model(np.zeros((3, *SHAPE), "float32"))
    return model


def fitted(model):
    model.compile("sgd", "sparse_categorical_crossentropy")
    images = np.random.default_rng(0).random((8, *SHAPE), "float32")
    model.fit(images, np.arange(8) % 2, epochs=2, verbose=0)
    model.predict(images, verbose=0)
    return model


def reloaded(model, ending=".keras"):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{ending}"
        model.save(path)
        return keras.models.load_model(path)


def nested():
    """Return a model with a backbone inside, as when it comes from another task."""
    backbone = functional()
    inside = keras.Model(backbone.inputs[0], backbone.get_layer("norm").output, name="backbone")
    entry = keras.Input(SHAPE)
    x = layers.GlobalAveragePooling2D()(inside(entry))
    return keras.Model(entry, softmax()(x))


def rescaled(network):
    return keras.Sequential([keras.Input(SHAPE), layers.Rescaling(1 / 255), network])


def half():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return functional(softmax(dtype="float32"))
    finally:
        keras.config.set_dtype_policy(before)


def all_half():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        return functional()
    finally:
        keras.config.set_dtype_policy(before)


def two_inputs():
    entries = [keras.Input(SHAPE), keras.Input(SHAPE)]
    x = layers.Flatten()(layers.Concatenate()(entries))
    return keras.Model(entries, softmax()(x))


def of_numbers():
    return keras.Sequential([keras.Input((5,)), softmax()])


def two_outputs():
    entry = keras.Input(SHAPE)
    x = layers.Flatten()(entry)
    return keras.Model(entry, [softmax()(x), softmax()(x)])


def frozen():
    model = functional()
    model.trainable = False
    return model


def shared_layer():
    """Return a model that uses a layer of maps twice, and another model with the same layers."""
    entry, twice = keras.Input(SHAPE), layers.Conv2D(1, 3, padding="same", name="twice")
    x = layers.Conv2D(2, 3, name="maps")(twice(twice(entry)))
    x = layers.BatchNormalization()(x)
    return keras.Model(entry, softmax()(layers.GlobalAveragePooling2D()(x)))


def part_of_another():
    """Return a model whose layers were used before, by a model of another input."""
    first = sequential()
    return keras.Sequential([keras.Input(SHAPE), *first.layers])


WORK = {
    "functional": functional,
    "Sequential, fresh": sequential,
    "Sequential, fitted": lambda: fitted(sequential()),
    "Sequential, built by a call": lambda: called(sequential(shape=None)),
    "Sequential from .keras": lambda: reloaded(sequential()),
    "Sequential from .h5": lambda: reloaded(sequential(), ".h5"),
    "functional from .keras": lambda: reloaded(functional()),
    "functional from .h5": lambda: reloaded(functional(), ".h5"),
    "fitted, from .keras": lambda: reloaded(fitted(sequential())),
    "Rescaling in front": lambda: rescaled(functional()),
    "Rescaling in front, from .keras": lambda: reloaded(rescaled(sequential())),
    "Rescaling to -1..1 in front": lambda: keras.Sequential(
        [keras.Input(SHAPE), layers.Rescaling(2, offset=-1), functional()]
    ),
    "nested backbone": nested,
    "nested backbone from .keras": lambda: reloaded(nested()),
    "mixed precision": half,
    "mixed precision to the end": all_half,
    "sigmoid": lambda: functional(layers.Dense(1, activation="sigmoid")),
    "sigmoid from .h5": lambda: reloaded(sequential(layers.Dense(1, activation="sigmoid")), ".h5"),
    "sigmoid as a layer": lambda: functional(layers.Dense(1), layers.Activation("sigmoid")),
    "logits": lambda: functional(layers.Dense(3)),
    "one logit": lambda: sequential(layers.Dense(1)),
    "Softmax layer": lambda: functional(layers.Dense(2), layers.Softmax()),
    "Activation layer": lambda: reloaded(
        sequential(layers.Dense(2), layers.Activation("softmax", dtype="float32"))
    ),
    "tf.nn.softmax": lambda: functional(layers.Dense(2, activation=tf.nn.softmax)),
    "five classes": lambda: functional(softmax(5)),
    "color": lambda: functional(softmax(3), shape=(12, 10, 3)),
    "variable size": lambda: functional(shape=(None, None, 1)),
    "variable size from .keras": lambda: reloaded(sequential(shape=(None, None, 1))),
    "no bias": lambda: functional(softmax(use_bias=False)),
    "subclassed": lambda: called(Subclassed()),
    "frozen": frozen,
    "a layer used twice": shared_layer,
    "layers of another model": part_of_another,
    "tutorial_network": tutorial_network,
    "small_network": lambda: small_network(filters=(4, 6)),
}

# What is refused by every helper, and the sentence.
REFUSED = {
    "two inputs": (two_inputs, "takes 2 inputs.* join the images along their channels"),
    "numbers in": (of_numbers, r"shape \('N', 5\); give a model of images"),
    "two outputs": (two_outputs, "outputs of shape list; give a model with one output"),
    "maps out": (
        lambda: keras.Sequential([keras.Input(SHAPE), layers.Conv2D(2, 3)]),
        r"outputs of shape \(1, 10, 8, 2\); give a model with one output",
    ),
    "two sigmoids": (
        lambda: functional(layers.Dense(2, activation="sigmoid")),
        r"2 output\(s\), .*give one that ends in Dense\(K, activation='softmax'\)",
    ),
    "softmax over one": (lambda: functional(softmax(1)), r"1 output\(s\), .*give one that ends in"),
    "ReLU": (lambda: functional(layers.Dense(2, activation="relu")), "give one that ends in"),
    "normalization at the end": (
        lambda: functional(layers.Dense(2), layers.BatchNormalization(name="last")),
        "ends in 'last' .*give one that ends in",
    ),
    "no layer at the end": (
        lambda: keras.Model(
            (model := functional(layers.Dense(2))).inputs[0], keras.ops.softmax(model.outputs[0])
        ),
        "ends in an operation that is no layer .*give one that ends in",
    ),
    "no model": (lambda: "model.keras", "model='model.keras' is no Model; give a Keras model"),
    "a layer": (lambda: softmax(), "is no Model; give a Keras model"),
}


@dataclass
class Case:
    """A model with everything known about it, and images for it."""

    model: Any
    images: np.ndarray
    probabilities: np.ndarray


@functools.cache
def case(kind):
    keras.utils.set_random_seed(1)
    model = WORK[kind]()
    random = np.random.default_rng(0)
    for layer in layers_of(model):  # no statistic and no bias as it began
        values = layer.get_weights()
        layer.set_weights([w + 0.3 * random.random(w.shape) if w.ndim == 1 else w for w in values])
    shape = [n or side for n, side in zip(shape_of(model), SHAPE, strict=True)]
    if None in shape_of(model):
        shape = [*SHAPE[:2], 1]
    images = random.random((4, *shape), "float32") * np.float32(top_of(model))
    answer = np.asarray(model(images, training=False), dtype=float)
    if "logit" in kind:
        answer = 1 / (1 + np.exp(-answer)) if answer.shape[1] == 1 else np.exp(answer)
        answer = answer if answer.shape[1] == 1 else answer / answer.sum(axis=1, keepdims=True)
    if answer.shape[1] == 1:
        answer = np.hstack([1 - answer, answer])
    return Case(model, images, answer)


@pytest.fixture(params=WORK)
def kind(request):
    return request.param


# Half precision has three digits.
def tolerance(kind):
    return {"rtol": 0.02, "atol": 0.01} if "mixed" in kind else {"rtol": 1e-3, "atol": 1e-4}


# ---- It works ------------------------------------------------------------------------------


def test_probabilities(kind):
    one = case(kind)
    found = predict(one.model, one.images)
    np.testing.assert_allclose(found, one.probabilities, **tolerance(kind))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=2e-3)
    mirrored = predict(one.model, one.images[:, :, ::-1])
    both = predict(one.model, one.images, ("", "horizontal"))
    np.testing.assert_allclose(both, (found + mirrored) / 2, atol=1e-3)


def test_log_odds_are_those_of_the_probabilities(kind):
    one = case(kind)
    p = one.probabilities
    for label in range(p.shape[1]):
        expected = np.log(p[:, label]) - np.log(np.delete(p, label, axis=1).sum(axis=1))
        found = explain.log_odds(one.model, one.images, label)
        np.testing.assert_allclose(found, expected, **tolerance(kind))
    with pytest.raises(ValueError, match=f"has {p.shape[1]} classes, label={p.shape[1]}; give"):
        explain.log_odds(one.model, one.images, p.shape[1])


def test_saliency_is_the_slope_of_the_log_odds(kind):
    """Central differences at the pixel that matters most and at another."""
    one = case(kind)
    white = top_of(one.model)
    maps = explain.saliency(one.model, one.images, 1)
    assert maps.shape == one.images.shape[:3] and maps.max() > 0
    step = (0.05 if "mixed" in kind else 0.01) * white
    for place in (np.unravel_index(maps[0].argmax(), maps[0].shape), (3, 4)):
        slopes = []
        for channel in range(one.images.shape[3]):
            moved = np.repeat(one.images[:1], 2, axis=0)
            moved[:, *place, channel] += [step, -step]
            with_room = np.clip(moved, 0, white)
            rise = np.subtract(*explain.log_odds(one.model, with_room, 1))
            slopes.append(rise / np.subtract(*with_room[:, *place, channel]))
        loose = 0.5 if "mixed" in kind else 0.05
        np.testing.assert_allclose(
            maps[0][place], np.abs(slopes).max(), rtol=loose, atol=loose * maps[0].max() / 5
        )


def test_integrated_gradients_add_up(kind):
    one = case(kind)
    maps = explain.integrated_gradients(one.model, one.images, 1, steps=32)
    rise = np.subtract(
        explain.log_odds(one.model, one.images, 1), explain.log_odds(one.model, 0 * one.images, 1)
    )
    loose = 0.1 if "mixed" in kind else 0.03
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), rise, rtol=loose, atol=0.02)


def test_occlusion_of_everything_is_the_fall_of_the_score(kind):
    one = case(kind)
    images = one.images[:, :10, :10]
    if shape_of(one.model)[0] is not None:
        images = one.images
    side = min(images.shape[1:3])
    maps = explain.occlusion(one.model, images, 0, size=side, stride=1, fill=0.25)
    covered = images.copy()
    covered[:, :side, :side] = 0.25 * top_of(one.model)
    fall = explain.log_odds(one.model, images, 0) - explain.log_odds(one.model, covered, 0)
    np.testing.assert_allclose(maps[:, 0, 0], fall, rtol=1e-3, atol=1e-3)


def layer_of_maps(model):
    names = [layer.name for layer in layers_of(model)]
    return "maps" if "maps" in names else next(n for n in names if n.startswith("conv2d"))


def test_grad_cam_is_the_channels_times_their_slopes(kind):
    """Here each channel is moved as a whole by its bias, and the score's slope measured."""
    one = case(kind)
    name = layer_of_maps(one.model)
    classes = range(one.probabilities.shape[1])
    maps = [explain.grad_cam(one.model, one.images, label, name) for label in classes]
    assert all(each.shape == one.images.shape[:3] for each in maps)
    label = max(classes, key=lambda label: maps[label][0].max())  # a map may be empty
    assert maps[label][0].max() > 0
    if "tutorial" in kind or "small" in kind or "mixed" in kind:
        return  # no `tanh` or not precise enough: tested against another library elsewhere
    layer = next(layer for layer in layers_of(one.model) if layer.name == name)
    seen = {}
    call = layer.call
    try:
        layer.call = lambda X: seen.setdefault("channels", call(X))
        one.model(one.images[:1], training=False)
        channels = np.asarray(seen["channels"], dtype=float)[0]
        slopes = []
        for channel in range(channels.shape[-1]):
            scores = []
            for step in (0.02, -0.02):
                change = step * np.eye(channels.shape[-1], dtype="float32")[channel]
                layer.call = lambda X, change=change: call(X) + change
                scores.append(explain.log_odds(one.model, one.images[:1], label)[0])
            # All places move at once, so it is the sum of the slopes, and its mean is wanted.
            slopes.append(np.subtract(*scores) / 0.04 / channels[..., 0].size)
    finally:
        del layer.call
    small = np.maximum(channels @ slopes, 0)[None, ..., None].astype("float32")
    expected = np.asarray(keras.ops.image.resize(small, one.images.shape[1:3]))[0, ..., 0]
    np.testing.assert_allclose(
        maps[label][0], expected, rtol=0.02, atol=0.01 * expected.max() + 1e-7
    )


def test_randomized_layers(kind):
    one = case(kind)
    if kind in ("subclassed", "tf.nn.softmax"):
        with pytest.raises(ValueError, match="can't be copied by keras.models.clone_model; build"):
            explain.randomized(one.model, 0)
        return
    same = explain.randomized(one.model, 0)
    np.testing.assert_allclose(predict(same, one.images), one.probabilities, **tolerance(kind))
    last = explain.randomized(one.model, 1)
    pairs = zip(layers_of(one.model), layers_of(last), strict=True)
    equal = [
        all(map(np.array_equal, old.get_weights(), new.get_weights()))
        for old, new in pairs
        if old.weights
    ]
    assert equal == [True] * (len(equal) - 1) + [False]


def test_statistics_of_batches(kind):
    one = case(kind)
    before = one.model.get_weights()
    if kind in ("frozen", "tutorial_network"):
        for helper in (settle, with_own_statistics):
            with pytest.raises(ValueError, match="batch normalization; (set|give one)"):
                helper(one.model, one.images)
        return
    own = with_own_statistics(one.model, one.images)
    assert all(map(np.array_equal, before, one.model.get_weights()))
    assert not np.allclose(own, one.probabilities, atol=1e-4)
    try:
        settle(one.model, one.images)
        np.testing.assert_allclose(predict(one.model, one.images), own, **tolerance(kind))
    finally:
        one.model.set_weights(before)


def seen(model, images):
    """For each convolution and pooling: the pixels, down and across, that move the middle number.

    In any of the images: where a number is not the largest of its window, it moves nothing.
    """
    places = list(np.ndindex(images.shape[1:3]))
    windows = [layer for layer in layers_of(model) if hasattr(layer, "strides")]
    moved = [np.zeros(images.shape[1:3], bool) for _ in receptive_field(model)]
    for image in images:
        changed = np.repeat(image[None], 2 * len(places) + 1, axis=0)
        for number, place in enumerate(places, 1):
            changed[number][place] += 3 * top_of(model)
            changed[-number][place] -= 3 * top_of(model)
        with listening(windows) as calls:
            model(changed, training=False)
        for box, (_, maps) in zip(moved, calls, strict=True):
            middle = np.asarray(maps)[:, maps.shape[1] // 2, maps.shape[2] // 2]
            differs = (middle != middle[0]).any(axis=1)
            box |= (differs[1 : len(places) + 1] | differs[: -len(places) - 1 : -1]).reshape(
                box.shape
            )
    return [tuple(int(np.ptp(np.flatnonzero(box.any(k)))) + 1 for k in (1, 0)) for box in moved]


def test_receptive_field_is_what_moves_the_map(kind):
    one = case(kind)
    if shape_of(one.model)[2] is None:
        with pytest.raises(ValueError, match="does not say what images .* begins with keras.Input"):
            receptive_field(one.model)
        return
    assert [field.size for field in receptive_field(one.model)] == seen(one.model, one.images[:2])


def of_maps(make):
    """Return a model of 20 x 16 pixels that ends in maps."""
    entry = keras.Input((20, 16, 1))
    return keras.Model(entry, make(entry))


@pytest.mark.parametrize(
    ("make", "size", "step"),
    [
        (lambda x: layers.Conv2D(4, (5, 3), strides=(2, 1))(x), (5, 3), (2, 1)),
        (
            lambda x: layers.Conv2D(4, 3, dilation_rate=2)(layers.MaxPooling2D(2)(x)),
            (10, 10),
            (2, 2),
        ),
        (lambda x: layers.Conv2D(4, 3)(layers.MaxPooling2D(3, strides=1)(x)), (5, 5), (1, 1)),
        (lambda x: layers.Add()([layers.Conv2D(4, 5, padding="same")(x), x]), (5, 5), (1, 1)),
        (lambda x: layers.Conv2D(4, 3)(layers.ZeroPadding2D(1)(x)), (3, 3), (1, 1)),
    ],
    ids=["oblong", "dilated", "overlapping", "branches", "padded"],
)
def test_receptive_field_of_windows(make, size, step):
    keras.utils.set_random_seed(0)
    model = of_maps(make)
    assert receptive_field(model)[-1][1:] == (size, step)
    images = np.random.default_rng(0).random((2, 20, 16, 1), "float32")
    assert seen(model, images)[-1] == size


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (layers.Conv2DTranspose(2, 2, strides=2), "is of Conv2DTranspose, whose .* not known"),
        (layers.UpSampling2D(2), "is of UpSampling2D, whose receptive field is not known"),
        (layers.GroupNormalization(1), "is of GroupNormalization, whose receptive field"),
        (layers.GlobalAveragePooling2D(keepdims=True), "is of GlobalAveragePooling2D, whose"),
        (
            lambda x: layers.ReLU()(x + 2 * x),
            r"write operations as layers, such as keras.layers.Add",
        ),
    ],
    ids=["transposed", "enlarged", "group", "global", "operation"],
)
def test_unknown_receptive_field_is_said(make, message):
    model = of_maps(lambda x: make(layers.Conv2D(2, 3)(x)))
    with pytest.raises(ValueError, match=message):
        receptive_field(model)


def test_multiply_adds(kind):
    model = case(kind).model
    if None in shape_of(model):
        with pytest.raises(ValueError, match="any size, and its work .* build it for one"):
            multiply_adds(model)
        return
    found = multiply_adds(model)
    down, across, entry = shape_of(model)
    outputs = head_of(model, case(kind).images).outputs
    expected = (down - 2) * (across - 2) * 9 * entry * 4 + 4 * outputs
    if kind == "a layer used twice":
        expected = 2 * down * across * 9 + (down - 2) * (across - 2) * 9 * 2 + 2 * 2
    if "network" not in kind:
        assert found == expected
    else:
        assert found > 100_000


def test_training_lowers_the_loss_that_fits(kind):
    keras.utils.set_random_seed(1)
    model = WORK[kind]()
    one = case(kind)
    if kind == "frozen":
        return
    labels = np.arange(4) % 2
    recipe = Recipe(
        steps=12, batch_size=4, learning_rate=0.02, cosine=False, shift=0, turn=0, zoom=0
    )
    first = predict(model, one.images)
    losses = train(model, one.images, labels, recipe, verbose=False)
    # Dropout and statistics of the batch change the loss a little.
    expected = -np.log(first[np.arange(4), labels]).mean()
    assert losses[0] == pytest.approx(expected, abs=0.6)
    assert np.mean(losses[-5:]) < losses[0]


def test_card_says_what_the_model_takes(kind):
    model = case(kind).model
    texts = {field: "Said." for field in FIELDS}
    scores = np.linspace(0.1, 0.9, 8)
    card = model_card(model, texts, "tumor", np.arange(8) % 2, scores, threshold=0.5)
    words = " ".join(card.split())
    assert " x ".join(str(n or "any") for n in shape_of(model)) in words
    assert ("0 to 255" in words) == kind.startswith("Rescaling in front")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("make", [sequential, functional, nested])
def test_saved_and_loaded_explains_itself_as_before(make, ending):
    keras.utils.set_random_seed(2)
    model = make()
    again = reloaded(model, ending)
    images = np.random.default_rng(0).random((3, *SHAPE), "float32")
    for method in (
        explain.log_odds,
        explain.saliency,
        explain.integrated_gradients,
        explain.occlusion,
        lambda *given: explain.grad_cam(*given, layer="maps"),
    ):
        before, after = method(model, images, 1), method(again, images, 1)
        np.testing.assert_array_equal(before, after)
        assert np.abs(after).max() > 0


# ---- It says what to do --------------------------------------------------------------------

HELPERS = {
    "predict": predict,
    "train": lambda model, images: train(model, images, [0, 1], Recipe(steps=1), verbose=False),
    "with_own_statistics": with_own_statistics,
    "settle": settle,
    "log_odds": lambda *given: explain.log_odds(*given, 1),
    "saliency": lambda *given: explain.saliency(*given, 1),
    "integrated_gradients": lambda *given: explain.integrated_gradients(*given, 1),
    "occlusion": lambda *given: explain.occlusion(*given, 1),
    "grad_cam": lambda *given: explain.grad_cam(*given, 1, "maps"),
}


@pytest.mark.parametrize("helper", HELPERS)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_refused(kind, helper):
    make, message = REFUSED[kind]
    with pytest.raises(ValueError, match=message):
        HELPERS[helper](make(), np.zeros((2, *SHAPE), "float32"))


@pytest.mark.parametrize("helper", sorted(set(HELPERS) - {"train"}))
@pytest.mark.parametrize("make", [lambda: sequential(shape=None), Subclassed])
def test_a_model_without_weights(make, helper):
    with pytest.raises(ValueError, match="has no weights yet; begin it with keras.Input"):
        HELPERS[helper](make(), np.zeros((2, *SHAPE), "float32"))


@pytest.mark.parametrize("make", [lambda: sequential(shape=None), Subclassed])
def test_training_builds_a_model(make):
    model = make()
    HELPERS["train"](model, np.zeros((2, *SHAPE), "float32"))
    assert predict(model, np.zeros((2, *SHAPE), "float32")).shape == (2, 2)


def test_no_gradient_is_an_error_and_not_zero():
    entry = keras.Input(SHAPE)
    x = layers.Conv2D(2, 3, name="cut")(entry)
    steps = layers.Lambda(lambda x: tf.stop_gradient(x), name="stop")(x)
    both = layers.Concatenate()([steps, layers.ReLU()(x)])
    blocked = keras.Model(entry, softmax()(layers.GlobalAveragePooling2D()(steps)))
    images = np.random.default_rng(0).random((2, *SHAPE), "float32")
    with pytest.raises(ValueError, match="layer='cut': no gradient leads there"):
        explain.grad_cam(blocked, images, 1, "cut")
    for method in (explain.saliency, explain.integrated_gradients):
        with pytest.raises(ValueError, match="no gradient leads there from the score; give"):
            method(blocked, images, 1)
    whole = keras.Model(entry, softmax()(layers.GlobalAveragePooling2D()(both)))
    assert explain.saliency(whole, images, 1).max() > 0


def test_layers_inside_have_two_names():
    model, images = case("nested backbone").model, case("nested backbone").images
    maps = explain.grad_cam(model, images, 1, "backbone/maps")
    np.testing.assert_array_equal(maps, explain.grad_cam(model, images, 1, "maps"))
    # What the model inside gives is what its last layer gives.
    np.testing.assert_array_equal(
        explain.grad_cam(model, images, 1, "backbone"), explain.grad_cam(model, images, 1, "norm")
    )
    with pytest.raises(ValueError, match="layer='twice' .* several; give one of"):
        explain.grad_cam(
            case("a layer used twice").model, case("a layer used twice").images, 1, "twice"
        )


def test_gray_levels_go_to_models_that_scale_them():
    """The same network, with the layer and without: the same explanation."""
    keras.utils.set_random_seed(3)
    network = functional()
    scaled = rescaled(network)
    gray = np.random.default_rng(0).integers(0, 256, (3, *SHAPE), dtype=np.uint8)
    images = gray.astype("float32") / 255
    assert images_for(scaled, gray).max() > 200
    np.testing.assert_allclose(predict(scaled, gray), predict(network, images), atol=1e-5)
    np.testing.assert_allclose(
        explain.occlusion(scaled, gray, 1, fill=0.3),
        explain.occlusion(network, images, 1, fill=0.3),
        atol=1e-4,
    )
    np.testing.assert_allclose(
        explain.integrated_gradients(scaled, gray, 1, baseline=255),
        explain.integrated_gradients(network, images, 1, baseline=1),
        atol=1e-4,
    )
    with pytest.raises(ValueError, match="from 0 to 255 are needed: multiply by 255"):
        predict(scaled, images)
