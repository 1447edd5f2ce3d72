"""The Transformer over the codes of an image, as a Keras model: how it is trained. `code_drawing` draws from it.

Codes in raster order, each given those before it: Esser et al. 2021 (arXiv:2012.09841, eq. 9). Pre-norm, with root mean
squares (Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4). A step is given the code before it and the one above it.
What is told of the image is added to each step; so is, in training, by how much the image was moved, so that moved
images teach and are yet not drawn (Jun et al. 2020, http://proceedings.mlr.press/v119/jun20a.html, section 3).
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.networks.attention import attend
from synthdata.networks.code_grid import CodeGrid
from synthdata.networks.dense import dense, table
from synthdata.networks.drawing import TINY

__all__ = ["CodeTransformer"]

SHARED, OWN, PLACE, TOLD = 0.4, 0.2, 0.3, 0.5  # how large embeddings start

BEND, CUBE = math.sqrt(2 / math.pi), 0.044715  # of GELU by the tangent


class CodeTransformer(keras.Model):
    """Logits of each code of an image, given the codes before it and what is told."""

    def __init__(
        self, grid: CodeGrid, *, told: int, width: int, layers: int, heads: int, wide: int, moves: int, seed: int
    ) -> None:
        super().__init__(name="code_transformer")
        rng = np.random.default_rng([seed, 5])
        self.grid, self.width, self.heads = grid, width, heads
        height, breadth = grid.sides
        self.marks = tf.constant(grid.marks)
        marks = self.marks.shape[1]

        def normal(name: str, shape: tuple[int, ...], scale: float) -> keras.Variable:
            return table(self, name, rng.normal(0.0, scale, shape))

        self.shared = normal("embedding_shared", (marks, width), SHARED)
        self.own = normal("embedding_own", (grid.codes, width), OWN)
        self.above = normal("above", (width, width), 1 / math.sqrt(width))
        self.told = normal("embedding_told", (told, width), TOLD)
        self.moves = normal("embedding_moves", (moves, width), PLACE)
        self.rows = normal("embedding_rows", (height, 1, width), PLACE)
        self.columns = normal("embedding_columns", (1, breadth, width), PLACE)
        self.blocks = [_block(self, i, width, wide, layers, rng) for i in range(layers)]
        self.last_gain = table(self, "last_gain", np.ones(width))
        self.head_shared = table(self, "head_shared", np.zeros((marks, width)))
        self.head_own = table(self, "head_own", np.zeros((grid.codes, width)))
        self.head_bias = table(self, "head_bias", np.zeros(grid.codes))
        length = grid.length
        self.known = tf.constant(np.tri(length, dtype=bool)[None])  # (1, length, length)
        self.built = True

    def _vectors(self) -> tf.Tensor:
        """Vectors of the codes: what those with a digit in common share, and their own."""
        return self.own + self.marks @ tf.convert_to_tensor(self.shared)

    def _head(self) -> tf.Tensor:
        return tf.transpose(self.head_own + self.marks @ tf.convert_to_tensor(self.head_shared))

    def _places(self) -> tf.Tensor:
        return tf.reshape(self.rows + self.columns, (self.grid.length, self.width))

    def call(self, codes: tf.Tensor, shown: tf.Tensor, told: tf.Tensor, move: tf.Tensor) -> tf.Tensor:
        """Logits (n, length, codes): of each code, given those before it.

        codes: (n, length) int32. shown: (n, length) float32, 0 hides a code from those after it. told: (n, told).
        move: (n,) int32, by which of the moves the image was moved.
        """
        breadth = self.grid.sides[1]
        vectors = dense(tf.one_hot(codes, self.grid.codes) * shown[..., None], self._vectors())  # (n, length, width)
        above = dense(vectors, self.above)
        start = tf.zeros_like(vectors)
        x = tf.concat([start[:, :1], vectors[:, :-1]], axis=1)
        x += tf.concat([start[:, :breadth], above[:, :-breadth]], axis=1) + self._places()
        moved = tf.one_hot(move, self.moves.shape[0]) @ tf.convert_to_tensor(self.moves)
        x += (told @ tf.convert_to_tensor(self.told) + moved)[:, None]
        for block in self.blocks:
            matrix = tf.concat([block["query"], block["key"], block["value"]], axis=1)
            query, key, value = tf.split(dense(_normed(x) * block["gain"], matrix), 3, axis=-1)
            scores = tf.matmul(self._by_head(query), self._by_head(key), transpose_b=True)
            x += dense(attend(scores / math.sqrt(self.width // self.heads), self.known, value), block["mix"])
            inner = _activated(dense(_normed(x) * block["feed_gain"], block["up"]) + block["up_bias"])
            x += dense(inner, block["down"])
        return dense(_normed(x) * self.last_gain, self._head()) + self.head_bias

    def surprise(self, codes: tf.Tensor, shown: tf.Tensor, told: tf.Tensor, move: tf.Tensor) -> tf.Tensor:
        """Mean surprise of a code, in nats."""
        logits = self(codes, shown, told, move)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(codes, logits))

    def _by_head(self, x: tf.Tensor) -> tf.Tensor:
        length, size = self.grid.length, self.width // self.heads
        return tf.transpose(tf.reshape(x, (-1, length, self.heads, size)), (0, 2, 1, 3))

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `code_drawing` takes them: gains and the scale of queries multiplied in, nothing moved."""
        vectors = self._vectors().numpy()
        result = {
            "told": self.told.numpy(),
            "place": self._places().numpy() + self.moves.numpy()[0],
            "before": vectors,
            "above": vectors @ self.above.numpy(),
            "head": self.last_gain.numpy()[:, None] * self._head().numpy(),
            "head_bias": self.head_bias.numpy(),
        }
        scale = 1 / math.sqrt(self.width // self.heads)
        for i, block in enumerate(self.blocks):
            for name, gain in (("query", "gain"), ("key", "gain"), ("value", "gain"), ("up", "feed_gain")):
                result[f"{name}_{i}"] = block[gain].numpy()[:, None] * block[name].numpy()
            result[f"query_{i}"] *= np.float32(scale)
            result |= {f"{name}_{i}": block[name].numpy() for name in ("mix", "up_bias", "down")}
        return {name: np.ascontiguousarray(array) for name, array in result.items()}


# Gradients by formula: TensorFlow adds up three or more of them in an order that differs from run to run.


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _normed(x: tf.Tensor) -> tuple[tf.Tensor, object]:
    """As `dense.rms_norm`."""
    scale = tf.math.rsqrt(tf.reduce_mean(x * x, axis=-1, keepdims=True) + TINY)
    y = x * scale

    def gradient(up: tf.Tensor) -> tf.Tensor:
        return scale * (up - y * tf.reduce_mean(up * y, axis=-1, keepdims=True))

    return y, gradient


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _activated(x: tf.Tensor) -> tuple[tf.Tensor, object]:
    """As `dense.activate`."""
    square = x * x
    turned = tf.tanh(BEND * x * (1.0 + CUBE * square))

    def gradient(up: tf.Tensor) -> tf.Tensor:
        slope = BEND * (1.0 + 3.0 * CUBE * square)
        return up * 0.5 * (1.0 + turned + x * (1.0 - turned * turned) * slope)

    return 0.5 * x * (1.0 + turned), gradient


def _block(
    model: keras.Model, i: int, width: int, wide: int, layers: int, rng: np.random.Generator
) -> dict[str, keras.Variable]:
    """The weights of one layer; what it adds starts small, so that depth does not add up."""
    small = 0.5 / math.sqrt(layers)
    sizes = {
        **dict.fromkeys(("query", "key", "value"), (width, width, 1.0)),
        "mix": (width, width, small),
        "up": (width, wide, 1.0),
        "down": (wide, width, small),
    }
    weights = {
        name: table(model, f"{name}_{i}", rng.normal(0.0, scale / math.sqrt(rows), (rows, columns)))
        for name, (rows, columns, scale) in sizes.items()
    }
    weights["up_bias"] = table(model, f"up_bias_{i}", np.zeros(wide))
    return weights | {name: table(model, f"{name}_{i}", np.ones(width)) for name in ("gain", "feed_gain")}
