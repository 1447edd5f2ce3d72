"""Variations of images and texts, and interpolation between two: what a latent space of normal noise is good for."""

from __future__ import annotations

import numpy as np

from synthdata.blocks import Arrays
from synthdata.models.base import LatentSpace

__all__ = ["interpolate", "vary"]


def vary(space: LatentSpace, arrays: Arrays, condition: Arrays, strength: float, rng: np.random.Generator) -> Arrays:
    """Variations of values: from near them (strength 0) to any under the same condition (strength 1)."""
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength {strength} is not from 0 to 1")
    noise = space.encode(arrays, condition)
    fresh = rng.standard_normal(noise.shape, np.float32)
    return space.decode(np.float32(np.sqrt(1 - strength**2)) * noise + np.float32(strength) * fresh, condition)


def interpolate(space: LatentSpace, ends: Arrays, ends_condition: Arrays, condition: Arrays, steps: int) -> Arrays:
    """Go from the first of two values to the second in `steps` steps, each under its row of `condition`.

    Along the arc from one noise to the other, spherical interpolation: points on the straight line between them are
    nearer to the middle than any noise that is drawn (White 2016, arXiv:1609.04468, section 2.1).
    """
    start, end = space.encode(ends, ends_condition).astype(np.float64)
    norms = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    one, other = start / max(norms[0], 1e-9), end / max(norms[1], 1e-9)
    angle = np.arccos(np.clip(one @ other, -1, 1))
    part = np.linspace(0, 1, steps)[:, None]
    if np.sin(angle) < 1e-3:
        path = start + part * (end - start)
    else:
        path = (np.sin((1 - part) * angle) * one + np.sin(part * angle) * other) / np.sin(angle)
        path *= norms[0] + part * (norms[1] - norms[0])
    return space.decode(path.astype(np.float32), condition)
