"""Marks of missing values, which a source names: cells that mean a missing value in any column, of any format."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

__all__ = ["without_marks"]

NUMBER = re.compile(r"-?\d+")


def without_marks(frame: pd.DataFrame, marks: Sequence[str]) -> pd.DataFrame:
    """The frame with cells that are one of the marks missing; a whole number also means -99.0 and -99,0."""
    if not marks:
        return frame
    pattern = "|".join(re.escape(mark) + (r"(?:[.,]0+)?" if NUMBER.fullmatch(mark) else "") for mark in marks)
    numbers = [float(mark) for mark in marks if NUMBER.fullmatch(mark)]
    cleared = {name: _cleared(column, pattern, numbers) for name, column in frame.items()}
    result = pd.DataFrame(cleared, index=frame.index)
    result.attrs = frame.attrs
    return result


def _cleared(column: pd.Series, pattern: str, numbers: Sequence[float]) -> pd.Series:
    if pd.api.types.is_bool_dtype(column):
        return column
    if pd.api.types.is_numeric_dtype(column):
        marked = column.isin(numbers)
        whole = column.astype("Int64") if pd.api.types.is_integer_dtype(column) and marked.any() else column
        return whole.mask(marked)
    if isinstance(column.dtype, pd.CategoricalDtype):
        meant = column.astype("str").str.fullmatch(pattern, na=False)
        return column.mask(meant).cat.remove_unused_categories() if meant.any() else column
    if pd.api.types.is_string_dtype(column) and column.dtype != object:
        return column.mask(column.str.strip().str.fullmatch(pattern, na=False))
    return column
