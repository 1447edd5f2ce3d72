"""Sampling latent vectors from the prior of a `VAENetwork`, and encoding rows, in numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from synthdata.models.tabular.vae.model import VAE

from synthdata.models.samplers.dense import CHUNK, feed_forward
from synthdata.models.samplers.prior import apply_couplings, coupling_shapes
from synthdata.models.samplers.shapes import Shapes, part_of
from synthdata.models.tabular.symbols import SymbolTable

__all__ = ["draw_latents", "encode_rows", "enter_latent", "prior_shapes"]


def draw_latents(weights: Mapping[str, np.ndarray], rng: np.random.Generator, rows: int) -> np.ndarray:
    """Sample latent vectors (rows, latent) float32: a component of the mixture, a normal, then the coupling layers."""
    cumulative = np.cumsum(weights["prior_share"], dtype=np.float64)
    component = np.searchsorted(cumulative, rng.random(rows) * cumulative[-1], side="right")
    component = np.minimum(component, len(cumulative) - 1)
    z = rng.standard_normal((rows, weights["prior_mean"].shape[1]), np.float32)
    z *= weights["prior_scale"][component]
    z += weights["prior_mean"][component]
    return apply_couplings(weights, z, np.zeros((rows, 0), np.float32))


def enter_latent(weights: Mapping[str, np.ndarray], latent: np.ndarray) -> np.ndarray:
    """The input of the decoder's first block: (n, latent) to (n, width)."""
    x: np.ndarray = latent @ weights["enter"]
    x += weights["enter_bias"]
    return x


def encode_rows(table: SymbolTable, weights: Mapping[str, np.ndarray], symbols: np.ndarray) -> np.ndarray:
    """The posterior means of rows: symbols (n, columns, 2) to (n, latent) float32."""
    body = part_of(weights, "encode_")
    result = np.empty((len(symbols), len(body["leave_bias"])), np.float32)
    for first in range(0, len(symbols), CHUNK):
        chunk = slice(first, first + CHUNK)
        x = _entered(table, body, symbols[chunk])
        state = feed_forward(body, x, out=np.empty_like(x), spare=np.empty_like(x))
        result[chunk] = state @ body["leave"] + body["leave_bias"]
    return result


def _entered(table: SymbolTable, body: Mapping[str, np.ndarray], symbols: np.ndarray) -> np.ndarray:
    """The input of the encoder's first block, a sum of one vector per symbol: (n, width)."""
    x = np.repeat(body["bias"][None], len(symbols), axis=0)
    for i, column in enumerate(table.columns):
        coarse, fine = symbols[:, i].T
        x += body["coarse"][coarse + table.starts[i]]
        if column.fine > 1:
            has_fine = coarse >= column.first
            x[has_fine] += body["fine"][fine[has_fine] + table.fine_starts[i]]
    return x


def prior_shapes(table: SymbolTable, settings: VAE) -> Shapes:
    """Weight shapes of prior and encoder."""
    latent, width, components = int(settings.latent), settings.width, settings.mixture_components
    wide = settings.mlp_ratio * width
    shapes: Shapes = {
        "prior_share": (components,),
        "prior_mean": (components, latent),
        "prior_scale": (components, latent),
        "encode_coarse": (table.coarse_rows, width),
        "encode_fine": (max(table.no_fine, 1), width),
        "encode_bias": (width,),
        "encode_leave": (width, latent),
        "encode_leave_bias": (latent,),
    }
    for i in range(settings.layers):
        shapes |= {f"encode_up_{i}": (width, wide), f"encode_up_bias_{i}": (wide,), f"encode_down_{i}": (wide, width)}
    return shapes | coupling_shapes(settings.coupling_layers, latent=latent, condition=0, width=width // 4)
