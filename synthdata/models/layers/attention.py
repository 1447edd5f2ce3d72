"""Attention as dense products that compile and vectorise on a CPU: Vaswani et al. 2017 (arXiv:1706.03762, eq. 1)."""

from __future__ import annotations

import tensorflow as tf
from tensorflow.compiler.tf2xla.python import xla

__all__ = ["attend"]


def attend(scores: tf.Tensor, visible: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """Attention over the visible sources, plus a null source of score 0 and value 0: (rows, targets, width).

    The null source keeps the softmax defined for a target that sees no source. scores: (rows, heads,
    targets, sources). visible: (rows, targets, sources) bool, the sources that each target attends to. values: (rows,
    sources, width), split between the heads.
    """
    heads, sources = scores.shape[1], scores.shape[3]
    scores = tf.where(visible[:, None], scores, -1e9)
    top = tf.stop_gradient(tf.maximum(tf.reduce_max(scores, axis=-1, keepdims=True), 0.0))
    exponentials = tf.exp(scores - top)
    weights = exponentials / (tf.reduce_sum(exponentials, axis=-1, keepdims=True) + tf.exp(-top))
    width = values.shape[-1]
    by_head = tf.transpose(tf.reshape(values, (-1, sources, heads, width // heads)), (0, 2, 1, 3))
    mixed = tf.transpose(_mix(weights, by_head), (0, 2, 1, 3))
    return tf.reshape(mixed, (-1, scores.shape[2], width))


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _mix(weights: tf.Tensor, values: tf.Tensor) -> tuple[tf.Tensor, object]:
    """`weights @ values`; the gradient transposes explicitly, since XLA is five times slower with `transpose_a`."""

    def gradient(up: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        (transposed,) = xla.optimization_barrier(tf.transpose(weights, (0, 1, 3, 2)))
        return tf.matmul(up, values, transpose_b=True), transposed @ up

    return weights @ values, gradient
