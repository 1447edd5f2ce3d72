"""Constraints between columns. Like fields, they are declared in the schema and become expectations."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias, get_args

import numpy as np
import pandas as pd
from pydantic import ConfigDict
from pydantic import Field as Key

from synthdata.errors import DataError
from synthdata.fields import Expectation
from synthdata.fields.quantiles import draw_threshold
from synthdata.messages import Declaration
from synthdata.schema.expressions import Rule
from synthdata.subjects import Subjects

__all__ = [
    "CONSTRAINTS",
    "AnyConstraint",
    "Combinations",
    "Constraint",
    "Coordinates",
    "Ordered",
    "Product",
    "RowRule",
    "Sum",
    "Unique",
    "texts",
]

PRODUCT_ROUNDING = 1e-9  # by which a product of floats may be off, and a half be rounded either way
ROUNDING = 1e-12  # by which a sum of floats may be off, relative to what is added up


class Constraint(Declaration, ABC):
    """A requirement on several columns.

    What to implement: the columns it names, a label, and either `expectation` (if Great Expectations can check it) or
    `holds` (if not: the gate evaluates it into a boolean column and expects that to be true). A constraint on single
    rows has `holds` in any case.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str

    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The columns it names."""

    @abstractmethod
    def label(self) -> str:
        """Its name in messages and verdicts."""

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        return None

    @property
    def is_learned(self) -> bool:
        """Whether training filled it in, without rare rows: then it applies to synthetic rows, not to real ones."""
        return False

    def expectation(self) -> Expectation | None:
        """The equivalent expectation; None if only `holds` can check it."""
        return None

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Whether it holds in each row: (n,) bool."""
        raise NotImplementedError

    def learn(self, frame: pd.DataFrame, rng: np.random.Generator, subjects: Subjects) -> Constraint:
        """Fill in what the declaration leaves open from training rows. subjects: the subject of each row."""
        return self


class Ordered(Constraint):
    """`low <= high` in every row; `strict` for `<`. Rows where one is missing pass.

    whole_days: high is a day, and not over before its end, whenever on that day low is; without saying so, where high
    has no time of day and low has one.
    """

    kind: Literal["ordered"] = "ordered"
    low: str
    high: str
    strict: bool = False
    whole_days: bool | None = Key(
        default=None, description="whether the high one is a day that is not over before its end"
    )

    def columns(self) -> tuple[str, ...]:
        """Both columns."""
        return self.low, self.high

    def check(self) -> str | None:
        """Low and high are two columns."""
        return f'low and high are both "{self.low}"' if self.low == self.high else None

    def label(self) -> str:
        """The comparison."""
        return f"{self.low} {'<' if self.strict else '<='} {self.high}"

    def expectation(self) -> Expectation | None:
        """The expectation of Great Expectations that checks it; whole days it cannot."""
        if self.whole_days:
            return None
        return Expectation(
            "expect_column_pair_values_a_to_be_greater_than_b",
            {
                "column_A": self.high,
                "column_B": self.low,
                "or_equal": not self.strict,
                "ignore_row_if": "either_value_is_missing",
            },
        )

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Compare, row by row."""
        low, high = frame[self.low], frame[self.high]
        if {low.dtype.kind, high.dtype.kind} == {"i", "f"}:
            present = (low.notna() & high.notna()).to_numpy(bool)
            result = np.ones(len(frame), bool)
            compare = operator.lt if self.strict else operator.le
            result[present] = compare(low[present].astype(object), high[present].astype(object))  # Python's is exact
            return result
        if self.whole_days:
            low = (low if high.dt.tz is None else low.dt.tz_convert(high.dt.tz)).dt.normalize()
        held = low < high if self.strict and not self.whole_days else low <= high
        return held.fillna(False).to_numpy(bool) | (low.isna() | high.isna()).to_numpy(bool)


class Sum(Constraint):
    """`total` is the sum of `parts` in every row. Rows where one of them is missing pass.

    A difference is a sum too: net = gross - tax says that gross = net + tax. tolerance: by how much real rows may miss
    the total, where parts were rounded; a synthetic total is computed, and so is exact.
    """

    kind: Literal["sum"] = "sum"
    total: str
    parts: list[str] = Key(min_length=2)
    tolerance: float = Key(default=0.0, ge=0, strict=True, allow_inf_nan=False)

    def columns(self) -> tuple[str, ...]:
        """The total and its parts."""
        return (self.total, *self.parts)

    def check(self) -> str | None:
        """No field stands twice."""
        return _twice(list(self.columns())) if len(set(self.columns())) <= len(self.parts) else None

    def label(self) -> str:
        """The equation."""
        within = f" (± {self.tolerance:g})" if self.tolerance else ""
        return f"{self.total} = {' + '.join(self.parts)}{within}"

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Add up, row by row: integers exactly, others but for the rounding of floats, both within the tolerance."""
        columns = [frame[name] for name in self.columns()]
        missing = np.any([column.isna() for column in columns], axis=0)
        if all(pd.api.types.is_integer_dtype(column) for column in columns):
            total, *parts = (column.fillna(0).to_numpy("int64") for column in columns)
            return np.asarray((np.abs(sum(parts) - total) <= self.tolerance) | missing)
        total, *parts = (column.to_numpy("float64", na_value=0.0) for column in columns)
        most = self.tolerance + ROUNDING * np.sum(np.abs([total, *parts]), axis=0)
        return np.asarray((np.abs(np.sum(parts, axis=0) - total) <= most) | missing)


