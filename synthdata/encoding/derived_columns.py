"""Columns that are computed from others, so that what always holds between columns holds in every synthetic row.

- A column that is never below another (`ordered`) is learned as its *gap*, by how much it exceeds that one: a discharge
  as the days since the admission. If it is above several, the gap is counted from the greatest.
- The total of a `sum` is not learned at all, but added up; that of a `product` is multiplied, and rounded.

Where a low column is missing and the high one is not, the low one gets a *surrogate*: the high value minus a gap as
usual. It is learned in place of a value, and a block of its own, the *flag*, says that it must not be shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from synthdata.fields import Boolean, Codec, Field, Measure, Number
from synthdata.fields.intervals import Interval
from synthdata.fields.quantiles import Quantiles
from synthdata.subjects import Subjects

__all__ = ["Amounts", "DerivedColumns", "Gap", "with_sources"]

LARGEST_PRODUCT = 2.0**61  # beyond which products are computed in floats
USUAL = 32  # gaps that surrogates are made with
GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # spreads numbers evenly, whatever they are


@dataclass(frozen=True)
class Gap:
    """How a column is counted from those it is never below.

    lows: these, each with whether it must be exceeded. usual: gaps at even ranks, as they are learned; ascending.
    """

    lows: Mapping[str, bool]
    usual: tuple[int | float, ...] = ()


@dataclass(frozen=True)
class Factors:
    """What a total is the product of: one or two columns, and a number. half_even: halves are rounded to even."""

    parts: tuple[str, ...]
    factor: float = 1.0
    half_even: bool = False


@dataclass(frozen=True)
class Amounts:
    """The values of a column in its units, (n,), and where there are any, (n,) bool."""

    units: np.ndarray
    present: np.ndarray


@dataclass(frozen=True)
class DerivedColumns:
    """The derived columns of a table.

    gaps: by high column. sums: the parts of each total. products: the factors of each total. flags: the name of the
    flag's block, by low column. totals: the name of the block of a sum's value, by total: other columns depend on it,
    but it is not shown. measures: of all columns that these name. ends: the range of the values of each derived column,
    as it would be learned, in units; rows that are drawn outside it are drawn again.
    """

    gaps: Mapping[str, Gap] = field(default_factory=dict)
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    products: Mapping[str, Factors] = field(default_factory=dict)
    flags: Mapping[str, str] = field(default_factory=dict)
    totals: Mapping[str, str] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    ends: Mapping[str, Interval] = field(default_factory=dict)

    def fit(
        self, frame: pd.DataFrame, fields: Mapping[str, Field], rng: np.random.Generator, subjects: Subjects
    ) -> tuple[DerivedColumns, dict[str, Codec]]:
        """Fit the gaps to a frame of the schema's types: the same with usual gaps and ends, and the codecs of the gaps.

        Only rows in which all columns of a gap are present are used. subjects: the subject of each row.
        """
        amounts = self.all_amounts(frame)
        codecs, gaps = {}, dict(self.gaps)
        for name, gap in self.gaps.items():
            rows = np.all([amounts[each].present for each in (name, *gap.lows)], axis=0)
            column = self.gap(name, amounts)[rows]
            learned = _gap_field(self.measures[name])
            body = learned.learn(column, rng, subjects[rows])
            if body.ends is None:
                del gaps[name]
                continue
            codecs[name] = Codec(name, learned, body, nulls=not amounts[name].present.all())
            gaps[name] = Gap(gap.lows, _usual(body.measure.units(column), body.quantiles))
        flags = {name: flag for name, flag in self.flags.items() if any(name in gap.lows for gap in gaps.values())}
        ends = {}
        ranged = [*gaps, *self.products]
        for name, generator in zip(ranged, rng.spawn(len(ranged)), strict=True):
            own = fields[name].fit(frame[name], name, generator, subjects).body
            if own.ends is not None:
                ends[name] = own.ends
        return replace(self, gaps=gaps, flags=flags, ends=ends), codecs

    @property
    def derived(self) -> list[str]:
        """The names of the derived columns."""
        return [*self.gaps, *self.totalled]

    @cached_property
    def totalled(self) -> Mapping[str, tuple[str, ...]]:
        """The columns that are not learned at all but computed, sums and products, with what they are computed from."""
        return {**self.sums, **{name: each.parts for name, each in self.products.items()}}

    def needs(self, name: str) -> tuple[str, ...]:
        """The columns that a column is computed from; none if it is learned as it is."""
        return tuple(self.gaps[name].lows) if name in self.gaps else self.totalled.get(name, ())

    def needed(self, names: Iterable[str]) -> set[str]:
        """These columns, and all that they are computed from."""
        return with_sources(names, self.needs)

    def order(self, names: Iterable[str]) -> list[str]:
        """The columns in an order in which each comes right after all that it is computed from."""
        names = list(names)
        result: dict[str, None] = {}
        waiting = [name for name in names if self.needs(name)]
        for name in names:
            if not self.needs(name):
                result[name] = None
            ready: list[str] | None = None
            while ready is None or ready:
                ready = [each for each in waiting if result.keys() >= {*self.needs(each)}]
                result |= dict.fromkeys(ready)
                waiting = [each for each in waiting if each not in result]
        return list(result)

    @cached_property
    def _order(self) -> list[str]:
        return self.order(self.measures)

    def highs(self, name: str) -> list[str]:
        """The columns whose gap is counted from this one."""
        return [high for high, gap in self.gaps.items() if name in gap.lows]

    def learned(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns that are learned of a frame of the schema's types, with gaps, surrogates and flags.

        A gap below 0, in a row that breaks the constraint, becomes 0.
        """
        if not self.gaps and not self.totalled:
            return frame
        amounts = self.completed(self.all_amounts(frame))
        columns = {str(name): column for name, column in frame.items() if name not in self.totalled}
        for name in self.measures:
            if name in self.gaps:
                columns[name] = self.gap(name, amounts).set_axis(frame.index)
            elif name not in self.totalled and (amounts[name].present != frame[name].notna()).any():
                values = self.series(name, amounts[name], frame[name].dtype).set_axis(frame.index)
                columns[name] = frame[name].where(frame[name].notna(), values)
        for name, total in self.totals.items():
            columns[total] = frame[name]
        for name, flag in self.flags.items():
            columns[flag] = frame[name].isna()
        return pd.DataFrame(columns, index=frame.index)

    def completed(self, amounts: Mapping[str, Amounts]) -> dict[str, Amounts]:
        """The amounts, with surrogates for low columns that are missing where a high one is present."""
        result = dict(amounts)
        filled = self.lacking({name: ~each.present for name, each in amounts.items()})
        for name in reversed(self._order):
            if filled.get(name, np.zeros(0, bool)).any():
                gaps = {high: self._usual(high, result[high].units) for high in self.highs(name)}
                result[name] = self.below(name, result, gaps, filled[name])
        for name in self._order:
            if name in self.gaps and name in filled:
                result[name] = self.raised(name, result, filled[name])
        return result

    def below(
        self, name: str, amounts: Mapping[str, Amounts], gaps: Mapping[str, np.ndarray], rows: np.ndarray
    ) -> Amounts:
        """A low column with values in `rows`, (n,) bool: the least of its high columns minus their gaps."""
        units, present = amounts[name].units.copy(), amounts[name].present.copy()
        for high, gap in gaps.items():
            here = rows & amounts[high].present
            least = amounts[high].units[here] - gap[here]
            strict = self.gaps[high].lows[name]
            most = self.measures[name].most(self.measures[high], least, strict=strict)
            units[here] = np.where(present[here] & rows[here], np.minimum(units[here], most), most)
            present |= here
        return Amounts(units, present)

    def raised(self, name: str, amounts: Mapping[str, Amounts], rows: np.ndarray) -> Amounts:
        """A high column, in `rows`, (n,) bool, no lower than its low columns let it be."""
        floor, own = self._floor(name, amounts), amounts[name]
        here = rows & own.present & floor.present
        return Amounts(np.where(here, np.maximum(own.units, floor.units), own.units), own.present)

    def above(self, name: str, amounts: Mapping[str, Amounts], gap: Amounts) -> Amounts:
        """A high column from its gap; missing where the gap is, or one of the columns it is counted from."""
        lows = np.all([amounts[low].present for low in self.gaps[name].lows], axis=0)
        return Amounts(self._floor(name, amounts).units + gap.units, lows & gap.present)

    def total(self, name: str, amounts: Mapping[str, Amounts]) -> Amounts:
        """A total from its parts; missing where one of them is."""
        parts = [amounts[part] for part in self.totalled[name]]
        present = np.all([part.present for part in parts], axis=0)
        if name in self.products:
            return Amounts(self._product(name, amounts), present)
        return Amounts(np.sum([self._of_total(name, each, amounts) for each in self.sums[name]], axis=0), present)

    def fitted(
        self,
        name: str,
        columns: Mapping[str, pd.Series],
        total: pd.Series,
        free: Mapping[str, np.ndarray],
        ends: Mapping[str, Interval],
    ) -> dict[str, pd.Series]:
        """The parts of a total, of which the largest takes what the parts and the sampled total differ by.

        So what was sampled given the total fits it. free: in which rows a part may change, (n,) bool, by part; one that
        is 0 or would leave its range, `ends`, does not.
        """
        wanted = self.amounts(name, total)
        amounts = {part: self.amounts(part, columns[part]) for part in self.sums[name]}
        off = wanted.units - self.total(name, amounts).units
        sizes = np.stack([np.where(free[part], np.abs(amounts[part].units), 0) for part in self.sums[name]])
        largest = sizes.argmax(axis=0)
        result = {}
        for number, part in enumerate(self.sums[name]):
            own, (least, most) = amounts[part], ends.get(part, (1, 0))
            there = wanted.present & np.all([each.present for each in amounts.values()], axis=0)
            step = self.measures[part].most(self.measures[name], off, strict=False)
            units = own.units + step
            changed = there & (largest == number) & (sizes[number] > 0) & (least <= units) & (units <= most)
            if changed.any():
                dtype = columns[part].dtype
                result[part] = columns[part].where(~changed, self.series(part, Amounts(units, own.present), dtype))
        return result

    def difference(self, total: str, part: str, amounts: Mapping[str, Amounts]) -> Amounts:
        """A part from its total and the other parts; missing where one of them is."""
        others = [each for each in self.sums[total] if each != part]
        present = np.all([amounts[each].present for each in (total, *others)], axis=0)
        units = amounts[total].units - np.sum([self._of_total(total, each, amounts) for each in others], axis=0)
        return Amounts(self.measures[part].most(self.measures[total], units, strict=False), present)

    def computed(self, name: str, columns: Mapping[str, pd.Series]) -> Amounts:
        """A derived column from decoded ones: those it is computed from, and its gap, below its own name."""
        amounts = {each: self.amounts(each, columns[each]) for each in self.needs(name)}
        if name in self.totalled:
            return self.total(name, amounts)
        gap = columns[name]
        present = gap.notna().to_numpy(bool)
        units = np.zeros(len(gap), np.int64 if self.measures[name].step else np.float64)
        units[present] = gap[present].to_numpy(units.dtype)
        return self.above(name, amounts, Amounts(units, present))

    def hidden(self, columns: Mapping[str, pd.Series], flags: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Where columns are missing in the end, (n,) bool: where they are flagged, and totals where a part is.

        columns: decoded ones, with surrogates. flags: (n,) bool by column.
        """
        result: dict[str, np.ndarray] = {}
        for name in self._order:
            if name not in columns or not (name in self.flags or name in self.totalled):
                continue
            missing = columns[name].isna().to_numpy(bool) | flags.get(name, np.zeros(len(columns[name]), bool))
            for part in self.totalled.get(name, ()):
                missing |= result.get(part, columns[part].isna().to_numpy(bool))
            result[name] = missing
        return result

    def fits(self, name: str, columns: Mapping[str, pd.Series]) -> np.ndarray:
        """In which rows a column is not above its high ones nor below its low ones, as far as these are there."""
        result = np.ones(len(columns[name]), bool)
        for high in (name, *self.highs(name)):
            if high in self.gaps:
                own = self.amounts(high, columns[high])
                floor = self._floor(high, {low: self.amounts(low, columns[low]) for low in self.needs(high)})
                result &= ~(own.present & floor.present) | (own.units >= floor.units)
        return result

    def in_range(self, columns: Mapping[str, pd.Series]) -> np.ndarray:
        """In which rows all derived columns, decoded, lie in their ranges or are missing: (n,) bool."""
        result = np.ones(len(next(iter(columns.values()))), bool)
        for name, (least, most) in self.ends.items():
            own = self.amounts(name, columns[name])
            result &= ~own.present | ((least <= own.units) & (own.units <= most))
        return result

    def amounts(self, name: str, column: pd.Series) -> Amounts:
        """A column in its units."""
        measure, present = self.measures[name], column.notna().to_numpy(bool)
        units = np.zeros(len(column), np.int64 if measure.step else np.float64)
        units[present] = measure.units(column[present])
        return Amounts(units, present)

    def series(self, name: str, amounts: Amounts, dtype: Any) -> pd.Series:
        """Amounts as a column of a dtype."""
        values = self.measures[name].values(amounts.units).astype(dtype).rename(name)
        return values if amounts.present.all() else values.where(amounts.present)

    def all_amounts(self, frame: pd.DataFrame) -> dict[str, Amounts]:
        """All columns that are derived or needed, of a frame of the schema's types, in their units."""
        return {name: self.amounts(name, frame[name]) for name in self.measures}

    def lacking(self, missing: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Where low columns are missing and a high one is not, or gets a surrogate itself: (n,) bool by column."""
        result: dict[str, np.ndarray] = {}
        for name in reversed(self._order):
            highs = self.highs(name)
            if highs and name not in self.totalled:
                there = [~missing[high] | result.get(high, np.zeros(len(missing[high]), bool)) for high in highs]
                result[name] = missing[name] & np.any(there, axis=0)
        return result

    def _floor(self, name: str, amounts: Mapping[str, Amounts]) -> Amounts:
        """The least that a high column can be: (n,); missing where all low ones are."""
        measure, lows = self.measures[name], self.gaps[name].lows
        floors = [
            measure.least(self.measures[low], amounts[low].units, strict=strict) + (0 if measure.step else 0.0)
            for low, strict in lows.items()
        ]
        present = [amounts[low].present for low in lows]
        result, there = floors[0], present[0]
        for floor, here in zip(floors[1:], present[1:], strict=True):
            result = np.where(there & here, np.maximum(result, floor), np.where(here, floor, result))
            there = there | here
        return Amounts(result, there)

    def gap(self, name: str, amounts: Mapping[str, Amounts]) -> pd.Series:
        """The gap of a high column; missing where it is, or all low ones."""
        floor, own = self._floor(name, amounts), amounts[name]
        present = floor.present & own.present
        gap = pd.Series(np.where(present, np.maximum(own.units - floor.units, 0), 0))
        return gap if present.all() else gap.astype("Int64" if self.measures[name].step else "float64").where(present)

    def _product(self, name: str, amounts: Mapping[str, Amounts]) -> np.ndarray:
        """A product in its units, rounded if these are not floats: exactly, where the numbers are small enough."""
        factors, measure = self.products[name], self.measures[name]
        parts = [self.measures[part] for part in factors.parts]
        units = [amounts[part].units for part in factors.parts]
        step = Fraction(str(factors.factor)) * math.prod(map(_step, parts)) / (_step(measure) or 1)
        largest = math.prod(float(np.abs(each).max(initial=0)) for each in units) * step.numerator
        if not step or not measure.step or largest >= LARGEST_PRODUCT:
            floats = [part.values(each).to_numpy("float64") for part, each in zip(parts, units, strict=True)]
            return np.asarray(measure.units(pd.Series(np.prod(floats, axis=0) * factors.factor)))
        product, unit = np.prod(units, axis=0) * step.numerator, step.denominator
        rounded = np.sign(product) * ((2 * np.abs(product) + unit) // (2 * unit))
        is_half = (2 * np.abs(product)) % (2 * unit) == unit
        to_even = factors.half_even & is_half & (rounded % 2 != 0)
        return np.asarray(np.where(to_even, rounded - np.sign(product), rounded))

    def _of_total(self, total: str, part: str, amounts: Mapping[str, Amounts]) -> np.ndarray:
        """A part in the units of its total."""
        return self.measures[total].most(self.measures[part], amounts[part].units, strict=False)

    def _usual(self, name: str, units: np.ndarray) -> np.ndarray:
        """A usual gap for each value of a high column, (n,); always the same for the same value."""
        usual = np.asarray(self.gaps[name].usual, units.dtype)
        spread = units.view(np.uint64) * GOLDEN >> np.uint64(32)
        return usual[(spread * np.uint64(len(usual)) >> np.uint64(32)).astype(np.int64)]

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON, but for what codecs know: see `with_codecs`."""
        return {
            "gaps": {name: {"lows": dict(gap.lows), "usual": list(gap.usual)} for name, gap in self.gaps.items()},
            "sums": {name: list(parts) for name, parts in self.sums.items()},
            "products": {name: [*each.parts, each.factor, each.half_even] for name, each in self.products.items()},
            "flags": dict(self.flags),
            "totals": dict(self.totals),
            "measures": {name: self.measures[name].to_json() for name in self.derived},
            "ends": {name: list(self.ends[name]) for name in (*self.gaps, *self.products) if name in self.ends},
        }

    @classmethod
    def from_json(cls, fields: Mapping[str, Field], data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; `with_codecs` adds what codecs know."""
        gaps = {name: Gap(dict(each["lows"]), tuple(each["usual"])) for name, each in data["gaps"].items()}
        sums = {name: tuple(parts) for name, parts in data["sums"].items()}
        measures = {name: fields[name].measure_from_json(each) for name, each in data["measures"].items()}
        products = {
            name: Factors(tuple(map(str, parts)), float(by), bool(even))
            for name, (*parts, by, even) in data["products"].items()
        }
        if measures.keys() != {*gaps, *sums, *products} or not all(gap.lows and gap.usual for gap in gaps.values()):
            raise ValueError("derived columns are not complete")
        ends: dict[str, Interval] = {name: (least, most) for name, (least, most) in data["ends"].items()}
        if not ends.keys() <= {*gaps, *products} or data["totals"].keys() != sums.keys():
            raise ValueError("a range or a total is that of no derived column")
        return cls(gaps, sums, products, dict(data["flags"]), dict(data["totals"]), measures, ends)

    def with_codecs(self, codecs: Mapping[str, Codec]) -> Self:
        """With what the codecs of columns and totals know: measures, and the ranges of totals.

        ValueError if a column is not a quantity.
        """
        measures = {name: self.measures[name] for name in self.derived}
        for name in sorted({need for each in measures for need in self.needs(each)} - measures.keys()):
            measure = codecs[name].body.measure
            if measure is None:
                raise ValueError(f"{name} is not a quantity")
            measures[name] = measure
        ends = {name: codecs[total].body.ends for name, total in self.totals.items()}
        known = {name: each for name, each in ends.items() if each is not None}
        result = replace(self, measures=measures, ends={**self.ends, **known})
        if len(result._order) != len(measures):
            raise ValueError("a column is derived from itself")
        return result

    def codec_fields(self, fields: Mapping[str, Field]) -> dict[str, Field]:
        """The fields of what is learned in place of columns, or beside them: gaps, values of totals, and flags."""
        flags: dict[str, Field] = {flag: Boolean() for flag in self.flags.values()}
        totals = {total: fields[name] for name, total in self.totals.items()}
        return {**{name: _gap_field(self.measures[name]) for name in self.gaps}, **totals, **flags}


def with_sources(names: Iterable[str], sources: Callable[[str], Iterable[str]]) -> set[str]:
    """These names, and all that they come from, directly or through others."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += sources(name)
    return found


def _step(measure: Measure) -> Fraction:
    """The size of a unit, exactly; 0 of floats."""
    return Fraction(repr(measure.step)) if measure.step else Fraction(0)


def _gap_field(measure: Measure) -> Number:
    """Gaps are counted in whole units, or in floats."""
    return Number(integer=bool(measure.step))


def _usual(gaps: np.ndarray, quantiles: Quantiles) -> tuple[int | float, ...]:
    """Gaps at even ranks: values that are kept, or the middles of levels, since a gap itself may be one person's."""
    coded = quantiles.encode(np.quantile(gaps, (np.arange(USUAL) + 0.5) / USUAL, method="nearest"))
    if coded.ndim > 1:
        coded[:, 1] = (np.floor(coded[:, 1] * quantiles.levels) + 0.5) / quantiles.levels
    kept: list[int | float] = np.sort(quantiles.decode(coded)).tolist()
    return tuple(kept)
