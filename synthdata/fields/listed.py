"""Values drawn anew from a declared list, in place of those that few subjects have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from synthdata.subjects import Subjects

__all__ = ["Listed"]

OTHERS = ""  # what stands for all first characters that too few subjects have


@dataclass(frozen=True)
class Listed:
    """The values of a list that stand for rare ones, in groups by their first character, such as chapters of codes.

    shares: of each group, by its character; `OTHERS` for the groups that are not named. values: those to draw from.
    """

    shares: Mapping[str, float]
    values: tuple[str, ...]

    @classmethod
    def fit(cls, rare: pd.Series, subjects: Subjects, threshold: int, values: Sequence[str]) -> Self:
        """Count the groups of rare values (n,) of text. values: the list, without those that are learned."""
        first = rare.str.slice(0, 1)
        counts = subjects.count_values(first)
        named = counts.index[(counts >= threshold) & counts.index.isin([value[:1] for value in values])]
        shares = {str(group): float((first == group).mean()) for group in sorted(named)}
        rest = 1 - sum(shares.values())
        return cls({**shares, **({OTHERS: rest} if rest > 1e-9 else {})}, tuple(values))

    def make(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        """Values of the list, (rows,) text."""
        groups = list(self.shares)
        weights = np.array([self.shares[group] for group in groups])
        which = rng.choice(len(groups), rows, p=weights / weights.sum())
        values = np.array(self.values, object)
        first = np.array([value[:1] for value in self.values], object)
        result = np.empty(rows, object)
        for number, group in enumerate(groups):
            of_group = values[~np.isin(first, groups)] if group == OTHERS else values[first == group]
            here = which == number
            result[here] = rng.choice(of_group if len(of_group) else values, int(here.sum()))
        return result

    def to_json(self) -> dict[str, float]:
        """Write as plain JSON, without the list, which the schema has."""
        return dict(self.shares)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], values: Sequence[str]) -> Self:
        """Read what `to_json` wrote; ValueError for what is no share of anything."""
        shares = {str(group): float(share) for group, share in data.items()}
        if not values or not shares or not all(0 < share <= 1.000001 for share in shares.values()):
            raise ValueError("no shares of listed values")
        return cls(shares, tuple(values))
