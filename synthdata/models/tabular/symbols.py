"""Tokenization of tabular blocks: rows as small integers, the input and output of networks.

Every column becomes a *coarse* symbol and, if that does not identify the value, a *fine* one within it: the level of a
bin, or the position in a group of `GROUP` categories if a column has more than `MOST_COARSE` of them. So all output
heads stay small.

In shapes, "all coarse" is the number of coarse symbols of all columns together, and "most fine" the largest number of
fine symbols of a column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from synthdata.blocks import Arrays, Binned, Categorical, Layout, Pixels, Scale, Tokens

__all__ = [
    "NEVER",
    "Column",
    "SymbolTable",
    "allowed_logits",
    "columns_of",
    "join",
    "open_logits",
    "row_logits",
    "split",
]

NEVER = -1e9  # stands for log(0); finite, so that sums stay finite
MOST_COARSE = 256
GROUP = 32


@dataclass(frozen=True, slots=True)
class Column:
    """The symbols of one block.

    coarse: number of coarse symbols.
    fine: number of fine symbols; 1 if there are none.
    first: the first coarse symbol that has a fine symbol; all after it have one too.
    ordered: number of fine symbols, from the first, that are ordered along the range of the coarse one, as coarse
        symbols from `first` on are ordered along the column's range; 0 for categories, which have no order.
    order: the coarse symbols that stand for the values of a quantity, atoms and bins, in ascending order of these.
    """

    name: str
    coarse: int
    fine: int
    first: int
    ordered: int = 0
    order: tuple[int, ...] = ()


class SymbolTable:
    """The index of each symbol in the tables of all columns' coarse and fine symbols.

    The table of coarse symbols has a row for each, column by column; `starts` are the first rows of columns. The table
    of fine symbols has `most_fine` rows for each column that has any, from `fine_starts` on, and a last one for "none",
    `no_fine`. count: number of columns. with_fine: the columns that have fine symbols. given: how many columns, from
    the first, are given, and never sampled. targets: all others. fine_targets: those of them that have fine symbols.
    """

    def __init__(self, columns: tuple[Column, ...], given: int = 0) -> None:
        self.columns, self.count, self.given = columns, len(columns), given
        self.targets = range(given, len(columns))
        self.coarse = np.array([column.coarse for column in columns], np.int32)
        self.starts = np.concatenate([[0], np.cumsum(self.coarse)]).astype(np.int32)  # (columns + 1,)
        self.firsts = np.array([column.first for column in columns], np.int32)
        self.most_fine = max(column.fine for column in columns)
        self.with_fine = [i for i, column in enumerate(columns) if column.fine > 1]
        self.fine_targets = [i for i in self.with_fine if i >= given]
        self.no_fine = len(self.with_fine) * self.most_fine
        self.fine_starts = np.full(self.count, self.no_fine, np.int32)
        self.fine_starts[self.with_fine] = np.arange(len(self.with_fine)) * self.most_fine

    @classmethod
    def of(cls, layout: Layout, given: Layout | None = None) -> SymbolTable:
        """The symbols of a tabular layout, after those of blocks that are given."""
        before = columns_of(given or {})
        return cls((*before, *columns_of(layout)), len(before))

    @property
    def coarse_rows(self) -> int:
        """Rows of the table of coarse symbols: all coarse."""
        return int(self.starts[-1])

    @property
    def fine_rows(self) -> int:
        """Rows of the table of fine symbols, "none" included."""
        return self.no_fine + 1


def columns_of(layout: Layout) -> tuple[Column, ...]:
    """The symbols of each block of a tabular layout."""
    result = []
    for name, block in layout.items():
        match block:
            case Categorical(size) if size <= MOST_COARSE:
                result.append(Column(name, max(size, 1), 1, size, order=_ascending(block.scale, size)))
            case Categorical(size):
                result.append(Column(name, -(-size // GROUP), GROUP, 0))
            case Binned(atoms, bins, levels, links):
                fine = levels + links
                first = atoms if fine > 1 else atoms + bins
                order = _ascending(block.scale, atoms + bins) or tuple(range(atoms, atoms + bins))
                result.append(Column(name, atoms + bins, fine, first, levels, order))
            case Tokens() | Pixels():
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
            case _:
                assert_never(block)
    return tuple(result)


def _ascending(scale: Scale | None, size: int) -> tuple[int, ...]:
    """The last symbols of a block of so many, in ascending order of what they stand for; () without a scale."""
    if scale is None:
        return ()
    order = np.argsort(np.add(scale.lows, scale.highs), kind="stable")
    return tuple((size - len(order) + order).tolist())


def split(layout: Layout, arrays: Arrays) -> np.ndarray:
    """Encode arrays as symbols: (n, columns, 2) int32, coarse and fine."""
    parts = []
    for name, block in layout.items():
        array = arrays[name]
        match block:
            case Categorical(size) if size <= MOST_COARSE:
                pair = (array, np.zeros_like(array))
            case Categorical():
                pair = (array // GROUP, array % GROUP)
            case Binned(atoms, _, levels, _):
                link, offset = np.divmod(array[:, 1], 1.0)
                fine = np.minimum((offset * levels).astype(np.int64), levels - 1)
                fine = np.where(link > 0, levels - 1 + link, fine)
                pair = (array[:, 0], np.where(array[:, 0] >= atoms, fine, 0))
            case _:
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
        parts.append(np.stack(pair, axis=-1).astype(np.int32))
    return np.stack(parts, axis=1)


def join(layout: Layout, symbols: np.ndarray, uniform: np.ndarray) -> dict[str, np.ndarray]:
    """Decode symbols (n, columns, 2) to arrays; `uniform` (n, columns) in [0, 1) is the position within a level."""
    result: dict[str, np.ndarray] = {}
    for index, (name, block) in enumerate(layout.items()):
        coarse, fine = symbols[:, index, 0].astype(np.int64), symbols[:, index, 1].astype(np.int64)
        match block:
            case Categorical(size) if size <= MOST_COARSE:
                result[name] = coarse
            case Categorical(size):
                result[name] = np.minimum(coarse * GROUP + fine, size - 1)
            case Binned(atoms, _, levels, _):
                link = np.maximum(fine - (levels - 1), 0)
                offset = np.where(link > 0, link + uniform[:, index], (fine + uniform[:, index]) / levels)
                offset = np.where(coarse >= atoms, offset, 0.0)
                result[name] = np.stack([coarse, offset], axis=1)
            case _:
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
    return result


def open_logits(logs: np.ndarray) -> np.ndarray:
    """Additive mask without a condition: NEVER for symbols that do not occur in training, 0 elsewhere; same shape."""
    return np.where(logs > NEVER / 2, 0.0, NEVER).astype(np.float32)


def allowed_logits(
    layout: Layout, coarse_log: np.ndarray, fine_log: np.ndarray, allowed: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Additive masks for the logits of coarse symbols (all coarse,) and of fine ones (all coarse, most fine).

    Usually 0 or NEVER. If a mask allows only some of a coarse symbol's fine symbols, the log of their share of its
    training rows is added to it. coarse_log, fine_log: log-frequencies; symbols that do not occur in training are
    masked. allowed: bool masks over the symbols of blocks.
    """
    table = SymbolTable.of(layout)
    coarse, fine = open_logits(coarse_log), open_logits(fine_log)
    for i, column in enumerate(table.columns):
        if column.name not in allowed:
            continue
        here = slice(table.starts[i], table.starts[i + 1])
        pairs = _pair_shares(layout, column.name, allowed[column.name])
        log_share, log_pairs = _mask_logs(column, pairs, fine_log[here])
        if column.fine > 1:
            fine[here, : column.fine] += log_pairs
        open_ = (log_share > NEVER / 2) & (coarse[here] > NEVER / 2)
        coarse[here] = np.where(open_, log_share, NEVER)
    return coarse, fine


