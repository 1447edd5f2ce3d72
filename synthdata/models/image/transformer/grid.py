"""The sizes of networks between an image and a grid of codes, and of a Transformer over the codes; shapes by name.

Finite scalar quantisation, Mentzer et al. 2023 (arXiv:2309.15505, section 3.1): a code is a few digits, each of few
levels, and the codes are numbered by their digits, the last one fastest. What runs with the weights: `image_codes` and
`code_transformer` in Keras, `code_drawing` in numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from synthdata.blocks import Pixels
from synthdata.models.samplers.causal import layer_shapes
from synthdata.models.samplers.resolutions import MOST_FEATURES
from synthdata.models.samplers.shapes import Shapes

__all__ = ["CodeGrid", "drawing_shapes", "pixel_decoder_shapes", "pixel_encoder_shapes"]

LEAST_SIDE, MOST_SIDE = 4, 8  # of the grid, the shorter side
HALVINGS = 2  # of an image that allows them: a code for 4 x 4 pixels


@dataclass(frozen=True)
class CodeGrid:
    """An image's size, that of the convolutional networks over it, and the levels of each digit of a code.

    width: channels at full resolution. blocks: residual blocks at each resolution.
    """

    block: Pixels
    width: int
    blocks: int
    levels: tuple[int, ...]

    @property
    def halvings(self) -> int:
        """How often the image is halved; sizes that halving does not divide are padded."""
        side, times = min(self.block.height, self.block.width), 0
        while -(-side >> times) > MOST_SIDE or (times < HALVINGS and side >> (times + 1) >= LEAST_SIDE):
            times += 1
        return times

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of the grid."""
        return -(-self.block.height >> self.halvings), -(-self.block.width >> self.halvings)

    @property
    def length(self) -> int:
        """Codes of an image."""
        return self.sides[0] * self.sides[1]

    @property
    def codes(self) -> int:
        """How many different codes there are."""
        return math.prod(self.levels)

    @property
    def padding(self) -> tuple[int, int]:
        """Rows and columns of pixels added so that halving divides."""
        height, width = self.sides
        return (height << self.halvings) - self.block.height, (width << self.halvings) - self.block.width

    def features(self, halvings: int) -> int:
        """Channels inside the networks, at the resolution after so many halvings."""
        return min(self.width << halvings, max(MOST_FEATURES, self.width))

    @property
    def places(self) -> np.ndarray:
        """What a digit adds to the number of its code: (digits,) int64."""
        return np.array([math.prod(self.levels[i + 1 :]) for i in range(len(self.levels))])

    @property
    def points(self) -> np.ndarray:
        """The digits of each code as numbers in [-1, 1]: (codes, digits) float32."""
        levels = np.array(self.levels)
        digits = np.arange(self.codes)[:, None] // self.places % levels
        return (2 * digits / (levels - 1) - 1).astype(np.float32)

    @property
    def marks(self) -> np.ndarray:
        """The digits of each code, one-hot: (codes, sum of levels) float32."""
        digits = np.arange(self.codes)[:, None] // self.places % np.array(self.levels)
        return np.concatenate([np.eye(n)[digits[:, i]] for i, n in enumerate(self.levels)], axis=1).astype(np.float32)


def _block_shapes(grid: CodeGrid, level: int) -> Shapes:
    shapes: Shapes = {}
    wide = grid.features(level)
    for i in range(grid.blocks):
        shapes |= {f"first_{level}_{i}": (3, 3, wide, wide), f"first_bias_{level}_{i}": (wide,)}
        shapes |= {f"second_{level}_{i}": (3, 3, wide, wide), f"second_bias_{level}_{i}": (wide,)}
    return shapes


def pixel_encoder_shapes(grid: CodeGrid) -> Shapes:
    """Weights of the network from an image to the digits of its codes; its blocks start after the first halving."""
    enter, digits = (3, 3, grid.block.channels, grid.features(0)), len(grid.levels)
    shapes: Shapes = {"enter": enter, "enter_bias": enter[-1:]}
    for level in range(grid.halvings):
        shapes[f"down_{level}"] = (4 * grid.features(level), grid.features(level + 1))
        shapes |= _block_shapes(grid, level + 1)
    return {**shapes, "leave": (grid.features(grid.halvings), digits), "leave_bias": (digits,)}


def pixel_decoder_shapes(grid: CodeGrid) -> Shapes:
    """Weights of the network from the digits of codes to an image."""
    enter = (3, 3, len(grid.levels), grid.features(grid.halvings))
    shapes: Shapes = {"enter": enter, "enter_bias": enter[-1:]}
    for level in range(grid.halvings, -1, -1):
        shapes |= _block_shapes(grid, level)
        if level:
            shapes[f"up_{level - 1}"] = (grid.features(level), 4 * grid.features(level - 1))
    leave = (3, 3, grid.features(0), grid.block.channels)
    return {**shapes, "leave": leave, "leave_bias": leave[-1:]}


def drawing_shapes(grid: CodeGrid, *, told: int, width: int, layers: int, wide: int) -> Shapes:
    """Weights of the Transformer as `code_drawing` takes them."""
    shapes: Shapes = {"told": (told, width), "place": (grid.length, width)}
    shapes |= {"before": (grid.codes, width), "above": (grid.codes, width)}
    shapes |= layer_shapes(width=width, layers=layers, wide=wide)
    return {**shapes, "head": (width, grid.codes), "head_bias": (grid.codes,)}
