"""Tabular blocks as rows of small integers: how a network reads and writes them.

Every column becomes a *major* symbol and, where the block holds more than that, a *minor* one inside it: the level of a
bin, or the place inside a group of `GROUP` categories where a column has more than `MOST_MAJORS` of them. All heads
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
    "Numbering",
    "allowed_logits",
    "columns_of",
    "join",
    "open_logits",
    "row_logits",
    "split",
]

NEVER = -1e9  # the log of nothing: finite, so that sums of it are
MOST_MAJORS = 256
GROUP = 32


@dataclass(frozen=True, slots=True)
class Column:
    """One block, as symbols.

    majors: how many major symbols.
    minors: how many minor symbols; 1 if there are none.
    first: majors from here on have a minor symbol.
    places: how many of the minors, from the first, are places along the major, and majors from `first` on places in
        the column's range; 0 for categories, whose order means nothing.
    """

    name: str
    majors: int
    minors: int
    first: int
    places: int = 0


class Numbering:
    """Where the symbols of each column stand in tables that hold those of all columns.

    A table of majors has a row a major, column by column. A table of minors has `most_minors` rows for each column that
    has any, and a last one for "no minor".
    """

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self.columns, self.count = columns, len(columns)
        self.majors = np.array([column.majors for column in columns], np.int32)
        self.starts = np.concatenate([[0], np.cumsum(self.majors)]).astype(np.int32)  # (columns + 1,)
        self.firsts = np.array([column.first for column in columns], np.int32)
        self.most_minors = max(column.minors for column in columns)
        self.with_minor = [i for i, column in enumerate(columns) if column.minors > 1]
        self.no_minor = len(self.with_minor) * self.most_minors
        self.minor_starts = np.full(self.count, self.no_minor, np.int32)
        self.minor_starts[self.with_minor] = np.arange(len(self.with_minor)) * self.most_minors

    @property
    def rows(self) -> int:
        """Rows of a table of majors."""
        return int(self.starts[-1])

    @property
    def minor_rows(self) -> int:
        """Rows of a table of minors."""
        return self.no_minor + 1


def columns_of(layout: Layout) -> tuple[Column, ...]:
    """Say how each block of a tabular layout splits."""
    result = []
    for name, block in layout.items():
        match block:
            case Categorical(size) if size <= MOST_MAJORS:
                result.append(Column(name, max(size, 1), 1, size))
            case Categorical(size):
                result.append(Column(name, -(-size // GROUP), GROUP, 0))
            case Binned(atoms, bins, levels, links):
                minors = levels + links
                result.append(Column(name, atoms + bins, minors, atoms if minors > 1 else atoms + bins, levels))
            case Tokens() | Pixels():
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
            case _:
                assert_never(block)
    return tuple(result)


def split(layout: Layout, arrays: Arrays) -> np.ndarray:
    """Turn arrays into symbols: (n, columns, 2) int32, major and minor."""
    parts = []
    for name, block in layout.items():
        array = arrays[name]
        match block:
            case Categorical(size) if size <= MOST_MAJORS:
                pair = (array, np.zeros_like(array))
            case Categorical():
                pair = (array // GROUP, array % GROUP)
            case Binned(atoms, _, levels, _):
                link, offset = np.divmod(array[:, 1], 1.0)
                minor = np.minimum((offset * levels).astype(np.int64), levels - 1)
                minor = np.where(link > 0, levels - 1 + link, minor)
                pair = (array[:, 0], np.where(array[:, 0] >= atoms, minor, 0))
            case _:
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
        parts.append(np.stack(pair, axis=-1).astype(np.int32))
    return np.stack(parts, axis=1)


def join(layout: Layout, symbols: np.ndarray, uniform: np.ndarray) -> dict[str, np.ndarray]:
    """Turn symbols (n, columns, 2) back into arrays; `uniform` (n, columns) in [0, 1) says where inside a level."""
    result: dict[str, np.ndarray] = {}
    for index, (name, block) in enumerate(layout.items()):
        major, minor = symbols[:, index, 0].astype(np.int64), symbols[:, index, 1].astype(np.int64)
        match block:
            case Categorical(size) if size <= MOST_MAJORS:
                result[name] = major
            case Categorical(size):
                result[name] = np.minimum(major * GROUP + minor, size - 1)
            case Binned(atoms, _, levels, _):
                link = np.maximum(minor - (levels - 1), 0)
                offset = np.where(link > 0, link + uniform[:, index], (minor + uniform[:, index]) / levels)
                offset = np.where(major >= atoms, offset, 0.0)
                result[name] = np.stack([major, offset], axis=1)
            case _:
                raise TypeError(f"{name}: {type(block).__name__} is not tabular")
    return result


def open_logits(logs: np.ndarray) -> np.ndarray:
    """What is added to logits without a condition: NEVER where log-marginals say that training never showed it."""
    return np.where(logs > NEVER / 2, 0.0, NEVER).astype(np.float32)


def allowed_logits(
    layout: Layout, major_log: np.ndarray, minor_log: np.ndarray, allowed: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """What is added to the logits of majors (all majors,) and of minors (all majors, most): NEVER where none may come.

    major_log, minor_log: log-marginals; what training never showed never comes. allowed: masks over blocks' symbols.
    Where a condition leaves a part of a major's minors, their share of its rows is added as a log, 0 elsewhere.
    """
    numbering = Numbering(columns_of(layout))
    major, minor = open_logits(major_log), open_logits(minor_log)
    for i, column in enumerate(numbering.columns):
        if column.name not in allowed:
            continue
        here = slice(numbering.starts[i], numbering.starts[i + 1])
        pairs = _pair_shares(layout, column.name, allowed[column.name])
        log_share, log_pairs = _mask_logs(column, pairs, minor_log[here])
        if column.minors > 1:
            minor[here, : column.minors] += log_pairs
        open_ = (log_share > NEVER / 2) & (major[here] > NEVER / 2)
        major[here] = np.where(open_, log_share, NEVER)
    return major, minor


def row_logits(
    layout: Layout, name: str, masks: np.ndarray, minor_log: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """What each of `masks` (m, symbols), or (m, symbols, levels), adds to a block's logits: as `allowed_logits` does.

    Returns (m, majors) and, for a column that has minors, (m, majors, minors).
    """
    numbering = Numbering(columns_of(layout))
    i = list(layout).index(name)
    pairs = np.stack([_pair_shares(layout, name, mask) for mask in masks])  # (m, majors, minors)
    here = slice(numbering.starts[i], numbering.starts[i + 1])
    major, minor = _mask_logs(numbering.columns[i], pairs, minor_log[here])
    return major.astype(np.float32), minor.astype(np.float32) if numbering.columns[i].minors > 1 else None


def _mask_logs(column: Column, pairs: np.ndarray, minor_log: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logs of what shares (..., majors, minors) leave of majors, (..., majors), and of minors; NEVER for nothing."""
    share = pairs.any(axis=-1).astype(float)
    if column.minors > 1:
        shares = np.exp(np.minimum(minor_log[:, : column.minors], 0.0))
        share = np.where(np.arange(column.majors) >= column.first, (shares * pairs).sum(axis=-1), share)
    log_share, log_pairs = (np.log(each, where=each > 0, out=np.full(each.shape, NEVER)) for each in (share, pairs))
    return log_share, log_pairs


def _pair_shares(layout: Layout, name: str, mask: np.ndarray) -> np.ndarray:
    """Turn a mask over a block's symbols into shares of (majors, minors) that it leaves: float, 0 for nothing.

    A link is left by the share of its bin's levels that are: where it leads is not yet known.
    """
    match layout[name]:
        case Categorical(size) if size <= MOST_MAJORS:
            return mask[:, None].astype(float)
        case Categorical(size):
            padded = np.zeros(-(-size // GROUP) * GROUP, bool)
            padded[:size] = mask
            return padded.reshape(-1, GROUP).astype(float)
        case Binned(links=links):
            return np.hstack([mask, np.repeat(mask.mean(axis=1, keepdims=True), links, axis=1)])
        case _:
            raise TypeError(f"{name}: {type(layout[name]).__name__} is not tabular")
