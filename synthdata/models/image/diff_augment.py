"""Differentiable augmentation of images: random shifts and cutouts.

DiffAugment, Zhao et al. 2020 (arXiv:2006.10738, section 3.2): real and generated images are
augmented alike, so that the critic cannot memorise a small training set, and the generator does not imitate the
augmentation.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from synthdata.blocks import Pixels

__all__ = ["NO_CUT", "augment", "draw_changes"]

MOST_SHIFT = 1 / 8  # of a side
CUT = 1 / 2  # of a side
NO_CUT = -1000  # centre of a cutout that lies outside the image


def draw_changes(rng: np.random.Generator, block: Pixels, rows: int, share: float) -> np.ndarray:
    """Random augmentations: vertical and horizontal shift, then centre of the cutout, (rows, 4) int32.

    share: probability that a row is augmented.
    """
    sides = np.array([block.height, block.width])
    most = np.rint(sides * MOST_SHIFT).astype(int)
    shifts = rng.integers(-most, most + 1, (rows, 2))
    middles = rng.integers(0, sides, (rows, 2))
    changed = rng.random((rows, 1)) < share
    return np.hstack([np.where(changed, shifts, 0), np.where(changed, middles, NO_CUT)]).astype(np.int32)


def augment(images: tf.Tensor, changes: tf.Tensor) -> tf.Tensor:
    """Shift images (n, height, width, channels), repeating their edges, and set cutouts to 0; see `draw_changes`."""
    height, width = images.shape[1:3]
    shifted = tf.einsum("nij,njwc->niwc", _shift(changes[:, 0], height), images)
    shifted = tf.einsum("nij,nhjc->nhic", _shift(changes[:, 1], width), shifted)
    cut = _cut(changes[:, 2], height)[:, :, None] & _cut(changes[:, 3], width)[:, None, :]
    return tf.where(cut[..., None], 0.0, shifted)


def _shift(by: tf.Tensor, side: int) -> tf.Tensor:
    """Matrices that shift along a side: (n,) int32 to (n, side, side)."""
    return tf.one_hot(tf.clip_by_value(tf.range(side)[None] - by[:, None], 0, side - 1), side)


def _cut(middle: tf.Tensor, side: int) -> tf.Tensor:
    """Positions along a side that are cut out: (n,) int32 to (n, side) bool."""
    return tf.abs(tf.range(side)[None] - middle[:, None]) < round(side * CUT / 2)
