"""A column that others determine: looked up in tables, learned only as far as these do not tell.

A source may not tell everywhere: one of its symbols stands for rare values, a range of numbers or a missing one. Then
another source may; and where none does, generators learn the column as any, and the tables correct it. Where the column
is sometimes missing, they learn that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np

from synthdata.blocks import Arrays, Binned, Block, Categorical, Layout

__all__ = ["UNSEEN", "UNTOLD", "Dependency", "Lookup", "Moved", "cell_count", "cells_of", "mask_of_cells"]

UNTOLD, UNSEEN = -1, -2  # in place of a symbol: the source does not tell; no row has this cell

Moved: TypeAlias = Mapping[str, np.ndarray]  # by column, (n,) bool, rows whose number was moved to another one


@dataclass(frozen=True)
class Lookup:
    """A column's symbol for each cell of a source (see `cells_of`); `UNTOLD` or `UNSEEN`, both below 0, for some."""

    source: str
    table: tuple[int, ...]

    def told(self, layout: Layout, arrays: Arrays, moved: Moved | None = None) -> np.ndarray:
        """The symbol for each row: (n,) int64; none where the source's number was moved to another one."""
        told: np.ndarray = np.asarray(self.table).take(cells_of(layout[self.source], arrays[self.source]))
        return np.where(moved[self.source], UNTOLD, told) if moved and self.source in moved else told


@dataclass(frozen=True)
class Dependency:
    """A column that others determine.

    lookups: of which the first that tells counts. default: its symbol where none does. is_learned: whether generators
    learn it too, since there are rows for which none tells. is_optional: whether it may be missing, symbol 0, though
    its source is not. If that is all that generators learn of it, 1 means missing.
    """

    lookups: tuple[Lookup, ...]
    default: int
    is_learned: bool = False
    is_optional: bool = False

    def learned(self, block: Categorical) -> Categorical | None:
        """What generators learn of the column, whose own block is `block`; None if all of it is looked up."""
        if self.is_learned:
            return block
        return Categorical(2) if self.is_optional else None

    def encode(self, symbols: np.ndarray) -> np.ndarray:
        """The array that generators learn: (n,) int64. symbols: of the column."""
        return symbols if self.is_learned else (symbols == 0).astype(np.int64)

    def decode(
        self, layout: Layout, arrays: Arrays, learned: np.ndarray | None, moved: Moved | None = None
    ) -> np.ndarray:
        """The column's symbols: (n,) int64. arrays, moved: of its sources. learned: what a generator sampled."""
        result: Any = learned if self.is_learned else self.default
        for lookup in reversed(self.lookups):
            told = lookup.told(layout, arrays, moved if self.is_learned else None)
            result = np.where(told >= 0, told, result)
        if self.is_optional and learned is not None:
            result[learned == (0 if self.is_learned else 1)] = 0
        return np.asarray(result)

    def allowed_cells(self, lookup: Lookup, allowed: np.ndarray) -> np.ndarray:
        """Which cells of a source can go with the allowed symbols of the column: (cells,) bool."""
        told = np.asarray(lookup.table)
        if self.is_optional and allowed[0] and not allowed[1:].any():
            return np.asarray(told != UNSEEN)
        return np.asarray(np.where(told >= 0, allowed[told], told == UNTOLD))

    def allowed_learned(self, allowed: np.ndarray) -> np.ndarray | None:
        """A mask over what generators learn of the column, given the allowed symbols; None if they learn nothing."""
        if self.is_learned:
            return allowed
        return np.array([allowed[1:].any(), allowed[0]]) if self.is_optional else None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `dataclasses.asdict` makes of one."""
        lookups = tuple(Lookup(each["source"], tuple(each["table"])) for each in data["lookups"])
        return cls(lookups, data["default"], bool(data["is_learned"]), bool(data["is_optional"]))


def cells_of(block: Block, array: np.ndarray) -> np.ndarray:
    """What a source can be told apart by: (n,) int64, its symbols, or its atoms and then the levels of its bins."""
    if not isinstance(block, Binned):
        return array
    symbol, level = array[:, 0].astype(np.int64), (array[:, 1] % 1.0 * block.levels).astype(np.int64)
    level = np.minimum(level, block.levels - 1)
    return np.where(symbol < block.atoms, symbol, block.atoms + (symbol - block.atoms) * block.levels + level)


def mask_of_cells(allowed: np.ndarray, block: Block) -> np.ndarray:
    """A mask over the cells of a source, (..., cells), as one over its symbols."""
    if not isinstance(block, Binned):
        return allowed
    atoms, bins = allowed[..., : block.atoms], allowed[..., block.atoms :]
    bins = bins.reshape(*bins.shape[:-1], block.bins, block.levels)
    return np.concatenate([np.repeat(atoms[..., None], block.levels, axis=-1), bins], axis=-2)


def cell_count(block: Block) -> int:
    """How many cells a source has."""
    match block:
        case Categorical(size):
            return size
        case Binned(atoms, bins, levels):
            return atoms + bins * levels
        case _:
            return 0
