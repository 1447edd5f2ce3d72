"""Datetimes: dates or timestamps, with or without a time zone."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field as Key

from synthdata.fields.base import Expectation, Field, Guess
from synthdata.fields.cells import NULL_WORDS, cells_as_text, named_cells
from synthdata.fields.comparison import Numeric
from synthdata.fields.durations import is_named_so
from synthdata.fields.intervals import Interval, intervals_of
from synthdata.fields.predicates import OperandError, Predicate
from synthdata.fields.quantiles import Quantiles
from synthdata.fields.quantity import Measure, QuantityBody
from synthdata.fields.written_dates import (
    OFFSET,
    parse_dates,
    readable,
    write_dates,
    written_format,
    written_formats,
)
from synthdata.subjects import Subjects

__all__ = ["Datetime", "TimeMeasure"]

LONGEST = 60  # characters of what may be a date
DAYS = ("%d", "%e", "%j", "%x", "%c", "%D", "%F")  # codes that show a day
DAY, SECOND, MICROSECOND = 86_400_000_000, 1_000_000, 1  # units in microseconds
GRAINS = (DAY, *(minutes * 60 * SECOND for minutes in (60, 30, 15, 10, 5, 1)), SECOND, 1000, MICROSECOND)


class Datetime(Field):
    """A point in time.

    Parameters
    ----------
    format : str, default "%Y-%m-%d"
        How text files write it, in strftime codes; also `%-d`, `%-m`, `%-H`, `%-I` without leading zeros, `%^b` for
        JAN, `%P` for am and `%:z` for +01:00. Values are drawn in the units it shows.
    also : list of str, optional
        Other formats that cells of text files may have. They are read where `format` does not fit, and written in
        `format`.
    first_year : int, optional
        The first of the hundred years that `%y` means; 1969 without it.
    timezone : str, optional
        An IANA name, like "Europe/Berlin". Values are then aware, and kept in UTC.
    min, max : str, optional
        The earliest and the latest, inclusive, written in `format`.
    nullable : bool, default False
        Whether cells may be missing.
    description : str, optional
        Description for readers; not used.

    Examples
    --------
    >>> from synthdata import Datetime, Schema
    >>> schema = Schema(fields={"admitted": Datetime(), "seen": Datetime(format="%d.%m.%Y %H:%M", nullable=True)})

    """

    kind: Literal["datetime"] = "datetime"
    format: str = "%Y-%m-%d"
    also: tuple[str, ...] = Key(default=(), description="other formats that are read, and written in format")
    first_year: int | None = Key(default=None, ge=1, le=9900, description="of the hundred that %y means")
    timezone: str | None = None
    min: str | None = None
    max: str | None = None

    reads_null: ClassVar[frozenset[str]] = NULL_WORDS

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        for format_ in (self.format, *self.also):
            if "%" not in format_:
                return f'format "{format_}" holds no strftime code; write it like "%Y-%m-%d"'
            try:
                parse_dates(pd.Series(["?"], dtype="str"), format_)
            except (ValueError, re.error):
                return f'format "{format_}" is not understood; write it with strftime codes, like "%Y-%m-%d"'
            if ("%z" in readable(format_)) != ("%z" in readable(self.format)):
                return (
                    f'format "{format_}" of also and format "{self.format}": one has an offset from UTC, one has none'
                )
        if self.timezone is not None:
            try:
                pd.Timestamp("2000-01-01", tz=self.timezone)
            except (LookupError, ValueError, OSError):
                return f'unknown timezone "{self.timezone}"; write it like "Europe/Berlin" or "UTC"'
        ends = {}
        for key in ("min", "max"):
            text = getattr(self, key)
            if text is not None:
                values, bad = self.read(pd.Series([text], dtype="str"))
                if bad.any():
                    return f'{key} "{text}" does not follow format "{self.format}"'
                ends[key] = values.iloc[0]
        if len(ends) == 2 and ends["min"] > ends["max"]:
            return f"max {self.max} is below min {self.min}"
        return None

    def written_pattern(self) -> str:
        """Digits or letters for each code of the format."""
        pieces = re.split(r"(%[-^:]?[A-Za-z])", self.format)
        return "".join(
            (r"[^\W\d_]+" if piece[-1] in "aAbBpPZ" else r"\d+") if place % 2 else re.escape(piece)
            for place, piece in enumerate(pieces)
        )

    def in_short(self) -> str:
        """The format."""
        return self.format

    @property
    def unit(self) -> int:
        """The smallest step the format can write, in microseconds: a day, a second or a microsecond."""
        format_ = readable(self.format)
        if "%f" in format_:
            return MICROSECOND
        return SECOND if any(code in format_ for code in ("%H", "%I", "%M", "%S", "%X", "%c", "%s")) else DAY

    def spans(self, low: Field) -> bool:
        """Whether this one shows days, and the other one times of day."""
        return isinstance(low, Datetime) and low.unit < DAY <= self.unit

    @property
    def is_monthly(self) -> bool:
        """Whether the format shows months, but no days."""
        format_ = readable(self.format)
        return any(code in format_ for code in ("%m", "%b", "%B")) and not any(code in format_ for code in DAYS)

    @classmethod
    def guess(cls, column: pd.Series, subjects: Subjects) -> Guess | None:
        """Take datetimes, and text if one known format reads all of it."""
        if not len(column):
            return None
        if pd.api.types.is_datetime64_any_dtype(column):
            return Guess(_guess_typed(column))
        types = pd.api.types
        if not (types.is_string_dtype(column) or types.is_object_dtype(column) or types.is_integer_dtype(column)):
            return None
        text = cells_as_text(column)
        text = text[~text.isin(cls.reads_null)]
        first = text.iloc[:100]
        if not len(text) or not first.str.contains(r"\d").all() or text.str.len().max() > LONGEST:
            return None
        if first.str.fullmatch(OFFSET).all() or is_named_so(text):
            return None
        found = written_format(text)
        if found is None:
            return cls._guess_several(text)
        zone = "UTC" if found.format.endswith(("%z", "%:z", "Z", "UTC", "GMT")) else None
        zone = found.zone or zone
        field = cls(format=found.format, first_year=found.first_year, timezone=zone)
        return Guess(field, found.note, matters=found.is_open)

    @classmethod
    def _guess_several(cls, text: pd.Series) -> Guess | None:
        """Take text that is written in a few formats."""
        found = written_formats(text)
        if not found:
            return None
        first, *others = found
        zone = "UTC" if first.format.endswith(("%z", "%:z", "Z", "UTC", "GMT")) else None
        years = {each.first_year for each in found} - {None}
        if len(years) > 1:
            return None
        field = cls(
            format=first.format,
            also=tuple(each.format for each in others),
            first_year=next(iter(years), None),
            timezone=first.zone or zone,
        )
        counts = [int((~parse_dates(text, each.format)[1]).sum()) for each in found]
        cells = ", ".join(f"{count:,} cells {each.format}" for count, each in zip(counts, found, strict=True))
        note = f"{cells}: synthetic ones all in the first of these"
        return Guess(field, "; ".join(filter(None, [note, *(each.note for each in found)])), matters=True)

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Read datetimes, or text in the field's format."""
        if pd.api.types.is_datetime64_any_dtype(cells):
            times, bad = cells, np.zeros(len(cells), bool)
        elif pd.api.types.is_numeric_dtype(cells) and not re.search("%[Yy]", self.format):
            times, bad = pd.Series(pd.NaT, index=cells.index), np.ones(len(cells), bool)
        else:
            text = named_cells(cells) if pd.api.types.is_numeric_dtype(cells) else cells_as_text(cells)
            times, bad = parse_dates(text, self.format, self.first_year if "%y" in self.format else None)
            for format_ in self.also:
                others, unread = parse_dates(text[bad], format_, self.first_year if "%y" in format_ else None)
                times = times.where(~bad, others.reindex(times.index))
                bad = bad & ~np.isin(np.arange(len(bad)), np.flatnonzero(bad)[~unread])
        if times.dt.tz is not None:
            times = times.dt.tz_convert(self.timezone or "UTC")
            times = times if self.timezone else times.dt.tz_localize(None)
        elif self.timezone:  # an hour that comes twice is taken for the first; a day without a midnight is a day
            gap: Any = "shift_forward" if self.unit == DAY else "NaT"
            times = times.dt.tz_localize(self.timezone, ambiguous=True, nonexistent=gap)
            bad = bad | times.isna().to_numpy(bool)
        return times.astype(self.dtype(True)), bad

    def hint(self, bad: pd.Series) -> str:
        """What to do about cells that do not parse."""
        zone = f" in {self.timezone}" if self.timezone else ""
        return f' with format "{self.format}"{zone}; mend the cells or the format'

    def dtype(self, nulls: bool) -> Any:
        """datetime64 in microseconds."""
        return f"datetime64[us, {self.timezone}]" if self.timezone else "datetime64[us]"

    def learn(self, values: pd.Series, rng: np.random.Generator, subjects: Subjects) -> QuantityBody:
        """Fit in the coarsest unit that fits all values: times on the hour are counted in hours."""
        measure = self.measure(values)
        return QuantityBody(Quantiles.fit(measure.units(values), rng, subjects), measure)

    def measure(self, values: pd.Series) -> TimeMeasure:
        """The coarsest unit that fits all values."""
        grain = self.unit
        if grain < DAY:
            times = _count(values, self, MICROSECOND)
            grain = next(each for each in GRAINS if each <= grain or not (times % each).any())
        return TimeMeasure(self, grain)

    def measure_from_json(self, data: Mapping[str, Any]) -> TimeMeasure:
        """Read what `TimeMeasure.to_json` wrote."""
        return TimeMeasure(self, int(data["grain"]))

    def body_from_json(self, data: Mapping[str, Any]) -> QuantityBody:
        """Read what `QuantityBody.to_json` wrote."""
        return QuantityBody(Quantiles.from_json(data["quantiles"]), self.measure_from_json(data["measure"]))

    def claims(self, name: str) -> list[Expectation]:
        """Type and bounds."""
        type_ = "Timestamp" if self.timezone else "datetime64[us]"  # the first: what GX calls zoned times
        claims = [Expectation("expect_column_values_to_be_of_type", {"column": name, "type_": type_})]
        if self.min is not None or self.max is not None:
            ends = {f"{key}_value": self._iso(getattr(self, key)) for key in ("min", "max")}
            claims.append(Expectation("expect_column_values_to_be_between", {"column": name, **ends}))
        return claims

    def _iso(self, text: str | None) -> str | None:
        return None if text is None else self.read(pd.Series([text], dtype="str"))[0].iloc[0].isoformat()

    def write(self, column: pd.Series) -> pd.Series:
        """Write in the field's format."""
        return write_dates(column, self.format)

    def comparison(self, column: pd.Series) -> Numeric:
        """Numbers: microseconds since 1970."""
        moments = column.to_numpy("datetime64[us]")
        return Numeric(np.where(np.isnat(moments), np.nan, moments.astype(np.float64)), is_time=True)


