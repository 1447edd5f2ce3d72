"""N-gram overlap of two sets of texts, by hashed n-grams: novelty, copies, the longest common passage.

N-grams are compared by 64-bit hashes, so that everything but near-copies costs as much as sorting the texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = [
    "HashedTexts",
    "KnownTexts",
    "copies",
    "distinct",
    "hashed_characters",
    "hashed_words",
    "longest_copy",
    "novelty",
]

GRAM = 5  # words
NEAR = 0.9  # a near-copy has more than this share of its n-grams in one training text
MOST_POSTINGS = 30  # training texts that are compared because of one n-gram
MOST_BITS = 26  # of a hash that are compared before all of it is
START = 16  # characters of the first common passage that is sought
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class HashedTexts:
    """Texts one after another, as words or characters (units), with a rolling hash of any n-gram.

    starts: where each text starts, (n + 1,) int64. text_ids, ends: the text of each unit, and where it ends, (total,)
    int64. sums: of codes times powers of an odd base, (total + 1,) uint64. inverse: powers of its inverse.
    """

    starts: np.ndarray
    text_ids: np.ndarray
    ends: np.ndarray
    sums: np.ndarray
    inverse: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, lengths: np.ndarray) -> HashedTexts:
        """Hash texts of `lengths` (n,) units, whose codes are (total,)."""
        rng = np.random.default_rng(0)  # the same hashes for all
        base = int(rng.integers(2**62)) * 2 + 1
        marks = _mixed(codes.astype(np.uint64))
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        powers, inverse = (
            np.cumprod(np.concatenate([np.ones(1, np.uint64), np.full(len(codes), each, np.uint64)]))
            for each in (base, pow(base, -1, 2**64))
        )
        sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(marks * powers[:-1])])
        ids, ends = (np.repeat(each, lengths) for each in (np.arange(len(lengths)), starts[1:]))
        return cls(starts, ids, ends, sums, inverse)

    @property
    def lengths(self) -> np.ndarray:
        """Of the texts, in units: (n,)."""
        return np.diff(self.starts)

    def text_hashes(self) -> np.ndarray:
        """A hash of each text: (n,) uint64."""
        starts, lengths = np.minimum(self.starts[:-1], len(self.inverse) - 1), self.lengths
        return self.hashes(starts, lengths) + lengths.astype(np.uint64)

    def starts_of(self, length: int, among: np.ndarray | None = None) -> np.ndarray:
        """The positions at which n-grams of `length` units start; only those in `among`, if given."""
        if among is None:
            return np.flatnonzero(self.ends >= np.arange(length, length + len(self.ends)))
        fitting: np.ndarray = among[among + length <= self.ends[among]]
        return fitting

    def hashes(self, positions: np.ndarray, length: int | np.ndarray) -> np.ndarray:
        """Hashes of the n-grams of `length` units that start at the positions: (n,) uint64."""
        return _mixed((self.sums[positions + length] - self.sums[positions]) * self.inverse[positions])


def hashed_words(*sides: Sequence[str]) -> list[HashedTexts]:
    """The words of each side's texts: letters and digits, in lower case, without punctuation."""
    split = [[WORD.findall(text.lower()) for text in side] for side in sides]
    flat = [[word for words in side for word in words] for side in split]
    codes = pd.factorize(np.array([word for words in flat for word in words], object))[0]
    ends = np.cumsum([len(words) for words in flat])[:-1]
    return [
        HashedTexts.of(part, np.array([len(words) for words in side], np.int64))
        for part, side in zip(np.split(codes, ends), split, strict=True)
    ]


