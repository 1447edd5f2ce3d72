"""What is wrong with a schema, in one line a person can act on."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ValidationError

from synthdata.fields import KINDS, Category
from synthdata.messages import complaint
from synthdata.schema.constraints import CONSTRAINTS, Ordered
from synthdata.schema.sequence import Sequence
from synthdata.schema.source import Source

__all__ = ["explained"]

PARTS: Mapping[str, type[BaseModel]] = {"source": Source, "sequence": Sequence}  # keys that hold mappings of their own


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
    elif place and place[0] in PARTS and len(place) > 1:
        where, place, model = f"{source}, {place[0]}", place[1:], PARTS[place[0]]
    return complaint(first, model, where, place, kinds=kinds)
