"""Row expressions: `discharged >= admitted and (age < 18 or smoker in ["yes", "no"])`.

Parsed with Python's own grammar, walked over a short list of node types, never evaluated as code. Column names that are
not plain words stand in backticks. A row in which a column of the rule is missing passes, as in an SQL CHECK.
"""

from __future__ import annotations

import ast
import keyword
import math
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
LARGEST = 2**63 - 1  # of pandas' whole numbers
EXACT_FLOAT = 2**53  # up to which whole numbers are floats
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
                return _calculated(ast.Sub(), 0, self._value(inner, frame))
            case ast.BinOp(left=left, op=op, right=right):
                return _calculated(op, self._value(left, frame), self._value(right, frame))
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
    """Compare; what is undefined (0 / 0 != 1) is false."""
    if isinstance(op, ast.In | ast.NotIn):
        inside = reduce(np.logical_or, [_compare(ast.Eq(), left, item) for item in right], np.zeros((), bool))
        return inside if isinstance(op, ast.In) else ~inside & ~_undefined(left)
    if _is_whole(left) != _is_whole(right) and max(_size(left), _size(right)) > EXACT_FLOAT:
        left, right = _unbounded(left), _unbounded(right)  # Python compares whole numbers with floats exactly
    held = _truth(_COMPARE[type(op)](left, right))
    return np.asarray(held & ~_undefined(left) & ~_undefined(right))


def _calculated(op: ast.operator, left: Any, right: Any) -> Any:
    """A sum, difference, product or quotient. Whole numbers never wrap around; what is divided by 0 is undefined."""
    left, right = _quantity(left), _quantity(right)
    if isinstance(op, ast.Div | ast.FloorDiv | ast.Mod):
        return _divided(op, left, right)
    if _is_whole(left) and _is_whole(right):
        a, b = _size(left), _size(right)
        if (a * b if isinstance(op, ast.Mult) else a + b) > LARGEST:
            left, right = _unbounded(left), _unbounded(right)
    return _ARITHMETIC[type(op)](left, right)


def _divided(op: ast.operator, left: Any, right: Any) -> Any:
    if not isinstance(right, pd.Series):
        is_undefined = isinstance(left, pd.Series) and not right
        return left * math.nan if is_undefined else _ARITHMETIC[type(op)](left, right)
    zero = right == 0
    if not zero.any():
        return _ARITHMETIC[type(op)](left, right)
    return _ARITHMETIC[type(op)](left, right.where(~zero, 1)).astype("float64").where(~zero)


def _is_whole(value: Any) -> bool:
    if isinstance(value, pd.Series):
        return pd.api.types.is_integer_dtype(value) or value.dtype == object
    return isinstance(value, int) and not isinstance(value, bool)


def _size(value: Any) -> int:
    """The largest absolute value of whole numbers; 0 for others."""
    if not _is_whole(value):
        return 0
    return max(abs(int(value.max())), abs(int(value.min()))) if isinstance(value, pd.Series) else abs(value)


def _unbounded(value: Any) -> Any:
    """Numbers as Python's, whose whole ones are of any size."""
    return value.astype(object) if isinstance(value, pd.Series) else value


def _undefined(value: Any) -> np.ndarray:
    """Where a number is none."""
    if isinstance(value, pd.Series) and pd.api.types.is_float_dtype(value):
        return value.isna().to_numpy(bool)
    return np.asarray(isinstance(value, float) and math.isnan(value))


def _truth(value: Any) -> np.ndarray:
    """Return true and false as an array."""
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
