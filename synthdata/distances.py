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


def unexplained(seen: np.ndarray, told: np.ndarray) -> float:
    """Mean variance of features (n, features) beyond what follows, in lines, from what is told (n, told)."""
    by = np.hstack([told, np.ones((len(told), 1), told.dtype)])
    left = seen - by @ np.linalg.lstsq(by, seen, rcond=None)[0]
    return float((left**2).mean())
