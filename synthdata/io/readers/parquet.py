"""Parquet: typed columns, in the types that fields read."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet

from synthdata.errors import DataError
from synthdata.io.readers.opening import READ_AS, check_names

__all__ = ["read_parquet"]

EXACT_DIGITS = 15  # of a decimal, that a float keeps


def read_parquet(path: Path) -> pd.DataFrame:
    """Read typed columns; an index that pandas wrote without a name is left out."""
    try:
        file = pa.parquet.ParquetFile(path, page_checksum_verification=True)
        names = [name for name in file.schema_arrow.names if not re.fullmatch(r"__index_level_\d+__", name)]
        check_names(names, path)
        if not names:
            raise DataError(f"{path}: the table has no columns")
        kinds = {name: file.schema_arrow.field(name).type for name in names}
        left_out = [name for name, kind in kinds.items() if _wanted(kind) is None]
        remarks = [f'{path}: column "{name}" left out: it is of type {_shown(kinds[name])}' for name in left_out]
        names = [name for name in names if name not in left_out]
        if not names:
            raise DataError(f"{remarks[0]}, and there is no other; allowed are numbers, text, booleans, dates, bytes")
        table = file.read(columns=names)
    except pa.ArrowException:
        raise DataError(f"{path}: broken Parquet, cut short or another format; write or fetch the file again") from None
    except OSError as error:
        if error.errno is not None:
            raise
        # Arrow's own OSError, without a number: damaged pages
        raise DataError(f"{path}: broken Parquet, a page is damaged; write or fetch the file again") from None
    frame = pd.DataFrame({name: _column(table.column(name)) for name in names})
    frame.attrs[READ_AS] = remarks
    return frame


def _shown(kind: pa.DataType) -> str:
    """A type in short: `struct`, without what is in it."""
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
    if kinds.is_floating(kind):
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
        values = values.cast(values.type.value_type)
    if _is_file(values.type):
        return _files(values)
    wanted = _wanted(values.type)
    assert wanted is not None
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
        values = exact
    values = values.cast(wanted, safe=False)
    nullable = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}
    column: pd.Series = values.to_pandas(types_mapper=nullable.get if values.null_count else None)
    return column.astype("str") if wanted == pa.large_string() else column  # pandas takes all-missing text for objects


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
