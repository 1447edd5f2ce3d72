"""The Transformer over the tokens of a text, as a Keras model. `text.sampler` samples with its weights.

A small GPT (Radford et al. 2019): causal, with tied input and output embeddings (Press and Wolf 2017,
arXiv:1608.05859). The condition is the input of the first step, and is added to the input of all steps.
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.causal import CausalLayers, PackedSteps, mean_nll
from synthdata.models.layers.dense import Dropout, dense, weight
from synthdata.models.text.settings import TransformerSettings

__all__ = ["TextTransformerNetwork", "condition_embedding", "enter_tokens", "token_embedding"]

EMBEDDING_SCALE = 0.5  # initial standard deviation of embeddings
LATENT_SHARE = 2.5  # initial size of an embedded latent vector, as a multiple of a token's


class TextTransformerNetwork(keras.Model):
    """Logits of each token of packed texts, given those before it in its text and the text's condition.

    frequencies: (vocabulary,), counts of target tokens in training, whose logs are the initial output bias. condition:
    number of its features. latent: how many of them, the last ones, are a latent vector; so many numbers together would
    drown a token if each began with a token's weight. steps: length of a row.
    """

    def __init__(
        self,
        frequencies: np.ndarray,
        settings: TransformerSettings,
        seed: int,
        *,
        condition: int,
        steps: int,
        latent: int = 0,
    ) -> None:
        super().__init__(name="text_transformer")
        rng, width, heads = np.random.default_rng([seed, 5]), int(settings.width), settings.heads
        self.width, self.dropout = width, float(settings.dropout)
        self.vectors = token_embedding(self, len(frequencies), width, rng)
        begins = np.ones((condition + 1, 1))
        begins[condition - latent : condition] = LATENT_SHARE / math.sqrt(max(latent, 1))
        self.start = condition_embedding(self, "embedding_start", begins, width, rng)
        self.condition = condition_embedding(self, "embedding_condition", begins[:-1], width, rng)
        self.causal = CausalLayers(width, settings.layers, heads, settings.mlp_ratio * width, rng)
        share = (frequencies + 0.5) / (frequencies + 0.5).sum()
        self.bias = weight(self, "head_bias", np.log(share))
        self.steps = PackedSteps(steps, width // heads)
        self.built = True

    def call(
        self,
        inputs: tf.Tensor,
        segment_ids: tf.Tensor,
        position_ids: tf.Tensor,
        condition: tf.Tensor,
        keep: tf.Tensor,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Logits (rows, steps, vocabulary).

        inputs, segment_ids, position_ids: as in `packing.Packs`. condition: (rows, most texts of a row, features).
        keep: (rows, steps) float32, the keep mask of token dropout: 0 drops an input token. seed: (2,) int32 for
        dropout; none without.
        """
        x, segments = enter_tokens(self.vectors, self.start, inputs, segment_ids, position_ids, condition, keep)
        x += tf.matmul(segments, dense(condition, self.condition))
        drop = Dropout(self.dropout, seed)
        x = self.causal(drop(x), *self.steps(segment_ids, position_ids), drop=drop)
        return dense(x, tf.transpose(self.vectors.value)) / math.sqrt(self.width) + self.bias

    def nll(self, targets: tf.Tensor, *batch: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood per token, in nats; `batch` are the arguments of `call`."""
        return mean_nll(self(*batch), targets, batch[1] >= 0)

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `text.sampler`."""
        start, vectors = self.start.numpy(), self.vectors.numpy()
        result = {
            "vectors": vectors,
            "start": start[:-1] + self.condition.numpy(),
            "start_bias": start[-1],
            "condition": self.condition.numpy(),
            "head": self.causal.last_gain.numpy()[:, None] * vectors.T / math.sqrt(self.width),
            "head_bias": self.bias.numpy(),
            **self.causal.export(),
        }
        return {name: np.ascontiguousarray(array, np.float32) for name, array in result.items()}


def token_embedding(layer: keras.layers.Layer, vocabulary: int, width: int, rng: np.random.Generator) -> keras.Variable:
    """The embedding of tokens: (vocabulary, width)."""
    return weight(layer, "embedding_tokens", rng.normal(0.0, EMBEDDING_SCALE, (vocabulary, width)))


def condition_embedding(
    layer: keras.layers.Layer, name: str, begins: np.ndarray, width: int, rng: np.random.Generator
) -> keras.Variable:
    """The embedding of a condition: (features, width). begins: (features, 1), their initial sizes; a token's is 1."""
    return weight(layer, name, begins * rng.normal(0.0, EMBEDDING_SCALE, (len(begins), width)))


def enter_tokens(
    vectors: keras.Variable,
    start: keras.Variable,
    inputs: tf.Tensor,
    segment_ids: tf.Tensor,
    position_ids: tf.Tensor,
    condition: tf.Tensor,
    keep: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The inputs of layers (rows, steps, width), and segments one-hot (rows, steps, texts).

    The input of a text's first step is its condition, that of other steps the previous token. Arguments as for
    `TextTransformerNetwork.call`.
    """
    first = tf.cast(position_ids == 0, tf.float32)[..., None]
    segments = tf.one_hot(segment_ids, condition.shape[1])
    with_bias = tf.concat([condition, tf.ones((*condition.shape[:-1], 1))], axis=-1)
    tokens = 1 - first if keep is None else keep[..., None] * (1 - first)
    x = tf.gather(vectors.value, inputs) * tokens + first * tf.matmul(segments, dense(with_bias, start))
    return x, segments
