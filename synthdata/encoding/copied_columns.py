"""Columns that often hold exactly what an earlier column holds: a payment and the bill it pays.

A number is drawn from one of the levels of its bin, so two columns that agree in a level would hardly ever agree in the
unit. Where training rows agree often, the later column's block gets further levels, its *links*: "what that other
column holds".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, Binned, Layout
from synthdata.fields import Codec, Mask
from synthdata.subjects import Subjects

__all__ = ["CopiedColumns"]

LEAST_SHARE = 0.01  # of the rows: so many agree outside the atoms, and with no source chosen before
LEAST_ROWS = LEAST_SUBJECTS = 20
MOST_SOURCES = 4
LOOKED_AT = 50_000  # rows that are compared


@dataclass(frozen=True)
class CopiedColumns:
    """sources: for each column that copies, the earlier columns whose value it may take, most frequent first."""

    sources: Mapping[str, tuple[str, ...]]

    @classmethod
    def find(
        cls, frame: pd.DataFrame, codecs: Mapping[str, Codec], arrays: Arrays, subjects: Subjects | None = None
    ) -> CopiedColumns:
        """Compare every quantity with the earlier ones that are counted in the same unit.

        subjects: whose each row is; without them each row is a subject of its own.
        """
        rows = slice(0, LOOKED_AT)
        owners = (subjects or Subjects(len(frame)))[rows]
        looked_at = {
            name: _quantity(frame[name].iloc[rows]) for name, codec in codecs.items() if codec.unit is not None
        }
        sources = {}
        earlier: list[str] = []
        for name, values in looked_at.items():
            block = codecs[name].layout[name]
            same_unit = [other for other in earlier if codecs[other].unit == codecs[name].unit]
            earlier.append(name)
            if not isinstance(block, Binned):
                continue
            open_ = arrays[name][rows, 0] >= block.atoms
            least = max(LEAST_SHARE * len(values), LEAST_ROWS)
            chosen: list[str] = []
            while same_unit and len(chosen) < MOST_SOURCES:
                agree = {other: open_ & (values == looked_at[other]) for other in same_unit}
                best = max(agree, key=lambda other: int(agree[other].sum()))
                if agree[best].sum() < least or owners[agree[best]].people < LEAST_SUBJECTS:
                    break
                chosen.append(best)
                same_unit.remove(best)
                open_ = open_ & ~agree[best]
            if chosen:
                sources[name] = tuple(chosen)
        return cls(sources)

    def layout(self, layout: Layout) -> Layout:
        """The layout, with the links of the columns that copy."""
        result = dict(layout)
        for name, others in self.sources.items():
            block = result[name]
            if not isinstance(block, Binned):
                raise ValueError(f"{name} copies other columns, but it is no quantity of many values")
            result[name] = replace(block, links=len(others))
        return result

    def encode(self, frame: pd.DataFrame, layout: Layout, arrays: Arrays) -> dict[str, np.ndarray]:
        """Mark the rows in which a column holds what one of its sources holds."""
        result = dict(arrays)
        for name, others in self.sources.items():
            block, array = layout[name], np.array(arrays[name])
            assert isinstance(block, Binned)
            values, open_ = _quantity(frame[name]), array[:, 0] >= block.atoms
            for number, other in enumerate(others):
                agree = open_ & (values == _quantity(frame[other]))
                array[agree, 1] += 1 + number
                open_ = open_ & ~agree
            result[name] = array
        return result

    def decode(
        self,
        columns: Mapping[str, pd.Series],
        codecs: Mapping[str, Codec],
        arrays: Arrays,
        masks: Mapping[str, Mask] | None = None,
    ) -> dict[str, pd.Series]:
        """The decoded columns, with the sources' values where a column copies.

        A source's value that lies beyond the ends of the column's range, or that a mask forbids, is not copied:
        the row keeps the value that the column's codec decoded.
        """
        result = dict(columns)
        for name, others in self.sources.items():
            column = result[name] = columns[name].copy()
            for number, other in enumerate(others):
                rows = np.flatnonzero(arrays[name][:, 1].astype(np.int64) == 1 + number)
                values = result[other].iloc[rows]
                rows = rows[codecs[name].in_range(values, (masks or {}).get(name))]
                column.iloc[rows] = result[other].iloc[rows].astype(column.dtype)
        return result


def _quantity(column: pd.Series) -> np.ndarray:
    """Values that can be compared: (n,), missing ones equal to nothing."""
    if pd.api.types.is_numeric_dtype(column):
        if column.isna().any():
            return column.to_numpy("float64", na_value=np.nan)
        return column.to_numpy()
    moments: np.ndarray = column.to_numpy("datetime64[us]")
    return moments
