"""Why a command took longer than its limit: which parts cannot be shortened, and which limit would have been enough."""

from __future__ import annotations

import math

from synthdata.budget import LEAST_SECONDS
from synthdata.cli.console import duration
from synthdata.cli.timing import (
    COMPARISON,
    DRAWING_SHARE,
    EARLIER,
    EVALUATION,
    READING,
    REPORT_ROWS,
    ROWS,
    TRAINING,
    WRITTEN,
    Timing,
)

__all__ = ["overrun"]

TOLERATED = 0.02  # of the limit
NAMED = 0.2  # of the time over the limit, from which on a part is named
MARGIN = 1.1  # times the time that was needed
STEPS = ((2.0, 0.25), (10.0, 0.5), (math.inf, 1.0))  # minutes up to which a limit is rounded up to multiples of these

REASONS = {
    EARLIER: "it was spent before the interruption",
    READING: "libraries are loaded, and all rows are read and checked",
    TRAINING: "each network is built, compiled and validated, however few its steps",
    REPORT_ROWS: "a few hundred rows are drawn in any case",
    EVALUATION: "a few hundred rows are compared in any case",
    COMPARISON: "each candidate is trained on each fold at least once",
    ROWS: "all the rows asked for are drawn and checked",
    WRITTEN: "the whole model is written",
}


def overrun(timing: Timing) -> list[str]:
    """A sentence about the parts that kept a command from its limit; none if it kept to it."""
    whole = timing.budget.seconds
    if whole is None or timing.budget.spent <= whole * (1 + TOLERATED):
        return []
    over = timing.budget.spent - whole
    beyond = _beyond(timing, whole)
    largest = sorted(beyond, key=lambda part: -beyond[part])
    named = [part for part in largest if beyond[part] >= NAMED * over] or largest[:1]
    parts = "; ".join(f"{part}, {duration(timing.seconds[part])}: {REASONS[part]}" for part in named)
    return [
        f"{duration(over)} over --max-minutes, since some parts cannot be shortened ({parts}); "
        f"--max-minutes {_enough(timing, beyond):g} would have been about enough"
    ]


def _beyond(timing: Timing, whole: float) -> dict[str, float]:
    """Seconds of each part that a limit does not shorten, or that it took in excess of what it was given."""
    result, before = dict[str, float](), 0.0
    for part, took in timing.seconds.items():
        given = min(_given(timing, part, max(whole - before, 0.0)), took)
        if took > given:
            result[part] = took - given
        before += took
    return result


def _given(timing: Timing, part: str, left: float) -> float:
    """Seconds that a part was to take at most, of those that were left when it began."""
    report = min(timing.report, left) if TRAINING in timing.seconds else left
    given = {
        TRAINING: max(left - min(timing.kept.get(TRAINING, 0.0), left / 2), LEAST_SECONDS),
        REPORT_ROWS: DRAWING_SHARE * report,
        EVALUATION: report,
        COMPARISON: left,
    }
    return given.get(part, 0.0)


def _enough(timing: Timing, beyond: dict[str, float]) -> float:
    """Minutes that would have been about enough.

    Training gets all that reading leaves, or half of it if time is kept for what follows; a report gets a quarter.
    """
    took, share = timing.seconds, 2 if timing.kept.get(TRAINING) else 1
    needed = [timing.budget.spent]
    if TRAINING in beyond:
        needed.append(took.get(EARLIER, 0.0) + took.get(READING, 0.0) + share * took[TRAINING])
    if TRAINING in took and (EVALUATION in beyond or REPORT_ROWS in beyond):
        needed.append(4 * (took.get(REPORT_ROWS, 0.0) + took.get(EVALUATION, 0.0)))
    minutes = MARGIN * max(needed) / 60
    step = next(step for most, step in STEPS if minutes <= most)
    return math.ceil(minutes / step) * step
