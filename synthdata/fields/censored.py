"""Measurements beyond a limit: `<0.1` and `>200` in a column of numbers, as laboratories write them.

A cell below the limit is counted as the number one unit below it (half of it, where numbers have any decimals), above
it one unit above, and whatever is drawn there is written as the cell was.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Limit", "limits_of"]

CELL = re.compile(r"([<>≤≥]=?)\s?(.+)")
LEAST = 5  # cells within limits, for the others to be measurements beyond them


@dataclass(frozen=True)
class Limit:
    """A limit as it is written, `<0.1`; value: the number behind the sign."""

    cell: str
    value: float

    @property
    def is_low(self) -> bool:
        """Whether cells are below it."""
        return self.cell[0] in "<≤"

    def beyond(self, scale: int | None) -> float:
        """The number that stands for a cell beyond the limit. scale: decimals of the column, None for any."""
        if scale is not None:
            unit = 10.0**-scale
            return round(self.value - unit if self.is_low else self.value + unit, scale)
        part = abs(self.value) / 2
        return self.value - part if self.is_low else self.value + part

    def passed(self, values: pd.Series) -> np.ndarray:
        """Which present values lie beyond the limit: (n,) bool."""
        return np.asarray(values < self.value if self.is_low else values > self.value)


def limits_of(text: pd.Series) -> tuple[np.ndarray, list[str]] | None:
    """Which present cells of text are beyond a limit, (n,) bool, and how they are written: one low, one high at most.

    None if there are none, several, or few other cells.
    """
    beyond = text.str.match(r"[<>≤≥]").to_numpy(bool)
    if not beyond.any() or (~beyond).sum() < LEAST:
        return None
    written = text[beyond].value_counts()
    kept = dict[str, str]()  # of those that differ in blanks alone, the most frequent
    for cell in map(str, written.index):
        kept.setdefault("".join(cell.split()), cell)
    cells = sorted(kept.values())
    signs = [cell[0] in "<≤" for cell in cells]
    return (beyond, cells) if len(signs) == len(set(signs)) else None


def number_in(cell: str) -> str:
    """What stands behind the sign of such a cell; "" if it is none."""
    found = CELL.fullmatch(cell)
    return found[2] if found else ""
