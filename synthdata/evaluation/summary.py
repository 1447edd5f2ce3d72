"""A report in sentences: the grade of each section, the score it rests on, and what was not measured."""

from __future__ import annotations

import math

from synthdata.evaluation.report import Report
from synthdata.evaluation.score import Score
from synthdata.metrics import ANCHORS, METRICS, Section

__all__ = ["best_of", "format_value", "section_summary", "short_label", "unmeasured_summary"]


def format_value(number: float | None) -> str:
    """Three decimals; a value that is not zero is not shown as zero."""
    if number is None or not math.isfinite(number):
        return "–"
    if 0 < abs(number) < 0.0005:
        return "< 0.001" if number > 0 else "> −0.001"
    return f"{number:,.3f}".replace("-", "−")


def short_label(score: Score) -> str:
    """The label of a score within a sentence."""
    name = score.label.partition(" (")[0]
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def best_of(score: Score) -> str:
    """The best possible value, `best 0.5`, or the value of real rows."""
    if score.best is not None:
        return f"best {score.best:g}"
    if score.ceiling is None:
        return ""
    return f"{ANCHORS[METRICS[score.name].ceiling]} {format_value(score.ceiling)}"


def section_summary(report: Report, section: Section) -> str:
    """The grade of a section with the score it rests on: `fair (real-vs-synthetic AUC 0.742, best 0.5)`."""
    lead = report.lead(section)
    if lead is None:
        reasons = [score.note for score in report.scores if score.section == section and score.value is None]
        return f"not measured{_why(reasons)}"
    parts = [f"{short_label(lead)} {format_value(lead.value)}", best_of(lead)]
    if lead.passed is False:
        parts.append("missed" if lead.required else "an alarm")
    return f"{lead.grade or 'measured'} ({', '.join(part for part in parts if part)})"


def unmeasured_summary(report: Report, section: Section) -> str:
    """What was not measured in a section, as the end of a sentence; empty if everything was."""
    scores = [score for score in report.scores if score.section == section]
    missing = [score for score in scores if score.value is None]
    if not missing:
        return ""
    number = "no" if len(missing) == len(scores) else f"{len(missing)}"
    were = "was" if len(missing) == 1 else "were"
    said = f"{number} {section} score{'' if len(missing) == 1 else 's'} {were}"
    said += " measured" if number == "no" else " not measured"
    return said.replace("no privacy scores were", "no privacy score was") + _why([score.note for score in missing])


def _why(notes: list[str]) -> str:
    """The two most common reasons, in brackets."""
    reasons = [note.removeprefix("not measured: ") for note in notes if note.startswith("not measured: ")]
    if not reasons:
        return ""
    commonest = sorted(dict.fromkeys(reasons), key=reasons.count, reverse=True)[:2]
    return f" ({'; '.join(commonest).replace('no holdout rows', 'no held-out rows')})"
