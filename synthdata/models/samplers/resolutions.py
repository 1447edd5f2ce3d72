"""The resolutions of a convolutional network over an image, and the shapes of its weights by name.

The networks are `layers.conv` in Keras, which creates the weights, and `samplers.conv` in numpy. A *level* is the
number of halvings so far: 0 is full resolution.
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
    "initial_weight",
    "patch_side",
    "to_image_shapes",
    "up_shapes",
]

LEAST_SIDE = 4  # pixels of the shorter side at the lowest resolution
MOST_FEATURES = 128
LARGE = 32  # pixels of the longer side, above which squares of pixels are taken together
PIXEL_FEATURES = 8  # channels of a pixel of a patch, before the convolution that adds details
DETAIL = 0.2  # initial scale of that convolution: images start smooth
SECOND = 0.4  # initial scale of a block's second convolution, so that variance does not grow with depth
MODULATION = 0.3  # initial scale of modulation matrices


@dataclass(frozen=True)
class Resolutions:
    """The sizes of a network over an image, at each resolution.

    width: channels at full resolution; they double with each halving. blocks: residual blocks at each resolution.
    halvings: number of times that height and width are halved; other sizes are padded at the right and the bottom.
    shuffle: halve by space-to-depth and double by depth-to-space (pixel shuffle, Shi et al. 2016, arXiv:1609.05158,
    eq. 4); otherwise by averaging and bilinear interpolation. patch: side of the squares of pixels that are one
    position at full resolution, their pixels as channels.
    """

    block: Pixels
    width: int
    blocks: int
    halvings: int
    shuffle: bool = False
    patch: int = 1

    @classmethod
    def of(cls, block: Pixels, width: int, blocks: int, patch: int = 1) -> Self:
        """For a network between an image and a vector: halve while the shorter side stays at least 4."""
        halvings = 0
        while min(block.height, block.width) // patch >> (halvings + 1) >= LEAST_SIDE:
            halvings += 1
        return cls(block, width, blocks, halvings, patch=patch)

    @property
    def image(self) -> tuple[int, int, int]:
        """Height, width and channels of the image."""
        return self.block.height, self.block.width, self.block.channels

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width at the lowest resolution."""
        side = self.patch << self.halvings
        return -(-self.block.height // side), -(-self.block.width // side)

    @property
    def padding(self) -> tuple[int, int]:
        """Rows and columns of pixels added, so that all halvings are even."""
        (height, width), side = self.grid, self.patch << self.halvings
        return height * side - self.block.height, width * side - self.block.width

    @property
    def patch_channels(self) -> int:
        """Numbers of a square of pixels: its pixels times the channels of the image."""
        return self.patch**2 * self.block.channels

    def features(self, level: int) -> int:
        """Channels at a level."""
        return min(self.width << level, max(MOST_FEATURES, self.width))

    def resampled_features(self, level: int) -> int:
        """Channels at a level between resampling and the 1 x 1 convolution: four times as many with pixel shuffle."""
        return (4 if self.shuffle else 1) * self.features(level)

    @property
    def flat(self) -> int:
        """Size of the flattened states at the lowest resolution."""
        return math.prod(self.grid) * self.features(self.halvings)


def patch_side(block: Pixels, most: int) -> int:
    """The side of the patches of an image: at most `most`, a power of 2, if the image is large; 1 if it is not.

    A large image's full resolution would take most of the time, and teach little.
    """
    low, high = sorted((block.height, block.width))
    patch = most if high > LARGE else 1
    while patch > 1 and low // patch < LEAST_SIDE:
        patch //= 2
    return patch


def from_image_shapes(resolutions: Resolutions) -> Shapes:
    """Weight shapes of the first convolution, from an image."""
    wide = resolutions.features(0)
    return {"enter": (3, 3, resolutions.patch_channels, wide), "enter_bias": (wide,)}


def to_image_shapes(resolutions: Resolutions) -> Shapes:
    """Weight shapes of the last convolution, to an image.

    Of patches it gives one pixel each, which are interpolated; "spread" and "detail" add the details of their pixels.
    """
    channels, wide = resolutions.block.channels, resolutions.features(0)
    shapes: Shapes = {"leave": (3, 3, wide, channels), "leave_bias": (channels,)}
    if resolutions.patch > 1:
        shapes |= {
            "spread": (wide, resolutions.patch**2 * PIXEL_FEATURES),
            "detail": (3, 3, PIXEL_FEATURES, channels),
            "detail_bias": (channels,),
        }
    return shapes


def block_shapes(resolutions: Resolutions, level: int, modulation: int = 0) -> Shapes:
    """Weight shapes of the residual blocks of a level, modulated by a vector (modulation,); 0 for none."""
    shapes: Shapes = {}
    wide = resolutions.features(level)
    for i in range(resolutions.blocks):
        for name in ("first", "second"):
            shapes |= {f"{name}_{level}_{i}": (3, 3, wide, wide), f"{name}_bias_{level}_{i}": (wide,)}
        if modulation:
            shapes[f"modulation_{level}_{i}"] = (modulation, 2 * wide)
    return shapes


def down_shapes(resolutions: Resolutions, level: int) -> Shapes:
    """Weight shapes of the halving from `level` to `level + 1`."""
    return {f"down_{level}": (resolutions.resampled_features(level), resolutions.features(level + 1))}


def up_shapes(resolutions: Resolutions, level: int) -> Shapes:
    """Weight shapes of the doubling from `level + 1` to `level`."""
    return {f"up_{level}": (resolutions.features(level + 1), resolutions.resampled_features(level))}


def decoder_shapes(resolutions: Resolutions, vector: int) -> Shapes:
    """Weight shapes of a network from a vector (vector,) to an image, whose blocks the vector modulates."""
    flat, levels = resolutions.flat, resolutions.halvings
    shapes: Shapes = {"enter": (vector, flat), "enter_bias": (flat,)}
    for level in range(levels + 1):
        shapes |= block_shapes(resolutions, level, vector)
    for level in range(levels):
        shapes |= up_shapes(resolutions, level)
    return shapes | to_image_shapes(resolutions)


def encoder_shapes(resolutions: Resolutions, condition: int, out: int) -> Shapes:
    """Weight shapes of a network from an image to a vector (out,), whose blocks `condition` features modulate."""
    levels = resolutions.halvings
    shapes = from_image_shapes(resolutions)
    for level in range(levels + 1):
        shapes |= block_shapes(resolutions, level, condition)
    for level in range(levels):
        shapes |= down_shapes(resolutions, level)
    return {**shapes, "leave": (resolutions.flat, out), "leave_bias": (out,)}


def initial_weight(name: str, shape: tuple[int, ...], rng: np.random.Generator, enter_gain: float = 1.0) -> np.ndarray:
    """Initial value of a weight: He et al. 2015 (arXiv:1502.01852, eq. 10), smaller where residuals add up.

    All pixels of a patch begin alike, so that there is no texture to unlearn: Aitken et al. 2017 (arXiv:1707.02937).

    enter_gain: variance of the first layer's output over that of its input.
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
        case "detail":
            scale *= DETAIL
    if kind == "spread":
        return np.tile(rng.normal(0.0, scale, (shape[0], PIXEL_FEATURES)), shape[1] // PIXEL_FEATURES)
    return rng.normal(0.0, scale, shape)
