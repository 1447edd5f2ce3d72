"""The generative adversarial network of rows, as a Keras model. `latent.sampler` samples with its weights.

The generator is a `LatentDecoder` that is conditioned on one symbol of the row, the *conditional symbol* (the
conditional vector of Xu et al. 2019, arXiv:1907.00503, section 4.3). Rows are sampled by the straight-through
Gumbel softmax (Jang et al. 2017, arXiv:1611.01144, section 2.2). The critic sees each row beside the mean of its
group's features, so that it recognises mode collapse (Zaheer et al. 2017, arXiv:1703.06114;
the idea of Salimans et al. 2016, arXiv:1606.03498, section 3.2). Real and generated rows are compared in pairs, with
gradient penalties on both: R3GAN, Huang et al. 2024 (arXiv:2501.05441, eq. 2, R1 and R2 of section 2.2). Against
dropped modes, the generator is also the decoder of a VAE of real rows: Larsen
et al. 2016 (arXiv:1512.09300, algorithm 1), the likelihood being that of the symbols.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import Blocks, weight
from synthdata.models.layers.distributions import normal
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.gan.model import GAN
from synthdata.models.tabular.latent.decoder import LatentDecoder
from synthdata.models.tabular.latent.encoder import RowEncoder
from synthdata.models.tabular.symbols import SymbolTable

__all__ = ["GANNetwork"]

SEEDS = 1 << 24  # offset between the seeds of classes of columns, above any number of steps


class Critic(keras.layers.Layer):
    """Scores of rows, each given the mean features of its group of `group` rows."""

    def __init__(
        self, table: SymbolTable, one_hot: int, width: int, layers: int, group: int, rng: np.random.Generator
    ) -> None:
        super().__init__(name="critic")
        self.group = group
        scale = 1 / math.sqrt(table.count)  # a one-hot row has about that many ones
        self.enter = weight(self, "enter_embedding", rng.normal(0.0, scale, (one_hot, width)))
        self.enter_bias = weight(self, "enter_bias", np.zeros(width))
        self.conditional = weight(self, "conditional_embedding", rng.normal(0.0, 0.3, (table.coarse_rows, width)))
        self.row_body = Blocks(width, 2 * width, layers, rng, "row_body")
        self.join = weight(self, "join", rng.normal(0.0, 1 / math.sqrt(2 * width), (2 * width, width)))
        self.group_body = Blocks(width, 2 * width, 1, rng, "group_body")
        self.leave = weight(self, "head", rng.normal(0.0, 1 / math.sqrt(width), (width, 1)))
        self.built = True

    def call(self, rows: tf.Tensor, conditionals: tf.Tensor) -> tf.Tensor:
        """One-hot rows (rows, one_hot) and their conditional symbols (rows,) to scores (rows,)."""
        x = rows @ tf.convert_to_tensor(self.enter) + tf.gather(self.conditional, conditionals) + self.enter_bias
        x = self.row_body(x)
        groups = tf.reshape(x, (-1, self.group, x.shape[-1]))
        mean = tf.reshape(
            tf.broadcast_to(tf.reduce_mean(groups, axis=1, keepdims=True), tf.shape(groups)), (-1, x.shape[-1])
        )
        x = self.group_body(tf.concat([x, mean], axis=1) @ tf.convert_to_tensor(self.join))
        return (x @ tf.convert_to_tensor(self.leave))[:, 0]


class GANNetwork(keras.Model):
    """Generator, encoder and critic."""

    def __init__(self, frequencies: Frequencies, settings: GAN, seed: int, *, group: int) -> None:
        super().__init__(name="gan")
        rng, table = np.random.default_rng(seed), frequencies.table
        latent, width = int(settings.latent), settings.width
        self.table, self.latent, self.temperature = table, latent, settings.temperature
        sizes = {"latent": latent, "width": width, "mlp_ratio": settings.mlp_ratio}
        self.generator = LatentDecoder(frequencies, layers=settings.layers, rng=rng, smooth=False, **sizes)
        for each in self.generator.classes:  # zeros would keep the latent vector out
            each.free.assign(rng.normal(0.0, 1 / math.sqrt(width), each.free.shape))
        if table.with_fine:
            self.generator.fine_head.assign(rng.normal(0.0, 0.1, self.generator.fine_head.shape))
        self.conditional = weight(self, "conditional_embedding", rng.normal(0.0, 0.3, (table.coarse_rows, width)))
        self.encoder = RowEncoder(frequencies, layers=1, rng=rng, **sizes)
        self.column_ids = self._column_ids()
        self.critic = Critic(table, len(self.column_ids), settings.critic_width, settings.critic_layers, group, rng)
        self.built = True

    def _column_ids(self) -> np.ndarray:
        """The column index of each position of a one-hot row: (one_hot,)."""
        ids = [np.repeat(each.members, each.bias.shape[1]) for each in self.generator.classes]
        ids.append(np.repeat(self.table.with_fine, self.table.most_fine))
        every = np.concatenate(ids).astype(np.int32)
        return every if len(every) else np.zeros(1, np.int32)

    def keep_mask(self, rows: int, rate: float, seed: tf.Tensor) -> tf.Tensor:
        """A mask for one-hot rows, in which each column of a row is kept with probability `rate`: (rows, one_hot)."""
        uniform = tf.random.stateless_uniform((rows, self.table.count), seed + tf.constant([0, -2 * SEEDS]))
        return tf.gather(tf.cast(uniform < rate, tf.float32), self.column_ids, axis=1)

    def one_hot(self, symbols: tf.Tensor) -> tf.Tensor:
        """Symbols (rows, columns, 2) one-hot: (rows, one_hot), coarse ones class by class, then fine ones."""
        table = self.table
        parts = [
            tf.one_hot(tf.gather(symbols[..., 0], each.members, axis=1), each.bias.shape[1])
            for each in self.generator.classes
        ]
        if table.with_fine:
            chosen = tf.gather(symbols, table.with_fine, axis=1)
            has_fine = chosen[..., 0] >= table.firsts[table.with_fine]
            parts.append(tf.one_hot(tf.where(has_fine, chosen[..., 1], -1), table.most_fine))
        return self._flat(parts, tf.shape(symbols)[0])

    def reconstruct(self, symbols: tf.Tensor, conditionals: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """The mean negative ELBO of rows given their conditional symbols, columns weighted, in nats.

        symbols: (rows, columns, 2) int32. conditionals: (rows,) int32. noise: (rows, latent) standard normal.
        """
        mean, log_scale = self.encoder(symbols)
        latent = mean + tf.exp(log_scale) * noise
        zeros = tf.zeros_like(latent)
        divergence = normal(mean, log_scale).log_prob(latent) - normal(zeros, zeros).log_prob(latent)
        state = self.generator(latent, tf.gather(self.conditional, conditionals))
        return tf.reduce_mean(divergence - self.generator.log_likelihood(state, symbols))

    def generate(self, latent: tf.Tensor, conditionals: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Relaxed one-hot rows (rows, one_hot), and the log-probability of their conditional symbols (rows,).

        latent: (rows, latent) standard normal. conditionals: (rows,) int32, indices into the table of coarse symbols.
        seed: (2,) int32.
        """
        table, generator = self.table, self.generator
        state = generator(latent, tf.gather(self.conditional, conditionals))
        drawn: dict[int, tf.Tensor] = {}
        parts, log_conditional = [], tf.zeros(tf.shape(latent)[0])
        for number, (members, logits) in enumerate(generator.coarse_logits(state)):
            parts.append(self._draw(logits, seed + tf.constant([0, SEEDS * number])))
            drawn |= zip(members, tf.unstack(tf.argmax(parts[-1], axis=-1, output_type=tf.int32), axis=1), strict=True)
            inside = conditionals[:, None] - table.starts[members]  # (rows, members)
            is_conditional = (inside >= 0) & (inside < table.coarse[members])
            wanted = tf.one_hot(tf.where(is_conditional, inside, -1), logits.shape[-1])
            log_conditional += tf.reduce_sum(wanted * tf.nn.log_softmax(logits), axis=(1, 2))
        if table.with_fine:
            none = tf.zeros_like(conditionals)
            coarse = tf.stack([drawn.get(i, none) for i in table.with_fine], axis=1)
            row = coarse + table.starts[table.with_fine]
            given, bias = tf.gather(generator.fine_given, row), tf.gather(generator.fine_bias, row)
            fine = self._draw(generator.fine_logits(state, given, bias), seed + tf.constant([0, -SEEDS]))
            has_fine = coarse >= table.firsts[table.with_fine]
            parts.append(fine * tf.cast(has_fine, tf.float32)[..., None])
        return self._flat(parts, tf.shape(latent)[0]), log_conditional

    def _flat(self, parts: list[tf.Tensor], rows: tf.Tensor) -> tf.Tensor:
        if not parts:  # all columns are constant
            return tf.zeros((rows, 1))
        return tf.concat([tf.reshape(part, (-1, part.shape[1] * part.shape[2])) for part in parts], axis=1)

    def _draw(self, logits: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Sample one-hot symbols by the straight-through Gumbel softmax: same shape as `logits`."""
        uniform = tf.random.stateless_uniform(tf.shape(logits), seed, 1e-6, 1 - 1e-6)
        noisy = logits - tf.math.log(-tf.math.log(uniform))
        soft = tf.nn.softmax(noisy / self.temperature)
        hard = tf.one_hot(tf.argmax(noisy, axis=-1), logits.shape[-1])
        return soft + tf.stop_gradient(hard - soft)

    def export(self) -> dict[str, np.ndarray]:
        """The generator's weights, by name, for `latent.sampler`."""
        return {**self.generator.export(), "conditional": np.ascontiguousarray(self.conditional.numpy())}
