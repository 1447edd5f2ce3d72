"""A report as one HTML file: what is shown where. The template says how it looks."""

from __future__ import annotations

import math
import unicodedata
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from synthdata.evaluation.grades import Grade
from synthdata.evaluation.html import plots
from synthdata.evaluation.report import Bars, ColumnScore, ContactSheet, PairScore, Report
from synthdata.evaluation.score import Score
from synthdata.evaluation.summary import besides, best_of, format_value, section_summary, unmeasured_summary
from synthdata.fields.image.pictures import png
from synthdata.metrics import ANCHORS, METRICS, Section

__all__ = ["environment", "render"]

WORST = 10  # columns and pairs that are named
OPEN_COLUMNS = 12  # shown at first; the rest unfolds
MOST_COLUMNS = 60  # drawn at all
MOST_LABELS = 9  # of a column, drawn
MOST_PAIRS = 2000  # in the table: more take megabytes
LONGEST_TEXT = 600  # characters of a text that are shown
LEAST_WAY = 0.02  # distance of the anchors, below which a place between them says little
LEAST_SPAN = 0.1  # of values on a score's line, from worse to better
MICROSECONDS_A_DAY = 86_400_000_000

SECTIONS: dict[Section, str] = {
    "fidelity": "How similar are synthetic and real rows?",
    "utility": "How well does a model trained on synthetic rows predict real ones?",
    "privacy": "Are synthetic rows any nearer to the training rows than held-out real rows are?",
}
State = Literal["missed", "alarm", "passed", "calm", "measured", "unmeasured"]
WORST_FIRST: tuple[State, ...] = ("missed", "alarm", "passed", "calm", "measured", "unmeasured")


@dataclass(frozen=True)
class Track:
    """The marks of a score on a line from worse (0) to better (100), in percent."""

    value: float
    floor: float | None
    ceiling: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Rank:
    """One line of a ranking; bar and tick in percent of the longest bar."""

    names: tuple[str, ...]
    value: float
    bar: float
    tick: float | None = None


@dataclass(frozen=True)
class LabelBar:
    """One label of a column: its shares, and the lengths of their bars in percent."""

    label: str
    real: float
    synthetic: float
    lengths: tuple[float, float]


@dataclass(frozen=True)
class Part:
    """One section of the page.

    lead, grade: the score that stands for it, and its grade. summary: the grade with the score it rests on. gist: the
    lead against its anchors. besides: what is worse than the lead; empty if nothing is. unmeasured: what was not
    measured, and why; empty if everything was.
    """

    name: Section
    meaning: str
    scores: tuple[Score, ...]
    state: State
    lead: Score | None
    grade: Grade | None
    summary: str
    gist: str
    besides: str
    unmeasured: str


def render(report: Report) -> str:
    """The page. The same report gives the same bytes."""
    drawn = report.columns[:MOST_COLUMNS]
    # a few more are not worth a click
    cut = OPEN_COLUMNS if len(drawn) > OPEN_COLUMNS * 1.5 else len(drawn)
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            report=report,
            parts=[_part(report, section) for section in SECTIONS],
            required=[score for score in report.scores if score.required],
            column_groups=(drawn[:cut], drawn[cut:]),
            worst_columns=_worst_columns(report.columns),
            worst_pairs=_worst_pairs(report.pairs),
            giveaways=_giveaways(report.columns),
            missing=sorted((c for c in report.columns if c.missing or c.missing_real), key=_missing_difference),
            heat_map=plots.heat_map(report.pairs) if report.pairs else None,
            pictures=_pictures(report),
            pairs=report.pairs[:MOST_PAIRS],
            sheets=[_drawn_sheet(sheet) for sheet in report.sheets],
        )
    )


