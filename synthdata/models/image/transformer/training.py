"""Training an image's tokenizer, then a Transformer over its tokens: two tasks of the same loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from synthdata.blocks import Pixels
from synthdata.models.base import Learned
from synthdata.models.image.diff_augment import NO_CUT, augment
from synthdata.models.image.transformer.model import ImageTransformer
from synthdata.models.image.transformer.network import ImageTransformerNetwork
from synthdata.models.image.transformer.tokenizer import ImageTokenizer
from synthdata.models.layers.conv import from_pixels
from synthdata.models.samplers.shapes import prefixed
from synthdata.models.training import loop
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run
from synthdata.models.training.task import Task, fingerprint_of
from synthdata.models.training.two_stage import first_stage, join_histories, second_stage

__all__ = ["train"]

VALIDATION_BATCH = 200  # images
TOKENIZER_SHARE = 0.4  # of the time budget


def train(block: Pixels, images: np.ndarray, condition: np.ndarray, settings: ImageTransformer, run: Run) -> Learned:
    """Train on images uint8 and their condition (n, features)."""
    grid, batches = settings.grid(block), Batches.of(len(images), settings, run)
    tokenizer, first = ImageTokenizer(grid, run.seed), first_stage(run, TOKENIZER_SHARE, "tokenizer")
    plan = settings.plan(
        batches.steps_per_epoch,
        epochs=settings.tokenizer_epochs,
        patience=settings.tokenizer_epochs,
        learning_rate=settings.tokenizer_learning_rate,
        weight_decay=0.0,
        optimizer="adam",
        xla_from=None,
    )
    history = loop.train(TokenizerTask(tokenizer, images, batches, settings), plan, first)
    model = ImageTransformerNetwork(grid, condition.shape[1], settings, run.seed)
    task = ImageTransformerTask(model, tokenizer, images, condition, batches, settings)
    second = second_stage(run, TOKENIZER_SHARE, history)
    second_history = loop.train(task, settings.plan(batches.steps_per_epoch, xla_from=None), second)
    first.delete_checkpoint()
    second.delete_checkpoint()
    weights = prefixed("decode_", tokenizer.export()) | prefixed("draw_", model.export())
    return Learned(weights, join_histories(history, second_history))


class TokenizerTask(Task):
    """Batches of images, to train the tokenizer.

    The reported loss is the reconstruction error of an image plus the negative log-likelihood of its tokens under a
    uniform distribution, in nats, so that it is always above the loss of the second stage.
    """

    def __init__(self, model: ImageTokenizer, images: np.ndarray, batches: Batches, settings: ImageTransformer) -> None:
        self.model, self.images, self.batches = model, images, batches
        self.fingerprint = fingerprint_of(settings.identity(), images)
        self.image_size = images[0].size  # pixels times channels
        self.uniform_nll = model.grid.length * float(np.log(model.grid.vocabulary))
        self._evaluate = tf.function(model.call)

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """Images (batch_size, height, width, channels) uint8."""
        return (self.images[self.batches.of_step(step)],)

    def loss(self, *batch: tf.Tensor) -> tf.Tensor:
        """Mean reconstruction error per pixel."""
        return self.model(*batch)

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean reported loss of an image, and the gradients of the error per pixel."""
        value, gradients = super().gradients(variables, *batch)
        return self.uniform_nll + self.image_size * value, gradients

    def validate(self) -> float:
        """Mean reported loss of the validation images."""
        parts = self.batches.to_validate(VALIDATION_BATCH)
        errors = [float(self._evaluate(tf.constant(self.images[rows]))) for rows in parts]
        return self.uniform_nll + self.image_size * float(np.mean(errors))


class ImageTransformerTask(Task):
    """Batches of tokens of randomly shifted images, masks for token dropout, and the images' conditions."""

    def __init__(
        self,
        model: ImageTransformerNetwork,
        tokenizer: ImageTokenizer,
        images: np.ndarray,
        condition: np.ndarray,
        batches: Batches,
        settings: ImageTransformer,
    ) -> None:
        self.model, self.images, self.condition = model, images, condition
        self.batches, self.settings = batches, settings
        self.fingerprint = fingerprint_of(settings.identity(), images, condition)
        self._encode = tf.function(lambda images, changes: tokenizer.encode(augment(from_pixels(images), changes)))
        self._evaluate = tf.function(model.nll)
        self._shifts = _shifts(settings.shift_pixels)

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """Tokens (batch_size, length), their keep mask, the condition, and the index of each shift (batch_size,)."""
        rng, rows = self.batches.rng(step), self.batches.of_step(step)
        shift = rng.integers(0, len(self._shifts), len(rows)).astype(np.int32)
        keep = rng.random((len(rows), self.model.grid.length)) >= self.settings.token_dropout
        return self._of(rows, shift, keep)

    def _of(self, rows: np.ndarray, shift: np.ndarray, keep: np.ndarray) -> tuple[np.ndarray, ...]:
        changes = np.hstack([self._shifts[shift], np.full((len(rows), 2), NO_CUT, np.int32)])
        tokens = self._encode(tf.constant(self.images[rows]), tf.constant(changes)).numpy()
        return tokens, keep.astype(np.float32), self.condition[rows], shift

    def loss(self, *batch: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood per token, in nats."""
        return self.model.nll(*batch)

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean negative log-likelihood per image, and the gradients of that per token."""
        value, gradients = super().gradients(variables, *batch)
        return value * self.model.grid.length, gradients

    def validate(self) -> float:
        """Mean negative log-likelihood per validation image, not shifted, in nats."""
        values = []
        for rows in self.batches.to_validate(VALIDATION_BATCH):
            shift, keep = np.zeros(len(rows), np.int32), np.ones((len(rows), self.model.grid.length))
            values.append(float(self._evaluate(*map(tf.constant, self._of(rows, shift, keep)))))
        return float(np.mean(values)) * self.model.grid.length


def _shifts(most: int) -> np.ndarray:
    """All shifts of an image in pixels, down and right, starting with no shift: (shifts, 2) int32."""
    by = range(-most, most + 1)
    return np.array(sorted(((i, j) for i in by for j in by), key=lambda at: abs(at[0]) + abs(at[1])), np.int32)
