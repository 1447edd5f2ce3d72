"""Distances between sets of feature vectors."""

from __future__ import annotations

import numpy as np


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Squared distance of normals fitted to rows (n, features): Heusel et al. 2017 (arXiv:1706.08500, eq. 6).

    With features of our own: figures compare only with figures of the same real images.
    """
    first, second = first.astype(np.float64), second.astype(np.float64)
    apart = first.mean(axis=0) - second.mean(axis=0)
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ other @ root), 0, None)).sum()
    return max(float(apart @ apart + np.trace(one) + np.trace(other) - 2 * shared), 0.0)


def residual_variance(features: np.ndarray, condition: np.ndarray) -> float:
    """Mean variance of features (n, features) that a linear regression on the condition (n, width) leaves."""
    by = np.hstack([condition, np.ones((len(condition), 1), condition.dtype)])
    left = features - by @ np.linalg.lstsq(by, features, rcond=None)[0]
    return float((left**2).mean())
