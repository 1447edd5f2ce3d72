"""Columns of Arrow tables (Parquet, Feather) in the types that fields read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute

from synthdata.errors import DataError
from synthdata.io.arrow_types import unusual
from synthdata.io.readers.opening import READ_AS, check_names
from synthdata.schema.source import FOUND

__all__ = ["from_arrow", "readable_names"]

EXACT_DIGITS = 15  # of a decimal, that a float keeps
MOST_CATEGORIES = 0.5  # of the rows, from which on a declared category is only a way to store text


def readable_names(schema: pa.Schema, path: Path) -> tuple[list[str], list[str]]:
    """The columns that can be read, and remarks about the others; DataError if there is none.

    An index that pandas wrote without a name is left out.
    """
    names = [name for name in schema.names if not re.fullmatch(r"__index_level_\d+__", name)]
    check_names(names, path)
    if not names:
        raise DataError(f"{path}: the table has no columns")
    kinds = {name: schema.field(name).type for name in names}
    left_out = [name for name, kind in kinds.items() if not _is_read(kind)]
    remarks = [f'{path}: column "{name}" left out: it is of type {_shown(kinds[name])}' for name in left_out]
    names = [name for name in names if name not in left_out]
    if not names:
        raise DataError(f"{remarks[0]}, and there is no other; allowed are numbers, text, booleans, dates, bytes")
    return names, remarks


def from_arrow(table: pa.Table, path: Path, remarks: list[str]) -> pd.DataFrame:
    """A table of readable columns as a frame; records in it become columns by their path, `address.city`."""
    columns: dict[str, pd.Series] = {}
    types: dict[str, str] = {}
    declared = _declared(table.schema)
    for name in table.column_names:
        for part, values in _flat(name, table.column(name)):
            if part in columns:
                raise DataError(f'{path}: "{part}" is the name of a column and of a path; rename one')
            if not _is_read(values.type):
                remarks.append(f'{path}: column "{part}" left out: it is of type {_shown(values.type)}')
                continue
            if pa.types.is_duration(values.type):
                remarks.append(f'{path}: column "{part}" is read as seconds')
            try:
                columns[part] = _column(values.dictionary_encode() if part in declared else values)
            except (pa.ArrowException, ValueError, LookupError):  # of text that is none, or an unknown time zone
                what = f"holds what a column of type {_shown(values.type)} cannot, or in an unknown time zone"
                raise DataError(f'{path}: column "{part}" {what}; write the file again') from None
            if unusual(values.type) or part in declared:
                types[part] = str(values.type)
    frame = pd.DataFrame(columns)
    frame.attrs[READ_AS] = remarks
    if types:
        frame.attrs[FOUND] = {"types": types}
    return frame


def _declared(schema: pa.Schema) -> set[str]:
    """Columns of whole numbers that pandas declared categorical, which Parquet does not keep."""
    columns = (schema.pandas_metadata or {}).get("columns", [])
    named = {each["name"] for each in columns if each.get("pandas_type") == "categorical"}
    return {name for name in schema.names if name in named and pa.types.is_integer(schema.field(name).type)}


def _flat(name: str, values: pa.ChunkedArray) -> Iterator[tuple[str, pa.ChunkedArray]]:
    """A column, or the columns of the records in it, by the path to them."""
    kind = values.type
    if not pa.types.is_struct(kind) or _is_file(kind):
        yield name, values
        return
    for number in range(kind.num_fields):
        yield from _flat(f"{name}.{kind.field(number).name}", pa.compute.struct_field(values, number))


def _is_read(kind: pa.DataType) -> bool:
    """Whether a column, or one in its records, can be read."""
    if pa.types.is_struct(kind) and not _is_file(kind):
        return any(_is_read(kind.field(number).type) for number in range(kind.num_fields))
    return _wanted(kind) is not None


def _shown(kind: pa.DataType) -> str:
    """A type in short: `list`, without what is in it."""
    return str(kind).partition("<")[0]


def _wanted(kind: pa.DataType) -> pa.DataType | None:
    """Return the type in which a column goes on; None for what no field reads."""
    kinds = pa.types
    if kinds.is_dictionary(kind):
        return _wanted(kind.value_type)
    if kinds.is_boolean(kind):
        return kind
    if kinds.is_integer(kind):
        return pa.uint64() if kind == pa.uint64() else pa.int64()
    if kinds.is_floating(kind) or kinds.is_duration(kind):
        return pa.float64()
    if kinds.is_decimal(kind):  # of those that hold any number of 38 digits, see `_exact`
        return pa.int64() if kind.scale == 0 else pa.float64()
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind) or kinds.is_null(kind):
        return pa.large_string()
    if kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_binary_view(kind) or _is_file(kind):
        return pa.large_binary()
    if kinds.is_date(kind):
        return pa.timestamp("us")
    if kinds.is_time(kind):
        return pa.large_string()
    if kinds.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return None


def _column(values: pa.ChunkedArray) -> pd.Series:
    """Convert one column; whole numbers and booleans with missing values keep their type as pandas' nullable ones."""
    if pa.types.is_dictionary(values.type):
        declared = _categories(values)
        if declared is not None:
            return declared
        values = values.cast(values.type.value_type)
    if _is_file(values.type):
        return _files(values)
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        values.validate(full=True)  # that it is UTF-8
    wanted = _wanted(values.type)
    assert wanted is not None
    if pa.types.is_duration(values.type):
        return _seconds(values)
    if pa.types.is_time(values.type):  # written like a clock, as far as there is anything behind the seconds
        clock = values.cast(pa.time64("us")).cast(pa.string())
        values = pa.compute.replace_substring_regex(clock, r"\.0+$", "")
    if pa.types.is_float16(values.type):
        values = values.cast(pa.float32())
    if pa.types.is_decimal(values.type):
        exact = _exact(values, wanted)
        if exact is None:
            text: pd.Series = values.cast(pa.string()).to_pandas().astype("str")
            return text
        # by way of text: a decimal cast to a float is not always the nearest one
        values = exact if exact.type == wanted else exact.cast(pa.string()).cast(wanted)
    values = values.cast(wanted, safe=False)
    nullable = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}
    column: pd.Series = values.to_pandas(types_mapper=nullable.get if values.null_count else None)
    return column.astype("str") if wanted == pa.large_string() else column  # pandas takes all-missing text for objects


