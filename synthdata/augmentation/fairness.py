"""Fairness of a table: whether the target is as frequent in each group of a sensitive column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthdata.errors import InputError
from synthdata.evaluation.coding import Coding
from synthdata.evaluation.gains import parity
from synthdata.evaluation.inputs import Target
from synthdata.schema import Schema

__all__ = ["groups_of", "target_parity"]


def groups_of(table: pd.DataFrame, schema: Schema, sensitive: str) -> np.ndarray:
    """Codes of the groups of a sensitive column: (n,) int64, rows that lack it being a group of their own."""
    coding = Coding.of(schema, table)
    if sensitive not in coding.names or coding.columns[coding.names.index(sensitive)].is_quantity:
        raise InputError(f'"{sensitive}" has no groups to be treated alike: name a column of few values')
    values = coding.table(table).values[:, coding.names.index(sensitive)]
    return np.where(np.isnan(values), -1, values).astype(np.int64)


def target_parity(table: pd.DataFrame, schema: Schema, sensitive: str) -> float:
    """Demographic parity difference of the target itself, see `evaluation.gains.parity`; 0 where it is independent."""
    target = Target.of(schema, table, None)
    codes = target.codes(table)
    known = ~np.isnan(codes)
    if not target.labels:
        raise InputError(f'"{target.name}" is a quantity; parity is about classes')
    return parity(codes[known].astype(np.int64), groups_of(table, schema, sensitive)[known])