@cache
def environment(*rooms: str) -> Environment:
    """The Jinja environment of all pages. rooms: packages with templates, besides this one."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(room, ".") for room in ("synthdata.evaluation.html", *rooms)]),
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined,
    )  # fmt: skip
    made.filters |= {
        "figure": format_value,
        "percent": _percent,
        "short": _short,
        "named": _named,
        "why": _why,
        "excerpt": _excerpt,
    }
    made.globals |= {
        "track": _track, "reading": _reading, "reached_by": _reached_by, "floor_of": _floor_of, "state": _state,
        "outlines": plots.outlines, "label_bars": _label_bars, "best_of": best_of,
        "ends": _ends, "WORST": WORST, "BOX": (plots.WIDTH, plots.HEIGHT),
    }  # fmt: skip
    return made


@dataclass(frozen=True)
class DrawnSheet:
    """A contact sheet on the page: a PNG file in base 64, and its greatest width in pixels."""

    title: str
    labels: tuple[str, ...]
    data: str
    width: int


def _drawn_sheet(sheet: ContactSheet) -> DrawnSheet:
    return DrawnSheet(sheet.title, sheet.labels, b64encode(png(sheet.pixels)).decode(), 2 * sheet.pixels.shape[1])


def _pictures(report: Report) -> dict[str, plots.Picture]:
    """The plots of curves that the report has."""
    pictures = {}
    if report.roc:
        pictures["roc"] = plots.lines(
            report.roc, name="roc", across="false positive rate", up="true positive rate", unit_square=True
        )
    if report.distances:
        pictures["distances"] = plots.lines(
            report.distances, name="distances", across="distance to the nearest training row", up="share of rows"
        )
    if report.history:
        pictures["history"] = plots.lines(report.history, name="history", across="epoch", up="loss", training=True)
    return pictures


def _part(report: Report, section: Section) -> Part:
    scores = tuple(score for score in report.scores if score.section == section)
    lead = report.lead(section)
    states = {_state(score) for score in scores}
    state: State = next((state for state in WORST_FIRST if state in states), "unmeasured")
    if lead is None:
        state = "unmeasured"
    return Part(
        section,
        SECTIONS[section],
        scores,
        state,
        lead,
        report.grade(section),
        section_summary(report, section),
        _gist(lead) if lead else "",
        besides(report, section),
        unmeasured_summary(report, section),
    )


def _state(score: Score) -> State:
    match score.passed, score.required:
        case False, required:
            return "missed" if required else "alarm"
        case True, required:
            return "passed" if required else "calm"
    return "unmeasured" if score.value is None else "measured"


def _gist(score: Score) -> str:
    """The place of a score between its floor and its ceiling, in a line; empty if they say little."""
    if score.value is None or score.ceiling is None or score.floor is None:
        return ""
    # anchors that hardly differ say little; in privacy the floor is not the bad end
    if score.section == "privacy" or abs(score.ceiling - score.floor) <= LEAST_WAY:
        return ""
    way = (score.value - score.floor) / (score.ceiling - score.floor)
    if way < 0:
        return f"worse than {_floor_of(score)}"
    if way > 1:
        return f"as good as {_reached_by(score)}"
    return f"{way:.0%} of the way to {_reached_by(score)}".replace("%", "\N{NO-BREAK SPACE}%")


def _track(score: Score) -> Track | None:
    """Place a score's marks on a line on which right is always better."""
    if score.value is None or not math.isfinite(score.value):
        return None
    best = {"higher": 1.0, "lower": 0.0, "half": 0.5}[score.better]
    best = best if score.ceiling is None else score.ceiling
    marks = [score.value, best, *(score.interval or ())]
    marks += [anchor for anchor in (score.floor, score.ceiling) if anchor is not None]
    if score.floor is None and score.better != "lower":
        marks.append(0.0 if score.better == "higher" else 1.0)
    low, high = min(marks), max(marks)
    # differences of a few thousandths should look small
    short_of = max(0.0, LEAST_SPAN - (high - low))
    low, high = (low - short_of, high) if score.better == "higher" else (low, high + short_of)

    def place(mark: float) -> float:
        along = (mark - low) / (high - low)
        return float(round(2 + 96 * (along if score.better == "higher" else 1 - along), 2))

    interval = None
    if score.interval is not None:
        start, end = sorted(map(place, score.interval))
        interval = (start, end)
    anchors = [None if anchor is None else place(anchor) for anchor in (score.floor, score.ceiling)]
    return Track(place(score.value), anchors[0], anchors[1], interval)


def _reading(score: Score) -> str:
    return METRICS[score.name].reading if score.name in METRICS else ""


def _why(note: str) -> str:
    """Why a score was not measured, as a sentence, where it is already said that it was not."""
    reason = note.removeprefix("not measured: ")
    return note if reason == note else reason[:1].upper() + reason[1:]


