"""Variations of images and texts, and ways from one to another: what places in a space of noise are good for."""

from __future__ import annotations

import numpy as np

from synthdata.blocks import Arrays
from synthdata.models.base import FieldLatentSpace

__all__ = ["between", "vary"]


def vary(
    space: FieldLatentSpace, values: np.ndarray, told: Arrays, strength: float, rng: np.random.Generator
) -> np.ndarray:
    """Variations of values: from near them (strength 0) to any of which the same is told (strength 1)."""
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength {strength} is not from 0 to 1")
    noise = space.encode(values, told)
    fresh = rng.standard_normal(noise.shape, np.float32)
    return space.decode(np.float32(np.sqrt(1 - strength**2)) * noise + np.float32(strength) * fresh, told)


def between(space: FieldLatentSpace, ends: np.ndarray, told_ends: Arrays, told: Arrays, steps: int) -> np.ndarray:
    """Go from the first of two values to the second in `steps` steps; of each, a row of `told` is told.

    Along the arc from one noise to the other: what lies on the straight line between them is nearer to the middle than
    any noise that is drawn (White 2016, arXiv:1609.04468, section 2.1).
    """
    start, end = space.encode(ends, told_ends).astype(np.float64)
    far = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    one, other = start / max(far[0], 1e-9), end / max(far[1], 1e-9)
    angle = np.arccos(np.clip(one @ other, -1, 1))
    part = np.linspace(0, 1, steps)[:, None]
    if np.sin(angle) < 1e-3:
        way = start + part * (end - start)
    else:
        way = (np.sin((1 - part) * angle) * one + np.sin(part * angle) * other) / np.sin(angle)
        way *= far[0] + part * (far[1] - far[0])
    return space.decode(way.astype(np.float32), told)
