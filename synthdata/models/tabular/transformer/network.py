"""The any-order Transformer over columns, as a Keras model: how it is trained. `column_sampler` draws from it.

Each column attends to the columns known before it, whichever they are, and passes what it finds through residual
feed-forward blocks to a head of its own that starts at the column's log-marginals. Random orders of the columns make
every set of columns a possible condition (Uria et al. 2014, arXiv:1310.1757; Yang et al. 2019, arXiv:1906.08237).

Symbols are those of `networks.columns`: a major one, predicted from the state, and a minor one inside it, predicted
from the state and the major symbol.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.attention import attend
from synthdata.models.layers.dense import Blocks, activate, dense, table
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.embedding import SymbolEmbedding
from synthdata.models.tabular.heads import first_biases, folded, head_classes, row_log_likelihood

__all__ = ["ColumnTransformer"]


class ColumnTransformer(keras.Model):
    """Joint distribution of a row's symbols, in any order of the columns."""

    def __init__(
        self, frequencies: Frequencies, *, width: int, layers: int, heads: int, expansion: int, seed: int
    ) -> None:
        super().__init__(name="column_transformer")
        self.frequencies, self.numbering, self.width, self.heads = frequencies, frequencies.numbering, width, heads
        self._make_body(layers, expansion, np.random.default_rng(seed))
        self._make_heads(np.random.default_rng([seed, 1]))
        self.built = True

    def _make_body(self, layers: int, expansion: int, rng: np.random.Generator) -> None:
        numbering, width = self.numbering, self.width
        self.embedding = SymbolEmbedding(numbering, width, rng)
        self.source_embedding = table(self, "read_embedding", rng.normal(0.0, 0.5, (numbering.count, width)))
        self.target_embedding = table(self, "predict_embedding", rng.normal(0.0, 0.5, (numbering.count, width)))
        asked = numbering.count * self.heads
        self.major_score = table(self, "major_score_embedding", rng.normal(0.0, 0.02, (numbering.rows, asked)))
        self.minor_score = table(self, "minor_score_embedding", rng.normal(0.0, 0.02, (numbering.minor_rows, asked)))
        self.out = table(self, "out", rng.normal(0.0, 1 / math.sqrt(width), (width, width)))
        self.body = Blocks(width, expansion * width, layers, rng, "body")

    def _make_heads(self, rng: np.random.Generator) -> None:
        numbering, width = self.numbering, self.width
        self.classes: list[tuple[list[int], Any, Any]] = []
        for top, members, start in head_classes(self.frequencies):
            head = table(self, f"major_head_{top}", np.zeros((len(members), width, start.shape[1])))
            self.classes.append((members, head, table(self, f"major_bias_{top}", start)))
        if numbering.with_minor:
            count, most = len(numbering.with_minor), numbering.most_minors
            hidden, given = (width, 2 * width), (numbering.rows, 2 * width)
            self.minor_hidden = table(self, "minor_hidden", rng.normal(0.0, 1 / math.sqrt(width), hidden))
            self.minor_given = table(self, "minor_given_embedding", rng.normal(0.0, 0.3, given))
            self.minor_head = table(self, "minor_head", np.zeros((count, 2 * width, most)))
            self.minor_bias = table(self, "minor_bias", first_biases(self.frequencies.minor_log))

    def call(self, symbols: tf.Tensor, ranks: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood of rows, in nats times the columns' shares.

        symbols: (rows, columns, 2) int32. ranks: (rows, columns) int32, the place of each column in the row's order.
        """
        states = self._states(symbols, ranks)
        majors = (
            (members, tf.einsum("crw,cws->rcs", tf.gather(states, members), head) + bias)
            for members, head, bias in self.classes
        )

        def minors(row: tf.Tensor) -> tf.Tensor:
            inner = dense(tf.gather(states, self.numbering.with_minor), self.minor_hidden)
            inner = activate(inner + tf.gather(self.minor_given, tf.transpose(row)))
            return tf.einsum("crw,cws->rcs", inner, self.minor_head) + tf.gather(self.minor_bias, row)

        return -tf.reduce_mean(row_log_likelihood(self.frequencies, symbols, majors, minors))

    def _states(self, symbols: tf.Tensor, ranks: tf.Tensor) -> tf.Tensor:
        """What is known of each column from those before it: (columns, rows, width)."""
        numbering, rows = self.numbering, symbols.shape[0]
        count = numbering.count
        major, minor = self.embedding.rows(symbols)
        values = self.embedding(symbols) + self.source_embedding
        scores = tf.gather(self.major_score, major) + tf.gather(self.minor_score, minor)
        scores = tf.transpose(tf.reshape(scores, (rows, count, count, self.heads)), (0, 3, 2, 1))
        x = tf.transpose(attend(scores, ranks[:, None, :] < ranks[:, :, None], values), (1, 0, 2))
        return self.body(dense(x, self.out) + self.target_embedding[:, None])

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `ColumnSampler` takes them: gains multiplied in, tables summed, one head beside the other."""
        numbering, width = self.numbering, self.width
        read = np.repeat(self.source_embedding.numpy(), numbering.majors, axis=0)
        scores = (numbering.count, self.heads)
        result = {
            "major_value": self.embedding.major_table().numpy() + read,
            "minor_value": self.embedding.minor_table().numpy(),
            "major_score": self.major_score.numpy().reshape(-1, *scores).transpose(1, 0, 2),
            "minor_score": self.minor_score.numpy().reshape(-1, *scores).transpose(1, 0, 2),
            "predict": self.target_embedding.numpy(),
            "out": self.out.numpy(),
            **self.body.export(),
        }
        classes = ((members, head.numpy(), bias.numpy()) for members, head, bias in self.classes)
        head, head_bias = folded(numbering, width, classes)
        gain = self.body.last_gain.numpy()[:, None]
        result |= {"head": gain * head, "head_bias": head_bias}
        if numbering.with_minor:
            result |= {
                "minor_hidden": gain * self.minor_hidden.numpy(),
                "minor_given": self.minor_given.numpy(),
                "minor_head": self.minor_head.numpy(),
                "minor_bias": self.minor_bias.numpy(),
            }
        return {name: np.ascontiguousarray(array) for name, array in result.items()}
