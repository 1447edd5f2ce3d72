"""Latent vectors of a `GANNetwork`, in numpy: noise, and the conditional symbol."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.tabular.symbols import SymbolTable

__all__ = ["MLP_RATIO", "conditional_columns", "conditional_latents", "enter_conditional"]

MLP_RATIO = 2  # width of a feed-forward layer of the GANNetwork, divided by its width
MOST_CONDITIONALS = 64  # coarse symbols of a conditional column


def conditional_columns(table: SymbolTable) -> list[int]:
    """Indices of columns whose symbols can be conditional: those of few symbols, or all that vary if there are none."""
    varying = [i for i in range(table.count) if table.coarse[i] > 1]
    return [i for i in varying if table.coarse[i] <= MOST_CONDITIONALS] or varying or [0]


def conditional_latents(
    weights: Mapping[str, np.ndarray], rng: np.random.Generator, rows: int, share: np.ndarray | None = None
) -> np.ndarray:
    """Sample latent vectors (rows, latent + 1) float32: noise, then the index of the conditional symbol.

    The index is that in the table of coarse symbols. share: (all coarse,), frequencies of conditional symbols, by
    default those in training.
    """
    cumulative = np.cumsum(weights["conditional_share"] if share is None else share, dtype=np.float64)
    conditional = np.searchsorted(cumulative, rng.random(rows) * cumulative[-1], side="right")
    conditional = np.minimum(conditional, np.flatnonzero(np.diff(cumulative, prepend=0.0))[-1])
    noise = rng.standard_normal((rows, len(weights["enter"])), np.float32)
    return np.hstack([noise, conditional[:, None].astype(np.float32)])


def enter_conditional(weights: Mapping[str, np.ndarray], latent: np.ndarray) -> np.ndarray:
    """The input of the generator's first block: (n, latent + 1) to (n, width)."""
    x: np.ndarray = latent[:, :-1] @ weights["enter"]
    x += weights["enter_bias"]
    x += weights["conditional"][latent[:, -1].astype(np.int64)]
    return x
