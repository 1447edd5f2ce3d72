"""What it gains a learner to change its training rows: candidates beside doing nothing, on rows nobody learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

__all__ = ["Gains", "Line"]

Kind = Literal["nothing", "simple", "transforms", "generated"]


@dataclass(frozen=True)
class Line:
    """One candidate: what was done to the training rows, and what that gained.

    kind: "simple" is what takes no generator (class weights, oversampling, SMOTE); "transforms" are changed copies of
    real rows. rows: added to the table, were it whole. score: the measure, mean of the folds; None if not measured, and
    `note` says why. gain: the score less that of doing nothing. interval: the gain's, simultaneous over all lines.
    also: other measures by their names.
    """

    label: str
    kind: Kind
    rows: int = 0
    score: float | None = None
    gain: float | None = None
    interval: tuple[float, float] | None = None
    also: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Gains:
    """All candidates.

    name: of the schema. measure: what `score` is, higher is better. learner: its import path. rows: all of them were
    held out once. confidence: of the intervals, all of them together. lines: doing nothing first.
    """

    name: str
    target: str
    learner: str
    measure: str
    rows: int
    folds: int
    confidence: float
    lines: tuple[Line, ...]
    seconds: float = 0.0

    @property
    def best(self) -> Line | None:
        """The candidate of added rows, generated or transformed, with the highest score."""
        return _highest(self.lines, ("generated", "transforms"))

    @property
    def simplest(self) -> Line | None:
        """The best of what takes no generator."""
        return _highest(self.lines, ("simple",))

    @property
    def helps(self) -> bool:
        """Whether the best one's interval lies above zero."""
        return self.best is not None and self.best.interval is not None and self.best.interval[0] > 0

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON."""
        best = self.best
        return {**asdict(self), "best": best.label if best else None, "helps": self.helps}


def _highest(lines: tuple[Line, ...], kinds: tuple[Kind, ...]) -> Line | None:
    found = [line for line in lines if line.kind in kinds and line.score is not None]
    return max(found, key=lambda line: line.score or 0.0, default=None)
