"""What a report holds: scores beside their anchors, and what is drawn. Plain data; nothing here computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Self, get_args

import numpy as np

from synthdata.evaluation.grades import GRADES, Grade, grade_of
from synthdata.evaluation.notebook import report_html
from synthdata.metrics import MEASURES, Better, Section

__all__ = ["Bars", "Beside", "ColumnScore", "Curve", "Guessing", "PairScore", "Report", "Score", "Sheet", "TextPairs"]


LEADS = (  # what answers a question most strictly in one figure
    *("c2st_auc", "trends", "image_frechet", "text_frechet"),
    *("tstr", "image_tstr", "text_tstr"),
    *("dcr_share", "image_dcr_share", "text_copies"),
)


@dataclass(frozen=True)
class Score:
    """One figure of a report, and what it is to be held against.

    name: as thresholds name it, like "c2st_auc". label: for a person.
    value: None if it was not measured; `note` says why.
    better: "higher", "lower", or "half" for what is best at .5.
    ceiling: what held-out real rows reach in place of the synthetic ones. floor: what independent columns reach.
    interval: 95 % confidence.
    passed: whether it holds; None if nothing was asked of it. limit: what was asked of it, for a person.
    required: whether the schema asks for it. What failed and was not required is an alarm.
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
        """A score of a measure that `MEASURES` names."""
        measure = MEASURES[name]
        return cls(
            name,
            measure.label,
            measure.section,
            value,
            measure.better,
            ceiling=ceiling,
            floor=floor,
            interval=interval,
            note=note,
        )

    @property
    def grade(self) -> Grade | None:
        """Good, fair or poor; None if it was not measured, or there is nothing to hold it against."""
        return grade_of(MEASURES[self.name], self.value, self.floor, self.ceiling, self.passed)

    @property
    def best(self) -> float | None:
        """The best figure there is; None if only what real rows reach says that."""
        return MEASURES[self.name].best

    def held_to(self, threshold: float) -> Score:
        """The score, with what was asked of it. What was not measured has missed it."""
        at_least = self.better == "higher"
        limit = f"at {'least' if at_least else 'most'} {threshold:g}"
        if self.value is None:
            return replace(self, passed=False, limit=limit, required=True)
        reached = self.value >= threshold if at_least else self.value <= threshold
        if reached and self.passed is False:  # what raises an alarm of its own has not reached it
            return replace(self, limit=f"{limit}, and {self.limit}", required=True)
        return replace(self, passed=reached, limit=limit, required=True)


@dataclass(frozen=True)
class Bars:
    """Shares of rows, bar by bar: a histogram where there are edges (bars + 1), else one bar a label.

    real, synthetic: shares of the present values. What fewer than 8 real subjects show is on none of them.
    is_time: edges are microseconds since 1970.
    """

    real: tuple[float, ...]
    synthetic: tuple[float, ...]
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    is_time: bool = False


@dataclass(frozen=True)
class ColumnScore:
    """How alike one column is: 1 minus the Kolmogorov-Smirnov or the total variation distance.

    missing, missing_real: shares of rows. gives_away: by how much the C2ST's AUC falls when the column is shuffled.
    """

    name: str
    kind: str
    measure: Literal["KS", "TV"]
    score: float | None
    ceiling: float | None
    missing_real: float
    missing: float
    bars: Bars
    gives_away: float | None = None


@dataclass(frozen=True)
class PairScore:
    """How alike the dependence of two columns is, in [0, 1]."""

    first: str
    second: str
    measure: Literal["correlation", "contingency"]
    score: float
    ceiling: float | None


