"""Real and synthetic rows in one table, each marked with its origin, validated row by row and as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from synthdata.augmentation.amounts import Additions, Amount, Part
from synthdata.augmentation.sources import FILLED, KINDS, REAL, Copies, Generated, Source
from synthdata.blocks import tabular
from synthdata.errors import InputError
from synthdata.fields import Category, Codec, Field, Number, Predicate, Rows
from synthdata.pipeline import MOST_DRAWN, clear_of, suite_of
from synthdata.progress import Listener, Progress, silent
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer
from synthdata.validation import Gate, Suite, Validated
from synthdata.validation.suite import is_unique
from synthdata.validation.uniqueness import Seen

__all__ = [
    "PROVENANCE",
    "WEIGHT",
    "Augmented",
    "augment",
    "check_names",
    "draw_all",
    "draw_parts",
    "marked",
    "weights_of",
]

ATTEMPTS = 20  # to make personal data that no real row has
PROVENANCE = "provenance"
WEIGHT = "row_weight"


@dataclass(frozen=True)
class Augmented:
    """An augmented table.

    validated: all rows with their provenance, the real ones first, in their order. added: how many rows were added.
    filled: how many cells of real rows were imputed. sampled: how many rows were drawn to add these.
    """

    validated: Validated
    additions: Additions
    added: int = 0
    filled: int = 0
    sampled: int = 0

    def frame(self) -> pd.DataFrame:
        """All rows."""
        return self.validated.frame()


def augment(
    source: Synthesizer | Schema,
    frame: pd.DataFrame,
    amount: Amount | None = None,
    *,
    copies: float = 0.0,
    fill: bool = False,
    provenance: str = PROVENANCE,
    seed: int = 0,
    listener: Listener = silent,
) -> Augmented:
    """Add synthetic rows to the real rows that a model was trained on.

    Parameters
    ----------
    source : Synthesizer or Schema
        The model; with `copies=1.0`, a schema is enough.
    frame : DataFrame
        The real rows, raw (all text) or typed.
    amount : Amount, optional
        How many rows of which kind to add; exactly so many are added. With a `real_share`, a column `row_weight` is
        added too. Only with `fill` can it be left out: then no rows are added.
    copies : float, default 0.0
        The share of added rows, from 0 to 1, that are real rows whose images and texts are changed by the schema's
        `transforms`.
    fill : bool, default False
        Impute the missing cells of the real rows first; needs a model that can, a transformer.
    provenance : str, default "provenance"
        The name of the column that marks each row: "real", "filled", "transformed" or "synthetic".
    seed : int, default 0
        Equal seeds, models and frames give equal rows.
    listener : callable, optional
        Called with each `Progress`.

    Returns
    -------
    Augmented
        All rows, validated, the real ones first and in their order; `frame()` gives them, `added` says how many are
        new.

    Raises
    ------
    InputError
        If the amount cannot be had: a class or segment of fewer than 8 rows or subjects, a name that is taken. Also if
        the model cannot impute, or a schema stands in place of a model that is needed.
    ConditionError
        If nothing can satisfy the conditions of `amount`.
    DataError
        If a cell cannot be read as the schema says.
    GateError
        If too few added rows pass the schema's checks, or the table as a whole, real rows included, does not.

    See Also
    --------
    Augmenter : the same as a sampler of an imbalanced-learn pipeline.
    prove : whether added rows help, and how many.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Amount, Schema, augment, train
    >>> frame = pd.DataFrame({"age": [30, 40, 50, 60] * 10, "sick": ["yes"] * 10 + ["no"] * 30})
    >>> synthesizer = train(frame, Schema.infer(frame), model="marginals")
    >>> more = augment(synthesizer, frame, Amount(balance="sick"))
    >>> more.frame()["provenance"].value_counts().to_dict()
    {'real': 40, 'synthetic': 20}

    """
    schema = source.schema if isinstance(source, Synthesizer) else source
    amount = amount or Amount()
    check_names(schema, provenance, weighs=amount.real_share is not None)
    if not 0 <= copies <= 1:
        raise InputError(f"copies {copies}: give a share of the added rows, from 0 to 1")
    if not isinstance(source, Synthesizer) and (copies < 1 or fill):
        raise InputError("only augmented copies can be made without a model; give a Synthesizer")
    real = schema.read(frame).reset_index(drop=True)
    only_fill = fill and amount.is_nothing
    made = Additions(()) if only_fill else Additions.of(real, schema, amount, seed=seed)
    origin = np.full(len(real), REAL, object)
    cells = 0
    if fill and isinstance(source, Synthesizer):
        listener(Progress("fill", 0.0, detail="imputing missing cells"))
        empty = real.isna().to_numpy(bool)
        real = source.fill(real, seed=seed)
        filled = empty & real.notna().to_numpy(bool)
        cells = int(filled.sum())
        origin[filled.any(axis=1)] = FILLED
    parts = _without_gaps(made.parts, source, real) if fill and isinstance(source, Synthesizer) else made.parts
    drawn = draw_all(source, real, parts, copies, seed=seed, listener=listener)
    whole = pd.concat([real, drawn.rows], ignore_index=True) if len(drawn.rows) else real
    added = len(drawn.rows)
    weights = None if amount.real_share is None else weights_of(len(real), added, amount.real_share)
    suite = suite_of(source) if isinstance(source, Synthesizer) else Suite.of(schema)
    validated = marked(schema, suite, whole, np.concatenate([origin, drawn.origin]), provenance, weights)
    return Augmented(validated, made, added, cells, drawn.sampled)


def _without_gaps(parts: Sequence[Part], synthesizer: Synthesizer, filled: pd.DataFrame) -> list[Part]:
    """The parts, whose rows must not have missing cells in columns that were imputed completely."""
    encoder = synthesizer.encoder
    others = [name for name, codec in encoder.codecs.items() if not tabular(codec.layout)]
    asked = {
        name: [Predicate("is not null")]
        for name in encoder.fields
        if name in encoder.nullable and name not in others and not filled[name].isna().any()
    }
    return [replace(part, tests={**asked, **part.tests}) for part in parts]


def check_names(schema: Schema, provenance: str, *, weighs: bool) -> None:
    """Raise InputError for names that columns have already. weighs: whether a column of weights may be added."""
    if provenance in schema.fields:
        raise InputError(f'the table has a column "{provenance}" already; name the column that marks rows differently')
    if weighs and (WEIGHT in schema.fields or provenance == WEIGHT):
        raise InputError(f'"{WEIGHT}" is the name of the column of weights; rename the other column')


def marked(
    schema: Schema,
    suite: Suite,
    frame: pd.DataFrame,
    origin: np.ndarray,
    provenance: str = PROVENANCE,
    weights: np.ndarray | None = None,
) -> Validated:
    """Validate a table, with a column for the origin of each row, and one for weights if they are given.

    Learned constraints are not checked here: they leave out rare real rows, and synthetic rows passed them when they
    were drawn.
    """
    extra: dict[str, Field] = {provenance: Category(values=[kind for kind in KINDS if (origin == kind).any()])}
    table = frame.assign(**{provenance: pd.Series(origin, index=frame.index, dtype="str")})
    if weights is not None:
        extra[WEIGHT] = Number(min=0)
        table[WEIGHT] = weights
    added = schema.model_copy(update={"fields": extra, "constraints": (), "suite": None})
    wider = added.model_copy(update={"fields": {**schema.fields, **extra}})
    rules = tuple(rule for rule in suite.rules if not rule.is_learned)
    return Gate(wider, Suite(suite.expectations, rules) + Suite.derive(added)).validate(table)


@dataclass(frozen=True)
class Drawn:
    """Rows to add. origin: (n,) how each is marked. sampled: how many were drawn for them."""

    rows: pd.DataFrame
    origin: np.ndarray
    sampled: int


def draw_all(
    source: Synthesizer | Schema,
    real: pd.DataFrame,
    parts: Sequence[Part],
    copies: float = 0.0,
    *,
    seed: int = 0,
    listener: Listener = silent,
) -> Drawn:
    """Draw the rows of all parts by a model, as augmented copies, or partly each; see `augment`."""
    copied = [replace(part, rows=round(copies * part.rows)) for part in parts]
    generated = [replace(part, rows=part.rows - copy.rows) for part, copy in zip(parts, copied, strict=True)]
    schema = source.schema if isinstance(source, Synthesizer) else source
    frames, origin, sampled = [real], list[np.ndarray](), 0
    for number, (each, own) in enumerate([(source, generated), (Copies(schema, real), copied)]):
        wanted = [part for part in own if part.rows]
        if not wanted:
            continue
        by = Generated(each) if isinstance(each, Synthesizer) else each
        assert isinstance(by, Source)
        rows, read = draw_parts(by, pd.concat(frames), wanted, seed=seed + number, listener=listener)
        frames.append(rows)
        origin.append(np.full(len(rows), by.origin, object))
        sampled += read
    if not origin:
        return Drawn(real.iloc[:0], np.empty(0, object), 0)
    return Drawn(pd.concat(frames[1:], ignore_index=True), np.concatenate(origin), sampled)


def draw_parts(
    source: Source,
    real: pd.DataFrame,
    parts: Sequence[Part],
    *,
    seed: int = 0,
    listener: Listener = silent,
) -> tuple[pd.DataFrame, int]:
    """Draw and validate the rows of all parts: the rows, and how many were sampled for them.

    What must be unique is so among all of them and `real`; keys are new. Expectations about the table as a whole are
    left to the caller.
    """
    schema, suite = source.schema, source.suite
    gate = Gate(schema, suite.of_rows())
    made = [name for name, field in schema.fields.items() if field.is_made]
    seen = [Seen.of(one) for one in suite.expectations if is_unique(one)]
    seen = [one for one in seen if not set(one.columns) <= set(made)]
    for one in seen:
        one.is_first(real[list(one.columns)])
    frames: list[pd.DataFrame] = []
    sampled, total = 0, sum(part.rows for part in parts)
    for number, part in enumerate(parts):
        own = int(np.random.SeedSequence([seed, 7, number]).generate_state(1)[0])
        stream = _fresh(source.stream(part, own), seen)
        before = sum(map(len, frames))

        def tell(progress: Progress, before: int = before, rows: int = part.rows) -> None:
            done = before + progress.fraction * rows
            listener(Progress("generate", done / total, progress.seconds_left, f"{round(done):,} of {total:,} rows"))

        validated = gate.admit(stream, part.rows, max(part.rows * MOST_DRAWN, 10_000), tell)
        frames.append(validated.frame())
        sampled += validated.verdict().sampled
    if not frames:
        return real.iloc[:0], 0
    return made_anew(source, pd.concat(frames, ignore_index=True), real, seed), sampled


def weights_of(real: int, added: int, real_share: float | None) -> np.ndarray:
    """The weight of each row, real rows first: (real + added,) float64, with mean 1.

    real_share: the share of the total weight that real rows have; equal weights without it.
    """
    if real_share is None or not added:
        return np.ones(real + added)
    rows = real + added
    return np.repeat([real_share * rows / real, (1 - real_share) * rows / added], [real, added])


def _fresh(frames: Iterator[pd.DataFrame], seen: Sequence[Seen]) -> Iterator[pd.DataFrame]:
    """The rows without repetitions of what must be unique."""
    for frame in frames:
        for one in seen:
            frame = frame[one.is_first(frame[list(one.columns)])]
        yield frame


def made_anew(source: Source, rows: pd.DataFrame, real: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The rows with new keys and personal data that no real row has."""
    schema, made = source.schema, source.made()
    codecs = made.codecs
    if not codecs:
        return rows
    values = clear_of(schema, real, len(rows))
    learned = {name: rows[name] for name in schema.fields if name not in codecs}
    there = {name: rows[name].notna().to_numpy(np.int64) for name in codecs}
    whose = made.deal(learned, Rows(seed, np.arange(len(rows))))
    result = rows.assign(**made.make(there, whose))
    for name, codec in codecs.items():
        if codec.body.capacity is not None:
            result[name] = _keys(codec, rows[name].notna().to_numpy(bool), real[name], whose)
    for turn in range(1, ATTEMPTS):
        held = values.held_by(result)
        if not held.any():
            break
        again = np.isin(whose.of_role(""), whose.of_role("")[held]) | held
        other = made.make(there, replace(whose, turn=turn))
        for name in (name for name, codec in codecs.items() if codec.body.capacity is None):
            result[name] = result[name].where(~again, other[name])
    return result


def _keys(codec: Codec, there: np.ndarray, taken: pd.Series, rows: Rows) -> pd.Series:
    """Keys for the rows in `there` (n,) bool, none of which a real row has."""
    capacity, count = codec.body.capacity, int(there.sum())
    wanted = count + len(taken)  # enough even if all real ones are among them
    numbers = np.arange(wanted if capacity is None else min(wanted, capacity))
    keys = codec.decode({codec.name: np.ones(len(numbers), np.int64)}, Rows(rows.seed, numbers, table=rows.table))
    keys = keys[~keys.isin(taken)].iloc[:count]
    result = pd.Series(index=range(len(there)), dtype=keys.dtype if there.all() else codec.field.dtype(True))
    result[there] = keys.array
    return result
