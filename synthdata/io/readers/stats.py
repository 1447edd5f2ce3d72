"""Files of statistics packages: Stata, SAS and SPSS; values that have labels are categories by their labels."""

from __future__ import annotations

import datetime as dt
import inspect
from pathlib import Path
from typing import Any

import pandas as pd

from synthdata.errors import DataError
from synthdata.extras import needed
from synthdata.io.readers.opening import READ_AS, check_names
from synthdata.schema.source import Source

__all__ = ["read_statistics"]

READ_BY = {
    ".dta": "read_dta",
    ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
    ".sav": "read_sav",
    ".zsav": "read_sav",
}


def read_statistics(path: Path, source: Source) -> pd.DataFrame:
    """Read a file by its ending. Missing values of any sort, those that a user declared as well, are missing."""
    with needed("stats", f"{path}: reading {path.suffix}"):
        import pyreadstat
    read = getattr(pyreadstat, READ_BY[path.suffix.lower()])
    options = {} if source.encoding is None else {"encoding": source.encoding}
    try:
        frame, about = read(str(path), dates_as_pandas_datetime=True, **options)
    except (pyreadstat.ReadstatError, OverflowError, ValueError) as error:  # the last two of values that are no dates
        told = f": {error}" if isinstance(error, pyreadstat.ReadstatError) else ", a value is broken"
        raise DataError(f"{path}: cannot be read{told}; write or fetch the file again") from None
    check_names(list(frame), path)
    columns, labelled, partly = {}, [], []
    for name in frame:
        labels = about.variable_value_labels.get(name, {})
        plain = _column(frame[name])
        if labels and plain.dropna().isin(list(labels)).all():
            columns[name] = _named(plain, labels)
            labelled.append(name)
        else:
            columns[name] = plain
            partly += [name] if labels else []
    declared = _declared_missing(read, path, options) & set(frame)
    remarks = {
        "as missing, where values are declared so": sorted(map(str, declared)),
        "by the labels of their values": labelled,
        "as numbers, since some values have no label": partly,
    }
    read_as = pd.DataFrame(columns)
    read_as.attrs[READ_AS] = [f"{path}: read {how}: {_listed(names)}" for how, names in remarks.items() if names]
    return read_as


def _declared_missing(read: Any, path: Path, options: dict[str, str]) -> set[str]:
    """Columns of which some values are declared to mean a missing one."""
    if "user_missing" not in inspect.signature(read).parameters:
        return set()
    about = read(str(path), metadataonly=True, user_missing=True, **options)[1]
    return {*about.missing_ranges, *about.missing_user_values}


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")


def _named(column: pd.Series, labels: dict[Any, str]) -> pd.Series:
    """Values as their labels, in the order of the values; values of one label are one."""
    names = column.map({value: str(label).strip() for value, label in labels.items()}).astype("str")
    order = dict.fromkeys(str(labels[value]).strip() for value in sorted(labels))
    return names.astype(pd.CategoricalDtype(list(order)))


def _column(column: pd.Series) -> pd.Series:
    """A column in the narrowest type that holds it: whole numbers and texts instead of floats and objects."""
    if pd.api.types.is_float_dtype(column):
        present = column.dropna()
        is_whole = len(present) and (present == present.round()).all() and (present.abs() < 2**53).all()
        return column.astype("Int64" if column.isna().any() else "int64") if is_whole else column
    if column.dtype != object and not pd.api.types.is_string_dtype(column):
        return column
    cells: list[Any] = [None if _is_missing(cell) else cell for cell in column]
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {dt.date, dt.datetime}:
        return pd.Series(pd.array([None if cell is None else pd.Timestamp(cell) for cell in cells], "datetime64[us]"))
    return pd.Series([None if cell is None else str(cell) for cell in cells], dtype="str")


def _is_missing(cell: Any) -> bool:
    return cell is None or cell != cell or (isinstance(cell, str) and not cell.strip())
