"""The kinds of field. To add one: write its file (see `base`), name it here; the contract tests do the rest."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field as Key

from synthdata.fields.base import Codec, Expectation, Field, Guess
from synthdata.fields.boolean import Boolean
from synthdata.fields.category import Category
from synthdata.fields.datetime import Datetime
from synthdata.fields.identifier import Identifier
from synthdata.fields.image import Image
from synthdata.fields.number import Number
from synthdata.fields.personal import Personal
from synthdata.fields.predicates import Mask, Predicate
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
    "Number",
    "Personal",
    "Predicate",
    "Rows",
    "Text",
]

KINDS: dict[str, type[Field]] = {  # in the order in which `Schema.infer` asks them
    "image": Image,
    "boolean": Boolean,
    "datetime": Datetime,
    "personal": Personal,
    "text": Text,
    "identifier": Identifier,
    "number": Number,
    "category": Category,
}

AnyField: TypeAlias = Annotated[
    Identifier | Personal | Boolean | Datetime | Number | Image | Text | Category, Key(discriminator="kind")
]
