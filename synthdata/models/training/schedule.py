"""The learning rate over the steps of a training: warm-up, cosine decay, and an early end that still decays.

Training that ends at a high learning rate leaves noise in the weights. So a plateau of the validation loss does not end
training: it begins the last decay, from the rate reached to zero (warm-up, stable, decay: Hu et al. 2024,
arXiv:2404.06395, section 4). A time budget shortens the schedule in the same way, by the pace of late.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

__all__ = ["Schedule"]

WARM_UP = 200  # steps
LEAST_RATE = 0.02  # at the end, as a share of the peak
LAST_DECAY = 0.75  # steps of the decay after a plateau, as a share of those before it
LOW = 0.1  # share of the highest rate, or of that at the plateau, below which another plateau ends training


@dataclass
class Schedule:
    """A schedule of learning rates; rates are shares of the peak.

    planned: number of steps without a time budget. end: the step at which training ends, earlier if time is short.
    turn: the step at which a plateau began the last decay, None if none did. turn_rate: the rate there.
    """

    planned: int
    end: int
    turn: int | None = None
    turn_rate: float = 1.0

    @classmethod
    def of(cls, steps: int) -> Self:
        """The schedule of a training of so many steps."""
        return cls(steps, steps)

    def rate(self, step: int) -> float:
        """The learning rate of a step, in (0, 1]."""
        if self.turn is not None:
            return max(self.turn_rate * _cosine((step - self.turn) / max(self.end - self.turn, 1)), LEAST_RATE)
        warm = min(1.0, (step + 1) / min(WARM_UP, max(self.end // 10, 1)))
        return warm * max(_cosine(step / self.end), LEAST_RATE)

    def is_low(self, step: int) -> bool:
        """Whether the rate has come down so far that a plateau ends training."""
        return self.rate(step) < LOW * (1.0 if self.turn is None else self.turn_rate)

    def meet_plateau(self, step: int) -> None:
        """Begin the last decay at `step`, unless it has begun, or the schedule ends no later anyway."""
        end = step + max(round(LAST_DECAY * step), 1)
        if self.turn is None and end < self.end:
            self.turn, self.turn_rate = step, self.rate(step)
            self.planned = self.end = end

    def fit(self, end: int) -> None:
        """End at step `end`, or as planned if that is earlier. A later call may give time back: a machine gets free."""
        self.end = min(self.planned, end)

    def done(self, step: int) -> float:
        """Completed share of the planned steps."""
        return min(step / self.planned, 1.0)


def _cosine(progress: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(max(progress, 0.0), 1.0)))
