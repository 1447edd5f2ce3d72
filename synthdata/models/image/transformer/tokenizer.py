"""The discrete autoencoder of images, as a Keras model: an image to a grid of tokens, and back.

Finite scalar quantisation, Mentzer et al. 2023 (arXiv:2309.15505, eq. 1): each digit is bounded and rounded with a
straight-through gradient; there is no codebook to learn.
"""

from __future__ import annotations

from typing import final

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.image.transformer.grid import TokenGrid, token_decoder_shapes, token_encoder_shapes
from synthdata.models.layers.conv import ConvLayers, from_pixels, rectify

__all__ = ["ImageTokenizer"]

ABSOLUTE = 0.2  # weight of the absolute error, added to the squared error for sharper edges
ENTER_GAIN = 2.0  # initial gain of the first convolution, since it has few input channels


@final
class ImageTokenizer(keras.Model):
    """Encoder from images to tokens, and decoder back."""

    def __init__(self, grid: TokenGrid, seed: int) -> None:
        super().__init__(name="image_tokenizer")
        rng = np.random.default_rng(seed)
        self.grid = grid
        self.encoder = ConvLayers(grid.resolutions, token_encoder_shapes(grid), rng, "encoder", ENTER_GAIN)
        self.decoder = ConvLayers(grid.resolutions, token_decoder_shapes(grid), rng, "decoder", ENTER_GAIN)
        self.built = True

    def digits(self, images: tf.Tensor) -> tf.Tensor:
        """Images (n, height, width, channels) in [-1, 1] to digits before rounding: (n, *sides, digits)."""
        net = self.encoder
        x = net.enter(images)
        for level in range(self.grid.resolutions.halvings):
            x = net.blocks(net.down(x, level), level + 1)
        x = net.pointwise(rectify(x), "leave") + net.tables["leave_bias"]
        return 0.5 * (tf.tanh(x) + 1.0) * self._highest()

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Images in [-1, 1] to their tokens in raster order: (n, length) int32."""
        digits = tf.cast(tf.round(self.digits(images)), tf.int32)
        tokens = tf.reduce_sum(digits * tf.constant(self.grid.strides, tf.int32), axis=-1)
        return tf.reshape(tokens, (-1, self.grid.length))

    def decode(self, digits: tf.Tensor) -> tf.Tensor:
        """Digits (n, *sides, digits) to images in (-1, 1)."""
        return self.decoder.grow(self.decoder.conv(2.0 * digits / self._highest() - 1.0, "enter"))

    def _highest(self) -> tf.Tensor:
        """The highest level of each digit: (digits,)."""
        return tf.constant(np.array(self.grid.levels) - 1.0, tf.float32)

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Mean reconstruction error per pixel of images (n, height, width, channels) uint8."""
        real = from_pixels(images)
        digits = self.digits(real)
        rounded = digits + tf.stop_gradient(tf.round(digits) - digits)
        error = self.decode(rounded) - real
        return tf.reduce_mean(error**2) + ABSOLUTE * tf.reduce_mean(tf.abs(error))

    def export(self) -> dict[str, np.ndarray]:
        """The decoder's weights, by name, for `sampler`."""
        return self.decoder.export()
