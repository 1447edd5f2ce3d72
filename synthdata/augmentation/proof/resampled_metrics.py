"""Metrics of predictions on many bootstrap resamples at once: rows are sorted once, resamples are weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

__all__ = ["RESAMPLED", "resampled"]

RESAMPLES_AT_ONCE = 50


def auc(weights: np.ndarray, truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Area under the ROC curve: the probability that a true row scores above a false one, ties counting half.

    weights: (resamples, n), how often each row occurs. truth: (n,) bool. scores: (n,). Returns (resamples,).
    """
    true, false = _tied(weights, truth, scores)
    above = np.cumsum(true, axis=1) - true / 2  # true rows above each false one; highest scores first
    return np.asarray((above * false).sum(axis=1) / np.maximum(true.sum(axis=1) * false.sum(axis=1), 1e-300))


def average_precision(weights: np.ndarray, truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve, as steps: the mean precision at the true rows."""
    true, false = _tied(weights, truth, scores)
    found = np.cumsum(true, axis=1)
    precision = found / np.maximum(found + np.cumsum(false, axis=1), 1e-300)
    return np.asarray((precision * true).sum(axis=1) / np.maximum(true.sum(axis=1), 1e-300))


def _tied(weights: np.ndarray, truth: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weight of true and of false rows at each distinct score, highest first: (resamples, scores) each."""
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(scores[order]) != 0])
    sorted_weights, is_true = weights[:, order], truth[order]
    true = np.add.reduceat(sorted_weights * is_true, starts, axis=1)
    false = np.add.reduceat(sorted_weights * ~is_true, starts, axis=1)
    return true, false


def balanced_accuracy(weights: np.ndarray, truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Mean over classes of their recall. truth: codes (n,). probabilities: (n, classes)."""
    right = probabilities.argmax(axis=1) == truth
    shares = [
        (weights[:, of] * right[of]).sum(axis=1) / np.maximum(weights[:, of].sum(axis=1), 1e-300)
        for of in (truth == code for code in np.unique(truth))
    ]
    return np.asarray(np.mean(shares, axis=0))


def r2(weights: np.ndarray, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Coefficient of determination of predicted numbers (n,)."""
    total = weights.sum(axis=1)
    spread = (weights * truth**2).sum(axis=1) - (weights * truth).sum(axis=1) ** 2 / total
    return np.asarray(1 - (weights * (truth - predicted) ** 2).sum(axis=1) / np.maximum(spread, 1e-300))


def _each_class(
    metric: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """A metric of one class against the rest, averaged over the classes that occur; of two classes, the second."""

    def averaged(weights: np.ndarray, truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        codes = (
            [1]
            if probabilities.shape[1] == 2
            else [code for code in range(probabilities.shape[1]) if (truth == code).any()]
        )
        return np.asarray(np.mean([metric(weights, truth == code, probabilities[:, code]) for code in codes], axis=0))

    return averaged


ResampledMetric = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
RESAMPLED: dict[str, ResampledMetric] = {  # of two classes, the rarer one is the second
    "auc": _each_class(auc),
    "average_precision": _each_class(average_precision),
    "balanced_accuracy": balanced_accuracy,
    "r2": r2,
}


def resampled(name: str, weights: np.ndarray, truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """A metric on many resamples, with weights (resamples, n): (resamples,). Memory is bounded."""
    parts = np.array_split(weights, max(1, len(weights) // RESAMPLES_AT_ONCE))
    return np.concatenate([RESAMPLED[name](part.astype(np.float64), truth, predicted) for part in parts])
