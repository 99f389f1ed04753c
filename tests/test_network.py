"""The NumPy network against Keras' one, and by itself: fitting, saving, wrong inputs."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers import network as net
from helpers import parallel
from helpers.layers import cross_entropy, cross_entropy_backward
from tests.compare import assert_close, central_differences

CLASSES = 3


def images(count: int, size: int = 12, seed: int = 0, dtype: str = "float32"):
    """Noise, brighter in the upper left, the middle or the lower right: classes 0, 1 and 2."""
    random = np.random.default_rng(seed)
    X, y = random.random((count, size, size, 1)), random.integers(0, CLASSES, count)
    for image, label in zip(X, y, strict=True):
        place = slice(label * size // 3, (label + 1) * size // 3)
        image[place, place] += 0.5
    return X.astype(dtype), y


def numpy_network(size: int = 12, dtype: str = "float32", seed: int = 0) -> net.Sequential:
    """The source's network, with fewer filters and units."""
    return net.Sequential(
        [
            *[net.Conv2D(4, 3), net.ReLU(), net.MaxPool(2)],
            *[net.Conv2D(6, 3, padding="same"), net.ReLU(), net.MaxPool(2)],
            *[net.Flatten(), net.Dense(8), net.ReLU(), net.Dense(CLASSES)],
        ],
        input_shape=(size, size, 1),
        dtype=dtype,
        seed=seed,
    )


def keras_network(optimizer="adam", size: int = 12, dtype: str = "float32") -> keras.Sequential:
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((size, size, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", dtype=dtype),
            keras.layers.MaxPooling2D(2, dtype=dtype),
            keras.layers.Conv2D(6, 3, padding="same", activation="relu", dtype=dtype),
            keras.layers.MaxPooling2D(2, dtype=dtype),
            keras.layers.Flatten(dtype=dtype),
            keras.layers.Dense(8, activation="relu", dtype=dtype),
            keras.layers.Dense(CLASSES, activation="softmax", dtype=dtype),
        ]
    )
    network.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


# --------------------------------------------------------------------------- the same as Keras


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_weights_give_keras_outputs_and_gradients(dtype):
    X, y = images(10, dtype=dtype)
    ours, theirs = numpy_network(dtype=dtype), keras_network(dtype=dtype)
    ours.set_weights(theirs.get_weights())
    assert_close(ours.predict(X), theirs(X), dtype)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, theirs(X)))
    ours.train_step(X, y, net.SGD(0.0))
    for gradient, reference in zip(
        ours.gradients, tape.gradient(loss, theirs.trainable_variables), strict=True
    ):
        assert_close(gradient, reference, dtype)


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (net.SGD(0.05), keras.optimizers.SGD(0.05)),
        (net.SGD(0.05, 0.9), keras.optimizers.SGD(0.05, momentum=0.9)),
        (net.Adam(), keras.optimizers.Adam()),
    ],
    ids=["sgd", "momentum", "adam"],
)
def test_same_batches_give_keras_losses_and_weights(ours, theirs):
    X, y = images(90)
    keras_model, network = keras_network(theirs), numpy_network()
    network.set_weights(keras_model.get_weights())
    mine = [network.train_step(X[i : i + 10], y[i : i + 10], ours) for i in range(0, 90, 10)]
    for start, (loss, accuracy) in zip(range(0, 90, 10), mine, strict=True):
        batch = slice(start, start + 10)
        reference = keras_model.train_on_batch(X[batch], y[batch])
        keras_model.reset_metrics()
        assert abs(loss - reference[0]) < 1e-4
        assert abs(accuracy - reference[1]) < 1e-6
    for w, reference in zip(network.weights, keras_model.get_weights(), strict=True):
        assert np.abs(w - reference).max() < 1e-3


def test_same_order_gives_keras_history():
    X, y = images(50)
    X_val, y_val = images(20, seed=1)
    model, network = keras_network(), numpy_network()
    network.set_weights(model.get_weights())
    order = np.random.default_rng(3).permutation(50)  # As documented for `fit`.
    settings = {"batch_size": 16, "validation_data": (X_val, y_val)}
    ours = network.fit(X, y, seed=3, verbose=False, **settings)
    theirs = model.fit(X[order], y[order], shuffle=False, verbose=0, **settings).history
    assert set(ours) == set(theirs)
    for name, values in ours.items():
        assert np.allclose(values, theirs[name], rtol=1e-4), name


