"""Convolutional networks between images and vectors, in Keras: residual blocks without batch statistics.

Plain residual networks, as in Huang et al. 2024 (arXiv:2501.05441, section 3.1), but with full
convolutions: grouped ones have no gradients on CPUs. A vector scales and shifts the channels of each block (Chen et al.
2019, arXiv:1810.01365, eq. 2). `samplers.conv` runs the same in numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import weight
from synthdata.models.samplers.conv import SLOPE
from synthdata.models.samplers.resolutions import Resolutions, decoder_shapes, encoder_shapes, initial_weight
from synthdata.models.samplers.shapes import Shapes

__all__ = ["ConvLayers", "ImageDecoder", "ImageEncoder", "from_pixels", "rectify"]

NO_MODULATION: Mapping[str, tf.Tensor] = {}


def from_pixels(images: tf.Tensor) -> tf.Tensor:
    """Pixels uint8 as numbers in [-1, 1]."""
    return tf.cast(images, tf.float32) / 127.5 - 1.0


def rectify(x: tf.Tensor) -> tf.Tensor:
    """Leaky ReLU."""
    return tf.nn.leaky_relu(x, SLOPE)


def _double(x: tf.Tensor) -> tf.Tensor:
    """Double height and width by bilinear interpolation: (n, h, w, c) to (n, 2 h, 2 w, c)."""
    return tf.image.resize(x, (2 * x.shape[1], 2 * x.shape[2]), "bilinear")


@final
class ConvLayers(keras.layers.Layer):
    """Weights named and shaped by `samplers.resolutions`, and the operations that image networks are built from."""

    def __init__(
        self, resolutions: Resolutions, shapes: Shapes, rng: np.random.Generator, name: str, enter_gain: float = 1.0
    ) -> None:
        super().__init__(name=name)
        self.resolutions = resolutions
        self.tables = {
            key: weight(self, key, initial_weight(key, shape, rng, enter_gain)) for key, shape in shapes.items()
        }
        self.built = True

    def conv(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """A 3 x 3 convolution with bias: (n, h, w, c) to (n, h, w, out)."""
        first, *rest = name.split("_")
        bias = self.tables["_".join([first, "bias", *rest])]
        return tf.nn.conv2d(x, tf.convert_to_tensor(self.tables[name]), 1, "SAME") + bias

    def pointwise(self, x: tf.Tensor, name: str) -> tf.Tensor:
        """A 1 x 1 convolution without bias: (n, h, w, c) to (n, h, w, out)."""
        return tf.nn.conv2d(x, tf.convert_to_tensor(self.tables[name])[None, None], 1, "SAME")

    def modulations(self, vector: tf.Tensor, *names: str) -> dict[str, tf.Tensor]:
        """Products of a vector (n, size) with the modulation matrices of all blocks, and with the matrices `names`.

        One product for all: the gradient of several would depend on the order in which they are added.
        """
        names = (*names, *(name for name in self.tables if name.startswith("modulation_")))
        matrices = [tf.convert_to_tensor(self.tables[name]) for name in names]
        parts = tf.split(vector @ tf.concat(matrices, axis=1), [matrix.shape[1] for matrix in matrices], axis=1)
        return dict(zip(names, parts, strict=True))

    def blocks(self, x: tf.Tensor, level: int, modulations: Mapping[str, tf.Tensor] = NO_MODULATION) -> tf.Tensor:
        """The residual blocks of one resolution: (n, h, w, c) to the same shape."""
        for i in range(self.resolutions.blocks):
            inner = self.conv(rectify(x), f"first_{level}_{i}")
            if modulations:
                gain, shift = tf.split(modulations[f"modulation_{level}_{i}"], 2, axis=1)
                inner = inner * (1.0 + gain[:, None, None]) + shift[:, None, None]
            x += self.conv(rectify(inner), f"second_{level}_{i}")
        return x

    def enter(self, images: tf.Tensor) -> tf.Tensor:
        """Pad images in [-1, 1] by repeating their last row and column, cut patches, apply the first convolution."""
        bottom, right = self.resolutions.padding
        images = tf.concat([images, *[images[:, -1:]] * bottom], axis=1) if bottom else images
        images = tf.concat([images, *[images[:, :, -1:]] * right], axis=2) if right else images
        patch = self.resolutions.patch
        return self.conv(tf.nn.space_to_depth(images, patch) if patch > 1 else images, "enter")

    def down(self, x: tf.Tensor, level: int) -> tf.Tensor:
        """Halve the resolution, from `level` to `level + 1`: (n, h, w, c) to (n, h / 2, w / 2, c')."""
        x = tf.nn.space_to_depth(x, 2) if self.resolutions.shuffle else tf.nn.avg_pool2d(x, 2, 2, "VALID")
        return self.pointwise(x, f"down_{level}")

    def up(self, x: tf.Tensor, level: int) -> tf.Tensor:
        """Double the resolution, from `level + 1` to `level`: (n, h, w, c) to (n, 2 h, 2 w, c')."""
        x = self.pointwise(x, f"up_{level}")
        if self.resolutions.shuffle:
            return tf.nn.depth_to_space(x, 2)
        return _double(x)

    def grow(self, x: tf.Tensor, modulations: Mapping[str, tf.Tensor] = NO_MODULATION) -> tf.Tensor:
        """States (n, *grid, features) at the lowest resolution to images (n, height, width, channels) in (-1, 1)."""
        block = self.resolutions.block
        for level in range(self.resolutions.halvings, -1, -1):
            x = self.blocks(x, level, modulations)
            if level:
                x = self.up(x, level - 1)
        x, patch = rectify(x), self.resolutions.patch
        image = self.conv(x, "leave")
        if patch > 1:
            detail = self.conv(rectify(tf.nn.depth_to_space(self.pointwise(x, "spread"), patch)), "detail")
            while image.shape[1] < detail.shape[1]:
                image = _double(image)
            image += detail
        return tf.tanh(image[:, : block.height, : block.width])

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `samplers.conv`."""
        return {key: np.ascontiguousarray(weight.numpy()) for key, weight in self.tables.items()}


@final
class ImageDecoder(keras.layers.Layer):
    """From a vector (size,) to an image."""

    def __init__(self, resolutions: Resolutions, size: int, rng: np.random.Generator, name: str = "decoder") -> None:
        super().__init__(name=name)
        self.net = ConvLayers(resolutions, decoder_shapes(resolutions, size), rng, name)
        self.built = True

    def call(self, vector: tf.Tensor) -> tf.Tensor:
        """(n, size) to (n, height, width, channels) in (-1, 1)."""
        net, resolutions = self.net, self.net.resolutions
        modulations = net.modulations(vector, "enter")
        x = modulations["enter"] + net.tables["enter_bias"]
        return net.grow(tf.reshape(x, (-1, *resolutions.grid, resolutions.features(resolutions.halvings))), modulations)

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `samplers.conv`."""
        return self.net.export()


@final
class ImageEncoder(keras.layers.Layer):
    """From an image to a vector (out,), given a condition of `condition` features (0 for none)."""

    def __init__(
        self, resolutions: Resolutions, condition: int, out: int, rng: np.random.Generator, name: str = "encoder"
    ) -> None:
        super().__init__(name=name)
        self.conditioned = condition > 0
        self.net = ConvLayers(resolutions, encoder_shapes(resolutions, condition, out), rng, name)
        self.built = True

    def call(self, images: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """(n, height, width, channels) in [-1, 1] and (n, condition) to (n, out)."""
        net, resolutions = self.net, self.net.resolutions
        modulations = net.modulations(condition) if self.conditioned else NO_MODULATION
        x = net.enter(images)
        for level in range(resolutions.halvings + 1):
            x = net.blocks(x, level, modulations)
            if level < resolutions.halvings:
                x = net.down(x, level)
        x = tf.reshape(rectify(x), (-1, resolutions.flat))
        return x @ tf.convert_to_tensor(net.tables["leave"]) + net.tables["leave_bias"]

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `samplers.conv`."""
        return self.net.export()
