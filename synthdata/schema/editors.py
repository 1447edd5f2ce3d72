"""The JSON schema of the YAML, by which editors complete and check it; what a key means comes from the docstrings."""

from __future__ import annotations

import inspect
import re
from typing import Any

from pydantic import BaseModel

from synthdata.fields import KINDS
from synthdata.schema.constraints import CONSTRAINTS
from synthdata.schema.schema import Schema

__all__ = ["json_schema"]

PARAMETERS = "\n\nParameters\n"
PARAMETER = re.compile(r"^(\w[\w, ]*) : [^\n]*\n((?:    [^\n]*\n?)+)", flags=re.MULTILINE)


def json_schema() -> dict[str, Any]:
    """The JSON schema of the YAML; `schemas/schema.json` holds it with an indent of 1, ASCII not enforced."""
    schema = Schema.model_json_schema()
    _describe(schema, Schema)
    for kind in (*KINDS.values(), *CONSTRAINTS.values()):
        _describe(schema["$defs"][kind.__name__], kind)
    schema["$defs"]["Category"]["properties"]["values"]["anyOf"].insert(1, {"type": "string"})  # the name of a file
    schema["properties"]["model"] = {"anyOf": [{"type": "string"}, schema["properties"]["model"]]}
    return schema


def _describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Say of each key what the Parameters section of the docstring says of it."""
    text = inspect.getdoc(model) or ""
    schema["description"] = text.split(PARAMETERS)[0]
    for names, meaning in PARAMETER.findall(text):
        for name in names.split(", "):
            if name in schema["properties"]:
                schema["properties"][name].setdefault("description", " ".join(meaning.split()))
