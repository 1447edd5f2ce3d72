"""The resolutions of a convolutional network over an image, and the shapes of its weights by name.

What runs with the weights: `layers.conv` in Keras, which creates them by these shapes, and `samplers.conv` in numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from synthdata.blocks import Pixels
from synthdata.models.samplers.shapes import Shapes

__all__ = [
    "Resolutions",
    "block_shapes",
    "decoder_shapes",
    "down_shapes",
    "encoder_shapes",
    "from_image_shapes",
    "start_of",
    "to_image_shapes",
    "up_shapes",
]

LEAST_SIDE = 4  # of an image at the lowest resolution, the shorter side
MOST_FEATURES = 128
SECOND = 0.4  # how small a block's second convolution starts, so that depth does not add up
MODULATION = 0.3


@dataclass(frozen=True)
class Resolutions:
    """An image, and the networks over it: at full resolution, and after each halving.

    width: channels at full resolution; they double with each halving. blocks: residual blocks at each resolution.
    halvings: how often the image is halved; sizes that halving does not divide are padded at the right and the bottom.
    shuffle: whether halving moves pixels into channels, and doubling moves them back (Shi et al. 2016,
    arXiv:1609.05158, eq. 4); otherwise pixels are averaged, and repeated.
    """

    block: Pixels
    width: int
    blocks: int
    halvings: int
    shuffle: bool = False

    @classmethod
    def of(cls, block: Pixels, width: int, blocks: int) -> Self:
        """Those of a network between an image and a vector: it is halved while its shorter side stays at least 4."""
        halvings = 0
        while min(block.height, block.width) >> (halvings + 1) >= LEAST_SIDE:
            halvings += 1
        return cls(block, width, blocks, halvings)

    @property
    def image(self) -> tuple[int, int, int]:
        """Height, width and channels of the image."""
        return self.block.height, self.block.width, self.block.channels

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width at the lowest resolution."""
        return -(-self.block.height >> self.halvings), -(-self.block.width >> self.halvings)

    @property
    def padding(self) -> tuple[int, int]:
        """Rows and columns of pixels added so that halving divides."""
        height, width = self.grid
        return (height << self.halvings) - self.block.height, (width << self.halvings) - self.block.width

    def features(self, level: int) -> int:
        """Channels inside the networks after `level` halvings."""
        return min(self.width << level, max(MOST_FEATURES, self.width))

    def moved(self, level: int) -> int:
        """Channels after `level` halvings that go into the next halving, or come out of a doubling."""
        return (4 if self.shuffle else 1) * self.features(level)

    @property
    def flat(self) -> int:
        """Numbers at the lowest resolution."""
        return math.prod(self.grid) * self.features(self.halvings)


def from_image_shapes(resolutions: Resolutions) -> Shapes:
    """Of the convolution that an image enters by."""
    wide = resolutions.features(0)
    return {"enter": (3, 3, resolutions.block.channels, wide), "enter_bias": (wide,)}


def to_image_shapes(resolutions: Resolutions) -> Shapes:
    """Of the convolution that an image leaves by."""
    channels = resolutions.block.channels
    return {"leave": (3, 3, resolutions.features(0), channels), "leave_bias": (channels,)}


def block_shapes(resolutions: Resolutions, level: int, modulation: int = 0) -> Shapes:
    """Of the residual blocks after `level` halvings, which a vector of `modulation` numbers scales and shifts."""
    shapes: Shapes = {}
    wide = resolutions.features(level)
    for i in range(resolutions.blocks):
        for name in ("first", "second"):
            shapes |= {f"{name}_{level}_{i}": (3, 3, wide, wide), f"{name}_bias_{level}_{i}": (wide,)}
        if modulation:
            shapes[f"modulation_{level}_{i}"] = (modulation, 2 * wide)
    return shapes


def down_shapes(resolutions: Resolutions, level: int) -> Shapes:
    """Of the halving after `level` others."""
    return {f"down_{level}": (resolutions.moved(level), resolutions.features(level + 1))}


def up_shapes(resolutions: Resolutions, level: int) -> Shapes:
    """Of the doubling that undoes the halving after `level` others."""
    return {f"up_{level}": (resolutions.features(level + 1), resolutions.moved(level))}


def decoder_shapes(resolutions: Resolutions, vector: int) -> Shapes:
    """Of a network from a vector to an image, whose blocks the vector modulates."""
    flat, levels = resolutions.flat, resolutions.halvings
    shapes: Shapes = {"enter": (vector, flat), "enter_bias": (flat,)}
    for level in range(levels + 1):
        shapes |= block_shapes(resolutions, level, vector)
    for level in range(levels):
        shapes |= up_shapes(resolutions, level)
    return shapes | to_image_shapes(resolutions)


def encoder_shapes(resolutions: Resolutions, condition: int, out: int) -> Shapes:
    """Of a network from an image to `out` numbers, whose blocks the condition's features modulate."""
    levels = resolutions.halvings
    shapes = from_image_shapes(resolutions)
    for level in range(levels + 1):
        shapes |= block_shapes(resolutions, level, condition)
    for level in range(levels):
        shapes |= down_shapes(resolutions, level)
    return {**shapes, "leave": (resolutions.flat, out), "leave_bias": (out,)}


def start_of(name: str, shape: tuple[int, ...], rng: np.random.Generator, enter_gain: float = 1.0) -> np.ndarray:
    """Where a weight starts: He et al. 2015 (arXiv:1502.01852, eq. 10), smaller where residuals add up.

    enter_gain: variance of what enters the network over that of its input.
    """
    if "bias" in name:
        return np.zeros(shape)
    kind = name.split("_")[0]
    scale = math.sqrt((enter_gain if kind == "enter" else 1.0) / math.prod(shape[:-1]))
    match kind:
        case "first":
            scale *= math.sqrt(2.0)
        case "second":
            scale *= math.sqrt(2.0) * SECOND
        case "modulation":
            scale *= MODULATION
    return rng.normal(0.0, scale, shape)
