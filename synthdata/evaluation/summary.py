"""A report in sentences: the grade of each section, the score it rests on, and what was not measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from synthdata.metrics import ANCHORS, METRICS, Section

if TYPE_CHECKING:
    from synthdata.evaluation.report import Report
    from synthdata.evaluation.score import Score

__all__ = ["besides", "best_of", "format_value", "section_summary", "short_label", "unmeasured_summary"]

SHOWN = 3  # phrases that are said


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
    """The grade of a section with the score it rests on: `fair (real-vs-synthetic AUC 0.742, best 0.5)`.

    What is worse than the grade is said after it.
    """
    lead = report.lead(section)
    if lead is None:
        reasons = [score.note for score in report.scores if score.section == section and score.value is None]
        return f"not measured{_why(reasons)}"
    parts = [f"{short_label(lead)} {format_value(lead.value)}", best_of(lead)]
    if lead.passed is False:
        parts.append("missed" if lead.required else "an alarm")
    figures = ", ".join(part for part in parts if part)
    grade, masked, poor = report.grade(section), _masked(report, section), _poor(report, section)
    if grade != lead.grade:  # masked columns decide
        return _but(f"{grade} ({_some(masked)}; {figures})", poor)
    return _but(f"{grade or 'measured'} ({figures})", [*masked, *poor])


def besides(report: Report, section: Section) -> str:
    """What is worse than a section's lead: masked columns, and poor scores; empty if nothing is."""
    return _some([*_masked(report, section), *_poor(report, section)])


def _masked(report: Report, section: Section) -> list[str]:
    return [f"column {column.said}" for column in report.masked] if section == "fidelity" else []


def _poor(report: Report, section: Section) -> list[str]:
    """The poor scores of a section whose grade is better."""
    poor = [score for score in report.scores if score.section == section and score.grade == "poor"]
    if report.grade(section) == "poor":
        return []
    return [f"{short_label(score)} {format_value(score.value)} is poor" for score in poor]


def _but(said: str, worse: list[str]) -> str:
    return f"{said}, but {_some(worse)}" if worse else said


def _some(phrases: list[str]) -> str:
    """Some phrases as one, and how many are left out."""
    more = [f"{len(phrases) - SHOWN} more"] if len(phrases) > SHOWN else []
    *first, last = [*phrases[:SHOWN], *more] or [""]
    return f"{', '.join(first)} and {last}" if first else last


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
