"""Training a `RowGAN`: its batches, its game, the quality it is stopped by, and its marginals set right at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from synthdata.errors import TrainingError
from synthdata.models.tabular.c2st import distinct_share, distinguishability
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.gan.network import RowGAN
from synthdata.models.tabular.gan.sampler import cue_columns, cued_latents, enter_cued
from synthdata.models.tabular.latent.calibration import calibrate
from synthdata.models.tabular.latent.sampler import LatentSampler
from synthdata.models.tabular.symbols import Numbering, open_logits
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import fingerprint_of, train
from synthdata.models.training.plan import Plan, Run

__all__ = ["Hyperparameters", "train_gan"]

STEPS = 250  # of a round, after which quality is measured
GROUP = 8  # rows the critic sees together
LAZY = 4  # gradient penalties are counted on this part of a batch
LOOKED_AT = 4000
FEWEST_HELD_OUT = 1000  # to measure quality on; with fewer, all rows are taken
LEAST_DISTINCT = 0.5  # of the real rows' share of distinct rows


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings, all chosen."""

    latent: int
    width: int
    layers: int
    critic_width: int
    critic_layers: int
    batch: int
    rounds: int
    patience: int
    learning_rate: float
    average: float
    penalty: float
    keep: float
    temperature: float
    reconstruction: float
    balance: float
    cue_weight: float
    cue_power: float
    validation: float


