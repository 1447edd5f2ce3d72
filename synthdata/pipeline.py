"""Train and generate: where training and sampling meet the gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from synthdata.budget import Budget, check_minutes
from synthdata.errors import GateError, InputError
from synthdata.fields import Identifier
from synthdata.messages import check_frame, check_rows_asked, check_schema
from synthdata.privacy.real_values import RealValues
from synthdata.progress import Listener, Progress, silent
from synthdata.remarks import looks_identifying
from synthdata.schema import ModelLike, Schema
from synthdata.schema.conditions import Where
from synthdata.synthesizer import Synthesizer
from synthdata.validation import Gate, Suite, Validated, Verdict

if TYPE_CHECKING:
    import keras

__all__ = [
    "MOST_DRAWN",
    "admit",
    "check_learned_keys",
    "clear_of",
    "generate",
    "recorded",
    "suite_of",
    "train",
    "until",
    "with_suite",
]

FEWEST_IN_TIME = 200  # rows that are drawn, however short the time
MOST_DRAWN = 20  # rows sampled per requested row before generation gives up


def train(
    frame: pd.DataFrame,
    schema: Schema,
    *,
    model: ModelLike | None = None,
    seed: int = 0,
    max_minutes: float | Budget | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    listener: Listener = silent,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Synthesizer:
    """Check a real table against its schema, then learn it.

    Parameters
    ----------
    frame : DataFrame
        The real rows, raw (all text) or typed; columns the schema does not name are left out.
    schema : Schema
        What the table is; `Schema.infer` guesses a first one.
    model : str, mapping or settings, optional
        In place of the schema's: a family ("auto" lets the table decide), or one with settings,
        `VAE(latent=8)` or `{"family": "vae", "latent": 8}`.
    seed : int, default 0
        Equal seeds, tables and schemas give equal models.
    max_minutes : float or Budget, optional
        Time budget of this call, in minutes; checking, reading and encoding count. Without one, training ends when it
        no longer helps. A `Budget` is one that has begun before.
    checkpoint : Path, optional
        A file to keep the state of training in.
    resume : bool, default False
        Go on from `checkpoint`; what was finished is not trained again, and the time it took counts as well.
    listener : callable, optional
        Called with each `Progress`.
    callbacks : sequence of keras.callbacks.Callback, default ()
        Keras callbacks of the training loops.

    Returns
    -------
    Synthesizer
        The fitted model, with the suite that its rows must pass.

    Raises
    ------
    GateError
        If the table breaks its schema; nothing was trained. `verdict` says which rows.
    SchemaError
        If the schema contradicts itself, or a setting is wrong.
    DataError
        If the table cannot be read as the schema says, or is too small.
    InputError
        If `frame` is not a DataFrame, or `max_minutes` is not above 0.
    TrainingError
        If training diverges.

    See Also
    --------
    Synthesizer.fit : the same without checking the table.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Schema, generate, train
    >>> frame = pd.DataFrame({"age": [20, 30, 40, 50] * 25, "ward": ["north", "south"] * 50})
    >>> synthesizer = train(frame, Schema.infer(frame), model="marginals")
    >>> len(generate(synthesizer, 10).frame())
    10

    """
    check_frame(frame, "train")
    check_schema(schema, "train")
    check_minutes(max_minutes)
    budget = Budget.of_minutes(max_minutes)
    schema.check()
    frame = schema.read(frame)
    verdict = Gate(schema, Suite.of(schema)).check(frame)
    if not verdict.passed:
        worst = Verdict.worst(verdict.checks) + _first_file(verdict, frame)
        raise GateError(f"the data breaks its schema, nothing was trained: {worst}; mend one of the two", verdict)
    synthesizer = Synthesizer.fit(
        frame,
        schema,
        model=model,
        seed=seed,
        max_minutes=budget,
        checkpoint=checkpoint,
        resume=resume,
        listener=listener,
        callbacks=callbacks,
    )
    return with_suite(synthesizer)


def with_suite(synthesizer: Synthesizer) -> Synthesizer:
    """A copy of the model with the suite its rows must pass: from the schema, learned constraints, and the user."""
    schema = synthesizer.schema
    return replace(synthesizer, suite=Suite.of(schema, synthesizer.constraints).to_json(schema.name))


def suite_of(synthesizer: Synthesizer) -> Suite:
    """The suite that rows of a model must pass."""
    schema = synthesizer.schema
    if not synthesizer.suite:
        return Suite.of(schema)
    return Suite.derive(schema, synthesizer.constraints) + Suite.from_json(synthesizer.suite)


def generate(
    synthesizer: Synthesizer,
    rows: int,
    *,
    where: Where = None,
    seed: int = 0,
    real: pd.DataFrame | None = None,
    allow_real_keys: bool = False,
    listener: Listener = silent,
) -> Validated:
    """Draw rows that pass the model's suite; rows that fail are set aside and drawn again.

    Rows come lazily: nothing is drawn before `Validated.frame()`, `Validated.frames()` or `export` reads them.

    Parameters
    ----------
    synthesizer : Synthesizer
        A fitted model.
    rows : int
        How many rows, at least 1.
    where : str, mapping or list of str, optional
        What every row has to satisfy: `"age >= 60"`, or `{"age": (60, None), "ward": ["north", "south"]}`. Met by
        masking what may be drawn, not by drawing until it fits.
    seed : int, default 0
        Equal seeds and models give equal rows.
    real : DataFrame, optional
        The real rows, where they are at hand: a synthetic row that holds a key or personal data of theirs is drawn
        again.
    allow_real_keys : bool, default False
        Draw from a model that has learned keys or personal data of `real`, whose values come out; for those who
        measure that afterwards (`evaluate`: key_overlap).
    listener : callable, optional
        Called with each `Progress`.

    Returns
    -------
    Validated
        The rows, as a stream that can be read once.

    Raises
    ------
    ConditionError
        If nothing can satisfy `where`; before anything is drawn.
    InputError
        If `rows` is below 1, the pattern of a key has too few keys, or the model has learned a column of `real` that
        looks like keys or personal data.
    GateError
        While the rows are read: if 20 rows were drawn for each one wanted and too few passed, or if the table as a
        whole is refused.

    Examples
    --------
    >>> from synthdata import Synthesizer, export, generate
    >>> synthesizer = Synthesizer.load("model")  # doctest: +SKIP
    >>> export(generate(synthesizer, 1000, where="age >= 60"), "older.csv")  # doctest: +SKIP

    """
    check_rows_asked(rows)
    chunks = synthesizer.stream(where=where, seed=seed, rows=rows)
    return admit(synthesizer, chunks, rows, real=real, allow_real_keys=allow_real_keys, listener=listener)


def admit(
    synthesizer: Synthesizer,
    chunks: Iterator[pd.DataFrame],
    rows: int,
    *,
    real: pd.DataFrame | None = None,
    allow_real_keys: bool = False,
    fewer: bool = False,
    listener: Listener = silent,
) -> Validated:
    """Pass a stream of a model's rows through the gate, see `generate`. fewer: whether fewer will do if it ends."""
    gate = Gate(synthesizer.schema, suite_of(synthesizer))
    if real is not None:
        if not allow_real_keys:
            check_learned_keys(synthesizer.schema, real)
        chunks = clear_of(synthesizer.schema, real, rows, listener).kept_clear(chunks)
    return gate.admit(chunks, rows, max(rows * MOST_DRAWN, 10_000), listener, fewer=fewer, counted=True)


