"""What the trainings of all text networks share: packed texts with the condition of each."""

from __future__ import annotations

from abc import abstractmethod

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.base import Settings
from synthdata.models.text.packing import Packs
from synthdata.models.training.batches import Batches
from synthdata.models.training.task import Task, fingerprint_of

__all__ = ["PackedTask"]


class PackedTask(Task):
    """Rows of packed texts and the condition of each text. What to implement: `batch`, `validation_batch`.

    The loss is the model's `nll`; a task with another implements `gradients` and `evaluate`. condition: (n, features)
    of all texts. at_once: rows that are validated at once. jit: whether validation is worth compiling. predicted:
    (rows, steps) bool, the steps whose token is predicted.
    """

    def __init__(
        self,
        model: keras.Model,
        packs: Packs,
        condition: np.ndarray,
        batches: Batches,
        settings: Settings,
        *,
        at_once: int,
        jit: bool = False,
    ) -> None:
        self.model, self.packs, self.batches, self.at_once = model, packs, batches, max(1, at_once)
        no_text = np.zeros((1, condition.shape[1]), np.float32)  # the last row: of text -1
        self.condition = np.concatenate([condition, no_text])
        self.fingerprint = fingerprint_of(settings.identity(), packs.targets, condition)
        self.predicted = packs.segment_ids >= 0
        self._evaluate = tf.function(self.evaluate, jit_compile=jit)

    def packed(self, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        """Targets, inputs, segment ids and position ids (rows, steps), and the condition (rows, texts, features)."""
        packs = self.packs
        condition = self.condition[packs.texts[rows]]
        return packs.targets[rows], packs.inputs[rows], packs.segment_ids[rows], packs.position_ids[rows], condition

    @abstractmethod
    def validation_batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """What `evaluate` takes, of some rows."""

    def loss(self, *batch: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood of a token in a batch, in nats."""
        return self.model.nll(*batch)

    def evaluate(self, *batch: tf.Tensor) -> tf.Tensor:
        """The same, or a bound on it, as it is validated."""
        return self.loss(*batch)

    def validate(self) -> float:
        """What `evaluate` gives, over all validation texts."""
        rng, total, count = np.random.default_rng([self.batches.seed, 4]), 0.0, 0
        for rows in self.batches.to_validate(self.at_once):
            predicted = int(self.predicted[rows].sum())
            total += float(self._evaluate(*map(tf.constant, self.validation_batch(rows, rng)))) * predicted
            count += predicted
        return total / count
