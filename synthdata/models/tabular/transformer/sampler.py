"""Sampling from a trained `TransformerNetwork`, in numpy, without TensorFlow.

Rows that agree in all columns sampled so far have the same *prefix*, which is computed once; with columns of few values
first, most computation is shared. When cells are filled, each row has its own set of known columns, and nothing is
shared. The weights are those of `TransformerNetwork.export`.

Attention is the product of a sparse matrix, which has an entry for each known symbol of a prefix, and the table of all
symbols' values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array  # type: ignore[import-untyped]

from synthdata.models.samplers.dense import CHUNK, activate, choose, choose_shared, feed_forward
from synthdata.models.tabular.comparisons import Comparisons
from synthdata.models.tabular.symbols import SymbolTable

__all__ = ["Biases", "ColumnSampler", "Known", "RowMasks", "Source"]

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

    def of(self, rows: np.ndarray) -> RowMasks:
        """Those of some rows, by index."""
        return RowMasks(self.which[rows], self.coarse, self.fine)


@dataclass(frozen=True)
class Biases:
    """What is added to logits, masks included: coarse (all coarse,), fine (all coarse, most fine).

    least: probabilities (all coarse,), below which a coarse symbol is not drawn; None for none.
    """

    coarse: np.ndarray
    fine: np.ndarray
    least: np.ndarray | None = None


@dataclass(frozen=True)
class Source:
    """A known column that another one is compared with.

    pair: the number of the comparison. symbols: (n,) coarse symbols. visible: (n,) float32, 0 where a row does not know
    the column; None if all do.
    """

    pair: int
    symbols: np.ndarray
    visible: np.ndarray | None


class ColumnSampler:
    """Samples symbols column by column, in any order of the columns.

    parts: for each column that is sampled and each head, the exponential of each symbol's attention score: (targets,
    heads, all symbols), coarse symbols first, then fine ones. values: for each head, the value of each symbol: (all
    symbols, width / heads). What "no fine symbol" adds is added to the coarse symbols of columns that never have one.
    pairs: for each column, the comparisons with others. rises: for each comparison and step, the first rank, counted
    from 1, of the column's symbols that the step applies to, by the source's symbol: (steps, coarse of the source).
    ranks: for each compared column, the rank of each coarse symbol, counted from 1; 0 without a value.
    """

    def __init__(self, table: SymbolTable, weights: Mapping[str, np.ndarray], comparisons: Comparisons) -> None:
        self.table, self.weights = table, weights
        self.pairs = {column: comparisons.of_column(column) for column, _ in comparisons.pairs}
        self.sources = [source for _, source in comparisons.pairs]
        self.ranks = {column: ranks + 1 for column, ranks in comparisons.ranks.items()}
        self.rises = [np.ascontiguousarray(starts.T) + 1 for starts in comparisons.starts]
        self.width = weights["predict"].shape[1]
        self.heads = weights["coarse_score"].shape[2]
        alone = np.repeat([column.fine == 1 for column in table.columns], table.coarse)
        coarse, fine = weights["coarse_value"].copy(), weights["fine_value"]
        coarse[alone] += fine[table.no_fine]
        values = np.split(np.concatenate([coarse, fine]), self.heads, axis=1)
        self.values = [np.ascontiguousarray(each) for each in values]
        coarse, fine = (np.exp(np.minimum(weights[f"{name}_score"], MOST_SCORE)) for name in ("coarse", "fine"))
        coarse[:, alone] *= fine[:, table.no_fine, None]
        self.parts = np.ascontiguousarray(np.concatenate([coarse, fine], axis=1).transpose(0, 2, 1))
        first, end = table.starts[:-1], table.starts[1:]
        self._heads = [np.ascontiguousarray(weights["head"][:, i:j].T) for i, j in zip(first, end, strict=True)]

    def draw(
        self,
        order: Sequence[int],
        uniform: np.ndarray,
        coarse_mask: np.ndarray,
        fine_mask: np.ndarray,
        min_lift: float = 0.0,
        given: np.ndarray | None = None,
    ) -> np.ndarray:
        """Sample rows. Returns symbols (rows, targets, 2) int32 in the schema's order.

        order: column indices, first to last. uniform: (rows, targets, 2) float32 in [0, 1). coarse_mask: (all coarse,),
        fine_mask: (all coarse, most fine): float32, added to the logits. min_lift: a coarse symbol whose probability in
        a row is below this share of its frequency is not drawn. given: the symbols (rows, given, 2) of the columns that
        are given, if there are any; each row is then a prefix of its own.
        """
        rows, first = len(uniform), self.table.given
        symbols = np.zeros((*uniform.shape[:2], 2), np.int32)
        biases = self._biases(coarse_mask, fine_mask, min_lift)
        known = Known(self, 1)
        prefix = np.zeros(rows, np.int64)  # index of each row's prefix
        if given is not None:
            known = Known.of(self, given, np.ones(given.shape[:2], bool))
            prefix = np.arange(rows)
        for column in order:
            drawn, own = symbols[:, column - first], uniform[:, column - first]
            if known.count < rows:
                states, sources = known.states(column), known.sources(column)
                self._draw_shared(column, states, prefix, own, biases, sources, out=drawn)
                known, prefix = known.then(column, prefix, drawn)
                continue
            for chunk in _chunks(rows):
                states, sources = known.states(column, chunk), known.sources(column, chunk)
                drawn[chunk] = self._draw(column, states, own[chunk], biases, sources)
            known.add(column, drawn)
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
        min_lift: float = 0.0,
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
        biases = self._biases(coarse_mask, fine_mask, min_lift)
        for column in order:
            cells = np.flatnonzero(missing[:, column])
            masks = (row_masks or {}).get(column)
            for chunk in _chunks(len(cells)):
                rows = cells[chunk]
                others = known[rows]
                others[:, column] = False
                given = Known.of(self, seen[rows], others)
                states, sources = given.states(column), given.sources(column)
                own = None if masks is None else masks.of(rows)
                result[rows, column] = self._draw(column, states, uniform[rows, column], biases, sources, own)
            new = cells[~known[cells, column]]
            seen[new, column], known[new, column] = result[new, column], True
        return result

    def _biases(self, coarse_mask: np.ndarray, fine_mask: np.ndarray, min_lift: float) -> Biases:
        least = np.exp(self.weights["coarse_log"]) * np.float32(min_lift) if min_lift else None
        coarse, fine = self.weights["head_bias"] + coarse_mask, self.weights.get("fine_bias", 0.0) + fine_mask
        return Biases(coarse, fine, least)

    def _least(self, column: int, biases: Biases) -> np.ndarray | None:
        """The probabilities of a column's coarse symbols below which they are not drawn: (coarse,)."""
        starts = self.table.starts
        return None if biases.least is None else biases.least[starts[column] : starts[column + 1]]

    def _draw_shared(
        self,
        column: int,
        states: np.ndarray,
        prefix: np.ndarray,
        uniform: np.ndarray,
        biases: Biases,
        sources: Sequence[Source],
        out: np.ndarray,
    ) -> None:
        """Sample one column of rows into `out` (rows, 2), given the states (prefixes, width) and each row's prefix."""
        table, count = self.table, self.table.coarse[column]
        logits = self.coarse_logits(column, states, biases, sources)
        out[:, 0] = coarse = choose_shared(logits, prefix, uniform[:, 0], self._least(column, biases))
        has_fine = coarse >= table.firsts[column]
        if table.columns[column].fine > 1 and has_fine.any():
            pairs, pair = _distinct(prefix * count + coarse, len(prefix))
            parent, given = np.divmod(pairs, count)
            logits = self.fine_logits(column, states[parent], given + table.starts[column], biases)
            out[:, 1] = np.where(has_fine, choose_shared(logits, pair, uniform[:, 1]), 0)

    def _draw(
        self,
        column: int,
        states: np.ndarray,
        uniform: np.ndarray,
        biases: Biases,
        sources: Sequence[Source],
        row_masks: RowMasks | None = None,
    ) -> np.ndarray:
        """Sample one column of rows given their states (n, width): coarse and fine symbols (n, 2)."""
        table = self.table
        result = np.zeros((len(states), 2), np.int32)
        logits = self.coarse_logits(column, states, biases, sources)
        if row_masks is not None:
            logits += row_masks.coarse[row_masks.which]
        least = None if row_masks is not None else self._least(column, biases)
        result[:, 0] = coarse = choose(logits, uniform[:, 0], least)
        inner = np.flatnonzero(coarse >= table.firsts[column])
        if table.columns[column].fine > 1 and inner.size:
            logits = self.fine_logits(
                column, np.take(states, inner, axis=0), coarse[inner] + table.starts[column], biases
            )
            if row_masks is not None and row_masks.fine is not None:
                logits += row_masks.fine[row_masks.which[inner], coarse[inner]]
            result[inner, 1] = choose(logits, uniform[inner, 1])
        return result

    def coarse_logits(
        self, column: int, states: np.ndarray, biases: Biases, sources: Sequence[Source] = ()
    ) -> np.ndarray:
        """Logits of a column's coarse symbols: states (n, width) to (n, coarse), transposed in memory.

        sources: the known columns that it is compared with.
        """
        starts = self.table.starts
        logits: np.ndarray = self._heads[column] @ states.T
        logits += biases.coarse[starts[column] : starts[column + 1], None]
        if sources:
            logits += self._compared(column, states, sources)[self.ranks[column]]
        return logits.T

    def _compared(self, column: int, states: np.ndarray, sources: Sequence[Source]) -> np.ndarray:
        """What comparisons add to logits, by the rank of a symbol counted from 1: (ranks + 2, n)."""
        rises, everywhere = np.zeros((self.table.coarse[column] + 2, len(states)), np.float32), np.arange(len(states))
        for source in sources:
            heights = self.weights["step_head"][source.pair].T @ states.T  # (steps, n)
            heights += self.weights["step_bias"][source.pair][:, None]
            if source.visible is not None:
                heights *= source.visible
            for first, height in zip(self.rises[source.pair][:, source.symbols], heights, strict=True):
                rises[first, everywhere] += height
        for below, row in pairwise(rises):  # faster than numpy's cumsum
            row += below
        return rises

    def fine_logits(self, column: int, states: np.ndarray, given: np.ndarray, biases: Biases) -> np.ndarray:
        """Logits (n, fine) of a column's fine symbols.

        states: (n, width). given: (n,), coarse symbols as indices into the table of all columns.
        """
        fine, which = self.table.columns[column].fine, self.table.fine_targets.index(column)
        inner = states @ self.weights["fine_hidden"]
        inner += np.take(self.weights["fine_given"], given, axis=0)
        activate(inner)
        logits: np.ndarray = inner @ self.weights["fine_head"][which, :, :fine]
        logits += np.take(biases.fine, given, axis=0)[:, :fine]
        return logits


