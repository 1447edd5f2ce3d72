"""From a latent vector to all columns of a row at once: the VAE's decoder and the GAN's generator.

Given the latent vector, columns are independent of each other, so that a row is one pass of a dense network. Heads
start at the columns' log-marginals. Symbols are those of `networks.columns`; `latent_sampler` draws with the weights.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.networks.columns import NEVER, Numbering
from synthdata.networks.dense import Blocks, activate, table
from synthdata.networks.heads import log_likelihood
from synthdata.networks.latent_sampler import MINOR_WIDTH

__all__ = ["LatentDecoder"]

WIDTH_CLASSES = (4, 16, 64, 256)  # heads of a class are padded to one width and computed in one product


class LatentDecoder(keras.layers.Layer):
    """Distributions of a row's symbols given a latent vector.

    major_log: (all majors,) float32, log-marginals, NEVER where a symbol does not occur.
    minor_log: (all majors, most minors) float32, log-marginals given the major.
    shares: (columns,) float32, what each column's log-likelihood counts for.
    """

    def __init__(
        self,
        numbering: Numbering,
        major_log: np.ndarray,
        minor_log: np.ndarray,
        *,
        latent: int,
        width: int,
        layers: int,
        expansion: int,
        shares: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(name="decoder")
        self.numbering, self.shares = numbering, shares
        self.enter = table(self, "enter", rng.normal(0.0, 1 / math.sqrt(latent), (latent, width)))
        self.enter_bias = table(self, "enter_bias", np.zeros(width))
        self.body = Blocks(width, expansion * width, layers, rng, "decoder_body")
        self.classes = []
        bottom = 1  # a column of one symbol needs no head
        for top in WIDTH_CLASSES:
            members = [i for i in range(numbering.count) if bottom < numbering.majors[i] <= top]
            bottom = top
            if members:
                size = int(numbering.majors[members].max())
                start = np.full((len(members), size), NEVER, np.float32)
                for row, i in enumerate(members):
                    start[row, : numbering.majors[i]] = major_log[numbering.starts[i] : numbering.starts[i + 1]]
                head = table(self, f"major_head_{top}", np.zeros((width, len(members) * size)))
                self.classes.append((members, head, table(self, f"major_bias_{top}", np.maximum(start, -30.0))))
        if numbering.with_minor:
            count, most = len(numbering.with_minor), numbering.most_minors
            hidden = rng.normal(0.0, 1 / math.sqrt(width), (width, count * MINOR_WIDTH))
            self.minor_hidden = table(self, "minor_hidden", hidden)
            self.minor_given = table(self, "minor_given_embedding", rng.normal(0.0, 0.3, (numbering.rows, MINOR_WIDTH)))
            self.minor_head = table(self, "minor_head", np.zeros((count, MINOR_WIDTH, most)))
            self.minor_bias = table(self, "minor_bias", np.maximum(minor_log, -30.0))
        self.built = True

    def call(self, latent: tf.Tensor) -> tf.Tensor:
        """Latent vectors (rows, latent) to states (rows, width)."""
        return self.body(latent @ tf.convert_to_tensor(self.enter) + self.enter_bias)

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
        numbering = self.numbering
        total = tf.zeros(tf.shape(symbols)[0])
        for members, logits in self.major_logits(state):
            each = log_likelihood(logits, tf.gather(symbols[..., 0], members, axis=1))
            total += tf.reduce_sum(self.shares[members] * each, axis=1)
        if numbering.with_minor:
            chosen = tf.gather(symbols, numbering.with_minor, axis=1)
            row = chosen[..., 0] + numbering.starts[numbering.with_minor]  # (rows, columns with a minor)
            logits = self.minor_logits(state, tf.gather(self.minor_given, row), tf.gather(self.minor_bias, row))
            has_minor = chosen[..., 0] >= numbering.firsts[numbering.with_minor]
            each = tf.where(has_minor, log_likelihood(logits, chosen[..., 1]), 0.0)
            total += tf.reduce_sum(self.shares[numbering.with_minor] * each, axis=1)
        return total

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `LatentSampler` takes them: gains multiplied in, one head beside the other."""
        numbering = self.numbering
        width = self.enter.shape[1]
        head = np.zeros((width, numbering.rows), np.float32)
        head_bias = np.zeros(numbering.rows, np.float32)
        for members, class_head, bias in self.classes:
            heads = class_head.numpy().reshape(width, len(members), -1)
            for row, i in enumerate(members):
                here = slice(numbering.starts[i], numbering.starts[i + 1])
                head[:, here] = heads[:, row, : numbering.majors[i]]
                head_bias[here] = bias.numpy()[row, : numbering.majors[i]]
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
