"""Random transforms of images by Keras' preprocessing layers, and of texts by KerasHub's, as a schema names them.

These change real rows for a training set. The augmentation of a GAN's critic is another matter, since gradients pass
through it: see `models.image.diff_augment`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, assert_never

import keras
import numpy as np
import tensorflow as tf

from synthdata.augmentations.texts import text_augmentation
from synthdata.fields.transforms import ImageTransforms, TextTransforms, Transforms

__all__ = ["BATCH", "augmentation", "image_layers"]

BATCH = 64  # rows that are changed at once
FORM = {"dtype": "float32", "data_format": "channels_last"}  # whatever the settings of Keras are

Transform: TypeAlias = Callable[[np.ndarray, np.random.SeedSequence], np.ndarray]


def augmentation(asked: Transforms) -> Transform:
    """A function that changes up to BATCH values, an array as `Field.array` returns it.

    A value's change depends on the seed and its index. InputError if a package is not installed.
    """
    match asked:
        case ImageTransforms():
            return partial(_changed, asked)
        case TextTransforms():
            return text_augmentation(asked)
        case _:
            assert_never(asked)


def image_layers(asked: ImageTransforms, seed: np.random.SeedSequence) -> list[keras.layers.Layer]:
    """Layers over pixels from 0 to 255, in the order in which they are applied."""
    own = dict(
        zip(asked.NAMES, seed.generate_state(len(asked.NAMES)).tolist(), strict=True)
    )  # independent of which are named
    return [_layer(name, factor, asked, own[name]) for name, factor in asked.named.items()]


def _layer(name: str, factor: Any, asked: ImageTransforms, seed: int) -> keras.layers.Layer:
    layers = keras.layers
    filled: dict[str, Any] = {"fill_mode": asked.fill_mode, "fill_value": asked.fill_value, "seed": seed, **FORM}
    match name:
        case "translation":
            return layers.RandomTranslation(factor, factor, **filled)
        case "rotation":
            return layers.RandomRotation(factor, **filled)
        case "zoom":
            return layers.RandomZoom(factor, **filled)
        case "shear":
            return layers.RandomShear(factor, factor, **filled)
        case "flip":
            return layers.RandomFlip(factor, seed=seed, **FORM)
        case "contrast":  # as documented; Keras 3.15 would only raise the contrast for one number
            ends = factor if isinstance(factor, tuple) else (factor, factor)
            return layers.RandomContrast(ends, seed=seed, **FORM)
        case "brightness":
            return layers.RandomBrightness(factor, seed=seed, **FORM)
    raise ValueError(f"no layer for {name}")


def _changed(asked: ImageTransforms, pixels: np.ndarray, seed: np.random.SeedSequence) -> np.ndarray:
    """Change pixels (n, height, width, channels) uint8, n up to BATCH."""
    rows = len(pixels)
    filled = np.concatenate([pixels, np.repeat(pixels[-1:], BATCH - rows, axis=0)])  # random draws of one shape
    values = tf.constant(filled, tf.float32)
    for layer in image_layers(asked, seed):
        values = layer(values, training=True)
    return np.clip(np.rint(values.numpy()[:rows]), 0, 255).astype(np.uint8)