class Known:
    """The known symbols of `count` prefixes.

    Symbols are rows of the sampler's `values`: in `alone` (count, columns) one of each column without fine symbols, and
    in `coarse` and `fine` (count, columns) those of all others. Of these columns, the first `alone_known` and
    `pairs_known` are known. visible: (count, alone_known + pairs_known) float32, 0 where a prefix does not know a
    column; None if all know the same ones. found: of each known column, its place among those of its array.
    """

    def __init__(self, sampler: ColumnSampler, count: int) -> None:
        self.sampler, self.count = sampler, count
        pairs = len(sampler.table.with_fine)
        self.alone = np.empty((count, sampler.table.count - pairs), np.int32)
        self.coarse, self.fine = np.empty((2, count, pairs), np.int32)
        self.alone_known = self.pairs_known = 0
        self.visible: np.ndarray | None = None
        self.found: dict[int, int] = {}

    @classmethod
    def of(cls, sampler: ColumnSampler, symbols: np.ndarray, known: np.ndarray) -> Known:
        """The known symbols of rows: `symbols` (rows, columns, 2) where `known` (rows, columns) is true."""
        result, columns = cls(sampler, len(symbols)), np.flatnonzero(known.any(axis=0)).tolist()
        for column in columns:
            result.add(column, symbols[:, column])
        if not known[:, columns].all():
            columns.sort(key=lambda column: sampler.table.columns[column].fine > 1)
            result.visible = known[:, columns].astype(np.float32)
        return result

    def add(self, column: int, symbols: np.ndarray) -> None:
        """Add what the prefixes know of another column: (count, 2), coarse and fine."""
        table, coarse = self.sampler.table, symbols[:, 0]
        if table.columns[column].fine == 1:
            self.alone[:, self.alone_known] = coarse + table.starts[column]
            self.found[column] = self.alone_known
            self.alone_known += 1
            return
        fine = np.where(coarse < table.firsts[column], table.no_fine, symbols[:, 1] + table.fine_starts[column])
        self.coarse[:, self.pairs_known] = coarse + table.starts[column]
        self.fine[:, self.pairs_known] = fine + table.coarse_rows
        self.found[column] = self.pairs_known
        self.pairs_known += 1

    def then(self, column: int, prefix: np.ndarray, symbols: np.ndarray) -> tuple[Known, np.ndarray]:
        """Extend each row's prefix (rows,) by its symbols (rows, 2) of a column: the new prefixes, and each row's."""
        most, count = self.sampler.table.most_fine, self.sampler.table.coarse[column]
        keys, prefix = _distinct((prefix * count + symbols[:, 0]) * most + symbols[:, 1], len(prefix))
        pairs, fine = np.divmod(keys, most)
        parent, coarse = np.divmod(pairs, count)
        result = Known(self.sampler, len(parent))
        result.alone[:], result.coarse[:], result.fine[:] = self.alone[parent], self.coarse[parent], self.fine[parent]
        result.alone_known, result.pairs_known, result.found = self.alone_known, self.pairs_known, dict(self.found)
        result.add(column, np.stack([coarse, fine], axis=1))
        return result, prefix

    def sources(self, column: int, rows: slice = slice(None)) -> list[Source]:
        """The known columns that `column` is compared with, for all prefixes or some."""
        sampler, result = self.sampler, []
        for pair in sampler.pairs.get(column, ()):
            source = sampler.sources[pair]
            place = self.found.get(source)
            if place is None:
                continue
            is_pair = sampler.table.columns[source].fine > 1
            symbols = (self.coarse if is_pair else self.alone)[rows, place] - sampler.table.starts[source]
            visible = None if self.visible is None else self.visible[rows, place + is_pair * self.alone_known]
            result.append(Source(pair, symbols, visible))
        return result

    def states(self, column: int, rows: slice = slice(None)) -> np.ndarray:
        """The state of `column` given the known symbols, of all prefixes or some: (n, width)."""
        first, end, _ = rows.indices(self.count)
        result = np.empty((end - first, self.sampler.width), np.float32)
        for chunk in _chunks(end - first):
            self._states(column, slice(first + chunk.start, first + chunk.stop), result[chunk])
        return result

    def _states(self, column: int, rows: slice, out: np.ndarray) -> None:
        weights = self.sampler.weights
        mixed = self._attend(column, rows)
        x = mixed @ weights["out"]
        x += weights["predict"][column - self.sampler.table.given]
        feed_forward(weights, x, out=out, spare=mixed)

    def _attend(self, column: int, rows: slice) -> np.ndarray:
        """The values of the known symbols, averaged by the attention of `column`: (n, width)."""
        sampler, alone, known = self.sampler, self.alone_known, self.alone_known + self.pairs_known
        pairs = slice(self.pairs_known)
        symbols = np.concatenate([self.alone[rows, :alone], self.coarse[rows, pairs], self.fine[rows, pairs]], axis=1)
        n, entries = symbols.shape
        ends = np.arange(n + 1, dtype=np.int32) * entries
        weights = csr_array((np.empty(n * entries, np.float32), symbols.ravel(), ends), (n, len(sampler.values[0])))
        result = np.empty((n, sampler.heads, sampler.width // sampler.heads), np.float32)
        own_parts = sampler.parts[column - sampler.table.given]
        for head, (parts, values) in enumerate(zip(own_parts, sampler.values, strict=True)):
            own = np.take(parts, symbols)  # (n, entries)
            own[:, alone:known] *= own[:, known:]
            if self.visible is not None:
                own[:, :known] *= self.visible[rows]
            own[:, known:] = own[:, alone:known]
            total = 1.0 + own[:, :known] @ np.ones(known, np.float32)
            weights.data = own.ravel()
            np.divide(weights @ values, total[:, None], out=result[:, head])
        return result.reshape(n, -1)


def _chunks(rows: int) -> Iterator[slice]:
    for first in range(0, rows, CHUNK):
        yield slice(first, min(first + CHUNK, rows))


def _distinct(keys: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys, and the index (rows,) of each row's key among them; the keys themselves if nearly all differ."""
    kept, which = np.unique(keys, return_inverse=True)
    if len(kept) > SHARED * rows:
        return keys, np.arange(rows)
    return kept, which
