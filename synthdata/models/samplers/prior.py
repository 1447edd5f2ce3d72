"""A prior of latent vectors that was learned: a normal bent by coupling layers, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.samplers.dense import activate

__all__ = ["latents_of_noise", "noise_of_latents", "part_of"]


def latents_of_noise(weights: Mapping[str, np.ndarray], noise: np.ndarray, told: np.ndarray) -> np.ndarray:
    """The latent vectors that standard normal noise leads to, given what is told (n, told): (n, latent) float32."""
    return through_couplings(weights, noise + told @ weights["prior_told"], told)


def noise_of_latents(weights: Mapping[str, np.ndarray], latent: np.ndarray, told: np.ndarray) -> np.ndarray:
    """The noise that leads to latent vectors: (n, latent) float32."""
    noise: np.ndarray = before_couplings(weights, latent, told) - told @ weights["prior_told"]
    return noise


def part_of(weights: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The weights whose names start with a prefix, without it."""
    return {name.removeprefix(prefix): weight for name, weight in weights.items() if name.startswith(prefix)}


MOST_LOG_SCALE = 2.0  # of what a coupling layer stretches by; the same in training


def through_couplings(weights: Mapping[str, np.ndarray], z: np.ndarray, told: np.ndarray) -> np.ndarray:
    """Pass (rows, latent) through all coupling layers, each given `told` (rows, told) as well."""
    half = z.shape[1] // 2
    layer = 0
    while f"prior_enter_{layer}" in weights:
        shift, log_scale = _coupling(weights, layer, np.hstack([z[:, :half], told]))
        z = np.hstack([z[:, half:] * np.exp(log_scale) + shift, z[:, :half]])  # the halves change places
        layer += 1
    return z


def before_couplings(weights: Mapping[str, np.ndarray], z: np.ndarray, told: np.ndarray) -> np.ndarray:
    """What `through_couplings` makes (rows, latent) of."""
    half = z.shape[1] // 2
    for layer in reversed(range(sum(name.startswith("prior_enter_bias_") for name in weights))):
        kept = z[:, half:]
        shift, log_scale = _coupling(weights, layer, np.hstack([kept, told]))
        z = np.hstack([kept, (z[:, :half] - shift) * np.exp(-log_scale)])
    return z


def stretch_of_couplings(weights: Mapping[str, np.ndarray], z: np.ndarray, told: np.ndarray) -> np.ndarray:
    """By how much `through_couplings` stretches space where (rows, latent) are, as a logarithm: (rows,)."""
    half, total = z.shape[1] // 2, np.zeros(len(z))
    for layer in range(sum(name.startswith("prior_enter_bias_") for name in weights)):
        shift, log_scale = _coupling(weights, layer, np.hstack([z[:, :half], told]))
        z = np.hstack([z[:, half:] * np.exp(log_scale) + shift, z[:, :half]])
        total += log_scale.sum(axis=1)
    return total


def _coupling(weights: Mapping[str, np.ndarray], layer: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    for name in ("enter", "inner"):
        x = x @ weights[f"prior_{name}_{layer}"] + weights[f"prior_{name}_bias_{layer}"]
        activate(x)
    shift, log_scale = np.split(x @ weights[f"prior_leave_{layer}"] + weights[f"prior_leave_bias_{layer}"], 2, axis=1)
    return shift, MOST_LOG_SCALE * np.tanh(log_scale / MOST_LOG_SCALE)


def coupling_shapes(couplings: int, *, latent: int, told: int, inner: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights of coupling layers with `inner` hidden units."""
    shapes: dict[str, tuple[int, ...]] = {}
    for i in range(couplings):
        shapes |= {f"prior_enter_{i}": (latent // 2 + told, inner), f"prior_enter_bias_{i}": (inner,)}
        shapes |= {f"prior_inner_{i}": (inner, inner), f"prior_inner_bias_{i}": (inner,)}
        shapes |= {f"prior_leave_{i}": (inner, latent), f"prior_leave_bias_{i}": (latent,)}
    return shapes
