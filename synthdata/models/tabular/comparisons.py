"""Comparisons of quantities: how much a symbol's value is above or below that of another column of the same row.

Networks see symbols, and would have to learn one by one which symbols of two columns stand for equal or neighbouring
values. A comparison tells them: a step function of how many symbols a value lies above the other column's value is
added to the logits, a relative position bias (Shaw et al. 2018, arXiv:1803.02155) whose steps depend on the state. So
"in the year of building", "within the limit" or "a little less than last month" are learned from all rows together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from synthdata.blocks import Binned, Categorical, Layout, Scale
from synthdata.models.tabular.symbols import MOST_COARSE, columns_of

__all__ = ["STEPS", "Comparisons"]

STEPS = np.array([-10, -4, -1.5, -0.25, 0.25, 1.5, 4, 10], np.float32)  # in symbols; a step applies above it
MOST_SOURCES = 4  # columns that one column is compared with
LEAST_INFORMATION = 0.03  # nats a row that a comparison tells
FEWEST_SYMBOLS = 4
COMPARED = 20_000  # rows that pairs are chosen by


@dataclass(frozen=True)
class Comparisons:
    """The pairs of columns that are compared.

    pairs: indices of columns, (column, source), those of a column together. ranks: of each compared column, the rank of
    each coarse symbol by its value, (coarse,); -1 without a value. starts: for each pair and coarse symbol of the
    source, the least rank that each step applies to, (coarse of the source, steps); beyond all ranks without a value.
    """

    pairs: tuple[tuple[int, int], ...]
    ranks: dict[int, np.ndarray]
    starts: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, layout: Layout, pairs: Iterable[Sequence[int]]) -> Self:
        """Compare these pairs; ValueError if they cannot be."""
        quantities, chosen = _quantities(layout), tuple((int(column), int(source)) for column, source in pairs)
        for column, source in chosen:
            if not {column, source} <= quantities.keys() or column == source:
                raise ValueError(f"columns {column} and {source} cannot be compared")
        ranks = {column: quantities[column].ranks for column, _ in chosen}
        return cls(chosen, ranks, tuple(quantities[source].starts(quantities[column]) for column, source in chosen))

    @classmethod
    def find(cls, layout: Layout, symbols: np.ndarray, given: int = 0) -> Self:
        """Compare the pairs for which that tells most. symbols: (n, columns, 2). given: the first, sources only."""
        quantities, coarse = _quantities(layout), symbols[:COMPARED, :, 0].astype(np.int64)
        pairs = []
        for column, own in quantities.items():
            if column < given or len(own.lows) < FEWEST_SYMBOLS:
                continue
            told = {
                source: _information(coarse[:, column], coarse[:, source], own.ranks, other.places(own))
                for source, other in quantities.items()
                if source != column and other.overlaps(own)
            }
            best = sorted(told, key=lambda source: -told[source])[:MOST_SOURCES]
            pairs += [(column, source) for source in best if told[source] >= LEAST_INFORMATION]
        return cls.of(layout, pairs)

    def of_column(self, column: int) -> list[int]:
        """The numbers of a column's pairs."""
        return [number for number, (own, _) in enumerate(self.pairs) if own == column]

    def padded(self, columns: Sequence[int], size: int) -> tuple[np.ndarray, np.ndarray]:
        """The comparisons of columns of up to `size` symbols, in a form for all of them at once.

        Returns the numbers of pairs, (columns, most sources of a column), `len(pairs)` where a column has fewer
        sources; and the ranks, (columns, size).
        """
        ranks = np.full((len(columns), size), -1)
        for row, column in enumerate(columns):
            if column in self.ranks:
                ranks[row, : len(self.ranks[column])] = self.ranks[column]
        own = [self.of_column(column) for column in columns]
        most = max(map(len, own), default=0)
        numbers = np.array([[*each, *[len(self.pairs)] * (most - len(each))] for each in own], np.int32)
        return numbers.reshape(len(columns), most), ranks


class _Quantity:
    """A column that can be compared.

    lows, highs: the ends of what its symbols stand for, (k,), from the lowest middle to the highest. order: where these
    are among the last symbols of the block.
    """

    def __init__(self, scale: Scale, coarse: int) -> None:
        self.line, self.coarse = scale.line, coarse
        lows, highs = np.array(scale.lows), np.array(scale.highs)
        self.order = np.argsort((lows + highs) / 2, kind="stable")
        self.lows, self.highs = lows[self.order], highs[self.order]
        self.middles = (self.lows + self.highs) / 2

    def overlaps(self, other: _Quantity) -> bool:
        """Whether values of both can be equal."""
        inside = self.lows.min() <= other.highs.max() and other.lows.min() <= self.highs.max()
        return self.line == other.line and bool(inside)

    @property
    def ranks(self) -> np.ndarray:
        """See `Comparisons`: (coarse,) int64."""
        return self._by_symbol(np.arange(len(self.order)), -1).astype(np.int64)

    def starts(self, target: _Quantity) -> np.ndarray:
        """See `Comparisons`: (coarse, steps) int32."""
        above = np.floor(self.places(target)[:, None] + STEPS) + 1
        return np.clip(above, 0, target.coarse).astype(np.int32)

    def places(self, target: _Quantity) -> np.ndarray:
        """Where the value of each coarse symbol lies among the target's ranks: (coarse,); inf without a value.

        A value that a symbol of the target stands for, exactly or in its range, has that symbol's rank; one between two
        symbols is half a rank above the lower one.
        """
        between = np.searchsorted(target.middles, self.middles) - 0.5
        inside = (target.lows <= self.middles[:, None]) & (self.middles[:, None] <= target.highs)
        narrowest = np.argmin(np.where(inside, target.highs - target.lows, np.inf), axis=1)
        return self._by_symbol(np.where(inside.any(axis=1), narrowest, between), np.inf)

    def _by_symbol(self, values: np.ndarray, without: float) -> np.ndarray:
        result = np.full(self.coarse, without, np.float64)
        result[self.coarse - len(values) + self.order] = values
        return result


def _quantities(layout: Layout) -> dict[int, _Quantity]:
    """The columns that can be compared, by index."""
    result = {}
    for i, (block, column) in enumerate(zip(layout.values(), columns_of(layout), strict=True)):
        grouped = isinstance(block, Categorical) and block.size > MOST_COARSE
        if isinstance(block, Categorical | Binned) and block.scale is not None and not grouped:
            result[i] = _Quantity(block.scale, column.coarse)
    return result


def _information(own: np.ndarray, other: np.ndarray, ranks: np.ndarray, places: np.ndarray) -> float:
    """What the comparison of two columns' symbols (n,) tells about either, in nats a row.

    It is the divergence of how far their values lie apart from how far they would if the columns were independent.
    """
    counts = np.bincount(other * len(ranks) + own, minlength=len(places) * len(ranks)).reshape(len(places), len(ranks))
    counts = counts * (np.isfinite(places)[:, None] & (ranks >= 0))
    rows = counts.sum()
    if not rows:
        return 0.0
    cell = np.searchsorted(STEPS, (ranks - places[:, None]).ravel())
    alone = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / rows
    both = [np.bincount(cell, weights=each.ravel(), minlength=len(STEPS) + 1) + 0.5 for each in (counts, alone)]
    seen, expected = (each / each.sum() for each in both)
    return float(rows / len(own) * np.sum(seen * np.log(seen / expected)))
