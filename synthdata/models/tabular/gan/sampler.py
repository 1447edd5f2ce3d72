"""Latent vectors of a `GANNetwork`, in numpy: noise, and one symbol of the row, the conditional symbol."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.tabular.symbols import SymbolTable

__all__ = ["MLP_RATIO", "conditional_columns", "conditional_latents", "enter_conditional"]

MLP_RATIO = 2  # width of a GANNetwork's feed-forward layers, in widths
MOST_CONDITIONALS = 64  # symbols of a column that can be a condition


def conditional_columns(table: SymbolTable) -> list[int]:
    """The columns whose symbols can be conditions: those of few symbols, or all if there are none."""
    some = [i for i in range(table.count) if table.coarse[i] > 1]
    return [i for i in some if table.coarse[i] <= MOST_CONDITIONALS] or some or [0]


def conditional_latents(
    weights: Mapping[str, np.ndarray], rng: np.random.Generator, rows: int, share: np.ndarray | None = None
) -> np.ndarray:
    """Draw latent vectors (rows, latent + 1) float32; the last number is the conditional symbol's row in the table.

    share: how often each conditional symbol comes, (all coarse,), in place of how often it came in training.
    """
    upto = np.cumsum(weights["conditional_share"] if share is None else share, dtype=np.float64)
    conditional = np.searchsorted(upto, rng.random(rows) * upto[-1], side="right")
    conditional = np.minimum(conditional, np.flatnonzero(np.diff(upto, prepend=0.0))[-1])
    noise = rng.standard_normal((rows, len(weights["enter"])), np.float32)
    return np.hstack([noise, conditional[:, None].astype(np.float32)])


def enter_conditional(weights: Mapping[str, np.ndarray], latent: np.ndarray) -> np.ndarray:
    """What goes into the first block: (n, latent + 1) to (n, width)."""
    x: np.ndarray = latent[:, :-1] @ weights["enter"]
    x += weights["enter_bias"]
    x += weights["conditional"][latent[:, -1].astype(np.int64)]
    return x
