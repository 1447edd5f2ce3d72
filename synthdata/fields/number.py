"""Numbers: integers, decimals, or floats of any precision."""

from __future__ import annotations

import re
import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import isfinite
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field as Key
from pydantic import field_validator

from synthdata.fields.base import Expectation, Field, Guess
from synthdata.fields.cells import NULL_WORDS, cells_as_text
from synthdata.fields.censored import Limit, limits_of, number_in
from synthdata.fields.clock import (
    Clock,
    as_clock,
    count_time,
    count_times,
    is_clock_time,
    pattern_of_clock,
)
from synthdata.fields.comparison import Numeric
from synthdata.fields.durations import find_duration
from synthdata.fields.intervals import Interval, intervals_of
from synthdata.fields.number_ranges import MOST_DECIMALS, ranged
from synthdata.fields.predicates import OperandError, Predicate
from synthdata.fields.quantiles import Quantiles
from synthdata.fields.quantity import Measure, QuantityBody
from synthdata.fields.read_numbers import has_signs, has_three_decimals, to_numbers
from synthdata.fields.written_numbers import (
    SEPARATORS,
    Form,
    are_versions,
    decimals_of,
    find_form,
    has_trailing_zeros,
    plain_numbers,
    write_numbers,
)
from synthdata.subjects import Subjects

__all__ = ["Number", "NumberMeasure"]

# keys of a form
WRITTEN = (
    *("decimal", "thousands", "prefix", "suffix", "brackets", "plus", "trailing_minus", "scientific"),
    *("inner_minus", "negative_suffix", "duration"),
)
EXACT_FLOAT = 2**53  # up to which whole numbers are floats
PLAIN = {key: getattr(Form(), key) for key in WRITTEN}
MOST_DIGITS = 400  # of an operand: beyond any float, and cheap to hold as a fraction
CODES = re.compile(
    r"(?i)(^|_|\b)(zip|zip_?code|post_?code|postal_?code|plz|blz|bic|phone|mobile|fax)(_?(no|nr|number))?$"
)