def test_default_settings_are_those_of_keras():
    for ours, theirs in [
        (net.SGD(), keras.optimizers.SGD()),
        (net.Adam(), keras.optimizers.Adam()),
    ]:
        config = theirs.get_config()
        for name in {"momentum", "beta_1", "beta_2", "epsilon"} & vars(ours).keys():
            assert getattr(ours, name) == config[name]
        assert ours.learning_rate == pytest.approx(config["learning_rate"])


def test_the_network_of_the_source_has_its_parameters():
    network = net.Sequential(
        [
            *[net.Conv2D(32, 3), net.ReLU(), net.MaxPool(2)],
            *[net.Conv2D(64, 3), net.ReLU(), net.MaxPool(2)],
            *[net.Flatten(), net.Dense(64), net.ReLU(), net.Dense(10)],
        ],
        input_shape=(28, 28, 1),
    )
    assert network.shapes[-4] == (1600,)
    assert re.search(r"total +121,930$", repr(network))


# ------------------------------------------------------------------------------------ by itself

STACKS = {
    "source": [net.Conv2D(2, 3), net.ReLU(), net.MaxPool(2), net.Flatten(), net.Dense(3)],
    "strides": [
        net.Conv2D(2, 3, stride=2, padding="same"),
        net.GELU(),
        net.Flatten(),
        net.Dense(3),
    ],
    "dilation": [net.Conv2D(2, 2, dilation=2, padding=1), net.Tanh(), net.Flatten(), net.Dense(3)],
    "average": [net.AveragePool(2), net.Conv2D(3, 2), net.Sigmoid(), net.GlobalAveragePool()],
    "overlap": [net.Conv2D(2, 2), net.MaxPool(3, 2), net.LeakyReLU(), net.Flatten(), net.Dense(2)],
    "dropout": [net.Flatten(), net.Dropout(0.5), net.Dense(4), net.Tanh(), net.Dense(2)],
}


@pytest.mark.parametrize("name", STACKS)
def test_gradients_through_a_stack_equal_central_differences(name):
    X = np.random.default_rng(1).standard_normal((2, 7, 7, 1))
    network = net.Sequential(STACKS[name], (7, 7, 1), dtype="float64")
    dY = np.random.default_rng(2).standard_normal(network.forward(X).shape)
    network.forward(X)
    dX = network.backward(dY)
    gradients = list(network.gradients)
    assert_close(dX, central_differences(network.forward, X, dY))
    for w, gradient in zip(network.weights, gradients, strict=True):

        def with_values(values, w=w):
            before = w.copy()
            w[...] = values
            Y = network.forward(X)
            w[...] = before
            return Y

        assert_close(gradient, central_differences(with_values, w.copy(), dY))


def test_it_learns():
    X, y = images(300)
    X_val, y_val = images(100, seed=1)
    network = numpy_network()
    history = network.fit(X, y, 5, 32, net.Adam(0.01), (X_val, y_val), verbose=False)
    assert [len(values) for values in history.values()] == [5] * 4
    assert history["val_accuracy"][-1] > 0.9
    assert network.evaluate(X_val, y_val)["accuracy"] == history["val_accuracy"][-1]
    assert (network.predict(X_val).argmax(axis=1) == y_val).mean() > 0.9


def test_the_same_seeds_give_the_same_weights_and_others_do_not():
    X, y = images(40)
    results = []
    for initial, order in [(0, 0), (0, 0), (1, 0), (0, 1)]:
        network = numpy_network(seed=initial)
        network.fit(X, y, epochs=2, batch_size=8, seed=order, verbose=False)
        results.append(network.weights)
    equal = [all(map(np.array_equal, results[0], other)) for other in results[1:]]
    assert equal == [True, False, False]


