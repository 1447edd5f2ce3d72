r"""Identifiers: unique, written to a pattern, never learned.

A pattern is a row of literal characters and classes: `P-[0-9]{6}`, `[A-Z]{2}\d{4}`, `[1-9][0-9]{6}`. Row number i of
a run becomes the number (a * i + b) mod capacity, written in the mixed radix of the classes: unique without memory.
"""

from __future__ import annotations

import random
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import gcd, prod
from typing import Any, Literal

import numpy as np
import pandas as pd

from synthdata.blocks import Block
from synthdata.errors import ConditionError, InputError
from synthdata.fields.base import Body, Expectation, Field, Guess, Restriction, Rows, Test

__all__ = ["Identifier"]

_ITEM = re.compile(r"(\[(?:[^\]\\]|\\.)+\]|\\.|[^\\\[\](){}|*+?.^$])(?:\{(\d+)\})?")
_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_"}
_NAMED = re.compile(r"(^|_|\b)(id|uuid|guid|key|number|no|nr|ssn)$|[a-z](Id|ID)$", re.IGNORECASE)
LEAST_ROWS = 20


class Identifier(Field):
    """A key: unique, of a `pattern`. `integer`: kept as a number."""

    kind: Literal["identifier"] = "identifier"
    pattern: str = "[0-9]{9}"
    integer: bool = False

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        if self.nullable:
            return "an identifier is never missing; drop nullable"
        try:
            positions = alphabets(self.pattern)
        except ValueError as error:
            return str(error)
        if self.integer and (len(positions) > 18 or not set("".join(positions)) <= set(string.digits)):
            return f'integer needs a pattern of at most 18 digits, found "{self.pattern}"'
        return None

    @classmethod
    def guess(cls, column: pd.Series) -> Guess | None:
        """Take what is plainly a key: all distinct, one shape, and counting up or named like one if it is a number."""
        if len(column) < LEAST_ROWS or pd.api.types.is_bool_dtype(column) or pd.api.types.is_float_dtype(column):
            return None
        text = column.astype("str")
        if not text.is_unique:
            return None
        pattern = _common_pattern(text)
        digits = text.str.fullmatch(r"[1-9]\d{0,17}|0").all()
        if digits:
            numbers = text.astype("int64")
            counts_up = (numbers.diff().iloc[1:] == 1).all()
            if not counts_up and not _NAMED.search(str(column.name)):
                return None
            width = len(str(int(numbers.max())))
            return Guess(cls(pattern=f"[1-9][0-9]{{{max(width - 1, 8)}}}", integer=True), "new numbers, never learned")
        if pattern is None:
            return None
        return Guess(cls(pattern=pattern), "new keys of this shape, never learned")

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Read text, or whole numbers."""
        if not self.integer:
            return cells.astype("str"), np.zeros(len(cells), bool)
        values = pd.to_numeric(cells, errors="coerce")
        bad = values.isna().to_numpy(bool) | (values % 1 != 0).to_numpy(bool)
        return values.where(~bad, 0).astype("int64"), bad

    def dtype(self, nulls: bool) -> Any:
        """Text, or int64."""
        if self.integer:
            return "Int64" if nulls else "int64"
        return "str"

    def learn(self, values: pd.Series, rng: np.random.Generator) -> IdentifierBody:
        """Nothing is learned."""
        return IdentifierBody(self.pattern, self.integer)

    def body_from_json(self, data: Mapping[str, Any]) -> IdentifierBody:
        """Nothing was learned."""
        return IdentifierBody(self.pattern, self.integer)

    def claims(self, name: str) -> list[Expectation]:
        """Unique; text of the pattern."""
        claims = [Expectation("expect_column_values_to_be_unique", {"column": name})]
        if self.integer:
            types = {"column": name, "type_list": ["int64", "Int64"]}
            return [Expectation("expect_column_values_to_be_in_type_list", types), *claims]
        match = {"column": name, "regex": f"^(?:{self.pattern})$"}
        return [Expectation("expect_column_values_to_match_regex", match), *claims]

    def write(self, column: pd.Series) -> pd.Series:
        """Written as they are."""
        return column


@dataclass(frozen=True)
class IdentifierBody(Body):
    """Only the pattern, and whether keys are numbers."""

    pattern: str
    integer: bool

    @property
    def block(self) -> Block | None:
        """None: nothing is learned."""
        return None

    def encode(self, values: pd.Series) -> np.ndarray:
        """Nothing to encode."""
        return np.empty(len(values))

    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Write row numbers to the pattern; which key a row gets depends on the run's seed."""
        positions = alphabets(self.pattern)
        capacity = prod(map(len, positions))
        if len(rows.numbers) and int(rows.numbers.max()) >= capacity:
            raise InputError(
                f'identifier pattern "{self.pattern}" has {capacity:,} keys, too few for row {int(rows.numbers.max()) + 1:,}; '
                f"widen the pattern or ask for fewer rows"
            )
        factor, start = _walk(capacity, rows.seed)
        keys = [(factor * number + start) % capacity for number in rows.numbers.tolist()]
        number = np.array(keys, dtype=np.int64 if capacity < 2**62 else object)
        columns = []
        for letters in reversed(positions):
            columns.append(np.array(list(letters))[(number % len(letters)).astype(np.int64)])
            number = number // len(letters)
        text = columns[-1].astype(object) if columns else np.full(len(keys), "", object)
        for letters in reversed(columns[:-1]):
            text = text + letters.astype(object)
        return pd.Series(text.astype("int64") if self.integer else pd.array(text, dtype="str"))

    def restrict(self, tests: Sequence[Test]) -> Restriction:
        """No condition applies."""
        raise ConditionError("an identifier is numbered, not learned, and takes no condition")

    def to_json(self) -> dict[str, Any]:
        """Nothing to keep."""
        return {}


