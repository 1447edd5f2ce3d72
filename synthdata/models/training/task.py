"""What is trained: a model, its batches, its loss and its validation."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

__all__ = ["Task", "fingerprint_of"]


class Task(ABC):
    """One training. What to implement: `batch`, `loss` (or `gradients`, where there are several), `validate`.

    fingerprint: of settings and rows; a checkpoint is resumed only where it is the same.
    """

    model: keras.Model
    fingerprint: str

    @abstractmethod
    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """The batch of a step, always of the same shapes: a function of the seed, the step, and how much is done.

        done: share of the schedule, in [0, 1), which a time budget may have shortened.
        """

    def loss(self, *batch: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""
        raise NotImplementedError

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean loss of a batch, and what to descend along for each variable; compiled."""
        with tf.GradientTape() as tape:
            value = self.loss(*batch)
        return value, tape.gradient(value, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    @abstractmethod
    def validate(self) -> float:
        """The validation loss of the model's present weights."""


def fingerprint_of(identity: dict[str, Any], *arrays: np.ndarray) -> str:
    """A digest of settings (see `Settings.identity`) and of the arrays they are for."""
    digest = hashlib.sha256(repr(identity).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
