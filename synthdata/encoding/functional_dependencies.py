"""Columns that are a function of another column: the years of schooling of a degree, the country of a country code.

Where each symbol of a column always came with the same symbol of another, a generator need not learn the second, and
could only get it wrong: it is left out of what is learned, and looked up in a table when rows are decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthdata.blocks import Arrays, Categorical, Layout
from synthdata.errors import ConditionError
from synthdata.subjects import Subjects

__all__ = ["FunctionalDependencies"]

LEAST_ROWS = 20  # or subjects that show it, for each symbol of the source, on average: fewer could agree by chance


@dataclass(frozen=True)
class FunctionalDependencies:
    """tables: for each column that is left out, the column it depends on, and its symbol for each of that one's."""

    tables: Mapping[str, tuple[str, tuple[int, ...]]]

    @classmethod
    def find(cls, layout: Layout, arrays: Arrays, subjects: Subjects | None = None) -> FunctionalDependencies:
        """Compare columns of symbols, those with more symbols first.

        A column and one that only renames its symbols depend on each other: the first in the layout stays. subjects:
        whose each row is; a symbol counts as often as subjects show it.
        """
        seen = {name: len(np.unique(arrays[name])) for name, block in layout.items() if isinstance(block, Categorical)}
        kept: list[str] = []
        tables = {}
        for name in sorted((name for name in seen if seen[name] > 1), key=lambda name: -seen[name]):
            sources = (other for other in kept if seen[other] * LEAST_ROWS <= _shown(arrays[other], subjects))
            found = ((other, _table(layout, arrays, other, name)) for other in sources)
            source = next(((other, table) for other, table in found if table is not None), None)
            if source is None:
                kept.append(name)
            else:
                tables[name] = source
        return cls(tables)

    def layout(self, layout: Layout) -> Layout:
        """The layout that is left to learn."""
        for name, (source, table) in self.tables.items():
            block, other = layout[name], layout[source]
            if not (isinstance(block, Categorical) and isinstance(other, Categorical)):
                raise ValueError(f"{name} or {source} is no column of symbols")
            if len(table) != other.size or not all(0 <= symbol < block.size for symbol in table):
                raise ValueError(f"{name} does not depend on {source} as it is")
        return {name: block for name, block in layout.items() if name not in self.tables}

    def encode(self, arrays: Arrays) -> Arrays:
        """The arrays that are left to learn."""
        return {name: array for name, array in arrays.items() if name not in self.tables}

    def decode(self, arrays: Arrays) -> Arrays:
        """The arrays with those that depend on them."""
        looked_up = {name: np.asarray(table)[arrays[source]] for name, (source, table) in self.tables.items()}
        return {**arrays, **looked_up}

    def masks(self, masks: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Turn masks over the symbols of any columns into masks over those that are learned.

        ConditionError if no symbol of a source goes with what is asked of a column that depends on it.
        """
        result = {name: mask for name, mask in masks.items() if name not in self.tables}
        for name, (source, table) in self.tables.items():
            if name not in masks:
                continue
            looked_up = masks[name][np.asarray(table)]
            result[source] = result[source] & looked_up if source in result else looked_up
            if not result[source].any():
                raise ConditionError(
                    f'"{name}" follows from "{source}", and no row of the training data has what is asked of them; '
                    f"relax a condition"
                )
        return result


def _shown(array: np.ndarray, subjects: Subjects | None) -> int:
    """How often the symbols of a column are shown in all."""
    if subjects is None or subjects.numbers is None:
        return len(array)
    return int(subjects.count(array, int(array.max(initial=0)) + 1).sum())


def _table(layout: Layout, arrays: Arrays, source: str, name: str) -> tuple[int, ...] | None:
    """The symbol of `name` for each symbol of `source`, None if one came with several; 0 for what never came."""
    block = layout[source]
    assert isinstance(block, Categorical)
    table = np.zeros(block.size, np.int64)
    table[arrays[source]] = arrays[name]
    return tuple(table.tolist()) if np.array_equal(table[arrays[source]], arrays[name]) else None
