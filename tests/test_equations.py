"""Each equation that a lesson tags `NAME`, as `test_eq_NAME`: written out as printed, term by term,
and compared with `helpers` and with a library that has it.

Where an equation counts from 1, the code counts from 0.
"""

import itertools
import json
import math
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, signal, special, stats
from scipy.spatial import distance

from experiments import federated_learning
from helpers import evaluation
from helpers import layers as L
from helpers import network as net
from helpers.conformal import conformal_limits
from helpers.models import receptive_field
from helpers.training import findings_loss
from tests.compare import assert_close, central_differences
from tools.notebooks import lesson_paths

Z = np.linspace(-4, 4, 41)


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def slopes(function, X: np.ndarray) -> np.ndarray:
    return central_differences(function, X, np.ones(()))


def gradient(function, *values: np.ndarray) -> list[np.ndarray]:
    """TensorFlow's gradients of a number with respect to each value."""
    values = [tf.constant(value) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(values)
        result = function(*values)
    return [part.numpy() for part in tape.gradient(result, values)]


# ---------------------------------------------------------------------------------- convolution


def correlate(x: np.ndarray, w: np.ndarray, b: float) -> np.ndarray:
    """Equation conv, for one grey image and one kernel."""
    (H, W), (M, N) = x.shape, w.shape
    y = np.zeros((H - M + 1, W - N + 1))
    for i, j in np.ndindex(y.shape):
        for m in range(M):
            for n in range(N):
                y[i, j] += w[m, n] * x[i + m, j + n]
        y[i, j] += b
    return y


def layer(
    X: np.ndarray, K: np.ndarray, b: np.ndarray, S: int = 1, P: int = 0, D: int = 1
) -> np.ndarray:
    """Equation conv-layer with stride S, padding P, dilation D, for one image (H, W, C)."""
    (M, N, C, F), (H, W, _) = K.shape, X.shape
    padded = np.zeros((H + 2 * P, W + 2 * P, C))
    padded[P : P + H, P : P + W] = X
    sizes = [(size + 2 * P - D * (k - 1) - 1) // S + 1 for size, k in [(H, M), (W, N)]]
    Y = np.zeros((*sizes, F))
    for i, j, f in np.ndindex(Y.shape):
        for m, n, c in np.ndindex(M, N, C):
            Y[i, j, f] += K[m, n, c, f] * padded[S * i + D * m, S * j + D * n, c]
        Y[i, j, f] += b[f]
    return Y


def test_eq_conv():
    x, w, b = normal(0, 6, 7), normal(1, 3, 2), 0.5
    y = correlate(x, w, b)
    assert_close(L.conv2d(x[None, :, :, None], w[:, :, None, None], [b])[0, :, :, 0], y)
    assert_close(signal.correlate2d(x, w, "valid") + b, y)


@pytest.mark.parametrize("S, P, D", [(1, 0, 1), (2, 0, 1), (1, 1, 1), (1, 0, 2), (2, 2, 1)])
def test_eq_conv_layer(S, P, D):
    X, K, b = normal(0, 2, 7, 6, 3), normal(1, 3, 2, 3, 4), normal(2, 4)
    Y = np.stack([layer(image, K, b, S, P, D) for image in X])
    assert_close(L.conv2d(X, K, b, S, P, D), Y)
    padded = np.pad(X, ((0, 0), (P, P), (P, P), (0, 0)))
    assert_close(tf.nn.conv2d(padded, K, S, "VALID", dilations=D).numpy() + b, Y)


def test_eq_conv_3d():
    X, K, b = normal(0, 5, 6, 7, 2), normal(1, 2, 3, 4, 2, 3), normal(2, 3)
    (L_, M, N, C, F), (D, H, W, _) = K.shape, X.shape
    Y = np.zeros((D - L_ + 1, H - M + 1, W - N + 1, F))
    for d, i, j, f in np.ndindex(Y.shape):
        Y[d, i, j, f] = b[f] + sum(
            K[k, m, n, c, f] * X[d + k, i + m, j + n, c] for k, m, n, c in np.ndindex(L_, M, N, C)
        )
    assert_close(tf.nn.conv3d(X[None], K, [1] * 5, "VALID").numpy()[0] + b, Y)
    # A block of one slice is a flat kernel.
    flat = tf.nn.conv3d(X[None], K[:1], [1] * 5, "VALID").numpy()[0]
    assert_close(flat, L.conv2d(X, K[0]))


@given(*[st.integers(1, 12)] * 2, *[st.integers(1, 4)] * 2, st.integers(0, 3))
@settings(deadline=None, derandomize=True)
def test_eq_output_size(H, M, S, D, P):
    places = [top for top in range(0, H + 2 * P, S) if top + D * (M - 1) < H + 2 * P]
    if not places:
        with pytest.raises(ValueError, match="does not fit"):
            L.output_size(H, M, S, P, D)
        return
    assert math.floor((H + 2 * P - D * (M - 1) - 1) / S) + 1 == len(places)
    assert L.output_size(H, M, S, P, D) == len(places)
    if S == 1 or D == 1:  # Keras has no stride together with dilation.
        convolution = keras.layers.Conv1D(1, M, strides=S, dilation_rate=D)
        theirs = convolution.compute_output_shape((None, H + 2 * P, 1))
        assert theirs[1] == len(places)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4))
@settings(deadline=None, derandomize=True, max_examples=30)
def test_eq_receptive_field(windows):
    pixels = {0}  # what the first number of the last map depends on
    for M, S in reversed(windows):
        pixels = {S * place + m for place in pixels for m in range(M)}
    r = 1
    for number, (M, _) in enumerate(windows):
        r = r + (M - 1) * math.prod(S for _, S in windows[:number])
    if all(S <= M for M, S in windows):
        assert pixels == set(range(r))
    assert max(pixels) + 1 == r
    model = keras.Sequential([keras.Input((128, 128, 1))])
    for M, S in windows:
        model.add(keras.layers.MaxPooling2D(M, strides=S))
    assert [field.size for field in receptive_field(model)][-1] == (r, r)


def test_eq_flip():
    x, w, b = normal(0, 6, 7), normal(1, 3, 2), 0.5
    (H, W), (M, N) = x.shape, w.shape
    y = np.zeros((H - M + 1, W - N + 1))
    for i, j in np.ndindex(y.shape):
        for m in range(M):
            for n in range(N):
                y[i, j] += w[M - 1 - m, N - 1 - n] * x[i + m, j + n]
        y[i, j] += b
    assert_close(signal.convolve2d(x, w, "valid") + b, y)
    flipped = w[::-1, ::-1]
    assert_close(L.conv2d(x[None, :, :, None], flipped[:, :, None, None], [b])[0, :, :, 0], y)


def test_eq_im2col():
    X, K, b = normal(0, 2, 6, 5, 3), normal(1, 3, 2, 3, 4), normal(2, 4)
    Y = np.stack([layer(image, K, b) for image in X])
    assert_close((L.im2col(X, 3, 2) @ K.reshape(-1, 4) + b).reshape(Y.shape), Y)
    windows = tf.image.extract_patches(X, [1, 3, 2, 1], [1] * 4, [1] * 4, "VALID")
    assert_close(L.im2col(X, 3, 2), tf.reshape(windows, (-1, 18)))


