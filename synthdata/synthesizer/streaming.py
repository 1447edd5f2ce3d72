"""Drawing the rows of a run: in blocks that depend on nothing else, and ahead of whoever takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TypeVar

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from synthdata.blocks import Arrays, take
from synthdata.encoding.encoder import Encoder
from synthdata.fields import Mask, Rows
from synthdata.models.base import Generator
from synthdata.synthesizer.stages import FieldStages

__all__ = ["PART", "RowStream", "first_row"]

WORKERS = 2  # jobs done at once; the order in which they come out is that of their numbers
PART = 256  # rows of a block whose images and texts are drawn at once
FIRST_BLOCK, MOST_BLOCK = 1024, 8192  # rows of the first block, and of the largest: each is twice the one before

T = TypeVar("T")


@dataclass(frozen=True)
class RowStream:
    """The rows of one run, without end; a row depends on the seed and its number, never on how many are wanted.

    encoder, generator, stages: a synthesizer's. masks: what every row has to satisfy, by column. seed: the run's; block
    b draws from Philox(SeedSequence(seed, spawn_key=(b,))).
    """

    encoder: Encoder
    generator: Generator | None
    stages: FieldStages
    masks: Mapping[str, Mask]
    seed: int

    def frames(self, rows: int | None) -> Iterator[pd.DataFrame]:
        """Frames of rows, in order. rows: a hint of how many are wanted, so that few more are drawn ahead."""
        with threadpool_limits(1, user_api="blas"):  # one a worker; and sums do not depend on the machine's cores
            jobs = self._jobs()
            if not self.stages.generators and (self.generator is None or (rows or MOST_BLOCK) <= FIRST_BLOCK):
                yield from (job() for _, job in jobs)
            yield from _ahead(jobs, rows)

    def _jobs(self) -> Iterator[tuple[int, Callable[[], pd.DataFrame]]]:
        """What draws the rows, part by part, each with the number of the row after its last.

        The tabular arrays of a block are drawn at once. Images and texts take far longer: they are drawn for a few rows
        of the block at a time, so that few more are drawn than are wanted.
        """
        for number in count():
            first, end = first_row(number), first_row(number + 1)
            if not self.stages.generators:
                yield end, partial(self._block, number)
                continue
            table = self._table(number)
            for part, start in enumerate(range(first, end, PART)):
                own = np.random.SeedSequence(self.seed, spawn_key=(number, 1, part))
                rows = take(table, slice(start - first, start - first + PART))
                yield min(start + PART, end), partial(self._part, own, start, min(start + PART, end), rows)

    def _block(self, number: int) -> pd.DataFrame:
        """The rows of one block of a model without images and texts."""
        return self._decoded(self._table(number), first_row(number), first_row(number + 1))

    def _part(self, seed: np.random.SeedSequence, first: int, end: int, table: Arrays) -> pd.DataFrame:
        """The rows `first` to `end`, whose tabular arrays are drawn."""
        return self._decoded(self.stages.sample(seed, end - first, table), first, end)

    def _table(self, number: int) -> Arrays:
        """The tabular arrays of one block."""
        if self.generator is None:
            return {}
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(self.seed, spawn_key=(number,))))
        rows = first_row(number + 1) - first_row(number)
        return self.generator.sample(rng, rows, allowed=self.encoder.allowed(self.masks))

    def _decoded(self, arrays: Arrays, first: int, end: int) -> pd.DataFrame:
        capacity = self.encoder.capacity
        if capacity is not None and first < capacity < end:  # the keys end among these rows
            end = capacity
            arrays = take(arrays, slice(0, end - first))
        return self.encoder.decode(arrays, Rows(self.seed, np.arange(first, end)), self.masks)


def first_row(block: int) -> int:
    """The number of a block's first row: a function of the block alone."""
    growing = (MOST_BLOCK // FIRST_BLOCK).bit_length() - 1  # blocks before the first of full size
    return FIRST_BLOCK * ((1 << min(block, growing)) - 1) + MOST_BLOCK * max(block - growing, 0)


def _ahead(jobs: Iterator[tuple[int, Callable[[], T]]], rows: int | None) -> Iterator[T]:
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
