"""Cells of text as numbers, exactly and quickly; and what their writing says of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute

from synthdata.fields.cells import cells_as_text

__all__ = ["has_signs", "has_three_decimals", "to_numbers"]

FIRST = 100  # cells that show how numbers are written


def has_three_decimals(text: pd.Series) -> bool:
    """Whether all points of a column stand before three digits, as those between thousands do."""
    if any(len(after) != 3 for cell in text.iloc[:FIRST].tolist() for after in cell.split(".")[1:]):
        return False
    return bool(text.str.contains(".", regex=False).any() and text.str.fullmatch(r"[+-]?\d{1,3}(\.\d{3})*").all())


def has_signs(text: pd.Series) -> bool:
    """Whether numbers are written with what Python reads and would not write: a plus, or an exponent everywhere."""
    first = text.iloc[:FIRST].tolist()
    return any(cell.startswith("+") for cell in first) or all("e" in cell.lower() for cell in first)


def to_numbers(cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Parse cells as int64 if all are integers, else as float64; also a bool array of those that failed."""
    if pd.api.types.is_bool_dtype(cells):
        return cells.astype("int64"), np.zeros(len(cells), bool)
    if not pd.api.types.is_numeric_dtype(cells):
        if pd.api.types.is_datetime64_any_dtype(cells):
            return pd.Series(0, index=cells.index), np.ones(len(cells), bool)
        text = cells_as_text(cells)
        numbers = _cast(text)
        if numbers is not None:
            return numbers, np.zeros(len(text), bool)
        odd = text.str.contains("[_x]", regex=True).to_numpy(bool)
        cells = pd.Series(
            (text.where(~odd, "?") if odd.any() else text).to_numpy(object), index=cells.index, name=cells.name
        )
    values = pd.to_numeric(cells, errors="coerce")
    values = values.astype(np.dtype(values.dtype.name.lower()) if values.dtype.kind in "iu" else np.float64)
    bad = ~np.isfinite(values.to_numpy("float64"))
    return values.where(~bad, 0), bad


def _cast(text: pd.Series) -> pd.Series | None:
    """Text as int64 or float64, if all of it is plain integers, or all plain decimals; quick."""
    cells = pa.array(text, pa.large_string(), from_pandas=True)
    for kind, pattern in ((pa.int64(), r"^-?\d+$"), (pa.float64(), r"^-?\d+\.\d+$")):
        if not pa.compute.all(pa.compute.match_substring_regex(cells, pattern), skip_nulls=False).as_py():
            continue
        try:
            return pd.Series(cells.cast(kind).to_numpy(zero_copy_only=False), index=text.index, name=text.name)
        except pa.ArrowInvalid:  # beyond 64 bits
            return None
    return None
