"""From a row to the distribution of its latent vector: the encoder of the VAE, and of the GAN."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import Blocks, weight
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.embedding import SymbolEmbedding

__all__ = ["RowEncoder"]

EMBEDDED = 16  # width of the embedding of a symbol
FIRST_LOG_SCALE = -1.0
LEAST_LOG_SCALE, MOST_LOG_SCALE = -6.0, 2.0


class RowEncoder(keras.layers.Layer):
    """Posterior of the latent vector, a diagonal normal: mean and log-scale."""

    def __init__(
        self,
        frequencies: Frequencies,
        *,
        latent: int,
        width: int,
        layers: int,
        mlp_ratio: int,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(name="encoder")
        self.table, self.latent = frequencies.table, latent
        self.embedding = SymbolEmbedding(frequencies, EMBEDDED, rng)
        wide = self.table.count * EMBEDDED
        self.enter = weight(self, "enter", rng.normal(0.0, 1 / math.sqrt(wide), (wide, width)))
        self.enter_bias = weight(self, "enter_bias", np.zeros(width))
        self.body = Blocks(width, mlp_ratio * width, layers, rng, "encoder_body")
        self.leave = weight(self, "head", rng.normal(0.0, 1 / math.sqrt(width), (width, 2 * latent)))
        self.leave_bias = weight(self, "head_bias", np.repeat([0.0, FIRST_LOG_SCALE], latent))
        self.built = True

    def call(self, symbols: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Rows (rows, columns, 2) to means and log-scales, (rows, latent) each."""
        x = tf.reshape(self.embedding(symbols), (-1, self.enter.shape[0]))
        x = self.body(x @ tf.convert_to_tensor(self.enter) + self.enter_bias)
        mean, log_scale = tf.split(x @ tf.convert_to_tensor(self.leave) + self.leave_bias, 2, axis=-1)
        return mean, tf.clip_by_value(log_scale, LEAST_LOG_SCALE, MOST_LOG_SCALE)

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `vae.sampler.encode_rows`, which computes means only.

        Embeddings are folded into the first layer, whose output is then a sum of one vector per symbol.
        """
        table = self.table
        coarse, fine = self.embedding.coarse_table().numpy(), self.embedding.fine_table().numpy()
        enter = self.enter.numpy().reshape(table.count, EMBEDDED, -1)
        from_coarse = np.zeros((table.coarse_rows, enter.shape[2]), np.float32)
        from_fine = np.zeros((max(table.no_fine, 1), enter.shape[2]), np.float32)
        for i, column in enumerate(table.columns):
            here = slice(table.starts[i], table.starts[i + 1])
            from_coarse[here] = coarse[here] @ enter[i]
            from_coarse[here][: column.first if column.fine > 1 else None] += fine[table.no_fine] @ enter[i]
            if column.fine > 1:
                here = slice(table.fine_starts[i], table.fine_starts[i] + table.most_fine)
                from_fine[here] = fine[here] @ enter[i]
        return {
            "encode_coarse": from_coarse,
            "encode_fine": from_fine,
            "encode_bias": self.enter_bias.numpy(),
            **{f"encode_{name}": weight for name, weight in self.body.export().items()},
            "encode_leave": (self.body.last_gain.numpy()[:, None] * self.leave.numpy())[:, : self.latent],
            "encode_leave_bias": self.leave_bias.numpy()[: self.latent],
        }
