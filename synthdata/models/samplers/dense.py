"""Building blocks of samplers, in numpy: the residual blocks of `layers.dense`, and categorical sampling."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

__all__ = ["CHUNK", "TINY", "activate", "choose", "choose_shared", "feed_forward"]

CHUNK = 1024  # rows processed at once, so that arrays stay in a core's cache
BELOW_ONE = np.float32(1 - 1e-6)
TINY = 1e-3  # added to mean squares in norms, to avoid division by zero; the same in training


def feed_forward(weights: Mapping[str, np.ndarray], x: np.ndarray, out: np.ndarray, spare: np.ndarray) -> np.ndarray:
    """Pass `x` (n, width) through all blocks and the last norm, into `out`; overwrites `x` and the buffer `spare`."""
    for layer in range(sum(name.startswith("down_") for name in weights)):
        inner = _rms_norm(x, spare) @ weights[f"up_{layer}"]
        inner += weights[f"up_bias_{layer}"]
        activate(inner)
        np.matmul(inner, weights[f"down_{layer}"], out=spare)
        x += spare
    return _rms_norm(x, out)


def _rms_norm(x: np.ndarray, out: np.ndarray) -> np.ndarray:
    scale = np.einsum("nw,nw->n", x, x)
    scale /= x.shape[1]
    scale += TINY
    np.sqrt(scale, out=scale)
    return np.divide(x, scale[:, None], out=out)


def activate(x: np.ndarray) -> None:
    """GELU in place, tanh approximation (Hendrycks and Gimpel 2016, arXiv:1606.08415), as in training."""
    x *= 0.5
    inner = x * x
    inner *= 0.2854192651
    inner += 1.5957691216
    inner *= x
    np.tanh(inner, out=inner)
    inner += 1.0
    x *= inner


def choose(logits: np.ndarray, uniform: np.ndarray, least: np.ndarray | None = None) -> np.ndarray:
    """Sample a symbol for each row from its own categorical distribution, by inverse transform: (rows,) int64.

    logits: (rows, size), overwritten; best if it is a transposed array. uniform: (rows,) in [0, 1). least: (size,),
    probabilities below which a symbol is not drawn.
    """
    rows, size = logits.shape
    if size > rows:
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits, out=logits)
        if least is not None:
            shares[shares < least * shares.sum(axis=1, keepdims=True)] = 0
        cumulative = np.cumsum(shares, axis=1, out=logits)
        return np.argmax(cumulative > (uniform * BELOW_ONE * cumulative[:, -1])[:, None], axis=1)
    turned = _cumulative(logits, least)
    chosen: np.ndarray = (turned <= uniform * BELOW_ONE * turned[-1]).sum(axis=0)
    return chosen


def choose_shared(
    logits: np.ndarray, prefix: np.ndarray, uniform: np.ndarray, least: np.ndarray | None = None
) -> np.ndarray:
    """As `choose`, where many rows have the same distribution. logits: (prefixes, size). prefix: (rows,), its index."""
    turned, size = _cumulative(logits, least), logits.shape[1]
    turned /= turned[-1]
    ascending = np.arange(len(logits))[:, None] + turned.T  # float64, ascending throughout: one search finds both
    position = np.searchsorted(ascending.ravel(), prefix + uniform.astype(np.float64), side="right")
    return np.minimum(position - prefix * size, size - 1)


def _cumulative(logits: np.ndarray, least: np.ndarray | None = None) -> np.ndarray:
    """The exponentials of logits (n, size), summed up to each symbol: (size, n), since sums of short rows are slow."""
    turned = np.ascontiguousarray(logits.T)
    turned -= turned.max(axis=0)
    np.exp(turned, out=turned)
    if least is not None:
        turned[turned < least[:, None] * turned.sum(axis=0)] = 0
    for before, here in pairwise(turned):
        here += before
    return turned
