"""Smooth functions of where a symbol's value lies in its column, shared by all symbols of the column.

Without them, networks see symbols alone, and have to learn of each symbol of a quantity anew what they know of those
near it. Small tables have too few rows for that.
"""

from __future__ import annotations

import numpy as np

from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.symbols import NEVER

__all__ = ["FEWEST", "middles", "places_of", "waves"]

FEWEST = 3  # symbols with a value, for their order to say something
LEAST_SHARE = 1e-4  # of a symbol that no training row has


def middles(count: int) -> np.ndarray:
    """The middles of so many equal parts of the range from 0 to 1: (count,)."""
    return np.asarray((np.arange(count) + 0.5) / count)


def places_of(frequencies: Frequencies, column: int) -> np.ndarray:
    """The share of the training rows below the middle of each symbol of `Column.order`: (k,), ascending."""
    table = frequencies.table
    logs = frequencies.coarse_log[table.starts[column] : table.starts[column + 1]]
    logs = logs[list(table.columns[column].order)].astype(np.float64)
    shares = np.where(logs > NEVER, np.exp(logs), 0.0) + LEAST_SHARE
    return np.asarray((np.cumsum(shares) - shares / 2) / shares.sum())


def waves(places: np.ndarray, cycles: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Sines and cosines of places from 0 to 1: (places, 2 * waves). cycles: over the range. sizes: amplitudes."""
    turns = 2 * np.pi * places[:, None] * cycles
    return np.concatenate([np.cos(turns) * sizes, np.sin(turns) * sizes], axis=1)
