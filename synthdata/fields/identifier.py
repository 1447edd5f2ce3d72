"""Identifiers: keys, written to a pattern, never learned.

Key number i of a run becomes the number (a * i + b) mod capacity, written in the mixed radix of the pattern: unique
without memory. a and b depend on the run's seed, the table and the column. Of keys that repeat, training learns only
how many rows share one (`sharing`). A running number is key number i itself, counted from `start`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd, prod
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field as Key
from pydantic import field_validator

from synthdata.errors import InputError
from synthdata.fields.base import Expectation, Field, Guess
from synthdata.fields.cells import named_cells
from synthdata.fields.keys import key_look
from synthdata.fields.made import MadeBody
from synthdata.fields.number import Number
from synthdata.fields.patterns import RUNNING, alphabets, as_regex, lengths, pattern_of, written
from synthdata.fields.rows import Rows
from synthdata.fields.sharing import Sharing
from synthdata.subjects import Subjects

__all__ = ["Identifier"]

DIGITS = frozenset("0123456789")
PATTERN = "[0-9]{9}"
LONGEST_INTEGER = 18  # digits of an int64 key
MOST_RUNNING = 2**62
FACTOR = 4  # keys that integers of the real ones' width must leave for each real one, or they get a digit more


class Identifier(Field):
    """A key: a patient's number, an order's. Never learned; new keys are written to a pattern.

    Parameters
    ----------
    pattern : str, default "[0-9]{9}"
        Literals, classes like `[A-Z0-9]` and counts like `{4}`.
    integer : bool, default False
        Whether keys are numbers, of at most 18 digits, and not text.
    unique : bool, default True
        Whether no two rows share a key. Where they do, how many rows share one is learned.
    start : int or str, optional
        That keys are a running number: the rows of an output are counted from it, and `pattern` is not used. Text ends
        in digits, which are counted with their zeros: "INV-000001".
    of : str, optional
        Whose key it is, where not the subject's: a name for the role, "doctor" say.
    nullable : bool, default False
        Whether cells may be missing.
    description : str, optional
        Description for readers; not used.

    Examples
    --------
    >>> from synthdata import Identifier, Number, Schema
    >>> fields = {"patient": Identifier(pattern="P-[0-9]{6}", unique=False), "age": Number(integer=True)}
    >>> schema = Schema(fields=fields, subject="patient")

    """

    kind: Literal["identifier"] = "identifier"
    pattern: str = PATTERN
    integer: bool = False
    unique: bool = True
    start: int | str | None = Key(default=None, description="where a running number begins: 1, or INV-000001")
    of: str | None = Key(default=None, description="whose key, where not the subject's: a name for the role")

    is_made: ClassVar[bool] = True

    @field_validator("start", mode="before")
    @classmethod
    def _no_boolean(cls, value: Any) -> Any:
        if isinstance(value, bool):  # which Python would take for 0 or 1
            raise ValueError("write a number")
        return value

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        if isinstance(self.start, int) and not 0 <= self.start <= MOST_RUNNING:
            return f"start {self.start} is not from 0 to {MOST_RUNNING:,}"
        if isinstance(self.start, str) and not RUNNING.fullmatch(self.start):
            return f'start "{self.start}" does not end in 1 to 18 digits, which could be counted'
        if self.is_running and not self.unique:
            return f"start {self.start} makes a running number, which no two rows share; leave unique out"
        if self.is_running and self.pattern != PATTERN:
            return f"start {self.start} makes a running number, which has no pattern; leave one of the two out"
        try:
            positions = alphabets(self.pattern)
        except ValueError as error:
            return str(error)
        if self.integer and (len(positions) > LONGEST_INTEGER or not set("".join(positions)) <= DIGITS):
            return f'integer needs a pattern of at most {LONGEST_INTEGER} digits, found "{self.pattern}"'
        return None

    def in_short(self) -> str:
        """The pattern, or where it begins to count."""
        return self.pattern if self.start is None else f"counts from {self.start}"

    @property
    def _regex(self) -> str:
        if self.start is None:
            return as_regex(self.pattern)
        before, digits = _counted_from(self.start)
        return rf"{re.escape(before)}[0-9]{{{digits},{LONGEST_INTEGER + 1}}}"

    @property
    def is_running(self) -> bool:
        """Whether `start` makes it a running number."""
        return self.start is not None

    @property
    def copied_is_leak(self) -> bool:  # type: ignore[override]  # of one kind, some are
        """Whether a real key cannot come out by chance; a running number is one of the real ones in most tables."""
        return not self.is_running

    @property
    def keys(self) -> int:
        """How many keys can be written."""
        return MOST_RUNNING if self.is_running else prod(map(len, alphabets(self.pattern)))

    @property
    def possible_values(self) -> int:
        """All keys."""
        return self.keys

    def fitting(self, keys: pd.Series) -> pd.Series:
        """The present keys that match the pattern."""
        return keys[keys.astype("str").str.fullmatch(as_regex(self.pattern)).to_numpy(bool)]

    @property
    def role(self) -> str:
        """The role named by `of`; "" for the subject."""
        return self.of or ""

    @property
    def tells_persons(self) -> bool:  # type: ignore[override]  # of one kind, some do
        """Whether rows of one person share it."""
        return not self.unique

    @classmethod
    def guess(cls, column: pd.Series, subjects: Subjects) -> Guess | None:
        """Take a column that looks like a key, see `keys`."""
        look = key_look(column)
        if look is None:
            return None
        text = look.text
        if look.start is not None:
            after = ", after the last real one" if look.is_after else ""
            note = f"counts the rows of the output from {look.start}{after}; if it says more, make it a number"
            return Guess(cls(start=look.start), note)
        note = "new keys, never learned" if look.unique else f"new keys, never learned; {look.why}"
        if look.integer:
            distinct = len(text)
            width = max(text.str.len().max(), len(str(FACTOR * distinct // 9)) + 1)
            most, least = min(max(int(width), 2), LONGEST_INTEGER), int(text.str.len().min())
            pattern = f"[0-9]{{1,{most}}}" if (text == "0").any() else _number_pattern(least, most)
            return Guess(cls(pattern=pattern, integer=True, unique=look.unique), note)
        pattern = pattern_of(text) or ""
        return Guess(cls(pattern=pattern, unique=look.unique), note) if pattern else None

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Read text, or whole numbers."""
        if not self._is_number:
            return named_cells(cells), np.zeros(len(cells), bool)
        return Number(integer=True).read(cells)

    def dtype(self, nulls: bool) -> Any:
        """Text, or int64."""
        if self._is_number:
            return "Int64" if nulls else "int64"
        return "str"

    @property
    def _is_number(self) -> bool:
        return self.integer or isinstance(self.start, int)

    def learn(self, values: pd.Series, rng: np.random.Generator, subjects: Subjects) -> IdentifierBody:
        """Learn only how many rows share a key, where keys repeat."""
        sharing = None if self.unique else Sharing.fit(values, subjects, rng)
        return IdentifierBody(self.pattern, self.integer, self.role, sharing, self.start)

    def body_from_json(self, data: Mapping[str, Any]) -> IdentifierBody:
        """Read what `IdentifierBody.to_json` wrote."""
        sharing = Sharing.from_json(data["sharing"]) if data.get("sharing") else None
        return IdentifierBody(self.pattern, self.integer, self.role, sharing, self.start)

    def claims(self, name: str) -> list[Expectation]:
        """Text that matches the pattern; unique if declared so."""
        type_ = {"column": name, "type_": "int64" if self._is_number else "str"}
        claims = [Expectation("expect_column_values_to_be_of_type", type_)]
        if not self._is_number:  # \A and \Z since ^ and $ also pass a trailing newline
            match = {"column": name, "regex": rf"\A(?:{self._regex})\Z"}
            claims.append(Expectation("expect_column_values_to_match_regex", match))
        if self.unique:
            claims.append(Expectation("expect_column_values_to_be_unique", {"column": name}))
        return claims

    def conforms(self, values: pd.Series) -> np.ndarray | None:
        """Whether keys that are numbers match the pattern, be it with zeros before them."""
        if not self.integer or self.is_running:
            return None
        text, regex = values.astype("str"), as_regex(self.pattern)
        result = np.zeros(len(values), bool)
        least, most = lengths(self.pattern)
        for length in range(least, most + 1):
            result |= text.str.zfill(length).str.fullmatch(regex).to_numpy(bool)
        return result

    def write(self, column: pd.Series) -> pd.Series:
        """Keys are written as they are."""
        return column

    def counted(self, column: pd.Series, before: int) -> pd.Series:
        """Running numbers counted anew."""
        if self.start is None:
            return column
        there = column.notna().to_numpy(bool)
        result = column.copy()
        result[there] = _running(self.start, before + np.arange(int(there.sum()))).to_numpy()
        return result

    def comparison(self, column: pd.Series) -> None:
        """None: keys are made, not learned."""


