"""Drawing images from the prior that an `ImageVAE` learned, and encoding them, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.networks.canvas import Canvas, Shapes, decoder_shapes, encoder_shapes
from synthdata.networks.conv_drawing import encode_images
from synthdata.networks.latent_prior import before_couplings, coupling_shapes, through_couplings

__all__ = ["encode_latents", "image_vae_shapes", "latents_of_noise", "noise_of_latents", "part_of"]


def latents_of_noise(weights: Mapping[str, np.ndarray], noise: np.ndarray, told: np.ndarray) -> np.ndarray:
    """The latent vectors that standard normal noise leads to, given what is told (n, told): (n, latent) float32."""
    return through_couplings(weights, noise + told @ weights["prior_told"], told)


def noise_of_latents(weights: Mapping[str, np.ndarray], latent: np.ndarray, told: np.ndarray) -> np.ndarray:
    """The noise that leads to latent vectors: (n, latent) float32."""
    noise: np.ndarray = before_couplings(weights, latent, told) - told @ weights["prior_told"]
    return noise


def encode_latents(
    canvas: Canvas, weights: Mapping[str, np.ndarray], images: np.ndarray, told: np.ndarray
) -> np.ndarray:
    """The means of the latent vectors of images: (n, latent) float32."""
    return np.split(encode_images(canvas, part_of(weights, "encode_"), images, told), 2, axis=1)[0]


def part_of(weights: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The weights whose names start with a prefix, without it."""
    return {name.removeprefix(prefix): weight for name, weight in weights.items() if name.startswith(prefix)}


def image_vae_shapes(canvas: Canvas, *, told: int, latent: int, couplings: int, inner: int) -> Shapes:
    """The shapes of all weights."""
    return {
        **{f"decode_{name}": shape for name, shape in decoder_shapes(canvas, latent + told).items()},
        **{f"encode_{name}": shape for name, shape in encoder_shapes(canvas, told, 2 * latent).items()},
        "prior_told": (told, latent),
        **coupling_shapes(couplings, latent=latent, told=told, inner=inner),
    }