def test_eq_convolution_theorem():
    x, w = normal(0, 8, 9), normal(1, 3, 4)
    M, N = w.shape
    size = (8 + M - 1, 9 + N - 1)
    full = np.fft.irfft2(np.fft.rfft2(x, size) * np.fft.rfft2(w, size), size)
    y = full[M - 1 : 8, N - 1 : 9]  # The places where the kernel lies inside the image.
    assert_close(y, correlate(x, w[::-1, ::-1], 0))
    assert_close(y, signal.fftconvolve(x, w, "valid"))
    flipped = w[::-1, ::-1]
    assert_close(L.conv2d(x[None, :, :, None], flipped[:, :, None, None])[0, :, :, 0], y)


# ---------------------------------------------------------------------------------- activations


def test_eq_sigmoid():
    values = np.array([1 / (1 + math.exp(-z)) for z in Z])
    assert_close(L.sigmoid(Z), values)
    assert_close(special.expit(Z), values)


def test_eq_sigmoid_derivative():
    values = special.expit(Z) * (1 - special.expit(Z))
    assert_close(L.sigmoid_derivative(Z), values)
    assert_close(slopes(special.expit, Z), values)


def test_eq_tanh():
    values = np.array([(math.exp(z) - math.exp(-z)) / (math.exp(z) + math.exp(-z)) for z in Z])
    assert_close(L.tanh(Z), values)
    assert_close(tf.nn.tanh(Z).numpy(), values)


def test_eq_tanh_derivative():
    values = 1 - np.tanh(Z) ** 2
    assert_close(L.tanh_derivative(Z), values)
    assert_close(slopes(np.tanh, Z), values)


def test_eq_relu():
    values = np.array([max(0, z) for z in Z])
    assert_close(L.relu(Z), values)
    assert_close(tf.nn.relu(Z).numpy(), values)


def test_eq_relu_derivative():
    values = np.array([1.0 if z > 0 else 0.0 for z in Z])
    assert 0 in Z
    assert_close(L.relu_derivative(Z), values)
    assert_close(gradient(tf.nn.relu, Z)[0], values)


def test_eq_leaky_relu():
    values = np.array([max(z, 0.2 * z) for z in Z])
    assert_close(L.leaky_relu(Z, 0.2), values)
    assert_close(tf.nn.leaky_relu(Z, 0.2).numpy(), values)
    assert_close(L.leaky_relu_derivative(Z[Z != 0]), slopes(L.leaky_relu, Z[Z != 0]))


