"""Checks of the arrays given to text generators."""

from __future__ import annotations

import numpy as np

from synthdata.blocks import Arrays, Tokens, check_arrays
from synthdata.models.base import Signature
from synthdata.models.samplers.condition import encode_condition

__all__ = ["encoded_texts", "text_block"]


def text_block(signature: Signature) -> Tokens:
    """The text block of a signature; ValueError if it is another kind of block."""
    block = signature.block
    if not isinstance(block, Tokens):
        raise ValueError(f"{type(block).__name__} is not a text")
    return block


def encoded_texts(signature: Signature, arrays: Arrays, condition: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """Tokens (n, length) and conditions as features (n, features); ValueError if the arrays do not fit."""
    rows = check_arrays(signature.layout, {name: arrays[name] for name in signature.layout})
    own = {name: condition[name] for name in signature.condition if name in condition}
    return arrays[signature.name], encode_condition(signature.condition, own, rows)
