"""Training a text GAN in two stages: an autoencoder of texts, then a `TextGANNetwork` over its latent vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from threadpoolctl import threadpool_limits

from synthdata.errors import TrainingError
from synthdata.models.base import Learned
from synthdata.models.samplers.shapes import prefixed
from synthdata.models.text.gan.model import TextGAN
from synthdata.models.text.gan.network import TextGANNetwork
from synthdata.models.text.gan.sampler import diversity_ratio, generate_latents, joint_distance
from synthdata.models.text.vae.sampler import encode_texts
from synthdata.models.text.vae.training import check_use, train_autoencoder
from synthdata.models.training import loop
from synthdata.models.training.adversarial import STEPS, AdversarialTask, descend, losses, squared_gradient
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run
from synthdata.models.training.task import fingerprint_of
from synthdata.models.training.two_stage import first_stage, join_histories, second_stage

__all__ = ["check_diversity", "train", "train_generator"]

AUTOENCODER_SHARE = 0.8  # of the time budget
MEASURED = 2000  # generated vectors that quality is measured on
FEWEST_HELD_OUT = 500  # texts; with fewer, quality is measured against up to MEASURED of all texts
LEAST_DIVERSITY = 0.2  # variance of generated vectors over that of real ones


def train(tokens: np.ndarray, vocabulary: int, condition: np.ndarray, settings: TextGAN, run: Run) -> Learned:
    """Train on tokens (n, length) and their condition (n, features).

    TrainingError if the decoder ignores latent vectors, or the generator has collapsed.
    """
    first, heads = first_stage(run, AUTOENCODER_SHARE, "texts"), settings.texts.heads
    autoencoder = train_autoencoder(tokens, vocabulary, condition, settings.texts, first)
    check_use(autoencoder.weights, heads, tokens, condition, first)
    with threadpool_limits(1, user_api="blas"):  # results do not depend on the machine's cores
        posteriors = encode_texts(autoencoder.weights, heads, condition, tokens)
    second = second_stage(run, AUTOENCODER_SHARE, autoencoder.history)
    generator = train_generator(*posteriors, condition, settings, second)
    first.delete_checkpoint()
    run.delete_checkpoint()
    decoder = {name: weight for name, weight in autoencoder.weights.items() if name.startswith("decode_")}
    return Learned({**decoder, **generator.weights}, join_histories(autoencoder.history, generator.history))


def train_generator(
    mean: np.ndarray, log_scale: np.ndarray, condition: np.ndarray, settings: TextGAN, run: Run
) -> Learned:
    """Train generator and critic on posteriors of texts (n, latent) and their conditions (n, features).

    The checkpoint is kept. TrainingError if the generator has collapsed.
    """
    model = TextGANNetwork(settings, run.seed, condition=condition.shape[1])
    task = TextGANTask(model, mean, log_scale, condition, Batches.of(len(mean), settings, run), settings)
    plan = settings.plan(STEPS, epochs=settings.rounds, weight_decay=0.0, optimizer="adversarial")
    history = loop.train(task, plan, run)
    weights = task.export()
    (real, real_condition), (generated, generated_condition) = task.real, task.draw(weights, 7)
    check_diversity(real, generated, real_condition, generated_condition)
    return Learned(weights, history)


def check_diversity(
    real: np.ndarray, generated: np.ndarray, real_condition: np.ndarray, generated_condition: np.ndarray
) -> None:
    """Raise TrainingError if generated vectors differ from each other far less than real ones do."""
    if diversity_ratio(real, generated, real_condition, generated_condition) < LEAST_DIVERSITY:
        raise TrainingError(
            "the generator has collapsed: it repeats the same few texts; raise model.r1_penalty, lower "
            "model.learning_rate, or train with model vae or transformer"
        )


class TextGANTask(AdversarialTask):
    """Batches of latent vectors of texts, their conditions, and noise.

    real: the latent vectors that quality is measured against, and their conditions.
    """

    def __init__(
        self,
        model: TextGANNetwork,
        mean: np.ndarray,
        log_scale: np.ndarray,
        condition: np.ndarray,
        batches: Batches,
        settings: TextGAN,
    ) -> None:
        self.model, self.mean, self.scale, self.condition = model, mean, np.exp(log_scale), condition
        self.batches, self.r1_penalty = batches, settings.r1_penalty
        self.fingerprint = fingerprint_of(settings.identity(), mean, condition)
        self.measured_on = batches.to_measure(FEWEST_HELD_OUT, MEASURED)
        self.real = (
            self._latents(self.measured_on, np.random.default_rng([batches.seed, 5])),
            condition[self.measured_on],
        )

    def _latents(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Latent vectors sampled from the posteriors of some texts: (rows, latent)."""
        return self.mean[rows] + self.scale[rows] * self._noise(len(rows), rng)

    def _noise(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((rows, self.mean.shape[1]), np.float32)

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """Latent vectors of texts, their conditions, and noise, (batch_size, ...) each."""
        rows, rng = self.batches.of_step(step), self.batches.rng(step)
        return self._latents(rows, rng), self.condition[rows], self._noise(len(rows), rng)

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The critic's loss; gradients for the variables of critic and generator, each of its own loss."""
        latent, condition, noise = batch
        model = self.model
        with tf.GradientTape(persistent=True) as tape:
            generated = model.generator(noise, condition)
            scores = model.critic(latent, condition), model.critic(generated, condition)
            penalty = self._penalty(latent, condition) + self._penalty(tf.stop_gradient(generated), condition)
            critic_loss, loss = losses(*scores)
            critic_loss += 0.5 * self.r1_penalty * penalty
        players = (critic_loss, model.critic), (loss, model.generator)
        own = [(goal, [variable.value for variable in each.trainable_variables]) for goal, each in players]
        return critic_loss, descend(tape, own, variables)

    def _penalty(self, latent: tf.Tensor, condition: tf.Tensor) -> tf.Tensor:
        """Mean squared norm of the critic's gradients with respect to `latent`."""
        squares = squared_gradient(lambda x: self.model.critic(x, condition), latent)
        return tf.reduce_mean(tf.reduce_sum(squares, axis=1))

    def export(self) -> dict[str, np.ndarray]:
        """The generator's weights, by name, for `sampler`."""
        return prefixed("generator_", self.model.generator.export())

    def draw(self, weights: Mapping[str, np.ndarray], stream: int) -> tuple[np.ndarray, np.ndarray]:
        """Generated latent vectors (MEASURED, latent), and their conditions, taken from real texts."""
        rng = np.random.default_rng([self.batches.seed, stream])
        condition = self.condition[rng.choice(self.measured_on, MEASURED)]
        return generate_latents(weights, self._noise(MEASURED, rng), condition), condition

    def quality(self, weights: Mapping[str, np.ndarray]) -> float:
        """The distance of generated latent vectors from real ones."""
        (real, real_condition), (generated, generated_condition) = self.real, self.draw(weights, 4)
        return joint_distance(real, generated, real_condition, generated_condition)
