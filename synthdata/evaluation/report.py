"""A report as plain data: scores, and what is drawn beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any, Literal, Self, get_args

import numpy as np

from synthdata.evaluation.grades import GRADES, Grade
from synthdata.evaluation.notebook import report_html
from synthdata.evaluation.score import Score
from synthdata.evaluation.summary import section_summary
from synthdata.metrics import Part, Section, part_of

__all__ = [
    "Bars",
    "ColumnScore",
    "ContactSheet",
    "Curve",
    "HumanTest",
    "Masked",
    "NearestPair",
    "PairScore",
    "Panel",
    "Report",
    "TextPairs",
]


LEADS = (  # the strictest metrics of a section, one of which gives it its grade
    *("c2st_auc", "trends"),
    *("image_frechet", "image_coverage", "image_agreement", "text_frechet", "text_agreement"),
    *("tstr", "image_tstr", "text_tstr"),
    *("dcr_share", "image_dcr_share", "text_copies"),
)


@dataclass(frozen=True)
class Bars:
    """Shares of rows, bar by bar: a histogram if there are edges (bars + 1), else one bar for each label.

    real, synthetic: shares of the present values. No bar shows what fewer than 8 real subjects have in common.
    is_time: edges are microseconds since 1970.
    """

    real: tuple[float, ...]
    synthetic: tuple[float, ...]
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    is_time: bool = False


@dataclass(frozen=True)
class ColumnScore:
    """Similarity of one column: 1 minus the Kolmogorov-Smirnov (KS) or the total variation (TV) distance.

    missing, missing_real: shares of rows. c2st_importance: permutation importance of the column in the C2ST, the fall
    of the AUC when it is shuffled.
    """

    name: str
    kind: str
    metric: Literal["KS", "TV"]
    score: float | None
    ceiling: float | None
    missing_real: float
    missing: float
    bars: Bars
    c2st_importance: float | None = None


@dataclass(frozen=True)
class PairScore:
    """Similarity of the dependence of two columns, in [0, 1]."""

    first: str
    second: str
    metric: Literal["correlation", "contingency"]
    score: float
    ceiling: float | None


@dataclass(frozen=True)
class Masked:
    """A column that is the label of rare values in many synthetic rows, but not in the real ones.

    share: of the synthetic rows.
    """

    name: str
    label: str
    share: float

    @property
    def said(self) -> str:
        """What is wrong with it, within a sentence."""
        return f'"{self.name}" says "{self.label}" in {self.share:.0%} of the synthetic rows'


@dataclass(frozen=True)
class Curve:
    """A line to draw through at most some hundred points (x, y)."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True)
class ContactSheet:
    """Images in a grid: pixels (height, width, channels) uint8, and the label of each row of the grid, if known."""

    title: str
    pixels: np.ndarray
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class NearestPair:
    """A synthetic text and the real text nearest to it, with their labels if known. real: None if it is not shown."""

    synthetic: str
    real: str | None
    label: str = ""
    real_label: str = ""


@dataclass(frozen=True)
class TextPairs:
    """Some synthetic texts of a field, each with the real text nearest to it if real ones are shown."""

    field: str
    pairs: tuple[NearestPair, ...]


@dataclass(frozen=True)
class HumanTest:
    """A two-sample test by a person: as many real as synthetic images of one field, in random order.

    images: (n, height, width, channels) uint8. is_real: (n,) bool. labels: of the images, if known.
    """

    field: str
    images: np.ndarray
    is_real: np.ndarray
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Panel:
    """What one part of an evaluation adds to a report. c2st_importances: by column."""

    scores: tuple[Score, ...] = ()
    columns: tuple[ColumnScore, ...] = ()
    pairs: tuple[PairScore, ...] = ()
    roc: tuple[Curve, ...] = ()
    distances: tuple[Curve, ...] = ()
    sheets: tuple[ContactSheet, ...] = ()
    texts: tuple[TextPairs, ...] = ()
    human_tests: tuple[HumanTest, ...] = ()
    c2st_importances: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def joined(cls, panels: Iterable[Panel]) -> Self:
        """All of them as one, in their order; columns with their importances."""
        panels = tuple(panels)
        importances = dict(chain.from_iterable(panel.c2st_importances.items() for panel in panels))
        columns = [
            replace(column, c2st_importance=importances.get(column.name))
            for panel in panels
            for column in panel.columns
        ]
        return cls(
            scores=tuple(chain.from_iterable(panel.scores for panel in panels)),
            columns=tuple(columns),
            pairs=tuple(chain.from_iterable(panel.pairs for panel in panels)),
            roc=tuple(chain.from_iterable(panel.roc for panel in panels)),
            distances=tuple(chain.from_iterable(panel.distances for panel in panels)),
            sheets=tuple(chain.from_iterable(panel.sheets for panel in panels)),
            texts=tuple(chain.from_iterable(panel.texts for panel in panels)),
            human_tests=tuple(chain.from_iterable(panel.human_tests for panel in panels)),
            c2st_importances=importances,
        )


