"""Amounts: how many rows of which kind are to be added to a table, worked out before anything is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from synthdata.errors import InputError, nearest
from synthdata.fields import Predicate
from synthdata.schema import Schema
from synthdata.schema.conditions import Where, predicates_of
from synthdata.subjects import THRESHOLD, Subjects
from synthdata.synthesizer import Synthesizer

__all__ = ["FEWEST", "Additions", "Amount", "Part", "shares_of"]

FEWEST = THRESHOLD  # subjects that a kind of rows needs, so that more of it can be drawn
WHOSE = "synthdata.whose"  # the name of a temporary column of subjects
MOST_CELLS = 200  # combinations of values that can be balanced


@dataclass(frozen=True)
class Amount:
    """How many rows of which kind to add.

    Say how many with `rows` or `factor`, of which kind with `balance`, `independent` or `where`, or both.

    Parameters
    ----------
    rows : int, optional
        How many rows to add, at least 1.
    factor : float, optional
        How many times as long the table becomes, above 1; instead of `rows`. Without both, as few rows as `balance` or
        `independent` needs.
    balance : str or tuple of str, default ()
        One or several columns whose combinations of values become equally frequent.
    shares : mapping of str to float, default {}
        Shares of the values of the one column in `balance`, each between 0 and 1, instead of equal ones; values without
        a share divide the rest in their present proportions.
    level : float, default 1.0
        Fill up to this share of the most frequent combination only, above 0 and at most 1.
    independent : str, optional
        A column that becomes independent of the schema's target, instead of `balance`.
    where : str, mapping or list of str, optional
        Add only rows that satisfy these conditions, and count only such rows; as in `generate`.
    real_share : float, optional
        The share of the total weight that real rows have, between 0 and 1, in a column of weights; no weights if not
        given.

    Raises
    ------
    InputError
        If the parameters contradict each other or are out of range.

    Examples
    --------
    >>> from synthdata import Amount
    >>> str(Amount(factor=2))
    '2 times the rows'
    >>> str(Amount(balance="readmitted", level=0.5))
    'readmitted balanced to 50% of the largest'
    >>> str(Amount(balance="ward", shares={"north": 0.3}))
    'ward balanced (north 0.3)'
    >>> older = Amount(rows=1000, where="age >= 60")

    """

    rows: int | None = None
    factor: float | None = None
    balance: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    level: float = 1.0
    independent: str | None = None
    where: Where = None
    real_share: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.balance, str):  # a single column
            object.__setattr__(self, "balance", (self.balance,))
        if self.rows is not None and self.factor is not None:
            raise InputError("rows and factor both say how many; give one of them")
        if self.rows is not None and self.rows < 1:
            raise InputError(f"rows {self.rows}: ask for at least 1")
        if self.factor is not None and not 1 < self.factor < 1e6:
            raise InputError(f"factor {self.factor}: the table can only become longer; give a number above 1, like 2")
        if self.independent is not None and (self.balance or self.shares):
            raise InputError("balance and independent both say which rows to add; give one of them")
        if not 0 < self.level <= 1:
            raise InputError(f"level {self.level}: give a share of the largest class, above 0 and at most 1")
        if self.level < 1 and (not self.balance or self.shares or self.rows is not None or self.factor is not None):
            raise InputError("level says how far to balance equally; it goes with balance alone")
        if self.real_share is not None and not 0 < self.real_share < 1:
            raise InputError(f"real_share {self.real_share}: give a share of the weight, between 0 and 1")
        if self.shares and len(self.balance) != 1:
            raise InputError(f"shares are for one column in balance; it has {len(self.balance)}")
        for value, share in self.shares.items():
            if not 0 < share < 1:
                raise InputError(f'share of "{value}": {share} is not between 0 and 1')
        if sum(self.shares.values()) > 1 + 1e-9:
            raise InputError(f"the shares add up to {sum(self.shares.values()):g}; at most 1 in all")

    def __str__(self) -> str:
        """The amount in a few words."""
        parts = []
        if self.balance:
            shares = ", ".join(f"{value} {share:g}" for value, share in self.shares.items())
            level = f" to {self.level:.0%} of the largest" if self.level < 1 else ""
            parts.append(f"{' and '.join(self.balance)} balanced{level}" + (f" ({shares})" if shares else ""))
        if self.independent is not None:
            parts.append(f"target independent of {self.independent}")
        if self.factor is not None:
            parts.append(f"{self.factor:g} times the rows")
        if self.rows is not None:
            parts.append(f"{self.rows:,} rows")
        if self.real_share is not None:
            parts.append(f"real rows {self.real_share:.0%} of the weight")
        return ", ".join(parts)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing is asked for."""
        return self.rows is None and self.factor is None and not self.balance and self.independent is None


