"""The gains of augmentation as one HTML file: a conclusion, a forest plot, a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from synthdata.augmentation.proof.gains import Gains, Kind, Line
from synthdata.evaluation.html.page import environment
from synthdata.evaluation.summary import format_value

__all__ = ["conclusion", "render_gains"]

KINDS: dict[Kind, str] = {
    "generated": "generated rows",
    "transforms": "augmented copies of real rows",
    "simple": "no generator",
    "nothing": "nothing",
}
STEPS = (1, 2, 5)  # between ticks, times a power of ten
MOST_TICKS = 6
FARTHEST = 4  # times the typical reach of a line: what lies beyond is cut, so that no line flattens all others
MARGIN = 0.03  # of the axis, on either side
NOTHING = 1e-6  # rounding error of sums, not a gain
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Tick:
    """A label on the axis and its place in percent."""

    label: str
    place: float


@dataclass(frozen=True)
class Drawn:
    """A line of the plot, in percent of the axis. value: None beyond the axis; cut: the ends that are beyond it."""

    line: Line
    value: float | None
    interval: tuple[float, float] | None
    cut: tuple[bool, bool]


@dataclass(frozen=True)
class Forest:
    """All gains on one axis, the largest first. zero: the place of doing nothing."""

    drawn: tuple[Drawn, ...]
    zero: float
    ticks: tuple[Tick, ...]


def render_gains(gains: Gains) -> str:
    """The page. The same gains give the same bytes."""
    return (
        environment("synthdata.augmentation.proof")
        .get_template("gains.html.jinja")
        .render(
            gains=gains,
            conclusion=conclusion(gains),
            kinds=KINDS,
            kinds_drawn=[kind for kind in KINDS if any(line.kind == kind for line in _compared(gains.lines))],
            forest=_forest(_compared(gains.lines)),
            also=list(dict.fromkeys(name for line in gains.lines for name in line.also)),
            confidence=_percent(gains.confidence),
            signed=_signed,
            span=_range,
        )
    )


def conclusion(gains: Gains) -> tuple[str, ...]:
    """What the gains mean in plain sentences, the verdict first."""
    best, simplest = gains.best, gains.simplest
    shown = [line for line in _compared(gains.lines) if line.interval and line.interval[0] > 0]
    added, simple = ([line for line in shown if (line.kind == "simple") is is_simple] for is_simple in (False, True))
    if best is None:
        sentences = ["No candidate that adds rows was measured."]
    elif gains.helps:
        sentences = [f"Adding {_named(best)} {_raises(gains, best)}."]
    elif simple:
        sentences = [f"Neither generated rows nor augmented copies are shown to help: {_falls_short(best)}."]
    else:
        sentences = [f"No candidate is shown to help: {_falls_short(best)}."]
    if simple and not added:
        other = max(simple, key=_by_score)
        sentences.append(f"Shown to help {_without(other)}: {other.label}. It {_raises(gains, other)}.")
    elif best and simplest and _by_score(simplest) >= _by_score(best):
        text = f"{simplest.label} ({gains.metric} {format_value(simplest.score)})"
        sentences.append(f"At least as good, and {_without(simplest)}: {text}.")
    elif simple:
        other = max(simple, key=_by_score)
        sentences.append(f"Shown to help as well, {_without(other)}: {other.label}. It {_raises(gains, other)}.")
    if best and not shown:
        sentences.append("Leave the data unchanged.")
    remarks = sorted({line.note for line in _compared(gains.lines) if line.note and line.score is not None})
    if remarks:
        sentences.append(f"Some candidates: {'; '.join(remarks)}; a longer proof may show more.")
    return tuple(sentences)


def _by_score(line: Line) -> float:
    return -math.inf if line.score is None else line.score


def _named(line: Line) -> str:
    return f"{line.rows:,} rows ({line.label})"


def _raises(gains: Gains, line: Line) -> str:
    nothing = next((each for each in gains.lines if each.kind == "nothing"), None)
    way = f"to {format_value(line.score)}"
    if nothing is not None and nothing.score is not None:
        way = f"from {format_value(nothing.score)} {way}"
    text = f"raises {gains.metric} {way}: a gain of {_signed(line.gain)}"
    return f"{text}, {_percent(gains.confidence)} interval {_range(line.interval)}" if line.interval else text


def _falls_short(best: Line) -> str:
    if best.gain is None:
        return f"the best ({best.label}) was not compared with doing nothing"
    change = f"gains {_signed(best.gain)}" if best.gain >= 0 else f"loses {_signed(-best.gain).removeprefix('+')}"
    if best.interval is None:
        return f"the best ({best.label}) {change}, and has no interval"
    where = "includes zero" if best.interval[1] >= 0 else "lies below zero"
    return f"the best ({best.label}) {change}, and its interval, {_range(best.interval)}, {where}"


def _without(line: Line) -> str:
    """What a baseline does without; oversampling and SMOTE add rows too."""
    return "without a generator" if line.rows else "without any new row"


def _compared(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.gain is not None and line.kind != "nothing"]


def _forest(lines: Sequence[Line]) -> Forest | None:
    """Place gains and intervals on an axis that includes zero and most of them."""
    if not lines:
        return None
    by_gain = sorted(lines, key=lambda line: -(line.gain or 0.0))
    ends = [(line.gain or 0.0, *(line.interval or ())) for line in by_gain]
    farthest = FARTHEST * median(max(map(abs, each)) for each in ends)
    near = [0.0, *(end for each in ends for end in each if abs(end) <= farthest)]
    low, high = min(near), max(near)
    reach = high - low or 1.0
    low, high = low - MARGIN * reach, high + MARGIN * reach

    def place(gain: float) -> float:
        return float(round(100 * (min(high, max(low, gain)) - low) / (high - low), 2))

    drawn = []
    for line in by_gain:
        gain, interval = line.gain or 0.0, line.interval
        reached = interval or (gain, gain)
        drawn.append(
            Drawn(
                line,
                place(gain) if low <= gain <= high else None,
                (place(interval[0]), place(interval[1])) if interval else None,
                (reached[0] < low, reached[1] > high),
            )
        )
    return Forest(tuple(drawn), place(0.0), tuple(Tick(label, place(at)) for label, at in _ticks(low, high)))


def _ticks(low: float, high: float) -> list[tuple[str, float]]:
    """Round values between the ends, zero among them, as text and as numbers."""
    rough = (high - low) / MOST_TICKS
    exponent = math.floor(math.log10(rough))
    times = next((times for times in STEPS if times * 10.0**exponent >= rough), None)
    times, exponent = (times, exponent) if times else (STEPS[0], exponent + 1)
    step = times * 10.0**exponent
    ticks = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return [(f"{tick:+.{max(0, -exponent)}f}".replace("-", MINUS) if tick else "0", tick) for tick in ticks]


def _signed(gain: float | None) -> str:
    """Three decimals and the sign; a gain that is not zero is not shown as zero."""
    if gain is None:
        return "–"
    if abs(gain) < NOTHING:
        return "0.000"
    small = abs(gain) < 0.0005  # its sign may be the verdict
    written = np.format_float_positional(gain, 1, fractional=False, sign=True) if small else f"{gain:+.3f}"
    return written.replace("-", MINUS)


def _range(interval: tuple[float, float]) -> str:
    return " to ".join(_signed(end).removeprefix("+") for end in interval)


def _percent(share: float) -> str:
    return f"{100 * share:g}\N{NO-BREAK SPACE}%"
