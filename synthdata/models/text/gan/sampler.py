"""Latent vectors of a `TextGANNetwork`'s generator, and how far they are from real ones, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.distances import frechet_distance, residual_variance
from synthdata.models.samplers.dense import feed_forward
from synthdata.models.samplers.shapes import Shapes, part_of, prefixed

__all__ = ["MLP_RATIO", "diversity_ratio", "generate_latents", "generator_shapes", "joint_distance"]

MLP_RATIO = 2  # width of a feed-forward layer over that of the network
TINY = 1e-3


def generate_latents(weights: Mapping[str, np.ndarray], noise: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """The latent vectors of noise (n, latent) under a condition (n, features): (n, latent) float32."""
    body = part_of(weights, "generator_")
    x = np.hstack([noise, condition]) @ body["enter"] + body["enter_bias"]
    state = feed_forward(body, x, out=np.empty_like(x), spare=np.empty_like(x))
    latent: np.ndarray = state @ body["leave"] + body["leave_bias"]
    return latent


def joint_distance(
    real: np.ndarray, generated: np.ndarray, real_condition: np.ndarray, generated_condition: np.ndarray
) -> float:
    """Fréchet joint distance of latent vectors and conditions, a number: DeVries et al. 2019 (arXiv:1907.08175)."""
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
    """The shapes of the generator's weights, under `condition` features."""
    shapes: Shapes = {"enter": (latent + condition, width), "enter_bias": (width,)}
    for i in range(layers):
        shapes |= {f"up_{i}": (width, MLP_RATIO * width), f"up_bias_{i}": (MLP_RATIO * width,)}
        shapes |= {f"down_{i}": (MLP_RATIO * width, width)}
    shapes |= {"leave": (width, latent), "leave_bias": (latent,)}
    return prefixed("generator_", shapes)
