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

from synthdata.networks.attention import attend
from synthdata.networks.column_sampler import TINY
from synthdata.networks.columns import NEVER, Numbering
from synthdata.networks.heads import log_likelihood

__all__ = ["ColumnTransformer"]

WIDTH_CLASSES = (4, 16, 64, 256)  # heads of a class are padded to one width and computed in one product
FREQUENCIES = 32
MOST_CYCLES = 16  # of the finest frequency, over the whole range of a quantity
FREE = 0.2  # share of a quantity's embedding that is each symbol's own at the start


class ColumnTransformer(keras.Model):
    """Joint distribution of a row's symbols, in any order of the columns.

    major_log: (all majors,) float32, log-marginals, NEVER where a symbol does not occur.
    minor_log: (all majors, most minors) float32, log-marginals given the major.
    """

    def __init__(
        self,
        numbering: Numbering,
        major_log: np.ndarray,
        minor_log: np.ndarray,
        *,
        width: int,
        layers: int,
        heads: int,
        expansion: int,
        seed: int,
    ) -> None:
        super().__init__(name="column_transformer")
        self.numbering, self.width, self.heads = numbering, width, heads
        self.rng = np.random.default_rng(seed)
        self._make_embeddings()
        self._make_body(layers, expansion)
        self._make_heads(major_log, minor_log)
        self.built = True

    def _table(self, name: str, start: np.ndarray) -> Any:
        return self.add_weight(name=name, shape=start.shape, initializer=lambda *_, **__: start.astype(np.float32))

    def _random(self, name: str, shape: tuple[int, ...], scale: float) -> Any:
        return self._table(name, self.rng.normal(0.0, scale, shape))

    def _make_embeddings(self) -> None:
        """A symbol of a quantity is embedded as a smooth function of its place, the same for all columns, plus its own.

        So what is learned of one amount holds for its neighbours, and for the same amount in the next column.
        """
        numbering, width = self.numbering, self.width
        major, minor = (np.zeros((rows, 2 * FREQUENCIES)) for rows in (numbering.rows, numbering.minor_rows))
        for i in numbering.with_minor:
            column, first = numbering.columns[i], numbering.minor_starts[i]
            if column.places:
                bins = column.majors - column.first
                major[numbering.starts[i] + column.first : numbering.starts[i + 1]] = _waves(bins)
                minor[first : first + column.places] = _waves(column.places)
        own = [np.where(waves.any(axis=1, keepdims=True), FREE, 1.0) for waves in (major, minor)]
        self.major_waves, self.minor_waves = tf.constant(major, tf.float32), tf.constant(minor, tf.float32)
        self.major_wave_embedding = self._random("major_wave_embedding", (2 * FREQUENCIES, width), 0.5)
        self.minor_wave_embedding = self._random("minor_wave_embedding", (2 * FREQUENCIES, width), 0.3)
        self.major_embedding = self._table(
            "major_embedding", own[0] * self.rng.normal(0.0, 0.5, (numbering.rows, width))
        )
        self.minor_embedding = self._table(
            "minor_embedding", own[1] * self.rng.normal(0.0, 0.3, (numbering.minor_rows, width))
        )
        self.read_embedding = self._random("read_embedding", (numbering.count, width), 0.5)
        self.predict_embedding = self._random("predict_embedding", (numbering.count, width), 0.5)
        asked = numbering.count * self.heads
        self.major_score = self._random("major_score_embedding", (numbering.rows, asked), 0.02)
        self.minor_score = self._random("minor_score_embedding", (numbering.minor_rows, asked), 0.02)

    def _make_body(self, layers: int, expansion: int) -> None:
        width, wide = self.width, expansion * self.width
        self.out = self._random("out", (width, width), 1 / math.sqrt(width))
        self.blocks = [
            {
                "gain": self._table(f"gain_{i}", np.ones(width)),
                "up": self._random(f"up_{i}", (width, wide), 1 / math.sqrt(width)),
                "up_bias": self._table(f"up_bias_{i}", np.zeros(wide)),
                "down": self._random(f"down_{i}", (wide, width), 0.5 / math.sqrt(wide)),
            }
            for i in range(layers)
        ]
        self.last_gain = self._table("last_gain", np.ones(width))

    def _make_heads(self, major_log: np.ndarray, minor_log: np.ndarray) -> None:
        numbering, width = self.numbering, self.width
        self.classes: list[tuple[list[int], Any, Any]] = []
        bottom = 1  # a column of one symbol needs no head
        for top in WIDTH_CLASSES:
            members = [i for i in range(numbering.count) if bottom < numbering.majors[i] <= top]
            bottom = top
            if members:
                size = int(numbering.majors[members].max())
                start = np.full((len(members), size), NEVER, np.float32)
                for row, i in enumerate(members):
                    start[row, : numbering.majors[i]] = major_log[numbering.starts[i] : numbering.starts[i + 1]]
                head = self._table(f"major_head_{top}", np.zeros((len(members), width, size)))
                self.classes.append((members, head, self._table(f"major_bias_{top}", np.maximum(start, -30.0))))
        if numbering.with_minor:
            count, most = len(numbering.with_minor), numbering.most_minors
            self.minor_hidden = self._random("minor_hidden", (width, 2 * width), 1 / math.sqrt(width))
            self.minor_given = self._random("minor_given_embedding", (numbering.rows, 2 * width), 0.3)
            self.minor_head = self._table("minor_head", np.zeros((count, 2 * width, most)))
            self.minor_bias = self._table("minor_bias", np.maximum(minor_log, -30.0))

    def call(self, symbols: tf.Tensor, ranks: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood of rows, in nats.

        symbols: (rows, columns, 2) int32. ranks: (rows, columns) int32, the place of each column in the row's order.
        """
        numbering = self.numbering
        states = self._states(symbols, ranks)
        total = tf.zeros(tf.shape(symbols)[0])
        for members, head, bias in self.classes:
            logits = tf.einsum("crw,cws->rcs", tf.gather(states, members), head) + bias
            total += tf.reduce_sum(log_likelihood(logits, tf.gather(symbols[..., 0], members, axis=1)), axis=1)
        if numbering.with_minor:
            chosen = tf.gather(symbols, numbering.with_minor, axis=1)
            row = chosen[..., 0] + numbering.starts[numbering.with_minor]  # (rows, columns with a minor)
            inner = _dense(tf.gather(states, numbering.with_minor), self.minor_hidden)
            inner = _activate(inner + tf.gather(self.minor_given, tf.transpose(row)))
            logits = tf.einsum("crw,cws->rcs", inner, self.minor_head) + tf.gather(self.minor_bias, row)
            has_minor = chosen[..., 0] >= numbering.firsts[numbering.with_minor]
            total += tf.reduce_sum(tf.where(has_minor, log_likelihood(logits, chosen[..., 1]), 0.0), axis=1)
        return -tf.reduce_mean(total)

    def _states(self, symbols: tf.Tensor, ranks: tf.Tensor) -> tf.Tensor:
        """What is known of each column from those before it: (columns, rows, width)."""
        numbering, rows = self.numbering, symbols.shape[0]
        count = numbering.count
        major = symbols[..., 0] + numbering.starts[:-1]
        has_minor = symbols[..., 0] >= numbering.firsts
        minor = tf.where(has_minor, symbols[..., 1] + numbering.minor_starts, numbering.no_minor)
        values = tf.gather(self._major_table(), major) + tf.gather(self._minor_table(), minor) + self.read_embedding
        scores = tf.gather(self.major_score, major) + tf.gather(self.minor_score, minor)
        scores = tf.transpose(tf.reshape(scores, (rows, count, count, self.heads)), (0, 3, 2, 1))
        x = tf.transpose(attend(scores, ranks[:, None, :] < ranks[:, :, None], values), (1, 0, 2))
        x = _dense(x, self.out) + self.predict_embedding[:, None]
        for block in self.blocks:
            inner = _activate(_dense(_rms_norm(x) * block["gain"], block["up"]) + block["up_bias"])
            x += _dense(inner, block["down"])
        return _rms_norm(x) * self.last_gain

    def _major_table(self) -> tf.Tensor:
        return self.major_embedding + self.major_waves @ tf.convert_to_tensor(self.major_wave_embedding)

    def _minor_table(self) -> tf.Tensor:
        return self.minor_embedding + self.minor_waves @ tf.convert_to_tensor(self.minor_wave_embedding)

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `ColumnSampler` takes them: gains multiplied in, tables summed, one head beside the other."""
        numbering, width = self.numbering, self.width
        read = np.repeat(self.read_embedding.numpy(), numbering.majors, axis=0)
        scores = (numbering.count, self.heads)
        result = {
            "major_value": self._major_table().numpy() + read,
            "minor_value": self._minor_table().numpy(),
            "major_score": self.major_score.numpy().reshape(-1, *scores).transpose(1, 0, 2),
            "minor_score": self.minor_score.numpy().reshape(-1, *scores).transpose(1, 0, 2),
            "predict": self.predict_embedding.numpy(),
            "out": self.out.numpy(),
        }
        for i, block in enumerate(self.blocks):
            result[f"up_{i}"] = block["gain"].numpy()[:, None] * block["up"].numpy()
            result[f"up_bias_{i}"] = block["up_bias"].numpy()
            result[f"down_{i}"] = block["down"].numpy()
        head = np.zeros((width, numbering.rows), np.float32)
        head_bias = np.zeros(numbering.rows, np.float32)
        for members, class_head, bias in self.classes:
            for row, i in enumerate(members):
                here = slice(numbering.starts[i], numbering.starts[i + 1])
                head[:, here] = class_head.numpy()[row, :, : numbering.majors[i]]
                head_bias[here] = bias.numpy()[row, : numbering.majors[i]]
        gain = self.last_gain.numpy()[:, None]
        result |= {"head": gain * head, "head_bias": head_bias}
        if numbering.with_minor:
            result |= {
                "minor_hidden": gain * self.minor_hidden.numpy(),
                "minor_given": self.minor_given.numpy(),
                "minor_head": self.minor_head.numpy(),
                "minor_bias": self.minor_bias.numpy(),
            }
        return {name: np.ascontiguousarray(array) for name, array in result.items()}


def _waves(count: int) -> np.ndarray:
    """Sines and cosines over `count` places of a range, of mean square 1 a row in all: (count, 2 * FREQUENCIES)."""
    frequencies = np.geomspace(0.5, MOST_CYCLES, FREQUENCIES)
    turns = 2 * np.pi * (np.arange(count)[:, None] + 0.5) / count * frequencies
    size = np.sqrt(1 / (1 + frequencies))
    return np.concatenate([np.cos(turns) * size, np.sin(turns) * size], axis=1) / np.sqrt(np.sum(size**2))


def _rms_norm(x: tf.Tensor) -> tf.Tensor:
    """Divide by the root mean square over the last axis: Zhang and Sennrich 2019 (arXiv:1910.07467, eq. 4)."""
    return x * tf.math.rsqrt(tf.reduce_mean(x * x, axis=-1, keepdims=True) + TINY)


def _activate(x: tf.Tensor) -> tf.Tensor:
    return tf.nn.gelu(x, approximate=True)


def _dense(x: tf.Tensor, matrix: Any) -> tf.Tensor:
    """(columns, rows, width) times (width, wide), as one flat product: XLA's gradient of a batched one is slow."""
    flat = tf.reshape(x, (-1, x.shape[-1])) @ tf.convert_to_tensor(matrix)
    return tf.reshape(flat, (*x.shape[:-1], matrix.shape[-1]))
