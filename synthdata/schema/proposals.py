"""Constraints that hold in every row of a table, and hardly by chance: what `init` proposes.

Candidates are found in a few rows, and then checked in all. A wrong proposal is worse than a missing one: numbers are
only proposed to be ordered if the one explains the other, since two amounts may be in order for no reason.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice
from math import ceil

import numpy as np
import pandas as pd

from synthdata.errors import DataError
from synthdata.fields import Datetime, Field, Number
from synthdata.fields.datetime import DAY
from synthdata.schema.constraints import Constraint, Ordered, Product, Sum

__all__ = ["propose_constraints"]

LOOKED_AT = 1024  # rows in which candidates are sought
FIRST = 128  # of these, rows in which all pairs of columns are compared
BOTH = 8  # of the first rows, that have both columns of a pair
LEAST_DATES, LEAST_NUMBERS, LEAST_SUMS = 100, 200, 100  # rows that must show what is proposed
BROKEN_DATES, BROKEN_NUMBERS = 0.02, 0.05  # of rows put together at random that would not be in order, at least
EXPLAINED = 0.5  # variance of a gap, relative to that of the higher column, at most
MOST_PAIRS, MOST_ROUNDED_PAIRS = 2_000_000, 500_000  # that are added up, in all; once more in groups of rows
ROUNDED = 0.01  # of the rows, at most, in which a sum is off by units of the last decimal of its parts
SLACK = 1e-3  # of such a unit, for the rounding of floats
SMALL, GROUPS = 32, 6  # rows of a group in which sums are sought that are off in others; how many groups
MOST_FOUND = 1000  # sums that seem to hold in a group
MOST_PRODUCTS = 2_000_000  # pairs of columns and totals that are multiplied
MOST_COLUMNS = 10_000  # that are compared with each other
MOST_DIGITS = 6  # of the number that a column is multiplied by
LEAST_FACTORS = 2  # values of a factor, at least
PERCENT = 0.01
OPEN = 9000  # the year from which on dates stand for none
SHOWN = 20  # rows in which two columns differ, or a part of a sum is not 0
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
ENDS = {
    frozenset(pair.split())
    for pair in (
        "min max", "minimum maximum", "low high", "lowest highest", "lower upper", "start end", "begin end", "from to",
        "open close", "opened closed", "first last", "admitted discharged", "admission discharge",
    )
}  # fmt: skip
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def propose_constraints(frame: pd.DataFrame, fields: Mapping[str, Field]) -> tuple[Constraint, ...]:
    """Orders of dates, times and numbers, sums and products that always hold, but for rounding. frame: raw or typed."""
    names = [name for name, field in fields.items() if _is_computable(field)]
    if not 2 <= len(names) <= MOST_COLUMNS or len(frame) < min(LEAST_DATES, LEAST_SUMS):
        return ()
    table = _Table(frame, {name: fields[name] for name in names})
    sums = _sums(table)
    products = _products(table, sums)
    totals = [*(each.total for each in sums), *(each.total for each in products)]
    return (*_orders(table, totals), *sums, *products)


def _is_computable(field: Field) -> bool:
    """Whether a column may be computed from others: one of clock times may not, see `Measure.is_open`."""
    return isinstance(field, Datetime) or (isinstance(field, Number) and field.clock is None)


@dataclass(frozen=True)
class _Table:
    """The quantities of a raw table, read as far as they are needed."""

    frame: pd.DataFrame
    fields: Mapping[str, Field]

    @cached_property
    def some(self) -> pd.DataFrame:
        """A few rows, evenly spread and in random order."""
        rows = np.random.default_rng(0).permutation(len(self.frame))[:LOOKED_AT]
        part = self.frame.iloc[rows]
        return pd.DataFrame({name: _glanced(part[name], name, field) for name, field in self.fields.items()})

    @cached_property
    def _whole(self) -> dict[str, pd.Series]:
        return {}

    def column(self, name: str) -> pd.Series:
        """A whole column."""
        if name not in self._whole:
            self._whole[name] = _read(self.frame[name], name, self.fields[name])
        return self._whole[name]

    def spans(self, low: str, high: str) -> bool:
        """Whether the high column is a whole day above times of the low one."""
        return self.fields[high].spans(self.fields[low])

    def unit(self, name: str) -> Hashable:
        """Equal for columns that may be compared."""
        field = self.fields[name]
        if isinstance(field, Datetime):
            return "datetime", field.timezone is not None
        assert isinstance(field, Number)
        return "number", field.scale


def _glanced(cells: pd.Series, name: str, field: Field) -> pd.Series:
    """Cells of a raw column; numbers in text are read more quickly than with care, which is enough for candidates."""
    if isinstance(field, Number) and field.form.is_plain and pd.api.types.is_string_dtype(cells):
        return pd.to_numeric(cells, errors="coerce").astype("float64")
    return _read(cells, name, field)


def _read(cells: pd.Series, name: str, field: Field) -> pd.Series:
    """A raw column in its type; missing throughout if it has to be mended first, which another message says."""
    try:
        return field.parse(cells, name)
    except DataError:
        return pd.Series(np.nan, cells.index)


def _quantity(column: pd.Series) -> np.ndarray:
    """Values as floats (n,), NaN where missing; times in microseconds."""
    if pd.api.types.is_numeric_dtype(column):
        return column.to_numpy("float64", na_value=np.nan)
    moments = column.dt.tz_convert("UTC").dt.tz_localize(None) if column.dt.tz is not None else column
    times = moments.to_numpy("datetime64[us]")
    return np.where(np.isnat(times), np.nan, times.astype(np.float64))


# --- order -----------------------------------------------------------------------------------------------------------


def _orders(table: _Table, totals: Sequence[str]) -> list[Ordered]:
    """Orders that hold in every row, without those that others imply; a total is left to its sum."""
    above: dict[str, set[str]] = {}  # the columns that each is above
    for low, high in sorted(_ordered_pairs(table), key=lambda pair: table.spans(*pair)):
        if high in totals or high in _below(low, above):  # whole days could be ordered in a circle
            continue
        if _is_ordered(table, low, high):
            above.setdefault(high, set()).add(low)
    result = []
    for high in (name for name in table.fields if name in above):
        through = {low for other in above[high] for low in above.get(other, ())}
        result += [Ordered(low=low, high=high) for low in table.fields if low in above[high] - through]
    return result


def _below(name: str, above: Mapping[str, set[str]]) -> set[str]:
    """All columns that one is above, by way of others too."""
    found, left = set[str](), [name]
    while left:
        new = above.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def _ordered_pairs(table: _Table) -> Iterator[tuple[str, str]]:
    """Pairs of columns that are in order in some rows: (low, high)."""
    units: dict[Hashable, list[str]] = {}
    for name in table.fields:
        units.setdefault(table.unit(name), []).append(name)
    for names in units.values():
        values = np.stack([_quantity(table.some[name]) for name in names])  # (columns, rows)
        first = values[:, :FIRST]
        there = ~np.isnan(first)
        for low, name in enumerate(names):
            days = np.array([[table.spans(name, high)] for high in names])
            with np.errstate(invalid="ignore"):
                broken = (first + days * (DAY - 1) < first[low]).any(axis=1)
            both = (there & there[low]).sum(axis=1)
            for high in np.flatnonzero(~broken & (both >= min(BOTH, first.shape[1]))).tolist():
                if high != low and not (values[high] + days[high] * (DAY - 1) < values[low]).any():
                    yield name, names[high]


def _is_ordered(table: _Table, low: str, high: str) -> bool:
    """Whether two columns are in order in every row, and that says something."""
    is_time = isinstance(table.fields[low], Datetime)
    if is_time and any((table.column(name).dt.year >= OPEN).any() for name in (low, high)):
        return False  # dates that stand for none: as distances from others, they would not come back
    some = np.stack([_quantity(table.some[name]) for name in (low, high)])
    later = DAY - 1 if table.spans(low, high) else 0
    some[1] += later
    some = some[:, ~np.isnan(some).any(axis=0)]
    if not _tells_something(*some, named=_named_alike(low, high), is_time=is_time):
        return False
    lows, highs = (_quantity(table.column(name)) for name in (low, high))
    highs = highs + later
    both = ~np.isnan(lows) & ~np.isnan(highs)
    if both.sum() < (LEAST_DATES if is_time else LEAST_NUMBERS) or (highs[both] < lows[both]).any():
        return False
    if (highs[both] > lows[both]).sum() < SHOWN:
        return False
    return not is_time or not _on_a_calendar(table.column(high)[both])


def _tells_something(low: np.ndarray, high: np.ndarray, *, named: bool, is_time: bool) -> bool:
    """Whether order is no matter of course: rows put together at random would not be in order.

    Numbers that are not named as two ends must be explained by each other too: what one exceeds the other by has to be
    less spread than the higher one, which is learned by it, and in fewer values.
    """
    gap = high - low
    if not len(gap) or not gap.any():  # the same, which copied columns are for
        return False
    broken = 1 - (np.searchsorted(np.sort(low), high, side="right") / len(low)).mean()
    if is_time or named:
        return bool(broken >= BROKEN_DATES)
    narrow = np.var(gap) <= EXPLAINED * np.var(high)
    return bool(broken >= BROKEN_NUMBERS and narrow and _concentration(gap) >= _concentration(high))


def _concentration(values: np.ndarray) -> float:
    """The probability that two of the values are equal."""
    counts = np.unique(values, return_counts=True)[1].astype(float)
    return float((counts * (counts - 1)).sum() / max(len(values) * (len(values) - 1), 1))


def _on_a_calendar(times: pd.Series) -> bool:
    """Whether all dates are the first or the last of a month, which a date plus some days is not."""
    is_one_day = times.dt.normalize().nunique() == 1  # times of day
    return not is_one_day and bool(times.dt.is_month_start.all() or times.dt.is_month_end.all())


def _named_alike(low: str, high: str) -> bool:
    """Whether names differ in a pair of ends alone: `min_age`, `max_age`."""
    words = [[word.lower() for word in WORD.findall(name)] for name in (low, high)]
    if len(words[0]) != len(words[1]):
        return False
    different = [pair for pair in zip(*words, strict=True) if pair[0] != pair[1]]
    return len(different) == 1 and frozenset(different[0]) in ENDS


# --- sums ------------------------------------------------------------------------------------------------------------


def _sums(table: _Table) -> list[Sum]:
    """Sums of two or three parts that hold in every row, at most one of a total, and none in a circle."""
    parts_of: dict[str, tuple[str, ...]] = {}
    found: dict[str, Sum] = {}
    for total, parts in _candidates(table):
        if total in found or any(total in _all_parts(part, parts_of) for part in parts):
            continue
        each = _adding_up(table, total, parts)
        if each is not None:
            found[total], parts_of[total] = each, parts
    return [found[total] for total in table.fields if total in found]


def _all_parts(name: str, parts_of: Mapping[str, Sequence[str]]) -> set[str]:
    """A column, and all that it is a sum of."""
    return {name}.union(*(_all_parts(part, parts_of) for part in parts_of.get(name, ())))


def _candidates(table: _Table) -> list[tuple[str, tuple[str, ...]]]:
    """Totals with parts that seem to add up to them in some rows; exact sums first, then pairs before triples."""
    scales = sorted({each.scale for each in table.fields.values() if isinstance(each, Number) and each.scale})
    exact = _Units.of(table, scales[-1] if scales else 0).sums()
    rounded = [found for scale in scales for found in _Units.of(table, scale).rounded_sums()]
    ordered = dict.fromkeys([*sorted(exact, key=_length), *sorted(rounded, key=_length)])
    return list(ordered)


def _length(found: tuple[str, tuple[str, ...]]) -> int:
    return len(found[1])


@dataclass(frozen=True)
class _Units:
    """The numbers of some rows, counted in units of 10 ** -scale.

    values: (columns, rows) uint64, modulo 2 ** 64; rounded where a column has more decimals, 0 where it is missing.
    scales: decimals, (columns,). weights: (rows,), random.
    """

    scale: int
    names: Sequence[str]
    scales: np.ndarray
    values: np.ndarray
    missing: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, table: _Table, scale: int) -> _Units:
        """Columns of one value, or whose values are too large to be counted, are left out."""
        units: dict[str, np.ndarray] = {}
        scales = {name: each.scale for name, each in table.fields.items() if isinstance(each, Number)}
        for name, own in scales.items():
            values = _quantity(table.some[name])
            present = values[~np.isnan(values)]
            if own is None or len(np.unique(present)) < 2 or np.abs(present).max() * 10.0**own >= 2.0**62:
                continue
            counted = np.rint(np.where(np.isnan(values), 0, values) * 10.0 ** min(own, scale)).astype(np.int64)
            units[name] = counted.astype(np.uint64) * np.uint64(pow(10, max(scale - own, 0), 2**64))
        names, rows = list(units), len(table.some)
        weights = np.random.default_rng(1).integers(0, 2**63, rows).astype(np.uint64) * np.uint64(2) + GOLDEN
        missing = table.some[names].isna().to_numpy(bool).T
        values = np.stack([units[name] for name in names]) if names else np.zeros((0, rows), np.uint64)
        return cls(scale, names, np.array([scales[name] for name in names], np.int64), values, missing, weights)

    def sums(self) -> list[tuple[str, tuple[str, ...]]]:
        """Sums that hold in all of the rows."""
        found = []
        for columns, totals, rows in self._compared([slice(None)], MOST_PAIRS):
            found += [self._named(*each) for each in self._adding_up(columns, totals, rows)]
        return found

    def rounded_sums(self) -> list[tuple[str, tuple[str, ...]]]:
        """Sums of parts of so many decimals that hold in nearly all rows, and so in some small group of rows."""
        found = []
        groups = [slice(start, start + SMALL) for start in range(0, GROUPS * SMALL, SMALL)]
        for columns, totals, rows in self._compared(groups, MOST_ROUNDED_PAIRS):
            vary = (self.values[np.ix_(totals, rows)] != self.values[totals, rows[0]][:, None]).any(axis=1)
            totals = totals[vary & (self.scales[totals] >= self.scale)]
            for total, parts in islice(self._adding_up(columns, totals, rows), MOST_FOUND):
                if self.scales[list(parts)].max() == self.scale and self._is_nearly(total, parts):
                    found.append(self._named(total, parts))
        return found

    def _compared(self, groups: Sequence[slice], left: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Columns to compare with each other, those of them that may be totals, and rows in which they are present.

        Only totals that are missing where a part is, and parts that are missing nowhere else, are compared.
        left: how many pairs may be.
        """
        patterns, counts = np.unique(self.missing, axis=0, return_counts=True)
        for group in groups:
            for pattern in patterns[np.argsort(-counts, kind="stable")]:
                columns = np.flatnonzero(~(self.missing & ~pattern).any(axis=1))
                left -= len(columns) * (len(columns) - 1) // 2
                if left < 0:
                    return
                rows = np.flatnonzero(~pattern)[group]
                if len(columns) >= 3 and len(rows) >= min(BOTH, len(pattern)):
                    yield columns, columns[(self.missing[columns] == pattern).all(axis=1)], rows

    def _adding_up(
        self, columns: np.ndarray, totals: np.ndarray, rows: np.ndarray
    ) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Totals with two or three of the columns that add up to them in these rows.

        Each column becomes one number, a sum of its units with random weights modulo 2 ** 64: where columns add up, so
        do their numbers, so all pairs and triples are compared at once.
        """
        numbers = (self.values[np.ix_(columns, rows)] * self.weights[rows]).sum(axis=1, dtype=np.uint64)
        for total, parts in _pairs_and_triples(numbers, np.searchsorted(columns, totals).tolist()):
            found = int(columns[total]), tuple(columns[list(parts)].tolist())
            if self.scales[list(found[1])].max() <= min(self.scales[found[0]], self.scale):
                yield found

    def _is_nearly(self, total: int, parts: tuple[int, ...]) -> bool:
        """Whether a sum holds in nearly all rows, and is off by rounding in all others."""
        rows = ~self.missing[total]
        off = self.values[total, rows] - self.values[list(parts)][:, rows].sum(axis=0, dtype=np.uint64)
        return bool((np.abs(off.view(np.int64)) < len(parts)).all() and (off != 0).mean() <= 3 * ROUNDED)

    def _named(self, total: int, parts: tuple[int, ...]) -> tuple[str, tuple[str, ...]]:
        return self.names[total], tuple(self.names[part] for part in parts)


def _pairs_and_triples(numbers: np.ndarray, totals: Sequence[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Pairs and triples of numbers (n,) uint64 that add up to one of the totals, given by their places."""
    if len(numbers) < 3:
        return
    first, second = (each.astype(np.int32) for each in np.triu_indices(len(numbers), 1))
    pairs = numbers[first] + numbers[second]
    order = np.argsort(pairs)
    pairs = pairs[order]
    for total in totals:
        rest = np.append(numbers[total] - numbers, numbers[total])  # a third part, or none
        rest[total] = numbers[total]
        start, stop = np.searchsorted(pairs, rest), np.searchsorted(pairs, rest, side="right")
        for third in np.flatnonzero(stop > start).tolist():
            for place in order[start[third] : stop[third]].tolist():
                parts = {int(first[place]), int(second[place])} | (
                    {third} if third < len(numbers) and third != total else set()
                )
                if total not in parts and (third == len(numbers) or third == total or len(parts) == 3):
                    yield total, tuple(sorted(parts))


