"""Sampling the rows of a run: in blocks that are independent of each other, and in worker threads ahead of use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import TypeVar

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from synthdata.blocks import Arrays, take
from synthdata.encoding.conditions import Conditions
from synthdata.encoding.encoder import Encoder
from synthdata.errors import ConditionError
from synthdata.fields import Rows
from synthdata.models.base import Generator
from synthdata.synthesizer.stages import FieldStages

__all__ = ["PART", "RowStream", "first_row"]

WORKERS = 2  # threads; results are yielded in order
PART = 256  # rows whose images and texts are sampled at once
PILOT = 2048  # rows that tell whether enough satisfy a condition that is checked
LEAST_KEPT = 0.01  # of the rows drawn under such a condition
ATTEMPTS = 300  # times that a block is sampled again for it
FIRST_BLOCK, MOST_BLOCK = 1024, 8192  # rows of the first block, and of the largest: each is twice the one before

T = TypeVar("T")


@dataclass(frozen=True)
class RowStream:
    """The rows of one run, without end; a row depends on the seed and its number, never on how many are wanted.

    encoder, generator, stages: those of a synthesizer. conditions: on all rows. seed: of the run; block b is sampled
    with Philox(SeedSequence(seed, spawn_key=(b,))), and what is sampled again with a spawn key of (b, 2, attempt).
    """

    encoder: Encoder
    generator: Generator | None
    stages: FieldStages
    conditions: Conditions
    seed: int

    def frames(self, rows: int | None, skip: int = 0) -> Iterator[pd.DataFrame]:
        """Frames of rows, in order. rows: a hint of how many are needed, to limit sampling ahead.

        skip: how many frames to leave out, which are not sampled.
        """
        with threadpool_limits(1, user_api="blas"):  # one per worker; and sums do not depend on the number of cores
            jobs = islice(self._jobs(), skip, None)
            if not self.stages.generators:
                _, first = next(jobs)
                yield first()  # before workers start, which would take their share of the machine from it
            if not self.stages.generators and self.generator is None:
                yield from (job() for _, job in jobs)
            yield from _ahead(jobs, rows)

    def _jobs(self) -> Iterator[tuple[int, Callable[[], pd.DataFrame]]]:
        """Functions that sample consecutive rows, each with the number of the row after its last.

        The tabular arrays of a block are sampled at once. Images and texts take far longer, so they are sampled in
        parts of the block, to sample few more than needed.
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
        """The rows `first` to `end`, given their tabular arrays."""
        return self._decoded(self.stages.sample(seed, end - first, table), first, end)

    def _table(self, number: int) -> Arrays:
        """The tabular arrays of one block."""
        if self.generator is None:
            return {}
        first, end = first_row(number), first_row(number + 1)
        arrays = self._sampled((number,), end - first)
        return self._kept(arrays, number) if self.conditions.checked or self.encoder.derived.ends else arrays

    def _kept(self, arrays: Arrays, number: int) -> Arrays:
        """The arrays of a block, with rows that break a condition replaced by others that satisfy all.

        So are rows in which a derived column has a value that no real row is near to.
        """
        first, end = first_row(number), first_row(number + 1)
        numbers = Rows(self.seed, np.arange(first, end))
        result = {name: array.copy() for name, array in arrays.items()}
        left = np.flatnonzero(~self.encoder.meets(arrays, numbers, self.conditions))
        for attempt in range(ATTEMPTS):
            if not len(left):
                return result
            again = self._sampled((number, 2, attempt), end - first)
            found = np.flatnonzero(self.encoder.meets(again, numbers, self.conditions))[: len(left)]
            for name, array in result.items():
                array[left[: len(found)]] = again[name][found]
            left = left[len(found) :]
        if self.conditions.checked:
            raise self._hardly_any()
        return result

    def check(self) -> None:
        """Raise ConditionError if hardly any row can be sampled that satisfies the conditions."""
        if self.generator is None:
            return
        self.generator.check(self.encoder.allowed(self.conditions.masks))
        if self.conditions.checked:
            with threadpool_limits(1, user_api="blas"):  # so that this does not depend on the number of cores either
                arrays = self._sampled((0, 3), PILOT)
            kept = self.encoder.meets(arrays, Rows(self.seed, np.arange(PILOT)), self.conditions)
            if kept.mean() < LEAST_KEPT:
                raise self._hardly_any()

    def _hardly_any(self) -> ConditionError:
        return ConditionError(
            f"{self.conditions.asked()}: hardly any row satisfies this, fewer than 1 of {1 / LEAST_KEPT:.0f} that are "
            f"drawn for it; relax the condition, to a wider range say"
        )

    def _sampled(self, key: tuple[int, ...], rows: int) -> Arrays:
        """Tabular arrays under the masks of the conditions. key: the spawn key of the random generator."""
        assert self.generator is not None
        rng = np.random.Generator(np.random.Philox(np.random.SeedSequence(self.seed, spawn_key=key)))
        return self.generator.sample(rng, rows, allowed=self.encoder.allowed(self.conditions.masks))

    def _decoded(self, arrays: Arrays, first: int, end: int) -> pd.DataFrame:
        capacity = self.encoder.capacity
        if capacity is not None and first < capacity < end:  # keys run out within these rows
            end = capacity
            arrays = take(arrays, slice(0, end - first))
        return self.encoder.decode(arrays, Rows(self.seed, np.arange(first, end)), self.conditions.masks)


def first_row(block: int) -> int:
    """The number of the first row of a block."""
    growing = (MOST_BLOCK // FIRST_BLOCK).bit_length() - 1  # blocks before the first of full size
    return FIRST_BLOCK * ((1 << min(block, growing)) - 1) + MOST_BLOCK * max(block - growing, 0)


def _ahead(jobs: Iterator[tuple[int, Callable[[], T]]], rows: int | None) -> Iterator[T]:
    """Run jobs in worker threads, and yield their results in order.

    jobs: each with the number of the row after its last. rows: a hint of how many are needed; jobs beyond it start only
    on demand.
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
