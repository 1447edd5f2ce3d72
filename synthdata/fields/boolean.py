"""Booleans: true or false."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field as Key

from synthdata.blocks import Block, Categorical
from synthdata.errors import ConditionError
from synthdata.fields.base import Body, Expectation, Field, Guess
from synthdata.fields.cells import cells_as_text
from synthdata.fields.comparison import Categories
from synthdata.fields.predicates import Mask, OperandError, Predicate
from synthdata.fields.rows import Rows
from synthdata.subjects import Subjects

__all__ = ["Boolean"]

TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})


class Boolean(Field):
    """True or false.

    Text is read as true/false, yes/no, t/f, y/n or 1/0, in any case, or as `words` say.

    Parameters
    ----------
    words : list of two str, default ["true", "false"]
        How text files write true and false.
    nullable : bool, default False
        Whether cells may be missing.
    description : str, optional
        Description for readers; not used.

    Examples
    --------
    >>> from synthdata import Boolean, Schema
    >>> schema = Schema(fields={"smoker": Boolean(nullable=True)})

    """

    kind: Literal["boolean"] = "boolean"
    words: tuple[str, str] = Key(default=("true", "false"), strict=False, description="how text files write them")

    is_discrete: ClassVar[bool] = True
    reads_null: ClassVar[frozenset[str]] = frozenset({"", "NA", "NaN", "nan", "null", "NULL", "None", "<NA>"})

    def check(self) -> str | None:
        """Say what contradicts itself in the declaration, or None."""
        true, false = (word.strip().lower() for word in self.words)
        if not true or not false or true == false or true in FALSE or false in TRUE:
            return f'words {list(self.words)} do not tell true from false; write them like ["Y", "N"]'
        return None

    @property
    def has_public_values(self) -> bool:
        """Both values are known."""
        return True

    @classmethod
    def guess(cls, column: pd.Series, subjects: Subjects) -> Guess | None:
        """Take what is written true and false; other pairs of words are categories."""
        if not len(column):
            return None
        text = cells_as_text(column)
        if not text.str.lower().isin({"true", "false"}).all():
            return None
        spellings = (("True", "False"), ("TRUE", "FALSE"))
        words = next((each for each in spellings if text.isin(each).all() and not _is_typed(column)), ("true", "false"))
        return Guess(cls(words=words))

    def read(self, cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
        """Read true/false, yes/no, t/f, y/n, 1/0, in any case."""
        text = cells_as_text(cells).str.lower()
        true, false = ({word.strip().lower()} for word in self.words)
        is_true = text.isin((TRUE | true) - false)
        return is_true.astype(bool), ~(is_true | text.isin((FALSE | false) - true)).to_numpy(bool)

    def hint(self, bad: pd.Series) -> str:
        """What to do about cells that do not parse."""
        return "; allowed are true/false, yes/no, 1/0: mend the cells, or declare the field a category"

    def dtype(self, nulls: bool) -> Any:
        """Bool, or pandas' nullable boolean."""
        return "boolean" if nulls else "bool"

    def learn(self, values: pd.Series, rng: np.random.Generator, subjects: Subjects) -> BooleanBody:
        """Keep which of the two values occur."""
        found = values.astype(bool)
        return BooleanBody(tuple(value for value in (False, True) if (found == value).any()))

    def body_from_json(self, data: Mapping[str, Any]) -> BooleanBody:
        """Read what `BooleanBody.to_json` wrote."""
        return BooleanBody(tuple(data["values"]))

    def claims(self, name: str) -> list[Expectation]:
        """The type, and only the two values."""
        return [
            Expectation("expect_column_values_to_be_of_type", {"column": name, "type_": "bool"}),
            Expectation("expect_column_values_to_be_in_set", {"column": name, "value_set": [True, False]}),
        ]

    def in_short(self) -> str:
        """The two words."""
        return ", ".join(self.words)

    def write(self, column: pd.Series) -> pd.Series:
        """Write true and false, in the field's words."""
        words = column.astype("boolean").map(dict(zip((True, False), self.words, strict=True)), na_action="ignore")
        return words.astype("str")

    def comparison(self, column: pd.Series) -> Categories:
        """Categories, as a file holds them."""
        return Categories(self.write(column).astype(object).where(column.notna(), None).to_numpy(object))


def _is_typed(column: pd.Series) -> bool:
    return pd.api.types.is_bool_dtype(column)


@dataclass(frozen=True)
class BooleanBody(Body):
    """Which of False and True occur, in this order."""

    values: tuple[bool, ...]

    @property
    def block(self) -> Block:
        """One symbol a value that occurs."""
        return Categorical(len(self.values))

    def encode(self, values: pd.Series) -> np.ndarray:
        """Turn booleans (n,) into symbols."""
        return (values.to_numpy(bool) & (len(self.values) > 1)).astype(np.int64)

    def decode(self, array: np.ndarray, rows: Rows, detail: Any = None) -> pd.Series:
        """Turn symbols into booleans (n,)."""
        return pd.Series(np.array(self.values, bool)[array])

    def restrict(self, predicates: Sequence[Predicate]) -> Mask:
        """Masks for equality and membership."""
        mask = np.ones(len(self.values), bool)
        for predicate in predicates:
            if predicate.operator not in ("=", "!=", "in", "not in"):
                raise ConditionError(f'"{predicate.operator}" orders; a boolean takes =, !=, in, not in, is null')
            wanted = [
                _truth(one)
                for one in (predicate.operand if isinstance(predicate.operand, tuple) else (predicate.operand,))
            ]
            mask &= np.isin(self.values, wanted) != (predicate.operator in ("!=", "not in"))
        return Mask(mask)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        return {"values": list(self.values)}


def _truth(value: Any) -> bool:
    word = str(value).lower()
    if word not in TRUE | FALSE:
        raise OperandError(f'"{value}" is not a boolean; write true or false')
    return word in TRUE
