"""Encoding images with the weights of a trained image VAE, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.samplers.conv import encode_images
from synthdata.models.samplers.prior import coupling_shapes
from synthdata.models.samplers.resolutions import Canvas, decoder_shapes, encoder_shapes
from synthdata.models.samplers.shapes import Shapes, part_of


def encode_latents(
    canvas: Canvas, weights: Mapping[str, np.ndarray], images: np.ndarray, told: np.ndarray
) -> np.ndarray:
    """The means of the latent vectors of images: (n, latent) float32."""
    return np.split(encode_images(canvas, part_of(weights, "encode_"), images, told), 2, axis=1)[0]


def image_vae_shapes(canvas: Canvas, *, told: int, latent: int, couplings: int, inner: int) -> Shapes:
    """The shapes of all weights."""
    return {
        **{f"decode_{name}": shape for name, shape in decoder_shapes(canvas, latent + told).items()},
        **{f"encode_{name}": shape for name, shape in encoder_shapes(canvas, told, 2 * latent).items()},
        "prior_condition": (told, latent),
        **coupling_shapes(couplings, latent=latent, condition=told, width=inner),
    }
