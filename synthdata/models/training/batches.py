"""Which rows are trained on, in which order, and which are held out to validate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["MOST_VALIDATION", "Batches"]

MOST_VALIDATION = 4000


class BatchSettings(Protocol):
    """The settings that batches follow from."""

    @property
    def batch_size(self) -> int | str:
        """Rows of a batch."""
        ...

    @property
    def validation_split(self) -> float:
        """Share of rows to validate on."""
        ...


class Batches:
    """Row numbers by step, a function of the seed and the step alone.

    held_out, rows: numbers of the rows to validate on, and of those to train on. size: rows of a batch. aside: (rows,)
    bool, which are to validate on; drawn at random if not given.
    """

    def __init__(
        self, rows: int, *, batch_size: int, validation_split: float, seed: int, aside: np.ndarray | None = None
    ) -> None:
        self.seed = seed
        shuffled = np.random.default_rng([seed, 1]).permutation(rows).astype(np.int32)
        if aside is None:
            held = int(np.clip(validation_split * rows, 1, MOST_VALIDATION))
            self.held_out, self.rows = shuffled[:held], shuffled[held:]
        else:
            self.held_out, self.rows = shuffled[aside[shuffled]], shuffled[~aside[shuffled]]
        self.size = min(batch_size, len(self.rows))
        self.steps_per_epoch = max(len(self.rows) // self.size, 1)
        self._epoch, self._shuffled = -1, self.rows

    @classmethod
    def of(cls, rows: int, settings: BatchSettings, run: Run) -> Batches:
        """Batches for a run by a family's settings."""
        split = settings.validation_split
        aside = run.aside(rows, split)
        return cls(rows, batch_size=int(settings.batch_size), validation_split=split, seed=run.seed, aside=aside)

    def of_step(self, step: int) -> np.ndarray:
        """Row numbers (size,): each row once an epoch."""
        epoch, inside = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._shuffled = epoch, np.random.default_rng([self.seed, 2, epoch]).permutation(self.rows)
        return self._shuffled[inside * self.size : (inside + 1) * self.size]

    @property
    def every(self) -> np.ndarray:
        """Numbers of all rows, those held out first, in the order in which they were drawn for that."""
        return np.concatenate([self.held_out, self.rows])

    def to_measure(self, fewest: int, most: int | None = None) -> np.ndarray:
        """Numbers of rows to measure quality on: those held out, or up to `most` of all if these are too few."""
        return self.held_out if len(self.held_out) >= fewest else self.every[:most]

    def rng(self, step: int) -> np.random.Generator:
        """Randomness of a step beyond the choice of its rows."""
        return np.random.default_rng([self.seed, 3, step])

    def to_validate(self, size: int) -> list[np.ndarray]:
        """The held-out rows in batches of `size`, the last filled up with the first."""
        size = min(size, len(self.held_out))
        padded = np.arange(-(-len(self.held_out) // size) * size) % len(self.held_out)
        return [self.held_out[part] for part in np.split(padded, len(padded) // size)]
