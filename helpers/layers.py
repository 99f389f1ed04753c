"""The layers of a convolutional network in NumPy, each forward pass beside its backward pass.

Arrays are channels-last: images `X` are (N, H, W, C), kernels `K` are (M, N, C, F), the outputs of
a layer are `Y`. `dY` is the gradient of the loss with respect to `Y`, of the same shape as `Y`;
so are `dX`, `dK`, `dW` and `db`. All numbers are float32 or float64, and stay what they are; other
arrays, shapes and settings are a ValueError. NaN and infinity go through layers as through NumPy;
`helpers.network` looks for them once, in its images.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from helpers import inputs
from helpers.parallel import on_all_cores, split

Array = NDArray[Any]
IMAGES = "images (N, H, W, C)"

# ---------------------------------------------------------------------------------- convolution


def output_size(
    size: int, kernel: int, stride: int = 1, padding: str | int = "valid", dilation: int = 1
) -> int:
    """Count the places at which a kernel fits along one axis (equation output-size).

    With `reach = dilation * (kernel - 1) + 1` and `padded = size` and the zeros around it, that is
    `(padded - reach) // stride + 1`.

    Parameters
    ----------
    size, kernel : int
        Pixels of the image and of the kernel along this axis.
    stride, dilation : int
        Pixels from one place to the next; pixels from one weight to the next.
    padding : "valid", "same" or int
        Zeros around the image: none; as many as make the output as large as the image (with
        stride S: 1/S as large, rounded up); or this many on each side.

    Raises
    ------
    ValueError
        If the kernel is larger than the padded image, or a setting is not what is listed.

    Examples
    --------
    >>> output_size(28, 3), output_size(28, 3, stride=2), output_size(28, 3, padding="same")
    (26, 13, 28)
    >>> output_size(28, 3, dilation=2)
    24
    >>> output_size(4, 5)
    Traceback (most recent call last):
    ValueError: a kernel of 5 does not fit into 4 pixels; use a smaller kernel or more padding
    """
    size = inputs.whole("size", size, least=1)
    padded = size + sum(_padding(size, kernel, stride, padding, dilation))
    reach = dilation * (kernel - 1) + 1
    if reach > padded:
        dilated = f", {reach} with dilation {dilation}," if dilation > 1 else ""
        raise ValueError(
            f"a kernel of {kernel}{dilated} does not fit into {padded} pixels; "
            "use a smaller kernel or more padding"
        )
    return (padded - reach) // stride + 1


def _padding(
    size: int, kernel: int, stride: int, padding: str | int, dilation: int
) -> tuple[int, int]:
    """Return how many zeros go before and after the pixels of one axis."""
    check_window(kernel, stride, padding, dilation)
    if padding == "valid":
        return 0, 0
    if padding == "same":
        places = -(-size // stride)
        total = max((places - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
        # An odd zero goes after the pixels, as in TensorFlow.
        return total // 2, total - total // 2
    return int(padding), int(padding)


def _pad(X: Array, vertical: tuple[int, int], horizontal: tuple[int, int]) -> Array:
    """Put zeros around images."""
    if vertical == horizontal == (0, 0):
        return X
    count, height, width, channels = X.shape
    padded = np.zeros((count, height + sum(vertical), width + sum(horizontal), channels), X.dtype)
    padded[:, vertical[0] : vertical[0] + height, horizontal[0] : horizontal[0] + width] = X
    return padded


def im2col(X: ArrayLike, M: int, N: int, stride: int = 1, dilation: int = 1) -> Array:
    """Copy every window of the images into one row of a matrix (equation im2col).

    Parameters
    ----------
    X : float array (N, H, W, C)
        Images, padded already.
    M, N : int
        Height and width of the window.
    stride, dilation : int
        Pixels from one window to the next; pixels from one number of a window to the next.

    Returns
    -------
    array (N * H' * W', M * N * C)
        Windows in reading order. Times the kernels as a matrix (M * N * C, F): the convolution.

    Raises
    ------
    ValueError
        If X is not float images, or the window does not fit into them.

    Examples
    --------
    >>> X = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> im2col(X, 2, 2)
    array([[0., 1., 3., 4.],
           [1., 2., 4., 5.],
           [3., 4., 6., 7.],
           [4., 5., 7., 8.]])
    """
    X = check_floats("X", X, IMAGES)
    count, height, width, channels = X.shape
    down = output_size(height, M, stride, dilation=dilation)
    across = output_size(width, N, stride, dilation=dilation)
    windows = np.empty((count, down, across, M, N, channels), X.dtype)
    for m, n, pixels in _offsets(X, M, N, down, across, stride, dilation):
        windows[:, :, :, m, n] = pixels
    return windows.reshape(-1, M * N * channels)


def _offsets(
    X: Array, M: int, N: int, down: int, across: int, stride: int, dilation: int = 1
) -> Iterator[tuple[int, int, Array]]:
    """For each place m, n in the window, view its pixels in all windows: (N, H', W', C)."""
    for m in range(M):
        for n in range(N):
            top, left = m * dilation, n * dilation
            bottom, right = top + down * stride, left + across * stride
            yield m, n, X[:, top:bottom:stride, left:right:stride]


def conv2d(
    X: ArrayLike,
    K: ArrayLike,
    b: ArrayLike | None = None,
    stride: int = 1,
    padding: str | int = "valid",
    dilation: int = 1,
) -> Array:
    """Slide kernels over images (equation conv-layer).

    Parameters
    ----------
    X : float array (N, H, W, C)
        Images.
    K : float array (M, N, C, F)
        F kernels, M high and N wide, of C channels.
    b : float array (F,), optional
        One bias a kernel.
    stride, padding, dilation
        As in `output_size`, in both directions.

    Returns
    -------
    array (N, H', W', F)

    Raises
    ------
    ValueError
        If an array is not float or of another shape, or the kernel does not fit.

    Examples
    --------
    >>> X = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> K = np.array([[1.0, 0.0], [0.0, 2.0]]).reshape(2, 2, 1, 1)
    >>> conv2d(X, K, b=[0.5])[0, :, :, 0]
    array([[ 8.5, 11.5],
           [17.5, 20.5]])
    >>> conv2d(X, K, padding="same").shape
    (1, 3, 3, 1)
    >>> conv2d(X, np.ones((2, 2, 3, 1)))
    Traceback (most recent call last):
    ValueError: X (1, 3, 3, 1) has 1 channels, but each kernel of K (2, 2, 3, 1) has 3
    """
    X, K, (down, across), padded = _conv_inputs(X, K, stride, padding, dilation)
    M, N, C, F = K.shape
    if b is not None:
        b = check_floats("b", b)
        if b.shape != (F,):
            raise ValueError(f"b has shape {b.shape}, but K {K.shape} needs {(F,)}")
    Y = np.empty((len(X), down, across, F), np.result_type(X, K))

    def forward(part: slice) -> None:
        windows = im2col(padded[part], M, N, stride, dilation)
        np.matmul(windows, K.reshape(-1, F), out=Y[part].reshape(-1, F))
        if b is not None:
            Y[part] += b

    on_all_cores(forward, split(len(X), _bytes_each(Y, K)))
    return Y


def conv2d_backward(
    dY: ArrayLike,
    X: ArrayLike,
    K: ArrayLike,
    stride: int = 1,
    padding: str | int = "valid",
    dilation: int = 1,
    input_gradient: bool = True,
) -> tuple[Array | None, Array, Array]:
    """Return the gradients of `conv2d` (conv-gradient-input, -kernel and -bias).

    Parameters
    ----------
    dY : float array (N, H', W', F)
        Gradient of the loss with respect to the output.
    X, K, stride, padding, dilation
        What `conv2d` was given.
    input_gradient : bool
        False leaves `dX` out: a network's first layer has no use for it.

    Returns
    -------
    dX : array (N, H, W, C), or None
    dK : array (M, N, C, F)
    db : array (F,)

    Raises
    ------
    ValueError
        As `conv2d`, or if dY is not of the output's shape.

    Examples
    --------
    >>> X = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> K = np.array([[1.0, 0.0], [0.0, 2.0]]).reshape(2, 2, 1, 1)
    >>> dX, dK, db = conv2d_backward(np.ones((1, 2, 2, 1)), X, K)
    >>> dX[0, :, :, 0]
    array([[1., 1., 0.],
           [1., 3., 2.],
           [0., 2., 2.]])
    >>> dK[:, :, 0, 0]
    array([[ 8., 12.],
           [20., 24.]])
    >>> db
    array([4.])
    """
    X, K, (down, across), padded = _conv_inputs(X, K, stride, padding, dilation)
    M, N, C, F = K.shape
    dY = check_gradient(dY, (len(X), down, across, F))
    dpadded = np.zeros(padded.shape, np.result_type(dY, K)) if input_gradient else None

    def backward(part: slice) -> tuple[Array, Array]:
        upstream = dY[part].reshape(-1, F)
        if dpadded is not None:
            for m, n, dpixels in _offsets(dpadded[part], M, N, down, across, stride, dilation):
                dpixels += (upstream @ K[m, n].T).reshape(dpixels.shape)
        dK = im2col(padded[part], M, N, stride, dilation).T @ upstream
        return dK, np.ones(len(upstream), dY.dtype) @ upstream

    sums = on_all_cores(backward, split(len(X), _bytes_each(dY, K)))
    dK, db = (sum(parts) for parts in zip(*sums, strict=True))
    if dpadded is None:
        return None, dK.reshape(K.shape), db
    top, _ = _padding(X.shape[1], M, stride, padding, dilation)
    left, _ = _padding(X.shape[2], N, stride, padding, dilation)
    dX = dpadded[:, top : top + X.shape[1], left : left + X.shape[2]]
    return dX, dK.reshape(K.shape), db


def _bytes_each(Y: Array, K: Array) -> int:
    """Count the bytes of one image's windows (M * N * C numbers each) and of its output."""
    windows = Y[0].size // K.shape[3]
    return windows * (K[..., 0].size + K.shape[3]) * Y.itemsize


