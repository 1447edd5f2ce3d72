"""Frames and arrays as scikit-learn hands them over, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from synthdata.fields.base import Field
from synthdata.tables import LEAST_TO_TRAIN

__all__ = ["like", "named_frame", "seed_of"]

MOST_SEED = 2**31 - 1


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """The seed that a `random_state` stands for; an int is itself."""
    drawn = check_random_state(random_state)  # which refuses what is none
    return int(random_state) if isinstance(random_state, int | np.integer) else int(drawn.randint(MOST_SEED))


def named_frame(estimator: Any, data: Any, *, reset: bool) -> pd.DataFrame:
    """The rows as a frame, checked against those that `estimator` was fitted to; columns of an array are x0, x1, ..."""
    if isinstance(data, pd.DataFrame):
        validate_data(estimator, data, reset=reset, skip_check_array=True)
        return data
    array = validate_data(estimator, data, reset=reset, dtype=None, ensure_all_finite="allow-nan")
    if reset and len(array) < LEAST_TO_TRAIN:
        raise ValueError(f"found {len(array)} sample(s); at least {LEAST_TO_TRAIN} are needed to learn anything")
    return pd.DataFrame(array, columns=[f"x{number}" for number in range(array.shape[1])])


def like(column: pd.Series, read: pd.Series, values: pd.Series, field: Field) -> pd.Series:
    """Values (m,) of the field's type, in the type of a column as it came: categories may be added to its own.

    read: the column in the field's type. A text is spelled as the column spells the same value, where it does.
    """
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
        return values.astype(column.dtype)
    if pd.api.types.infer_dtype(column, skipna=True) not in ("string", "categorical", "empty"):
        return values.astype(object)
    there = read.notna().to_numpy()
    spelled = dict(zip(field.write(read[there]).astype("str"), column[there], strict=True))
    written = field.write(values).astype("str").map(lambda text: spelled.get(text, text))
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return written.astype(column.dtype)
    written = written.astype(column.cat.categories.dtype)
    added = pd.Index(written.dropna().unique()).difference(column.cat.categories)
    return written.astype(column.cat.add_categories(added).dtype)
