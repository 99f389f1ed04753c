"""Architectures: shapes, sizes by hand, and what their switches switch."""

import keras
import numpy as np
import pytest

from helpers.models import multiply_adds, small_network, tutorial_network


def kinds(model):
    return {type(layer).__name__ for layer in model.layers}


@pytest.mark.parametrize("make", [tutorial_network, small_network])
@pytest.mark.parametrize(("shape", "classes"), [((28, 28, 1), 2), ((28, 28, 3), 5)])
def test_gives_probabilities(make, shape, classes):
    model = make(shape, classes)
    chances = model(np.random.default_rng(0).random((3, *shape), "float32")).numpy()
    assert chances.shape == (3, classes)
    np.testing.assert_allclose(chances.sum(axis=1), 1, rtol=1e-5)


def test_small_network_is_small():
    assert small_network((28, 28, 3), 5).count_params() < 100_000


def test_parameters_of_the_small_network_by_hand():
    def stage(entry, filters):
        three_convolutions = 9 * entry * filters + 9 * filters**2 + entry * filters
        return three_convolutions + 3 * 4 * filters  # batch normalization keeps 4 numbers a channel

    expected = stage(1, 16) + stage(16, 32) + stage(32, 64) + 64 * 2 + 2
    assert small_network().count_params() == expected


@pytest.mark.parametrize(
    ("off", "layer"),
    [
        ({"batch_norm": False}, "BatchNormalization"),
        ({"residual": False}, "Add"),
        ({"global_pool": False}, "GlobalAveragePooling2D"),
    ],
)
def test_switches(off, layer):
    assert layer in kinds(small_network())
    assert layer not in kinds(small_network(**off))


def test_same_seed_same_weights():
    weights = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        weights.append(small_network(filters=(4,)).get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_is_saved_and_loaded(tmp_path):
    model, X = small_network(filters=(4, 8)), np.ones((1, 28, 28, 1), "float32")
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(X), model(X), rtol=1e-5)


def test_multiply_adds_of_a_stage_by_hand():
    # Two 3 x 3 convolutions and the 1 x 1 one of the residual link, then two outputs.
    per_pixel = 9 * 1 * 4 + 9 * 4 * 4 + 1 * 4
    assert multiply_adds(small_network(filters=(4,))) == 28 * 28 * per_pixel + 4 * 2


def test_multiply_adds_look_into_models_inside_models():
    inner = tutorial_network()
    outer = keras.Sequential([keras.Input((28, 28, 1)), inner])
    assert multiply_adds(outer) == multiply_adds(inner)


@pytest.mark.parametrize("make", [tutorial_network, small_network])
@pytest.mark.parametrize(
    ("shape", "classes", "message"),
    [
        ((3, 3, 1), 2, r"input_shape=\(3, 3, 1\)"),
        ((28, 28), 2, r"input_shape=\(28, 28\); give \(H, W, C\)"),
        ((28, 28, 1), 1, "classes=1; two classes need two outputs"),
    ],
)
def test_bad_input(make, shape, classes, message):
    with pytest.raises(ValueError, match=message):
        make(shape, classes)
