"""Which columns tell anything about each other, by a test of independence of each pair.

In a small table a network learns noise sooner than dependence: each column that tells nothing about another one adds
what its symbols happened to go with. So a column attends only to those that depend on it, or on what depends on it: two
columns that are independent may not be so given a third one that both depend on. In large tables all may
attend to all: there is enough to learn from, also of what three columns tell together and no two of them.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc  # type: ignore[import-untyped]

from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.symbols import Column
from synthdata.models.tabular.waves import FEWEST, places_of

__all__ = ["related"]

MANY_ROWS = 20_000  # from which on all columns are related
CHANCE = 0.01  # that two independent columns are taken for related ones
COSINES = 3  # of the place of a quantity's value
MOST_NAMES = 12  # symbols that are told apart; the others are one
LEAST_ROWS = 5  # of a symbol that is told apart
MOST_WORK = 2e11  # multiplications, beyond which fewer rows are looked at


def related(frequencies: Frequencies, symbols: np.ndarray) -> np.ndarray:
    """Whether each pair of columns is related: (columns, columns) bool, symmetric. symbols: (n, columns, 2)."""
    table, rows = frequencies.table, len(symbols)
    if rows >= MANY_ROWS:
        return np.ones((table.count, table.count), bool)
    coarse = symbols[..., 0].astype(np.int64)
    parts = [_features(frequencies, i, coarse[:, i]) for i in range(table.count)]
    sizes = np.array([part.shape[1] for part in parts])
    starts = np.concatenate([[0], np.cumsum(sizes)])
    every = np.concatenate(parts, axis=1)
    most = max(int(MOST_WORK / max(starts[-1], 1) ** 2), 1)
    if rows > most:  # what was orthonormal is nearly so
        every, rows = every[:most] * np.sqrt(rows / most), most
    squares = (every.T @ every) ** 2
    result = np.eye(table.count, dtype=bool)
    for i in range(table.count):
        for j in range(i):
            cell = squares[starts[i] : starts[i + 1], starts[j] : starts[j + 1]]
            if cell.size:
                whole, first = rows * cell.sum(), rows * cell[0, 0]
                chance = min(chdtrc(cell.size, whole), chdtrc(1, first))
                result[i, j] = result[j, i] = chance < CHANCE / 2
    return result | (result @ result)


def _features(frequencies: Frequencies, index: int, coarse: np.ndarray) -> np.ndarray:
    """Orthonormal functions of mean 0 of a column's coarse symbols (n,): (n, k). Of a quantity, its trend first."""
    column: Column = frequencies.table.columns[index]
    counts = np.bincount(coarse, minlength=column.coarse)
    found = []
    if len(column.order) >= FEWEST:
        place = np.full(column.coarse, 0.5)
        place[list(column.order)] = places_of(frequencies, index)
        found = [np.cos(np.pi * k * place[coarse]) for k in range(1, COSINES + 1)]
        told = [each for each in range(column.coarse) if each not in set(column.order)]
    else:
        told = np.argsort(-counts, kind="stable")[:MOST_NAMES].tolist()
    found += [(coarse == each).astype(np.float64) for each in told if counts[each] >= LEAST_ROWS]
    if not found:
        return np.zeros((len(coarse), 0))
    values = np.stack(found, axis=1)
    values -= values.mean(axis=0)
    orthonormal, triangle = np.linalg.qr(values)
    return np.asarray(orthonormal[:, np.abs(np.diag(triangle)) > 1e-6 * np.sqrt(len(coarse))])
