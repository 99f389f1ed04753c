"""A network of the layers in `helpers.layers`: it trains, predicts, is saved and loaded.

Names, default values, initial weights and update rules are those of Keras, so that the same weights
and the same batches give the same numbers in both.
"""

import copy
import itertools
import math
import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from helpers import inputs
from helpers import layers as L
from helpers.parallel import on_all_cores, one_thread_each, split

Array = NDArray[Any]
Shape = tuple[int, ...]

# Images in [0, 1] and standardized ones stay below; gray levels up to 255 don't.
LARGEST = 20


# --------------------------------------------------------------------------------------- layers


class Layer:
    """What the layers have in common.

    A layer remembers the input of its last `forward`; `backward` belongs to that input.

    Attributes
    ----------
    weights, gradients : list of arrays
        What is learned (kernel, bias), and the loss's gradients after `backward`. Often empty.
    """

    def __init__(self) -> None:
        self.weights: list[Array] = []
        self.gradients: list[Array] = []

    def for_part(self) -> "Layer":
        """Return a layer of the same weights that remembers another input."""
        return copy.copy(self)

    def build(self, shape: Shape, random: np.random.Generator, dtype: DTypeLike) -> Shape:
        """Make the weights for inputs of this shape (without N); return the output's shape."""
        return self.forward(np.zeros((1, *shape), dtype)).shape[1:]

    def forward(self, X: Array, training: bool = False) -> Array:
        """Return the output."""
        raise NotImplementedError

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        """Return the gradient of the input, and put those of the weights into `gradients`.

        `input_gradient=False` says that nobody will use the first.
        """
        raise NotImplementedError


def glorot_uniform(shape: Shape, random: np.random.Generator, dtype: DTypeLike) -> Array:
    """Draw initial weights from -limit to limit, limit = sqrt(6 / (inputs + outputs)) (glorot).

    Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html; Keras' default.

    Parameters
    ----------
    shape : tuple of int
        (inputs, units) of a dense layer or (M, N, C, F) of a convolution, whose inputs are
        M N C and whose outputs are M N F.
    random : numpy Generator
        Where the random numbers come from.
    dtype : dtype
        float32 or float64.

    Examples
    --------
    >>> W = glorot_uniform((200, 400), np.random.default_rng(0), "float32")
    >>> bool(0.099 < W.max() <= 0.1)
    True
    """
    if not isinstance(shape, tuple | list) or len(shape) < 2:
        raise ValueError(f"shape={inputs.told(shape)}; give (inputs, units) or (M, N, C, F)")
    shape = tuple(inputs.whole("each number of shape", size, least=1) for size in shape)
    inputs.instance("random", random, np.random.Generator, "np.random.default_rng(0)")
    window = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
    return random.uniform(-limit, limit, shape).astype(_float_type(dtype))


def _float_type(dtype: DTypeLike) -> np.dtype[Any]:
    """Return float32 or float64, whatever it is called, or raise."""
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = None
    if dtype is None or kind not in (np.float32, np.float64):
        raise ValueError(f'dtype={inputs.told(dtype)}; give "float32" or "float64"')
    return kind


class Conv2D(Layer):
    """Convolution: (N, H, W, C) to (N, H', W', filters).

    Parameters
    ----------
    filters, size : int
        How many kernels; the height and width of each.
    stride, padding, dilation
        As in `helpers.layers.output_size`.

    Examples
    --------
    >>> layer = Conv2D(32, 3)
    >>> layer.build((28, 28, 1), np.random.default_rng(0), "float32")
    (26, 26, 32)
    """

    def __init__(
        self,
        filters: int,
        size: int,
        stride: int = 1,
        padding: str | int = "valid",
        dilation: int = 1,
    ) -> None:
        super().__init__()
        L.check_window(inputs.whole("size", size, least=1), stride, padding, dilation)
        self.filters, self.size = inputs.whole("filters", filters, least=1), size
        self.stride, self.padding, self.dilation = stride, padding, dilation

    def build(self, shape: Shape, random: np.random.Generator, dtype: DTypeLike) -> Shape:
        _need_rank("Conv2D", shape, 3)
        kernel = glorot_uniform((self.size, self.size, shape[2], self.filters), random, dtype)
        self.weights = [kernel, np.zeros(self.filters, dtype)]
        return super().build(shape, random, dtype)

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        K, b = _built(self)
        return L.conv2d(X, K, b, self.stride, self.padding, self.dilation)

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        settings = self.stride, self.padding, self.dilation, input_gradient
        dX, dK, db = L.conv2d_backward(dY, _seen(self), self.weights[0], *settings)
        self.gradients = [dK, db]
        return dX