def _reached_by(score: Score) -> str:
    """What the ceiling is the value of."""
    return ANCHORS[METRICS[score.name].ceiling]


def _floor_of(score: Score) -> str:
    """What the floor is the value of."""
    return ANCHORS[METRICS[score.name].floor or "independent"]


def _worst_columns(columns: Sequence[ColumnScore]) -> list[Rank]:
    return _ranks([((c.name,), c.score, c.ceiling) for c in columns if c.score is not None][:WORST])


def _worst_pairs(pairs: Sequence[PairScore]) -> list[Rank]:
    return _ranks([((p.first, p.second), p.score, p.ceiling) for p in pairs[:WORST]])


def _ranks(scores: Sequence[tuple[tuple[str, ...], float | None, float | None]]) -> list[Rank]:
    """Bars as long as a score's distance from 1; ticks likewise for the ceiling."""
    measured = [(names, score, ceiling) for names, score, ceiling in scores if score is not None]
    longest = max([0.05, *(1 - score for _, score, _ in measured)])
    return [
        Rank(names, score, 100 * (1 - score) / longest, None if top is None else min(100, 100 * (1 - top) / longest))
        for names, score, top in measured
    ]


def _giveaways(columns: Sequence[ColumnScore]) -> list[Rank]:
    falls = sorted(((c.c2st_importance, c.name) for c in columns if c.c2st_importance is not None), reverse=True)[
        :WORST
    ]
    longest = max([0.01, *(fall for fall, _ in falls)])
    return [Rank((name,), fall, 100 * max(0.0, fall) / longest) for fall, name in falls]


def _missing_difference(column: ColumnScore) -> float:
    return -abs(column.missing - column.missing_real)


def _label_bars(bars: Bars) -> list[LabelBar]:
    """The labels in their order; those beyond `MOST_LABELS` together."""
    rows = list(zip(bars.labels, bars.real, bars.synthetic, strict=True))
    if len(rows) > MOST_LABELS:
        shown, rest = rows[: MOST_LABELS - 1], rows[MOST_LABELS - 1 :]
        rows = [*shown, ("the rest", sum(row[1] for row in rest), sum(row[2] for row in rest))]
    longest = max([1e-9, *(max(real, synthetic) for _, real, synthetic in rows)])
    return [LabelBar(*row, (100 * row[1] / longest, 100 * row[2] / longest)) for row in rows]


def _ends(bars: Bars) -> tuple[str, str]:
    """The first and the last edge of a histogram, for a person."""
    low, high = bars.edges[0], bars.edges[-1]
    if not bars.is_time:
        return _quantity(low), _quantity(high)
    unit: Literal["D", "m"] = "D" if high - low > 3 * MICROSECONDS_A_DAY else "m"
    first, last = (str(np.datetime64(int(edge), "us").astype(f"datetime64[{unit}]")) for edge in (low, high))
    return first.replace("T", " "), last.replace("T", " ")


def _quantity(number: float) -> str:
    number += 0.0  # no minus before a zero
    written = f"{number:,.0f}" if 1000 <= abs(number) < 1e9 else f"{number:.4g}"
    return written.replace("-", "−")


def _percent(share: float) -> str:
    if 0 < share < 0.0005:
        return "< 0.1\N{NO-BREAK SPACE}%"
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def _excerpt(text: str) -> str:
    """The beginning of a text, with what cannot be printed shown as such."""
    cut = text[:LONGEST_TEXT].rstrip() + "…" if len(text) > LONGEST_TEXT else text
    unseen = ("Cc", "Cs")  # control characters, lone surrogates
    kept = (c if c == "\n" or unicodedata.category(c) not in unseen else "\N{REPLACEMENT CHARACTER}" for c in cut)
    return _named("".join(kept))


def _named(text: str) -> str:
    """A name that can be seen, whatever it is."""
    return text if text.strip() else "(empty)"


def _short(text: str, length: int = 40) -> str:
    """Cut what is too long in the middle: names that begin alike differ at their ends."""
    text = _named(text)
    if len(text) <= length:
        return text
    tail = length // 3
    return f"{text[: length - tail - 1].rstrip()}…{text[-tail:].lstrip()}"
