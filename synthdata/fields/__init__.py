"""The kinds of field. To add one: write its file (see `base`), import it and name it in `AnyField`."""

from __future__ import annotations

from typing import Annotated, TypeAlias, get_args

from pydantic import Field as Key

from synthdata.fields.base import Codec, Expectation, Field, Guess
from synthdata.fields.boolean import Boolean
from synthdata.fields.category import Category
from synthdata.fields.datetime import Datetime
from synthdata.fields.identifier import Identifier
from synthdata.fields.image import Image
from synthdata.fields.number import Number
from synthdata.fields.personal import Personal
from synthdata.fields.predicates import Mask, OperandError, Predicate
from synthdata.fields.quantity import Measure
from synthdata.fields.rows import Rows
from synthdata.fields.text import Text

__all__ = [
    "KINDS",
    "AnyField",
    "Boolean",
    "Category",
    "Codec",
    "Datetime",
    "Expectation",
    "Field",
    "Guess",
    "Identifier",
    "Image",
    "Mask",
    "Measure",
    "Number",
    "OperandError",
    "Personal",
    "Predicate",
    "Rows",
    "Text",
]

AnyField: TypeAlias = Annotated[  # every kind, in the order in which `Schema.infer` asks them
    Image | Boolean | Datetime | Personal | Text | Identifier | Number | Category, Key(discriminator="kind")
]
KINDS: dict[str, type[Field]] = {kind.model_fields["kind"].default: kind for kind in get_args(get_args(AnyField)[0])}
