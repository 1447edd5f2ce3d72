"""Rows as points, and the nearest of other points: some at a time, so that memory is bounded, on two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
from threadpoolctl import threadpool_limits

__all__ = ["Points", "nearest"]

WORKERS = 2  # threads
ROWS, OTHERS = 256, 4096  # distances that a thread holds at once, few enough for the processor's cache


@dataclass(frozen=True)
class Points:
    """Rows as numbers (n, width) float32, and as codes of categories (n, columns) uint8.

    The squared distance of two rows is that of their numbers, and 1 for each category in which they differ.
    """

    numbers: np.ndarray
    codes: np.ndarray

    @classmethod
    def of_numbers(cls, numbers: np.ndarray) -> Self:
        """Points without categories."""
        return cls(numbers.astype(np.float32, copy=False), np.empty((len(numbers), 0), np.uint8))

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, rows: np.ndarray | slice) -> Points:
        return Points(self.numbers[rows], self.codes[rows])

    def distances(self, others: Points) -> np.ndarray:
        """Distances to as many others, pair by pair: (n,) float64."""
        squares = ((self.numbers - others.numbers) ** 2).sum(axis=1, dtype=np.float64)
        distances: np.ndarray = np.sqrt(squares + (self.codes != others.codes).sum(axis=1)).round(5)
        return distances


def nearest(rows: Points, others: Points) -> tuple[np.ndarray, np.ndarray]:
    """The index of the nearest of `others`, (n,), and the distances to it and to the second nearest, (n, 2)."""
    prepared = _Prepared.of(others)
    parts = [slice(start, start + ROWS) for start in range(0, len(rows), ROWS)]
    # threads of BLAS wait for each other on busy cores
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(WORKERS) as workers:
        found = list(workers.map(lambda part: prepared.two_nearest(rows[part]), parts))
    first, second = np.concatenate([np.empty((0, 2), np.int64), *found]).T
    distances = np.full((len(rows), 2), np.inf)
    distances[:, 0] = rows.distances(others[first])
    if len(others) > 1:
        distances[:, 1] = rows.distances(others[second])
    # rounding of the squares may have swapped the two
    return first, np.sort(distances, axis=1)


@dataclass(frozen=True)
class _Prepared:
    """Points to search: numbers (width + 1, m) with their squared lengths, codes (columns, m), both by column."""

    numbers: np.ndarray
    codes: np.ndarray

    @classmethod
    def of(cls, points: Points) -> Self:
        squares = np.einsum("ij,ij->i", points.numbers, points.numbers)
        numbers = np.ascontiguousarray(np.vstack([points.numbers.T, squares[None]]))
        return cls(numbers, np.ascontiguousarray(points.codes.T))

    def two_nearest(self, rows: Points) -> np.ndarray:
        """The indices of the nearest and the second nearest point of each row: (n, 2)."""
        here, count = np.arange(len(rows)), self.numbers.shape[1]
        factors = np.hstack([-2 * rows.numbers, np.ones((len(rows), 1), np.float32)])
        indices, squares = np.zeros((len(rows), 2), np.int64), np.full((len(rows), 2), np.inf, np.float32)
        for start in range(0, count, OTHERS):
            found = self._squares(factors, rows.codes, slice(start, start + OTHERS))
            candidates, sizes = [indices], [squares]
            for _ in range(min(2, found.shape[1])):
                closest = found.argmin(axis=1)
                candidates.append((start + closest)[:, None])
                sizes.append(found[here, closest][:, None])
                found[here, closest] = np.inf
            kept = np.argsort(np.hstack(sizes), axis=1, kind="stable")[:, :2]
            indices = np.take_along_axis(np.hstack(candidates), kept, axis=1)
            squares = np.take_along_axis(np.hstack(sizes), kept, axis=1)
        return indices

    def _squares(self, factors: np.ndarray, codes: np.ndarray, part: slice) -> np.ndarray:
        """Squared distances to some of the points, less the squared length of each row: (n, points) float32."""
        squares: np.ndarray = factors @ self.numbers[:, part]
        if codes.shape[1]:
            different = np.empty(squares.shape, bool)
            count = np.zeros(squares.shape, np.uint8 if codes.shape[1] < 256 else np.uint16)
            for own, other in zip(codes.T, self.codes[:, part], strict=True):
                np.not_equal(own[:, None], other, out=different)
                count += different.view(np.uint8)  # a sum of booleans would convert them
            squares += count
        return squares
