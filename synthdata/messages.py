"""What is wrong with a declaration or an argument, in one line: pydantic's complaints in the words of this package."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ValidationError

from synthdata.errors import InputError, SchemaError, nearest

__all__ = ["Declaration", "check_frame", "check_rows_asked", "check_schema", "check_seed", "complaint"]


class Declaration(BaseModel):
    """A pydantic model whose constructor raises SchemaError, in one line, in place of pydantic's report.

    Nested in another one it is validated as ever: the outer one says what is wrong, and where.
    """

    if not TYPE_CHECKING:  # type checkers take the arguments from the fields

        def __init__(self, /, **values):
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise SchemaError(type(self).explain(error)) from None

        __init__.__pydantic_base_init__ = True  # else nested validation would call it, and stop at its SchemaError

    @classmethod
    def explain(cls, error: ValidationError) -> str:
        """Put pydantic's first complaint about arguments of this class into one line."""
        first = error.errors()[0]
        return complaint(first, cls, cls.__name__, [str(part) for part in first["loc"]])


def complaint(
    first: Any, model: type[BaseModel], where: str, place: Sequence[str], *, kinds: Iterable[str] = (), owner: str = ""
) -> str:
    """Put one of pydantic's complaints into one line: where, what was found, what is allowed.

    model: the class that was to be read. where: how the line begins. place: what is wrong, below that. kinds: that
    there are, for a kind that is unknown. owner: the family, if its settings are read.
    """
    found = json.dumps(first["input"], default=str)[:80]
    match first["type"]:
        case "extra_forbidden":
            for part in place[:-1]:  # a mapping in the field, with keys of its own
                where, inner = f"{where}, {part}", model.model_fields[part].annotation
                model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
            known = nearest(place[-1], model.model_fields)
            what = f'"{place[-1]}" is no setting of {owner}' if owner else f'unknown key "{place[-1]}"'
            return f"{where}: {what}; {known}"
        case "union_tag_invalid":
            tag = first["ctx"]["tag"]
            return f'{where}: unknown kind "{tag}"; {nearest(tag, kinds)}'
        case "union_tag_not_found":
            return f"{where}: no kind given; allowed: {', '.join(kinds)}"
        case "missing":
            return f'{where}: "{place[-1]}" is missing'
        case "string_type" if isinstance(first["input"], bool | int | float):
            what = "a boolean" if isinstance(first["input"], bool) else "a number"
            return f"{where}, {'.'.join(place)}: found {found}, {what} to YAML; put it in quotes"
        case "model_type":
            return f"{where}, {'.'.join(place)}: found {found}; write a mapping, {{key: value}}, or leave it out"
        case "model_attributes_type":
            return f"{where}: found {found}; write a mapping with its kind, one of {', '.join(kinds)}"
        case "value_error" if not place:  # of the whole, and it names what it means
            return f"{where}: {first['msg'].removeprefix('Value error, ')}"
        case _:
            parts = [part for part in place if part not in BRANCHES and "[" not in part]
            key = f", {'.'.join(parts)}" if parts else ""
            advice = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ").lower()
            return (
                f"{where}{key}: found {found}; allowed is {advice}"
                if "Input" in first["msg"]
                else (f"{where}{key}: found {found}; {advice}")
            )


def check_frame(frame: object, reader: str) -> None:
    """Raise InputError unless `frame` is a DataFrame. reader: the function that takes it."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"{reader} takes a DataFrame, not {type(frame).__name__}; read a file with read_table")


def check_schema(schema: object, reader: str) -> None:
    """Raise InputError unless `schema` is a Schema. reader: the function that takes it."""
    if not isinstance(schema, BaseModel) or not hasattr(schema, "fields"):
        raise InputError(f"{reader} takes a Schema, not {type(schema).__name__}; read a file with Schema.load")


def check_seed(seed: object) -> None:
    """Raise InputError unless `seed` is a whole number from 0 on."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed {seed!r} is not a whole number; give one, at least 0")


def check_rows_asked(rows: object) -> None:
    """Raise InputError unless `rows` is a number of rows to draw."""
    if isinstance(rows, bool) or not isinstance(rows, int | np.integer):
        raise InputError(f"rows is {rows!r}; give a whole number of rows, at least 1")
    if rows < 1:
        raise InputError(f"{rows} rows asked for; ask for at least 1")


BRANCHES = ("int", "float", "str", "constrained-int", "constrained-float", "constrained-str")  # of a union, in a place
