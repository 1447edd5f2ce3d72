"""Training an `ImageVAE`: its batches, its loss, its validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from synthdata.models.image.vae.network import ImageVAE
from synthdata.models.samplers.resolutions import Canvas
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import descent, train
from synthdata.models.training.plan import Plan, Run
from synthdata.models.training.task import fingerprint_of

__all__ = ["Hyperparameters", "train_image_vae"]

VALIDATION_BATCH = 200


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings, all chosen."""

    latent: int
    width: int
    blocks: int
    couplings: int
    inner: int
    batch: int
    epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    average: float
    beta: float
    warm_up: float
    validation: float


def train_image_vae(
    canvas: Canvas, images: np.ndarray, told: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train on images uint8 and what is told of them (n, told); return weights and one row of figures an epoch."""
    model = ImageVAE(
        canvas,
        told=told.shape[1],
        latent=chosen.latent,
        couplings=chosen.couplings,
        inner=chosen.inner,
        seed=run.seed,
    )
    aside = run.aside(len(images), chosen.validation)
    batches = Batches(len(images), batch=chosen.batch, validation=chosen.validation, seed=run.seed, aside=aside)
    plan = Plan(
        steps_per_epoch=batches.steps_per_epoch,
        epochs=chosen.epochs,
        patience=chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=chosen.weight_decay,
        optimizer="adam",
        average=chosen.average,
        jit=False,
    )
    history = train(_Task(model, images, told, batches, chosen), plan, run)
    run.done()
    return model.export(), history


class _Task:
    """Images and what is told of them, noise, and the weight of the divergence, which rises to 1."""

    def __init__(
        self, model: ImageVAE, images: np.ndarray, told: np.ndarray, batches: Batches, chosen: Hyperparameters
    ) -> None:
        self.model, self.images, self.told, self.batches, self.chosen = model, images, told, batches, chosen
        self.fingerprint = fingerprint_of(chosen, images) + fingerprint_of(chosen, told)
        self._evaluate = tf.function(self.loss)

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """Images, what is told of them, noise (batch, latent) and beta ()."""
        rows = self.batches.of_step(step)
        noise = self.batches.rng(step).standard_normal((len(rows), self.model.latent), np.float32)
        left = max(0.0, 1 - done / self.chosen.warm_up) if self.chosen.warm_up else 0.0
        return self.images[rows], self.told[rows], noise, np.array(self.chosen.beta**left, np.float32)

    def loss(self, images: tf.Tensor, told: tf.Tensor, noise: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""
        return self.model(images, told, noise, beta)

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean loss of a batch and its gradients."""
        return descent(self.loss, variables, batch)

    def validate(self) -> float:
        """The loss of the validation images with a beta of 1: a bound on their negative log-likelihood."""
        rng, losses = np.random.default_rng([self.batches.seed, 4]), []
        for rows in self.batches.to_validate(VALIDATION_BATCH):
            noise = rng.standard_normal((len(rows), self.model.latent), np.float32)
            batch = self.images[rows], self.told[rows], noise, np.array(1.0, np.float32)
            losses.append(self._evaluate(*map(tf.constant, batch)).numpy())
        return float(np.mean(losses))
