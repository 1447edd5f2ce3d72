"""A learned prior of latent vectors, given a condition, in Keras; `samplers.prior` samples from it."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.coupling import Coupling, export_couplings
from synthdata.models.layers.distributions import coupled, normal

__all__ = ["ConditionalPrior"]


class ConditionalPrior(keras.layers.Layer):
    """A normalizing flow: a normal with a mean linear in the condition, then coupling layers given the condition.

    means: a weight of the model, (condition, latent), the matrix from the condition to the mean.
    """

    def __init__(self, means: keras.Variable, *, coupling_layers: int, width: int, rng: np.random.Generator) -> None:
        super().__init__(name="prior")
        condition, latent = means.shape
        self.means = means
        self.couplings = [Coupling(latent // 2, width, rng, f"coupling_{i}", condition) for i in range(coupling_layers)]
        self.built = True

    def given(self, condition: tf.Tensor) -> Any:
        """The distribution over (latent,) for each row of a condition (n, features)."""
        mean = condition @ tf.convert_to_tensor(self.means)
        base = normal(mean, tf.zeros_like(mean))
        if not self.couplings:
            return base

        def conditioned(network: Coupling) -> Any:
            return lambda half: network(tf.concat([half, condition], axis=1))

        return coupled(base, [conditioned(network) for network in self.couplings])

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `samplers.prior`."""
        return {"prior_condition": self.means.numpy(), **export_couplings(self.couplings)}
