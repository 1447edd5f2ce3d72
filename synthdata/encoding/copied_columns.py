"""Columns that often hold, to the unit, what an earlier column holds: a payment and the bill it pays.

A number is drawn from its level, so two columns would agree in a level and hardly ever in the unit. Where training rows
agree often, the later column's block gets *links*: in place of a level, "what that other column holds".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, Binned, Layout
from synthdata.fields import Codec, Mask
from synthdata.subjects import Subjects

__all__ = ["Links"]

LEAST_SHARE = 0.01  # of the rows, that agree outside the atoms and with no source taken before
LEAST_ROWS = LEAST_SUBJECTS = 20
MOST_SOURCES = 4
LOOKED_AT = 50_000  # rows that are compared


@dataclass(frozen=True)
class Links:
    """sources: for each linked column, the earlier columns whose value it may take, most frequent first."""

    sources: Mapping[str, tuple[str, ...]]

    @classmethod
    def find(
        cls, frame: pd.DataFrame, codecs: Mapping[str, Codec], arrays: Arrays, subjects: Subjects | None = None
    ) -> Links:
        """Compare every quantity with the earlier ones that are counted in the same unit.

        subjects: whose each row is; without them each is somebody's own.
        """
        whose = (subjects or Subjects(len(frame)))[slice(0, LOOKED_AT)]
        rows = slice(0, LOOKED_AT)
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
                if agree[best].sum() < least or whose[agree[best]].people < LEAST_SUBJECTS:
                    break
                chosen.append(best)
                same_unit.remove(best)
                open_ = open_ & ~agree[best]
            if chosen:
                sources[name] = tuple(chosen)
        return cls(sources)

    def layout(self, layout: Layout) -> Layout:
        """The layout with the links of its blocks."""
        result = dict(layout)
        for name, others in self.sources.items():
            block = result[name]
            if not isinstance(block, Binned):
                raise ValueError(f"{name} is linked but no quantity of many values")
            result[name] = replace(block, links=len(others))
        return result

    def encode(self, frame: pd.DataFrame, layout: Layout, arrays: Arrays) -> dict[str, np.ndarray]:
        """Mark the rows where a linked column holds what its source holds."""
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
        restrictions: Mapping[str, Mask] | None = None,
    ) -> None:
        """Put the sources' values into linked columns, in place and in the schema's order.

        A source's value beyond the ends of the column's range, or that a restriction forbids, is not taken: the row
        keeps the value its codec drew.
        """
        for name, others in self.sources.items():
            column = columns[name]
            for number, other in enumerate(others):
                rows = np.flatnonzero(arrays[name][:, 1].astype(np.int64) == 1 + number)
                values = columns[other].iloc[rows]
                rows = rows[codecs[name].in_range(values, (restrictions or {}).get(name))]
                column.iloc[rows] = columns[other].iloc[rows].astype(column.dtype)


def _quantity(column: pd.Series) -> np.ndarray:
    """Values that can be compared: (n,), missing ones equal to nothing."""
    if pd.api.types.is_numeric_dtype(column):
        if column.isna().any():
            return column.to_numpy("float64", na_value=np.nan)
        return column.to_numpy()
    moments: np.ndarray = column.to_numpy("datetime64[us]")
    return moments
