"""Singling out: predicates, made from synthetic rows, that fit one real subject alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.privacy.control import against_control
from synthdata.evaluation.privacy.nearness import split_like
from synthdata.evaluation.privacy.statistics import Share, effective_rows
from synthdata.evaluation.score import Score

__all__ = ["singling_out"]

MISSING = -1e300  # stands for NaN in a predicate
PREDICATES = 2000  # of one column, and as many of several
MOST_IN_PREDICATE = 6  # columns
MOST_PARTS = 10  # of the training rows
WINDOW = 0.01  # of the training ranks, to either side: what "about as large" means in a predicate

Predicate = list[tuple[int, float, float]]  # the column, from, to


def singling_out(
    space: FeatureSpace, train: Table, synthetic: Table, holdout: Table, rng: np.random.Generator
) -> Score:
    """How often a predicate made from a synthetic row fits exactly one training subject.

    Anonymeter's singling out (Giomi et al. 2023, arXiv:2211.10459); the control is how often it fits exactly one
    held-out subject. Predicates are tried on training rows in parts as large as the holdout, and the shares averaged:
    among more rows fewer are alone.
    """
    parts, held_out = split_like(train, holdout, rng, MOST_PARTS)
    groups = [*parts, held_out]
    rows = np.concatenate([group.values for group in groups])
    rows[np.isnan(rows)] = MISSING
    columns = np.ascontiguousarray(rows.T)
    starts = np.cumsum([0, *map(len, groups)])
    whose = (
        np.arange(len(rows)) if train.subject_ids is None else np.concatenate([group.subjects.each for group in groups])
    )
    alone: list[list[int]] = [[] for _ in groups]
    predicates = [*_of_one_column(space, synthetic, rng), *_of_several_columns(space, synthetic, rng)]
    for predicate in predicates:
        fits = np.ones(len(rows), bool)
        for column, low, high in predicate:
            fits &= (columns[column] >= low) & (columns[column] <= high)
        found = np.flatnonzero(fits)
        ends = np.searchsorted(found, starts)
        for group in np.flatnonzero(np.diff(ends)):
            subjects = whose[found[ends[group] : ends[group + 1]]]
            if (subjects == subjects[0]).all():
                alone[group].append(int(subjects[0]))
    shares = [
        Share(len(hits) / len(predicates), effective_rows(len(predicates), np.array(hits, np.int64))) for hits in alone
    ]
    attack = Share(float(np.mean([s.value for s in shares[:-1]])), float(np.mean([s.rows for s in shares[:-1]])))
    return against_control("singling_out", attack, shares[-1])


def _of_one_column(space: FeatureSpace, synthetic: Table, rng: np.random.Generator) -> Iterator[Predicate]:
    """Values that only one synthetic row has, and whatever lies beyond the extremes of a column."""
    cells: list[Predicate] = []
    for i, column in enumerate(space.columns):
        values = synthetic.values[:, i]
        found, counts = np.unique(values[~np.isnan(values)], return_counts=True)
        cells += [[(i, value, value)] for value in rng.permutation(found[counts == 1])[:PREDICATES].tolist()]
        if column.is_numeric and len(found):
            cells += [[(i, float(found[-1]), np.inf)], [(i, MISSING / 2, float(found[0]))]]
    for number in rng.permutation(len(cells))[:PREDICATES].tolist():
        yield cells[number]


def _of_several_columns(space: FeatureSpace, synthetic: Table, rng: np.random.Generator) -> Iterator[Predicate]:
    """Some cells of one synthetic row: equal categories, and numbers about as large."""
    width = len(space.columns)
    for row in synthetic.values[rng.permutation(len(synthetic))[:PREDICATES]]:
        predicate: Predicate = []
        size = int(rng.integers(min(2, width), min(MOST_IN_PREDICATE, width) + 1))
        for i in rng.choice(width, size, replace=False).tolist():
            value = MISSING if np.isnan(row[i]) else float(row[i])
            known = space.columns[i].sorted_values
            if not space.columns[i].is_numeric or value == MISSING:
                predicate.append((i, value, value))
                continue
            reach = int(WINDOW * len(known))
            first, last = np.searchsorted(known, value, side="left"), np.searchsorted(known, value, side="right")
            low = known[max(int(first) - reach, 0) : int(first) + 1].min(initial=value)
            high = known[max(int(last) - 1, 0) : int(last) + reach].max(initial=value)
            predicate.append((i, float(low), float(high)))
        yield predicate
