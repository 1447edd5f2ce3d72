"""Workbooks of Excel and OpenDocument: one sheet, each column in the narrowest type that holds its cells."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from synthdata.errors import DataError, nearest
from synthdata.extras import needed
from synthdata.io.readers.headers import (
    check_header,
    header_row,
    numbered,
    told_apart,
    without_totals,
    without_unnamed,
)
from synthdata.io.readers.opening import MOST_BYTES, MOST_RATIO, READ_AS, check_names
from synthdata.schema.source import FOUND, Source

__all__ = ["read_workbook"]

LOOKED_AT = 200  # rows that a header is told by


def read_workbook(path: Path, source: Source) -> pd.DataFrame:
    """Read the sheet that the source names, or the only one that holds anything."""
    with needed("excel", f"{path}: reading {path.suffix}"):
        import python_calamine as calamine
    _check_size(path)
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        name = _sheet(book.sheet_names, source, path, book)
        rows: list[list[Any]] = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
    except calamine.PasswordError:
        raise DataError(f"{path}: has a password; save the sheet without one") from None
    except calamine.CalamineError:
        raise DataError(f"{path}: broken workbook, or another format; write or fetch the file again") from None
    frame, remarks = _table(rows[source.skip_rows :], source, path)
    frame.attrs[READ_AS] = [f"{path}: {each}" for each in remarks]
    frame.attrs[FOUND] = (source.model_copy(update={"sheet": name}) if len(book.sheet_names) > 1 else source).said
    return frame


def _check_size(path: Path) -> None:
    """Refuse a packed workbook that says it holds far more than its own bytes."""
    try:
        with zipfile.ZipFile(path) as parts:
            whole = sum(part.file_size for part in parts.infolist())
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):  # an older format, or broken
        return
    if whole > MOST_BYTES + MOST_RATIO * path.stat().st_size:
        raise DataError(
            f"{path}: holds more than {MOST_RATIO} times its own bytes, as no workbook does; if it is right, save the "
            f"sheet as CSV"
        )


def _sheet(names: Sequence[str], source: Source, path: Path, book: Any) -> str:
    """The sheet to read; DataError if there are several that hold something."""
    if source.sheet is not None:
        if source.sheet not in names:
            raise DataError(f'{path}: no sheet "{source.sheet}"; {nearest(source.sheet, names)}')
        return source.sheet
    filled = [name for name in names if book.get_sheet_by_name(name).height > 1]
    if not filled:
        raise DataError(f"{path}: found no rows; a header and rows are needed")
    if len(filled) > 1:
        listed = ", ".join(f'"{name}"' for name in filled[:5]) + (", ..." if len(filled) > 5 else "")
        raise DataError(
            f"{path}: holds {len(filled)} sheets, {listed}: "
            "say which with --sheet (in a schema, source: {sheet: ...})"
        )
    return filled[0]


def _table(rows: list[list[Any]], source: Source, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Cells as a frame; remarks say what was left out."""
    filled = [row for row in rows if any(cell != "" for cell in row)]
    if not filled:
        raise DataError(f"{path}: found no rows; a header and rows are needed")
    first = [[_as_text(cell) for cell in row] for row in filled[:LOOKED_AT]]
    titles = 0 if source.skip_rows or source.header is False else header_row(first)
    remarks = [f"{titles} row{'s'[: titles > 1]} above the header left out"] if titles else []
    filled, first = filled[titles:], first[titles:]
    if source.header is False:
        names = numbered(len(filled[0]))
    else:
        names, filled = first[0], filled[1:]
        if source.header is None:
            check_header(names, first[1:], path)
    blank = len(rows) - titles - len(filled) - (source.header is not False)
    names, twice = told_apart(names)
    check_names(names, path)
    remarks += twice
    columns = {name: [row[place] for row in filled] for place, name in enumerate(names)}
    frame = pd.DataFrame(
        {name: _typed([None if cell == "" else cell for cell in cells]) for name, cells in columns.items()}
    )
    frame, unnamed = without_unnamed(frame, path)
    frame, totals = without_totals(frame, path, source.most_bad(len(frame)))
    if blank > 0:
        remarks.append(f"{blank:,} empty row{'s'[: blank > 1]} left out")
    return frame, [*remarks, *unnamed, *totals]


def _typed(cells: list[Any]) -> pd.Series:
    """The narrowest type that holds all cells of a column as they are; text, as a person sees it, if there is none."""
    kinds = {type(cell) for cell in cells if cell is not None}
    nulls = any(cell is None for cell in cells)
    if kinds == {bool}:
        return pd.Series(cells, dtype="boolean" if nulls else "bool")
    if kinds and kinds <= {int, float}:
        whole = all(cell is None or (float(cell).is_integer() and abs(cell) < 2**53) for cell in cells)
        if whole:
            return pd.Series(
                pd.array([None if cell is None else int(cell) for cell in cells], "Int64" if nulls else "int64")
            )
        # a workbook shows 15 digits, and the noise of its own arithmetic lies behind them
        return pd.Series([None if cell is None else float(f"{cell:.15g}") for cell in cells], dtype="float64")
    if kinds and kinds <= {dt.date, dt.datetime}:
        return pd.Series(pd.array([None if cell is None else pd.Timestamp(cell) for cell in cells], "datetime64[us]"))
    if kinds == {dt.timedelta}:
        seconds = [None if cell is None else cell.total_seconds() for cell in cells]
        return pd.Series(seconds, dtype="float64")
    return pd.Series([None if cell is None else _as_text(cell) for cell in cells], dtype="str")


def _as_text(cell: Any) -> str:
    """A cell as a person sees it: whole numbers without a point, a day without its midnight."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, dt.datetime):
        return str(cell.date() if cell.time() == dt.time() else cell)
    return str(cell)
