"""Shared by the image families: supported image sizes, default channels, and training arrays."""

from __future__ import annotations

import numpy as np

from synthdata.blocks import Arrays, Block, Pixels
from synthdata.models.base import Signature
from synthdata.models.samplers.condition import encode_condition

__all__ = ["check_block", "conv_width", "training_arrays"]

LEAST_SIDE, MOST_SIDE = 8, 64  # pixels


def check_block(block: Block) -> Pixels:
    """Return the block if it is an image of a supported size; ValueError otherwise."""
    if not isinstance(block, Pixels):
        raise ValueError(f"{type(block).__name__} is not an image")
    low, high = sorted((block.height, block.width))
    if low < LEAST_SIDE or high > MOST_SIDE:
        raise ValueError(f"image of {block.height} x {block.width}: sides are from {LEAST_SIDE} to {MOST_SIDE} pixels")
    return block


def conv_width(block: Pixels) -> int:
    """Default number of channels at full resolution, fewer for larger images to limit training time."""
    pixels = block.height * block.width
    return 16 if pixels <= 32 * 32 else 12 if pixels <= 48 * 48 else 8


def training_arrays(signature: Signature, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, height, width, channels) uint8, and their conditions as features (n, features) float32."""
    images = arrays[signature.name]
    condition = {name: arrays[name] for name in signature.condition}
    return images, encode_condition(signature.condition, condition, len(images))
