"""The rows of several tables: read, checked against each other, in the order of their owners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from synthdata.errors import DataError, InputError, nearest
from synthdata.relations.schema import COUNT, Relations, Table
from synthdata.subjects import Subjects

__all__ = ["Related"]

MOST_ROWS = 10_000  # of one owner in one table


@dataclass(frozen=True)
class Related:
    """The rows of several tables.

    frames: by table, in the schemas' types; the rows of one owner stand together, in the order of owners. owner: the
    number of each row's owner in its table, (n,) int64, by table; none of the root. root: that of its root.
    """

    frames: Mapping[str, pd.DataFrame]
    owner: Mapping[str, np.ndarray]
    root: Mapping[str, np.ndarray]

    @classmethod
    def read(cls, relations: Relations, frames: Mapping[str, pd.DataFrame], *, drop_orphans: bool = False) -> Self:
        """Read raw frames; DataError for keys that repeat, references to nothing, and tables without rows.

        drop_orphans: leave rows out whose owner is not there, and all that belong to them.
        """
        if not isinstance(frames, Mapping):
            raise InputError(f"several tables are a dict of DataFrames, by name; found {type(frames).__name__}")
        typed: dict[str, pd.DataFrame] = {}
        owner: dict[str, np.ndarray] = {}
        root: dict[str, np.ndarray] = {}
        for name in relations.order:
            table = relations.tables[name]
            if name not in frames:
                raise DataError(f'no table "{name}", which the schema names; {nearest(name, frames)}')
            frame = table.schema.read(frames[name], source=f'table "{name}"').reset_index(drop=True)
            if not len(frame):
                raise DataError(f'table "{name}" has no rows; bring some, or leave the table out of the schema')
            if table.owner is None:
                root[name] = np.arange(len(frame))
            else:
                frame, number = _owned(table, name, frame, typed[table.owner], relations, drop_orphans=drop_orphans)
                owner[name], root[name] = number, root[table.owner][number]
            _check_key(table, name, frame)
            typed[name] = frame
        return cls(typed, owner, root)

    def counts(self, relations: Relations, name: str) -> dict[str, np.ndarray]:
        """How many rows each row has in the tables below: (n,) int64, by the name of the column that it becomes."""
        rows = len(self.frames[name])
        return {f"{child}{COUNT}": np.bincount(self.owner[child], minlength=rows) for child in relations.children(name)}

    def subjects(self, name: str) -> Subjects:
        """The root of each row, which is its subject."""
        numbers = self.root[name]
        return Subjects(len(numbers), None if name not in self.owner else numbers)


def _check_key(table: Table, name: str, frame: pd.DataFrame) -> None:
    if table.key is None:
        return
    keys = frame[table.key]
    if keys.isna().any():
        raise DataError(f'table "{name}": the key "{table.key}" is missing in {int(keys.isna().sum()):,} rows; fill it')
    again = int(keys.duplicated().sum())
    if again:
        raise DataError(
            f'table "{name}": {again:,} rows repeat the key "{table.key}" of another; mend them, or name another key'
        )


def _owned(
    table: Table, name: str, frame: pd.DataFrame, above: pd.DataFrame, relations: Relations, *, drop_orphans: bool
) -> tuple[pd.DataFrame, np.ndarray]:
    """The rows of a table in the order of their owners, and the number of each row's owner."""
    assert table.of is not None
    assert table.owner is not None
    key = relations.tables[table.owner].key
    number: np.ndarray = pd.Index(above[key]).get_indexer(pd.Index(frame[table.of])).astype(np.int64)
    lost = int((number < 0).sum())
    if lost and not drop_orphans:
        raise DataError(
            f'table "{name}": {lost:,} of {len(frame):,} rows have a "{table.of}" that is not in "{table.owner}"; mend '
            f"them, or leave them out (drop_orphans=True)"
        )
    if lost == len(frame):
        raise DataError(f'table "{name}": no "{table.of}" is in "{table.owner}"; is the reference the right one?')
    kept = np.flatnonzero(number >= 0)
    sort: list[Any] = [np.arange(len(kept)), number[kept]]
    if table.order_by is not None:
        sort.insert(1, frame[table.order_by].iloc[kept].to_numpy())
    order = kept[np.lexsort(sort)]
    number = number[order]
    most = int(np.bincount(number).max())
    if most > MOST_ROWS:
        raise DataError(
            f'table "{name}": a row of "{table.owner}" owns {most:,} rows; at most {MOST_ROWS:,} are learned: is "'
            f'{table.of}" the owner, or a kind of thing? Leave such owners out, or choose another'
        )
    return frame.take(order).reset_index(drop=True), number
