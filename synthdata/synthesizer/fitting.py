"""The steps of `Synthesizer.fit`: the request, the rows to learn, and the generators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from synthdata.blocks import Arrays, Layout, tabular
from synthdata.budget import LEAST_SECONDS, Budget, check_minutes
from synthdata.errors import DataError, SchemaError, TrainingError
from synthdata.io.readers import LEAST_TO_TRAIN
from synthdata.messages import check_frame, check_schema
from synthdata.models import AUTO, settings
from synthdata.models.auto import MOST_COLUMNS, choose
from synthdata.models.base import Generator
from synthdata.progress import CHOOSE, REMARK, Listener, Progress
from synthdata.remarks import percent_done
from synthdata.schema import ModelLike, Schema
from synthdata.subjects import LEAST_SUBJECTS, Subjects
from synthdata.synthesizer.stages import FieldStages, fit_table

if TYPE_CHECKING:
    from synthdata.models.training.plan import Run

__all__ = ["FitRequest", "TrainingLog", "facts", "facts_of", "fit_generators", "read_rows", "request", "rows_to_learn"]

TABLE = "table"  # names the training of the table among those of fields
WIDE = 8  # columns from which on a table gets as much of the time budget as an image or a text


@dataclass(frozen=True)
class FitRequest:
    """A schema, and the family to fit.

    family, settings: of the table's generator. override: a family given as an argument, which images and texts use too
    if they have it; None if the schema decides. why: the reason for the choice of "auto", "" if there was none.
    is_default: whether neither the schema nor an argument says anything of the model.
    """

    schema: Schema
    family: str
    settings: Any
    override: str | None
    why: str = ""
    is_default: bool = False

    def resolved(self, rows: int, layout: Layout, listener: Listener) -> FitRequest:
        """A copy with "auto" replaced by the family for this many rows of the blocks of `layout`.

        A table too wide for the default family is treated as "auto" too, if nothing was said.
        """
        columns = len(tabular(layout))
        too_wide = self.is_default and columns > MOST_COLUMNS
        if self.family != AUTO and not too_wide:
            return self
        choice = choose(settings(AUTO, {}) if too_wide else self.settings, rows, columns)
        listener(Progress(CHOOSE, 1.0, detail=f"{choice.family}: {choice.why}"))
        return replace(self, family=choice.family, settings=settings(choice.family, {}), why=choice.why)


def request(
    frame: pd.DataFrame, schema: Schema | None, model: ModelLike | None, max_minutes: float | Budget | None
) -> FitRequest:
    """Check the arguments of `Synthesizer.fit`; SchemaError or InputError if they are invalid."""
    check_frame(frame, "fit")
    if schema is not None:
        check_schema(schema, "fit")
    schema = schema or Schema.infer(frame)
    if schema.sequence is not None:
        raise SchemaError(
            "sequence: rows that follow each other are learned by `synthdata train`, and in Python by "
            "relations.SequenceSynthesizer; leave sequence out, and each row is drawn by itself"
        )
    if model is not None and not isinstance(model, str):
        schema, model = schema.replace(model=model), None
    schema.check()
    check_minutes(max_minutes)
    name = model or schema.model.family
    chosen = settings(name, schema.model.options if name == schema.model.family else {})
    return FitRequest(schema, name, chosen, model, is_default=model is None and not schema.model.model_fields_set)


def read_rows(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Read a raw frame into the schema's types; DataError if it has too few rows or subjects to be learned."""
    frame = schema.read(frame).reset_index(drop=True)
    if len(frame) < LEAST_TO_TRAIN:
        raise DataError(f"the table has {len(frame)} rows; at least {LEAST_TO_TRAIN} are needed to learn anything")
    _check_subjects(schema, schema.subjects(frame))
    return frame


def _check_subjects(schema: Schema, subjects: Subjects) -> None:
    """Raise DataError if there are so few subjects that hardly any value is shared by enough of them."""
    if schema.subject and subjects.people < LEAST_SUBJECTS:
        named = ", ".join(f'"{name}"' for name in schema.subject)
        raise DataError(
            f"subject {named}: {subjects.people} subjects; at least {LEAST_SUBJECTS} are needed, since what fewer than "
            f"5 to 8 of them share is never learned, and nearly all is; bring more subjects"
        )


