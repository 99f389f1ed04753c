"""The NumPy network against Keras' one, and by itself: fitting, saving, wrong inputs."""

import pickle
import re
import zipfile
from pathlib import Path

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
    """The tutorial network, with fewer filters and units."""
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
    "tutorial": [net.Conv2D(2, 3), net.ReLU(), net.MaxPool(2), net.Flatten(), net.Dense(3)],
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
        with pytest.raises(ValueError, match="y"):
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
    "NaN": (
        lambda: numpy_network().fit(BAD, Y),
        ValueError,
        r"X\[2, 3, 3, 0\] is nan, and 1 of 864 values",
    ),
    "NaN to predict": (lambda: numpy_network().predict(BAD), ValueError, "NaN or infinite"),
    "infinity": (lambda: numpy_network().predict(X * np.inf), ValueError, "NaN or infinite"),
    "pixels": (
        lambda: numpy_network().fit((X * 255).astype("uint8"), Y),
        ValueError,
        r"uint8; give float32 or float64.* / 255",
    ),
    "image shape": (
        lambda: numpy_network().predict(X[:, :5]),
        ValueError,
        r"X has shape \(6, 5, 12, 1\); give images \(N, 12, 12, 1\)",
    ),
    "one image": (lambda: numpy_network().predict(X[0]), ValueError, r"\(12, 12, 1\); give"),
    "no images": (lambda: numpy_network().fit(X[:0], Y[:0]), ValueError, "empty"),
    "labels": (
        lambda: numpy_network().fit(X, Y + 1),
        ValueError,
        "y go from 1 to 3; give classes from 0 to 2",
    ),
    "column": (lambda: numpy_network().fit(X, Y[:, None]), ValueError, r"y\[:, 0\]"),
    "count": (lambda: numpy_network().fit(X, Y[:5]), ValueError, "there are 6 images and 5 y"),
    "float labels": (lambda: numpy_network().fit(X, Y * 1.0), ValueError, "give integers"),
    "validation": (
        lambda: numpy_network().fit(X, Y, validation_data=(X, Y + 1), verbose=False),
        ValueError,
        "from 1 to 3",
    ),
    "epochs": (lambda: numpy_network().fit(X, Y, epochs=0), ValueError, "epochs=0; give"),
    "batch": (lambda: numpy_network().fit(X, Y, batch_size=0), ValueError, "batch_size=0"),
    "weights": (
        lambda: numpy_network().set_weights([np.zeros(3)]),
        ValueError,
        r"weights have shapes \[\(3,\)\]; the network needs \[\(3, 3, 1, 4\), ",
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
        ValueError,
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


# ------------------------------------------------------------------------------- all or nothing


def copies(network: net.Sequential) -> list[np.ndarray]:
    return [w.copy() for w in network.weights]


class Interrupting(np.ndarray):
    """A gradient that is finite; whoever works with it is interrupted, at once or later."""

    works = 0  # How often before.

    def __array_ufunc__(self, ufunc, method, *inputs, **settings):
        if ufunc is not np.isfinite:
            self.works -= 1
            if self.works < 0:
                raise KeyboardInterrupt
        return getattr(ufunc, method)(*map(np.asarray, inputs), **settings)


@pytest.mark.parametrize(
    "make, works", [(lambda: net.SGD(0.1, 0.9), 0), (net.Adam, 0), (net.Adam, 1)]
)
def test_an_interrupted_step_changes_neither_weights_nor_memory(make, works):
    weights, undisturbed = ([np.ones(3), np.ones(2)] for _ in range(2))
    gradients = [np.full(3, 0.5), np.full(2, -0.5)]
    optimizer, other = make(), make()
    optimizer.update(weights, gradients)
    other.update(undisturbed, gradients)
    last = gradients[1].view(Interrupting)
    last.works = works
    with pytest.raises(KeyboardInterrupt):
        optimizer.update(weights, [gradients[0], last])
    assert all(map(np.array_equal, weights, undisturbed))
    optimizer.update(weights, [g / 2 for g in gradients])
    other.update(undisturbed, [g / 2 for g in gradients])
    assert all(map(np.array_equal, weights, undisturbed))


@pytest.mark.parametrize("make", [lambda: net.SGD(0.1, 0.9), net.Adam])
def test_an_optimizer_belongs_to_one_network(make):
    optimizer, first, second = make(), numpy_network(seed=1), numpy_network(seed=2)
    first.fit(X, Y, optimizer=optimizer, verbose=False)
    first.set_weights(numpy_network(seed=3).weights)
    first.fit(X, Y, optimizer=optimizer, verbose=False)  # Its own goes on.
    for network in (second, numpy_network(size=24)):
        before = copies(network)
        images_, labels = images(6, size=network.input_shape[0])
        with pytest.raises(ValueError, match="give each network an optimizer of its own"):
            network.fit(images_, labels, optimizer=optimizer, verbose=False)
        assert all(map(np.array_equal, before, network.weights))


def test_a_gradient_that_is_no_number_changes_nothing():
    weights, optimizer = [np.ones(2)], net.Adam()
    for value in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match="gradients hold NaN or infinity; give a lower"):
            optimizer.update(weights, [np.array([0, value])])
    assert (weights[0] == 1).all() and optimizer.steps == 0


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_training_that_explodes_stops_with_the_weights_of_the_last_step():
    network, steps = numpy_network(), []

    class Recording(net.SGD):
        def update(self, weights, gradients):
            super().update(weights, gradients)
            steps.append([w.copy() for w in weights])

    with pytest.raises(ValueError, match="NaN or infin.*; give a lower learning rate"):
        network.fit(X, Y, 50, 2, Recording(1e30), verbose=False)
    assert steps and all(map(np.array_equal, steps[-1], network.weights))
    assert all(np.isfinite(w).all() for w in network.weights)


