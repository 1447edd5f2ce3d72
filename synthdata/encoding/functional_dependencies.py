"""Functional dependencies: the years of schooling follow from the degree, a product's name from its code.

If each value of a column, the source, always occurs with the same value of another, generators do not learn the other,
which they could only get wrong: it is looked up in a table when rows are decoded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from synthdata.blocks import Arrays, Binned, Block, Categorical, Layout
from synthdata.encoding.dependency import Dependency, Moved, cell_count, mask_of_cells
from synthdata.encoding.dependency_search import Column, find_dependencies
from synthdata.errors import ConditionError
from synthdata.subjects import Subjects

__all__ = ["FunctionalDependencies"]


@dataclass(frozen=True)
class FunctionalDependencies:
    """The functional dependencies of a table.

    by_column: of the dependent columns; a source that is itself dependent, and learned, stands before those that depend
    on it. Methods take the layout of all columns, dependent ones included.
    """

    by_column: Mapping[str, Dependency]

    @classmethod
    def find(
        cls,
        layout: Layout,
        arrays: Arrays,
        subjects: Subjects | None = None,
        *,
        nullable: Collection[str] = (),
        hiding: Collection[str] = (),
        flags: Collection[str] = (),
        moved: Moved | None = None,
        given: Collection[str] = (),
    ) -> Self:
        """Compare all columns with the categorical ones, sources with more symbols first.

        Of two columns that determine each other, the first in the layout is kept. subjects: the subject of each row; a
        subject counts once for each value. nullable: columns whose first symbol means missing. hiding: columns whose
        last symbol stands for rare values. flags: columns that say that a number is invented. moved: rows, (n,) bool by
        column, whose number was moved to another one, since few have it: what occurs with it says nothing of the other
        one. given: columns that are known before all others, and so follow from none.
        """
        columns = [
            Column.of(
                name, block, arrays[name], (moved or {}).get(name), name in nullable, name in hiding, name in flags
            )
            for name, block in layout.items()
            if isinstance(block, Categorical) or (isinstance(block, Binned) and not block.links)
        ]
        found = find_dependencies(columns, subjects)
        return cls({name: each for name, each in found.items() if name not in given})

    def layout(self, layout: Layout) -> Layout:
        """The layout that generators learn."""
        result: dict[str, Block] = {}
        for name, block in layout.items():
            if name not in self.by_column:
                result[name] = block
                continue
            dependency = self.by_column[name]
            for one in dependency.lookups:
                is_sound = len(one.table) == cell_count(layout[one.source])
                if not isinstance(block, Categorical) or not is_sound or max(one.table) >= block.size:
                    raise ValueError(f"{name} does not follow from {one.source}")
            assert isinstance(block, Categorical)
            learned = dependency.learned(block)
            if learned is not None:
                result[name] = learned
        return result

    def encode(self, layout: Layout, arrays: Arrays) -> dict[str, np.ndarray]:
        """The arrays that generators learn."""
        result = dict(arrays)
        for name, dependency in self.by_column.items():
            block = layout[name]
            assert isinstance(block, Categorical)
            if dependency.learned(block) is None:
                del result[name]
            else:
                result[name] = dependency.encode(arrays[name])
        return result

    def decode(self, layout: Layout, arrays: Arrays, moved: Moved | None = None) -> dict[str, np.ndarray]:
        """The arrays of all columns, dependent ones looked up. moved: rows by source, for which it does not tell."""
        result = dict(arrays)
        for name, each in self.by_column.items():
            result[name] = each.decode(layout, result, arrays.get(name), moved)
        return result

    def masks(self, layout: Layout, masks: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Turn masks over the symbols of any columns into masks over those that are learned.

        ConditionError if no symbol of a source satisfies the masks of the columns that depend on it.
        """
        result, asked = {}, dict(masks)
        for name, each in reversed(list(self.by_column.items())):
            if name not in asked:
                continue
            own = asked.pop(name)
            learned = each.allowed_learned(own)
            if learned is not None:
                result[name] = learned
            for lookup in each.lookups:
                source = lookup.source
                mask = mask_of_cells(each.allowed_cells(lookup, own), layout[source])
                asked[source] = asked[source] & mask if source in asked else mask
                if not asked[source].any():
                    raise ConditionError(
                        f'"{name}" follows from "{source}", and no row of the training data has what is asked of '
                        f"them; relax a condition"
                    )
        return {**asked, **result}

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {name: asdict(each) for name, each in self.by_column.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Mapping[str, Any]]) -> Self:
        """Read what `to_json` wrote."""
        return cls({name: Dependency.from_json(each) for name, each in data.items()})
