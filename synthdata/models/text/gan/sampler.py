"""Latent vectors as a `TextGAN` makes them, and how near they are to real ones, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.distances import frechet_distance, residual_variance
from synthdata.models.samplers.dense import feed_forward
from synthdata.models.samplers.prior import part_of
from synthdata.models.samplers.shapes import Shapes

__all__ = ["EXPANSION", "game_shapes", "made_latents", "vector_distance", "vector_spread"]

EXPANSION = 2  # hidden units of a block, in widths
TINY = 1e-3


def made_latents(weights: Mapping[str, np.ndarray], noise: np.ndarray, told: np.ndarray) -> np.ndarray:
    """The latent vectors that noise (n, latent) leads to, given what is told (n, told): (n, latent) float32."""
    body = part_of(weights, "game_")
    x = np.hstack([noise, told]) @ body["enter"] + body["enter_bias"]
    state = feed_forward(body, x, out=np.empty_like(x), spare=np.empty_like(x))
    latent: np.ndarray = state @ body["leave"] + body["leave_bias"]
    return latent


def vector_distance(real: np.ndarray, made: np.ndarray, told: np.ndarray, made_told: np.ndarray) -> float:
    """Joint Fréchet distance of vectors and what is told of them, a number: DeVries et al. 2019 (arXiv:1907.08175)."""
    scale, told_scale = real.std(axis=0) + TINY, told.std(axis=0) + TINY
    sides = [np.hstack([z / scale, t / told_scale]) for z, t in ((real, told), (made, made_told))]
    return frechet_distance(*sides) / sides[0].shape[1]


def vector_spread(real: np.ndarray, made: np.ndarray, told: np.ndarray, made_told: np.ndarray) -> float:
    """Variance of vectors beyond what is told of them, in that of the real ones."""
    return residual_variance(made, made_told) / max(residual_variance(real, told), TINY)


def game_shapes(*, told: int, latent: int, width: int, layers: int) -> Shapes:
    """The shapes of the generator's weights."""
    shapes: Shapes = {"enter": (latent + told, width), "enter_bias": (width,)}
    for i in range(layers):
        shapes |= {f"up_{i}": (width, EXPANSION * width), f"up_bias_{i}": (EXPANSION * width,)}
        shapes |= {f"down_{i}": (EXPANSION * width, width)}
    shapes |= {"leave": (width, latent), "leave_bias": (latent,)}
    return {f"game_{name}": shape for name, shape in shapes.items()}
