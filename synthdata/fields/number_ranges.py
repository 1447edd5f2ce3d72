"""What is guessed of numbers: decimals, bounds that show nobody's value, clock times, marks of missing values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor, log10
from typing import Any

import numpy as np
import pandas as pd

from synthdata.fields.clock import clock_of, nearly_clock_of
from synthdata.fields.keys import EPOCH, is_even
from synthdata.subjects import THRESHOLD, Subjects

__all__ = ["MOST_DECIMALS", "Ranged", "ranged"]

MOST_DECIMALS = 12
MARKS = {sign * int(digit * length) for digit in "89" for length in range(1, 10) for sign in (1, -1)} | {-1}
FEWEST_KEYS, SHORTEST_KEY = 50, 6  # rows, digits
SERIALS = (20_000, 80_000)  # days since 1900, from 1954 to 2119
DATED = re.compile(r"(?i)date|datum|serial|day|tag|fecha")
FAR = 0.5  # of the range of the others, from which on a mark is no number of theirs


@dataclass(frozen=True)
class Ranged:
    """The keys of a field of numbers, a note on them, and whether the note matters."""

    keys: dict[str, Any]
    note: str = ""
    matters: bool = False


def ranged(values: pd.Series, subjects: Subjects) -> Ranged:
    """Guess what a field says of present values (n,)."""
    numbers = values.to_numpy() + 0  # a negative zero becomes a zero
    if numbers.dtype.kind == "f" and (numbers == np.floor(numbers)).all() and np.abs(numbers).max() < 2**53:
        numbers = numbers.astype(np.int64)
    clock = clock_of(numbers, subjects) if numbers.dtype.kind in "iu" else None
    if clock:
        note = f"times of day, {_AS_WRITTEN[clock]}; if they are none, leave clock out"
        return Ranged({"integer": True, "clock": clock}, note)
    low, high = _outward(numbers, -1, subjects), _outward(numbers, 1, subjects)
    rounded = [
        bound
        for bound, end in ((low, numbers.min()), (high, numbers.max()))
        if bound is not None and subjects[numbers == end].people < THRESHOLD
    ]
    if numbers.dtype.kind in "iu":
        low, high = (None if end is None else int(end) for end in (low, high))
        keys = {"integer": True, "min": low, "max": high}
        notes = [_range_note(low, high, rounded, numbers), _nearly(numbers, subjects)]
    else:
        keys = {"decimals": _decimals(numbers.astype(float)), "min": low, "max": high}
        notes = [_range_note(low, high, rounded, numbers)]
    first = [_marks(numbers, subjects), _like_moments(numbers, str(values.name)) or _like_keys(numbers)]
    return Ranged(keys, "; ".join(filter(None, [*first, *notes])), matters=any(first))


def _like_moments(numbers: np.ndarray, name: str) -> str:
    """A note on whole numbers that may count seconds, or milliseconds, since 1970, or days as workbooks do."""
    if numbers.dtype.kind not in "iu" or len(np.unique(numbers)) < FEWEST_KEYS:
        return ""
    low, high = int(numbers.min()), int(numbers.max())
    for unit, what in ((1, "seconds"), (1000, "milliseconds")):
        if low >= EPOCH[0] * unit and high <= EPOCH[1] * unit:
            return f"may be {what} since 1970: learned as a number, not as a time"
    if low >= SERIALS[0] and high <= SERIALS[1] and DATED.search(name):
        return "may be days as workbooks count them: learned as a number, not as a date"
    return ""


def _like_keys(numbers: np.ndarray) -> str:
    """A note on whole numbers that no two rows share, all of one length, spread evenly or in order."""
    if numbers.dtype.kind not in "iu" or len(numbers) < FEWEST_KEYS or numbers.min() < 10 ** (SHORTEST_KEY - 1):
        return ""
    ordered = np.sort(numbers)
    if len(str(ordered[0])) != len(str(ordered[-1])) or (np.diff(ordered) == 0).any():
        return ""
    if not (is_even(ordered) or (ordered == numbers).all()):
        return ""
    return "no two rows share one: if they are keys, {kind: identifier, integer: true}, never learned"


def _marks(numbers: np.ndarray, subjects: Subjects) -> str:
    """A note on a number that many have, far from all others, as programs write for a missing one: -99, 999."""
    for end in (numbers.min(), numbers.max()):
        if float(end) not in MARKS:
            continue
        here = numbers == end
        others = numbers[~here]
        if not len(others) or subjects[here].people < THRESHOLD:
            continue
        reach, gap = float(others.max() - others.min()), float(np.abs(others - end).min())
        if gap > max(FAR * reach, 2) or (end < -2 and others.min() >= 0):
            mark = int(end)
            return f"{mark} stands {int(here.sum()):,} times, far from all others: a missing value? then --na {mark}"
    return ""


_AS_WRITTEN = {"hhmm": "9:05 as 905", "hhmmss": "9:05:00 as 90500"}


def _nearly(numbers: np.ndarray, subjects: Subjects) -> str:
    """A note on a column of clock times in which a few rows are none."""
    near = nearly_clock_of(numbers, subjects)
    if near is None:
        return ""
    clock, others = near
    rows = "1 row" if others == 1 else f"{others:,} rows"
    return (
        f"times of day, {_AS_WRITTEN[clock]}, but for {rows}: to keep to the clock, mend these and add clock: {clock}"
    )


def _range_note(low: Any, high: Any, rounded: Sequence[Any], numbers: np.ndarray) -> str:
    lacking = [key for key, end in (("min", low), ("max", high)) if end is None]
    notes = ["range rounded outwards"] if rounded else []
    if lacking:
        named = " and no ".join(lacking)
        notes.append(f"no {named}, because bounds would show a few values beyond the rest, which are not learned")
    if numbers.dtype.kind in "iu" and set(np.unique(numbers).tolist()) == {0, 1}:
        notes.append("just 0 and 1: if they mean no and yes, make it a boolean")
    return "; ".join(notes)


def _decimals(numbers: np.ndarray) -> int | None:
    """The fewest decimals that write every number exactly; None if that takes too many."""
    most = float(np.abs(numbers).max())
    for decimals in range(1, MOST_DECIMALS + 1):
        if most * 10.0**decimals >= 2**53:
            return None
        if (np.rint(numbers * 10.0**decimals) / 10.0**decimals == numbers).all():
            return decimals
    return None


def _outward(numbers: np.ndarray, direction: int, subjects: Subjects) -> Any:
    """An end of the range that shows nobody's value: kept if many subjects share it, else rounded outwards.

    None where the ends of so many subjects, rounded, do not reach the last one: few lie far beyond the others.
    """
    end = numbers.max() if direction > 0 else numbers.min()
    if subjects[numbers == end].people >= THRESHOLD:
        return end.item()
    common = _common_end(numbers, direction, subjects)
    rounded = _rounded_outward(common, direction)
    if rounded is None or (rounded < end if direction > 0 else rounded > end):
        return None
    return None if rounded == end and end != 0 else rounded  # which would be somebody's own


def _common_end(numbers: np.ndarray, direction: int, subjects: Subjects) -> Any:
    """The number that enough subjects reach."""
    if subjects.numbers is not None:
        each = pd.Series(numbers).groupby(subjects.numbers)
        numbers = (each.max() if direction > 0 else each.min()).to_numpy()
    place = min(THRESHOLD, len(numbers))
    return np.partition(numbers, -place)[-place] if direction > 0 else np.partition(numbers, place - 1)[place - 1]


def _rounded_outward(end: Any, direction: int) -> Any:
    """The next number outwards with one significant digit; 0 if zero comes first."""
    if end == 0 or (end > 0) != (direction > 0):
        return 0  # towards zero there is nothing to round to but zero itself
    size = abs(Fraction(str(end)))
    unit = Fraction(10) ** floor(log10(size))
    rounded = direction * unit * (floor(size / unit) + 1)
    if isinstance(end, np.integer):
        return min(max(int(rounded), -(2**63)), 2**63 - 1)
    try:
        return float(rounded)
    except OverflowError:
        return None