def hashed_characters(texts: Sequence[str]) -> HashedTexts:
    """The characters of texts."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    return HashedTexts.of(codes, np.array([len(text) for text in texts], np.int64))


def novelty(rows: HashedTexts, train: HashedTexts, length: int) -> tuple[float | None, int]:
    """The share of n-grams that no training text has, None if there are none; and how many texts have any."""
    positions = rows.starts_of(length)
    if not len(positions):
        return None, 0
    known = _among(rows.hashes(positions, length), train.hashes(train.starts_of(length), length))
    return float(1 - known.mean()), len(np.unique(rows.text_ids[positions]))


def distinct(rows: HashedTexts, length: int, most: int) -> float | None:
    """The share of distinct n-grams among the first `most` (Li et al. 2016, arXiv:1510.03055); None without any."""
    hashes = rows.hashes(rows.starts_of(length)[:most], length)
    return len(np.unique(hashes)) / len(hashes) if len(hashes) else None


def longest_copy(rows: HashedTexts, train: HashedTexts) -> int:
    """The length of the longest passage that a text shares with a training text.

    A longer common passage starts where a shorter one does, so that few positions are left once it is long.
    """
    low, high = 0, START
    ours, theirs = rows.starts_of(1), train.starts_of(1)
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
    rows: HashedTexts, train: HashedTexts, length: int, ours: np.ndarray, theirs: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """The positions on each side of n-grams that both sides have; None if there are none."""
    ours, theirs = rows.starts_of(length, ours), train.starts_of(length, theirs)
    one, two = rows.hashes(ours, length), train.hashes(theirs, length)
    common = _among(two, one)
    return (ours[_among(one, two[common])], theirs[common]) if common.any() else None


@dataclass(frozen=True)
class KnownTexts:
    """Training texts among which copies are sought.

    whole: a hash of each text, (n,) uint64. there, grams: the texts and hashes of their n-grams, (total,), by hash, of
    one of equal texts. pairs: a hash of each text with each of its n-grams, (total,) uint64.
    """

    whole: np.ndarray
    there: np.ndarray
    grams: np.ndarray
    pairs: np.ndarray

    @classmethod
    def of(cls, texts: HashedTexts) -> KnownTexts:
        """Prepare the search among the words of texts."""
        whole = texts.text_hashes()
        once = np.zeros(len(whole), bool)
        once[np.unique(whole, return_index=True)[1]] = True
        there, grams = _grams(texts)
        there, grams = there[once[there]], grams[once[there]]
        order = np.argsort(grams, kind="stable")
        there, grams = there[order], grams[order]
        return cls(whole, there, grams, _pair_hashes(grams, there))


def copies(rows: HashedTexts, known: KnownTexts) -> tuple[np.ndarray, np.ndarray]:
    """Which texts have the words of a training text, and which others are near-copies: (n,) bool each.

    A near-copy has more than `NEAR` of its n-grams of `GRAM` words in one training text. It shares its rarest n-grams
    with that text, so that only training texts that have one of these are compared.
    """
    whole = rows.text_hashes()
    exact = _among(whole, known.whole) & (rows.lengths > 0)
    there, grams, pairs = known.there, known.grams, known.pairs
    ours, asked = _grams(rows)
    first = np.searchsorted(grams, asked, side="left")
    counts = np.searchsorted(grams, asked, side="right") - first
    sizes = np.bincount(ours, minlength=len(whole))
    by_rarity = np.lexsort((counts, ours))
    rank = np.arange(len(ours)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    chosen = by_rarity[rank < np.floor((1 - NEAR) * sizes[ours[by_rarity]]) + 1]
    chosen = chosen[(counts[chosen] > 0) & ~exact[ours[chosen]]]
    sampled = np.minimum(counts[chosen], MOST_POSTINGS)
    within = np.arange(sampled.sum()) - np.repeat(np.cumsum(sampled) - sampled, sampled)
    candidates = np.unique(
        np.stack([np.repeat(ours[chosen], sampled), there[np.repeat(first[chosen], sampled) + within]], axis=1),
        axis=0,
    )
    near = np.zeros(len(whole), bool)
    begins = np.cumsum(sizes) - sizes
    for part in np.array_split(candidates, max(1, len(candidates) // 50_000)):  # bounds memory
        text, other = part.T
        repeats = sizes[text]
        place = np.arange(repeats.sum()) - np.repeat(np.cumsum(repeats) - repeats, repeats)
        place += np.repeat(begins[text], repeats)
        shared = _among(_pair_hashes(asked[place], np.repeat(other, repeats)), pairs)
        hits = np.bincount(np.repeat(np.arange(len(part)), repeats), shared, minlength=len(part))
        near[text[hits > NEAR * repeats]] = True
    return exact, near


def _grams(texts: HashedTexts) -> tuple[np.ndarray, np.ndarray]:
    """The distinct n-grams of each text: the text's number and the n-gram's hash, by text."""
    positions = texts.starts_of(GRAM)
    found = pd.DataFrame({"text": texts.text_ids[positions], "hash": texts.hashes(positions, GRAM)}).drop_duplicates()
    return found["text"].to_numpy(), found["hash"].to_numpy()


def _pair_hashes(hashes: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """A hash of each pair of an n-gram and a text: (n,) uint64."""
    return _mixed(hashes ^ _mixed(texts.astype(np.uint64)))


def _among(hashes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which hashes are among the others: (n,) bool, in linear time.

    Most that are not are told by a few of their bits, which takes less time than to look them up.
    """
    bits = np.uint64(np.clip((8 * len(others)).bit_length(), 1, MOST_BITS))
    maybe = np.zeros(1 << int(bits), bool)
    maybe[others >> (np.uint64(64) - bits)] = True
    found: np.ndarray = maybe[hashes >> (np.uint64(64) - bits)]
    candidates = np.flatnonzero(found)
    found[candidates] = pd.Series(hashes[candidates]).isin(others)
    return found


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Spread numbers over all 64 bits: the finaliser of splitmix64 (Steele et al. 2014)."""
    mixed = numbers.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
