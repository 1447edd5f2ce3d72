"""Independent columns: the baseline for all other families, and a fast stand-in for them in tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from synthdata.blocks import Arrays, Binned, Block, symbols
from synthdata.models.base import NOTHING, Learned, Settings, Signature, Trained, Weights
from synthdata.models.samplers.shapes import Shapes

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["Marginals", "MarginalsGenerator"]


class Marginals(Settings):
    """Independent columns, each drawn by its frequencies. No settings."""

    family: ClassVar[str] = "marginals"


@final
class MarginalsGenerator(Trained[Marginals]):
    """Samples each block by its frequencies: a weight per block, (symbols,), or (symbols, levels) for Binned."""

    Settings: ClassVar[type[Settings]] = Marginals

    @classmethod
    def shapes(cls, signature: Signature, settings: Marginals, facts: Mapping[str, Any]) -> Shapes:
        """Shapes of the frequencies of each block."""
        return {name: _shape(block) for name, block in signature.layout.items()}

    @classmethod
    def train(cls, signature: Signature, settings: Marginals, arrays: Arrays, run: Run) -> Learned:
        """Count the symbols of each block."""
        shares = {}
        for name, block in signature.layout.items():
            array = arrays[name]
            if isinstance(block, Binned):
                level = np.minimum((array[:, 1] % 1.0 * block.levels).astype(np.int64), block.levels - 1)
                pair = array[:, 0].astype(np.int64) * block.levels + level
                counts = np.bincount(pair, minlength=symbols(block) * block.levels).reshape(-1, block.levels)
            else:
                counts = np.bincount(array, minlength=symbols(block))
            shares[name] = counts / counts.sum()
        return Learned(shares, [])

    def sample(
        self, rng: np.random.Generator, rows: int, *, condition: Arrays = NOTHING, allowed: Weights = NOTHING
    ) -> Arrays:
        """Sample each block independently, frequencies multiplied by its mask."""
        arrays = {}
        for name, block in self.signature.layout.items():
            share = self.weights[name]
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


def _shape(block: Block) -> tuple[int, ...]:
    return (symbols(block), block.levels) if isinstance(block, Binned) else (symbols(block),)
