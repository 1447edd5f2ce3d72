"""How rows share made values: keys that repeat, one phone number in all rows of a person.

Only how many rows share a value is kept, protected like any other number: every size, or range of sizes, stands for
several subjects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias, get_args

import numpy as np
import pandas as pd

from synthdata.fields.quantiles import Quantiles
from synthdata.subjects import Subjects

__all__ = ["Level", "Sharing", "Sizes"]

Level: TypeAlias = Literal["row", "person", "few", "part", "free"]
MOST_ROWS = 8  # that share one of many values, on average; what more share is one of few
MOST_POOL = 1_000_000  # values that are few for all rows
FEW = 4  # values of a person, on average, up to which they are counted, and not the rows of each
NEARLY_ALL = 0.95  # of the persons or values, of which something must hold to be taken for the rule


@dataclass(frozen=True)
class Sizes:
    """How many rows share one value: ranges of sizes from `lows` to `highs`, each with its share of the values.

    values: how many there are.
    """

    lows: tuple[int, ...]
    highs: tuple[int, ...]
    shares: tuple[float, ...]
    values: int

    @classmethod
    def fit(cls, values: np.ndarray, subjects: Subjects, rng: np.random.Generator) -> Self:
        """Count the rows of each value. values: (n,) int64, the value of each row. subjects: whose each row is."""
        _, first, counts = np.unique(values, return_index=True, return_counts=True)
        ranges = Quantiles.fit(counts.astype(np.int64), rng, subjects[first])
        lows, highs = (np.concatenate([ranges.atoms, ends]) for ends in (ranges.lows, ranges.highs))
        if not len(lows):
            return cls((1,), (1,), (1.0,), len(counts))
        place = len(ranges.atoms) + np.minimum(np.searchsorted(ranges.highs, counts), max(len(ranges.highs) - 1, 0))
        if len(ranges.atoms):
            near = np.minimum(np.searchsorted(ranges.atoms, counts), len(ranges.atoms) - 1)
            place = np.where((ranges.atoms[near] == counts) | (len(ranges.highs) == 0), near, place)
        shares = np.bincount(place, minlength=len(lows)) / len(counts)
        rounded = tuple(np.round(shares, 4).tolist())
        return cls(tuple(lows.tolist()), tuple(highs.tolist()), rounded, len(counts))

    @property
    def is_pool(self) -> bool:
        """Whether there are few values for the rows, as of doctors or shops: then more rows make no new ones."""
        rows_of_one = np.dot(self._middles, self.shares) / sum(self.shares)
        return bool(rows_of_one > MOST_ROWS and 0 < self.values <= MOST_POOL)

    @property
    def _middles(self) -> np.ndarray:
        return np.asarray((np.asarray(self.lows) + np.asarray(self.highs)) / 2)

    def choose(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """One of all values for each row, as often as they are shared: (count,) int64 below `values`."""
        place = np.searchsorted(np.cumsum(self.shares), (np.arange(self.values) + 0.5) / self.values * sum(self.shares))
        often = np.cumsum(self._middles[np.minimum(place, len(self.lows) - 1)])
        return np.asarray(np.searchsorted(often, rng.random(count) * often[-1], side="right"), np.int64)

    def starts(self, rng: np.random.Generator, breaks: np.ndarray) -> np.ndarray:
        """Divide rows into runs that share a value: the place at which each row's run starts, (n,) int64.

        breaks: (n,) bool, where a run must not go on.
        """
        rows = len(breaks)
        begins = breaks.copy()
        ends = np.cumsum(self.draw(rng, rows))  # a run has at least one row
        begins[ends[ends < rows]] = True
        begins[:1] = True
        return np.asarray(np.maximum.accumulate(np.where(begins, np.arange(rows), 0)))

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draw sizes: (count,) int64, at least 1."""
        share = np.asarray(self.shares) / sum(self.shares)
        range_ = rng.choice(len(share), count, p=share)
        lows, highs = np.asarray(self.lows)[range_], np.asarray(self.highs)[range_]
        return np.asarray(np.maximum(lows + (rng.random(count) * (highs - lows + 1)).astype(np.int64), 1))

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        ranges = {"lows": list(self.lows), "highs": list(self.highs), "shares": list(self.shares)}
        return {**ranges, "values": self.values}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; ValueError for anything else."""
        lows, highs, shares = tuple(data["lows"]), tuple(data["highs"]), tuple(data["shares"])
        if not len(lows) == len(highs) == len(shares) or not sum(shares) > 0:
            raise ValueError("sizes of shared values do not fit each other")
        return cls(lows, highs, shares, int(data["values"]))


@dataclass(frozen=True)
class Sharing:
    """Which rows share a value.

    level: "row", each has its own; "person", all rows of a person share one; "few", a person has some, each theirs
    alone, and any of them in a row, as cards; "part", the same, but of rows that follow each other, as stays; "free",
    rows of several persons share one. sizes: values of a person for "few"; rows that share one for "part" and "free".
    """

    level: Level = "row"
    sizes: Sizes | None = None

    @classmethod
    def fit(cls, values: pd.Series, persons: Subjects, rng: np.random.Generator) -> Self:
        """Learn how the present values (n,) of a column repeat, within persons and across them."""
        codes = pd.factorize(values)[0].astype(np.int64)
        if not len(codes) or len(np.unique(codes)) == len(codes):
            return cls()
        if persons.numbers is None:
            return cls("free", Sizes.fit(codes, Subjects(len(codes)), rng))
        of_value = persons.count(codes, int(codes.max()) + 1)
        of_person = Subjects(len(codes), codes).count(persons.numbers, int(persons.numbers.max()) + 1)
        if (of_person[of_person > 0] <= 1).mean() >= NEARLY_ALL:
            return cls("person")
        if (of_value <= 1).mean() >= NEARLY_ALL:
            if of_person[of_person > 0].mean() > FEW:
                return cls("part", Sizes.fit(codes, persons, rng))
            pairs = np.unique(np.stack([persons.numbers, codes]), axis=1)[0]
            return cls("few", Sizes.fit(pairs, Subjects(len(pairs), pairs), rng))
        return cls("free", Sizes.fit(codes, persons, rng))

    def numbers(self, rows: int, persons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Which value each row has: (n,) int64, the place of the first row, in the order of persons, that has it.

        Of few values for all rows: -1 - the number of one, the same in any rows. persons: (n,) whose each row is.
        """
        if self.level == "row":
            return np.arange(rows)
        if self.level == "few":
            return self._among_few(persons, rng)
        if self.sizes is not None and self.level == "free" and self.sizes.is_pool:
            return -1 - self.sizes.choose(rng, rows)
        if self.level == "free":
            order = rng.permutation(rows)
            breaks = np.zeros(rows, bool)
        else:
            order = np.argsort(persons, kind="stable")
            breaks = np.diff(persons[order], prepend=persons[order][:1] - 1) != 0
        if self.level == "person":
            starts = np.maximum.accumulate(np.where(breaks, np.arange(rows), 0))
        else:
            assert self.sizes is not None
            starts = self.sizes.starts(rng, breaks)
        result = np.empty(rows, np.int64)
        result[order] = order[starts]
        return result

    def _among_few(self, persons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """One of its person's values for each row."""
        assert self.sizes is not None
        _, person = np.unique(persons, return_inverse=True)
        most = self.sizes.draw(rng, int(person.max(initial=-1)) + 1)
        chosen = (rng.random(len(persons)) * most[person]).astype(np.int64)
        _, first, which = np.unique(np.stack([person, chosen]), axis=1, return_index=True, return_inverse=True)
        return np.asarray(first[which.ravel()], np.int64)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {"level": self.level, "sizes": None if self.sizes is None else self.sizes.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        level: Level = data["level"]
        if level not in get_args(Level) or (level in ("row", "person")) != (data["sizes"] is None):
            raise ValueError("how rows share a value is not understood")
        return cls(level, None if data["sizes"] is None else Sizes.from_json(data["sizes"]))
