"""A time budget: how long work may take, how much of that is left, and what a part of it may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TypeAlias

from synthdata.errors import InputError

__all__ = ["LEAST_SECONDS", "Budget", "Timer", "check_minutes"]

Timer: TypeAlias = Callable[[], float]  # seconds since any moment

LEAST_SECONDS = 1.0  # of a training, however little is left


@dataclass(frozen=True)
class Budget:
    """The time from `began` on, by `clock`.

    seconds: how much there is; None for no limit. kept: how much of it is for what follows the work; of what is left,
    at most half. earlier: seconds that the same work took before, until it was interrupted; they count as spent.
    """

    seconds: float | None
    began: float
    clock: Timer = time.monotonic
    kept: float = 0.0
    earlier: float = 0.0

    @classmethod
    def of_minutes(cls, minutes: float | Budget | None, clock: Timer = time.monotonic) -> Budget:
        """A budget that begins now; one that has begun stays as it is."""
        if isinstance(minutes, Budget):
            return minutes
        return cls(None if minutes is None else 60 * minutes, clock(), clock)

    @property
    def spent(self) -> float:
        """Seconds since it began, with those before an interruption."""
        return self.clock() - self.began + self.earlier

    @property
    def left(self) -> float | None:
        """Seconds that are left, 0 if it is overdrawn; None without a limit."""
        return None if self.seconds is None else max(self.seconds - self.spent, 0.0)

    @property
    def free(self) -> float | None:
        """Seconds that are left, without what is kept; None without a limit."""
        return None if self.left is None else self.left - min(self.kept, self.left / 2)

    def share(self, fraction: float) -> float | None:
        """Minutes for work that begins now and gets a fraction of what is free, at least `LEAST_SECONDS`."""
        return None if self.free is None else max(self.free * fraction, LEAST_SECONDS) / 60

    def part(self, seconds: float | None) -> Budget:
        """A budget for work that begins now: at most so many seconds, and no more than are left."""
        known = [each for each in (seconds, self.left) if each is not None]
        return Budget(min(known, default=None), self.clock(), self.clock)


def check_minutes(max_minutes: float | Budget | None, name: str = "max_minutes") -> None:
    """Raise InputError unless `max_minutes` is a time, or None. name: of the argument."""
    if isinstance(max_minutes, int | float) and not 0 < max_minutes < inf:
        raise InputError(f"{name} {max_minutes} is not a time; give minutes above 0")
