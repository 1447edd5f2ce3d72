"""Sampling from a trained `ColumnTransformer`, in numpy: nothing to compile and no TensorFlow to load.

Rows that agree in all columns drawn so far share one computation, their *prefix*; with columns of few values first,
most of a table's work is shared. Rows that are filled each know columns of their own, and share nothing. The weights
are those of `ColumnTransformer.export`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from synthdata.models.samplers.dense import CHUNK, activate, choose, feed_forward
from synthdata.models.tabular.symbols import Numbering

__all__ = ["ColumnSampler", "Known", "RowMasks"]

SHARED = 0.75  # prefixes a row above which nothing is left to share
MOST_SCORE = 30.0  # scores above it, which training hardly makes, would overflow as products of powers


@dataclass(frozen=True)
class RowMasks:
    """What is added to a column's logits besides, row by row: `which` (rows,) of the masks each row takes.

    major: (masks, majors). minor: (masks, majors, minors); None if the column has no minors.
    """

    which: np.ndarray
    major: np.ndarray
    minor: np.ndarray | None


class ColumnSampler:
    """Draws symbols column by column, in any order of the columns."""

    def __init__(self, numbering: Numbering, weights: Mapping[str, np.ndarray]) -> None:
        self.numbering, self.weights = numbering, weights
        self.width = weights["predict"].shape[1]
        self.heads = weights["major_score"].shape[2]
        self._major_part = np.exp(np.minimum(weights["major_score"], MOST_SCORE))  # (targets, majors, heads)
        self._minor_part = np.exp(np.minimum(weights["minor_score"], MOST_SCORE))
        starts = numbering.starts
        self._heads = [
            np.ascontiguousarray(weights["head"][:, starts[i] : starts[i + 1]]) for i in range(numbering.count)
        ]

    def draw(
        self, order: Sequence[int], uniform: np.ndarray, major_mask: np.ndarray, minor_mask: np.ndarray
    ) -> np.ndarray:
        """Sample rows. Returns symbols (rows, columns, 2) int32 in the schema's order.

        order: the columns, first to last. uniform: (rows, columns, 2) float32 in [0, 1). major_mask: (all majors,) and
        minor_mask: (all majors, most minors) float32, added to the logits.
        """
        numbering = self.numbering
        symbols = np.zeros((*uniform.shape[:2], 2), np.int32)
        known = Known(self, 1)
        prefix = np.zeros(len(uniform), np.int64)  # of each row
        for column in order:
            first = numbering.starts[column]
            here = slice(first, first + numbering.majors[column])
            states = known.states(column)
            logits = self.major_logits(column, states) + major_mask[here]
            major = choose(logits, prefix, uniform[:, column, 0])
            minor = np.zeros_like(major)
            has_minor = major >= numbering.firsts[column]
            if numbering.columns[column].minors > 1 and has_minor.any():
                pairs, pair = _distinct(prefix * numbering.majors[column] + major, len(uniform))
                parent, given = np.divmod(pairs, numbering.majors[column])
                logits = self.minor_logits(column, states[parent], given + first) + minor_mask[given + first]
                minor = np.where(has_minor, choose(logits, pair, uniform[:, column, 1]), 0)
            symbols[:, column, 0], symbols[:, column, 1] = major, minor
            most = numbering.most_minors
            keys, prefix = _distinct((prefix * numbering.majors[column] + major) * most + minor, len(uniform))
            pairs, minor = np.divmod(keys, most)
            parent, major = np.divmod(pairs, numbering.majors[column])
            known = known.then(column, parent, major, minor)
        return symbols

    def fill(
        self,
        order: Sequence[int],
        symbols: np.ndarray,
        known: np.ndarray,
        uniform: np.ndarray,
        major_mask: np.ndarray,
        minor_mask: np.ndarray,
        own: Mapping[int, RowMasks] | None = None,
        lacking: np.ndarray | None = None,
    ) -> np.ndarray:
        """Draw what rows lack, given all that is known of each. Returns symbols (rows, columns, 2) int32.

        symbols: (rows, columns, 2), those that are not known mean nothing. known: (rows, columns) bool. own: masks by
        column that differ from row to row. lacking: (rows, columns) bool, what is drawn, if not just what is not known:
        a cell that is known and drawn tells the others what it was (that it is missing, say), and itself nothing. The
        rest is as for `draw`. Costs columns times cells that are drawn.
        """
        told, known = np.array(symbols, np.int32), np.array(known, bool)
        lacking = ~known if lacking is None else lacking
        result = told.copy()
        for column in order:
            lack = np.flatnonzero(lacking[:, column])
            for first in range(0, len(lack), CHUNK):
                rows = lack[first : first + CHUNK]
                others = known[rows]
                others[:, column] = False
                states = Known.of(self, told[rows], others).states(column)
                masks = (own or {}).get(column)
                result[rows, column] = self._draw(column, rows, states, uniform, major_mask, minor_mask, masks)
            new = lack[~known[lack, column]]
            told[new, column], known[new, column] = result[new, column], True
        return result

    def _draw(
        self,
        column: int,
        rows: np.ndarray,
        states: np.ndarray,
        uniform: np.ndarray,
        major_mask: np.ndarray,
        minor_mask: np.ndarray,
        own: RowMasks | None,
    ) -> np.ndarray:
        """Draw one column of `rows` (n,) from their own states (n, width): (n, 2), major and minor."""
        numbering = self.numbering
        first, count = numbering.starts[column], numbering.majors[column]
        result = np.zeros((len(rows), 2), np.int32)
        logits = self.major_logits(column, states) + major_mask[first : first + count]
        if own is not None:
            logits += own.major[own.which[rows]]
        result[:, 0] = major = choose(logits, np.arange(len(rows)), uniform[rows, column, 0])
        inner = np.flatnonzero(major >= numbering.firsts[column])
        if numbering.columns[column].minors > 1 and inner.size:
            given = major[inner] + first
            logits = self.minor_logits(column, states[inner], given) + minor_mask[given]
            if own is not None and own.minor is not None:
                added = own.minor[own.which[rows[inner]], major[inner]]
                logits[:, : added.shape[1]] += added
            result[inner, 1] = choose(logits, np.arange(len(inner)), uniform[rows[inner], column, 1])
        return result

    def major_logits(self, column: int, states: np.ndarray) -> np.ndarray:
        """Logits of a column's majors: states (n, width) to (n, majors)."""
        starts = self.numbering.starts
        logits: np.ndarray = states @ self._heads[column]
        logits += self.weights["head_bias"][starts[column] : starts[column + 1]]
        return logits

    def minor_logits(self, column: int, states: np.ndarray, given: np.ndarray) -> np.ndarray:
        """Logits of a column's minors: states (n, width) and rows of its majors in tables (n,) to (n, minors)."""
        which = self.numbering.with_minor.index(column)
        inner = states @ self.weights["minor_hidden"]
        inner += self.weights["minor_given"][given]
        activate(inner)
        logits: np.ndarray = inner @ self.weights["minor_head"][which]
        logits += self.weights["minor_bias"][given]
        return logits