def _conv_inputs(
    X: ArrayLike, K: ArrayLike, stride: int, padding: str | int, dilation: int
) -> tuple[Array, Array, tuple[int, int], Array]:
    """Check images and kernels; return them, the windows down and across, the padded images."""
    X, K = check_floats("X", X, IMAGES), check_floats("K", K, "kernels (M, N, C, F)")
    if X.shape[3] != K.shape[2]:
        raise ValueError(
            f"X {X.shape} has {X.shape[3]} channels, but each kernel of K {K.shape} "
            f"has {K.shape[2]}"
        )
    sizes = [(X.shape[axis + 1], K.shape[axis], stride, padding, dilation) for axis in (0, 1)]
    down, across = (output_size(*size) for size in sizes)
    return X, K, (down, across), _pad(X, *(_padding(*size) for size in sizes))


# -------------------------------------------------------------------------------------- pooling


def _pool_inputs(X: ArrayLike, size: int, stride: int | None) -> tuple[Array, int, int, int]:
    """Check images; return them, the stride, and the windows down and across."""
    X = check_floats("X", X, IMAGES)
    size = inputs.whole("size", size, least=1)
    stride = size if stride is None else inputs.whole("stride", stride, least=1)
    down, across = (output_size(pixels, size, stride) for pixels in X.shape[1:3])
    return X, stride, down, across


