"""Explanations: against another library, against formulas, and on input that can't be explained."""

import warnings

import keras
import numpy as np
import pytest

from helpers import explain
from helpers.models import small_network, tutorial_network

METHODS = {
    "saliency": explain.saliency,
    "integrated_gradients": lambda *a: explain.integrated_gradients(*a, steps=4),
    "occlusion": explain.occlusion,
    "grad_cam": lambda model, *a: explain.grad_cam(model, *a, layer=features(model)),
    "log_odds": explain.log_odds,
}


def features(model):
    """Return the name of the last layer with rows and columns."""
    return [layer.name for layer in model.layers if len(layer.output.shape) == 4][-1]


def lively(model):
    """Return a model whose biases and statistics are not all alike, as they are after training."""
    random = np.random.default_rng(1)
    old = model.get_weights()
    model.set_weights([w + 0.1 * random.random(w.shape) if w.ndim == 1 else w for w in old])
    return model


@pytest.fixture(scope="module", params=["source", "small", "color"])
def model(request):
    keras.utils.set_random_seed(0)
    makers = {
        "source": tutorial_network,
        "small": lambda: small_network(filters=(4, 8), residual=False),
        "color": lambda: small_network((16, 12, 3), classes=3, filters=(4, 8)),
    }
    return lively(makers[request.param]())


@pytest.fixture(scope="module")
def images(model):
    return np.random.default_rng(0).random((5, *model.inputs[0].shape[1:]), "float32")


def linear(shape=(6, 5, 2), classes=2):
    """Return a model whose logits are weighted sums of the pixels."""
    layers = [keras.Input(shape), keras.layers.Flatten()]
    return keras.Sequential([*layers, keras.layers.Dense(classes, activation="softmax")])


def slopes(model, shape):
    """Return the log-odds' weights (H, W, C) in a linear model of two classes."""
    kernel = model.layers[-1].get_weights()[0]
    return (kernel[:, 1] - kernel[:, 0]).reshape(shape)


# ---- Against another library ---------------------------------------------------------------


def library_score(label):
    """Return the log-odds as tf-keras-vis wants it: a function of the logits."""

    def score(logits):
        columns = [i for i in range(logits.shape[-1]) if i != label]
        rest = keras.ops.logsumexp(keras.ops.take(logits, columns, axis=1), axis=1)
        return logits[:, label] - rest

    return score


def library(kind, model, *arguments, **settings):
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    maker = {"saliency": Saliency, "cam": Gradcam}[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it hands the model a list of one input
        return maker(model, model_modifier=ReplaceToLinear(), clone=True)(*arguments, **settings)


# Both do the same sums in float32, in another order.
TOLERANCE = {"rtol": 1e-3, "atol": 1e-5}


@pytest.mark.parametrize("label", [0, 1])
def test_saliency_equals_tf_keras_vis(model, images, label):
    theirs = library("saliency", model, library_score(label), images, normalize_map=False)
    assert theirs.max() > 1e-3
    np.testing.assert_allclose(explain.saliency(model, images, label), theirs, **TOLERANCE)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("place", [0, -1], ids=["first layer", "last layer"])
def test_grad_cam_equals_tf_keras_vis(model, images, label, place):
    names = [layer.name for layer in model.layers[1:] if len(layer.output.shape) == 4]
    theirs = library(
        "cam",
        model,
        library_score(label),
        images,
        penultimate_layer=names[place],
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
    )
    # Enlarged here by the same rule: theirs is another.
    size = images.shape[1:3]
    theirs = np.asarray(keras.ops.image.resize(theirs[..., None], size))[..., 0]
    np.testing.assert_allclose(
        explain.grad_cam(model, images, label, names[place]), theirs, **TOLERANCE
    )


def test_some_cam_of_them_is_not_empty(model, images):
    cams = [explain.grad_cam(model, images, label, features(model)) for label in (0, 1)]
    assert max(cam.max() for cam in cams) > 1e-3


# ---- Against formulas ----------------------------------------------------------------------


def test_log_odds_of_several_classes(model, images):
    p = np.asarray(model(images))
    for label in range(p.shape[1]):
        expected = np.log(p[:, label]) - np.log(np.delete(p, label, axis=1).sum(axis=1))
        found = explain.log_odds(model, images, label)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("baseline", [0.0, 1.0, "image"])
def test_integrated_gradients_are_complete(model, images, baseline):
    start = images[0] if baseline == "image" else np.full_like(images[0], baseline)
    maps = explain.integrated_gradients(model, images, 1, start if baseline else 0.0, steps=300)
    rise = explain.log_odds(model, images, 1) - explain.log_odds(model, start[None], 1)
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), rise, atol=0.02 * np.abs(rise).max())


