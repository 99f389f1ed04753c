"""Exercises of the lesson on the whole network: shapes and parameters."""

from helpers.exercises import Exercise


def _after(side: int, kernel: int, pool: int) -> int:
    return (side - kernel + 1) // pool


def _dense(side: int) -> int:
    for _ in range(2):
        side = _after(side, 3, 2)
    return side * side * 64 * 64 + 64


conv_parameters = Exercise(
    solution=lambda size, channels, filters: size * size * channels * filters + filters,
    inputs=[(3, 1, 32), (3, 32, 64), (5, 3, 16)],
    mistakes={
        "Each filter has a bias too.": lambda s, c, f: s * s * c * f,
        "A kernel reaches through all input channels: multiply by them.": (
            lambda s, c, f: s * s * f + f
        ),
        "A kernel is a square: its height times its width.": lambda s, c, f: s * c * f + f,
        "There is one bias for each filter, not one for all.": lambda s, c, f: s * s * c * f + 1,
        "There is one bias for each filter, not one for each input channel.": (
            lambda s, c, f: s * s * c * f + c
        ),
        "That is one filter; there are several.": lambda s, c, f: s * s * c + 1,
    },
)

side_after = Exercise(
    solution=_after,
    inputs=[(28, 3, 2), (13, 3, 2), (30, 5, 3)],
    mistakes={
        "A kernel of size k fits at side - k + 1 places, not at side - k.": (
            lambda s, k, p: (s - k) // p
        ),
        "Without padding the convolution makes the image smaller too.": lambda s, k, p: s // p,
        "Pooling drops the row that does not fill a window: use //.": (
            lambda s, k, p: (s - k + 1) / p
        ),
        "One too many: the 1 belongs to the convolution, side - kernel + 1, and pooling rounds "
        "down, not up.": (lambda s, k, p: -(-(s - k + 1) // p)),
        "That is the side after the convolution; now the pooling.": lambda s, k, p: s - k + 1,
        "First the convolution, then the pooling.": lambda s, k, p: s // p - k + 1,
    },
)

first_dense_parameters = Exercise(
    solution=_dense,
    inputs=[(28,), (64,), (224,)],
    mistakes={
        "Each of the 64 units has a bias too.": lambda side: _dense(side) - 64,
        "There are two convolutions with a pooling each, not one.": (
            lambda side: _after(side, 3, 2) ** 2 * 64 * 64 + 64
        ),
        "The second convolution gives 64 channels, not 32.": (
            lambda side: (_dense(side) - 64) // 2 + 64
        ),
        "Count the channels: the list is height times width times channels long.": (
            lambda side: (_dense(side) - 64) // 64 + 64
        ),
        "Each convolution without padding takes two pixels off the side.": (
            lambda side: (side // 4) ** 2 * 64 * 64 + 64
        ),
        "That is the length of the list; now the weights from it to 64 units.": (
            lambda side: (_dense(side) - 64) // 64
        ),
    },
)
