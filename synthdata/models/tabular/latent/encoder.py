"""From a row to the distribution of its latent vector: the encoder of the VAE, and of the GAN."""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import Blocks, table
from synthdata.models.tabular.embedding import SymbolEmbedding
from synthdata.models.tabular.symbols import Numbering

__all__ = ["RowEncoder"]

EMBEDDED = 16
FIRST_LOG_SCALE = -1.0
LEAST_LOG_SCALE, MOST_LOG_SCALE = -6.0, 2.0


class RowEncoder(keras.layers.Layer):
    """Posterior of the latent vector: mean and log-scale of a diagonal normal."""

    def __init__(
        self, numbering: Numbering, *, latent: int, width: int, layers: int, expansion: int, rng: np.random.Generator
    ) -> None:
        super().__init__(name="encoder")
        self.numbering, self.latent = numbering, latent
        self.embedding = SymbolEmbedding(numbering, EMBEDDED, rng)
        wide = numbering.count * EMBEDDED
        self.enter = table(self, "enter", rng.normal(0.0, 1 / math.sqrt(wide), (wide, width)))
        self.enter_bias = table(self, "enter_bias", np.zeros(width))
        self.body = Blocks(width, expansion * width, layers, rng, "encoder_body")
        self.leave = table(self, "head", rng.normal(0.0, 1 / math.sqrt(width), (width, 2 * latent)))
        self.leave_bias = table(self, "head_bias", np.repeat([0.0, FIRST_LOG_SCALE], latent))
        self.built = True

    def call(self, symbols: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Rows (rows, columns, 2) to means and log-scales, (rows, latent) each."""
        x = tf.reshape(self.embedding(symbols), (-1, self.enter.shape[0]))
        x = self.body(x @ tf.convert_to_tensor(self.enter) + self.enter_bias)
        mean, log_scale = tf.split(x @ tf.convert_to_tensor(self.leave) + self.leave_bias, 2, axis=-1)
        return mean, tf.clip_by_value(log_scale, LEAST_LOG_SCALE, MOST_LOG_SCALE)

    def export(self) -> dict[str, np.ndarray]:
        """The weights that `latent_prior.encode_rows` takes; the means only.

        Embeddings are multiplied into the first layer: a row is the sum of a vector for each symbol.
        """
        numbering = self.numbering
        major, minor = self.embedding.major_table().numpy(), self.embedding.minor_table().numpy()
        enter = self.enter.numpy().reshape(numbering.count, EMBEDDED, -1)
        from_major = np.zeros((numbering.rows, enter.shape[2]), np.float32)
        from_minor = np.zeros((max(numbering.no_minor, 1), enter.shape[2]), np.float32)
        for i, column in enumerate(numbering.columns):
            here = slice(numbering.starts[i], numbering.starts[i + 1])
            from_major[here] = major[here] @ enter[i]
            from_major[here][: column.first if column.minors > 1 else None] += minor[numbering.no_minor] @ enter[i]
            if column.minors > 1:
                here = slice(numbering.minor_starts[i], numbering.minor_starts[i] + numbering.most_minors)
                from_minor[here] = minor[here] @ enter[i]
        return {
            "encode_major": from_major,
            "encode_minor": from_minor,
            "encode_bias": self.enter_bias.numpy(),
            **{f"encode_{name}": weight for name, weight in self.body.export().items()},
            "encode_leave": (self.body.last_gain.numpy()[:, None] * self.leave.numpy())[:, : self.latent],
            "encode_leave_bias": self.leave_bias.numpy()[: self.latent],
        }
