"""The variational autoencoder of rows, as a Keras model. `sampler` and `latent.sampler` sample with its weights.

Kingma and Welling 2014 (arXiv:1312.6114, eq. 3), with a learned prior: a mixture of normals, transformed by coupling
layers (Chen et al. 2017, arXiv:1611.02731, section 3.2). A plain normal prior leaves holes that no row was encoded to.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from synthdata.models.layers.coupling import Coupling, export_couplings
from synthdata.models.layers.dense import weight
from synthdata.models.layers.distributions import coupled, mixture, normal
from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.latent.decoder import LatentDecoder
from synthdata.models.tabular.latent.encoder import RowEncoder
from synthdata.models.tabular.vae.model import VAE

__all__ = ["VAENetwork"]


class VAENetwork(keras.Model):
    """Encoder, decoder and prior."""

    def __init__(self, frequencies: Frequencies, settings: VAE, seed: int) -> None:
        super().__init__(name="vae")
        rng = np.random.default_rng(seed)
        latent = self.latent = int(settings.latent)
        components = settings.mixture_components
        sizes = settings.model_dump(include={"width", "layers", "mlp_ratio"}) | {"latent": latent}
        self.encoder = RowEncoder(frequencies, rng=rng, **sizes)
        self.decoder = LatentDecoder(frequencies, rng=rng, **sizes)
        self.prior_bias = weight(self, "prior_bias", np.zeros(components))
        self.prior_means = weight(self, "prior_mean_embedding", rng.normal(0.0, 1.0, (components, latent)))
        self.prior_scales = weight(
            self, "prior_scale_embedding", np.full((components, latent), 0.0 if components == 1 else -0.3)
        )
        self.couplings = [
            Coupling(latent // 2, settings.width // 4, rng, f"coupling_{i}") for i in range(settings.coupling_layers)
        ]
        self.built = True

    def prior(self) -> Any:
        """The prior distribution over (latent,)."""
        base = mixture(*map(tf.convert_to_tensor, (self.prior_bias, self.prior_means, self.prior_scales)))
        return coupled(base, self.couplings) if self.couplings else base

    def call(self, symbols: tf.Tensor, noise: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        """Mean loss of rows, in nats: negative log-likelihood plus `beta` times the KL divergence from the prior.

        symbols: (rows, columns, 2) int32. noise: (rows, latent) standard normal. beta: ().
        """
        mean, log_scale = self.encoder(symbols)
        z = mean + tf.exp(log_scale) * noise
        divergence = normal(mean, log_scale).log_prob(z) - self.prior().log_prob(z)
        likelihood = self.decoder.log_likelihood(self.decoder(z), symbols)
        return tf.reduce_mean(beta * divergence - likelihood)

    def export(self) -> dict[str, np.ndarray]:
        """The weights, by name, for samplers: of decoder (no prefix), prior (`prior_`) and encoder (`encode_`)."""
        result = self.decoder.export()
        logits = self.prior_bias.numpy().astype(np.float64)
        share = np.exp(logits - logits.max())
        result |= {
            "prior_share": (share / share.sum()).astype(np.float32),
            "prior_mean": self.prior_means.numpy(),
            "prior_scale": np.exp(self.prior_scales.numpy()),
        }
        result |= export_couplings(self.couplings) | self.encoder.export()
        return {name: np.ascontiguousarray(array) for name, array in result.items()}