@dataclass(frozen=True)
class TimeMeasure(Measure):
    """Units of `grain` microseconds since 1970 UTC. Days are counted on the local calendar."""

    line: ClassVar[str] = "time"
    field: Datetime
    grain: int

    @property
    def step(self) -> float:
        """The microseconds of a unit."""
        return float(self.grain)

    @property
    def unit(self) -> Hashable:
        """The format's unit and the time zone."""
        return ("datetime", self.field.unit, self.field.timezone)

    def units(self, values: pd.Series) -> np.ndarray:
        """Count units since 1970: (n,) int64."""
        return _count(values, self.field, self.grain)

    def values(self, units: np.ndarray) -> pd.Series:
        """The inverse of `units`."""
        moments = (units * self.grain).astype("datetime64[us]")
        if self.field.is_monthly:
            moments = moments.astype("datetime64[M]").astype("datetime64[us]")
        times = pd.Series(moments)
        if not self.field.timezone:
            return times
        if self.field.unit < DAY:
            return times.dt.tz_localize("UTC").dt.tz_convert(self.field.timezone)
        return times.dt.tz_localize(self.field.timezone, ambiguous=True, nonexistent="shift_forward")

    def least(self, other: Measure, units: np.ndarray, *, strict: bool) -> np.ndarray:
        """The fewest units that are not before, or after, those of another measure; a day is a whole one."""
        if self._is_day_of(other):
            return self._last(other, units, strict=False)
        return self._last(other, units, strict=not strict) + 1

    def most(self, other: Measure, units: np.ndarray, *, strict: bool) -> np.ndarray:
        """The most units that are not after, or before, those of another measure; a day is a whole one."""
        if isinstance(other, TimeMeasure) and other._is_day_of(self):
            return self._last(other, units, strict=True, later=1)
        return self._last(other, units, strict=strict)

    def _is_day_of(self, other: Measure) -> bool:
        """Whether this one counts days, and the other one times of day."""
        return isinstance(other, TimeMeasure) and self.field.spans(other.field)

    def _last(self, other: Measure, units: np.ndarray, *, strict: bool, later: int = 0) -> np.ndarray:
        """The most units that are not after, or before, points in time so many of the other's units later."""
        times = other.values(units + later)
        if self.field.timezone:
            times = times.dt.tz_convert(self.field.timezone)
        return np.asarray((_count(times, self.field, MICROSECOND) - strict) // self.grain)

    def intervals(self, predicates: Sequence[Predicate]) -> tuple[Interval, ...]:
        """What comparisons with points in time leave of the units."""
        return intervals_of(predicates, 0, self._operand)

    def _operand(self, value: Any) -> Fraction:
        """Count the units of one operand; a time between two units lies halfway between them."""
        try:
            if isinstance(value, str):
                times, bad = self.field.read(pd.Series([value], dtype="str"))
                if bad.any() and not value.strip().isdigit():  # a year alone is no day
                    times, bad = self.field.read(pd.to_datetime(pd.Series([value], dtype="str"), format="ISO8601"))
            elif isinstance(value, date | np.datetime64) and not pd.isna(value):
                times, bad = self.field.read(pd.Series([pd.Timestamp(value)]))
            else:
                raise ValueError
            if bad.any():
                raise ValueError
        except (ValueError, OverflowError):
            raise OperandError(
                f'"{value}" is not a point in time as this field has them; write it like "{self._example}"'
            ) from None
        units = self.units(times)
        between = bool((self.values(units) != times).any())
        return Fraction(int(units[0])) + (Fraction(1, 2) if between else 0)

    @property
    def _example(self) -> str:
        moment = pd.Series([pd.Timestamp("2023-06-25 14:30", tz=self.field.timezone)])
        return str(self.field.write(moment.astype(self.field.dtype(False))).iloc[0])

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {"grain": self.grain}


def _count(values: pd.Series, field: Datetime, grain: int) -> np.ndarray:
    """Count units of `grain` microseconds since 1970: (n,) int64. Days are counted on the local calendar."""
    times = values
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC") if field.unit < DAY else times
        times = times.dt.tz_localize(None)
    count: np.ndarray = times.to_numpy("datetime64[us]").astype(np.int64) // grain
    return count


def _guess_typed(column: pd.Series) -> Datetime:
    zone = None if column.dt.tz is None else str(column.dt.tz)
    if (column == column.dt.normalize()).all():
        return Datetime(format="%Y-%m-%d", timezone=zone)
    fine = (column.dt.microsecond != 0).any()
    return Datetime(format="%Y-%m-%dT%H:%M:%S" + (".%f" if fine else "") + ("%z" if zone else ""), timezone=zone)
