"""Texts as words, and what runs of them two sets of texts share: novelty, copies, the longest common stretch.

Runs are compared by 64-bit hashes, so that everything but near-copies costs as much as sorting the texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Runs", "character_runs", "copies", "distinct", "longest_copy", "novelty", "word_runs"]

SHINGLE = 5  # words
NEAR = 0.9  # of the shingles of a text in one training text: a near-copy
MOST_POSTINGS = 30  # training texts that are looked at for one shingle
START = 16  # characters that a common stretch is first sought by
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Runs:
    """Texts one after another as numbers of words or characters: codes (total,) int64, starts (n + 1,) int64.

    sums: of codes times powers of an odd base, (total + 1,) uint64; inverse: powers of its inverse.
    """

    starts: np.ndarray
    owners: np.ndarray
    sums: np.ndarray
    inverse: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, lengths: np.ndarray) -> Runs:
        """Codes (total,) of texts of these lengths (n,)."""
        rng = np.random.default_rng(0)  # the same hashes for all
        base = int(rng.integers(2**62)) * 2 + 1
        marks = _mixed(codes.astype(np.uint64))
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        powers, inverse = (
            np.cumprod(np.concatenate([np.ones(1, np.uint64), np.full(len(codes), each, np.uint64)]))
            for each in (base, pow(base, -1, 2**64))
        )
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(marks * powers[:-1])])
        return cls(starts, np.repeat(np.arange(len(lengths)), lengths), sums, inverse)

    @property
    def lengths(self) -> np.ndarray:
        """Of the texts: (n,)."""
        return np.diff(self.starts)

    def numbers(self) -> np.ndarray:
        """A number a text, equal for equal texts: (n,) uint64."""
        starts, lengths = np.minimum(self.starts[:-1], len(self.inverse) - 1), self.lengths
        return self.hashes(starts, lengths) + lengths.astype(np.uint64)

    def places(self, length: int, among: np.ndarray | None = None) -> np.ndarray:
        """Where stretches of a length start that end in the same text; only among these places, if given."""
        places = np.arange(len(self.owners)) if among is None else among
        fitting: np.ndarray = places[places + length <= self.starts[1:][self.owners[places]]]
        return fitting

    def hashes(self, places: np.ndarray, length: int | np.ndarray) -> np.ndarray:
        """Of the stretches that start there: (n,) uint64."""
        return _mixed((self.sums[places + length] - self.sums[places]) * self.inverse[places])


def word_runs(*sides: Sequence[str]) -> list[Runs]:
    """The words of each side's texts: letters and digits in lower case, without what stands between them."""
    split = [[WORD.findall(text.lower()) for text in side] for side in sides]
    flat = [[word for words in side for word in words] for side in split]
    codes = pd.factorize(np.array([word for words in flat for word in words], object))[0]
    ends = np.cumsum([len(words) for words in flat])[:-1]
    return [
        Runs.of(part, np.array([len(words) for words in side], np.int64))
        for part, side in zip(np.split(codes, ends), split, strict=True)
    ]


def character_runs(texts: Sequence[str]) -> Runs:
    """The characters of texts."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    return Runs.of(codes, np.array([len(text) for text in texts], np.int64))


def novelty(rows: Runs, train: Runs, length: int) -> tuple[float | None, int]:
    """The share of stretches that no training text has, None if there are none; and how many texts have any."""
    places = rows.places(length)
    if not len(places):
        return None, 0
    known = _among(rows.hashes(places, length), train.hashes(train.places(length), length))
    return float(1 - known.mean()), len(np.unique(rows.owners[places]))


def distinct(rows: Runs, length: int, most: int) -> float | None:
    """Distinct stretches among the first so many (Li et al. 2016, arXiv:1510.03055); None if there are none."""
    hashes = rows.hashes(rows.places(length)[:most], length)
    return len(np.unique(hashes)) / len(hashes) if len(hashes) else None


def longest_copy(rows: Runs, train: Runs) -> int:
    """How long the longest stretch is that a text shares with a training text.

    A longer common stretch starts where a shorter one does, so that few places are left once the stretch is long.
    """
    low, high = 0, START
    ours, theirs = rows.places(1), train.places(1)
    while True:
        found = _shared(rows, train, high, ours, theirs)
        if found is None:
            break
        (ours, theirs), low, high = found, high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        found = _shared(rows, train, middle, ours, theirs)
        if found is None:
            high = middle
        else:
            (ours, theirs), low = found, middle
    return low


def _shared(
    rows: Runs, train: Runs, length: int, ours: np.ndarray, theirs: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Those of the places where stretches of a length start that both sides have; None if there are none."""
    ours, theirs = rows.places(length, ours), train.places(length, theirs)
    one, two = rows.hashes(ours, length), train.hashes(theirs, length)
    common = _among(two, one)
    return (ours[_among(one, two[common])], theirs[common]) if common.any() else None


