"""How a column is compared with another of its kind: as quantities or as symbols. A closed set, like the blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

__all__ = ["Quantities", "Symbols", "View"]


@dataclass(frozen=True)
class Quantities:
    """values: (n,) float64, NaN where missing. is_time: they are microseconds since 1970."""

    values: np.ndarray
    is_time: bool = False


@dataclass(frozen=True)
class Symbols:
    """values: (n,) object, text, None where missing."""

    values: np.ndarray


View: TypeAlias = Quantities | Symbols
