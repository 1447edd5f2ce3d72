"""The any-order Transformer over columns, as a Keras model.

Position t of a row reads the value of the column before it in the order, and names the column it is to predict; one
head a column starts at the column's log-marginals. Random column orders make every column set a possible condition
(Uria et al. 2014, arXiv:1310.1757; Yang et al. 2019, arXiv:1906.08237, without its second stream).

Symbols are those of `networks.columns`: a major one, predicted from the state, and a minor one inside it, predicted
from the state and the major symbol without a position of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from synthdata.networks.attention import Cache, CausalBlock, RMSNorm
from synthdata.networks.columns import Column
from synthdata.networks.heads import log_likelihood

__all__ = ["NEVER", "ColumnTransformer"]

NEVER = -1e9
WIDTH_CLASSES = (4, 16, 64, 256)  # heads of a class are padded to one width and computed in one product


class ColumnTransformer(keras.Model):
    """Joint distribution of a row's symbols, in any order of the columns.

    major_log: (columns, most majors) float32, log-marginals, NEVER where a symbol does not occur.
    minor_log: (all majors, most minors) float32, log-marginals given the major.
    """

    def __init__(
        self,
        columns: Sequence[Column],
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
        self.columns, self.width = tuple(columns), width
        self.major_log, self.minor_log = major_log, minor_log
        self.count = len(columns)
        self.majors = np.array([column.majors for column in columns], np.int32)
        self.starts = np.concatenate([[0], np.cumsum(self.majors)]).astype(
            np.int32
        )  # of each column's majors in tables
        self.firsts = np.array([column.first for column in columns], np.int32)
        self.with_minor = [i for i, column in enumerate(columns) if column.minors > 1]
        self.most_minors = minor_log.shape[1]
        slots = np.full(self.count, len(self.with_minor) * self.most_minors, np.int32)  # the last slot: no minor
        slots[self.with_minor] = np.arange(len(self.with_minor)) * self.most_minors
        self.minor_slots = slots
        self.no_minor = len(self.with_minor) * self.most_minors
        self._make_weights(major_log, minor_log, np.random.default_rng(seed))
        self.blocks = [
            CausalBlock(width=width, heads=heads, expansion=expansion, seed=seed + 10 * i, name=f"block_{i}")
            for i in range(layers)
        ]
        self.last_norm = RMSNorm(name="last_norm")
        for block in self.blocks:
            block.build((None, self.count, width))
        self.last_norm.build((None, None, width))
        self.built = True

    def _make_weights(self, major_log: np.ndarray, minor_log: np.ndarray, rng: np.random.Generator) -> None:
        width, total = self.width, int(self.starts[-1])

        def table(name: str, shape: tuple[int, ...], scale: float) -> Any:
            start = rng.normal(0.0, scale, shape).astype(np.float32) if scale else np.zeros(shape, np.float32)
            return self.add_weight(name=name, shape=shape, initializer=lambda *_, **__: start)

        def bias(name: str, start: np.ndarray) -> Any:
            return self.add_weight(name=name, shape=start.shape, initializer=lambda *_, **__: np.maximum(start, -30.0))

        self.major_embedding = table("major_embedding", (total, width), 0.5)
        self.minor_embedding = table("minor_embedding", (self.no_minor + 1, width), 0.3)
        self.read_embedding = table("read_embedding", (self.count + 1, width), 0.5)  # the last: nothing read yet
        self.predict_embedding = table("predict_embedding", (self.count, width), 0.5)
        self.classes: list[tuple[list[int], Any, Any]] = []
        bottom = 1  # a column of one symbol needs no head
        for top in WIDTH_CLASSES:
            members = [i for i in range(self.count) if bottom < self.majors[i] <= top]
            bottom = top
            if members:
                size = int(self.majors[members].max())
                start = np.full((len(members), size), NEVER, np.float32)
                for row, i in enumerate(members):
                    start[row, : self.majors[i]] = major_log[i, : self.majors[i]]
                head = table(f"major_head_{top}", (len(members), width, size), 0.0)
                self.classes.append((members, head, bias(f"major_bias_{top}", start)))
        if self.with_minor:
            self.minor_hidden = table("minor_hidden", (width, 2 * width), 1 / np.sqrt(width))
            self.minor_given = table("minor_given", (total, 2 * width), 0.3)
            self.minor_head = table("minor_head", (len(self.with_minor), 2 * width, self.most_minors), 0.0)
            self.minor_bias = bias("minor_bias", minor_log)

    def call(self, symbols: tf.Tensor, orders: tf.Tensor, ranks: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood of rows, in nats.

        symbols: (rows, columns, 2) int32. orders: (rows, columns) int32, the column at each position.
        ranks: (rows, columns) int32, the position of each column.
        """
        states = self._states(symbols, orders, ranks)
        total = tf.zeros(tf.shape(symbols)[0])
        for members, head, bias in self.classes:
            logits = tf.einsum("rcw,cws->rcs", tf.gather(states, members, axis=1), head) + bias
            total += tf.reduce_sum(log_likelihood(logits, tf.gather(symbols[..., 0], members, axis=1)), axis=1)
        if self.with_minor:
            chosen = tf.gather(symbols, self.with_minor, axis=1)
            row = chosen[..., 0] + self.starts[self.with_minor]  # (rows, columns with a minor)
            logits = self._minor_logits(tf.gather(states, self.with_minor, axis=1), row, self.minor_head)
            likelihood = log_likelihood(logits, chosen[..., 1])
            total += tf.reduce_sum(tf.where(chosen[..., 0] >= self.firsts[self.with_minor], likelihood, 0.0), axis=1)
        return -tf.reduce_mean(total)

    def _minor_logits(self, states: tf.Tensor, row: tf.Tensor, head: tf.Tensor) -> tf.Tensor:
        inner = states @ self.minor_hidden + tf.gather(self.minor_given, row)
        inner = tf.nn.gelu(inner, approximate=True)
        return tf.einsum("rcw,cws->rcs", inner, head) + tf.gather(self.minor_bias, row)

    def _states(self, symbols: tf.Tensor, orders: tf.Tensor, ranks: tf.Tensor) -> tf.Tensor:
        """What is known of each column from those before it: (rows, columns, width), in the schema's order."""
        major = symbols[..., 0] + self.starts[:-1]
        minor = tf.where(symbols[..., 0] >= self.firsts, symbols[..., 1] + self.minor_slots, self.no_minor)
        before = orders[:, :-1]
        read = (
            tf.gather(self.major_embedding, tf.gather(major, before, batch_dims=1))
            + tf.gather(self.minor_embedding, tf.gather(minor, before, batch_dims=1))
            + tf.gather(self.read_embedding, before)
        )
        nothing = tf.broadcast_to(self.read_embedding[self.count], (symbols.shape[0], 1, self.width))
        x = tf.concat([nothing, read], axis=1) + tf.gather(self.predict_embedding, orders)
        for block in self.blocks:
            x = block(x)
        return tf.gather(self.last_norm(x), ranks, batch_dims=1)

    def draw(
        self, order: tf.Tensor, uniform: tf.Tensor, major_mask: tf.Tensor, minor_mask: tf.Tensor, heads: dict[str, Any]
    ) -> tf.Tensor:
        """Sample rows column by column. Returns symbols (rows, columns, 2) int32 in the schema's order.

        order: (columns,) int32. uniform: (rows, columns, 2) float32 in [0, 1). major_mask: (columns, most majors) and
        minor_mask: (all majors, most minors) float32, added to the logits. heads: what `padded_heads` returns.
        One loop body serves all columns and all orders, so that it compiles once.
        """
        rows, count = uniform.shape[0], self.count
        zeros = tf.zeros((rows, count, self.width))
        caches = [Cache(zeros, zeros) for _ in self.blocks]
        nothing = tf.broadcast_to(self.read_embedding[count], (rows, self.width))
        drawn = tf.TensorArray(tf.int32, count, element_shape=(rows, 2))

        def body(t: tf.Tensor, read: tf.Tensor, caches: list[Cache], drawn: tf.TensorArray) -> tuple[Any, ...]:
            column = order[t]
            x = read + self.predict_embedding[column]
            kept = []
            for block, cache in zip(self.blocks, caches, strict=True):
                x, cache = block.step(x, cache, t)
                kept.append(cache)
            state = self.last_norm(x)
            logits = state @ heads["major"][column] + heads["major_bias"][column] + major_mask[column]
            major = _choose(logits, uniform[:, column, 0])
            row = major + tf.constant(self.starts)[column]

            def with_minor() -> tf.Tensor:
                slot = tf.constant(heads["minor_slot"])[column]
                inner = tf.nn.gelu(state @ self.minor_hidden + tf.gather(self.minor_given, row), approximate=True)
                bias = tf.gather(self.minor_bias + minor_mask, row)
                return _choose(inner @ self.minor_head[slot] + bias, uniform[:, column, 1])

            minor = tf.zeros_like(major)
            if self.with_minor:
                minor = tf.cond(tf.constant(heads["minor_slot"])[column] >= 0, with_minor, lambda: minor)
            has_minor = major >= tf.constant(self.firsts)[column]
            minor = tf.where(has_minor, minor, 0)
            slot = tf.where(has_minor, minor + tf.constant(self.minor_slots)[column], self.no_minor)
            read = (
                tf.gather(self.major_embedding, row)
                + tf.gather(self.minor_embedding, slot)
                + self.read_embedding[column]
            )
            return t + 1, read, kept, drawn.write(column, tf.stack([major, minor], axis=-1))

        _, _, _, drawn = tf.while_loop(
            lambda t, *_: t < count, body, (tf.constant(0), nothing, caches, drawn), maximum_iterations=count
        )
        return tf.transpose(drawn.stack(), (1, 0, 2))

    def padded_heads(self) -> dict[str, Any]:
        """All heads padded to one width, for a loop that picks one by the number of its column."""
        most = max(int(self.majors.max()), 2)
        major = np.zeros((self.count, self.width, most), np.float32)
        bias = np.zeros((self.count, most), np.float32)
        for members, head, class_bias in self.classes:
            size = head.shape[-1]
            major[members, :, :size] = np.asarray(head)
            bias[members, :size] = np.asarray(class_bias)
        slot = np.full(self.count, -1, np.int32)
        slot[self.with_minor] = np.arange(len(self.with_minor))
        return {"major": tf.constant(major), "major_bias": tf.constant(bias), "minor_slot": slot}


