"""The sizes of convolutional networks over an image, and the shapes of their weights by name.

An image is halved while its shorter side stays at least 4; sizes that halving does not divide are padded at the right
and the bottom. Channels double with each halving. What runs with the weights: `conv` in Keras, `conv_drawing` in numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from synthdata.blocks import Pixels
from synthdata.models.samplers.shapes import Shapes

__all__ = ["Canvas", "decoder_shapes", "encoder_shapes", "start_of"]

SMALLEST_GRID = 4
MOST_FEATURES = 128
SECOND = 0.4  # how small a block's second convolution starts, so that depth does not add up
STYLE = 0.3


@dataclass(frozen=True)
class Canvas:
    """An image's size, and that of the networks over it.

    width: channels at full resolution. blocks: residual blocks at each resolution.
    """

    block: Pixels
    width: int
    blocks: int

    @property
    def pixels(self) -> int:
        """Numbers of an image."""
        return self.block.height * self.block.width * self.block.channels

    @property
    def halvings(self) -> int:
        """How often the image is halved."""
        times = 0
        while min(self.block.height, self.block.width) >> (times + 1) >= SMALLEST_GRID:
            times += 1
        return times

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width at the lowest resolution."""
        return -(-self.block.height >> self.halvings), -(-self.block.width >> self.halvings)

    @property
    def padding(self) -> tuple[int, int]:
        """Rows and columns of pixels added so that halving divides."""
        height, width = self.grid
        return (height << self.halvings) - self.block.height, (width << self.halvings) - self.block.width

    def features(self, halvings: int) -> int:
        """Channels inside the networks, at the resolution after so many halvings."""
        return min(self.width << halvings, max(MOST_FEATURES, self.width))

    @property
    def flat(self) -> int:
        """Numbers at the lowest resolution."""
        height, width = self.grid
        return height * width * self.features(self.halvings)


def _block_shapes(canvas: Canvas, style: int) -> Shapes:
    shapes: Shapes = {}
    for level in range(canvas.halvings + 1):
        wide = canvas.features(level)
        for i in range(canvas.blocks):
            shapes |= {f"first_{level}_{i}": (3, 3, wide, wide), f"first_bias_{level}_{i}": (wide,)}
            shapes |= {f"second_{level}_{i}": (3, 3, wide, wide), f"second_bias_{level}_{i}": (wide,)}
            if style:
                shapes[f"style_{level}_{i}"] = (style, 2 * wide)
    return shapes


def decoder_shapes(canvas: Canvas, style: int) -> Shapes:
    """Weights of a network from `style` numbers to an image."""
    shapes: Shapes = {"enter": (style, canvas.flat), "enter_bias": (canvas.flat,), **_block_shapes(canvas, style)}
    for level in range(canvas.halvings):
        shapes[f"up_{level}"] = (canvas.features(level + 1), canvas.features(level))
    leave = (3, 3, canvas.features(0), canvas.block.channels)
    return {**shapes, "leave": leave, "leave_bias": leave[-1:]}


def encoder_shapes(canvas: Canvas, style: int, out: int) -> Shapes:
    """Weights of a network from an image, and `style` numbers that say what it is, to `out` numbers."""
    enter = (3, 3, canvas.block.channels, canvas.features(0))
    shapes: Shapes = {"enter": enter, "enter_bias": enter[-1:], **_block_shapes(canvas, style)}
    for level in range(canvas.halvings):
        shapes[f"down_{level}"] = (canvas.features(level), canvas.features(level + 1))
    return {**shapes, "leave": (canvas.flat, out), "leave_bias": (out,)}


def start_of(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Where a weight starts: He et al. 2015 (arXiv:1502.01852, eq. 10), smaller where residuals add up."""
    if "bias" in name:
        return np.zeros(shape)
    scale = math.sqrt(1.0 / math.prod(shape[:-1]))
    match name.split("_")[0]:
        case "first":
            scale *= math.sqrt(2.0)
        case "second":
            scale *= math.sqrt(2.0) * SECOND
        case "style":
            scale *= STYLE
    return rng.normal(0.0, scale, shape)