def row_logits(
    layout: Layout, name: str, masks: np.ndarray, fine_log: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """As `allowed_logits`, for each of `masks` of one block, (m, symbols) or (m, symbols, levels).

    Returns (m, coarse) and, for a column that has fine symbols, (m, coarse, fine), otherwise None.
    """
    table = SymbolTable.of(layout)
    i = list(layout).index(name)
    pairs = np.stack([_pair_shares(layout, name, mask) for mask in masks])  # (m, coarse, fine)
    here = slice(table.starts[i], table.starts[i + 1])
    coarse, fine = _mask_logs(table.columns[i], pairs, fine_log[here])
    return coarse.astype(np.float32), fine.astype(np.float32) if table.columns[i].fine > 1 else None


def _mask_logs(column: Column, pairs: np.ndarray, fine_log: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log of the allowed share of each coarse symbol (..., coarse), and of `pairs` (..., coarse, fine); NEVER for 0."""
    share = pairs.any(axis=-1).astype(float)
    if column.fine > 1:
        shares = np.exp(np.minimum(fine_log[:, : column.fine], 0.0))
        share = np.where(np.arange(column.coarse) >= column.first, (shares * pairs).sum(axis=-1), share)
    log_share, log_pairs = (np.log(each, where=each > 0, out=np.full(each.shape, NEVER)) for each in (share, pairs))
    return log_share, log_pairs


def _pair_shares(layout: Layout, name: str, mask: np.ndarray) -> np.ndarray:
    """Turn a mask over a block's symbols into the allowed share of each pair: (coarse, fine) float in [0, 1].

    For a link, whose value is not known yet, it is the share of its bin's levels that are allowed.
    """
    match layout[name]:
        case Categorical(size) if size <= MOST_COARSE:
            return mask[:, None].astype(float)
        case Categorical(size):
            padded = np.zeros(-(-size // GROUP) * GROUP, bool)
            padded[:size] = mask
            return padded.reshape(-1, GROUP).astype(float)
        case Binned(links=links):
            return np.hstack([mask, np.repeat(mask.mean(axis=1, keepdims=True), links, axis=1)])
        case _:
            raise TypeError(f"{name}: {type(layout[name]).__name__} is not tabular")
