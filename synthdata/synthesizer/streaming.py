"""Which rows of a run are drawn together, and drawing them ahead of whoever takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["PART", "ahead", "first_row"]

WORKERS = 2  # jobs done at once; the order in which they come out is that of their numbers
PART = 256  # rows of a block whose images and texts are drawn at once
FIRST_BLOCK, MOST_BLOCK = 1024, 8192  # rows of the first block, and of the largest: each is twice the one before

T = TypeVar("T")


def first_row(block: int) -> int:
    """The number of a block's first row.

    A function of the block alone, so that a row never depends on how many are asked for.
    """
    growing = (MOST_BLOCK // FIRST_BLOCK).bit_length() - 1  # blocks before the first of full size
    return FIRST_BLOCK * ((1 << min(block, growing)) - 1) + MOST_BLOCK * max(block - growing, 0)


def ahead(jobs: Iterator[tuple[int, Callable[[], T]]], rows: int | None) -> Iterator[T]:
    """Do jobs in workers, and give what they make in their order.

    jobs: each with the number of the row after its last. rows: a hint of how many are wanted; what lies beyond is begun
    when it is asked for.
    """
    with ThreadPoolExecutor(WORKERS) as workers:
        waiting: list[Future[T]] = []
        begun = 0
        try:
            while True:
                while not waiting or (len(waiting) <= WORKERS and (rows is None or begun < rows)):
                    begun, job = next(jobs)
                    waiting.append(workers.submit(job))
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()
