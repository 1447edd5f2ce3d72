"""Unions of closed intervals on a line: what comparisons leave of the integers or the floats, and draws from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor, inf, nextafter
from typing import Any, TypeAlias

import numpy as np

from synthdata.errors import ConditionError
from synthdata.fields.predicates import Mask, Predicate

__all__ = ["Interval", "along", "draw_within", "fraction_of", "inside", "intersect", "intervals_of", "touched"]

Interval: TypeAlias = tuple[int | float, int | float]  # closed on both sides


def intersect(a: Sequence[Interval], b: Sequence[Interval]) -> tuple[Interval, ...]:
    """Intersect two unions of disjoint intervals, both ascending."""
    result = []
    i = j = 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low <= high:
            result.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(result)


def intervals_of(
    predicates: Sequence[Predicate], scale: int | None, operand: Callable[[Any], Fraction]
) -> tuple[Interval, ...]:
    """Turn comparisons into a union of disjoint closed intervals.

    scale: intervals count units of 10 ** -scale; None for floats. `operand` reads one operand into a Fraction.
    """
    whole: Interval = (-inf, inf) if scale is None else (-(2**63), 2**63 - 1)
    result: tuple[Interval, ...] = (whole,)
    for predicate in predicates:
        many = predicate.operator in ("in", "not in")
        values = sorted(
            {operand(one) * 10 ** (scale or 0) for one in (predicate.operand if many else [predicate.operand])}
        )
        result = intersect(result, _allowed_by(predicate.operator, values, whole, scale is None))
    return result


def _allowed_by(operator: str, values: list[Fraction], whole: Interval, floats: bool) -> list[Interval]:
    low, high = whole

    def points() -> list[int | float]:
        if floats:
            return sorted({_float(value) for value in values})
        return [int(value) for value in values if value.denominator == 1]

    value = values[0] if values else Fraction(0)
    match operator:
        case "=" | "in":
            return [(point, point) for point in points()]
        case "!=" | "not in":
            gaps: list[Interval] = []
            start = low
            for point in points():
                gaps.append((start, nextafter(point, -inf) if floats else point - 1))
                start = nextafter(point, inf) if floats else point + 1
            return [(a, b) for a, b in [*gaps, (start, high)] if a <= b]
        case "<=":
            return [(low, _float(value) if floats else floor(value))]
        case "<":
            return [(low, nextafter(_float(value), -inf) if floats else ceil(value) - 1)]
        case ">=":
            return [(_float(value) if floats else ceil(value), high)]
        case ">":
            return [(nextafter(_float(value), inf) if floats else floor(value) + 1, high)]
        case _:
            raise ConditionError(f'operator "{operator}" compares no numbers')


def _float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def along(low: np.ndarray, high: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Go `fraction` in [0, 1) of the way through each closed [low, high]; every integer of it is equally likely.

    Integers are counted in uint64, where differences and sums wrap, so that the ends of int64 are safe.
    """
    values: np.ndarray
    if low.dtype.kind == "i":
        room = high.astype(np.uint64) - low.astype(np.uint64)
        steps = np.minimum(np.floor(fraction * (room.astype(np.float64) + 1.0)), 2.0**64 - 2048)
        values = (low.astype(np.uint64) + np.minimum(steps.astype(np.uint64), room)).astype(np.int64)
        return values
    values = np.clip(low * (1 - fraction) + high * fraction, low, high)
    return values


def fraction_of(low: np.ndarray, high: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Say how far through [low, high] each value is; `along` goes back. Kept a hair's breadth from 0 and from 1."""
    inside = np.clip(values, low, high)
    if low.dtype.kind == "i":
        fraction = (_span(low, inside) + 0.5) / (_span(low, high) + 1.0)
    else:
        width = high / 2 - low / 2  # halves, since the difference may be beyond the largest float
        fraction = np.where(width > 0, (inside / 2 - low / 2) / np.where(width > 0, width, 1.0), 0.5)
    return np.clip(fraction, 2.0**-40, 1 - 2.0**-40)


def inside(values: np.ndarray, mask: Mask) -> np.ndarray:
    """Whether values (n,) lie in the intervals that are a mask's detail: (n,) bool.

    Without a detail no comparison was asked for: all or nothing, as the mask says.
    """
    if mask.detail is None:
        return np.full(len(values), bool(mask.allowed.any()))
    admitted = touched(values, values, mask.detail)
    return admitted & bool(mask.allowed.any())


def touched(lows: np.ndarray, highs: np.ndarray, intervals: Sequence[Interval]) -> np.ndarray:
    """For each of the ranges [low, high], whether it meets any of the intervals: (k,) bool."""
    result = np.zeros(len(lows), bool)
    result[_pieces(lows, highs, intervals)[2]] = True
    return result


def draw_within(
    lows: np.ndarray, highs: np.ndarray, which: np.ndarray, fraction: np.ndarray, intervals: Sequence[Interval]
) -> np.ndarray:
    """Draw from what `intervals` leave of ascending ranges; a range they leave nothing of gives way to the nearest.

    lows, highs: (k,), the ranges. which: (n,), the range of each row. fraction: (n,) in [0, 1), where in it.
    """
    low, high, owner = _pieces(lows, highs, intervals)
    values: np.ndarray = lows[which]
    if not len(owner):
        return values
    owners, first, count = np.unique(owner, return_index=True, return_counts=True)
    right = np.minimum(np.searchsorted(owners, which), len(owners) - 1)
    left = np.maximum(right - 1, 0)
    mine = np.where(owners[right] - which <= which - owners[left], right, left)  # (n,) index into owners
    size = _span(low, high) + 1.0 if low.dtype.kind == "i" else high / 2 - low / 2
    total = np.add.reduceat(size, first)
    size = np.where(np.repeat(total, count) > 0, size, 1.0)  # nothing but points: each is equally likely
    share = size / np.repeat(np.add.reduceat(size, first), count)
    stop = np.cumsum(share)  # grows by 1 an owner
    target = mine + fraction
    piece = np.clip(np.searchsorted(stop, target, side="right"), first[mine], first[mine] + count[mine] - 1)
    inner = (target - stop[piece] + share[piece]) / np.maximum(share[piece], np.finfo(np.float64).tiny)
    inner = np.where(count[mine] == 1, fraction, np.clip(inner, 0.0, 1 - 2.0**-53))
    return along(low[piece], high[piece], inner)


def _pieces(
    lows: np.ndarray, highs: np.ndarray, intervals: Sequence[Interval]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cut ascending ranges (k,) to the intervals: the pieces' ends, and the range each is of, ascending."""
    starts = np.array([low for low, _ in intervals], dtype=lows.dtype)
    stops = np.array([high for _, high in intervals], dtype=lows.dtype)
    first = np.searchsorted(stops, lows)  # the first interval that does not end before low
    count = np.maximum(np.searchsorted(starts, highs, side="right") - first, 0)
    owner = np.repeat(np.arange(len(lows)), count)
    interval = first[owner] + np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return np.maximum(lows[owner], starts[interval]), np.minimum(highs[owner], stops[interval]), owner


def _span(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """`high - low` as floats, right also where the difference of two int64 does not fit an int64."""
    return (high.astype(np.uint64) - low.astype(np.uint64)).astype(np.float64)
