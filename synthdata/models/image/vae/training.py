"""Training an `ImageVAENetwork`: its batches, its loss, its validation."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from synthdata.blocks import Pixels
from synthdata.models.base import Learned
from synthdata.models.image.vae.model import ImageVAE
from synthdata.models.image.vae.network import ImageVAENetwork
from synthdata.models.training import loop
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run
from synthdata.models.training.task import Task, fingerprint_of, rising_beta

__all__ = ["train"]

VALIDATION_BATCH = 200  # images


def train(block: Pixels, images: np.ndarray, condition: np.ndarray, settings: ImageVAE, run: Run) -> Learned:
    """Train on images uint8 and their condition (n, features)."""
    model = ImageVAENetwork(block, condition.shape[1], settings, run.seed)
    batches = Batches.of(len(images), settings, run)
    task = ImageVAETask(model, images, condition, batches, settings)
    plan = settings.plan(batches.steps_per_epoch, optimizer="adam", xla_from=None)  # convolutions are slower in XLA
    history = loop.train(task, plan, run)
    run.delete_checkpoint()
    return Learned(model.export(), history)


class ImageVAETask(Task):
    """Batches of images with their condition, noise for latent vectors, and beta, which rises to 1."""

    def __init__(
        self, model: ImageVAENetwork, images: np.ndarray, condition: np.ndarray, batches: Batches, settings: ImageVAE
    ) -> None:
        self.model, self.images, self.condition = model, images, condition
        self.batches, self.settings = batches, settings
        self.fingerprint = fingerprint_of(settings.identity(), images, condition)
        self._evaluate = tf.function(self.loss)

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """Images, their condition, noise (batch_size, latent) and beta ()."""
        rows = self.batches.of_step(step)
        noise = self.batches.rng(step).standard_normal((len(rows), self.model.latent), np.float32)
        beta = rising_beta(self.settings.beta, self.settings.kl_warmup, progress)
        return self.images[rows], self.condition[rows], noise, beta

    def loss(self, *batch: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""
        return self.model(*batch)

    def validate(self) -> float:
        """Mean loss of the validation images at beta = 1: the negative ELBO."""
        rng, losses = np.random.default_rng([self.batches.seed, 4]), []
        for rows in self.batches.to_validate(VALIDATION_BATCH):
            noise = rng.standard_normal((len(rows), self.model.latent), np.float32)
            batch = self.images[rows], self.condition[rows], noise, np.array(1.0, np.float32)
            losses.append(self._evaluate(*map(tf.constant, batch)).numpy())
        return float(np.mean(losses))
