"""Tables: files read into DataFrames, by the ending of their name.

Text files come back as text, cell by cell as written (a missing cell is an empty one), so that a field can parse it
exactly. Typed files come back typed, in the types that fields read. No message shows a cell.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from synthdata.errors import DataError

__all__ = ["LEAST_TO_TRAIN", "READERS", "read_table"]

LEAST_TO_TRAIN = 20  # rows; fewer teach nothing that would not be a copy
BLOCK_BYTES = 8 << 20  # what is read at a time; a single CSV row must fit into it
DELIMITERS = (",", ";", "\t")  # a later one counts only where the earlier ones find a single column
NAMED = {",": "comma", ";": "semicolon", "\t": "tab"}


def read_table(path: str | Path, *, least: int = 1) -> pd.DataFrame:
    """Read a file by its ending; DataError in one line for what cannot be read.

    least: refuse a table of fewer rows (`LEAST_TO_TRAIN` for training).
    """
    path = Path(path)
    reader = READERS[ending_of(path)]
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name a file ending in {_endings()}")
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    with _readable(path):
        if not path.stat().st_size:
            raise DataError(f"{path}: the file is empty; a header and rows are needed")
        frame = reader(path)
    if not len(frame):
        raise DataError(f"{path}: found no rows below the header; at least {max(least, 1)} are needed")
    if len(frame) < least:
        raise DataError(f"{path}: found {len(frame)} rows; at least {least} are needed: bring more rows")
    return frame


def ending_of(path: Path) -> str:
    """Return the ending that decides the format; DataError for one that is not known."""
    name = path.name.lower()
    for ending in READERS:
        if name.endswith(ending):
            return ending
    found = f'ending "{path.suffix}"' if path.suffix else "a name without ending"
    raise DataError(f"{path}: found {found}; allowed are {_endings()}")


def _endings() -> str:
    return ", ".join(READERS)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what goes wrong below the format (permissions, compression, disk) into a DataError."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise DataError(f"{path}: broken gzip, cut short or not compressed; write or fetch the file again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or 'input/output error'}; check the file") from None


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.name.lower().endswith(".gz") else path.open("rb")


def _check_names(names: list[str], path: Path) -> None:
    """Refuse columns without a name and names that stand twice."""
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name.strip():
            raise DataError(f"{path}: column {number} has no name; name every column in the header")
        if name in first:
            raise DataError(f'{path}: two columns are named "{name}" (columns {first[name]} and {number}); rename one')
        first[name] = number


# --- CSV ---------------------------------------------------------------------------------------------------------


def _read_csv(path: Path) -> pd.DataFrame:
    """Read as text, all columns; the delimiter is a comma, or what splits the header if commas do not."""
    with _opened(path) as file:
        start = file.read(4)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: found UTF-16; allowed is UTF-8: save the table as UTF-8")
    names, delimiter = _header(path)
    _check_names(names, path)
    read = pa.csv.ReadOptions(block_size=BLOCK_BYTES)
    parse = pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    convert = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    try:
        with _opened(path) as file:
            table = pa.csv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid:
        raise DataError(_explain_csv(path, delimiter, len(names))) from None
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype("str")  # pandas takes a column of missing text for objects


@contextmanager
def _rows(path: Path, delimiter: str) -> Iterator[tuple[Iterator[list[str]], Callable[[], int]]]:
    """Open a CSV row by row, slowly: for its header, and to say where it is broken."""
    with _opened(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        rows = csv.reader(text, delimiter=delimiter)
        yield rows, lambda: rows.line_num


def _header(path: Path) -> tuple[list[str], str]:
    """Return the column names and the delimiter that splits them."""
    names: list[str] | None = None
    for delimiter in DELIMITERS:
        try:
            with _rows(path, delimiter) as (rows, _):
                names = next((row for row in rows if row), None)
        except UnicodeDecodeError:
            raise DataError(_not_utf8(path)) from None
        except csv.Error:
            raise DataError(f"{path}: the header cannot be read as CSV; is this a text file?") from None
        if names is None:
            raise DataError(f"{path}: found blank lines only; a header and rows are needed")
        if len(names) > 1:
            return names, delimiter
    return names or [], ","


def _explain_csv(path: Path, delimiter: str, columns: int) -> str:
    """Say where a CSV is broken, by reading it once more row by row."""
    try:
        with _rows(path, delimiter) as (rows, line_number):
            start = 0
            for row in rows:
                if row and len(row) != columns:
                    kind = NAMED[delimiter]
                    return (
                        f"{path}, line {start + 1}: found {len(row)} cells; the header has {columns}: "
                        f"mend the line, or quote cells that hold a {kind}, a quote or a line break"
                    )
                start = line_number()
    except UnicodeDecodeError:
        return _not_utf8(path)
    except csv.Error:
        return f"{path}, line {start + 1}: cannot be read as CSV; mend the line"
    return f"{path}: cannot be read as CSV; is a row longer than {BLOCK_BYTES >> 20} MB, or a quote left open?"


def _not_utf8(path: Path) -> str:
    """Find the first byte that is not UTF-8."""
    offset = 0
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                where = f"line {number}, byte {offset + error.start + 1} of the file"
                return f"{path}: {where} is not UTF-8; save the table as UTF-8"
            offset += len(line)
    return f"{path}: not UTF-8; save the table as UTF-8"


# --- JSON lines --------------------------------------------------------------------------------------------------


def _read_jsonl(path: Path) -> pd.DataFrame:
    """Read one JSON object a line. A loop over rows: Python's parser keeps whole numbers of any size exactly."""
    columns: dict[str, list[Any]] = {}
    rows = 0
    decode = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_constant).decode
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            record = _record(line, decode, f"{path}, line {number}", first=number == 1)
            if record is None:
                continue
            for name, value in record.items():
                if isinstance(value, list | dict):
                    raise DataError(
                        f'{path}, line {number}: column "{name}" holds a nested value; '
                        "allowed are text, numbers, true, false, null: flatten it first"
                    )
                cells = columns.get(name)
                if cells is None:
                    cells = columns[name] = [None] * rows
                elif len(cells) < rows:
                    cells.extend([None] * (rows - len(cells)))
                cells.append(value)
            rows += 1
    _check_names(list(columns), path)
    return pd.DataFrame({name: _typed(cells + [None] * (rows - len(cells))) for name, cells in columns.items()})


