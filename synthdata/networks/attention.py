"""Causal self-attention, written out as dense products so that it compiles, vectorises and caches on a CPU.

Pre-normalised residual block: Vaswani et al. 2017 (arXiv:1706.03762) with RMS norm, Zhang and Sennrich 2019
(arXiv:1910.07467, eq. 4). The full pass trains; the stepwise pass samples, with keys and values cached.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

__all__ = ["Cache", "CausalBlock", "RMSNorm"]


class Cache(NamedTuple):
    """Keys and values of the steps so far: each (rows, length, width)."""

    keys: tf.Tensor
    values: tf.Tensor


class RMSNorm(keras.layers.Layer):
    """x / rms(x) * gain, over the last axis."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the gain."""
        self.gain = self.add_weight(name="gain", shape=(shape[-1],), initializer="ones")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Normalise x: (..., width)."""
        return x * tf.math.rsqrt(tf.reduce_mean(x * x, axis=-1, keepdims=True) + 1e-6) * self.gain


class CausalBlock(keras.layers.Layer):
    """Attention over earlier positions, then a feed-forward layer; both residual."""

    def __init__(self, *, width: int, heads: int, expansion: int, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.heads, self.expansion, self.seed = width, heads, expansion, seed
        self.before_attention = RMSNorm(name="before_attention")
        self.before_feed_forward = RMSNorm(name="before_feed_forward")

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the weights; output projections start at half size, so that a block starts near the identity."""
        wide = self.expansion * self.width

        seeds = iter(range(self.seed, self.seed + 4))

        def matrix(name: str, rows: int, columns: int, scale: float = 1.0) -> Any:
            start = keras.initializers.RandomNormal(stddev=scale / math.sqrt(rows), seed=next(seeds))
            return self.add_weight(name=name, shape=(rows, columns), initializer=start)

        self.query_key_value = matrix("query_key_value", self.width, 3 * self.width)
        self.out = matrix("out", self.width, self.width, 0.5)
        self.up = matrix("up", self.width, wide)
        self.up_bias = self.add_weight(name="up_bias", shape=(wide,), initializer="zeros")
        self.down = matrix("down", wide, self.width, 0.5)
        self.before_attention.build((None, None, self.width))
        self.before_feed_forward.build((None, None, self.width))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Transform all positions at once: (rows, length, width) to the same."""
        length, depth = x.shape[1], self.width // self.heads
        qkv = tf.reshape(self.before_attention(x) @ self.query_key_value, (-1, length, 3, self.heads, depth))
        q, k, v = tf.unstack(tf.transpose(qkv, (2, 0, 3, 1, 4)))  # each (rows, heads, length, depth)
        blocked = tf.constant([[0.0 if j <= i else -1e9 for j in range(length)] for i in range(length)])
        weights = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / math.sqrt(depth) + blocked)
        mixed = tf.reshape(tf.transpose(weights @ v, (0, 2, 1, 3)), (-1, length, self.width))
        return self._feed_forward(x + mixed @ self.out)

    def step(self, x: tf.Tensor, cache: Cache, position: tf.Tensor) -> tuple[tf.Tensor, Cache]:
        """Transform one position given the earlier ones: x (rows, width). Compiled graphs only (XLA)."""
        rows, length = cache.keys.shape[0], cache.keys.shape[1]
        depth = self.width // self.heads
        q, k, v = tf.split(self.before_attention(x) @ self.query_key_value, 3, axis=-1)
        zero = tf.constant(0)
        keys = xla.dynamic_update_slice(cache.keys, k[:, None], [zero, position, zero])
        values = xla.dynamic_update_slice(cache.values, v[:, None], [zero, position, zero])
        split = (rows, length, self.heads, depth)
        scores = tf.reduce_sum(tf.reshape(keys, split) * tf.reshape(q, (rows, 1, self.heads, depth)), axis=-1)
        later = tf.range(length)[None, :, None] > position
        weights = tf.nn.softmax(tf.where(later, -1e9, scores / math.sqrt(depth)), axis=1)  # (rows, length, heads)
        mixed = tf.reduce_sum(tf.reshape(values, split) * weights[..., None], axis=1)
        return self._feed_forward(x + tf.reshape(mixed, (rows, self.width)) @ self.out), Cache(keys, values)

    def _feed_forward(self, x: tf.Tensor) -> tf.Tensor:
        inner = tf.nn.gelu(self.before_feed_forward(x) @ self.up + self.up_bias, approximate=True)
        return x + inner @ self.down