@pytest.mark.parametrize("part_bytes", [1, 2**14, 2**30])
def test_parts_of_a_batch_make_no_difference(monkeypatch, part_bytes):
    X, y = images(20)
    whole = numpy_network()
    logits = whole.forward(X, training=True)
    whole.backward(cross_entropy_backward(logits, y))
    monkeypatch.setattr(parallel, "PART_BYTES", part_bytes)
    network = numpy_network()
    loss, accuracy = network.train_step(X, y, net.SGD(1.0))
    assert abs(loss - cross_entropy(logits, y)) < 1e-6
    assert accuracy == (logits.argmax(axis=1) == y).mean()
    for w, before, gradient, expected in zip(
        network.weights, whole.weights, network.gradients, whole.gradients, strict=True
    ):
        assert_close(gradient, expected, "float32")
        assert np.array_equal(w, before - gradient)


def test_dropout_in_parts_drops_other_numbers_in_each_and_the_same_again(monkeypatch):
    monkeypatch.setattr(parallel, "PART_BYTES", 1)
    X, y = np.ones((4, 6), "float32"), np.zeros(4, int)
    weights = []
    for _ in range(2):
        network = net.Sequential([net.Dropout(0.5), net.Dense(2)], (6,))
        parts = [network._part().forward(X[:1], training=True) for _ in range(4)]
        assert len(np.unique(parts, axis=0)) > 1
        network.train_step(X, y, net.SGD(1.0))
        weights.append(network.weights[0])
    assert np.array_equal(*weights)


def test_a_wrong_batch_changes_no_weight():
    network = numpy_network()
    before = [w.copy() for w in network.weights]
    for labels in (Y + 1, np.append(Y, 0)):
        with pytest.raises(ValueError, match="labels"):
            network.train_step(X, labels, net.SGD(1.0))
    assert all(map(np.array_equal, before, network.weights))


def test_dropout_is_for_training_alone_and_follows_the_seed():
    X = np.ones((4, 6), "float32")
    outputs = []
    for seed in (0, 0, 1):
        network = net.Sequential([net.Dropout(0.5)], (6,), seed=seed)
        assert np.array_equal(network.forward(X), X)
        outputs.append(network.forward(X, training=True))
    assert (outputs[0] == 0).any()
    assert np.array_equal(outputs[0], outputs[1]) and not np.array_equal(outputs[0], outputs[2])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_stay_what_they_are(dtype):
    X, y = images(20, dtype=dtype)
    for optimizer in (net.SGD(momentum=0.9), net.Adam()):
        network = numpy_network(dtype=dtype)
        network.fit(X, y, optimizer=optimizer, verbose=False)
        arrays = [*network.weights, *network.gradients, network.predict(X)]
        assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_batches_are_converted_to_the_network_dtype():
    X, y = images(20, dtype="float64")
    network = numpy_network()
    network.fit(X, y, verbose=False)
    assert network.predict(X).dtype == network.gradients[0].dtype == "float32"
    assert X.dtype == "float64"


def test_prediction_does_not_depend_on_the_batch_size():
    X, _ = images(20)
    network = numpy_network()
    assert_close(network.predict(X, batch_size=7), network.predict(X), "float32")


def test_fit_prints_a_line_an_epoch(capsys):
    X, y = images(20)
    numpy_network().fit(X, y, epochs=2, validation_data=(X, y))
    number = r"\d+\.\d{4}"
    line = rf"loss {number}, accuracy {number}, val_loss {number}, val_accuracy {number}\n"
    assert re.fullmatch(f"epoch 1/2: {line}epoch 2/2: {line}", capsys.readouterr().out)


def test_saved_weights_come_back_without_pickle(tmp_path):
    X, _ = images(5)
    network, other = numpy_network(seed=1), numpy_network(seed=2)
    network.save(tmp_path / "weights.npz")
    assert not np.array_equal(network.predict(X), other.predict(X))
    other.load(tmp_path / "weights.npz")
    assert np.array_equal(network.predict(X), other.predict(X))
    with np.load(tmp_path / "weights.npz", allow_pickle=False) as file:
        assert len(file.files) == len(network.weights)