def _categories(values: pa.ChunkedArray) -> pd.Series | None:
    """A declared category of text or whole numbers, its categories in their order; None for anything else."""
    kind = values.type.value_type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind)):
        return None
    column: pd.Series = values.unify_dictionaries().to_pandas()
    if pa.types.is_integer(kind):
        column = column.cat.reorder_categories(sorted(column.cat.categories))
    return column if len(column.cat.categories) <= MOST_CATEGORIES * len(column) else None


def _seconds(values: pa.ChunkedArray) -> pd.Series:
    """Durations in seconds, whole numbers if all are."""
    count = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[values.type.unit]
    units = values.cast(pa.int64())
    whole = pa.compute.divide(units, count)
    if pa.compute.all(pa.compute.equal(pa.compute.multiply(whole, count), units)).as_py() is False:
        seconds: pd.Series = pa.compute.divide(units.cast(pa.float64(), safe=False), float(count)).to_pandas()
        return seconds
    exact: pd.Series = whole.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get if whole.null_count else None)
    return exact


def _exact(values: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray | None:
    """Decimals as whole numbers or floats if that keeps all of their digits; None if it does not."""
    if wanted == pa.int64():
        try:
            return values.cast(wanted)
        except pa.ArrowInvalid:
            return None
    if values.type.precision <= EXACT_DIGITS:
        return values
    largest = pa.compute.max(pa.compute.abs(values)).as_py()
    return values if largest is None or largest * 10**values.type.scale < 2**53 else None


def _is_file(kind: pa.DataType) -> bool:
    """Whether a cell is a file as Hugging Face's datasets keep it: its bytes, its path, or both."""
    return pa.types.is_struct(kind) and {kind.field(part).name for part in range(kind.num_fields)} == {"bytes", "path"}


def _files(values: pa.ChunkedArray) -> pd.Series:
    """The bytes where there are any, else the path."""
    parts = [pd.Series(pa.compute.struct_field(values, part).to_pylist(), dtype=object) for part in ("bytes", "path")]
    return parts[0].where(parts[0].notna(), parts[1])
