"""From a latent vector to all columns of a row at once: the VAE's decoder and the GAN's generator.

Given the latent vector, columns are independent, so that a row takes one pass of a dense network. Biases of heads start
at the columns' log-marginals. For coarse and fine symbols see `symbols`; `latent.sampler` samples with the weights.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import Blocks, activate, weight
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.heads import coarse_heads, first_biases, folded, row_log_likelihood
from synthdata.models.tabular.latent.sampler import FINE_WIDTH

__all__ = ["LatentDecoder"]


class LatentDecoder(keras.layers.Layer):
    """Distributions of a row's symbols given a latent vector."""

    def __init__(
        self,
        frequencies: Frequencies,
        *,
        latent: int,
        width: int,
        layers: int,
        mlp_ratio: int,
        rng: np.random.Generator,
        smooth: bool = True,
    ) -> None:
        super().__init__(name="decoder")
        self.frequencies, self.table = frequencies, frequencies.table
        table = self.table
        self.enter = weight(self, "enter", rng.normal(0.0, 1 / math.sqrt(latent), (latent, width)))
        self.enter_bias = weight(self, "enter_bias", np.zeros(width))
        self.body = Blocks(width, mlp_ratio * width, layers, rng, "decoder_body")
        self.classes = coarse_heads(self, frequencies, width, smooth=smooth)
        if table.with_fine:
            count, most = len(table.with_fine), table.most_fine
            hidden = rng.normal(0.0, 1 / math.sqrt(width), (width, count * FINE_WIDTH))
            self.fine_hidden = weight(self, "fine_hidden", hidden)
            self.fine_given = weight(
                self, "fine_given_embedding", rng.normal(0.0, 0.3, (table.coarse_rows, FINE_WIDTH))
            )
            self.fine_head = weight(self, "fine_head", np.zeros((count, FINE_WIDTH, most)))
            self.fine_bias = weight(self, "fine_bias", first_biases(frequencies.fine_log))
        self.built = True

    def call(self, latent: tf.Tensor, condition: tf.Tensor | None = None) -> tf.Tensor:
        """Latent vectors (rows, latent) to states (rows, width); adds `condition` (rows, width) to the first layer."""
        x = latent @ tf.convert_to_tensor(self.enter) + self.enter_bias
        return self.body(x if condition is None else x + condition)

    def coarse_logits(self, state: tf.Tensor) -> list[tuple[list[int], tf.Tensor]]:
        """For each class, its columns (`members`) and their logits (rows, members, size)."""
        result = []
        for each in self.classes:
            flat = tf.reshape(tf.transpose(each.weights, (1, 0, 2)), (state.shape[1], -1))
            result.append((each.members, tf.reshape(state @ flat, (-1, *each.bias.shape)) + each.bias))
        return result

    def fine_logits(self, state: tf.Tensor, given: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
        """Logits of fine symbols: (rows, columns with a fine symbol, most fine).

        state: (rows, width). given, bias: what the columns' coarse symbols add to the hidden layer, (rows, columns with
        a fine symbol, FINE_WIDTH), and to the logits, (rows, columns with a fine symbol, most fine).
        """
        count = len(self.table.with_fine)
        inner = tf.reshape(state @ tf.convert_to_tensor(self.fine_hidden), (-1, count, FINE_WIDTH))
        return tf.einsum("rcm,cms->rcs", activate(inner + given), self.fine_head) + bias

    def log_likelihood(self, state: tf.Tensor, symbols: tf.Tensor) -> tf.Tensor:
        """Weighted log-likelihood of rows (rows, columns, 2) given states (rows, width): (rows,), in nats."""

        def fine(row: tf.Tensor) -> tf.Tensor:
            return self.fine_logits(state, tf.gather(self.fine_given, row), tf.gather(self.fine_bias, row))

        return row_log_likelihood(self.frequencies, symbols, self.coarse_logits(state), fine)

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `LatentSampler`: gains folded in, heads concatenated."""
        table = self.table
        head, head_bias = folded(table, self.enter.shape[1], self.classes)
        gain = self.body.last_gain.numpy()[:, None]
        result = {
            "enter": self.enter.numpy(),
            "enter_bias": self.enter_bias.numpy(),
            **self.body.export(),
            "head": gain * head,
            "head_bias": head_bias,
        }
        if table.with_fine:
            result |= {
                "fine_hidden": gain * self.fine_hidden.numpy(),
                "fine_given": self.fine_given.numpy(),
                "fine_head": self.fine_head.numpy(),
                "fine_bias": self.fine_bias.numpy(),
            }
        return {name: np.ascontiguousarray(array) for name, array in result.items()}
