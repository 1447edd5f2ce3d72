"""The variational autoencoder of texts, as a Keras model. `sampler` encodes with its weights, `text.sampler` decodes.

A text is decoded from a latent vector (Bowman et al. 2016, arXiv:1511.06349, section 3) and a condition by a
`TextTransformerNetwork` given both. Such a decoder may ignore the vector (posterior collapse); against that:
- the weight of the KL divergence rises from zero, and the first `free_bits` nats of each dimension are not
  penalised (Li et al. 2019, arXiv:1909.00868, section 3; Kingma et al. 2016, arXiv:1606.04934, eq. 16);
- a share of the decoder's input tokens is dropped (Bowman et al. 2016, section 3.2);
- the encoder takes the mean of its states, not the last one (Long et al. 2019, arXiv:1911.03976, section 3).
Few nats are free: a decoder that finds its training texts in their vectors does not learn to write others.

Posteriors are regularised towards a standard normal, but do not match it in aggregate. So a separate prior is fitted to
them, given the condition: a normal transformed by coupling layers, like the second stage of a two-stage VAE (Dai and
Wipf 2019, arXiv:1903.05789, section 4).
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.causal import CausalLayers, PackedSteps
from synthdata.models.layers.dense import dense, weight
from synthdata.models.layers.distributions import normal
from synthdata.models.layers.prior import ConditionalPrior
from synthdata.models.samplers.shapes import prefixed
from synthdata.models.text.transformer.network import (
    TextTransformerNetwork,
    condition_embedding,
    enter_tokens,
    token_embedding,
)
from synthdata.models.text.vae.model import TextAutoencoder
from synthdata.models.text.vae.sampler import LEAST_LOG_SCALE, MOST_LOG_SCALE

__all__ = ["TextVAENetwork"]

FIRST_LOG_SCALE = -1.0  # initial log-scale of posteriors


class TextEncoder(keras.layers.Layer):
    """Posteriors of the latent vectors of packed texts: means and log-scales of diagonal normals."""

    def __init__(
        self, vocabulary: int, settings: TextAutoencoder, *, condition: int, steps: int, rng: np.random.Generator
    ) -> None:
        super().__init__(name="encoder")
        latent, width, heads = settings.latent, int(settings.width), settings.heads
        self.vectors = token_embedding(self, vocabulary, width, rng)
        self.start = condition_embedding(self, "embedding_start", np.ones((condition + 1, 1)), width, rng)
        self.causal = CausalLayers(width, settings.encoder_layers, heads, settings.mlp_ratio * width, rng)
        self.leave = weight(self, "head", rng.normal(0.0, 1 / math.sqrt(width), (width, 2 * latent)))
        self.leave_bias = weight(self, "head_bias", np.repeat([0.0, FIRST_LOG_SCALE], latent))
        self.steps = PackedSteps(steps, width // heads)
        self.built = True

    def call(
        self, inputs: tf.Tensor, segment_ids: tf.Tensor, position_ids: tf.Tensor, condition: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Means and log-scales, (rows, texts, latent) each; arguments as for `TextTransformerNetwork.call`."""
        x, segments = enter_tokens(self.vectors, self.start, inputs, segment_ids, position_ids, condition)
        states = self.causal(x, *self.steps(segment_ids, position_ids))
        share = segments / tf.maximum(tf.reduce_sum(segments, axis=1, keepdims=True), 1.0)
        mean = tf.matmul(share, states, transpose_a=True)  # (rows, texts, width)
        mean, log_scale = tf.split(dense(mean, self.leave) + self.leave_bias, 2, axis=-1)
        return mean, tf.clip_by_value(log_scale, LEAST_LOG_SCALE, MOST_LOG_SCALE)

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for `sampler`."""
        start = self.start.numpy()
        return {
            "vectors": self.vectors.numpy(),
            "start": start[:-1],
            "start_bias": start[-1],
            "leave": self.causal.last_gain.numpy()[:, None] * self.leave.numpy(),
            "leave_bias": self.leave_bias.numpy(),
            **self.causal.export(),
        }


class TextVAENetwork(keras.Model):
    """Encoder, decoder and prior, all given `condition` features.

    frequencies, steps: as for `TextTransformerNetwork`.
    """

    def __init__(
        self, frequencies: np.ndarray, settings: TextAutoencoder, seed: int, *, condition: int, steps: int
    ) -> None:
        super().__init__(name="text_vae")
        rng = np.random.default_rng([seed, 7])
        latent = self.latent = settings.latent
        self.free_bits = settings.free_bits
        self.encoder = TextEncoder(len(frequencies), settings, condition=condition, steps=steps, rng=rng)
        self.decoder = TextTransformerNetwork(
            frequencies, settings, seed, condition=condition + latent, steps=steps, latent=latent
        )
        means = weight(self, "prior_condition", rng.normal(0.0, 0.1, (condition, latent)))
        self.prior = ConditionalPrior(
            means, coupling_layers=settings.coupling_layers, width=settings.coupling_width, rng=rng
        )
        self.built = True

    def call(
        self,
        targets: tf.Tensor,
        inputs: tf.Tensor,
        segment_ids: tf.Tensor,
        position_ids: tf.Tensor,
        condition: tf.Tensor,
        keep: tf.Tensor,
        present: tf.Tensor,
        noise: tf.Tensor,
        beta: tf.Tensor,
        seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The training loss, and a bound on the mean negative log-likelihood per token, end tokens included, in nats.

        targets to keep, seed: as for `TextTransformerNetwork`. present: (rows, texts) float32, 0 for padding. noise:
        (rows, texts, latent) standard normal. beta: (), weight of the KL divergence.
        """
        mean, log_scale = self.encoder(inputs, segment_ids, position_ids, condition)
        latent = mean + tf.exp(log_scale) * noise
        both = tf.concat([condition, latent], axis=-1)
        reconstruction = self.decoder.nll(targets, inputs, segment_ids, position_ids, both, keep, seed)
        tokens = tf.reduce_sum(tf.cast(segment_ids >= 0, tf.float32))
        texts = tf.reduce_sum(present)
        each = 0.5 * (mean**2 + tf.exp(2 * log_scale) - 1) - log_scale  # Kingma and Welling 2014, appendix B
        each = tf.reduce_sum(each * present[..., None], axis=(0, 1)) / texts  # (latent,)
        divergence = texts / tokens * tf.reduce_sum(tf.maximum(each, self.free_bits))
        of_prior = self._divergence_of_prior(mean, log_scale, latent, condition, present) / tokens
        return reconstruction + beta * divergence + of_prior, tf.stop_gradient(reconstruction) + of_prior

    def _divergence_of_prior(
        self, mean: tf.Tensor, log_scale: tf.Tensor, latent: tf.Tensor, condition: tf.Tensor, present: tf.Tensor
    ) -> tf.Tensor:
        """KL divergence of posteriors from the learned prior, by one sample each, summed over texts, in nats.

        Its gradient trains the prior, not the encoder.
        """
        mean, log_scale, latent = (
            tf.stop_gradient(tf.reshape(each, (-1, self.latent))) for each in (mean, log_scale, latent)
        )
        prior = self.prior.given(tf.reshape(condition, (latent.shape[0], condition.shape[-1])))
        divergence = normal(mean, log_scale).log_prob(latent) - prior.log_prob(latent)
        return tf.reduce_sum(divergence * tf.reshape(present, (-1,)))

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for samplers: of encoder (`encode_`), decoder (`decode_`) and prior (`prior_`)."""
        result = {
            **prefixed("encode_", self.encoder.export()),
            **prefixed("decode_", self.decoder.export()),
            **self.prior.export(),
        }
        return {name: np.ascontiguousarray(array, np.float32) for name, array in result.items()}
