"""Suites: what is expected of a table, as plain data, in Great Expectations' own JSON.

A suite file is somebody's input, and Great Expectations can be made to run code by one (a `row_condition` goes to
`DataFrame.query`, query expectations are SQL). So expectation types are allowed by name, in the tables below, which
also say how each is run: on every chunk for each row, or once over the whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from synthdata.errors import SchemaError, nearest
from synthdata.fields import Expectation
from synthdata.fields.regexes import linear
from synthdata.fields.text.wording import PATTERNS
from synthdata.regular_files import read_regular
from synthdata.schema import Schema
from synthdata.schema.constraints import AnyConstraint, Constraint

__all__ = ["Suite", "columns_of", "is_row_level", "is_shape", "is_unique", "label_of"]

SHAPE = frozenset(
    {  # about names and types: the same for every row of a chunk
        "expect_column_to_exist",
        "expect_column_type_to_be",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_of_type",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
    }
)
ROW = frozenset(
    {  # about each row alone
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_to_be_in_set",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_be_null",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_match_strftime_format",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
        "expect_multicolumn_sum_to_equal",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
    }
)
UNIQUE = frozenset(
    {  # about the whole, but a stream can keep to it: the first of equal rows stays
        "expect_column_values_to_be_unique",
        "expect_compound_columns_to_be_unique",
    }
)
SET = frozenset(
    {  # about the whole
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_max_to_be_between",
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_most_common_value_to_be_in_set",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_quantile_values_to_be_between",
        "expect_column_stdev_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_value_z_scores_to_be_less_than",
        "expect_column_values_to_be_decreasing",
        "expect_column_values_to_be_increasing",
        "expect_column_values_to_not_be_outliers",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
    }
)
ALLOWED = SHAPE | ROW | UNIQUE | SET
RUNS_CODE = ("row_condition", "condition_parser", "unexpected_rows_query")
NOT_OURS = ("result_format", "catch_exceptions", "batch_id", "include_config", "meta")  # how to run, which we decide
COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")
LARGEST_FILE = 64 << 20  # bytes of a suite
RULES: TypeAdapter[Constraint] = TypeAdapter(AnyConstraint)


@dataclass(frozen=True)
class Suite:
    """What is expected of a table, as plain data. Two suites can be added.

    Parameters
    ----------
    expectations : tuple of Expectation, default ()
        What Great Expectations states itself.
    rules : tuple of Constraint, default ()
        What it cannot state; the gate evaluates each into a column and expects that to be true.

    Examples
    --------
    >>> from synthdata import Number, Schema, Suite
    >>> suite = Suite.of(Schema(fields={"age": Number(min=0)}))
    >>> suite.expectations[-1].type
    'expect_column_values_to_be_between'

    """

    expectations: tuple[Expectation, ...] = ()
    rules: tuple[Constraint, ...] = ()

    @classmethod
    def derive(cls, schema: Schema, constraints: Iterable[Constraint] | None = None) -> Self:
        """The suite the schema implies. constraints: in place of the schema's, once training has filled them in."""
        if constraints is not None:
            schema = schema.model_copy(update={"constraints": tuple(constraints)})
        rules = tuple(one for one in schema.constraints if one.expectation() is None)
        claims = schema.expectations()
        return cls(tuple(Expectation(one.type, _given(one.kwargs)) for one in claims), rules)

    @classmethod
    def of(cls, schema: Schema, constraints: Iterable[Constraint] | None = None) -> Self:
        """The suite the schema implies, and the user's own if the schema names one."""
        derived = cls.derive(schema, constraints)
        return derived if schema.suite is None else derived + cls.load(schema.suite, schema)

    @classmethod
    def load(cls, path: str | Path, schema: Schema | None = None) -> Self:
        """Read a Great Expectations suite.

        Parameters
        ----------
        path : str or Path
            The suite's JSON.
        schema : Schema, optional
            With it, a column that the schema lacks is refused here; else the gate does it.

        Raises
        ------
        SchemaError
            If the file cannot be read, or something in it is not understood or not safe to run.

        """
        path = Path(path)
        try:
            data = json.loads(read_regular(path, LARGEST_FILE))
        except FileNotFoundError:
            raise SchemaError(f"{path}: no such suite; `synthdata suite SCHEMA > {path}` writes one") from None
        except OSError as error:
            raise SchemaError(f"{path}: cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            raise SchemaError(f"{path}: not JSON, or no file of a usual size: {error}") from None
        suite = cls.from_json(data, source=str(path))
        if schema is not None:
            suite.check_columns(schema, source=str(path))
        return suite

    @classmethod
    def from_json(cls, data: Any, source: str = "suite") -> Self:
        """Read what `to_json`, or Great Expectations, wrote. Everything in it is checked, also by its arguments."""
        from synthdata.validation.engine import Runner

        listed = data.get("expectations") if isinstance(data, dict) else None
        if not isinstance(listed, list):
            raise SchemaError(
                f'{source}: not a Great Expectations suite, which is a mapping with a list "expectations"'
            )
        rules = _rules_in(data, source)
        if not listed and not rules:
            raise SchemaError(f"{source}: holds no expectations, so everything would pass; add one or drop the suite")
        suite = cls(tuple(_expectation(one, f"{source}, expectation {n}") for n, one in enumerate(listed, 1)), rules)
        Runner(suite.expectations, source)
        return suite

    def to_json(self, name: str) -> dict[str, Any]:
        """Write as a suite that Great Expectations itself can load; what it cannot state stands under `meta`."""
        rules = [{"kind": rule.kind, **rule.model_dump(mode="json", exclude_defaults=True)} for rule in self.rules]
        return {
            "name": name,
            "expectations": [{"type": one.type, "kwargs": dict(one.kwargs), "meta": {}} for one in self.expectations],
            "meta": {"synthdata_rules": rules} if rules else {},
        }

    def __add__(self, other: Self) -> Self:
        """Both suites, duplicates once."""
        seen = {_key(one): one for one in (*self.expectations, *other.expectations)}
        rules = {rule.model_dump_json(): rule for rule in (*self.rules, *other.rules)}
        return type(self)(tuple(seen.values()), tuple(rules.values()))

    def of_rows(self) -> Self:
        """The part that checks single rows, names and types."""
        return type(self)(tuple(one for one in self.expectations if is_shape(one) or is_row_level(one)), self.rules)

    def check_columns(self, schema: Schema, source: str = "suite") -> None:
        """Raise SchemaError for a column that the schema lacks."""
        statistics = {*schema.statistics(), *schema.set_statistics()}
        for what, columns in self._named():
            for column in columns:
                if column not in schema.fields and column not in statistics:
                    raise SchemaError(f'{source}, {what}: no field "{column}"; {nearest(column, schema.fields)}')

    def _named(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        yield from ((one.type, columns_of(one)) for one in self.expectations)
        yield from ((f'rule "{rule.label()}"', rule.columns()) for rule in self.rules)


def columns_of(one: Expectation) -> tuple[str, ...]:
    """The columns an expectation names."""
    named = [one.kwargs[key] for key in COLUMNS if one.kwargs.get(key) is not None]
    return tuple(str(name) for item in named for name in (item if isinstance(item, list | tuple) else [item]))


def label_of(one: Expectation) -> str:
    """The label of an expectation in verdicts: its columns, or the table."""
    return ", ".join(columns_of(one)) or "table"


def is_shape(one: Expectation) -> bool:
    """Whether names and types decide it."""
    return one.type in SHAPE


def is_row_level(one: Expectation) -> bool:
    """Whether each row passes or fails it alone; a share of the rows (`mostly`) is a matter of the set."""
    return one.type in ROW and _all_rows(one)


def is_unique(one: Expectation) -> bool:
    """Whether it forbids any two rows to be equal."""
    return one.type in UNIQUE and _all_rows(one)


def _all_rows(one: Expectation) -> bool:
    return one.kwargs.get("mostly") in (None, 1, 1.0)


def _key(one: Expectation) -> str:
    return json.dumps([one.type, dict(one.kwargs)], sort_keys=True, default=str)


def _rules_in(data: Mapping[str, Any], source: str) -> tuple[Constraint, ...]:
    meta = data.get("meta") or {}
    rules = meta.get("synthdata_rules", []) if isinstance(meta, dict) else []
    try:
        found = tuple(RULES.validate_python(rule) for rule in rules)
        for rule in found:
            rule.columns()  # parses a row expression
    except SchemaError as error:
        raise SchemaError(f"{source}, meta.synthdata_rules: {error}") from None
    except (ValidationError, TypeError):
        raise SchemaError(f"{source}, meta.synthdata_rules: not constraints as a schema has them") from None
    return found


def _expectation(data: Any, where: str) -> Expectation:
    """Read one, dropping what is about how to run it; SchemaError for all that is not on the lists above."""
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        raise SchemaError(f'{where}: a mapping with "type" and "kwargs" is expected')
    type_, kwargs = data["type"], data.get("kwargs") or {}
    if type_ not in ALLOWED:
        raise SchemaError(f'{where}: "{type_}" is unknown or not allowed; {nearest(type_, sorted(ALLOWED))}')
    if not isinstance(kwargs, dict):
        raise SchemaError(f"{where} ({type_}): kwargs is not a mapping")
    kwargs = {key: value for key, value in _given(kwargs).items() if key not in NOT_OURS}
    for key in RUNS_CODE:
        if key in kwargs:
            raise SchemaError(f"{where} ({type_}): {key} can run code and is refused; write a rule in the schema")
    dynamic = next((key for key, value in kwargs.items() if _is_dynamic(value)), None)
    if dynamic is not None:
        raise SchemaError(f"{where} ({type_}): {dynamic} is a suite parameter, which is not allowed; write its value")
    for key in ("regex", "regex_list"):
        if key in kwargs:
            kwargs[key] = _linear(kwargs[key], f"{where} ({type_})")
    return Expectation(type_, kwargs)


def _linear(value: Any, where: str) -> Any:
    """Regular expressions as they are matched in time that grows with the text alone; SchemaError for others."""
    if isinstance(value, list):
        return [_linear(each, where) for each in value]
    if not isinstance(value, str) or value in PATTERNS.values():  # our own, whose repeats are bounded
        return value
    try:
        return linear(value)
    except ValueError as error:
        raise SchemaError(f'{where}: regex "{value[:80]}": {error}') from None


def _given(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in kwargs.items() if value is not None}


def _is_dynamic(value: Any) -> bool:
    """Whether Great Expectations would compute it (`{"$PARAMETER": ...}`) rather than take it as it is."""
    if isinstance(value, dict):
        return any(str(key).startswith("$") or _is_dynamic(inner) for key, inner in value.items())
    return isinstance(value, list) and any(_is_dynamic(inner) for inner in value)
