"""The search for columns that determine others.

A table is found by its evidence: how unlikely it is that all rows of each value agree by chance, given how frequent the
other's values are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthdata.blocks import Binned, Block, Categorical
from synthdata.encoding.dependency import UNSEEN, UNTOLD, Dependency, Lookup, cell_count, cells_of
from synthdata.subjects import Subjects

__all__ = ["Column", "find_dependencies"]

NEAR_CERTAIN = -30.0  # log of the probability that so many rows agree by chance, at most
LEAST_AGREEING = 100  # rows, or subjects, beyond the first of each value: with fewer, exceptions could be unseen
LEAST_SUBJECTS = 5  # of a value in the table: fewer can have only values that the schema lists
MOST_UNTOLD = 0.5  # of the rows, whose source does not tell
MOST_SOURCES = 3  # of a column
LEAST_MORE = 0.01  # of the rows, for which one more of them tells
SAME = 1e-9  # offsets in a level that are of one number
PROBED = 2000  # rows that are compared before all are


@dataclass(frozen=True)
class Column:
    """A column that may determine others, and be determined if it is categorical.

    cells: (n,), see `cells_of`; its symbols if it is categorical. stayed: (n,) bool, rows whose value was not moved.
    size: how many cells there are. null, hidden: the cell of missing values, and that of rare ones; -1 if there is
    none. wide: (size,) bool, cells in which several numbers occur. is_flag: whether it says that a number is invented,
    and so has to follow from moved numbers too.
    """

    name: str
    is_categorical: bool
    cells: np.ndarray
    stayed: np.ndarray
    size: int
    null: int
    hidden: int
    wide: np.ndarray
    is_flag: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        block: Block,
        array: np.ndarray,
        moved: np.ndarray | None,
        is_nullable: bool,
        is_hiding: bool,
        is_flag: bool = False,
    ) -> Column:
        """A column of a block's array. moved: (n,) bool, rows whose value was; none without it."""
        cells, size = cells_of(block, array), cell_count(block)
        stayed = np.ones(len(cells), bool) if moved is None else ~moved
        wide = np.zeros(size, bool)
        if isinstance(block, Binned) and stayed.any():
            order = np.flatnonzero(stayed)[np.argsort(cells[stayed], kind="stable")]
            starts = np.flatnonzero(np.diff(cells[order], prepend=-1))
            offset = array[order, 1]
            spread = np.maximum.reduceat(offset, starts) - np.minimum.reduceat(offset, starts)
            wide[cells[order][starts]] = spread > SAME
            wide[: block.atoms] = False
        is_categorical = isinstance(block, Categorical)
        hidden = size - 1 if is_hiding and is_categorical else -1
        return cls(name, is_categorical, cells, stayed, size, 0 if is_nullable else -1, hidden, wide, is_flag)

    @property
    def seen(self) -> np.ndarray:
        """Which cells occur: (size,) bool."""
        return np.bincount(self.cells, minlength=self.size) > 0

    @property
    def vague(self) -> np.ndarray:
        """Cells that stand for several values or for none: (size,) bool."""
        result = self.wide.copy()
        result[[cell for cell in (self.null, self.hidden) if cell >= 0]] = True
        return result

    @property
    def default(self) -> int:
        """The symbol of rare values, or the most frequent one."""
        return self.hidden if self.hidden >= 0 else int(np.bincount(self.cells).argmax())


def find_dependencies(columns: Sequence[Column], subjects: Subjects | None) -> dict[str, Dependency]:
    """Compare all columns with the categorical ones, sources with more cells first."""
    sources: list[Column] = []
    found: dict[str, Dependency] = {}
    several = [column for column in columns if column.seen.sum() > 1]
    for column in sorted(several, key=lambda column: -int(column.seen.sum())):
        options = []
        if column.is_categorical:
            options = [one for source in sources if (one := _option(source, column, subjects)) is not None]
        if options:
            found[column.name] = _combined(options, column.default)
        if not options or found[column.name].is_learned:
            sources.append(column)
    return found


@dataclass(frozen=True)
class _Option:
    """A table that a source may have for a column. told: (n,) bool, rows for which it tells or that do not count."""

    lookup: Lookup
    told: np.ndarray
    is_optional: bool


def _option(source: Column, column: Column, subjects: Subjects | None) -> _Option | None:
    """How a column follows from a source, apart from missing values if need be; None if it does not."""
    present = column.cells != column.null
    every, stayed = np.ones(len(present), bool), source.stayed
    ways = [(every, False), (stayed, False), (present, True), (stayed & present, True)]
    for rows, is_optional in ways[: 1 if column.is_flag else 4 if column.null >= 0 else 2]:
        table = _table(source, column, rows, subjects)
        if table is not None:
            told = (table[source.cells] >= 0) | ~rows
            return _Option(Lookup(source.name, tuple(table.tolist())), told, is_optional)
    return None


def _combined(options: list[_Option], default: int) -> Dependency:
    """The dependency by the source that tells most, and by others for rows of which it does not."""
    best = max(options, key=lambda one: (one.told.mean(), not one.is_optional, -len(one.lookup.table)))
    chosen, told = [best], best.told
    while len(chosen) < MOST_SOURCES:
        best = max(options, key=lambda one: int((one.told & ~told).sum()))
        if (best.told & ~told).mean() < LEAST_MORE:
            break
        chosen.append(best)
        told = told | best.told
    is_optional = any(one.is_optional for one in chosen)
    is_learned = all(UNTOLD in one.lookup.table for one in chosen)
    return Dependency(tuple(one.lookup for one in chosen), default, is_learned, is_optional)


def _table(source: Column, column: Column, rows: np.ndarray, subjects: Subjects | None) -> np.ndarray | None:
    """The column's symbol for each cell of the source, -1 where it does not tell; None if there is no function.

    rows: (n,) bool, those that count.
    """
    several = np.zeros(source.size, bool)  # cells that show several symbols
    seen = source.seen
    for part in (slice(PROBED), slice(None)):
        cells, symbols = source.cells[part][rows[part]], column.cells[part][rows[part]]
        table = np.full(source.size, UNTOLD)
        table[cells] = symbols
        several[cells[table[cells] != symbols]] = True
        if (several & ~source.vague).any():
            return None
    if (several & source.wide).any():
        several |= source.wide
    people = (subjects or Subjects(len(rows)))[rows].count(cells, source.size)
    table[several | (people < LEAST_SUBJECTS)] = UNTOLD
    sure = table >= 0
    if not _is_evident(table, sure, people, symbols, cells):
        return None
    table[~seen] = UNSEEN
    for cell, symbol in ((source.hidden, column.default), (source.null, 0 if column.null >= 0 else column.default)):
        if cell >= 0 and seen[cell] and people[cell] < LEAST_SUBJECTS:  # nobody's, whatever these few rows hold
            table[cell] = symbol
    return table


def _is_evident(
    table: np.ndarray, sure: np.ndarray, people: np.ndarray, symbols: np.ndarray, cells: np.ndarray
) -> bool:
    """Whether the rows of some cells hardly agree by chance. sure: (size,) bool, these. people: (size,) subjects."""
    told = sure[cells]
    if not told.any() or told.mean() < 1 - MOST_UNTOLD or len(np.unique(table[sure])) < 2:
        return False
    shares = np.bincount(symbols[told], minlength=int(table.max()) + 1) / told.sum()
    agreeing = people[sure] - 1
    chance = float((agreeing * np.log(shares[table[sure]])).sum())
    return int(agreeing.sum()) >= LEAST_AGREEING and chance <= NEAR_CERTAIN