def _adding_up(table: _Table, total: str, parts: Sequence[str]) -> Sum | None:
    """The sum if parts add up to a total in every row but for rounding, and each has a share in it.

    Rounding is that of a total to the decimals of its parts, and in few rows that of each part but one.
    """
    columns = pd.DataFrame({name: table.column(name) for name in (total, *parts)})
    missing = columns.isna()
    if (missing[total] != missing[list(parts)].any(axis=1)).any():
        return None
    present = columns[~missing[total]]
    if len(present) < LEAST_SUMS or any((present[part] != 0).sum() < SHOWN for part in parts):
        return None
    if any((present[one] == -present[other]).all() for one, other in combinations(parts, 2)):
        return None
    if Sum(total=total, parts=list(parts)).holds(present).all():
        return Sum(total=total, parts=list(parts))
    scale = max(_scale(table.fields[part]) for part in parts)
    off = (present[list(parts)].sum(axis=1) - present[total]).abs().to_numpy("float64") * 10.0**scale - SLACK
    if not scale or (off > 0.5).mean() > ROUNDED or off.max() > len(parts) - 1:
        return None
    return Sum(total=total, parts=list(parts), tolerance=ceil(off.max()) / 10**scale)


def _scale(field: Field) -> int:
    """The decimals of a number; 0 if it has any."""
    return (field.scale or 0) if isinstance(field, Number) else 0


