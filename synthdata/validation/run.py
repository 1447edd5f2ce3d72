"""One run of a stream through the gate: regroup, sift, count, judge the whole.

Great Expectations says of each chunk which rows fail which expectation. Failing rows are set aside, and what is
about the whole (uniqueness, counts, means, shares) is asked once at the end, of the columns that this takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from synthdata.errors import DataError, GateError
from synthdata.fields import Expectation, Field
from synthdata.messages import check_frame
from synthdata.progress import Listener, Progress
from synthdata.schema import Schema
from synthdata.schema.constraints import Constraint, Ordered
from synthdata.schema.joined import parts_of
from synthdata.validation.engine import Outcome, Runner
from synthdata.validation.suite import Suite, columns_of, is_row_level, is_shape, is_unique, label_of
from synthdata.validation.uniqueness import Seen
from synthdata.validation.verdict import Check, Verdict, library_versions

__all__ = ["Plan", "Run"]

CHUNK_ROWS = 100_000  # rows a call of Great Expectations gets: its fixed cost is that of some 30,000 rows
CHUNK_BYTES = 1 << 28  # and no more rows than weigh so much
MOST_REJECTED = 10_000  # rejected rows that are kept to be looked at
REASON = "failed_expectation"
SHOWN = 5  # row numbers of each expectation
NOT_EMPTY = Expectation("expect_table_row_count_to_be_between", {"min_value": 1})


class Plan:
    """A suite, sorted by how each part of it is run, and ready to run."""

    def __init__(self, schema: Schema, suite: Suite) -> None:
        suite.check_columns(schema)
        self.schema = schema
        self.weight = sum(field.weight for field in schema.fields.values())
        self.shape = [one for one in suite.expectations if is_shape(one)]
        of_set = frozenset(schema.set_statistics())
        self.row = [one for one in suite.expectations if is_row_level(one) and of_set.isdisjoint(columns_of(one))]
        self.whole = [one for one in suite.expectations if one not in self.shape and one not in self.row]
        self.rules: tuple[Constraint, ...] = suite.rules
        self.exact = _exact_checks(schema)
        self.running = _running(schema, suite)
        self.run_shape, self.run_row = Runner(self.shape), Runner(self.row)
        true = [{"column": str(number), "value_set": [True]} for number in range(len(self.rules))]
        self.run_rules = Runner([Expectation("expect_column_values_to_be_in_set", kwargs) for kwargs in true])
        Runner(self.whole)  # to refuse early what cannot be run

    def compute_statistics(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame, and beside its columns the statistics that expectations are about."""
        return pd.concat([frame, self.schema.compute_statistics(frame)], axis=1) if self.schema.statistics() else frame

    def columns(self, whole: Iterable[Expectation]) -> list[str]:
        """The columns and statistics that the checks of the whole table need."""
        needed = {column for one in whole for column in columns_of(one)}
        if not needed.isdisjoint(self.schema.set_statistics()):
            needed.update(self.schema.statistics())
        return [name for name in (*self.schema.fields, *self.schema.statistics()) if name in needed]

    def compute_set_statistics(self, table: pd.DataFrame) -> pd.DataFrame:
        """The columns of the whole, and beside them the statistics of how rows compare with each other."""
        if not set(self.schema.statistics()) <= set(table.columns):
            return table
        return pd.concat([table, self.schema.compute_set_statistics(table)], axis=1)

    def rules_held(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One boolean column a rule, named by its number."""
        held = {str(number): rule.holds(frame) for number, rule in enumerate(self.rules)}
        return pd.DataFrame(held, index=frame.index, dtype=bool)


def _exact_checks(schema: Schema) -> dict[str, Callable[[pd.DataFrame], np.ndarray]]:
    """Whether rows are what fields and orders say, where Great Expectations cannot tell exactly; by their labels.

    It compares whole numbers with floats, and knows no decimals, nor cells that hold several values.
    """
    result: dict[str, Callable[[pd.DataFrame], np.ndarray]] = {}
    for name, each in schema.fields.items():
        if each.conforms(pd.Series(dtype=each.dtype(False))) is not None:
            result[f"{name}: {each.in_short()}"] = partial(_conforming, name, each)
    for constraint in schema.constraints:
        if isinstance(constraint, Ordered):
            low, high = (schema.fields[name].dtype(False) for name in constraint.columns())
            if {low, high} == {"int64", "float64"}:
                result[constraint.label()] = constraint.holds
    for name, template in schema.joined.items():
        parts = parts_of(template)
        if any(schema.fields[part].nullable for part in parts):
            result[f"{name}: all of it or nothing"] = partial(_whole, parts)
    return result


def _whole(parts: Sequence[str], frame: pd.DataFrame) -> np.ndarray:
    """Whether the parts of a joined column are all there or all missing, as they are in a cell: (n,) bool."""
    missing = frame[list(parts)].isna().to_numpy(bool)
    return np.asarray(missing.all(axis=1) | ~missing.any(axis=1))


def _conforming(name: str, declared: Field, frame: pd.DataFrame) -> np.ndarray:
    """Whether the cells of a column are what its field says: (n,) bool; missing ones are."""
    column = frame[name]
    result, there = np.ones(len(column), bool), column.notna().to_numpy(bool)
    conforms = declared.conforms(column[there])
    if conforms is not None:
        result[there] = conforms
    return result


def _outcome(holds: np.ndarray) -> Outcome:
    bad = np.flatnonzero(~holds)
    return Outcome(not len(bad), bad if len(bad) else None, len(bad))


def _running(schema: Schema, suite: Suite) -> list[str]:
    """The columns of running numbers about which nothing is expected but that they are some."""
    running = {name: field.expectations(name) for name, field in schema.fields.items() if field.is_running}
    named = {column for rule in suite.rules for column in rule.columns()}
    return [
        name
        for name, own in running.items()
        if name not in named and all(one in own for one in suite.expectations if name in columns_of(one))
    ]


class Run:
    """One run.

    rows: how many to admit, None for all there are. most: how many to look at, at most.
    fewer: whether fewer than `rows` will do, if the stream ends before.
    strict: no row may fail, and nothing stops the run early; otherwise failing rows are set aside and made up for.
    counted: whether running numbers are those of the admitted rows, so that the rows set aside leave no gaps.
    """

    def __init__(
        self,
        plan: Plan,
        chunks: Iterable[pd.DataFrame],
        *,
        rows: int | None,
        most: int | None,
        strict: bool,
        listener: Listener,
        fewer: bool = False,
        counted: bool = False,
    ) -> None:
        self.verdict: Verdict | None = None
        self._plan, self._rows, self._most, self._strict, self._listener = plan, rows, most, strict, listener
        self._fewer = fewer
        asked = [] if rows is None or fewer else [Expectation("expect_table_row_count_to_equal", {"value": rows})]
        self._whole = [*plan.whole, *(one for one in (NOT_EMPTY, *asked) if one not in plan.whole)]
        self._shape_tallies = [_Tally(one.type, label_of(one), "set") for one in plan.shape]
        self._row_tallies = [_Tally(one.type, label_of(one), "row") for one in plan.row]
        self._rule_tallies = [_Tally("rule", rule.label(), "row") for rule in plan.rules]
        self._exact_tallies = [_Tally("exactly", label, "row") for label in plan.exact]
        self._whole_tallies = [_Tally(one.type, label_of(one), "set") for one in self._whole]
        of_set = frozenset(plan.schema.set_statistics())
        self._unique = [
            (tally, Seen.of(one))
            for one, tally in zip(self._whole, self._whole_tallies, strict=True)
            if is_unique(one) and of_set.isdisjoint(columns_of(one))
        ]
        self._queue = _Queue(_typed(chunk, plan.schema) for chunk in chunks)
        self._types_passed: set[tuple[str, ...]] = set()
        self._kept_columns = plan.columns(self._whole)
        self._counts = dict.fromkeys(plan.running if counted else (), 0)
        self._kept: list[pd.DataFrame] = []
        self._set_aside: list[pd.DataFrame] = []
        self._admitted = self._sampled = self._kept_aside = 0
        self._seconds = 0.0

    def stream(self) -> Iterator[pd.DataFrame]:
        """Yield admitted rows, a chunk at a time; judge the whole at the end."""
        began = time.monotonic()
        while self._rows is None or self._admitted < self._rows:
            chunk = self._queue.take(self._wanted())
            if not len(chunk):
                break
            started = time.monotonic()
            passed = self._sift(chunk)
            self._seconds += time.monotonic() - started
            self._tell(time.monotonic() - began)
            if len(passed):
                yield passed
        self._conclude()

    def passing(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows of a frame pass what is expected of each row by itself: (n,) bool."""
        result = np.ones(len(frame), bool)
        for _, outcome in self._outcomes(self._plan.compute_statistics(_typed(frame, self._plan.schema))):
            if outcome.rows is not None:
                result[outcome.rows] = False
        return result

    def rejected(self) -> pd.DataFrame:
        """The rows that were set aside, as far as they were kept, and the first expectation each failed."""
        fields = self._plan.schema.fields
        empty = pd.DataFrame({name: pd.Series(dtype=field.dtype(True)) for name, field in fields.items()})
        empty[self._reason_column] = pd.Series(dtype="str")
        return pd.concat(self._set_aside, ignore_index=True) if self._set_aside else empty

    @property
    def _reason_column(self) -> str:
        return next(name for name in (REASON + "_" * n for n in range(100)) if name not in self._plan.schema.fields)

    def _wanted(self) -> int:
        """How many rows to look at next: enough for what is missing, at the acceptance seen so far."""
        chunk = max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(1, self._plan.weight)))
        left = chunk if self._most is None else min(chunk, self._most - self._sampled)
        if self._rows is None:
            return left
        acceptance = max(self._admitted / self._sampled, 0.01) if self._sampled else 1.0
        return min(left, int((self._rows - self._admitted) / acceptance) + 1)

    def _sift(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a chunk that pass; count the others and set them aside."""
        frame, rows = self._plan.compute_statistics(frame), frame
        found = self._outcomes(frame)
        reasons = np.full(len(frame), -1)  # which of `found` a row failed first
        for number, (_, outcome) in enumerate(found):
            if outcome.rows is not None:
                reasons[outcome.rows[reasons[outcome.rows] < 0]] = number
        for tally, seen in self._unique:
            candidates = np.flatnonzero(reasons < 0)
            again = candidates[~seen.is_first(frame[list(seen.columns)].iloc[candidates])]
            reasons[again] = len(found)
            found.append((tally, Outcome(False, again, len(again))))
        passing, end = np.flatnonzero(reasons < 0), len(frame)
        if self._rows is not None and self._admitted + len(passing) >= self._rows:
            passing = passing[: self._rows - self._admitted]
            end = int(passing[-1]) + 1  # what comes after the last row asked for is as if never sampled
        for tally, outcome in found:
            tally.count(outcome, end, self._sampled)
        self._sampled += end
        self._admitted += len(passing)
        self._keep_aside(rows, np.flatnonzero(reasons[:end] >= 0), reasons, [tally.name for tally, _ in found])
        broken = [tally for tally, _ in found if tally.broken]
        if broken and not self._strict:
            raise self._refusal("the suite cannot pass, whatever is sampled", broken)
        admitted = self._counted(rows.iloc[passing].reset_index(drop=True))
        kept = frame[self._kept_columns].iloc[passing].reset_index(drop=True)
        self._kept.append(kept.assign(**{name: admitted[name] for name in self._counts if name in kept}))
        return admitted

    def _counted(self, admitted: pd.DataFrame) -> pd.DataFrame:
        """Admitted rows, their running numbers counted on from those before."""
        for name, before in self._counts.items():
            admitted[name] = self._plan.schema.fields[name].counted(admitted[name], before)
            self._counts[name] += int(admitted[name].notna().sum())
        return admitted

    def _outcomes(self, frame: pd.DataFrame) -> list[tuple[_Tally, Outcome]]:
        """Run what can be run on a chunk. Names and types are looked at once for each combination that comes."""
        plan, types = self._plan, tuple(map(str, frame.dtypes))
        shape = [Outcome(True)] * len(plan.shape)
        if types not in self._types_passed or "object" in types:
            shape = plan.run_shape.run(frame[list(plan.schema.fields)])
            if all(outcome.success for outcome in shape):
                self._types_passed.add(types)
        exact = [_outcome(holds(frame)) for holds in plan.exact.values()]
        outcomes = [*shape, *plan.run_row.run(frame), *plan.run_rules.run(plan.rules_held(frame)), *exact]
        tallies = [*self._shape_tallies, *self._row_tallies, *self._rule_tallies, *self._exact_tallies]
        return list(zip(tallies, outcomes, strict=True))

    def _keep_aside(self, frame: pd.DataFrame, failing: np.ndarray, reasons: np.ndarray, names: list[str]) -> None:
        chosen = failing[: MOST_REJECTED - self._kept_aside]
        if len(chosen):
            self._kept_aside += len(chosen)
            rows = frame.iloc[chosen].reset_index(drop=True)
            rows[self._reason_column] = pd.Series([names[number] for number in reasons[chosen]], dtype="str")
            self._set_aside.append(rows)

    def _conclude(self) -> None:
        """Check the whole table and make the verdict."""
        if self._too_few:
            accepted = self._admitted / max(self._sampled, 1)
            raise self._refusal(
                f"only {self._admitted:,} of {self._rows:,} rows passed out of {self._sampled:,} sampled "
                f"({accepted:.1%} accepted)",
                [tally for tally in self._tallies if tally.failed],
            )
        started = time.monotonic()
        table = pd.concat(self._kept, ignore_index=True) if self._kept else pd.DataFrame(columns=self._kept_columns)
        self._kept, table = [], self._plan.compute_set_statistics(table)
        for tally, outcome in zip(self._whole_tallies, Runner(self._whole).run(table), strict=True):
            tally.settle(outcome)
        self._seconds += time.monotonic() - started
        self.verdict = self._judged()
        if not self.verdict.passed and not self._strict:
            failed = [tally for tally in self._tallies if not tally.holds(self._strict)]
            raise self._refusal("the table as a whole was refused", failed)

    @property
    def _too_few(self) -> bool:
        """Whether rows are wanting, and not because the stream ended where fewer will do."""
        if self._rows is None or self._admitted >= self._rows:
            return False
        return not self._fewer or not self._admitted or self._sampled == self._most

    def _refusal(self, what: str, because: list[_Tally]) -> GateError:
        self.verdict = self._judged()
        worst = Verdict.worst(tally.check(self._strict) for tally in because)
        return GateError(f"{what}: {worst}" if worst else f"{what}: there were no more rows", self.verdict)

    @property
    def _tallies(self) -> list[_Tally]:
        exact = [tally for tally in self._exact_tallies if tally.failed]  # beside expectations that say it less exactly
        return [*self._shape_tallies, *self._row_tallies, *self._rule_tallies, *exact, *self._whole_tallies]

    def _judged(self) -> Verdict:
        enough = self._admitted > 0 and not self._too_few
        return Verdict(
            passed=enough and all(tally.holds(self._strict) for tally in self._tallies),
            rows=self._admitted,
            sampled=self._sampled,
            rejected=self._sampled - self._admitted,
            checks=tuple(tally.check(self._strict) for tally in self._tallies),
            seconds=self._seconds,
            versions=library_versions(),
        )

    def _tell(self, seconds: float) -> None:
        if self._rows is not None and (self._admitted == self._rows or not self._fewer):
            left = seconds / self._admitted * (self._rows - self._admitted) if self._admitted else None
            detail = f"{self._admitted:,} of {self._rows:,} rows, {self._admitted / self._sampled:.1%} accepted"
            self._listener(Progress("generate", self._admitted / self._rows, left, detail))


@dataclass
class _Tally:
    """The count of one expectation so far."""

    expectation: str
    label: str
    level: Literal["row", "set"]
    failed: int = 0
    judged: bool = False
    broken: bool = False  # failed otherwise than by single rows
    error: str = ""
    first: list[int] = field(default_factory=list)  # numbers of the first rows that failed, from 1

    @property
    def name(self) -> str:
        return f"{self.expectation}({self.label})"

    def count(self, outcome: Outcome, end: int, before: int) -> None:
        """Add the outcome of a chunk's rows before `end`; `before` rows were checked before the chunk."""
        if outcome.success or outcome.rows is None:
            self.settle(outcome)
        else:
            self.judged = True
            self.failed += int(np.searchsorted(outcome.rows, end))
            self.first += (outcome.rows[: SHOWN - len(self.first)] + before + 1).tolist()

    def settle(self, outcome: Outcome) -> None:
        """Add an outcome that is not about single rows."""
        self.judged = True
        self.failed += outcome.failed
        self.broken = self.broken or not outcome.success
        self.error = self.error or outcome.error

    def holds(self, strict: bool) -> bool:
        return self.judged and not self.broken and not (strict and self.failed)

    def check(self, strict: bool) -> Check:
        first = tuple(self.first) if strict else ()  # of rows that were drawn, numbers say nothing
        return Check(self.expectation, self.label, self.level, self.failed, self.holds(strict), self.error, first)


class _Queue:
    """A stream of frames, cut into pieces of other sizes."""

    def __init__(self, frames: Iterator[pd.DataFrame]) -> None:
        self._frames = frames
        self._held: list[pd.DataFrame] = []

    def take(self, rows: int) -> pd.DataFrame:
        """Return the next `rows` rows, fewer only where the stream ends; the index is 0..n-1."""
        held = sum(map(len, self._held))
        while held < rows and (frame := next(self._frames, None)) is not None:
            self._held.append(frame)
            held += len(frame)
        taken: list[pd.DataFrame] = []
        while self._held and rows > 0:
            head = self._held.pop(0)
            taken.append(head.iloc[:rows])
            if len(head) > rows:
                self._held.insert(0, head.iloc[rows:])
            rows -= len(taken[-1])
        return pd.concat(taken, ignore_index=True) if taken else pd.DataFrame()


def _typed(chunk: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The chunk in the schema's columns and types; read as raw cells if it is not so already."""
    check_frame(chunk, "validate")
    if not chunk.columns.is_unique:
        twice = chunk.columns[chunk.columns.duplicated()][0]
        raise DataError(f'the table has two columns "{twice}"; rename one')
    fields = schema.fields
    typed = all(
        name in chunk.columns and chunk[name].dtype in (field.dtype(False), field.dtype(True))
        for name, field in fields.items()
    )
    return chunk[list(fields)] if typed else schema.read(chunk)
