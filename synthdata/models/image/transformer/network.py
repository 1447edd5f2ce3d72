"""The Transformer over the tokens of an image, as a Keras model. `sampler` samples with its weights.

Tokens are predicted in raster order: Esser et al. 2021 (arXiv:2012.09841, eq. 9). The input of a
step is the token before it plus the one above it. To each step is added an embedding of the image's condition and, in
training, of its shift, so that the model learns from shifted images but does not sample them (Jun et al. 2020,
http://proceedings.mlr.press/v119/jun20a.html, section 3).
"""

from __future__ import annotations

import math
from typing import final

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.image.transformer.grid import TokenGrid
from synthdata.models.image.transformer.model import ImageTransformer
from synthdata.models.layers.causal import CausalLayers
from synthdata.models.layers.dense import dense, weight

__all__ = ["ImageTransformerNetwork"]

SHARED, OWN, POSITION, CONDITION = 0.4, 0.2, 0.3, 0.5  # standard deviations of embeddings at the start


@final
class ImageTransformerNetwork(keras.Model):
    """Logits of each token of an image, given the tokens before it and `condition` features."""

    def __init__(self, grid: TokenGrid, condition: int, settings: ImageTransformer, seed: int) -> None:
        super().__init__(name="image_transformer")
        rng = np.random.default_rng([seed, 5])
        width = self.width = int(settings.width)
        self.grid, (height, grid_width) = grid, grid.sides
        self.digits = tf.constant(grid.one_hot)
        digits = self.digits.shape[1]

        def normal(name: str, shape: tuple[int, ...], scale: float) -> keras.Variable:
            return weight(self, name, rng.normal(0.0, scale, shape))

        self.shared = normal("embedding_shared", (digits, width), SHARED)
        self.own = normal("embedding_own", (grid.vocabulary, width), OWN)
        self.above = normal("above", (width, width), 1 / math.sqrt(width))
        self.condition = normal("embedding_condition", (condition, width), CONDITION)
        self.shifts = normal("embedding_shifts", (settings.shifts, width), POSITION)
        self.rows = normal("embedding_rows", (height, 1, width), POSITION)
        self.columns = normal("embedding_columns", (1, grid_width, width), POSITION)
        self.causal = CausalLayers(width, settings.layers, settings.heads, settings.mlp_ratio * width, rng)
        self.head_shared = weight(self, "head_shared", np.zeros((digits, width)))
        self.head_own = weight(self, "head_own", np.zeros((grid.vocabulary, width)))
        self.head_bias = weight(self, "head_bias", np.zeros(grid.vocabulary))
        self.before = tf.constant(np.tri(grid.length, dtype=bool)[None])  # (1, length, length)
        self.built = True

    def _embeddings(self) -> tf.Tensor:
        """Of tokens: what those with a digit in common share, and their own."""
        return self.own + self.digits @ tf.convert_to_tensor(self.shared)

    def _head(self) -> tf.Tensor:
        return tf.transpose(self.head_own + self.digits @ tf.convert_to_tensor(self.head_shared))

    def _positions(self) -> tf.Tensor:
        return tf.reshape(self.rows + self.columns, (self.grid.length, self.width))

    def call(self, tokens: tf.Tensor, keep: tf.Tensor, condition: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        """Logits (n, length, vocabulary) of each token, given those before it.

        tokens: (n, length) int32. keep: (n, length) float32, 0 hides a token from those after it. condition: (n,
        condition). shift: (n,) int32, index of the shift of the image.
        """
        grid_width = self.grid.sides[1]
        vectors = dense(tf.one_hot(tokens, self.grid.vocabulary) * keep[..., None], self._embeddings())
        above = dense(vectors, self.above)  # (n, length, width)
        start = tf.zeros_like(vectors)
        x = tf.concat([start[:, :1], vectors[:, :-1]], axis=1)
        x += tf.concat([start[:, :grid_width], above[:, :-grid_width]], axis=1) + self._positions()
        shifted = tf.one_hot(shift, self.shifts.shape[0]) @ tf.convert_to_tensor(self.shifts)
        x += (condition @ tf.convert_to_tensor(self.condition) + shifted)[:, None]
        return dense(self.causal(x, self.before), self._head()) + self.head_bias

    def nll(self, tokens: tf.Tensor, keep: tf.Tensor, condition: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood of a token, in nats."""
        logits = self(tokens, keep, condition, shift)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, logits))

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `sampler`: gains and the scale of queries folded in, for unshifted images."""
        embeddings = self._embeddings().numpy()
        result = {
            "condition": self.condition.numpy(),
            "position": self._positions().numpy() + self.shifts.numpy()[0],
            "before": embeddings,
            "above": embeddings @ self.above.numpy(),
            "head": self.causal.last_gain.numpy()[:, None] * self._head().numpy(),
            "head_bias": self.head_bias.numpy(),
            **self.causal.export(),
        }
        return {name: np.ascontiguousarray(array) for name, array in result.items()}
