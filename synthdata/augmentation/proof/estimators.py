"""Any scikit-learn estimator, with the preprocessing that it needs."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from synthdata.errors import InputError

__all__ = ["TREES", "Estimator"]

TREES = "sklearn.ensemble.HistGradientBoostingClassifier"
REGRESSION_TREES = "sklearn.ensemble.HistGradientBoostingRegressor"
RARE_CATEGORY = 5  # rows a category needs for a one-hot column of its own


@dataclass(frozen=True)
class Estimator:
    """A scikit-learn estimator.

    given: a class, an instance, or a function that makes one; itself, or its import path.

    are_categorical: (columns,) bool, which features are codes of categories. classes: how many there are; 0 if the
    target is a number. Boosted trees take codes and missing values unchanged; for all other estimators categories are
    one-hot, and numbers are filled with their median and standardised.
    """

    given: Any
    are_categorical: np.ndarray
    classes: int

    @classmethod
    def of(cls, given: Any, are_categorical: np.ndarray, classes: int) -> Estimator:
        """An estimator, by default boosted trees. InputError if it cannot be imported or is no estimator."""
        estimator = cls(
            given if given is not None else (TREES if classes else REGRESSION_TREES), are_categorical, classes
        )
        estimator.made(0)
        return estimator

    @property
    def name(self) -> str:
        """Its name in reports."""
        if isinstance(self.given, str):
            return self.given
        return f"{self.given.__module__}.{self.given.__name__}" if inspect.isclass(self.given) else repr(self.given)

    def made(self, seed: int) -> Any:
        """A fresh estimator."""
        from sklearn.base import clone

        found = _imported(self.given) if isinstance(self.given, str) else self.given
        if not callable(found) and not hasattr(found, "fit"):
            raise InputError(f"estimator {found!r}: is neither a scikit-learn estimator nor the import path of one")
        estimator = clone(found) if hasattr(found, "fit") and not inspect.isclass(found) else found()
        needed = "predict_proba" if self.classes else "predict"
        if not hasattr(estimator, "fit") or not hasattr(estimator, needed):
            raise InputError(f"estimator {self.name}: has no fit and {needed}, which this target needs")
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=seed)
        return self._fed(estimator)

    def _fed(self, estimator: Any) -> Any:
        from sklearn.compose import ColumnTransformer
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import Pipeline, make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        if isinstance(estimator, HistGradientBoostingClassifier | HistGradientBoostingRegressor):
            return estimator.set_params(categorical_features=self.are_categorical)
        numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        categories = OneHotEncoder(
            handle_unknown="infrequent_if_exist", min_frequency=RARE_CATEGORY, sparse_output=False
        )
        columns = ColumnTransformer(
            [
                ("numbers", numbers, np.flatnonzero(~self.are_categorical)),
                ("categories", categories, np.flatnonzero(self.are_categorical)),
            ]
        )
        return Pipeline([("columns", columns), ("estimator", estimator)])

    @property
    def takes_weights(self) -> bool:
        """Whether its `fit` takes sample weights."""
        from sklearn.pipeline import Pipeline

        made = self.made(0)
        inner = made.steps[-1][1] if isinstance(made, Pipeline) else made
        return "sample_weight" in inspect.signature(inner.fit).parameters

    def predict(
        self,
        features: np.ndarray,
        target: np.ndarray,
        test_features: np.ndarray,
        *,
        seed: int,
        weights: np.ndarray | None = None,
    ) -> np.ndarray:
        """Fit to `features` (n, columns) and `target` (n,), codes of classes or numbers; predict `test_features`.

        Returns probabilities (m, classes), or numbers (m,).
        """
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.pipeline import Pipeline

        estimator = self.made(seed)
        extra: dict[str, Any] = {}
        if weights is not None:
            extra["estimator__sample_weight" if isinstance(estimator, Pipeline) else "sample_weight"] = weights
        with threadpool_limits(1, user_api="openmp"):  # more threads only wait for each other on busy cores
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # an estimator is compared as it is
                estimator.fit(features, target, **extra)
            if not self.classes:
                return np.asarray(estimator.predict(test_features), np.float64)
            probabilities = np.zeros((len(test_features), self.classes))
            probabilities[:, np.asarray(estimator.classes_, np.int64)] = estimator.predict_proba(test_features)
            return probabilities


def _imported(path: str) -> Any:
    room, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(room), name) if room else None
    except (ImportError, AttributeError, ValueError):
        found = None
    if not callable(found) and not hasattr(found, "fit"):
        raise InputError(
            f'estimator "{path}": cannot be imported; give the path of a scikit-learn estimator, like '
            f"sklearn.linear_model.LogisticRegression"
        )
    return found
