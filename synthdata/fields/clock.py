"""Clock times written as whole numbers: 1259 is a minute before 1300, 5 is five past midnight, 93059 is 09:30:59."""

from __future__ import annotations

import re
from fractions import Fraction
from math import floor, gcd, log
from typing import Literal, TypeAlias, get_args

import numpy as np

from synthdata.subjects import LEAST_SUBJECTS, Subjects

__all__ = [
    "CLOCKS",
    "Clock",
    "as_clock",
    "clock_of",
    "count_time",
    "count_times",
    "is_clock_time",
    "nearly_clock_of",
    "pattern_of_clock",
]

Clock: TypeAlias = Literal["hhmm", "hhmmss"]

CLOCKS: tuple[Clock, ...] = get_args(Clock)
NEAR_CERTAIN = log(1e-6)  # how likely it may be, at most, that numbers are clock times by chance
MORNING = 10  # o'clock, which some times of a day are after
MOST_OTHERS = 0.01  # of the rows, that are no clock times, in a column that is nearly one of them
LATE = 10  # minutes before the full hour, or a step of the times if that is longer, in which some times lie

_MINUTES = "[0-5]?[0-9]"
_HOURS = "(?:[1-9]|1[0-9]|2[0-3])[0-5][0-9]"
_PATTERNS: dict[Clock, str] = {
    "hhmm": rf"{_MINUTES}|{_HOURS}|2400",
    "hhmmss": rf"{_MINUTES}|[1-5]?[0-9][0-5][0-9]|{_HOURS}[0-5][0-9]|240000",
}


def pattern_of_clock(clock: Clock) -> str:
    """The regular expression of its times, as whole numbers are written."""
    return _PATTERNS[clock]


def is_clock_time(value: float, clock: Clock) -> bool:
    """Whether one number is a time."""
    return value == floor(value) and re.fullmatch(_PATTERNS[clock], str(int(value))) is not None


def count_times(numbers: np.ndarray, clock: Clock) -> np.ndarray:
    """Minutes, or seconds, since midnight: (n,) int64. What is no time is counted on into the next hour."""
    if clock == "hhmm":
        return np.asarray(numbers // 100 * 60 + numbers % 100)
    return np.asarray(numbers // 10_000 * 3600 + numbers // 100 % 100 * 60 + numbers % 100)


def as_clock(units: np.ndarray, clock: Clock) -> np.ndarray:
    """The inverse of `count_times`: (n,) int64."""
    if clock == "hhmm":
        return np.asarray(units // 60 * 100 + units % 60)
    return np.asarray(units // 3600 * 10_000 + units // 60 % 60 * 100 + units % 60)


def count_time(number: Fraction, clock: Clock) -> Fraction:
    """Minutes, or seconds, since midnight, in the order of numbers: 1270, which is no time, lies before 1300."""
    whole, half = floor(number), Fraction(1, 2)
    parts = (60,) if clock == "hhmm" else (60, 60)
    digits = [whole // 100 ** (len(parts) - place) % 100 for place in range(1, len(parts) + 1)]
    units, beyond = whole // 100 ** len(parts), False
    for digit, base in zip(digits, parts, strict=True):
        beyond = beyond or digit >= base
        units = units * base + (base - 1 if beyond else digit)
    return Fraction(units) + (half if beyond or number != whole else 0)


def clock_of(numbers: np.ndarray, subjects: Subjects) -> Clock | None:
    """How whole numbers (n,) write clock times; None if they do not, or might do so by chance."""
    for clock in CLOCKS:
        if numbers.min() >= 0 and numbers.max() <= (2400 if clock == "hhmm" else 240_000):
            return clock if _are_times(np.unique(numbers), clock, subjects.people) else None
    return None


def nearly_clock_of(numbers: np.ndarray, subjects: Subjects) -> tuple[Clock, int] | None:
    """How whole numbers (n,) write clock times, if a few rows do not; and how many these are."""
    for clock in CLOCKS:
        times = (numbers >= 0) & (numbers <= (2400 if clock == "hhmm" else 240_000)) & (numbers % 100 < 60)
        if clock == "hhmmss":
            times &= numbers // 100 % 100 < 60
        others = int((~times).sum())
        if 0 < others <= MOST_OTHERS * len(numbers) and clock_of(numbers[times], subjects[times]) == clock:
            return clock, others
    return None


def _are_times(distinct: np.ndarray, clock: Clock, people: int) -> bool:
    """Whether ascending distinct numbers are clock times throughout, of a whole day, and more than chance would have.

    Chance is that the digits of minutes are any two, as far as the step of the numbers allows. Numbers below the first
    full hour and beyond the last one say nothing.
    """
    inside = distinct % 100 if clock == "hhmm" else distinct // 100 % 100
    hours = distinct // (100 if clock == "hhmm" else 10_000)
    if people < LEAST_SUBJECTS or inside.max() >= 60 or (clock == "hhmmss" and (distinct % 100).max() >= 60):
        return False
    if hours[-1] < MORNING or inside.max() + max(gcd(60, *inside.tolist()), LATE) < 60:
        return False
    step = gcd(100, *inside.tolist())
    possible = np.arange(0, 100, step)
    by_chance = float((possible < 60).mean())
    telling = len(np.unique(distinct[(hours > hours[0]) & (hours < hours[-1])] // (1 if clock == "hhmm" else 100)))
    return min(telling, people) * log(by_chance) < NEAR_CERTAIN