def rows_to_learn(frame: pd.DataFrame, schema: Schema, seed: int) -> tuple[pd.DataFrame, Subjects]:
    """The rows to learn, with parts of cells removed that must not be learned, and the subject of each row.

    Of each subject, at most `rows_per_subject` rows are chosen at random.
    """
    subjects = schema.subjects(frame)
    taken = subjects.capped(schema.rows_per_subject, np.random.default_rng([seed, 22]))
    frame, subjects = frame.iloc[taken].reset_index(drop=True), subjects[taken]
    return frame.assign(**{name: each.cleared(frame[name], subjects) for name, each in schema.fields.items()}), subjects


def fit_generators(
    layout: Layout, arrays: Arrays, wanted: FitRequest, run: Run, budget: Budget
) -> tuple[Generator | None, FieldStages]:
    """Fit the table's generator, then one for each image and text given the table.

    budget: what is free of it is divided between them; none gets less than `LEAST_SECONDS`.
    """
    table = tabular(layout)
    others = len(layout) - len(table)  # images and texts
    share = min(1, len(table) / WIDE) / (1 + others) if others else 1  # the rest is for images and texts
    if budget.free is not None and budget.free < LEAST_SECONDS:
        late = f"the time was up before training began, which gets {LEAST_SECONDS:g} s all the same: give it more time"
        run.listener(Progress(REMARK, 1.0, detail=late))
    own = replace(run, minutes=budget.share(share))
    generator = fit_table(table, arrays, wanted.family, wanted.settings, own)
    models = {name: field.generator() for name, field in wanted.schema.fields.items()}
    return generator, FieldStages.fit(layout, arrays, table, models, run, budget, override=wanted.override)


def facts(wanted: FitRequest, rows: int, subjects: Subjects, seed: int, generator: Generator | None) -> dict[str, Any]:
    """Facts about the training of a model, as plain JSON."""
    about: dict[str, Any] = {"rows": rows, "seed": seed}
    if wanted.schema.subject:
        about["subjects"] = subjects.people
    if wanted.why:
        about["chosen"] = wanted.why
    if generator and generator.history:
        about["training"] = {**_training(generator.history), "validated_by": generator.validated_by}
    return about


def facts_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The facts about a fit that a manifest holds, in their types; KeyError, ValueError or TypeError if they are none.

    What `facts` wrote, and how long it took.
    """
    about: dict[str, Any] = {
        "rows": int(manifest["rows"]),
        "seed": int(manifest["seed"]),
        "seconds": float(manifest["seconds"]),
    }
    if "chosen" in manifest:
        about["chosen"] = str(manifest["chosen"])
    if "subjects" in manifest:
        about["subjects"] = int(manifest["subjects"])
    if "warnings" in manifest:
        about["warnings"] = [str(text) for text in manifest["warnings"]]
    if "training" in manifest:
        said = manifest["training"]
        about["training"] = {
            "epochs": int(said["epochs"]),
            "best_epoch": int(said["best_epoch"]),
            "validation": float(said["validation"]),
            "validated_by": str(said["validated_by"]),
        }
    return about


def _training(history: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Number of epochs, the epoch whose weights are kept, and its validation loss."""
    best = min(history, key=lambda row: row["val_loss"])
    return {"epochs": len(history), "best_epoch": int(best["epoch"]), "validation": best["val_loss"]}


@dataclass
class TrainingLog:
    """A listener that forwards progress, and notes how far trainings came that were cut by time.

    schedule: the completed fraction of each such training, by field, or "table"; the least of two stages. name: of the
    training that was heard last.
    """

    listener: Listener
    schedule: dict[str, float] = field(default_factory=dict)
    name: str = TABLE

    def __call__(self, progress: Progress) -> None:
        """Hear of progress."""
        self.name = progress.field or TABLE
        if progress.schedule is not None:
            self.schedule[self.name] = min(progress.schedule, self.schedule.get(self.name, 1.0))
        self.listener(progress)

    def explained(self, error: TrainingError) -> TrainingError:
        """The error of the training that was heard last; if time had cut it short, with the advice to give it more."""
        if self.name not in self.schedule:
            return error
        done = percent_done(self.schedule[self.name])
        return TrainingError(
            f"{self.name}: the time was up at {done} of the planned training; give it more time (max_minutes); "
            f"if that does not help: {error}"
        )
