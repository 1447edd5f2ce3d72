"""What a provider is: a maker of values that are replaced, never learned, such as names and addresses.

What to implement for a new one: a function that makes values for `People`, a function that knows such a value when it
sees one, and a line in `synthdata.fields.providers.catalogue`. The tests do the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

__all__ = ["Make", "People", "Provider", "Valid", "everywhere"]


@dataclass(frozen=True)
class People:
    """Who values are made for, one row a value.

    seed: mixed by the caller with whatever the values shall depend on.
    persons: (n,) uint64, equal for rows of one person; all that says who somebody is.
    variants: (n,) int64, 0 for somebody's first value of a kind, 1 for the second (another card, an old number), ...
    locale: "en", "de", ...
    sexes: (n,) object of "female", "male" or None; None where the table does not say.
    """

    seed: int
    persons: np.ndarray
    variants: np.ndarray
    locale: str
    sexes: np.ndarray | None = None


Make: TypeAlias = Callable[[People], np.ndarray]  # (n,) object of str
Valid: TypeAlias = Callable[[np.ndarray], np.ndarray]  # (n,) object of str -> (n,) bool


def everywhere() -> frozenset[str] | None:
    """The locales of a provider whose values are the same everywhere."""
    return None


@dataclass(frozen=True)
class Provider:
    """A kind of value that is made, not learned.

    name: as a schema says it.
    summary: a few words, for help and documentation.
    makes: the values, a pure function of its argument, row by row.
    looks: whether a text is such a value: its form and check digits, or the lists of names.
    distinctive: whether a value by itself points at somebody.
    checked: whether values carry check digits, so that content alone tells them.
    telling: by what content alone tells such a column; None where the column's name must help.
    fewest: how many distinct values that needs.
    hint: a regular expression for names of such columns, lower-cased, words apart by spaces; "" for none.
    digits: how many digits a value has, where it has nothing else, and where zeros in front may have been lost.
    room: about how many distinct values there are in a locale, where two people may well share one; else None.
    speaks: the locales it has data for; None where values are the same everywhere.
    """

    name: str
    summary: str
    makes: Make
    looks: Valid
    distinctive: bool
    checked: bool = False
    telling: Valid | None = None
    fewest: int = 20
    hint: str = ""
    digits: int | None = None
    room: int | None = None
    speaks: Callable[[], frozenset[str] | None] = everywhere

    def locales(self) -> frozenset[str] | None:
        """The locales it has data for; None where values are the same everywhere."""
        return self.speaks()

    def make(self, people: People) -> np.ndarray:
        """Values (n,) object of str."""
        return self.makes(people)

    def valid(self, cells: pd.Series | np.ndarray) -> np.ndarray:
        """Which texts (n,) look like such a value: (n,) bool."""
        return self.looks(np.asarray(cells, dtype=object))
