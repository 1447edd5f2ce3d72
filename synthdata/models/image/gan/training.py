"""Training an `ImageGAN`: its batches, its game, and the quality it is stopped by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from threadpoolctl import threadpool_limits

from synthdata.errors import TrainingError
from synthdata.models.image.diff_augment import augmented, draw_changes
from synthdata.models.image.gan.network import ImageGAN
from synthdata.models.image.quality import ImageQuality
from synthdata.models.layers.conv import as_numbers
from synthdata.models.samplers.conv import decode_images
from synthdata.models.samplers.resolutions import Canvas
from synthdata.models.training.batches import Batches
from synthdata.models.training.loop import train
from synthdata.models.training.plan import Plan, Run
from synthdata.models.training.task import fingerprint_of

__all__ = ["Hyperparameters", "check_spread", "draw_told", "train_image_gan"]

STEPS = 250  # of a round, after which quality is measured
LAZY = 4  # gradient penalties and the encoder's loss are counted on this part of a batch
LOOKED_AT = 1500  # generated images that quality is measured on
FEWEST_HELD_OUT = 500  # to measure quality against; with fewer, up to as many as are looked at are taken of all
LEAST_SPREAD = 0.2  # variance of generated images, in that of real ones
MOST_NORM = 1.0  # of a player's gradients: penalties have spikes, after which Adam would stand still
LAST_PENALTY = 0.1  # at the end of training, in penalties at its start


@dataclass(frozen=True)
class Hyperparameters:
    """A generator's settings, all chosen."""

    latent: int
    width: int
    blocks: int
    critic_width: int
    critic_blocks: int
    batch: int
    rounds: int
    patience: int
    learning_rate: float
    average: float
    penalty: float
    augment: float
    validation: float


