"""Conditions on rows: masks over what is learned, and what is left to check of columns that are derived from others.

A condition on a derived column narrows what it is computed from to what can satisfy it at all: `discharged <= May 3`
leaves the admissions until May 3. Rows drawn under these masks may still break it; they are drawn again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Protocol

import numpy as np
import pandas as pd

from synthdata.encoding.derived_columns import DerivedColumns
from synthdata.errors import ConditionError
from synthdata.fields import Codec, Mask, Measure, Predicate
from synthdata.fields.base import unmet
from synthdata.fields.intervals import Interval, inside

__all__ = ["Conditions", "Wanted", "narrowed"]

ROUNDS = 2  # in which ranges are narrowed, from sources to derived columns and back
ROUNDING = 1e-9  # of floats, relative to their size


@dataclass(frozen=True)
class Wanted:
    """What is asked of a column of quantities: predicates, and the intervals that comparisons leave, in units."""

    predicates: tuple[Predicate, ...]
    measure: Measure
    intervals: tuple[Interval, ...]

    @classmethod
    def of(cls, predicates: Sequence[Predicate], measure: Measure) -> Wanted:
        """OperandError for an operand that is no value of the column."""
        comparisons = [each for each in predicates if each.operator not in ("is null", "is not null")]
        return cls(tuple(predicates), measure, measure.intervals(comparisons))

    @property
    def null(self) -> bool:
        """Whether the value has to be missing."""
        return any(each.operator == "is null" for each in self.predicates)

    @property
    def compares(self) -> bool:
        """Whether the value is compared with another."""
        return any(each.operator not in ("is null", "is not null") for each in self.predicates)

    def holds(self, column: pd.Series) -> np.ndarray:
        """In which rows of a column it holds: (n,) bool. A comparison is never true of a missing value."""
        missing = column.isna().to_numpy(bool)
        if self.null:
            return missing
        result = ~missing
        result[result] = inside(self.measure.units(column[result]), Mask(np.ones(1, bool), self.intervals))
        return result


@dataclass(frozen=True)
class Conditions:
    """Conditions on all rows of a run.

    masks: by learned column, for generators and codecs. checked: by derived column, what masks alone do not ensure.
    """

    masks: Mapping[str, Mask] = field(default_factory=dict)
    checked: Mapping[str, Wanted] = field(default_factory=dict)

    def asked(self) -> str:
        """What is checked, as a person writes it."""
        return " and ".join(f"{name} {each}" for name, wanted in self.checked.items() for each in wanted.predicates)


def narrowed(
    wanted: Mapping[str, Wanted], masks: Mapping[str, Mask], derived: DerivedColumns, codecs: Mapping[str, Codec]
) -> Conditions:
    """What conditions on derived and flagged columns mean for the columns that are learned.

    masks: of the conditions on all other columns. ConditionError if nothing can satisfy all conditions.
    """
    for name, each in wanted.items():
        if (each.null and any(one.operator != "is null" for one in each.predicates)) or not each.intervals:
            raise ConditionError(unmet(name, each.predicates))
    result, needed = dict(masks), set[str]()
    for name, each in wanted.items():
        if not each.null:
            if name in codecs and name not in derived.gaps:
                result[name] = codecs[name].narrowed(codecs[name].restrict([]), each.intervals, present=True)
            needed |= derived.needed([name])
            for part in _shown_with(name, derived) & derived.flags.keys():
                _add(result, derived.flags[part], codecs, Predicate("=", False), name, each)
        elif name in derived.flags:
            _add(result, derived.flags[name], codecs, Predicate("=", True), name, each)
        elif name in derived.gaps:
            _add(result, name, codecs, Predicate("is null"), name, each)
        elif not any(codecs[part].nulls for part in derived.needed([name]) & codecs.keys()) and not (
            _shown_with(name, derived) & derived.flags.keys()
        ):
            raise ConditionError(unmet(name, each.predicates))
    compared = {
        name: each
        for name, each in wanted.items()
        if each.compares and (name in derived.gaps or name in derived.totalled)
    }
    ranges = _Ranges.of(derived, codecs, result, derived.needed(compared))
    for _ in range(ROUNDS):
        ranges.narrow({name: (each.intervals[0][0], each.intervals[-1][1]) for name, each in compared.items()})
    for name in needed & codecs.keys():
        own = result.get(name) or codecs[name].restrict([])
        result[name] = mask = codecs[name].narrowed(own, ranges.learned(name), present=True)
        if not mask.allowed.any():
            asked = next(each for each in wanted if name in derived.needed([each]))
            if not codecs[name].narrowed(own, None, present=True).allowed.any():
                raise ConditionError(_contradicted(name))
            beside = bool((masks.keys() | wanted.keys()) & derived.needed(wanted) - {asked})
            raise ConditionError(unmet(asked, wanted[asked].predicates, beside=beside))
    checked = {
        name: each for name, each in wanted.items() if name in compared or (each.null and name in derived.totalled)
    }
    return Conditions(result, checked)


def _shown_with(name: str, derived: DerivedColumns) -> set[str]:
    """The columns that are not missing if this one is not: the column itself, and the parts of a total."""
    return {name}.union(*(_shown_with(part, derived) for part in derived.totalled.get(name, ())))


def _add(
    masks: dict[str, Mask], block: str, codecs: Mapping[str, Codec], predicate: Predicate, name: str, wanted: Wanted
) -> None:
    """Add the mask of a predicate on a flag or a gap to the masks; ConditionError if it contradicts them."""
    try:
        mask = codecs[block].restrict([predicate])
    except ConditionError:
        raise ConditionError(unmet(name, wanted.predicates)) from None
    if block in masks:
        mask = Mask(mask.allowed & masks[block].allowed, mask.detail)
    if not mask.allowed.any():
        raise ConditionError(_contradicted(name))
    masks[block] = mask


def _contradicted(name: str) -> str:
    return f'"{name}" would have to be missing by one condition, and not by another; relax one of them'


class _Convert(Protocol):
    """`Measure.least` or `Measure.most` of a measure."""

    def __call__(self, other: Measure, units: np.ndarray, *, strict: bool) -> np.ndarray: ...


@dataclass(frozen=True)
class _Ranges:
    """The ranges of columns and gaps, in units; narrowed in place.

    values: by column, of its values. gaps: by high column. order: of the columns, sources first.
    """

    derived: DerivedColumns
    values: dict[str, Interval]
    gaps: dict[str, Interval]
    order: Sequence[str]

    @classmethod
    def of(
        cls, derived: DerivedColumns, codecs: Mapping[str, Codec], masks: Mapping[str, Mask], names: Iterable[str]
    ) -> _Ranges:
        """What is learned of the columns `names`, within masks."""
        values: dict[str, Interval] = {}
        gaps: dict[str, Interval] = {}
        order = derived.order(name for name in derived.measures if name in set(names))
        for name in order:
            if name in derived.totalled:
                continue
            ends, mask = codecs[name].body.ends or (1, 0), masks.get(name)
            if mask is not None and mask.detail:
                ends = _common(ends, (mask.detail[0][0], mask.detail[-1][1]))
            (gaps if name in derived.gaps else values)[name] = ends
        return cls(derived, values, gaps, order)

    def learned(self, name: str) -> list[Interval] | None:
        """The range of what is learned of a column, its gap or its values, empty or one; None if it is not narrowed."""
        range_ = self.gaps.get(name) or self.values.get(name)
        return range_ and [range_] * (range_[0] <= range_[1])

    def narrow(self, asked: Mapping[str, Interval]) -> None:
        """Narrow all ranges to what is asked of some, once from sources to derived columns, and once back.

        An empty range ends above where it begins.
        """
        for name in self.order:
            if name in self.derived.gaps:
                low, high = self._floor(name)
                reached: Interval = (low + self.gaps[name][0], high + self.gaps[name][1])
            elif name in self.derived.sums:
                reached = self._others(name, None)
            elif name in self.derived.products:
                reached = self._multiplied(name)
            else:
                reached = self.values[name]
            known = self.values.get(name, reached)
            self.values[name] = _common(_common(reached, known), asked.get(name, known))
        for name in reversed(self.order):
            if name in self.derived.gaps:
                self._narrow_gap(name)
            elif name in self.derived.sums:
                self._narrow_parts(name)

    def _narrow_gap(self, name: str) -> None:
        """Narrow the gap of a column, and the columns that it is counted from."""
        measures, lows = self.derived.measures, self.derived.gaps[name].lows
        (least, most), (low, high) = self.values[name], self._floor(name)
        self.gaps[name] = gap = _common(self.gaps[name], _wider(least - high, most - low, measures[name]))
        least, most = _wider(least - gap[1], most - gap[0], measures[name])
        for other, strict in lows.items():
            stop = _one(measures[other].most, measures[name], most, strict=strict)
            start = self.values[other][0]
            if len(lows) == 1:
                step = 1 if measures[other].step else 0
                start = _one(measures[other].most, measures[name], least - step, strict=strict) + step
            self.values[other] = _common(self.values[other], (start, stop))

    def _narrow_parts(self, name: str) -> None:
        """Narrow the parts of a total."""
        measures, (least, most) = self.derived.measures, self.values[name]
        for part in self.derived.sums[name]:
            low, high = self._others(name, part)
            start, stop = _wider(least - high, most - low, measures[name])
            limits = (
                _one(measures[part].least, measures[name], start, strict=False),
                _one(measures[part].most, measures[name], stop, strict=False),
            )
            self.values[part] = _common(self.values[part], limits)

    def _floor(self, name: str) -> Interval:
        """The range of the least that a high column can be."""
        measures, lows = self.derived.measures, self.derived.gaps[name].lows
        ends = [
            [_one(measures[name].least, measures[low], end, strict=strict) for end in self.values[low]]
            for low, strict in lows.items()
        ]
        return max(low for low, _ in ends), max(high for _, high in ends)

    def _multiplied(self, total: str) -> Interval:
        """The range of a product, in its units."""
        measures, factors = self.derived.measures, self.derived.products[total]
        ends = [measures[part].values(np.array(self.values[part])).to_numpy("float64") for part in factors.parts]
        corners = reduce(np.multiply.outer, ends) * factors.factor
        units = measures[total].units(pd.Series([corners.min(), corners.max()]))
        return units[0].item(), units[1].item()

    def _others(self, total: str, part: str | None) -> Interval:
        """The range of the sum of all parts of a total but one, in its units."""
        measures = self.derived.measures
        ends = [
            [_one(measures[total].most, measures[each], end, strict=False) for end in self.values[each]]
            for each in self.derived.sums[total]
            if each != part
        ]
        return sum(low for low, _ in ends), sum(high for _, high in ends)


def _common(one: Interval, other: Interval) -> Interval:
    return max(one[0], other[0]), min(one[1], other[1])


def _wider(low: int | float, high: int | float, measure: Measure) -> Interval:
    """A range of floats made a little wider, since adding them rounds."""
    slack = 0 if measure.step else ROUNDING * max(abs(low), abs(high))
    return low - slack, high + slack


def _one(convert: _Convert, measure: Measure, units: int | float, *, strict: bool) -> int | float:
    """Convert one number of units."""
    kind = np.int64 if measure.step else np.float64
    result: int | float = convert(measure, np.array([units], kind), strict=strict)[0].item()
    return result
