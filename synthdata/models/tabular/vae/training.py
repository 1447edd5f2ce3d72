"""Training a `VAENetwork`: its batches, its loss, its validation."""

from __future__ import annotations

from functools import partial

import numpy as np
import tensorflow as tf

from synthdata.models.base import Learned
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.latent.calibration import calibrate
from synthdata.models.tabular.latent.sampler import LatentSampler
from synthdata.models.tabular.symbols import SymbolTable
from synthdata.models.tabular.vae.model import VAE
from synthdata.models.tabular.vae.network import VAENetwork
from synthdata.models.tabular.vae.sampler import draw_latents, enter_latent
from synthdata.models.training import loop
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run
from synthdata.models.training.task import Task, fingerprint_of, rising_beta

__all__ = ["train"]

VALIDATION_BATCH = 500  # rows
VALIDATION_DRAWS = 4  # latent vectors sampled per row


def train(table: SymbolTable, symbols: np.ndarray, settings: VAE, run: Run) -> Learned:
    """Train on symbols (n, columns, 2) int32."""
    frequencies = Frequencies.of(table, symbols, settings.entropy_weighting)
    batches = Batches.of(len(symbols), settings, run)
    task = VAETask(VAENetwork(frequencies, settings, run.seed), symbols, batches, settings)
    history = loop.train(task, settings.plan(batches.steps_per_epoch), run)
    weights = {**task.model.export(), **frequencies.logs}
    sampler = LatentSampler(table, weights, partial(enter_latent, weights))
    rng = np.random.default_rng([run.seed, 6])
    weights = calibrate(sampler, partial(draw_latents, weights), rng, len(symbols))
    run.delete_checkpoint()
    return Learned(weights, history)


class VAETask(Task):
    """Rows, noise for their latent vectors, and beta, the weight of the KL divergence, which rises to 1."""

    def __init__(self, model: VAENetwork, symbols: np.ndarray, batches: Batches, settings: VAE) -> None:
        self.model, self.batches, self.settings = model, batches, settings
        self.fingerprint = fingerprint_of(settings.identity(), symbols)
        self._symbols = tf.constant(symbols)
        self._evaluate = tf.function(self.loss)

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """Row indices (batch_size,), noise (batch_size, latent) and beta ()."""
        rows = self.batches.of_step(step)
        noise = self.batches.rng(step).standard_normal((len(rows), self.model.latent), np.float32)
        return rows, noise, rising_beta(self.settings.beta, self.settings.kl_warmup, progress)

    def loss(self, rows: tf.Tensor, noise: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        """Mean loss of a batch."""
        return self.model(tf.gather(self._symbols, rows), noise, beta)

    def validate(self) -> float:
        """Mean loss of the validation rows at beta = 1: the negative ELBO, columns weighted."""
        rng = np.random.default_rng([self.batches.seed, 4])
        losses = []
        for _ in range(VALIDATION_DRAWS):
            for rows in self.batches.to_validate(VALIDATION_BATCH):
                noise = rng.standard_normal((len(rows), self.model.latent), np.float32)
                losses.append(self._evaluate(tf.constant(rows), tf.constant(noise), tf.constant(1.0)).numpy())
        return float(np.mean(losses))
