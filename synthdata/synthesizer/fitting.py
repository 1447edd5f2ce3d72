"""The steps of `Synthesizer.fit`: what is asked for, which rows are learned, and by which generators."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, Layout, tabular
from synthdata.errors import DataError, InputError
from synthdata.io.readers import LEAST_TO_TRAIN
from synthdata.models import AUTO, settings
from synthdata.models.auto import choose
from synthdata.models.base import Generator
from synthdata.progress import Listener, Progress
from synthdata.schema import ModelLike, Schema
from synthdata.subjects import LEAST_SUBJECTS, Subjects
from synthdata.synthesizer.stages import FieldStages, fit_table

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["Wanted", "facts", "fit_generators", "hear", "read_rows", "rows_to_learn", "wanted"]

WIDE = 8  # columns of a table that takes as much of a time budget as an image or a text


@dataclass(frozen=True)
class Wanted:
    """What is to be fitted.

    family, settings: of the table's generator. asked: a family named beside the schema, which images and texts take as
    well if they have it. why: how "auto" chose the family, "" where it was named.
    """

    schema: Schema
    family: str
    settings: Any
    asked: str | None
    why: str = ""

    def settled(self, rows: int, layout: Layout, listener: Listener) -> Wanted:
        """The same with a family in place of "auto", for so many rows of the blocks of `layout`."""
        if self.family != AUTO:
            return self
        choice = choose(self.settings, rows, len(tabular(layout)))
        listener(Progress("choose", 1.0, detail=f"{choice.family}: {choice.why}"))
        return replace(self, family=choice.family, settings=settings(choice.family, {}), why=choice.why)


def wanted(frame: pd.DataFrame, schema: Schema | None, model: ModelLike | None, max_minutes: float | None) -> Wanted:
    """Read what `Synthesizer.fit` is asked for; SchemaError or InputError for what is wrong in itself."""
    schema = schema or Schema.infer(frame)
    if model is not None and not isinstance(model, str):
        schema, model = schema.replace(model=model), None
    schema.check()
    if max_minutes is not None and max_minutes <= 0:
        raise InputError(f"max_minutes {max_minutes} is not a time; give minutes above 0")
    name = model or schema.model.family
    return Wanted(schema, name, settings(name, schema.model.options if name == schema.model.family else {}), model)


def read_rows(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Read a raw frame into the schema's types; DataError if it has too few rows or subjects to be learned."""
    frame = schema.read(frame).reset_index(drop=True)
    if len(frame) < LEAST_TO_TRAIN:
        raise DataError(f"the table has {len(frame)} rows; at least {LEAST_TO_TRAIN} are needed to learn anything")
    _check_subjects(schema, schema.subjects(frame))
    return frame


def _check_subjects(schema: Schema, subjects: Subjects) -> None:
    """Refuse a table of so few subjects that nearly nothing is shared by enough of them."""
    if schema.subject and subjects.people < LEAST_SUBJECTS:
        named = ", ".join(f'"{name}"' for name in schema.subject)
        raise DataError(
            f"subject {named}: {subjects.people} subjects; at least {LEAST_SUBJECTS} are needed, since what fewer than "
            f"5 to 8 of them share is never learned, and nearly all is; bring more subjects"
        )


def rows_to_learn(frame: pd.DataFrame, schema: Schema, seed: int) -> tuple[pd.DataFrame, Subjects]:
    """The rows that are learned, without parts of cells that must not be, and whose each is.

    At most `rows_per_subject` rows of a subject are taken, drawn at random.
    """
    subjects = schema.subjects(frame)
    taken = subjects.capped(schema.rows_per_subject, np.random.default_rng([seed, 22]))
    frame, subjects = frame.iloc[taken].reset_index(drop=True), subjects[taken]
    return frame.assign(**{name: each.cleared(frame[name], subjects) for name, each in schema.fields.items()}), subjects


def fit_generators(
    layout: Layout, arrays: Arrays, what: Wanted, run: Run, began: float
) -> tuple[Generator | None, FieldStages]:
    """Learn the arrays: the table first, then each image and text given the table.

    run: its time is divided between them. began: when the fit began, by `time.monotonic`.
    """
    table = tabular(layout)
    others = len(layout) - len(table)
    share = min(1, len(table) / WIDE) / (1 + others) if others else 1  # the rest is for images and texts
    own = replace(run, minutes=run.minutes and run.minutes * share)
    generator = fit_table(table, arrays, what.family, what.settings, own)
    spent = (time.monotonic() - began) / 60
    left = replace(run, minutes=run.minutes and max(run.minutes - spent, 0.1))
    models = {name: field.generator() for name, field in what.schema.fields.items()}
    return generator, FieldStages.fit(layout, arrays, table, models, left, asked=what.asked)


def facts(what: Wanted, rows: int, subjects: Subjects, seed: int, generator: Generator | None) -> dict[str, Any]:
    """What a model says about its training, as plain JSON."""
    about: dict[str, Any] = {"rows": rows, "seed": seed}
    if what.schema.subject:
        about["subjects"] = subjects.people
    if what.why:
        about["chosen"] = what.why
    if generator and generator.history:
        about["training"] = {**_training(generator.history), "validated_by": generator.validated_by}
    return about


def _training(history: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """How training went: its epochs, the one whose weights were kept, and their validation loss."""
    best = min(history, key=lambda row: row["val_loss"])
    return {"epochs": len(history), "best_epoch": int(best["epoch"]), "validation": best["val_loss"]}


def hear(listener: Listener, schedule: list[float]) -> Callable[[Progress], None]:
    """A listener that passes progress on, and notes how much of its schedule a training did that ran out of time."""

    def listen(progress: Progress) -> None:
        if progress.schedule is not None:
            schedule.append(progress.schedule)
        listener(progress)

    return listen
