"""Evaluate: read the tables, run every measure beside its anchors, hold the scores to what the schema requires."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from synthdata.errors import DataError
from synthdata.evaluation.features import Coding, Table
from synthdata.evaluation.images.panel import compare_images, label_column, sides_of
from synthdata.evaluation.privacy.key_overlap import key_overlap
from synthdata.evaluation.privacy.panel import NAMES, privacy
from synthdata.evaluation.privacy.showing import bars_of, missing_share, shown_labels
from synthdata.evaluation.report import ColumnScore, Curve, Guessing, PairScore, Report, Score, Sheet, TextPairs
from synthdata.evaluation.tabular import fidelity
from synthdata.evaluation.tabular.fidelity import Told
from synthdata.evaluation.tabular.useless import mostly_rare, plainly_useless
from synthdata.evaluation.tabular.utility import Task, worth
from synthdata.evaluation.texts.panel import MOST_LABELS, compare_texts
from synthdata.evaluation.texts.panel import sides_of as text_sides_of
from synthdata.extras import check_installed
from synthdata.fields.comparison import Images, Texts
from synthdata.metrics import MEASURES
from synthdata.progress import Listener, Progress, silent
from synthdata.schema import Schema
from synthdata.schema.inference import propose_subject
from synthdata.subjects import Subjects

if TYPE_CHECKING:
    from synthdata.evaluation.images.inception import Inception

__all__ = ["evaluate"]

LOOKED_AT = 20_000  # rows of each table that fidelity and utility look at
TOLD_APART = 10_000  # rows of either side that trees tell apart
FEWEST = 50  # rows of a table, to train anything on
INCEPTION = "image_inception_frechet"
NOTHING = "not measured: the tables hold nothing that it could be measured on"
STEPS = ("columns and pairs", "rows told apart", "usefulness", "privacy", "images", "texts")

T = TypeVar("T")
V = TypeVar("V", Images, Texts)


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
    listener: Listener = silent,
) -> Report:
    """Score synthetic rows against the real ones they were learned from.

    The report shows nothing of real rows that fewer than 8 subjects show, unless `show_real` asks for real images and
    texts beside synthetic ones.

    holdout: real rows that the generator has not seen; without them some scores have no ceiling, and privacy is mostly
    not measured. schema: inferred from `real` if not given; its `target` is what usefulness is about, its `require`
    what the scores are held to, its `subject` whom rows are counted by. history: rows of figures of training, to be
    drawn. inception: a file with the weights of Inception v3, for the Fréchet distance of published figures. warnings:
    sentences that training left, the first of the notes. DataError if nothing compares.
    """
    began = time.monotonic()
    schema = schema or Schema.infer(real)
    schema.check()
    schema, unnamed = _with_subject(schema, real)
    network = None if inception is None else _inception(inception)
    subject = _Tables.of(real, synthetic, holdout, schema, np.random.default_rng([seed, 0]))
    if subject.pictures:
        check_installed("train", "comparing images")
    rngs = [np.random.default_rng([seed, 1 + number]) for number in range(len(STEPS))]

    def telling(number: int, step: Callable[[], T]) -> T:
        listener(Progress("evaluate", number / len(STEPS), detail=STEPS[number]))
        return step()

    alike, columns, pairs = telling(0, lambda: _alike(subject, rngs[0]))
    told, roc, by_column = telling(1, lambda: _told(subject, rngs[1]))
    useful = telling(2, lambda: _useful(subject, schema.target, rngs[2]))
    safe, distances = telling(3, lambda: subject.private(schema.target, rngs[3]))
    shown, sheets, guessing = telling(4, lambda: _images(subject, schema, rngs[4], network, listener, show_real))
    read, pairs_of_texts = telling(5, lambda: _texts(subject, schema.target, rngs[5], show_real))
    listener(Progress("evaluate", 1.0))
    scores = [*alike, told, *shown, *read, useful, *safe, *subject.keys]
    missing = set(schema.require) - {score.name for score in scores}
    scores += [Score.of(name, None, note=NOTHING) for name in MEASURES if name in missing]
    return Report(
        name=schema.name,
        target=schema.target,
        rows={name: len(table) for name, table in subject.given.items()},
        looked_at={name: len(table) for name, table in subject.seen.items()},
        subjects={name: table.subjects.people for name, table in subject.given.items() if table.numbers is not None},
        scores=tuple(
            score.held_to(schema.require[score.name]) if score.name in schema.require else score for score in scores
        ),
        columns=_worst_first(columns, by_column),
        pairs=tuple(sorted(pairs, key=lambda pair: pair.score)),
        roc=roc,
        distances=tuple(distances),
        history=_history(history),
        sheets=tuple(sheets),
        texts=tuple(pairs_of_texts),
        guessing=tuple(guessing),
        shows_real=show_real and bool(sheets or pairs_of_texts),
        notes=(*dict.fromkeys((*warnings, *unnamed)), *plainly_useless(scores), *subject.notes),
        seconds=round(time.monotonic() - began, 2),
    )


@dataclass(frozen=True)
class _Tables:
    """The tables "train", "synthetic" and perhaps "holdout" as numbers: all rows of them, and those looked at.

    Columns and pairs of synthetic and of held-out rows are looked at in equal numbers, since few rows look less alike.
    keys: the score of real keys among synthetic rows, which looks at cells; none without such columns.
    """

    coding: Coding
    given: Mapping[str, Table]
    seen: Mapping[str, Table]
    pictures: Mapping[str, Mapping[str, Images]]  # by field and table
    texts: Mapping[str, Mapping[str, Texts]]
    keys: tuple[Score, ...] = ()
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        real: pd.DataFrame,
        synthetic: pd.DataFrame,
        holdout: pd.DataFrame | None,
        schema: Schema,
        rng: np.random.Generator,
    ) -> _Tables:
        frames = {"train": real, "synthetic": synthetic}
        if holdout is not None:
            frames["holdout"] = holdout
        numbers, notes = _numbered(schema, frames)
        schema, more = _common(schema, frames)
        notes += more
        read = {name: schema.read(frame, source=f"{name} rows") for name, frame in frames.items()}
        whole = schema
        for name in _naming(schema, read["train"], numbers):
            notes.append(f'Column "{name}" names the subject; it is not compared.')
            schema = schema.model_copy(update={"fields": {k: v for k, v in schema.fields.items() if k != name}})
        notes = [*mostly_rare(schema, read), *notes]
        coding = Coding.of(schema, read["train"])
        pictures, texts = _views(schema, read, Images), _views(schema, read, Texts)
        if not (coding.columns or pictures or texts):
            raise DataError("there is nothing to compare: every column is an identifier")
        given = {name: coding.table(frame, numbers.get(name)) for name, frame in read.items()}
        for name, table in given.items():
            if not len(table):
                raise DataError(f"the {name} rows are none; nothing can be compared")
            if len(table) < FEWEST:
                notes.append(f"There are only {len(table)} {name} rows; at least {FEWEST} are needed for most scores.")
        empty = [coding.names[i] for i in np.flatnonzero(np.isnan(given["train"].values).all(axis=0))]
        notes += [f'Column "{name}" has no values in the training rows.' for name in empty]
        if "holdout" in given and _is_no_holdout(given["train"], given["holdout"]):
            del given["holdout"], read["holdout"]
            notes.append("Most of the held-out rows are training rows: they are not held out, and are left aside.")
        least = min(LOOKED_AT, len(given["synthetic"]), len(given.get("holdout", given["synthetic"])))
        most = {"train": LOOKED_AT, "synthetic": least, "holdout": least}
        seen = {name: table.sample(most[name], rng) for name, table in given.items()}
        keys = key_overlap(whole, read, numbers)
        return cls(coding, given, seen, pictures, texts, () if keys is None else (keys,), notes)

    @property
    def too_few(self) -> str:
        """Why nothing can be trained, or nothing."""
        if not self.coding.columns:
            return "not measured: there are no columns of numbers or symbols"
        small = [name for name in ("train", "synthetic") if len(self.given[name]) < FEWEST]
        return f"not measured: fewer than {FEWEST} {' and '.join(small)} rows" if small else ""

    @property
    def holdout(self) -> Table | None:
        """Held-out rows that are looked at, if there are enough to train on."""
        table = self.seen.get("holdout")
        return table if table is not None and len(table) >= FEWEST else None

    def labels(self, column: int | None) -> tuple[str, ...]:
        """What the codes of a column mean, as far as it may be shown; empty without a column."""
        return () if column is None else shown_labels(self.coding.columns[column], self.given["train"], column)

    def floor(self, rows: int, rng: np.random.Generator) -> Table:
        """Training rows with their columns torn apart."""
        return fidelity.independent(self.seen["train"].sample(rows, rng), rng)

    def private(self, target: str | None, rng: np.random.Generator) -> tuple[list[Score], list[Curve]]:
        if self.too_few:
            return [Score.of(name, None, note=self.too_few) for name in NAMES], []
        given = self.given
        panel = privacy(self.coding, given["train"], given["synthetic"], given.get("holdout"), target=target, rng=rng)
        if len(self.coding.columns) > 1:
            return panel
        alone = "not measured: a single column has no rows to be near to"
        return [s if s.name in ("copies", "rare_values") else Score.of(s.name, None, note=alone) for s in panel[0]], []


def _with_subject(schema: Schema, real: pd.DataFrame) -> tuple[Schema, list[str]]:
    """The schema with the subject that its repeated keys name, where it names none itself, and a note that says so."""
    if schema.subject or not any(field.is_made and field.tells_persons for field in schema.fields.values()):
        return schema, []
    present = {name: field for name, field in schema.fields.items() if name in real.columns}
    subject, why = propose_subject(real, present)
    if not subject or schema.target in subject:
        return schema, []
    note = f'The schema names no subject, but "{subject[0]}" is {why}: here rows are counted and split by it.'
    return schema.model_copy(update={"subject": subject}), [note]


def _numbered(schema: Schema, frames: dict[str, pd.DataFrame]) -> tuple[dict[str, np.ndarray], list[str]]:
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
        return {}, [f"The {lacking[0]} rows lack what names the subject, {named}: each row counts as a subject."]
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
    note = (
        f"{seen.sum():,} of {len(seen):,} held-out rows are of subjects that training rows have: they are left aside."
    )
    frames["holdout"], numbers["holdout"] = real["holdout"][~seen], numbers["holdout"][~seen]
    if (~seen).sum() < FEWEST:  # too few are left to be held against
        del frames["holdout"], numbers["holdout"]
    return numbers, [note]


def _naming(schema: Schema, train: pd.DataFrame, numbers: Mapping[str, np.ndarray]) -> list[str]:
    """The columns that name the subject and are compared otherwise: most of their values are those of one subject."""
    if "train" not in numbers:
        return []
    subjects = Subjects(len(train), numbers["train"])
    compared = [
        name for name in schema.subject if name in schema.fields and schema.fields[name].comparison(train[name])
    ]
    return [name for name in compared if subjects.count_values(train[name]).median() == 1]


def _is_no_holdout(train: Table, holdout: Table) -> bool:
    """Whether most rows are training rows, in a table whose rows hardly repeat."""
    hardly_repeat = len(np.unique(train.keys)) > 0.9 * len(train)
    return bool(hardly_repeat and np.isin(holdout.keys, train.keys).mean() > 0.5)


def _common(schema: Schema, frames: Mapping[str, pd.DataFrame]) -> tuple[Schema, list[str]]:
    """The schema of the columns that all frames have, and a note for each that one lacks."""
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


def _images(
    subject: _Tables,
    schema: Schema,
    rng: np.random.Generator,
    inception: Inception | None,
    listener: Listener,
    show_real: bool,
) -> tuple[list[Score], list[Sheet], list[Guessing]]:
    """The image fields: how alike, and useful, they are."""
    column = label_column(subject.coding, schema.target)
    labels = subject.labels(column)
    scores, sheets, guessing = [], [], []
    for name, pictures in subject.pictures.items():
        sides = sides_of(pictures, subject.given, column, len(labels))
        found, drawn, mixed = compare_images(name, sides, labels, rng, listener, inception, show_real=show_real)
        scores += found
        sheets += drawn
        guessing += mixed
    if inception is None and INCEPTION in schema.require:
        note = "not measured: it takes a file with the weights of Inception v3; evaluate with --inception"
        scores.append(Score.of(INCEPTION, None, note=note))
    return scores, sheets, guessing


def _inception(path: str | Path) -> Inception:
    from synthdata.evaluation.images.inception import Inception

    return Inception.load(path)


def _texts(
    subject: _Tables, target: str | None, rng: np.random.Generator, show_real: bool
) -> tuple[list[Score], list[TextPairs]]:
    """The text fields: how alike, useful and safe they are."""
    column = label_column(subject.coding, target, MOST_LABELS)
    labels = subject.labels(column)
    scores, pairs = [], []
    for name, texts in subject.texts.items():
        sides = text_sides_of(texts, subject.given, column, len(labels), rng)
        found, shown = compare_texts(name, sides, labels, rng, show_real=show_real)
        scores += found
        pairs += shown
    return scores, pairs


def _alike(subject: _Tables, rng: np.random.Generator) -> tuple[list[Score], list[ColumnScore], list[PairScore]]:
    """Columns, pairs and missing cells, beside those of held-out rows and of independent columns."""
    coding, train, made = subject.coding, subject.seen["train"], subject.seen["synthetic"]
    held, floor = subject.seen.get("holdout"), subject.floor(len(made), rng)
    scores = fidelity.alike_columns(coding, train, made)
    ceilings = fidelity.alike_columns(coding, train, held) if held is not None else [None] * len(scores)
    columns = []
    for i, column in enumerate(coding.columns):
        real, synthetic = train.values[:, i], made.values[:, i]
        columns.append(
            ColumnScore(
                column.name,
                column.kind,
                "KS" if column.is_quantity else "TV",
                scores[i],
                ceilings[i],
                missing_real=missing_share(real, train.subjects),
                missing=float(np.isnan(synthetic).mean()),
                bars=bars_of(column, real, synthetic, train.subjects),
            )
        )
    others = [made, floor] if held is None else [made, floor, held]
    found = fidelity.alike_pairs(coding, train, others)
    pairs = [
        PairScore(
            coding.names[i],
            coding.names[j],
            "contingency" if coding.are_symbols[[i, j]].any() else "correlation",
            each[0],
            each[2] if held is not None else None,
        )
        for (i, j), each in found.items()
    ]
    means = np.mean(list(found.values()), axis=0).tolist() if found else []
    none = "" if found else "not measured: no two columns can be compared"
    missing = fidelity.alike_missing(train, made)
    if missing is None and "missing" in subject.coding.schema.require:
        missing = 1.0  # nothing is, on either side
    summary = [
        Score.of("shapes", _mean(scores), ceiling=_mean(ceilings), note="" if scores else subject.too_few),
        Score.of("trends", *means[:1] or [None], floor=_at(means, 1), ceiling=_at(means, 2), note=none),
    ]
    if missing is not None:
        anchors = {"floor": floor, "ceiling": held}
        measured = {name: fidelity.alike_missing(train, each) for name, each in anchors.items() if each is not None}
        summary.append(Score.of("missing", missing, floor=measured["floor"], ceiling=measured.get("ceiling")))
    return summary, columns, pairs


def _told(subject: _Tables, rng: np.random.Generator) -> tuple[Score, tuple[Curve, ...], tuple[float, ...]]:
    """How well rows can be told from real ones, with the columns that give them away."""
    if subject.too_few:
        return Score.of("c2st_auc", None, note=subject.too_few), (), ()
    coding, held = subject.coding, subject.holdout
    train, made = subject.seen["train"].sample(TOLD_APART, rng), subject.given["synthetic"].sample(TOLD_APART, rng)
    told = fidelity.tell_apart(coding, train, made, "synthetic", rng, by_column=True)
    order = rng.permutation(len(train))  # the columns of half of the rows, beside the other half: none beside itself
    halves = [train[part] for part in np.array_split(order, 2)]
    floor = fidelity.tell_apart(coding, halves[0], fidelity.independent(halves[1], rng), "independent columns", rng)
    ceiling: Told | None = None
    if held is not None:
        ceiling = fidelity.tell_apart(coding, train, held.sample(TOLD_APART, rng), "held-out", rng)
    score = Score.of("c2st_auc", told.auc, floor=floor.auc, ceiling=ceiling.auc if ceiling else None)
    return score, tuple(each.roc for each in (told, ceiling) if each is not None), told.by_column


def _useful(subject: _Tables, target: str | None, rng: np.random.Generator) -> Score:
    """What synthetic rows are worth to train on, beside as many real ones and independent columns."""
    if subject.too_few or target is None:
        return Score.of("tstr", None, note=subject.too_few or "not measured: the schema names no target")
    coding, train, test = subject.coding, subject.seen["train"], subject.holdout
    made = subject.given["synthetic"].sample(LOOKED_AT, rng)
    note = ""
    if test is None:
        if train.numbers is None:
            order = rng.permutation(len(train))
            test, train = train[order[: len(order) // 5]], train[order[len(order) // 5 :]]
        else:
            aside = train.subjects.divided(0.2, rng)
            test, train = train[aside], train[~aside]
        note = "; tested on training rows, since there are no held-out ones: the generator has seen them"
    task = Task.of(coding, train, target)
    if isinstance(task, str):
        return Score.of("tstr", None, note=f"not measured: {task}")
    rows = min(len(train), len(made))
    real = train.sample(rows, rng)
    sides = {"value": made.sample(rows, rng), "ceiling": real, "floor": fidelity.independent(real, rng)}
    found = {name: worth(coding, task, side, test) for name, side in sides.items()}
    if isinstance(found["value"], str):
        return Score.of("tstr", None, note=f"not measured: {found['value']}")
    numbers = {name: each if isinstance(each, float) else None for name, each in found.items()}
    return Score.of(
        "tstr",
        numbers["value"],
        ceiling=numbers["ceiling"],
        floor=numbers["floor"],
        note=f"{task.measure} for {target}{note}",
    )


def _worst_first(columns: Iterable[ColumnScore], falls: Sequence[float]) -> tuple[ColumnScore, ...]:
    known = [replace(column, gives_away=falls[i] if falls else None) for i, column in enumerate(columns)]
    return tuple(sorted(known, key=lambda column: 2.0 if column.score is None else column.score))


def _history(history: Sequence[Mapping[str, float]]) -> tuple[Curve, ...]:
    curves = []
    for key, label in (("loss", "training"), ("val_loss", "validation")):
        rows = [(float(row["epoch"]), float(row[key])) for row in history if key in row]
        if len(rows) > 1:
            curves.append(Curve(label, tuple(x for x, _ in rows), tuple(y for _, y in rows)))
    return tuple(curves)


def _mean(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return float(np.mean(known)) if known else None


def _at(values: Sequence[float], place: int) -> float | None:
    return values[place] if place < len(values) else None
