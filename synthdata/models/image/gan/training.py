"""Training an `ImageGANNetwork`: its batches, losses and measure of quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf
from threadpoolctl import threadpool_limits

from synthdata.blocks import Pixels
from synthdata.errors import TrainingError
from synthdata.models.base import Learned
from synthdata.models.image.diff_augment import augment, draw_changes
from synthdata.models.image.gan.model import ImageGAN
from synthdata.models.image.gan.network import ImageGANNetwork
from synthdata.models.image.quality import ImageQuality
from synthdata.models.layers.conv import from_pixels
from synthdata.models.samplers.conv import decode_images
from synthdata.models.training import loop
from synthdata.models.training.adversarial import STEPS, AdversarialTask, in_order, losses, squared_gradient, turned
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run
from synthdata.models.training.task import fingerprint_of

__all__ = ["check_diversity", "train"]

LAZY = 4  # gradient penalties and the encoder's loss are computed on one in so many images of a batch
MEASURED = 1500  # generated images that quality is measured on
FEWEST_HELD_OUT = 500  # images; with fewer, quality is measured on up to MEASURED of all images
LEAST_DIVERSITY = 0.2  # variance of generated images, over that of real ones
MOST_NORM = 1.0  # gradient clipping for each network: after a spike of the penalty, Adam's steps would vanish
LAST_PENALTY = 0.1  # weight of gradient penalties at the end of training, over that at its start


def train(block: Pixels, images: np.ndarray, condition: np.ndarray, settings: ImageGAN, run: Run) -> Learned:
    """Train on images uint8 and their condition (n, features); TrainingError if the generator has collapsed."""
    model = ImageGANNetwork(block, condition.shape[1], settings, run.seed)
    task = ImageGANTask(model, block, images, condition, Batches.of(len(images), settings, run), settings)
    fixed = {"epochs": settings.rounds, "weight_decay": 0.0, "optimizer": "adversarial"}
    plan = settings.plan(STEPS, **fixed, xla_from=None)  # convolutions are slower in XLA on CPUs
    history = loop.train(task, plan, run)
    check_diversity(task.real, *task.draw(task.export(), 7))
    run.delete_checkpoint()
    return Learned(model.export(), history)


def check_diversity(real: ImageQuality, images: np.ndarray, condition: np.ndarray) -> None:
    """Raise TrainingError if generated images differ from each other far less than real ones do."""
    if real.diversity_ratio(images, condition) < LEAST_DIVERSITY:
        raise TrainingError(
            "the generator has collapsed: it repeats the same few images; raise model.r1_penalty, lower "
            "model.learning_rate, or train with model vae"
        )


class ImageGANTask(AdversarialTask):
    """Batches of images with their condition and noise, and the losses of critic, generator and encoder."""

    def __init__(
        self,
        model: ImageGANNetwork,
        block: Pixels,
        images: np.ndarray,
        condition: np.ndarray,
        batches: Batches,
        settings: ImageGAN,
    ) -> None:
        self.model, self.block, self.images, self.condition = model, block, images, condition
        self.batches, self.settings = batches, settings
        self.fingerprint = fingerprint_of(settings.identity(), images, condition)
        self.measured_on = batches.to_measure(FEWEST_HELD_OUT, MEASURED)
        self.real = ImageQuality(block, images[self.measured_on], condition[self.measured_on])

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """Images, their condition, noise, augmentations (batch_size, 4), and the weight of gradient penalties ()."""
        rows, rng, settings = self.batches.of_step(step), self.batches.rng(step), self.settings
        latent = rng.standard_normal((len(rows), settings.latent), np.float32)
        changes = draw_changes(rng, self.block, len(rows), float(settings.diff_augment))
        penalty = np.array(settings.r1_penalty * LAST_PENALTY**progress, np.float32)
        return self.images[rows], self.condition[rows], latent, changes, penalty

    def gradients(self, variables: Sequence[tf.Tensor], *batch: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The critic's loss; gradients for the variables of critic, generator and encoder, each of its own loss."""
        images, condition, latent, changes, penalty = batch
        model, part = self.model, max(1, images.shape[0] // LAZY)
        with tf.GradientTape(persistent=True) as tape:
            generated = model.generate(latent, condition)
            real, fake = augment(from_pixels(images), changes), augment(generated, changes)
            scores = model.critic(tf.concat([real, fake], 0), tf.concat([condition, condition], 0))
            of_real, of_fake = tf.split(scores, 2)
            critic_loss, _ = losses(of_real, of_fake)
            some, of_some = tf.concat([real[:part], fake[:part]], 0), tf.concat([condition[:part]] * 2, 0)
            squares = squared_gradient(lambda x: model.critic(x, of_some), tf.stop_gradient(some))
            critic_loss += 0.5 * penalty * tf.reduce_sum(squares) / part
            encoding = model.encoding_loss(
                from_pixels(images[:part]), tf.stop_gradient(generated[:part]), latent[:part], condition[:part]
            )
        critic, generator, encoder = (
            [variable.value for variable in player.trainable_variables]
            for player in (model.critic, model.generator, model.encoder)
        )
        *of_critic, of_images = tape.gradient(critic_loss, [*critic, fake])
        of_images *= turned(of_real, of_fake)[:, None, None, None]
        players = (
            (of_critic, critic),
            (tape.gradient(fake, generator, output_gradients=of_images), generator),
            (tape.gradient(encoding, encoder), encoder),
        )
        return critic_loss, in_order(players, variables, most_norm=MOST_NORM)

    def export(self) -> dict[str, np.ndarray]:
        """The generator's weights, by name, for `samplers.conv`."""
        return self.model.generator.export()

    def draw(self, weights: Mapping[str, np.ndarray], stream: int) -> tuple[np.ndarray, np.ndarray]:
        """Generated images (MEASURED, height, width, channels) uint8, and their conditions, taken from real images."""
        rng = np.random.default_rng([self.batches.seed, stream])
        condition = self.condition[rng.choice(self.measured_on, MEASURED)]
        latent = rng.standard_normal((MEASURED, self.settings.latent), np.float32)
        resolutions = self.settings.resolutions(self.block)
        return decode_images(resolutions, weights, np.hstack([latent, condition])), condition

    def quality(self, weights: Mapping[str, np.ndarray]) -> float:
        """The distance of generated images from real ones."""
        with threadpool_limits(1, user_api="blas"):  # small products; and sums do not depend on the machine's cores
            return self.real.distance(*self.draw(weights, 4))
