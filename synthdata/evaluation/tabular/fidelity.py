"""Fidelity: similarity of columns, of pairs of columns and of missing cells, and the classifier two-sample test.

Each metric compares a reference (training rows) with any other rows, so that the same code measures synthetic rows,
held-out real rows and independent columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from synthdata.distances import c2st_scores, ks_distance, total_variation
from synthdata.evaluation.feature_space import ComparedColumn, FeatureSpace, Table
from synthdata.evaluation.report import Curve

__all__ = ["C2ST", "c2st", "column_similarities", "missing_similarity", "pair_similarities"]

PAIR_BINS = 10  # of equal mass among the reference's rows
FOLDS = 3
TREES, FEWEST_TREES = 100, 25
MANY_COLUMNS = 100  # of more, fewer trees: each looks at all columns
ROC_POINTS = 200
SHUFFLED_ROWS = 3000  # of a fold, in which columns are shuffled


def column_similarities(space: FeatureSpace, reference: Table, other: Table) -> list[float | None]:
    """One similarity in [0, 1] for each column, of present values; None where either side has none.

    Numbers: 1 - Kolmogorov-Smirnov distance. Categories: 1 - total variation distance of their shares.
    """
    return [_similarity(column, reference.values[:, i], other.values[:, i]) for i, column in enumerate(space.columns)]


def _similarity(column: ComparedColumn, reference: np.ndarray, other: np.ndarray) -> float | None:
    reference, other = reference[~np.isnan(reference)], other[~np.isnan(other)]
    if not len(reference) or not len(other):
        return None
    if not column.is_numeric:
        size = len(column.labels) + 1
        return 1 - total_variation(_counts(reference, size), _counts(other, size))
    return 1 - ks_distance(reference, other)


def _counts(codes: np.ndarray, size: int) -> np.ndarray:
    return np.bincount(codes.astype(np.int64), minlength=size)


def pair_similarities(
    space: FeatureSpace, reference: Table, others: Sequence[Table]
) -> dict[tuple[int, int], list[float]]:
    """One similarity in [0, 1] for each pair of columns and each of `others`, as far as pairs can be compared.

    Two numbers: 1 - half the difference of Pearson's correlations. Else: 1 - total variation distance of the
    contingency tables, with numbers cut at the reference's deciles and missing as a category of its own.
    """
    tables = [reference, *others]
    correlations = [_correlations(space, table) for table in tables]
    cells = [_cells(space, reference, table) for table in tables]
    result = {}
    for i, j in combinations(range(len(space.columns)), 2):
        if not space.are_categorical[[i, j]].any():
            found = [float(correlation[i, j]) for correlation in correlations]
            scores = [1 - abs(found[0] - each) / 2 for each in found[1:]]
        else:
            sizes = [1 + max(int(cell[:, at].max(initial=0)) for cell in cells) for at in (i, j)]
            joint = [np.bincount(cell[:, i] * sizes[1] + cell[:, j], minlength=sizes[0] * sizes[1]) for cell in cells]
            scores = [1 - total_variation(joint[0], each) for each in joint[1:]]
        if np.isfinite(scores).all():
            result[i, j] = scores
    return result


def _correlations(space: FeatureSpace, table: Table) -> np.ndarray:
    """Pearson's correlations over rows in which both are present: (columns, columns), NaN where undefined."""
    present = ~np.isnan(table.values) & ~space.are_categorical
    scale = np.nanmax(np.abs(np.where(present, table.values, 0.0)), axis=0, initial=0.0)
    values = np.where(present, table.values, 0.0) / np.where(scale > 0, scale, 1.0)
    both = present.astype(np.float64)
    rows = np.maximum(both.T @ both, 1.0)
    mean = values.T @ both / rows  # [i, j]: of i, over rows in which j is present too
    square = (values * values).T @ both / rows - mean**2
    product = values.T @ values / rows - mean * mean.T
    spread = square * square.T
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 1e-24, np.clip(product / np.sqrt(spread), -1, 1), np.nan)


def _cells(space: FeatureSpace, reference: Table, table: Table) -> np.ndarray:
    """The cell of a contingency table that each value is in: (n, columns) int64, 0 where missing."""
    result = np.zeros(table.values.shape, np.int64)
    for i, column in enumerate(space.columns):
        values = table.values[:, i]
        present = ~np.isnan(values)
        if column.is_numeric:
            known = reference.values[:, i]
            known = known[~np.isnan(known)]
            edges = np.unique(np.quantile(known, np.linspace(0, 1, PAIR_BINS + 1)[1:-1])) if len(known) else np.empty(0)
            result[present, i] = 1 + np.searchsorted(edges, values[present], side="right")
        else:
            result[present, i] = 1 + values[present].astype(np.int64)
    return result


