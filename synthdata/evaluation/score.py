"""A score: the value of one metric, held against its anchors. The anchors of all scores are found here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from synthdata.evaluation.grades import Grade, grade_of
from synthdata.metrics import ANCHORS, METRICS, Better, Section

__all__ = ["Score"]

SIDES = {"synthetic", *ANCHORS}
T = TypeVar("T")


@dataclass(frozen=True)
class Score:
    """The value of one metric, and what it is held against.

    name: as in `METRICS` and in a schema's `require`, like "c2st_auc". label: for a person.
    value: None if it was not measured; `note` says why.
    better: "higher", "lower", or "half" for what is best at 0.5.
    ceiling: the value of real rows in place of the synthetic ones. floor: that of rows that know nothing, see `Metric`.
    interval: 95 % confidence interval of the value.
    passed: whether it passed; None if it was not judged. limit: what it was judged by, for a person.
    required: whether the schema requires it. What failed and was not required is an alarm.
    """

    name: str
    label: str
    section: Section
    value: float | None
    better: Better = "higher"
    ceiling: float | None = None
    floor: float | None = None
    interval: tuple[float, float] | None = None
    passed: bool | None = None
    limit: str = ""
    note: str = ""
    required: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        value: float | None,
        *,
        ceiling: float | None = None,
        floor: float | None = None,
        interval: tuple[float, float] | None = None,
        note: str = "",
    ) -> Self:
        """A score of a metric in `METRICS`."""
        metric = METRICS[name]
        return cls(
            name,
            metric.label,
            metric.section,
            value,
            metric.better,
            ceiling=ceiling,
            floor=floor,
            interval=interval,
            note=note,
        )

    @classmethod
    def anchored(
        cls,
        name: str,
        values: Mapping[str, float | None],
        *,
        interval: tuple[float, float] | None = None,
        note: str = "",
    ) -> Self:
        """The value of the synthetic rows, with those of the metric's ceiling and floor as far as they are known.

        values: by side, "synthetic" or one of `ANCHORS`; those that are no anchor of the metric are left out.
        """
        assert values.keys() <= SIDES, values.keys()
        metric = METRICS[name]
        ceiling, floor = (None if anchor is None else values.get(anchor) for anchor in (metric.ceiling, metric.floor))
        return cls.of(name, values["synthetic"], ceiling=ceiling, floor=floor, interval=interval, note=note)

    @classmethod
    def measured(
        cls, name: str, metric: Callable[[T], float | None], sides: Mapping[str, T], *, note: str = ""
    ) -> Self:
        """Measure the synthetic side and its anchors in the same way; see `anchored`."""
        asked = {"synthetic", METRICS[name].ceiling, METRICS[name].floor}
        return cls.anchored(name, {side: metric(rows) for side, rows in sides.items() if side in asked}, note=note)

    @classmethod
    def unmeasured(cls, name: str, why: str) -> Self:
        """A metric that was not measured."""
        return cls.of(name, None, note=why if why.startswith("not measured") else f"not measured: {why}")

    @property
    def grade(self) -> Grade | None:
        """Good, fair or poor; None if it was not measured, or there is nothing to hold it against."""
        return grade_of(METRICS[self.name], self.value, self.floor, self.ceiling, self.passed)

    @property
    def best(self) -> float | None:
        """The best possible value; None if only real rows tell."""
        return METRICS[self.name].best

    def judged(self, failed: bool, limit: str) -> Self:
        """The score with a verdict, and the limit that led to it."""
        return replace(self, passed=not failed, limit=limit)

    def held_to(self, threshold: float) -> Self:
        """The score with the verdict on a required threshold. What was not measured has missed it."""
        at_least = self.better == "higher"
        limit = f"at {'least' if at_least else 'most'} {threshold:g}"
        if self.value is None:
            return replace(self, passed=False, limit=limit, required=True)
        reached = self.value >= threshold if at_least else self.value <= threshold
        if reached and self.passed is False:  # what raises an alarm of its own has not reached it
            return replace(self, limit=f"{limit}, and {self.limit}", required=True)
        return replace(self, passed=reached, limit=limit, required=True)