# --- products ---------------------------------------------------------------------------------------------------------


def _products(table: _Table, sums: Sequence[Sum]) -> list[Product]:
    """Products of two columns, or of one and a percentage, that hold in every row; at most one of a total."""
    values = {name: _quantity(table.some[name]) for name, each in table.fields.items() if isinstance(each, Number)}
    names = [name for name, each in values.items() if len(np.unique(each[~np.isnan(each)])) >= LEAST_FACTORS]
    parts_of: dict[str, Sequence[str]] = {each.total: each.parts for each in sums}
    totals = [name for name in names if name not in parts_of and _scale_known(table.fields[name])]
    if len(names) * (len(names) - 1) // 2 * len(totals) > MOST_PRODUCTS:
        return []
    found: dict[str, Product] = {}
    if not totals:
        return []
    first = np.stack([values[total][:FIRST] for total in totals])
    units = np.array([10.0 ** -_scale(table.fields[total]) for total in totals])

    def near(product: np.ndarray) -> list[str]:
        """The totals that a product in the first rows is, but for rounding; a few rows rule out most."""
        there = np.flatnonzero(~np.isnan(product))
        if len(there) < BOTH:
            return []
        most = (0.5 + SLACK) * units
        few = np.flatnonzero((np.abs(first[:, there[:BOTH]] - product[there[:BOTH]]) <= most[:, None]).all(axis=1))
        right = (np.abs(first[np.ix_(few, there)] - product[there]) <= most[few, None]).all(axis=1)
        return [totals[place] for place in few[right].tolist()]

    for part in names:
        for total in _scaled(first, values[part][:FIRST], units, totals):
            if total == part or total in found or total in _all_parts(part, parts_of):
                continue
            share = _share(table, total, part)
            if share is not None:
                found[total], parts_of[total] = share, share.parts
    for pair in combinations(names, 2):
        with np.errstate(over="ignore"):  # which is then no total
            product = values[pair[0]][:FIRST] * values[pair[1]][:FIRST]
        for factor in (1.0, PERCENT):
            for total in near(product * factor):
                if total in found or any(total in _all_parts(part, parts_of) for part in pair):
                    continue
                each = _multiplied(table, total, pair, factor)
                if each is not None:
                    found[total], parts_of[total] = each, pair
    return [found[name] for name in table.fields if name in found]


