"""How the NumPy layers use a processor: a few images at a time, on every core.

NumPy itself takes one operation after another, each over the whole batch, and only matrix products
use more than one core. A batch of feature maps is larger than the processor's cache, so each
operation would fetch from memory what the one before it has just written there.
"""

import functools
import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

from helpers import inputs

Result = TypeVar("Result")

# BLAS, the library behind NumPy's matrix products, and how many threads it takes: one a core.
BLAS = ThreadpoolController().select(user_api="blas")
CORES = max((library["num_threads"] for library in BLAS.info()), default=os.cpu_count() or 1)
# What one core's share of the cache holds. Half or twice as much makes a training step slower.
PART_BYTES = 2**22
WORKER = "part of a batch"


def one_thread_each() -> AbstractContextManager[Any]:
    """Let each matrix product take one thread.

    The cores are kept busy by parts of the images, which need not wait for each other. Threads
    inside a product do, all the time: they stand still when another program uses a core.

    Examples
    --------
    >>> with one_thread_each():
    ...     {library["num_threads"] for library in BLAS.info()} <= {1}
    True
    """
    return BLAS.limit(limits=1)


def split(count: int, bytes_each: int) -> list[slice]:
    """Split `count` images into parts that stay in the cache from one operation to the next.

    There are 1, 2, 4, 8 ... parts, alike in size, so that two or four cores get equally many. They
    do not depend on the number of cores, so results do not either.

    Parameters
    ----------
    count : int
        Images, 1 or more.
    bytes_each : int
        What is read and written for one image.

    Examples
    --------
    >>> split(6, bytes_each=PART_BYTES // 3)
    [slice(0, 3, None), slice(3, 6, None)]
    """
    count = inputs.whole("count", count, least=1)
    inputs.number("bytes_each", bytes_each, least=0)
    parts = 2 ** math.ceil(math.log2(max(1, count * bytes_each / PART_BYTES)))
    step = math.ceil(count / parts)
    return [slice(start, start + step) for start in range(0, count, step)]


def on_all_cores(work: Callable[..., Result], *items: Sequence[Any]) -> list[Result]:
    """Do what `map(work, *items)` does, one thread a core, and return the results in order.

    Work that is itself part of such work goes on in its own thread: threads that wait for threads
    of the same pool would wait for ever.

    Examples
    --------
    >>> on_all_cores(lambda part: part.start, split(6, bytes_each=PART_BYTES // 3))
    [0, 3]
    """
    if not callable(work):
        raise ValueError(f"work={inputs.told(work)} can't be called; give a function")
    if len({len(each) for each in items}) != 1:
        lengths = [len(each) for each in items]
        raise ValueError(f"items have lengths {lengths}; give one or more, of the same length")
    if threading.current_thread().name.startswith(WORKER):
        return list(map(work, *items))
    with one_thread_each():
        run = map if len(items[0]) == 1 else _pool(os.getpid()).map
        return list(run(work, *items))


@functools.cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Make one pool of threads for each process, as threads are not copied when a process forks."""
    # A C library such as Linux's keeps freed blocks no larger than the largest that was freed
    # before. Without this one, a step waits for new memory a tenth of its time.
    np.empty(31 * 2**20, np.uint8)
    return ThreadPoolExecutor(CORES, thread_name_prefix=WORKER)
