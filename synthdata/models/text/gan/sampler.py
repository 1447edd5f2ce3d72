"""Generating latent vectors with a `TextGANNetwork`, and comparing them with real ones, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.distances import frechet_distance, residual_variance
from synthdata.models.samplers.dense import feed_forward
from synthdata.models.samplers.shapes import Shapes, part_of, prefixed

__all__ = ["MLP_RATIO", "diversity_ratio", "generate_latents", "generator_shapes", "joint_distance"]

MLP_RATIO = 2  # width of a feed-forward layer, divided by that of the network
TINY = 1e-3  # added to standard deviations


def generate_latents(weights: Mapping[str, np.ndarray], noise: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """Latent vectors from noise (n, latent), given a condition (n, features): (n, latent) float32."""
    body = part_of(weights, "generator_")
    x = np.hstack([noise, condition]) @ body["enter"] + body["enter_bias"]
    state = feed_forward(body, x, out=np.empty_like(x), spare=np.empty_like(x))
    latent: np.ndarray = state @ body["leave"] + body["leave_bias"]
    return latent


def joint_distance(
    real: np.ndarray, generated: np.ndarray, real_condition: np.ndarray, generated_condition: np.ndarray
) -> float:
    """Joint Fréchet distance (DeVries et al. 2019, arXiv:1907.08175) over the number of features.

    real, generated: latent vectors (n, latent). real_condition, generated_condition: theirs, (n, features).
    """
    scale, condition_scale = real.std(axis=0) + TINY, real_condition.std(axis=0) + TINY
    pairs = (real, real_condition), (generated, generated_condition)
    sides = [np.hstack([latent / scale, condition / condition_scale]) for latent, condition in pairs]
    return frechet_distance(*sides) / sides[0].shape[1]


def diversity_ratio(
    real: np.ndarray, generated: np.ndarray, real_condition: np.ndarray, generated_condition: np.ndarray
) -> float:
    """Variance of generated latent vectors that their condition does not explain, over that of the real ones."""
    return residual_variance(generated, generated_condition) / max(residual_variance(real, real_condition), TINY)


def generator_shapes(*, condition: int, latent: int, width: int, layers: int) -> Shapes:
    """Weight shapes of the generator given `condition` features."""
    shapes: Shapes = {"enter": (latent + condition, width), "enter_bias": (width,)}
    for i in range(layers):
        shapes |= {f"up_{i}": (width, MLP_RATIO * width), f"up_bias_{i}": (MLP_RATIO * width,)}
        shapes |= {f"down_{i}": (MLP_RATIO * width, width)}
    shapes |= {"leave": (width, latent), "leave_bias": (latent,)}
    return prefixed("generator_", shapes)
