"""Columns whose value often equals that of an earlier column, such as a payment and its bill.

A number is sampled uniformly within a level of its bin, so two columns in the same level are hardly ever exactly equal.
If they are often equal in training, the later column's block gets additional symbols, its *links*, each of which means
"the same value as that column".
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, Binned, Layout
from synthdata.fields import Codec, Mask
from synthdata.subjects import Subjects

__all__ = ["CopiedColumns"]

LEAST_SHARE = 0.01  # of the rows that must agree with a source, atoms and rows of other sources not counted
LEAST_ROWS = LEAST_SUBJECTS = 20
MOST_SOURCES = 4
COMPARED = 50_000  # rows that are compared


@dataclass(frozen=True)
class CopiedColumns:
    """The copied columns of a table.

    sources: for each copied column, the earlier columns whose value it may take, most frequent first.
    """

    sources: Mapping[str, tuple[str, ...]]

    @classmethod
    def find(
        cls,
        frame: pd.DataFrame,
        units: Mapping[str, Hashable],
        layout: Layout,
        arrays: Arrays,
        subjects: Subjects | None = None,
    ) -> CopiedColumns:
        """Compare every quantity with the earlier ones of the same unit.

        units: of quantities, in the order in which columns are decoded. layout, arrays: of those that may copy others,
        encoded. subjects: the subject of each row; None if each row is its own subject.
        """
        rows = slice(0, COMPARED)
        owners = (subjects or Subjects(len(frame)))[rows]
        compared = {name: _quantity(frame[name].iloc[rows]) for name in units}
        sources = {}
        earlier: list[str] = []
        for name, values in compared.items():
            block = layout.get(name)
            same_unit = [other for other in earlier if units[other] == units[name]]
            earlier.append(name)
            if not isinstance(block, Binned):
                continue
            unmatched = arrays[name][rows, 0] >= block.atoms
            least = max(LEAST_SHARE * len(values), LEAST_ROWS)
            chosen: list[str] = []
            while same_unit and len(chosen) < MOST_SOURCES:
                agree = {other: unmatched & (values == compared[other]) for other in same_unit}
                best = max(agree, key=lambda other: int(agree[other].sum()))
                if agree[best].sum() < least or owners[agree[best]].people < LEAST_SUBJECTS:
                    break
                chosen.append(best)
                same_unit.remove(best)
                unmatched = unmatched & ~agree[best]
            if chosen:
                sources[name] = tuple(chosen)
        return cls(sources)

    def layout(self, layout: Layout) -> Layout:
        """The layout, with the links of copied columns added."""
        result = dict(layout)
        for name, others in self.sources.items():
            block = result[name]
            if not isinstance(block, Binned):
                raise ValueError(f"{name} copies other columns, but is not a binned quantity")
            result[name] = replace(block, links=len(others))
        return result

    def encode(self, frame: pd.DataFrame, layout: Layout, arrays: Arrays) -> dict[str, np.ndarray]:
        """Encode equality with a source as a link."""
        result = dict(arrays)
        for name, others in self.sources.items():
            block, array = layout[name], np.array(arrays[name])
            assert isinstance(block, Binned)
            values, unmatched = _quantity(frame[name]), array[:, 0] >= block.atoms
            for number, other in enumerate(others):
                agree = unmatched & (values == _quantity(frame[other]))
                array[agree, 1] += 1 + number
                unmatched = unmatched & ~agree
            result[name] = array
        return result

    def decode(
        self, name: str, columns: Mapping[str, pd.Series], codec: Codec, array: np.ndarray, mask: Mask | None = None
    ) -> pd.Series:
        """A decoded column, with links replaced by the values of its sources, which are decoded already.

        A value outside the column's range, or excluded by its mask, is not copied: the row keeps the value that the
        column's codec decoded.
        """
        column = columns[name].copy()
        for number, other in enumerate(self.sources[name]):
            rows = np.flatnonzero(array[:, 1].astype(np.int64) == 1 + number)
            values = columns[other].iloc[rows]
            rows = rows[codec.in_range(values, mask)]
            column.iloc[rows] = columns[other].iloc[rows].astype(column.dtype)
        return column


def _quantity(column: pd.Series) -> np.ndarray:
    """Values for comparison: (n,); missing ones are NaN or NaT, which equal nothing."""
    if pd.api.types.is_numeric_dtype(column):
        if column.isna().any():
            return column.to_numpy("float64", na_value=np.nan)
        return column.to_numpy()
    moments: np.ndarray = column.to_numpy("datetime64[us]")
    return moments
