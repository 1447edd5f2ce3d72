"""The layers of a causal Transformer in Keras, over the tokens of images and of texts.

Pre-norm, with root mean squares (Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4). `samplers.causal` runs the same
layers step by step, in numpy.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.attention import attend
from synthdata.models.layers.dense import dense, weight
from synthdata.models.samplers.causal import rotations
from synthdata.models.samplers.dense import TINY

__all__ = ["CausalLayers", "PackedSteps", "mean_nll"]

GELU_SCALE, GELU_CUBE = math.sqrt(2 / math.pi), 0.044715  # constants of the tanh approximation of GELU


class CausalLayers(keras.layers.Layer):
    """`layers` blocks of masked self-attention and feed-forward layer (`wide` hidden units), then a last norm."""

    def __init__(self, width: int, layers: int, heads: int, wide: int, rng: np.random.Generator) -> None:
        super().__init__(name="layers")
        self.width, self.heads = width, heads
        self.blocks = [_block(self, i, width, wide, layers, rng) for i in range(layers)]
        self.last_gain = weight(self, "last_gain", np.ones(width))
        self.built = True

    def call(
        self,
        x: tf.Tensor,
        visible: tf.Tensor,
        rotary: tuple[tf.Tensor, tf.Tensor] | None = None,
        drop: Callable[[tf.Tensor], tf.Tensor] = lambda x: x,
    ) -> tf.Tensor:
        """(rows, steps, width) to the same.

        visible: (rows or 1, steps, steps) bool, whether step i attends to j, at [:, i, j]. rotary: cosines and sines
        (rows or 1, steps, head width / 2) that rotate queries and keys (RoFormer, Su et al. 2021, arXiv:2104.09864,
        eq. 34); None for no rotation. drop: dropout on the residual branches.
        """
        for block in self.blocks:
            matrix = tf.concat([block["query"], block["key"], block["value"]], axis=1)
            query, key, value = tf.split(dense(_normed(x) * block["gain"], matrix), 3, axis=-1)
            query, key = (self._by_head(each, rotary) for each in (query, key))
            scores = tf.matmul(query, key, transpose_b=True)
            mixed = attend(scores / math.sqrt(self.width // self.heads), visible, value)
            x += drop(dense(mixed, block["mix"]))
            inner = _activated(dense(_normed(x) * block["feed_gain"], block["up"]) + block["up_bias"])
            x += drop(dense(inner, block["down"]))
        return _normed(x) * self.last_gain

    def _by_head(self, x: tf.Tensor, rotary: tuple[tf.Tensor, tf.Tensor] | None) -> tf.Tensor:
        """(rows, steps, width) to (rows, heads, steps, width / heads), rotated."""
        steps, size = x.shape[1], self.width // self.heads
        x = tf.transpose(tf.reshape(x, (-1, steps, self.heads, size)), (0, 2, 1, 3))
        if rotary is None:
            return x
        cosine, sine = (each[:, None] for each in rotary)
        first, second = tf.split(x, 2, axis=-1)
        return tf.concat([first * cosine - second * sine, first * sine + second * cosine], axis=-1)

    def export(self) -> dict[str, np.ndarray]:
        """The weights for `samplers.causal`: gains (except `last_gain`) and the scale of queries are folded in."""
        result = {}
        scale = 1 / math.sqrt(self.width // self.heads)
        for i, block in enumerate(self.blocks):
            for name, gain in (("query", "gain"), ("key", "gain"), ("value", "gain"), ("up", "feed_gain")):
                result[f"{name}_{i}"] = block[gain].numpy()[:, None] * block[name].numpy()
            result[f"query_{i}"] *= np.float32(scale)
            result |= {f"{name}_{i}": block[name].numpy() for name in ("mix", "up_bias", "down")}
        return result


class PackedSteps:
    """The attention mask of packed texts, and the rotations of their queries and keys."""

    def __init__(self, steps: int, head_width: int) -> None:
        self.rotations = [tf.constant(each) for each in rotations(steps, head_width)]
        self.before = tf.constant(np.tri(steps, dtype=bool)[None])  # (1, steps, steps)

    def __call__(
        self, segment_ids: tf.Tensor, position_ids: tf.Tensor
    ) -> tuple[tf.Tensor, tuple[tf.Tensor, tf.Tensor]]:
        """The arguments `visible` and `rotary` of `CausalLayers`.

        segment_ids: the text of each step, position_ids: its position in the text, (rows, steps) int32 each.
        """
        visible = self.before & (segment_ids[:, :, None] == segment_ids[:, None, :])
        cosine, sine = (tf.gather(each, position_ids) for each in self.rotations)
        return visible, (cosine, sine)


def mean_nll(logits: tf.Tensor, targets: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Mean negative log-likelihood in nats of the `targets` (rows, steps) where `mask` (rows, steps) is true."""
    counted = tf.cast(mask, tf.float32)
    nll = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    return tf.reduce_sum(nll * counted) / tf.reduce_sum(counted)


# Explicit gradients: TensorFlow sums three or more gradients in an order that differs from run to run.


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _normed(x: tf.Tensor) -> tuple[tf.Tensor, object]:
    """As `dense.rms_norm`."""
    scale = tf.math.rsqrt(tf.reduce_mean(x * x, axis=-1, keepdims=True) + TINY)
    y = x * scale

    def gradient(up: tf.Tensor) -> tf.Tensor:
        return scale * (up - y * tf.reduce_mean(up * y, axis=-1, keepdims=True))

    return y, gradient


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _activated(x: tf.Tensor) -> tuple[tf.Tensor, object]:
    """As `dense.activate`."""
    square = x * x
    tanh = tf.tanh(GELU_SCALE * x * (1.0 + GELU_CUBE * square))

    def gradient(up: tf.Tensor) -> tf.Tensor:
        slope = GELU_SCALE * (1.0 + 3.0 * GELU_CUBE * square)
        return up * 0.5 * (1.0 + tanh + x * (1.0 - tanh * tanh) * slope)

    return 0.5 * x * (1.0 + tanh), gradient


def _block(
    layer: keras.layers.Layer, i: int, width: int, wide: int, layers: int, rng: np.random.Generator
) -> dict[str, keras.Variable]:
    """The weights of one block; the matrices `mix` and `down` start smaller the more layers there are."""
    small = 0.5 / math.sqrt(layers)
    sizes = {
        **dict.fromkeys(("query", "key", "value"), (width, width, 1.0)),
        "mix": (width, width, small),
        "up": (width, wide, 1.0),
        "down": (wide, width, small),
    }
    weights = {
        name: weight(layer, f"{name}_{i}", rng.normal(0.0, scale / math.sqrt(rows), (rows, columns)))
        for name, (rows, columns, scale) in sizes.items()
    }
    weights["up_bias"] = weight(layer, f"up_bias_{i}", np.zeros(wide))
    return weights | {name: weight(layer, f"{name}_{i}", np.ones(width)) for name in ("gain", "feed_gain")}
