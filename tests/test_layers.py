"""Each layer against TensorFlow, SciPy and central differences, over shapes, settings, dtypes."""

import subprocess
import sys
from decimal import Decimal, localcontext
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import signal, special

from helpers import layers as L
from helpers import parallel
from tests.compare import assert_close, central_differences

DTYPES = st.sampled_from(["float32", "float64"])
few = settings(max_examples=40, deadline=None, derandomize=True)


def normal(seed: int, *shape: int, dtype: str = "float64") -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


# ---------------------------------------------------------------------------------- convolution


class Conv(NamedTuple):
    X: np.ndarray
    K: np.ndarray
    b: np.ndarray
    dtype: str
    stride: int
    padding: str | int
    dilation: int

    @property
    def settings(self) -> tuple:
        return self.stride, self.padding, self.dilation

    def upstream(self) -> np.ndarray:
        shape = L.conv2d(self.X, self.K, self.b, *self.settings).shape
        return normal(7, *shape, dtype=self.dtype)


@st.composite
def convolutions(draw, dtypes=DTYPES, largest=10):
    size = lambda top: draw(st.integers(1, top))  # noqa: E731
    dtype, seed = draw(dtypes), draw(st.integers(0, 99))
    count, height, width, channels = size(3), size(largest), size(largest), size(3)
    M, N, F = size(4), size(4), size(3)
    stride, dilation = size(3), size(2)
    padding = draw(st.sampled_from(["valid", "same", 0, 1, 2]))
    total = 2 * padding if isinstance(padding, int) else 0
    assume(
        padding == "same"
        or (dilation * (M - 1) < height + total and dilation * (N - 1) < width + total)
    )
    return Conv(
        normal(seed, count, height, width, channels, dtype=dtype),
        normal(seed + 1, M, N, channels, F, dtype=dtype),
        normal(seed + 2, F, dtype=dtype),
        dtype,
        stride,
        padding,
        dilation,
    )


def spread(K, dilation):
    """The kernel with zeros between its weights, as a TensorFlow value that keeps gradients."""
    rows, columns = (np.eye((size - 1) * dilation + 1)[::dilation] for size in K.shape[:2])
    return tf.einsum("mr,nc,mnij->rcij", tf.cast(rows, K.dtype), tf.cast(columns, K.dtype), K)


def tensorflow_conv2d(X, K, b, stride, padding, dilation):
    # TensorFlow has no gradient for dilation on a CPU, and no stride together with dilation.
    if isinstance(padding, int):
        padding = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
    else:
        padding = padding.upper()
    return tf.nn.conv2d(X, spread(K, dilation), stride, padding) + b


@given(convolutions())
@few
def test_conv2d_equals_tensorflow(case):
    ours = L.conv2d(case.X, case.K, case.b, *case.settings)
    theirs = tensorflow_conv2d(case.X, tf.constant(case.K), case.b, *case.settings)
    assert_close(ours, theirs, case.dtype)


@given(convolutions())
@few
def test_conv2d_gradients_equal_tensorflow(case):
    X, K, b = (tf.constant(value) for value in (case.X, case.K, case.b))
    with tf.GradientTape() as tape:
        tape.watch([X, K, b])
        Y = tensorflow_conv2d(X, K, b, *case.settings)
    dY = case.upstream()
    theirs = tape.gradient(Y, [X, K, b], tf.constant(dY))
    ours = L.conv2d_backward(dY, case.X, case.K, *case.settings)
    for gradient, reference in zip(ours, theirs, strict=True):
        assert_close(gradient, reference, case.dtype)


@given(convolutions(dtypes=st.just("float64"), largest=5))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_conv2d_gradients_equal_central_differences(case):
    X, K, b, dY = case.X, case.K, case.b, case.upstream()
    dX, dK, db = L.conv2d_backward(dY, X, K, *case.settings)
    conv2d = lambda X, K, b: L.conv2d(X, K, b, *case.settings)  # noqa: E731
    assert_close(dX, central_differences(lambda X: conv2d(X, K, b), X, dY))
    assert_close(dK, central_differences(lambda K: conv2d(X, K, b), K, dY))
    assert_close(db, central_differences(lambda b: conv2d(X, K, b), b, dY))