def missing_similarity(reference: Table, other: Table) -> float | None:
    """1 - total variation distance of the patterns of missing cells; None if nothing is missing in either."""
    patterns = [np.packbits(np.isnan(table.values), axis=1) for table in (reference, other)]
    if not any(pattern.any() for pattern in patterns):
        return None
    _, number = np.unique(np.concatenate(patterns), axis=0, return_inverse=True)
    number = number.ravel()
    size, rows = int(number.max()) + 1, len(reference)
    return 1 - total_variation(_counts(number[:rows], size), _counts(number[rows:], size))


@dataclass(frozen=True)
class C2ST:
    """Result of a classifier two-sample test.

    auc: 0.5 if the samples cannot be distinguished. roc: the ROC curve. by_column: permutation importance of each
    column, the fall of the AUC when it is shuffled.
    """

    auc: float
    roc: Curve
    by_column: tuple[float, ...]


def c2st(
    space: FeatureSpace, real: Table, other: Table, label: str, rng: np.random.Generator, *, by_column: bool = False
) -> C2ST:
    """Classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545): cross-validated AUC of boosted trees.

    Both sides have as many rows. Equal rows are in one fold: otherwise trees that saw a copy would classify its
    original, with certainty, as synthetic. All rows of a real subject, and copies of them, are in one fold too:
    otherwise trees would recognise a row by the others of its subject.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score, roc_curve

    rows = min(len(real), len(other))
    sides = [side.sample(rows, rng) for side in (real, other)]
    features = np.vstack([space.features(side) for side in sides])
    is_real = np.repeat([1, 0], rows)
    trees = HistGradientBoostingClassifier(
        max_iter=max(TREES * MANY_COLUMNS // max(features.shape[1], MANY_COLUMNS), FEWEST_TREES),
        min_samples_leaf=min(20, max(2, rows // 25)),
        categorical_features=space.are_categorical,
        early_stopping=False,
        random_state=0,
    )
    scores, fitted = c2st_scores(trees, features, is_real, _folds(_groups(sides), rng))
    falls = np.zeros(features.shape[1])
    for trained, test in fitted:  # one fold is enough, if its trees go by any column
        if by_column and not falls.any():
            some = rng.permutation(test)[:SHUFFLED_ROWS]
            falls = _importances(trained, features[some], is_real[some], rng)
    false, true, _ = roc_curve(is_real, scores)
    x = np.linspace(0, 1, ROC_POINTS)
    curve = Curve(label, tuple(np.round(x, 4).tolist()), tuple(np.round(np.interp(x, false, true), 4).tolist()))
    return C2ST(float(roc_auc_score(is_real, scores)), curve, tuple(falls.tolist()))


def _importances(trained: Any, features: np.ndarray, is_real: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Permutation importance: the fall of the AUC when a column is shuffled, (columns,)."""
    from sklearn.metrics import roc_auc_score

    falls = np.zeros(features.shape[1])
    with threadpool_limits(1, user_api="openmp"):
        whole = roc_auc_score(is_real, trained.predict_proba(features)[:, 1])
        for column in range(features.shape[1]):
            shuffled = features.copy()
            shuffled[:, column] = rng.permutation(shuffled[:, column])
            falls[column] = whole - roc_auc_score(is_real, trained.predict_proba(shuffled)[:, 1])
    return falls


def _groups(sides: Sequence[Table]) -> np.ndarray:
    """The group of each row, which no fold divides: (rows,) int64. Rows of a subject with their copies; equal rows."""
    keys = np.concatenate([side.keys for side in sides])
    group = np.unique(keys, return_inverse=True)[1].ravel()
    if all(side.subject_ids is None for side in sides):
        return group
    whose = np.concatenate([np.full(len(side), -1) if side.subject_ids is None else side.subject_ids for side in sides])
    first = np.full(int(group.max()) + 1, -1)
    first[group[whose >= 0]] = whose[whose >= 0]
    belongs = np.where(whose >= 0, whose, first[group])
    return np.where(belongs >= 0, belongs, int(whose.max()) + 1 + group)


def _folds(group: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit on and rows to test on; no group (rows,) is divided."""
    _, group = np.unique(group, return_inverse=True)
    group = group.ravel()
    fold = (rng.permutation(int(group.max()) + 1) % FOLDS)[group]
    for number in range(FOLDS):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)
