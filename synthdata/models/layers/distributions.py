"""Distributions parametrised by networks; the only module that imports TensorFlow Probability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
import tensorflow_probability as tfp

__all__ = ["coupled", "log_likelihood", "mixture", "normal"]

Network = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]

tfd, tfb = tfp.distributions, tfp.bijectors


def log_likelihood(logits: tf.Tensor, symbols: tf.Tensor) -> tf.Tensor:
    """Log-probability of `symbols` (...) int under categorical distributions with `logits` (..., size), in nats."""
    return tfd.Categorical(logits=logits).log_prob(symbols)


def normal(mean: tf.Tensor, log_scale: tf.Tensor) -> Any:
    """Independent normals: mean and log_scale (..., width) to a distribution over (..., width)."""
    return tfd.Independent(tfd.Normal(mean, tf.exp(log_scale)), reinterpreted_batch_ndims=1)


def mixture(logits: tf.Tensor, means: tf.Tensor, log_scales: tf.Tensor) -> Any:
    """Mixture of diagonal normals: logits (components,), means and log_scales (components, width)."""
    return tfd.MixtureSameFamily(tfd.Categorical(logits=logits), normal(means, log_scales))


def coupled(base: Any, networks: Sequence[Network]) -> Any:
    """`base` over (width,), transformed by affine coupling layers: Dinh et al. 2017 (arXiv:1605.08803, eq. 7 and 8).

    Each network maps the half that stays, (..., width / 2), to shift and log-scale of the other half, (..., width / 2)
    each. The halves are swapped after each layer.
    """
    steps = []
    for network in networks:
        coupling = tfb.RealNVP(fraction_masked=0.5, shift_and_log_scale_fn=lambda x, _, net=network: net(x))
        width = base.event_shape[-1]
        steps += [coupling, tfb.Permute([*range(width // 2, width), *range(width // 2)])]
    return tfd.TransformedDistribution(base, tfb.Chain(steps[::-1]))
