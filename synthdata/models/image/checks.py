"""Shared by the image families: supported image sizes, default channels, and training arrays."""

from __future__ import annotations

import numpy as np

from synthdata.blocks import Arrays, Block, Pixels
from synthdata.models.base import Signature
from synthdata.models.samplers.condition import encode_condition
from synthdata.models.samplers.resolutions import patch_side

__all__ = ["PATCH", "check_block", "conv_width", "training_arrays"]

LEAST_SIDE, MOST_SIDE = 8, 64  # pixels
PATCH = 4  # side of the patches of large images, see `patch_side`


def check_block(block: Block) -> Pixels:
    """Return the block if it is an image of a supported size; ValueError otherwise."""
    if not isinstance(block, Pixels):
        raise ValueError(f"{type(block).__name__} is not an image")
    low, high = sorted((block.height, block.width))
    if low < LEAST_SIDE or high > MOST_SIDE:
        raise ValueError(f"image of {block.height} x {block.width}: sides are from {LEAST_SIDE} to {MOST_SIDE} pixels")
    return block


def conv_width(block: Pixels, most_patch: int = PATCH) -> int:
    """Default number of channels at full resolution; of patches, in proportion to their side."""
    patch = patch_side(block, most_patch)
    return 16 if patch == 1 else 8 * patch


def training_arrays(signature: Signature, arrays: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, height, width, channels) uint8, and their conditions as features (n, features) float32."""
    images = arrays[signature.name]
    condition = {name: arrays[name] for name in signature.condition}
    return images, encode_condition(signature.condition, condition, len(images))
