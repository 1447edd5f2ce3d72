"""Distances between two samples: of values, of counts, of feature vectors; and the classifier two-sample test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

__all__ = ["c2st_scores", "frechet_distance", "kernel_distance", "ks_distance", "residual_variance", "total_variation"]

CHUNK = 2000  # rows of a kernel matrix that are held at once


def ks_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of two samples (n,), (m,): the largest difference of their distribution functions."""
    every = np.sort(np.concatenate([first, second]))
    shares = [np.searchsorted(np.sort(side), every, side="right") / len(side) for side in (first, second)]
    return float(np.abs(shares[0] - shares[1]).max())


def total_variation(first: np.ndarray, second: np.ndarray) -> float:
    """Total variation distance of two samples, from how often each symbol occurs in them: counts (symbols,)."""
    return float(0.5 * np.abs(first / max(first.sum(), 1) - second / max(second.sum(), 1)).sum())


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Squared Fréchet distance of normals fitted to rows (n, features): Heusel et al. 2017 (arXiv:1706.08500, eq. 6).

    The features are the project's own, so that values compare only among evaluations of the same real images.
    """
    first, second = first.astype(np.float64), second.astype(np.float64)
    apart = first.mean(axis=0) - second.mean(axis=0)
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ other @ root), 0, None)).sum()
    return max(float(apart @ apart + np.trace(one) + np.trace(other) - 2 * shared), 0.0)


def kernel_distance(one: np.ndarray, two: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy (MMD) of rows (n, features).

    The kernel is the cubic one of Bińkowski et al. 2018 (arXiv:1801.01401).
    """
    width = one.shape[1]
    within = []
    for side in (one, two):
        total, diagonal = 0.0, 0.0
        for start in range(0, len(side), CHUNK):
            kernel = (side[start : start + CHUNK] @ side.T / width + 1) ** 3
            total += float(kernel.sum())
            diagonal += float(kernel[np.arange(len(kernel)), start + np.arange(len(kernel))].sum())
        within.append((total - diagonal) / (len(side) * (len(side) - 1)))
    across = sum(
        float((((part @ two.T) / width + 1) ** 3).sum()) for part in np.array_split(one, -(-len(one) // CHUNK))
    )
    return within[0] + within[1] - 2 * across / (len(one) * len(two))


def residual_variance(features: np.ndarray, condition: np.ndarray) -> float:
    """Mean variance of features (n, features) that a linear regression on the condition (n, width) leaves."""
    by = np.hstack([condition, np.ones((len(condition), 1), condition.dtype)])
    left = features - by @ np.linalg.lstsq(by, features, rcond=None)[0]
    return float((left**2).mean())


def c2st_scores(
    classifier: Any, features: np.ndarray, is_real: np.ndarray, folds: Iterable[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, list[tuple[Any, np.ndarray]]]:
    """Classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545): who is real, by cross-validation.

    classifier: of scikit-learn. features: (n, columns) of both samples. is_real: (n,) 0 or 1. folds: rows to fit on and
    rows to test on; a fold with one sample only is left out. Returns each row's probability of being real, (n,), 0.5
    where no fold tested it; and the fitted classifier of each fold with the rows it was tested on.
    """
    from sklearn.base import clone

    scores, fitted = np.full(len(features), 0.5), []
    with threadpool_limits(1, user_api="openmp"):  # more threads only wait for each other on busy cores
        for fit, test in folds:
            if min(len(np.unique(is_real[fit])), len(np.unique(is_real[test]))) < 2:
                continue
            trained = clone(classifier).fit(features[fit], is_real[fit])
            scores[test] = trained.predict_proba(features[test])[:, 1]
            fitted.append((trained, test))
    return scores, fitted
