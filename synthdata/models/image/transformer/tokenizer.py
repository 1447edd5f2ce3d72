"""The discrete autoencoder of images, as a Keras model: an image to a grid of codes, and back.

Finite scalar quantisation, Mentzer et al. 2023 (arXiv:2309.15505, eq. 1): each digit is bounded and rounded, gradients
pass straight through the rounding, and no codebook has to be learned. The networks are those of `conv`, with pixels
moved into channels where a resolution is halved (Shi et al. 2016, arXiv:1609.05158, eq. 4).
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.image.transformer.grid import CodeGrid, pixel_decoder_shapes, pixel_encoder_shapes
from synthdata.models.layers.conv import activate, as_numbers
from synthdata.models.layers.dense import weight
from synthdata.models.samplers.resolutions import start_of
from synthdata.models.samplers.shapes import Shapes

__all__ = ["ImageCodes"]

ABSOLUTE = 0.2  # weight of the absolute error beside the squared one: edges stay sharp


class ImageCodes(keras.Model):
    """Encoder and decoder with codes between them."""

    def __init__(self, grid: CodeGrid, seed: int) -> None:
        super().__init__(name="image_codes")
        rng = np.random.default_rng(seed)
        self.grid = grid
        self.encoder = _Convolutions(grid, pixel_encoder_shapes(grid), rng, "encoder")
        self.decoder = _Convolutions(grid, pixel_decoder_shapes(grid), rng, "decoder")
        self.built = True

    def digits(self, images: tf.Tensor) -> tf.Tensor:
        """Images (n, height, width, channels) in [-1, 1] to digits, not yet rounded: (n, *sides, digits)."""
        net = self.encoder
        bottom, right = self.grid.padding
        x = net.conv(_padded(images, bottom, right), "enter")
        for level in range(self.grid.halvings):
            x = net.blocks(net.dense(tf.nn.space_to_depth(x, 2), f"down_{level}"), level + 1)
        x = net.dense(activate(x), "leave") + net.tables["leave_bias"]
        return 0.5 * (tf.tanh(x) + 1.0) * tf.constant(np.array(self.grid.levels) - 1.0, tf.float32)

    def encode(self, images: tf.Tensor) -> tf.Tensor:
        """Images in [-1, 1] to the numbers of their codes, row by row: (n, length) int32."""
        digits = tf.cast(tf.round(self.digits(images)), tf.int32)
        numbers = tf.reduce_sum(digits * tf.constant(self.grid.places, tf.int32), axis=-1)
        return tf.reshape(numbers, (-1, self.grid.length))

    def decode(self, digits: tf.Tensor) -> tf.Tensor:
        """Digits (n, *sides, digits) to images in (-1, 1)."""
        net, block = self.decoder, self.grid.block
        x = net.conv(2.0 * digits / tf.constant(np.array(self.grid.levels) - 1.0, tf.float32) - 1.0, "enter")
        for level in range(self.grid.halvings, -1, -1):
            x = net.blocks(x, level)
            if level:
                x = tf.nn.depth_to_space(net.dense(x, f"up_{level - 1}"), 2)
        x = net.conv(activate(x), "leave")
        return tf.tanh(x[:, : block.height, : block.width])

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Mean error of a pixel of images (n, height, width, channels) uint8 as they come back from their codes."""
        shown = as_numbers(images)
        digits = self.digits(shown)
        rounded = digits + tf.stop_gradient(tf.round(digits) - digits)
        error = self.decode(rounded) - shown
        return tf.reduce_mean(error**2) + ABSOLUTE * tf.reduce_mean(tf.abs(error))

    def export(self) -> dict[str, np.ndarray]:
        """The weights of the decoder, as `code_drawing` takes them."""
        return {key: np.ascontiguousarray(weight.numpy()) for key, weight in self.decoder.tables.items()}


class _Convolutions(keras.layers.Layer):
    """Weights by name, and what is done with them."""

    def __init__(self, grid: CodeGrid, shapes: Shapes, rng: np.random.Generator, name: str) -> None:
        super().__init__(name=name)
        self.grid = grid
        self.tables = {key: weight(self, key, _start(key, shape, rng)) for key, shape in shapes.items()}
        self.built = True

    def conv(self, x: tf.Tensor, name: str) -> tf.Tensor:
        return tf.nn.conv2d(x, tf.convert_to_tensor(self.tables[name]), 1, "SAME") + _bias(self.tables, name)

    def dense(self, x: tf.Tensor, name: str) -> tf.Tensor:
        return tf.nn.conv2d(x, tf.convert_to_tensor(self.tables[name])[None, None], 1, "SAME")

    def blocks(self, x: tf.Tensor, level: int) -> tf.Tensor:
        """The residual blocks of one resolution: (n, h, w, c) to the same."""
        for i in range(self.grid.blocks):
            inner = self.conv(activate(x), f"first_{level}_{i}")
            x += self.conv(activate(inner), f"second_{level}_{i}")
        return x


def _bias(tables: dict[str, keras.Variable], name: str) -> keras.Variable:
    first, *rest = name.split("_")
    return tables["_".join([first, "bias", *rest])]


def _start(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if name == "enter":  # so that few channels do not make small numbers
        return rng.normal(0.0, math.sqrt(2.0 / math.prod(shape[:-1])), shape)
    return start_of(name, shape, rng)


def _padded(images: tf.Tensor, bottom: int, right: int) -> tf.Tensor:
    """Repeat the last row and column of pixels."""
    images = tf.concat([images, *[images[:, -1:]] * bottom], axis=1) if bottom else images
    return tf.concat([images, *[images[:, :, -1:]] * right], axis=2) if right else images
