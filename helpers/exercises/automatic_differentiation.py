"""Exercises of the lesson on automatic differentiation."""

from collections.abc import Callable, Sequence

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray


# ----------------------------------------------------------------- predict: squared, n times


def _squared_again(x: float, n: int) -> float:
    gradient, y = 1.0, x
    for _ in range(n):
        gradient = gradient * 2 * y
        y = y * y
    return gradient


squared_again = Exercise(
    _squared_again,
    [(3.0, 2), (0.5, 3), (-2.0, 1), (1.5, 4)],
    {
        "One use of y is forgotten in each square: its two shares add up to 2 y.": (
            lambda x, n: x ** (2**n - 1)
        ),
        "Each square is one of a new number: x, then its square, then that number's square.": (
            lambda x, n: (2 * x) ** n
        ),
        "That is the slope of x squared. Each further square multiplies it again.": (
            lambda x, n: 2 * x
        ),
        "Squaring n times gives x to the power of 2 to the n, not of 2 n.": (
            lambda x, n: 2 * n * x ** (2 * n - 1)
        ),
        "That is the last value of y. Its slope is asked.": lambda x, n: x ** (2**n),
        "Along a path, local slopes are multiplied, not added.": (
            lambda x, n: sum(2 * x ** (2**k) for k in range(n))
        ),
    },
)


# ------------------------------------------------------------------ compute: from which end?


def _multiplications(sizes: Sequence[int]) -> tuple[int, int]:
    from_input = from_loss = 0
    for k in range(1, len(sizes) - 1):
        from_input += sizes[0] * sizes[k] * sizes[k + 1]
        from_loss += sizes[-1] * sizes[k - 1] * sizes[k]
    return from_input, from_loss


multiplications = Exercise(
    _multiplications,
    [([784, 64, 32, 1],), ([3, 50, 7, 400],), ([5, 4, 3],), ([100, 20, 11, 7, 2],)],
    {
        "The two are in the other order: first from the input, then from the loss.": (
            lambda sizes: _multiplications(sizes)[::-1]
        ),
        "You count each Jacobian's entries once. The product of (a x b) and (b x c) takes "
        "a * b * c multiplications, and one of a, c is the end that you began with.": (
            lambda sizes: (sum(np.multiply(sizes[1:], sizes[:-1])),) * 2
        ),
        "From the loss, the left factor always has as many rows as there are outputs, "
        "which need not be one.": lambda sizes: (
            _multiplications(sizes)[0],
            _multiplications([*sizes[:-1], 1])[1],
        ),
        "The first matrix need not be multiplied by anything yet: with three Jacobians there "
        "are two products.": lambda sizes: (
            _multiplications([sizes[0], *sizes])[0],
            _multiplications([*sizes, sizes[-1]])[1],
        ),
        "You computed the last product only. Add all of them up.": lambda sizes: (
            sizes[-1] * sizes[-2] * sizes[0],
            sizes[-1] * sizes[1] * sizes[0],
        ),
        "You multiplied all sizes. The sum over the products is asked, each of three sizes.": (
            lambda sizes: (int(np.prod(sizes)),) * 2
        ),
    },
)


# ------------------------------------------------------------------ mend: rules of a division

_random = np.random.default_rng(17)
Rules = tuple[Array, Array]


def _division_rules(dY: Array, A: Array, b: Array) -> Rules:
    dA = dY / b
    return dA, (-dA * A / b).sum(axis=0)


division_rules = Exercise(
    _division_rules,
    [
        (_random.normal(size=(4, 3)), _random.normal(size=(4, 3)), np.array([2.0, -0.5, 3.0])),
        (_random.normal(size=(2, 2)), _random.normal(size=(2, 2)), np.array([1.5, -2.0])),
    ],
    {
        "Those are the rules as they were: db has the shape of dY, and is not summed.": (
            lambda dY, A, b: (dY / b, dY * A / b)
        ),
        "The derivative of 1 / b is right now. db must have the shape of b: add the shares of "
        "all rows.": lambda dY, A, b: (dY / b, -dY * A / b**2),
        "The sum is right now. The derivative of 1 / b is -1 / b**2.": (
            lambda dY, A, b: (dY / b, (dY * A / b).sum(axis=0))
        ),
        "The sign of db: where b grows, A / b gets smaller.": (
            lambda dY, A, b: (dY / b, (dY * A / b**2).sum(axis=0))
        ),
        "The derivative of 1 / b is -1 / b**2; you divide by b once.": (
            lambda dY, A, b: (dY / b, (-dY * A / b).sum(axis=0))
        ),
        "Each row used b, and shares add up: a sum over the rows, not a mean.": (
            lambda dY, A, b: (dY / b, (-dY * A / b**2).mean(axis=0))
        ),
        "Add over the rows, axis 0; you add over the columns.": (
            lambda dY, A, b: (dY / b, (-dY * A / b**2).sum(axis=1))
        ),
        "A is divided by b, so dA is dY divided by b.": (
            lambda dY, A, b: (dY * b, (-dY * A / b**2).sum(axis=0))
        ),
    },
)


# ------------------------------------------------------------------- build: an engine for numbers

Graph = Sequence[Sequence[tuple[int, float]]]


def _gradients(graph: Graph) -> Array:
    gradient = np.zeros(len(graph))
    gradient[-1] = 1
    for k in reversed(range(len(graph))):
        for parent, slope in graph[k]:
            gradient[parent] += gradient[k] * slope
    return gradient


def _walk(
    order: Callable[[Graph], Sequence[int]], share: Callable[..., float], seed: float = 1
) -> Callable[[Graph], Array]:
    """Return an engine with another order of nodes, another share or another start."""

    def gradients(graph: Graph) -> Array:
        gradient = np.zeros(len(graph))
        gradient[-1] = seed
        for k in order(graph):
            for parent, slope in graph[k]:
                gradient[parent] = share(gradient[parent], gradient[k], slope)
        return gradient

    return gradients


def _backward(graph: Graph) -> range:
    return range(len(graph) - 1, -1, -1)


gradients = Exercise(
    _gradients,
    [
        # The lesson's first program: w, x, c, a = w x, b = a + c, L = b b.
        ([[], [], [], [(0, 2.0), (1, 3.0)], [(3, 1.0), (2, 1.0)], [(4, 2.0), (4, 2.0)]],),
        ([[], [(0, 0.5)], [(0, -3.0), (1, 2.0)], [(1, 4.0), (2, 1.5), (0, 0.25)]],),
        ([[], [(0, 3.0)], [(1, -0.5)]],),
    ],
    {
        "Shares add up: write += where a node's gradient is set, or a second use wipes out "
        "the first.": _walk(_backward, lambda own, upstream, slope: upstream * slope),
        "You go from the first node to the last. A node hands on its gradient only when it has "
        "received all of it: begin at the end.": _walk(
            lambda graph: range(len(graph)), lambda own, upstream, slope: own + upstream * slope
        ),
        "The slopes are not used: each share is the node's gradient times its slope.": _walk(
            _backward, lambda own, upstream, slope: own + upstream
        ),
        "You send the slope alone: multiply it by the gradient of the node it comes from.": _walk(
            _backward, lambda own, upstream, slope: own + slope
        ),
        "All zero: the last node's own gradient is 1, and with it the walk begins.": _walk(
            _backward, lambda own, upstream, slope: own + upstream * slope, seed=0
        ),
        "Upstream gradient times slope; you add the two.": _walk(
            _backward, lambda own, upstream, slope: own + upstream + slope
        ),
    },
)
