"""Nearest neighbours among feature vectors, some rows at a time, so that memory is bounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = ["chunks", "nearest", "squared_distances"]

CHUNK = 8_000_000  # distances that are held at once


def nearest(rows: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The index of the nearest of `others`, (n,), and the distances to it and to the second nearest, (n, 2)."""
    first = np.empty(len(rows), np.int64)
    distances = np.full((len(rows), 2), np.inf)
    for part in chunks(len(rows), len(others)):
        squares = squared_distances(rows[part], others)
        here = np.arange(len(squares))
        first[part] = squares.argmin(axis=1)
        distances[part, 0] = _distances(rows[part], others[first[part]])
        if len(others) > 1:
            squares[here, first[part]] = np.inf
            distances[part, 1] = _distances(rows[part], others[squares.argmin(axis=1)])
    # rounding of the squares may have swapped the two
    return first, np.sort(distances, axis=1)


def chunks(rows: int, others: int) -> Iterator[slice]:
    """Slices of `rows` rows, such that at most `CHUNK` distances to the others are held at once."""
    step = max(CHUNK // others, 1)
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def squared_distances(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Squared distances (n, m) between rows (n, width) and others (m, width)."""
    squares: np.ndarray = rows @ others.T
    squares *= -2
    squares += np.einsum("ij,ij->i", others, others)
    squares += np.einsum("ij,ij->i", rows, rows)[:, None]
    return squares


def _distances(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Distances of rows to others, pair by pair: (n,). Expanded squares are too coarse near 0."""
    distances: np.ndarray = np.sqrt(((rows - others) ** 2).sum(axis=1, dtype=np.float64))
    return distances.round(5)