@given(convolutions())
@few
def test_conv2d_equals_scipy(case):
    assume(case.padding != "same")
    P, D, S = case.padding if case.padding != "valid" else 0, case.dilation, case.stride
    M, N, C, F = case.K.shape
    K = np.zeros(((M - 1) * D + 1, (N - 1) * D + 1, C, F), case.dtype)
    K[::D, ::D] = case.K
    X = np.pad(case.X, ((0, 0), (P, P), (P, P), (0, 0)))
    for image, Y in zip(X, L.conv2d(case.X, case.K, case.b, *case.settings), strict=True):
        for f in range(F):
            # Three axes at once: the channels' sum is the one place that fits along that axis.
            theirs = signal.correlate(image, K[:, :, :, f], mode="valid", method="direct")
            assert_close(Y[:, :, f], theirs[::S, ::S, 0] + case.b[f], case.dtype)


@pytest.mark.parametrize("size", range(3, 9))
@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_same_padding_puts_the_odd_zero_where_tensorflow_does(size, kernel, stride):
    X, K = normal(0, 1, size, size, 1), normal(1, kernel, kernel, 1, 1)
    assert_close(L.conv2d(X, K, None, stride, "same"), tf.nn.conv2d(X, K, stride, "SAME"))


def test_without_bias_nothing_is_added():
    X, K = normal(0, 2, 5, 5, 2), normal(1, 3, 3, 2, 4)
    assert np.array_equal(L.conv2d(X, K), L.conv2d(X, K, np.zeros(4)))
    assert not np.allclose(L.conv2d(X, K), L.conv2d(X, K, np.ones(4)))


def test_first_layer_may_leave_out_the_input_gradient():
    X, K, dY = normal(0, 2, 5, 5, 2), normal(1, 3, 3, 2, 4), normal(2, 2, 3, 3, 4)
    dX, dK, db = L.conv2d_backward(dY, X, K)
    nothing, dK_alone, db_alone = L.conv2d_backward(dY, X, K, input_gradient=False)
    assert nothing is None
    assert np.array_equal(dK, dK_alone) and np.array_equal(db, db_alone)


@pytest.mark.parametrize("part_bytes", [1, 2**12, 2**30])
def test_parts_make_no_difference(monkeypatch, part_bytes):
    X, K, dY = normal(0, 9, 8, 8, 2), normal(1, 3, 3, 2, 4), normal(2, 9, 8, 8, 4)
    expected = [L.conv2d(X, K, padding=1), *L.conv2d_backward(dY, X, K, padding=1)]
    pooled = [L.max_pool(X, 2), L.max_pool_backward(dY[:, ::2, ::2, :2], X, 2)]
    monkeypatch.setattr(parallel, "PART_BYTES", part_bytes)
    results = [L.conv2d(X, K, padding=1), *L.conv2d_backward(dY, X, K, padding=1)]
    for ours, theirs in zip(results, expected, strict=True):
        assert_close(ours, theirs)
    results = [L.max_pool(X, 2), L.max_pool_backward(dY[:, ::2, ::2, :2], X, 2)]
    for ours, theirs in zip(results, pooled, strict=True):
        assert np.array_equal(ours, theirs)


def test_inputs_are_left_as_they_are():
    X, K, b, dY = normal(0, 2, 6, 6, 2), normal(1, 3, 3, 2, 2), normal(2, 2), normal(3, 2, 4, 4, 2)
    before = [value.copy() for value in (X, K, b, dY)]
    L.conv2d(X, K, b)
    L.conv2d_backward(dY, X, K)
    L.max_pool(X, 2)
    L.max_pool_backward(dY[:, :3, :3], X, 2)
    L.average_pool(X, 2)
    L.average_pool_backward(dY[:, :3, :3], X, 2)
    assert all(np.array_equal(a, b) for a, b in zip(before, (X, K, b, dY), strict=True))


def test_no_tensorflow_is_imported():
    program = "import sys, helpers.network; print('tensorflow' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout.strip() == "False"


# -------------------------------------------------------------------------------------- pooling


class Pool(NamedTuple):
    X: np.ndarray
    size: int
    stride: int
    dtype: str

    def upstream(self) -> np.ndarray:
        return normal(7, *L.max_pool(self.X, self.size, self.stride).shape, dtype=self.dtype)


@st.composite
def pools(draw, ties=False):
    size = lambda low, top: draw(st.integers(low, top))  # noqa: E731
    window = size(1, 3)
    shape = size(1, 3), size(window, 8), size(window, 8), size(1, 3)
    dtype, random = draw(DTYPES), np.random.default_rng(size(0, 99))
    values = random.integers(0, 3, shape) if ties else random.permutation(np.prod(shape))
    return Pool(values.reshape(shape).astype(dtype), window, size(1, 3), dtype)


