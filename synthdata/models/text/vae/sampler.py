"""Texts and their latent vectors, by what a `TextVAE` learned, in numpy: encoding, the prior, how likely a text is."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from synthdata.models.samplers.causal import CausalSteps, layer_shapes
from synthdata.models.samplers.prior import coupling_shapes, noise_of_latents, stretch_of_couplings
from synthdata.models.samplers.shapes import Shapes, part_of
from synthdata.models.text.sampler import CHUNK, text_shapes, text_surprise

__all__ = ["encode_texts", "mutual_information", "surprise_bound", "text_vae_shapes"]

LEAST_LOG_SCALE, MOST_LOG_SCALE = -6.0, 2.0  # of posteriors; the same in training
DRAWS = 16  # latent vectors of a text, by which its surprise is bounded

Weights = Mapping[str, np.ndarray]


def text_vae_shapes(
    *,
    vocabulary: int,
    told: int,
    latent: int,
    width: int,
    layers: int,
    encoder_layers: int,
    wide: int,
    couplings: int,
    inner: int,
) -> Shapes:
    """The shapes of all weights."""
    writer = text_shapes(vocabulary=vocabulary, told=told + latent, width=width, layers=layers, wide=wide)
    encoder = _encoder_shapes(
        vocabulary=vocabulary, told=told, latent=latent, width=width, layers=encoder_layers, wide=wide
    )
    return {
        **{f"write_{name}": shape for name, shape in writer.items()},
        **{f"encode_{name}": shape for name, shape in encoder.items()},
        "prior_condition": (told, latent),
        **coupling_shapes(couplings, latent=latent, condition=told, width=inner),
    }


def _encoder_shapes(*, vocabulary: int, told: int, latent: int, width: int, layers: int, wide: int) -> Shapes:
    """The shapes of the encoder's weights."""
    return {
        "vectors": (vocabulary, width),
        "start": (told, width),
        "start_bias": (width,),
        "leave": (width, 2 * latent),
        "leave_bias": (2 * latent,),
        **layer_shapes(width=width, layers=layers, wide=wide),
    }


def encode_texts(weights: Weights, heads: int, told: np.ndarray, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The posteriors of texts (n, length), given what is told (n, told): means and log-scales, (n, latent) each."""
    body = part_of(weights, "encode_")
    parts = [
        _pooled(body, heads, told[first : first + CHUNK], tokens[first : first + CHUNK])
        for first in range(0, len(tokens), CHUNK)
    ]
    pooled = np.concatenate(parts) if parts else np.zeros((0, len(body["leave"])), np.float32)
    mean, log_scale = np.split(pooled @ body["leave"] + body["leave_bias"], 2, axis=1)
    return mean, np.clip(log_scale, LEAST_LOG_SCALE, MOST_LOG_SCALE)


def _pooled(body: Weights, heads: int, told: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """The means of the states of texts: (n, width)."""
    layers = CausalSteps(body, heads, len(tokens), tokens.shape[1], turned=True)
    going, x = np.arange(len(tokens)), told @ body["start"] + body["start_bias"]
    total, steps = np.zeros_like(x), np.zeros((len(tokens), 1), np.float32)
    for i in range(tokens.shape[1]):
        if i:
            before = tokens[going, i - 1]
            if not before.all():
                left = np.flatnonzero(before)
                going, before = going[left], before[left]
                if not len(going):
                    break
                layers.keep(left)
            x = body["vectors"][before]
        total[going] += layers.step(i, x)
        steps[going] += 1
    pooled: np.ndarray = total / steps
    return pooled


def surprise_bound(
    weights: Weights, heads: int, told: np.ndarray, tokens: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """An upper bound on the surprise of texts (n, length), in nats, by several latent vectors of each: (n,).

    Importance-weighted: Burda et al. 2016 (arXiv:1509.00519, eq. 8).
    """
    mean, log_scale = encode_texts(weights, heads, told, tokens)
    writer, likelier = part_of(weights, "write_"), np.empty((DRAWS, len(tokens)))
    for draw in range(DRAWS):
        normal = rng.standard_normal(mean.shape, np.float32)
        latent = mean + np.exp(log_scale) * normal
        noise = noise_of_latents(weights, latent, told)
        prior = _log_normal(noise) - stretch_of_couplings(weights, noise + told @ weights["prior_condition"], told)
        posterior = _log_normal(normal) - log_scale.sum(axis=1)
        likelier[draw] = prior - posterior - text_surprise(writer, heads, np.hstack([told, latent]), tokens)
    top = likelier.max(axis=0)
    bound: np.ndarray = -(top + np.log(np.exp(likelier - top).mean(axis=0)))
    return bound


def _log_normal(noise: np.ndarray) -> np.ndarray:
    """Log-density of standard normal numbers (n, latent): (n,)."""
    density: np.ndarray = -0.5 * (noise.astype(np.float64) ** 2 + math.log(2 * math.pi)).sum(axis=1)
    return density


def mutual_information(mean: np.ndarray, log_scale: np.ndarray, rng: np.random.Generator) -> float:
    """What latent vectors tell of which text they come from, in nats: posteriors (n, latent); at most log n.

    Hoffman and Johnson 2016 (Elbo surgery, eq. 10), the mean of posteriors over these texts. Quadratic in them.
    """
    noise, scale = rng.standard_normal(mean.shape), np.exp(log_scale.astype(np.float64))
    own = -0.5 * (noise**2).sum(axis=1) - log_scale.sum(axis=1)
    told = 0.0
    for number, latent in enumerate(mean + scale * noise):
        each = -0.5 * (((latent - mean) / scale) ** 2).sum(axis=1) - log_scale.sum(axis=1)
        top = each.max()
        told += own[number] - top - math.log(np.exp(each - top).mean())
    return max(float(told) / len(mean), 0.0)
