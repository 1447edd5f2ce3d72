"""Train and generate: the only place where learning and sampling meet the gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from synthdata.errors import GateError, InputError
from synthdata.fields import Identifier
from synthdata.privacy.real_values import RealValues
from synthdata.progress import Listener, Progress, silent
from synthdata.schema import Schema
from synthdata.schema.conditions import Where
from synthdata.synthesizer import Synthesizer
from synthdata.validation import Gate, Suite, Validated, Verdict

if TYPE_CHECKING:
    import keras

__all__ = ["BUDGET", "clear_of", "generate", "suite_of", "train", "with_suite"]

BUDGET = 20  # rows sampled for one that is wanted, before generation gives up


def train(
    frame: pd.DataFrame,
    schema: Schema,
    *,
    model: str | Mapping[str, Any] | None = None,
    seed: int = 0,
    max_minutes: float | None = None,
    checkpoint: Path | None = None,
    resume: bool = False,
    listener: Listener = silent,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Synthesizer:
    """Gate the real table, then learn it. GateError, with the verdict, if the table breaks its own schema."""
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
        max_minutes=max_minutes,
        checkpoint=checkpoint,
        resume=resume,
        listener=listener,
        callbacks=callbacks,
    )
    return with_suite(synthesizer)


def with_suite(synthesizer: Synthesizer) -> Synthesizer:
    """The same, with the suite its rows must pass: the schema's, with what training filled in, and the user's own."""
    schema = synthesizer.schema
    return replace(synthesizer, suite=Suite.of(schema, synthesizer.constraints).to_json(schema.name))


def suite_of(synthesizer: Synthesizer) -> Suite:
    """What its rows must pass."""
    return Suite.from_json(synthesizer.suite) if synthesizer.suite else Suite.of(synthesizer.schema)


def generate(
    synthesizer: Synthesizer,
    rows: int,
    *,
    where: Where = None,
    seed: int = 0,
    real: pd.DataFrame | None = None,
    listener: Listener = silent,
) -> Validated:
    """Sample until `rows` rows have passed the gate; conditions are checked before anything is sampled.

    real: the real rows, where they are at hand: a synthetic row that holds a key or a piece of personal data of theirs
    is drawn again.

    Rows come lazily: iterate `Validated.frames()` or hand it to `export`. GateError if the budget of `BUDGET` sampled
    rows for each one wanted ends first, or if what must hold of the whole table does not.
    """
    if rows < 1:
        raise InputError(f"{rows} rows asked for; ask for at least 1")
    suite = suite_of(synthesizer)
    chunks = synthesizer.stream(where=where, seed=seed, rows=rows)
    if real is not None:
        chunks = clear_of(synthesizer.schema, real, rows, listener).kept_clear(chunks)
    return Gate(synthesizer.schema, suite).admit(chunks, rows, max(rows * BUDGET, 10_000), listener)


def clear_of(schema: Schema, real: pd.DataFrame, rows: int, listener: Listener = silent) -> RealValues:
    """The keys and personal data of real rows; InputError where a pattern has too few keys beside them."""
    values = RealValues.of(schema.read(real), schema.fields)
    for name, field in schema.fields.items():
        if not isinstance(field, Identifier) or name not in values.values:
            continue
        left = field.keys - len(field.fitting(pd.Series(sorted(values.values[name]), dtype="str")))
        if left < (rows if field.unique else 1):
            raise InputError(
                f'"{name}": {rows:,} rows are to be made, but its pattern leaves only {max(left, 0):,} keys that no '
                f"real row has; ask for fewer rows, or widen the pattern in the schema and train again"
            )
    if values.crowded:
        named = ", ".join(values.crowded)
        listener(Progress("names", 1.0, detail=f"{named}: so many people that made ones may be called like real ones"))
    return values


def _first_file(verdict: Verdict, frame: pd.DataFrame) -> str:
    """Name the file of the first row whose statistics failed, if cells are paths; the tail of a message."""
    for check in verdict.checks:
        name, _, statistic = check.label.rpartition(".")
        if check.first and statistic and name in frame.columns:
            cell = frame[name].iloc[check.first[0] - 1]
            if isinstance(cell, str):
                return f", row {check.first[0]} is {cell}"
    return ""
