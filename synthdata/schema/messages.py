"""What is wrong with a schema, in one line a person can act on."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import BaseModel, ValidationError

from synthdata.errors import nearest
from synthdata.fields import KINDS, Category
from synthdata.schema.constraints import CONSTRAINTS, Ordered

__all__ = ["explained"]


def explained(error: ValidationError, schema: type[BaseModel], source: str) -> str:
    """Put pydantic's first complaint about a schema into one line: where, what was found, what is allowed.

    schema: the class that was to be read. source: how messages name what it was read from.
    """
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    kind, where = None, source
    model: type[BaseModel] = schema
    kinds: Mapping[str, type[BaseModel]] = KINDS
    if place and place[0] == "fields" and len(place) > 1:
        where = f'{source}, field "{place[1]}"'
        kind, place = (place[2] if len(place) > 2 else None), place[3:]
        model = KINDS.get(str(kind), Category)
    elif place and place[0] == "constraints" and len(place) > 1:
        where = f"{source}, constraint {int(place[1]) + 1}"
        kind, place = (place[2] if len(place) > 2 else None), place[3:]
        model, kinds = CONSTRAINTS.get(str(kind), Ordered), CONSTRAINTS
    found = json.dumps(first["input"], default=str)[:80]
    match first["type"]:
        case "extra_forbidden":
            for part in place[:-1]:  # a mapping in the field, with keys of its own
                where, inner = f"{where}, {part}", model.model_fields[part].annotation
                model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
            return f'{where}: unknown key "{place[-1]}"; {nearest(place[-1], model.model_fields)}'
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
        case _:
            parts = [part for part in place if part not in ("int", "float", "str")]  # the branches of a union
            key = f", {'.'.join(parts)}" if parts else ""
            advice = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ").lower()
            return (
                f"{where}{key}: found {found}; allowed is {advice}"
                if "Input" in first["msg"]
                else (f"{where}{key}: found {found}; {advice}")
            )
