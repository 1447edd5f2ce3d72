"""The layers of `layers.causal` in numpy, one step at a time; and the shapes of their weights."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.samplers.dense import TINY, activate
from synthdata.models.samplers.shapes import Shapes

__all__ = ["CausalSteps", "layer_shapes", "rms_norm", "rotations"]

BASE = 10_000.0  # base of the wavelengths of rotary embeddings


def layer_shapes(*, width: int, layers: int, wide: int) -> Shapes:
    """Weights by name, as `CausalLayers.export` gives them."""
    shapes: Shapes = {}
    for i in range(layers):
        shapes |= {f"{name}_{i}": (width, width) for name in ("query", "key", "value", "mix")}
        shapes |= {f"up_{i}": (width, wide), f"up_bias_{i}": (wide,), f"down_{i}": (wide, width)}
    return shapes


def rotations(steps: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines of rotary embeddings for heads of width `size`: (steps, size / 2) float32 each."""
    angles = np.arange(steps)[:, None] * BASE ** (-np.arange(size // 2) / (size // 2))
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


class CausalSteps:
    """The layers with a key-value cache for `rows` sequences of up to `steps` steps.

    rotary: whether queries and keys are rotated by their position.
    """

    def __init__(
        self, weights: Mapping[str, np.ndarray], heads: int, rows: int, steps: int, *, rotary: bool = False
    ) -> None:
        self.weights, self.heads = weights, heads
        self.layers = sum(name.startswith("query_") for name in weights)
        size = weights["query_0"].shape[1] // heads
        self.rotations = rotations(steps, size) if rotary else None
        self.matrices = [
            np.concatenate([weights[f"{name}_{i}"] for name in ("query", "key", "value")], axis=1)
            for i in range(self.layers)
        ]
        self.keys, self.values = (np.empty((self.layers, rows, heads, steps, size), np.float32) for _ in range(2))

    def keep(self, rows: np.ndarray) -> None:
        """Keep only these rows of the cache, by index (m,)."""
        self.keys, self.values = self.keys[:, rows], self.values[:, rows]

    def step(self, i: int, x: np.ndarray) -> np.ndarray:
        """Pass inputs (rows, width) of step `i` through all layers and the last norm; `x` is overwritten."""
        weights = self.weights
        for layer in range(self.layers):
            x += self._attended(layer, i, rms_norm(x)) @ weights[f"mix_{layer}"]
            inner = rms_norm(x) @ weights[f"up_{layer}"]
            inner += weights[f"up_bias_{layer}"]
            activate(inner)
            x += inner @ weights[f"down_{layer}"]
        return rms_norm(x)

    def _attended(self, layer: int, i: int, x: np.ndarray) -> np.ndarray:
        """As `attention.attend`, for one step: (rows, width) to the same shape."""
        products = (x @ self.matrices[layer]).reshape(len(x), 3, self.heads, -1)
        query, key, value = products[:, 0], products[:, 1], products[:, 2]
        if self.rotations is not None:
            query, key = self._rotated(query, i), self._rotated(key, i)
        keys, values = self.keys[layer], self.values[layer]
        keys[:, :, i], values[:, :, i] = key, value
        scores = (keys[:, :, : i + 1] @ query[..., None])[..., 0]  # (rows, heads, i + 1)
        top = np.maximum(scores.max(axis=-1, keepdims=True), 0.0)
        scores -= top
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True) + np.exp(-top)
        mixed: np.ndarray = scores[:, :, None] @ values[:, :, : i + 1]
        return mixed.reshape(len(x), -1)

    def _rotated(self, x: np.ndarray, i: int) -> np.ndarray:
        """Heads (rows, heads, size), rotated by step `i`."""
        assert self.rotations is not None
        cosine, sine = self.rotations[0][i], self.rotations[1][i]
        first, second = np.split(x, 2, axis=-1)
        return np.concatenate([first * cosine - second * sine, first * sine + second * cosine], axis=-1)


def rms_norm(x: np.ndarray) -> np.ndarray:
    """As `dense.rms_norm`, of states (rows, width)."""
    scale = np.einsum("nw,nw->n", x, x)
    scale /= x.shape[1]
    normed: np.ndarray = x / np.sqrt(scale + np.float32(TINY))[:, None]
    return normed
