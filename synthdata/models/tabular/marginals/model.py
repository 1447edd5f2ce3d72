"""Independent columns: the baseline every generator must beat, and the fast double of one in tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from synthdata.blocks import Arrays, Binned, Layout, symbols
from synthdata.models.base import Generator, Settings

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["Marginals"]


class MarginalsSettings(Settings):
    """Nothing to set."""


@dataclass(frozen=True)
class Marginals(Generator):
    """Each block by its own frequencies: `shares[name]` is (symbols,), or (symbols, levels) for Binned; sums to 1."""

    layout: Layout
    shares: Mapping[str, np.ndarray]
    history: list[dict[str, float]] = field(default_factory=list)

    Settings: ClassVar[type[Settings]] = MarginalsSettings

    @classmethod
    def fit(cls, layout: Layout, target: Arrays, settings: Any, run: Run) -> Self:
        """Count."""
        shares = {}
        for name, block in layout.items():
            array = target[name]
            if isinstance(block, Binned):
                level = np.minimum((array[:, 1] % 1.0 * block.levels).astype(np.int64), block.levels - 1)
                pair = array[:, 0].astype(np.int64) * block.levels + level
                counts = np.bincount(pair, minlength=symbols(block) * block.levels).reshape(-1, block.levels)
            else:
                counts = np.bincount(array, minlength=symbols(block))
            shares[name] = counts / counts.sum()
        return cls(layout, shares)

    def sample(self, rng: np.random.Generator, rows: int, allowed: Mapping[str, np.ndarray]) -> Arrays:
        """Draw each block by itself; a mask cuts its frequencies."""
        arrays = {}
        for name, block in self.layout.items():
            share = self.shares[name]
            if name in allowed:
                share = share * allowed[name]
                share = share if share.any() else allowed[name].astype(float)
            cumulative = np.cumsum(share.ravel())
            drawn = np.searchsorted(cumulative, rng.random(rows) * cumulative[-1], side="right")
            drawn = np.minimum(drawn, np.flatnonzero(share.ravel())[-1])
            if isinstance(block, Binned):
                symbol, level = np.divmod(drawn, block.levels)
                arrays[name] = np.stack([symbol, (level + rng.random(rows)) / block.levels], axis=1)
            else:
                arrays[name] = drawn
        return arrays

    def check(self, allowed: Mapping[str, np.ndarray]) -> None:
        """Whatever the masks leave can be drawn."""

    def config(self) -> dict[str, Any]:
        """Nothing but the frequencies."""
        return {}

    def weights(self) -> dict[str, np.ndarray]:
        """The frequencies."""
        return dict(self.shares)

    @classmethod
    def restore(cls, layout: Layout, config: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> Self:
        """Rebuild."""
        for name, block in layout.items():
            expected = (symbols(block), block.levels) if isinstance(block, Binned) else (symbols(block),)
            if name not in weights or weights[name].shape != expected:
                raise ValueError(f"frequencies of {name} are not of shape {expected}")
        return cls(layout, dict(weights))