def train_image_gan(
    canvas: Canvas, images: np.ndarray, told: np.ndarray, chosen: Hyperparameters, run: Run
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
    """Train on images uint8 and what is told of them (n, told); return weights and one row of figures a round.

    TrainingError if the generator has collapsed.
    """
    critic_canvas = Canvas(canvas.block, chosen.critic_width, chosen.critic_blocks)
    model = ImageGAN(canvas, critic_canvas, told=told.shape[1], latent=chosen.latent, seed=run.seed)
    task = _Task(model, canvas, images, told, chosen, run.seed, run.aside(len(images), chosen.validation))
    plan = Plan(
        steps_per_epoch=STEPS,
        epochs=chosen.rounds,
        patience=chosen.patience,
        learning_rate=chosen.learning_rate,
        weight_decay=0.0,
        optimizer="game",
        average=chosen.average,
        jit=False,
    )
    history = train(task, plan, run)
    check_spread(task.quality, *task.draw(7))
    run.done()
    return model.export(), history


def check_spread(quality: ImageQuality, images: np.ndarray, told: np.ndarray) -> None:
    """Raise TrainingError if generated images differ from each other far less than real ones do."""
    if quality.spread(images, told) < LEAST_SPREAD:
        raise TrainingError(
            "the generator has collapsed: it draws the same few images; raise model.penalty, lower "
            "model.learning_rate, or train with model vae"
        )


def draw_told(
    canvas: Canvas, weights: Mapping[str, np.ndarray], rng: np.random.Generator, told: np.ndarray
) -> np.ndarray:
    """Draw an image uint8 for each row of what is told (n, told), with a generator's weights."""
    latent = rng.standard_normal((len(told), len(weights["enter"]) - told.shape[1]), np.float32)
    return decode_images(canvas, weights, np.hstack([latent, told]))


class _Task:
    """Images and what is told of them, latent vectors, and all sides of the game."""

    def __init__(
        self,
        model: ImageGAN,
        canvas: Canvas,
        images: np.ndarray,
        told: np.ndarray,
        chosen: Hyperparameters,
        seed: int,
        aside: np.ndarray | None = None,
    ) -> None:
        self.model, self.canvas, self.images, self.told = model, canvas, images, told
        self.chosen, self.seed = chosen, seed
        self.fingerprint = fingerprint_of(chosen, images) + fingerprint_of(chosen, told)
        self.batches = Batches(len(images), batch=chosen.batch, validation=chosen.validation, seed=seed, aside=aside)
        held_out = self.batches.held_out
        self.looked_at = held_out if len(held_out) >= FEWEST_HELD_OUT else self.batches.every[:LOOKED_AT]
        self.quality = ImageQuality(canvas, images[self.looked_at], told[self.looked_at])

    def batch(self, step: int, done: float) -> tuple[np.ndarray, ...]:
        """Images, what is told of them, latent vectors, changes (batch, 4) and the weight of the penalty ()."""
        rows, rng = self.batches.of_step(step), self.batches.rng(step)
        latent = rng.standard_normal((len(rows), self.chosen.latent), np.float32)
        changes = draw_changes(rng, self.canvas.block, len(rows), self.chosen.augment)
        penalty = np.array(self.chosen.penalty * LAST_PENALTY**done, np.float32)
        return self.images[rows], self.told[rows], latent, changes, penalty

    def gradients(
        self,
        variables: Sequence[tf.Tensor],
        images: tf.Tensor,
        told: tf.Tensor,
        latent: tf.Tensor,
        changes: tf.Tensor,
        penalty: tf.Tensor,
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The critic's loss; for critic, generator and encoder the gradients of the loss of each."""
        model, part = self.model, max(1, images.shape[0] // LAZY)
        twice = tf.concat([told, told], 0)
        with tf.GradientTape(persistent=True) as tape:
            made = model.generate(latent, told)
            both = augmented(tf.concat([as_numbers(images), made], 0), tf.concat([changes, changes], 0))
            real, fake = tf.split(model.critic(both, twice), 2)
            some = tf.stop_gradient(tf.concat([both[:part], both[-part:]], 0))
            slope = self._slope(some, tf.concat([told[:part], told[-part:]], 0)) / part
            critic_loss = tf.reduce_mean(tf.nn.softplus(fake - real)) + 0.5 * penalty * slope
            loss = tf.reduce_mean(tf.nn.softplus(real - fake))
            encoding = model.encoding_loss(
                as_numbers(images[:part]), tf.stop_gradient(made[:part]), latent[:part], told[:part]
            )
        found: dict[int, tf.Tensor] = {}
        for goal, player in ((critic_loss, model.critic), (loss, model.generator), (encoding, model.encoder)):
            mine = [variable.value for variable in player.trainable_variables]
            gradients = tape.gradient(goal, mine, unconnected_gradients=tf.UnconnectedGradients.ZERO)
            gradients, _ = tf.clip_by_global_norm(gradients, MOST_NORM)
            found |= {id(variable): gradient for variable, gradient in zip(mine, gradients, strict=True)}
        return critic_loss, [found[id(variable)] for variable in variables]

    def _slope(self, images: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """Sum of the squared norms of the critic's gradients."""
        with tf.GradientTape() as tape:
            tape.watch(images)
            total = tf.reduce_sum(self.model.critic(images, told))
        gradient = tape.gradient(total, images)
        return tf.reduce_sum(gradient * gradient)

    def draw(self, stream: int) -> tuple[np.ndarray, np.ndarray]:
        """Images by the present weights, and what was told of them."""
        rng = np.random.default_rng([self.seed, stream])
        told = self.told[rng.choice(self.looked_at, LOOKED_AT)]
        return draw_told(self.canvas, self.model.generator.export(), rng, told), told

    def validate(self) -> float:
        """Distance of generated images from real ones."""
        if not all(np.isfinite(weight).all() for weight in self.model.generator.export().values()):
            return float("nan")
        with threadpool_limits(1, user_api="blas"):  # small products; and sums do not depend on the machine's cores
            return self.quality.distance(*self.draw(4))
