"""Quantities as atoms, bins and levels: the one numeric codec, shared by numbers and datetimes.

A column of quantities (int64 units or float64) becomes *atoms*, values that occur often enough to be kept exactly, and
*levels*, sub-intervals of about equal mass, of which up to `levels` consecutive ones make a *bin*. A value that is
frequent inside the bins gets a level of its own, of zero width, so that repeated values stay repeated.

Privacy: every atom and every level stands for at least `threshold` rows, with a threshold drawn once per column;
what lies beyond the `threshold`-th extremes is moved inwards. An edge that is not such a frequent value is a midpoint
between two values, so that no number kept is one row's own, save by rounding to the unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from synthdata.blocks import Binned, Categorical
from synthdata.fields.intervals import Interval, along, draw_within, fraction_of, touched

__all__ = ["Quantiles", "draw_threshold"]

MOST_ATOMS = 256  # a column with at most this many distinct values keeps each that is not rare
ATOM_SHARE = 0.005  # in other columns a value must fill this share of the rows to be an atom
ROWS_PER_BIN = 50
MOST_BINS = 64
ROWS_PER_LEVEL = 8
MOST_LEVELS = 32


def draw_threshold(rng: np.random.Generator) -> int:
    """Draw how many rows a value needs to be kept: 5, 6, 7 or 8, so that its presence tells no exact count."""
    return int(rng.integers(5, 9))


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

    def spans(self, values: np.ndarray, intervals: Sequence[Interval] | None = None) -> np.ndarray:
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
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Quantiles:
        """Read what `to_json` wrote."""
        atoms, lows, highs = (np.array(data[key], dtype=data["type"]) for key in ("atoms", "lows", "highs"))
        return cls(atoms, lows, highs, data["levels"])


def _clamp(distinct: np.ndarray, counts: np.ndarray, threshold: int) -> tuple[np.ndarray, np.ndarray]:
    """Move everything beyond the `threshold`-th extremes onto them, or between them and the next value inwards."""
    rows = int(counts.sum())
    if rows < threshold:
        return distinct[:0], counts[:0]
    cumulative = np.cumsum(counts)
    first = int(np.searchsorted(cumulative, threshold))
    last = int(np.searchsorted(cumulative, rows - threshold, side="right"))
    if last <= first:  # fewer rows than two thresholds: the middle of the column stands for all
        middle = int(np.searchsorted(cumulative, rows / 2))
        below = max(middle - 1, 0)
        common = counts[middle] >= threshold
        value = distinct[middle] if common else _between(distinct[below], distinct[below + 1])[0]
        return np.array([value], distinct.dtype), np.array([rows])
    kept, kept_counts = distinct[first : last + 1].copy(), counts[first : last + 1].copy()
    if counts[first] < threshold:  # one row's own value, perhaps
        kept[0] = _between(kept[0], kept[1])[0]
    if counts[last] < threshold:
        kept[-1] = _between(kept[-2], kept[-1])[1]
    kept_counts[0], kept_counts[-1] = cumulative[first], rows - cumulative[last - 1]
    return kept, kept_counts


def _levels(distinct: np.ndarray, counts: np.ndarray, mass: float, threshold: int) -> tuple[np.ndarray, np.ndarray]:
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
    edges = [_between(distinct[a[1]], distinct[b[0]]) for a, b in pairwise(groups)]
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
        below = min(int(left) + (int(right) - int(left)) // 2, int(right) - 1)
        return below, below + 1
    middle = float(left) / 2 + float(right) / 2
    return middle, middle
