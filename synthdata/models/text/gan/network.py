"""The generative adversarial network of texts' latent vectors, as a Keras model: how it is trained.

Tokens have no gradient, so that the game is played in the latent space of an autoencoder of texts (Zhao et al. 2018,
arXiv:1706.04223, section 3; Donahue and Rumshisky 2018, arXiv:1810.06640, section 3): the generator makes vectors that
the critic cannot tell from those that texts are encoded to, of which the same is told. Real and generated vectors are
compared in pairs, with gradient penalties on both: Huang et al. 2024 (arXiv:2501.05441, eq. 2 and section 2.2).
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import Blocks, dense, weight
from synthdata.models.text.gan.sampler import EXPANSION

__all__ = ["TextGAN"]


class Player(keras.layers.Layer):
    """A dense network of some numbers and what is told beside them."""

    def __init__(self, name: str, enter: int, width: int, layers: int, leave: int, rng: np.random.Generator) -> None:
        super().__init__(name=name)
        self.enter = weight(self, "enter", rng.normal(0.0, 1 / math.sqrt(enter), (enter, width)))
        self.enter_bias = weight(self, "enter_bias", np.zeros(width))
        self.body = Blocks(width, EXPANSION * width, layers, rng, f"{name}_body")
        self.leave = weight(self, "head", rng.normal(0.0, 1 / math.sqrt(width), (width, leave)))
        self.leave_bias = weight(self, "head_bias", np.zeros(leave))
        self.built = True

    def call(self, x: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """(n, numbers) and (n, told) to (n, leave)."""
        x = self.body(dense(tf.concat([x, told], axis=1), self.enter) + self.enter_bias)
        return dense(x, self.leave) + self.leave_bias

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `latent_game` takes them."""
        result = {
            "enter": self.enter.numpy(),
            "enter_bias": self.enter_bias.numpy(),
            **self.body.export(),
            "leave": self.body.last_gain.numpy()[:, None] * self.leave.numpy(),
            "leave_bias": self.leave_bias.numpy(),
        }
        return {f"game_{name}": np.ascontiguousarray(weight, np.float32) for name, weight in result.items()}


class TextGAN(keras.Model):
    """Generator and critic."""

    def __init__(
        self, *, told: int, latent: int, width: int, layers: int, critic_width: int, critic_layers: int, seed: int
    ) -> None:
        super().__init__(name="text_gan")
        rng = np.random.default_rng([seed, 9])
        self.generator = Player("generator", latent + told, width, layers, latent, rng)
        self.critic = Player("critic", latent + told, critic_width, critic_layers, 1, rng)
        self.built = True
