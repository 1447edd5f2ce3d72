"""Which columns of a table can be computed from others, as the constraints of its schema say."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from synthdata.encoding.derived_columns import DerivedColumns, Factors, Gap
from synthdata.fields import Measure
from synthdata.schema import MISSING, Schema
from synthdata.schema.constraints import Ordered, Product, Sum

__all__ = ["find_derived"]

TOTAL = ".total"  # what the array of a total's value is called
LEAST_ROWS = 20  # that have both columns, for a gap to be learned
LARGEST = 2.0**61  # units, beyond which differences might not fit an int64


def find_derived(frame: pd.DataFrame, schema: Schema) -> DerivedColumns:
    """What the constraints of a schema say of a frame of its types; gaps are not fitted yet.

    What would make a column depend on itself, or has too few rows to be learned, is left to the gate.
    """
    measures = {}
    for constraint in schema.constraints:
        for name in constraint.columns() if isinstance(constraint, Ordered | Product | Sum) else ():
            measure = schema.fields[name].measure(frame[name].dropna())
            if measure is not None and _fits(measure, frame[name]):
                measures[name] = measure
    sums = {
        each.total: tuple(each.parts)
        for each in schema.constraints
        if isinstance(each, Sum) and measures.keys() >= set(each.columns())
        if _adds_up([measures[name] for name in each.parts], measures[each.total])
    }
    products = {
        each.total: Factors(each.parts, each.factor)
        for each in schema.constraints
        if isinstance(each, Product) and measures.keys() >= set(each.columns())
    }
    totals: dict[str, str] = {}
    for name in sums:
        totals[name] = _unused(f"{name}{TOTAL}", [*schema.fields, *totals.values()])
    found = _rounded_as_they_are(DerivedColumns({}, sums, products, {}, totals, measures), frame)
    ordered = [each for each in schema.constraints if isinstance(each, Ordered) and _is_derivable(each, schema)]
    for high, lows in _tightest(ordered).items():
        if high in found.totalled or not measures.keys() >= {high, *lows}:
            continue
        kept = {
            low: strict
            for low, strict in lows.items()
            if high not in found.needed([low])
            if low not in found.totalled or not (frame[low].isna() & frame[high].notna()).any()
        }
        if kept and frame[[high, *kept]].notna().all(axis=1).sum() >= LEAST_ROWS:
            found = replace(found, gaps={**found.gaps, high: Gap(kept)})
    missing = {name: ~each.present for name, each in found.all_amounts(frame).items()}
    surrogates = [name for name, rows in found.lacking(missing).items() if rows.any()]
    flags: dict[str, str] = {}
    for name in surrogates:
        flags[name] = _unused(f"{name}{MISSING}", [*schema.fields, *totals.values(), *flags.values()])
    return replace(found, flags=flags)


def _rounded_as_they_are(derived: DerivedColumns, frame: pd.DataFrame) -> DerivedColumns:
    """Products rounded to even at halves, where more of the real ones are so."""
    if not derived.products:
        return derived
    amounts = derived.all_amounts(frame)
    even = replace(derived, products={name: replace(each, half_even=True) for name, each in derived.products.items()})
    right = [
        {name: int((each.total(name, amounts).units == amounts[name].units).sum()) for name in derived.products}
        for each in (derived, even)
    ]
    products = {
        name: even.products[name] if right[1][name] > right[0][name] else each
        for name, each in derived.products.items()
    }
    return replace(derived, products=products)


def _fits(measure: Measure, column: pd.Series) -> bool:
    """Whether there are values, and differences between them can be counted."""
    units = measure.units(column.dropna())
    return measure.is_open and bool(len(units)) and float(np.abs(units.astype(np.float64)).max()) < LARGEST


def _adds_up(parts: Sequence[Measure], total: Measure) -> bool:
    """Whether a total can hold every sum of the parts: no part has smaller units."""
    return not total.step or all(0 < total.step <= part.step for part in parts)


def _is_derivable(constraint: Ordered, schema: Schema) -> bool:
    """Whether measures count as the constraint says: days above times are whole ones to them."""
    low, high = (schema.fields[name] for name in constraint.columns())
    return constraint.whole_days is True or not high.spans(low)


def _tightest(constraints: Sequence[Ordered]) -> dict[str, dict[str, bool]]:
    """The low columns of each high one, with whether they must be exceeded; without those that others imply.

    a <= c follows from a <= b and b <= c. A high column comes after those that it is above.
    """
    edges: dict[str, dict[str, bool]] = {}
    for each in constraints:
        lows = edges.setdefault(each.high, {})
        lows[each.low] = lows.get(each.low, False) or each.strict

    def implied(high: str, low: str, strict: bool) -> bool:
        through = [(other, edges[high][other]) for other in edges[high] if other != low]
        seen = set()
        while through:
            name, exceeded = through.pop()
            if name == low and (exceeded or not strict):
                return True
            if (name, exceeded) not in seen:
                seen.add((name, exceeded))
                through += [(other, exceeded or more) for other, more in edges.get(name, {}).items()]
        return False

    kept = {
        high: {low: strict for low, strict in lows.items() if not implied(high, low, strict)}
        for high, lows in edges.items()
    }
    result: dict[str, dict[str, bool]] = {}
    for _ in kept:
        for high, lows in kept.items():
            if high not in result and not (lows.keys() & kept.keys()) - result.keys():
                result[high] = lows
    return result


def _unused(name: str, names: Collection[str]) -> str:
    """A name that is not taken."""
    while name in names:
        name += "_"
    return name
