"""The words of a column of texts that enough subjects use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd

from synthdata.subjects import Subjects

__all__ = ["known_words", "spellings"]

WORD = re.compile(r"[^\W\d_]+")  # a run of letters
MOST_TEXTS = 200_000  # that words are learned from
LEAST_SHARE = 0.1  # of known words, that a beginning is given
LEAST_COVERED = 0.6  # share of the words of all texts; with less, a lexicon would leave too little to say


def known_words(
    texts: Sequence[str], subjects: Subjects, threshold: int
) -> tuple[tuple[str, ...], tuple[tuple[str, float], ...]]:
    """The words of texts that at least `threshold` subjects use: in lower case, and in the forms that so many write.

    None at all where they are too small a part of what is written: where words are long and seldom repeated, or no
    space stands between them. Then, of the beginnings of known words, the share of known ones in what is written with
    them, in tenths; if not all.
    """
    words = pd.Series(list(map(WORD.findall, texts[:MOST_TEXTS])), dtype=object).explode().dropna()
    if not len(words):
        return (), ()
    whose = Subjects(len(words), subjects.each[words.index])
    lower, written = words.str.lower(), words
    known: set[str] = set()
    for forms in (lower, written):
        codes, distinct = pd.factorize(forms)
        known |= set(distinct[whose.count(codes.astype(np.int64), len(distinct)) >= threshold])
    if lower.isin(known).mean() < LEAST_COVERED:
        return (), ()
    return tuple(sorted(known)), tuple(sorted(_shares(lower.value_counts(), known).items()))


def _shares(counts: pd.Series, known: Collection[str]) -> dict[str, float]:
    total: Counter[str] = Counter()
    of_known: Counter[str] = Counter()
    for word, count in counts.items():
        beginnings = [str(word)[:end] for end in range(1, len(str(word)) + 1)]
        total.update(dict.fromkeys(beginnings, count))
        if word in known:
            of_known.update(dict.fromkeys(beginnings, count))
    shares = {start: max(round(count / total[start], 1), LEAST_SHARE) for start, count in of_known.items()}
    return {start: share for start, share in shares.items() if share < 1}


def spellings(words: Iterable[str], characters: Collection[str]) -> tuple[str, ...]:
    """The words as they may be written: also with a capital at the beginning, and in capitals.

    characters: those that can be written; of them, the ones beyond ASCII that are no letters are added.
    """
    forms = {form for word in words for form in (word, word[:1].upper() + word[1:], word.upper())}
    written = {form for form in forms if form.isalpha() and set(form) <= set(characters)}
    return tuple(sorted(written | {mark for mark in characters if not mark.isascii() and not mark.isalpha()}))
