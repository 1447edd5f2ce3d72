"""Conditions on generated rows, from text or from Python values.

Text, as on the command line: `income = >50K`, `age >= 60`, `state in CA, NY`, `weight is null`, `sex != Male`.
Python: a mapping from column to a value (equals), None (is missing), a list or set (one of), a tuple `(low, high)` or a
`range` (between; None leaves an end open), a `Predicate` or a list of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from synthdata.errors import ConditionError, nearest
from synthdata.fields import Category, Field, Number, Predicate
from synthdata.fields.written_numbers import Form, plain_numbers

__all__ = ["Where", "misread", "predicates_of"]

Where: TypeAlias = Mapping[str, Any] | Sequence[str] | str | None

_OPERATOR = re.compile(
    r"\s*((?<!\w)(?:is\s+not\s+null|is\s+null|not\s+in|in)(?!\w)|!=|<>|<=|>=|==|=|<|>)\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)
_ITEM = re.compile(r"""\s*("[^"]*"(?=\s*(?:,|$))|'[^']*'(?=\s*(?:,|$))|[^,]*)(?:,|$)""")
_JOINED = re.compile(r"\s(and|or)\s+(.+)|\s*(&|\|)+\s*(.+)", re.IGNORECASE | re.DOTALL)
_SAME = {"==": "=", "<>": "!="}


def predicates_of(where: Where, columns: Iterable[str]) -> dict[str, list[Predicate]]:
    """Turn conditions into predicates by column; ConditionError for what cannot be read or names no column.

    columns: if they are fields, numbers may be written as the column writes them.
    """
    fields = columns if isinstance(columns, Mapping) else {}
    columns = [str(name) for name in columns]
    result: dict[str, list[Predicate]] = {}
    if where is None:
        return result
    if isinstance(where, Mapping):
        pairs = [(_known(str(name), columns), each) for name, value in where.items() for each in _from_python(value)]
    else:
        pairs = [_from_text(text, columns) for text in ([where] if isinstance(where, str) else where)]
    for name, predicate in pairs:
        field = fields.get(name)
        if isinstance(field, Number) and not field.form.is_plain:
            predicate = replace(predicate, operand=_in_form(predicate.operand, field.form))
        result.setdefault(name, []).append(predicate)
    return result


def _in_form(operand: Any, form: Form) -> Any:
    """An operand as a number, where it is text in the form that the column's numbers have: `1.000,00 €`."""
    if isinstance(operand, tuple):
        return tuple(_in_form(each, form) for each in operand)
    if not isinstance(operand, str):
        return operand
    bare = Form(form.decimal, form.thousands)  # without its currency or unit
    for each in (form, bare):
        plain, bad = plain_numbers(pd.Series([operand], dtype="str"), each)
        if not bad[0]:
            return plain.iloc[0]
    return operand


def misread(name: str, predicates: Sequence[Predicate], fields: Mapping[str, Field]) -> str:
    """What was probably meant by predicates whose operand the field cannot read; "" if there is no idea.

    Only for such: the name of a category may read like a condition (`income = >50K`).
    """
    category = isinstance(fields[name], Category)
    for operator, operand in ((each.operator, each.operand) for each in predicates):
        if not isinstance(operand, str):
            continue
        text = f"{name} {operator} {operand}"
        joined = _JOINED.search(operand)
        if joined and (not category or any((joined[2] or joined[4]).startswith(other) for other in fields)):
            if (joined[1] or joined[3]).lower() in ("or", "|"):
                return f'"{text}": conditions are not joined by "or"; for one of several values, write "in"'
            return f'"{text}": write one condition each, and give a list of them'
        if operator == "=" and operand[:1] in ("<", ">") and not category:
            meant = f"{operand[0]}="
            return f'"{name} ={operand}": did you mean "{name} {meant} {operand[1:].strip()}"?'
        if operand.strip("`") in fields:
            return f'"{text}": "{operand}" is a column; compare "{name}" with a value'
    return ""


def _known(name: str, columns: list[str]) -> str:
    if name not in columns:
        raise ConditionError(f'unknown column "{name}"; {nearest(name, columns)}')
    return name


def _from_python(value: Any) -> list[Predicate]:
    match value:
        case None:
            return [Predicate("is null")]
        case Predicate():
            return [value]
        case list() if value and all(isinstance(one, Predicate) for one in value):
            return value
        case range() if value.step == 1:
            return [Predicate(">=", value.start), Predicate("<", value.stop)]
        case tuple() if len(value) == 2:
            low, high = value
            ends = [Predicate(">=", low)] if low is not None else []
            return [*ends, Predicate("<=", high)] if high is not None else ends
        case tuple():
            found = f"found {len(value)} values"
            raise ConditionError(f"a tuple is a range (low, high), {found}; write a list for one of many")
        case list() | set() | frozenset() | range() | np.ndarray() | pd.Series() | pd.Index():
            return [Predicate("in", _some(value))]
        case _:
            return [Predicate("=", value)]


def _from_text(text: str, columns: list[str]) -> tuple[str, Predicate]:
    stripped = text.strip()
    for name in sorted(columns, key=len, reverse=True):
        for written in (f"`{name}`", name):
            if stripped.startswith(written):
                found = _OPERATOR.fullmatch(stripped, len(written))
                if found:
                    return name, _predicate(found[1], found[2], text)
    word = re.split(r"\s|[=<>!]", stripped, maxsplit=1)[0].strip("`")
    if word in columns:
        allowed = "=, !=, <, <=, >, >=, in, not in, is null, is not null"
        raise ConditionError(f'"{text}": after the column comes one of {allowed}')
    raise ConditionError(f'"{text}": unknown column "{word}"; {nearest(word, columns)}')


def _predicate(operator: str, operand: str, text: str) -> Predicate:
    operator = re.sub(r"\s+", " ", operator.lower())
    operator = _SAME.get(operator, operator)
    if operator in ("is null", "is not null"):
        if operand:
            raise ConditionError(f'"{text}": nothing may follow "{operator}"')
        return Predicate("is null" if operator == "is null" else "is not null")
    if not operand:
        raise ConditionError(f'"{text}": a value must follow "{operator}"')
    if operator in ("in", "not in"):
        inner = operand[1:-1] if operand[0] + operand[-1] in ("()", "[]") else operand
        values = [found[1].strip() for found in _ITEM.finditer(inner)]
        return Predicate("in" if operator == "in" else "not in", _some(_unquote(value) for value in values if value))
    match operator:
        case "=" | "!=" | "<" | "<=" | ">" | ">=":
            return Predicate(operator, _unquote(operand))
        case _:  # as "İN", which regular expressions take for "in"
            raise ConditionError(f'"{text}": unknown operator "{operator}"; write =, !=, <, <=, >, >=, in or not in')


def _some(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return the values of a list; there must be one."""
    result = tuple(values)
    if not result:
        raise ConditionError("an empty list allows nothing; name at least one value")
    return result


def _unquote(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
