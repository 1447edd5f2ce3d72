"""The tabular blocks of a record as features, for generators of its other fields, in numpy.

- Categorical: one of `size`; nothing where there are more than MOST_SYMBOLS.
- Binned: whether it is in a bin, its place among all bins in [0, 1], and its atom: one of them if there are at most
  MOST_ATOMS, otherwise its place among them. A missing value is an atom.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np

from synthdata.blocks import Arrays, Binned, Block, Categorical, Layout, Pixels, Tokens

__all__ = ["told_features", "told_width"]

MOST_SYMBOLS = 256
MOST_ATOMS = 32


def told_width(given: Layout) -> int:
    """How many features the blocks make; 0 without blocks."""
    return sum(map(_width, given.values()))


def told_features(given: Layout, told: Arrays, rows: int) -> np.ndarray:
    """The features of `rows` rows: (rows, told_width) float32. ValueError where `told` does not fit."""
    if set(told) != set(given) or any(len(array) != rows for array in told.values()):
        raise ValueError(f"told {sorted(told)}, not {rows} rows each of {sorted(given)}")
    parts = [_features(block, told[name]) for name, block in given.items()]
    return np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0), np.float32)


def _width(block: Block) -> int:
    match block:
        case Categorical(size):
            return size if size <= MOST_SYMBOLS else 0
        case Binned(atoms, _, _):
            return 2 + (atoms if atoms <= MOST_ATOMS else 1)
        case Tokens() | Pixels():
            raise TypeError(f"{type(block).__name__} is no tabular block")
        case _:
            assert_never(block)


def _features(block: Block, array: np.ndarray) -> np.ndarray:
    result = np.zeros((len(array), _width(block)), np.float32)
    match block:
        case Categorical(size):
            if size <= MOST_SYMBOLS:
                result[np.arange(len(array)), array] = 1.0
        case Binned(atoms, bins, _):
            symbol, offset = array[:, 0].astype(np.int64), array[:, 1] % 1.0  # what is beyond 1 says which link
            in_bin = symbol >= atoms
            result[:, 0] = in_bin
            result[in_bin, 1] = (symbol[in_bin] - atoms + offset[in_bin]) / bins
            if atoms <= MOST_ATOMS:
                result[np.flatnonzero(~in_bin), 2 + symbol[~in_bin]] = 1.0
            else:
                result[~in_bin, 2] = (symbol[~in_bin] + 1) / atoms
        case Tokens() | Pixels():
            raise TypeError(f"{type(block).__name__} is no tabular block")
        case _:
            assert_never(block)
    return result
