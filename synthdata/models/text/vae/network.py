"""The variational autoencoder of texts, as a Keras model: how it is trained. `text_latents` encodes and draws.

A sentence is written from a vector (Bowman et al. 2016, arXiv:1511.06349, section 3) and what is told of its record, by
the Transformer of `text_transformer`, to which the vector is told as well. Such a writer can do without the vector;
against that:
- the divergence does not count at first, then rises, and no number of the vector pays for its first `free` nats (Li et
  al. 2019, arXiv:1909.00868, section 3; Kingma et al. 2016, arXiv:1606.04934, eq. 16);
- a share of the words is hidden from those after them (Bowman et al. 2016, section 3.2);
- the encoder takes the mean of its states, not the last one (Long et al. 2019, arXiv:1911.03976, section 3).

Vectors are held to a standard normal, which they do not fill; beside that, a prior learns where they are, given what is
told: a normal bent by coupling layers, as in two stages (Dai and Wipf 2019, arXiv:1903.05789, section 4).
"""

from __future__ import annotations

import math

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.causal import CausalLayers
from synthdata.models.layers.dense import dense, weight
from synthdata.models.layers.distributions import normal
from synthdata.models.layers.prior import ConditionalPrior
from synthdata.models.samplers.causal import turns
from synthdata.models.text.transformer.network import TOLD, VECTORS, TextTransformer
from synthdata.models.text.vae.sampler import LEAST_LOG_SCALE, MOST_LOG_SCALE

__all__ = ["TextVAE"]

FIRST_LOG_SCALE = -1.0


