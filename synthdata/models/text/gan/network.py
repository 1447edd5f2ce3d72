"""The generative adversarial network of texts' latent vectors, as a Keras model. `sampler` uses its weights.

Sampled tokens have no gradient, so generator and critic work in the latent space of a text autoencoder (Zhao et al.
2018, arXiv:1706.04223, section 3; Donahue and Rumshisky 2018, arXiv:1810.06640, section 3): the generator produces
vectors that the critic cannot tell from those of real texts with the same condition.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import Blocks, dense, weight
from synthdata.models.text.gan.model import TextGAN
from synthdata.models.text.gan.sampler import MLP_RATIO

__all__ = ["TextGANNetwork"]


class ConditionalMLP(keras.layers.Layer):
    """A residual MLP on vectors and their conditions; `enter` is the width of both together, `leave` of the output."""

    def __init__(self, name: str, enter: int, width: int, layers: int, leave: int, rng: np.random.Generator) -> None:
        super().__init__(name=name)
        self.enter = weight(self, "enter", rng.normal(0.0, 1 / math.sqrt(enter), (enter, width)))
        self.enter_bias = weight(self, "enter_bias", np.zeros(width))
        self.body = Blocks(width, MLP_RATIO * width, layers, rng, f"{name}_body")
        self.leave = weight(self, "head", rng.normal(0.0, 1 / math.sqrt(width), (width, leave)))
        self.leave_bias = weight(self, "head_bias", np.zeros(leave))
        self.built = True

    def call(self, x: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        """Vectors (n, size) and conditions (n, features) to (n, leave)."""
        x = self.body(dense(tf.concat([x, condition], axis=1), self.enter) + self.enter_bias)
        return dense(x, self.leave) + self.leave_bias

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `sampler`."""
        result = {
            "enter": self.enter.numpy(),
            "enter_bias": self.enter_bias.numpy(),
            **self.body.export(),
            "leave": self.body.last_gain.numpy()[:, None] * self.leave.numpy(),
            "leave_bias": self.leave_bias.numpy(),
        }
        return {name: np.ascontiguousarray(array, np.float32) for name, array in result.items()}


class TextGANNetwork(keras.Model):
    """Generator and critic, both given `condition` features."""

    def __init__(self, settings: TextGAN, seed: int, *, condition: int) -> None:
        super().__init__(name="text_gan")
        rng, latent = np.random.default_rng([seed, 9]), settings.texts.latent
        enter = latent + condition
        self.generator = ConditionalMLP("generator", enter, settings.width, settings.layers, latent, rng)
        self.critic = ConditionalMLP("critic", enter, settings.critic_width, settings.critic_layers, 1, rng)
        self.built = True