def test_eq_gelu():
    density = lambda t: math.exp(-t * t / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    values = np.array([z * integrate.quad(density, -np.inf, z)[0] for z in Z])
    assert_close(L.gelu(Z), values)
    assert_close(tf.nn.gelu(Z, approximate=False).numpy(), values)
    assert_close(L.gelu_derivative(Z), slopes(L.gelu, Z))


def test_eq_linear_stack():
    x, W1, b1 = normal(0, 5), normal(1, 4, 5), normal(2, 4)
    W2, b2 = normal(3, 3, 4), normal(4, 3)
    stack = W2 @ (W1 @ x + b1) + b2
    assert_close((W2 @ W1) @ x + (W2 @ b1 + b2), stack)
    hidden = L.dense(x[None], W1.T, b1)
    assert_close(L.dense(hidden, W2.T, b2)[0], stack)
    assert not np.allclose(L.dense(L.relu(hidden), W2.T, b2)[0], stack)


# -------------------------------------------------------------------------------------- pooling


def windows(x: np.ndarray, size: int, S: int):
    """Yield i, j and the window (i, j) of one grey image."""
    for i in range((x.shape[0] - size) // S + 1):
        for j in range((x.shape[1] - size) // S + 1):
            yield i, j, x[i * S : i * S + size, j * S : j * S + size]


POOLS = pytest.mark.parametrize("size, S", [(2, 2), (3, 2), (2, 1), (2, 3)])


@POOLS
def test_eq_max_pool(size, S):
    x = normal(0, 7, 8)
    Y = L.max_pool(x[None, :, :, None], size, S)
    for i, j, window in windows(x, size, S):
        assert Y[0, i, j, 0] == max(window[m, n] for m in range(size) for n in range(size))
    assert_close(Y, tf.nn.max_pool2d(x[None, :, :, None], size, S, "VALID"))


@POOLS
def test_eq_average_pool(size, S):
    x = normal(0, 7, 8)
    Y = L.average_pool(x[None, :, :, None], size, S)
    for i, j, window in windows(x, size, S):
        total = sum(window[m, n] for m in range(size) for n in range(size))
        assert np.isclose(Y[0, i, j, 0], total / (size * size), rtol=1e-12)
    assert_close(Y, tf.nn.avg_pool2d(x[None, :, :, None], size, S, "VALID"))


def test_eq_global_average_pool():
    X = normal(0, 2, 3, 4, 5)
    Y = np.zeros((2, 5))
    for n, i, j, c in np.ndindex(X.shape):
        Y[n, c] += X[n, i, j, c] / (3 * 4)
    assert_close(L.global_average_pool(X), Y)
    assert_close(keras.layers.GlobalAveragePooling2D(dtype="float64")(X).numpy(), Y)
    dY = normal(1, 2, 5)
    reference = gradient(lambda X: tf.reduce_sum(dY * tf.reduce_mean(X, [1, 2])), X)
    assert_close(L.global_average_pool_backward(dY, X), reference[0])


@POOLS
def test_eq_max_pool_gradient(size, S):
    x = np.random.default_rng(0).integers(0, 3, (7, 8)).astype(float)  # With ties.
    dy = normal(1, *L.max_pool(x[None, :, :, None], size, S).shape)
    dx = np.zeros(x.shape)
    for i, j, window in windows(x, size, S):
        a, b = np.unravel_index(window.argmax(), window.shape)  # The first of the largest.
        dx[i * S + a, j * S + b] += dy[0, i, j, 0]
    X = x[None, :, :, None]
    assert_close(L.max_pool_backward(dy, X, size, S)[0, :, :, 0], dx)
    pool = lambda X: tf.reduce_sum(dy * tf.nn.max_pool2d(X, size, S, "VALID"))  # noqa: E731
    assert_close(gradient(pool, X)[0][0, :, :, 0], dx)


@POOLS
def test_eq_average_pool_gradient(size, S):
    X = normal(0, 1, 7, 8, 1)
    dy = normal(1, *L.average_pool(X, size, S).shape)
    dx = np.zeros((7, 8))
    for a, b in np.ndindex(dx.shape):
        for i, j in np.ndindex(dy.shape[1:3]):
            if i * S <= a < i * S + size and j * S <= b < j * S + size:
                dx[a, b] += dy[0, i, j, 0] / (size * size)
    assert_close(L.average_pool_backward(dy, X, size, S)[0, :, :, 0], dx)
    pool = lambda X: tf.reduce_sum(dy * tf.nn.avg_pool2d(X, size, S, "VALID"))  # noqa: E731
    assert_close(gradient(pool, X)[0][0, :, :, 0], dx)


# ------------------------------------------------------------------ dense, softmax, cross-entropy


def test_eq_dense():
    X, W, b = normal(0, 3, 4), normal(1, 4, 2), normal(2, 2)
    Y = np.zeros((3, 2))
    for n, k in np.ndindex(Y.shape):
        for m in range(4):
            Y[n, k] += W[m, k] * X[n, m]
        Y[n, k] += b[k]
    assert_close(L.dense(X, W, b), Y)
    assert_close((tf.constant(X) @ W + b).numpy(), Y)


def probabilities(z: np.ndarray) -> np.ndarray:
    """Equation softmax, for one row of logits."""
    return np.array([math.exp(z_k) / sum(math.exp(z_l) for z_l in z) for z_k in z])


def test_eq_softmax():
    z = normal(0, 5)
    assert_close(L.softmax(z), probabilities(z))
    assert_close(special.softmax(z), probabilities(z))
    assert_close(np.exp(L.log_softmax(z)), probabilities(z))


def test_eq_log_sum_exp():
    z = normal(0, 5)
    c = max(z)
    value = np.array(math.log(sum(math.exp(z_k) for z_k in z)))
    assert_close(np.array(c + math.log(sum(math.exp(z_k - c) for z_k in z))), value)
    assert_close(L.log_sum_exp(z), value)
    assert_close(np.array(special.logsumexp(z)), value)
    assert_close(L.log_sum_exp(z + 1000), special.logsumexp(z + 1000))


def test_eq_cross_entropy():
    z, t = normal(0, 3, 4), np.array([1, 0, 3])
    losses = [
        math.log(sum(math.exp(z_k) for z_k in row)) - row[label]
        for row, label in zip(z, t, strict=True)
    ]
    value = np.array(sum(losses) / 3)
    assert_close(np.array(L.cross_entropy(z, t)), value)
    theirs = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")(t, z)
    assert_close(theirs.numpy(), value)
    also = -sum(math.log(probabilities(row)[label]) for row, label in zip(z, t, strict=True)) / 3
    assert np.isclose(also, value, rtol=1e-12)


def test_eq_cross_entropy_gradient():
    z, t = normal(0, 3, 4), [1, 0, 3]
    dz = np.stack([probabilities(row) for row in z])
    for n, k in np.ndindex(z.shape):
        dz[n, k] = (dz[n, k] - (t[n] == k)) / 3
    assert_close(L.cross_entropy_backward(z, t), dz)
    loss = lambda z: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(t, z))  # noqa: E731
    assert_close(gradient(loss, z)[0], dz)
    assert_close(slopes(lambda z: np.array(L.cross_entropy(z, t)), z), dz)


def test_eq_binary():
    for z_0, z_1 in normal(0, 9, 2):
        share = math.exp(z_1) / (math.exp(z_0) + math.exp(z_1))
        assert np.isclose(share, 1 / (1 + math.exp(-(z_1 - z_0))), rtol=1e-12)
        assert_close(L.sigmoid([z_1 - z_0])[0], share)
        assert_close(L.softmax([z_0, z_1])[1], share)
        assert_close(special.expit(z_1 - z_0), share)


def loss_of_findings(z: np.ndarray, y: np.ndarray, known: np.ndarray) -> float:
    """Equation masked-loss, for one image; with all findings known, findings-loss."""
    total = 0.0
    for k in range(len(z)):
        p = 1 / (1 + math.exp(-z[k]))
        total -= known[k] * (y[k] * math.log(p) + (1 - y[k]) * math.log(1 - p))
    return total


def test_eq_findings_loss():
    z, y = normal(0, 3, 5), np.array([[0, 1, 0, 1, 1], [0, 0, 0, 0, 1], [1, 1, 1, 0, 0]])
    values = np.array([loss_of_findings(*row, np.ones(5)) for row in zip(z, y, strict=True)])
    theirs = tf.nn.sigmoid_cross_entropy_with_logits(y.astype(float), z).numpy().sum(axis=1)
    assert_close(theirs, values)
    ours = findings_loss(y.astype(float), special.expit(z))
    np.testing.assert_allclose(np.asarray(ours), values, rtol=1e-5)


def test_eq_findings_gradient():
    z, y = normal(0, 5), np.array([0, 1, 0, 1, 1])
    dz = np.array([1 / (1 + math.exp(-z_k)) - y_k for z_k, y_k in zip(z, y, strict=True)])
    assert_close(slopes(lambda z: np.array(loss_of_findings(z, y, np.ones(5))), z), dz)
    assert_close(gradient(lambda z: findings_loss(y[None], tf.sigmoid(z)[None])[0], z)[0], dz)


def test_eq_masked_loss():
    z, y, known = normal(0, 5), np.array([0, -1, 0, 1, -1]), np.array([1, 0, 1, 1, 0])
    value, dz = loss_of_findings(z, y, known), known * (special.expit(z) - y)
    ours = findings_loss(y[None].astype(float), special.expit(z)[None])
    np.testing.assert_allclose(np.asarray(ours), [value], rtol=1e-5)
    assert_close(slopes(lambda z: np.array(loss_of_findings(z, y, known)), z), dz)
    assert_close(gradient(lambda z: findings_loss(y[None], tf.sigmoid(z)[None])[0], z)[0], dz)


# ------------------------------------------------------------------------------ backpropagation


def test_eq_chain_rule():
    X, W, labels = normal(0, 3, 5), normal(1, 5, 4), np.array([0, 3, 1])
    loss = lambda X: L.cross_entropy(L.tanh(L.dense(X, W)), labels)  # noqa: E731
    Y = L.dense(X, W)
    dY = L.cross_entropy_backward(L.tanh(Y), labels) * L.tanh_derivative(Y)
    dX = np.zeros(X.shape)
    for n, m in np.ndindex(X.shape):
        for k in range(4):
            dX[n, m] += dY[n, k] * W[m, k]
    assert_close(dX, slopes(lambda X: np.array(loss(X)), X))
    assert_close(L.dense_backward(dY, X, W)[0], dX)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits
    theirs = gradient(lambda X: tf.reduce_mean(losses(labels, tf.tanh(X @ W))), X)
    assert_close(theirs[0], dX)


def test_eq_dense_gradient():
    X, W, b, dY = normal(0, 3, 4), normal(1, 4, 2), normal(2, 2), normal(3, 3, 2)
    expected = [np.zeros(X.shape), np.zeros(W.shape), np.zeros(b.shape)]
    for n, m, k in np.ndindex(3, 4, 2):
        expected[0][n, m] += dY[n, k] * W[m, k]
        expected[1][m, k] += X[n, m] * dY[n, k]
    for n, k in np.ndindex(dY.shape):
        expected[2][k] += dY[n, k]
    theirs = gradient(lambda X, W, b: tf.reduce_sum(dY * (X @ W + b)), X, W, b)
    for ours, reference, value in zip(L.dense_backward(dY, X, W), theirs, expected, strict=True):
        assert_close(ours, value)
        assert_close(reference, value)


STRIDES = pytest.mark.parametrize("S", [1, 2, 3])


def convolved(S: int):
    """Images, kernels, upstream gradient; our gradients, TensorFlow's."""
    X, K = normal(0, 2, 9, 8, 2), normal(1, 3, 2, 2, 3)
    dY = normal(2, *L.conv2d(X, K, stride=S).shape)
    ours = L.conv2d_backward(dY, X, K, S)
    convolve = lambda X, K, b: tf.reduce_sum(dY * (tf.nn.conv2d(X, K, S, "VALID") + b))  # noqa: E731
    return X, K, dY, ours, gradient(convolve, X, K, np.zeros(3))


@STRIDES
def test_eq_conv_gradient_kernel(S):
    X, K, dY, (_, ours, _), (_, theirs, _) = convolved(S)
    dK = np.zeros(K.shape)
    for m, n, c, f in np.ndindex(K.shape):
        for l, i, j in np.ndindex(dY.shape[:3]):  # noqa: E741
            dK[m, n, c, f] += dY[l, i, j, f] * X[l, S * i + m, S * j + n, c]
    assert_close(ours, dK)
    assert_close(theirs, dK)


@STRIDES
def test_eq_conv_gradient_bias(S):
    _, _, dY, (_, _, ours), (_, _, theirs) = convolved(S)
    db = np.zeros(3)
    for l, i, j, f in np.ndindex(dY.shape):  # noqa: E741
        db[f] += dY[l, i, j, f]
    assert_close(ours, db)
    assert_close(theirs, db)


@STRIDES
def test_eq_conv_gradient_input(S):
    X, K, dY, (ours, _, _), (theirs, _, _) = convolved(S)
    M, N, C, F = K.shape
    count, H, W, _ = X.shape
    # P: the upstream gradient with S - 1 zeros between its numbers and zeros all around,
    # as many as let the whole kernel touch each pixel of the image.
    P = np.zeros((count, H + M - 1, W + N - 1, F))
    P[:, M - 1 : M + S * (dY.shape[1] - 1) : S, N - 1 : N + S * (dY.shape[2] - 1) : S] = dY
    dX = np.zeros(X.shape)
    for l, p, q, c in np.ndindex(X.shape):  # noqa: E741
        for m, n, f in np.ndindex(M, N, F):
            dX[l, p, q, c] += K[M - 1 - m, N - 1 - n, c, f] * P[l, p + m, q + n, f]
    assert_close(ours, dX)
    assert_close(theirs, dX)
    turned = K[::-1, ::-1].swapaxes(2, 3)
    assert_close(L.conv2d(P, turned), dX)


def test_eq_vector_jacobian():
    x, dy, W = normal(0, 5), normal(1, 3), normal(2, 5, 3)
    J = np.array([slopes(lambda x, k=k: np.tanh(x @ W)[k], x) for k in range(3)])
    dx = np.zeros(5)
    for i in range(5):
        for k in range(3):
            dx[i] += dy[k] * J[k, i]
    ours = L.dense_backward((dy * L.tanh_derivative(x @ W))[None], x[None], W)[0][0]
    assert_close(ours, dx)
    theirs = gradient(lambda x: tf.reduce_sum(tf.tanh(x[None] @ W) * dy), x)
    assert_close(theirs[0], dx)


def test_eq_residual_gradient():
    x, dy, W = normal(0, 5), normal(1, 5), normal(2, 5, 5)
    J = np.array([slopes(lambda x, k=k: np.tanh(x @ W)[k], x) for k in range(5)])
    dx = dy + J.T @ dy
    theirs = gradient(lambda x: tf.reduce_sum((x + tf.tanh(x[None] @ W)[0]) * dy), x)
    assert_close(theirs[0], dx)
    assert_close(slopes(lambda x: (x + np.tanh(x @ W)) @ dy, x), dx)


def test_eq_batch_norm_gradient():
    X, dY = 3 + 2 * normal(0, 6, 3), normal(1, 6, 3)
    gamma, beta, epsilon = np.array([1.5, -0.5, 2.0]), normal(2, 3), 0.001
    s = np.sqrt(X.var(axis=0) + epsilon)
    x_hat = (X - X.mean(axis=0)) / s
    dX = np.zeros(X.shape)
    for i, c in np.ndindex(X.shape):
        mean = sum(dY[j, c] for j in range(6)) / 6
        along = sum(dY[j, c] * x_hat[j, c] for j in range(6)) / 6
        dX[i, c] = gamma[c] / s[c] * (dY[i, c] - mean - x_hat[i, c] * along)

    layer = keras.layers.BatchNormalization(epsilon=epsilon, dtype="float64")
    layer.build(X.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    theirs = gradient(lambda X: tf.reduce_sum(layer(X, training=True) * dY), X)
    assert_close(theirs[0], dX)
    forward = lambda X: (  # noqa: E731
        (gamma * (X - X.mean(0)) / np.sqrt(X.var(0) + epsilon) + beta) * dY
    ).sum()
    assert_close(slopes(forward, X), dX)


@pytest.mark.parametrize("S", [1, 2, 3])
def test_eq_transposed_convolution(S):
    Y, K = normal(0, 2, 4, 3, 5), normal(1, 3, 4, 2, 5)
    M, N = K.shape[:2]
    X = np.zeros((2, (4 - 1) * S + M, (3 - 1) * S + N, 2))
    for l, p, q, c in np.ndindex(X.shape):  # noqa: E741
        for i, j, m, n, f in np.ndindex(4, 3, M, N, 5):
            if S * i + m == p and S * j + n == q:
                X[l, p, q, c] += K[m, n, c, f] * Y[l, i, j, f]
    assert_close(L.conv2d_backward(Y, np.zeros(X.shape), K, S)[0], X)
    layer = keras.layers.Conv2DTranspose(2, (M, N), strides=S, use_bias=False, dtype="float64")
    layer.build(Y.shape)
    layer.kernel.assign(K)
    theirs = layer(Y).numpy()
    # Where the stride is larger than the kernel, Keras adds rows that nobody paints.
    assert_close(theirs[:, : X.shape[1], : X.shape[2]], X)


# -------------------------------------------------------------------------------------- network


def test_eq_network():
    x = normal(0, 1, 10, 10, 1)
    K1, b1, K2, b2 = normal(1, 3, 3, 1, 2), normal(2, 2), normal(3, 3, 3, 2, 3), normal(4, 3)
    W3, b3, W4, b4 = normal(5, 3, 4), normal(6, 4), normal(7, 4, 2), normal(8, 2)
    relu = lambda X: np.maximum(X, 0)  # noqa: E731

    def pool(X):
        Y = np.zeros((X.shape[0] // 2, X.shape[1] // 2, X.shape[2]))
        for i, j, f in np.ndindex(Y.shape):
            Y[i, j, f] = max(X[2 * i + m, 2 * j + n, f] for m in (0, 1) for n in (0, 1))
        return Y

    hidden = pool(relu(layer(pool(relu(layer(x[0], K1, b1))), K2, b2)))
    p = probabilities(W4.T @ relu(W3.T @ hidden.reshape(-1) + b3) + b4)

    ours = net.Sequential(
        [
            *[net.Conv2D(2, 3), net.ReLU(), net.MaxPool(2)],
            *[net.Conv2D(3, 3), net.ReLU(), net.MaxPool(2)],
            *[net.Flatten(), net.Dense(4), net.ReLU(), net.Dense(2)],
        ],
        input_shape=(10, 10, 1),
        dtype="float64",
    )
    ours.set_weights([K1, b1, K2, b2, W3, b3, W4, b4])
    assert_close(ours.predict(x)[0], p)
    theirs = keras.Sequential(
        [
            keras.Input((10, 10, 1)),
            keras.layers.Conv2D(2, 3, activation="relu", dtype="float64"),
            keras.layers.MaxPooling2D(2, dtype="float64"),
            keras.layers.Conv2D(3, 3, activation="relu", dtype="float64"),
            keras.layers.MaxPooling2D(2, dtype="float64"),
            keras.layers.Flatten(dtype="float64"),
            keras.layers.Dense(4, activation="relu", dtype="float64"),
            keras.layers.Dense(2, activation="softmax", dtype="float64"),
        ]
    )
    theirs.set_weights([K1, b1, K2, b2, W3, b3, W4, b4])
    assert_close(theirs(x).numpy()[0], p)


@pytest.mark.parametrize(
    "shape, inputs, outputs", [((200, 300), 200, 300), ((3, 3, 32, 64), 288, 576)]
)
def test_eq_glorot(shape, inputs, outputs):
    limit = math.sqrt(6 / (inputs + outputs))
    ours = net.glorot_uniform(shape, np.random.default_rng(0), "float32")
    theirs = keras.initializers.GlorotUniform(seed=0)(shape).numpy()
    for weights in (ours, theirs):
        assert weights.dtype == "float32"
        assert 0.99 * limit < np.abs(weights).max() <= limit * (1 + 1e-6)
        assert abs(weights.mean()) < 0.02 * limit
        assert abs(weights.var() / (limit**2 / 3) - 1) < 0.02  # That of a uniform distribution.


def steps(ours, theirs, expected) -> None:
    """Three steps of both optimizers from the same weights go where the equation goes.

    Keras keeps settings in float32, so they are ones that have no digits to lose, such as 1/8.
    """
    start, gradients = normal(0, 4), normal(1, 3, 4)
    w = start.copy()
    variable = keras.Variable(start, dtype="float64")
    for g, value in zip(gradients, expected(start, gradients), strict=True):
        ours.update([w], [g])
        theirs.apply([tf.constant(g)], [variable])
        assert_close(w, value)
        assert_close(variable.numpy(), value)


def test_eq_sgd():
    def expected(w, gradients, eta=0.125):
        for g in gradients:
            w = w - eta * g
            yield w

    steps(net.SGD(0.125), keras.optimizers.SGD(0.125), expected)


def test_eq_momentum():
    def expected(w, gradients, eta=0.125, mu=0.75):
        v = 0
        for g in gradients:
            v = mu * v - eta * g
            w = w + v
            yield w

    steps(net.SGD(0.125, 0.75), keras.optimizers.SGD(0.125, 0.75), expected)


def test_eq_adam():
    eta, beta_1, beta_2, epsilon = 1 / 8, 7 / 8, 1023 / 1024, 1e-7

    def expected(w, gradients):
        m = v = 0
        for t, g in enumerate(gradients, start=1):
            m = beta_1 * m + (1 - beta_1) * g
            v = beta_2 * v + (1 - beta_2) * g**2
            rate = eta * math.sqrt(1 - beta_2**t) / (1 - beta_1**t)
            w = w - rate * m / (np.sqrt(v) + epsilon)
            yield w

    settings = eta, beta_1, beta_2, epsilon
    steps(net.Adam(*settings), keras.optimizers.Adam(*settings), expected)


def test_eq_batch_norm():
    """Each channel, with the mean and variance of batch and positions, as in Keras."""
    X = (3 + 2 * normal(0, 5, 4, 4, 3)).astype("float32")
    gamma, beta, epsilon = np.array([1.5, 0.5, 2.0]), np.array([0.0, 1.0, -1.0]), 0.001
    mean, variance = X.mean((0, 1, 2)), X.var((0, 1, 2))
    ours = gamma * (X - mean) / np.sqrt(variance + epsilon) + beta
    layer = keras.layers.BatchNormalization(epsilon=epsilon)
    layer.build(X.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    np.testing.assert_allclose(layer(X, training=True), ours, rtol=1e-4, atol=1e-5)


def test_eq_cosine():
    """Keras' schedule; from the start to zero."""
    start, steps = 0.002, 50
    theirs = keras.optimizers.schedules.CosineDecay(start, steps)
    for t in range(steps + 1):
        ours = start / 2 * (1 + np.cos(np.pi * t / steps))
        assert float(theirs(t)) == pytest.approx(ours, abs=1e-9)


def test_eq_hanley_mcneil():
    """The standard error of an AUC where its assumption holds: exponential scores."""
    m, n, rate = 30, 60, 4.0
    A = rate / (1 + rate)
    pairs = (m - 1) * (A / (2 - A) - A**2) + (n - 1) * (2 * A**2 / (1 + A) - A**2)
    expected = np.sqrt((A * (1 - A) + pairs) / (m * n))
    random = np.random.default_rng(0)
    positive, negative = random.exponential(rate, (2000, m)), random.exponential(1, (2000, n))
    aucs = (positive[:, :, None] > negative[:, None, :]).mean((1, 2))
    assert aucs.mean() == pytest.approx(A, abs=0.005)
    assert aucs.std() == pytest.approx(expected, rel=0.08)


# ------------------------------------------------------------------------------- smaller networks


def test_eq_separable():
    """Depthwise, then pointwise: a usual convolution whose kernel is their product."""
    X, D, P = normal(0, 2, 7, 6, 3), normal(1, 3, 3, 3), normal(2, 3, 5)
    K = np.zeros((3, 3, 3, 5))
    for m, n, c, f in np.ndindex(K.shape):
        K[m, n, c, f] = D[m, n, c] * P[c, f]
    library = keras.ops.separable_conv(X, D[..., None], P[None, None])
    assert_close(np.asarray(library), L.conv2d(X, K, np.zeros(5)))


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (-0.3, 2.1), (0.0, 6.0)])
def test_eq_quantize(low, high):
    """TensorFlow's fake quantization gives the nearest marks, zero being one of them."""
    x = np.linspace(low, high, 101)
    s = (high - low) / 255
    z = -128 - round(low / s)
    q = np.clip(np.round(x / s) + z, -128, 127)
    theirs = tf.quantization.fake_quant_with_min_max_vars(x.astype("float32"), low, high).numpy()
    difference = np.abs(theirs - s * (q - z))
    # Halves are rounded to either side; all others are the same.
    assert np.mean(difference < 1e-5) > 0.9
    assert difference.max() < 1.01 * s
    inside = (q > -128) & (q < 127)
    assert np.abs(s * (q - z) - x)[inside].max() <= s / 2 + 1e-9


# ----------------------------------------------------------------------------- gradient descent


def test_eq_parabola_step():
    """One step of Keras' SGD, the slope by the tape."""
    a, eta, w = 3.0, 0.25, keras.Variable(1.5)
    (g,) = gradient(lambda w: a / 2 * w**2, 1.5)
    keras.optimizers.SGD(eta).apply([tf.constant(g)], [w])
    assert float(w.value) == (1 - eta * a) * 1.5


@pytest.mark.parametrize("a", [0.5, 2.0, 40.0])
def test_eq_stable_rate(a):
    """Below the border the weight comes to 0, above it leaves, on it it stays as far away."""
    for share, check in [(0.99, lambda w: w < 1e-6), (1.01, lambda w: w > 1e6)]:
        w = np.ones(1)
        for _ in range(1000):
            net.SGD(share * 2 / a).update([w], [a * w])
        assert check(abs(w[0])), share
    w = np.ones(1)
    net.SGD(2 / a).update([w], [a * w])
    assert w[0] == -1


def valley(seed: int, curvatures: list[float]) -> np.ndarray:
    """A symmetric matrix with these eigenvalues, in directions of no axis."""
    Q, _ = np.linalg.qr(normal(seed, len(curvatures), len(curvatures)))
    return Q @ np.diag(curvatures) @ Q.T


def test_eq_valley_steps():
    H, w_0, eta, t = valley(0, [0.5, 2.0, 7.0]), normal(1, 3), 0.2, 6
    curvatures, directions = np.linalg.eigh(H)
    expected = np.zeros(3)
    for k in range(3):
        q = directions[:, k]
        expected += (1 - eta * curvatures[k]) ** t * (w_0 @ q) * q
    w, optimizer = w_0.copy(), net.SGD(eta)
    for _ in range(t):
        optimizer.update([w], [H @ w])
    assert_close(w, expected)


def test_eq_condition_number():
    """The best rate leaves this share in the worst direction; no other rate leaves less."""
    curvatures = np.array([0.5, 2.0, 7.0])
    kappa = curvatures.max() / curvatures.min()
    assert kappa == pytest.approx(np.linalg.cond(valley(0, list(curvatures))))

    def left(eta):
        return np.abs(1 - eta * curvatures).max()

    best = 2 / (curvatures.min() + curvatures.max())
    assert left(best) == pytest.approx((kappa - 1) / (kappa + 1))
    assert min(left(eta) for eta in np.linspace(0.01, 1, 500)) >= left(best) - 1e-12


def test_eq_hessian():
    """Gradient and Hessian of the mean cross-entropy of one unit, by the tape, twice."""
    X, y, w = normal(0, 9, 4), np.array([0, 1, 1, 0, 1, 0, 0, 1, 1.0]), normal(1, 4)
    p = special.expit(X @ w)
    g, H = np.zeros(4), np.zeros((4, 4))
    for n in range(9):
        g += (p[n] - y[n]) * X[n] / 9
        H += p[n] * (1 - p[n]) * np.outer(X[n], X[n]) / 9
    weights = tf.Variable(w)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            z = tf.linalg.matvec(X, weights)
            L = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, z))
        slope = inner.gradient(L, weights)
    assert_close(slope.numpy(), g)
    assert_close(outer.jacobian(slope, weights).numpy(), H)


@pytest.mark.parametrize("B", [1, 2, 3, 5, 6])
def test_eq_batch_variance(B):
    """Over all batches that there are."""
    each = normal(0, 6)
    means = [each[list(batch)].mean() for batch in itertools.combinations(range(6), B)]
    assert np.mean(means) == pytest.approx(each.mean())
    assert np.var(means) == pytest.approx(each.var() / B * (6 - B) / (6 - 1), abs=1e-12)


@pytest.mark.parametrize(("eta", "a"), [(0.1, 1.0), (0.3, 4.0), (1.5, 1.0)])
def test_eq_noise_floor(eta, a):
    s, w, random = 2.0, np.zeros(40_000), np.random.default_rng(0)
    optimizer = net.SGD(eta)
    for _ in range(100):
        optimizer.update([w], [a * w + s * random.standard_normal(len(w))])
    assert w.var() == pytest.approx(eta * s**2 / (a * (2 - eta * a)), rel=0.03)


def test_eq_momentum_rate():
    """The step that Keras makes after many equal gradients."""
    eta, mu, g, w = 0.01, 0.9, 3.0, keras.Variable(0.0)
    optimizer = keras.optimizers.SGD(eta, momentum=mu)
    for _ in range(200):
        before = float(w.value)
        optimizer.apply([tf.constant(g)], [w])
    assert float(w.value) - before == pytest.approx(-eta / (1 - mu) * g, rel=1e-3)


@pytest.mark.parametrize("mu", [0.0, 0.5, 0.9])
def test_eq_momentum_limit(mu):
    """In two directions: the steepest alone decides."""
    curvatures = np.array([3.0, 40.0])
    for share, check in [(0.99, lambda w: w < 1e-3), (1.01, lambda w: w > 1e3)]:
        w = np.ones(2)
        optimizer = net.SGD(share * 2 * (1 + mu) / curvatures.max(), mu)
        for _ in range(2000):
            optimizer.update([w], [curvatures * w])
        assert check(np.abs(w).max()), share


@pytest.mark.parametrize("beta", [0.5, 0.9, 0.999])
def test_eq_adam_bias(beta):
    """The weights of the gradients in a running mean, and the mean of equal ones."""
    mean = 0.0
    for t in range(1, 50):
        mean = beta * mean + (1 - beta) * 7.0
        weights = [(1 - beta) * beta ** (t - s) for s in range(1, t + 1)]
        assert sum(weights) == pytest.approx(1 - beta**t)
        assert mean / (1 - beta**t) == pytest.approx(7.0)


def test_eq_adamw():
    """Keras' AdamW: Adam's step from the same weights, and the decay beside it."""
    eta, delta = 1 / 8, 1 / 4
    w, theirs = np.array([1.0, -2.0]), keras.Variable([1.0, -2.0])
    ours, library = net.Adam(eta), keras.optimizers.AdamW(eta, weight_decay=delta)
    for g in normal(0, 5, 2):
        moved = w.copy()
        ours.weights = []  # the same optimizer, other arrays
        ours.update([moved], [g])
        d = w - moved
        w = (1 - eta * delta) * w - d
        library.apply([tf.constant(g, "float32")], [theirs])
        np.testing.assert_allclose(theirs.numpy(), w, rtol=1e-4)


@pytest.mark.parametrize(("kind", "f"), [("float16", 10), ("bfloat16", 7), ("float32", 23)])
@pytest.mark.parametrize("e", [-3, 0, 5])
def test_eq_lost_update(kind, f, e):
    """A little less than half the spacing is lost, a little more is not."""
    w = tf.constant(1.5 * 2.0**e, kind)
    half = 2.0 ** (e - f) / 2
    for sign in (-1, 1):
        assert float(w + tf.constant(sign * 0.98 * half, kind)) == float(w)
        assert float(w + tf.constant(sign * 1.02 * half, kind)) == float(w) + sign * 2 * half


# --------------------------------------------------------------------------------- after delivery


def test_eq_conformal_limit():
    """The value in place k, counted from 1; MAPIE and others take a quantile of the same level."""
    s, alpha = np.sort(np.abs(normal(0, 83))) / 5, 0.1
    n = len(s)
    k = math.ceil((n + 1) * (1 - alpha))
    q = s[k - 1]
    probabilities = np.column_stack([1 - s, s])
    limits = conformal_limits(np.zeros(n, int), probabilities[::-1], alpha)
    assert_close(limits, [q, q])
    assert_close(np.quantile(s, k / n, method="inverted_cdf"), q)


@given(n=st.integers(1, 40), alpha=st.floats(0.01, 0.99))
@settings(deadline=None, max_examples=60)
def test_eq_conformal_coverage(n, alpha):
    """Each of n + 1 cases is once the last one; that is what exchangeable means."""
    s = np.random.default_rng(n).permutation(np.arange(n + 1)) / (n + 1)
    covered = 0
    for last in range(n + 1):
        known = np.sort(np.delete(s, last))
        k = math.ceil((n + 1) * (1 - alpha))
        q = known[k - 1] if k <= n else math.inf
        covered += s[last] <= q
    probability = covered / (n + 1)
    assert 1 - alpha - 1e-12 <= probability < 1 - alpha + 1 / (n + 1) + 1e-12


def test_eq_kolmogorov_smirnov():
    """On a grid of x so fine that no step of F or G is missed."""
    one, other = np.round(normal(0, 30), 2), np.round(1.5 * normal(1, 21) + 0.3, 2)
    x = np.arange(-6, 6, 0.005)
    F = np.array([np.mean(one <= each) for each in x])
    G = np.array([np.mean(other <= each) for each in x])
    assert_close(stats.ks_2samp(one, other).statistic, np.max(np.abs(F - G)))


def test_eq_recalibration():
    """scikit-learn's Platt scaling, of a sigmoid with slope and offset."""
    z, a, b = normal(0, 4000), 0.6, -1.2
    p = 1 / (1 + np.exp(-(a * z + b)))
    assert_close(special.expit(a * z + b), p)
    labels = (np.random.default_rng(1).random(4000) < p).astype(int)
    line = evaluation.calibration_line(labels, special.expit(z))
    assert line.slope.low < a < line.slope.high and line.intercept.value < 0


# ----------------------------------------------------------------------------- initialization


def test_eq_sum_variance():
    """Over all signs of the weights, which have the variance sigma squared."""
    x, sigma = np.array([1.0, -2.0, 0.5, 5.0]), 0.3
    y = [sigma * np.dot(signs, x) for signs in itertools.product([-1, 1], repeat=4)]
    assert np.mean(y) == pytest.approx(0)
    assert np.var(y) == pytest.approx(4 * sigma**2 * np.mean(x**2))


def test_eq_relu_half():
    """By integration, for two densities that are even."""
    for density in (stats.norm(scale=1.7), stats.uniform(-2, 4)):
        half, _ = integrate.quad(lambda y, d=density: L.relu(y) ** 2 * d.pdf(y), -12, 12, limit=500)
        whole, _ = integrate.quad(lambda y, d=density: y**2 * d.pdf(y), -12, 12, limit=500)
        assert half == pytest.approx(whole / 2, rel=1e-4)


@pytest.mark.parametrize("shape", [(400, 300), (3, 3, 20, 300)])
def test_eq_he(shape):
    """Keras' weights have this variance, and a layer with ReLU keeps the mean square."""
    K = keras.initializers.HeNormal(seed=0)(shape).numpy().astype("float64")
    n_in = math.prod(shape[:-1])
    assert K.var() == pytest.approx(2 / n_in, rel=0.03)
    X = normal(0, 50, n_in)
    assert np.mean(L.relu(X @ K.reshape(n_in, -1)) ** 2) == pytest.approx(1, rel=0.06)


def test_eq_backward_sum():
    dY, sigma = normal(0, 40, 300), 0.1
    W = sigma * normal(1, 200, 300)
    dX, _, _ = L.dense_backward(dY, normal(2, 40, 200), W)
    assert np.mean(dX**2) == pytest.approx(300 * sigma**2 * np.mean(dY**2), rel=0.05)


@pytest.mark.parametrize(
    ("shape", "n_in", "n_out"), [((300, 500), 300, 500), ((3, 3, 20, 60), 180, 540)]
)
def test_eq_glorot_variance(shape, n_in, n_out):
    """Drawn by Keras, evenly and from a bell, and by helpers."""
    even, bell = keras.initializers.GlorotUniform(seed=0), keras.initializers.GlorotNormal(seed=0)
    ours = net.glorot_uniform(shape, np.random.default_rng(0), "float64")
    for weights in (even(shape).numpy(), bell(shape).numpy(), ours):
        assert weights.var() == pytest.approx(2 / (n_in + n_out), rel=0.03)


def test_eq_effective_cases():
    """The variance of a mean from the covariances of its parts, patient by patient."""
    for n, m, rho in ((50, 4, 0.5), (3, 2, 0.1), (7, 1, 0.9)):
        patient = rho * np.ones((m, m)) + (1 - rho) * np.eye(m)
        covariance = np.kron(np.eye(n), patient)
        assert np.isclose(1 / covariance.mean(), n * m / (1 + (m - 1) * rho))


# --------------------------------------------------------------------------- federated learning


def hospitals(*counts: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return features (n, 5) and labels (n,) of each hospital; no two have the same mean."""
    return [(normal(at, n, 5) + at, np.arange(n) % 3) for at, n in enumerate(counts)]


def mean_loss(W, X: np.ndarray, labels: np.ndarray):
    """Keras' mean cross-entropy of a dense layer."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return loss(labels, keras.ops.matmul(X, W))


def test_eq_federated_loss():
    parts, W = hospitals(4, 9, 21), normal(9, 5, 3)
    n = sum(len(labels) for _, labels in parts)
    mean = sum(len(own[1]) / n * float(mean_loss(W, *own)) for own in parts)
    everything = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    assert float(mean_loss(W, *everything)) == pytest.approx(mean, rel=1e-6)


def test_eq_federated_averaging():
    """One step of each and their mean, as the experiment takes it, is one step of all images."""
    parts, W, eta = hospitals(4, 9, 21), normal(9, 5, 3), 0.3

    def step(X, labels):
        return [W - eta * gradient(lambda w: mean_loss(w, X, labels), W)[0]]

    counts = [len(labels) for _, labels in parts]
    (mean,) = federated_learning.average([step(*own) for own in parts], counts)
    (together,) = step(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
    assert_close(mean, together)
    assert_close(mean, sum(n / 34 * step(*own)[0] for n, own in zip(counts, parts, strict=True)))
    (equal,) = federated_learning.average([step(*own) for own in parts], [1, 1, 1])
    assert np.abs(equal - together).max() > 0.01, "the numbers of images matter"


def test_eq_inversion():
    x, W, b, labels = normal(0, 1, 6), normal(1, 6, 4), normal(2, 4), np.array([3])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    dW, db = gradient(lambda W, b: loss(labels, x @ W + b), W, b)
    for j in range(4):
        assert_close(dW[:, j] / db[j], x[0])


# ------------------------------------------------------------------------------- input pipelines


@given(st.integers(2, 60), st.integers(1, 80), st.integers(0, 9))
@settings(max_examples=30, deadline=None)
def test_eq_shuffle_buffer(count, b, seed):
    """Of TensorFlow's buffer; with many seeds some element comes as early as it may."""
    data = tf.data.Dataset.range(count).shuffle(b, seed=seed)
    for k, i in enumerate(data.as_numpy_iterator()):
        assert k >= i - b + 1


def test_shuffle_buffer_is_as_early_as_the_equation_says():
    data = tf.data.Dataset.range(200).shuffle(10, seed=0)
    assert min(k - i for k, i in enumerate(data.as_numpy_iterator())) == 1 - 10


# ------------------------------------------------------------------------------ several devices


def test_eq_gradient_parts():
    """The whole by TensorFlow, the parts by helpers; parts of different sizes."""
    X, W, y = normal(0, 12, 5), normal(1, 5, 3), np.arange(12) % 3

    def mean_loss(W):
        chances = tf.nn.sparse_softmax_cross_entropy_with_logits(y, tf.constant(X) @ W)
        return tf.reduce_mean(chances)

    parts = [slice(0, 7), slice(7, 9), slice(9, 12)]
    gradients = [X[k].T @ L.cross_entropy_backward(X[k] @ W, y[k]) for k in parts]
    weights = [len(y[k]) / len(y) for k in parts]
    assert_close(
        sum(w * g for w, g in zip(weights, gradients, strict=True)), *gradient(mean_loss, W)
    )


def ring_all_reduce(vectors: list[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Return what each worker of a ring has in the end, and the numbers that it sends, by step."""
    n = len(vectors)
    pieces, sent = [np.array_split(vector.copy(), n) for vector in vectors], []
    for step in range(2 * (n - 1)):
        at = [(worker - step) % n for worker in range(n)]
        out = [pieces[worker][at[worker]].copy() for worker in range(n)]
        sent.append([piece.size for piece in out])
        for worker in range(n):
            left = worker - 1
            if step < n - 1:
                pieces[worker][at[left]] += out[left]
            else:
                pieces[worker][at[left]] = out[left]
    return [np.concatenate(each) for each in pieces], np.array(sent)


@pytest.mark.parametrize("n", [2, 3, 8])
def test_eq_ring_traffic(n):
    """By counting; every worker has the sum in the end."""
    vectors = list(normal(0, n, 24))
    ends, sent = ring_all_reduce(vectors)
    for each in ends:
        assert_close(each, sum(vectors))
    assert (sent.sum(axis=0) == 2 * (n - 1) / n * 24).all()


@pytest.mark.parametrize("n", [1, 2, 8])
def test_eq_step_time(n):
    """By a clock for each worker: a message arrives when it has been sent and has traveled."""
    N, c, G, v, latency = 120, 0.25, 48, 3.0, 0.5
    clocks = np.full(n, N / n * c)
    for sizes in ring_all_reduce(list(normal(0, n, G)))[1]:
        arrival = clocks + sizes / v + latency
        clocks = np.maximum(arrival, np.roll(arrival, 1))
    assert_close(clocks, np.full(n, N * c / n + 2 * (n - 1) * (G / (n * v) + latency)))


# ------------------------------------------------------------------------------------ more pixels


def test_eq_detectability():
    s, sigma = normal(0, 5, 6), 0.7
    d = math.sqrt(sum(value**2 for value in s.ravel())) / sigma

    def of(template):
        # A sum with these weights: how far its mean moves, in its own standard deviations.
        return (template * s).sum() / (sigma * np.sqrt((template**2).sum()))

    assert np.isclose(of(s), d)
    assert max(of(s + 0.1 * other) for other in normal(1, 200, 5, 6)) < d
    # The distance of both means, in units of the noise.
    apart = distance.mahalanobis(s.ravel(), np.zeros(30), np.eye(30) / sigma**2)
    assert np.isclose(apart, d)


@pytest.mark.parametrize("d", [0, 0.5, 2])
def test_eq_auc_of_detectability(d):
    # A score of N(d, 1) is above a threshold t as often as one of N(0, 1) is below it.
    auc, _ = integrate.quad(lambda t: stats.norm.pdf(t - d) * stats.norm.cdf(t), -9, 11)
    assert np.isclose(stats.norm.cdf(d / math.sqrt(2)), auc)


@pytest.mark.parametrize("diameter", [20, 40, 64])
def test_eq_kept_detectability(diameter):
    # Noise of variance 1 in each fine pixel; a large pixel is the mean of 64 x 64 fine ones.
    pixel, at = 64, np.arange(64) - 31.5
    disc = (at[:, None] ** 2 + at**2 < diameter**2 / 4).astype(float)
    fine, coarse = np.sqrt((disc**2).sum()), disc.mean() * pixel
    assert abs(coarse / fine / (math.sqrt(math.pi) / 2 * diameter / pixel) - 1) < 0.01


# ----------------------------------------------------------------------------- none is forgotten


def tags(markdown: str) -> list[str]:
    """Return the names of a text's numbered equations."""
    return re.findall(r"\\tag\{([^}]*)\}", markdown)


def untested(names: list[str]) -> list[str]:
    return [name for name in names if f"test_eq_{name.replace('-', '_')}" not in globals()]


def test_tags_are_found_and_compared():
    names = tags(r"$$ y = Wx + b \tag{dense} $$ and $$ a = b \tag{never-heard-of} $$")
    assert names == ["dense", "never-heard-of"]
    assert untested(names) == ["never-heard-of"]


def test_each_equation_of_the_lessons_has_its_test():
    places: dict[str, list[str]] = {}
    for path in lesson_paths():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            if cell["cell_type"] == "markdown":
                for name in tags("".join(cell["source"])):
                    places.setdefault(name, []).append(path.name)
    assert not untested(list(places)), {name: places[name] for name in untested(list(places))}
    repeated = {name: files for name, files in places.items() if len(files) > 1}
    assert not repeated, "an equation is numbered once"
