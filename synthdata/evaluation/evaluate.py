"""Evaluate: read the tables, measure every panel, hold the scores to what the schema requires."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from synthdata.budget import Budget, check_minutes
from synthdata.evaluation.images.panel import image_panel
from synthdata.evaluation.limits import PANELS, Workload, limit_note, most_rows, slowness
from synthdata.evaluation.privacy.panel import privacy_panel
from synthdata.evaluation.report import ColumnScore, Curve, Panel, Report
from synthdata.evaluation.score import Score
from synthdata.evaluation.tables import Tables, with_subject
from synthdata.evaluation.tabular.panel import c2st_panel, similarity_panel, utility_panel
from synthdata.evaluation.tabular.warnings import unusable
from synthdata.evaluation.texts.panel import text_panel
from synthdata.extras import check_installed
from synthdata.messages import check_frame, check_schema
from synthdata.metrics import METRICS
from synthdata.progress import Listener, Progress, silent
from synthdata.schema import Schema

if TYPE_CHECKING:
    from synthdata.evaluation.images.inception import Inception

__all__ = ["evaluate"]

NOTHING = "the tables have no data to measure it on"

Measure: TypeAlias = Callable[[Tables, np.random.Generator], Panel]


def evaluate(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    holdout: pd.DataFrame | None = None,
    schema: Schema | None = None,
    *,
    seed: int = 0,
    history: Sequence[Mapping[str, float]] = (),
    inception: str | Path | None = None,
    warnings: Sequence[str] = (),
    show_real: bool = False,
    max_minutes: float | None = None,
    listener: Listener = silent,
) -> Report:
    """Measure fidelity, utility and privacy of synthetic rows.

    The report shows nothing of real rows that fewer than 8 subjects have in common, unless `show_real` asks for real
    images and texts beside synthetic ones. Tables without images need no TensorFlow.

    Parameters
    ----------
    real : DataFrame
        The rows that the generator was trained on.
    synthetic : DataFrame
        The rows to evaluate.
    holdout : DataFrame, optional
        Real rows that the generator has not seen. Without them some scores have no ceiling, and most of privacy is
        not measured.
    schema : Schema, optional
        Inferred from `real` if not given. Utility is about predicting its `target`; its `require` sets thresholds;
        rows are counted and split by its `subject`.
    seed : int, default 0
        Equal seeds, rows and schemas give equal scores.
    history : sequence of mapping, default ()
        One mapping an epoch, with "epoch", "loss" and "val_loss": the training's loss curves, to be drawn.
    inception : str or Path, optional
        A file with the weights of Inception v3, for the Fréchet distance that papers report.
    warnings : sequence of str, default ()
        Sentences that training left; they come first in the report's notes.
    show_real : bool, default False
        Whether real images and texts may be shown.
    max_minutes : float, optional
        Time budget of this call, in minutes: if it is short, fewer rows are sampled, and the notes say how many. That
        depends on the speed of the machine, so that equal seeds no longer give equal scores.
    listener : callable, optional
        Called with each `Progress`.

    Returns
    -------
    Report
        Scores with their anchors, and what the page draws; `write_report` writes it.

    Raises
    ------
    DataError
        If nothing can be compared: no common column, a table without rows, a cell that the schema does not allow.
    SchemaError
        If the schema contradicts itself.
    InputError
        If there are images and TensorFlow is not installed, `inception` is not such a file, or `max_minutes` is not
        above 0.

    Examples
    --------
    >>> report = evaluate(train, synthetic, holdout, schema)  # doctest: +SKIP
    >>> report.score("tstr").value  # doctest: +SKIP
    0.87

    """
    check_minutes(max_minutes)
    budget = Budget.of_minutes(max_minutes)
    for frame in (real, synthetic) if holdout is None else (real, synthetic, holdout):
        check_frame(frame, "evaluate")
    if schema is not None:
        check_schema(schema, "evaluate")
    schema = schema or Schema.infer(real)
    schema.check()
    real, synthetic = schema.split(real, "real rows"), schema.split(synthetic, "synthetic rows")
    holdout = None if holdout is None else schema.split(holdout, "held-out rows")
    schema, subject_notes = with_subject(schema, real)
    if inception is not None:
        check_installed("train", "evaluating with Inception v3")
    network = None if inception is None else _inception(inception)
    tables = Tables.of(real, synthetic, holdout, schema, np.random.default_rng([seed, 0]))
    if tables.pictures:
        check_installed("train", "comparing images")
    images = partial(image_panel, inception=network, listener=listener, show_real=show_real)
    texts = partial(text_panel, show_real=show_real)
    measures = (similarity_panel, c2st_panel, utility_panel, privacy_panel, images, texts)
    found, notes = _measured(tables, dict(zip(PANELS, measures, strict=True)), seed, budget, listener)
    scores = _required(found.scores, schema.require)
    return Report(
        name=schema.name,
        target=schema.target,
        rows={name: len(table) for name, table in tables.rows.items()},
        sampled={name: len(table) for name, table in tables.sampled.items()},
        subjects={name: table.subjects.people for name, table in tables.rows.items() if table.subject_ids is not None},
        scores=scores,
        columns=_worst_first(found.columns),
        pairs=tuple(sorted(found.pairs, key=lambda pair: pair.score)),
        roc=found.roc,
        distances=found.distances,
        history=_history(history),
        masked=tables.masked,
        sheets=found.sheets,
        texts=found.texts,
        human_tests=found.human_tests,
        shows_real=show_real and bool(found.sheets or found.texts),
        notes=(*dict.fromkeys((*warnings, *subject_notes)), *unusable(scores), *notes, *tables.notes),
        seconds=round(budget.spent, 2),
    )


def _measured(
    tables: Tables, measures: Mapping[str, Measure], seed: int, budget: Budget, listener: Listener
) -> tuple[Panel, list[str]]:
    """All panels as one, each on as many rows as there is time for; and a note if these are fewer than usual.

    measures: by name, as shown in progress.
    """
    lacking = {"images": not tables.pictures, "texts": not tables.texts}  # their panels are empty, and not spoken of
    work = Workload.of(tables.schema, tables.frames["train"], len(tables.rows["synthetic"]))
    panels, worked_on, names = [], dict[str, int](), list(measures)
    taken = expected = 0.0
    for number, (name, measure) in enumerate(measures.items()):
        if not lacking.get(name):
            listener(Progress("evaluate", number / len(measures), detail=name))
        began = budget.spent
        worked_on[name] = most_rows(work, names[number:], budget.left, slowness(taken, expected))
        some = tables.limited(worked_on[name], np.random.default_rng([seed, 20]))
        panels.append(measure(some, np.random.default_rng([seed, 1 + number])))
        taken, expected = taken + budget.spent - began, expected + work.seconds(worked_on[name])[name]
    listener(Progress("evaluate", 1.0))
    return Panel.joined(panels), limit_note(work, worked_on)


def _inception(path: str | Path) -> Inception:
    from synthdata.evaluation.images.inception import Inception

    return Inception.load(path)


def _required(scores: Iterable[Score], require: Mapping[str, float]) -> tuple[Score, ...]:
    """The scores compared with their thresholds, including required scores that were not measured."""
    measured = tuple(scores)
    missing = set(require) - {score.name for score in measured}
    every = (*measured, *(Score.unmeasured(name, NOTHING) for name in METRICS if name in missing))
    return tuple(score.held_to(require[score.name]) if score.name in require else score for score in every)


def _worst_first(columns: Iterable[ColumnScore]) -> tuple[ColumnScore, ...]:
    return tuple(sorted(columns, key=lambda column: 2.0 if column.score is None else column.score))


def _history(history: Sequence[Mapping[str, float]]) -> tuple[Curve, ...]:
    curves = []
    for key, label in (("loss", "training"), ("val_loss", "validation")):
        rows = [(float(row["epoch"]), float(row[key])) for row in history if key in row]
        if len(rows) > 1:
            curves.append(Curve(label, tuple(x for x, _ in rows), tuple(y for _, y in rows)))
    return tuple(curves)
