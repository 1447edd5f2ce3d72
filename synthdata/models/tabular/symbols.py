"""Tokenization of tabular blocks: rows as small integers, as networks read and write them.

Every column becomes a *coarse* symbol and, where the block holds more than that, a *fine* one inside it: the level of a
bin, or the position inside a group of `GROUP` categories where a column has more than `MOST_COARSE` of them. All heads
stay small that way, whatever the table holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from synthdata.blocks import Arrays, Binned, Categorical, Layout, Pixels, Tokens

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

NEVER = -1e9  # the log of nothing: finite, so that sums of it are
MOST_COARSE = 256
GROUP = 32


@dataclass(frozen=True, slots=True)
class Column:
    """One block, as symbols.

    coarse: how many coarse symbols.
    fine: how many fine symbols; 1 if there are none.
    first: coarse symbols from here on have a fine symbol.
    ordered: how many of the fine symbols, from the first, are steps along the range of the coarse one, as coarse
        symbols from `first` on are along the column's range; 0 for categories, whose order means nothing.
    """

    name: str
    coarse: int
    fine: int
    first: int
    ordered: int = 0


class SymbolTable:
    """Where the symbols of each column stand among those of all columns.

    The table of coarse symbols has a row for each, column by column. The table of fine symbols has `most_fine` rows for
    each column that has any, and a last one for "none".
    """

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.columns, self.count = columns, len(columns)
        self.coarse = np.array([column.coarse for column in columns], np.int32)
        self.starts = np.concatenate([[0], np.cumsum(self.coarse)]).astype(np.int32)  # (columns + 1,)
        self.firsts = np.array([column.first for column in columns], np.int32)
        self.most_fine = max(column.fine for column in columns)
        self.with_fine = [i for i, column in enumerate(columns) if column.fine > 1]
        self.no_fine = len(self.with_fine) * self.most_fine
        self.fine_starts = np.full(self.count, self.no_fine, np.int32)
        self.fine_starts[self.with_fine] = np.arange(len(self.with_fine)) * self.most_fine

    @classmethod
    def of(cls, layout: Layout) -> SymbolTable:
        """The symbols of a tabular layout."""
        return cls(columns_of(layout))

    @property
    def rows(self) -> int:
        """Rows of a table of coarse symbols."""
        return int(self.starts[-1])

    @property
    def fine_rows(self) -> int:
        """Rows of a table of fine symbols."""
        return self.no_fine + 1


def columns_of(layout: Layout) -> tuple[Column, ...]:
    """Say how each block of a tabular layout splits."""
    result = []
    for name, block in layout.items():
        match block:
            case Categorical(size) if size <= MOST_COARSE:
                result.append(Column(name, max(size, 1), 1, size))
            case Categorical(size):
                result.append(Column(name, -(-size // GROUP), GROUP, 0))
            case Binned(atoms, bins, levels, links):
                fine = levels + links
                result.append(Column(name, atoms + bins, fine, atoms if fine > 1 else atoms + bins, levels))
            case Tokens() | Pixels():
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
            case _:
                assert_never(block)
    return tuple(result)


def split(layout: Layout, arrays: Arrays) -> np.ndarray:
    """Turn arrays into symbols: (n, columns, 2) int32, coarse symbol and fine symbol."""
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
    """Turn symbols (n, columns, 2) back into arrays; `uniform` (n, columns) in [0, 1) says where inside a level."""
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
    """What is added to logits without a condition: NEVER where log-marginals say that training never showed it."""
    return np.where(logs > NEVER / 2, 0.0, NEVER).astype(np.float32)


def allowed_logits(
    layout: Layout, coarse_log: np.ndarray, fine_log: np.ndarray, allowed: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """What masks add to the logits of coarse symbols (all coarse,) and of fine ones (all coarse, most): 0 or NEVER.

    coarse_log, fine_log: log-marginals; what training never showed never comes. allowed: masks over blocks' symbols.
    Where a mask leaves a part of a coarse symbol's fine symbols, the log of their share of its rows is added.
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
    """What each of `masks` (m, symbols), or (m, symbols, levels), adds to a block's logits: as `allowed_logits` does.

    Returns (m, coarse) and, for a column that has fine symbols, (m, coarse, fine).
    """
    table = SymbolTable.of(layout)
    i = list(layout).index(name)
    pairs = np.stack([_pair_shares(layout, name, mask) for mask in masks])  # (m, coarse, fine)
    here = slice(table.starts[i], table.starts[i + 1])
    coarse, fine = _mask_logs(table.columns[i], pairs, fine_log[here])
    return coarse.astype(np.float32), fine.astype(np.float32) if table.columns[i].fine > 1 else None


def _mask_logs(column: Column, pairs: np.ndarray, fine_log: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logs of what shares (..., coarse, fine) leave of coarse symbols (..., coarse), and of fine ones; NEVER for 0."""
    share = pairs.any(axis=-1).astype(float)
    if column.fine > 1:
        shares = np.exp(np.minimum(fine_log[:, : column.fine], 0.0))
        share = np.where(np.arange(column.coarse) >= column.first, (shares * pairs).sum(axis=-1), share)
    log_share, log_pairs = (np.log(each, where=each > 0, out=np.full(each.shape, NEVER)) for each in (share, pairs))
    return log_share, log_pairs


def _pair_shares(layout: Layout, name: str, mask: np.ndarray) -> np.ndarray:
    """Turn a mask over a block's symbols into shares of (coarse, fine) that it leaves: float, 0 for nothing.

    A link is left by the share of its bin's levels that are: where it leads is not yet known.
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