def pooled_with_gradient(pool, case):
    X = tf.constant(case.X)
    with tf.GradientTape() as tape:
        tape.watch(X)
        Y = pool(X, case.size, case.stride, "VALID")
    return Y, tape.gradient(Y, X, tf.constant(case.upstream()))


@given(pools())
@few
def test_max_pool_equals_tensorflow(case):
    Y, dX = pooled_with_gradient(tf.nn.max_pool2d, case)
    assert_close(L.max_pool(case.X, case.size, case.stride), Y, case.dtype)
    ours = L.max_pool_backward(case.upstream(), case.X, case.size, case.stride)
    assert_close(ours, dX, case.dtype)


@given(pools(ties=True))
@few
def test_max_pool_ties_go_to_the_first_as_in_tensorflow(case):
    Y, dX = pooled_with_gradient(tf.nn.max_pool2d, case)
    ours = L.max_pool_backward(case.upstream(), case.X, case.size, case.stride)
    assert_close(ours, dX, case.dtype)


@given(pools())
@few
def test_average_pool_equals_tensorflow(case):
    Y, dX = pooled_with_gradient(tf.nn.avg_pool2d, case)
    assert_close(L.average_pool(case.X, case.size, case.stride), Y, case.dtype)
    ours = L.average_pool_backward(case.upstream(), case.X, case.size, case.stride)
    assert_close(ours, dX, case.dtype)


@pytest.mark.parametrize("size, stride", [(2, None), (3, 2), (2, 3)])
@pytest.mark.parametrize(
    "pool, backward",
    [(L.max_pool, L.max_pool_backward), (L.average_pool, L.average_pool_backward)],
)
def test_pooling_gradients_equal_central_differences(pool, backward, size, stride):
    X = np.random.default_rng(0).permutation(2 * 6 * 7 * 2).reshape(2, 6, 7, 2).astype(float)
    dY = normal(1, *pool(X, size, stride).shape)
    reference = central_differences(lambda X: pool(X, size, stride), X, dY)
    assert_close(backward(dY, X, size, stride), reference)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_global_average_pool_equals_tensorflow(dtype):
    X, dY = normal(0, 3, 4, 5, 2, dtype=dtype), normal(1, 3, 2, dtype=dtype)
    assert_close(L.global_average_pool(X), tf.reduce_mean(X, [1, 2]), dtype)
    reference = central_differences(L.global_average_pool, X.astype("float64"), dY)
    assert_close(L.global_average_pool_backward(dY, X), reference, dtype)


# ---------------------------------------------------------------------- flatten, dense, dropout


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), DTYPES, st.integers(0, 99))
@few
def test_dense_equals_tensorflow(count, inputs, units, dtype, seed):
    X, W, b = (
        tf.constant(normal(seed + place, *shape, dtype=dtype))
        for place, shape in enumerate([(count, inputs), (inputs, units), (units,)])
    )
    with tf.GradientTape() as tape:
        tape.watch([X, W, b])
        Y = X @ W + b
    dY = normal(seed + 3, count, units, dtype=dtype)
    assert_close(L.dense(X.numpy(), W.numpy(), b.numpy()), Y, dtype)
    theirs = tape.gradient(Y, [X, W, b], tf.constant(dY))
    ours = L.dense_backward(dY, X.numpy(), W.numpy())
    for gradient, reference in zip(ours, theirs, strict=True):
        assert_close(gradient, reference, dtype)


def test_dense_gradients_equal_central_differences():
    X, W, b, dY = normal(0, 3, 4), normal(1, 4, 2), normal(2, 2), normal(3, 3, 2)
    dX, dW, db = L.dense_backward(dY, X, W)
    assert_close(dX, central_differences(lambda X: L.dense(X, W, b), X, dY))
    assert_close(dW, central_differences(lambda W: L.dense(X, W, b), W, dY))
    assert_close(db, central_differences(lambda b: L.dense(X, W, b), b, dY))


def test_flatten_there_and_back():
    X = normal(0, 3, 4, 5, 2)
    assert np.array_equal(L.flatten(X), tf.keras.layers.Flatten(dtype="float64")(X))
    assert np.array_equal(L.flatten_backward(L.flatten(X), X), X)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0, 0.2, 0.9])