@dataclass(frozen=True)
class IdentifierBody(MadeBody):
    """The pattern, whether keys are numbers, their role, and how rows share one; None if each has its own.

    start: of a running number.
    """

    pattern: str
    integer: bool
    role: str = ""
    sharing: Sharing | None = None
    start: int | str | None = None

    @property
    def capacity(self) -> int | None:
        """How many rows there are keys for; None where keys may repeat."""
        return self._keys if self.sharing is None else None

    @property
    def _keys(self) -> int:
        return MOST_RUNNING if self.start is not None else prod(map(len, alphabets(self.pattern)))

    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Write keys to the pattern; which key a row gets depends on the run's seed, the table and the column."""
        if self.start is not None:
            return _running(self.start, rows.numbers)
        positions = alphabets(self.pattern)
        numbers, capacity = rows.numbers, self._keys
        if self.sharing is not None:
            numbers = self._shared(rows)
        elif len(numbers) and int(numbers.max()) >= capacity:
            raise InputError(
                f'identifier pattern "{self.pattern}" has {capacity:,} keys, too few for row '
                f"{int(numbers.max()) + 1:,}; widen the pattern or ask for fewer rows"
            )
        factor, start = _walk(capacity, rows.seed_for("keys", rows.column, rows.turn))
        text = written([(factor * number + start) % capacity for number in numbers.tolist()], positions)
        return pd.Series(text.astype("int64") if self.integer else pd.array(text, dtype="str"))

    def _shared(self, rows: Rows) -> np.ndarray:
        """The number of each row's key: (n,) int64."""
        assert self.sharing is not None
        persons = rows.of_role(self.role)
        if self.sharing.level == "person":
            return np.asarray(persons, np.int64)
        first = int(rows.numbers[0]) if len(rows.numbers) else 0
        rng = np.random.default_rng([rows.seed_for("sharing", rows.column), first])
        return rows.numbered(self.sharing.numbers(len(rows.numbers), persons, rng))

    def to_json(self) -> dict[str, Any]:
        """How rows share a key."""
        return {} if self.sharing is None else {"sharing": self.sharing.to_json()}