class Product(Constraint):
    """`total` is the product of one or two `parts` and `factor` in every row. Rows where one is missing pass.

    factor: .01 where a part is a percentage, .2 where the total is a fifth of the only part. tolerance: by how much the
    total may differ, where it is rounded: half a unit of its last decimal.
    """

    kind: Literal["product"] = "product"
    total: str
    parts: tuple[str, ...] = Key(strict=False, min_length=1, max_length=2)
    factor: float = Key(default=1.0, gt=0, strict=True, allow_inf_nan=False)
    tolerance: float = Key(default=0.0, ge=0, strict=True, allow_inf_nan=False)

    def columns(self) -> tuple[str, ...]:
        """The total and its parts."""
        return (self.total, *self.parts)

    def check(self) -> str | None:
        """No field stands twice."""
        return _twice(list(self.columns())) if len(set(self.columns())) < len(self.columns()) else None

    def label(self) -> str:
        """The equation."""
        by = "" if self.factor == 1 else f" * {self.factor:g}"
        within = f" (± {self.tolerance:g})" if self.tolerance else ""
        return f"{self.total} = {' * '.join(self.parts)}{by}{within}"

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Multiply, row by row, but for the rounding of floats and the tolerance."""
        missing = np.any([frame[name].isna() for name in self.columns()], axis=0)
        total, *parts = (frame[name].to_numpy("float64", na_value=0.0) for name in self.columns())
        product = np.prod(parts, axis=0) * self.factor
        most = self.tolerance + PRODUCT_ROUNDING * (np.abs(product) + np.abs(total))
        return np.asarray((np.abs(product - total) <= most) | missing)


class Combinations(Constraint):
    """Only these combinations of values of `fields`: those `allowed`, or those that training showed often enough."""

    kind: Literal["combinations"] = "combinations"
    fields: list[str] = Key(min_length=2)
    allowed: list[list[str]] | None = None
    learned: bool = Key(default=False, description="training said what is allowed: rare real rows may hold others")

    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self.fields)

    def label(self) -> str:
        """The columns."""
        return f"combinations of {', '.join(self.fields)}"

    def check(self) -> str | None:
        """Each allowed combination has one value a field, and no field stands twice."""
        if len(set(self.fields)) < len(self.fields):
            return _twice(self.fields)
        wrong = [row for row in self.allowed or () if len(row) != len(self.fields)]
        return f"a combination in allowed has {len(wrong[0])} values, not {len(self.fields)}" if wrong else None

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Whether each row's combination is allowed; True while none are known."""
        if self.allowed is None:
            return np.ones(len(frame), bool)
        if not self.allowed:
            return np.zeros(len(frame), bool)
        known = pd.MultiIndex.from_tuples(map(tuple, self.allowed), names=self.fields)
        held: np.ndarray = pd.MultiIndex.from_frame(texts(frame, self.fields)).isin(known)
        return held

    def learn(self, frame: pd.DataFrame, rng: np.random.Generator, subjects: Subjects) -> Combinations:
        """Keep the combinations that enough subjects show."""
        if self.allowed is not None:
            return self
        threshold = draw_threshold(rng)
        number, rows = pd.factorize(pd.MultiIndex.from_frame(texts(frame, self.fields)))
        people = subjects.count(number.astype(np.int64), len(rows))
        kept = sorted(list(map(str, row)) for row in rows[people >= threshold])
        if not kept:
            raise DataError(
                f"{self.label()}: none is shown by {threshold} subjects; drop the constraint, or list those allowed"
            )
        return self.model_copy(update={"allowed": kept, "learned": True})

    @property
    def is_learned(self) -> bool:
        """Whether training filled in `allowed`."""
        return self.learned


