"""The generative adversarial network of rows, as a Keras model: how it is trained. `latent_sampler` draws from it.

The generator is a `LatentDecoder` that is also told one symbol of the row, the *cue* (the conditional vector of Xu et
al. 2019, arXiv:1907.00503, section 4.3). Its symbols are drawn by Gumbel noise, hard in value and soft in gradient
(Jang et al. 2017, arXiv:1611.01144, section 2.2). The critic sees each row beside the mean of its group's features, so
that a generator which has collapsed is told at once (Zaheer et al. 2017, arXiv:1703.06114; the idea of Salimans et al.
2016, arXiv:1606.03498, section 3.2). Real and generated rows are compared in pairs, with gradient penalties on both:
R3GAN, Huang et al. 2024 (arXiv:2501.05441, eq. 2, R1 and R2 of section 2.2). So that no kind of row is left out, the
generator also decodes what an encoder makes of real rows, with the loss of a VAE: Larsen et al. 2016 (arXiv:1512.09300,
algorithm 1), the likelihood being that of the symbols.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import Blocks, table
from synthdata.models.layers.distributions import normal
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.gan.sampler import EXPANSION
from synthdata.models.tabular.latent.decoder import LatentDecoder
from synthdata.models.tabular.latent.encoder import RowEncoder
from synthdata.models.tabular.symbols import Numbering

__all__ = ["RowGAN"]

SEEDS = 1 << 24  # between the random numbers of one class of columns and the next, more than there are steps


class Critic(keras.layers.Layer):
    """Scores of rows, each seen beside the mean of its group."""

    def __init__(
        self, numbering: Numbering, wide: int, width: int, layers: int, group: int, rng: np.random.Generator
    ) -> None:
        super().__init__(name="critic")
        self.group = group
        scale = 1 / math.sqrt(numbering.count)  # a row is about that many ones
        self.enter = table(self, "enter_embedding", rng.normal(0.0, scale, (wide, width)))
        self.enter_bias = table(self, "enter_bias", np.zeros(width))
        self.cue = table(self, "cue_embedding", rng.normal(0.0, 0.3, (numbering.rows, width)))
        self.row_body = Blocks(width, 2 * width, layers, rng, "row_body")
        self.join = table(self, "join", rng.normal(0.0, 1 / math.sqrt(2 * width), (2 * width, width)))
        self.group_body = Blocks(width, 2 * width, 1, rng, "group_body")
        self.leave = table(self, "head", rng.normal(0.0, 1 / math.sqrt(width), (width, 1)))
        self.built = True

    def call(self, rows: tf.Tensor, cues: tf.Tensor) -> tf.Tensor:
        """One-hot rows (rows, wide) and their cues (rows,) to scores (rows,)."""
        x = rows @ tf.convert_to_tensor(self.enter) + tf.gather(self.cue, cues) + self.enter_bias
        x = self.row_body(x)
        groups = tf.reshape(x, (-1, self.group, x.shape[-1]))
        mean = tf.reshape(
            tf.broadcast_to(tf.reduce_mean(groups, axis=1, keepdims=True), tf.shape(groups)), (-1, x.shape[-1])
        )
        x = self.group_body(tf.concat([x, mean], axis=1) @ tf.convert_to_tensor(self.join))
        return (x @ tf.convert_to_tensor(self.leave))[:, 0]


class RowGAN(keras.Model):
    """Generator, encoder and critic."""

    def __init__(
        self,
        frequencies: Frequencies,
        *,
        latent: int,
        width: int,
        layers: int,
        critic_width: int,
        critic_layers: int,
        group: int,
        temperature: float,
        seed: int,
    ) -> None:
        super().__init__(name="row_gan")
        rng, numbering = np.random.default_rng(seed), frequencies.numbering
        self.numbering, self.latent, self.temperature = numbering, latent, temperature
        self.generator = LatentDecoder(
            frequencies, latent=latent, width=width, layers=layers, expansion=EXPANSION, rng=rng
        )
        for _, head, _ in self.generator.classes:  # zeros would keep the latent vector out
            head.assign(rng.normal(0.0, 1 / math.sqrt(width), head.shape))
        if numbering.with_minor:
            self.generator.minor_head.assign(rng.normal(0.0, 0.1, self.generator.minor_head.shape))
        self.cue = table(self, "cue_embedding", rng.normal(0.0, 0.3, (numbering.rows, width)))
        self.encoder = RowEncoder(numbering, latent=latent, width=width, layers=1, expansion=EXPANSION, rng=rng)
        self.owners = self._owners()
        self.critic = Critic(numbering, len(self.owners), critic_width, critic_layers, group, rng)
        self.built = True

    def _owners(self) -> np.ndarray:
        """The column that each place of a one-hot row speaks of: (wide,)."""
        owners = [np.repeat(members, bias.shape[1]) for members, _, bias in self.generator.classes]
        owners.append(np.repeat(self.numbering.with_minor, self.numbering.most_minors))
        every = np.concatenate(owners).astype(np.int32)
        return every if len(every) else np.zeros(1, np.int32)

    def shown(self, rows: int, keep: float, seed: tf.Tensor) -> tf.Tensor:
        """A mask for one-hot rows, in which each column of a row is shown with probability `keep`: (rows, wide)."""
        uniform = tf.random.stateless_uniform((rows, self.numbering.count), seed + tf.constant([0, -2 * SEEDS]))
        return tf.gather(tf.cast(uniform < keep, tf.float32), self.owners, axis=1)

    def one_hot(self, symbols: tf.Tensor) -> tf.Tensor:
        """Rows (rows, columns, 2) as one-hot symbols: (rows, wide), majors class by class, then minors."""
        numbering = self.numbering
        parts = [
            tf.one_hot(tf.gather(symbols[..., 0], members, axis=1), bias.shape[1])
            for members, _, bias in self.generator.classes
        ]
        if numbering.with_minor:
            chosen = tf.gather(symbols, numbering.with_minor, axis=1)
            has_minor = chosen[..., 0] >= numbering.firsts[numbering.with_minor]
            parts.append(tf.one_hot(tf.where(has_minor, chosen[..., 1], -1), numbering.most_minors))
        return self._flat(parts, tf.shape(symbols)[0])

    def reconstruct(self, symbols: tf.Tensor, cues: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """Mean bound on the negative log-likelihood of rows given their cues, in nats times the columns' shares.

        symbols: (rows, columns, 2) int32. noise: (rows, latent) standard normal.
        """
        mean, log_scale = self.encoder(symbols)
        latent = mean + tf.exp(log_scale) * noise
        none = tf.zeros_like(latent)
        divergence = normal(mean, log_scale).log_prob(latent) - normal(none, none).log_prob(latent)
        state = self.generator(latent, tf.gather(self.cue, cues))
        return tf.reduce_mean(divergence - self.generator.log_likelihood(state, symbols))

    def generate(self, latent: tf.Tensor, cues: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """One-hot rows (rows, wide), and the log-probability of their cues (rows,).

        latent: (rows, latent) standard normal. cues: (rows,) int32, rows of the table of majors. seed: (2,) int32.
        """
        numbering, generator = self.numbering, self.generator
        state = generator(latent, tf.gather(self.cue, cues))
        majors: dict[int, tf.Tensor] = {}
        parts, cued = [], tf.zeros(tf.shape(latent)[0])
        for number, (members, logits) in enumerate(generator.major_logits(state)):
            parts.append(self._draw(logits, seed + tf.constant([0, SEEDS * number])))
            majors |= zip(members, tf.unstack(tf.argmax(parts[-1], axis=-1, output_type=tf.int32), axis=1), strict=True)
            inside = cues[:, None] - numbering.starts[members]  # (rows, members)
            is_cue = (inside >= 0) & (inside < numbering.majors[members])
            wanted = tf.one_hot(tf.where(is_cue, inside, -1), logits.shape[-1])
            cued += tf.reduce_sum(wanted * tf.nn.log_softmax(logits), axis=(1, 2))
        if numbering.with_minor:
            none = tf.zeros_like(cues)
            major = tf.stack([majors.get(i, none) for i in numbering.with_minor], axis=1)
            row = major + numbering.starts[numbering.with_minor]
            given, bias = tf.gather(generator.minor_given, row), tf.gather(generator.minor_bias, row)
            minors = self._draw(generator.minor_logits(state, given, bias), seed + tf.constant([0, -SEEDS]))
            has_minor = major >= numbering.firsts[numbering.with_minor]
            parts.append(minors * tf.cast(has_minor, tf.float32)[..., None])
        return self._flat(parts, tf.shape(latent)[0]), cued

    def _flat(self, parts: list[tf.Tensor], rows: tf.Tensor) -> tf.Tensor:
        if not parts:  # a table of columns that never change
            return tf.zeros((rows, 1))
        return tf.concat([tf.reshape(part, (-1, part.shape[1] * part.shape[2])) for part in parts], axis=1)

    def _draw(self, logits: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draw one-hot symbols, straight through: hard in value, relaxed in gradient."""
        uniform = tf.random.stateless_uniform(tf.shape(logits), seed, 1e-6, 1 - 1e-6)
        noisy = logits - tf.math.log(-tf.math.log(uniform))
        soft = tf.nn.softmax(noisy / self.temperature)
        hard = tf.one_hot(tf.argmax(noisy, axis=-1), logits.shape[-1])
        return soft + tf.stop_gradient(hard - soft)

    def export(self) -> dict[str, np.ndarray]:
        """The generator's weights as its sampler takes them."""
        return {**self.generator.export(), "cue": np.ascontiguousarray(self.cue.numpy())}
