"""The generative adversarial network of images, as a Keras model: how it is trained. `conv_drawing` draws with it.

Real and generated images of which the same is told are compared in pairs, with gradient penalties on both: R3GAN,
Huang et al. 2024 (arXiv:2501.05441, eq. 2, R1 and R2 of section 2.2). The critic is told by projection: Miyato and
Koyama 2018 (arXiv:1802.05637, eq. 5). An encoder learns beside them, without a say in the game, to find the noise that
an image comes from: what was drawn for generated images, what leads back to real ones.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.conv import ImageDecoder, ImageEncoder, activate
from synthdata.models.layers.dense import weight
from synthdata.models.samplers.resolutions import Canvas

__all__ = ["ImageGAN"]

FEATURES = 128  # of an image that the critic scores
PIXELS = 5.0  # weight of pixels in the encoder's loss


class Critic(keras.layers.Layer):
    """Scores of images, given what is told of them."""

    def __init__(self, canvas: Canvas, told: int, rng: np.random.Generator) -> None:
        super().__init__(name="critic")
        self.body = ImageEncoder(canvas, 0, FEATURES, rng, name="critic_body")
        self.leave = weight(self, "head", rng.normal(0.0, 1 / math.sqrt(FEATURES), (FEATURES, 1)))
        self.told = weight(self, "told", rng.normal(0.0, 1 / math.sqrt(FEATURES), (told, FEATURES)))
        self.built = True

    def call(self, images: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """(n, height, width, channels) and (n, told) to (n,)."""
        x = activate(self.body(images))
        score = (x @ tf.convert_to_tensor(self.leave))[:, 0]
        return score + tf.reduce_sum(x * (told @ tf.convert_to_tensor(self.told)), axis=1)


class ImageGAN(keras.Model):
    """Generator, critic and encoder."""

    def __init__(self, canvas: Canvas, critic_canvas: Canvas, *, told: int, latent: int, seed: int) -> None:
        super().__init__(name="image_gan")
        rng = np.random.default_rng(seed)
        self.latent = latent
        self.generator = ImageDecoder(canvas, latent + told, rng, name="generator")
        self.critic = Critic(critic_canvas, told, rng)
        self.encoder = ImageEncoder(canvas, told, latent, rng)
        self.built = True

    def generate(self, latent: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """(n, latent) standard normal and (n, told) to images in (-1, 1)."""
        return self.generator(tf.concat([latent, told], axis=1))

    def encode(self, images: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """Images in [-1, 1] and (n, told) to the noise they seem to come from, (n, latent)."""
        return self.encoder(images, told if told.shape[1] else None)

    def encoding_loss(self, real: tf.Tensor, made: tf.Tensor, latent: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """How far noise is from what led to generated images, and real images from those their noise leads to."""
        of_made = tf.reduce_mean((self.encode(made, told) - latent) ** 2)
        again = self.generate(self.encode(real, told), told)
        return of_made + PIXELS * tf.reduce_mean((again - real) ** 2)

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `conv_drawing` takes them, of generator and encoder: `decode_`, `encode_`."""
        result = {f"decode_{name}": weight for name, weight in self.generator.export().items()}
        return result | {f"encode_{name}": weight for name, weight in self.encoder.export().items()}
