"""Images moved and cut out at random, in ways that gradients pass through.

Zhao et al. 2020 (arXiv:2006.10738, section 3.2): the critic of a small set sees real and generated images after the
same kind of change, so that it cannot learn the set by heart, nor the generator take over the change.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from synthdata.blocks import Pixels

__all__ = ["augmented", "draw_changes"]

MOST_SHIFT = 1 / 8  # of a side
CUT = 1 / 2  # of a side
NOWHERE = -1000  # a place no cut reaches the image from


def draw_changes(rng: np.random.Generator, block: Pixels, rows: int, share: float) -> np.ndarray:
    """Pixels to move by and the middle of what is cut out, (rows, 4) int32; a share of the rows is changed."""
    sides = np.array([block.height, block.width])
    most = np.rint(sides * MOST_SHIFT).astype(int)
    moves = rng.integers(-most, most + 1, (rows, 2))
    middles = rng.integers(0, sides, (rows, 2))
    changed = rng.random((rows, 1)) < share
    return np.hstack([np.where(changed, moves, 0), np.where(changed, middles, NOWHERE)]).astype(np.int32)


def augmented(images: tf.Tensor, changes: tf.Tensor) -> tf.Tensor:
    """Move images (n, height, width, channels), repeating their edges, and put 0 where they are cut out."""
    height, width = images.shape[1:3]
    moved = tf.einsum("nij,njwc->niwc", _moves(changes[:, 0], height), images)
    moved = tf.einsum("nij,nhjc->nhic", _moves(changes[:, 1], width), moved)
    cut = _cut(changes[:, 2], height)[:, :, None] & _cut(changes[:, 3], width)[:, None, :]
    return tf.where(cut[..., None], 0.0, moved)


def _moves(by: tf.Tensor, side: int) -> tf.Tensor:
    """Matrices that move a row of pixels: (n,) int32 to (n, side, side)."""
    return tf.one_hot(tf.clip_by_value(tf.range(side)[None] - by[:, None], 0, side - 1), side)


def _cut(middle: tf.Tensor, side: int) -> tf.Tensor:
    return tf.abs(tf.range(side)[None] - middle[:, None]) < round(side * CUT / 2)
