"""The tables of an evaluation: read by one schema, freed of what must not be compared, and sampled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd

from synthdata.errors import DataError
from synthdata.evaluation.feature_space import FeatureSpace, Table
from synthdata.evaluation.privacy.disclosure_control import shown_labels
from synthdata.evaluation.report import Masked
from synthdata.evaluation.tabular.warnings import about_masked, mostly_rare
from synthdata.fields.comparison import Images, Texts
from synthdata.schema import Schema
from synthdata.schema.whose import propose_subject
from synthdata.subjects import Subjects

__all__ = ["FEWEST", "MOST_ROWS", "Tables", "independent", "with_subject"]

MOST_ROWS = 20_000  # of each table, on which fidelity and utility are measured
FEWEST = 50  # rows of a table, to train anything on

V = TypeVar("V", Images, Texts)


@dataclass(frozen=True)
class Tables:
    """The tables "train", "synthetic" and perhaps "holdout" as numbers: all of their rows, and a sample.

    Synthetic and held-out rows are sampled in equal numbers, since fewer rows are less similar to the training rows.
    schema: of the columns that all tables have; those that name the subject are only in `frames`. frames: the rows as
    read, for metrics that compare cells. pictures, texts: by field and table. subjects: numbers of the subjects of real
    rows, by table; empty if each row is its own subject. notes: what was left out, and why. masked: columns that are
    mostly the label of rare values. most: rows of each table that a panel works on, at most.
    """

    schema: Schema
    space: FeatureSpace
    rows: Mapping[str, Table]
    sampled: Mapping[str, Table]
    frames: Mapping[str, pd.DataFrame]
    pictures: Mapping[str, Mapping[str, Images]]
    texts: Mapping[str, Mapping[str, Texts]]
    subjects: Mapping[str, np.ndarray]
    notes: tuple[str, ...] = ()
    masked: tuple[Masked, ...] = ()
    most: int = MOST_ROWS

    @classmethod
    def of(
        cls,
        real: pd.DataFrame,
        synthetic: pd.DataFrame,
        holdout: pd.DataFrame | None,
        schema: Schema,
        rng: np.random.Generator,
    ) -> Tables:
        """Read and sample the tables. DataError if there is nothing to compare."""
        frames = {"train": real, "synthetic": synthetic}
        if holdout is not None:
            frames["holdout"] = holdout
        subjects, notes = _subjects(schema, frames)
        shared, more = _shared_columns(schema, frames)
        notes += more
        read = {name: shared.read(frame, source=f"{name} rows") for name, frame in frames.items()}
        compared = shared
        for name in _subject_columns(shared, read["train"], subjects):
            notes.append(f'Column "{name}" names the subject; it is not compared.')
            compared = compared.model_copy(
                update={"fields": {key: field for key, field in compared.fields.items() if key != name}}
            )
        masked = mostly_rare(compared, read)
        notes = [*about_masked(masked), *notes]
        space = FeatureSpace.of(compared, read["train"])
        pictures, texts = _views(compared, read, Images), _views(compared, read, Texts)
        if not (space.columns or pictures or texts):
            raise DataError("there is nothing to compare: every column is an identifier")
        rows = {name: space.table(frame, subjects.get(name)) for name, frame in read.items()}
        notes += _small_tables(rows)
        empty = [space.names[i] for i in np.flatnonzero(np.isnan(rows["train"].values).all(axis=0))]
        notes += [f'Column "{name}" has no values in the training rows.' for name in empty]
        if "holdout" in rows and _is_no_holdout(rows["train"], rows["holdout"]):
            del rows["holdout"], read["holdout"]
            notes.append("Most of the held-out rows are training rows: they are not held out, and are left out.")
        least = min(MOST_ROWS, len(rows["synthetic"]), len(rows.get("holdout", rows["synthetic"])))
        most = {"train": MOST_ROWS, "synthetic": least, "holdout": least}
        sampled = {name: table.sample(most[name], rng) for name, table in rows.items()}
        return cls(shared, space, rows, sampled, read, pictures, texts, subjects, tuple(notes), masked)

    def limited(self, most: int, rng: np.random.Generator) -> Tables:
        """The same tables, of which panels work on at most so many rows."""
        if most >= self.most:
            return self
        return replace(self, most=most, sampled={name: table.sample(most, rng) for name, table in self.sampled.items()})

    @property
    def too_few(self) -> str:
        """Why nothing can be trained; empty if something can."""
        if not self.space.columns:
            return "not measured: there are no numeric or categorical columns"
        small = [name for name in ("train", "synthetic") if len(self.rows[name]) < FEWEST]
        return f"not measured: fewer than {FEWEST} {' and '.join(small)} rows" if small else ""

    @property
    def holdout(self) -> Table | None:
        """The sampled held-out rows, if there are enough to train on."""
        table = self.sampled.get("holdout")
        return table if table is not None and len(table) >= FEWEST else None

    def label_column(self, most: int) -> int | None:
        """The column that labels images or texts: the target, or else the first of at most so many categories."""
        fit = [i for i, column in enumerate(self.space.columns) if 1 < len(column.labels) <= most]
        return next((i for i in fit if self.space.names[i] == self.schema.target), fit[0] if fit else None)

    def labels(self, column: int | None) -> tuple[str, ...]:
        """The labels of a column's codes, as far as they may be shown; empty without a column."""
        return () if column is None else shown_labels(self.space.columns[column], self.rows["train"], column)

    def independent(self, rows: int, rng: np.random.Generator) -> Table:
        """The floor: at most so many training rows, each column shuffled on its own."""
        return independent(self.sampled["train"].sample(rows, rng), rng)


