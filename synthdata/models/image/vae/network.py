"""The variational autoencoder of images, as a Keras model; `samplers.conv` and `samplers.prior` use its weights.

Kingma and Welling 2014 (arXiv:1312.6114, eq. 3), given the condition of an image. The likelihood is calibrated: a
normal with the optimal variance for the batch, Rybkin et al. 2021 (arXiv:2006.13202, eq. 5). The prior is learned,
given the condition: a normal transformed by coupling layers, since a plain normal has holes that no image is encoded
to (Dai
and Wipf 2019, arXiv:1903.05789, section 3; Chen et al. 2017, arXiv:1611.02731, section 3.2).
"""

from __future__ import annotations

import math
from typing import final

import keras
import numpy as np
import tensorflow as tf

from synthdata.blocks import Pixels
from synthdata.models.image.vae.model import ImageVAE
from synthdata.models.layers.conv import ImageDecoder, ImageEncoder, from_pixels
from synthdata.models.layers.dense import weight
from synthdata.models.layers.distributions import normal
from synthdata.models.layers.prior import ConditionalPrior
from synthdata.models.samplers.shapes import prefixed

__all__ = ["ImageVAENetwork"]

LEAST_VARIANCE = 1e-5  # of pixels in [-1, 1]: about half a level of 255
LEAST_LOG_SCALE = -6.0  # of posteriors


@final
class ImageVAENetwork(keras.Model):
    """Encoder, decoder and prior, all given `condition` features."""

    def __init__(self, block: Pixels, condition: int, settings: ImageVAE, seed: int) -> None:
        super().__init__(name="image_vae")
        rng, resolutions = np.random.default_rng(seed), settings.resolutions(block)
        latent = self.latent = int(settings.latent)
        self.pixels = math.prod(resolutions.image)
        self.encoder = ImageEncoder(resolutions, condition, 2 * latent, rng)
        self.decoder = ImageDecoder(resolutions, latent + condition, rng)
        means = weight(self, "prior_condition", rng.normal(0.0, 0.5, (condition, latent)))
        self.prior = ConditionalPrior(
            means, coupling_layers=settings.coupling_layers, width=settings.coupling_width, rng=rng
        )
        self.built = True

    def call(self, images: tf.Tensor, condition: tf.Tensor, noise: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        """Mean loss of images, in nats: negative log-likelihood plus `beta` times the KL divergence from the prior.

        images: (n, height, width, channels) uint8. condition: (n, condition). noise: (n, latent) standard normal.
        """
        real = from_pixels(images)
        mean, log_scale = tf.split(self.encoder(real, condition), 2, axis=1)
        log_scale = tf.maximum(log_scale, LEAST_LOG_SCALE)
        z = mean + tf.exp(log_scale) * noise
        divergence = normal(mean, log_scale).log_prob(z) - self.prior.given(condition).log_prob(z)
        variance = tf.reduce_mean((self.decoder(tf.concat([z, condition], axis=1)) - real) ** 2)
        nll = 0.5 * self.pixels * (tf.math.log(variance + LEAST_VARIANCE) + math.log(2 * math.pi * math.e))
        return nll + tf.reduce_mean(beta * divergence)

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for samplers: of decoder (`decode_`), encoder (`encode_`) and prior (`prior_`)."""
        result = prefixed("decode_", self.decoder.export()) | prefixed("encode_", self.encoder.export())
        return {name: np.ascontiguousarray(array) for name, array in (result | self.prior.export()).items()}
