"""The four shapes of numbers that stand between fields and generators.

Fields emit blocks, generators see nothing else. The set is closed: match on it with `assert_never`. A block that
`is_tabular` is drawn by the table's generator, each other one by a generator of its own, conditioned on the table.

    block                          array                              meaning
    Categorical(size)              (n,) int64                         one symbol of `size`
    Binned(atoms, bins, levels, links) (n, 2) float64                 symbol of `atoms + bins`, offset in [0, 1 + links)
    Tokens(length, vocabulary)     (n, length) int64                  token numbers, 0 is padding
    Pixels(height, width, channels) (n, height, width, channels) uint8
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias, assert_never

import numpy as np

__all__ = [
    "Arrays",
    "Binned",
    "Block",
    "Categorical",
    "Layout",
    "Lexicon",
    "Pixels",
    "Scale",
    "Tokens",
    "check_arrays",
    "rows_of",
    "symbols",
    "tabular",
    "take",
]


@dataclass(frozen=True, slots=True)
class Scale:
    """What the symbols of a quantity stand for, so that columns can be compared.

    line: quantities of the same line are measured alike. lows, highs: the ends of what each symbol stands for, equal
    for one that stands for a single value. They belong to the block's last symbols, for the first one may mean
    "missing".
    """

    line: str
    lows: tuple[float, ...]
    highs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Categorical:
    """One symbol out of `size`. scale: of a quantity with few distinct values."""

    is_tabular: ClassVar[bool] = True
    size: int
    scale: Scale | None = None


@dataclass(frozen=True, slots=True)
class Binned:
    """A quantity: an atom (kept exactly), or a bin and an offset inside it.

    Symbols `0 .. atoms - 1` are atoms, whose offset means nothing. Symbols `atoms .. atoms + bins - 1` are bins in
    ascending order; the offset runs over `levels` sub-intervals of equal width, each of about equal mass, so that a
    generator which draws a level and then uniformly inside it loses nothing the codec keeps.

    links: how many other columns it may copy. An offset of `1 + k` or more says that the value is that of the k-th of
    them; what is beyond `1 + k` is the offset that serves where that column's value cannot be copied.
    scale: of atoms and bins.
    """

    is_tabular: ClassVar[bool] = True
    atoms: int
    bins: int
    levels: int
    links: int = 0
    scale: Scale | None = None


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words that texts may have.

    tokens: what each token writes, in UTF-8; without token 0, which ends a text. words: runs of letters; also single
    characters beyond ASCII that are no letters and may stand between words. The tokens can write all of them. shares:
    of beginnings, in lower case, how many of the words of real texts that begin so are among them, if not nearly all.
    """

    tokens: tuple[bytes, ...]
    words: tuple[str, ...]
    shares: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """A sequence of up to `length` token numbers below `vocabulary`. lexicon: words of drawn texts; None for any."""

    is_tabular: ClassVar[bool] = False
    length: int
    vocabulary: int
    lexicon: Lexicon | None = None


@dataclass(frozen=True, slots=True)
class Pixels:
    """An image, 8 bits a channel."""

    is_tabular: ClassVar[bool] = False
    height: int
    width: int
    channels: int


Block: TypeAlias = Categorical | Binned | Tokens | Pixels
Layout: TypeAlias = Mapping[str, Block]
Arrays: TypeAlias = Mapping[str, np.ndarray]


def symbols(block: Block) -> int:
    """How many symbols a tabular block has."""
    match block:
        case Categorical(size):
            return size
        case Binned(atoms, bins):
            return atoms + bins
        case Tokens() | Pixels():
            raise TypeError(f"{type(block).__name__} has no symbols")
        case _:
            assert_never(block)


def tabular(layout: Layout) -> Layout:
    """The blocks that a table's generator learns together; each image and text has a generator of its own."""
    return {name: block for name, block in layout.items() if block.is_tabular}


def _shape(block: Block) -> tuple[tuple[int, ...], str]:
    match block:
        case Categorical():
            return (), "i"
        case Binned():
            return (2,), "f"
        case Tokens(length, _):
            return (length,), "i"
        case Pixels(height, width, channels):
            return (height, width, channels), "u"
        case _:
            assert_never(block)


def check_arrays(layout: Layout, arrays: Arrays) -> int:
    """Return the number of rows; raise ValueError where an array does not have the shape its block states."""
    if set(layout) != set(arrays):
        raise ValueError(f"arrays {sorted(arrays)} do not match the layout {sorted(layout)}")
    for name, block in layout.items():
        tail, kind = _shape(block)
        array = arrays[name]
        if array.shape[1:] != tail or array.dtype.kind != kind:
            raise ValueError(f"{name}: {array.dtype} {array.shape} is not (n, *{tail}) of kind {kind!r}")
    return rows_of(arrays)


def rows_of(arrays: Arrays) -> int:
    """Return the number of rows the arrays share; 0 without arrays."""
    counts = {len(array) for array in arrays.values()}
    if len(counts) > 1:
        raise ValueError(f"arrays differ in rows: {sorted(counts)}")
    return counts.pop() if counts else 0


def take(arrays: Arrays, rows: np.ndarray | slice) -> dict[str, np.ndarray]:
    """Pick rows."""
    return {name: array[rows] for name, array in arrays.items()}