def _record(line: bytes, decode: Callable[[str], Any], where: str, *, first: bool) -> dict[str, Any] | None:
    """Read one line into a record; None for a blank one."""
    try:
        text = line.decode("utf-8-sig" if first else "utf-8").strip()
        record = decode(text) if text else None
    except UnicodeDecodeError:
        raise DataError(f"{where}: not UTF-8; save the table as UTF-8") from None
    except RecursionError:
        raise DataError(f"{where}: nested too deeply; a line is one flat JSON object") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: not JSON from character {error.pos + 1} on; a line is one JSON object") from None
    except _TwiceError as error:
        raise DataError(f'{where}: key "{error}" stands twice; rename one') from None
    if record is not None and not isinstance(record, dict):
        raise DataError(f"{where}: found {type(record).__name__}; a line is one JSON object")
    return record


class _TwiceError(Exception):
    """A key stands twice in one object."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name for name in names if names.count(name) > 1))
    return record


def _constant(word: str) -> float | None:
    """Python writes a missing number as NaN, which is not JSON; infinities stay, for the field to refuse."""
    return None if word == "NaN" else float(word)


def _typed(cells: list[Any]) -> pd.Series:
    """Give a column the narrowest type that keeps every value exactly; text where there is none."""
    kinds = {type(cell) for cell in cells}
    nulls = type(None) in kinds
    kinds -= {type(None)}
    if kinds == {bool}:
        return pd.Series(cells, dtype="boolean" if nulls else "bool")
    if kinds == {int} and all(-(2**63) <= cell < 2**63 for cell in cells if cell is not None):
        return pd.Series(pd.array(cells, dtype="Int64" if nulls else "int64"))
    exact = 2**53
    if kinds and kinds <= {int, float} and all(type(cell) is not int or -exact <= cell <= exact for cell in cells):
        return pd.Series(cells, dtype="float64")
    return pd.Series([cell if cell is None or type(cell) is str else json.dumps(cell) for cell in cells], dtype="str")


# --- Parquet -----------------------------------------------------------------------------------------------------


def _read_parquet(path: Path) -> pd.DataFrame:
    """Read typed columns; an index that pandas wrote without a name is left out."""
    try:
        file = pa.parquet.ParquetFile(path, page_checksum_verification=True)
        names = [name for name in file.schema_arrow.names if not re.fullmatch(r"__index_level_\d+__", name)]
        _check_names(names, path)
        if not names:
            raise DataError(f"{path}: the table has no columns")
        for name in names:
            if _wanted(file.schema_arrow.field(name).type) is None:
                kind = file.schema_arrow.field(name).type
                raise DataError(
                    f'{path}: column "{name}" is of type {kind}; allowed are numbers, text, booleans, dates, '
                    "timestamps: convert it or leave it out"
                )
        table = file.read(columns=names)
    except pa.ArrowException:
        raise DataError(f"{path}: broken Parquet, cut short or another format; write or fetch the file again") from None
    except OSError as error:
        if error.errno is not None:
            raise
        # Arrow's own OSError, without a number: damaged pages
        raise DataError(f"{path}: broken Parquet, a page is damaged; write or fetch the file again") from None
    return pd.DataFrame({name: _column(table.column(name)) for name in names})


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
    if kinds.is_decimal(kind):
        return pa.int64() if kind.scale == 0 and kind.precision <= 18 else pa.float64()
    if kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind) or kinds.is_null(kind):
        return pa.large_string()
    if kinds.is_date(kind):
        return pa.timestamp("us")
    if kinds.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return None


def _column(values: pa.ChunkedArray) -> pd.Series:
    """Convert one column; whole numbers and booleans with missing values keep their type as pandas' nullable ones."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    wanted = _wanted(values.type)
    assert wanted is not None
    if pa.types.is_float16(values.type):
        values = values.cast(pa.float32())
    values = values.cast(wanted, safe=False)
    nullable = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype(), pa.bool_(): pd.BooleanDtype()}
    column: pd.Series = values.to_pandas(types_mapper=nullable.get if values.null_count else None)
    return column.astype("str") if wanted == pa.large_string() else column  # pandas takes all-missing text for objects


READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": _read_csv,
    ".csv.gz": _read_csv,
    ".parquet": _read_parquet,
    ".jsonl": _read_jsonl,
    ".jsonl.gz": _read_jsonl,
}
