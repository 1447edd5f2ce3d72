"""CSV: text, cell by cell as written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from synthdata.errors import DataError
from synthdata.io.readers.encoding import encoding_of
from synthdata.io.readers.opening import READ_AS, check_names, opened

__all__ = ["read_csv"]

BLOCK_BYTES = 8 << 20  # what is read at a time; a single CSV row must fit into it
NAMED = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}  # delimiters, the likeliest first
LOOKED_AT = 50  # rows that a delimiter is told by
SAID = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # a first line that names the delimiter, as Excel reads it


@dataclass(frozen=True)
class _Dialect:
    """How a file is written. skipped: lines before the header."""

    codec: str
    delimiter: str = ","
    skipped: int = 0


def read_csv(path: Path) -> pd.DataFrame:
    """Read as text, all columns; the delimiter is what splits the header and the first rows alike."""
    encoding = encoding_of(path)
    names, dialect = _header(path, encoding.codec)
    check_names(names, path, unnamed=1)
    utf_8 = dialect.codec.startswith("utf-8")
    read = pa.csv.ReadOptions(
        block_size=BLOCK_BYTES, skip_rows=dialect.skipped, encoding="utf8" if utf_8 else dialect.codec
    )
    parse = pa.csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True)
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
        raise DataError(_explain_csv(path, dialect, len(names))) from None
    frame: pd.DataFrame = table.to_pandas().astype("str")  # pandas takes a column of missing text for objects
    frame, unnamed = _without_unnamed(frame, path)
    frame, blanks = _without_blanks(frame, path)
    frame.attrs[READ_AS] = [f"{path}: {each}" for each in (encoding.remark, unnamed, blanks) if each]
    return frame


def _without_unnamed(frame: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, str]:
    """The columns without one that has no name: an index that counts the rows, or what a last delimiter makes.

    DataError if it holds anything else.
    """
    for place, name in enumerate(map(str, frame), 1):
        if name.strip():
            continue
        cells = frame[name]
        counts = [[str(row + start) for row in range(len(frame))] for start in (0, 1)]
        if cells.isna().all():
            return frame.drop(columns=name), f"column {place} has no name and is empty: left out"
        if cells.tolist() in counts:
            return frame.drop(columns=name), f"column {place} has no name and counts the rows: left out"
        raise DataError(f"{path}: column {place} has no name; name every column in the header")
    return frame, ""


def _without_blanks(frame: pd.DataFrame, path: Path) -> tuple[pd.DataFrame, str]:
    """The rows without those of nothing but empty cells; DataError for a row that repeats the header."""
    names = pd.Series(list(frame), index=frame.columns)
    first = frame.iloc[:, 0].str.removeprefix("\ufeff")  # the mark of a second file behind the first
    like = frame[first == names.iloc[0]]
    again = like.index[like.iloc[:, 1:].eq(names.iloc[1:], axis=1).all(axis=1)]
    if len(again) and len(names) > 1:
        raise DataError(f"{path}: row {again[0] + 1} repeats the header; take it out, or are these two tables?")
    if not len(frame) or not frame.iloc[:, 0].isna().any():
        return frame, ""
    blank = frame.isna().all(axis=1).to_numpy(bool)
    if not blank.any() or len(names) == 1:
        return frame, ""
    rows = "1 row" if blank.sum() == 1 else f"{blank.sum():,} rows"
    return frame[~blank].reset_index(drop=True), f"{rows} of empty cells alone left out"


@contextmanager
def _rows(path: Path, dialect: _Dialect) -> Iterator[tuple[Iterator[list[str]], Callable[[], int]]]:
    """Open a CSV row by row, slowly: for its header, and to say where it is broken."""
    with opened(path) as file, io.TextIOWrapper(file, encoding=dialect.codec, newline="") as text:
        for _ in range(dialect.skipped):
            text.readline()
        rows = csv.reader(text, delimiter=dialect.delimiter)
        yield rows, lambda: rows.line_num + dialect.skipped


def _header(path: Path, codec: str) -> tuple[list[str], _Dialect]:
    """Return the column names and the dialect that splits them: that which splits rows into most cells, all alike."""
    with opened(path) as file, io.TextIOWrapper(file, encoding=codec, newline="") as text:
        said = SAID.fullmatch(text.readline(16))
    if said:
        dialect = _Dialect(codec, said[1], 1)
        return _first_rows(path, dialect)[0], dialect
    split = {delimiter: _first_rows(path, _Dialect(codec, delimiter)) for delimiter in NAMED}
    alike = [each for each, rows in split.items() if len({len(row) for row in rows}) == 1 and len(rows[0]) > 1]
    if alike:
        delimiter = max(alike, key=lambda each: len(split[each][0]))
    else:
        delimiter = next((each for each, rows in split.items() if len(rows[0]) > 1), ",")
    return split[delimiter][0], _Dialect(codec, delimiter)


def _first_rows(path: Path, dialect: _Dialect) -> list[list[str]]:
    """The header and a few rows; a quote left open ends them."""
    rows: list[list[str]] = []
    try:
        with _rows(path, dialect) as (every, _):
            rows.extend(islice((row for row in every if row), LOOKED_AT))
    except csv.Error:
        if not rows:
            raise DataError(f"{path}: the header cannot be read as CSV; is this a text file?") from None
    if not rows:
        raise DataError(f"{path}: found blank lines only; a header and rows are needed")
    return rows


def _explain_csv(path: Path, dialect: _Dialect, columns: int) -> str:
    """Say where a CSV is broken, by reading it once more row by row."""
    try:
        with _rows(path, dialect) as (rows, line_number):
            start = dialect.skipped
            for row in rows:
                if row and len(row) != columns:
                    kind = NAMED.get(dialect.delimiter, "delimiter")
                    return (
                        f"{path}, line {start + 1}: found {len(row)} cells; the header has {columns}: "
                        f"mend the line, or quote cells that hold a {kind}, a quote or a line break"
                    )
                start = line_number()
    except csv.Error:
        return f"{path}, line {start + 1}: cannot be read as CSV; mend the line"
    return f"{path}: cannot be read as CSV; is a row longer than {BLOCK_BYTES >> 20} MB, or a quote left open?"
