"""The condition of an image or a text, as features: the tabular blocks of the same record, in numpy.

- Categorical: one-hot; no features if it has more than MOST_SYMBOLS symbols.
- Binned: whether the value is in a bin, its position among all bins in [0, 1], and its atom: one-hot for up to
  MOST_ATOMS atoms, otherwise its position among them. A missing value is an atom.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np

from synthdata.blocks import Arrays, Binned, Block, Categorical, Layout, Pixels, Tokens

__all__ = ["condition_width", "encode_condition"]

MOST_SYMBOLS = 256
MOST_ATOMS = 32


def condition_width(layout: Layout) -> int:
    """Number of features of a condition; 0 without blocks."""
    return sum(map(_width, layout.values()))


def encode_condition(layout: Layout, condition: Arrays, rows: int) -> np.ndarray:
    """The features of `rows` rows: (rows, condition_width) float32. ValueError if the arrays do not fit the layout."""
    if set(condition) != set(layout) or any(len(array) != rows for array in condition.values()):
        raise ValueError(f"the condition has {sorted(condition)}, not {rows} rows each of {sorted(layout)}")
    parts = [_features(block, condition[name]) for name, block in layout.items()]
    return np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0), np.float32)


def _width(block: Block) -> int:
    match block:
        case Categorical(size):
            return size if size <= MOST_SYMBOLS else 0
        case Binned(atoms, _, _):
            return 2 + (atoms if atoms <= MOST_ATOMS else 1)
        case Tokens() | Pixels():
            raise TypeError(f"{type(block).__name__} is not a tabular block")
        case _:
            assert_never(block)


def _features(block: Block, array: np.ndarray) -> np.ndarray:
    result = np.zeros((len(array), _width(block)), np.float32)
    match block:
        case Categorical(size):
            if size <= MOST_SYMBOLS:
                result[np.arange(len(array)), array] = 1.0
        case Binned(atoms, bins, _):
            symbol, offset = (
                array[:, 0].astype(np.int64),
                array[:, 1] % 1.0,
            )  # the integer part says which column is copied
            in_bin = symbol >= atoms
            result[:, 0] = in_bin
            result[in_bin, 1] = (symbol[in_bin] - atoms + offset[in_bin]) / bins
            if atoms <= MOST_ATOMS:
                result[np.flatnonzero(~in_bin), 2 + symbol[~in_bin]] = 1.0
            else:
                result[~in_bin, 2] = (symbol[~in_bin] + 1) / atoms
        case Tokens() | Pixels():
            raise TypeError(f"{type(block).__name__} is not a tabular block")
        case _:
            assert_never(block)
    return result
