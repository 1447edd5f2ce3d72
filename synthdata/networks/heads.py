"""From what a network puts out to distributions over a block's symbols: the only door to TensorFlow Probability."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_probability as tfp

__all__ = ["log_likelihood"]


def log_likelihood(logits: tf.Tensor, symbols: tf.Tensor) -> tf.Tensor:
    """Log-probability of `symbols` (...) int under categorical distributions with `logits` (..., size), in nats."""
    return tfp.distributions.Categorical(logits=logits).log_prob(symbols)
