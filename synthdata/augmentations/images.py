"""Images changed at random by Keras' preprocessing layers, and texts by KerasHub's, as a schema names them.

Real rows are changed for whoever learns from them beside generated ones. What a GAN's critic sees changed is another
matter, see `augmenting`: gradients pass through it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, assert_never

import keras
import numpy as np
import tensorflow as tf

from synthdata.augmentations.texts import text_transformer
from synthdata.fields.transforms import ImageTransforms, TextTransforms, Transforms

__all__ = ["BATCH", "image_layers", "transformer"]

BATCH = 64  # rows that are changed at once; layers draw for as many
FORM = {"dtype": "float32", "data_format": "channels_last"}  # whatever Keras is set to

Transformer: TypeAlias = Callable[[np.ndarray, np.random.SeedSequence], np.ndarray]


def transformer(asked: Transforms) -> Transformer:
    """What changes up to BATCH values, an array as `Field.array` gives it.

    A value's change depends on the seed and its place. InputError without the package that it takes.
    """
    match asked:
        case ImageTransforms():
            return partial(_changed, asked)
        case TextTransforms():
            return text_transformer(asked)
        case _:
            assert_never(asked)


def image_layers(asked: ImageTransforms, seed: np.random.SeedSequence) -> list[keras.layers.Layer]:
    """Layers over pixels from 0 to 255, in the order in which they are done."""
    own = dict(zip(asked.NAMES, seed.generate_state(len(asked.NAMES)).tolist(), strict=True))  # whichever are named
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
        case "contrast":  # as documented: of one number, Keras 3.15 would only raise the contrast
            ends = factor if isinstance(factor, tuple) else (factor, factor)
            return layers.RandomContrast(ends, seed=seed, **FORM)
        case "brightness":
            return layers.RandomBrightness(factor, seed=seed, **FORM)
    raise ValueError(f"no layer for {name}")


def _changed(asked: ImageTransforms, pixels: np.ndarray, seed: np.random.SeedSequence) -> np.ndarray:
    """Change pixels (n, height, width, channels) uint8, n up to BATCH."""
    rows = len(pixels)
    filled = np.concatenate([pixels, np.repeat(pixels[-1:], BATCH - rows, axis=0)])  # so that draws are of one shape
    values = tf.constant(filled, tf.float32)
    for layer in image_layers(asked, seed):
        values = layer(values, training=True)
    return np.clip(np.rint(values.numpy()[:rows]), 0, 255).astype(np.uint8)
