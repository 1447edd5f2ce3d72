"""Utility: how well a model trained on synthetic rows predicts real ones (TSTR).

Train on synthetic, test on real: Esteban et al. 2017 (arXiv:1706.02633, section 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from synthdata.evaluation.feature_space import FeatureSpace, Table

__all__ = ["Task", "tstr"]

TREES = 200
RATE = 0.05
FEWEST = 50  # rows with a target, to train on or to test on


@dataclass(frozen=True)
class Task:
    """What is predicted.

    column: its number. classes: the codes of two or more classes in the training rows; empty for a number.
    """

    column: int
    classes: tuple[int, ...]

    @classmethod
    def of(cls, space: FeatureSpace, train: Table, target: str) -> Task | str:
        """The task of predicting the target, or why there is none."""
        if target not in space.names:
            return f'the target "{target}" is not among the columns that are compared'
        column = space.names.index(target)
        values = train.values[:, column]
        values = values[~np.isnan(values)]
        if len(values) < FEWEST:
            return f'the target "{target}" has fewer than {FEWEST} values'
        if space.columns[column].is_numeric:
            return cls(column, ())
        found = tuple(np.unique(values).astype(int).tolist())
        return cls(column, found) if len(found) > 1 else f'the target "{target}" has a single class'

    @property
    def metric(self) -> str:
        """What `tstr` returns, for a person."""
        return "AUC" if self.classes else "R²"


def tstr(space: FeatureSpace, task: Task, train: Table, test: Table) -> float | str:
    """How well boosted trees trained on `train` predict `test`, or why that was not measured.

    Classes: area under the ROC curve; with several classes, the mean over those that occur, each against the rest.
    Numbers: the coefficient of determination, at least -1.
    """
    kept = [i for i in range(len(space.columns)) if i != task.column]
    sides = []
    for table in (train, test):
        target = table.values[:, task.column]
        known = ~np.isnan(target) if not task.classes else np.isin(target, task.classes)
        if known.sum() < FEWEST:
            return f"fewer than {FEWEST} rows have a class that the training rows have"
        sides.append((space.features(table)[known][:, kept], target[known]))
    (features, target), (test_features, truth) = sides
    if not kept:
        return "there is nothing to predict the target from"
    if task.classes:
        return _classified(space.are_categorical[kept], task, features, target, test_features, truth)
    return _regressed(space.are_categorical[kept], features, target, test_features, truth)


def _classified(
    are_categorical: np.ndarray,
    task: Task,
    features: np.ndarray,
    target: np.ndarray,
    test_features: np.ndarray,
    truth: np.ndarray,
) -> float | str:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    if len(np.unique(target)) < 2:
        return "all rows to train on have the same class"
    if len(np.unique(truth)) < 2:
        return "all rows to test on have the same class"
    trees = HistGradientBoostingClassifier(
        max_iter=TREES, learning_rate=RATE, categorical_features=are_categorical, early_stopping=True, random_state=0
    )
    rare = [code for code in np.unique(target) if (target == code).sum() < 2]  # cannot be split for early stopping
    enough = ~np.isin(target, rare)
    with threadpool_limits(1, user_api="openmp"):  # more threads only wait for each other on busy cores
        trees.fit(features[enough], target[enough])
        found = trees.predict_proba(test_features)
    places = {code: place for place, code in enumerate(trees.classes_.tolist())}
    none = np.zeros(len(test_features))
    chances = {code: found[:, places[code]] if code in places else none for code in task.classes}
    if len(task.classes) == 2:
        return float(roc_auc_score(truth == task.classes[1], chances[task.classes[1]]))
    occurring = [code for code in task.classes if 0 < (truth == code).sum() < len(truth)]
    return float(np.mean([roc_auc_score(truth == code, chances[code]) for code in occurring]))


def _regressed(
    are_categorical: np.ndarray, features: np.ndarray, target: np.ndarray, test_features: np.ndarray, truth: np.ndarray
) -> float | str:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.metrics import r2_score

    if truth.min() == truth.max():
        return "all rows to test on have the same target"
    trees = HistGradientBoostingRegressor(
        max_iter=TREES, learning_rate=RATE, categorical_features=are_categorical, early_stopping=True, random_state=0
    )
    with threadpool_limits(1, user_api="openmp"):
        trees.fit(features, target)
        return max(float(r2_score(truth, trees.predict(test_features))), -1.0)
