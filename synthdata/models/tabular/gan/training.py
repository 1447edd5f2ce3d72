"""Training a `GANNetwork`: its batches, losses and measure of quality, and the calibration of marginals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from synthdata.errors import TrainingError
from synthdata.models.base import Learned
from synthdata.models.tabular.c2st import c2st_auc, distinct_share
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.gan.model import GAN
from synthdata.models.tabular.gan.network import GANNetwork
from synthdata.models.tabular.gan.sampler import conditional_columns, conditional_latents, enter_conditional
from synthdata.models.tabular.latent.calibration import calibrate
from synthdata.models.tabular.latent.sampler import LatentSampler
from synthdata.models.tabular.symbols import SymbolTable, open_logits
from synthdata.models.training import loop
from synthdata.models.training.adversarial import STEPS, AdversarialTask, descend, losses, squared_gradient
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run
from synthdata.models.training.task import fingerprint_of

__all__ = ["train"]

GROUP = 8  # rows the critic sees together
LAZY = 4  # gradient penalties are computed on one in so many rows of a batch
MEASURED = 4000  # generated rows that quality is measured on
FEWEST_HELD_OUT = 1000  # rows; with fewer, quality is measured on all rows
LEAST_DISTINCT = 0.5  # share of distinct rows, over that of real rows


def train(table: SymbolTable, symbols: np.ndarray, settings: GAN, run: Run) -> Learned:
    """Train on symbols (n, columns, 2) int32; TrainingError if the generator has collapsed."""
    frequencies = Frequencies.of(table, symbols, settings.entropy_weighting)
    model = GANNetwork(frequencies, settings, run.seed, group=GROUP)
    task = GANTask(model, symbols, frequencies, Batches.of(len(symbols), settings, run), settings)
    fixed = {"epochs": settings.rounds, "weight_decay": 0.0, "optimizer": "adversarial"}
    plan = settings.plan(STEPS, **fixed, xla_from=None)  # a step takes a third longer in XLA
    history = loop.train(task, plan, run)
    weights = task.export()
    sampler = LatentSampler(table, weights, partial(enter_conditional, weights))
    rng = np.random.default_rng([run.seed, 6])
    weights = calibrate(sampler, partial(conditional_latents, weights), rng, len(symbols))
    generated = draw(table, weights, np.random.default_rng([run.seed, 7]), MEASURED)
    check_diversity(symbols[task.measured_on], generated)
    run.delete_checkpoint()
    return Learned(weights, history)


def check_diversity(real: np.ndarray, generated: np.ndarray) -> None:
    """Raise TrainingError if generated rows repeat each other far more than real ones do."""
    rows = min(len(real), len(generated))
    if distinct_share(generated[:rows]) < LEAST_DISTINCT * distinct_share(real[:rows]):
        raise TrainingError(
            "the generator has collapsed: it repeats the same few rows; raise model.r1_penalty, lower "
            "model.learning_rate, or train with model vae or transformer"
        )


def draw(table: SymbolTable, weights: Mapping[str, np.ndarray], rng: np.random.Generator, rows: int) -> np.ndarray:
    """Sample symbols (rows, columns, 2)."""
    sampler = LatentSampler(table, weights, partial(enter_conditional, weights))
    uniform = rng.random((rows, table.count, 2), dtype=np.float32)
    masks = open_logits(weights["coarse_log"]), open_logits(weights["fine_log"])
    return sampler.draw(conditional_latents(weights, rng, rows), uniform, *masks)


class GANTask(AdversarialTask):
    """Batches of rows with a conditional symbol each, and the losses of critic and generator."""

    def __init__(
        self, model: GANNetwork, symbols: np.ndarray, frequencies: Frequencies, batches: Batches, settings: GAN
    ) -> None:
        self.model, self.symbols, self.frequencies = model, symbols, frequencies
        self.settings, self.seed = settings, batches.seed
        self.fingerprint = fingerprint_of(settings.identity(), symbols)
        self.measured_on = batches.to_measure(FEWEST_HELD_OUT)
        table = model.table
        self.columns = conditional_columns(table)
        self.by_symbol = [_RowsBySymbol(symbols, batches.rows, i, settings.sampling_exponent) for i in self.columns]
        self.conditional_share = np.zeros(table.coarse_rows, np.float32)
        for i in self.columns:
            here = slice(table.starts[i], table.starts[i + 1])
            self.conditional_share[here] = np.exp(frequencies.coarse_log[here]) / len(self.columns)
        self._symbols = tf.constant(symbols)

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """Row indices, conditional symbols (batch_size,), latent vectors, noise (batch_size, latent), seed (2,)."""
        rng, size = np.random.default_rng([self.seed, 3, step]), self.settings.batch_size
        which, uniform = rng.integers(0, len(self.columns), size), rng.random((2, size))
        rows, conditionals = np.zeros(size, np.int32), np.zeros(size, np.int32)
        for number, column in enumerate(self.columns):
            here = np.flatnonzero(which == number)
            rows[here], symbol = self.by_symbol[number].draw(*uniform[:, here])
            conditionals[here] = symbol + self.model.table.starts[column]
        latent, noise = rng.standard_normal((2, size, self.model.latent), np.float32)
        return rows, conditionals, latent, noise, np.array([self.seed % 2**31, step], np.int32)

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The critic's loss; gradients of it for the critic's variables, of the generator's loss for all others."""
        rows, conditionals, latent, noise, seed = batch
        model, settings, part = self.model, self.settings, self.settings.batch_size // LAZY
        with tf.GradientTape(persistent=True) as tape:
            generated, log_conditional = model.generate(latent, conditionals, seed)
            symbols = tf.gather(self._symbols, rows)
            mask = model.keep_mask(settings.batch_size, settings.column_keep_rate, seed)
            real, generated = mask * model.one_hot(symbols), mask * generated
            critic_loss, loss = losses(model.critic(real, conditionals), model.critic(generated, conditionals))
            some, of_some = tf.concat([real[:part], generated[:part]], 0), tf.concat([conditionals[:part]] * 2, 0)
            penalty = tf.reduce_sum(squared_gradient(lambda x: model.critic(x, of_some), some)) / part
            critic_loss += 0.5 * settings.r1_penalty * penalty
            loss -= settings.conditional_weight * tf.reduce_mean(log_conditional)
            loss += settings.reconstruction * model.reconstruct(symbols, conditionals, noise)
        of_critic = {id(variable.value) for variable in model.critic.trainable_variables}
        players = [
            (goal, [each for each in variables if (id(each) in of_critic) == is_critic])
            for goal, is_critic in ((critic_loss, True), (loss, False))
        ]
        return critic_loss, descend(tape, players, variables)

    def export(self) -> dict[str, np.ndarray]:
        """The generator's weights, by name, for `latent.sampler`."""
        return {**self.model.export(), "conditional_share": self.conditional_share, **self.frequencies.logs}

    def quality(self, weights: Mapping[str, np.ndarray]) -> float:
        """The AUC of a classifier on generated and real rows."""
        generated = draw(self.model.table, weights, np.random.default_rng([self.seed, 4]), MEASURED)
        return c2st_auc(self.model.table, self.symbols[self.measured_on], generated)


class _RowsBySymbol:
    """Samples rows by their symbol in one column: training-by-sampling (Xu et al. 2019, section 4.3).

    The probability of a symbol is proportional to a power of its count: 1 for its frequency, 0 for uniform.
    """

    def __init__(self, symbols: np.ndarray, rows: np.ndarray, column: int, power: float) -> None:
        coarse = symbols[rows, column, 0]
        self.order = rows[np.argsort(coarse, kind="stable")]
        self.counts = np.bincount(coarse)
        self.starts = np.cumsum(self.counts) - self.counts
        share = np.where(self.counts > 0, np.maximum(self.counts, 1.0) ** power, 0.0)
        self.cumulative = np.cumsum(share) / share.sum()

    def draw(self, for_symbol: np.ndarray, for_row: np.ndarray) -> tuple[Any, Any]:
        """Row indices and their symbols, (n,) each, from two arrays (n,) of uniform numbers."""
        symbol = np.searchsorted(self.cumulative, for_symbol * (1 - 1e-12), side="right")
        return self.order[self.starts[symbol] + (for_row * self.counts[symbol]).astype(np.int64)], symbol