def max_pool(X: ArrayLike, size: int, stride: int | None = None) -> Array:
    """Keep the largest value of each window (equation max-pool).

    Parameters
    ----------
    X : float array (N, H, W, C)
        Images.
    size : int
        Height and width of the window.
    stride : int, optional
        Pixels from one window to the next; `size` if not given, as in Keras.

    Returns
    -------
    array (N, H', W', C)
        Pixels at the lower and right edge that fill no window are left out.

    Raises
    ------
    ValueError
        If X is not float images, or the window does not fit into them.

    Examples
    --------
    >>> X = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> max_pool(X, 2)[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    X, stride, down, across = _pool_inputs(X, size, stride)
    Y = np.empty((len(X), down, across, X.shape[3]), X.dtype)

    def forward(part: slice) -> None:
        (_, _, Y[part]), *others = _offsets(X[part], size, size, down, across, stride)
        for _, _, pixels in others:
            np.maximum(Y[part], pixels, out=Y[part])

    on_all_cores(forward, split(len(X), X[0].nbytes))
    return Y


def max_pool_backward(dY: ArrayLike, X: ArrayLike, size: int, stride: int | None = None) -> Array:
    """Hand each gradient to the pixel that was its window's largest (max-pool-gradient).

    Where several pixels are largest, the first in reading order gets it, as in TensorFlow.

    Parameters
    ----------
    dY : float array (N, H', W', C)
        Gradient of the loss with respect to the output.
    X, size, stride
        What `max_pool` was given.

    Returns
    -------
    array (N, H, W, C)

    Raises
    ------
    ValueError
        As `max_pool`, if dY is not of the output's shape, or X holds NaN.

    Examples
    --------
    >>> X = np.array([[1.0, 3.0], [3.0, 2.0]]).reshape(1, 2, 2, 1)
    >>> max_pool_backward(np.full((1, 1, 1, 1), 5.0), X, 2)[0, :, :, 0]
    array([[0., 5.],
           [0., 0.]])
    """
    X, stride, down, across = _pool_inputs(X, size, stride)
    dY = check_gradient(dY, (len(X), down, across, X.shape[3]))
    dX = np.zeros(X.shape, dY.dtype)

    def backward(part: slice) -> None:
        largest = max_pool(X[part], size, stride)
        waiting = np.ones(largest.shape, bool)
        views = _offsets(X[part], size, size, down, across, stride)
        dviews = _offsets(dX[part], size, size, down, across, stride)
        for (_, _, pixels), (_, _, dpixels) in zip(views, dviews, strict=True):
            first = (pixels == largest) & waiting
            waiting ^= first
            if stride < size:  # Windows overlap: a pixel may be the largest of several.
                dpixels += dY[part] * first
            else:
                np.multiply(dY[part], first, out=dpixels)
        if waiting.any():
            raise ValueError(
                "X holds NaN, and no number of a window with NaN is its largest; leave those out"
            )

    on_all_cores(backward, split(len(X), X[0].nbytes))
    return dX


def average_pool(X: ArrayLike, size: int, stride: int | None = None) -> Array:
    """Take the mean of each window (equation average-pool).

    Parameters, shapes and errors are those of `max_pool`.

    Examples
    --------
    >>> X = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> average_pool(X, 2)[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    X, stride, down, across = _pool_inputs(X, size, stride)
    views = _offsets(X, size, size, down, across, stride)
    Y = next(views)[2].copy()
    for _, _, pixels in views:
        Y += pixels
    Y /= size * size
    return Y


def average_pool_backward(
    dY: ArrayLike, X: ArrayLike, size: int, stride: int | None = None
) -> Array:
    """Share each gradient equally among its window's pixels (average-pool-gradient).

    Parameters, shapes and errors are those of `max_pool_backward`.

    Examples
    --------
    >>> average_pool_backward(np.full((1, 1, 1, 1), 8.0), np.ones((1, 2, 2, 1)), 2)[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]])
    """
    X, stride, down, across = _pool_inputs(X, size, stride)
    dY = check_gradient(dY, (len(X), down, across, X.shape[3]))
    dX = np.zeros(X.shape, dY.dtype)
    share = dY / (size * size)
    for _, _, dpixels in _offsets(dX, size, size, down, across, stride):
        dpixels += share
    return dX


def global_average_pool(X: ArrayLike) -> Array:
    """Take the mean of each channel over all pixels (equation global-average-pool).

    Parameters
    ----------
    X : float array (N, H, W, C)
        Images.

    Returns
    -------
    array (N, C)

    Raises
    ------
    ValueError
        If X is not float images.

    Examples
    --------
    >>> global_average_pool(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[3., 4.]])
    """
    return check_floats("X", X, IMAGES).mean(axis=(1, 2))


def global_average_pool_backward(dY: ArrayLike, X: ArrayLike) -> Array:
    """Share each channel's gradient equally among its pixels.

    Parameters
    ----------
    dY : float array (N, C)
        Gradient of the loss with respect to the output.
    X : float array (N, H, W, C)
        What `global_average_pool` was given.

    Returns
    -------
    array (N, H, W, C)

    Raises
    ------
    ValueError
        As `global_average_pool`, or if dY is not of the output's shape.

    Examples
    --------
    >>> global_average_pool_backward([[8.0]], np.ones((1, 2, 2, 1)))[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]])
    """
    X = check_floats("X", X, IMAGES)
    count, height, width, channels = X.shape
    dY = check_gradient(dY, (count, channels))
    return np.broadcast_to(dY[:, None, None] / (height * width), X.shape).copy()


# ---------------------------------------------------------------------- flatten, dense, dropout


def flatten(X: ArrayLike) -> Array:
    """Write each image's numbers into one row: (N, H, W, C) to (N, H * W * C).

    Examples
    --------
    >>> flatten(np.zeros((2, 5, 5, 64))).shape
    (2, 1600)
    """
    X = check_floats("X", X, "(N, ...)")
    return X.reshape(len(X), -1)


def flatten_backward(dY: ArrayLike, X: ArrayLike) -> Array:
    """Give the gradient the shape that the images had.

    Examples
    --------
    >>> flatten_backward(np.zeros((2, 1600)), np.zeros((2, 5, 5, 64))).shape
    (2, 5, 5, 64)
    """
    X = check_floats("X", X, "(N, ...)")
    return check_gradient(dY, (len(X), X.size // len(X))).reshape(X.shape)


def dense(X: ArrayLike, W: ArrayLike, b: ArrayLike | None = None) -> Array:
    """Weigh and add all inputs, once for each unit (equation dense).

    Parameters
    ----------
    X : float array (N, inputs)
        One example a row.
    W : float array (inputs, units)
        Weights: one unit a column.
    b : float array (units,), optional
        One bias a unit.

    Returns
    -------
    array (N, units)

    Raises
    ------
    ValueError
        If an array is not float, or the shapes do not go together.

    Examples
    --------
    >>> dense([[1.0, 2.0]], [[1.0, 0.0], [0.0, 3.0]], [0.5, 0.5])
    array([[1.5, 6.5]])
    >>> dense(np.zeros((8, 784)), np.zeros((100, 10)))
    Traceback (most recent call last):
    ValueError: X (8, 784) has 784 columns, but W (100, 10) has 100 rows
    """
    X, W = _dense_inputs(X, W)
    Y = X @ W
    if b is not None:
        b = check_floats("b", b)
        if b.shape != W.shape[1:]:
            raise ValueError(f"b has shape {b.shape}, but W {W.shape} needs {W.shape[1:]}")
        Y += b
    return Y


def dense_backward(dY: ArrayLike, X: ArrayLike, W: ArrayLike) -> tuple[Array, Array, Array]:
    """Return the gradients of `dense` (equation dense-gradient).

    Parameters
    ----------
    dY : float array (N, units)
        Gradient of the loss with respect to the output.
    X, W
        What `dense` was given.

    Returns
    -------
    dX : array (N, inputs)
    dW : array (inputs, units)
    db : array (units,)

    Raises
    ------
    ValueError
        As `dense`, or if dY is not of the output's shape.

    Examples
    --------
    >>> dX, dW, db = dense_backward([[1.0, -1.0]], [[1.0, 2.0]], [[1.0, 0.0], [0.0, 3.0]])
    >>> dX
    array([[ 1., -3.]])
    >>> dW
    array([[ 1., -1.],
           [ 2., -2.]])
    >>> db
    array([ 1., -1.])
    """
    X, W = _dense_inputs(X, W)
    dY = check_gradient(dY, (len(X), W.shape[1]))
    return dY @ W.T, X.T @ dY, dY.sum(axis=0)


def _dense_inputs(X: ArrayLike, W: ArrayLike) -> tuple[Array, Array]:
    X, W = check_floats("X", X, "(N, inputs)"), check_floats("W", W, "(inputs, units)")
    if X.shape[1] != W.shape[0]:
        raise ValueError(
            f"X {X.shape} has {X.shape[1]} columns, but W {W.shape} has {W.shape[0]} rows"
        )
    return X, W


def dropout(X: ArrayLike, rate: float, random: np.random.Generator) -> tuple[Array, Array]:
    """Set a random share of the numbers to zero and enlarge the others to keep the mean.

    Parameters
    ----------
    X : float array
        Of any shape.
    rate : float
        Probability of each number to become zero, 0 or more and below 1.
    random : numpy Generator
        Where the random numbers come from: the same seed drops the same numbers.

    Returns
    -------
    Y : array of X's shape
    mask : array of X's shape
        0 or 1 / (1 - rate): `Y = X * mask`.

    Raises
    ------
    ValueError
        If X is not float, or the rate is out of range.

    Examples
    --------
    >>> Y, mask = dropout(np.ones((2, 4)), 0.5, np.random.default_rng(0))
    >>> Y
    array([[2., 0., 0., 0.],
           [2., 2., 2., 2.]])
    """
    X = check_floats("X", X)
    inputs.number("rate", rate, least=0, below=1)
    inputs.instance("random", random, np.random.Generator, "np.random.default_rng(0)")
    mask = (random.random(X.shape) >= rate).astype(X.dtype) / X.dtype.type(1 - rate)
    return X * mask, mask


def dropout_backward(dY: ArrayLike, mask: ArrayLike) -> Array:
    """Let the gradient through where `dropout` let the number through.

    Examples
    --------
    >>> dropout_backward([[1.0, 3.0]], [[2.0, 0.0]])
    array([[2., 0.]])
    """
    mask = check_floats("mask", mask)
    return check_gradient(dY, mask.shape) * mask


# ---------------------------------------------------------------------------------- activations
# Each takes a float array of any shape, works on every number alone and keeps shape and dtype.


def sigmoid(X: ArrayLike) -> Array:
    """Squeeze each number into 0 to 1: 1 / (1 + exp(-x)) (equation sigmoid).

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 1000.0])
    array([0. , 0.5, 1. ])
    """
    X = check_floats("X", X)
    # exp of a negative number never overflows.
    small = np.exp(-np.abs(X))
    return np.where(X >= 0, 1, small) / (1 + small)


def sigmoid_derivative(X: ArrayLike) -> Array:
    """Slope of the sigmoid: s (1 - s), at most 1/4 (equation sigmoid-derivative).

    Examples
    --------
    >>> sigmoid_derivative([0.0])
    array([0.25])
    """
    X = check_floats("X", X)
    return sigmoid(X) * sigmoid(-X)


def tanh(X: ArrayLike) -> Array:
    """Squeeze each number into -1 to 1 (equation tanh).

    Examples
    --------
    >>> tanh([-1000.0, 0.0, 1000.0])
    array([-1.,  0.,  1.])
    """
    return np.tanh(check_floats("X", X))


def tanh_derivative(X: ArrayLike) -> Array:
    """Slope of tanh: 1 - tanh(x)^2 (equation tanh-derivative).

    Examples
    --------
    >>> tanh_derivative([0.0])
    array([1.])
    """
    X = check_floats("X", X)
    # The same, written so that no digits are lost where tanh is next to 1.
    small = np.exp(-np.abs(X))
    return (2 * small / (1 + small**2)) ** 2


def relu(X: ArrayLike) -> Array:
    """Set negative numbers to 0 (equation relu).

    Examples
    --------
    >>> relu([-2.0, 0.0, 3.0])
    array([0., 0., 3.])
    """
    return np.maximum(check_floats("X", X), 0)


def relu_derivative(X: ArrayLike) -> Array:
    """Slope of ReLU: 1 above 0, else 0; 0 at the corner, as in TensorFlow (relu-derivative).

    Examples
    --------
    >>> relu_derivative([-2.0, 0.0, 3.0])
    array([0., 0., 1.])
    """
    X = check_floats("X", X)
    return (X > 0).astype(X.dtype)


def leaky_relu(X: ArrayLike, slope: float = 0.2) -> Array:
    """Make negative numbers small: max(x, slope x), slope 0 to below 1 (equation leaky-relu).

    Examples
    --------
    >>> leaky_relu([-2.0, 0.0, 3.0])
    array([-0.4,  0. ,  3. ])
    """
    X, slope = check_floats("X", X), inputs.number("slope", slope, least=0, below=1)
    return np.where(X > 0, X, X * X.dtype.type(slope))


def leaky_relu_derivative(X: ArrayLike, slope: float = 0.2) -> Array:
    """Slope of leaky ReLU: 1 above 0, else `slope`.

    Examples
    --------
    >>> leaky_relu_derivative([-2.0, 0.0, 3.0])
    array([0.2, 0.2, 1. ])
    """
    X, slope = check_floats("X", X), inputs.number("slope", slope, least=0, below=1)
    return np.where(X > 0, X.dtype.type(1), X.dtype.type(slope))


def gelu(X: ArrayLike) -> Array:
    """Weigh x with the share of a standard normal that lies below x (equation gelu).

    Hendrycks and Gimpel 2016, arXiv:1606.08415.

    Examples
    --------
    >>> gelu([-1.0, 0.0, 1.0]).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    X = check_floats("X", X)
    # Below -40 the share is 0, also of minus infinity; adding 0 makes 0 of -0.
    return np.maximum(X, -40) * ndtr(X) + 0


def gelu_derivative(X: ArrayLike) -> Array:
    """Slope of GELU: the normal distribution at x, plus x times its density.

    Examples
    --------
    >>> gelu_derivative([0.0])
    array([0.5])
    """
    X = check_floats("X", X)
    # Beyond 40 the density is 0, and a square might overflow.
    near = np.clip(X, -40, 40)
    density = np.exp(-(near**2) / 2) / X.dtype.type(np.sqrt(2 * np.pi))
    return ndtr(X) + near * density


# ----------------------------------------------------------------------- softmax, cross-entropy


def log_sum_exp(X: ArrayLike) -> Array:
    """Return log(sum(exp(x))) of each row, without overflow (equation log-sum-exp).

    Parameters
    ----------
    X : float array (..., K)
        Logits.

    Returns
    -------
    array (...,)

    Examples
    --------
    >>> log_sum_exp([[1000.0, 1000.0]]).round(4)
    array([1000.6931])
    """
    largest, _, log_sum = _from_the_largest(X)
    return (largest + log_sum)[..., 0]


def log_softmax(X: ArrayLike) -> Array:
    """Return the logarithms of `softmax`, to the last digits of float32 and float64.

    Also where a probability itself would round to 0 or 1.

    Parameters
    ----------
    X : float array (..., K)
        Logits.

    Returns
    -------
    array (..., K)

    Examples
    --------
    >>> log_softmax([[0.0, 1000.0]])
    array([[-1000.,     0.]])
    """
    _, shifted, log_sum = _from_the_largest(X)
    return shifted - log_sum


def _from_the_largest(X: ArrayLike) -> tuple[Array, Array, Array]:
    """Return each row's largest logit, all less the largest, and the log of their exp's sum.

    Their sum is 1, the exponential of the largest less itself, and those of the others. Adding 1
    would cost the others their digits; and a large logit added to the logarithm, the logarithm's.
    """
    X = check_logits("X", X)
    place = X.argmax(axis=-1, keepdims=True)
    largest = np.take_along_axis(X, place, axis=-1)
    shifted = X - largest
    others = np.exp(shifted)
    np.put_along_axis(others, place, 0, axis=-1)
    return largest, shifted, np.log1p(others.sum(axis=-1, keepdims=True))


def softmax(X: ArrayLike) -> Array:
    """Turn each row of logits into probabilities that add up to 1 (equation softmax).

    Parameters
    ----------
    X : float array (..., K)
        Logits.

    Returns
    -------
    array (..., K)

    Examples
    --------
    >>> softmax([[0.0, 0.0], [0.0, 1000.0]])
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    X = check_logits("X", X)
    powers = np.exp(X - X.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def cross_entropy(logits: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean of -log(probability of the true class) (equation cross-entropy).

    Parameters
    ----------
    logits : float array (N, K)
        Scores before the softmax.
    labels : integer array (N,)
        The true classes, 0 to K - 1.

    Raises
    ------
    ValueError
        If the logits are not finite floats, or the labels are not N integers from 0 to K - 1.

    Examples
    --------
    >>> round(cross_entropy([[0.0, 0.0], [0.0, 1000.0]], [0, 1]), 4)
    0.3466
    >>> cross_entropy([[0.0, 0.0]], [2])
    Traceback (most recent call last):
    ValueError: labels go from 2 to 2; give classes from 0 to 1
    """
    logits, labels = _loss_inputs(logits, labels)
    # Subtracted, not negated: a perfect answer costs 0, not -0.
    return float(0 - log_softmax(logits)[np.arange(len(labels)), labels].mean())


def cross_entropy_backward(logits: ArrayLike, labels: ArrayLike) -> Array:
    """Return the gradient of `cross_entropy`, (p - y) / N (equation cross-entropy-gradient).

    Parameters and errors are those of `cross_entropy`.

    Returns
    -------
    array (N, K)

    Examples
    --------
    >>> cross_entropy_backward([[0.0, 0.0]], [1])
    array([[ 0.5, -0.5]])
    """
    logits, labels = _loss_inputs(logits, labels)
    gradient = softmax(logits)
    # p - 1 is minus the sum of the others, which keeps its digits where p is next to 1.
    true = np.arange(len(labels)), labels
    gradient[true] = 0
    gradient[true] = 0 - gradient.sum(axis=1)
    gradient /= len(labels)
    return gradient


def _loss_inputs(logits: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    logits = check_logits("logits", check_floats("logits", logits, "(N, K)"))
    return logits, inputs.labels("labels", labels, *logits.shape)


# --------------------------------------------------------------------------------------- checks


def check_floats(name: str, values: ArrayLike, expected: str = "") -> Array:
    """Return `values` as a float32 or float64 array with as many axes as `expected`, or raise."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} is no array; give equal lengths along each axis") from None
    if array.dtype not in (np.float32, np.float64):
        if array.dtype.kind not in "fiub":
            raise ValueError(
                f"{name}={inputs.told(values)} is not of float32 or float64; give such an array"
            )
        pixels = " / 255 for pixels" if array.dtype == np.uint8 else ""
        raise ValueError(
            f"{name} has dtype {array.dtype}; give float32 or float64: "
            f'{name}.astype("float32"){pixels}'
        )
    axes, any_more = expected.count(",") + 1, "..." in expected
    if expected and (array.ndim < axes - 1 if any_more else array.ndim != axes):
        raise ValueError(f"{name} has shape {array.shape}; give {expected}")
    if array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}, so it is empty; give at least one")
    return array


def check_logits(name: str, values: ArrayLike) -> Array:
    """Return logits (..., K) of which each row has a largest, or raise."""
    X = check_floats(name, values, "(..., K)")
    largest = X.max(axis=-1)
    if not np.isfinite(largest).all():
        value = largest[~np.isfinite(largest)].flat[0]
        raise ValueError(
            f"{name} has a row whose largest number is {value}; give finite logits, -inf at most "
            "for some of the classes"
        )
    return X


def check_window(kernel: int, stride: int, padding: str | int, dilation: int) -> None:
    """Raise if no window can be of this size, step, padding and dilation."""
    for name, value in [("kernel", kernel), ("stride", stride), ("dilation", dilation)]:
        inputs.whole(name, value, least=1)
    if not isinstance(padding, str):
        inputs.whole("padding", padding, least=0)
    elif padding not in ("valid", "same"):
        raise ValueError(f"padding={padding!r}; give 'valid', 'same' or an integer of 0 or more")


def check_gradient(dY: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Return the gradient of a layer's output if it has this shape, or raise."""
    dY = check_floats("dY", dY)
    if dY.shape != shape:
        raise ValueError(f"dY has shape {dY.shape}, but the layer's output has {shape}; give that")
    return dY
