"""The networks of affine coupling layers, in Keras: Dinh et al. 2017 (arXiv:1605.08803, section 3.2)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import activate, weight
from synthdata.models.samplers.prior import MOST_LOG_SCALE, layer_shapes

__all__ = ["Coupling", "export_couplings"]


class Coupling(keras.layers.Layer):
    """Shift and log-scale of one half of a latent vector, given the other half and `condition` features."""

    def __init__(self, half: int, width: int, rng: np.random.Generator, name: str, condition: int = 0) -> None:
        super().__init__(name=name)
        scales = {
            "enter": 1 / math.sqrt(half),
            "inner": 1 / math.sqrt(width),
        }  # others start at zero, so that the layer is the identity
        self.tables = {
            key: weight(self, key, rng.normal(0.0, scales[key], shape) if key in scales else np.zeros(shape))
            for key, shape in layer_shapes(half, condition, width).items()
        }
        self.built = True

    def call(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """(rows, half + condition) to shift and log-scale, (rows, half) each."""
        for name in ("enter", "inner"):
            x = activate(self._affine(x, name))
        shift, log_scale = tf.split(self._affine(x, "head"), 2, axis=-1)
        return shift, MOST_LOG_SCALE * tf.tanh(log_scale / MOST_LOG_SCALE)

    def _affine(self, x: tf.Tensor, name: str) -> tf.Tensor:
        return x @ tf.convert_to_tensor(self.tables[name]) + self.tables[f"{name}_bias"]


def export_couplings(couplings: Iterable[Coupling]) -> dict[str, np.ndarray]:
    """The weights, by name, for `samplers.prior`."""
    return {
        f"prior_{name}_{i}": weight.numpy()
        for i, coupling in enumerate(couplings)
        for name, weight in coupling.tables.items()
    }