@dataclass(frozen=True)
class Part:
    """Rows of one kind. values: in the balanced columns, as text. real: how many real rows are of that kind."""

    tests: Mapping[str, list[Predicate]]
    rows: int
    values: Mapping[str, str] = field(default_factory=dict)
    real: int = 0


@dataclass(frozen=True)
class Additions:
    """The rows to add: all parts, and remarks on what cannot be added."""

    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows in all."""
        return sum(part.rows for part in self.parts)

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: Schema, amount: Amount, *, seed: int = 0) -> Additions:
        """The rows to add to `frame`, of the schema's types.

        InputError if they cannot be drawn: a segment or class of fewer than `FEWEST` rows, a column without classes.
        """
        inside, subjects = _segment(frame, schema, amount, seed), schema.subjects(frame)
        tests = predicates_of(amount.where, schema.fields)
        rows = int(inside.sum())
        wanted = amount.rows if amount.factor is None else round(rows * amount.factor) - rows
        columns = _columns(schema, amount)
        if not columns:
            if wanted is None:
                raise InputError("nothing says how many rows to add; give rows, factor or balance")
            return cls((Part(tests, max(wanted, 1), real=rows),))
        if both := next((name for name in columns if name in tests), None):
            raise InputError(f'"{both}" cannot be balanced among rows that a condition on it chooses; drop one of them')
        cells, notes = _cells(frame[inside], schema, columns, subjects[inside])
        if amount.independent is not None:
            _check_independent(cells, frame[inside], columns)
        counts = np.array([part.real for part in cells], np.float64)
        added = _rounded(_needed(counts, _weights(cells, counts, columns, amount), wanted, amount.level), wanted)
        if not added.any():
            notes.append("the rows are balanced as they are; nothing to add")
        parts = (
            Part({**tests, **part.tests}, int(more), part.values, part.real)
            for part, more in zip(cells, added, strict=True)
        )
        return cls(tuple(part for part in parts if part.rows), tuple(notes))


def shares_of(frame: pd.DataFrame, schema: Schema, amount: Amount, *, seed: int = 0) -> list[Part]:
    """The parts of a new table of `amount.rows` rows with these shares; `frame` has all kinds of rows."""
    columns = _columns(schema, amount)
    inside = _segment(frame, schema, amount, seed)
    cells, _ = _cells(frame[inside], schema, columns, schema.subjects(frame)[inside])
    if amount.independent is not None:
        _check_independent(cells, frame[inside], columns)
    counts = np.array([part.real for part in cells], np.float64)
    weights = _weights(cells, counts, columns, amount)
    tests = predicates_of(amount.where, schema.fields)
    rows = _rounded(weights / weights.sum() * (amount.rows or 0), amount.rows)
    parts = [
        replace(part, tests={**tests, **part.tests}, rows=int(each)) for part, each in zip(cells, rows, strict=True)
    ]
    return [part for part in parts if part.rows]


def _check_independent(cells: Sequence[Part], frame: pd.DataFrame, columns: Sequence[str]) -> None:
    if len(cells) < np.prod([frame[name].nunique() for name in columns]):
        raise InputError(
            f'"{columns[1]}" cannot be made independent of "{columns[0]}": some of their combinations have fewer than '
            f"{FEWEST} real rows, and what so few have in common is never learned, for privacy"
        )


def _segment(frame: pd.DataFrame, schema: Schema, amount: Amount, seed: int) -> np.ndarray:
    """The rows that satisfy `where`: (n,) bool. InputError if they are so few that more of them would be copies."""
    if not amount.where:
        return np.ones(len(frame), bool)
    inside = Synthesizer.satisfied(frame, schema, amount.where, seed=seed)
    people = schema.subjects(frame)[inside].people
    if people < FEWEST:
        who = "subjects have rows that" if schema.subject else "real rows"
        raise InputError(
            f"{people} {who} satisfy the conditions; at least {FEWEST} are needed: what fewer have "
            f"in common is never learned, for privacy, so that more of them would be made up, or copies; "
            f"widen the conditions, or bring more such rows"
        )
    return inside


def _columns(schema: Schema, amount: Amount) -> tuple[str, ...]:
    columns = amount.balance
    if amount.independent is not None:
        if schema.target is None:
            raise InputError("independent needs a target, of which the schema names none; set `target`")
        if amount.independent == schema.target:
            raise InputError(f'"{schema.target}" is the target; name the column it should not depend on')
        columns = (amount.independent, schema.target)
    for name in columns:
        if name not in schema.fields:
            raise InputError(f'no column "{name}" to balance; {nearest(name, schema.fields)}')
    return tuple(dict.fromkeys(columns))


def _cells(
    frame: pd.DataFrame, schema: Schema, columns: Sequence[str], subjects: Subjects
) -> tuple[list[Part], list[str]]:
    """The combinations of values that occur, most frequent first. subjects: of the rows."""
    there = frame[list(columns)].notna().all(axis=1).to_numpy(bool)
    if not there.all():
        frame, subjects = frame[there], subjects[there]
    for name in columns:
        distinct = frame[name].nunique()
        if distinct > MOST_CELLS:
            raise InputError(
                f'"{name}" has {distinct:,} distinct values; what is balanced needs at most {MOST_CELLS}: '
                f"classes, not numbers"
            )
    grouped = frame.assign(**{WHOSE: subjects.each}).groupby(list(columns), sort=False, observed=True)[WHOSE]
    groups = grouped.size().sort_values(ascending=False, kind="stable")
    people = grouped.nunique().to_dict()
    if not len(groups):
        raise InputError(f'"{columns[0]}" has no value to balance')
    cells, small = [], 0
    unit = "subject" if schema.subject else "real row"
    for key, rows in groups.items():
        values = key if isinstance(key, tuple) else (key,)
        shown = people[key]
        if shown < FEWEST and len(columns) == 1:
            raise InputError(
                f'"{columns[0]}" has a value of {shown} {unit}{"s" * (shown > 1)} only; at least {FEWEST} are needed: '
                f"what fewer have in common is never learned, for privacy; balance other columns, or leave these "
                f"rows out"
            )
        if shown < FEWEST:
            small += 1
            continue
        tests = {name: [Predicate("=", _plain(value))] for name, value in zip(columns, values, strict=True)}
        names = {name: _text(schema, name, value) for name, value in zip(columns, values, strict=True)}
        cells.append(Part(tests, 0, names, int(rows)))
    if len(cells) > MOST_CELLS:
        raise InputError(f"{len(cells)} combinations to balance; at most {MOST_CELLS}: name fewer columns")
    if not cells:
        raise InputError(f"no combination of values has {FEWEST} real rows or more; balance fewer columns")
    notes = []
    if small:
        notes.append(
            f"{small} combination{'s' * (small > 1)} of values in fewer than {FEWEST} {unit}s left as they are: what "
            f"so few have in common is never learned, for privacy"
        )
    return cells, notes


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _text(schema: Schema, name: str, value: Any) -> str:
    return str(schema.fields[name].write(pd.Series([value], dtype=schema.fields[name].dtype(False))).iloc[0])


def _weights(cells: Sequence[Part], counts: np.ndarray, columns: Sequence[str], amount: Amount) -> np.ndarray:
    """The share that each combination should have: (cells,), up to a factor."""
    if amount.independent is not None:
        held = pd.DataFrame([part.values for part in cells])
        sums = [pd.Series(counts).groupby(held[name].to_numpy()).sum() for name in columns]
        weights: np.ndarray = np.prod(
            [each[held[name]].to_numpy() for name, each in zip(columns, sums, strict=True)], axis=0
        )
        return weights
    if not amount.shares:
        return np.ones(len(cells))
    values = [part.values[columns[0]] for part in cells]
    for value in amount.shares:
        if value not in values:
            raise InputError(f'share of "{value}": "{columns[0]}" has no such value; {nearest(value, values)}')
    is_named = np.array([value in amount.shares for value in values])
    left = 1 - sum(amount.shares.values())
    if not is_named.all() and left <= 1e-9:
        raise InputError("the shares leave nothing for the values without one; reduce them")
    rest = counts / counts[~is_named].sum() * left if not is_named.all() else counts
    named = np.array([amount.shares.get(value, 0.0) for value in values])
    return np.where(is_named, named, rest)


def _needed(counts: np.ndarray, weights: np.ndarray, wanted: int | None, level: float) -> np.ndarray:
    """How many rows to add to each combination, (cells,) float, for shares as near to `weights` as possible.

    wanted: how many in all; None for as few as bring every combination to its share, or to `level` of it.
    """
    if wanted is None:
        return np.asarray(np.maximum(level * (counts / weights).max() * weights - counts, 0.0))
    # water filling: the first k are filled to the level that uses all rows and is not above the next one's floor
    order = np.argsort(counts / weights, kind="stable")
    levels = (wanted + np.cumsum(counts[order])) / np.cumsum(weights[order])
    floors = np.append((counts / weights)[order][1:], np.inf)
    level = levels[np.argmax(levels <= floors)]
    return np.asarray(np.maximum(level * weights - counts, 0.0))


def _rounded(needed: np.ndarray, wanted: int | None) -> np.ndarray:
    """Whole rows, `wanted` in all, by the largest remainders."""
    if wanted is None:
        return np.asarray(np.rint(needed), np.int64)
    result = np.asarray(np.floor(needed + 1e-9), np.int64)
    short = wanted - int(result.sum())
    result[np.argsort(result - needed, kind="stable")[:short]] += 1
    return result
