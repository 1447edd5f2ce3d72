"""Training a `RowVAE`: its batches, its loss, its validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import tensorflow as tf

from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.latent.calibration import calibrate
from synthdata.models.tabular.latent.sampler import LatentSampler
from synthdata.models.tabular.symbols import Numbering
from synthdata.models.tabular.vae.network import RowVAE
from synthdata.models.tabular.vae.sampler import draw_latents, enter_latent
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import descent, fingerprint_of, train
from synthdata.models.training.plan import Plan, Run

__all__ = ["Hyperparameters", "train_vae"]

VALIDATION_BATCH = 500
VALIDATION_DRAWS = 4  # latent vectors of each row


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings, all chosen."""

    latent: int
    width: int
    layers: int
    expansion: int
    parts: int
    couplings: int
    batch: int
    epochs: int
    patience: int
    learning_rate: float
    weight_decay: float
    balance: float
    beta: float
    warm_up: float
    validation: float


def train_vae(
    numbering: Numbering, symbols: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train on symbols (rows, columns, 2); return weights for samplers and one row of figures an epoch."""
    frequencies = Frequencies.of(numbering, symbols, chosen.balance)
    model = RowVAE(
        frequencies,
        latent=chosen.latent,
        width=chosen.width,
        layers=chosen.layers,
        expansion=chosen.expansion,
        parts=chosen.parts,
        couplings=chosen.couplings,
        seed=run.seed,
    )
    aside = run.aside(len(symbols), chosen.validation)
    batches = Batches(len(symbols), batch=chosen.batch, validation=chosen.validation, seed=run.seed, aside=aside)
    plan = Plan(
        steps_per_epoch=batches.steps_per_epoch,
        epochs=chosen.epochs,
        patience=chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=chosen.weight_decay,
    )
    task = _Task(model, symbols, batches, chosen)
    history = train(task, plan, run)
    weights = {**model.export(), **frequencies.logs}
    sampler = LatentSampler(numbering, weights, partial(enter_latent, weights))
    calibrated = calibrate(sampler, partial(draw_latents, weights), np.random.default_rng([run.seed, 6]))
    run.done()
    return calibrated, history


class _Task:
    """Rows with the noise of their latent vectors, and the weight of the divergence, which rises to 1."""

    def __init__(self, model: RowVAE, symbols: np.ndarray, batches: Batches, chosen: Hyperparameters) -> None:
        self.model, self.batches, self.chosen = model, batches, chosen
        self.fingerprint = fingerprint_of(chosen, symbols)
        self._symbols = tf.constant(symbols)
        self._evaluate = tf.function(self.loss)

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """Row numbers (batch,), noise (batch, latent) and beta ()."""
        rows = self.batches.of_step(step)
        noise = self.batches.rng(step).standard_normal((len(rows), self.model.latent), np.float32)
        left = max(0.0, 1 - done / self.chosen.warm_up) if self.chosen.warm_up else 0.0
        return rows, noise, np.array(self.chosen.beta**left, np.float32)

    def loss(self, rows: tf.Tensor, noise: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""
        return self.model(tf.gather(self._symbols, rows), noise, beta)

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Mean loss of a batch and its gradients."""
        return descent(self.loss, variables, batch)

    def validate(self) -> float:
        """The loss of the validation rows with a beta of 1: with a balance of 0, a bound on their log-likelihood."""
        rng = np.random.default_rng([self.batches.seed, 4])
        losses = []
        for _ in range(VALIDATION_DRAWS):
            for rows in self.batches.to_validate(VALIDATION_BATCH):
                noise = rng.standard_normal((len(rows), self.model.latent), np.float32)
                losses.append(self._evaluate(tf.constant(rows), tf.constant(noise), tf.constant(1.0)).numpy())
        return float(np.mean(losses))
