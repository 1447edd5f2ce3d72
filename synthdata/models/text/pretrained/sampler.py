"""Sampling from a fine-tuned GPT-2, in numpy; and the shapes of its weights.

Pre-norm, layer norms with gain and bias (Ba et al. 2016, arXiv:1607.06450), learned positions, GELU by its tanh
approximation: Radford et al. 2019. `network` folds norms and LoRA updates into the matrices.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np

from synthdata.models.samplers.dense import activate
from synthdata.models.samplers.shapes import Shapes
from synthdata.models.text.sampler import StepsFactory

__all__ = ["EPSILON", "pretrained_shapes", "pretrained_steps"]

EPSILON = 1e-5  # added to variances, as in GPT-2

Weights = Mapping[str, np.ndarray]


def pretrained_shapes(
    *, vocabulary: int, condition: int, prefix: int, length: int, width: int, layers: int, mlp_width: int
) -> Shapes:
    """Weights by name, as `PretrainedTextNetwork.export` gives them."""
    shapes: Shapes = {
        "vectors": (vocabulary, width),
        "positions": (prefix + length - 1, width),
        "prefix": (condition, prefix * width),
        "prefix_bias": (prefix * width,),
        "last_gain": (width,),
        "last_bias": (width,),
    }
    sizes = {
        "attend": (width, 3 * width),
        "mix": (width, width),
        "up": (width, mlp_width),
        "down": (mlp_width, width),
    }
    for i in range(layers):
        shapes |= {f"{name}_{i}": size for name, size in sizes.items()}
        shapes |= {f"{name}_bias_{i}": size[1:] for name, size in sizes.items()}
    return shapes


def pretrained_steps(weights: Weights, heads: int) -> StepsFactory:
    """The steps of a `PretrainedTextNetwork` with these weights."""
    return partial(_PretrainedSteps, weights, heads)


class _PretrainedSteps:
    """The steps of a `PretrainedTextNetwork`: the prefix, computed from the condition, precedes the text."""

    def __init__(self, weights: Weights, heads: int, condition: np.ndarray, length: int) -> None:
        self.weights, self.heads = weights, heads
        rows, width = len(condition), weights["vectors"].shape[1]
        self.layers = sum(name.startswith("attend_bias_") for name in weights)
        self.prefix = (condition @ weights["prefix"] + weights["prefix_bias"]).reshape(rows, -1, width)
        self.before_first = self.prefix.shape[1] - 1  # steps before the first token is sampled
        shape = (self.layers, rows, heads, self.before_first + length, width // heads)
        self.keys, self.values = np.empty(shape, np.float32), np.empty(shape, np.float32)

    def keep(self, rows: np.ndarray) -> None:
        """Keep only these rows, by index (m,)."""
        self.keys, self.values = self.keys[:, rows], self.values[:, rows]

    def state(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """States (n, width) of step `i`, given the previous tokens (n,), None at the first step."""
        if before is None:
            for position in range(self.before_first):
                self._step(position, self.prefix[:, position])
            return self._step(self.before_first, self.prefix[:, -1])
        return self._step(self.before_first + i, self.weights["vectors"][before])

    def logits(self, i: int, before: np.ndarray | None) -> np.ndarray:
        """Logits (n, vocabulary) of token `i`, given the previous tokens (n,), None at the first step."""
        logits: np.ndarray = self.state(i, before) @ self.weights["vectors"].T
        return logits

    def _step(self, position: int, x: np.ndarray) -> np.ndarray:
        """Pass the input of a position (n, width) through all layers and the last norm."""
        weights = self.weights
        x = x + weights["positions"][position]
        for layer in range(self.layers):
            x += self._times("mix", layer, self._attended(layer, position, _normed(x)))
            inner = self._times("up", layer, _normed(x))
            activate(inner)
            x += self._times("down", layer, inner)
        return _normed(x) * weights["last_gain"] + weights["last_bias"]

    def _times(self, name: str, layer: int, x: np.ndarray) -> np.ndarray:
        result: np.ndarray = x @ self.weights[f"{name}_{layer}"]
        result += self.weights[f"{name}_bias_{layer}"]
        return result

    def _attended(self, layer: int, position: int, x: np.ndarray) -> np.ndarray:
        """Scaled dot-product attention for one step: (n, width) to the same shape."""
        query, key, value = np.moveaxis(self._times("attend", layer, x).reshape(len(x), 3, self.heads, -1), 1, 0)
        keys, values = self.keys[layer], self.values[layer]
        keys[:, :, position], values[:, :, position] = key, value
        scores = (keys[:, :, : position + 1] @ query[..., None])[..., 0]  # (n, heads, position + 1)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed: np.ndarray = scores[:, :, None] @ values[:, :, : position + 1]
        return mixed.reshape(len(x), -1)


def _normed(x: np.ndarray) -> np.ndarray:
    """Layer norm over the last axis, without gain and bias."""
    x = x - x.mean(axis=-1, keepdims=True)
    variance = np.einsum("nw,nw->n", x, x) / x.shape[1]
    normed: np.ndarray = x / np.sqrt(variance + np.float32(EPSILON))[:, None]
    return normed
