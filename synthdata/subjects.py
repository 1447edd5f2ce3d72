"""Subjects: the people to be protected, patients or customers, each with one row or many.

Privacy thresholds count subjects, not rows: a value in twenty rows of one person is still that person's alone. Without
a subject in the schema, each row is a subject of its own.
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
    """The subject of each row of a table.

    rows: how many rows there are. numbers: (rows,) int64, equal for rows of one subject; None where each row is its
    own subject.
    """

    rows: int
    numbers: np.ndarray | None = None

    @classmethod
    def of(cls, frame: pd.DataFrame, columns: Sequence[str]) -> Subjects:
        """From the columns that name the subject; a row in which one of them is missing is a subject of its own."""
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
        """The subjects of some rows. chosen: a bool mask, row numbers, or a slice."""
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
        """The number of subjects that show each present value, most first: like `Series.value_counts`."""
        if self.numbers is None:
            return values.value_counts()
        pairs = pd.DataFrame({"value": values.to_numpy(), "subject": self.each}).dropna().drop_duplicates()
        return pairs["value"].value_counts()

    def capped(self, most: int, rng: np.random.Generator) -> np.ndarray:
        """At most `most` rows of each subject, chosen at random: their row numbers (m,), ascending."""
        if self.numbers is None:
            return np.arange(self.rows)
        order = rng.permutation(self.rows)
        place = pd.Series(self.numbers[order]).groupby(self.numbers[order]).cumcount().to_numpy()
        return np.sort(order[place < most])

    def divided(self, share: float, rng: np.random.Generator) -> np.ndarray:
        """A holdout of whole subjects with about `share` of the rows: (rows,) bool."""
        order = rng.permutation(self.people)
        numbers = np.unique(self.each, return_inverse=True)[1]
        rows = np.bincount(numbers, minlength=self.people)
        aside, left = np.zeros(self.people, bool), share * self.rows
        for subject in order.tolist():  # one too big for what is left is passed over
            if rows[subject] <= left:
                aside[subject] = True
                left -= rows[subject]
        if not aside.any():
            aside[order[0]] = True
        return np.asarray(aside[numbers])
