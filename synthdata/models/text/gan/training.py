"""Training a `TextGAN`: an autoencoder of texts, then the game over its latent vectors, by the same loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from threadpoolctl import threadpool_limits

from synthdata.errors import TrainingError
from synthdata.models.text.gan.network import TextGAN
from synthdata.models.text.gan.sampler import made_latents, vector_distance, vector_spread
from synthdata.models.text.vae.sampler import encode_texts
from synthdata.models.text.vae.training import Hyperparameters as Autoencoder
from synthdata.models.text.vae.training import check_use, learn_text_vae
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import fingerprint_of, train
from synthdata.models.training.plan import Plan, Run
from synthdata.models.training.two_stage import first_part, joined, second_part

__all__ = ["Hyperparameters", "check_vectors", "learn_game", "train_text_gan"]

TEXTS_SHARE = 0.8  # of the time budget, for the autoencoder
STEPS = 250  # of a round, after which quality is measured
LOOKED_AT = 2000  # generated vectors that quality is measured on
FEWEST_HELD_OUT = 500  # to measure quality against; with fewer, up to as many as are looked at are taken of all
LEAST_SPREAD = 0.2  # variance of generated vectors, in that of real ones


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings, all chosen. texts: those of the autoencoder."""

    texts: Autoencoder
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
    validation: float


def train_text_gan(
    tokens: np.ndarray, vocabulary: int, told: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train on tokens (n, length) and what is told of them (n, told); return weights and rows of figures.

    TrainingError if vectors tell nothing of their texts, or the generator has collapsed.
    """
    first = first_part(run, TEXTS_SHARE, "texts")
    texts, history = learn_text_vae(tokens, vocabulary, told, chosen.texts, first)
    check_use(texts, chosen.texts.heads, tokens, told, first)
    with threadpool_limits(1, user_api="blas"):  # so that they do not depend on the machine's cores
        posteriors = encode_texts(texts, chosen.texts.heads, told, tokens)
    weights, rows = learn_game(*posteriors, told, chosen, second_part(run, TEXTS_SHARE, history))
    first.done()
    run.done()
    kept = {name: weight for name, weight in texts.items() if name.startswith("write_")}
    return {**kept, **weights}, joined(history, rows)


def learn_game(
    mean: np.ndarray, log_scale: np.ndarray, told: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train generator and critic on posteriors of texts, (n, latent) each, and what is told of them (n, told).

    The checkpoint stays. TrainingError if the generator has collapsed.
    """
    model = TextGAN(
        told=told.shape[1],
        latent=chosen.texts.latent,
        width=chosen.width,
        layers=chosen.layers,
        critic_width=chosen.critic_width,
        critic_layers=chosen.critic_layers,
        seed=run.seed,
    )
    task = _Task(model, mean, log_scale, told, chosen, run.seed, run.aside(len(mean), chosen.validation))
    plan = Plan(
        steps_per_epoch=STEPS,
        epochs=chosen.rounds,
        patience=chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=0.0,
        optimizer="game",
        average=chosen.average,
    )
    history = train(task, plan, run)
    check_vectors(*task.looked_at, *task.draw(7))
    return model.generator.export(), history


def check_vectors(real: np.ndarray, told: np.ndarray, made: np.ndarray, made_told: np.ndarray) -> None:
    """Raise TrainingError if generated vectors differ from each other far less than real ones do."""
    if vector_spread(real, made, told, made_told) < LEAST_SPREAD:
        raise TrainingError(
            "the generator has collapsed: it draws the same few texts; raise model.penalty, lower "
            "model.learning_rate, or train with model vae or transformer"
        )


class _Task:
    """Latent vectors of texts, what is told of them, noise, and both sides of the game."""

    def __init__(
        self,
        model: TextGAN,
        mean: np.ndarray,
        log_scale: np.ndarray,
        told: np.ndarray,
        chosen: Hyperparameters,
        seed: int,
        aside: np.ndarray | None = None,
    ) -> None:
        self.model, self.mean, self.scale, self.told = model, mean, np.exp(log_scale), told
        self.chosen, self.seed = chosen, seed
        self.fingerprint = fingerprint_of(chosen, mean) + fingerprint_of(chosen, told)
        self.batches = Batches(len(mean), batch=chosen.batch, validation=chosen.validation, seed=seed, aside=aside)
        held_out = self.batches.held_out
        self.rows = held_out if len(held_out) >= FEWEST_HELD_OUT else self.batches.every[:LOOKED_AT]
        noise = np.random.default_rng([seed, 5]).standard_normal((len(self.rows), mean.shape[1]), np.float32)
        self.looked_at = mean[self.rows] + self.scale[self.rows] * noise, told[self.rows]

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """Latent vectors drawn from posteriors, what is told of their texts, and noise."""
        rows, rng = self.batches.of_step(step), self.batches.rng(step)
        own, noise = rng.standard_normal((2, len(rows), self.mean.shape[1]), np.float32)
        return self.mean[rows] + self.scale[rows] * own, self.told[rows], noise

    def gradients(
        self, variables: Sequence[tf.Tensor], latent: tf.Tensor, told: tf.Tensor, noise: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The critic's loss; its gradients for the critic, and those of the generator's loss for the generator."""
        model = self.model
        with tf.GradientTape(persistent=True) as tape:
            made = model.generator(noise, told)
            margin = model.critic(latent, told) - model.critic(made, told)
            slope = self._slope(latent, told) + self._slope(tf.stop_gradient(made), told)
            critic_loss = tf.reduce_mean(tf.nn.softplus(-margin)) + 0.5 * self.chosen.penalty * slope
            loss = tf.reduce_mean(tf.nn.softplus(margin))
        found: dict[int, tf.Tensor] = {}
        for goal, player in ((critic_loss, model.critic), (loss, model.generator)):
            mine = [variable.value for variable in player.trainable_variables]
            gradients = tape.gradient(goal, mine, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            found |= {id(variable): gradient for variable, gradient in zip(mine, gradients, strict=True)}
        return critic_loss, [found[id(variable)] for variable in variables]

    def _slope(self, latent: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """Mean squared norm of the critic's gradients."""
        with tf.GradientTape() as tape:
            tape.watch(latent)
            total = tf.reduce_sum(self.model.critic(latent, told))
        gradient = tape.gradient(total, latent)
        return tf.reduce_mean(tf.reduce_sum(gradient * gradient, axis=1))

    def draw(self, stream: int) -> tuple[np.ndarray, np.ndarray]:
        """Vectors by the present weights, and what was told of them."""
        return self._drawn(self.model.generator.export(), stream)

    def _drawn(self, weights: Mapping[str, np.ndarray], stream: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng([self.seed, stream])
        told = self.told[rng.choice(self.rows, LOOKED_AT)]
        return made_latents(weights, rng.standard_normal((LOOKED_AT, self.mean.shape[1]), np.float32), told), told

    def validate(self) -> float:
        """Distance of generated vectors from real ones; no number if they are none."""
        weights = self.model.generator.export()
        if not all(np.isfinite(weight).all() for weight in weights.values()):
            return float("nan")
        (real, told), (made, made_told) = self.looked_at, self._drawn(weights, 4)
        return vector_distance(real, made, told, made_told)
