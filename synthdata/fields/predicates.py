"""Predicates, which conditions are made of, and masks, which they become over the symbols of a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from synthdata.errors import ConditionError

__all__ = ["Mask", "OperandError", "Operator", "Predicate"]

Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is null", "is not null"]


class OperandError(ConditionError):
    """A value that the field cannot read, or has not learned."""


@dataclass(frozen=True)
class Predicate:
    """One requirement on a cell: an operator and its operand (a tuple for `in` and `not in`)."""

    operator: Operator
    operand: Any = None

    def __str__(self) -> str:
        return f"{self.operator} {self.operand}" if self.operand is not None else self.operator


@dataclass(frozen=True)
class Mask:
    """A mask over symbols: those (and the levels of them) that may be drawn.

    allowed: bool, (symbols,) for Categorical, (symbols, levels) for Binned.
    detail: what else the body needs to decode them; opaque to everyone else.
    """

    allowed: np.ndarray
    detail: Any = None
