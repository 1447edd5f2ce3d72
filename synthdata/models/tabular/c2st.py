"""Quality of generated rows, measured by a classifier: for early stopping of adversarial training."""

from __future__ import annotations

import numpy as np

from synthdata.distances import c2st_scores
from synthdata.models.tabular.symbols import SymbolTable

__all__ = ["c2st_auc", "distinct_share"]

MOST_ROWS = 4000  # real rows, and as many generated ones
TREES = 60


def c2st_auc(table: SymbolTable, real: np.ndarray, generated: np.ndarray) -> float:
    """AUC of boosted trees on real and generated symbols, (n, columns, 2) each: .5 at chance, 1 if perfect.

    The classifier two-sample test (Lopez-Paz and Oquab 2017, arXiv:1610.06545), on equally many of both, in two folds.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    rows = min(len(real), len(generated), MOST_ROWS)
    both = np.concatenate([_features(table, side[:rows]) for side in (real, generated)])
    is_real = np.repeat([1, 0], rows)
    trees = HistGradientBoostingClassifier(max_iter=TREES, random_state=0)
    scores, _ = c2st_scores(trees, both, is_real, StratifiedKFold(2).split(both, is_real))
    return float(roc_auc_score(is_real, scores))


def distinct_share(symbols: np.ndarray) -> float:
    """Number of distinct rows over the number of rows, of symbols (n, columns, 2)."""
    return len(np.unique(symbols.reshape(len(symbols), -1), axis=0)) / len(symbols)


def _features(table: SymbolTable, symbols: np.ndarray) -> np.ndarray:
    """One number per column, which keeps the order of quantities: (n, columns)."""
    fine = np.array([column.fine for column in table.columns])
    has_fine = symbols[..., 0] >= table.firsts
    result: np.ndarray = symbols[..., 0] + np.where(has_fine, symbols[..., 1] / fine, 0.0)
    return result
