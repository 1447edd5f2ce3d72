"""The Arrow types of a typed file's columns: kept by name in the schema's source, and given back to what is written."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute

from synthdata.errors import OutputError
from synthdata.schema.arrow_names import type_named

__all__ = ["as_type", "unusual"]

USUAL = {  # in which columns are written that no type is kept of
    pa.int64(), pa.float64(), pa.bool_(), pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.null()
}  # fmt: skip
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def unusual(kind: pa.DataType) -> bool:
    """Whether a column of this type would be written as another one, if its type were not kept, as it can be."""
    is_usual_time = pa.types.is_timestamp(kind) and kind.unit == "us"
    if kind in USUAL or is_usual_time or pa.types.is_nested(kind):
        return False
    try:
        return bool(type_named(str(kind)) == kind)
    except ValueError:
        return False


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
    if kinds.is_boolean(kind) != kinds.is_boolean(column.type):  # a number would become whether it is one but 0
        raise ValueError
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
