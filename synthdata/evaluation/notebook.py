"""A report as a notebook shows it: its scores in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from synthdata.notebook import table_html

if TYPE_CHECKING:
    from synthdata.evaluation.report import Report
    from synthdata.evaluation.score import Score

__all__ = ["report_html"]


def report_html(report: Report) -> str:
    """The scores of a report, beside what real rows reach. Scores only: no value of a row is shown."""
    state = "passed" if report.passed else f"missed: {', '.join(score.label for score in report.missed)}"
    columns = ("section", "score", "value", "real rows", "grade", "required", "")
    return table_html(f"Report of {report.name}: {state}", columns, map(_row, report.scores))


def _row(score: Score) -> tuple[str, ...]:
    reached = {True: "passed", False: "missed" if score.required else "alarm", None: ""}[score.passed]
    value, ceiling = ("" if each is None else f"{each:.3g}" for each in (score.value, score.ceiling))
    asked = score.limit if score.required else ""
    return score.section, score.label, value, ceiling, score.grade or "", asked, reached or score.note