@lru_cache(maxsize=64)
def alphabets(pattern: str) -> tuple[str, ...]:
    """Read a pattern into the letters allowed at each position; ValueError for what a pattern cannot hold."""
    positions: list[str] = []
    end = 0
    while end < len(pattern):
        item = _ITEM.match(pattern, end)
        if not item:
            raise ValueError(
                f'pattern "{pattern}" is not understood from "{pattern[end:]}" on; '
                f"allowed are letters, classes like [A-Z0-9], \\d, \\w, and counts like {{6}}"
            )
        positions += [_letters(item[1])] * int(item[2] or 1)
        end = item.end()
    if not positions:
        raise ValueError("pattern is empty")
    return tuple(positions)


def _letters(item: str) -> str:
    if item.startswith("\\"):
        return _CLASSES.get(item[1], item[1])
    if not item.startswith("["):
        return item
    inner = re.sub(r"\\([dw])", lambda found: _CLASSES[found[1]], item[1:-1])
    inner = re.sub(r"(\w)-(\w)", lambda r: "".join(map(chr, range(ord(r[1]), ord(r[2]) + 1))), inner)
    letters = "".join(dict.fromkeys(inner.replace("\\", "")))
    if not letters or item[1] == "^":
        raise ValueError(f'class "{item}" is not understood; write the letters allowed, like [A-Z]')
    return letters


def _walk(capacity: int, seed: int) -> tuple[int, int]:
    """A factor prime to `capacity`, and a start: i -> (factor * i + start) mod capacity visits every number once."""
    rng = random.Random(seed)  # numpy's integers end at 64 bits; patterns do not
    factor = rng.randrange(capacity // 3 + 1, capacity + 1)
    while gcd(factor, capacity) != 1:
        factor += 1
    return factor, rng.randrange(capacity)


def _common_pattern(text: pd.Series) -> str | None:
    """The pattern all cells share, position by position, or None if they differ in length or are prose."""
    width = len(text.iloc[0])
    if not 3 <= width <= 64 or not (text.str.len() == width).all() or text.str.contains(r"\s").any():
        return None
    items = []
    for position in range(width):
        letters = set(text.str[position].unique())
        if len(letters) == 1:
            letter = letters.pop()
            items.append(letter if letter.isalnum() or letter in "-_/:#" else "\\" + letter)
            continue
        classes = ["0-9", "a-f0-9", "A-F0-9", "a-z", "A-Z", "a-z0-9", "A-Z0-9", "a-zA-Z0-9"]
        fitting = [one for one in classes if letters <= set(_letters(f"[{one}]"))]
        if not fitting:
            return None
        items.append(f"[{fitting[0]}]")
    if not any(item.startswith("[") and "0-9" in item for item in items):
        return None
    merged = []
    for item in items:
        if merged and merged[-1][0] == item and item.startswith("["):
            merged[-1][1] += 1
        else:
            merged.append([item, 1])
    return "".join(item if count == 1 else f"{item}{{{count}}}" for item, count in merged)