def independent(table: Table, rng: np.random.Generator) -> Table:
    """The rows with each column shuffled on its own: what remains if no dependence was learned."""
    return Table(rng.permuted(table.values, axis=0), table.keys)


def with_subject(schema: Schema, real: pd.DataFrame) -> tuple[Schema, list[str]]:
    """The schema with the subject that a repeated key suggests, if it names none, and a note that says so."""
    if schema.subject or not any(field.is_made and field.tells_persons for field in schema.fields.values()):
        return schema, []
    present = {name: field for name, field in schema.fields.items() if name in real.columns}
    subject, why = propose_subject(real, present)
    if not subject or schema.target in subject:
        return schema, []
    note = f'The schema names no subject, but "{subject[0]}" is {why}: here rows are counted and split by it.'
    return schema.model_copy(update={"subject": subject}), [note]


def _subjects(schema: Schema, frames: dict[str, pd.DataFrame]) -> tuple[dict[str, np.ndarray], list[str]]:
    """The numbers of the subjects of training and held-out rows; none if the schema names no subject.

    Held-out rows of subjects that training rows have are taken out of `frames`: the generator has seen their subjects.
    """
    if not schema.subject:
        return {}, []
    names = list(schema.subject)
    real = {name: frames[name] for name in ("train", "holdout") if name in frames}
    lacking = [name for name, frame in real.items() if not set(names) <= set(frame.columns)]
    if lacking:
        named = ", ".join(f'"{name}"' for name in names)
        return {}, [f"The {lacking[0]} rows lack the subject, {named}: each row counts as a subject."]
    own = {name: schema.fields[name] for name in names if name in schema.fields}
    keyed = schema.model_copy(update={"fields": own, "constraints": (), "suite": None, "target": None})
    read = [keyed.read(frame[names], source=f"{name} rows")[names] for name, frame in real.items()]
    whose = np.split(Subjects.of(pd.concat(read, ignore_index=True), names).each, [len(read[0])])
    numbers = dict(zip(real, whose, strict=False))
    if "holdout" not in numbers:
        return numbers, []
    seen = np.isin(numbers["holdout"], numbers["train"])
    if not seen.any():
        return numbers, []
    note = f"{seen.sum():,} of {len(seen):,} held-out rows belong to subjects of training rows: they are left out."
    frames["holdout"], numbers["holdout"] = real["holdout"][~seen], numbers["holdout"][~seen]
    if (~seen).sum() < FEWEST:  # too few are left to compare with
        del frames["holdout"], numbers["holdout"]
    return numbers, [note]


def _subject_columns(schema: Schema, train: pd.DataFrame, subjects: Mapping[str, np.ndarray]) -> list[str]:
    """The columns that name the subject and would be compared: most of their values belong to one subject."""
    if "train" not in subjects:
        return []
    whose = Subjects(len(train), subjects["train"])
    compared = [
        name for name in schema.subject if name in schema.fields and schema.fields[name].comparison(train[name])
    ]
    return [name for name in compared if whose.count_values(train[name]).median() == 1]


def _small_tables(rows: Mapping[str, Table]) -> list[str]:
    """A note for each table that is too small to train on. DataError if one is empty."""
    notes = []
    for name, table in rows.items():
        if not len(table):
            raise DataError(f"there are no {name} rows; nothing can be compared")
        if len(table) < FEWEST:
            notes.append(f"There are only {len(table)} {name} rows; at least {FEWEST} are needed for most scores.")
    return notes


def _is_no_holdout(train: Table, holdout: Table) -> bool:
    """Whether most rows are training rows, in a table whose rows hardly repeat."""
    hardly_repeat = len(np.unique(train.keys)) > 0.9 * len(train)
    return bool(hardly_repeat and np.isin(holdout.keys, train.keys).mean() > 0.5)


def _shared_columns(schema: Schema, frames: Mapping[str, pd.DataFrame]) -> tuple[Schema, list[str]]:
    """The schema of the columns that all frames have, and a note for each column that is left out."""
    notes, kept = [], dict(schema.fields)
    for source, frame in frames.items():
        names = {str(name) for name in frame.columns}
        for name in [name for name in kept if name not in names]:
            del kept[name]
            notes.append(f'Column "{name}" is not in the {source} rows; it is left out.')
        more = [str(name) for name in frame.columns if str(name) not in schema.fields]
        if more:
            shown = ", ".join(f'"{name}"' for name in more[:5]) + (", ..." if len(more) > 5 else "")
            notes.append(f"The {source} rows have columns that the schema does not name: {shown}; they are left out.")
    if not kept:
        raise DataError("the tables have no column in common that the schema names; nothing can be compared")
    return schema.model_copy(update={"fields": kept}), notes


def _views(schema: Schema, read: Mapping[str, pd.DataFrame], kind: type[V]) -> dict[str, dict[str, V]]:
    """The columns of pictures or of texts, by field and table."""
    result: dict[str, dict[str, V]] = {}
    for field_name, each in schema.fields.items():
        for name, frame in read.items():
            view = each.comparison(frame[field_name])
            if isinstance(view, kind):
                result.setdefault(field_name, {})[name] = view
    return result
