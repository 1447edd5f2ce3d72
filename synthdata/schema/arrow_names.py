"""Names of Arrow's types, as `str` of them gives, and the types that they name."""

from __future__ import annotations

import re

import pyarrow as pa

__all__ = ["type_named"]

DECIMAL = re.compile(r"decimal(128|256)\((\d+), (\d+)\)")
ZONED = re.compile(r"timestamp\[(s|ms|us|ns), tz=(.+)\]")
DICTIONARY = re.compile(r"dictionary<values=(\w+), indices=(\w+), ordered=([01])>")


def type_named(name: str) -> pa.DataType:
    """The type that a name is of; ValueError if there is none, or Parquet has none."""
    try:
        if found := DECIMAL.fullmatch(name):
            return (pa.decimal128 if found[1] == "128" else pa.decimal256)(int(found[2]), int(found[3]))
        if found := ZONED.fullmatch(name):
            return pa.timestamp(found[1], found[2])
        if found := DICTIONARY.fullmatch(name):
            return pa.dictionary(pa.type_for_alias(found[2]), pa.type_for_alias(found[1]), found[3] == "1")
        return pa.type_for_alias(name)
    except (ValueError, OverflowError, pa.ArrowException):
        raise ValueError(f'"{name}" is no type of Arrow; write it like int32, date32[day]') from None
