"""Rare values of the training rows that the synthetic rows disclose."""

from __future__ import annotations

import numpy as np

from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.privacy.copies import UNCOMPARED
from synthdata.evaluation.privacy.statistics import Share
from synthdata.evaluation.score import Score

__all__ = ["rare_values"]

RARE = 5  # a category of fewer training subjects is rare
MARGIN = 0.05  # above held-out rows: what is large enough to matter
LIMIT = f"at most {MARGIN:g} above held-out rows, or not significant"


def rare_values(
    space: FeatureSpace, train: Table, synthetic: Table, holdout: Table | None, rng: np.random.Generator
) -> Score:
    """The share of rare categories, of fewer than `RARE` training subjects, that the synthetic rows contain.

    As many held-out rows are the control, one of each subject: in a large sample some rare values are to be expected.
    Numbers and times are left out, since a new one may lie between two known ones. Without held-out rows all synthetic
    rows are compared, and nothing is judged.
    """
    if holdout is not None:
        if holdout.subject_ids is not None:
            holdout = holdout[holdout.subjects.capped(1, rng)]
        rows = min(len(synthetic), len(holdout))
        synthetic, holdout = synthetic.sample(rows, rng), holdout.sample(rows, rng)
    shown: dict[str, np.ndarray] = {}
    known: list[np.ndarray] = []
    for i, column in enumerate(space.columns):
        if column.is_ordered:
            continue
        present = ~np.isnan(train.values[:, i])
        codes = train.values[present, i].astype(np.int64)
        counts = train.subjects[present].count(codes, len(column.labels))[: len(column.labels)]
        rare = (counts > 0) & (counts < RARE)
        if rare.any():
            shown[column.name] = _category_counts(synthetic.values[:, i], len(rare))[rare] > 0
            known += [] if holdout is None else [_category_counts(holdout.values[:, i], len(rare))[rare] > 0]
    found = np.concatenate([np.zeros(0, bool), *shown.values()])
    note = ", ".join(
        f"{name}: {each.sum():,} of {len(each):,} rare values" for name, each in shown.items() if each.any()
    )
    attack = Share(float(found.mean()) if len(found) else 0.0, max(len(found), 1))
    if holdout is None:
        note = f"{note}; {UNCOMPARED}" if note else UNCOMPARED
        return Score.of("rare_values", attack.value, note=note)
    control = Share(float(np.concatenate(known).mean()) if known else 0.0, attack.rows)
    failed = attack.exceeds(control) and attack.value - control.value > MARGIN
    score = Score.anchored("rare_values", {"synthetic": attack.value, "holdout": control.value}, note=note)
    return score.judged(failed, LIMIT)


def _category_counts(values: np.ndarray, categories: int) -> np.ndarray:
    """How many rows have each category of the training rows: (categories,)."""
    return np.bincount(values[~np.isnan(values)].astype(np.int64), minlength=categories)[:categories]