def test_integrated_gradients_give_nothing_to_what_equals_the_baseline(model, images):
    images = images.copy()
    images[:, :3, :3] = 1
    maps = explain.integrated_gradients(model, images, 1, baseline=1.0, steps=2)
    assert np.all(maps[:, :3, :3] == 0)
    assert np.any(explain.integrated_gradients(model, images, 1, steps=2)[:, :3, :3] != 0)


def test_linear_model_by_hand():
    """Its gradient is the weight; the path does not matter; squares add up pixel by pixel."""
    model = linear()
    X = np.random.default_rng(0).random((3, 6, 5, 2), "float32")
    weights = slopes(model, X.shape[1:])
    np.testing.assert_allclose(
        explain.saliency(model, X, 1), np.abs(weights).max(axis=-1)[None].repeat(3, 0), rtol=1e-5
    )
    expected = ((X - 0.3) * weights).sum(axis=-1)
    found = explain.integrated_gradients(model, X, 1, baseline=0.3, steps=1)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    found = explain.occlusion(model, X, 1, size=1, stride=1, fill=0.3)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_occlusion_averages_the_squares_that_hold_a_pixel():
    model = linear((4, 5, 1))
    X = np.random.default_rng(0).random((2, 4, 5, 1), "float32")
    share = ((X - 0.5) * slopes(model, (4, 5, 1)))[..., 0]
    # Squares of 3 in steps of 2: rows begin at 0 and, to reach the edge, at 1; columns at 0 and 2.
    corner = share[:, 0:3, 0:3].sum(axis=(1, 2))
    found = explain.occlusion(model, X, 1, size=3, stride=2)
    np.testing.assert_allclose(found[:, 0, 0], corner, atol=1e-5)
    squares = [share[:, t : t + 3, s : s + 3].sum(axis=(1, 2)) for t in (0, 1) for s in (0, 2)]
    np.testing.assert_allclose(found[:, 1, 2], np.mean(squares, axis=0), atol=1e-5)


def test_grad_cam_with_global_average_pooling_is_the_class_activation_map():
    """Then each channel's weight is its weight in the last layer, over the number of places."""
    keras.utils.set_random_seed(0)
    model = lively(small_network(filters=(4, 8), residual=False))
    X = np.random.default_rng(0).random((3, 28, 28, 1), "float32")
    channels = keras.Model(model.inputs, model.get_layer(features(model)).output)(X).numpy()
    weights = slopes(model, (8,)) / (14 * 14)
    cam = np.maximum(channels @ weights, 0)
    expected = np.asarray(keras.ops.image.resize(cam[..., None], (28, 28)))[..., 0]
    np.testing.assert_allclose(
        explain.grad_cam(model, X, 1, features(model)), expected, rtol=1e-3, atol=1e-6
    )


def test_frozen_model_has_the_same_maps(images, model):
    name = features(model)
    before = explain.grad_cam(model, images, 1, name)
    copy = explain.randomized(model, 0)
    copy.trainable = False
    assert np.allclose(explain.grad_cam(copy, images, 1, name), before, atol=1e-6)


