"""How a column is compared with another: as numbers, categories, images or texts. A closed set, like the blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

__all__ = ["Categories", "Comparison", "Images", "Numeric", "Texts"]


@dataclass(frozen=True)
class Numeric:
    """Numbers. values: (n,) float64, NaN where missing. is_time: they are microseconds since 1970."""

    values: np.ndarray
    is_time: bool = False


@dataclass(frozen=True)
class Categories:
    """Categories. values: (n,) object, text, None where missing."""

    values: np.ndarray


@dataclass(frozen=True)
class Images:
    """Images, read when they are asked for.

    rows: how many there are. read: pixels (n, height, width, channels) uint8 of the rows of these numbers (n,).
    """

    rows: int
    read: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Texts:
    """Texts. values: (n,) object, text, None where missing."""

    values: np.ndarray


Comparison: TypeAlias = Numeric | Categories | Images | Texts