def test_a_layer_has_one_place():
    twice = net.Dense(4)
    with pytest.raises(ValueError, match=r"layers\[2\], a Dense, is in use already"):
        net.Sequential([net.Flatten(), twice, twice], (2, 2, 1))
    network = net.Sequential([net.Flatten(), net.Dense(2)], (2, 2, 1))
    before = copies(network)
    with pytest.raises(ValueError, match=r"layers\[1\], a Dense, is in use already"):
        net.Sequential(network.layers, (2, 2, 1), seed=1)
    assert all(map(np.array_equal, before, network.weights))


SPOILT = {
    "NaN": lambda w: w * np.nan,
    "too large for float32": lambda w: np.full(w.shape, 1e300),
    "shape": lambda w: w[:-1],
    "text": lambda w: np.full(w.shape, "1"),
    "unequal lengths": lambda w: [[1.0], [1.0, 2.0]],
    "nothing": lambda w: None,
}


@pytest.mark.parametrize("kind", SPOILT)
def test_weights_are_set_all_or_none(kind):
    network, other = numpy_network(seed=1), numpy_network(seed=2)
    before = copies(network)
    with pytest.raises(ValueError, match="weights"):
        network.set_weights([*other.weights[:-1], SPOILT[kind](other.weights[-1])])
    assert all(map(np.array_equal, before, network.weights))


def no_weights(kind: str, folder: Path) -> Path:
    """Write a file that is none of `save`."""
    path = folder / f"{kind}.npz"
    numpy_network().save(path)
    content = path.read_bytes()
    if kind == "renamed":
        with np.load(path) as stored:
            np.savez(path, **{f"w{name}": values for name, values in stored.items()})
    elif kind == "objects":
        np.savez(path, *[np.array([{}, None])] * 8)
    elif kind == "array":
        with path.open("wb") as file:
            np.save(file, np.ones(3))
    elif kind == "other zip":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("arr_0.npy", "hello")
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    else:
        middle = len(content) // 2
        path.write_bytes(
            {
                "text": b"no weights",
                "empty": b"",
                "truncated": content[:middle],
                "pickle": pickle.dumps([1, 2]),
                "flipped": content[:200] + bytes([content[200] ^ 255]) + content[201:],
            }[kind]
        )
    return path


KINDS = [
    "renamed",
    "objects",
    "array",
    "other zip",
    "text",
    "empty",
    "truncated",
    "pickle",
    "flipped",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_holds_no_weights_gets_one_error_and_changes_nothing(kind, tmp_path):
    network = numpy_network(seed=1)
    before = copies(network)
    path = no_weights(kind, tmp_path)
    with pytest.raises(ValueError) as error:
        network.load(path)
    assert str(error.value) == f"{path.name} holds no weights; give a file that `save` wrote"
    assert error.value.__suppress_context__
    assert all(map(np.array_equal, before, network.weights))


def test_a_file_that_is_not_there_or_a_folder_is_said(tmp_path):
    for path in (tmp_path / "none.npz", no_weights("folder", tmp_path)):
        with pytest.raises(OSError, match=path.name):
            numpy_network().load(path)


@pytest.mark.parametrize("name", ["weights.npz", "weights"])
def test_a_save_that_fails_leaves_the_file_that_was_there(name, tmp_path, monkeypatch):
    first, second, other = (numpy_network(seed=seed) for seed in range(3))
    first.save(tmp_path / name)

    def half(file, *weights):
        file.write(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(np, "savez", half)
        second.save(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    other.load(tmp_path / name)
    assert all(map(np.array_equal, first.weights, other.weights))
    second.save(tmp_path / name)
    other.load(tmp_path / name)
    assert all(map(np.array_equal, second.weights, other.weights))


def test_a_file_of_another_network_is_refused(tmp_path):
    numpy_network().save(tmp_path / "weights.npz")
    with pytest.raises(ValueError, match="weights have shapes"):
        numpy_network(size=24).load(tmp_path / "weights.npz")
