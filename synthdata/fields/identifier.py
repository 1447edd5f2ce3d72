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
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd

from synthdata.blocks import Block
from synthdata.errors import ConditionError, InputError
from synthdata.fields.base import Body, Expectation, Field, Guess, Restriction, Rows, Test
from synthdata.fields.number import Number

__all__ = ["Identifier"]

_ITEM = re.compile(r"(\[(?:[^\]\\]|\\.)+\]|\\.|[^\\\[\](){}|*+?.^$])(?:\{(\d+)\})?")
_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_"}
_NAMED = re.compile(r"(?i:(^|_|\b)(id|uuid|guid|key|number|no|nr|ssn)$)|[a-z](Id|ID)$")
_DECIMAL = re.compile(r"[+-]?\d*[.,]\d+(?:[eE][+-]?\d+)?")
LONGEST = 256  # positions of a pattern
LEAST_ROWS = 20
ROOM = 100  # keys a guessed pattern should have for each row it was guessed from


class Identifier(Field):
    """A key: unique, of a `pattern`. `integer`: kept as a number."""

    kind: Literal["identifier"] = "identifier"
    pattern: str = "[0-9]{9}"
    integer: bool = False

    is_numbered: ClassVar[bool] = True
    copied_is_leak: ClassVar[bool] = True

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
        if not text.is_unique or text.str.fullmatch(_DECIMAL).all():
            return None
        pattern = _roomy_pattern(text)
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
        return Number(integer=True).read(cells)

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
        type_ = {"column": name, "type_": "int64" if self.integer else "str"}
        claims = [
            Expectation("expect_column_values_to_be_of_type", type_),
            Expectation("expect_column_values_to_be_unique", {"column": name}),
        ]
        if not self.integer:  # \A and \Z since ^ and $ also pass a trailing newline
            match = {"column": name, "regex": rf"\A(?:{_ascii(self.pattern)})\Z"}
            claims.insert(1, Expectation("expect_column_values_to_match_regex", match))
        return claims

    def write(self, column: pd.Series) -> pd.Series:
        """Written as they are."""
        return column

    def view(self, column: pd.Series) -> None:
        """Nothing: keys are numbered, not learned."""


@dataclass(frozen=True)
class IdentifierBody(Body):
    """Only the pattern, and whether keys are numbers."""

    pattern: str
    integer: bool

    @property
    def capacity(self) -> int:
        """How many keys the pattern can write."""
        return prod(map(len, alphabets(self.pattern)))

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
        capacity = self.capacity
        if len(rows.numbers) and int(rows.numbers.max()) >= capacity:
            raise InputError(
                f'identifier pattern "{self.pattern}" has {capacity:,} keys, too few for row '
                f"{int(rows.numbers.max()) + 1:,}; widen the pattern or ask for fewer rows"
            )
        factor, start = _walk(capacity, rows.seed)
        text = _write([(factor * number + start) % capacity for number in rows.numbers.tolist()], positions)
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
        count = int(item[2] or 1) if len(item[2] or "") < 4 else LONGEST + 1
        if len(positions) + count > LONGEST:
            raise ValueError(f'pattern "{pattern}" writes keys of more than {LONGEST} characters; shorten it')
        positions += [_letters(item[1])] * count
        end = item.end()
    if not positions:
        raise ValueError("pattern is empty")
    return tuple(positions)


def _ascii(pattern: str) -> str:
    r"""Spell out \d and \w, which to a regular expression mean every script's digits and letters."""

    def spelled(item: re.Match[str]) -> str:
        inner = item[1].replace(r"\d", "0-9").replace(r"\w", "a-zA-Z0-9_")
        return (inner if item[1].startswith("[") or inner == item[1] else f"[{inner}]") + item[0][len(item[1]) :]

    return _ITEM.sub(spelled, pattern)


def _letters(item: str) -> str:
    if item.startswith("\\"):
        if item[1] not in _CLASSES and item[1].isalnum():
            raise ValueError(f'"{item}" is not understood; write \\d, \\w, or the letters allowed, like [A-Z]')
        return _CLASSES.get(item[1], item[1])
    if not item.startswith("["):
        return item
    inner = re.sub(r"\\([dw])", lambda found: _CLASSES[found[1]], item[1:-1])
    inner = re.sub(r"(\w)-(\w)", lambda r: "".join(map(chr, range(ord(r[1]), ord(r[2]) + 1))), inner)
    letters = "".join(dict.fromkeys(inner.replace("\\", "")))
    try:
        understood = bool(letters) and item[1] != "^" and all(re.fullmatch(item, letter) for letter in letters)
    except re.error:
        understood = False
    if not understood:
        raise ValueError(f'class "{item}" is not understood; write the letters allowed, like [A-Z]')
    return letters


def _write(keys: list[int], positions: Sequence[str]) -> np.ndarray:
    """Write numbers below the product of the alphabets' sizes in their mixed radix: (n,) text."""
    characters = np.empty((len(keys), len(positions)), "U1")
    end = len(positions)
    while end:  # as many positions at a time as an int64 counts
        start, size = end - 1, len(positions[end - 1])
        while start and size * len(positions[start - 1]) < 2**62:
            start -= 1
            size *= len(positions[start])
        number = np.array([key % size for key in keys], np.int64)
        keys = [key // size for key in keys]
        for position in range(end - 1, start - 1, -1):
            number, letter = np.divmod(number, len(positions[position]))
            characters[:, position] = np.array(list(positions[position]))[letter]
        end = start
    return characters.view(f"U{len(positions)}")[:, 0]


def _walk(capacity: int, seed: int) -> tuple[int, int]:
    """A factor prime to `capacity`, and a start: i -> (factor * i + start) mod capacity visits every number once."""
    rng = random.Random(seed)  # numpy's integers end at 64 bits; patterns do not
    factor = rng.randrange(capacity // 3 + 1, capacity + 1)
    while gcd(factor, capacity) != 1:
        factor += 1
    return factor, rng.randrange(capacity)


def _roomy_pattern(text: pd.Series) -> str | None:
    """The pattern all cells share; where it has few keys left, digits that happen to be the same everywhere open up."""
    pattern = _common_pattern(text)
    if pattern is None or prod(map(len, alphabets(pattern))) >= ROOM * len(text):
        return pattern
    return _common_pattern(text, digits_open=True)


def _common_pattern(text: pd.Series, *, digits_open: bool = False) -> str | None:
    """The pattern all cells share, position by position, or None if they differ in length or are prose."""
    width = len(text.iloc[0])
    if not 3 <= width <= 64 or not (text.str.len() == width).all() or text.str.contains(r"\s").any():
        return None
    items = []
    for position in range(width):
        letters = set(text.str[position].unique())
        if len(letters) == 1:
            letter = letters.pop()
            if digits_open and letter in string.digits:
                items.append("[0-9]")
                continue
            items.append(letter if letter.isalnum() or letter in "-_/:#" else "\\" + letter)
            continue
        classes = ["0-9", "a-f0-9", "A-F0-9", "a-z", "A-Z", "a-z0-9", "A-Z0-9", "a-zA-Z0-9"]
        fitting = [one for one in classes if letters <= set(_letters(f"[{one}]"))]
        if not fitting:
            return None
        items.append(f"[{fitting[0]}]")
    if not any(item.startswith("[") and "0-9" in item for item in items):
        return None
    merged: list[list[Any]] = []  # [item, how often in a row]
    for item in items:
        if merged and merged[-1][0] == item and item.startswith("["):
            merged[-1][1] += 1
        else:
            merged.append([item, 1])
    return "".join(item if count == 1 else f"{item}{{{count}}}" for item, count in merged)
