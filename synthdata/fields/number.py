"""Numbers: integers, decimals, or floats of any precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil, floor, inf, log10, nextafter
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field as Key

from synthdata.blocks import Block
from synthdata.errors import ConditionError
from synthdata.fields.base import Body, Expectation, Field, Guess, Restriction, Rows, Test, cells_as_text
from synthdata.fields.quantiles import Interval, Quantiles, intersect

__all__ = ["Number", "intervals_of"]

NULL_WORDS = frozenset({"", "NA", "N/A", "n/a", "na", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A"})
MOST_DECIMALS = 12
COMMON = 8  # rows an extreme value needs before `guess` writes it into a schema


class Number(Field):
    """A number. `integer`, or a fixed count of `decimals`, or neither: a float of any precision."""

    kind: Literal["number"] = "number"
    integer: bool = False
    decimals: int | None = Key(default=None, ge=0, le=MOST_DECIMALS)
    min: int | float | None = None
    max: int | float | None = None

    reads_null: ClassVar[frozenset[str]] = NULL_WORDS

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        if self.min is not None and self.max is not None and self.min > self.max:
            return f"max {self.max} is below min {self.min}"
        if self.integer and self.decimals:
            return f"integer has no decimals, found decimals {self.decimals}"
        return None

    @property
    def scale(self) -> int | None:
        """Decimals of the units the codec counts in; None for plain floats."""
        return 0 if self.integer else self.decimals

    @classmethod
    def guess(cls, column: pd.Series) -> Guess | None:
        """Take a column of numbers; a number written with leading zeros is a code, not a number."""
        if pd.api.types.is_bool_dtype(column):
            return None
        if not pd.api.types.is_numeric_dtype(column):
            text = cells_as_text(column)
            text = text[~text.isin(NULL_WORDS)]
            if text.str.match(r"[+-]?0\d").any():
                return None
            values, bad = _to_numbers(text)
            if bad.any() or not len(values):
                return None
            column = values
        return _guess_number(column)

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Read text or numbers; an integer may be written 20000.0, infinities are refused."""
        values, bad = _to_numbers(cells)
        if not self.integer:
            return values.astype("float64") + 0.0, bad  # + 0.0 turns a negative zero into a zero
        if values.dtype.kind == "f":
            fits = (values == np.floor(values)) & (np.abs(values) < 2.0**63)
            bad = bad | ~fits.to_numpy(bool)
            values = values.where(~bad, 0.0)
        elif values.dtype.kind == "u":
            bad = bad | (values > np.iinfo("int64").max).to_numpy()
            values = values.where(~bad, 0)
        return values.astype("int64"), bad

    def hint(self) -> str:
        """What to do about cells that do not parse."""
        what = "64-bit integers" if self.integer else "finite numbers"
        return f"; allowed are {what}: mend the cells, or declare the field a category"

    def dtype(self, nulls: bool) -> Any:
        """int64, or Int64 with missing values; float64."""
        return ("Int64" if nulls else "int64") if self.integer else "float64"

    def learn(self, values: pd.Series, rng: np.random.Generator) -> NumberBody:
        """Fit in units of the last decimal, or in floats where units would not be exact."""
        numbers = values.to_numpy("int64" if self.integer else "float64")
        scale = self.scale
        if scale and len(numbers) and np.abs(numbers).max() * 10.0**scale >= 2.0**53:
            scale = None
        units = numbers if self.integer or scale is None else np.rint(numbers * 10.0**scale).astype(np.int64)
        return NumberBody(Quantiles.fit(units, rng), scale)

    def body_from_json(self, data: Mapping[str, Any]) -> NumberBody:
        """Read what `NumberBody.to_json` wrote."""
        return NumberBody(Quantiles.from_json(data["quantiles"]), data["scale"])

    def claims(self, name: str) -> list[Expectation]:
        """Type and bounds."""
        types = ["int64", "Int64"] if self.integer else ["float64"]
        claims = [Expectation("expect_column_values_to_be_in_type_list", {"column": name, "type_list": types})]
        if self.min is not None or self.max is not None:
            bounds = {"column": name, "min_value": self.min, "max_value": self.max}
            claims.append(Expectation("expect_column_values_to_be_between", bounds))
        return claims

    def write(self, column: pd.Series) -> pd.Series:
        """Numbers are written as they are."""
        return column


@dataclass(frozen=True)
class NumberBody(Body):
    """Quantiles over units of 10 ** -scale, or over floats where `scale` is None."""

    quantiles: Quantiles
    scale: int | None

    @property
    def block(self) -> Block:
        """Binned, or Categorical where few values are distinct."""
        return self.quantiles.block

    def _units(self, values: pd.Series) -> np.ndarray:
        if self.scale is None:
            return values.to_numpy("float64")
        if values.dtype.kind == "i" and self.scale == 0:
            return values.to_numpy("int64")
        return np.rint(values.to_numpy("float64") * 10.0**self.scale).astype(np.int64)

    def encode(self, values: pd.Series) -> np.ndarray:
        """Turn numbers (n,) into the block's array."""
        return self.quantiles.encode(self._units(values))

    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Turn the block's array into numbers (n,)."""
        units = self.quantiles.decode(array, detail)
        return pd.Series(units / 10.0**self.scale if self.scale else units)

    def restrict(self, tests: Sequence[Test]) -> Restriction:
        """Masks for comparisons with numbers."""
        intervals = intervals_of(tests, self.scale, _operand)
        return Restriction(self.quantiles.allowed(intervals), intervals if tests else None)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {"quantiles": self.quantiles.to_json(), "scale": self.scale}


