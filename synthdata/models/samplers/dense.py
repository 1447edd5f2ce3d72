"""What samplers share, in numpy: the residual blocks of `layers.dense` with folded weights, and drawing a symbol."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

__all__ = ["CHUNK", "TINY", "activate", "choose", "feed_forward"]

CHUNK = 1024  # states computed at once: their arrays stay in a core's cache
TINY = 1e-3  # added to mean squares, so that a state of zeros is not divided by zero; the same in training


def feed_forward(weights: Mapping[str, np.ndarray], x: np.ndarray, out: np.ndarray, spare: np.ndarray) -> np.ndarray:
    """Pass states (n, width) through all blocks and the last norm, into `out`; `x` and `spare` are overwritten."""
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
    """GELU in place, by the tangent (Hendrycks and Gimpel 2016, arXiv:1606.08415), as in training."""
    inner = x * x
    inner *= -0.0713548163
    inner -= 1.5957691216
    inner *= x
    with np.errstate(over="ignore"):  # far below zero: infinity, by which x becomes zero
        np.exp(inner, out=inner)
    inner += 1.0
    x /= inner


def choose(logits: np.ndarray, prefix: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Draw one symbol a row: logits (prefixes, size), prefix of each row (rows,), uniform (rows,); (rows,) int64."""
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    if len(logits) == len(prefix):  # a row each
        upto = np.cumsum(logits, axis=1, out=logits)
        return np.argmax(upto > (uniform * np.float32(1 - 1e-6) * upto[:, -1])[:, None], axis=1)
    upto = np.cumsum(logits, axis=1, dtype=np.float64)
    upto /= upto[:, -1:]
    upto += np.arange(len(upto))[:, None]  # ascending throughout: one search finds prefix and symbol
    position = np.searchsorted(upto.ravel(), prefix + uniform.astype(np.float64), side="right")
    return np.minimum(position - prefix * logits.shape[1], logits.shape[1] - 1)
