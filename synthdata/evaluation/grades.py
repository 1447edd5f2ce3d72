"""Good, fair or poor: the grade of a value, by its place between floor and ceiling, or by absolute steps."""

from __future__ import annotations

from typing import Literal, TypeAlias

from synthdata.metrics import Metric

__all__ = ["GRADES", "Grade", "grade_of"]

Grade: TypeAlias = Literal["good", "fair", "poor"]
GRADES: tuple[Grade, ...] = ("poor", "fair", "good")  # worst first

GOOD_WAY, FAIR_WAY = 0.8, 0.4  # of the way from the floor to the ceiling
WRONG_WAY_ROUND = 0.45  # an AUC below which the classifier was misled
LEAST_WAY = 0.02  # distance of the anchors, below which a place between them means nothing


def grade_of(
    metric: Metric, value: float | None, floor: float | None, ceiling: float | None, passed: bool | None
) -> Grade | None:
    """Grade a value; None if it was not measured, or there is nothing to hold it against.

    Privacy: no alarm is good, an alarm is poor. Other metrics: by the way from the floor to the ceiling (without one,
    to the best value); if these hardly differ, or there is no floor, by the distance to the ceiling.
    """
    if value is None:
        return None
    if metric.section == "privacy":
        return None if passed is None else "good" if passed else "poor"
    goal = metric.best if ceiling is None else ceiling
    if goal is None:
        return None
    if metric.better == "half" and value < WRONG_WAY_ROUND:
        return None  # rows repeat on both sides, which misleads the classifier: the value says nothing
    up = 1.0 if metric.better == "higher" else -1.0
    if floor is not None and up * (goal - floor) > LEAST_WAY + 1e-9:
        way = (value - floor) / (goal - floor)
        return _word(-way, -GOOD_WAY, -FAIR_WAY)
    if metric.steps is None or (metric.section == "utility" and floor is not None):
        return None  # utility: if real rows predict nothing either, there is nothing to grade
    if metric.in_times:
        return _word(value / goal, *metric.steps) if goal > 0 else None
    return _word(up * (goal - value), *metric.steps)


def _word(distance: float, good: float, fair: float) -> Grade:
    return "good" if distance <= good + 1e-9 else "fair" if distance <= fair + 1e-9 else "poor"