class Known:
    """What is known of some prefixes: the symbols of the columns drawn so far, as rows of the tables."""

    def __init__(self, sampler: ColumnSampler, count: int) -> None:
        self.sampler, self.count = sampler, count
        self.majors: list[np.ndarray] = []  # (count,) each, rows of the table of majors
        self.minors: list[np.ndarray | None] = []  # (count,) each, None for a column that has none
        self.shares: list[np.ndarray | None] = []  # (count,) each, 0 where a column is not known; None if it always is

    @classmethod
    def of(cls, sampler: ColumnSampler, symbols: np.ndarray, known: np.ndarray) -> Known:
        """What is known of rows: symbols (rows, columns, 2), where `known` (rows, columns) says so."""
        result, rows = cls(sampler, len(symbols)), np.arange(len(symbols))
        for column in np.flatnonzero(known.any(axis=0)).tolist():
            major, minor = symbols[:, column, 0], symbols[:, column, 1]
            result = result.then(column, rows, major, minor)
            if not known[:, column].all():
                result.shares[-1] = known[:, column].astype(np.float32)
        return result

    def then(self, column: int, parent: np.ndarray, major: np.ndarray, minor: np.ndarray) -> Known:
        """The prefixes that follow: of `parent` (n,), with these symbols (n,) in `column`."""
        numbering = self.sampler.numbering
        result = Known(self.sampler, len(parent))
        same = len(parent) == self.count and bool((parent == np.arange(self.count)).all())
        result.majors = self.majors if same else [rows[parent] for rows in self.majors]
        result.minors = self.minors if same else [None if rows is None else rows[parent] for rows in self.minors]
        result.shares = self.shares if same else [None if rows is None else rows[parent] for rows in self.shares]
        result.shares = [*result.shares, None]
        result.majors = [*result.majors, major + numbering.starts[column]]
        rows = None
        if numbering.columns[column].minors > 1:
            has_minor = major >= numbering.firsts[column]
            rows = np.where(has_minor, minor + numbering.minor_starts[column], numbering.no_minor)
        result.minors = [*result.minors, rows]
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
        major_part, minor_part = sampler._major_part[column], sampler._minor_part[column]
        mixed, value = np.zeros((n, sampler.width), np.float32), np.empty((n, sampler.width), np.float32)
        total = np.ones((n, heads), np.float32)
        no_minor = sampler.numbering.no_minor
        for majors, minors, shares in zip(self.majors, self.minors, self.shares, strict=True):
            part = major_part[majors[chunk]]
            np.take(weights["major_value"], majors[chunk], axis=0, out=value)
            if minors is None:
                part *= minor_part[no_minor]
                value += weights["minor_value"][no_minor]
            else:
                part *= minor_part[minors[chunk]]
                value += weights["minor_value"][minors[chunk]]
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