def intervals_of(tests: Sequence[Test], scale: int | None, operand: Any) -> tuple[Interval, ...]:
    """Turn comparisons into a union of disjoint closed intervals.

    scale: intervals count units of 10 ** -scale; None for floats. `operand` reads one operand into a Fraction.
    """
    whole = (-inf, inf) if scale is None else (-(2**63), 2**63 - 1)
    result: tuple[Interval, ...] = (whole,)
    for test in tests:
        many = test.operator in ("in", "not in")
        values = sorted({operand(one) * 10 ** (scale or 0) for one in (test.operand if many else [test.operand])})
        result = intersect(result, _allowed_by(test.operator, values, whole, scale is None))
    return result


def _allowed_by(operator: str, values: list[Fraction], whole: Interval, floats: bool) -> list[Interval]:
    low, high = whole

    def points() -> list[Interval]:
        if floats:
            return [(float(v), float(v)) for v in values]
        return [(int(v), int(v)) for v in values if v.denominator == 1]

    value = values[0] if values else Fraction(0)
    match operator:
        case "=" | "in":
            return points()
        case "!=" | "not in":
            gaps, start = [], low
            for point, _ in points():
                gaps.append((start, nextafter(point, -inf) if floats else point - 1))
                start = nextafter(point, inf) if floats else point + 1
            return [(a, b) for a, b in [*gaps, (start, high)] if a <= b]
        case "<=":
            return [(low, float(value) if floats else floor(value))]
        case "<":
            return [(low, nextafter(float(value), -inf) if floats else ceil(value) - 1)]
        case ">=":
            return [(float(value) if floats else ceil(value), high)]
        case ">":
            return [(nextafter(float(value), inf) if floats else floor(value) + 1, high)]
        case _:
            raise ConditionError(f'operator "{operator}" compares no numbers')


def _operand(value: Any) -> Fraction:
    try:
        return Fraction(Decimal(str(value)))
    except (InvalidOperation, ValueError, OverflowError):
        raise ConditionError(f'"{value}" is not a number; compare this field with a number') from None


def _to_numbers(cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Read cells as int64 where all are integers, float64 otherwise. Returns values and a mask of what did not parse."""
    if pd.api.types.is_bool_dtype(cells):
        return cells.astype("int64"), np.zeros(len(cells), bool)
    if not pd.api.types.is_numeric_dtype(cells):
        if pd.api.types.is_datetime64_any_dtype(cells):
            return pd.Series(0, index=cells.index), np.ones(len(cells), bool)
        cells = pd.Series(cells_as_text(cells).to_numpy(object), index=cells.index)
        odd = cells.str.contains("_|x", regex=True).to_numpy(bool)
        cells = cells.where(~odd, "?") if odd.any() else cells
    values = pd.to_numeric(cells, errors="coerce")
    values = values.astype("float64" if values.dtype.kind not in "iu" else values.dtype.name.lower())
    bad = ~np.isfinite(values.to_numpy("float64"))
    return values.where(~bad, 0), bad


def _guess_number(values: pd.Series) -> Guess:
    numbers = values.to_numpy()
    if numbers.dtype.kind == "f" and (numbers == np.floor(numbers)).all() and np.abs(numbers).max() < 2**53:
        numbers = numbers.astype(np.int64)
    low, high = _outward(numbers, -1), _outward(numbers, 1)
    if numbers.dtype.kind in "iu":
        return Guess(Number(integer=True, min=int(low), max=int(high)), "range rounded outwards")
    decimals = _decimals(numbers.astype(float))
    return Guess(Number(decimals=decimals, min=float(low), max=float(high)), "range rounded outwards")


def _decimals(numbers: np.ndarray) -> int | None:
    """The fewest decimals that write every number exactly; None where that takes too many."""
    most = np.abs(numbers).max()
    for decimals in range(1, MOST_DECIMALS + 1):
        if most * 10.0**decimals >= 2**53:
            return None
        if (np.rint(numbers * 10.0**decimals) / 10.0**decimals == numbers).all():
            return decimals
    return None


def _outward(numbers: np.ndarray, direction: int) -> Any:
    """The end of the range: as it is where many rows share it, else rounded outwards so that it shows no one's value."""
    end = numbers.max() if direction > 0 else numbers.min()
    if (numbers == end).sum() >= COMMON:
        return end
    if end == 0 or (end > 0) != (direction > 0):
        return 0  # towards zero there is nothing to round to but zero itself
    step = 10 ** floor(log10(abs(float(end))))
    rounded = ceil(abs(float(end)) / step * (1 + 1e-12)) * step
    return direction * min(rounded, 2**63 - 1) if numbers.dtype.kind in "iu" else direction * float(rounded)
