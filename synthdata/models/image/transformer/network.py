"""The Transformer over the codes of an image, as a Keras model: how it is trained. `code_drawing` draws from it.

Codes in raster order, each given those before it: Esser et al. 2021 (arXiv:2012.09841, eq. 9). A step is given the code
before it and the one above it. What is told of the image is added to each step; so is, in training, by how much the
image was moved, so that moved images teach and are yet not drawn (Jun et al. 2020,
http://proceedings.mlr.press/v119/jun20a.html, section 3).
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.image.transformer.grid import CodeGrid
from synthdata.models.layers.causal import CausalLayers
from synthdata.models.layers.dense import dense, weight

__all__ = ["CodeTransformer"]

SHARED, OWN, PLACE, TOLD = 0.4, 0.2, 0.3, 0.5  # how large embeddings start


class CodeTransformer(keras.Model):
    """Logits of each code of an image, given the codes before it and what is told."""

    def __init__(
        self, grid: CodeGrid, *, told: int, width: int, layers: int, heads: int, wide: int, moves: int, seed: int
    ) -> None:
        super().__init__(name="code_transformer")
        rng = np.random.default_rng([seed, 5])
        self.grid, self.width = grid, width
        height, breadth = grid.sides
        self.marks = tf.constant(grid.marks)
        marks = self.marks.shape[1]

        def normal(name: str, shape: tuple[int, ...], scale: float) -> keras.Variable:
            return weight(self, name, rng.normal(0.0, scale, shape))

        self.shared = normal("embedding_shared", (marks, width), SHARED)
        self.own = normal("embedding_own", (grid.codes, width), OWN)
        self.above = normal("above", (width, width), 1 / math.sqrt(width))
        self.told = normal("embedding_told", (told, width), TOLD)
        self.moves = normal("embedding_moves", (moves, width), PLACE)
        self.rows = normal("embedding_rows", (height, 1, width), PLACE)
        self.columns = normal("embedding_columns", (1, breadth, width), PLACE)
        self.causal = CausalLayers(width, layers, heads, wide, rng)
        self.head_shared = weight(self, "head_shared", np.zeros((marks, width)))
        self.head_own = weight(self, "head_own", np.zeros((grid.codes, width)))
        self.head_bias = weight(self, "head_bias", np.zeros(grid.codes))
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
        return dense(self.causal(x, self.known), self._head()) + self.head_bias

    def surprise(self, codes: tf.Tensor, shown: tf.Tensor, told: tf.Tensor, move: tf.Tensor) -> tf.Tensor:
        """Mean surprise of a code, in nats."""
        logits = self(codes, shown, told, move)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(codes, logits))

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `code_drawing` takes them: gains and the scale of queries multiplied in, nothing moved."""
        vectors = self._vectors().numpy()
        result = {
            "told": self.told.numpy(),
            "place": self._places().numpy() + self.moves.numpy()[0],
            "before": vectors,
            "above": vectors @ self.above.numpy(),
            "head": self.causal.last_gain.numpy()[:, None] * self._head().numpy(),
            "head_bias": self.head_bias.numpy(),
            **self.causal.export(),
        }
        return {name: np.ascontiguousarray(array) for name, array in result.items()}
