"""What the image generators have in common: which images they take, and how wide their networks are."""

from __future__ import annotations

from synthdata.blocks import Block, Pixels

__all__ = ["canvas_width", "check_block"]

LEAST_SIDE, MOST_SIDE = 8, 64


def check_block(block: Block) -> Pixels:
    """The block as one of pixels that networks here can learn; ValueError otherwise."""
    if not isinstance(block, Pixels):
        raise ValueError(f"{type(block).__name__} is no image")
    low, high = sorted((block.height, block.width))
    if low < LEAST_SIDE or high > MOST_SIDE:
        raise ValueError(f"image of {block.height} x {block.width}: sides are from {LEAST_SIDE} to {MOST_SIDE} pixels")
    return block


def canvas_width(block: Pixels) -> int:
    """Channels at full resolution that train in minutes: the cost of a resolution grows with its pixels."""
    pixels = block.height * block.width
    return 16 if pixels <= 32 * 32 else 12 if pixels <= 48 * 48 else 8
