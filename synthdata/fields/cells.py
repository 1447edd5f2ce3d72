"""Cells of a raw column: what type they have, how they read as text, and how messages name them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

__all__ = ["FOLDER", "NULL_WORDS", "cells_as_text", "holds_bytes", "named_cells", "plain", "rows_named"]

NULL_WORDS = frozenset(  # what stands for a missing number or date
    {"", "-", "--", "?", ".", "NA", "N/A", "n/a", "na", "NaN", "nan", "NaT", "NULL", "null", "None", "none", "<NA>"}
    | {"#N/A", "#NULL!", "nil", "0000-00-00", "0000-00-00 00:00:00"}
    | {"00.00.0000", "00/00/0000", "00000000", "n.a.", "N.A.", "n. a.", "k.A.", "k. A."}
)
FOLDER = "synthdata.folder"  # in a frame's attrs: where the table stood; paths in its cells are relative to it


def plain(present: pd.Series) -> pd.Series:
    """Present cells in their plain pandas type: categories and Arrow values unwrapped, dates as datetime64."""
    if isinstance(present.dtype, pd.CategoricalDtype):
        present = present.astype(present.cat.categories.dtype)
    if isinstance(present.dtype, pd.ArrowDtype):
        present = present.astype(object).infer_objects()
    if present.dtype == object and pd.api.types.infer_dtype(present) in ("date", "datetime", "datetime64"):
        try:
            present = pd.to_datetime(present)
        except ValueError:  # of several time zones
            present = pd.to_datetime(present, utc=True)
    return present


def holds_bytes(column: pd.Series) -> bool:
    """Whether any cell is bytes, which cannot be read as text."""
    return column.dtype == object and any(isinstance(cell, bytes) for cell in column.tolist())


def cells_as_text(column: pd.Series) -> pd.Series:
    """Return the cells as stripped text; missing stays missing."""
    text: pd.Series = column.astype("str").str.strip()
    return text


def named_cells(cells: pd.Series) -> pd.Series:
    """Present cells as text; whole numbers are written without a point, also where pandas read them as floats."""
    if pd.api.types.is_float_dtype(cells):
        numbers = cells.astype("float64")
        if (numbers == np.floor(numbers)).all() and (np.abs(numbers) < 2**53).all():
            cells = numbers.astype("int64")
    return cells.astype("str")


def rows_named(rows: Sequence[int] | np.ndarray) -> str:
    """Name rows for a message, counted from 1: `3 cells (rows 4, 9, 12)`."""
    shown = ", ".join(str(int(row) + 1) for row in rows[:5])
    more = ", ..." if len(rows) > 5 else ""
    cells, label = ("cell", "row") if len(rows) == 1 else ("cells", "rows")
    return f"{len(rows):,} {cells} ({label} {shown}{more})"
