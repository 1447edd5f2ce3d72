"""A learned prior of latent vectors in numpy: a normal, then coupling layers, both given a condition.

Dinh et al. 2017 (arXiv:1605.08803, eq. 7 and 8). The weights are those that `layers.prior` exports; the tabular VAE has
the coupling layers alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.samplers.dense import activate
from synthdata.models.samplers.shapes import Shapes

__all__ = [
    "MOST_LOG_SCALE",
    "apply_couplings",
    "coupling_shapes",
    "couplings_log_det",
    "invert_couplings",
    "latents_of_noise",
    "layer_shapes",
    "noise_of_latents",
    "prior_shapes",
]

MOST_LOG_SCALE = 2.0  # bound on the log-scale of a coupling layer; the same in training

Weights = Mapping[str, np.ndarray]


def latents_of_noise(weights: Weights, noise: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """Map noise (n, latent), standard normal, to latent vectors (n, latent), given a condition (n, features)."""
    return apply_couplings(weights, noise + condition @ weights["prior_condition"], condition)


def noise_of_latents(weights: Weights, latent: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """The inverse of `latents_of_noise`: latent vectors (n, latent) to noise (n, latent)."""
    noise: np.ndarray = invert_couplings(weights, latent, condition) - condition @ weights["prior_condition"]
    return noise


def apply_couplings(weights: Weights, z: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """Pass `z` (rows, latent) through all coupling layers, given a condition (rows, features): (rows, latent)."""
    half = z.shape[1] // 2
    for layer in _layers(weights):
        shift, log_scale = _coupling(weights, layer, np.hstack([z[:, :half], condition]))
        z = np.hstack([z[:, half:] * np.exp(log_scale) + shift, z[:, :half]])  # the halves are swapped
    return z


def invert_couplings(weights: Weights, z: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """The inverse of `apply_couplings`."""
    half = z.shape[1] // 2
    for layer in reversed(_layers(weights)):
        kept = z[:, half:]
        shift, log_scale = _coupling(weights, layer, np.hstack([kept, condition]))
        z = np.hstack([kept, (z[:, :half] - shift) * np.exp(-log_scale)])
    return z


def couplings_log_det(weights: Weights, z: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """Log-determinant of the Jacobian of `apply_couplings` at `z` (rows, latent): (rows,)."""
    half, total = z.shape[1] // 2, np.zeros(len(z))
    for layer in _layers(weights):
        shift, log_scale = _coupling(weights, layer, np.hstack([z[:, :half], condition]))
        z = np.hstack([z[:, half:] * np.exp(log_scale) + shift, z[:, :half]])
        total += log_scale.sum(axis=1)
    return total


def _layers(weights: Weights) -> range:
    return range(sum(name.startswith("prior_enter_bias_") for name in weights))


def _coupling(weights: Weights, layer: int, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    for name in ("enter", "inner"):
        x = x @ weights[f"prior_{name}_{layer}"] + weights[f"prior_{name}_bias_{layer}"]
        activate(x)
    shift, log_scale = np.split(x @ weights[f"prior_head_{layer}"] + weights[f"prior_head_bias_{layer}"], 2, axis=1)
    return shift, MOST_LOG_SCALE * np.tanh(log_scale / MOST_LOG_SCALE)


def prior_shapes(coupling_layers: int, *, latent: int, condition: int, width: int) -> Shapes:
    """Weight shapes of a prior given `condition` features, with coupling layers of `width` hidden units."""
    couplings = coupling_shapes(coupling_layers, latent=latent, condition=condition, width=width)
    return {"prior_condition": (condition, latent), **couplings}


def coupling_shapes(coupling_layers: int, *, latent: int, condition: int, width: int) -> Shapes:
    """Weight shapes of coupling layers with `width` hidden units."""
    layer = layer_shapes(latent // 2, condition, width)
    return {f"prior_{name}_{i}": shape for i in range(coupling_layers) for name, shape in layer.items()}


def layer_shapes(half: int, condition: int, width: int) -> Shapes:
    """Weight shapes of one coupling layer's network, from half a latent vector, (half,), to shift and log-scale."""
    return {
        "enter": (half + condition, width),
        "enter_bias": (width,),
        "inner": (width, width),
        "inner_bias": (width,),
        "head": (width, 2 * half),
        "head_bias": (2 * half,),
    }