def test_dropout(rate, dtype):
    X, dY = np.ones((100, 1000), dtype), normal(1, 100, 1000, dtype=dtype)
    Y, mask = L.dropout(X, rate, np.random.default_rng(0))
    assert Y.dtype == mask.dtype == dtype
    assert abs((Y == 0).mean() - rate) < 0.01
    assert abs(Y.mean() - 1) < 0.03
    assert_close(Y, X * mask, dtype)
    assert_close(L.dropout_backward(dY, mask), dY * mask, dtype)
    assert np.array_equal(Y, L.dropout(X, rate, np.random.default_rng(0))[0])


# ---------------------------------------------------------------------------------- activations

ACTIVATIONS = {
    "sigmoid": (L.sigmoid, L.sigmoid_derivative, tf.nn.sigmoid),
    "tanh": (L.tanh, L.tanh_derivative, tf.nn.tanh),
    "relu": (L.relu, L.relu_derivative, tf.nn.relu),
    "leaky_relu": (L.leaky_relu, L.leaky_relu_derivative, tf.nn.leaky_relu),
    "gelu": (L.gelu, L.gelu_derivative, lambda X: tf.nn.gelu(X, approximate=False)),
}
# TensorFlow 2.18 takes subnormal numbers for 0.
NUMBERS = st.lists(st.floats(-50, 50, width=32, allow_subnormal=False), min_size=1, max_size=20)


