"""The one door to Great Expectations: a list of expectations, and what each says of a frame."""

from __future__ import annotations

import builtins
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from synthdata.errors import SchemaError
from synthdata.fields import Expectation
from synthdata.imports import import_large

if TYPE_CHECKING:
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.data_context import AbstractDataContext

__all__ = ["Outcome", "Runner"]

YES_OR_NO: Mapping[str, Any] = {"result_format": "BOOLEAN_ONLY"}
WHICH_ROWS: Mapping[str, Any] = {  # the numbers of all failing rows, and nothing that costs time and is not read
    "result_format": "COMPLETE",
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
}
IN_SETS = ("expect_column_values_to_be_in_set", "expect_column_values_to_not_be_in_set")
MANY_VALUES = 1000  # of a set, from which on only those that a frame has are handed on
NUMBER = "synthdata_number"  # which expectation a result is about; results come back in an order of their own


@dataclass(frozen=True)
class Outcome:
    """What one expectation says of one frame.

    rows: positions of the rows that failed, ascending (n,); None if the failure is not a matter of rows.
    failed: how many rows it counts as failing.
    error: the name of the error if it could not be evaluated. Only the name: its text may quote cells.
    """

    success: bool
    rows: np.ndarray | None = None
    failed: int = 0
    error: str = ""


@dataclass(frozen=True)
class _LargeSet:
    """An expectation about a set of many values, which Great Expectations copies some sixty times a run."""

    expectation: Expectation
    values: frozenset[str | float]

    def with_some(self) -> Expectation:
        """The same about one of the values, to see whether it can be run."""
        return self._about(list(islice(self.values, 1)))

    def as_far_as_in(self, frame: pd.DataFrame) -> Expectation:
        """The same about those of the values that a frame has, of which it says the same."""
        column = frame.get(self.expectation.kwargs["column"])
        if column is None or pd.api.types.is_datetime64_any_dtype(column):  # which texts may stand for
            return self.expectation
        found = [each for each in column.dropna().unique().tolist() if each in self.values]
        return self._about(found) if found else self.with_some()

    def _about(self, values: list[str | float]) -> Expectation:
        return Expectation(self.expectation.type, {**self.expectation.kwargs, "value_set": values})


def _has_large_set(expectation: Expectation) -> bool:
    """Whether an expectation is about values of a column in a set, or not in it, of many texts or numbers."""
    if expectation.type not in IN_SETS or not isinstance(expectation.kwargs.get("column"), str):
        return False
    values = expectation.kwargs.get("value_set")
    return (
        isinstance(values, list | tuple)
        and len(values) > MANY_VALUES
        and all(type(each) in (str, int) for each in values)
    )


def _built(expectation: Expectation, number: int) -> Any:
    """An expectation of Great Expectations with a number; None if it knows none such."""
    import great_expectations as gx

    data = {"type": expectation.type, "kwargs": dict(expectation.kwargs), "meta": {NUMBER: number}}
    suite = gx.ExpectationSuite(name="one", expectations=[data])
    return suite.expectations[0] if len(suite.expectations) == 1 else None


class Runner:
    """Expectations, ready to run on any number of frames. SchemaError if Great Expectations does not take one."""

    def __init__(self, expectations: Sequence[Expectation], source: str = "suite") -> None:
        self._size = len(expectations)
        if not self._size:
            return
        self._large = {
            number: _LargeSet(one, frozenset(one.kwargs["value_set"]))
            for number, one in enumerate(expectations)
            if _has_large_set(one)
        }
        with _great_expectations():
            self._built = []
            for number, one in enumerate(expectations):
                small = self._large[number].with_some() if number in self._large else one
                try:
                    found = _built(small, number)
                except Exception as error:
                    raise SchemaError(f"{source}, expectation {number + 1} ({one.type}): {_reason(error)}") from None
                if found is None:  # dropped, with no more than a line in a log
                    raise SchemaError(f"{source}, expectation {number + 1}: Great Expectations knows no {one.type}")
                self._built.append(found)

    def run(self, frame: pd.DataFrame) -> list[Outcome]:
        """Run all on a frame whose index is 0..n-1; one outcome an expectation, in order.

        Costs about 3 ms an expectation, and 0.1 ms an expectation and thousand rows. Those that fail are run again for
        the rows, which costs twice as much.
        """
        if not self._size:
            return []
        with _great_expectations() as batches:
            batch = batches.get_batch(batch_parameters={"dataframe": _fast(frame)})
            large = {number: _built(each.as_far_as_in(frame), number) for number, each in self._large.items()}
            built = [large.get(number, one) for number, one in enumerate(self._built)]
            outcomes = _outcomes(batch, built, YES_OR_NO, len(frame))
            failed = [number for number, one in outcomes.items() if not one.success and not one.error]
            if failed:
                outcomes |= _outcomes(batch, [built[number] for number in failed], WHICH_ROWS, len(frame))
        return [outcomes.get(number, Outcome(False, error="NoResult")) for number in range(self._size)]  # fail closed


