"""Parts of a batch, the threads that work on them, and the memory that is kept between steps."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from helpers import parallel


def blas_threads() -> set[int]:
    return {library["num_threads"] for library in parallel.BLAS.info()}


@pytest.mark.parametrize("count, parts", [(1, 1), (2, 1), (3, 2), (7, 4), (9, 5)])
def test_parts_hold_each_image_once_in_order(count, parts):
    slices = parallel.split(count, parallel.PART_BYTES // 2)
    assert len(slices) == parts
    assert np.array_equal(np.concatenate([np.arange(count)[part] for part in slices]), range(count))


def test_an_image_larger_than_the_cache_is_a_part_of_its_own():
    assert len(parallel.split(4, 10 * parallel.PART_BYTES)) == 4


def test_items_are_done_at_the_same_time_and_come_back_in_order():
    if parallel.CORES < 2:
        pytest.skip("one core does one thing at a time")
    together = threading.Barrier(2, timeout=30)

    def work(item: int) -> int:
        together.wait()  # Fails unless another thread comes.
        return 10 * item

    assert parallel.on_all_cores(work, range(4)) == [0, 10, 20, 30]


def test_a_product_takes_one_thread_meanwhile_and_its_own_number_afterwards():
    before = blas_threads()
    meanwhile = parallel.on_all_cores(lambda _: blas_threads(), range(3))
    assert meanwhile == [{1} if before else set()] * 3
    assert blas_threads() == before


def test_parts_within_parts_do_not_wait_for_each_other():
    program = """
from helpers.parallel import CORES, on_all_cores
inner = lambda item: on_all_cores(lambda part: 10 * item + part, range(2))
print(on_all_cores(inner, range(4 * CORES))[-1][1] == 40 * CORES - 9)
"""
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "True"


def test_an_error_in_a_part_is_raised():
    with pytest.raises(ZeroDivisionError):
        parallel.on_all_cores(lambda item: 1 / item, [1, 0])


def test_threads_survive_a_fork():
    program = """
import os
from helpers.parallel import on_all_cores
on_all_cores(int, [1, 2])
child = os.fork()
if child == 0:
    os._exit(sum(on_all_cores(int, [4, 5])))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    if not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.strip() == "9"