class Dense(Layer):
    """Fully connected layer: (N, inputs) to (N, units).

    Examples
    --------
    >>> Dense(10).build((64,), np.random.default_rng(0), "float32")
    (10,)
    """

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = inputs.whole("units", units, least=1)

    def build(self, shape: Shape, random: np.random.Generator, dtype: DTypeLike) -> Shape:
        _need_rank("Dense", shape, 1)
        W = glorot_uniform((*shape, self.units), random, dtype)
        self.weights = [W, np.zeros(self.units, dtype)]
        return super().build(shape, random, dtype)

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        return L.dense(X, *_built(self))

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        dX, dW, db = L.dense_backward(dY, _seen(self), self.weights[0])
        self.gradients = [dW, db]
        return dX


def _seen(layer: Layer, name: str = "X") -> Array:
    """Return what a layer remembers of its last `forward`."""
    if not hasattr(layer, name):
        raise ValueError(f"{type(layer).__name__} has seen no input; call forward first")
    return getattr(layer, name)


def _built(layer: Layer) -> list[Array]:
    if not layer.weights:
        raise ValueError(f"{type(layer).__name__} has no weights yet; put it into a Sequential")
    return layer.weights


def _need_rank(name: str, shape: Shape, rank: int) -> None:
    if len(shape) != rank:
        remedy = "put Flatten() before it" if rank == 1 else "give images (H, W, C)"
        raise ValueError(f"{name} gets inputs of shape {shape}; {remedy}")


class MaxPool(Layer):
    """Largest value of each window: (N, H, W, C) to (N, H', W', C).

    Examples
    --------
    >>> MaxPool(2).forward(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """

    def __init__(self, size: int, stride: int | None = None) -> None:
        super().__init__()
        self.size = inputs.whole("size", size, least=1)
        self.stride = size if stride is None else inputs.whole("stride", stride, least=1)

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        return L.max_pool(X, self.size, self.stride)

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        return L.max_pool_backward(dY, _seen(self), self.size, self.stride)


class AveragePool(Layer):
    """Mean of each window: (N, H, W, C) to (N, H', W', C).

    Examples
    --------
    >>> AveragePool(2).forward(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """

    def __init__(self, size: int, stride: int | None = None) -> None:
        super().__init__()
        self.size = inputs.whole("size", size, least=1)
        self.stride = size if stride is None else inputs.whole("stride", stride, least=1)

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        return L.average_pool(X, self.size, self.stride)

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        return L.average_pool_backward(dY, _seen(self), self.size, self.stride)


class GlobalAveragePool(Layer):
    """Mean of each channel: (N, H, W, C) to (N, C).

    Examples
    --------
    >>> GlobalAveragePool().forward(np.arange(8.0).reshape(1, 2, 2, 2))
    array([[3., 4.]])
    """

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        return L.global_average_pool(X)

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        return L.global_average_pool_backward(dY, _seen(self))


class Flatten(Layer):
    """Each image as one row: (N, H, W, C) to (N, H W C).

    Examples
    --------
    >>> Flatten().forward(np.zeros((2, 5, 5, 64))).shape
    (2, 1600)
    """

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        return L.flatten(X)

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        return L.flatten_backward(dY, _seen(self))


