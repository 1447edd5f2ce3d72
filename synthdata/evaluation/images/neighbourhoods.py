"""Overlap of two sets of feature vectors by nearest neighbours: precision, recall, density, coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Neighbourhoods", "neighbourhoods"]

NEIGHBOURS = 5
CHUNK = 2000


@dataclass(frozen=True)
class Neighbourhoods:
    """Overlap of two sets of feature vectors.

    precision, recall: Kynkäänniemi et al. 2019 (arXiv:1904.06991). density, coverage: Naeem et al. 2020
    (arXiv:2002.09797). nearest: the number of the real vector nearest to each of the others, (n,).
    """

    precision: float
    recall: float
    density: float
    coverage: float
    nearest: np.ndarray


def neighbourhoods(real: np.ndarray, other: np.ndarray) -> Neighbourhoods:
    """Compare sets of feature vectors (n, width), with balls that reach to the fifth neighbour."""
    radius_real, radius_other = _radius(real), _radius(other)
    inside_real = np.zeros(len(other))  # how many balls of real vectors each lies in
    is_covered = np.zeros(len(real), bool)
    recalled = np.zeros(len(real), bool)
    nearest = np.empty(len(other), np.int64)
    for start in range(0, len(other), CHUNK):
        part = slice(start, start + CHUNK)
        distances = _distances(other[part], real)
        inside = distances < radius_real
        inside_real[part] = inside.sum(axis=1)
        is_covered |= inside.any(axis=0)
        recalled |= (distances < radius_other[part, None]).any(axis=0)
        nearest[part] = distances.argmin(axis=1)
    return Neighbourhoods(
        precision=float((inside_real > 0).mean()),
        recall=float(recalled.mean()),
        density=float(inside_real.mean() / NEIGHBOURS),
        coverage=float(is_covered.mean()),
        nearest=nearest,
    )


def _radius(features: np.ndarray) -> np.ndarray:
    """Distance to the fifth neighbour: (n,)."""
    result = np.empty(len(features))
    kept = min(NEIGHBOURS, len(features) - 1)
    for start in range(0, len(features), CHUNK):
        distances = _distances(features[start : start + CHUNK], features)
        result[start : start + CHUNK] = np.partition(distances, kept, axis=1)[
            :, kept
        ]  # the first neighbour is the vector itself
    return result


def _distances(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    squares = (one * one).sum(axis=1)[:, None] + (two * two).sum(axis=1) - 2 * one @ two.T
    distances: np.ndarray = np.sqrt(np.maximum(squares, 0.0))
    return distances
