"""Exercises of the lesson on images that do not fit into memory."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from helpers.exercises import Exercise

Array = np.ndarray[Any, Any]

first_ill_batch = Exercise(
    lambda healthy, buffer, size: max(0, healthy - buffer + 1) // size,
    inputs=[
        (1349, 512, 32),
        (1000, 300, 7),
        (100, 4000, 16),
        (64, 1, 32),
        (65, 2, 32),
        (3, 9, 1),
        (94, 32, 32),
        (96, 33, 32),
    ],
    mistakes={
        "That is where the first one stands in the folder; the buffer brings it forward.": (
            lambda healthy, buffer, size: healthy // size
        ),
        "An image can't come before the first place: the smallest number is 0.": (
            lambda healthy, buffer, size: (healthy - buffer + 1) // size
        ),
        "The buffer holds the image itself, too: it is brought forward by one place less.": (
            lambda healthy, buffer, size: max(0, healthy - buffer) // size
        ),
        "This is the place of the image; ask for its batch.": lambda healthy, buffer, size: max(
            0, healthy - buffer + 1
        ),
        "Batches count from 0, and a batch that is begun counts: round down.": (
            lambda healthy, buffer, size: -(-max(0, healthy - buffer + 1) // size)
        ),
        "Batches count from 0.": lambda healthy, buffer, size: (
            max(0, healthy - buffer + 1) // size + 1
        ),
        "The buffer holds images, not batches.": lambda healthy, buffer, size: max(
            0, healthy // size - buffer + 1
        ),
    },
)

epoch_seconds = Exercise(
    lambda batches, read, train: read + (batches - 1) * max(read, train) + train,
    inputs=[(10, 0.2, 0.5), (7, 0.6, 0.25), (1, 0.3, 0.4)],
    mistakes={
        "This is without prefetching, where nothing is done at the same time.": (
            lambda batches, read, train: batches * (read + train)
        ),
        "Nothing can be trained on before the first batch is read.": lambda batches, read, train: (
            (batches - 1) * max(read, train) + train
        ),
        "The last batch has to be trained on, too.": lambda batches, read, train: (
            read + (batches - 1) * max(read, train)
        ),
        "Between the first reading and the last training there is one pair less than batches.": (
            lambda batches, read, train: read + batches * max(read, train) + train
        ),
        "The slower of both sets the pace, not the faster.": lambda batches, read, train: (
            read + (batches - 1) * min(read, train) + train
        ),
        "That is the pace in the middle; add the first reading and the last training.": (
            lambda batches, read, train: batches * max(read, train)
        ),
    },
)


def _out_of_buffer(items: Sequence[Any], size: int, draws: Sequence[float]) -> list[Any]:
    waiting, given = list(items[:size]), []
    for count, draw in enumerate(draws):
        place = int(draw * len(waiting))
        given.append(waiting[place])
        if size + count < len(items):
            waiting[place] = items[size + count]
        else:
            del waiting[place]
    return given


def _popped(items: Sequence[Any], size: int, draws: Sequence[float]) -> list[Any]:
    """Take out of the place; what comes next is put at the end."""
    waiting, coming, given = list(items[:size]), list(items[size:]), []
    for draw in draws:
        given.append(waiting.pop(int(draw * len(waiting))))
        if coming:
            waiting.append(coming.pop(0))
    return given


def _in_blocks(items: Sequence[Any], size: int, draws: Sequence[float]) -> list[Any]:
    given, left = [], list(draws)
    for start in range(0, len(items), size):
        block = list(items[start : start + size])
        while block:
            given.append(block.pop(int(left.pop(0) * len(block))))
    return given


def _never_filled(items: Sequence[Any], size: int, draws: Sequence[float]) -> list[Any]:
    waiting = list(items[:size])
    return [waiting.pop(int(draw * len(waiting))) for draw in draws[: len(waiting)]]


def _put_back(items: Sequence[Any], size: int, draws: Sequence[float]) -> list[Any]:
    return [items[:size][int(draw * size)] for draw in draws]


def _stops_early(items: Sequence[Any], size: int, draws: Sequence[float]) -> list[Any]:
    return _out_of_buffer(items, size, draws)[: len(items) - size]


def _all_at_once(items: Sequence[Any], size: int, draws: Sequence[float]) -> list[Any]:
    return _out_of_buffer(items, len(items), draws)


def _first_out(items: Sequence[Any], size: int, draws: Sequence[float]) -> list[Any]:
    return list(items)


_DRAWS = np.random.default_rng(0).random((3, 9)).round(2).tolist()

out_of_buffer = Exercise(
    _out_of_buffer,
    inputs=[
        ([10, 11, 12, 13, 14, 15, 16], 3, _DRAWS[0][:7]),
        ([5, 4, 9, 7, 8, 1, 2, 3, 6], 4, _DRAWS[1]),
        ([3, 1, 2, 9, 6], 2, _DRAWS[2][:5]),
    ],
    mistakes={
        "Put the next item into the place that has become free, not at the end.": _popped,
        "This fills the buffer, empties it, and fills it again; a buffer is filled up after each "
        "item.": _in_blocks,
        "The free place takes the next item.": _never_filled,
        "An item that was given out is gone; the next one takes its place.": _put_back,
        "When nothing comes any more, give out what is still in the buffer.": _stops_early,
        "The buffer holds `size` items, not all.": _all_at_once,
        "That is the order in which they came; the draw says which place is given out.": _first_out,
    },
)
