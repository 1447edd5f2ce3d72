"""Frequencies of symbols, counted before training: initial biases of heads, and loss weights of columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from synthdata.models.tabular.symbols import NEVER, SymbolTable

__all__ = ["Frequencies", "entropies"]

LEAST_ENTROPY = 0.02  # nats; columns of lower entropy are weighted as if they had this


@dataclass(frozen=True)
class Frequencies:
    """Log-frequencies of symbols in the training rows, and loss weights. "all coarse" is `table.coarse_rows`.

    coarse_log: (all coarse,) float32, log-marginals, NEVER where a symbol does not occur.
    fine_log: (all coarse, most fine) float32, log-frequencies given the coarse symbol.
    loss_weights: (columns,) float32, the weight of each column's log-likelihood in the loss; 0 of given ones.
    """

    table: SymbolTable
    coarse_log: np.ndarray
    fine_log: np.ndarray
    loss_weights: np.ndarray

    @classmethod
    def of(cls, table: SymbolTable, symbols: np.ndarray, balance: float = 0.0) -> Self:
        """Count symbols (rows, columns, 2); columns are weighted by their entropy to the power of `-balance`."""
        weights = np.zeros(table.count, np.float32)
        weights[table.given :] = _loss_weights(symbols[:, table.given :], balance)
        return cls(table, *_log_marginals(table, symbols), weights)

    @property
    def logs(self) -> dict[str, np.ndarray]:
        """The log-frequencies, by the names of their weights in samplers."""
        return {"coarse_log": self.coarse_log, "fine_log": self.fine_log}


def entropies(symbols: np.ndarray) -> np.ndarray:
    """Entropy of each column's symbols (rows, columns, 2), in nats: (columns,)."""
    result = []
    for coarse, fine in symbols.astype(np.int64).transpose(1, 2, 0):
        counts = np.bincount(coarse * (fine.max() + 1) + fine)
        share = counts[counts > 0] / len(symbols)
        result.append(float(-(share * np.log(share)).sum()))
    return np.array(result)


def _log_marginals(table: SymbolTable, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log-frequencies of coarse symbols (all coarse,) and fine ones given these (all coarse, most fine)."""
    most = table.most_fine
    coarse = np.full(table.coarse_rows, NEVER, np.float32)
    fine = np.full((table.coarse_rows, most), NEVER, np.float32)
    for i, column in enumerate(table.columns):
        pair = symbols[:, i, 0].astype(np.int64) * most + symbols[:, i, 1]
        counts = np.bincount(pair, minlength=column.coarse * most).reshape(column.coarse, most)
        rows = counts.sum(axis=1)
        here = slice(table.starts[i], table.starts[i + 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            coarse[here] = np.maximum(np.log(rows / len(symbols)), NEVER)
            fine[here] = np.maximum(np.log(counts / np.maximum(rows, 1)[:, None]), NEVER)
    return coarse, fine


def _loss_weights(symbols: np.ndarray, balance: float) -> np.ndarray:
    """The weight of each column's log-likelihood in the loss, by its entropy: (columns,) float32.

    Otherwise columns of many values would dominate a binary target. Normalised so that the loss of independent columns
    is unchanged.
    """
    entropy = np.maximum(entropies(symbols), LEAST_ENTROPY)
    weights = entropy**-balance
    result: np.ndarray = (weights * entropy.sum() / (weights * entropy).sum()).astype(np.float32)
    return result
