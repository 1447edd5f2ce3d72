"""The networks of affine coupling layers, in Keras: Dinh et al. 2017 (arXiv:1605.08803, section 3.2)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import activate, weight
from synthdata.models.samplers.prior import MOST_LOG_SCALE

__all__ = ["Coupling", "export_couplings"]


class Coupling(keras.layers.Layer):
    """Shift and log-scale of one half of a latent vector, given the other half and `condition` features."""

    def __init__(self, half: int, width: int, rng: np.random.Generator, name: str, condition: int = 0) -> None:
        super().__init__(name=name)
        self.enter = weight(self, "enter", rng.normal(0.0, 1 / math.sqrt(half), (half + condition, width)))
        self.enter_bias = weight(self, "enter_bias", np.zeros(width))
        self.inner = weight(self, "inner", rng.normal(0.0, 1 / math.sqrt(width), (width, width)))
        self.inner_bias = weight(self, "inner_bias", np.zeros(width))
        self.leave = weight(self, "head", np.zeros((width, 2 * half)))
        self.leave_bias = weight(self, "leave_bias", np.zeros(2 * half))
        self.built = True

    def call(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """(rows, half + condition) to shift and log-scale, (rows, half) each."""
        x = activate(x @ tf.convert_to_tensor(self.enter) + self.enter_bias)
        x = activate(x @ tf.convert_to_tensor(self.inner) + self.inner_bias)
        shift, log_scale = tf.split(x @ tf.convert_to_tensor(self.leave) + self.leave_bias, 2, axis=-1)
        return shift, MOST_LOG_SCALE * tf.tanh(log_scale / MOST_LOG_SCALE)


def export_couplings(couplings: Iterable[Coupling]) -> dict[str, np.ndarray]:
    """The weights as `samplers.prior` takes them."""
    names = ("enter", "enter_bias", "inner", "inner_bias", "leave", "leave_bias")
    return {
        f"prior_{name}_{i}": getattr(coupling, name).numpy() for i, coupling in enumerate(couplings) for name in names
    }