def _scaled(totals: np.ndarray, part: np.ndarray, units: np.ndarray, names: Sequence[str]) -> list[str]:
    """The totals (names, rows) that are a part (rows,) times some number in a few rows, but for rounding to units."""
    there = np.flatnonzero(~np.isnan(part) & (part != 0))[:BOTH]
    if len(there) < BOTH:
        return []
    slack = (0.5 + SLACK) * units[:, None] / np.abs(part[there])
    ratios = totals[:, there] / part[there]
    return [names[int(place)] for place in np.flatnonzero((ratios - slack).max(axis=1) <= (ratios + slack).min(axis=1))]


def _share(table: _Table, total: str, part: str) -> Product | None:
    """The product of one part and a number of few digits, such as a tax that is a fifth of each price."""
    totals, parts = (_quantity(table.column(name)) for name in (total, part))
    factor = _factor(totals, parts, 10.0 ** -_scale(table.fields[total]))
    there = ~np.isnan(totals)
    if factor is None or factor == 1 or len(np.unique(totals[there])) < SHOWN or there.sum() < LEAST_SUMS:
        return None
    frame = pd.DataFrame({total: totals, part: parts})
    for tolerance in (0.0, 0.5 * 10.0 ** -_scale(table.fields[total])):
        each = Product(total=total, parts=(part,), factor=factor, tolerance=tolerance)
        if each.holds(frame).all():
            return each
    return None


