"""From a latent vector to all columns of a row at once: the VAE's decoder and the GAN's generator.

Given the latent vector, columns are independent of each other, so that a row is one pass of a dense network. Heads
start at the columns' log-marginals. Symbols are those of `networks.columns`; `latent_sampler` draws with the weights.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.dense import Blocks, activate, table
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.heads import first_biases, folded, head_classes, row_log_likelihood
from synthdata.models.tabular.latent.sampler import MINOR_WIDTH

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
        expansion: int,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(name="decoder")
        self.frequencies, self.numbering = frequencies, frequencies.numbering
        numbering = self.numbering
        self.enter = table(self, "enter", rng.normal(0.0, 1 / math.sqrt(latent), (latent, width)))
        self.enter_bias = table(self, "enter_bias", np.zeros(width))
        self.body = Blocks(width, expansion * width, layers, rng, "decoder_body")
        self.classes = []
        for top, members, start in head_classes(frequencies):
            head = table(self, f"major_head_{top}", np.zeros((width, start.size)))
            self.classes.append((members, head, table(self, f"major_bias_{top}", start)))
        if numbering.with_minor:
            count, most = len(numbering.with_minor), numbering.most_minors
            hidden = rng.normal(0.0, 1 / math.sqrt(width), (width, count * MINOR_WIDTH))
            self.minor_hidden = table(self, "minor_hidden", hidden)
            self.minor_given = table(self, "minor_given_embedding", rng.normal(0.0, 0.3, (numbering.rows, MINOR_WIDTH)))
            self.minor_head = table(self, "minor_head", np.zeros((count, MINOR_WIDTH, most)))
            self.minor_bias = table(self, "minor_bias", first_biases(frequencies.minor_log))
        self.built = True

    def call(self, latent: tf.Tensor, told: tf.Tensor | None = None) -> tf.Tensor:
        """Latent vectors (rows, latent) to states (rows, width); `told` (rows, width) is added where they enter."""
        x = latent @ tf.convert_to_tensor(self.enter) + self.enter_bias
        return self.body(x if told is None else x + told)

    def major_logits(self, state: tf.Tensor) -> list[tuple[list[int], tf.Tensor]]:
        """For each class of columns, their numbers and logits (rows, members, size)."""
        return [
            (members, tf.reshape(state @ tf.convert_to_tensor(head), (-1, *bias.shape)) + bias)
            for members, head, bias in self.classes
        ]

    def minor_logits(self, state: tf.Tensor, given: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
        """Logits of minors: (rows, columns with a minor, most).

        state: (rows, width). given and bias: what the columns' majors add to the hidden layer, (rows, columns with a
        minor, MINOR_WIDTH), and to the logits.
        """
        count = len(self.numbering.with_minor)
        inner = tf.reshape(state @ tf.convert_to_tensor(self.minor_hidden), (-1, count, MINOR_WIDTH))
        return tf.einsum("rcm,cms->rcs", activate(inner + given), self.minor_head) + bias

    def log_likelihood(self, state: tf.Tensor, symbols: tf.Tensor) -> tf.Tensor:
        """Log-probability of rows (rows, columns, 2) given states (rows, width): (rows,), in nats times the shares."""

        def minors(row: tf.Tensor) -> tf.Tensor:
            return self.minor_logits(state, tf.gather(self.minor_given, row), tf.gather(self.minor_bias, row))

        return row_log_likelihood(self.frequencies, symbols, self.major_logits(state), minors)

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `LatentSampler` takes them: gains multiplied in, one head beside the other."""
        numbering = self.numbering
        width = self.enter.shape[1]
        classes = (
            (members, head.numpy().reshape(width, len(members), -1).transpose(1, 0, 2), bias.numpy())
            for members, head, bias in self.classes
        )
        head, head_bias = folded(numbering, width, classes)
        gain = self.body.last_gain.numpy()[:, None]
        result = {
            "enter": self.enter.numpy(),
            "enter_bias": self.enter_bias.numpy(),
            **self.body.export(),
            "head": gain * head,
            "head_bias": head_bias,
        }
        if numbering.with_minor:
            result |= {
                "minor_hidden": gain * self.minor_hidden.numpy(),
                "minor_given": self.minor_given.numpy(),
                "minor_head": self.minor_head.numpy(),
                "minor_bias": self.minor_bias.numpy(),
            }
        return {name: np.ascontiguousarray(array) for name, array in result.items()}
