"""What the image families have in common: which images they take, how wide their networks are, what they train on."""

from __future__ import annotations

import numpy as np

from synthdata.blocks import Arrays, Block, Pixels
from synthdata.models.base import Signature
from synthdata.models.samplers.condition import encode_condition

__all__ = ["check_block", "conv_width", "training_arrays"]

LEAST_SIDE, MOST_SIDE = 8, 64


def check_block(block: Block) -> Pixels:
    """The block, as one of pixels that these networks can learn; ValueError otherwise."""
    if not isinstance(block, Pixels):
        raise ValueError(f"{type(block).__name__} is no image")
    low, high = sorted((block.height, block.width))
    if low < LEAST_SIDE or high > MOST_SIDE:
        raise ValueError(f"image of {block.height} x {block.width}: sides are from {LEAST_SIDE} to {MOST_SIDE} pixels")
    return block


def conv_width(block: Pixels) -> int:
    """Channels at full resolution that train in minutes: the cost of a resolution grows with its pixels."""
    pixels = block.height * block.width
    return 16 if pixels <= 32 * 32 else 12 if pixels <= 48 * 48 else 8


def training_arrays(signature: Signature, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """The images, and the features of their condition: (n, height, width, channels) uint8 and (n, features) float32."""
    images = arrays[signature.name]
    condition = {name: arrays[name] for name in signature.condition}
    return images, encode_condition(signature.condition, condition, len(images))