def _factor(totals: np.ndarray, parts: np.ndarray, unit: float) -> float | None:
    """The number of fewest digits by which all parts give the totals, rounded to units; None if there is none."""
    there = ~np.isnan(parts)
    if (there != ~np.isnan(totals)).any() or there.sum() < BOTH or (totals[there & (parts == 0)] != 0).any():
        return None
    there &= parts != 0
    ends = (totals[there] + unit * (0.5 + SLACK) * np.array([[-1.0], [1.0]])) / parts[there]
    least, most = ends.min(axis=0).max(initial=0.0), ends.max(axis=0).min(initial=np.inf)
    if not 0 < least <= most < np.inf:
        return None
    for digits in range(1, MOST_DIGITS + 1):
        factor = float(f"{(least + most) / 2:.{digits - 1}e}")
        if least <= factor <= most:
            return factor
    return None


def _multiplied(table: _Table, total: str, parts: tuple[str, str], factor: float) -> Product | None:
    """The product, if it holds in all rows and wherever nothing is missing, and in enough is not one of its parts."""
    columns = pd.DataFrame({name: table.column(name) for name in (total, *parts)})
    missing = columns.isna()
    if (missing[total] != missing[list(parts)].any(axis=1)).any():
        return None
    present = columns[~missing[total]]
    differ = [(present[total] != present[part] * by).sum() >= SHOWN for part in parts for by in (1.0, factor)]
    if len(present) < LEAST_SUMS or not all(differ):
        return None
    for tolerance in (0.0, 0.5 * 10.0 ** -_scale(table.fields[total])):
        each = Product(total=total, parts=parts, factor=factor, tolerance=tolerance)
        if each.holds(present).all():
            return each
    return None


def _scale_known(field: Field) -> bool:
    """Whether the decimals of a number are known: floats of any precision are the product of nothing rounded."""
    return isinstance(field, Number) and field.scale is not None