def test_batches_change_nothing(model, images, monkeypatch):
    images = images[:3]
    whole = {name: method(model, images, 1) for name, method in METHODS.items()}
    monkeypatch.setattr(explain, "_BATCH", 2)
    for name, method in METHODS.items():
        np.testing.assert_allclose(method(model, images, 1), whole[name], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", sorted(set(METHODS) - {"log_odds"}))
def test_shape_of_maps(model, images, name):
    assert METHODS[name](model, images, 0).shape == images.shape[:3]


# ---- Randomized weights --------------------------------------------------------------------


def test_randomized_changes_the_last_layers_only(model):
    layers = [layer for layer in model.layers if layer.weights]
    for count in (0, 1, len(layers)):
        copy = explain.randomized(model, count, seed=3)
        same = [
            all(
                np.array_equal(a, b)
                for a, b in zip(
                    layer.get_weights(), copy.get_layer(layer.name).get_weights(), strict=True
                )
            )
            for layer in layers
        ]
        assert same == [True] * (len(layers) - count) + [False] * count


def test_randomized_has_a_seed(model):
    weights = [explain.randomized(model, 1, seed).get_weights()[-2] for seed in (0, 0, 1)]
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


# ---- What judges a map ---------------------------------------------------------------------

MASK = np.array([[[True, True, False], [False, False, False]]])


@pytest.mark.parametrize(
    ("values", "hit", "overlap"),
    [
        ([[9, 8, 1], [0, 0, 0]], 1, 1),
        ([[1, 8, 9], [0, 0, 0]], 0, 0.5),
        ([[0, 0, 0], [5, 6, 7]], 0, 0),
        ([[-9, -1, -2], [-3, -4, -5]], 1, 0.5),
        ([[0, 0, 0], [0, 0, 0]], 1 / 3, 1 / 3),
        ([[7, 0, 7], [0, 0, 0]], 1 / 2, 1 / 2),
        ([[3, 0, 0], [0, 0, 0]], 1, (1 + 1 / 5) / 2),
    ],
    ids=["right", "half", "wrong", "negative", "constant", "two largest", "rest constant"],
)
def test_hits_and_overlaps(values, hit, overlap):
    assert explain.hits([values], MASK) == pytest.approx([hit])
    assert explain.overlaps([values], MASK) == pytest.approx([overlap])


def test_guessing_overlaps_as_much_as_the_mask_is_large():
    random = np.random.default_rng(0)
    masks = random.random((2000, 6, 6)) < 0.3
    masks[:, 0, 0] = True
    maps = random.random(masks.shape)
    assert explain.overlaps(maps, masks).mean() == pytest.approx(masks.mean(), abs=0.01)
    assert explain.hits(maps, masks).mean() == pytest.approx(masks.mean(), abs=0.03)


def test_rank_correlation():
    random = np.random.default_rng(0)
    a = random.random((3, 5, 4))
    b = random.integers(0, 4, (3, 5, 4))
    from scipy.stats import spearmanr

    expected = [spearmanr(x.ravel(), y.ravel()).statistic for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(explain.rank_correlation(a, b), expected)
    assert np.array_equal(explain.rank_correlation(a, np.ones_like(a)), [0, 0, 0])
    np.testing.assert_allclose(explain.rank_correlation(a, -np.exp(a)), -1)


def test_center_blob():
    blob = explain.center_blob(28, 28)
    assert blob.shape == (28, 28)
    assert np.allclose(blob, blob[::-1, ::-1])
    assert np.allclose(blob, blob.T)
    assert explain.center_blob(9, 5).argmax() == 22


# ---- Bad input: the rest is in test_bad_calls ----------------------------------------------


@pytest.mark.parametrize("layer", ["nowhere", "flatten"])
def test_layer_that_is_not_there(layer):
    inputs = keras.Input((28, 28, 1))
    x = keras.layers.Conv2D(2, 3, name="only")(inputs)
    x = keras.layers.Flatten(name="flatten")(x)
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    with pytest.raises(ValueError, match=rf"layer='{layer}' .* give one of \[.*'only'\]"):
        explain.grad_cam(model, np.zeros((1, 28, 28, 1), "float32"), 1, layer)


@pytest.mark.parametrize("judge", [explain.hits, explain.overlaps])
@pytest.mark.parametrize(
    ("maps", "masks", "message"),
    [
        (np.ones((2, 4, 4)), np.ones((2, 4, 5), bool), r"shape \(2, 4, 4\), masks \(2, 4, 5\)"),
        (np.ones((4, 4)), np.ones((4, 4), bool), r"give \(N, H, W\) twice, masks as bool"),
        (np.ones((2, 4, 4)), np.ones((2, 4, 4)), "dtype float64; give"),
        (
            np.ones((2, 4, 4)),
            np.arange(32).reshape(2, 4, 4) < 5,
            r"masks\[1\] is empty; give maps and masks of",
        ),
    ],
    ids=["shape", "one map", "dtype", "empty"],
)
def test_mask_that_does_not_fit(judge, maps, masks, message):
    with pytest.raises(ValueError, match=message):
        judge(maps, masks)