class TextEncoder(keras.layers.Layer):
    """Posteriors of the latent vectors of packed texts: means and log-scales of diagonal normals."""

    def __init__(
        self,
        *,
        vocabulary: int,
        steps: int,
        told: int,
        latent: int,
        width: int,
        layers: int,
        heads: int,
        wide: int,
        rng: np.random.Generator,
    ) -> None:
        super().__init__(name="encoder")
        self.vectors = weight(self, "embedding_tokens", rng.normal(0.0, VECTORS, (vocabulary, width)))
        self.start = weight(self, "embedding_start", rng.normal(0.0, TOLD, (told + 1, width)))
        self.causal = CausalLayers(width, layers, heads, wide, rng)
        self.leave = weight(self, "head", rng.normal(0.0, 1 / math.sqrt(width), (width, 2 * latent)))
        self.leave_bias = weight(self, "head_bias", np.repeat([0.0, FIRST_LOG_SCALE], latent))
        self.turns = [tf.constant(each) for each in turns(steps, width // heads)]
        self.before = tf.constant(np.tri(steps, dtype=bool)[None])
        self.built = True

    def call(
        self, inputs: tf.Tensor, owners: tf.Tensor, places: tf.Tensor, told: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """As `TextTransformer.call` takes them to (rows, texts of a row, latent) each."""
        first = tf.cast(places == 0, tf.float32)[..., None]
        owned = tf.one_hot(owners, told.shape[1])  # (rows, steps, texts)
        alone = tf.concat([told, tf.ones((*told.shape[:-1], 1))], axis=-1)  # of a text alone nothing is told
        x = tf.gather(self.vectors.value, inputs) * (1 - first) + first * tf.matmul(owned, dense(alone, self.start))
        known = self.before & (owners[:, :, None] == owners[:, None, :])
        states = self.causal(x, known, tuple(tf.gather(each, places) for each in self.turns))
        share = owned / tf.maximum(tf.reduce_sum(owned, axis=1, keepdims=True), 1.0)
        mean = tf.matmul(share, states, transpose_a=True)  # (rows, texts, width)
        mean, log_scale = tf.split(dense(mean, self.leave) + self.leave_bias, 2, axis=-1)
        return mean, tf.clip_by_value(log_scale, LEAST_LOG_SCALE, MOST_LOG_SCALE)

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `text_latents` takes them."""
        start = self.start.numpy()
        return {
            "vectors": self.vectors.numpy(),
            "start": start[:-1],
            "start_bias": start[-1],
            "leave": self.causal.last_gain.numpy()[:, None] * self.leave.numpy(),
            "leave_bias": self.leave_bias.numpy(),
            **self.causal.export(),
        }


class TextVAE(keras.Model):
    """Encoder, writer and prior, all given what is told.

    frequencies, steps: as for `TextTransformer`. free: nats of divergence that each number of a vector has for nothing.
    """

    def __init__(
        self,
        *,
        frequencies: np.ndarray,
        steps: int,
        told: int,
        latent: int,
        width: int,
        layers: int,
        encoder_layers: int,
        heads: int,
        wide: int,
        couplings: int,
        inner: int,
        dropout: float,
        free: float,
        seed: int,
    ) -> None:
        super().__init__(name="text_vae")
        rng = np.random.default_rng([seed, 7])
        self.latent, self.free = latent, free
        self.encoder = TextEncoder(
            vocabulary=len(frequencies),
            steps=steps,
            told=told,
            latent=latent,
            width=width,
            layers=encoder_layers,
            heads=heads,
            wide=wide,
            rng=rng,
        )
        self.writer = TextTransformer(
            frequencies=frequencies,
            steps=steps,
            told=told + latent,
            width=width,
            layers=layers,
            heads=heads,
            wide=wide,
            dropout=dropout,
            seed=seed,
        )
        means = weight(self, "prior_condition", rng.normal(0.0, 0.1, (told, latent)))
        self.prior = ConditionalPrior(means, coupling_layers=couplings, width=inner, rng=rng)
        self.built = True

    def call(
        self,
        targets: tf.Tensor,
        inputs: tf.Tensor,
        shown: tf.Tensor,
        owners: tf.Tensor,
        places: tf.Tensor,
        told: tf.Tensor,
        present: tf.Tensor,
        noise: tf.Tensor,
        beta: tf.Tensor,
        seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """What to descend along, and a bound on the mean surprise of a token, its text's end included, in nats.

        targets to told, seed: as for `TextTransformer`. present: (rows, texts of a row) float32, 0 for no text.
        noise: (rows, texts of a row, latent) standard normal.
        """
        mean, log_scale = self.encoder(inputs, owners, places, told)
        latent = mean + tf.exp(log_scale) * noise
        surprise = self.writer.surprise(
            targets, inputs, shown, owners, places, tf.concat([told, latent], axis=-1), seed
        )
        tokens = tf.reduce_sum(tf.cast(owners >= 0, tf.float32))
        texts = tf.reduce_sum(present)
        each = 0.5 * (mean**2 + tf.exp(2 * log_scale) - 1) - log_scale  # Kingma and Welling 2014, appendix B
        each = tf.reduce_sum(each * present[..., None], axis=(0, 1)) / texts  # (latent,)
        paid = texts / tokens * tf.reduce_sum(tf.maximum(each, self.free))
        held = self._divergence(mean, log_scale, latent, told, present) / tokens
        return surprise + beta * paid + held, tf.stop_gradient(surprise) + held

    def _divergence(
        self, mean: tf.Tensor, log_scale: tf.Tensor, latent: tf.Tensor, told: tf.Tensor, present: tf.Tensor
    ) -> tf.Tensor:
        """Sum over texts of how much likelier vectors are in their posteriors than in the learned prior, in nats.

        The prior learns from it, posteriors do not.
        """
        mean, log_scale, latent = (
            tf.stop_gradient(tf.reshape(each, (-1, self.latent))) for each in (mean, log_scale, latent)
        )
        prior = self.prior.given(tf.reshape(told, (latent.shape[0], told.shape[-1])))
        apart = normal(mean, log_scale).log_prob(latent) - prior.log_prob(latent)
        return tf.reduce_sum(apart * tf.reshape(present, (-1,)))

    def export(self) -> dict[str, np.ndarray]:
        """The weights as `text_latents` takes them, of encoder, writer and prior: `encode_`, `write_`, `prior_`."""
        result = {f"encode_{name}": weight for name, weight in self.encoder.export().items()}
        result |= {f"write_{name}": weight for name, weight in self.writer.export().items()}
        result |= self.prior.export()
        return {name: np.ascontiguousarray(array, np.float32) for name, array in result.items()}
