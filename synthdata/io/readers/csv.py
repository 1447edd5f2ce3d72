"""CSV: text, cell by cell as written."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from synthdata.errors import DataError
from synthdata.io.readers.opening import check_names, opened

__all__ = ["read_csv"]

BLOCK_BYTES = 8 << 20  # what is read at a time; a single CSV row must fit into it
DELIMITERS = (",", ";", "\t")  # a later one counts only where the earlier ones find a single column
NAMED = {",": "comma", ";": "semicolon", "\t": "tab"}


def read_csv(path: Path) -> pd.DataFrame:
    """Read as text, all columns; the delimiter is a comma, or what splits the header if commas do not."""
    with opened(path) as file:
        start = file.read(4)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: found UTF-16; allowed is UTF-8: save the table as UTF-8")
    names, delimiter = _header(path)
    check_names(names, path)
    read = pa.csv.ReadOptions(block_size=BLOCK_BYTES)
    parse = pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    convert = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    try:
        with opened(path) as file:
            table = pa.csv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid:
        raise DataError(_explain_csv(path, delimiter, len(names))) from None
    frame: pd.DataFrame = table.to_pandas()
    return frame.astype("str")  # pandas takes a column of missing text for objects


@contextmanager
def _rows(path: Path, delimiter: str) -> Iterator[tuple[Iterator[list[str]], Callable[[], int]]]:
    """Open a CSV row by row, slowly: for its header, and to say where it is broken."""
    with opened(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
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
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                where = f"line {number}, byte {offset + error.start + 1} of the file"
                return f"{path}: {where} is not UTF-8; save the table as UTF-8"
            offset += len(line)
    return f"{path}: not UTF-8; save the table as UTF-8"
