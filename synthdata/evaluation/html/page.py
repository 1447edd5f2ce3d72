"""A report as one HTML page that needs nothing else: here, what stands where; in the template, how it looks."""

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
from synthdata.evaluation.html.reading import answer, best_of, figure, unmeasured
from synthdata.evaluation.report import Bars, ColumnScore, PairScore, Report, Score, Sheet
from synthdata.fields.image.pictures import png
from synthdata.metrics import MEASURES, Section

__all__ = ["environment", "render"]

WORST = 10  # columns and pairs that are named
OPEN_COLUMNS = 12  # shown at once; the rest is one click away
MOST_COLUMNS = 60  # drawn at all
MOST_LABELS = 9  # of a column, drawn
MOST_PAIRS = 2000  # in the table: more weigh megabytes
LONGEST_TEXT = 600  # characters of a text that are shown
LEAST_SPAN = 0.1  # of a score's line, from worse to better
MICROSECONDS_A_DAY = 86_400_000_000

SECTIONS: dict[Section, tuple[str, str]] = {
    "fidelity": ("Is it good?", "Do the synthetic rows look like the real ones?"),
    "utility": ("Is it useful?", "Does a model that learnt from synthetic rows know real ones?"),
    "privacy": ("Is it safe?", "Are the synthetic rows no nearer to the training rows than fresh real rows are?"),
}
State = Literal["missed", "alarm", "passed", "calm", "measured", "unmeasured"]
WORST_FIRST: tuple[State, ...] = ("missed", "alarm", "passed", "calm", "measured", "unmeasured")


@dataclass(frozen=True)
class Track:
    """Where a score's marks stand on a line from worse (0) to better (100), in percent."""

    value: float
    floor: float | None
    ceiling: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class Rank:
    """One line of a ranking; bar and tick in percent of the longest."""

    names: tuple[str, ...]
    value: float
    bar: float
    tick: float | None = None


@dataclass(frozen=True)
class LabelBar:
    """One label of a column: shares, and how long their bars are in percent."""

    label: str
    real: float
    synthetic: float
    lengths: tuple[float, float]


@dataclass(frozen=True)
class Part:
    """One of the three questions, with the score that answers it best at a glance.

    grade, answer: its word, and that with the figure and its best value. unmeasured: what was not, and why, if any.
    """

    name: Section
    question: str
    meaning: str
    scores: tuple[Score, ...]
    state: State
    lead: Score | None
    grade: Grade | None
    answer: str
    gist: str
    unmeasured: str


def render(report: Report) -> str:
    """Write the page. The same report gives the same bytes."""
    drawn = report.columns[:MOST_COLUMNS]
    # a handful that would be left over is not worth a click
    cut = OPEN_COLUMNS if len(drawn) > OPEN_COLUMNS * 1.5 else len(drawn)
    return (
        environment()
        .get_template("page.html.jinja")
        .render(
            report=report,
            parts=[_part(report, section) for section in SECTIONS],
            asked=[score for score in report.scores if score.required],
            column_groups=(drawn[:cut], drawn[cut:]),
            worst_columns=_worst_columns(report.columns),
            worst_pairs=_worst_pairs(report.pairs),
            giving_away=_giving_away(report.columns),
            missing=sorted((c for c in report.columns if c.missing or c.missing_real), key=_missing_difference),
            heat_map=plots.heat_map(report.pairs) if report.pairs else None,
            pictures=_pictures(report),
            pairs=report.pairs[:MOST_PAIRS],
            sheets=[_drawn_sheet(sheet) for sheet in report.sheets],
        )
    )


