"""The any-order Transformer over columns, as a Keras model. `sampler` samples with its weights.

Each column attends to the columns before it in the row's order. The result passes through residual feed-forward blocks
to a head of its own, whose bias starts at the column's log-marginals. Since orders are random in training, any set of
columns can be conditioned on (Uria et al. 2014, arXiv:1310.1757; Yang et al. 2019, arXiv:1906.08237). Columns that are
given come before all others in every order, and have neither state nor head.

The coarse symbol (see `symbols`) is predicted from the state, and from comparisons with known quantities (see
`comparisons`); the fine one from the state and the coarse symbol.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.attention import attend
from synthdata.models.layers.dense import Blocks, Dropout, activate, dense, weight
from synthdata.models.tabular.comparisons import STEPS, Comparisons
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.embedding import SymbolEmbedding
from synthdata.models.tabular.heads import coarse_heads, first_biases, folded, row_log_likelihood
from synthdata.models.tabular.symbols import MOST_COARSE
from synthdata.models.tabular.transformer.model import Transformer

__all__ = ["TransformerNetwork"]

HIDDEN = -1e4  # attention score of a column that is not attended to
STEP_SCALE = 0.5  # of steps of comparisons, which move the logits of many symbols at once


class TransformerNetwork(keras.Model):
    """Autoregressive model of a row's symbols, in any order of the columns."""

    def __init__(
        self,
        frequencies: Frequencies,
        comparisons: Comparisons,
        settings: Transformer,
        seed: int,
        related: np.ndarray | None = None,
    ) -> None:
        super().__init__(name="transformer")
        self.frequencies, self.table, self.comparisons = frequencies, frequencies.table, comparisons
        self.related = related
        self.width, self.heads, self.dropout = settings.width, settings.heads, float(settings.dropout)
        self._make_body(settings.layers, settings.mlp_ratio, np.random.default_rng(seed))
        self._make_heads(np.random.default_rng([seed, 1]))
        self.built = True

    def _make_body(self, layers: int, mlp_ratio: int, rng: np.random.Generator) -> None:
        table, width = self.table, self.width
        self.embedding = SymbolEmbedding(self.frequencies, width, rng)
        self.source_embedding = weight(self, "read_embedding", rng.normal(0.0, 0.5, (table.count, width)))
        self.target_embedding = weight(self, "predict_embedding", rng.normal(0.0, 0.5, (len(table.targets), width)))
        scores = len(table.targets) * self.heads  # one per head for each column that may attend
        self.coarse_score = weight(self, "coarse_score_embedding", rng.normal(0.0, 0.02, (table.coarse_rows, scores)))
        self.fine_score = weight(self, "fine_score_embedding", rng.normal(0.0, 0.02, (table.fine_rows, scores)))
        self.out = weight(self, "out", rng.normal(0.0, 1 / math.sqrt(width), (width, width)))
        self.body = Blocks(width, mlp_ratio * width, layers, rng, "body")

    def _make_heads(self, rng: np.random.Generator) -> None:
        table, width = self.table, self.width
        self.classes = coarse_heads(self, self.frequencies, width)
        pairs = len(self.comparisons.pairs)
        if pairs:
            self.step_head = weight(self, "step_head", np.zeros((pairs, width, len(STEPS))))
            self.step_bias = weight(self, "step_bias", np.zeros((pairs, len(STEPS))))
        if table.fine_targets:
            count, most = len(table.fine_targets), table.most_fine
            hidden, given = (width, 2 * width), (table.coarse_rows, 2 * width)
            self.fine_hidden = weight(self, "fine_hidden", rng.normal(0.0, 1 / math.sqrt(width), hidden))
            self.fine_given = weight(self, "fine_given_embedding", rng.normal(0.0, 0.3, given))
            self.fine_head = weight(self, "fine_head", np.zeros((count, 2 * width, most)))
            self.fine_bias = weight(self, "fine_bias", first_biases(self.frequencies.fine_log))

    def call(self, symbols: tf.Tensor, ranks: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """Mean negative log-likelihood of rows, columns weighted, in nats: a scalar.

        symbols: (rows, columns, 2) int32. ranks: (rows, columns) int32, the position of each column in the row's order.
        seed: (2,) int32, for dropout; None for none.
        """
        states = self._states(symbols, ranks, seed)
        coarse: Iterable[tuple[list[int], tf.Tensor]] = (
            (each.members, tf.einsum("crw,cws->rcs", self._of(states, each.members), each.weights) + each.bias)
            for each in self.classes
        )
        if self.comparisons.pairs:
            coarse = self._compared(coarse, states, symbols, ranks)

        def fine(row: tf.Tensor) -> tf.Tensor:
            inner = dense(self._of(states, self.table.fine_targets), self.fine_hidden)
            inner = activate(inner + tf.gather(self.fine_given, tf.transpose(row)))
            return tf.einsum("crw,cws->rcs", inner, self.fine_head) + tf.gather(self.fine_bias, row)

        return -tf.reduce_mean(row_log_likelihood(self.frequencies, symbols, coarse, fine))

    def _of(self, states: tf.Tensor, columns: list[int] | np.ndarray) -> tf.Tensor:
        """The states of some columns, which are not given."""
        return tf.gather(states, np.asarray(columns) - self.table.given)

    def _compared(
        self, coarse: Iterable[tuple[list[int], tf.Tensor]], states: tf.Tensor, symbols: tf.Tensor, ranks: tf.Tensor
    ) -> Iterator[tuple[list[int], tf.Tensor]]:
        """Logits of classes, with what comparisons with known sources add."""
        pairs, starts = self.comparisons.pairs, self.comparisons.starts
        columns, sources = np.array(pairs).T
        heights = tf.einsum("prw,pwt->rpt", self._of(states, columns), self.step_head) + self.step_bias
        heights = STEP_SCALE * tf.pad(heights, ((0, 0), (0, 1), (0, 0)))  # the last for columns that are not compared
        first = np.cumsum([0, *(len(each) for each in starts[:-1])]).astype(np.int32)
        rises = tf.gather(np.concatenate(starts), tf.gather(symbols[..., 0], sources, axis=1) + first)
        known = tf.gather(ranks, sources, axis=1) < tf.gather(ranks, columns, axis=1)
        rises = tf.pad(tf.where(known[..., None], rises, MOST_COARSE), ((0, 0), (0, 1), (0, 0)))
        for members, logits in coarse:
            numbers, own = self.comparisons.padded(members, logits.shape[2])
            if numbers.shape[1]:
                shape = (-1, len(members), numbers.shape[1] * len(STEPS))
                height, start = (tf.reshape(tf.gather(each, numbers, axis=1), shape) for each in (heights, rises))
                logits += _rising(height, start, own)
            yield members, logits

    def _states(self, symbols: tf.Tensor, ranks: tf.Tensor, seed: tf.Tensor | None) -> tf.Tensor:
        """The state of each column that is not given, conditioned on the columns before it: (targets, rows, width)."""
        table, rows = self.table, symbols.shape[0]
        count, targets = table.count, len(table.targets)
        coarse, fine = self.embedding.indices(symbols)
        values = self.embedding(symbols) + self.source_embedding
        scores = tf.gather(self.coarse_score, coarse) + tf.gather(self.fine_score, fine)
        scores = tf.transpose(tf.reshape(scores, (rows, count, targets, self.heads)), (0, 3, 2, 1))
        visible = ranks[:, None, :] < ranks[:, table.given :, None]
        if self.related is not None:
            visible &= self.related[table.given :]
        x = tf.transpose(attend(scores, visible, values), (1, 0, 2))
        return self.body(dense(x, self.out) + self.target_embedding[:, None], drop=Dropout(self.dropout, seed))

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `ColumnSampler`: gains folded in, embeddings summed, heads concatenated."""
        table, width = self.table, self.width
        source = np.repeat(self.source_embedding.numpy(), table.coarse, axis=0)
        scores = (len(table.targets), self.heads)
        coarse_score = self.coarse_score.numpy().reshape(-1, *scores).transpose(1, 0, 2)
        if self.related is not None:
            seen = np.repeat(self.related[table.given :], table.coarse, axis=1)
            coarse_score = np.where(seen[..., None], coarse_score, HIDDEN)
        result = {
            "coarse_value": self.embedding.coarse_table().numpy() + source,
            "fine_value": self.embedding.fine_table().numpy(),
            "coarse_score": coarse_score.astype(np.float32),
            "fine_score": self.fine_score.numpy().reshape(-1, *scores).transpose(1, 0, 2),
            "predict": self.target_embedding.numpy(),
            "out": self.out.numpy(),
            **self.body.export(),
        }
        head, head_bias = folded(table, width, self.classes)
        gain = self.body.last_gain.numpy()[:, None]
        result |= {"head": gain * head, "head_bias": head_bias}
        if self.comparisons.pairs:
            result |= {
                "step_head": STEP_SCALE * gain * self.step_head.numpy(),
                "step_bias": STEP_SCALE * self.step_bias.numpy(),
            }
        if table.fine_targets:
            result |= {
                "fine_hidden": gain * self.fine_hidden.numpy(),
                "fine_given": self.fine_given.numpy(),
                "fine_head": self.fine_head.numpy(),
                "fine_bias": self.fine_bias.numpy(),
            }
        return {name: np.ascontiguousarray(array) for name, array in result.items()}


def _rising(heights: tf.Tensor, starts: tf.Tensor, ranks: np.ndarray) -> tf.Tensor:
    """The sum of the steps that each rank has reached: (rows, columns, symbols).

    heights, starts: (rows, columns, steps), how high a step is, and the least rank that it applies to. ranks: (columns,
    symbols). The gradient of a height is a sum over the symbols from its start on: all these are one matrix product.
    """
    size = ranks.shape[1]
    reached = (ranks[..., None] >= np.arange(size + 1)).astype(np.float32)  # (columns, symbols, starts)
    places = tf.minimum(starts, size)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def rise(heights: tf.Tensor) -> tuple[tf.Tensor, object]:
        result = tf.zeros((1, 1, 1))
        for step in range(heights.shape[2]):
            result += tf.where(ranks >= starts[..., step, None], heights[..., step, None], 0.0)

        def gradient(up: tf.Tensor) -> tf.Tensor:
            sums = tf.transpose(tf.transpose(up, (1, 0, 2)) @ reached, (1, 0, 2))  # (rows, columns, starts)
            return tf.gather(sums, places, batch_dims=2)

        return result, gradient

    return rise(heights)