def until(
    frames: Iterator[pd.DataFrame], rows: int, budget: Budget, listener: Listener = silent
) -> Iterator[pd.DataFrame]:
    """Frames of an endless stream, until the next would not be there in time; at least `FEWEST_IN_TIME` rows.

    rows: how many are wanted, for the listener.
    """
    drawn = 0
    for frame in frames:
        yield frame
        drawn += len(frame)
        pace, left = budget.spent / drawn, budget.left
        listener(Progress("draw", min(drawn / rows, 1.0), pace * max(rows - drawn, 0), f"{drawn:,} rows"))
        if left is not None and drawn >= FEWEST_IN_TIME and pace * len(frame) > left:
            return


def recorded(frames: Iterator[pd.DataFrame], drawn: list[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """The same stream, whose frames are put into a list as they are drawn."""
    for frame in frames:
        drawn.append(frame)
        yield frame


def check_learned_keys(schema: Schema, real: pd.DataFrame) -> None:
    """Raise InputError if a column that is learned looks like keys or personal data in the real rows."""
    frame = schema.read(real)
    learned = [name for name, field in schema.fields.items() if looks_identifying(frame[name].dropna(), name, field)]
    if learned:
        raise InputError(
            f'column "{learned[0]}" looks like keys or personal data, and its real values were learned; make it '
            f"an identifier or personal in the schema and train again, or generate without real rows (--real)"
        )


def clear_of(schema: Schema, real: pd.DataFrame, rows: int, listener: Listener = silent) -> RealValues:
    """The keys and personal data of real rows; InputError if a pattern has too few other keys left."""
    values = RealValues.of(schema.read(real), schema.fields)
    for name, field in schema.fields.items():
        if not isinstance(field, Identifier) or name not in values.values:
            continue
        left = field.keys - len(field.fitting(pd.Series(sorted(values.values[name]), dtype="str")))
        if left < (rows if field.unique else 1):
            raise InputError(
                f'"{name}": {rows:,} rows are requested, but its pattern leaves only {max(left, 0):,} keys that no '
                f"real row has; ask for fewer rows, or widen the pattern in the schema and train again"
            )
    if values.crowded:
        named = ", ".join(values.crowded)
        listener(
            Progress("names", 1.0, detail=f"{named}: so many people that synthetic names may coincide with real ones")
        )
    return values


def _first_file(verdict: Verdict, frame: pd.DataFrame) -> str:
    """The end of a message: the file of the first row whose statistics failed, if cells are paths."""
    for check in verdict.checks:
        name, _, statistic = check.label.rpartition(".")
        if check.first and statistic and name in frame.columns:
            cell = frame[name].iloc[check.first[0] - 1]
            if isinstance(cell, str):
                return f", row {check.first[0]} is {cell}"
    return ""
