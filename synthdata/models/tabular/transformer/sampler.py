"""Sampling from a trained `TransformerNetwork`, in numpy, without TensorFlow.

Rows that agree in all columns sampled so far have the same *prefix*, which is computed once; with columns of few values
first, most computation is shared. When cells are filled, each row has its own set of known columns, and nothing is
shared. The weights are those of `TransformerNetwork.export`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from synthdata.models.samplers.dense import CHUNK, activate, choose, feed_forward
from synthdata.models.tabular.symbols import SymbolTable

__all__ = ["ColumnSampler", "Known", "RowMasks"]

SHARED = 0.75  # prefixes per row above which each row becomes a prefix of its own
MOST_SCORE = 30.0  # clips attention scores, so that products of their exponentials do not overflow


@dataclass(frozen=True)
class RowMasks:
    """Additive masks for a column's logits that differ by row.

    which: (rows,), the index of each row's mask. coarse: (masks, coarse). fine: (masks, coarse, fine); None if the
    column has no fine symbols.
    """

    which: np.ndarray
    coarse: np.ndarray
    fine: np.ndarray | None


class ColumnSampler:
    """Samples symbols column by column, in any order of the columns."""

    def __init__(self, table: SymbolTable, weights: Mapping[str, np.ndarray]) -> None:
        self.table, self.weights = table, weights
        self.width = weights["predict"].shape[1]
        self.heads = weights["coarse_score"].shape[2]
        self._coarse_part = np.exp(np.minimum(weights["coarse_score"], MOST_SCORE))  # (columns, all coarse, heads)
        self._fine_part = np.exp(np.minimum(weights["fine_score"], MOST_SCORE))
        starts = table.starts
        self._heads = [np.ascontiguousarray(weights["head"][:, starts[i] : starts[i + 1]]) for i in range(table.count)]

    def draw(
        self, order: Sequence[int], uniform: np.ndarray, coarse_mask: np.ndarray, fine_mask: np.ndarray
    ) -> np.ndarray:
        """Sample rows. Returns symbols (rows, columns, 2) int32 in the schema's order.

        order: column indices, first to last. uniform: (rows, columns, 2) float32 in [0, 1). coarse_mask: (all coarse,),
        fine_mask: (all coarse, most fine): float32, added to the logits.
        """
        table = self.table
        symbols = np.zeros((*uniform.shape[:2], 2), np.int32)
        known = Known(self, 1)
        prefix = np.zeros(len(uniform), np.int64)  # index of each row's prefix
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
        row_masks: Mapping[int, RowMasks] | None = None,
        missing: np.ndarray | None = None,
    ) -> np.ndarray:
        """Sample missing cells given the known cells of their rows. Returns symbols (rows, columns, 2) int32.

        symbols: (rows, columns, 2), ignored where not known. known: (rows, columns) bool, cells that condition others.
        row_masks: masks by column that differ by row. missing: (rows, columns) bool, cells to sample; by default those
        that are not known. A cell that is both known and missing conditions the other cells by its value in `symbols`
        ("missing", say). The rest is as for `draw`. Time is proportional to columns times missing cells.
        """
        seen, known = np.array(symbols, np.int32), np.array(known, bool)
        missing = ~known if missing is None else missing
        result = seen.copy()
        for column in order:
            cells = np.flatnonzero(missing[:, column])
            for first in range(0, len(cells), CHUNK):
                rows = cells[first : first + CHUNK]
                others = known[rows]
                others[:, column] = False
                states = Known.of(self, seen[rows], others).states(column)
                masks = (row_masks or {}).get(column)
                result[rows, column] = self._draw(column, rows, states, uniform, coarse_mask, fine_mask, masks)
            new = cells[~known[cells, column]]
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
        row_masks: RowMasks | None,
    ) -> np.ndarray:
        """Sample one column of `rows` (n,) given their states (n, width): coarse and fine symbols (n, 2)."""
        table = self.table
        first, count = table.starts[column], table.coarse[column]
        result = np.zeros((len(rows), 2), np.int32)
        logits = self.coarse_logits(column, states) + coarse_mask[first : first + count]
        if row_masks is not None:
            logits += row_masks.coarse[row_masks.which[rows]]
        result[:, 0] = coarse = choose(logits, np.arange(len(rows)), uniform[rows, column, 0])
        inner = np.flatnonzero(coarse >= table.firsts[column])
        if table.columns[column].fine > 1 and inner.size:
            given = coarse[inner] + first
            logits = self.fine_logits(column, states[inner], given) + fine_mask[given]
            if row_masks is not None and row_masks.fine is not None:
                added = row_masks.fine[row_masks.which[rows[inner]], coarse[inner]]
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
        """Logits (n, fine) of a column's fine symbols.

        states: (n, width). given: (n,), coarse symbols as indices into the table of all columns.
        """
        which = self.table.with_fine.index(column)
        inner = states @ self.weights["fine_hidden"]
        inner += self.weights["fine_given"][given]
        activate(inner)
        logits: np.ndarray = inner @ self.weights["fine_head"][which]
        logits += self.weights["fine_bias"][given]
        return logits


class Known:
    """The known symbols of `count` prefixes, one entry per known column."""

    def __init__(self, sampler: ColumnSampler, count: int) -> None:
        self.sampler, self.count = sampler, count
        self.coarse: list[np.ndarray] = []  # (count,) each, indices into the table of coarse symbols
        self.fine: list[
            np.ndarray | None
        ] = []  # (count,) each, indices into that of fine symbols; None if a column has none
        self.visible: list[
            np.ndarray | None
        ] = []  # (count,) float32 each, 0 where a column is not known; None if it is in all

    @classmethod
    def of(cls, sampler: ColumnSampler, symbols: np.ndarray, known: np.ndarray) -> Known:
        """The known symbols of rows: `symbols` (rows, columns, 2) where `known` (rows, columns) is true."""
        result, rows = cls(sampler, len(symbols)), np.arange(len(symbols))
        for column in np.flatnonzero(known.any(axis=0)).tolist():
            coarse, fine = symbols[:, column, 0], symbols[:, column, 1]
            result = result.then(column, rows, coarse, fine)
            if not known[:, column].all():
                result.visible[-1] = known[:, column].astype(np.float32)
        return result

    def then(self, column: int, parent: np.ndarray, coarse: np.ndarray, fine: np.ndarray) -> Known:
        """Extend the prefixes with indices `parent` (n,) by the symbols coarse and fine, (n,) each, of a column."""
        table = self.sampler.table
        result = Known(self.sampler, len(parent))
        same = len(parent) == self.count and bool((parent == np.arange(self.count)).all())
        result.coarse = self.coarse if same else [rows[parent] for rows in self.coarse]
        result.fine = self.fine if same else [None if rows is None else rows[parent] for rows in self.fine]
        result.visible = self.visible if same else [None if rows is None else rows[parent] for rows in self.visible]
        result.visible = [*result.visible, None]
        result.coarse = [*result.coarse, coarse + table.starts[column]]
        rows = None
        if table.columns[column].fine > 1:
            has_fine = coarse >= table.firsts[column]
            rows = np.where(has_fine, fine + table.fine_starts[column], table.no_fine)
        result.fine = [*result.fine, rows]
        return result

    def states(self, column: int) -> np.ndarray:
        """The state of `column` given the known symbols: (count, width)."""
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
        for coarse, fine, visible in zip(self.coarse, self.fine, self.visible, strict=True):
            part = coarse_part[coarse[chunk]]
            np.take(weights["coarse_value"], coarse[chunk], axis=0, out=value)
            if fine is None:
                part *= fine_part[no_fine]
                value += weights["fine_value"][no_fine]
            else:
                part *= fine_part[fine[chunk]]
                value += weights["fine_value"][fine[chunk]]
            if visible is not None:
                part *= visible[chunk, None]
            total += part
            value.reshape(split)[...] *= part[..., None]
            mixed += value
        mixed.reshape(split)[...] /= total[..., None]
        x = mixed @ weights["out"]
        x += weights["predict"][column]
        feed_forward(weights, x, out=out, spare=value)


def _distinct(keys: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys, and the index (rows,) of each row's key among them; the keys themselves if nearly all differ."""
    kept, which = np.unique(keys, return_inverse=True)
    if len(kept) > SHARED * rows:
        return keys, np.arange(rows)
    return kept, which
