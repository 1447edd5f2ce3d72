"""Quantities as atoms, bins and levels: the one numeric codec, shared by numbers and datetimes.

A column of quantities (int64 units or float64) becomes *atoms*, values that occur often enough to be kept exactly, and
*levels*, sub-intervals of about equal mass, of which up to `levels` consecutive ones make a *bin*. A value that is
frequent inside the bins gets a level of its own, of zero width, so that repeated values stay repeated.

Privacy: every atom and every level stands for at least `threshold` rows, with a threshold drawn once per column;
the ends of the range are the `threshold`-th extremes; edges between levels are midpoints, not values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from synthdata.blocks import Binned, Categorical

__all__ = ["Interval", "Quantiles", "draw_threshold", "intersect"]

Interval: TypeAlias = tuple[int | float, int | float]  # closed on both sides

MOST_ATOMS = 256  # a column with at most this many distinct values keeps each that is not rare
ATOM_SHARE = 0.005  # in other columns a value must fill this share of the rows to be an atom
ROWS_PER_BIN = 25
MOST_BINS = 64
ROWS_PER_LEVEL = 8
MOST_LEVELS = 32


def draw_threshold(rng: np.random.Generator) -> int:
    """Draw how many rows a value needs to be kept: 5, 6, 7 or 8, so that its presence tells no exact count."""
    return int(rng.integers(5, 9))


def intersect(a: Sequence[Interval], b: Sequence[Interval]) -> tuple[Interval, ...]:
    """Intersect two unions of disjoint intervals, both ascending."""
    result = []
    i = j = 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low <= high:
            result.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(result)


@dataclass(frozen=True)
class Quantiles:
    """What is kept of a column of quantities.

    atoms: (a,), ascending, kept exactly.
    lows, highs: (k,), ascending, disjoint closed intervals, the levels; int64 or float64 like `atoms`.
    levels: the most levels that share a bin.
    """

    atoms: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    levels: int

    @classmethod
    def fit(cls, values: np.ndarray, rng: np.random.Generator) -> Quantiles:
        """Learn from `values`: (n,) int64 or float64, none missing. Costs a sort."""
        threshold = draw_threshold(rng)
        distinct, counts = np.unique(values, return_counts=True)
        least = threshold if len(distinct) <= MOST_ATOMS else max(threshold, ATOM_SHARE * len(values))
        is_atom = counts >= least
        rest, rest_counts = _clamp(distinct[~is_atom], counts[~is_atom], threshold)
        rows = int(rest_counts.sum())
        bins = int(np.clip(rows // ROWS_PER_BIN, 1, MOST_BINS))
        levels = int(np.clip(rows // (bins * ROWS_PER_LEVEL), 1, MOST_LEVELS))
        lows, highs = _levels(rest, rest_counts, rows / (bins * levels), threshold)
        return cls(distinct[is_atom], lows, highs, min(levels, max(len(lows), 1)))

    @property
    def bins(self) -> int:
        """How many bins the levels make."""
        return -(-len(self.lows) // self.levels)

    @property
    def block(self) -> Binned | Categorical:
        """A number with few distinct values is a category over them."""
        if not self.bins:
            return Categorical(len(self.atoms))
        return Binned(len(self.atoms), self.bins, self.levels)

    @property
    def _first(self) -> np.ndarray:
        """First level of each bin, and the end: (bins + 1,)."""
        return np.arange(self.bins + 1) * len(self.lows) // max(self.bins, 1)

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Turn values (n,) into what `block` says; a value that is not kept goes to its nearest neighbour."""
        slot = np.searchsorted(self.atoms, values)
        if not self.bins:
            right = np.minimum(slot, len(self.atoms) - 1)
            left = np.maximum(right - 1, 0)
            nearer_left = np.abs(values - self.atoms[left]) < np.abs(self.atoms[right] - values)
            return np.where(nearer_left, left, right).astype(np.int64)
        level = np.minimum(np.searchsorted(self.highs, values), len(self.lows) - 1)
        symbol = np.searchsorted(self._first, level, side="right") - 1
        low, high = self.lows[level], self.highs[level]
        inside = np.clip(values, low, high)
        if self.lows.dtype.kind == "i":
            steps = _span(low, high) + 1.0
            fraction = (_span(low, inside) + 0.5) / steps
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                fraction = np.where(high > low, (inside - low) / (high - low), 0.5)
        fraction = np.clip(fraction, 0.0, 1 - 2**-40)
        offset = (level - self._first[symbol] + fraction) / self.levels
        result = np.stack([symbol + len(self.atoms), offset], axis=1).astype(np.float64)  # (n, 2)
        if len(self.atoms):
            slot = np.minimum(slot, len(self.atoms) - 1)
            exact = self.atoms[slot] == values
            result[exact, 0], result[exact, 1] = slot[exact], 0.0
        return result

    def decode(self, array: np.ndarray, intervals: Sequence[Interval] | None = None) -> np.ndarray:
        """Turn arrays back into values (n,); inside a level, only values of `intervals` where they are given."""
        if not self.bins:
            return self.atoms[array]
        symbol = array[:, 0].astype(np.int64)
        is_atom = symbol < len(self.atoms)
        bin_ = np.clip(symbol - len(self.atoms), 0, self.bins - 1)
        position = np.clip(array[:, 1], 0.0, 1 - 2**-53) * self.levels
        inner = position.astype(np.int64)
        level = np.minimum(self._first[bin_] + inner, self._first[bin_ + 1] - 1)
        values = self._draw(level, position - inner, intervals)
        if len(self.atoms):
            values[is_atom] = self.atoms[symbol[is_atom]]
        return values

    def _draw(self, level: np.ndarray, fraction: np.ndarray, intervals: Sequence[Interval] | None) -> np.ndarray:
        low, high = self.lows[level], self.highs[level]
        if intervals is None:
            if self.lows.dtype.kind == "i":
                return _advance(low, np.floor(fraction * (_span(low, high) + 1.0)), _span(low, high))
            return low + fraction * (high - low)
        values = np.array(low)
        for one in np.unique(level):  # one pass for each level in use, at most some thousand
            pieces = intersect(intervals, [(self.lows[one].item(), self.highs[one].item())])
            if pieces:  # a masked-out level is never asked for; anything else keeps its low end
                here = level == one
                values[here] = _inside(pieces, fraction[here], values.dtype)
        return values

    def allowed(self, intervals: Sequence[Interval]) -> np.ndarray:
        """Which symbols, and which levels of them, can yield a value inside `intervals`.

        Returns a boolean mask, (atoms,) for Categorical and (atoms + bins, levels) for Binned.
        """
        atoms = _touches(self.atoms, self.atoms, intervals)
        if not self.bins:
            return atoms
        touched = _touches(self.lows, self.highs, intervals)
        first = self._first
        inner = np.arange(self.levels)
        index = first[:-1, None] + inner  # (bins, levels)
        exists = index < first[1:, None]
        bins = touched[np.minimum(index, len(touched) - 1)] & exists
        return np.concatenate([np.repeat(atoms[:, None], self.levels, axis=1), bins])

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON; integers stay exact."""
        return {
            "type": "int64" if self.lows.dtype.kind == "i" else "float64",
            "atoms": self.atoms.tolist(),
            "lows": self.lows.tolist(),
            "highs": self.highs.tolist(),
            "levels": self.levels,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Quantiles:
        """Read what `to_json` wrote."""
        arrays = (np.array(data[key], dtype=data["type"]) for key in ("atoms", "lows", "highs"))
        return cls(*arrays, levels=data["levels"])


def _span(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """`high - low` as floats, right also where the difference of two int64 does not fit an int64."""
    return (high.astype(np.uint64) - low.astype(np.uint64)).astype(np.float64)


def _advance(low: np.ndarray, steps: np.ndarray, most: np.ndarray) -> np.ndarray:
    """`low + steps` in int64, steps clipped to `most`; sums wrap in uint64, so that the ends of int64 are safe."""
    steps = np.minimum(steps, most)
    steps = np.where(steps >= 2.0**63, np.minimum(steps, 2.0**64 - 2048), steps).astype(np.uint64)
    return (low.astype(np.uint64) + steps).astype(np.int64)


def _clamp(distinct: np.ndarray, counts: np.ndarray, threshold: int) -> tuple[np.ndarray, np.ndarray]:
    """Move everything beyond the `threshold`-th extremes onto them."""
    if counts.sum() < threshold:
        return distinct[:0], counts[:0]
    cumulative = np.cumsum(counts)
    first = int(np.searchsorted(cumulative, threshold))
    last = int(np.searchsorted(cumulative, cumulative[-1] - threshold, side="right"))
    if last <= first:  # fewer rows than two thresholds: one value in the middle stands for all
        return distinct[first : first + 1], np.array([cumulative[-1]])
    kept = counts[first : last + 1].copy()
    kept[0], kept[-1] = cumulative[first], cumulative[-1] - cumulative[last - 1]
    return distinct[first : last + 1], kept


def _levels(
    distinct: np.ndarray, counts: np.ndarray, mass: float, threshold: int
) -> tuple[np.ndarray, np.ndarray]:
    """Group ascending distinct values into levels of about `mass` rows, none below `threshold` rows.

    A value with `mass` rows of its own is a level of zero width. Returns lows and highs, (k,).
    """
    if not len(distinct):
        return distinct, distinct
    heavy = counts >= max(mass, threshold)
    run = np.cumsum(heavy) * 2 - heavy  # heavy values have odd numbers, the runs of light values between them even
    light_rows = np.cumsum(np.where(heavy, 0, counts))
    run_start = np.maximum.accumulate(np.where(heavy, light_rows, 0))
    piece = ((light_rows - run_start - counts / 2) / mass).astype(np.int64)
    starts = np.flatnonzero(np.r_[True, (np.diff(run) != 0) | (np.diff(piece) != 0)])
    group_rows = np.add.reduceat(counts, starts)
    groups: list[list[int]] = []  # [first distinct, last distinct, rows, is heavy]
    ends = np.r_[starts[1:], len(distinct)] - 1
    for first, last, rows in zip(starts.tolist(), ends.tolist(), group_rows.tolist(), strict=True):
        previous = groups[-1] if groups else None
        if previous and not heavy[first] and not previous[3] and min(rows, previous[2]) < threshold:
            previous[1], previous[2] = last, previous[2] + rows
        else:
            groups.append([first, last, rows, int(heavy[first])])
    edges = [_between(distinct[a[1]], distinct[b[0]]) for a, b in zip(groups, groups[1:], strict=False)]
    lows, highs = [], []
    for number, (first, last, rows, is_heavy) in enumerate(groups):
        if rows < threshold and len(groups) > 1:
            continue  # too few rows between two heavy values; they go to a neighbour
        low, high = distinct[first], distinct[last]
        if not is_heavy:
            low = edges[number - 1][1] if number else low
            high = edges[number][0] if number < len(edges) else high
        lows.append(low)
        highs.append(high)
    return np.array(lows, distinct.dtype), np.array(highs, distinct.dtype)


def _between(left: Any, right: Any) -> tuple[Any, Any]:
    """The end of one level and the start of the next, halfway between two neighbouring values."""
    if isinstance(left, np.integer):
        middle = int(left) + (int(right) - int(left)) // 2
        return min(middle, int(right) - 1), min(middle, int(right) - 1) + 1
    middle = float(left) / 2 + float(right) / 2
    return middle, middle


def _touches(lows: np.ndarray, highs: np.ndarray, intervals: Sequence[Interval]) -> np.ndarray:
    """For each closed [low, high], whether it meets any of the ascending intervals: (k,) bool."""
    if not intervals:
        return np.zeros(len(lows), bool)
    starts = np.array([low for low, _ in intervals], dtype=lows.dtype)
    stops = np.array([high for _, high in intervals], dtype=lows.dtype)
    candidate = np.searchsorted(stops, lows)  # the first interval that does not end before low
    inside = candidate < len(starts)
    return inside & (starts[np.minimum(candidate, len(starts) - 1)] <= highs)


def _inside(pieces: Sequence[Interval], fraction: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Draw uniformly from a union of intervals; `fraction` in [0, 1) says where."""
    if dtype.kind == "i":
        sizes = [int(high) - int(low) + 1 for low, high in pieces]
        total = sum(sizes)
        starts = np.cumsum([0, *sizes[:-1]], dtype=np.float64)
        target = np.minimum(np.floor(fraction * total), float(total - 1))
    else:
        lengths = [high - low for low, high in pieces]
        starts = np.cumsum([0.0, *lengths[:-1]])
        target = fraction * sum(lengths)
    which = np.searchsorted(starts, target, side="right") - 1
    low = np.array([piece[0] for piece in pieces], dtype)[which]
    high = np.array([piece[1] for piece in pieces], dtype)[which]
    beyond = target - starts[which]
    if dtype.kind == "i":
        return _advance(low, beyond, _span(low, high))
    return np.minimum(low + beyond, high)
