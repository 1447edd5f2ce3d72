"""The Arrow types of a typed file's columns: kept by name in the schema's source, and given back to what is written."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute

from synthdata.errors import OutputError

__all__ = ["as_type", "type_named", "unusual"]

USUAL = {  # in which columns are written that no type is kept of
    pa.int64(), pa.float64(), pa.bool_(), pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.null()
}  # fmt: skip
DECIMAL = re.compile(r"decimal(128|256)\((\d+), (\d+)\)")
ZONED = re.compile(r"timestamp\[(s|ms|us|ns), tz=(.+)\]")
DICTIONARY = re.compile(r"dictionary<values=(\w+), indices=(\w+), ordered=([01])>")
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def unusual(kind: pa.DataType) -> bool:
    """Whether a column of this type would be written as another one, if its type were not kept."""
    is_usual_time = pa.types.is_timestamp(kind) and kind.unit == "us"
    return kind not in USUAL and not is_usual_time and not pa.types.is_nested(kind)


def type_named(name: str) -> pa.DataType:
    """The type that `str` of it names; OutputError if there is none, or Parquet has none."""
    try:
        if found := DECIMAL.fullmatch(name):
            return (pa.decimal128 if found[1] == "128" else pa.decimal256)(int(found[2]), int(found[3]))
        if found := ZONED.fullmatch(name):
            return pa.timestamp(found[1], found[2])
        if found := DICTIONARY.fullmatch(name):
            return pa.dictionary(pa.type_for_alias(found[2]), pa.type_for_alias(found[1]), found[3] == "1")
        return pa.type_for_alias(name)
    except (ValueError, pa.ArrowException):
        raise OutputError(f'source, types: "{name}" is no type of Arrow; write it like int32, date32[day]') from None


def as_type(name: str, column: pa.ChunkedArray, kind: pa.DataType, values: Sequence[str] = ()) -> pa.ChunkedArray:
    """A column in a type; OutputError if it cannot be. values: all categories, in their order, as far as declared."""
    try:
        return _as_type(column, kind, values)
    except (pa.ArrowException, ValueError, OverflowError):
        raise OutputError(
            f'column "{name}": a value does not fit {kind}, the type it had in the file; leave it out of the types of '
            "the schema's source"
        ) from None


def _as_type(column: pa.ChunkedArray, kind: pa.DataType, values: Sequence[str]) -> pa.ChunkedArray:
    kinds = pa.types
    if kinds.is_dictionary(kind):
        if not values:
            return column.cast(kind.value_type).dictionary_encode().cast(kind)
        order = pa.array(list(values), pa.string()).cast(kind.value_type)
        places = pa.compute.index_in(column.cast(kind.value_type), order).cast(kind.index_type)
        chunks = [pa.DictionaryArray.from_arrays(each, order, ordered=kind.ordered) for each in places.chunks]
        return pa.chunked_array(chunks, kind)
    if kinds.is_duration(kind):
        units = UNITS[kind.unit]
        if kinds.is_floating(column.type):
            column = pa.compute.round(pa.compute.multiply(column, float(units)))
            return column.cast(pa.int64()).cast(kind)
        return pa.compute.multiply_checked(column, units).cast(kind)
    is_text = kinds.is_string(column.type) or kinds.is_large_string(column.type)
    if kinds.is_time(kind) and is_text:
        elapsed = pd.to_timedelta(column.to_pandas()).astype("timedelta64[us]")
        column = pa.chunked_array([pa.array(elapsed.astype("Int64"), pa.int64()).cast(pa.time64("us"))])
    if kinds.is_timestamp(kind) and kinds.is_timestamp(column.type) and kind.tz != column.type.tz:
        kind = pa.timestamp(kind.unit, column.type.tz)  # the field has another zone now
    return column.cast(kind, safe=not kinds.is_temporal(kind))
