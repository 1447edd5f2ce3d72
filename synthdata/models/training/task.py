"""The task of a training loop: a model, its batches, its loss and its validation."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

__all__ = ["Task", "fingerprint_of", "rising_beta"]


class Task(ABC):
    """A model to train. Subclasses implement `batch`, `loss` (or `gradients`, for several losses), `validate`.

    fingerprint: a digest of settings and data; a checkpoint is resumed only if it is the same.
    """

    model: keras.Model
    fingerprint: str

    @abstractmethod
    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """The batch of a step, of the same shapes at each step; deterministic given the seed and the arguments.

        progress: completed fraction of the schedule, which a time budget may shorten, in [0, 1).
        """

    def loss(self, *batch: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""
        raise NotImplementedError

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean loss of a batch, and its gradient for each variable; called inside a compiled function."""
        with tf.GradientTape() as tape:
            value = self.loss(*batch)
        return value, tape.gradient(value, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    @abstractmethod
    def validate(self) -> float:
        """The validation loss of the model's current weights."""


def rising_beta(beta: float, kl_warmup: float, progress: float) -> np.ndarray:
    """The weight of the KL divergence, () float32: from `beta` geometrically to 1 at the fraction `kl_warmup`."""
    left = max(0.0, 1 - progress / kl_warmup) if kl_warmup else 0.0
    return np.array(beta**left, np.float32)


def fingerprint_of(identity: dict[str, Any], *arrays: np.ndarray) -> str:
    """A digest of settings (see `Settings.identity`) and training arrays."""
    digest = hashlib.sha256(repr(identity).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
