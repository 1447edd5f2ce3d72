"""What generators of texts draw."""

from __future__ import annotations

from synthdata.blocks import Block, Tokens

__all__ = ["check_block"]


def check_block(block: Block) -> Tokens:
    """Return a block of texts as one; ValueError for another."""
    if not isinstance(block, Tokens):
        raise ValueError(f"{type(block).__name__} is no text")
    return block
