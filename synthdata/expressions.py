"""Row expressions: `discharged >= admitted and (age < 18 or smoker in ["yes", "no"])`.

Parsed with Python's own grammar, walked over a short list of node types, never evaluated as code. Column names that are
not plain words stand in backticks. A row in which a column of the rule is missing passes, as in an SQL CHECK.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from synthdata.errors import DataError, SchemaError

__all__ = ["Rule"]

LONGEST = 2000

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_ALLOWED = "comparisons, + - * / // %, and, or, not, in [...], column names, numbers, quoted text"


@dataclass(frozen=True)
class Rule:
    """A parsed row expression."""

    text: str
    columns: tuple[str, ...]
    _tree: ast.expr
    _names: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Parse `text`; SchemaError where it holds more than a row expression may."""
        if len(text) > LONGEST:
            raise SchemaError(f"rule of {len(text):,} characters; allowed are {LONGEST:,}")
        names: dict[str, str] = {}

        def backtick(found: re.Match[str]) -> str:
            names[f"_column_{len(names)}"] = found[1]
            return f"_column_{len(names) - 1}"

        source = re.sub(r"`([^`]+)`", backtick, text)
        source = re.sub(r"(?<![=<>!])=(?!=)", "==", source)
        try:
            tree = ast.parse(source.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise SchemaError(f'rule "{text}" cannot be read; allowed are {_ALLOWED}') from None
        found: dict[str, None] = {}
        _check(tree, text, found)
        if not found:
            raise SchemaError(f'rule "{text}" names no column')
        return cls(text, tuple(names.get(name, name) for name in found), tree, names)

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Say for each row whether the rule holds: (n,) bool; DataError where the columns' types do not fit it."""
        missing = frame[list(self.columns)].isna().any(axis=1).to_numpy(bool)
        result = np.ones(len(frame), bool)
        present = frame[~missing]
        if len(present):
            try:
                value = self._value(self._tree, present)
            except (TypeError, ValueError) as error:
                raise DataError(f'rule "{self.text}" does not fit the columns\' types: {error}') from None
            result[~missing] = np.broadcast_to(np.asarray(value, dtype=bool), len(present))
        return result

    def _value(self, node: ast.expr, frame: pd.DataFrame) -> Any:
        match node:
            case ast.Name(id=name):
                return frame[self._names.get(name, name)]
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return ~np.asarray(self._value(inner, frame), dtype=bool)
            case ast.UnaryOp(operand=inner):
                return -self._value(inner, frame)
            case ast.BinOp(left=left, op=op, right=right):
                return _ARITHMETIC[type(op)](self._value(left, frame), self._value(right, frame))
            case ast.BoolOp(op=op, values=values):
                parts = [np.asarray(self._value(value, frame), dtype=bool) for value in values]
                return (np.logical_and if isinstance(op, ast.And) else np.logical_or).reduce(parts)
            case ast.Compare(left=left, ops=ops, comparators=rights):
                terms = [self._value(left, frame), *(self._value(right, frame) for right in rights)]
                parts = [_compare(op, a, b) for op, a, b in zip(ops, terms, terms[1:], strict=False)]
                return np.logical_and.reduce(parts)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self._value(item, frame) for item in items]
            case _:
                raise AssertionError(f"{ast.dump(node)} passed the check")


def _compare(op: ast.cmpop, left: Any, right: Any) -> np.ndarray:
    if isinstance(op, ast.In | ast.NotIn):
        inside = pd.Series(left).isin(right).to_numpy(bool)
        return inside if isinstance(op, ast.In) else ~inside
    return np.asarray(_COMPARE[type(op)](left, right), dtype=bool)


def _check(node: ast.expr, text: str, names: dict[str, None]) -> None:
    """Walk the tree; refuse every node that is not on the list; collect names in `names`."""
    match node:
        case ast.Name(id=name):
            names[name] = None
        case ast.Constant(value=bool() | int() | float() | str()):
            pass
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=inner):
            _check(inner, text, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            _check(left, text, names)
            _check(right, text, names)
        case ast.BoolOp(values=values):
            for value in values:
                _check(value, text, names)
        case ast.Compare(left=left, ops=ops, comparators=rights):
            _check(left, text, names)
            for op, right in zip(ops, rights, strict=True):
                many = isinstance(op, ast.In | ast.NotIn)
                if many != isinstance(right, ast.List | ast.Tuple) or not (many or type(op) in _COMPARE):
                    raise SchemaError(f'rule "{text}": compare with <, <=, ==, !=, >=, >, or write in [...]')
                for item in right.elts if isinstance(right, ast.List | ast.Tuple) else [right]:
                    _check(item, text, names)
        case _:
            raise SchemaError(f'rule "{text}": {type(node).__name__} is not allowed; allowed are {_ALLOWED}')