@dataclass(frozen=True, repr=False)
class Report:
    """What an evaluation found: fidelity, utility and privacy.

    `evaluate` makes it, `write_report` writes it. In a notebook it shows its scores.

    Attributes
    ----------
    name : str
        Of the schema.
    target : str or None
        The column that utility is about predicting.
    rows : mapping of str to int
        How many rows were given, by "train", "holdout" and "synthetic".
    sampled : mapping of str to int
        How many of them fidelity and utility were measured on.
    scores : tuple of Score
        One for each metric: its `name`, `value`, `ceiling` and `floor`, 95 % `interval`, and whether it `passed`.
    columns : tuple of ColumnScore
        How alike each column is in real and synthetic rows, least similar first.
    pairs : tuple of PairScore
        How alike the association of each pair of columns is, least similar first.
    roc : tuple of Curve
        ROC curves of the classifier two-sample test (C2ST), of synthetic and of held-out rows.
    distances : tuple of Curve
        Distribution functions of the distance to the nearest training row.
    history : tuple of Curve
        Loss curves of the training.
    sheets : tuple of ContactSheet
        Contact sheets of images.
    texts : tuple of TextPairs
        Synthetic texts, with real ones if asked for.
    human_tests : tuple of HumanTest
        Images that a person is asked to tell apart.
    masked : tuple of Masked
        Columns that are the label of rare values in more than a tenth of the rows; with one, fidelity is fair at most.
    notes : tuple of str
        Sentences that the reader should know.
    seconds : float
        How long it took.
    subjects : mapping of str to int
        How many subjects the real rows belong to, if the schema names one.
    shows_real : bool
        Whether real images or texts are shown.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Schema, Synthesizer, evaluate
    >>> frame = pd.DataFrame({"age": [20, 30, 40, 50] * 25, "ward": ["north", "south"] * 50})
    >>> synthesizer = Synthesizer.fit(frame, Schema.infer(frame), model="marginals")
    >>> report = evaluate(frame, synthesizer.sample(100), schema=synthesizer.schema)
    >>> report.passed  # the schema requires nothing
    True
    >>> 0 <= report.score("shapes").value <= 1
    True

    """

    name: str
    target: str | None
    rows: Mapping[str, int]
    sampled: Mapping[str, int]
    scores: tuple[Score, ...]
    columns: tuple[ColumnScore, ...]
    pairs: tuple[PairScore, ...]
    roc: tuple[Curve, ...] = ()
    distances: tuple[Curve, ...] = ()
    history: tuple[Curve, ...] = ()
    sheets: tuple[ContactSheet, ...] = ()
    texts: tuple[TextPairs, ...] = ()
    human_tests: tuple[HumanTest, ...] = ()
    masked: tuple[Masked, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    subjects: Mapping[str, int] = field(default_factory=dict)
    shows_real: bool = False

    def __repr__(self) -> str:
        return f"Report({self.name!r}, {len(self.scores)} scores, {len(self.alarms)} alarms, {len(self.missed)} missed)"

    @property
    def passed(self) -> bool:
        """Whether every requirement of the schema was met."""
        return not self.missed

    @property
    def missed(self) -> tuple[Score, ...]:
        """The scores that missed what the schema requires of them."""
        return tuple(score for score in self.scores if score.required and score.passed is False)

    @property
    def alarms(self) -> tuple[Score, ...]:
        """The scores that failed though the schema does not require them."""
        return tuple(score for score in self.scores if not score.required and score.passed is False)

    @property
    def unmeasured(self) -> tuple[Score, ...]:
        """The scores that were not measured."""
        return tuple(score for score in self.scores if score.value is None)

    def lead(self, section: Section) -> Score | None:
        """The score that stands for a section; None if none does.

        A score that was missed or raises an alarm, if there is one; else the worst of those that grade the table, the
        images and the texts.
        """
        measured = [score for score in self.scores if score.section == section and score.value is not None]
        failed = [score for score in measured if score.passed is False]
        if failed:
            return min(failed, key=lambda score: (not score.required, score.name not in LEADS))
        grading = [score for part in get_args(Part) for score in _grading(part, measured)]
        if not grading and section == "privacy":
            return None
        places = {name: place for place, name in enumerate(LEADS)}
        return min(
            grading,
            key=lambda score: (GRADES.index(score.grade or "good"), places.get(score.name, len(places))),
            default=next(iter(measured), None),
        )

    def grade(self, section: Section) -> Grade | None:
        """The grade of a section: that of its lead; of fidelity, fair at most if a column is masked."""
        lead = self.lead(section)
        grade = None if lead is None else lead.grade
        return "fair" if section == "fidelity" and self.masked and grade == "good" else grade

    def score(self, name: str) -> Score:
        """The score of one metric.

        Parameters
        ----------
        name : str
            As in a schema's `require`, "c2st_auc" say.

        Returns
        -------
        Score
            Its `value` is None if it was not measured; its `note` says why.

        Raises
        ------
        KeyError
            If no score has that name.

        """
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(name)

    def _repr_html_(self) -> str:
        return report_html(self)

    def to_json(self) -> dict[str, Any]:
        """The report as plain JSON, without images and texts."""
        plain = asdict(replace(self, sheets=(), texts=(), human_tests=()))
        del plain["sheets"], plain["texts"], plain["human_tests"]
        for each, score in zip(plain["scores"], self.scores, strict=True):
            each["grade"] = score.grade
        return {
            **plain,
            "passed": self.passed,
            "grades": {section: self.grade(section) for section in get_args(Section)},
            "summaries": {section: section_summary(self, section) for section in get_args(Section)},
            "unmeasured": [score.name for score in self.unmeasured],
        }


def _grading(part: Part, scores: Iterable[Score]) -> list[Score]:
    """The scores of a section that grade a part of the rows: its leading ones, or the others if these have no grade.

    Privacy is graded by leading scores alone: those that need no held-out rows are not enough to call rows safe.
    """
    graded = [score for score in scores if part_of(score.name) == part and score.grade]
    leading = [score for score in graded if score.name in LEADS]
    return leading or [score for score in graded if score.section != "privacy"]
