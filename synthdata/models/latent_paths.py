"""Variations of images and texts, and interpolation between two, in a latent space of standard normal noise."""

from __future__ import annotations

import numpy as np

from synthdata.blocks import Arrays
from synthdata.models.base import LatentSpace

__all__ = ["interpolate", "vary"]


def vary(space: LatentSpace, arrays: Arrays, condition: Arrays, strength: float, rng: np.random.Generator) -> Arrays:
    """Variations of `arrays`: from reconstructions (strength 0) to fresh samples given the condition (strength 1)."""
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength {strength} is not from 0 to 1")
    noise = space.encode(arrays, condition)
    fresh = rng.standard_normal(noise.shape, np.float32)
    return space.decode(np.float32(np.sqrt(1 - strength**2)) * noise + np.float32(strength) * fresh, condition)


def interpolate(space: LatentSpace, ends: Arrays, ends_condition: Arrays, condition: Arrays, steps: int) -> Arrays:
    """Interpolate between the two rows of `ends` in `steps` steps, each decoded given its row of `condition`.

    Spherical interpolation of the noise: points on the straight line would be nearer to the origin than noise ever is
    (White 2016, arXiv:1609.04468, section 2.1).
    """
    start, end = space.encode(ends, ends_condition).astype(np.float64)
    norms = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    one, other = start / max(norms[0], 1e-9), end / max(norms[1], 1e-9)
    angle = np.arccos(np.clip(one @ other, -1, 1))
    fraction = np.linspace(0, 1, steps)[:, None]
    if np.sin(angle) < 1e-3:
        path = start + fraction * (end - start)
    else:
        path = (np.sin((1 - fraction) * angle) * one + np.sin(fraction * angle) * other) / np.sin(angle)
        path *= norms[0] + fraction * (norms[1] - norms[0])
    return space.decode(path.astype(np.float32), condition)
