"""The shapes of weights by name, and whether a model's weights have them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Shapes = dict[str, tuple[int, ...]]


def check_shapes(weights: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ValueError for a weight that is missing or not of its shape."""
    for name, shape in shapes.items():
        if name not in weights or weights[name].shape != shape:
            raise ValueError(f"weight {name} is missing or not of shape {shape}")
