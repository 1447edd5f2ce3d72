"""What is counted of the columns before training: where heads start, and what each column weighs in a loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from synthdata.models.tabular.symbols import NEVER, SymbolTable

__all__ = ["Frequencies", "entropies"]

LEAST_ENTROPY = 0.02  # nats; columns of less weigh no more


@dataclass(frozen=True)
class Frequencies:
    """Of the training rows.

    coarse_log: (all coarse,) float32, log-marginals, NEVER where a symbol does not occur.
    fine_log: (all coarse, most fine) float32, log-marginals given the coarse symbol.
    shares: (columns,) float32, what each column's log-likelihood counts for.
    """

    table: SymbolTable
    coarse_log: np.ndarray
    fine_log: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, table: SymbolTable, symbols: np.ndarray, balance: float = 0.0) -> Self:
        """Count symbols (rows, columns, 2); columns weigh by their entropy to the power -`balance`."""
        return cls(table, *_log_marginals(table, symbols), _loss_shares(symbols, balance))

    @property
    def logs(self) -> dict[str, np.ndarray]:
        """The log-marginals by the names samplers take them by."""
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
    """Log-frequencies of coarse symbols (all coarse,) and of fine ones given these (all coarse, most); NEVER for 0."""
    most = table.most_fine
    coarse = np.full(table.rows, NEVER, np.float32)
    fine = np.full((table.rows, most), NEVER, np.float32)
    for i, column in enumerate(table.columns):
        pair = symbols[:, i, 0].astype(np.int64) * most + symbols[:, i, 1]
        counts = np.bincount(pair, minlength=column.coarse * most).reshape(column.coarse, most)
        rows = counts.sum(axis=1)
        here = slice(table.starts[i], table.starts[i + 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            coarse[here] = np.maximum(np.log(rows / len(symbols)), NEVER)
            fine[here] = np.maximum(np.log(counts / np.maximum(rows, 1)[:, None]), NEVER)
    return coarse, fine


def _loss_shares(symbols: np.ndarray, balance: float) -> np.ndarray:
    """What the log-likelihood of each column counts for in a loss, by its entropy: (columns,) float32.

    A target of two values would else be drowned by amounts of many. The loss of independent columns stays the same.
    """
    each = np.maximum(entropies(symbols), LEAST_ENTROPY)
    shares = each**-balance
    result: np.ndarray = (shares * each.sum() / (shares * each).sum()).astype(np.float32)
    return result