def test_twelve_weights_come_back_in_order(tmp_path):
    layers = [net.Flatten(), *[net.Dense(4) for _ in range(6)]]
    network = net.Sequential(layers, (2, 2, 1), seed=1)
    network.save(tmp_path / "weights.npz")
    before = [w.copy() for w in network.weights]
    for w in network.weights:
        w[:] = 0
    network.load(tmp_path / "weights.npz")
    assert all(map(np.array_equal, before, network.weights))


# --------------------------------------------------------------------------------------- errors

X, Y = images(6)[0], np.array([0, 1, 2] * 2)
BAD = X.copy()
BAD[2, 3, 3] = np.nan

WRONG = {
    "NaN": (lambda: numpy_network().fit(BAD, Y), ValueError, "1 NaN or infinite values"),
    "NaN to predict": (lambda: numpy_network().predict(BAD), ValueError, "np.isfinite"),
    "infinity": (lambda: numpy_network().predict(X * np.inf), ValueError, "infinite"),
    "pixels": (
        lambda: numpy_network().fit((X * 255).astype("uint8"), Y),
        TypeError,
        "uint8; make it float32 or float64",
    ),
    "image shape": (
        lambda: numpy_network().predict(X[:, :5]),
        ValueError,
        r"X has shape \(6, 5, 12, 1\), but the network takes images \(N, 12, 12, 1\)",
    ),
    "one image": (lambda: numpy_network().predict(X[0]), ValueError, r"\(12, 12, 1\), but"),
    "no images": (lambda: numpy_network().fit(X[:0], Y[:0]), ValueError, "empty"),
    "labels": (lambda: numpy_network().fit(X, Y + 1), ValueError, "from 1 to 3, .* 0 to 2"),
    "column": (lambda: numpy_network().fit(X, Y[:, None]), ValueError, r"labels\[:, 0\]"),
    "count": (lambda: numpy_network().fit(X, Y[:5]), ValueError, r"shape \(5,\); expected \(6,\)"),
    "float labels": (lambda: numpy_network().fit(X, Y * 1.0), TypeError, "expected integers"),
    "validation": (
        lambda: numpy_network().fit(X, Y, validation_data=(X, Y + 1), verbose=False),
        ValueError,
        "from 1 to 3",
    ),
    "epochs": (lambda: numpy_network().fit(X, Y, epochs=0), ValueError, "epochs=0; expected"),
    "batch": (lambda: numpy_network().fit(X, Y, batch_size=0), ValueError, "batch_size=0"),
    "weights": (
        lambda: numpy_network().set_weights([np.zeros(3)]),
        ValueError,
        r"weights have shapes \[\(3,\)\]; this network has \[\(3, 3, 1, 4\), ",
    ),
    "no flatten": (
        lambda: net.Sequential([net.Conv2D(2, 3), net.Dense(2)], (5, 5, 1)),
        ValueError,
        r"Dense gets inputs of shape \(3, 3, 2\); put Flatten\(\) before it",
    ),
    "flat images": (
        lambda: net.Sequential([net.Flatten(), net.Conv2D(2, 3)], (5, 5, 1)),
        ValueError,
        r"Conv2D gets inputs of shape \(25,\); give images",
    ),
    "small images": (
        lambda: net.Sequential([net.Conv2D(2, 3), net.MaxPool(4)], (5, 5, 1)),
        ValueError,
        "4 does not fit into 3 pixels",
    ),
    "dtype": (
        lambda: net.Sequential([net.Flatten()], (5, 5, 1), dtype="int32"),
        TypeError,
        "int32",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_gets_a_clear_error(name):
    call, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        call()


def test_a_wrong_validation_set_is_found_before_the_first_epoch():
    network = numpy_network()
    before = [w.copy() for w in network.weights]
    with pytest.raises(ValueError, match="from 1 to 3"):
        network.fit(X, Y, validation_data=(X, Y + 1), verbose=False)
    assert all(map(np.array_equal, before, network.weights))


def test_a_file_of_another_network_is_refused(tmp_path):
    numpy_network().save(tmp_path / "weights.npz")
    with pytest.raises(ValueError, match="weights have shapes"):
        numpy_network(size=24).load(tmp_path / "weights.npz")