class Dropout(Layer):
    """Zeros for a random share of the numbers while training; nothing else afterwards.

    Examples
    --------
    >>> layer = Dropout(0.5)
    >>> layer.build((4,), np.random.default_rng(0), "float64")
    (4,)
    >>> layer.forward(np.ones((1, 4)))
    array([[1., 1., 1., 1.]])
    >>> layer.forward(np.ones((1, 4)), training=True)
    array([[0., 2., 0., 2.]])
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = inputs.number("rate", rate, least=0, below=1)
        self.random: Any = None

    def build(self, shape: Shape, random: np.random.Generator, dtype: DTypeLike) -> Shape:
        self.random = np.random.default_rng(random.integers(2**63))
        return shape

    def for_part(self) -> Layer:
        # Random numbers of its own: they must not depend on which part asks first.
        layer = copy.copy(self)
        layer.random = self.random.spawn(1)[0]
        return layer

    def forward(self, X: Array, training: bool = False) -> Array:
        if not training:
            self.mask = np.ones_like(X)
            return X
        Y, self.mask = L.dropout(X, self.rate, self.random)
        return Y

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        return L.dropout_backward(dY, _seen(self, "mask"))


class Activation(Layer):
    """A function of each number alone, and its derivative, both from `helpers.layers`.

    Examples
    --------
    >>> layer = Activation(L.leaky_relu, L.leaky_relu_derivative)
    >>> layer.forward(np.array([[-2.0, 3.0]]))
    array([[-0.4,  3. ]])
    >>> layer.backward(np.array([[1.0, 1.0]]))
    array([[0.2, 1. ]])
    """

    def __init__(
        self, function: Callable[[Array], Array], derivative: Callable[[Array], Array]
    ) -> None:
        super().__init__()
        for name, value in [("function", function), ("derivative", derivative)]:
            if not callable(value):
                raise ValueError(f"{name}={inputs.told(value)} can't be called; give a function")
        self.function, self.derivative = function, derivative

    def forward(self, X: Array, training: bool = False) -> Array:
        self.X = X
        return self.function(X)

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        dX = self.derivative(_seen(self))
        dX *= L.check_gradient(dY, dX.shape)
        return dX


class ReLU(Activation):
    """`Activation` with `helpers.layers.relu`."""

    def __init__(self) -> None:
        super().__init__(L.relu, L.relu_derivative)

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        X = _seen(self)
        return L.check_gradient(dY, X.shape) * (X > 0)


class LeakyReLU(Activation):
    """`Activation` with `helpers.layers.leaky_relu`."""

    def __init__(self) -> None:
        super().__init__(L.leaky_relu, L.leaky_relu_derivative)


class GELU(Activation):
    """`Activation` with `helpers.layers.gelu`."""

    def __init__(self) -> None:
        super().__init__(L.gelu, L.gelu_derivative)


class Sigmoid(Activation):
    """`Activation` with `helpers.layers.sigmoid`."""

    def __init__(self) -> None:
        super().__init__(L.sigmoid, L.sigmoid_derivative)


class Tanh(Activation):
    """`Activation` with `helpers.layers.tanh`."""

    def __init__(self) -> None:
        super().__init__(L.tanh, L.tanh_derivative)


# ----------------------------------------------------------------------------------- optimizers


class Optimizer:
    """What the optimizers have in common: a step is made whole or not at all.

    An optimizer remembers the steps it made, so it belongs to one network.
    """

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = float(inputs.number("learning_rate", learning_rate, least=0))
        self.weights: list[Array] = []

    def update(self, weights: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Change the weights in place by one step.

        Parameters
        ----------
        weights, gradients : sequence of float arrays
            Of the same shapes; the same weights each time.

        Raises
        ------
        ValueError
            If they are not, or a gradient is NaN or infinite. Then nothing is changed.
        """
        shapes, expected = (list(map(np.shape, arrays)) for arrays in (gradients, weights))
        if shapes != expected:
            raise ValueError(f"gradients have shapes {shapes}; give those of weights, {expected}")
        if not all(np.isfinite(gradient).all() for gradient in gradients):
            raise ValueError(
                "gradients hold NaN or infinity; give a lower learning rate, or smaller numbers in"
            )
        if self.weights and not (
            len(weights) == len(self.weights)
            and all(w is own for w, own in zip(weights, self.weights, strict=True))
        ):
            raise ValueError(
                f"weights are not those of this {type(self).__name__}'s last step, whose momentum "
                "it holds; give each network an optimizer of its own"
            )
        # All is worked out first. What is interrupted leaves weights and memory as they were.
        changed = self._step(weights, gradients)
        for w, new in zip(weights, changed, strict=True):
            w[...] = new
        self.weights = list(weights)

    def _step(self, weights: Sequence[Array], gradients: Sequence[Array]) -> list[Array]:
        """Return the weights after a step, and remember what the next one needs."""
        raise NotImplementedError


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted (equations sgd and momentum).

    Parameters
    ----------
    learning_rate : float
        How far to go along the gradient.
    momentum : float
        How much of the last step each step keeps, 0 to 1.

    Examples
    --------
    >>> w = np.array([1.0])
    >>> optimizer = SGD(learning_rate=0.5, momentum=0.5)
    >>> for step in range(2):
    ...     optimizer.update([w], [np.array([1.0])])
    ...     print(w)
    [0.5]
    [-0.25]
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0) -> None:
        super().__init__(learning_rate)
        self.momentum = float(inputs.number("momentum", momentum, least=0, most=1))
        self.velocities: list[Array] = []

    def _step(self, weights: Sequence[Array], gradients: Sequence[Array]) -> list[Array]:
        before = self.velocities or [np.zeros_like(w) for w in weights]
        velocities = [
            velocity * self.momentum - self.learning_rate * g
            for velocity, g in zip(before, gradients, strict=True)
        ]
        changed = [w + velocity for w, velocity in zip(weights, velocities, strict=True)]
        self.velocities = velocities
        return changed