class Number(Field):
    """A number: an integer, one of so many decimals, or a float of any precision.

    Parameters
    ----------
    integer : bool, default False
        Whole numbers, int64.
    decimals : int, optional
        Digits behind the point, 0 to 12; values are drawn in these units. Without it, floats of any precision.
    min, max : number, optional
        The least and the greatest value there can be, inclusive. Rows beyond are refused.
    decimal : {".", ","}, default "."
        The decimal sign in text files.
    thousands : str, default ""
        What parts thousands there: ",", ".", "'", or a space.
    prefix, suffix : str, default ""
        A currency or unit before or after each number, with its space: "$", " kg", " %".
    brackets : bool, default False
        Whether negative numbers stand in brackets there, (12.50).
    trailing_minus : bool, default False
        Whether the minus of negative numbers stands behind them there, 12.50-.
    inner_minus : bool, default False
        Whether the minus of negative numbers stands behind the prefix there, $-12.50.
    negative_suffix : str, default ""
        What stands behind negative numbers there in place of `suffix`, which have no minus then: " DR".
    duration : str, default ""
        How durations are written there: "h:mm:ss", "m:ss" and "h:mm", or with "hh" and "mm" for two digits at least.
        They are numbers of seconds; of minutes without "ss".
    plus : bool, default False
        Whether positive numbers have a sign there, +12.
    scientific : int, optional
        Digits behind the point where all numbers are written with an exponent, 2 for 1.30e-06.
    trailing_zeros : bool, default False
        Whether all decimals are written there, be they zeros: 12.50.
    below, above : str, optional
        How text files write measurements beyond a limit: "<0.1", ">200". They are numbers one unit beyond it.
    clock : str, optional
        That an integer writes a time of day: "hhmm" (1259, 5 for 00:05, 2400) or "hhmmss". Rows with other numbers are
        refused.
    nullable : bool, default False
        Whether cells may be missing.
    description : str, optional
        Description for readers; not used.

    Examples
    --------
    >>> from synthdata import Number, Schema
    >>> schema = Schema(fields={"age": Number(integer=True, min=0, max=120), "weight": Number(decimals=1)})

    """

    kind: Literal["number"] = "number"
    integer: bool = False
    decimals: int | None = Key(default=None, ge=0, le=MOST_DECIMALS)
    min: int | float | None = None
    max: int | float | None = None
    decimal: Literal[".", ","] = Key(default=".", description="the decimal sign in text files")
    thousands: str = Key(default="", max_length=1, description="what parts thousands in text files")
    prefix: str = Key(default="", description="a currency or unit before each number in text files")
    suffix: str = Key(default="", description="a currency or unit after each number in text files, with its space")
    brackets: bool = Key(default=False, description="whether negative numbers stand in brackets in text files")
    plus: bool = Key(default=False, description="whether positive numbers have a sign in text files")
    trailing_minus: bool = Key(default=False, description="whether the minus stands behind numbers in text files")
    scientific: int | None = Key(default=None, ge=0, le=15, description="digits behind the point before an exponent")
    inner_minus: bool = Key(default=False, description="whether the minus stands behind the prefix in text files")
    negative_suffix: str = Key(default="", description="what stands behind negative numbers, in place of suffix: DR")
    duration: Literal["", "h:mm:ss", "hh:mm:ss", "m:ss", "mm:ss", "h:mm", "hh:mm"] = Key(
        default="", description="how durations are written in text files; they are seconds, or minutes without ss"
    )
    trailing_zeros: bool = Key(default=False, description="whether all decimals are written, be they zeros")
    below: str | None = Key(default=None, description="how text files write numbers below a limit: <0.1")
    above: str | None = Key(default=None, description="how text files write numbers above a limit: >200")
    clock: Clock | None = None

    reads_null: ClassVar[frozenset[str]] = NULL_WORDS

    @field_validator("min", "max", "decimals", mode="before")
    @classmethod
    def _no_boolean(cls, value: Any) -> Any:
        if isinstance(value, bool):  # which Python would take for 0 or 1
            raise ValueError("write a number")
        return value

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        if self.integer and self.decimals:
            return f"integer has no decimals, found decimals {self.decimals}"
        if self.trailing_zeros and not self.decimals:
            return "trailing_zeros needs decimals: how many there are"
        if self.scientific is not None and (self.scale is not None or self.form != Form(scientific=self.scientific)):
            return "scientific is for floats, without integer, decimals and other forms; leave these out"
        if problem := self._check_limits():
            return problem
        if self.clock and not self.integer:
            return f"clock {self.clock} needs integer: true"
        if self.clock and not self.form.is_plain:
            return f"clock {self.clock} is written in digits alone; leave out thousands, prefix, suffix and brackets"
        if self.thousands == self.decimal:
            return f'decimal and thousands are both "{self.decimal}"; change one'
        if self.thousands and self.thousands not in SEPARATORS:
            return f'thousands "{self.thousands}" parts no numbers; it is ",", ".", "\'", or a space'
        if self.negative_suffix and (self.form.other_signs or self.negative_suffix == self.suffix):
            return (
                "negative_suffix is a sign: leave out brackets, plus and other minuses, and the suffix is another one"
            )
        if self.duration and self.form != Form(self.decimal, duration=self.duration):
            return f"durations ({self.duration}) are digits and colons; leave out thousands, prefix, suffix and signs"
        for affix in (self.prefix, self.suffix, self.negative_suffix):
            if any(character.isdigit() for character in affix):
                return f'"{affix}" has a digit, which would be read as a part of the number'
        for key, bound in (("min", self.min), ("max", self.max)):
            if bound is None:
                continue
            if not isfinite(bound):
                return f"{key} {bound} is not a finite number; leave {key} out for no bound"
            if self.scale is not None and (Fraction(str(bound)) * 10**self.scale).denominator != 1:
                what = "integer" if self.integer else f"decimals {self.scale}"
                return f"{key} {bound} has more decimals than the field ({what}); round it"
            if self.clock and not is_clock_time(bound, self.clock):
                return f"{key} {bound} is no clock time ({self.clock})"
        if self.min is not None and self.max is not None and self.min > self.max:
            return f"max {self.max} is below min {self.min}"
        return None

    @property
    def scale(self) -> int | None:
        """Decimals of the units the codec counts in; None for plain floats."""
        return 0 if self.integer else self.decimals

    def _check_limits(self) -> str | None:
        for key, cell, signs in (("below", self.below, "<≤"), ("above", self.above, ">≥")):
            if cell is not None and (cell[:1] not in signs or not cell or self._limit(cell) is None):
                return (
                    f'{key} "{cell}" is no number behind "{signs[0]}"; write it as the cells are, like "{signs[0]}10"'
                )
        return None

    @property
    def limits(self) -> list[Limit]:
        """The limits beyond which cells hold no number."""
        found = (self._limit(cell) for cell in (self.below, self.above) if cell is not None)
        return [limit for limit in found if limit is not None]

    def _limit(self, cell: str) -> Limit | None:
        plain = self.model_copy(update={"below": None, "above": None, "integer": False})
        values, bad = plain.read(pd.Series([number_in(cell)], dtype="str"))
        return None if bad[0] else Limit(cell, float(values.iloc[0]))

    def in_short(self) -> str:
        """The bounds, as they are written."""
        low, high = (self._shown(bound) for bound in (self.min, self.max))
        if low and high:
            return low if low == high else f"{low} to {high}"
        return f"from {low}" if low else f"up to {high}" if high else f"{self.decimals} decimals" * bool(self.decimals)

    def _shown(self, bound: float | None) -> str:
        values = pd.Series([] if bound is None else [bound], dtype="int64" if self.integer else "float64")
        return "".join(map(str, self.write(values)))

    @property
    def form(self) -> Form:
        """How numbers are written in text files."""
        return Form(**{key: getattr(self, key) for key in WRITTEN})

    @classmethod
    def guess(cls, column: pd.Series, subjects: Subjects) -> Guess | None:
        """Take a column of numbers, unless leading zeros or its name say that they are codes."""
        if pd.api.types.is_bool_dtype(column) or CODES.search(str(column.name)):
            return None
        typed, kept = pd.api.types.is_numeric_dtype(column), np.ones(len(column), bool)
        if not typed:
            column = cells_as_text(column)
            kept = ~column.isin(NULL_WORDS).to_numpy(bool)
            column = column[kept]
            if column.str.match(r"[+-]?0\d").any() and find_duration(column) is None:
                return None
            beyond = limits_of(column)
            if beyond is not None:
                return cls._guess_limited(column, *beyond, subjects[kept])
            if are_versions(column):
                return None
        values, bad = to_numbers(column)
        if not typed and len(column) and (bad.any() or has_three_decimals(column) or has_signs(column)):
            form = find_form(column)
        elif not typed and len(column) and has_trailing_zeros(column) and not column.str.endswith(".0").all():
            form = Form()
        else:
            form = None
        if form is not None and not (form.is_plain and bad.any()):
            return cls.guess_written(column, form, subjects[kept])
        if bad.all() or (bad.any() and not typed):
            return None
        if values.dtype.kind == "u" and values.max() > np.iinfo("int64").max:
            return None  # a code of twenty digits
        if not typed and values.dtype.kind == "f" and column.str.fullmatch(r"[+-]?\d+").all():
            return None  # the same, beyond uint64
        guess = cls._ranged(values[~bad], subjects[kept][~bad])
        if not bad.any():
            return guess
        infinite = f"{bad.sum():,} infinite cells, mend them"
        return Guess(guess.field, f"{infinite}; {guess.note}" if guess.note else infinite)

    @classmethod
    def _ranged(cls, values: pd.Series, subjects: Subjects) -> Guess:
        found = ranged(values, subjects)
        return Guess(cls(**found.keys), found.note, found.matters)

    @classmethod
    def _guess_limited(cls, text: pd.Series, beyond: np.ndarray, cells: list[str], subjects: Subjects) -> Guess | None:
        """The number that cells of text are, some of them beyond limits; None if the others lie there too."""
        guess = cls.guess(text[~beyond], subjects[~beyond])
        if guess is None or not isinstance(guess.field, Number):
            return None
        keys = {("below" if cell[0] in "<≤" else "above"): cell for cell in cells}
        field = guess.field.model_copy(update={**keys, "clock": None})
        values = field.read(text[~beyond])[0]
        if field._check_limits() or any(limit.passed(values).any() for limit in field.limits):
            return None
        ends = {}
        for limit in field.limits:
            end = limit.beyond(field.scale)
            bound = field.min if limit.is_low else field.max
            if bound is not None and (end < bound if limit.is_low else end > bound):
                ends["min" if limit.is_low else "max"] = int(end) if field.integer else end
        note = (
            f"{beyond.sum():,} cells beyond a limit ({', '.join(cells)}) count as the next number, and are written so"
        )
        return Guess(field.model_copy(update=ends), "; ".join(filter(None, [guess.note, note])))

    @classmethod
    def guess_written(cls, text: pd.Series, form: Form, subjects: Subjects) -> Guess | None:
        """The number that present cells of text are in a form; None if they do not follow it."""
        plain, bad = plain_numbers(text, form)
        values, unread = to_numbers(plain)
        if bad.any() or unread.any() or not len(text):
            return None
        guess = cls._ranged(values, subjects)
        assert isinstance(guess.field, Number)
        written = {key: getattr(form, key) for key in WRITTEN}
        if form.scientific is not None:
            return Guess(guess.field.model_copy(update={**written, "integer": False, "decimals": None}), guess.note)
        places = int(decimals_of(plain).max())
        if has_trailing_zeros(plain):
            written |= {"trailing_zeros": True, "integer": False, "decimals": places}
        elif not form.is_plain:
            written |= {"clock": None, "integer": not places, "decimals": places or None}
        note = "; ".join(filter(None, [guess.note, form.note]))
        return Guess(guess.field.model_copy(update=written), note, matters=guess.matters or form.is_open)

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Read text or numbers; an integer may be written 20000.0, infinities are refused. Durations are seconds."""
        if pd.api.types.is_timedelta64_dtype(cells):
            return self.read(cells.dt.total_seconds())
        if self.limits and not pd.api.types.is_numeric_dtype(cells):
            return self._read_limited(cells_as_text(cells))
        if not self.form.is_plain and not pd.api.types.is_numeric_dtype(cells):
            plain, bad = plain_numbers(cells_as_text(cells), self.form)
            values, unread = self.model_copy(update=PLAIN).read(plain.where(~bad, "?"))
            return values, bad | unread
        if self.integer and not pd.api.types.is_numeric_dtype(cells):  # "20000.0" is one; floats end at 2 ** 53
            cells = cells_as_text(cells).str.replace(r"\.0*$", "", regex=True)
        values, bad = to_numbers(cells)
        if not self.integer:
            return values.astype("float64") + 0.0, bad  # + 0.0 turns a negative zero into a zero
        if values.dtype.kind == "f":
            fits = (values == np.floor(values)) & (values >= -(2.0**63)) & (values < 2.0**63)
            bad = bad | ~fits.to_numpy(bool)
            values = values.where(~bad, 0.0)
        elif values.dtype.kind == "u":
            bad = bad | (values > np.iinfo("int64").max).to_numpy()
            values = values.where(~bad, 0)
        return values.astype("int64"), bad

    def _read_limited(self, text: pd.Series) -> tuple[pd.Series, np.ndarray]:
        bare = text.str.replace(" ", "", regex=False)
        beyond = {limit: (bare == limit.cell.replace(" ", "")).to_numpy(bool) for limit in self.limits}
        values, bad = self.model_copy(update={"below": None, "above": None}).read(
            text.where(~np.any([*beyond.values()], axis=0), number_in(self.limits[0].cell))
        )
        for limit, here in beyond.items():
            values = values.mask(here, values.dtype.type(limit.beyond(self.scale)))
            bad = bad & ~here
        return values, bad

    def hint(self, bad: pd.Series) -> str:
        """What to do about cells that do not parse."""
        what = "64-bit integers" if self.integer else "finite numbers"
        return f"; allowed are {what}: mend the cells, or declare the field a category"

    def dtype(self, nulls: bool) -> Any:
        """int64, or Int64 with missing values; float64."""
        return ("Int64" if nulls else "int64") if self.integer else "float64"

    def learn(self, values: pd.Series, rng: np.random.Generator, subjects: Subjects) -> QuantityBody:
        """Fit in units of the last decimal, or in floats where units would not be exact."""
        measure = self.measure(values)
        return QuantityBody(Quantiles.fit(measure.units(values), rng, subjects), measure)

    def measure(self, values: pd.Series) -> NumberMeasure:
        """Units of the last decimal, or floats where units would not be exact; minutes, or seconds, of clock times."""
        scale = self.scale
        if not self.integer and scale is not None:
            most = np.abs(values.to_numpy("float64")).max(initial=0.0)
            scale = None if most * 10.0**scale >= 2.0**53 else scale
        return NumberMeasure(scale, self.clock)

    def measure_from_json(self, data: Mapping[str, Any]) -> NumberMeasure:
        """Read what `NumberMeasure.to_json` wrote."""
        return NumberMeasure(data["scale"], self.clock)

    def body_from_json(self, data: Mapping[str, Any]) -> QuantityBody:
        """Read what `QuantityBody.to_json` wrote."""
        return QuantityBody(Quantiles.from_json(data["quantiles"]), self.measure_from_json(data["measure"]))

    def claims(self, name: str) -> list[Expectation]:
        """Type, bounds, and that clock times are some. Floats always have bounds, since infinities are refused."""
        type_ = "int64" if self.integer else "float64"  # to Great Expectations, int64 is Int64 too
        claims = [Expectation("expect_column_values_to_be_of_type", {"column": name, "type_": type_})]
        end = None if self.integer else sys.float_info.max
        low = self.min if self.min is not None or end is None else -end
        high = self.max if self.max is not None else end
        if low is not None or high is not None:
            bounds = {"column": name, "min_value": low, "max_value": high}
            claims.append(Expectation("expect_column_values_to_be_between", bounds))
        if self.clock:  # Great Expectations matches numbers as they are written
            match = {"column": name, "regex": rf"\A(?:{pattern_of_clock(self.clock)})\Z"}
            claims.append(Expectation("expect_column_values_to_match_regex", match))
        return claims

    def conforms(self, values: pd.Series) -> np.ndarray | None:
        """Whether they have so many decimals at most, and keep to bounds that floats cannot tell apart."""
        if self.integer:
            bounds = [bound for bound in (self.min, self.max) if bound is not None and abs(bound) >= EXACT_FLOAT]
            if not bounds:
                return None
            numbers = values.to_numpy("int64").astype(object)  # Python's, compared exactly
            return np.array(
                [all([self.min is None or self.min <= n, self.max is None or n <= self.max]) for n in numbers], bool
            )
        if self.decimals is None:
            return None
        numbers = values.to_numpy("float64")
        sizes = np.where(np.isfinite(numbers), np.abs(numbers), 0.0)  # bounds refuse what is infinite
        return np.asarray(
            np.abs(sizes - np.round(sizes, self.decimals)) <= 1e-6 * 10.0**-self.decimals + 4 * np.spacing(sizes)
        )

    def write(self, column: pd.Series) -> pd.Series:
        """Numbers are written as they are, or in their form."""
        if self.form.is_plain and not self.trailing_zeros:
            written = column
        else:
            written = write_numbers(column, self.form, self.scale, trailing_zeros=self.trailing_zeros)
        if not self.limits:
            return written
        there = column.notna().to_numpy(bool)
        text = written.astype("str").where(there, other=None)
        for limit in self.limits:
            beyond = there.copy()
            beyond[there] = limit.passed(column[there])
            text = text.mask(beyond, limit.cell)
        return text

    def comparison(self, column: pd.Series) -> Numeric:
        """Numbers."""
        return Numeric(column.to_numpy("float64", na_value=np.nan))


@dataclass(frozen=True)
class NumberMeasure(Measure):
    """Units of 10 ** -scale; floats as they are where `scale` is None; minutes, or seconds, of clock times."""

    line: ClassVar[str] = "number"
    scale: int | None
    clock: Clock | None = None

    @property
    def step(self) -> float:
        """The size of a unit."""
        return 0.0 if self.scale is None else 10.0**-self.scale

    @property
    def unit(self) -> Hashable:
        """The scale, or how clock times are written."""
        return ("clock", self.clock) if self.clock else ("number", self.scale)

    @property
    def is_open(self) -> bool:
        """Clock times end at midnight."""
        return self.clock is None

    def units(self, values: pd.Series) -> np.ndarray:
        """Count units of numbers (n,)."""
        numbers = values.to_numpy("int64" if values.dtype.kind == "i" else "float64")
        return count_times(_units(numbers, 0), self.clock) if self.clock else _units(numbers, self.scale)

    def values(self, units: np.ndarray) -> pd.Series:
        """The inverse of `units`."""
        if self.clock:
            return pd.Series(as_clock(units, self.clock))
        return pd.Series(units / 10.0**self.scale if self.scale else units)

    def least(self, other: Measure, units: np.ndarray, *, strict: bool) -> np.ndarray:
        """The fewest units that are not below, or above, those of another measure."""
        below = self.most(other, units, strict=not strict)
        return np.nextafter(below, np.inf) if self.scale is None else below + 1

    def most(self, other: Measure, units: np.ndarray, *, strict: bool) -> np.ndarray:
        """The most units that are not above, or below, those of another measure."""
        assert isinstance(other, NumberMeasure)
        if self.scale is None:
            numbers = units / 10.0**other.scale if other.scale else units.astype(np.float64)
            return np.nextafter(numbers, -np.inf) if strict else numbers
        if other.scale is not None:
            if other.scale <= self.scale:
                return np.asarray(units * 10 ** (self.scale - other.scale) - strict)
            return np.asarray((units - strict) // 10 ** (other.scale - self.scale))
        near = _units(units, self.scale)  # a float may be a unit, up to its last digit
        back = near / 10.0**self.scale
        return np.asarray(near - ((back >= units) if strict else (back > units)))

    def intervals(self, predicates: Sequence[Predicate]) -> tuple[Interval, ...]:
        """What comparisons with numbers leave of the units."""
        clock = self.clock
        operand = (lambda value: count_time(_operand(value), clock)) if clock else _operand
        return intervals_of(predicates, self.scale, operand)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {"scale": self.scale}


def _units(numbers: np.ndarray, scale: int | None) -> np.ndarray:
    """Count in units of 10 ** -scale: (n,) int64; floats stay floats where `scale` is None."""
    if scale is None:
        return numbers.astype(np.float64)
    if numbers.dtype.kind == "i":
        counted: np.ndarray = numbers * 10**scale
        return counted
    units: np.ndarray = np.clip(np.rint(numbers * 10.0**scale), -(2.0**62), 2.0**62).astype(np.int64)
    return units


def _operand(value: Any) -> Fraction:
    if isinstance(value, float) and value.is_integer():
        return Fraction(value)  # exact, where its shortest text is not
    try:
        number = Decimal(str(value))
        if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
            raise ValueError
        return Fraction(number)
    except (InvalidOperation, ValueError):
        raise OperandError(f'"{value}" is not a number; compare this field with a number') from None
