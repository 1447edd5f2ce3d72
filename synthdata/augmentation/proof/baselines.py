"""What helps against rare classes without a generator: weights, oversampling, SMOTE. What a proof compares with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from synthdata.augmentation.proof.estimators import Estimator

__all__ = ["BASELINES", "NOTHING", "baselines"]

NEIGHBOURS = 5
NOTHING = "nothing"
NEEDS_EXTRA = 'not measured: needs imbalanced-learn; install synthdata with the extra "augment"'

Rows = tuple[np.ndarray, np.ndarray, np.ndarray | None]  # features, codes, weights


def baselines(learner: Estimator, features: np.ndarray, codes: np.ndarray, *, seed: int) -> dict[str, Rows | str]:
    """Training rows as each remedy leaves them, by its name, or why it is not measured.

    features: (n, columns) float64. codes: (n,) of classes; numbers have doing nothing alone.
    """
    found: dict[str, Rows | str] = {NOTHING: (features, codes, None)}
    if learner.classes:
        for name, remedy in BASELINES.items():
            found[name] = remedy(learner, features, codes, np.random.default_rng([seed, 12]))
    return found


def _weighted(learner: Estimator, features: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> Rows | str:
    """Each class weighs the same."""
    if not learner.takes_weights:
        return "not measured: the learner takes no weights"
    counts = np.bincount(codes, minlength=learner.classes)
    return features, codes, len(codes) / (np.count_nonzero(counts) * counts[codes])


def _oversampled(learner: Estimator, features: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> Rows | str:
    """Rows of rarer classes are repeated at random."""
    counts = np.bincount(codes, minlength=learner.classes)
    again = [rng.choice(np.flatnonzero(codes == code), counts.max() - counts[code]) for code in np.unique(codes)]
    rows = np.concatenate([np.arange(len(codes)), *again])
    return features[rows], codes[rows], None


def _smoted(learner: Estimator, features: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> Rows | str:
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
    are_categorical = learner.are_categorical
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
