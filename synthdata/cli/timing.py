"""The time that a person waits for a command: by part, and divided between parts if it is limited."""

from __future__ import annotations

from dataclasses import dataclass, field

from synthdata.budget import Budget
from synthdata.cli.console import Console, duration

__all__ = [
    "DRAWING_SHARE",
    "EVALUATION",
    "READING",
    "REPORT_ROWS",
    "ROWS",
    "TRAINING",
    "WRITING",
    "WRITTEN",
    "Expected",
    "Timing",
]

READING, TRAINING, WRITTEN, ROWS = "reading", "training", "writing", "rows"  # parts
REPORT_ROWS, EVALUATION = "rows for the report", "evaluation"
WHOLE = "whole"

REPORT_SHARE = 0.25  # of a limit, that the report's rows and their evaluation take; without one, of the training's time
LEAST_REPORT = 30.0  # seconds of a report, without a limit
ROWS_SHARE = 0.25  # of a limit, that is kept for the rows asked for at most
DRAWING_SHARE = 0.5  # of the report's time
WRITING = 1.0  # seconds of writing a report
TRAINING_SHARE = 0.5  # of what is left before training, that training gets at least


@dataclass(frozen=True)
class Expected:
    """The expected seconds of what follows a training: the report, and drawing the rows asked for."""

    report: float = 0.0
    rows: float = 0.0


@dataclass(frozen=True)
class Timing:
    """The budget of a command, from its start, and the seconds that its parts took, by name."""

    budget: Budget
    seconds: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, console: Console, max_minutes: float | None = None) -> Timing:
        """Of a command that began with its console."""
        return cls(Budget(None if max_minutes is None else 60 * max_minutes, console.started))

    def lap(self, part: str) -> None:
        """Count the time since the last lap for a part."""
        took = self.budget.spent - sum(self.seconds.values())
        self.seconds[part] = self.seconds.get(part, 0.0) + took

    def training_minutes(self, expected: Expected) -> float | None:
        """Minutes for a training that begins now, with time kept for what is expected to follow."""
        whole, left = self.budget.seconds, self.budget.left
        if whole is None or left is None:
            return None
        kept = min(expected.report, REPORT_SHARE * whole) + min(expected.rows, ROWS_SHARE * whole)
        return self.budget.minutes_left(reserved=min(kept, (1 - TRAINING_SHARE) * left))

    def report(self) -> Budget:
        """The budget of a report that begins now."""
        whole = self.budget.seconds
        if whole is None:
            return self.budget.part(max(REPORT_SHARE * self.seconds.get(TRAINING, 0.0), LEAST_REPORT))
        return self.budget.part(REPORT_SHARE * whole)

    def evaluation_minutes(self, report: Budget, rows: float) -> float | None:
        """Minutes for the evaluation of a report whose rows have been drawn.

        rows: seconds that the rows asked for will take after it. Some are kept for writing the report as well.
        """
        left = self.budget.left
        free = report.part(None if left is None else max(left - rows, 0.0))
        return free.minutes_left(reserved=WRITING)

    def result(self) -> dict[str, float]:
        """Seconds by part, and of the whole, for a machine."""
        took = {part.replace(" ", "_"): round(seconds, 2) for part, seconds in self.seconds.items()}
        return {**took, WHOLE: round(self.budget.spent, 2)}

    def line(self, rows: int = 0) -> str:
        """Seconds by part, for a person. rows: how many were asked for."""
        named = {part: f"{rows:,} rows" if part == ROWS and rows else part for part in self.seconds}
        parts = ", ".join(f"{named[part]} {duration(took)}" for part, took in self.seconds.items())
        most = "" if self.budget.seconds is None else f" of at most {duration(self.budget.seconds)}"
        return f"time: {parts}; {duration(self.budget.spent)}{most}"
