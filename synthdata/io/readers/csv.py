"""CSV and other delimited text: text, cell by cell as written."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv

from synthdata.errors import DataError
from synthdata.io.readers.csv_dialect import NAMED, Dialect, badly_quoted, find_dialect, open_rows
from synthdata.io.readers.headers import without_blanks, without_unnamed
from synthdata.io.readers.opening import READ_AS, opened
from synthdata.schema.source import BAD_LINES, FOUND, Source

__all__ = ["read_csv"]

BLOCK_BYTES = 8 << 20  # what is read at a time; a single CSV row must fit into it
END_OF_FILE = "\x1a"  # which DOS wrote behind the last line


def read_csv(path: Path, source: Source) -> pd.DataFrame:
    """Read as text, all columns."""
    dialect = find_dialect(path, source)
    broken = badly_quoted(path, dialect)
    if broken and not source.bad_rows:
        line, why = next(iter(broken.items()))
        raise DataError(f"{path}, line {line}: {why}: mend the line, or leave it out (--reject-bad-rows {len(broken)})")
    if broken or dialect.delimiter == " ":  # which Arrow would read, or takes each blank for a delimiter
        frame, bad = _row_by_row(path, dialect, source)
    else:
        frame, bad = _parted(path, dialect, source)
    if bad and len(bad) > source.most_bad(len(frame) + len(bad)):
        raise DataError(f"{_explain_csv(path, dialect)}; {len(bad):,} lines are like this, and bad_rows allows fewer")
    if dialect.comment:
        frame = frame[~frame.iloc[:, 0].str.startswith(dialect.comment, na=False)].reset_index(drop=True)
    frame, unnamed = without_unnamed(frame, path)
    frame, blanks = without_blanks(frame, path, source.most_bad(len(frame)))
    frame.attrs[READ_AS] = [f"{path}: {each}" for each in (*dialect.remarks, *unnamed, *blanks)]
    if bad:
        frame.attrs[BAD_LINES] = bad
        frame.attrs[READ_AS] += [f"{path}: {len(bad):,} lines of too many or too few cells left out (bad_rows)"]
    frame.attrs[FOUND] = dialect.source(source).said
    return frame


def _parted(path: Path, dialect: Dialect, source: Source) -> tuple[pd.DataFrame, list[str]]:
    """All rows, and the lines that are none, if some may be left out."""
    bad: list[str] = []

    def handle(row: pa.csv.InvalidRow) -> str:
        if not _is_no_row(row.text, dialect):
            if not source.bad_rows:
                return "error"
            bad.append(row.text)
        return "skip"

    utf_8 = dialect.codec.startswith("utf-8") or dialect.codec == "utf_8"
    read = pa.csv.ReadOptions(
        block_size=BLOCK_BYTES,
        skip_rows=dialect.skipped,
        skip_rows_after_names=int(dialect.header),
        column_names=dialect.names,
        encoding="utf8" if utf_8 else dialect.codec,
    )
    parse = pa.csv.ParseOptions(
        delimiter=dialect.delimiter,
        newlines_in_values=True,
        escape_char=dialect.escape or False,
        invalid_row_handler=handle,
    )
    convert = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(dialect.names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    try:
        with opened(path) as file:
            table = pa.csv.read_csv(file, read_options=read, parse_options=parse, convert_options=convert)
    except pa.ArrowInvalid:
        raise DataError(_explain_csv(path, dialect)) from None
    return table.to_pandas().astype("str"), bad  # pandas takes a column of missing text for objects


def _row_by_row(path: Path, dialect: Dialect, source: Source) -> tuple[pd.DataFrame, list[str]]:
    """As `_parted`, without Arrow."""
    rows: list[list[str]] = []
    bad: list[str] = []
    with open_rows(path, dialect, strict=bool(source.bad_rows)) as (every, _):
        while True:
            try:
                row = next(every)
            except StopIteration:
                break
            except csv.Error:
                if not source.bad_rows:
                    raise DataError(_explain_csv(path, dialect)) from None
                bad += every.as_written
                continue
            if len(row) == len(dialect.names):
                rows.append(row)
            elif row and source.bad_rows and not _is_no_row(row[0], dialect):
                bad.append(dialect.delimiter.join(row))
            elif row and not _is_no_row(row[0], dialect):
                raise DataError(_explain_csv(path, dialect))
    cells = zip(*rows[int(dialect.header) :], strict=True)
    columns = {
        name: pd.Series([cell or None for cell in column], dtype="str")
        for name, column in zip(dialect.names, cells, strict=False)
    }
    return pd.DataFrame(columns, columns=list(dialect.names), dtype="str"), bad


def _is_no_row(text: str, dialect: Dialect) -> bool:
    """Whether a line that has not as many cells as the header is no row: a comment, or the mark of an end."""
    return text == END_OF_FILE or bool(dialect.comment and text.startswith(dialect.comment))


def _explain_csv(path: Path, dialect: Dialect) -> str:
    """Say where a CSV is broken, by reading it once more row by row."""
    columns = len(dialect.names)
    try:
        with open_rows(path, dialect) as (rows, line_number):
            start = dialect.skipped
            for row in rows:
                if row and len(row) != columns and not _is_no_row(row[0], dialect):
                    return f"{path}, line {start + 1}: {_odd(row, columns, dialect)}"
                start = line_number()
    except csv.Error:
        return f"{path}, line {start + 1}: cannot be read as CSV; mend the line"
    return f"{path}: cannot be read as CSV; is a row longer than {BLOCK_BYTES >> 20} MB, or a quote left open?"


def _odd(row: list[str], columns: int, dialect: Dialect) -> str:
    """What is odd about a row of too many or too few cells, and what to do."""
    found = f"found {len(row)} cells; the header has {columns}"
    if row[0].startswith("#"):
        return f'{found}: a comment? then say --comment "#" (in a schema, source: {{comment: "#"}})'
    if len(row) == 1 and columns > 1:
        return f"{found}: a title, a note or a total? take the line out, or say --skip-rows if it is above the header"
    kind = NAMED.get(dialect.delimiter, "delimiter")
    return f"{found}: mend the line, or quote cells that hold a {kind}, a quote or a line break"
