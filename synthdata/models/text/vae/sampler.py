"""Encoding texts, and bounding their likelihood, with a `TextVAENetwork`, in numpy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from synthdata.models.samplers.causal import CausalSteps, layer_shapes
from synthdata.models.samplers.prior import couplings_log_det, noise_of_latents, prior_shapes
from synthdata.models.samplers.shapes import Shapes, part_of, prefixed
from synthdata.models.text.sampler import CHUNK, StepsFactory, text_nll, transformer_shapes, transformer_steps

if TYPE_CHECKING:
    from synthdata.models.text.vae.model import TextAutoencoder

__all__ = [
    "LEAST_LOG_SCALE",
    "MOST_LOG_SCALE",
    "decoder_shapes",
    "decoder_steps",
    "encode_texts",
    "mutual_information",
    "nll_bound",
    "vae_shapes",
]

LEAST_LOG_SCALE, MOST_LOG_SCALE = -6.0, 2.0  # of posteriors; the same in training
DRAWS = 16  # latent vectors per text for the bound on its likelihood

Weights = Mapping[str, np.ndarray]


def decoder_steps(weights: Weights, heads: int) -> StepsFactory:
    """The decoder's steps; its condition: features (n, features) and latent vectors (n, latent), concatenated."""
    return transformer_steps(part_of(weights, "decode_"), heads)


def decoder_shapes(settings: TextAutoencoder, *, vocabulary: int, condition: int) -> Shapes:
    """Weight shapes of the decoder given `condition` features."""
    shapes = transformer_shapes(settings, vocabulary=vocabulary, condition=condition + settings.latent)
    return prefixed("decode_", shapes)


def vae_shapes(settings: TextAutoencoder, *, vocabulary: int, condition: int) -> Shapes:
    """All weight shapes given `condition` features."""
    width, latent = int(settings.width), settings.latent
    encoder: Shapes = {
        "vectors": (vocabulary, width),
        "start": (condition, width),
        "start_bias": (width,),
        "leave": (width, 2 * latent),
        "leave_bias": (2 * latent,),
        **layer_shapes(width=width, layers=settings.encoder_layers, wide=settings.mlp_ratio * width),
    }
    return {
        **decoder_shapes(settings, vocabulary=vocabulary, condition=condition),
        **prefixed("encode_", encoder),
        **prior_shapes(settings.coupling_layers, latent=latent, condition=condition, width=settings.coupling_width),
    }


def encode_texts(
    weights: Weights, heads: int, condition: np.ndarray, tokens: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The posteriors of texts (n, length) given a condition (n, features): means and log-scales, (n, latent) each."""
    body = part_of(weights, "encode_")
    parts = [
        _mean_states(body, heads, condition[first : first + CHUNK], tokens[first : first + CHUNK])
        for first in range(0, len(tokens), CHUNK)
    ]
    states = np.concatenate(parts) if parts else np.zeros((0, len(body["leave"])), np.float32)
    mean, log_scale = np.split(states @ body["leave"] + body["leave_bias"], 2, axis=1)
    return mean, np.clip(log_scale, LEAST_LOG_SCALE, MOST_LOG_SCALE)


def _mean_states(body: Weights, heads: int, condition: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """The mean of the states of each text (n, length) over its steps: (n, width)."""
    layers = CausalSteps(body, heads, len(tokens), tokens.shape[1], rotary=True)
    open_rows, x = np.arange(len(tokens)), condition @ body["start"] + body["start_bias"]
    total, steps = np.zeros_like(x), np.zeros((len(tokens), 1), np.float32)
    for i in range(tokens.shape[1]):
        if i:
            before = tokens[open_rows, i - 1]
            if not before.all():
                unfinished = np.flatnonzero(before)
                open_rows, before = open_rows[unfinished], before[unfinished]
                if not len(open_rows):
                    break
                layers.keep(unfinished)
            x = body["vectors"][before]
        total[open_rows] += layers.step(i, x)
        steps[open_rows] += 1
    mean: np.ndarray = total / steps
    return mean


def nll_bound(
    weights: Weights, heads: int, condition: np.ndarray, tokens: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """An upper bound on the negative log-likelihood of texts (n, length), in nats: (n,).

    Importance-weighted over several latent vectors per text: Burda et al. 2016 (arXiv:1509.00519, eq. 8).
    """
    mean, log_scale = encode_texts(weights, heads, condition, tokens)
    steps, log_weights = decoder_steps(weights, heads), np.empty((DRAWS, len(tokens)))
    for draw in range(DRAWS):
        posterior_noise = rng.standard_normal(mean.shape, np.float32)
        latent = mean + np.exp(log_scale) * posterior_noise
        noise = noise_of_latents(weights, latent, condition)
        log_det = couplings_log_det(weights, noise + condition @ weights["prior_condition"], condition)
        prior = _log_normal(noise) - log_det
        posterior = _log_normal(posterior_noise) - log_scale.sum(axis=1)
        log_weights[draw] = prior - posterior - text_nll(steps, np.hstack([condition, latent]), tokens)
    top = log_weights.max(axis=0)
    bound: np.ndarray = -(top + np.log(np.exp(log_weights - top).mean(axis=0)))
    return bound


def _log_normal(noise: np.ndarray) -> np.ndarray:
    """Log-density of standard normal vectors (n, latent): (n,)."""
    density: np.ndarray = -0.5 * (noise.astype(np.float64) ** 2 + math.log(2 * math.pi)).sum(axis=1)
    return density


def mutual_information(mean: np.ndarray, log_scale: np.ndarray, rng: np.random.Generator) -> float:
    """Estimate of the mutual information of texts and their latent vectors, from posteriors (n, latent), in nats.

    At most log n. Hoffman and Johnson 2016 (ELBO surgery, eq. 10), with these texts for the data distribution. Time is
    quadratic in n.
    """
    noise, scale = rng.standard_normal(mean.shape), np.exp(log_scale.astype(np.float64))
    own = -0.5 * (noise**2).sum(axis=1) - log_scale.sum(axis=1)
    total = 0.0
    for number, latent in enumerate(mean + scale * noise):
        each = -0.5 * (((latent - mean) / scale) ** 2).sum(axis=1) - log_scale.sum(axis=1)
        top = each.max()
        total += own[number] - top - math.log(np.exp(each - top).mean())
    return max(float(total) / len(mean), 0.0)
