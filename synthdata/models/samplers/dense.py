"""Building blocks of samplers, in numpy: the residual blocks of `layers.dense`, and categorical sampling."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["CHUNK", "TINY", "activate", "choose", "feed_forward"]

CHUNK = 1024  # rows processed at once, so that arrays stay in a core's cache
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
    inner = x * x
    inner *= -0.0713548163
    inner -= 1.5957691216
    inner *= x
    with np.errstate(over="ignore"):  # exp overflows to infinity far below zero, where GELU is zero
        np.exp(inner, out=inner)
    inner += 1.0
    x /= inner


def choose(logits: np.ndarray, prefix: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Sample one symbol per row from its categorical distribution, by inverse transform: (rows,) int64.

    logits: (prefixes, size), overwritten. prefix: (rows,), the row of `logits` to sample from; 0, 1, 2, ... if there
    are as many. uniform: (rows,) in [0, 1).
    """
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    if len(logits) == len(prefix):  # each row has logits of its own
        cumulative = np.cumsum(logits, axis=1, out=logits)
        return np.argmax(cumulative > (uniform * np.float32(1 - 1e-6) * cumulative[:, -1])[:, None], axis=1)
    cumulative = np.cumsum(logits, axis=1, dtype=np.float64)
    cumulative /= cumulative[:, -1:]
    cumulative += np.arange(len(cumulative))[:, None]  # ascending throughout: one search finds prefix and symbol
    position = np.searchsorted(cumulative.ravel(), prefix + uniform.astype(np.float64), side="right")
    return np.minimum(position - prefix * logits.shape[1], logits.shape[1] - 1)
