"""Real rows and synthetic ones in one table, each marked with where it is from, that has passed the gate as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from synthdata.augmentation.amounts import Amount, Part, Plan, plan
from synthdata.errors import InputError
from synthdata.fields import Category, Field, Number, Rows
from synthdata.pipeline import BUDGET, suite_of
from synthdata.progress import Listener, Progress, silent
from synthdata.schema import Schema
from synthdata.synthesizer import Synthesizer
from synthdata.validation import Gate, Suite, Validated
from synthdata.validation.suite import is_unique
from synthdata.validation.uniqueness import Seen

__all__ = ["FILLED", "PROVENANCE", "REAL", "SYNTHETIC", "Augmented", "augment", "draw_parts", "marked", "weights_of"]

PROVENANCE = "provenance"
WEIGHT = "row_weight"
REAL, FILLED, SYNTHETIC = "real", "filled", "synthetic"  # filled: a real row in which missing cells were drawn
KINDS = (REAL, FILLED, SYNTHETIC)


@dataclass(frozen=True)
class Augmented:
    """What came of it.

    validated: all rows with their provenance, the real ones first, in their order. added: how many are synthetic.
    filled: how many cells of real rows were drawn. sampled: rows that were looked at to add these.
    """

    validated: Validated
    plan: Plan
    added: int = 0
    filled: int = 0
    sampled: int = 0

    @property
    def frame(self) -> pd.DataFrame:
        """All rows."""
        return self.validated.frame


def augment(
    synthesizer: Synthesizer,
    frame: pd.DataFrame,
    amount: Amount | None = None,
    *,
    fill: bool = False,
    provenance: str = PROVENANCE,
    seed: int = 0,
    listener: Listener = silent,
) -> Augmented:
    """Add to the rows that `synthesizer` has learned; `fill` draws their missing cells first.

    Exactly as many rows come as the amount works out to, each of its kind. GateError if too few of them pass, or if the
    table as a whole, real rows included, does not. provenance: the name of the column that marks rows. Where real rows
    are to weigh more, a column `row_weight` says how much.
    """
    schema = synthesizer.schema
    check_names(schema, provenance)
    real = schema.read(frame).reset_index(drop=True)
    amount = amount or Amount()
    made = plan(real, schema, amount, seed=seed) if not amount.is_nothing else Plan(())
    origin = np.full(len(real), REAL, object)
    cells = 0
    if fill:
        listener(Progress("fill", 0.0, detail="missing cells are drawn"))
        empty = real.isna().to_numpy(bool)
        real = synthesizer.fill(real, seed=seed)
        drawn = empty & real.notna().to_numpy(bool)
        cells = int(drawn.sum())
        origin[drawn.any(axis=1)] = FILLED
    added, sampled = draw_parts(synthesizer, real, made.parts, seed=seed, listener=listener)
    origin = np.concatenate([origin, np.full(len(added), SYNTHETIC, object)])
    weights = None if amount.real_share is None else weights_of(len(real), len(added), amount.real_share)
    whole = pd.concat([real, added], ignore_index=True) if len(added) else real
    validated = marked(schema, suite_of(synthesizer), whole, origin, provenance, weights)
    return Augmented(validated, made, len(added), cells, sampled)


def check_names(schema: Schema, provenance: str) -> None:
    """Refuse names that columns have already."""
    if provenance in schema.fields:
        raise InputError(f'the table has a column "{provenance}" already; name the one that marks rows otherwise')
    if WEIGHT in schema.fields or provenance == WEIGHT:
        raise InputError(f'a column "{WEIGHT}" is what weights would be called; rename it')


def marked(
    schema: Schema,
    suite: Suite,
    frame: pd.DataFrame,
    origin: np.ndarray,
    provenance: str = PROVENANCE,
    weights: np.ndarray | None = None,
) -> Validated:
    """Pass a table through the gate, with a column more that says where each row is from, and one of weights if given.

    What constraints have learned is not asked of real rows, of which they leave out the rare; synthetic rows have
    passed it when they were drawn.
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


def draw_parts(
    synthesizer: Synthesizer,
    real: pd.DataFrame,
    parts: Sequence[Part],
    *,
    seed: int = 0,
    listener: Listener = silent,
) -> tuple[pd.DataFrame, int]:
    """Draw the rows of all parts, each through the gate: the rows, and how many were sampled for them.

    What must be unique is so among all of them and `real`; keys are new ones. Expectations about the table as a whole
    are left to whoever puts it together.
    """
    suite = suite_of(synthesizer)
    gate = Gate(synthesizer.schema, suite.of_rows())
    numbered = [name for name, codec in synthesizer.codecs.items() if not codec.layout]
    seen = [Seen.of(one) for one in suite.expectations if is_unique(one)]
    seen = [one for one in seen if not set(one.columns) <= set(numbered)]
    for one in seen:
        one.is_first(real[list(one.columns)])
    frames: list[pd.DataFrame] = []
    sampled, total = 0, sum(part.rows for part in parts)
    for number, part in enumerate(parts):
        own = int(np.random.SeedSequence([seed, 7, number]).generate_state(1)[0])
        stream = _fresh(synthesizer.stream(where=part.tests, seed=own, rows=part.rows), seen)
        before = sum(map(len, frames))

        def tell(progress: Progress, before: int = before, rows: int = part.rows) -> None:
            done = before + progress.fraction * rows
            listener(Progress("generate", done / total, progress.seconds_left, f"{round(done):,} of {total:,} rows"))

        validated = gate.admit(stream, part.rows, max(part.rows * BUDGET, 10_000), tell)
        frames.append(validated.frame)
        sampled += validated.verdict.sampled
    if not frames:
        return real.iloc[:0], 0
    rows = pd.concat(frames, ignore_index=True)
    for name in numbered:
        rows[name] = _keys(synthesizer, name, len(rows), real[name], seed)
    return rows, sampled


def weights_of(real: int, added: int, real_share: float | None) -> np.ndarray:
    """The weight of each row, real ones first: (real + added,) float64, 1 in the mean.

    real_share: of all weight, that real rows have; without it all weigh alike.
    """
    if real_share is None or not added:
        return np.ones(real + added)
    rows = real + added
    return np.repeat([real_share * rows / real, (1 - real_share) * rows / added], [real, added])


def _fresh(frames: Iterator[pd.DataFrame], seen: Sequence[Seen]) -> Iterator[pd.DataFrame]:
    """The rows that hold nothing a second time that must be unique."""
    for frame in frames:
        for one in seen:
            frame = frame[one.is_first(frame[list(one.columns)])]
        yield frame


def _keys(synthesizer: Synthesizer, name: str, rows: int, taken: pd.Series, seed: int) -> pd.Series:
    """Keys that no real row has."""
    codec = synthesizer.codecs[name]
    capacity = codec.body.capacity
    wanted = rows + len(taken)  # as many as it takes, should all the real ones be among them
    numbers = np.arange(wanted if capacity is None else min(wanted, capacity))
    keys = codec.decode({}, Rows(seed, numbers))
    keys = keys[~keys.isin(taken)]
    if len(keys) < rows:
        raise InputError(
            f'"{name}": {rows:,} rows are to be added, but its pattern leaves only {len(keys):,} keys that no real row '
            f"has; add fewer rows, or widen the pattern in the schema"
        )
    return keys.iloc[:rows].reset_index(drop=True)
