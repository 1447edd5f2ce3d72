"""Scoring a model's rows and reporting the scores: what the commands that evaluate share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from synthdata.cli.console import Console, duration
from synthdata.cli.timing import EVALUATION, REPORT_ROWS, Expected, Timing
from synthdata.errors import RequirementError
from synthdata.metrics import Section
from synthdata.progress import Listener, silent

if TYPE_CHECKING:
    import pandas as pd

    from synthdata.cli.learning import Learned
    from synthdata.evaluation import Report, Score
    from synthdata.schema import Schema

__all__ = ["expected", "report_scores", "score", "show_real_option"]

show_real_option = click.option(
    "--show-real",
    is_flag=True,
    help="Show real images and texts in the report, beside synthetic ones. The report then discloses real records: do "
    "not pass it on.",
)
LEAK = "key_overlap"  # the score whose alarm stops a run
SCORED = 20_000  # rows that are sampled for scoring, at most as many as were learned
UNSURE = 1.5  # times its expected seconds that a report gets


def expected(schema: Schema, table: pd.DataFrame, rows: int) -> Expected:
    """The seconds that a report on a model of the table, and drawing so many rows, are expected to take."""
    from synthdata.evaluation.limits import Workload

    scored = min(len(table), SCORED)
    work = Workload.of(schema, table, scored)
    return Expected(UNSURE * (work.drawing(scored) + sum(work.seconds().values())), work.drawing(rows))


def score(
    console: Console,
    learned: Learned,
    folder: Path,
    timing: Timing,
    rows: int,
    *,
    seed: int,
    force: bool,
    conditional: bool = False,
    show_real: bool = False,
    allow_real_keys: bool = False,
) -> tuple[dict[str, Any], list[str], list[pd.DataFrame]]:
    """Score rows that the model generates without conditions, and write the report.

    rows: how many will be asked for afterwards; conditional: with conditions. Returns what `report_scores` says, and
    the frames of the seed's rows that were drawn. RequirementError if a requirement was missed, or if the rows hold
    real keys and that was not allowed.
    """
    from synthdata.evaluation import evaluate, write_report

    synthesizer = learned.synthesizer
    kept = 0.0 if conditional else timing.rows(expected(synthesizer.schema, learned.train, rows))
    history = synthesizer.generator.history if synthesizer.generator else []
    with console.progress() as listener:
        made, drawn = _drawn(console, learned, timing, kept, seed, listener)
        pace = timing.seconds[REPORT_ROWS] / max(sum(map(len, drawn)), 1)
        later = pace * (rows if conditional else max(rows - sum(map(len, drawn)), 0))
        left = timing.budget.left
        if left is not None and later > left:
            console.say(
                f"{rows:,} rows will take about {duration(later)}, and {duration(left)} are left of --max-minutes: "
                f"they are drawn all the same"
            )
        report = evaluate(
            learned.train,
            made,
            learned.holdout,
            synthesizer.schema,
            seed=seed,
            history=history,
            warnings=synthesizer.about.get("warnings", ()),
            show_real=show_real,
            max_minutes=timing.evaluation_minutes(later),
            listener=listener,
        )
    files = write_report(report, folder, force=force)
    timing.lap(EVALUATION)
    leak = next((each for each in report.alarms if each.name == LEAK), None)
    if leak is not None and not allow_real_keys:
        raise RequirementError(
            f"synthetic rows hold real keys or personal values ({leak.note}); nothing was exported: make these columns "
            f"identifier or personal, name the subject in the schema (subject: COLUMN), or allow it with "
            f"--allow-real-keys; details: {files['html']}"
        )
    if report.missed:
        raise RequirementError(f"missed: {_named(report.missed)}; nothing was exported, details: {files['html']}")
    return *report_scores(report, files), drawn


def _drawn(
    console: Console, learned: Learned, timing: Timing, kept: float, seed: int, listener: Listener
) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """The rows to score, and the frames they were drawn in: as many as there is time for.

    kept: seconds for the rows asked for, of which these are the first.
    """
    from synthdata.pipeline import admit, recorded, until

    synthesizer = learned.synthesizer
    wanted = min(len(learned.train), SCORED, synthesizer.capacity or SCORED)
    slow = bool(synthesizer.stages.generators)
    drawn: list[pd.DataFrame] = []
    frames = recorded(synthesizer.stream(seed=seed, rows=wanted), drawn)
    frames = until(frames, wanted, timing.drawing(kept), listener if slow else silent)
    made = admit(  # the report looks for real keys
        synthesizer, frames, wanted, real=learned.real, allow_real_keys=True, fewer=True, listener=listener
    ).frame()
    timing.lap(REPORT_ROWS)
    if len(made) < wanted:
        console.say(f"{len(made):,} of {wanted:,} rows were drawn for the report, as many as there was time for")
    return made, drawn


def report_scores(report: Report, files: dict[str, Path]) -> tuple[dict[str, Any], list[str]]:
    """Say what an evaluation found: for a machine, and for a person."""
    from synthdata.evaluation.summary import section_summary, unmeasured_summary

    summaries = {section: section_summary(report, section) for section in get_args(Section)}
    result = {
        **{f"{ending}_file": str(path) for ending, path in files.items()},
        "passed": report.passed,
        "missed": [score.name for score in report.missed],
        "alarms": [score.name for score in report.alarms],
        "unmeasured": [score.name for score in report.unmeasured],
        "grades": {section: report.grade(section) for section in get_args(Section)},
        "summaries": summaries,
        "scores": {score.name: score.value for score in report.scores},
        "seconds": report.seconds,
    }
    wide = max(len(score.label) for score in report.scores)
    lines = [f"{section}: {said}" for section, said in summaries.items()]
    lines += [f"{'':<{wide}}  synthetic  held-out  independent"]
    for score in report.scores:
        if score.value is None:
            lines.append(f"{score.label:<{wide}}  {score.note}")
            continue
        figures = "".join(
            f"{'' if value is None else format(value, '.3f'):>{width}}"
            for value, width in ((score.value, 9), (score.ceiling, 10), (score.floor, 13))
        )
        verdict = "" if score.passed is not False else f"   {'missed' if score.required else 'alarm'}: {score.limit}"
        verdict += f"; {score.note}" if verdict and score.name == LEAK else ""
        lines.append(f"{score.label:<{wide}}  {figures}{verdict}".rstrip())
    outcome = []
    if report.missed:
        outcome.append(f"missed: {_named(report.missed)}")
    elif any(each.required for each in report.scores):
        outcome.append("all requirements were met")
    if report.alarms:
        outcome.append(f"alarms: {_named(report.alarms)}")
    if not report.alarms:
        measured = len(report.scores) - len(report.unmeasured)
        outcome.append(f"no alarm in {measured} measured score{'' if measured == 1 else 's'}")
    if said := unmeasured_summary(report, "privacy"):
        outcome.append(said)
    if report.shows_real:
        lines.append(f"{files['html']} shows real images or texts: do not pass it on")
    if "guess" in files:
        lines.append(f"{files['guess']}: can you tell the images from real ones?")
    lines.append(f"wrote {files['html']} ({duration(report.seconds)}); {'; '.join(outcome)}")
    return result, [*report.notes, *lines]


def _named(scores: Sequence[Score]) -> str:
    return ", ".join(f"{each.name} {_figure(each.value)} ({each.limit})" for each in scores)


def _figure(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.3f}"
