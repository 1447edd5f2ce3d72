"""Subjects: who is to be protected, a patient or a customer, who may have many rows.

What counts rows for privacy counts subjects: a value that one person's twenty rows show is that person's alone. A
schema without a subject says that each row is somebody of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["LEAST_SUBJECTS", "THRESHOLD", "Subjects"]

LEAST_SUBJECTS = 20  # of a table that names them
THRESHOLD = 8  # subjects that show a value before it may be shown: the most that one needs to be learned


@dataclass(frozen=True)
class Subjects:
    """Whose each row of a table is.

    rows: how many rows there are. numbers: (rows,) int64, equal for rows of one subject; None where each row is its
    own subject.
    """

    rows: int
    numbers: np.ndarray | None = None

    @classmethod
    def of(cls, frame: pd.DataFrame, columns: Sequence[str]) -> Subjects:
        """Read off the columns that name the subject; a row in which one of them is missing is its own subject."""
        if not columns:
            return cls(len(frame))
        missing = frame[list(columns)].isna().any(axis=1).to_numpy(bool)
        numbers = np.zeros(len(frame), np.int64)
        for name in columns:
            codes, distinct = pd.factorize(frame[name])
            numbers = np.unique(numbers * (len(distinct) + 1) + codes + 1, return_inverse=True)[1].astype(np.int64)
        own = np.flatnonzero(missing)
        numbers[own] = int(numbers.max(initial=-1)) + 1 + np.arange(len(own))
        return cls(len(frame), np.unique(numbers, return_inverse=True)[1].astype(np.int64))

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, chosen: np.ndarray | slice) -> Subjects:
        """Those of some rows: a mask, row numbers, or a slice."""
        kept = self.each[chosen]
        return Subjects(len(kept), None if self.numbers is None else kept)

    @property
    def each(self) -> np.ndarray:
        """The number of each row's subject: (rows,) int64."""
        return np.arange(self.rows) if self.numbers is None else self.numbers

    @property
    def people(self) -> int:
        """How many subjects there are."""
        return self.rows if self.numbers is None else len(np.unique(self.numbers))

    def count(self, codes: np.ndarray, size: int) -> np.ndarray:
        """How many subjects show each code: (size,) int64. codes: (rows,) int64 below `size`."""
        if self.numbers is None:
            return np.bincount(codes, minlength=size)
        pairs = np.unique(np.stack([codes, self.numbers]), axis=1) if len(codes) else np.empty((2, 0), np.int64)
        return np.bincount(pairs[0].astype(np.int64), minlength=size)

    def count_values(self, values: pd.Series) -> pd.Series:
        """How many subjects show each present value, most first: like `Series.value_counts`."""
        if self.numbers is None:
            return values.value_counts()
        pairs = pd.DataFrame({"value": values.to_numpy(), "subject": self.each}).dropna().drop_duplicates()
        return pairs["value"].value_counts()

    def capped(self, most: int, rng: np.random.Generator) -> np.ndarray:
        """Which rows stay if a subject may have at most `most`, drawn at random, in their order: (m,) row numbers."""
        if self.numbers is None:
            return np.arange(self.rows)
        order = rng.permutation(self.rows)
        place = pd.Series(self.numbers[order]).groupby(self.numbers[order]).cumcount().to_numpy()
        return np.sort(order[place < most])

    def divided(self, share: float, rng: np.random.Generator) -> np.ndarray:
        """Which rows are set aside if whole subjects are, until about `share` of the rows is reached: (rows,) bool."""
        order = rng.permutation(self.people)
        numbers = np.unique(self.each, return_inverse=True)[1]
        rows = np.bincount(numbers, minlength=self.people)
        last = int(np.searchsorted(np.cumsum(rows[order]), share * self.rows, side="right"))
        aside = np.zeros(self.people, bool)
        aside[order[: max(last, 1)]] = True
        return np.asarray(aside[numbers])
