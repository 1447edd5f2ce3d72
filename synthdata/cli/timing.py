"""The time that a person waits for a command: by part, and divided between parts if it is limited."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from synthdata.budget import Budget, check_minutes
from synthdata.cli.console import Console, duration

__all__ = [
    "COMPARISON",
    "DRAWING_SHARE",
    "EARLIER",
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
EARLIER, COMPARISON = "training before the interruption", "comparison"
REPORT_ROWS, EVALUATION = "rows for the report", "evaluation"
WHOLE = "whole"

REPORT_SHARE = 0.25  # of a limit, that the report's rows and their evaluation take; without one, of the training's time
LEAST_REPORT = 30.0  # seconds of a report, without a limit
ROWS_SHARE = 0.25  # of a limit, that is kept for the rows asked for at most
DRAWING_SHARE = 0.5  # of the report's time
WRITING = 1.0  # seconds of writing a report


@dataclass(frozen=True)
class Expected:
    """The expected seconds of what follows a training: the report, and drawing the rows asked for."""

    report: float = 0.0
    rows: float = 0.0


@dataclass(frozen=True)
class Timing:
    """The budget of a command, from its start, and the seconds that its parts took, by name.

    kept: the seconds that parts were to leave for what follows them, by name.
    """

    budget: Budget
    seconds: dict[str, float] = field(default_factory=dict)
    kept: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, console: Console, max_minutes: float | None = None, earlier: float = 0.0) -> Timing:
        """Of a command that began with its console; InputError for a limit that is no time.

        earlier: seconds that an interrupted training took, which the command continues.
        """
        check_minutes(max_minutes, "--max-minutes")
        budget = Budget(None if max_minutes is None else 60 * max_minutes, console.started, earlier=earlier)
        return cls(budget, {EARLIER: earlier} if earlier else {})

    def lap(self, part: str) -> None:
        """Count the time since the last lap for a part."""
        took = self.budget.spent - sum(self.seconds.values())
        self.seconds[part] = self.seconds.get(part, 0.0) + took

    def training(self, expected: Expected) -> Budget:
        """The budget of a training, with time kept for what is expected to follow."""
        whole = self.budget.seconds
        if whole is None:
            return self.budget
        self.kept[TRAINING] = min(expected.report, REPORT_SHARE * whole) + self.rows(expected)
        return replace(self.budget, kept=self.kept[TRAINING])

    def rows(self, expected: Expected) -> float:
        """Seconds that are kept for drawing the rows asked for; 0 without a limit."""
        return 0.0 if self.budget.seconds is None else min(expected.rows, ROWS_SHARE * self.budget.seconds)

    @property
    def report(self) -> float:
        """Seconds that the report may take, after the training."""
        if self.budget.seconds is None:
            return max(REPORT_SHARE * self.seconds.get(TRAINING, 0.0), LEAST_REPORT)
        return REPORT_SHARE * self.budget.seconds

    def drawing(self, rows: float) -> Budget:
        """The budget for drawing the report's rows. rows: seconds kept for rows of which these are the first."""
        return self.budget.part(DRAWING_SHARE * self.report + rows)

    def evaluation_minutes(self, later: float) -> float | None:
        """Minutes for evaluating the report's rows, once these are drawn; some are kept for writing the report.

        later: seconds that the rows asked for will take after it.
        """
        drawing = min(self.seconds[REPORT_ROWS], DRAWING_SHARE * self.report)
        left = self.budget.left
        free = self.report - drawing if left is None else min(self.report - drawing, left - later)
        return self.budget.part(max(free - WRITING, 0.0)).share(1)

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
