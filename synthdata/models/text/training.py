"""The base task of all text networks: batches of packed texts with the condition of each."""

from __future__ import annotations

from abc import abstractmethod

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.base import Settings
from synthdata.models.text.packing import Packs
from synthdata.models.training.batches import Batches
from synthdata.models.training.task import Task, fingerprint_of

__all__ = ["XLA_FROM", "PackedTask"]

XLA_FROM = 1000  # steps from which XLA saves more time than it takes to compile these networks


class PackedTask(Task):
    """Rows of packed texts and the condition of each text. Subclasses implement `batch` and `validation_batch`.

    The loss is the model's `nll`; a task with another loss overrides `gradients` and `evaluate`. condition: (n,
    features), of all texts. at_once: rows per validation batch. jit: whether to compile validation with XLA. predicted:
    (rows, steps) bool, the steps that count in the loss.
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
        no_text = np.zeros((1, condition.shape[1]), np.float32)  # last row, for text index -1
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
        """The arguments of `evaluate` for some rows."""

    def loss(self, *batch: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood per token of a batch, in nats."""
        return self.model.nll(*batch)

    def evaluate(self, *batch: tf.Tensor) -> tf.Tensor:
        """The validation loss of a batch: by default the loss."""
        return self.loss(*batch)

    def validate(self) -> float:
        """Mean of `evaluate` over all tokens of the validation texts."""
        rng, total, count = np.random.default_rng([self.batches.seed, 4]), 0.0, 0
        for rows in self.batches.to_validate(self.at_once):
            predicted = int(self.predicted[rows].sum())
            total += float(self._evaluate(*map(tf.constant, self.validation_batch(rows, rng)))) * predicted
            count += predicted
        return total / count
