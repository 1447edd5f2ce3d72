"""Dense layers: weights with initial values, matrix products that compile well, dropout, residual blocks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.samplers.dense import TINY

__all__ = ["Blocks", "Dropout", "activate", "dense", "rms_norm", "weight"]


def weight(layer: keras.layers.Layer, name: str, start: np.ndarray) -> Any:
    """Add a trainable weight with this initial value."""
    return layer.add_weight(name=name, shape=start.shape, initializer=lambda *_, **__: start.astype(np.float32))


def rms_norm(x: tf.Tensor) -> tf.Tensor:
    """Divide by the root mean square over the last axis: Zhang and Sennrich 2019 (arXiv:1910.07467, eq. 4)."""
    return x * tf.math.rsqrt(tf.reduce_mean(x * x, axis=-1, keepdims=True) + TINY)


def activate(x: tf.Tensor) -> tf.Tensor:
    """GELU, tanh approximation (Hendrycks and Gimpel 2016, arXiv:1606.08415)."""
    return tf.nn.gelu(x, approximate=True)


def dense(x: tf.Tensor, matrix: Any) -> tf.Tensor:
    """(..., width) times (width, wide), as one 2-D product, since XLA's gradient of a batched one is slow."""
    flat = tf.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1])) @ tf.convert_to_tensor(matrix)
    return tf.reshape(flat, (*x.shape[:-1], matrix.shape[-1]))


class Dropout:
    """Dropout (Srivastava et al. 2014) with a new mask at each call; the identity without a seed.

    share: of the units that are dropped. seed: (2,) int32.
    """

    def __init__(self, share: float, seed: tf.Tensor | None) -> None:
        self.share, self.seed, self.times = share, seed, 0

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Drop units of `x`, and scale the others, so that the mean stays."""
        if self.seed is None or not self.share:
            return x
        self.times += 1
        kept = tf.random.stateless_uniform(tf.shape(x), self.seed + self.times) >= self.share
        return tf.where(kept, x / (1 - self.share), 0.0)


class Blocks(keras.layers.Layer):
    """Pre-norm residual feed-forward blocks with `wide` hidden units, and a final norm with a gain."""

    def __init__(self, width: int, wide: int, layers: int, rng: np.random.Generator, name: str) -> None:
        super().__init__(name=name)
        self.blocks = [
            {
                "gain": weight(self, f"gain_{i}", np.ones(width)),
                "up": weight(self, f"up_{i}", rng.normal(0.0, 1 / math.sqrt(width), (width, wide))),
                "up_bias": weight(self, f"up_bias_{i}", np.zeros(wide)),
                "down": weight(self, f"down_{i}", rng.normal(0.0, 0.5 / math.sqrt(wide), (wide, width))),
            }
            for i in range(layers)
        ]
        self.last_gain = weight(self, "last_gain", np.ones(width))
        self.built = True

    def call(self, x: tf.Tensor, drop: Callable[[tf.Tensor], tf.Tensor] = lambda x: x) -> tf.Tensor:
        """(..., width) to (..., width). drop: dropout of hidden units."""
        for block in self.blocks:
            inner = activate(dense(rms_norm(x) * block["gain"], block["up"]) + block["up_bias"])
            x += dense(drop(inner), block["down"])
        return rms_norm(x) * self.last_gain

    def export(self) -> dict[str, np.ndarray]:
        """The weights `up_i`, `up_bias_i`, `down_i`, gains folded in; the caller folds in `last_gain`."""
        result = {}
        for i, block in enumerate(self.blocks):
            result[f"up_{i}"] = block["gain"].numpy()[:, None] * block["up"].numpy()
            result[f"up_bias_{i}"] = block["up_bias"].numpy()
            result[f"down_{i}"] = block["down"].numpy()
        return result