class Adam(Optimizer):
    """Steps scaled by running means of the gradient and of its square (equation adam).

    Kingma and Ba 2015, arXiv:1412.6980, with epsilon where Keras has it.

    Parameters
    ----------
    learning_rate : float
        Largest step, roughly.
    beta_1, beta_2 : float
        How much of the running means each step keeps: 0 to below 1.
    epsilon : float
        Keeps the division from being one by zero: above 0.

    Examples
    --------
    >>> w = np.array([1.0, 1.0])
    >>> Adam(learning_rate=0.1).update([w], [np.array([0.001, -1000.0])])
    >>> w.round(3)
    array([0.9, 1.1])
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        super().__init__(learning_rate)
        self.beta_1 = float(inputs.number("beta_1", beta_1, least=0, below=1))
        self.beta_2 = float(inputs.number("beta_2", beta_2, least=0, below=1))
        self.epsilon = float(inputs.number("epsilon", epsilon, above=0))
        self.steps = 0
        self.means: list[Array] = []
        self.squares: list[Array] = []

    def _step(self, weights: Sequence[Array], gradients: Sequence[Array]) -> list[Array]:
        steps, nothing = self.steps + 1, [np.zeros_like(w) for w in weights]
        # The running means start at 0; this makes up for it.
        correction = np.sqrt(1 - self.beta_2**steps) / (1 - self.beta_1**steps)
        rate = float(self.learning_rate * correction)
        means = [
            mean + (1 - self.beta_1) * (g - mean)
            for mean, g in zip(self.means or nothing, gradients, strict=True)
        ]
        squares = [
            square + (1 - self.beta_2) * (g * g - square)
            for square, g in zip(self.squares or nothing, gradients, strict=True)
        ]
        changed = [
            w - rate * mean / (np.sqrt(square) + self.epsilon)
            for w, mean, square in zip(weights, means, squares, strict=True)
        ]
        self.steps, self.means, self.squares = steps, means, squares
        return changed


# -------------------------------------------------------------------------------------- network


class Sequential:
    """Layers one after another, the last of which gives one logit a class.

    Parameters
    ----------
    layers : sequence of Layer
        In order, all of them new. No softmax at the end: `predict` and the loss apply it.
    input_shape : tuple of int
        Shape of one image, (H, W, C).
    seed : int
        Of the initial weights and of dropout.
    dtype : dtype
        float32 or float64.

    Raises
    ------
    ValueError
        If a layer does not fit the output of the one before, stands in two places or has been used
        in another network, or a setting is not what is listed.

    Examples
    --------
    >>> network = Sequential(
    ...     [Conv2D(32, 3), ReLU(), MaxPool(2), Flatten(), Dense(2)], input_shape=(28, 28, 1)
    ... )
    >>> network
    layer     output         parameters
    Conv2D    (26, 26, 32)          320
    ReLU      (26, 26, 32)            0
    MaxPool   (13, 13, 32)            0
    Flatten   (5408,)                 0
    Dense     (2,)               10,818
    total                        11,138
    >>> X = np.random.default_rng(0).random((8, 28, 28, 1), "float32")
    >>> y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    >>> history = network.fit(X, y, epochs=20, optimizer=Adam(0.01), verbose=False)
    >>> history["loss"][-1] < history["loss"][0]
    True
    >>> network.predict(X).shape
    (8, 2)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape,
        seed: int = 0,
        dtype: DTypeLike = "float32",
    ) -> None:
        self.layers, self.dtype = _new_layers(layers), _float_type(dtype)
        if not isinstance(input_shape, tuple | list) or not input_shape:
            raise ValueError(f"input_shape={inputs.told(input_shape)}; give (H, W, C)")
        self.input_shape = tuple(
            inputs.whole("each number of input_shape", size, least=1) for size in input_shape
        )
        random = np.random.default_rng(inputs.whole("seed", seed, least=0))
        self.shapes = []
        shape = self.input_shape
        for layer in self.layers:
            shape = layer.build(shape, random, self.dtype)
            self.shapes.append(shape)

    def _part(self) -> "Sequential":
        """Return a network of the same weights for a part of a batch.

        Each layer remembers its input, so each part needs layers of its own.
        """
        part = copy.copy(self)
        part.layers = [layer.for_part() for layer in self.layers]
        # The largest number is the largest after ReLU, too. So ReLU may wait until pooling has
        # left a quarter of the numbers.
        for place, (layer, following) in enumerate(itertools.pairwise(part.layers)):
            if isinstance(layer, ReLU) and isinstance(following, MaxPool):
                part.layers[place : place + 2] = following, layer
        return part

    @property
    def weights(self) -> list[Array]:
        """All weights, in Keras' order: kernel and bias of each layer."""
        return [w for layer in self.layers for w in layer.weights]

    @property
    def gradients(self) -> list[Array]:
        """All gradients, in the order of `weights`."""
        return [g for layer in self.layers for g in layer.gradients]

    def __repr__(self) -> str:
        lines = [("layer", "output", "parameters")]
        for layer, shape in zip(self.layers, self.shapes, strict=True):
            parameters = sum(w.size for w in layer.weights)
            lines.append((type(layer).__name__, str(shape), f"{parameters:,}"))
        lines.append(("total", "", f"{sum(w.size for w in self.weights):,}"))
        widths = [max(len(line[column]) for line in lines) for column in range(3)]
        return "\n".join(
            f"{name:<{widths[0]}}   {shape:<{widths[1]}}   {parameters:>{widths[2]}}"
            for name, shape, parameters in lines
        )

    def forward(self, X: Array, training: bool = False) -> Array:
        """Return the logits (N, K) of images (N, H, W, C)."""
        for layer in self.layers:
            X = layer.forward(X, training)
        return X

    def backward(self, dY: Array, input_gradient: bool = True) -> Any:
        """Fill each layer's `gradients`; return the gradient of the images if wanted."""
        for layer in reversed(self.layers):
            dY = layer.backward(dY, input_gradient or layer is not self.layers[0])
        return dY

    def train_step(self, X: Array, y: Array, optimizer: Optimizer) -> tuple[float, float]:
        """Go one step down the gradient of one batch.

        Returns
        -------
        loss, accuracy : float
            Of the batch, before the step.

        Raises
        ------
        ValueError
            As `fit`. The weights are then those before the step.
        """
        X, y = self._inputs(X, y)
        _need_optimizer(optimizer)
        # A few images go through all layers, forward and back, before the next few do: what one
        # layer has written is still in the cache when the next one reads it.
        largest = max(math.prod(shape) for shape in self.shapes) * self.dtype.itemsize
        parts = split(len(X), largest)
        networks = [self._part() for _ in parts]

        def both_ways(network: Sequential, part: slice) -> Array:
            logits = _need_finite(network.forward(X[part], training=True))
            dY = L.cross_entropy_backward(logits, y[part])
            # A mean over the batch is made of the parts' means, each by its share of the images.
            network.backward(dY * (len(logits) / len(X)), input_gradient=False)
            return logits

        logits = np.concatenate(on_all_cores(both_ways, networks, parts))
        # ReLU and pooling, which may have changed places, have no weights and no gradients of them.
        for layer, *twins in zip(self.layers, *(part.layers for part in networks), strict=True):
            gradients = zip(*(twin.gradients for twin in twins), strict=True)
            layer.gradients = [sum(of_parts) for of_parts in gradients]
        optimizer.update(self.weights, self.gradients)
        return L.cross_entropy(logits, y), float((logits.argmax(axis=1) == y).mean())

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        epochs: int = 1,
        batch_size: int = 32,
        optimizer: Optimizer | None = None,
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        shuffle: bool = True,
        seed: int = 0,
        verbose: bool = True,
    ) -> dict[str, list[float]]:
        """Train on all images, batch after batch, epoch after epoch.

        Parameters
        ----------
        X : float array (N, H, W, C)
            Images in [0, 1], or standardized ones.
        y : integer array (N,)
            Classes.
        epochs, batch_size : int
            How often each image is seen; images a step.
        optimizer : SGD or Adam
            `Adam()` if not given. One for each network: it remembers its steps.
        validation_data : (X, y), optional
            Evaluated after every epoch.
        shuffle : bool
            A new order for every epoch, from `np.random.default_rng(seed).permutation(N)`.
        seed : int
            Of the orders. To go on training in other orders, give another seed.
        verbose : bool
            Print a line an epoch.

        Returns
        -------
        dict
            "loss" and "accuracy", means over each epoch's batches as they were met, and
            "val_loss" and "val_accuracy" at its end: lists of one number an epoch.

        Raises
        ------
        ValueError
            If an input has another shape or dtype than listed, X holds NaN, infinity or gray levels
            up to 255, or y has classes that the network does not know; if its outputs become
            infinite: the weights are then those before that step.
        """
        X, y = self._inputs(X, y)
        if validation_data is not None:
            if not isinstance(validation_data, tuple | list) or len(validation_data) != 2:
                given = inputs.told(validation_data)
                raise ValueError(f"validation_data={given}; give a pair (X, y)")
            validation_data = self._inputs(*validation_data)
        for name, value in [("epochs", epochs), ("batch_size", batch_size)]:
            inputs.whole(name, value, least=1)
        for name, value in [("shuffle", shuffle), ("verbose", verbose)]:
            inputs.one_of(name, value, [True, False, 1, 0])
        optimizer = Adam() if optimizer is None else _need_optimizer(optimizer)
        random = np.random.default_rng(inputs.whole("seed", seed, least=0))
        history: dict[str, list[float]] = {}
        for epoch in range(epochs):
            order = random.permutation(len(X)) if shuffle else np.arange(len(X))
            totals = np.zeros(2)
            for start in range(0, len(X), batch_size):
                batch = order[start : start + batch_size]
                images = X[batch].astype(self.dtype, copy=False)
                totals += len(batch) * np.array(self.train_step(images, y[batch], optimizer))
            results = dict(zip(["loss", "accuracy"], (totals / len(X)).tolist(), strict=True))
            if validation_data is not None:
                validation = self.evaluate(*validation_data)
                results |= {f"val_{name}": value for name, value in validation.items()}
            for name, value in results.items():
                history.setdefault(name, []).append(value)
            if verbose:
                numbers = ", ".join(f"{name} {value:.4f}" for name, value in results.items())
                print(f"epoch {epoch + 1}/{epochs}: {numbers}", flush=True)
        return history

    def _logits(self, X: Array, batch_size: int) -> Array:
        starts = range(0, len(X), inputs.whole("batch_size", batch_size, least=1))
        batches = (X[start : start + batch_size].astype(self.dtype, copy=False) for start in starts)
        with one_thread_each():
            return _need_finite(np.concatenate([self.forward(batch) for batch in batches]))

    def predict(self, X: ArrayLike, batch_size: int = 128) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : float array (N, H, W, C)
            Images.
        batch_size : int
            Images at a time: a matter of memory.

        Returns
        -------
        array (N, K)

        Raises
        ------
        ValueError
            If X has another shape or dtype, or holds NaN, infinity or gray levels up to 255.
        """
        return L.softmax(self._logits(self._images(X), batch_size))

    def evaluate(self, X: ArrayLike, y: ArrayLike, batch_size: int = 128) -> dict[str, float]:
        """Return the loss and accuracy on images that the network does not learn from.

        Parameters and errors are those of `fit`.
        """
        X, y = self._inputs(X, y)
        logits = self._logits(X, batch_size)
        accuracy = float((logits.argmax(axis=1) == y).mean())
        return {"loss": L.cross_entropy(logits, y), "accuracy": accuracy}

    def _images(self, X: ArrayLike) -> Array:
        X = L.check_floats("X", X)
        if X.shape[1:] != self.input_shape:
            expected = ", ".join(map(str, ("N", *self.input_shape)))
            raise ValueError(f"X has shape {X.shape}; give images ({expected})")
        inputs.array("X", X)
        if max(-X.min(), X.max()) > LARGEST:
            raise ValueError(
                f"X goes from {X.min():g} to {X.max():g}; give images in [0, 1], or standardized "
                "ones: X / 255 for gray levels"
            )
        if len(self.shapes[-1]) != 1:
            raise ValueError(
                f"the network ends in {self.shapes[-1]}, not in one number a class; give it "
                "Flatten() and Dense(classes) at its end"
            )
        return X

    def _inputs(self, X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
        X = self._images(X)
        return X, inputs.labels("y", y, len(X), self.shapes[-1][0])

    def set_weights(self, weights: Sequence[ArrayLike]) -> None:
        """Copy weights in, such as a Keras model's `get_weights()`.

        Parameters
        ----------
        weights : sequence of arrays
            In the order and the shapes of `weights`.

        Raises
        ------
        ValueError
            If number or shapes differ, or one is NaN or infinite. Then all stay as they were.

        Examples
        --------
        >>> network = Sequential([Flatten(), Dense(2)], input_shape=(28, 28, 1))
        >>> network.set_weights([np.zeros((784, 2)), np.zeros(3)])
        Traceback (most recent call last):
        ValueError: weights have shapes [(784, 2), (3,)]; the network needs [(784, 2), (2,)]
        """
        if not isinstance(weights, Sequence) or isinstance(weights, str):
            raise ValueError(f"weights={inputs.told(weights)}; give a list of arrays")
        arrays = [inputs.array(f"weights[{place}]", w) for place, w in enumerate(weights)]
        shapes, expected = ([w.shape for w in many] for many in (arrays, self.weights))
        if shapes != expected:
            raise ValueError(f"weights have shapes {shapes}; the network needs {expected}")
        with np.errstate(over="ignore"):  # What overflows is infinite, and refused.
            arrays = [
                inputs.array(f"weights[{place}]", w.astype(self.dtype))
                for place, w in enumerate(arrays)
            ]
        for own, w in zip(self.weights, arrays, strict=True):
            own[...] = w

    def save(self, path: str | Path) -> None:
        """Write the weights to a .npz file.

        Examples
        --------
        >>> import tempfile
        >>> network = Sequential([Flatten(), Dense(2)], input_shape=(28, 28, 1), seed=1)
        >>> other = Sequential([Flatten(), Dense(2)], input_shape=(28, 28, 1), seed=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     network.save(f"{folder}/weights.npz")
        ...     other.load(f"{folder}/weights.npz")
        >>> bool((other.weights[0] == network.weights[0]).all())
        True
        """
        path = _file(path)
        # Under another name first: what is interrupted leaves the file that was there.
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("xb") as file:
                np.savez(file, *self.weights)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    def load(self, path: str | Path) -> None:
        """Read the weights from a file that `save` wrote for a network of the same layers.

        Raises
        ------
        ValueError
            If it is no such file. Then the weights stay as they were.
        OSError
            If there is none, or it can't be read.
        """
        path = _file(path)
        with path.open("rb") as file:
            try:
                with np.load(file, allow_pickle=False) as stored:
                    names = [f"arr_{number}" for number in range(len(stored.files))]
                    arrays = [inputs.array(name, stored[name]) for name in names]
            except MemoryError:
                raise
            # Whatever it is: zip files and NumPy have a dozen kinds of errors, and one of them
            # advises to load a pickle.
            except Exception:
                raise ValueError(
                    f"{path.name} holds no weights; give a file that `save` wrote"
                ) from None
        self.set_weights(arrays)


def _file(path: str | Path) -> Path:
    if not isinstance(path, str | os.PathLike) or not Path(path).name:
        raise ValueError(f"path={inputs.told(path)}; give the name of a file")
    return Path(path)


def _new_layers(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers as a list if each is a layer, new, and there once."""
    if not isinstance(layers, list | tuple) or not layers:
        raise ValueError(f"layers={inputs.told(layers)}; give a list of layers")
    for place, layer in enumerate(layers):
        name = f"layers[{place}]"
        if isinstance(layer, type):
            raise ValueError(f"{name}={layer.__name__} is a class; give {layer.__name__}(...)")
        inputs.instance(name, layer, Layer, "a layer, such as Dense(2)")
        if layer.weights or any(layer is other for other in layers[:place]):
            raise ValueError(
                f"{name}, a {type(layer).__name__}, is in use already; give each place a new one"
            )
    return list(layers)


def _need_optimizer(optimizer: Optimizer) -> Optimizer:
    return inputs.instance("optimizer", optimizer, Optimizer, "SGD() or Adam()")  # type: ignore[no-any-return]


def _need_finite(logits: Array) -> Array:
    if not np.isfinite(logits).all():
        raise ValueError(
            "the network's outputs are NaN or infinite, as its weights are too large; give a lower "
            "learning rate, and start from new weights"
        )
    return logits
