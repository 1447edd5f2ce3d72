"""Good, fair or poor: a word for a figure, by how far it goes from its floor to its ceiling, or by absolute steps."""

from __future__ import annotations

from typing import Literal, TypeAlias

from synthdata.metrics import Measure

__all__ = ["GRADES", "Grade", "grade_of"]

Grade: TypeAlias = Literal["good", "fair", "poor"]
GRADES: tuple[Grade, ...] = ("poor", "fair", "good")  # worst first

GOOD_WAY, FAIR_WAY = 0.8, 0.4  # of the way from independent columns to real rows
WRONG_WAY_ROUND = 0.45  # an AUC below which trees were misled
LEAST_WAY = 0.02  # between the anchors, below which they span no way to go


def grade_of(
    measure: Measure, value: float | None, floor: float | None, ceiling: float | None, passed: bool | None
) -> Grade | None:
    """Grade a figure; None if it was not measured, or there is nothing to hold it against.

    Privacy: no alarm is good, an alarm is poor. Else by the way from the floor to the ceiling, or to what is best
    without one; where these hardly differ, or there is no floor, by how far the figure is from the latter.
    """
    if value is None:
        return None
    if measure.section == "privacy":
        return None if passed is None else "good" if passed else "poor"
    goal = measure.best if ceiling is None else ceiling
    if goal is None:
        return None
    if measure.better == "half" and value < WRONG_WAY_ROUND:
        return None  # rows repeat on both sides: each is told from its like, and says nothing
    up = 1.0 if measure.better == "higher" else -1.0
    if floor is not None and up * (goal - floor) > LEAST_WAY + 1e-9:
        way = (value - floor) / (goal - floor)
        return _word(-way, -GOOD_WAY, -FAIR_WAY)
    if measure.steps is None or (measure.section == "utility" and floor is not None):
        return None  # of utility: where real rows predict nothing, there is nothing to be useful for
    if measure.in_times:
        return _word(value / goal, *measure.steps) if goal > 0 else None
    return _word(up * (goal - value), *measure.steps)


def _word(distance: float, good: float, fair: float) -> Grade:
    return "good" if distance <= good + 1e-9 else "fair" if distance <= fair + 1e-9 else "poor"
