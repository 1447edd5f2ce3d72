"""The grid of tokens that encodes an image, and the weight shapes of its networks.

Finite scalar quantisation, Mentzer et al. 2023 (arXiv:2309.15505, section 3.1): a token consists of a few *digits*,
each with a few *levels*; its index is the number with these digits, the last varying fastest. The networks are
`tokenizer` and `network` in Keras, `sampler` in numpy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from synthdata.blocks import Pixels
from synthdata.models.samplers.causal import layer_shapes
from synthdata.models.samplers.resolutions import (
    Resolutions,
    block_shapes,
    down_shapes,
    from_image_shapes,
    patch_side,
    to_image_shapes,
    up_shapes,
)
from synthdata.models.samplers.shapes import Shapes

__all__ = ["TOKEN_SIDE", "TokenGrid", "token_decoder_shapes", "token_encoder_shapes", "transformer_shapes"]

LEAST_SIDE = 4  # of the grid's shorter side
TOKEN_SIDE = 4  # pixels of the square that a token stands for, unless the image is too small


@dataclass(frozen=True)
class TokenGrid:
    """The sizes of the tokenizer's networks, and the number of levels of each digit of a token."""

    resolutions: Resolutions
    levels: tuple[int, ...]

    @classmethod
    def of(cls, block: Pixels, width: int, blocks: int, levels: tuple[int, ...]) -> Self:
        """One token for 4 x 4 pixels, or for fewer if the grid's shorter side would be less than 4.

        width: channels at full resolution. blocks: residual blocks at each resolution.
        """
        side, patch, halvings = min(block.height, block.width), patch_side(block, TOKEN_SIDE // 2), 0
        while patch << (halvings + 1) <= TOKEN_SIDE and side // patch >> (halvings + 1) >= LEAST_SIDE:
            halvings += 1
        return cls(Resolutions(block, width, blocks, halvings, shuffle=True, patch=patch), levels)

    @property
    def sides(self) -> tuple[int, int]:
        """Height and width of the grid."""
        return self.resolutions.grid

    @property
    def length(self) -> int:
        """Number of tokens of an image."""
        return math.prod(self.sides)

    @property
    def vocabulary(self) -> int:
        """Number of different tokens."""
        return math.prod(self.levels)

    @property
    def strides(self) -> np.ndarray:
        """What one level of each digit adds to the index of a token: (digits,) int64."""
        return np.array([math.prod(self.levels[i + 1 :]) for i in range(len(self.levels))])

    @property
    def digits(self) -> np.ndarray:
        """The digits of each token: (vocabulary, digits) int64."""
        return np.arange(self.vocabulary)[:, None] // self.strides % np.array(self.levels)

    @property
    def points(self) -> np.ndarray:
        """The digits of each token as numbers in [-1, 1]: (vocabulary, digits) float32."""
        return (2 * self.digits / (np.array(self.levels) - 1) - 1).astype(np.float32)

    @property
    def one_hot(self) -> np.ndarray:
        """The digits of each token, one-hot: (vocabulary, sum of levels) float32."""
        parts = [np.eye(levels)[self.digits[:, i]] for i, levels in enumerate(self.levels)]
        return np.concatenate(parts, axis=1).astype(np.float32)


def token_encoder_shapes(grid: TokenGrid) -> Shapes:
    """Weight shapes of the encoder, from an image to digits of tokens; blocks start after the first halving."""
    resolutions, digits = grid.resolutions, len(grid.levels)
    shapes = from_image_shapes(resolutions)
    for level in range(resolutions.halvings):
        shapes |= down_shapes(resolutions, level) | block_shapes(resolutions, level + 1)
    return {**shapes, "leave": (resolutions.features(resolutions.halvings), digits), "leave_bias": (digits,)}


def token_decoder_shapes(grid: TokenGrid) -> Shapes:
    """Weight shapes of the decoder, from digits of tokens to an image."""
    resolutions = grid.resolutions
    wide = resolutions.features(resolutions.halvings)
    shapes: Shapes = {"enter": (3, 3, len(grid.levels), wide), "enter_bias": (wide,)}
    for level in range(resolutions.halvings, -1, -1):
        shapes |= block_shapes(resolutions, level)
        if level:
            shapes |= up_shapes(resolutions, level - 1)
    return shapes | to_image_shapes(resolutions)


def transformer_shapes(grid: TokenGrid, *, condition: int, width: int, layers: int, wide: int) -> Shapes:
    """Weight shapes of the Transformer over tokens, for `sampler`."""
    return {
        "condition": (condition, width),
        "position": (grid.length, width),
        "before": (grid.vocabulary, width),
        "above": (grid.vocabulary, width),
        **layer_shapes(width=width, layers=layers, wide=wide),
        "head": (width, grid.vocabulary),
        "head_bias": (grid.vocabulary,),
    }
