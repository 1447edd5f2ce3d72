"""The split into training and validation rows, and the batches of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["MOST_VALIDATION", "Batches"]

MOST_VALIDATION = 4000  # rows


class BatchSettings(Protocol):
    """The settings that determine the batches."""

    @property
    def batch_size(self) -> int | str:
        """Rows per batch."""
        ...

    @property
    def validation_split(self) -> float:
        """Share of rows held out for validation."""
        ...


class Batches:
    """Row indices of the batch of each step; deterministic given the seed and the step.

    held_out, rows: indices of the validation rows and of the training rows. size: rows per batch. validation_mask:
    (rows,) bool, the validation rows; chosen at random if None.
    """

    def __init__(
        self,
        rows: int,
        *,
        batch_size: int,
        validation_split: float,
        seed: int,
        validation_mask: np.ndarray | None = None,
    ) -> None:
        self.seed = seed
        shuffled = np.random.default_rng([seed, 1]).permutation(rows).astype(np.int32)
        if validation_mask is None:
            held = int(np.clip(validation_split * rows, 1, MOST_VALIDATION))
            self.held_out, self.rows = shuffled[:held], shuffled[held:]
        else:
            self.held_out, self.rows = shuffled[validation_mask[shuffled]], shuffled[~validation_mask[shuffled]]
        self.size = min(batch_size, len(self.rows))
        self.steps_per_epoch = max(len(self.rows) // self.size, 1)
        self._epoch, self._shuffled = -1, self.rows

    @classmethod
    def of(cls, rows: int, settings: BatchSettings, run: Run) -> Batches:
        """Batches of `rows` rows for a family's settings and a run."""
        split = settings.validation_split
        validation_mask = run.validation_mask(rows, split)
        return cls(
            rows,
            batch_size=int(settings.batch_size),
            validation_split=split,
            seed=run.seed,
            validation_mask=validation_mask,
        )

    def of_step(self, step: int) -> np.ndarray:
        """Row indices (size,); no row comes twice in an epoch."""
        epoch, inside = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._shuffled = epoch, np.random.default_rng([self.seed, 2, epoch]).permutation(self.rows)
        return self._shuffled[inside * self.size : (inside + 1) * self.size]

    @property
    def every(self) -> np.ndarray:
        """Indices of all rows in random order, held-out rows first."""
        return np.concatenate([self.held_out, self.rows])

    def to_measure(self, fewest: int, most: int | None = None) -> np.ndarray:
        """Row indices to measure quality on: the held-out rows, or up to `most` of all rows if they are too few."""
        return self.held_out if len(self.held_out) >= fewest else self.every[:most]

    def rng(self, step: int) -> np.random.Generator:
        """The random generator of a step, for everything but the choice of its rows."""
        return np.random.default_rng([self.seed, 3, step])

    def to_validate(self, size: int) -> list[np.ndarray]:
        """Indices of the held-out rows in batches of `size`; the last is padded by starting over with the first row."""
        size = min(size, len(self.held_out))
        padded = np.arange(-(-len(self.held_out) // size) * size) % len(self.held_out)
        return [self.held_out[part] for part in np.split(padded, len(padded) // size)]