def _counted_from(start: int | str) -> tuple[str, int]:
    """What stands before the digits of a running number, and how many there are at least."""
    match = RUNNING.fullmatch(str(start))
    assert match is not None
    return match[1], len(match[2]) if isinstance(start, str) else 1


def _running(start: int | str, numbers: np.ndarray) -> pd.Series:
    """The running numbers so many behind the first: (n,) int64, or text."""
    if isinstance(start, int):
        return pd.Series(start + numbers, dtype="int64")
    before, width = _counted_from(start)
    first = int(start[len(before) :])
    return pd.Series([f"{before}{first + number:0{width}d}" for number in numbers.tolist()], dtype="str")


def _number_pattern(least: int, most: int) -> str:
    """The pattern of numbers of `least` to `most` digits, 2 or more."""
    count = str(most - 1) if least == most else f"{least - 1},{most - 1}"
    return "[1-9][0-9]" if count == "1" else f"[1-9][0-9]{{{count}}}"


def _walk(capacity: int, seed: int) -> tuple[int, int]:
    """A factor prime to `capacity`, and a start: i -> (factor * i + start) mod capacity visits every number once."""
    rng = random.Random(seed)  # numpy's integers end at 64 bits; patterns do not
    factor = rng.randrange(capacity // 3 + 1, capacity + 1)
    while gcd(factor, capacity) != 1:
        factor += 1
    return factor, rng.randrange(capacity)
