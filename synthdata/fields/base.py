"""What a field is: the declaration of a column, and the codec it becomes when it is fitted to one.

What to implement for a new kind: a `Field` (what the YAML says; reads raw cells, states expectations, fits a body)
and a `Body` (what is kept of the present values; encodes and decodes them). Missing values are handled here, once.
Then name the kind in `synthdata.fields.AnyField` and at the package's root, and write `schemas/schema.json` again: four
files. The contract tests do the rest.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self, assert_never

import numpy as np
import pandas as pd
from pydantic import ConfigDict

from synthdata.blocks import Arrays, Binned, Block, Categorical, Layout, Pixels, Tokens
from synthdata.errors import ConditionError, DataError
from synthdata.fields.cells import cells_as_text, holds_bytes, plain, rows_named
from synthdata.fields.comparison import Comparison
from synthdata.fields.intervals import Interval, intersect
from synthdata.fields.predicates import Mask, Predicate
from synthdata.fields.rows import Rows
from synthdata.fields.transforms import Transforms
from synthdata.messages import Declaration
from synthdata.subjects import Subjects

if TYPE_CHECKING:
    from synthdata.fields.quantity import Measure

__all__ = ["Body", "Codec", "Expectation", "Field", "Guess", "unmet"]


@dataclass(frozen=True)
class Expectation:
    """One Great Expectations expectation, as plain data: its type and its arguments."""

    type: str
    kwargs: Mapping[str, Any]


@dataclass(frozen=True)
class Guess:
    """A field guessed from a column, and a note of what the user should check.

    matters: before anything else. left_out: rows whose cell is none of the field's.
    """

    field: Field
    note: str = ""
    matters: bool = False
    left_out: tuple[int, ...] = ()


class Body(ABC):
    """What training keeps of a column's present (non-missing) values. Final, frozen, plain JSON.

    measure: how its values are counted; None if they are no quantities.
    """

    measure: Measure | None = None

    @property
    @abstractmethod
    def block(self) -> Block | None:
        """The block it emits; None if nothing is learned."""

    @property
    def capacity(self) -> int | None:
        """The largest number of rows it can decode in one run; None if there is no limit."""
        return None

    @property
    def hides(self) -> bool:
        """Whether the last symbol of its block stands for all values too rare to be kept."""
        return False

    @property
    def sampled(self) -> np.ndarray | None:
        """Which symbols of its block are sampled: (size,) bool; None for all."""
        return None

    @property
    def unit(self) -> Hashable | None:
        """The unit of its values; only columns of equal units can hold the same value. None if not a quantity."""
        return None if self.measure is None else self.measure.unit

    @property
    def ends(self) -> Interval | None:
        """The least and the greatest that is sampled, in units; None if there is nothing. Only quantities have it."""
        raise TypeError(f"{type(self).__name__} is not a quantity")

    def within(self, intervals: Sequence[Interval]) -> Mask:
        """The mask of what lies in the intervals, in units. Only quantities have it."""
        raise TypeError(f"{type(self).__name__} is not a quantity")

    def in_range(self, values: pd.Series, detail: Any = None) -> np.ndarray:
        """Whether present values (n,) lie in the range that is sampled, and in the part of it that a mask leaves.

        (n,) bool. Only quantities have it.
        """
        raise TypeError(f"{type(self).__name__} is not a quantity")

    def admits(self, values: pd.Series, mask: Mask) -> np.ndarray:
        """Whether present values (n,) satisfy what `mask` was made from: (n,) bool."""
        return np.asarray(mask.allowed[self.encode(values)], bool)

    @abstractmethod
    def encode(self, values: pd.Series) -> np.ndarray:
        """Turn present values (n,) into the block's array."""

    @abstractmethod
    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Turn the block's array back into values (n,). Defined on every array that fits the block."""

    @abstractmethod
    def restrict(self, predicates: Sequence[Predicate]) -> Mask:
        """The mask of the symbols that satisfy `predicates`, which are never "is null" or "is not null"."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""


class Field(Declaration, ABC):
    """The declaration of one column. Owns everything about its kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    nullable: bool = False
    description: str | None = None

    reads_null: ClassVar[frozenset[str]] = frozenset({""})
    reads_bytes: ClassVar[bool] = False
    is_discrete: ClassVar[bool] = False  # a value is one of a set, and may be the class of a row
    is_made: ClassVar[bool] = False  # keys and personal data: made anew, never learned
    tells_persons: ClassVar[bool] = False  # whether equal values mean the same person
    copied_is_leak: ClassVar[bool] = False  # a real value in synthetic rows cannot be chance
    ending: ClassVar[str] = ""  # of value files beside a text table; "" if the table holds the values
    statistics: ClassVar[tuple[str, ...]] = ()  # the columns of `compute_statistics`
    set_statistics: ClassVar[tuple[str, ...]] = ()  # those of `compute_set_statistics`

    @classmethod
    @abstractmethod
    def guess(cls, column: pd.Series, subjects: Subjects) -> Guess | None:
        """A field of this kind for present raw values (n,), or None. subjects: the subject of each value."""

    @classmethod
    def may_be(cls, column: pd.Series) -> bool:
        """Whether present raw values (n,) may be of this kind, by a few of them: what `guess` would soon deny."""
        return True

    @abstractmethod
    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Parse present raw cells (n,): the values in the kind's type, and a bool array (n,) of those that failed."""

    @abstractmethod
    def dtype(self, nulls: bool) -> Any:
        """The pandas dtype of a column of this kind. nulls: whether it has missing values."""

    @abstractmethod
    def learn(self, values: pd.Series, rng: np.random.Generator, subjects: Subjects) -> Body:
        """Fit a body to present values (n,). subjects: the subject of each value."""

    @abstractmethod
    def body_from_json(self, data: Mapping[str, Any]) -> Body:
        """Read what `Body.to_json` wrote."""

    @abstractmethod
    def claims(self, name: str) -> list[Expectation]:
        """The expectations that hold for every present value of column `name`."""

    @abstractmethod
    def write(self, column: pd.Series) -> pd.Series:
        """A column of the kind's type as text files hold it; missing stays missing."""

    @abstractmethod
    def comparison(self, column: pd.Series) -> Comparison | None:
        """The values of a column as evaluation compares them; None if there is nothing to compare."""

    def spans(self, low: Field) -> bool:
        """Whether a value stands for a time in which values of another field lie: a day above times of day."""
        return False

    def written_pattern(self) -> str:
        """A regular expression of how text writes values, for a cell that holds something else behind them."""
        return ".+?"

    def conforms(self, values: pd.Series) -> np.ndarray | None:
        """Whether present values (n,) are what the declaration says, where Great Expectations cannot tell exactly.

        None if it can.
        """
        return None

    def in_short(self) -> str:
        """What the declaration says of the values, in a few words, for a person."""
        return ""

    def generator(self) -> Mapping[str, Any]:
        """Family and settings of the field's own generator, as far as set; empty for tabular fields."""
        return {}

    def cleared(self, column: pd.Series, subjects: Subjects) -> pd.Series:
        """The column without parts of cells that must not be learned. subjects: the subject of each row."""
        return column

    @property
    def has_public_values(self) -> bool:
        """Whether the declaration lists all values, so that a rare one is no secret."""
        return False

    @property
    def rare_label(self) -> str | None:
        """The label in place of values too rare to be learned; None if the kind has no such label."""
        return None

    def measure(self, values: pd.Series) -> Measure | None:
        """How present values (n,) are counted; None if they are no quantities."""
        return None

    def measure_from_json(self, data: Mapping[str, Any]) -> Measure:
        """Read what `Measure.to_json` wrote."""
        raise TypeError(f"a {self.kind} is not a quantity")

    def transforming(self) -> Transforms | None:
        """The label-preserving transforms of its values; None if the declaration has none."""
        return None

    @property
    def role(self) -> str:
        """The role of the person a made value belongs to, "doctor" say; "" for the table's subject."""
        return ""

    @property
    def holds(self) -> Hashable:
        """What a made value is, and of which role: two columns that are equal here get two different values."""
        return None

    @property
    def like(self) -> str | None:
        """The column that made values have to fit, constant for each person; None if there is none."""
        return None

    @property
    def is_running(self) -> bool:
        """Whether its values count the rows of a table."""
        return False

    def counted(self, column: pd.Series, before: int) -> pd.Series:
        """A column as it stands in an output, after `before` present values: running numbers are counted anew."""
        return column

    @property
    def is_public(self) -> bool:
        """Whether the declaration shows all values that there can be."""
        return False

    @property
    def possible_values(self) -> int | None:
        """How many values can be made, if two rows may have the same by chance; None for any number."""
        return None

    # What a kind may have besides: files, and values that expectations cannot look into.

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        return None

    @property
    def weight(self) -> int:
        """Bytes of one value in memory, where they are many: decides how many rows are processed at a time."""
        return 0

    @classmethod
    def located(cls, cells: pd.Series, folder: str) -> pd.Series:
        """Raw cells (n,) with relative paths resolved against the table's `folder`."""
        return cells

    def compute_statistics(self, column: pd.Series) -> pd.DataFrame:
        """Numbers about each cell, in columns named by `statistics`, where expectations cannot look into the cell.

        The gate calls them `<name>.<statistic>`. Defined on every cell, also one that does not parse.
        """
        return pd.DataFrame(index=column.index)

    def compute_set_statistics(self, statistics: pd.DataFrame) -> pd.DataFrame:
        """How each row compares with the others of its table, in columns named by `set_statistics`.

        statistics: what `compute_statistics` gives of all of them.
        """
        return pd.DataFrame(index=statistics.index)

    def stored(self, column: pd.Series) -> pd.Series:
        """A column of the kind's type as Parquet, or files of `ending`, hold it. Must not raise."""
        return column

    def array(self, column: pd.Series) -> np.ndarray:
        """A column of the kind's type as one array without objects, (n, ...).

        Numbers and booleans keep their type, everything else is text; a missing value is NaN, 0 or "".
        """
        if column.dtype.kind in "biuf":
            zero: Any = column.dtype.type(0)
            return (column if isinstance(column.dtype, np.dtype) else column.fillna(zero)).to_numpy()
        return self.write(column).fillna("").to_numpy(dtype=np.str_)

    def from_array(self, array: np.ndarray) -> pd.Series:
        """The inverse of `array`, for columns without missing values."""
        return self.read(pd.Series(array))[0].astype(self.dtype(False))

    # Done once, for all kinds.

    def expectations(self, name: str) -> list[Expectation]:
        """All expectations of column `name`."""
        not_null = [] if self.nullable else [Expectation("expect_column_values_to_not_be_null", {"column": name})]
        return [Expectation("expect_column_to_exist", {"column": name}), *not_null, *self.claims(name)]

    def parse(self, column: pd.Series, name: str) -> pd.Series:
        """Parse a raw column; DataError names the rows of cells that do not parse."""
        if not self.reads_bytes and holds_bytes(column):
            raise DataError(f'column "{name}": holds bytes, which no {self.kind} is; leave it out of the schema')
        missing = self._missing(column)
        values, bad = self.read(plain(column[~missing]))
        if bad.any():
            where = np.flatnonzero(~missing)[bad]
            hint = self.hint(column.iloc[where])
            raise DataError(f'column "{name}": {rows_named(where)} cannot be read as {self.kind}{hint}')
        if not missing.any():
            return values.astype(self.dtype(False))
        result = pd.Series(index=column.index, dtype=self.dtype(True))  # missing throughout
        result[~missing] = values.astype(self.dtype(True)).array
        return result

    def unreadable(self, column: pd.Series) -> np.ndarray:
        """Which cells of a raw column `parse` would refuse: (n,) bool."""
        missing = self._missing(column)
        result = np.zeros(len(column), bool)
        result[~missing] = self.read(plain(column[~missing]))[1]
        return result

    def _missing(self, column: pd.Series) -> np.ndarray:
        missing = column.isna().to_numpy(bool)
        if self.reads_null and (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
            missing = missing | cells_as_text(column).isin(self.reads_null).to_numpy(bool)
        return missing

    def hint(self, bad: pd.Series) -> str:
        """How to fix cells that do not parse: the end of the error message."""
        return "; mend the cells or change the field's kind"

    def fit(self, column: pd.Series, name: str, rng: np.random.Generator, subjects: Subjects | None = None) -> Codec:
        """Fit to a column of the kind's type. subjects: the subject of each row; by default each row is its own."""
        missing = column.isna().to_numpy(bool)
        subjects = (subjects or Subjects(len(column)))[~missing]
        try:
            body = self.learn(column[~missing], rng, subjects)
        except DataError as error:
            raise DataError(f'column "{name}": {error}') from None
        return Codec(name, self, body, nulls=bool(missing.any()) or body.block == Categorical(0))


@dataclass(frozen=True)
class Codec:
    """A field fitted to a column. Frozen, plain JSON.

    Where the column has missing values (or nothing in it could be kept) symbol 0 of the block means missing.
    """

    name: str
    field: Field
    body: Body
    nulls: bool
    _shift: int = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_shift", int(self.nulls))

    @property
    def layout(self) -> Layout:
        """The blocks this codec emits, by name: one, or none."""
        block = self.body.block
        match block:
            case None:
                return {self.name: Categorical(2)} if self.nulls else {}
            case Categorical(size):
                return {self.name: dataclasses.replace(block, size=size + self._shift)}
            case Binned(atoms):
                return {self.name: dataclasses.replace(block, atoms=atoms + self._shift)}
            case Tokens() | Pixels():
                return {self.name: block}
            case _:
                assert_never(block)

    @property
    def sampled(self) -> np.ndarray | None:
        """Which symbols of its block are sampled: (size,) bool; None for all."""
        inner = self.body.sampled
        return None if inner is None else np.concatenate([np.ones(self._shift, bool), inner])

    def encode(self, column: pd.Series) -> dict[str, np.ndarray]:
        """Turn a column of the kind's type into arrays."""
        block = self.body.block
        missing = column.isna().to_numpy(bool)
        if missing.any() and not self.nulls:
            where = rows_named(np.flatnonzero(missing))
            raise DataError(f'column "{self.name}": {where} missing, none was in training')
        if block is None:
            return {self.name: (~missing).astype(np.int64)} if self.nulls else {}
        if isinstance(block, Pixels):
            return {self.name: self._whole(column, missing)}
        if isinstance(block, Tokens):
            tokens = np.zeros((len(column), block.length), np.int64)  # a missing text has none
            tokens[~missing] = self.body.encode(column[~missing])
            return {self.name: tokens}
        keeps_nothing = isinstance(block, Categorical) and block.size == 0
        width = (2,) if isinstance(block, Binned) else ()
        result = np.zeros((len(column), *width), np.float64 if width else np.int64)
        if not keeps_nothing and not missing.all():
            inner = self.body.encode(column[~missing])
            if width:
                inner[:, 0] += self._shift
            else:
                inner = inner + self._shift
            result[~missing] = inner
        return {self.name: result}

    def _whole(self, column: pd.Series, missing: np.ndarray) -> np.ndarray:
        """Encode a block that has no symbol for missing."""
        try:
            if missing.any():
                raise DataError(f"{rows_named(np.flatnonzero(missing))} missing; leave these rows out")
            return self.body.encode(column)
        except DataError as error:
            raise DataError(f'column "{self.name}": {error}') from None

    def decode(self, arrays: Arrays, rows: Rows, mask: Mask | None = None) -> pd.Series:
        """Turn arrays back into a column. rows: which rows of the run these are, for values that are made."""
        detail = mask.detail if mask else None
        block = self.body.block
        if block is None:
            return self._made(arrays, dataclasses.replace(rows, column=self.name))
        if isinstance(block, Tokens | Pixels):
            values = self.body.decode(arrays[self.name], rows, detail)
            if isinstance(block, Tokens) and self.nulls:
                values = values.where(arrays[self.name].any(axis=1).astype(bool))
            return values.astype(self.field.dtype(False)).rename(self.name)
        array = np.array(arrays[self.name])
        symbol = array[:, 0] if array.ndim > 1 else array
        missing = (symbol < self._shift) if self.nulls else np.zeros(len(array), bool)
        if array.ndim > 1:
            array[:, 0] -= self._shift
        else:
            array = array - self._shift
        dtype = self.field.dtype(self.nulls)
        if not missing.any():
            return self.body.decode(array, rows, detail).astype(dtype).rename(self.name)
        result = pd.Series(index=range(len(array)), dtype=dtype)  # missing throughout
        if not missing.all():
            values = self.body.decode(array[~missing], rows[~missing], detail).astype(dtype)
            result[~missing] = values.array
        return result.rename(self.name)

    def _made(self, arrays: Arrays, rows: Rows) -> pd.Series:
        """Made values, missing where the array says so."""
        there = np.asarray(arrays[self.name]) > 0 if self.nulls else np.ones(len(rows.numbers), bool)
        values = self.body.decode(np.empty(int(there.sum())), rows if there.all() else rows[there])
        values = values.astype(self.field.dtype(self.nulls))
        if there.all():
            return values.rename(self.name)
        result = pd.Series(index=range(len(there)), dtype=self.field.dtype(True))
        result[there] = values.array
        return result.rename(self.name)

    @property
    def unit(self) -> Hashable | None:
        """The unit of its values, see `Body.unit`."""
        return self.body.unit

    def in_range(self, values: pd.Series, mask: Mask | None = None) -> np.ndarray:
        """Whether values (n,) lie in the range that is sampled under a mask: (n,) bool, False for missing ones."""
        result = np.array(values.notna(), bool)
        result[result] = self.body.in_range(values[result], mask.detail if mask else None)
        return result

    def admits(self, column: pd.Series, mask: Mask) -> np.ndarray:
        """Whether the cells of a column (n,) satisfy a mask that this codec made: (n,) bool."""
        missing = column.isna().to_numpy(bool)
        result = np.full(len(column), self.nulls and bool(mask.allowed[0].all()))
        inner = Mask(mask.allowed[self._shift :], mask.detail)
        if self.body.block is None:
            result[~missing] = bool(inner.allowed[0])
        else:
            result[~missing] = self.body.admits(column[~missing], inner)
        return result

    def restrict(self, predicates: Sequence[Predicate]) -> Mask:
        """The mask of the symbols that satisfy all `predicates`; ConditionError if there is none.

        A comparison is never true of a missing value, as in SQL.
        """
        nullness = all(predicate.operator in ("is null", "is not null") for predicate in predicates)
        if self.body.block is None and not (self.nulls and nullness):
            kind = self.field.kind
            raise ConditionError(f'"{self.name}" is of kind {kind}: made anew, not learned, it takes no condition')
        comparisons = [each for each in predicates if each.operator not in ("is null", "is not null")]
        wants_null = any(predicate.operator == "is null" for predicate in predicates)
        wants_value = bool(comparisons) or any(predicate.operator == "is not null" for predicate in predicates)
        try:
            inner = self.body.restrict(comparisons) if self.body.block is not None else Mask(np.ones(1, bool))
        except ConditionError as error:
            raise type(error)(f'column "{self.name}": {error}') from None
        allowed = np.zeros_like(inner.allowed) if wants_null else inner.allowed
        if self.nulls:
            null_row = np.full((1, *allowed.shape[1:]), not wants_value)
            allowed = np.concatenate([null_row, allowed])
        if not allowed.any():
            raise ConditionError(unmet(self.name, predicates))
        return Mask(allowed, inner.detail)

    def narrowed(self, mask: Mask, intervals: Sequence[Interval] | None, *, present: bool) -> Mask:
        """A mask of a quantity, cut to intervals in units, and to present values if asked; it may allow nothing."""
        allowed, detail = mask.allowed.copy(), mask.detail
        if intervals is not None:
            inner = self.body.within(intervals if detail is None else intersect(detail, intervals))
            allowed[self._shift :] &= inner.allowed
            detail = inner.detail
        if present and self.nulls:
            allowed[0] = False
        return Mask(allowed, detail)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {"nulls": self.nulls, "body": self.body.to_json()}

    @classmethod
    def from_json(cls, name: str, field: Field, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        return cls(name, field, field.body_from_json(data["body"]), nulls=bool(data["nulls"]))


def unmet(name: str, predicates: Sequence[Predicate], *, beside: bool = False) -> str:
    """Why no value of a column satisfies predicates. Says nothing of what was learned, whose ends may be somebody's.

    beside: whether conditions on other columns matter too.
    """
    asked = " and ".join(f"{name} {predicate}" for predicate in predicates)
    wants_null = any(predicate.operator == "is null" for predicate in predicates)
    if wants_null and any(predicate.operator != "is null" for predicate in predicates):
        return f"{asked}: a missing value satisfies no other condition; relax one"
    if wants_null:
        return f"{asked}: it is never missing; leave the condition out"
    wanted = " and ".join(str(predicate).removeprefix("is ") for predicate in predicates)
    if beside:
        return f"no learned value of {name} is {wanted} together with the other conditions; relax one of them"
    return f"no learned value of {name} is {wanted} (rare values are not learned); relax the condition"
