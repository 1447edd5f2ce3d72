"""What is counted of the columns before training: where heads start, and what each column weighs in a loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from synthdata.models.tabular.symbols import NEVER, Numbering

__all__ = ["Frequencies", "entropies"]

LEAST_ENTROPY = 0.02  # nats; columns of less weigh no more


@dataclass(frozen=True)
class Frequencies:
    """Of the training rows.

    major_log: (all majors,) float32, log-marginals, NEVER where a symbol does not occur.
    minor_log: (all majors, most minors) float32, log-marginals given the major.
    shares: (columns,) float32, what each column's log-likelihood counts for.
    """

    numbering: Numbering
    major_log: np.ndarray
    minor_log: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, numbering: Numbering, symbols: np.ndarray, balance: float = 0.0) -> Self:
        """Count symbols (rows, columns, 2); columns weigh by their entropy to the power -`balance`."""
        return cls(numbering, *_log_marginals(numbering, symbols), _loss_shares(symbols, balance))

    @property
    def logs(self) -> dict[str, np.ndarray]:
        """The log-marginals by the names samplers take them by."""
        return {"major_log": self.major_log, "minor_log": self.minor_log}


def entropies(symbols: np.ndarray) -> np.ndarray:
    """Entropy of each column's symbols (rows, columns, 2), in nats: (columns,)."""
    result = []
    for major, minor in symbols.astype(np.int64).transpose(1, 2, 0):
        counts = np.bincount(major * (minor.max() + 1) + minor)
        share = counts[counts > 0] / len(symbols)
        result.append(float(-(share * np.log(share)).sum()))
    return np.array(result)


def _log_marginals(numbering: Numbering, symbols: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log-frequencies of majors (all majors,) and of minors given their major (all majors, most); NEVER for none."""
    most = numbering.most_minors
    major = np.full(numbering.rows, NEVER, np.float32)
    minor = np.full((numbering.rows, most), NEVER, np.float32)
    for i, column in enumerate(numbering.columns):
        pair = symbols[:, i, 0].astype(np.int64) * most + symbols[:, i, 1]
        counts = np.bincount(pair, minlength=column.majors * most).reshape(column.majors, most)
        rows = counts.sum(axis=1)
        here = slice(numbering.starts[i], numbering.starts[i + 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            major[here] = np.maximum(np.log(rows / len(symbols)), NEVER)
            minor[here] = np.maximum(np.log(counts / np.maximum(rows, 1)[:, None]), NEVER)
    return major, minor


def _loss_shares(symbols: np.ndarray, balance: float) -> np.ndarray:
    """What the log-likelihood of each column counts for in a loss, by its entropy: (columns,) float32.

    A target of two values would else be drowned by amounts of many. The loss of independent columns stays the same.
    """
    each = np.maximum(entropies(symbols), LEAST_ENTROPY)
    shares = each**-balance
    result: np.ndarray = (shares * each.sum() / (shares * each).sum()).astype(np.float32)
    return result
