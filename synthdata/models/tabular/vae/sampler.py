"""Drawing latent vectors from the prior that a `RowVAE` learned, and encoding rows, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.models.samplers.dense import CHUNK, feed_forward
from synthdata.models.samplers.prior import coupling_shapes, through_couplings
from synthdata.models.tabular.symbols import Numbering

__all__ = ["draw_latents", "encode_rows", "enter_latent", "prior_shapes"]


def draw_latents(weights: Mapping[str, np.ndarray], rng: np.random.Generator, rows: int) -> np.ndarray:
    """Draw latent vectors (rows, latent) float32: a part of the mixture, a normal, then the coupling layers."""
    upto = np.cumsum(weights["prior_share"], dtype=np.float64)
    part = np.minimum(np.searchsorted(upto, rng.random(rows) * upto[-1], side="right"), len(upto) - 1)
    z = rng.standard_normal((rows, weights["prior_mean"].shape[1]), np.float32)
    z *= weights["prior_scale"][part]
    z += weights["prior_mean"][part]
    return through_couplings(weights, z, np.zeros((rows, 0), np.float32))


def enter_latent(weights: Mapping[str, np.ndarray], latent: np.ndarray) -> np.ndarray:
    """What goes into the decoder's first block: (n, latent) to (n, width)."""
    x: np.ndarray = latent @ weights["enter"]
    x += weights["enter_bias"]
    return x


def encode_rows(numbering: Numbering, weights: Mapping[str, np.ndarray], symbols: np.ndarray) -> np.ndarray:
    """The means of the latent vectors of rows: symbols (n, columns, 2) to (n, latent) float32."""
    body = {name.removeprefix("encode_"): weight for name, weight in weights.items() if name.startswith("encode_")}
    result = np.empty((len(symbols), len(body["leave_bias"])), np.float32)
    for first in range(0, len(symbols), CHUNK):
        chunk = slice(first, first + CHUNK)
        x = _entered(numbering, body, symbols[chunk])
        state = feed_forward(body, x, out=np.empty_like(x), spare=np.empty_like(x))
        result[chunk] = state @ body["leave"] + body["leave_bias"]
    return result


def _entered(numbering: Numbering, body: Mapping[str, np.ndarray], symbols: np.ndarray) -> np.ndarray:
    """What goes into the encoder's first block: the sum of a vector for each symbol."""
    x = np.repeat(body["bias"][None], len(symbols), axis=0)
    for i, column in enumerate(numbering.columns):
        major, minor = symbols[:, i].T
        x += body["major"][major + numbering.starts[i]]
        if column.minors > 1:
            has_minor = major >= column.first
            x[has_minor] += body["minor"][minor[has_minor] + numbering.minor_starts[i]]
    return x


def prior_shapes(
    numbering: Numbering, *, latent: int, width: int, layers: int, expansion: int, parts: int, couplings: int
) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights of prior and encoder."""
    inner, wide = width // 4, expansion * width
    shapes: dict[str, tuple[int, ...]] = {
        "prior_share": (parts,),
        "prior_mean": (parts, latent),
        "prior_scale": (parts, latent),
        "encode_major": (numbering.rows, width),
        "encode_minor": (max(numbering.no_minor, 1), width),
        "encode_bias": (width,),
        "encode_leave": (width, latent),
        "encode_leave_bias": (latent,),
    }
    for i in range(layers):
        shapes |= {f"encode_up_{i}": (width, wide), f"encode_up_bias_{i}": (wide,), f"encode_down_{i}": (wide, width)}
    return shapes | coupling_shapes(couplings, latent=latent, told=0, inner=inner)