@cache
def environment(*rooms: str) -> Environment:
    """What pages are made with; rooms: packages that have templates besides those here."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(room, ".") for room in ("synthdata.evaluation.html", *rooms)]),
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined,
    )  # fmt: skip
    made.filters |= {
        "figure": figure,
        "percent": _percent,
        "short": _short,
        "named": _named,
        "why": _why,
        "excerpt": _excerpt,
    }
    made.globals |= {
        "track": _track, "reading": _reading, "reached_by": _reached_by, "state": _state,
        "outlines": plots.outlines, "label_bars": _label_bars, "best_of": best_of,
        "ends": _ends, "WORST": WORST, "BOX": (plots.WIDTH, plots.HEIGHT),
    }  # fmt: skip
    return made


@dataclass(frozen=True)
class DrawnSheet:
    """A contact sheet as the page holds it: a PNG file in base 64, and how wide it is drawn at most."""

    title: str
    labels: tuple[str, ...]
    data: str
    width: int


def _drawn_sheet(sheet: Sheet) -> DrawnSheet:
    return DrawnSheet(sheet.title, sheet.labels, b64encode(png(sheet.pixels)).decode(), 2 * sheet.pixels.shape[1])


def _pictures(report: Report) -> dict[str, plots.Picture]:
    """Draw what the report has lines for."""
    pictures = {}
    if report.roc:
        pictures["roc"] = plots.lines(
            report.roc, name="roc", across="real rows taken for synthetic", up="rows found out", unit_square=True
        )
    if report.distances:
        pictures["distances"] = plots.lines(
            report.distances, name="distances", across="distance to the nearest training row", up="share of rows nearer"
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
        *SECTIONS[section],
        scores,
        state,
        lead,
        report.grade(section),
        answer(report, section),
        _gist(lead) if lead else "",
        unmeasured(report, section),
    )


def _state(score: Score) -> State:
    match score.passed, score.required:
        case False, required:
            return "missed" if required else "alarm"
        case True, required:
            return "passed" if required else "calm"
    return "unmeasured" if score.value is None else "measured"


def _gist(score: Score) -> str:
    """Say what a score means against its anchors, in a line."""
    if score.value is None or score.ceiling is None:
        return ""
    floor = score.floor
    # anchors that hardly differ span no way to go; in privacy independent columns are not the bad end
    if floor is not None and score.section != "privacy" and abs(score.ceiling - floor) > 0.02:
        way = (score.value - floor) / (score.ceiling - floor)
        if 0 <= way <= 1:
            return f"{way:.0%} of the way to {_reached_by(score)}".replace("%", "\N{NO-BREAK SPACE}%")
    return f"{_reached_by(score)} reach {figure(score.ceiling)}"


def _track(score: Score) -> Track | None:
    """Lay a score's marks on a line on which right is always better."""
    if score.value is None or not math.isfinite(score.value):
        return None
    best = {"higher": 1.0, "lower": 0.0, "half": 0.5}[score.better]
    best = best if score.ceiling is None else score.ceiling
    marks = [score.value, best, *(score.interval or ())]
    marks += [anchor for anchor in (score.floor, score.ceiling) if anchor is not None]
    if score.floor is None and score.better != "lower":
        marks.append(0.0 if score.better == "higher" else 1.0)
    low, high = min(marks), max(marks)
    # differences of a few thousandths shall look small
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
    return MEASURES[score.name].reading if score.name in MEASURES else ""


def _why(note: str) -> str:
    """Why nothing was measured, as a sentence, for a place that says already that it was not."""
    reason = note.removeprefix("not measured: ")
    return note if reason == note else reason[:1].upper() + reason[1:]


def _reached_by(score: Score) -> str:
    """Whose the ceiling is."""
    return "real rows" if score.section == "utility" else "held-out real rows"


def _worst_columns(columns: Sequence[ColumnScore]) -> list[Rank]:
    return _ranks([((c.name,), c.score, c.ceiling) for c in columns if c.score is not None][:WORST])


def _worst_pairs(pairs: Sequence[PairScore]) -> list[Rank]:
    return _ranks([((p.first, p.second), p.score, p.ceiling) for p in pairs[:WORST]])


def _ranks(scores: Sequence[tuple[tuple[str, ...], float | None, float | None]]) -> list[Rank]:
    """Bars as long as the score is short of 1; ticks likewise for the ceiling."""
    measured = [(names, score, ceiling) for names, score, ceiling in scores if score is not None]
    longest = max([0.05, *(1 - score for _, score, _ in measured)])
    return [
        Rank(names, score, 100 * (1 - score) / longest, None if top is None else min(100, 100 * (1 - top) / longest))
        for names, score, top in measured
    ]


def _giving_away(columns: Sequence[ColumnScore]) -> list[Rank]:
    falls = sorted(((c.gives_away, c.name) for c in columns if c.gives_away is not None), reverse=True)[:WORST]
    longest = max([0.01, *(fall for fall, _ in falls)])
    return [Rank((name,), fall, 100 * max(0.0, fall) / longest) for fall, name in falls]


def _missing_difference(column: ColumnScore) -> float:
    return -abs(column.missing - column.missing_real)


def _label_bars(bars: Bars) -> list[LabelBar]:
    """The labels in their order; what is past the last that is drawn, together."""
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
