"""Shapes of weights by name, checking them, and groups of weights by the prefix of their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

__all__ = ["Shapes", "check_shapes", "part_of", "prefixed"]

Shapes = dict[str, tuple[int, ...]]
T = TypeVar("T")
LARGEST = 1e6  # absolute value of a weight


def check_shapes(weights: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ValueError for a weight that is missing, has the wrong shape, or is not what training leaves."""
    for name, shape in shapes.items():
        if name not in weights or weights[name].shape != shape:
            raise ValueError(f"weight {name} is missing or not of shape {shape}")
        least = -np.inf if name.endswith("_log") else -LARGEST  # the logarithm of nothing
        if not ((weights[name] >= least) & (weights[name] <= LARGEST)).all():  # NaN is neither
            raise ValueError(f"weight {name} holds what is no weight: not finite, or beyond {LARGEST:g}")


def prefixed(prefix: str, part: Mapping[str, T]) -> dict[str, T]:
    """Add a prefix to the names of weights or shapes."""
    return {prefix + name: value for name, value in part.items()}


def part_of(weights: Mapping[str, T], prefix: str) -> dict[str, T]:
    """The weights or shapes whose names start with a prefix, which is removed."""
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
