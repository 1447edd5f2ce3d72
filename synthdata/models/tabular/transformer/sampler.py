"""Sampling from a trained `TransformerNetwork`, in numpy: nothing to compile and no TensorFlow to load.

Rows that agree in all columns drawn so far share one computation, their *prefix*; with columns of few values first,
most of a table's work is shared. Rows that are filled each know columns of their own, and share nothing. The weights
are those of `TransformerNetwork.export`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from synthdata.models.samplers.dense import CHUNK, activate, choose, feed_forward
from synthdata.models.tabular.symbols import SymbolTable

__all__ = ["ColumnSampler", "Known", "RowMasks"]

SHARED = 0.75  # prefixes a row above which nothing is left to share
MOST_SCORE = 30.0  # scores above it, which training hardly makes, would overflow as products of powers


@dataclass(frozen=True)
class RowMasks:
    """What is added to a column's logits besides, row by row: `which` (rows,) of the masks each row takes.

    coarse symbol: (masks, coarse). fine symbol: (masks, coarse, fine); None if the column has no fine symbols.
    """

    which: np.ndarray
    coarse: np.ndarray
    fine: np.ndarray | None


class ColumnSampler:
    """Draws symbols column by column, in any order of the columns."""

    def __init__(self, table: SymbolTable, weights: Mapping[str, np.ndarray]) -> None:
        self.table, self.weights = table, weights
        self.width = weights["predict"].shape[1]
        self.heads = weights["coarse_score"].shape[2]
        self._coarse_part = np.exp(np.minimum(weights["coarse_score"], MOST_SCORE))  # (targets, coarse, heads)
        self._fine_part = np.exp(np.minimum(weights["fine_score"], MOST_SCORE))
        starts = table.starts
        self._heads = [np.ascontiguousarray(weights["head"][:, starts[i] : starts[i + 1]]) for i in range(table.count)]

    def draw(
        self, order: Sequence[int], uniform: np.ndarray, coarse_mask: np.ndarray, fine_mask: np.ndarray
    ) -> np.ndarray:
        """Sample rows. Returns symbols (rows, columns, 2) int32 in the schema's order.

        order: the columns, first to last. uniform: (rows, columns, 2) float32 in [0, 1). coarse_mask: (all coarse,) and
        fine_mask: (all coarse, most fine) float32, added to the logits.
        """
        table = self.table
        symbols = np.zeros((*uniform.shape[:2], 2), np.int32)
        known = Known(self, 1)
        prefix = np.zeros(len(uniform), np.int64)  # of each row
        for column in order:
            first = table.starts[column]
            here = slice(first, first + table.coarse[column])
            states = known.states(column)
            logits = self.coarse_logits(column, states) + coarse_mask[here]
            coarse = choose(logits, prefix, uniform[:, column, 0])
            fine = np.zeros_like(coarse)
            has_fine = coarse >= table.firsts[column]
            if table.columns[column].fine > 1 and has_fine.any():
                pairs, pair = _distinct(prefix * table.coarse[column] + coarse, len(uniform))
                parent, given = np.divmod(pairs, table.coarse[column])
                logits = self.fine_logits(column, states[parent], given + first) + fine_mask[given + first]
                fine = np.where(has_fine, choose(logits, pair, uniform[:, column, 1]), 0)
            symbols[:, column, 0], symbols[:, column, 1] = coarse, fine
            most = table.most_fine
            keys, prefix = _distinct((prefix * table.coarse[column] + coarse) * most + fine, len(uniform))
            pairs, fine = np.divmod(keys, most)
            parent, coarse = np.divmod(pairs, table.coarse[column])
            known = known.then(column, parent, coarse, fine)
        return symbols

    def fill(
        self,
        order: Sequence[int],
        symbols: np.ndarray,
        known: np.ndarray,
        uniform: np.ndarray,
        coarse_mask: np.ndarray,
        fine_mask: np.ndarray,
        own: Mapping[int, RowMasks] | None = None,
        lacking: np.ndarray | None = None,
    ) -> np.ndarray:
        """Draw what rows lack, given all that is known of each. Returns symbols (rows, columns, 2) int32.

        symbols: (rows, columns, 2), those that are not known mean nothing. known: (rows, columns) bool. own: masks by
        column that differ from row to row. lacking: (rows, columns) bool, what is drawn, if not just what is not known:
        a cell that is known and drawn tells the others what it was (that it is missing, say), and itself nothing. The
        rest is as for `draw`. Costs columns times cells that are drawn.
        """
        seen, known = np.array(symbols, np.int32), np.array(known, bool)
        lacking = ~known if lacking is None else lacking
        result = seen.copy()
        for column in order:
            lack = np.flatnonzero(lacking[:, column])
            for first in range(0, len(lack), CHUNK):
                rows = lack[first : first + CHUNK]
                others = known[rows]
                others[:, column] = False
                states = Known.of(self, seen[rows], others).states(column)
                masks = (own or {}).get(column)
                result[rows, column] = self._draw(column, rows, states, uniform, coarse_mask, fine_mask, masks)
            new = lack[~known[lack, column]]
            seen[new, column], known[new, column] = result[new, column], True
        return result

    def _draw(
        self,
        column: int,
        rows: np.ndarray,
        states: np.ndarray,
        uniform: np.ndarray,
        coarse_mask: np.ndarray,
        fine_mask: np.ndarray,
        own: RowMasks | None,
    ) -> np.ndarray:
        """Draw one column of `rows` (n,) from their own states (n, width): (n, 2), coarse symbol and fine symbol."""
        table = self.table
        first, count = table.starts[column], table.coarse[column]
        result = np.zeros((len(rows), 2), np.int32)
        logits = self.coarse_logits(column, states) + coarse_mask[first : first + count]
        if own is not None:
            logits += own.coarse[own.which[rows]]
        result[:, 0] = coarse = choose(logits, np.arange(len(rows)), uniform[rows, column, 0])
        inner = np.flatnonzero(coarse >= table.firsts[column])
        if table.columns[column].fine > 1 and inner.size:
            given = coarse[inner] + first
            logits = self.fine_logits(column, states[inner], given) + fine_mask[given]
            if own is not None and own.fine is not None:
                added = own.fine[own.which[rows[inner]], coarse[inner]]
                logits[:, : added.shape[1]] += added
            result[inner, 1] = choose(logits, np.arange(len(inner)), uniform[rows[inner], column, 1])
        return result

    def coarse_logits(self, column: int, states: np.ndarray) -> np.ndarray:
        """Logits of a column's coarse symbols: states (n, width) to (n, coarse)."""
        starts = self.table.starts
        logits: np.ndarray = states @ self._heads[column]
        logits += self.weights["head_bias"][starts[column] : starts[column + 1]]
        return logits

    def fine_logits(self, column: int, states: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Logits (n, fine) of a column's fine symbols by states (n, width) and rows of its coarse symbols (n,)."""
        which = self.table.with_fine.index(column)
        inner = states @ self.weights["fine_hidden"]
        inner += self.weights["fine_given"][given]
        activate(inner)
        logits: np.ndarray = inner @ self.weights["fine_head"][which]
        logits += self.weights["fine_bias"][given]
        return logits


class Known:
    """What is known of some prefixes: the symbols of the columns drawn so far, as rows of the tables."""

    def __init__(self, sampler: ColumnSampler, count: int) -> None:
        self.sampler, self.count = sampler, count
        self.coarse: list[np.ndarray] = []  # (count,) each, rows of the table of coarse symbols
        self.fine: list[np.ndarray | None] = []  # (count,) each, None for a column that has none
        self.shares: list[np.ndarray | None] = []  # (count,) each, 0 where a column is not known; None if it always is

    @classmethod
    def of(cls, sampler: ColumnSampler, symbols: np.ndarray, known: np.ndarray) -> Known:
        """What is known of rows: symbols (rows, columns, 2), where `known` (rows, columns) says so."""
        result, rows = cls(sampler, len(symbols)), np.arange(len(symbols))
        for column in np.flatnonzero(known.any(axis=0)).tolist():
            coarse, fine = symbols[:, column, 0], symbols[:, column, 1]
            result = result.then(column, rows, coarse, fine)
            if not known[:, column].all():
                result.shares[-1] = known[:, column].astype(np.float32)
        return result

    def then(self, column: int, parent: np.ndarray, coarse: np.ndarray, fine: np.ndarray) -> Known:
        """The prefixes that follow: of `parent` (n,), with these symbols (n,) in `column`."""
        table = self.sampler.table
        result = Known(self.sampler, len(parent))
        same = len(parent) == self.count and bool((parent == np.arange(self.count)).all())
        result.coarse = self.coarse if same else [rows[parent] for rows in self.coarse]
        result.fine = self.fine if same else [None if rows is None else rows[parent] for rows in self.fine]
        result.shares = self.shares if same else [None if rows is None else rows[parent] for rows in self.shares]
        result.shares = [*result.shares, None]
        result.coarse = [*result.coarse, coarse + table.starts[column]]
        rows = None
        if table.columns[column].fine > 1:
            has_fine = coarse >= table.firsts[column]
            rows = np.where(has_fine, fine + table.fine_starts[column], table.no_fine)
        result.fine = [*result.fine, rows]
        return result

    def states(self, column: int) -> np.ndarray:
        """What is known of `column`: (count, width)."""
        result = np.empty((self.count, self.sampler.width), np.float32)
        for first in range(0, self.count, CHUNK):
            self._states(column, slice(first, first + CHUNK), result[first : first + CHUNK])
        return result

    def _states(self, column: int, chunk: slice, out: np.ndarray) -> None:
        sampler, weights = self.sampler, self.sampler.weights
        n, heads = len(out), sampler.heads
        split = (n, heads, sampler.width // heads)
        coarse_part, fine_part = sampler._coarse_part[column], sampler._fine_part[column]
        mixed, value = np.zeros((n, sampler.width), np.float32), np.empty((n, sampler.width), np.float32)
        total = np.ones((n, heads), np.float32)
        no_fine = sampler.table.no_fine
        for coarse, fine, shares in zip(self.coarse, self.fine, self.shares, strict=True):
            part = coarse_part[coarse[chunk]]
            np.take(weights["coarse_value"], coarse[chunk], axis=0, out=value)
            if fine is None:
                part *= fine_part[no_fine]
                value += weights["fine_value"][no_fine]
            else:
                part *= fine_part[fine[chunk]]
                value += weights["fine_value"][fine[chunk]]
            if shares is not None:
                part *= shares[chunk, None]
            total += part
            value.reshape(split)[...] *= part[..., None]
            mixed += value
        mixed.reshape(split)[...] /= total[..., None]
        x = mixed @ weights["out"]
        x += weights["predict"][column]
        feed_forward(weights, x, out=out, spare=value)


def _distinct(keys: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The keys (rows,) once each, and which of them each row has; as they are, once hardly any two rows share one."""
    kept, which = np.unique(keys, return_inverse=True)
    if len(kept) > SHARED * rows:
        return keys, np.arange(rows)
    return kept, which