@pytest.mark.parametrize("name", ACTIVATIONS)
@given(values=NUMBERS, dtype=DTYPES)
@few
def test_activation_equals_tensorflow(name, values, dtype):
    ours, derivative, theirs = ACTIVATIONS[name]
    X = tf.constant(np.array(values, dtype))
    with tf.GradientTape() as tape:
        tape.watch(X)
        Y = theirs(X)
    assert_close(ours(X.numpy()), Y, dtype)
    # Far from 0, slopes are what rounding leaves of 1 - 1.
    assert_close(derivative(X.numpy()), tape.gradient(Y, X), dtype, at_least=1)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_equals_central_differences(name):
    function, derivative, _ = ACTIVATIONS[name]
    X = np.linspace(-6, 6, 50)
    assert_close(derivative(X), central_differences(function, X, np.ones(50)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_numbers_neither_overflow_nor_vanish_early(dtype):
    X = np.array([-1000, -30, 30, 1000], dtype)
    with np.errstate(all="raise", under="ignore"):
        assert np.allclose(L.sigmoid(X), special.expit(X), rtol=1e-5, atol=0)
        assert np.allclose(L.sigmoid_derivative(X)[1:3], np.exp(-30), rtol=1e-5)
        assert np.isfinite(L.gelu(X)).all() and np.isfinite(L.gelu_derivative(X)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_slopes_keep_their_digits_far_from_0(dtype):
    X = np.array([-40, -20, -9, -1, 0.5, 9, 20, 40], dtype)
    with localcontext(prec=60):
        halves = [(Decimal(float(x)).exp() + Decimal(float(-x)).exp()) / 2 for x in X]
        slopes = np.array([1 / half**2 for half in halves], float)
        quarters = [Decimal(float(x) / 2).exp() + Decimal(float(-x) / 2).exp() for x in X]
        logistic = np.array([1 / half**2 for half in quarters], float)
    tolerance = 100 * np.finfo(dtype).eps
    assert np.allclose(L.tanh_derivative(X), slopes, rtol=tolerance, atol=0)
    assert np.allclose(L.sigmoid_derivative(X), logistic, rtol=tolerance, atol=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_have_their_limits_and_let_nan_through(name, dtype):
    function, derivative, _ = ACTIVATIONS[name]
    largest = np.finfo(dtype).max
    ends = np.array([-np.inf, -largest, largest, np.inf], dtype)
    with np.errstate(all="raise", under="ignore"):
        values, slopes = function(ends), derivative(ends)
    low, high, slope_low, slope_high = {
        "sigmoid": (0, 1, 0, 0),
        "tanh": (-1, 1, 0, 0),
        "relu": (0, np.inf, 0, 1),
        "leaky_relu": (-np.inf, np.inf, 0.2, 1),
        "gelu": (0, np.inf, 0, 1),
    }[name]
    assert np.array_equal(values[[0, 3]], [low, high])
    assert np.allclose(slopes, [slope_low, slope_low, slope_high, slope_high])
    # ReLU's slope of NaN is that of a corner.
    assert np.isnan(function(np.array([np.nan], dtype))[0])


# ----------------------------------------------------------------------- softmax, cross-entropy


@st.composite
def classified(draw):
    count, classes = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    logits = random.normal(0, draw(st.sampled_from([1, 30])), (count, classes))
    dtype = draw(DTYPES)
    return logits.astype(dtype), random.integers(0, classes, count), dtype


@given(classified())
@few
def test_softmax_and_cross_entropy_equal_tensorflow_and_scipy(case):
    logits, labels, dtype = case
    assert_close(L.softmax(logits), tf.nn.softmax(logits), dtype)
    assert_close(L.log_softmax(logits), special.log_softmax(logits, axis=-1), dtype)
    assert_close(L.log_sum_exp(logits), tf.reduce_logsumexp(logits, axis=-1), dtype)
    Z = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(Z)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, Z)
        loss = tf.reduce_mean(losses)
    ours = np.array(L.cross_entropy(logits, labels))
    assert_close(ours.astype(dtype), loss, dtype)
    assert_close(L.cross_entropy_backward(logits, labels), tape.gradient(loss, Z), dtype)


# Of exact numbers: 1 + exp(-700), the float64 before 0, has more than 300.
DIGITS = 500


def logarithms(logits: np.ndarray) -> list[list[Decimal]]:
    """The logarithms of softmax, exactly."""
    with localcontext(prec=DIGITS):
        rows = [[Decimal(float(z)) for z in row] for row in logits]
        return [[-sum((other - z).exp() for other in row).ln() for z in row] for row in rows]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("spread", [1e-6, 1e-3, 1, 30, 80, 1e4])
@pytest.mark.parametrize("offset", [0, -1e3, 1e4, 1e6, -1e7, 1e7])
def test_digits_are_kept_at_any_offset_and_in_the_tails(offset, spread, dtype):
    logits = (normal(0, 6, 3) * spread + offset).astype(dtype)
    exact, digit = logarithms(logits), np.finfo(dtype).eps
    sums = [float(Decimal(float(z)) - p) for z, (p, *_) in zip(logits[:, 0], exact, strict=True)]
    tolerance = digit * (8 + np.abs(sums))
    assert (np.abs(L.log_sum_exp(logits) - np.array(sums)) <= tolerance).all()
    # The exponential of a number x is known to x digits of its last place.
    tolerance = digit * (8 + spread)
    ours = L.log_softmax(logits)
    assert np.allclose(ours, np.array(exact, float), rtol=tolerance, atol=0)
    for label in range(3):
        labels = np.full(6, label)
        loss = -sum(row[label] for row in exact) / 6
        assert np.isclose(L.cross_entropy(logits, labels), float(loss), rtol=tolerance, atol=0)
        with localcontext(prec=DIGITS):
            slopes = [[(z.exp() - (k == label)) / 6 for k, z in enumerate(row)] for row in exact]
        gradient = L.cross_entropy_backward(logits, labels)
        least = np.finfo(dtype).tiny
        assert np.allclose(gradient, np.array(slopes, float), rtol=tolerance, atol=least)


def test_a_perfect_answer_costs_0_and_not_minus_0():
    for logits, label in [([[1000.0, 0.0]], 0), ([[5.0]], 0)]:
        numbers = [L.cross_entropy(logits, [label]), *L.cross_entropy_backward(logits, [label])[0]]
        assert not np.signbit(numbers).any() and not np.any(numbers)
        assert not np.signbit(L.log_softmax(logits)[0, label])


def test_cross_entropy_gradient_equals_central_differences():
    logits, labels = normal(0, 3, 4), np.array([0, 3, 2])
    loss = lambda Z: np.array(L.cross_entropy(Z, labels))  # noqa: E731
    reference = central_differences(loss, logits, np.ones(()))
    assert_close(L.cross_entropy_backward(logits, labels), reference)


# --------------------------------------------------------------------------------------- errors

IMAGE, KERNEL = np.zeros((2, 5, 5, 3)), np.zeros((3, 3, 3, 4))

WRONG = {
    "rank of X": (lambda: L.conv2d(IMAGE[0], KERNEL), ValueError, r"\(5, 5, 3\).*\(N, H, W, C\)"),
    "rank of K": (lambda: L.conv2d(IMAGE, KERNEL[0]), ValueError, r"\(3, 3, 4\).*\(M, N, C, F\)"),
    "channels": (
        lambda: L.conv2d(IMAGE[..., :2], KERNEL),
        ValueError,
        r"X \(2, 5, 5, 2\) has 2 channels, but each kernel of K \(3, 3, 3, 4\) has 3",
    ),
    "bias": (lambda: L.conv2d(IMAGE, KERNEL, np.zeros(3)), ValueError, r"b has shape \(3,\)"),
    "large kernel": (
        lambda: L.conv2d(IMAGE, np.zeros((6, 6, 3, 1))),
        ValueError,
        "kernel of 6 does not fit into 5 pixels",
    ),
    "dilated kernel": (
        lambda: L.conv2d(IMAGE, KERNEL, dilation=3),
        ValueError,
        "kernel of 3, 7 with dilation 3, does not fit into 5 pixels",
    ),
    "stride": (lambda: L.conv2d(IMAGE, KERNEL, stride=0), ValueError, "stride=0; give"),
    "half a stride": (lambda: L.conv2d(IMAGE, KERNEL, stride=1.5), ValueError, "stride=1.5"),
    "dilation": (lambda: L.conv2d(IMAGE, KERNEL, dilation=0), ValueError, "dilation=0; give"),
    "padding": (lambda: L.conv2d(IMAGE, KERNEL, padding=-1), ValueError, "padding=-1; give"),
    "padding's name": (
        lambda: L.conv2d(IMAGE, KERNEL, padding="full"),
        ValueError,
        "padding='full'; give 'valid', 'same'",
    ),
    "empty batch": (lambda: L.conv2d(IMAGE[:0], KERNEL), ValueError, r"\(0, 5, 5, 3\).* empty"),
    "integers": (
        lambda: L.conv2d(IMAGE.astype("uint8"), KERNEL),
        ValueError,
        r"X has dtype uint8; .*X.astype\(\"float32\"\) / 255",
    ),
    "half floats": (lambda: L.relu(np.zeros(3, "float16")), ValueError, "float16"),
    "gradient": (
        lambda: L.conv2d_backward(np.zeros((2, 5, 5, 4)), IMAGE, KERNEL),
        ValueError,
        r"dY has shape \(2, 5, 5, 4\), but the layer's output has \(2, 3, 3, 4\)",
    ),
    "pool": (lambda: L.max_pool(IMAGE, 6), ValueError, "6 does not fit into 5 pixels"),
    "pool stride": (lambda: L.average_pool(IMAGE, 2, 0), ValueError, "stride=0"),
    "pool size": (lambda: L.max_pool(IMAGE, 0), ValueError, "size=0"),
    "pool rank": (lambda: L.max_pool(IMAGE[0], 2), ValueError, r"\(N, H, W, C\)"),
    "pool gradient": (
        lambda: L.max_pool_backward(IMAGE, IMAGE, 2),
        ValueError,
        r"the layer's output has \(2, 2, 2, 3\)",
    ),
    "dense rank": (lambda: L.dense(IMAGE, KERNEL), ValueError, r"give \(N, inputs\)"),
    "dense": (
        lambda: L.dense(np.zeros((2, 3)), np.zeros((4, 5))),
        ValueError,
        r"X \(2, 3\) has 3 columns, but W \(4, 5\) has 4 rows",
    ),
    "dense bias": (
        lambda: L.dense(np.zeros((2, 3)), np.zeros((3, 5)), np.zeros(3)),
        ValueError,
        r"b has shape \(3,\), but W \(3, 5\) needs \(5,\)",
    ),
    "dropout": (
        lambda: L.dropout(IMAGE, 1, np.random.default_rng(0)),
        ValueError,
        "rate=1; give",
    ),
    "label too large": (
        lambda: L.cross_entropy(np.zeros((2, 3)), [0, 3]),
        ValueError,
        "labels go from 0 to 3; give classes from 0 to 2",
    ),
    "label below 0": (lambda: L.cross_entropy(np.zeros((1, 3)), [-1]), ValueError, "from -1 to -1"),
    "column of labels": (
        lambda: L.cross_entropy(np.zeros((2, 3)), [[0], [1]]),
        ValueError,
        r"labels have shape \(2, 1\); give .*: labels\[:, 0\]",
    ),
    "one-hot labels": (
        lambda: L.cross_entropy_backward(np.zeros((2, 3)), np.eye(3)[:2]),
        ValueError,
        "argmax",
    ),
    "float labels": (
        lambda: L.cross_entropy(np.zeros((2, 3)), [0.0, 1.0]),
        ValueError,
        "labels have dtype float64; give integers",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_gets_a_clear_error(name):
    call, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        call()
