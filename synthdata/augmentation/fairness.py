"""Fairness of a table: demographic parity of the target over the groups of a sensitive column."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthdata.augmentation.amounts import Amount, shares_of
from synthdata.augmentation.augmenting import draw_parts
from synthdata.augmentation.proof.features import Target
from synthdata.augmentation.proof.gains import parity
from synthdata.augmentation.sources import Generated
from synthdata.errors import InputError, nearest
from synthdata.evaluation.feature_space import FeatureSpace
from synthdata.pipeline import check_learned_keys, suite_of
from synthdata.progress import Listener, silent
from synthdata.schema import Schema
from synthdata.schema.conditions import Where
from synthdata.synthesizer import Synthesizer
from synthdata.validation import Gate, Validated

__all__ = ["Independent", "generate_independent", "groups_of", "target_parity"]

PILOT = 5000  # rows from which frequencies of groups and classes are estimated


@dataclass(frozen=True)
class Independent:
    """Generated rows. learned, made: the target's demographic parity difference in the model, and in these rows."""

    validated: Validated
    learned: float
    made: float


def generate_independent(
    synthesizer: Synthesizer,
    rows: int,
    sensitive: str,
    *,
    where: Where = None,
    seed: int = 0,
    real: pd.DataFrame | None = None,
    listener: Listener = silent,
) -> Independent:
    """Generate rows in which the target is independent of a sensitive column; both keep their frequencies.

    Every combination of a group and a class is drawn under its condition, as often as independence asks for. InputError
    if the model hardly ever draws one of them. real: the real rows, if available: none of their keys and personal data
    is generated; InputError if the model has learned a column of these.
    """
    schema = synthesizer.schema
    if rows < 1:
        raise InputError(f"{rows} rows asked for; ask for at least 1")
    if real is not None:
        check_learned_keys(schema, real)
    pilot = synthesizer.sample(PILOT, where=where, seed=seed)
    known = pilot.iloc[:0] if real is None else schema.read(real)
    amount = Amount(independent=sensitive, where=where, rows=rows)
    parts = shares_of(pilot, schema, amount, seed=seed)
    drawn, _ = draw_parts(Generated(synthesizer), known, parts, seed=seed, listener=listener)
    mixed = drawn.iloc[np.random.default_rng([seed, 16]).permutation(len(drawn))].reset_index(drop=True)
    validated = Gate(schema, suite_of(synthesizer)).validate(mixed)
    return Independent(
        validated, target_parity(pilot, schema, sensitive), target_parity(validated.frame(), schema, sensitive)
    )


def groups_of(table: pd.DataFrame, schema: Schema, sensitive: str) -> np.ndarray:
    """Codes of the groups of a sensitive column: (n,) int64; rows without a value are a group of their own."""
    if sensitive not in schema.fields:
        raise InputError(f'no column "{sensitive}"; {nearest(sensitive, schema.fields)}')
    space = FeatureSpace.of(schema, table)
    if sensitive not in space.names or space.columns[space.names.index(sensitive)].is_numeric:
        raise InputError(f'"{sensitive}" has no groups to compare: name a column of few values')
    values = space.table(table).values[:, space.names.index(sensitive)]
    return np.where(np.isnan(values), -1, values).astype(np.int64)


def target_parity(table: pd.DataFrame, schema: Schema, sensitive: str) -> float:
    """Demographic parity difference of the target itself, see `proof.gains.parity`; 0 if it is independent."""
    target = Target.of(schema, table, None)
    codes = target.codes(table)
    known = ~np.isnan(codes)
    if not target.labels:
        raise InputError(f'"{target.name}" is a number; parity is about classes')
    return parity(codes[known].astype(np.int64), groups_of(table, schema, sensitive)[known])
