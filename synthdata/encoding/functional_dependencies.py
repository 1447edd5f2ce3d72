"""Functional dependencies: the years of schooling follow from the degree, the country from the country code.

If each symbol of a column, the source, always occurs with the same symbol of another, generators do not learn the
other, which they could only get wrong: it is looked up in a table when rows are decoded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synthdata.blocks import Arrays, Categorical, Layout
from synthdata.errors import ConditionError
from synthdata.subjects import Subjects

__all__ = ["FunctionalDependencies"]

LEAST_ROWS = 20  # mean rows, or subjects, per symbol of the source: fewer could agree by chance


@dataclass(frozen=True)
class FunctionalDependencies:
    """The functional dependencies of a table.

    tables: for each dependent column, its source, and its symbol for each symbol of the source.
    """

    tables: Mapping[str, tuple[str, tuple[int, ...]]]

    @classmethod
    def find(cls, layout: Layout, arrays: Arrays, subjects: Subjects | None = None) -> FunctionalDependencies:
        """Compare all pairs of categorical columns, sources with more symbols first.

        Of two columns that determine each other, the first in the layout is kept. subjects: the subject of each row; a
        subject counts once for each of its symbols.
        """
        seen = {name: len(np.unique(arrays[name])) for name, block in layout.items() if isinstance(block, Categorical)}
        kept: list[str] = []
        tables = {}
        for name in sorted((name for name in seen if seen[name] > 1), key=lambda name: -seen[name]):
            sources = (other for other in kept if seen[other] * LEAST_ROWS <= _observations(arrays[other], subjects))
            found = ((other, _table(layout, arrays, other, name)) for other in sources)
            source = next(((other, table) for other, table in found if table is not None), None)
            if source is None:
                kept.append(name)
            else:
                tables[name] = source
        return cls(tables)

    def layout(self, layout: Layout) -> Layout:
        """The layout without dependent columns."""
        for name, (source, table) in self.tables.items():
            block, other = layout[name], layout[source]
            if not (isinstance(block, Categorical) and isinstance(other, Categorical)):
                raise ValueError(f"{name} or {source} is not categorical")
            if len(table) != other.size or not all(0 <= symbol < block.size for symbol in table):
                raise ValueError(f"{name} does not depend on {source} as it is")
        return {name: block for name, block in layout.items() if name not in self.tables}

    def encode(self, arrays: Arrays) -> Arrays:
        """The arrays without dependent columns."""
        return {name: array for name, array in arrays.items() if name not in self.tables}

    def decode(self, arrays: Arrays) -> Arrays:
        """The arrays, with dependent columns looked up."""
        looked_up = {name: np.asarray(table)[arrays[source]] for name, (source, table) in self.tables.items()}
        return {**arrays, **looked_up}

    def masks(self, masks: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Turn masks over the symbols of any columns into masks over those that are learned.

        ConditionError if no symbol of a source satisfies the masks of the columns that depend on it.
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


def _observations(array: np.ndarray, subjects: Subjects | None) -> int:
    """Number of rows; with subjects, number of distinct pairs of subject and symbol."""
    if subjects is None or subjects.numbers is None:
        return len(array)
    return int(subjects.count(array, int(array.max(initial=0)) + 1).sum())


def _table(layout: Layout, arrays: Arrays, source: str, name: str) -> tuple[int, ...] | None:
    """The symbol of `name` for each symbol of `source`, 0 where that does not occur; None if it is no function."""
    block = layout[source]
    assert isinstance(block, Categorical)
    table = np.zeros(block.size, np.int64)
    table[arrays[source]] = arrays[name]
    return tuple(table.tolist()) if np.array_equal(table[arrays[source]], arrays[name]) else None
