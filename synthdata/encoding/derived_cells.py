"""Missing cells of derived columns, and of those they are computed from: which are sampled, and which follow.

- A high column: its gap is sampled. A missing low one below an observed high one: too, and the low one is the high one
  minus the gap. One between two observed ones is counted from the lower, unless it would be above the higher.
- A total is added up. The last missing part of an observed total is what the other parts leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthdata.encoding.derived_columns import Amounts, DerivedColumns
from synthdata.fields import Codec, Measure

__all__ = ["DerivedCells", "settled"]

Cells = Mapping[str, np.ndarray]  # (n,) bool by column


@dataclass(frozen=True)
class DerivedCells:
    """Missing cells of the columns of `derived`.

    codecs: by the name of their block. needed: cells that get a value, also those that only others need. sampled: cells
    to sample, by the name of their block. anchored: cells of low columns that follow from high ones. differences: by
    part, its total, and the cells that follow from that.
    """

    derived: DerivedColumns
    codecs: Mapping[str, Codec]
    needed: Cells
    sampled: Cells
    anchored: Cells
    differences: Mapping[str, tuple[str, np.ndarray]]

    @classmethod
    def of(
        cls,
        derived: DerivedColumns,
        codecs: Mapping[str, Codec],
        order: Sequence[str],
        rows: pd.DataFrame,
        missing: Cells,
    ) -> DerivedCells:
        """Plan the cells. order: of all columns, sources first. missing: the cells to fill."""
        none = np.zeros(len(rows), bool)
        order = [name for name in order if name in derived.measures]
        empty = {name: rows[name].isna().to_numpy(bool) for name in order}
        needed = {name: missing.get(name, none) & empty[name] for name in order}
        differences: dict[str, tuple[str, np.ndarray]] = {}
        for name in reversed(order):
            if name in derived.sums:
                parts = sorted(derived.sums[name], key=lambda part: -derived.measures[part].step)  # the finest last
                any_part = np.any([needed[part] for part in parts], axis=0)
                for part in parts:
                    needed[part] |= empty[part] & (needed[name] | (any_part & ~empty[name]))
                later = none
                for part in reversed(parts):
                    last = needed[part] & ~empty[name] & ~later
                    later = later | last
                    if last.any() and part not in differences:
                        differences[part] = name, last
            elif name in derived.gaps:
                for low in derived.needs(name):
                    needed[low] |= needed[name] & empty[low]
            elif name in derived.products:
                for part in derived.needs(name):
                    needed[part] |= needed[name] & empty[part]
        anchored: dict[str, np.ndarray] = {}
        sampled: dict[str, np.ndarray] = {}
        for name in reversed(order):
            follows = differences[name][1] if name in differences else none
            there = {high: ~empty[high] | anchored.get(high, none) for high in derived.highs(name)}
            anchored[name] = (
                needed[name] & ~follows & np.any([none, *there.values()], axis=0) & (name not in derived.totalled)
            )
            for high, cells in there.items():
                sampled[high] = sampled.get(high, none) | (anchored[name] & cells)
            if name not in derived.totalled:
                own = needed[name] & ~follows & (~anchored[name] | (name in derived.gaps))
                sampled[name] = sampled.get(name, none) | own
        return cls(derived, codecs, needed, sampled, anchored, differences)

    @property
    def follow(self) -> Cells:
        """Cells of columns that are learned as they are, or by a gap, but follow from other cells here."""
        result = dict(self.anchored)
        for name, (_, cells) in self.differences.items():
            result[name] = result[name] | cells if name in result else cells
        return {name: cells for name, cells in result.items() if cells.any()}

    def emptied(self, rows: pd.DataFrame, again: np.ndarray) -> dict[str, pd.Series]:
        """The columns of rows, with the needed cells of those that are sampled again, (n,) bool, missing."""
        return {
            str(name): column.mask(self.needed[str(name)] & again) if name in self.needed else column.copy()
            for name, column in rows.items()
        }

    def anchor(
        self, columns: Mapping[str, pd.Series], gaps: Mapping[str, pd.Series], again: np.ndarray
    ) -> dict[str, pd.Series]:
        """The columns with the anchored cells of some rows, (n,) bool. gaps: those sampled, by high column."""
        result, derived = dict(columns), self.derived
        for name in reversed(derived.order(derived.measures)):
            rows = self.anchored[name] & again
            if not rows.any():
                continue
            amounts = {each: derived.amounts(each, result[each]) for each in (name, *derived.highs(name))}
            units = {high: _units(gaps[high], amounts[high]) for high in derived.highs(name) if high in gaps}
            found = derived.below(name, amounts, units, rows)
            result[name] = _written(derived.measures[name], result[name], found, rows)
        return result

    def value(
        self, name: str, columns: Mapping[str, pd.Series], gaps: Mapping[str, pd.Series], again: np.ndarray
    ) -> tuple[pd.Series, np.ndarray]:
        """A column with the cells of some rows, (n,) bool, that follow from columns that are complete there.

        Also which of these rows are better sampled once more, (n,) bool: what was counted from a lower column came out
        above a higher one, or too far below it, which then decides.
        """
        derived, measure, column = self.derived, self.derived.measures[name], columns[name]
        rows, refused = self.needed[name] & again, np.zeros(len(again), bool)
        if name in self.differences:
            total, cells = self.differences[name]
            amounts = {each: derived.amounts(each, columns[each]) for each in (total, *derived.sums[total])}
            column = _written(measure, column, derived.difference(total, name, amounts), cells & again)
            rows = rows & ~cells
        if not derived.needs(name) or not rows.any():
            return column, refused
        amounts = {each: derived.amounts(each, columns[each]) for each in derived.needs(name)}
        if name in derived.totalled:
            return _written(measure, column, derived.total(name, amounts), rows), refused
        anchored = self.anchored[name] & rows
        own = derived.amounts(name, column)
        column = _written(measure, column, derived.raised(name, {name: own, **amounts}, anchored), anchored)
        if name not in gaps:
            return column, refused
        gap = Amounts(_units(gaps[name], own), gaps[name].notna().to_numpy(bool))
        above = _written(measure, column, derived.above(name, amounts, gap), rows)
        refused = anchored & ~self._between(name, {**columns, name: above})
        return above.where(~refused, column), refused

    def _between(self, name: str, columns: Mapping[str, pd.Series]) -> np.ndarray:
        """Where a column is below its high ones, and no further than any gap that is learned: (n,) bool."""
        result = self.derived.fits(name, columns)
        for high in self.derived.highs(name):
            ends = self.codecs[high].body.ends
            assert ends is not None
            amounts = {each: self.derived.amounts(each, columns[each]) for each in (high, *self.derived.needs(high))}
            result &= ~(self.derived.gap(high, amounts).fillna(0) > ends[1]).to_numpy(bool)
        return result

    def unlikely(self, rows: pd.DataFrame) -> np.ndarray:
        """Rows in which a value that follows from others is beyond all that is learned of its column: (n,) bool."""
        result = np.zeros(len(rows), bool)
        for name, cells in self.follow.items():
            ends = None if self.derived.needs(name) else self.codecs[name].body.ends
            if ends is not None:
                units = self.derived.amounts(name, rows[name]).units
                result |= cells & ((units < ends[0]) | (units > ends[1]))
        return result


def settled(
    derived: DerivedColumns, order: Sequence[str], rows: pd.DataFrame, missing: Cells
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Fill totals whose parts are all known, and parts that alone are missing. Returns the cells still missing too."""
    left = {name: cells.copy() for name, cells in missing.items()}
    columns = {str(name): column for name, column in rows.items()}
    for total in [name for name in order if name in derived.totalled]:
        for name in (total, *derived.sums.get(total, ())):
            if name not in left or not left[name].any():
                continue
            amounts = {each: derived.amounts(each, columns[each]) for each in (total, *derived.totalled[total])}
            known = derived.total(total, amounts) if name == total else derived.difference(total, name, amounts)
            columns[name] = _written(derived.measures[name], columns[name], known, left[name])
            left[name] &= ~known.present
    return pd.DataFrame(columns, index=rows.index), {name: cells for name, cells in left.items() if cells.any()}


def _written(measure: Measure, column: pd.Series, amounts: Amounts, rows: np.ndarray) -> pd.Series:
    """A column with amounts in some rows, (n,) bool."""
    here = np.flatnonzero(rows & amounts.present)
    if not len(here):
        return column
    result = column.copy()
    result.iloc[here] = measure.values(amounts.units[here]).astype(column.dtype).array
    return result


def _units(gap: pd.Series, like: Amounts) -> np.ndarray:
    """A sampled gap as an array, 0 where it is missing."""
    return np.asarray(gap.fillna(0).to_numpy(like.units.dtype))
