"""Tabular blocks as rows of small integers: how a network reads and writes them.

Every column becomes a *major* symbol and, where the block holds more than that, a *minor* one inside it: the level of a
bin, or the place inside a group of `GROUP` categories where a column has more than `MOST_MAJORS` of them. All heads
stay small that way, whatever the table holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

import numpy as np

from synthdata.blocks import Arrays, Binned, Categorical, Layout, Pixels, Tokens

__all__ = ["Column", "columns_of", "join", "pair_mask", "split"]

MOST_MAJORS = 256
GROUP = 32


@dataclass(frozen=True, slots=True)
class Column:
    """One block, as symbols.

    majors: how many major symbols.
    minors: how many minor symbols; 1 if there are none.
    first: majors from here on have a minor symbol.
    """

    name: str
    majors: int
    minors: int
    first: int


def columns_of(layout: Layout) -> tuple[Column, ...]:
    """Say how each block of a tabular layout splits."""
    result = []
    for name, block in layout.items():
        match block:
            case Categorical(size) if size <= MOST_MAJORS:
                result.append(Column(name, max(size, 1), 1, size))
            case Categorical(size):
                result.append(Column(name, -(-size // GROUP), GROUP, 0))
            case Binned(atoms, bins, levels):
                result.append(Column(name, atoms + bins, levels, atoms if levels > 1 else atoms + bins))
            case Tokens() | Pixels():
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
            case _:
                assert_never(block)
    return tuple(result)


def split(layout: Layout, arrays: Arrays) -> np.ndarray:
    """Turn arrays into symbols: (n, columns, 2) int32, major and minor."""
    parts = []
    for name, block in layout.items():
        array = arrays[name]
        match block:
            case Categorical(size) if size <= MOST_MAJORS:
                pair = (array, np.zeros_like(array))
            case Categorical():
                pair = (array // GROUP, array % GROUP)
            case Binned(atoms, _, levels):
                minor = np.minimum((array[:, 1] * levels).astype(np.int64), levels - 1)
                pair = (array[:, 0], np.where(array[:, 0] >= atoms, minor, 0))
            case _:
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
        parts.append(np.stack(pair, axis=-1).astype(np.int32))
    return np.stack(parts, axis=1)


def join(layout: Layout, symbols: np.ndarray, uniform: np.ndarray) -> dict[str, np.ndarray]:
    """Turn symbols (n, columns, 2) back into arrays; `uniform` (n, columns) in [0, 1) says where inside a level."""
    result: dict[str, np.ndarray] = {}
    for index, (name, block) in enumerate(layout.items()):
        major, minor = symbols[:, index, 0].astype(np.int64), symbols[:, index, 1].astype(np.int64)
        match block:
            case Categorical(size) if size <= MOST_MAJORS:
                result[name] = major
            case Categorical(size):
                result[name] = np.minimum(major * GROUP + minor, size - 1)
            case Binned(atoms, _, levels):
                offset = np.where(major >= atoms, (minor + uniform[:, index]) / levels, 0.0)
                result[name] = np.stack([major, offset], axis=1)
            case _:
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
    return result


def pair_mask(layout: Layout, name: str, mask: np.ndarray) -> np.ndarray:
    """Turn a mask over a block's symbols into a mask over (majors, minors)."""
    match layout[name]:
        case Categorical(size) if size <= MOST_MAJORS:
            return mask[:, None]
        case Categorical(size):
            padded = np.zeros(-(-size // GROUP) * GROUP, bool)
            padded[:size] = mask
            return padded.reshape(-1, GROUP)
        case _:
            return mask
