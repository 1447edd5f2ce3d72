"""Fidelity: how alike synthetic and real rows are, column by column, pair by pair, missing cells, and as a whole.

Each measure takes a reference (training rows) and any other rows, so that the same code gives the score of synthetic
rows, that of held-out real ones and that of independent columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from threadpoolctl import threadpool_limits

from synthdata.evaluation.features import CodedColumn, Coding, Table
from synthdata.evaluation.report import Curve

__all__ = ["Told", "alike_columns", "alike_missing", "alike_pairs", "independent", "tell_apart"]

PAIR_BINS = 10  # of equal mass among the reference's rows
FOLDS = 3
TREES = 100
ROC_POINTS = 200


def alike_columns(coding: Coding, reference: Table, other: Table) -> list[float | None]:
    """One score a column in [0, 1], of present values; None where either side has none.

    Quantities: 1 - Kolmogorov-Smirnov distance. Symbols: 1 - total variation distance of their shares.
    """
    return [_alike(column, reference.values[:, i], other.values[:, i]) for i, column in enumerate(coding.columns)]


def _alike(column: CodedColumn, reference: np.ndarray, other: np.ndarray) -> float | None:
    reference, other = reference[~np.isnan(reference)], other[~np.isnan(other)]
    if not len(reference) or not len(other):
        return None
    if not column.is_quantity:
        size = len(column.labels) + 1
        return 1 - _total_variation(_counts(reference, size), _counts(other, size))
    every = np.sort(np.concatenate([reference, other]))
    steps = [np.searchsorted(np.sort(side), every, side="right") / len(side) for side in (reference, other)]
    return float(1 - np.abs(steps[0] - steps[1]).max())


def _counts(codes: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(codes.astype(np.int64), minlength=size)


def _total_variation(one: np.ndarray, two: np.ndarray) -> float:
    return float(0.5 * np.abs(one / one.sum() - two / two.sum()).sum())


def alike_pairs(coding: Coding, reference: Table, others: Sequence[Table]) -> dict[tuple[int, int], list[float]]:
    """One score in [0, 1] a pair of columns, for each of `others`; pairs that cannot be compared are left out.

    Two quantities: 1 - half the difference of Pearson's correlations. Else: 1 - total variation distance of the
    contingency tables, quantities cut at the reference's deciles, missing being a symbol of its own.
    """
    tables = [reference, *others]
    correlations = [_correlations(coding, table) for table in tables]
    cells = [_cells(coding, reference, table) for table in tables]
    result = {}
    for i, j in combinations(range(len(coding.columns)), 2):
        if not coding.are_symbols[[i, j]].any():
            found = [float(correlation[i, j]) for correlation in correlations]
            scores = [1 - abs(found[0] - each) / 2 for each in found[1:]]
        else:
            sizes = [1 + max(int(cell[:, at].max(initial=0)) for cell in cells) for at in (i, j)]
            joint = [np.bincount(cell[:, i] * sizes[1] + cell[:, j], minlength=sizes[0] * sizes[1]) for cell in cells]
            scores = [1 - _total_variation(joint[0], each) for each in joint[1:]]
        if np.isfinite(scores).all():
            result[i, j] = scores
    return result


def _correlations(coding: Coding, table: Table) -> np.ndarray:
    """Pearson's correlations of rows in which both are present: (columns, columns), NaN where there is none."""
    present = ~np.isnan(table.values) & ~coding.are_symbols
    scale = np.nanmax(np.abs(np.where(present, table.values, 0.0)), axis=0, initial=0.0)
    values = np.where(present, table.values, 0.0) / np.where(scale > 0, scale, 1.0)
    both = present.astype(np.float64)
    rows = np.maximum(both.T @ both, 1.0)
    mean = values.T @ both / rows  # [i, j]: of i, where j is present as well
    square = (values * values).T @ both / rows - mean**2
    product = values.T @ values / rows - mean * mean.T
    spread = square * square.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-24, np.clip(product / np.sqrt(spread), -1, 1), np.nan)


def _cells(coding: Coding, reference: Table, table: Table) -> np.ndarray:
    """Which cell of a contingency table each value is in: (n, columns) int64, 0 where missing."""
    result = np.zeros(table.values.shape, np.int64)
    for i, column in enumerate(coding.columns):
        values = table.values[:, i]
        present = ~np.isnan(values)
        if column.is_quantity:
            known = reference.values[:, i]
            known = known[~np.isnan(known)]
            edges = np.unique(np.quantile(known, np.linspace(0, 1, PAIR_BINS + 1)[1:-1])) if len(known) else np.empty(0)
            result[present, i] = 1 + np.searchsorted(edges, values[present], side="right")
        else:
            result[present, i] = 1 + values[present].astype(np.int64)
    return result


