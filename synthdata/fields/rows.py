"""The rows of a run that are decoded: their numbers, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np
import pandas as pd

__all__ = ["Rows"]


@dataclass(frozen=True)
class Rows:
    """Which rows of a run are meant, and what columns that are made anew are made from.

    seed: the run's. numbers: global row numbers (n,) int64. persons: whose each row is, (n,) int64, by role. columns:
    what is decoded of these rows. table, column: the schema's name and the column's, so that keys of two columns
    differ. nth: how many earlier columns hold the same of the same persons. turn: how many values made for them before
    they could not keep.
    """

    seed: int
    numbers: np.ndarray
    persons: Mapping[str, np.ndarray] = field(default_factory=dict)
    columns: Mapping[str, pd.Series] = field(default_factory=dict)
    table: str = ""
    column: str = ""
    nth: int = 0
    turn: int = 0

    def __getitem__(self, chosen: np.ndarray) -> Rows:
        persons = {role: each[chosen] for role, each in self.persons.items()}
        columns = {name: each[chosen] for name, each in self.columns.items()}
        return replace(self, numbers=self.numbers[chosen], persons=persons, columns=columns)

    def numbered(self, places: np.ndarray) -> np.ndarray:
        """The numbers of values, (n,) int64, of places among these rows; those below 0 are numbers of their own."""
        return np.asarray(np.where(places < 0, places, self.numbers[np.maximum(places, 0)]), np.int64)

    def of_role(self, role: str) -> np.ndarray:
        """Whose each row is, of the persons of a role: (n,) int64; where nobody is dealt, each row is another's."""
        return self.persons.get(role, self.numbers)

    def seed_for(self, *purpose: object) -> int:
        """A seed that depends on the run's, on the table and on what it is for."""
        text = "\0".join(map(str, (self.seed, self.table, *purpose)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