def copies(rows: Runs, train: Runs) -> tuple[np.ndarray, np.ndarray]:
    """Which texts have the words of a training text, and which others nearly so: (n,) bool each.

    Nearly: more than `NEAR` of their shingles of `SHINGLE` words are those of one training text. Such a text shares
    its rarest shingles with it, so that only training texts are looked at that have one of these.
    """
    whole, known = rows.numbers(), train.numbers()
    exact = _among(whole, known) & (rows.lengths > 0)
    # a training text that is there twice is looked at once
    once = np.zeros(len(known), bool)
    once[np.unique(known, return_index=True)[1]] = True
    there, shingles = _shingles(train)
    there, shingles = there[once[there]], shingles[once[there]]
    order = np.argsort(shingles, kind="stable")
    there, shingles = there[order], shingles[order]
    pairs = _paired(shingles, there)
    ours, asked = _shingles(rows)
    first = np.searchsorted(shingles, asked, side="left")
    counts = np.searchsorted(shingles, asked, side="right") - first
    sizes = np.bincount(ours, minlength=len(whole))
    by_rarity = np.lexsort((counts, ours))
    rank = np.arange(len(ours)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    chosen = by_rarity[rank < np.floor((1 - NEAR) * sizes[ours[by_rarity]]) + 1]
    chosen = chosen[(counts[chosen] > 0) & ~exact[ours[chosen]]]
    looked_at = np.minimum(counts[chosen], MOST_POSTINGS)
    within = np.arange(looked_at.sum()) - np.repeat(np.cumsum(looked_at) - looked_at, looked_at)
    candidates = np.unique(
        np.stack([np.repeat(ours[chosen], looked_at), there[np.repeat(first[chosen], looked_at) + within]], axis=1),
        axis=0,
    )
    near = np.zeros(len(whole), bool)
    begins = np.cumsum(sizes) - sizes
    for part in np.array_split(candidates, max(1, len(candidates) // 50_000)):  # for memory's sake
        text, other = part.T
        repeats = sizes[text]
        place = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        place += np.repeat(begins[text], repeats)
        shared = _among(_paired(asked[place], np.repeat(other, repeats)), pairs)
        hits = np.bincount(np.repeat(np.arange(len(part)), repeats), shared, minlength=len(part))
        near[text[hits > NEAR * repeats]] = True
    return exact, near


def _shingles(runs: Runs) -> tuple[np.ndarray, np.ndarray]:
    """The distinct shingles of each text: the text's number and the shingle's hash, by text."""
    places = runs.places(SHINGLE)
    found = pd.DataFrame({"text": runs.owners[places], "hash": runs.hashes(places, SHINGLE)}).drop_duplicates()
    return found["text"].to_numpy(), found["hash"].to_numpy()


def _paired(hashes: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """A number a pair of a stretch and a text: (n,) uint64."""
    return _mixed(hashes ^ _mixed(texts.astype(np.uint64)))


def _among(hashes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the hashes are among the others: (n,) bool, in linear time."""
    return np.asarray(pd.Series(hashes).isin(others), bool)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Scatter numbers over all 64 bits: the finaliser of splitmix64 (Steele et al. 2014)."""
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
