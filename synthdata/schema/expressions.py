"""Row expressions: `discharged >= admitted and (age < 18 or smoker in ["yes", "no"])`.

Parsed with Python's own grammar, walked over a short list of node types, never evaluated as code. Column names that are
not plain words stand in backticks. A row in which a column of the rule is missing passes, as in an SQL CHECK.
"""

from __future__ import annotations

import ast
import keyword
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from synthdata.errors import DataError, SchemaError

__all__ = ["Rule"]

LONGEST = 2000
DEEPEST = 100  # a tree of this depth is walked well within Python's stack

_WORDS = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"|`(?P<name>[^`]+)`|(?P<equals>(?<![=<>!:])=(?!=))|(?P<space>\s+)"
)

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
        prefix = "_column"
        while prefix in text:
            prefix += "_"

        def rewrite(found: re.Match[str]) -> str:
            match found.lastgroup:
                case "name":
                    names[f"{prefix}{len(names)}"] = found["name"]
                    return f"{prefix}{len(names) - 1}"
                case "equals":
                    return "=="
                case "space":
                    return " "
                case _:
                    return found[0]

        source = _WORDS.sub(rewrite, text).strip()
        try:
            tree = ast.parse(source, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            words = set(re.findall(r"\w+", _WORDS.sub(" ", text))) - {"and", "or", "not", "in", "True", "False"}
            taken = sorted(filter(keyword.iskeyword, words))
            advice = f'; "{taken[0]}" is a word of the language: as a column, write `{taken[0]}`' if taken else ""
            raise SchemaError(f'rule "{_short(text)}" cannot be read{advice}; allowed are {_ALLOWED}') from None
        found: dict[str, None] = {}
        _check(tree, text, found)
        if not found:
            raise SchemaError(f'rule "{text}" names no column')
        return cls(text, tuple(dict.fromkeys(names.get(name, name) for name in found)), tree, names)

    def holds(self, frame: pd.DataFrame) -> np.ndarray:
        """Whether the rule holds in each row: (n,) bool; DataError if the columns' types do not fit it."""
        missing = frame[list(self.columns)].isna().any(axis=1).to_numpy(bool)
        result = np.ones(len(frame), bool)
        present = frame[~missing]
        if len(present):
            try:
                value = _truth(self._value(self._tree, present))
            except (TypeError, ValueError, ArithmeticError) as error:
                raise DataError(f'rule "{self.text}" does not fit the columns\' types: {error}') from None
            result[~missing] = np.broadcast_to(value, len(present))
        return result

    def _value(self, node: ast.expr, frame: pd.DataFrame) -> Any:
        match node:
            case ast.Name(id=name):
                return frame[self._names.get(name, name)]
            case ast.Constant(value=value):
                return value
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return ~_truth(self._value(inner, frame))
            case ast.UnaryOp(operand=inner):
                return -self._value(inner, frame)
            case ast.BinOp(left=left, op=op, right=right):
                return _ARITHMETIC[type(op)](_quantity(self._value(left, frame)), _quantity(self._value(right, frame)))
            case ast.BoolOp(op=op, values=values):
                parts = [_truth(self._value(value, frame)) for value in values]
                return reduce(np.logical_and if isinstance(op, ast.And) else np.logical_or, parts)
            case ast.Compare(left=left, ops=ops, comparators=rights):
                terms = [self._value(left, frame), *(self._value(right, frame) for right in rights)]
                parts = [_compare(op, a, b) for op, a, b in zip(ops, terms, terms[1:], strict=False)]
                return reduce(np.logical_and, parts)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self._value(item, frame) for item in items]
            case _:
                raise AssertionError(f"{ast.dump(node)} passed the check")


def _compare(op: ast.cmpop, left: Any, right: Any) -> np.ndarray:
    if isinstance(op, ast.In | ast.NotIn):
        inside = reduce(np.logical_or, [_truth(left == item) for item in right], np.zeros((), bool))
        return inside if isinstance(op, ast.In) else ~inside
    return _truth(_COMPARE[type(op)](left, right))


def _truth(value: Any) -> np.ndarray:
    """Return true and false as an array; what is undefined (0 / 0 > 1) is false."""
    if isinstance(value, pd.Series):
        value = value.to_numpy(bool, na_value=False) if pd.api.types.is_bool_dtype(value) else value.to_numpy()
    result = np.asarray(value)
    if result.dtype != bool:
        raise TypeError("a number or a text stands where a comparison should")
    return result


def _quantity(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, pd.Series) and pd.api.types.is_string_dtype(value)):
        raise TypeError("text takes no arithmetic")  # "a" * 1000000000 would even be carried out
    return value


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _check(node: ast.expr, text: str, names: dict[str, None], depth: int = 0) -> None:
    """Walk the tree; refuse every node that is not on the list; collect names in `names`."""
    if depth > DEEPEST:
        raise SchemaError(f'rule "{_short(text)}" is nested deeper than {DEEPEST} levels; split it into several rules')
    depth += 1
    match node:
        case ast.Name(id=name):
            names[name] = None
        case ast.Constant(value=bool() | int() | float() | str()):
            pass
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=inner):
            _check(inner, text, names, depth)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            _check(left, text, names, depth)
            _check(right, text, names, depth)
        case ast.BoolOp(values=values):
            for value in values:
                _check(value, text, names, depth)
        case ast.Compare(left=left, ops=ops, comparators=rights):
            _check(left, text, names, depth)
            for comparison, right in zip(ops, rights, strict=True):
                many = isinstance(comparison, ast.In | ast.NotIn)
                if many != isinstance(right, ast.List | ast.Tuple) or not (many or type(comparison) in _COMPARE):
                    raise SchemaError(f'rule "{text}": compare with <, <=, ==, !=, >=, >, or write in [...]')
                for item in right.elts if isinstance(right, ast.List | ast.Tuple) else [right]:
                    _check(item, text, names, depth)
        case _:
            raise SchemaError(f'rule "{text}": {type(node).__name__} is not allowed; allowed are {_ALLOWED}')
