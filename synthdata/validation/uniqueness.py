"""Uniqueness in a stream: which rows are the first of their kind, remembered as 64-bit hashes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from synthdata.fields import Expectation
from synthdata.validation.suite import columns_of

__all__ = ["Seen"]


@dataclass
class Seen:
    """The values seen so far in some columns.

    Eight bytes a row. Among a million rows two different ones share a hash with odds of one in 40 million, and then a
    good row is set aside; the other way round there is no error, and Great Expectations proves the result at the end.

    ignore: which rows are exempt: those where "all" columns are missing, "any", or "none".
    """

    columns: tuple[str, ...]
    ignore: str
    hashes: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint64))

    @classmethod
    def of(cls, one: Expectation) -> Self:
        """From an expectation of uniqueness."""
        exempt = {"any_value_is_missing": "any", "never": "none"}
        return cls(columns_of(one), exempt.get(one.kwargs.get("ignore_row_if", ""), "all"))

    def is_first(self, frame: pd.DataFrame) -> np.ndarray:
        """Whether each row of `frame` (these columns only) is exempt or the first of its kind: (n,) bool."""
        missing = frame.isna()
        match self.ignore:
            case "all":
                exempt = missing.all(axis=1).to_numpy(bool)
            case "any":
                exempt = missing.any(axis=1).to_numpy(bool)
            case _:
                exempt = np.zeros(len(frame), bool)
        found = pd.util.hash_pandas_object(frame[~exempt], index=False).to_numpy(np.uint64)
        place = np.searchsorted(self.hashes, found)
        known = np.zeros(len(found), bool)
        inside = place < len(self.hashes)
        known[inside] = self.hashes[place[inside]] == found[inside]
        first = ~(known | pd.Series(found).duplicated().to_numpy(bool))
        self.hashes = np.sort(np.concatenate([self.hashes, found[first]]), kind="stable")
        result = exempt.copy()
        result[~exempt] = first
        return result
