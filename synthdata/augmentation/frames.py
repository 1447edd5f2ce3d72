"""Frames and arrays of scikit-learn: how they come in, and go out."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from synthdata.errors import InputError
from synthdata.fields.base import Field
from synthdata.io.readers import LEAST_TO_TRAIN

__all__ = ["like", "named_frame", "seed_of"]

MOST_SEED = 2**31 - 1


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """The seed for a `random_state`; an int is its own seed."""
    drawn = check_random_state(random_state)  # raises for anything else
    return int(random_state) if isinstance(random_state, int | np.integer) else int(drawn.randint(MOST_SEED))


def named_frame(estimator: Any, data: Any, *, reset: bool) -> pd.DataFrame:
    """The rows as a frame, checked against those of `fit`; columns of an array are named x0, x1, ..."""
    whole = [name for name in estimator.schema.joined if name in data] if estimator.schema is not None else []
    if whole and isinstance(data, pd.DataFrame):
        raise InputError(f'column "{whole[0]}" of X holds several fields; give them apart: X = schema.split(X)')
    if isinstance(data, pd.DataFrame):
        if not data.columns.is_unique:
            twice = data.columns[data.columns.duplicated()][0]
            raise InputError(f'two columns of X are named "{twice}"; rename one')
        validate_data(estimator, data, reset=reset, skip_check_array=True)
        return data
    array = validate_data(estimator, data, reset=reset, dtype=None, ensure_all_finite="allow-nan")
    if reset and len(array) < LEAST_TO_TRAIN:
        raise ValueError(f"found {len(array)} sample(s); at least {LEAST_TO_TRAIN} are needed to learn anything")
    return pd.DataFrame(array, columns=[f"x{number}" for number in range(array.shape[1])])


def like(column: pd.Series, values: pd.Series, field: Field) -> pd.Series:
    """Values (m,) of the field's type, converted to the type of the given column, which may gain categories.

    A text is spelled as in the column, if the same value occurs there.
    """
    if pd.api.types.is_integer_dtype(column) and pd.api.types.is_float_dtype(values):
        values = values.round()  # of a field that has decimals where the column has none
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        if field.rare_label is not None and values.eq(field.rare_label).any():
            raise InputError(
                f'column "{column.name}" is a {field.kind}, and values that few rows have come as '
                f'"{field.rare_label}", which {column.dtype} cannot hold; turn the column into text, or declare '
                f"another kind"
            )
        return values.astype(column.dtype)
    if isinstance(column.dtype, pd.CategoricalDtype):
        present = pd.Series(column.cat.remove_unused_categories().cat.categories)
        return _categorical(column, _as_present(present, values, field))
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind in ("string", "empty"):
        return _as_present(column.dropna().drop_duplicates(), values, field).astype(column.dtype)
    if kind == "date" and pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.date
    elif field.is_discrete and pd.api.types.is_string_dtype(values):
        values = _as_present(column.dropna().drop_duplicates(), values, field)
    return values.astype(object).where(values.notna(), np.nan)


def _as_present(present: pd.Series, values: pd.Series, field: Field) -> pd.Series:
    """Values of the field's type (m,) as objects: the cell of `present` (k,) that reads as the same value.

    Values without such a cell are written by the field.
    """
    keys = field.parse(present, str(present.name))
    is_first = (keys.notna() & ~keys.duplicated()).to_numpy(bool)
    places = pd.Index(keys[is_first]).get_indexer(pd.Index(values))
    cells = field.write(values).astype("str").astype(object)
    cells[places >= 0] = present[is_first].to_numpy(object)[places[places >= 0]]
    return cells


def _categorical(column: pd.Series, cells: pd.Series) -> pd.Series:
    """Cells (m,) in the type of a categorical column, with missing categories added."""
    categories = column.cat.categories
    lacking = ~cells.isin(categories.tolist()) & cells.notna()
    with suppress(TypeError, ValueError):  # such as the rare label among intervals: it stays text
        cells[lacking] = cells[lacking].astype("str").astype(categories.dtype).astype(object)
    added = pd.Index(cells[lacking].unique(), dtype=object).difference(categories.astype(object), sort=False)
    return cells.astype(column.cat.add_categories(added.tolist()).dtype)
