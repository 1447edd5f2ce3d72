"""The y of scikit-learn as a column of a schema, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

from synthdata.augmentation.amounts import FEWEST
from synthdata.augmentation.frames import like
from synthdata.errors import InputError
from synthdata.fields import Category
from synthdata.fields.base import Field
from synthdata.schema import Schema

__all__ = ["Labels", "checked"]


def checked(labels: Any) -> tuple[np.ndarray, str]:
    """The values of y (n,), and their type as scikit-learn names it; ValueError if y is invalid."""
    values = column_or_1d(labels, warn=True)
    if pd.isna(values).any():
        raise ValueError("Input y contains NaN.")
    kind = type_of_target(values, input_name="y")
    if kind == "unknown":
        raise ValueError(f"Unknown label type: {kind}; y holds cells of several types, or objects")
    return values, kind


@dataclass(frozen=True)
class Labels:
    """y, and the field of its column.

    values: (n,) unchanged. classes: (k,) the distinct values, sorted; empty if y is a number. keys: (k,) the value of
    the column for each class.
    """

    values: np.ndarray
    field: Field
    classes: np.ndarray
    keys: pd.Series

    @classmethod
    def of(cls, labels: Any, declared: Field | None, *, balance: bool) -> Self:
        """The labels of y: a number if it has fractions, or if it consists of numbers and is not balanced.

        declared: the field of y, if a schema has one. Without it, numbers that are not balanced are still classes if
        each has enough rows. InputError for a class of fewer than `FEWEST` rows.
        """
        values, kind = checked(labels)
        classes, counts = np.unique(values, return_counts=True)
        is_small = counts.min() < FEWEST
        counted = values.dtype.kind in "iuf" and not balance and (declared is not None or is_small)
        if (kind == "continuous" or counted) and not (declared is not None and declared.is_discrete):
            field = declared or Schema.infer(pd.DataFrame({"y": values})).fields["y"]
            return cls(values, field, classes[:0], pd.Series(dtype="str"))
        is_public = declared is not None and declared.has_public_values
        if is_small and (balance or not is_public):
            raise InputError(
                f"y has a class in {counts.min()} real rows only; at least {FEWEST} are needed: what fewer rows have "
                f"in common is never learned, for privacy; leave these rows out, or, if y is a number, give "
                f"balance=False"
            )
        if declared is None:
            codes = [str(code) for code in range(len(classes))]
            return cls(values, Category(values=codes), classes, pd.Series(codes, dtype="str"))
        keys = declared.parse(pd.Series(classes), "y")
        if not keys.is_unique:
            raise InputError(f"the field of y reads two classes as the same {declared.kind}; correct it in the schema")
        return cls(values, declared, classes, keys)

    @property
    def column(self) -> pd.Series:
        """The column's cells: (n,)."""
        if not len(self.classes):
            return pd.Series(self.values)
        return self.keys.iloc[np.searchsorted(self.classes, self.values)].reset_index(drop=True)

    def back(self, cells: pd.Series) -> np.ndarray:
        """Convert cells of the field's type (m,) to values of y."""
        if not len(self.classes):
            return like(pd.Series(self.values), cells, self.field).to_numpy()
        drawn: np.ndarray = self.classes[pd.Index(self.keys).get_indexer(pd.Index(cells))]
        return drawn
