"""Distances between two samples: of values, of counts, of feature vectors."""

from __future__ import annotations

import numpy as np

__all__ = ["frechet_distance", "kernel_distance", "ks_distance", "residual_variance", "total_variation"]

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