def alike_missing(reference: Table, other: Table) -> float | None:
    """1 - total variation distance of the patterns of missing cells; None if nothing is missing in either."""
    patterns = [np.packbits(np.isnan(table.values), axis=1) for table in (reference, other)]
    if not any(pattern.any() for pattern in patterns):
        return None
    _, number = np.unique(np.concatenate(patterns), axis=0, return_inverse=True)
    number = number.ravel()
    size, rows = int(number.max()) + 1, len(reference)
    return 1 - _total_variation(_counts(number[:rows], size), _counts(number[rows:], size))


def independent(table: Table, rng: np.random.Generator) -> Table:
    """The rows with every column shuffled on its own: what is left where no dependence was learned."""
    return Table(rng.permuted(table.values, axis=0), table.keys)


@dataclass(frozen=True)
class Told:
    """What came of trying to tell rows apart.

    auc: .5 if they cannot be told apart. roc: the curve. by_column: how much the AUC falls when a column is shuffled.
    """

    auc: float
    roc: Curve
    by_column: tuple[float, ...]


def tell_apart(
    coding: Coding, real: Table, other: Table, label: str, rng: np.random.Generator, *, by_column: bool = False
) -> Told:
    """Train boosted trees to tell rows apart, as many of either, each told by trees that have not seen its like.

    Equal rows are in one fold: else a copy would be told from its original, with certainty and the wrong way round. So
    are all rows of a real subject, and their copies: else a row would be known by the others of its subject. The
    classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545).
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score, roc_curve

    rows = min(len(real), len(other))
    sides = [side.sample(rows, rng) for side in (real, other)]
    features = np.vstack([coding.features(side) for side in sides])
    is_real = np.repeat([1, 0], rows)
    told, falls = np.full(2 * rows, 0.5), np.zeros(features.shape[1])
    with threadpool_limits(1, user_api="openmp"):  # several wait for each other where cores are busy
        for fit, test in _folds(_groups(sides), rng):
            if min(len(np.unique(is_real[fit])), len(np.unique(is_real[test]))) < 2:
                continue  # of few different rows, all of one side
            trees = HistGradientBoostingClassifier(
                max_iter=TREES,
                min_samples_leaf=min(20, max(2, rows // 25)),
                categorical_features=coding.are_symbols,
                early_stopping=False,
                random_state=0,
            )
            trees.fit(features[fit], is_real[fit])
            told[test] = trees.predict_proba(features[test])[:, 1]
            if by_column and not falls.any():
                whole = roc_auc_score(is_real[test], told[test])
                for column in range(features.shape[1]):
                    shuffled = features[test].copy()
                    shuffled[:, column] = rng.permutation(shuffled[:, column])
                    falls[column] = whole - roc_auc_score(is_real[test], trees.predict_proba(shuffled)[:, 1])
    false, true, _ = roc_curve(is_real, told)
    x = np.linspace(0, 1, ROC_POINTS)
    curve = Curve(label, tuple(np.round(x, 4).tolist()), tuple(np.round(np.interp(x, false, true), 4).tolist()))
    return Told(float(roc_auc_score(is_real, told)), curve, tuple(falls.tolist()))


def _groups(sides: Sequence[Table]) -> np.ndarray:
    """What must not be divided: (rows,) int64. Rows of a subject; else equal rows, those of a subject's with it."""
    keys = np.concatenate([side.keys for side in sides])
    group = np.unique(keys, return_inverse=True)[1].ravel()
    if all(side.numbers is None for side in sides):
        return group
    whose = np.concatenate([np.full(len(side), -1) if side.numbers is None else side.numbers for side in sides])
    first = np.full(int(group.max()) + 1, -1)
    first[group[whose >= 0]] = whose[whose >= 0]
    belongs = np.where(whose >= 0, whose, first[group])
    return np.where(belongs >= 0, belongs, int(whose.max()) + 1 + group)


def _folds(group: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit and rows to test on, groups (rows,) together."""
    _, group = np.unique(group, return_inverse=True)
    group = group.ravel()
    fold = (rng.permutation(int(group.max()) + 1) % FOLDS)[group]
    for number in range(FOLDS):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)
