"""The recipe: what augmentation does to images, reproducible training, bad input."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from scipy import ndimage

from helpers.models import small_network
from helpers.training import (
    Recipe,
    augment,
    predict,
    settle,
    train,
    train_findings,
    with_own_statistics,
)

STILL = Recipe(steps=1, shift=0, turn=0, zoom=0)


class Fixed(np.random.Generator):
    """Random numbers that are not: every draw has this value."""

    def __new__(cls, *draws):
        return super().__new__(cls, np.random.PCG64(0))

    def __init__(self, *draws):
        super().__init__(np.random.PCG64(0))
        self.draws = draws

    def uniform(self, low, high, shape):
        return np.tile(np.array(self.draws, float)[:, None], shape[1])

    def random(self, count):
        return np.zeros(count)


def blob(row, column):
    image = np.zeros((1, 29, 29, 1), "float32")
    image[0, row, column] = 1
    return ndimage.gaussian_filter(image, (0, 1.5, 1.5, 0))


def center(images):
    return np.array(ndimage.center_of_mass(images[0, :, :, 0]))


def test_nothing_to_do_leaves_images_alone():
    images = blob(10, 10)
    assert augment(images, STILL, np.random.default_rng(0)) is images


@pytest.mark.parametrize(
    ("setting", "draw", "expected"),
    [
        # The image is sampled 0.1 x 29 pixels further on: what it shows moves back.
        ({"shift": 0.1}, (1, 0, 0, 0), (18 - 2.9, 14)),
        ({"shift": 0.1}, (0, -1, 0, 0), (18, 14 + 2.9)),
        ({"zoom": 0.25}, (0, 0, 0, 1), (14 + 4 / 1.25, 14)),
        ({"turn": 0.25}, (0, 0, 1, 0), (14, 18)),
    ],
)
def test_one_change_at_a_time(setting, draw, expected):
    moved = augment(blob(18, 14), replace(STILL, **setting), Fixed(*draw))
    np.testing.assert_allclose(center(moved), expected, atol=0.1)


def test_turning_agrees_with_scipy():
    image = ndimage.gaussian_filter(
        np.random.default_rng(0).random((1, 29, 29, 1)), (0, 2, 2, 0)
    ).astype("float32")
    ours = augment(image, replace(STILL, turn=0.1), Fixed(0, 0, 1, 0))
    theirs = ndimage.rotate(image, 36, (2, 1), reshape=False, order=1, mode="nearest")
    inside = slice(8, 21)
    np.testing.assert_allclose(
        ours[0, inside, inside], theirs[0, inside, inside], atol=0.01 * np.ptp(image)
    )


@pytest.mark.parametrize(
    ("flip", "expected"), [("horizontal", (18, 28 - 10)), ("both", (28 - 18, 28 - 10))]
)
def test_flips(flip, expected):
    moved = augment(blob(18, 10), replace(STILL, flip=flip), Fixed())
    np.testing.assert_allclose(center(moved), expected, atol=0.01)


def test_half_of_the_images_are_flipped():
    images = np.repeat(blob(14, 5), 400, axis=0)
    moved = augment(images, replace(STILL, flip="horizontal"), np.random.default_rng(0))
    share = np.mean([center(image[None])[1] > 14 for image in moved])
    assert 0.4 < share < 0.6


def test_all_slices_of_a_volume_move_alike():
    slices = np.concatenate([blob(18, 10), blob(18, 10), blob(9, 20)], axis=3)
    moved = augment(slices, Recipe(flip="both"), np.random.default_rng(1))
    np.testing.assert_array_equal(moved[..., 0], moved[..., 1])
    assert not np.allclose(moved[..., 0], slices[..., 0], atol=0.01)
    np.testing.assert_allclose(
        np.linalg.norm(center(moved[..., 2:]) - center(moved[..., :1])), np.hypot(9, 10), rtol=0.15
    )


def data(count=48):
    """Return images that are brighter in class 1."""
    random, labels = np.random.default_rng(0), np.arange(count) % 2
    return (random.random((count, 28, 28, 1)) / 2 + labels[:, None, None, None] / 2).astype(
        "float32"
    ), labels


def trained(recipe, seed=0, labels=None):
    images, truth = data()
    keras.utils.set_random_seed(seed)
    model = small_network(filters=(4,))
    losses = train(model, images, truth if labels is None else labels, recipe, seed, verbose=False)
    return model, losses


def test_learns():
    _, losses = trained(replace(STILL, steps=60, learning_rate=0.02))
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:5])


def test_same_seed_same_losses_and_another_seed_others(untraced):
    recipe = Recipe(steps=4, batch_size=16)
    first, again, other = (trained(recipe, seed)[1] for seed in (1, 1, 2))
    np.testing.assert_allclose(first, again, rtol=1e-5)
    assert other != first


def test_watch_is_called_after_each_step(untraced):
    seen = []
    model = small_network(filters=(4,))
    train(model, *data(), replace(STILL, steps=3), verbose=False, watch=seen.append)
    assert seen == [1, 2, 3]


def test_first_step_is_traced_once():
    calls = []

    class Counted(keras.layers.Layer):
        def call(self, images):
            calls.append(images.shape)
            return images

    inputs = keras.Input((28, 28, 1))
    features = keras.layers.Flatten()(Counted()(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(features))
    calls.clear()
    train(model, *data(), replace(STILL, steps=3, batch_size=16), verbose=False)
    # One image shows how the model ends. Then Python runs a layer only while TensorFlow traces it.
    assert [shape[0] for shape in calls] == [1, 16]


def test_cosine_falls_to_zero(untraced):
    model, _ = trained(replace(STILL, steps=6))
    assert float(model.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)
    model, _ = trained(replace(STILL, steps=6, cosine=False))
    assert float(model.optimizer.learning_rate) == pytest.approx(STILL.learning_rate)


def test_probabilities_as_labels_give_what_classes_give(untraced):
    _, truth = data()
    recipe = replace(STILL, steps=3)
    soft = np.eye(2, dtype="float32")[truth]
    np.testing.assert_allclose(trained(recipe, labels=soft)[1], trained(recipe)[1], rtol=1e-6)


def test_class_weights_let_each_class_count_the_same(monkeypatch):
    seen = []
    monkeypatch.setattr(
        keras.Model, "train_on_batch", lambda self, X, y, w: seen.append((y, w)) or 0.0
    )
    images, _ = data(40)
    labels = (np.arange(40) < 10).astype(int)
    recipe = replace(STILL, batch_size=40, class_weights=True)
    train(small_network(filters=(4,)), images, labels, recipe, verbose=False)
    targets, weights = seen[0]
    # The losses of a class: its weights, times its labels, summed.
    np.testing.assert_allclose(weights @ targets, [20, 20], rtol=1e-5)


def test_every_image_is_seen_once_before_one_is_seen_again(monkeypatch):
    seen = []
    monkeypatch.setattr(
        keras.Model, "train_on_batch", lambda self, X, y, w: seen.extend(X[:, 0, 0, 0]) or 0.0
    )
    each = np.arange(10, dtype="float32") / 10
    images = np.broadcast_to(each[:, None, None, None], (10, 28, 28, 1))
    recipe = replace(STILL, steps=5, batch_size=4)
    train(small_network(filters=(4,)), images, np.arange(10) % 2, recipe, verbose=False)
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(each)


def test_mirrored_copies_are_averaged():
    model, images = small_network(filters=(4,)), data(6)[0]
    each = [predict(model, images), predict(model, images[:, :, ::-1])]
    both = predict(model, images, ("", "horizontal"))
    np.testing.assert_allclose(both, np.mean(each, axis=0), atol=1e-6)
    np.testing.assert_allclose(
        predict(model, images, ("both",)), predict(model, images[:, ::-1, ::-1]), atol=1e-6
    )


def test_a_loss_that_is_no_number_ends_the_training(untraced):
    seen = []
    recipe = replace(STILL, steps=50, learning_rate=1e30, cosine=False)
    message = (
        r"the loss is (nan|inf) at step \d+: make the model anew and lower learning_rate=1e\+30"
    )
    with pytest.raises(ValueError, match=message):
        train(small_network(filters=(4,)), *data(), recipe, verbose=False, watch=seen.append)
    assert len(seen) < 49


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0], "48 images and 1 labels; give one to each"),
        (np.full((48, 3), 1 / 3), r"labels have shape \(48, 3\); give \(48, 2\)"),
        (np.full((48, 2), 0.4), "no probabilities; give rows from 0 to 1 whose sum is 1"),
    ],
)
def test_labels_that_do_not_fit_images_or_model(labels, message):
    model = small_network(filters=(4,))
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        train(model, data()[0], np.asarray(labels), STILL, verbose=False)
    assert all(map(np.array_equal, before, model.get_weights()))


# ---- Statistics of batch normalization -----------------------------------------------------


@pytest.fixture
def nested():
    """Return images, and a model whose normalization lies in another one, after dropout."""
    keras.utils.set_random_seed(0)
    inside = keras.Sequential([keras.layers.Dropout(0.5), keras.layers.BatchNormalization()])
    images = np.random.default_rng(0).beta(4, 2, (200, 4, 4, 2)).astype("float32")
    head = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2, activation="softmax")]
    model = keras.Sequential([keras.Input((4, 4, 2)), inside, *head])
    return images, model, inside


def test_settled_means_are_those_of_the_images(nested):
    images, model, inside = nested
    settle(model, images)
    normalization = inside.layers[1]
    np.testing.assert_allclose(normalization.moving_mean, images.mean(axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(normalization.moving_variance, images.var(axis=(0, 1, 2)), rtol=1e-4)
    assert inside.layers[0].rate == 0.5 and normalization.momentum == 0.99


def test_own_statistics_leave_the_model_as_it_is(nested):
    images, model, inside = nested
    before = model.get_weights()
    own = with_own_statistics(model, images)
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))
    # Nothing is dropped, and means and spreads of other images do not matter.
    np.testing.assert_allclose(with_own_statistics(model, images / 2), own, atol=0.02)
    assert not np.allclose(predict(model, images), own, atol=1e-3)
    assert inside.layers[0].rate == 0.5


def test_after_an_error_the_model_is_as_it_was(nested, monkeypatch):
    images, model, inside = nested
    monkeypatch.setattr(keras.ops, "convert_to_numpy", lambda output: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        settle(model, images)
    assert inside.layers[0].rate == 0.5 and inside.layers[1].momentum == 0.99


def volume_network(shape):
    layers = [keras.layers.Conv3D(2, 3), keras.layers.GlobalAveragePooling3D()]
    first = [] if len(shape) == 4 else [keras.layers.Reshape((*shape, 1))]
    return keras.Sequential([keras.Input(shape), *first, *layers, keras.layers.Dense(2)])


def test_volumes_are_taken_with_slices_as_channels(untraced):
    volumes, labels = np.random.default_rng(0).random((4, 8, 8, 6), "float32"), [0, 1, 0, 1]
    model = volume_network((8, 8, 6))
    assert len(train(model, volumes, labels, Recipe(steps=2, batch_size=4), verbose=False)) == 2
    assert predict(model, volumes).shape == (4, 2)


def test_volumes_are_refused_otherwise():
    volumes = np.zeros((4, 6, 8, 8, 1), "float32")
    with pytest.raises(ValueError, match=r"\('N', 6, 8, 8, 1\); give a model of images"):
        train(volume_network((6, 8, 8, 1)), volumes, [0, 1, 0, 1], Recipe(steps=1), verbose=False)
    with pytest.raises(ValueError, match=r"images have shape .*; give \(N, H, W, C\)"):
        augment(volumes, Recipe(), np.random.default_rng(0))


# Several findings at once.


def spots(count=300):
    """Return images with a bright spot left, right, both or neither, and which of them (N, 2)."""
    random = np.random.default_rng(0)
    there = random.random((count, 2)) < 0.4
    images = 0.2 * random.random((count, 8, 8, 1), "float32")
    images[:, 3:5, 1:3, 0] += 0.5 * there[:, 0, None, None]
    images[:, 3:5, 5:7, 0] += 0.5 * there[:, 1, None, None]
    return images, there.astype(int)


def two_findings():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            *(keras.Input((8, 8, 1)), keras.layers.Flatten()),
            keras.layers.Dense(2, activation="sigmoid"),
        ]
    )


PLAIN = replace(STILL, steps=150, learning_rate=0.03)


def test_findings_are_learned_each_by_itself():
    images, labels = spots()
    model = two_findings()
    losses = train_findings(model, images, labels, PLAIN, verbose=False)
    assert np.mean(losses[-10:]) < 0.3 * losses[0]
    assert ((model.predict(images, verbose=0) > 0.5) == labels).mean() > 0.99


def test_unknown_labels_move_nothing():
    """Whatever stands behind an unknown label, the same weights come out."""
    images, labels = spots()
    unknown = np.random.default_rng(1).random(labels.shape) < 0.3
    weights = []
    for values in (images, np.where(unknown[:, :1, None, None], 1 - images, images)):
        # Of images that are unknown altogether nothing is learned, whatever they show.
        hidden = np.where(unknown[:, :1], -1, labels)
        model = two_findings()
        train_findings(model, values, hidden, PLAIN, verbose=False)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    model = two_findings()
    train_findings(model, images, np.where(unknown, -1, labels), PLAIN, verbose=False)
    assert ((model.predict(images, verbose=0) > 0.5) == labels).mean() > 0.98


def test_findings_are_trained_reproducibly():
    images, labels = spots()
    runs = [
        train_findings(two_findings(), images, labels, replace(PLAIN, shift=0.1), seed, False)
        for seed in (0, 0, 1)
    ]
    assert runs[0] == runs[1] != runs[2]


def test_findings_whose_loss_is_lost_are_an_error():
    images, labels = spots()
    with pytest.raises(ValueError, match="the loss is (nan|inf) at step .* lower learning_rate"):
        train_findings(
            two_findings(), images, labels, replace(PLAIN, learning_rate=1e38), verbose=False
        )
