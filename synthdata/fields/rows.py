"""The rows of a run that are decoded: their numbers, and their persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import numpy as np
import pandas as pd

__all__ = ["Rows"]


@dataclass(frozen=True)
class Rows:
    """Rows of a run, and what made values depend on.

    seed: the run's. numbers: global row numbers (n,) int64. persons: the person of each row, (n,) int64, by role.
    columns: decoded columns of these rows. table, column: their names, so that keys of two columns differ. nth: how
    many earlier columns hold the same of the same persons. turn: how many values were made for them before and refused.
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
        """The person of each row in a role: (n,) int64; without any, each row is another person's."""
        return self.persons.get(role, self.numbers)

    def seed_for(self, *purpose: object) -> int:
        """A seed that depends on the run's seed, the table and the purpose."""
        text = "\0".join(map(str, (self.seed, self.table, *purpose)))
        return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
