"""Convolutional networks between images and vectors, in Keras: residual blocks without norms between images.

Plain rectified residual networks without batch statistics, as in Huang et al. 2024 (arXiv:2501.05441, section 3.1), but
with full convolutions: those in groups have no gradients on CPUs. What an image is made from also scales and shifts the
channels of each block (Chen et al. 2019, arXiv:1810.01365, eq. 2). `conv_drawing` runs the same in numpy.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import weight
from synthdata.models.samplers.conv import SLOPE
from synthdata.models.samplers.resolutions import Canvas, decoder_shapes, encoder_shapes, start_of
from synthdata.models.samplers.shapes import Shapes

__all__ = ["ImageDecoder", "ImageEncoder", "activate", "as_numbers"]


def as_numbers(images: tf.Tensor) -> tf.Tensor:
    """Pixels uint8 as numbers in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def activate(x: tf.Tensor) -> tf.Tensor:
    """Leaky rectifier."""
    return tf.nn.leaky_relu(x, SLOPE)


class _Convolutional(keras.layers.Layer):
    """Weights by name, and the blocks that decoder and encoder share."""

    def __init__(self, canvas: Canvas, shapes: Shapes, rng: np.random.Generator, name: str) -> None:
        super().__init__(name=name)
        self.canvas = canvas
        self.tables = {key: weight(self, key, start_of(key, shape, rng)) for key, shape in shapes.items()}
        self.built = True

    def styled(self, style: tf.Tensor, *names: str) -> dict[str, tf.Tensor]:
        """What `style` (n, style) comes to in all blocks, and in the tables of these names.

        One product: the gradient of a sum of several would depend on the order in which they are added.
        """
        names = (*names, *(name for name in self.tables if name.startswith("style_")))
        matrices = [tf.convert_to_tensor(self.tables[name]) for name in names]
        parts = tf.split(style @ tf.concat(matrices, axis=1), [matrix.shape[1] for matrix in matrices], axis=1)
        return dict(zip(names, parts, strict=True))

    def blocks(self, x: tf.Tensor, level: int, styles: dict[str, tf.Tensor]) -> tf.Tensor:
        """The residual blocks of one resolution: (n, h, w, c) to the same."""
        tables = self.tables
        for i in range(self.canvas.blocks):
            inner = _conv(activate(x), tables[f"first_{level}_{i}"], tables[f"first_bias_{level}_{i}"])
            if styles:
                gain, shift = tf.split(styles[f"style_{level}_{i}"], 2, axis=1)
                inner = inner * (1.0 + gain[:, None, None]) + shift[:, None, None]
            x += _conv(activate(inner), tables[f"second_{level}_{i}"], tables[f"second_bias_{level}_{i}"])
        return x

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `conv_drawing` takes them."""
        return {key: np.ascontiguousarray(weight.numpy()) for key, weight in self.tables.items()}


class ImageDecoder(_Convolutional):
    """From `style` numbers to an image."""

    def __init__(self, canvas: Canvas, style: int, rng: np.random.Generator, name: str = "decoder") -> None:
        super().__init__(canvas, decoder_shapes(canvas, style), rng, name)

    def call(self, style: tf.Tensor) -> tf.Tensor:
        """(n, style) to (n, height, width, channels) in (-1, 1)."""
        canvas, tables = self.canvas, self.tables
        styles = self.styled(style, "enter")
        x = tf.reshape(styles["enter"] + tables["enter_bias"], (-1, *canvas.grid, canvas.features(canvas.halvings)))
        for level in range(canvas.halvings, -1, -1):
            x = self.blocks(x, level, styles)
            if level:
                x = _pointwise(x, tables[f"up_{level - 1}"])
                x = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
        x = _conv(activate(x), tables["leave"], tables["leave_bias"])
        return tf.tanh(x[:, : canvas.block.height, : canvas.block.width])


class ImageEncoder(_Convolutional):
    """From an image, and `style` numbers that say what it is (0 for none), to `out` numbers."""

    def __init__(self, canvas: Canvas, style: int, out: int, rng: np.random.Generator, name: str = "encoder") -> None:
        super().__init__(canvas, encoder_shapes(canvas, style, out), rng, name)

    def call(self, images: tf.Tensor, style: tf.Tensor | None = None) -> tf.Tensor:
        """(n, height, width, channels) in [-1, 1] and (n, style) to (n, out)."""
        canvas, tables = self.canvas, self.tables
        bottom, right = canvas.padding
        styles = {} if style is None else self.styled(style)
        x = _conv(_padded(images, bottom, right), tables["enter"], tables["enter_bias"])
        for level in range(canvas.halvings + 1):
            x = self.blocks(x, level, styles)
            if level < canvas.halvings:
                x = _pointwise(tf.nn.avg_pool2d(x, 2, 2, "VALID"), tables[f"down_{level}"])
        x = tf.reshape(activate(x), (-1, canvas.flat))
        return x @ tf.convert_to_tensor(tables["leave"]) + tables["leave_bias"]


def _conv(x: tf.Tensor, kernel: keras.Variable, bias: keras.Variable) -> tf.Tensor:
    return tf.nn.conv2d(x, tf.convert_to_tensor(kernel), 1, "SAME") + bias


def _pointwise(x: tf.Tensor, matrix: keras.Variable) -> tf.Tensor:
    return tf.nn.conv2d(x, tf.convert_to_tensor(matrix)[None, None], 1, "SAME")


def _padded(images: tf.Tensor, bottom: int, right: int) -> tf.Tensor:
    """Repeat the last row and column of pixels."""
    if bottom:
        images = tf.concat([images, *[images[:, -1:]] * bottom], axis=1)
    if right:
        images = tf.concat([images, *[images[:, :, -1:]] * right], axis=2)
    return images
