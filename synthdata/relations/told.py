"""What a row is told before it is drawn: its owner's columns, its place among its siblings, and the row before it.

They are columns beside its own, in a frame that is as wide: `customers.segment` and `customers.orders.count` of the
owner, `orders.place` and `orders.left`, and `before.total` of the row before. A row of nobody's before has none of the
latter, but a time to count from: one of its owner's that no row is before, or the earliest that is learned.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthdata.errors import SchemaError
from synthdata.fields import Datetime, Field, Number
from synthdata.subjects import THRESHOLD, Subjects

__all__ = ["Told", "copied", "counted_from", "earliest", "places"]

LEAST_ROWS = 20  # in which a column is its owner's, for this to be no chance
BEFORE = "before."


@dataclass(frozen=True)
class Told:
    """What the rows of a table are told.

    table: its name. owner: the fields of the owner's columns, as a row is told them; by their names, which begin with
    that of their table. own: the fields of the table's own columns that are learned. order_by: of these, the one that
    rows follow each other by, if there is one. start: what it is counted from in a first row. after: the column of the
    owner that it is counted from instead, if there is one.
    """

    table: str
    owner: Mapping[str, Field]
    own: Mapping[str, Field]
    order_by: str | None = None
    start: Any = None
    after: str | None = None

    @property
    def fields(self) -> dict[str, Field]:
        """The fields of all that is told, in order; SchemaError if one has the name of a column."""
        place = Number(integer=True, min=0)
        result = {**self.owner, f"{self.table}.place": place, f"{self.table}.left": place}
        for name, field in self.own.items():
            nullable = name != self.order_by
            result[f"{BEFORE}{name}"] = field.model_copy(update={"nullable": nullable})
        taken = sorted(result.keys() & self.own.keys())
        if taken:
            raise SchemaError(
                f'table "{self.table}": the field "{taken[0]}" has the name of what a row is told; rename it'
            )
        return result

    @property
    def before(self) -> str | None:
        """The name of the time or number of the row before."""
        return None if self.order_by is None else f"{BEFORE}{self.order_by}"

    def siblings(self, place: np.ndarray, count: np.ndarray) -> pd.DataFrame:
        """The columns about a row's place among its siblings: of `count` in all, `place` stand before it."""
        return pd.DataFrame({f"{self.table}.place": place, f"{self.table}.left": count - place - 1})

    def previous(self, rows: pd.DataFrame, before: np.ndarray, owners: pd.DataFrame) -> pd.DataFrame:
        """The columns of the row before each. before: its number among `rows`, -1 for none. owners: of the rows."""
        there = before >= 0
        columns = {}
        for name, field in self.own.items():
            column = rows[name].take(np.maximum(before, 0)).reset_index(drop=True) if len(rows) else None
            dtype = field.dtype(name != self.order_by)
            if column is None:
                column = pd.Series(index=range(len(before)), dtype=field.dtype(True))
            elif not there.all():
                column = column.astype(field.dtype(True)).where(there)
            if name == self.order_by and not there.all():
                first = self.start if self.after is None else owners[self.after].reset_index(drop=True)
                column = column.where(there, first)
            columns[f"{BEFORE}{name}"] = column.astype(dtype)
        return pd.DataFrame(columns)


def counted_from(times: pd.Series, field: Field, owners: pd.DataFrame, fields: Mapping[str, Field]) -> str | None:
    """The column of the owners' that is nearest below the times of their rows, and above none; None without one.

    times: of rows, and owners: what these are told of their owner, row by row.
    """
    gaps: dict[str, Any] = {}
    for name, other in fields.items():
        if not isinstance(other, Datetime) or not isinstance(field, Datetime) or other.nullable:
            continue
        if (other.unit, other.timezone) != (field.unit, field.timezone) or owners[name].isna().any():
            continue
        later = times.to_numpy() - owners[name].to_numpy()
        if len(later) and (later >= np.timedelta64(0)).all():
            gaps[name] = later.mean()
    return min(gaps, key=lambda name: gaps[name], default=None)


def copied(
    frame: pd.DataFrame, own: Mapping[str, Field], owners: pd.DataFrame, fields: Mapping[str, Field]
) -> dict[str, str]:
    """The columns of rows that say in each row what their owner says, with the owner's column.

    own: the fields of the rows' columns. owners: what rows are told of their owner, row by row; fields: of these.
    """
    found: dict[str, str] = {}
    if len(frame) < LEAST_ROWS:
        return found
    for name, field in own.items():
        column = frame[name].reset_index(drop=True)
        for other, its in fields.items():
            same = owners[other].reset_index(drop=True)
            if type(its) is type(field) and column.dtype == same.dtype and column.equals(same) and column.nunique() > 1:
                found[name] = other
                break
    return found


def places(owner: np.ndarray) -> np.ndarray:
    """How many rows of the same owner stand before each row: (n,) int64. owner: (n,), rows of one owner together."""
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    sizes = np.diff(np.append(first, len(owner)))
    return np.arange(len(owner)) - np.repeat(first, sizes)


def earliest(column: pd.Series, subjects: Subjects) -> Any:
    """The earliest value of a column that may be shown: that of as many subjects' firsts as privacy takes."""
    firsts = column.groupby(subjects.each).min().sort_values()
    return firsts.iloc[min(THRESHOLD, len(firsts)) - 1]
