"""Baselines against class imbalance that need no generator: class weights, random oversampling, SMOTE."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synthdata.augmentation.proof.estimators import Estimator

__all__ = ["BASELINES", "NOTHING", "baselines"]

NEIGHBOURS = 5
NOTHING = "nothing"
NEEDS_EXTRA = "not measured: needs imbalanced-learn; pip install 'synthdata[augment]'"

Rows = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # features, codes, weights


def baselines(estimator: Estimator, features: np.ndarray, codes: np.ndarray, *, seed: int) -> dict[str, Rows | str]:
    """Training rows as each baseline changes them, by its name, or why it is not measured.

    features: (n, columns) float64. codes: (n,) of classes; for a numeric target there is only doing nothing.
    """
    found: dict[str, Rows | str] = {NOTHING: (features, codes, None)}
    if estimator.classes:
        for name, baseline in BASELINES.items():
            found[name] = baseline(estimator, features, codes, np.random.default_rng([seed, 12]))
    return found


def _weighted(estimator: Estimator, features: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> Rows | str:
    """All classes have the same total weight."""
    if not estimator.takes_weights:
        return "not measured: the estimator takes no weights"
    counts = np.bincount(codes, minlength=estimator.classes)
    return features, codes, len(codes) / (np.count_nonzero(counts) * counts[codes])


def _oversampled(estimator: Estimator, features: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> Rows | str:
    """Random rows of rarer classes are repeated."""
    counts = np.bincount(codes, minlength=estimator.classes)
    again = [rng.choice(np.flatnonzero(codes == code), counts.max() - counts[code]) for code in np.unique(codes)]
    rows = np.concatenate([np.arange(len(codes)), *again])
    return features[rows], codes[rows], None


def _smoted(estimator: Estimator, features: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> Rows | str:
    """Rows interpolated between neighbours of a rarer class (SMOTE, Chawla et al. 2002, arXiv:1106.1813).

    SMOTE accepts no missing cells: numbers are filled with their median, categories with a category of their own.
    Numbers are standardised for the distances, and scaled back after.
    """
    try:
        from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC
    except ImportError:
        return NEEDS_EXTRA
    fewest = int(np.bincount(codes)[np.unique(codes)].min())
    if fewest < 2:
        return "not measured: a class has a single row"
    are_categorical = estimator.are_categorical
    missing = np.isnan(features)
    middle = np.array([np.nanmedian(each) if not np.isnan(each).all() else 0.0 for each in features.T])
    filled = np.where(missing, np.where(are_categorical, -1.0, middle), features)
    mean, spread = filled.mean(axis=0), filled.std(axis=0)
    mean[are_categorical], spread[are_categorical | (spread == 0)] = 0.0, 1.0
    settings = {"random_state": int(rng.integers(2**31)), "k_neighbors": min(NEIGHBOURS, fewest - 1)}
    if are_categorical.all():
        sampler = SMOTEN(**settings)
    elif are_categorical.any():
        sampler = SMOTENC(np.flatnonzero(are_categorical).tolist(), **settings)
    else:
        sampler = SMOTE(**settings)
    made, labels = sampler.fit_resample((filled - mean) / spread, codes)
    made = made * spread + mean
    made[:, are_categorical] = np.where(made[:, are_categorical] < 0, np.nan, made[:, are_categorical])
    made[: len(features)] = features  # the real rows, as they were
    return made, labels, None


BASELINES: dict[str, Callable[[Estimator, np.ndarray, np.ndarray, np.random.Generator], Rows | str]] = {
    "class weights": _weighted,
    "random oversampling": _oversampled,
    "SMOTE": _smoted,
}