def train_gan(
    numbering: Numbering, symbols: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train on symbols (rows, columns, 2); return weights for the sampler and one row of figures a round.

    TrainingError if the generator has collapsed.
    """
    frequencies = Frequencies.of(numbering, symbols, chosen.balance)
    model = RowGAN(
        frequencies,
        latent=chosen.latent,
        width=chosen.width,
        layers=chosen.layers,
        critic_width=chosen.critic_width,
        critic_layers=chosen.critic_layers,
        group=GROUP,
        temperature=chosen.temperature,
        seed=run.seed,
    )
    task = _Task(model, symbols, frequencies, chosen, run.seed, run.aside(len(symbols), chosen.validation))
    plan = Plan(
        steps_per_epoch=STEPS,
        epochs=chosen.rounds,
        patience=chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=0.0,
        optimizer="game",
        average=chosen.average,
        jit=False,  # a step takes twice as long in XLA on CPUs
    )
    history = train(task, plan, run)
    weights = task.export()
    sampler = LatentSampler(numbering, weights, partial(enter_cued, weights))
    weights = calibrate(sampler, partial(cued_latents, weights), np.random.default_rng([run.seed, 6]))
    check_diversity(symbols[task.looked_at], draw(numbering, weights, np.random.default_rng([run.seed, 7]), LOOKED_AT))
    run.done()
    return weights, history


def check_diversity(real: np.ndarray, made: np.ndarray) -> None:
    """Raise TrainingError if generated rows repeat each other far more than real ones do."""
    rows = min(len(real), len(made))
    if distinct_share(made[:rows]) < LEAST_DISTINCT * distinct_share(real[:rows]):
        raise TrainingError(
            "the generator has collapsed: it draws the same few rows; raise model.penalty, lower model.learning_rate, "
            "or train with model vae or transformer"
        )


def draw(numbering: Numbering, weights: Mapping[str, np.ndarray], rng: np.random.Generator, rows: int) -> np.ndarray:
    """Draw symbols (rows, columns, 2)."""
    sampler = LatentSampler(numbering, weights, partial(enter_cued, weights))
    uniform = rng.random((rows, numbering.count, 2), dtype=np.float32)
    masks = open_logits(weights["major_log"]), open_logits(weights["minor_log"])
    return sampler.draw(cued_latents(weights, rng, rows), uniform, *masks)


class _Task:
    """Rows with a cue each, latent vectors, and both sides of the game."""

    def __init__(
        self,
        model: RowGAN,
        symbols: np.ndarray,
        frequencies: Frequencies,
        chosen: Hyperparameters,
        seed: int,
        aside: np.ndarray | None = None,
    ) -> None:
        self.model, self.chosen, self.seed, self.symbols, self.frequencies = model, chosen, seed, symbols, frequencies
        self.fingerprint = fingerprint_of(chosen, symbols)
        batches = Batches(len(symbols), batch=chosen.batch, validation=chosen.validation, seed=seed, aside=aside)
        self.looked_at = batches.held_out if len(batches.held_out) >= FEWEST_HELD_OUT else batches.every
        numbering = model.numbering
        self.columns = cue_columns(numbering)
        self.by_symbol = [_RowsBySymbol(symbols, batches.rows, i, chosen.cue_power) for i in self.columns]
        self.cue_share = np.zeros(numbering.rows, np.float32)
        for i in self.columns:
            here = slice(numbering.starts[i], numbering.starts[i + 1])
            self.cue_share[here] = np.exp(frequencies.major_log[here]) / len(self.columns)
        self._symbols = tf.constant(symbols)

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """Row numbers (batch,), cues (batch,) that hold for them, latent vectors and noise (batch, latent), a seed."""
        rng, size = np.random.default_rng([self.seed, 3, step]), self.chosen.batch
        which, uniform = rng.integers(0, len(self.columns), size), rng.random((2, size))
        rows, cues = np.zeros(size, np.int32), np.zeros(size, np.int32)
        for number, column in enumerate(self.columns):
            at = np.flatnonzero(which == number)
            rows[at], symbol = self.by_symbol[number].draw(*uniform[:, at])
            cues[at] = symbol + self.model.numbering.starts[column]
        latent, noise = rng.standard_normal((2, size, self.model.latent), np.float32)
        return rows, cues, latent, noise, np.array([self.seed % 2**31, step], np.int32)

    def gradients(
        self,
        variables: Sequence[tf.Tensor],
        rows: tf.Tensor,
        cues: tf.Tensor,
        latent: tf.Tensor,
        noise: tf.Tensor,
        seed: tf.Tensor,
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The critic's loss; its gradients for the critic, and those of the generator's loss for the generator."""
        model, part = self.model, self.chosen.batch // LAZY
        with tf.GradientTape(persistent=True) as tape:
            made, cued = model.generate(latent, cues, seed)
            symbols = tf.gather(self._symbols, rows)
            shown = model.shown(self.chosen.batch, self.chosen.keep, seed)
            real, made = shown * model.one_hot(symbols), shown * made
            margin = model.critic(real, cues) - model.critic(made, cues)
            penalty = self._penalty(tf.concat([real[:part], made[:part]], 0), tf.concat([cues[:part]] * 2, 0)) / part
            critic_loss = tf.reduce_mean(tf.nn.softplus(-margin)) + 0.5 * self.chosen.penalty * penalty
            loss = tf.reduce_mean(tf.nn.softplus(margin)) - self.chosen.cue_weight * tf.reduce_mean(cued)
            loss += self.chosen.reconstruction * model.reconstruct(symbols, cues, noise)
        of_critic = {id(variable.value) for variable in model.critic.trainable_variables}
        found: dict[int, tf.Tensor] = {}
        for goal, is_critic in ((critic_loss, True), (loss, False)):
            mine = [variable for variable in variables if (id(variable) in of_critic) == is_critic]
            gradients = tape.gradient(goal, mine, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            found |= {id(variable): gradient for variable, gradient in zip(mine, gradients, strict=True)}
        return critic_loss, [found[id(variable)] for variable in variables]

    def _penalty(self, rows: tf.Tensor, cues: tf.Tensor) -> tf.Tensor:
        """Sum of the squared norms of the critic's gradients."""
        with tf.GradientTape() as tape:
            tape.watch(rows)
            total = tf.reduce_sum(self.model.critic(rows, cues))
        gradient = tape.gradient(total, rows)
        return tf.reduce_sum(gradient * gradient)

    def export(self) -> dict[str, np.ndarray]:
        """The weights of the generator as its sampler takes them."""
        return {**self.model.export(), "cue_share": self.cue_share, **self.frequencies.logs}

    def validate(self) -> float:
        """The AUC of a classifier that tells generated rows from real ones."""
        numbering, weights = self.model.numbering, self.export()
        if not all(np.isfinite(weight).all() for weight in weights.values()):
            return float("nan")
        made = draw(numbering, weights, np.random.default_rng([self.seed, 4]), LOOKED_AT)
        return distinguishability(numbering, self.symbols[self.looked_at], made)


class _RowsBySymbol:
    """Rows drawn by the symbol they have in one column: training-by-sampling (Xu et al. 2019, section 4.3).

    A symbol is drawn by its number of rows to a power: 1 for rows as they come, 0 for each symbol as often.
    """

    def __init__(self, symbols: np.ndarray, rows: np.ndarray, column: int, power: float) -> None:
        major = symbols[rows, column, 0]
        self.order = rows[np.argsort(major, kind="stable")]
        self.counts = np.bincount(major)
        self.starts = np.cumsum(self.counts) - self.counts
        share = np.where(self.counts > 0, np.maximum(self.counts, 1.0) ** power, 0.0)
        self.upto = np.cumsum(share) / share.sum()

    def draw(self, for_symbol: np.ndarray, for_row: np.ndarray) -> tuple[Any, Any]:
        """Row numbers and their symbols (n,) from two arrays (n,) of uniform numbers."""
        symbol = np.searchsorted(self.upto, for_symbol * (1 - 1e-12), side="right")
        return self.order[self.starts[symbol] + (for_row * self.counts[symbol]).astype(np.int64)], symbol
