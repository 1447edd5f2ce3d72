"""The variational autoencoder of images, as a Keras model: how it is trained. `image_prior` draws from it.

Kingma and Welling 2014 (arXiv:1312.6114, eq. 3), given what is told of an image. The likelihood is calibrated: a normal
whose variance is the best one for the batch, Rybkin et al. 2021 (arXiv:2006.13202, eq. 5). The prior is learned, given
what is told: a normal bent by coupling layers, since a plain one leaves holes that no image was encoded to (Dai and
Wipf 2019, arXiv:1903.05789, section 3; Chen et al. 2017, arXiv:1611.02731, section 3.2).
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.conv import ImageDecoder, ImageEncoder, as_numbers
from synthdata.models.layers.dense import weight
from synthdata.models.layers.distributions import normal
from synthdata.models.layers.prior import ConditionalPrior
from synthdata.models.samplers.resolutions import Canvas

__all__ = ["ImageVAE"]

LEAST_VARIANCE = 1e-5  # of pixels in [-1, 1]: about half a level of 255
LEAST_LOG_SCALE = -6.0  # of posteriors


class ImageVAE(keras.Model):
    """Encoder, decoder and prior, all given what is told."""

    def __init__(self, canvas: Canvas, *, told: int, latent: int, couplings: int, inner: int, seed: int) -> None:
        super().__init__(name="image_vae")
        rng = np.random.default_rng(seed)
        self.canvas, self.told, self.latent = canvas, told, latent
        self.encoder = ImageEncoder(canvas, told, 2 * latent, rng)
        self.decoder = ImageDecoder(canvas, latent + told, rng)
        means = weight(self, "prior_condition", rng.normal(0.0, 0.5, (told, latent)))
        self.prior = ConditionalPrior(means, coupling_layers=couplings, width=inner, rng=rng)
        self.built = True

    def call(self, images: tf.Tensor, told: tf.Tensor, noise: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        """Mean loss of images, in nats: reconstruction plus `beta` times the divergence of posterior and prior.

        images: (n, height, width, channels) uint8. told: (n, told). noise: (n, latent) standard normal.
        """
        shown = as_numbers(images)
        mean, log_scale = tf.split(self.encoder(shown, told if self.told else None), 2, axis=1)
        log_scale = tf.maximum(log_scale, LEAST_LOG_SCALE)
        z = mean + tf.exp(log_scale) * noise
        divergence = normal(mean, log_scale).log_prob(z) - self.prior.given(told).log_prob(z)
        variance = tf.reduce_mean((self.decoder(tf.concat([z, told], axis=1)) - shown) ** 2)
        pixels = self.canvas.pixels
        surprise = 0.5 * pixels * (tf.math.log(variance + LEAST_VARIANCE) + math.log(2 * math.pi * math.e))
        return surprise + tf.reduce_mean(beta * divergence)

    def export(self) -> dict[str, np.ndarray]:
        """The weights as samplers take them, of decoder, encoder and prior: `decode_`, `encode_`, `prior_`."""
        result = {f"decode_{name}": weight for name, weight in self.decoder.export().items()}
        result |= {f"encode_{name}": weight for name, weight in self.encoder.export().items()}
        result |= self.prior.export()
        return {name: np.ascontiguousarray(array) for name, array in result.items()}
