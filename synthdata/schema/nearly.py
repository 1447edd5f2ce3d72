"""Columns that would be dates or numbers but for a few cells: which cells stand in the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthdata.fields.cells import NULL_WORDS, rows_named
from synthdata.fields.written_dates import parse_dates, written_format
from synthdata.fields.written_numbers import CELL, Form, find_form, plain_numbers
from synthdata.subjects import THRESHOLD

__all__ = ["Near", "nearly", "nearly_dates"]

FEWEST = 50  # cells, below which a few say nothing
MOST_ODD = 0.05  # of the cells, at most, that are something else
FEW_WORDS, MOST_WORDS = 3, 0.5  # different ones, and share of the cells
USUAL = 0.02  # of the cells, that have a shape for it not to be odd


@dataclass(frozen=True)
class Near:
    """What nearly all cells of a column are.

    what: in words. bad: the rows of cells that are none, (k,) int. words: what these say, if it is the same few words.
    """

    what: str
    bad: np.ndarray
    words: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What to do about it, for a person."""
        if self.words:
            said = ", ".join(f'"{word}"' for word in self.words)
            options = " ".join(f"--na {word}" for word in self.words)
            return f"{self.what} but for {len(self.bad):,} cells that say {said}: if missing is meant, {options}"
        them = "it" if len(self.bad) == 1 else "them"
        leave_out = f"leave {them} out (--reject-bad-rows {len(self.bad)})"
        return f"{self.what} but for {rows_named(self.bad)}: mend {them} and guess again, or {leave_out}"


def nearly(text: pd.Series) -> Near | None:
    """What nearly all cells of a column of text are, and which are not; None if there is no such thing.

    The index of the cells is their rows.
    """
    text = text[~text.isin(NULL_WORDS)]
    if len(text) < FEWEST or text.nunique() < FEWEST / 2:
        return None
    return nearly_dates(text) or _nearly_numbers(text) or _but_for_words(text)


def _but_for_words(text: pd.Series) -> Near | None:
    """Dates or numbers beside a few words that stand there again and again: offen, unknown."""
    words = text[~text.str.contains(r"\d")]
    counts = words.value_counts()
    if not len(counts) or len(counts) > FEW_WORDS or counts.min() < THRESHOLD or len(words) > MOST_WORDS * len(text):
        return None
    rest = text.drop(words.index)
    date = written_format(rest)
    form = None if date is not None or rest.str.match(r"[+-]?0\d").any() else find_form(rest)
    if date is None and form is None:
        return None
    what = f"dates ({date.format})" if date is not None else "numbers"
    return Near(what, words.index.to_numpy(), tuple(map(str, counts.index)))


def nearly_dates(text: pd.Series) -> Near | None:
    """As `nearly`, of dates alone."""
    text = text[~text.isin(NULL_WORDS)]
    if len(text) < FEWEST:
        return None
    usual = _usual(text)
    if len(usual) < (1 - MOST_ODD) * len(text):
        return None
    found = written_format(usual, most_bad=MOST_ODD)
    if found is None:
        return None
    return _near(f"dates ({found.format})", text, parse_dates(text, found.format)[1])


def _usual(text: pd.Series) -> pd.Series:
    """The cells whose shape, with digits and letters each as one, others have as well."""
    shapes = text.str.replace(r"\d+", "9", regex=True).str.replace(r"[^\W\d_]+", "a", regex=True)
    counts = shapes.map(shapes.value_counts())
    return text[counts > max(USUAL * len(text), 1)]


def _nearly_numbers(text: pd.Series) -> Near | None:
    numbers = _usual(text)
    numbers = numbers[numbers.str.fullmatch(CELL).to_numpy(bool)]
    form = find_form(numbers) if (1 - MOST_ODD) * len(text) <= len(numbers) else None
    if form is None or numbers.str.match(r"0\d").any():  # codes
        return None
    written = "" if form == Form() else f" (like {form.prefix}1{form.thousands}234{form.decimal}5{form.suffix})"
    return _near(f"numbers{written}", text, plain_numbers(text, form)[1])


def _near(what: str, text: pd.Series, bad: np.ndarray) -> Near | None:
    return Near(what, text.index.to_numpy()[bad]) if bad.any() and bad.mean() <= MOST_ODD else None
