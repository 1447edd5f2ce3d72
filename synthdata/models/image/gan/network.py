"""The generative adversarial network of images, as a Keras model. `samplers.conv` samples with its weights.

Real and generated images under the same condition are compared in pairs, with gradient penalties on both: R3GAN, Huang
et al. 2024 (arXiv:2501.05441, eq. 2, R1 and R2 of section 2.2). The critic is conditioned by projection: Miyato and
Koyama 2018 (arXiv:1802.05637, eq. 5). An encoder is trained beside them, without influence on them, to
invert the generator: it recovers the noise of generated images, and reconstructs real ones.
"""

from __future__ import annotations

import math
from typing import final

import keras
import numpy as np
import tensorflow as tf

from synthdata.blocks import Pixels
from synthdata.models.image.gan.model import ImageGAN
from synthdata.models.layers.conv import ImageDecoder, ImageEncoder, rectify
from synthdata.models.layers.dense import weight
from synthdata.models.samplers.resolutions import Resolutions
from synthdata.models.samplers.shapes import prefixed

__all__ = ["ImageGANNetwork"]

FEATURES = 128  # width of the critic's features of an image
PIXELS = 5.0  # weight of the reconstruction error of pixels in the encoder's loss


class Critic(keras.layers.Layer):
    """Scores of images given a condition."""

    def __init__(self, resolutions: Resolutions, condition: int, rng: np.random.Generator) -> None:
        super().__init__(name="critic")
        self.body = ImageEncoder(resolutions, 0, FEATURES, rng, name="critic_body")
        self.leave = weight(self, "head", rng.normal(0.0, 1 / math.sqrt(FEATURES), (FEATURES, 1)))
        self.condition = weight(self, "condition", rng.normal(0.0, 1 / math.sqrt(FEATURES), (condition, FEATURES)))
        self.built = True

    def call(self, images: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        """Images (n, height, width, channels) in [-1, 1] and conditions (n, condition) to scores (n,)."""
        x = rectify(self.body(images))
        score = (x @ tf.convert_to_tensor(self.leave))[:, 0]
        return score + tf.reduce_sum(x * (condition @ tf.convert_to_tensor(self.condition)), axis=1)


@final
class ImageGANNetwork(keras.Model):
    """Generator, critic and encoder, all given `condition` features."""

    def __init__(self, block: Pixels, condition: int, settings: ImageGAN, seed: int) -> None:
        super().__init__(name="image_gan")
        rng, resolutions = np.random.default_rng(seed), settings.resolutions(block)
        self.generator = ImageDecoder(resolutions, settings.latent + condition, rng, name="generator")
        self.critic = Critic(settings.critic_resolutions(block), condition, rng)
        self.encoder = ImageEncoder(resolutions, condition, settings.latent, rng)
        self.built = True

    def generate(self, latent: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        """Noise (n, latent), standard normal, and (n, condition) to images in (-1, 1)."""
        return self.generator(tf.concat([latent, condition], axis=1))

    def encoding_loss(
        self, real: tf.Tensor, generated: tf.Tensor, latent: tf.Tensor, condition: tf.Tensor
    ) -> tf.Tensor:
        """The encoder's loss: errors of the noise of generated images, and of reconstructed real images.

        real, generated: images in [-1, 1]. latent: the noise of the generated ones. Both are encoded at once.
        """
        both = self.encoder(tf.concat([generated, real], 0), tf.concat([condition, condition], 0))
        of_generated, of_real = tf.split(both, 2)
        noise_error = tf.reduce_mean((of_generated - latent) ** 2)
        reconstructed = self.generate(of_real, condition)
        return noise_error + PIXELS * tf.reduce_mean((reconstructed - real) ** 2)

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `samplers.conv`: of generator (`decode_`) and encoder (`encode_`)."""
        return prefixed("decode_", self.generator.export()) | prefixed("encode_", self.encoder.export())
