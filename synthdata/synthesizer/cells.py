"""The cells of rows whose missing ones are to be filled: which are known, and what they say of those that are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from synthdata.blocks import Arrays, Categorical, Layout
from synthdata.encoding.dependency import UNTOLD, Dependency, Moved, mask_of_cells
from synthdata.encoding.functional_dependencies import FunctionalDependencies

__all__ = ["Cells", "RowMasks", "both"]

RowMasks: TypeAlias = tuple[np.ndarray, np.ndarray]  # see `ImputingGenerator.impute`

ANY = -1  # in place of a symbol: nothing is known of it


@dataclass(frozen=True)
class Cells:
    """The cells of some rows.

    arrays: of each column. observed, drawn: (n,) bool by column, the cells that count as observed, and those to sample.
    moved: (n,) bool by source, cells whose number the arrays do not keep.
    """

    arrays: Arrays
    observed: Mapping[str, np.ndarray]
    drawn: Mapping[str, np.ndarray]
    moved: Moved

    def learned(
        self, dependencies: FunctionalDependencies, layout: Layout, allowed: Mapping[str, np.ndarray]
    ) -> tuple[Cells, dict[str, RowMasks]]:
        """The same cells as generators learn them, and what sources and dependent columns say of each other.

        layout: of all columns. allowed: masks of columns whose symbol for missing is not to be sampled.
        """
        arrays = dependencies.encode(layout, self.arrays)
        row_masks = {
            name: _within(masks, allowed.get(name))
            for name, masks in self._of_sources(dependencies, layout).items()
            if name in arrays
        }
        for name, each in dependencies.by_column.items():
            if name in arrays:
                own = self._of_dependent(name, each, layout, allowed)
                row_masks[name] = both(own, row_masks[name]) if name in row_masks else own
        observed, drawn = ({name: cells[name] for name in arrays} for cells in (self.observed, self.drawn))
        return Cells(arrays, observed, drawn, self.moved), row_masks

    def _of_sources(self, dependencies: FunctionalDependencies, layout: Layout) -> dict[str, RowMasks]:
        """Masks of missing sources by the columns that depend on them, directly or through others."""
        found: dict[str, RowMasks] = {}  # over cells
        for name, each in reversed(list(dependencies.by_column.items())):
            which, masks = self._of_own(name, each, layout)
            if name in found:
                which, masks = both((which, masks), found[name])
            for one in each.lookups:
                table = np.asarray(one.table)
                cells = which, np.where(table >= 0, masks[:, table], table == UNTOLD)
                found[one.source] = both(found[one.source], cells) if one.source in found else cells
        return {name: (which, mask_of_cells(masks, layout[name])) for name, (which, masks) in found.items()}

    def _of_own(self, name: str, dependency: Dependency, layout: Layout) -> RowMasks:
        """Masks of a dependent column by its own symbol, where a source is missing and it is not."""
        block, symbols = layout[name], self.arrays[name]
        assert isinstance(block, Categorical)
        matters = np.any([self.drawn[one.source] for one in dependency.lookups], axis=0)
        is_known = ~self.drawn[name] & ~(dependency.is_optional & (symbols == 0))
        kinds, which = np.unique(np.where(matters & is_known, symbols, ANY), return_inverse=True)
        return which, (np.arange(block.size) == kinds[:, None]) | (kinds[:, None] == ANY)

    def _of_dependent(
        self, name: str, dependency: Dependency, layout: Layout, allowed: Mapping[str, np.ndarray]
    ) -> RowMasks:
        """Masks of what generators learn of a missing dependent column, by what its known sources tell."""
        block = layout[name]
        assert isinstance(block, Categorical)
        if not dependency.is_learned:  # a filled cell is not missing
            return np.zeros(len(self.arrays[name]), np.int64), np.array([[True, name not in allowed]])
        told = np.full(len(self.arrays[name]), ANY)
        for one in dependency.lookups:
            open_ = (told == ANY) & self.drawn[name] & ~self.drawn[one.source]
            told = np.where(open_, np.maximum(one.told(layout, self.arrays, self.moved), ANY), told)
        kinds, which = np.unique(told, return_inverse=True)
        masks = (np.arange(block.size) == kinds[:, None]) | (kinds[:, None] == ANY)
        masks[kinds == ANY] &= allowed.get(name, np.ones(block.size, bool))
        return which, masks


def both(first: RowMasks, second: RowMasks) -> RowMasks:
    """Masks that hold where both do; where they contradict each other, the first."""
    pairs, which = np.unique(np.stack([first[0], second[0]], axis=1), axis=0, return_inverse=True)
    one = first[1][pairs[:, 0]]
    return which, _unless_empty(one & second[1][pairs[:, 1]], one)


def _within(masks: RowMasks, allowed: np.ndarray | None) -> RowMasks:
    """Masks within what is allowed; what is allowed where they leave nothing of it."""
    which, each = masks
    return which, _unless_empty(each if allowed is None else each & allowed, np.True_ if allowed is None else allowed)


def _unless_empty(masks: np.ndarray, others: np.ndarray | np.bool) -> np.ndarray:
    """Masks (kinds, ...), or others in place of those that allow nothing."""
    some = masks.any(axis=tuple(range(1, masks.ndim)), keepdims=True)
    return np.where(some, masks, others)