@dataclass(frozen=True)
class Curve:
    """A line to draw: points (x, y) of the same length, at most some hundreds."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class Sheet:
    """Images side by side: pixels (height, width, channels) uint8, and what each row of them shows, if known."""

    title: str
    pixels: np.ndarray
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Beside:
    """A synthetic text and the real one nearest to it, None where no real one is shown, with their labels, if known."""

    synthetic: str
    real: str | None
    label: str = ""
    real_label: str = ""


@dataclass(frozen=True)
class TextPairs:
    """Some synthetic texts of a field, each beside the real one nearest to it if real ones are shown."""

    field: str
    pairs: tuple[Beside, ...]


@dataclass(frozen=True)
class Guessing:
    """Images of one field for a person to tell apart, as many real ones as synthetic ones, in random order.

    images: (n, height, width, channels) uint8. is_real: (n,) bool. labels: what each is said to show, if known.
    """

    field: str
    images: np.ndarray
    is_real: np.ndarray
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """Is it good, is it useful, is it safe.

    rows: how many were given, by "train", "holdout" and "synthetic". looked_at: how many of them were looked at.
    subjects: how many subjects real rows are of, where the schema names one.
    columns, pairs: worst first. roc: of the C2ST, synthetic and, where there is a holdout, holdout rows against real.
    distances: distribution functions of the distance to the nearest training row. history: loss curves. sheets: images.
    texts: synthetic texts, beside real ones if asked for. guessing: images for a person to tell apart. shows_real:
    whether real images or texts are among them.
    seconds: spent. notes: what a person should know, each a sentence.
    """

    name: str
    target: str | None
    rows: Mapping[str, int]
    looked_at: Mapping[str, int]
    scores: tuple[Score, ...]
    columns: tuple[ColumnScore, ...]
    pairs: tuple[PairScore, ...]
    roc: tuple[Curve, ...] = ()
    distances: tuple[Curve, ...] = ()
    history: tuple[Curve, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    texts: tuple[TextPairs, ...] = ()
    guessing: tuple[Guessing, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    subjects: Mapping[str, int] = field(default_factory=dict)
    shows_real: bool = False

    @property
    def passed(self) -> bool:
        """Whether nothing that the schema requires was missed."""
        return not self.missed

    @property
    def missed(self) -> tuple[Score, ...]:
        """The scores that missed what the schema requires of them."""
        return tuple(score for score in self.scores if score.required and score.passed is False)

    @property
    def alarms(self) -> tuple[Score, ...]:
        """The scores that look wrong though nothing was required of them."""
        return tuple(score for score in self.scores if not score.required and score.passed is False)

    @property
    def unmeasured(self) -> tuple[Score, ...]:
        """The scores that were not measured."""
        return tuple(score for score in self.scores if score.value is None)

    def lead(self, section: Section) -> Score | None:
        """The score that answers the section's question in one figure; None if none does.

        What was missed or raises an alarm, if anything does; else the worst graded of `LEADS`, or of the others. That
        nothing was copied which needs no held-out rows to be seen does not make rows safe.
        """
        measured = [score for score in self.scores if score.section == section and score.value is not None]
        failed = [score for score in measured if score.passed is False]
        if failed:
            return min(failed, key=lambda score: (not score.required, score.name not in LEADS))
        leading = [score for score in measured if score.name in LEADS and score.grade]
        if not leading and section == "privacy":
            return None
        graded = leading or [score for score in measured if score.grade]
        places = {name: place for place, name in enumerate(LEADS)}
        return min(
            graded,
            key=lambda score: (GRADES.index(score.grade or "good"), places.get(score.name, len(places))),
            default=next(iter(measured), None),
        )

    def grade(self, section: Section) -> Grade | None:
        """The word for a section: that of its lead."""
        lead = self.lead(section)
        return None if lead is None else lead.grade

    def score(self, name: str) -> Score:
        """The score of a name; KeyError if there is none."""
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(name)

    def _repr_html_(self) -> str:
        return report_html(self)

    def to_json(self) -> dict[str, Any]:
        """Write as plain JSON, without what shows real images and texts."""
        plain = asdict(replace(self, sheets=(), texts=(), guessing=()))
        del plain["sheets"], plain["texts"], plain["guessing"]
        for each, score in zip(plain["scores"], self.scores, strict=True):
            each["grade"] = score.grade
        return {
            **plain,
            "passed": self.passed,
            "grades": {section: self.grade(section) for section in get_args(Section)},
            "unmeasured": [score.name for score in self.unmeasured],
        }