def _choose(logits: tf.Tensor, uniform: tf.Tensor) -> tf.Tensor:
    """Draw one symbol a row by its probability: logits (rows, size), uniform (rows,); returns (rows,) int32.

    The running sum is two products with triangles of side sqrt(size): a cumulative sum is quadratic under XLA.
    """
    rows, size = logits.shape
    side = int(np.ceil(np.sqrt(size)))
    weight = tf.exp(logits - tf.reduce_max(logits, axis=-1, keepdims=True))
    weight = tf.reshape(tf.pad(weight, [[0, 0], [0, side * side - size]]), (rows, side, side))
    upto = tf.constant(np.triu(np.ones((side, side), np.float32)))
    before = tf.constant(np.triu(np.ones((side, side), np.float32), 1))
    within = tf.reshape(tf.reshape(weight, (-1, side)) @ upto, (rows, side, side))
    group = within[..., -1]  # (rows, side)
    ends = group @ upto
    target = uniform * ends[:, -1] * (1 - 1e-6)
    which = tf.minimum(tf.reduce_sum(tf.cast(ends <= target[:, None], tf.int32), axis=-1), side - 1)
    chosen = tf.one_hot(which, side)
    rest = target - tf.reduce_sum(group @ before * chosen, axis=-1)
    inner = tf.reduce_sum(within * chosen[..., None], axis=1)  # (rows, side)
    rest = tf.minimum(rest, inner[:, -1] * (1 - 1e-6))
    place = tf.reduce_sum(tf.cast(inner <= tf.maximum(rest, 0.0)[:, None], tf.int32), axis=-1)
    return tf.minimum(which * side + place, size - 1)