class Unique(Constraint):
    """No two rows have equal values in `fields`. Rows where all are missing pass."""

    kind: Literal["unique"] = "unique"
    fields: list[str] = Key(min_length=1)

    def columns(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self.fields)

    def check(self) -> str | None:
        """No field stands twice."""
        return _twice(self.fields) if len(set(self.fields)) < len(self.fields) else None

    def label(self) -> str:
        """The columns."""
        return f"unique {', '.join(self.fields)}"

    def expectation(self) -> Expectation:
        """The expectation of Great Expectations that checks it."""
        if len(self.fields) == 1:
            return Expectation("expect_column_values_to_be_unique", {"column": self.fields[0]})
        columns = {"column_list": list(self.fields), "ignore_row_if": "all_values_are_missing"}
        return Expectation("expect_compound_columns_to_be_unique", columns)


class Coordinates(Constraint):
    """`latitude` and `longitude` are the coordinates of one point: both are there in a row, or both are missing.

    They are learned together, so that points lie where points of the data lie. Any two coordinates will do.
    """

    kind: Literal["coordinates"] = "coordinates"
    latitude: str
    longitude: str

    def columns(self) -> tuple[str, ...]:
        """Both columns."""
        return self.latitude, self.longitude

    def check(self) -> str | None:
        """They are two columns."""
        return f'latitude and longitude are both "{self.latitude}"' if self.latitude == self.longitude else None

    def label(self) -> str:
        """The pair."""
        return f"coordinates {self.latitude}, {self.longitude}"

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Whether both are there, or both are missing."""
        return (frame[self.latitude].isna() == frame[self.longitude].isna()).to_numpy(bool)


class RowRule(Constraint):
    """A rule that every row satisfies: `age < 18 or weight > 20`. See `synthdata.schema.expressions`."""

    kind: Literal["rule"] = "rule"
    rule: str

    def columns(self) -> tuple[str, ...]:
        """The names in it."""
        return Rule.parse(self.rule).columns

    def label(self) -> str:
        """The text."""
        return self.rule

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Evaluate it, vectorised."""
        return Rule.parse(self.rule).holds(frame)


AnyConstraint: TypeAlias = Annotated[
    Ordered | Sum | Product | Combinations | Unique | Coordinates | RowRule, Key(discriminator="kind")
]
CONSTRAINTS: dict[str, type[Constraint]] = {
    kind.model_fields["kind"].default: kind for kind in get_args(get_args(AnyConstraint)[0])
}


def texts(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The columns as text, missing as "": combinations are compared and kept in this form."""
    result = {}
    for name in columns:
        codes, distinct = pd.factorize(frame[name])  # missing is -1, the last
        result[name] = np.array([*map(str, distinct), ""], dtype=object)[codes]
    return pd.DataFrame(result, index=frame.index)


def _twice(names: Sequence[str]) -> str:
    return f'field "{next(name for name in names if names.count(name) > 1)}" stands twice'
