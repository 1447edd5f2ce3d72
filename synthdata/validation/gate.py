"""The gate: what passes it is `Validated`, and nothing else is exported.

Which rows are admitted depends on the rows and their order alone, never on how the stream was cut into chunks, nor on
how many rows were asked for: the first k admitted rows of a long run are the k rows of a short one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd

from synthdata.errors import GateError
from synthdata.messages import check_schema
from synthdata.progress import Listener, silent
from synthdata.schema import Schema
from synthdata.validation.run import Plan, Run
from synthdata.validation.suite import Suite
from synthdata.validation.verdict import Verdict

__all__ = ["Gate", "Validated", "check", "validate"]

_TOKEN = object()


class Validated:
    """A table that passed the gate, or passes it while it is read. `export` takes nothing else.

    `validate` makes one of a frame, `generate` one of a stream that is drawn while it is read.

    Attributes
    ----------
    schema : Schema
        What the table is.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Number, Schema, validate
    >>> validated = validate(pd.DataFrame({"age": [20, 30]}), Schema(fields={"age": Number(integer=True)}))
    >>> len(validated.frame()), validated.verdict().passed
    (2, True)

    """

    def __init__(self, schema: Schema, run: Run, frames: list[pd.DataFrame] | None, token: object = None) -> None:
        if token is not _TOKEN:
            raise TypeError("a Validated table comes from validate() or Gate.admit(), nowhere else")
        self.schema = schema
        self._run = run
        self._frames = frames
        self._started = False

    def __repr__(self) -> str:
        rows = "rows not read yet" if self._frames is None else f"{sum(map(len, self._frames)):,} rows"
        verdict = self._run.verdict
        state = "" if verdict is None else ", passed" if verdict.passed else ", not passed"
        return f"Validated({self.schema.name!r}, {rows}{state})"

    def frames(self) -> Iterator[pd.DataFrame]:
        """The admitted rows, a chunk at a time. A stream draws them while it is read, and can be read once.

        Raises
        ------
        GateError
            At the end of a stream, if too few rows passed or the table as a whole is refused.
        RuntimeError
            If the stream has been read.

        """
        if self._frames is not None:
            return iter(self._frames)
        if self._started:
            raise RuntimeError("this stream has been read; call frame() first to keep its rows")
        self._started = True
        return self._run.stream()

    def frame(self) -> pd.DataFrame:
        """All admitted rows in one frame. A stream is drawn to its end, which can take minutes, and then kept.

        Raises
        ------
        GateError
            If too few rows passed or the table as a whole is refused.
        RuntimeError
            If the stream has been read by `frames`.

        """
        if self._frames is None:
            self._frames = list(self.frames())
        if len(self._frames) > 1:
            self._frames = [pd.concat(self._frames, ignore_index=True)]
        return self._frames[0]

    def verdict(self) -> Verdict:
        """What came of the checks; known once the last row was read.

        Raises
        ------
        RuntimeError
            If it was not yet: go through `frames`, or call `frame`.

        """
        if self._run.verdict is None:
            raise RuntimeError("the verdict is known once the last row was read: go through frames(), or call frame()")
        return self._run.verdict

    def rejected(self) -> pd.DataFrame:
        """Rows that were set aside, at most 10,000, with the first expectation each failed in `failed_expectation`."""
        return self._run.rejected()


class Gate:
    """A suite, ready to check tables of a schema. SchemaError if the suite cannot be run on them."""

    def __init__(self, schema: Schema, suite: Suite) -> None:
        self.schema = schema
        self.suite = suite
        self._plan = Plan(schema, suite)

    def admit(
        self,
        chunks: Iterable[pd.DataFrame],
        rows: int | None = None,
        most: int | None = None,
        listener: Listener = silent,
        *,
        fewer: bool = False,
        counted: bool = False,
    ) -> Validated:
        """Admit passing rows in order, until there are `rows`; None admits all there are.

        fewer: whether fewer will do if `chunks` ends before there are `rows`. counted: running numbers count the
        admitted rows, so that those set aside leave no gaps.

        Nothing is taken from `chunks`, which may be endless, before the result is read. GateError while reading: `most`
        rows were looked at and did not yield `rows`, an expectation cannot be evaluated, or the whole is refused.
        """
        run = Run(
            self._plan,
            chunks,
            rows=rows,
            most=most,
            strict=False,
            listener=listener,
            fewer=fewer,
            counted=counted,
        )
        return Validated(self.schema, run, None, _TOKEN)

    def check(self, frame: pd.DataFrame) -> Verdict:
        """Check all of a frame and return the verdict."""
        return self._judge(frame)[0]

    def passing(self, frame: pd.DataFrame) -> np.ndarray:
        """Which rows of a frame pass what is expected of each row by itself: (n,) bool."""
        return Run(self._plan, [], rows=None, most=None, strict=True, listener=silent).passing(frame)

    def validate(self, frame: pd.DataFrame) -> Validated:
        """Check all of a frame; GateError, with the verdict, if any row fails."""
        verdict, run, frames = self._judge(frame)
        if not verdict.sampled:
            raise GateError("the table has no rows; an empty table never passes", verdict)
        if not verdict.passed:
            worst = Verdict.worst(verdict.checks)
            some = f"{verdict.rejected:,} of {verdict.sampled:,} rows" if verdict.rejected else "the table as a whole"
            raise GateError(f"{some} failed: {worst}", verdict)
        return Validated(self.schema, run, frames, _TOKEN)

    def _judge(self, frame: pd.DataFrame) -> tuple[Verdict, Run, list[pd.DataFrame]]:
        run = Run(self._plan, [frame], rows=None, most=None, strict=True, listener=silent)
        frames = list(run.stream())
        assert run.verdict is not None
        return run.verdict, run, frames


def validate(frame: pd.DataFrame, schema: Schema, suite: Suite | None = None) -> Validated:
    """Check a frame against a schema.

    Parameters
    ----------
    frame : DataFrame
        The rows, raw (all text) or of the schema's types.
    schema : Schema
        What they should be.
    suite : Suite, optional
        What is expected of them; by default what the schema implies, and the suite it names.

    Returns
    -------
    Validated
        The rows, which `export` takes.

    Raises
    ------
    GateError
        If any row fails or the table as a whole does; `verdict` says which expectation, and in which rows.
    DataError
        If the frame cannot be read as the schema says.
    SchemaError
        If the suite names a column that the schema lacks.

    Examples
    --------
    >>> import pandas as pd
    >>> from synthdata import Number, Schema, validate
    >>> schema = Schema(fields={"age": Number(integer=True, min=0)})
    >>> validate(pd.DataFrame({"age": [20, -1]}), schema)
    Traceback (most recent call last):
    synthdata.errors.GateError: 1 of 2 rows failed: expect_column_values_to_be_between(age) 1 row (2)

    """
    check_schema(schema, "validate")
    return Gate(schema, Suite.of(schema) if suite is None else suite).validate(frame)


def check(frame: pd.DataFrame, schema: Schema, suite: Suite | None = None) -> Verdict:
    """Check a frame as `validate` does, and return the verdict instead of raising."""
    return Gate(schema, Suite.of(schema) if suite is None else suite).check(frame)
