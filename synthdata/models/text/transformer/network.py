"""The Transformer over the tokens of a text, as a Keras model: how it is trained. `text_drawing` draws from it.

A small GPT (Radford et al. 2019): each token given those before it, the same vectors for reading and for drawing tokens
(Press and Wolf 2017, arXiv:1608.05859). What is told of the record is the first step's, and is added to all others.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.causal import CausalLayers
from synthdata.models.layers.dense import dense, weight
from synthdata.models.samplers.causal import turns

__all__ = ["TextTransformer"]

VECTORS, TOLD = 0.5, 0.5  # how large embeddings start


class TextTransformer(keras.Model):
    """Logits of each token of packed texts, given those before it in its text and what is told of its record.

    frequencies: how often each token is drawn in training (vocabulary,), from which logits start.
    """

    def __init__(
        self,
        *,
        frequencies: np.ndarray,
        steps: int,
        told: int,
        width: int,
        layers: int,
        heads: int,
        wide: int,
        dropout: float,
        seed: int,
    ) -> None:
        super().__init__(name="text_transformer")
        rng = np.random.default_rng([seed, 5])
        self.width, self.dropout = width, dropout
        self.vectors = weight(self, "embedding_tokens", rng.normal(0.0, VECTORS, (len(frequencies), width)))
        self.start = weight(self, "embedding_start", rng.normal(0.0, TOLD, (told + 1, width)))
        self.told = weight(self, "embedding_told", rng.normal(0.0, TOLD, (told, width)))
        self.causal = CausalLayers(width, layers, heads, wide, rng)
        share = (frequencies + 0.5) / (frequencies + 0.5).sum()
        self.bias = weight(self, "head_bias", np.log(share))
        self.turns = [tf.constant(each) for each in turns(steps, width // heads)]
        self.before = tf.constant(np.tri(steps, dtype=bool)[None])  # (1, steps, steps)
        self.built = True

    def call(
        self,
        inputs: tf.Tensor,
        shown: tf.Tensor,
        owners: tf.Tensor,
        places: tf.Tensor,
        told: tf.Tensor,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Logits (rows, steps, vocabulary).

        inputs, owners, places: as in `packing.Packs`. shown: (rows, steps) float32, 0 hides a token from its text.
        told: (rows, texts of a row, told) float32. seed: (2,) int32 for dropout; none without.
        """
        first = tf.cast(places == 0, tf.float32)[..., None]
        owned = tf.one_hot(owners, told.shape[1])  # (rows, steps, texts)
        alone = tf.concat([told, tf.ones((*told.shape[:-1], 1))], axis=-1)  # of a text alone nothing is told
        x = tf.gather(self.vectors.value, inputs) * (shown[..., None] * (1 - first))
        x += first * tf.matmul(owned, dense(alone, self.start))
        x += tf.matmul(owned, dense(told, self.told))
        known = self.before & (owners[:, :, None] == owners[:, None, :])
        turned = tuple(tf.gather(each, places) for each in self.turns)
        drop = _Dropout(self.dropout, seed)
        return self._logits(self.causal(drop(x), known, turned, drop=drop))

    def _logits(self, x: tf.Tensor) -> tf.Tensor:
        return dense(x, tf.transpose(self.vectors.value)) / math.sqrt(self.width) + self.bias

    def surprise(self, targets: tf.Tensor, *batch: tf.Tensor) -> tf.Tensor:
        """Mean surprise of a token, in nats; `batch` is what `call` takes."""
        owned = tf.cast(batch[2] >= 0, tf.float32)
        surprise = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, self(*batch))
        return tf.reduce_sum(surprise * owned) / tf.reduce_sum(owned)

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `text_drawing` takes them."""
        start, vectors = self.start.numpy(), self.vectors.numpy()
        result = {
            "vectors": vectors,
            "start": start[:-1] + self.told.numpy(),
            "start_bias": start[-1],
            "told": self.told.numpy(),
            "head": self.causal.last_gain.numpy()[:, None] * vectors.T / math.sqrt(self.width),
            "head_bias": self.bias.numpy(),
            **self.causal.export(),
        }
        return {name: np.ascontiguousarray(array, np.float32) for name, array in result.items()}


class _Dropout:
    """Sets a share of numbers to zero (Srivastava et al. 2014), others each time; none without a seed."""

    def __init__(self, share: float, seed: tf.Tensor | None) -> None:
        self.share, self.seed, self.times = share, seed, 0

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        if self.seed is None or not self.share:
            return x
        self.times += 1
        kept = tf.random.stateless_uniform(tf.shape(x), self.seed + self.times) >= self.share
        return tf.where(kept, x / (1 - self.share), 0.0)
