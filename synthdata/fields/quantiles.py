"""Quantities as atoms, bins and levels: the one numeric codec, shared by numbers and datetimes.

A column of quantities (int64 units or float64) becomes *atoms*, values that occur often enough to be kept exactly, and
*levels*, sub-intervals of about equal mass, of which up to `levels` consecutive ones make a *bin*. A value that is
frequent inside the bins gets a level of its own, of zero width, so that repeated values stay repeated.

Privacy: every atom and every level stands for at least `threshold` subjects, with a threshold drawn once per column;
what lies beyond the extremes of `threshold` subjects is moved inwards. An edge that is not such a frequent value is a
midpoint between two values, so that no number kept is one subject's own, save by rounding to the unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from synthdata.blocks import Binned, Categorical
from synthdata.fields.intervals import Interval, along, draw_within, fraction_of, touched
from synthdata.subjects import THRESHOLD, Subjects

__all__ = ["Quantiles", "draw_threshold"]

LEAST_THRESHOLD = 5  # subjects that a value needs to be kept, or more, up to `THRESHOLD`
MOST_ATOMS = 256  # a column with at most this many distinct values keeps each that is not rare
ATOM_SHARE = 0.005  # in other columns a value must fill this share of the rows to be an atom
ROWS_PER_BIN = 50
MOST_BINS = 64
ROWS_PER_LEVEL = 8
MOST_LEVELS = 32


def draw_threshold(rng: np.random.Generator) -> int:
    """Draw how many subjects a value needs to be kept: 5, 6, 7 or 8, so that no exact count leaks."""
    return int(rng.integers(LEAST_THRESHOLD, THRESHOLD + 1))


@dataclass(frozen=True)
class Quantiles:
    """A column of quantities as training keeps it.

    atoms: (a,), ascending, kept exactly.
    lows, highs: (k,), ascending, disjoint closed intervals, the levels; int64 or float64 like `atoms`.
    levels: the most levels that share a bin.
    starts: the first level of each bin; None where all bins have as many levels, or one less.
    """

    atoms: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    levels: int
    starts: np.ndarray | None = None

    @classmethod
    def fit(cls, values: np.ndarray, rng: np.random.Generator, subjects: Subjects | None = None) -> Quantiles:
        """Learn from `values`: (n,) int64 or float64, none missing. Costs a sort.

        subjects: whose each value is; without them each is somebody's own.
        """
        threshold = draw_threshold(rng)
        tally = _Tally.of(values, subjects or Subjects(len(values)))
        share = ATOM_SHARE * len(values) if len(tally.distinct) > MOST_ATOMS else 0.0
        is_atom = (tally.people >= threshold) & (tally.rows >= share)
        rest = tally.without(is_atom).clamped(threshold)
        rows = int(rest.rows.sum())
        bins = int(np.clip(rows // ROWS_PER_BIN, 1, MOST_BINS))
        levels = int(np.clip(rows // (bins * ROWS_PER_LEVEL), 1, MOST_LEVELS))
        lows, highs = _levels(rest, rows / (bins * levels), threshold)
        return cls(tally.distinct[is_atom], lows, highs, min(levels, max(len(lows), 1)))

    @property
    def bins(self) -> int:
        """How many bins the levels make."""
        return -(-len(self.lows) // self.levels) if self.starts is None else len(self.starts)

    @property
    def block(self) -> Binned | Categorical:
        """A number with few distinct values is a category over them."""
        if not self.bins:
            return Categorical(len(self.atoms))
        return Binned(len(self.atoms), self.bins, self.levels)

    @property
    def spans(self) -> tuple[np.ndarray, np.ndarray]:
        """What each symbol of `block` stands for, from the least to the greatest value: (atoms + bins,) each."""
        first = self._first
        lows = self.lows[first[:-1]] if self.bins else self.lows
        highs = self.highs[first[1:] - 1] if self.bins else self.highs
        return np.concatenate([self.atoms, lows]), np.concatenate([self.atoms, highs])

    @property
    def _first(self) -> np.ndarray:
        """First level of each bin, and the end: (bins + 1,)."""
        if self.starts is not None:
            return np.append(self.starts, len(self.lows))
        return np.arange(self.bins + 1) * len(self.lows) // max(self.bins, 1)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Turn values (n,) into the array of `block`; a value that is not kept goes to its nearest neighbour."""
        slot = np.searchsorted(self.atoms, values)
        if not self.bins:
            right = np.minimum(slot, len(self.atoms) - 1)
            left = np.maximum(right - 1, 0)
            nearer_left = values / 2 - self.atoms[left] / 2 < self.atoms[right] / 2 - values / 2  # no overflow
            return np.asarray(np.where(nearer_left & (self.atoms[right] != values), left, right), np.int64)
        level = np.minimum(np.searchsorted(self.highs, values), len(self.lows) - 1)
        symbol = np.searchsorted(self._first, level, side="right") - 1
        fraction = fraction_of(self.lows[level], self.highs[level], values)
        offset = (level - self._first[symbol] + fraction) / self.levels
        result: np.ndarray = np.stack([symbol + len(self.atoms), offset], axis=1).astype(np.float64)  # (n, 2)
        if len(self.atoms):
            slot = np.minimum(slot, len(self.atoms) - 1)
            exact = self.atoms[slot] == values
            result[exact, 0], result[exact, 1] = slot[exact], 0.0
        return result

    def decode(self, array: np.ndarray, intervals: Sequence[Interval] | None = None) -> np.ndarray:
        """Turn arrays back into values (n,); outside the atoms, only values of `intervals` where they are given."""
        values: np.ndarray
        if not self.bins:
            values = self.atoms[array]
            return values
        symbol = array[:, 0].astype(np.int64)
        is_atom = symbol < len(self.atoms)
        bin_ = np.clip(symbol - len(self.atoms), 0, self.bins - 1)
        position = np.minimum(array[:, 1] % 1.0, 1 - 2**-53) * self.levels
        inner = position.astype(np.int64)
        level = np.minimum(self._first[bin_] + inner, self._first[bin_ + 1] - 1)
        if intervals is None:
            values = along(self.lows[level], self.highs[level], position - inner)
        else:
            values = draw_within(self.lows, self.highs, level, position - inner, intervals)
        if len(self.atoms):
            values[is_atom] = self.atoms[symbol[is_atom]]
        return values

    @property
    def ends(self) -> Interval | None:
        """The least and the greatest value that decoding yields; None if there is none."""
        kept = np.concatenate([self.atoms, self.lows, self.highs])
        return (kept.min().item(), kept.max().item()) if len(kept) else None

    def in_range(self, values: np.ndarray, intervals: Sequence[Interval] | None = None) -> np.ndarray:
        """Whether values (n,) lie between the ends of the bins, and in `intervals` where they are given."""
        inside = np.asarray((self.lows[0] <= values) & (values <= self.highs[-1]))
        return inside if intervals is None else inside & touched(values, values, intervals)

    def allowed(self, intervals: Sequence[Interval]) -> np.ndarray:
        """Which symbols, and which levels of them, can yield a value inside `intervals`.

        Returns a boolean mask, (atoms,) for Categorical and (atoms + bins, levels) for Binned.
        """
        atoms = touched(self.atoms, self.atoms, intervals)
        if not self.bins:
            return atoms
        levels = touched(self.lows, self.highs, intervals)
        first = self._first
        inner = np.arange(self.levels)
        index = first[:-1, None] + inner  # (bins, levels)
        exists = index < first[1:, None]
        bins = levels[np.minimum(index, len(levels) - 1)] & exists
        return np.concatenate([np.repeat(atoms[:, None], self.levels, axis=1), bins])

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON; integers stay exact."""
        return {
            "type": "int64" if self.lows.dtype.kind == "i" else "float64",
            "atoms": self.atoms.tolist(),
            "lows": self.lows.tolist(),
            "highs": self.highs.tolist(),
            "levels": self.levels,
            **({} if self.starts is None else {"starts": self.starts.tolist()}),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Quantiles:
        """Read what `to_json` wrote."""
        atoms, lows, highs = (np.array(data[key], dtype=data["type"]) for key in ("atoms", "lows", "highs"))
        starts = np.array(data["starts"], np.int64) if "starts" in data else None
        if starts is not None:
            sizes = np.diff(starts, append=len(lows))
            if not len(starts) or starts[0] or sizes.min() < 1 or sizes.max() > data["levels"]:
                raise ValueError("bins are not made of levels")
        return cls(atoms, lows, highs, data["levels"], starts)


@dataclass(frozen=True)
class _Tally:
    """How often values occur, and with how many subjects.

    distinct: (d,) ascending. rows: (d,) rows that show each. people: (d,) subjects that do. places, whose: (m,) a pair
    for each row, the place of its value in `distinct` and its subject; empty where each row is its own subject.
    """

    distinct: np.ndarray
    rows: np.ndarray
    people: np.ndarray
    places: np.ndarray
    whose: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, subjects: Subjects) -> _Tally:
        if subjects.numbers is None:
            distinct, rows = np.unique(values, return_counts=True)
            return cls(distinct, rows, rows, np.empty(0, np.int64), np.empty(0, np.int64))
        distinct, places = np.unique(values, return_inverse=True)
        people = subjects.count(places, len(distinct))
        return cls(distinct, np.bincount(places, minlength=len(distinct)), people, places, subjects.numbers)

    @property
    def each_its_own(self) -> bool:
        """Whether each row is its own subject."""
        return not len(self.places)

    def without(self, gone: np.ndarray) -> _Tally:
        """The tally of some values. kept: a mask (d,)."""
        stay, number = ~gone, np.cumsum(~gone) - 1
        kept = stay[self.places] if len(self.places) else np.empty(0, bool)
        return _Tally(
            self.distinct[stay], self.rows[stay], self.people[stay], number[self.places[kept]], self.whose[kept]
        )

    def subjects_up_to(self) -> np.ndarray:
        """How many subjects show each value or a smaller one: (d,)."""
        if self.each_its_own:
            return np.cumsum(self.rows)
        order = np.argsort(self.places, kind="stable")
        first = order[np.unique(self.whose[order], return_index=True)[1]]  # each subject's smallest value
        return np.cumsum(np.bincount(self.places[first], minlength=len(self.distinct)))

    def turned(self) -> _Tally:
        """The same in descending order."""
        last = len(self.distinct) - 1
        return _Tally(self.distinct[::-1], self.rows[::-1], self.people[::-1], last - self.places, self.whose)

    def clamped(self, threshold: int) -> _Tally:
        """Move what lies beyond the extremes of `threshold` subjects onto them, or between them and the next inwards.

        Nothing is left of fewer subjects in all.
        """
        below, above = self.subjects_up_to(), self.turned().subjects_up_to()[::-1]
        if not len(below) or below[-1] < threshold:
            return self.without(np.ones(len(self.distinct), bool))
        rows = int(self.rows.sum())
        first = int(np.searchsorted(below, threshold))
        last = len(above) - 1 - int(np.searchsorted(above[::-1], threshold))
        if last <= first:  # fewer subjects than two thresholds: the middle of the column stands for all
            middle = int(np.searchsorted(np.cumsum(self.rows), rows / 2))
            beside = max(middle - 1, 0)
            common = self.people[middle] >= threshold
            value = self.distinct[middle] if common else _between(*self.distinct[beside : beside + 2])[0]
            merged = np.zeros(len(self.places), np.int64)
            everybody = np.array([below[-1]])
            return _Tally(np.array([value], self.distinct.dtype), np.array([rows]), everybody, merged, self.whose)
        kept = self.distinct[first : last + 1].copy()
        if self.people[first] < threshold:  # one subject's own value, perhaps
            kept[0] = _between(kept[0], kept[1])[0]
        if self.people[last] < threshold:
            kept[-1] = _between(kept[-2], kept[-1])[1]
        counts, people = self.rows[first : last + 1].copy(), self.people[first : last + 1].copy()
        counts[0], counts[-1] = self.rows[: first + 1].sum(), self.rows[last:].sum()
        people[0], people[-1] = below[first], above[last]
        return _Tally(kept, counts, people, np.clip(self.places, first, last) - first, self.whose)


def _levels(tally: _Tally, mass: float, threshold: int) -> tuple[np.ndarray, np.ndarray]:
    """Group ascending distinct values into levels of about `mass` rows, none below `threshold` subjects.

    A value with `mass` rows of its own is a level of zero width. Returns lows and highs, (k,).
    """
    distinct, counts = tally.distinct, tally.rows
    if not len(distinct):
        return distinct, distinct
    heavy = (counts >= max(mass, threshold)) & (tally.people >= threshold)
    run = np.cumsum(heavy) * 2 - heavy  # heavy values have odd numbers, the runs of light values between them even
    light_rows = np.cumsum(np.where(heavy, 0, counts))
    run_start = np.maximum.accumulate(np.where(heavy, light_rows, 0))
    piece = ((light_rows - run_start - counts / 2) / mass).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, (np.diff(run) != 0) | (np.diff(piece) != 0)])
    ends = np.r_[starts[1:], len(distinct)] - 1
    pieces = [
        _Group(first, last, people, bool(heavy[first]))
        for first, last, people in zip(starts.tolist(), ends.tolist(), _people(tally, starts), strict=True)
    ]
    groups = _joined(pieces, lambda before, _: before.size < threshold)
    groups = _joined(groups, lambda _, group: group.size < threshold)  # the last of a run, if it is still too small
    edges = [_between(distinct[a.last], distinct[b.first]) for a, b in pairwise(groups)]
    lows, highs = [], []
    for number, group in enumerate(groups):
        if group.size < threshold and len(groups) > 1:
            continue  # too few subjects between two heavy values; they go to a neighbour
        low, high = distinct[group.first], distinct[group.last]
        if not group.heavy:
            low = edges[number - 1][1] if number else low
            high = edges[number][0] if number < len(edges) else high
        lows.append(low)
        highs.append(high)
    return np.array(lows, distinct.dtype), np.array(highs, distinct.dtype)


@dataclass(frozen=True)
class _Group:
    """Neighbouring values. people: how many subjects show them, or which, where subjects have several rows."""

    first: int
    last: int
    people: int | frozenset[int]
    heavy: bool

    @property
    def size(self) -> int:
        return self.people if isinstance(self.people, int) else len(self.people)

    def joined(self, after: _Group) -> _Group:
        """Both in one."""
        if isinstance(self.people, int) or isinstance(after.people, int):
            return _Group(self.first, after.last, self.size + after.size, self.heavy)
        return _Group(self.first, after.last, self.people | after.people, self.heavy)


def _joined(groups: Iterable[_Group], is_joined: Callable[[_Group, _Group], bool]) -> list[_Group]:
    """Light groups, each joined with the one before it, which is light too, where `is_joined` says so of the two."""
    result: list[_Group] = []
    for group in groups:
        if result and not group.heavy and not result[-1].heavy and is_joined(result[-1], group):
            result[-1] = result[-1].joined(group)
        else:
            result.append(group)
    return result


def _people(tally: _Tally, starts: np.ndarray) -> Sequence[int | frozenset[int]]:
    """Who shows the values from each start to the next."""
    if tally.each_its_own:
        counts: list[int] = np.add.reduceat(tally.rows, starts).tolist()
        return counts
    group = np.searchsorted(starts, tally.places, side="right") - 1
    order = np.argsort(group, kind="stable")
    parts = np.split(tally.whose[order], np.searchsorted(group[order], np.arange(1, len(starts))))
    return [frozenset(part.tolist()) for part in parts]


def _between(left: Any, right: Any) -> tuple[Any, Any]:
    """The end of one level and the start of the next, halfway between two neighbouring values."""
    if isinstance(left, np.integer):
        below = min(int(left) + (int(right) - int(left)) // 2, int(right) - 1)
        return below, below + 1
    middle = float(left) / 2 + float(right) / 2
    return middle, middle