def _outcomes(batch: Any, built: Sequence[Any], result_format: Mapping[str, Any], rows: int) -> dict[int, Outcome]:
    """What Great Expectations says of a batch of this many rows, by the number of the expectation."""
    import great_expectations as gx

    suite = gx.ExpectationSuite(name="synthdata", expectations=list(built))
    found = batch.validate(suite, result_format=dict(result_format)).results
    return {result.expectation_config.meta[NUMBER]: _outcome(result, rows) for result in found}


def _outcome(result: Any, rows: int) -> Outcome:
    error = _raised(result.exception_info)
    if error:
        return Outcome(False, error=error)
    if result.success:
        return Outcome(True)
    details = result.result or {}
    failed = int(details.get("unexpected_count") or 0)
    labels = details.get("unexpected_index_list")
    if not labels:
        return Outcome(False, failed=failed)
    positions = np.unique(np.asarray(labels, np.int64))
    if len(positions) != failed or positions[-1] >= rows:
        return Outcome(False, failed=failed, error="RowsUnclear")
    return Outcome(False, positions, failed)


def _raised(info: Mapping[str, Any] | None) -> str:
    """The name of the error in `exception_info`, which is flat or one level deep; "" if none was raised."""
    if not info:
        return ""
    for part in [info] if "raised_exception" in info else info.values():
        if part.get("raised_exception"):
            names = re.findall(r"^(\w+Error)\b", str(part.get("exception_traceback")), re.MULTILINE)
            return next((name for name in names if hasattr(builtins, name)), "Error")
    return ""


def _reason(error: Exception) -> str:
    """What pydantic or Great Expectations says, in one line."""
    if hasattr(error, "errors"):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "__root__")
        return f"{place}: {first['msg']}" if place else str(first["msg"])
    return " ".join(str(error).split())[:200]


def _fast(frame: pd.DataFrame) -> pd.DataFrame:
    """Count naive times in nanoseconds where they fit: Great Expectations compares other units row by row."""
    ends = pd.Timestamp.min, pd.Timestamp.max

    def fits(column: pd.Series) -> bool:
        return len(column) > 0 and bool((column.dropna().between(*ends)).all())

    named = {
        name: "datetime64[ns]" for name, column in frame.items() if column.dtype == "datetime64[us]" and fits(column)
    }
    return frame.astype(named) if named else frame


@cache
def _home() -> tuple[AbstractDataContext, BatchDefinition[Any]]:
    """A context of our own, in memory, and where in it frames are handed in."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("synthdata").add_dataframe_asset("rows")
    return context, asset.add_batch_definition_whole_dataframe("chunk")


@contextmanager
def _great_expectations() -> Iterator[BatchDefinition[Any]]:
    """Great Expectations in a context of our own, without warnings and log lines; leaves the caller's as they were."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import_large("great_expectations")
            from great_expectations.data_context.data_context.context_factory import project_manager
            from great_expectations.exceptions import DataContextRequiredError

            try:
                theirs = project_manager.get_current_project()
            except DataContextRequiredError:
                theirs = None
            try:
                ours, batches = _home()
                project_manager.set_project(ours)
                yield batches
            finally:
                project_manager.set_project(theirs)
    finally:
        logger.setLevel(level)
