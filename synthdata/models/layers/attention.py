"""Attention from columns to columns, as dense products that compile and vectorise on a CPU.

What a column asks for is its own, whatever the row; what it finds is weighed by a score that a table holds for each
symbol of each other column. Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762, eq. 1) with learned
queries, its products of queries and keys kept as one table.
"""

from __future__ import annotations

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

__all__ = ["attend"]


def attend(scores: tf.Tensor, known: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Weighted means of the values of known columns, with one more of score 0 and value 0: (rows, targets, width).

    scores: (rows, heads, targets, sources). known: (rows, targets, sources) bool, what each target may see.
    values: (rows, sources, width), split between the heads.
    """
    heads, sources = scores.shape[1], scores.shape[3]
    scores = tf.where(known[:, None], scores, -1e9)
    top = tf.stop_gradient(tf.maximum(tf.reduce_max(scores, axis=-1, keepdims=True), 0.0))
    parts = tf.exp(scores - top)
    weights = parts / (tf.reduce_sum(parts, axis=-1, keepdims=True) + tf.exp(-top))
    width = values.shape[-1]
    by_head = tf.transpose(tf.reshape(values, (-1, sources, heads, width // heads)), (0, 2, 1, 3))
    mixed = tf.transpose(_mix(weights, by_head), (0, 2, 1, 3))
    return tf.reshape(mixed, (-1, scores.shape[2], width))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _mix(weights: tf.Tensor, values: tf.Tensor) -> tuple[tf.Tensor, object]:
    """Their product, whose gradient turns the weights by a copy: XLA is five times slower on the turned product."""

    def gradient(up: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        (turned,) = xla.optimization_barrier(tf.transpose(weights, (0, 1, 3, 2)))
        return tf.matmul(up, values, transpose_b=True), turned @ up

    return weights @ values, gradient
