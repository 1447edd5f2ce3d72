"""Drawing latent vectors from the prior that a `RowVAE` learned, and encoding rows, in numpy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synthdata.networks.columns import Numbering
from synthdata.networks.drawing import CHUNK, activate, feed_forward

__all__ = [
    "MOST_LOG_SCALE",
    "before_couplings",
    "coupling_shapes",
    "draw_latents",
    "encode_rows",
    "enter_latent",
    "prior_shapes",
    "stretch_of_couplings",
    "through_couplings",
]

MOST_LOG_SCALE = 2.0  # of what a coupling layer stretches by; the same in training


def draw_latents(weights: Mapping[str, np.ndarray], rng: np.random.Generator, rows: int) -> np.ndarray:
    """Draw latent vectors (rows, latent) float32: a part of the mixture, a normal, then the coupling layers."""
    upto = np.cumsum(weights["prior_share"], dtype=np.float64)
    part = np.minimum(np.searchsorted(upto, rng.random(rows) * upto[-1], side="right"), len(upto) - 1)
    z = rng.standard_normal((rows, weights["prior_mean"].shape[1]), np.float32)
    z *= weights["prior_scale"][part]
    z += weights["prior_mean"][part]
    return through_couplings(weights, z, np.zeros((rows, 0), np.float32))


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


def coupling_shapes(couplings: int, *, latent: int, told: int, inner: int) -> dict[str, tuple[int, ...]]:
    """The shapes of the weights of coupling layers with `inner` hidden units."""
    shapes: dict[str, tuple[int, ...]] = {}
    for i in range(couplings):
        shapes |= {f"prior_enter_{i}": (latent // 2 + told, inner), f"prior_enter_bias_{i}": (inner,)}
        shapes |= {f"prior_inner_{i}": (inner, inner), f"prior_inner_bias_{i}": (inner,)}
        shapes |= {f"prior_leave_{i}": (inner, latent), f"prior_leave_bias_{i}": (latent,)}
    return shapes
