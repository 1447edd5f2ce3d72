"""The gate and its suites."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthdata.errors import DataError, GateError, SchemaError
from synthdata.fields import Expectation
from synthdata.schema import Schema
from synthdata.schema.constraints import Combinations
from synthdata.validation import Gate, Suite, Validated, Verdict, check, validate
from synthdata.validation.suite import ROW, SET, SHAPE, UNIQUE

PEOPLE = Schema.parse(
    """
    name: people
    fields:
      id: {kind: identifier, pattern: 'P-\\d{3}'}
      age: {kind: number, integer: true, min: 0, max: 120}
      visits: {kind: number, integer: true, min: 0, max: 9, nullable: true}
      weight: {kind: number, decimals: 1, nullable: true}
      group: {kind: category, values: [a, b]}
      smoker: {kind: boolean, nullable: true}
      born: {kind: datetime, min: '1850-01-01', max: '2030-01-01'}
      seen: {kind: datetime, format: '%Y-%m-%dT%H:%M:%S', timezone: Europe/Berlin, min: '2000-01-01T00:00:00'}
    """
)
SMALL = Schema.parse("fields: {n: {kind: number, integer: true}, k: {kind: category}}")


def people(rows: int = 5) -> pd.DataFrame:
    numbers = range(rows)
    raw = {
        "id": [f"P-{n:03d}" for n in numbers],
        "age": [str(20 + n) for n in numbers],
        "visits": ["" if n == 1 else str(n % 9) for n in numbers],
        "weight": ["" if n == 2 else f"{60 + n}.5" for n in numbers],
        "group": ["ab"[n % 2] for n in numbers],
        "smoker": ["" if n == 3 else "true" for n in numbers],
        "born": [f"{1900 + n}-02-03" for n in numbers],
        "seen": [f"{2000 + n}-02-03T04:05:06" for n in numbers],
    }
    return PEOPLE.read(pd.DataFrame(raw, dtype="str"))


def small(n: list[int], k: list[str | None] | None = None) -> pd.DataFrame:
    texts = pd.Series(["x"] * len(n) if k is None else k, dtype="str")
    return pd.DataFrame({"n": pd.Series(n, dtype="int64"), "k": texts})


def suite(*expectations: tuple[str, dict[str, object]]) -> Suite:
    return Suite(tuple(Expectation(type_, kwargs) for type_, kwargs in expectations))


def written(folder: Path, *expectations: object, **more: object) -> Path:
    path = folder / "suite.json"
    path.write_text(json.dumps({"name": "x", "expectations": list(expectations), **more}))
    return path


BETWEEN = "expect_column_values_to_be_between"
UNDER_10 = suite((BETWEEN, {"column": "n", "max_value": 9}))


# --- what a schema implies


def test_a_table_of_every_kind_passes_its_own_schema():
    assert validate(people(), PEOPLE).verdict().passed


def test_a_table_of_every_kind_passes_without_missing_values_in_nullable_columns():
    assert validate(people(1), PEOPLE).verdict().passed


@pytest.mark.parametrize(
    ("column", "value", "expectation"),
    [
        ("id", "P-00x", "expect_column_values_to_match_regex"),
        ("id", "P-001\n", "expect_column_values_to_match_regex"),
        ("id", "P-00\u0663", "expect_column_values_to_match_regex"),
        ("id", "P-000", "expect_column_values_to_be_unique"),
        ("id", None, "expect_column_values_to_not_be_null"),
        ("age", 121, BETWEEN),
        ("age", -1, BETWEEN),
        ("visits", 10, BETWEEN),
        ("weight", np.inf, BETWEEN),
        ("group", "c", "expect_column_values_to_be_in_set"),
        ("born", pd.Timestamp("1700-01-01"), BETWEEN),
        ("born", pd.Timestamp("1500-01-01"), BETWEEN),
        ("born", pd.Timestamp("2030-01-02"), BETWEEN),
        ("seen", pd.Timestamp("1999-12-31T23:59:59", tz="Europe/Berlin"), BETWEEN),
    ],
)
def test_one_bad_cell_is_caught_by_the_expectation_meant_for_it(column, value, expectation):
    frame = people()
    frame.loc[4, column] = value
    found = check(frame, PEOPLE)
    assert not found.passed
    assert [(one.expectation, one.failed) for one in found.checks if not one.success] == [(expectation, 1)]


def test_a_column_that_the_schema_has_and_the_table_lacks_is_named():
    with pytest.raises(DataError, match='"age"'):
        check(people().drop(columns="age"), PEOPLE)


def test_a_column_named_twice_is_refused():
    frame = pd.concat([small([1]), small([2])[["n"]]], axis=1)
    with pytest.raises(DataError, match='two columns "n"'):
        check(frame, SMALL)


def test_a_raw_table_is_read_as_the_schema_says():
    validated = validate(pd.DataFrame({"k": ["a", "b"], "n": ["1", "2"], "more": ["", ""]}), SMALL)
    assert validated.frame().dtypes.astype(str).to_dict() == {"n": "int64", "k": "str"}


@pytest.mark.parametrize("passing", [UNDER_10, Suite(), Suite.derive(SMALL)])
def test_an_empty_table_never_passes(passing):
    assert not check(small([]), SMALL, passing).passed
    with pytest.raises(GateError, match="no rows"):
        validate(small([]), SMALL, passing)
    with pytest.raises(GateError):
        list(Gate(SMALL, passing).admit([small([])]).frames())


def test_missing_values_pass_a_bound_and_fail_not_null():
    frame = small([1, 2], ["a", None])
    assert check(frame, SMALL, suite(("expect_column_values_to_be_in_set", {"column": "k", "value_set": ["a"]}))).passed
    assert not check(frame, SMALL, suite(("expect_column_values_to_not_be_null", {"column": "k"}))).passed


def test_columns_without_a_single_value_pass_where_they_are_nullable():
    fields = {name: field.model_copy(update={"nullable": name != "id"}) for name, field in PEOPLE.fields.items()}
    constraints = Schema.parse(
        """
        fields: {age: {kind: number}, visits: {kind: number}, born: {kind: datetime}, group: {kind: category}}
        constraints:
          - {kind: ordered, low: age, high: visits}
          - {kind: rule, rule: age > visits}
          - {kind: unique, fields: [age, group]}
        """
    ).constraints
    schema = PEOPLE.model_copy(update={"fields": fields, "constraints": constraints})
    frame = schema.read(people().astype("object").assign(**dict.fromkeys(list(fields)[1:], None)))
    assert frame.drop(columns="id").isna().all(axis=None)
    assert check(frame, schema).passed


def test_constraints_are_checked_and_named_by_their_labels():
    schema = Schema.parse(
        """
        fields:
          a: {kind: number, integer: true, nullable: true}
          b: {kind: number, integer: true}
          c: {kind: category}
        constraints:
          - {kind: ordered, low: a, high: b}
          - {kind: rule, rule: 'b < 10 or c == "big"'}
          - {kind: unique, fields: [a, c]}
          - {kind: combinations, fields: [b, c], allowed: [['1', x], ['2', x], ['20', x], ['3', y]]}
        """
    )
    raw = {"a": ["1", "5", "", "", "1"], "b": ["2", "2", "20", "3", "2"], "c": ["x", "x", "x", "x", "x"]}
    found = check(pd.DataFrame(raw, dtype="str"), schema)
    failed = {one.label: one.failed for one in found.checks if one.failed}
    assert failed == {"b, a": 1, 'b < 10 or c == "big"': 1, "combinations of b, c": 1, "a, c": 1}
    assert (found.rows, found.rejected) == (1, 4)


def test_learned_constraints_take_the_place_of_the_declared_ones():
    schema = Schema.parse("fields: {a: {kind: category}, b: {kind: category}}")
    learned = Combinations(fields=["a", "b"], allowed=[["x", "y"]])
    frame = pd.DataFrame({"a": ["x", "x"], "b": ["y", "z"]}, dtype="str")
    assert check(frame, schema, Suite.derive(schema)).passed
    assert check(frame, schema, Suite.derive(schema, [learned])).rejected == 1


# --- suites of the user's


def test_a_derived_suite_survives_json():
    schema = PEOPLE.model_copy(update={"constraints": (Combinations(fields=["id", "group"], allowed=[["a", "b"]]),)})
    derived = Suite.derive(schema)
    assert Suite.from_json(json.loads(json.dumps(derived.to_json("people")))) == derived


def test_great_expectations_itself_loads_a_derived_suite():
    import great_expectations as gx

    schema = PEOPLE.model_copy(update={"constraints": (Combinations(fields=["id", "group"], allowed=[["a", "b"]]),)})
    data = Suite.derive(schema).to_json("people")
    loaded = gx.ExpectationSuite(**json.loads(json.dumps(data)))
    assert [one.expectation_type for one in loaded.expectations] == [one["type"] for one in data["expectations"]]
    assert loaded.name == "people"


def test_a_suite_that_great_expectations_wrote_is_loaded(tmp_path):
    import great_expectations as gx
    import great_expectations.expectations as gxe

    theirs = gx.ExpectationSuite(name="x", expectations=[gxe.ExpectColumnMeanToBeBetween(column="n", min_value=3)])
    path = tmp_path / "suite.json"
    path.write_text(json.dumps(theirs.to_json_dict()))
    loaded = Suite.load(path, SMALL)
    assert [one.type for one in loaded.expectations] == ["expect_column_mean_to_be_between"]
    assert check(small([3, 4]), SMALL, loaded).passed
    assert not check(small([2, 3]), SMALL, loaded).passed


def test_the_schemas_own_suite_file_is_checked_on_top(tmp_path):
    path = written(tmp_path, {"type": BETWEEN, "kwargs": {"column": "n", "max_value": 9}})
    schema = SMALL.model_copy(update={"suite": str(path)})
    assert check(small([9]), schema).passed
    assert not check(small([10]), schema).passed


def test_what_two_suites_share_is_checked_once():
    both = Suite.derive(SMALL) + Suite.derive(SMALL)
    assert both == Suite.derive(SMALL)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a Great Expectations suite"),
        ('{"expectations": []}', "no expectations"),
        ('{"expectations": [7]}', "expectation 1"),
        (
            '{"expectations": [{"type": "expect_column_values_to_be_betwen", "kwargs": {}}]}',
            f'did you mean "{BETWEEN}"',
        ),
        (
            '{"expectations": [{"type": "expect_column_values_to_be_between", "kwargs": {"column": "n"}}]}',
            "cannot both",
        ),
        (
            '{"expectations": [{"type": "expect_column_values_to_be_between", "kwargs": {"column": "n", "min": 3}}]}',
            "extra fields",
        ),
        (
            '{"expectations": [{"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "m"}}]}',
            'no field "m"',
        ),
        ('{"expectations": [], "meta": {"synthdata_rules": [{"kind": "rule"}]}}', "synthdata_rules"),
        ('{"expectations": [], "meta": {"synthdata_rules": 3}}', "synthdata_rules"),
        ('{"expectations": [], "meta": {"synthdata_rules": [{"kind": "rule", "rule": "__import__(1)"}]}}', "rule"),
    ],
)
def test_a_suite_that_is_not_understood_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "suite.json"
    path.write_text(text)
    with pytest.raises(SchemaError, match=r"suite\.json") as caught:
        Suite.load(path, SMALL)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_suite_file_is_refused(tmp_path):
    with pytest.raises(SchemaError, match="no such suite"):
        Suite.load(tmp_path / "none.json")


@pytest.mark.parametrize(
    "kwargs",
    [
        {"row_condition": "n > 1 and @print(1)", "condition_parser": "pandas"},
        {"row_condition": {"type": "comparison"}},
        {"condition_parser": "pandas"},
        {"unexpected_rows_query": "select 1"},
        {"max_value": {"$PARAMETER": "now()"}},
        {"value_set": [{"deep": {"$PARAMETER": "now()"}}]},
    ],
)
def test_a_suite_that_could_run_code_is_refused(tmp_path, kwargs):
    one = {"type": BETWEEN, "kwargs": {"column": "n", "min_value": 0, **kwargs}}
    with pytest.raises(SchemaError, match=next(iter(kwargs))):
        Suite.load(written(tmp_path, one))


@pytest.mark.parametrize(
    "type_",
    [
        "unexpected_rows_expectation",
        "expect_query_results_to_match_comparison",
        "expect_table_row_count_to_equal_other_table",
        "expect_column_values_to_match_json_schema",
        "expect_my_plugin_to_hold",
    ],
)
def test_an_expectation_that_is_not_on_the_list_is_refused(tmp_path, type_):
    with pytest.raises(SchemaError, match=type_):
        Suite.load(written(tmp_path, {"type": type_, "kwargs": {"unexpected_rows_query": "select 1"}}))


@pytest.mark.parametrize("type_", sorted(ROW | SHAPE | UNIQUE | SET))
def test_every_expectation_on_the_list_exists(type_):
    import great_expectations.expectations.registry as registry

    assert registry.get_expectation_impl(type_)


def test_a_gate_refuses_a_suite_on_columns_that_the_schema_lacks():
    with pytest.raises(SchemaError, match='no field "m"'):
        Gate(SMALL, suite(("expect_column_values_to_be_unique", {"column": "m"})))


def test_an_expectation_that_great_expectations_would_drop_is_refused():
    with pytest.raises(SchemaError, match="expect_nothing"):
        Gate(SMALL, suite(("expect_nothing", {})))


# --- rows


NUMBERS = Schema.parse("fields: {a: {kind: number, integer: true, nullable: true}, b: {kind: number, integer: true}}")
TEXTS = Schema.parse("fields: {a: {kind: category, nullable: true}, b: {kind: category}}")
PAIR = {"column_A": "a", "column_B": "b", "ignore_row_if": "either_value_is_missing"}
LIST = {"column_list": ["a", "b"], "ignore_row_if": "any_value_is_missing"}
A = {"column": "a"}
BAD_ROWS = {  # expectation: its arguments, the schema, columns a and b, and the rows that fail
    "expect_column_pair_values_a_to_be_greater_than_b": (PAIR, NUMBERS, ["", "2", "1", "5"], "1123", [2]),
    "expect_column_pair_values_to_be_equal": (PAIR, NUMBERS, ["", "1", "1", "5"], "1123", [2, 3]),
    "expect_column_pair_values_to_be_in_set": (
        PAIR | {"value_pairs_set": [["x", "y"]]},
        TEXTS,
        ["", "x", "x", "y"],
        "xyxx",
        [2, 3],
    ),
    "expect_column_value_lengths_to_be_between": (
        A | {"max_value": 2},
        TEXTS,
        ["", "abc", "ab", "abcd"],
        "xxxx",
        [1, 3],
    ),
    "expect_column_value_lengths_to_equal": (A | {"value": 2}, TEXTS, ["", "abc", "ab", "a"], "xxxx", [1, 3]),
    "expect_column_values_to_be_between": (A | {"max_value": 2}, NUMBERS, ["", "3", "2", "9"], "1111", [1, 3]),
    "expect_column_values_to_be_dateutil_parseable": (A, TEXTS, ["", "x", "2020-01-02", "y"], "xxxx", [1, 3]),
    "expect_column_values_to_be_in_set": (A | {"value_set": ["u"]}, TEXTS, ["", "x", "u", "y"], "xxxx", [1, 3]),
    "expect_column_values_to_be_json_parseable": (A, TEXTS, ["", "{", "{}", "["], "xxxx", [1, 3]),
    "expect_column_values_to_be_null": (A, TEXTS, ["", "x", "", "y"], "xxxx", [1, 3]),
    "expect_column_values_to_match_regex": (A | {"regex": "^u$"}, TEXTS, ["", "x", "u", "uu"], "xxxx", [1, 3]),
    "expect_column_values_to_match_regex_list": (
        A | {"regex_list": ["^u$", "^v$"]},
        TEXTS,
        ["", "x", "u", "y"],
        "xxxx",
        [1, 3],
    ),
    "expect_column_values_to_match_strftime_format": (
        A | {"strftime_format": "%Y"},
        TEXTS,
        ["", "x", "2020", "y"],
        "xxxx",
        [1, 3],
    ),
    "expect_column_values_to_not_be_in_set": (A | {"value_set": ["u"]}, TEXTS, ["", "u", "x", "u"], "xxxx", [1, 3]),
    "expect_column_values_to_not_be_null": (A, TEXTS, ["x", "", "u", ""], "xxxx", [1, 3]),
    "expect_column_values_to_not_match_regex": (A | {"regex": "u"}, TEXTS, ["", "u", "x", "u"], "xxxx", [1, 3]),
    "expect_column_values_to_not_match_regex_list": (
        A | {"regex_list": ["u"]},
        TEXTS,
        ["", "u", "x", "u"],
        "xxxx",
        [1, 3],
    ),
    "expect_multicolumn_sum_to_equal": (LIST | {"sum_total": 3}, NUMBERS, ["", "2", "1", "5"], "1222", [1, 3]),
    "expect_multicolumn_values_to_be_equal": (LIST, NUMBERS, ["", "2", "1", "5"], "1113", [1, 3]),
    "expect_select_column_values_to_be_unique_within_record": (LIST, NUMBERS, ["", "1", "3", "3"], "1113", [1, 3]),
}


def test_every_row_level_expectation_has_a_case():
    assert set(BAD_ROWS) == ROW


@pytest.mark.parametrize("type_", sorted(ROW))
def test_a_row_level_expectation_sets_aside_the_failing_rows_and_no_others(type_):
    kwargs, schema, a, b, failing = BAD_ROWS[type_]
    frame = schema.read(pd.DataFrame({"a": a, "b": list(b)}, dtype="str"))
    validated = Gate(schema, suite((type_, kwargs))).admit([frame])
    passed = frame.drop(index=failing).reset_index(drop=True)
    pd.testing.assert_frame_equal(validated.frame(), passed)
    rejected = validated.rejected()
    assert rejected["failed_expectation"].str.startswith(type_).all()
    pd.testing.assert_frame_equal(rejected[["a", "b"]], frame.loc[failing].reset_index(drop=True))


def test_failing_rows_are_made_up_for_until_enough_passed():
    numbers = count()
    chunks = (small([next(numbers) % 12 for _ in range(7)]) for _ in count())
    validated = Gate(SMALL, UNDER_10).admit(chunks, rows=50)
    assert validated.frame()["n"].tolist() == [n % 12 for n in range(60) if n % 12 < 10][:50]
    found = validated.verdict()
    assert (found.rows, found.sampled, found.rejected, found.passed) == (50, 58, 8, True)
    assert found.acceptance == pytest.approx(50 / 58)
    assert len(validated.rejected()) == 8


def test_no_more_is_looked_at_than_the_budget():
    taken = 0

    def chunks():
        nonlocal taken
        while True:
            taken += 10
            yield small([5] + [50] * 9)

    refused = Gate(SMALL, UNDER_10).admit(chunks(), rows=100, most=200)
    with pytest.raises(GateError, match=r"only 20 of 100 rows passed out of 200 sampled \(10.0% accepted\)") as caught:
        refused.frame()
    assert f"{BETWEEN}(n) 180 rows" in str(caught.value)
    assert taken == 200
    assert not caught.value.verdict.passed


def test_a_stream_that_ends_too_early_is_refused():
    with pytest.raises(GateError, match="only 2 of 3 rows"):
        list(Gate(SMALL, UNDER_10).admit([small([1, 2])], rows=3).frames())


def test_nothing_is_sampled_before_the_rows_are_asked_for():
    def chunks():
        raise AssertionError
        yield

    Gate(SMALL, UNDER_10).admit(chunks(), rows=3)


UNIQUE_PAIRS = suite(
    (BETWEEN, {"column": "n", "max_value": 9}),
    ("expect_column_values_to_be_unique", {"column": "k"}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["n", "k"]}),
)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 11), st.sampled_from(["a", "b", "c", "d", "e", None])), min_size=1, max_size=40),
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
    st.integers(1, 10),
)
def test_admitted_rows_depend_neither_on_chunks_nor_on_how_many_are_asked_for(rows, cuts, asked):
    frame = small([n for n, _ in rows], [k for _, k in rows])
    gate = Gate(SMALL, UNIQUE_PAIRS)
    seen: set[str] = set()
    expected = []
    for number, (n, k) in enumerate(rows):
        if n <= 9 and (k is None or k not in seen):
            expected.append(number)
            seen |= {k} if k is not None else set()
    pairs = frame.iloc[expected].duplicated()  # a missing k leaves the pair to the other expectation
    expected = [number for number, again in zip(expected, pairs, strict=True) if not again]

    def chunks():
        start = 0
        for size in [*cuts, len(frame)]:
            yield frame.iloc[start : start + size]
            start += size

    if not expected:
        with pytest.raises(GateError):
            list(gate.admit(chunks()).frames())
        return
    whole = gate.admit(chunks())
    pd.testing.assert_frame_equal(whole.frame(), frame.iloc[expected].reset_index(drop=True))
    if asked <= len(expected):
        part = gate.admit(chunks(), rows=asked)
        pd.testing.assert_frame_equal(part.frame(), whole.frame().head(asked))
        assert part.verdict().sampled == expected[asked - 1] + 1
        assert len(part.rejected()) == part.verdict().rejected == part.verdict().sampled - asked


def test_the_first_of_equal_rows_stays_across_chunks_of_different_types():
    schema = Schema.parse("fields: {n: {kind: number, integer: true, nullable: true}}")
    unique = suite(("expect_column_values_to_be_unique", {"column": "n"}))
    chunks = [
        pd.DataFrame({"n": pd.Series([1, 2], dtype="int64")}),
        pd.DataFrame({"n": pd.Series([2, None, None, 3], dtype="Int64")}),
    ]
    validated = Gate(schema, unique).admit(chunks)
    assert validated.frame()["n"].fillna(-1).tolist() == [1, 2, -1, -1, 3]
    assert validated.rejected()["failed_expectation"].tolist() == ["expect_column_values_to_be_unique(n)"]


def test_zero_and_negative_zero_are_equal():
    schema = Schema.parse("fields: {x: {kind: number}}")
    unique = suite(("expect_column_values_to_be_unique", {"column": "x"}))
    assert len(Gate(schema, unique).admit([pd.DataFrame({"x": [0.0, -0.0]})]).frame()) == 1


def test_few_of_many_rejected_rows_are_kept():
    frame = small([5] * 3 + [50] * 25_000)
    validated = Gate(SMALL, UNDER_10).admit([frame])
    assert len(validated.frame()) == 3
    assert len(validated.rejected()) == 10_000
    assert validated.verdict().rejected == 25_000


def test_the_reason_column_gives_way_to_a_field_of_its_name():
    schema = Schema.parse("fields: {failed_expectation: {kind: number, integer: true, max: 3}}")
    rejected = Gate(schema, Suite.derive(schema)).admit([pd.DataFrame({"failed_expectation": [1, 9]})])
    assert len(rejected.frame()) == 1
    assert list(rejected.rejected()) == ["failed_expectation", "failed_expectation_"]


# --- the whole


def test_the_whole_is_judged_over_all_chunks():
    mean = suite(("expect_column_mean_to_be_between", {"column": "n", "min_value": 4, "max_value": 6}))
    assert Gate(SMALL, mean).admit([small([0, 0]), small([10, 10])]).frame()["n"].tolist() == [0, 0, 10, 10]
    with pytest.raises(GateError, match=r"as a whole was refused: expect_column_mean_to_be_between\(n\)") as caught:
        list(Gate(SMALL, mean).admit([small([0, 0]), small([0, 10])]).frames())
    assert caught.value.verdict.rows == 4


def test_a_table_that_fails_as_a_whole_is_said_to():
    mean = suite(("expect_column_mean_to_be_between", {"column": "n", "min_value": 4}))
    with pytest.raises(GateError, match=r"^the table as a whole failed: expect_column_mean_to_be_between\(n\)$"):
        validate(small([1]), SMALL, mean)


def test_a_share_of_the_rows_is_a_matter_of_the_whole():
    mostly = suite((BETWEEN, {"column": "n", "max_value": 9, "mostly": 0.5}))
    assert len(Gate(SMALL, mostly).admit([small([50, 50]), small([1, 2])]).frame()) == 4
    with pytest.raises(GateError, match=f"{BETWEEN}.n. 3 rows"):
        list(Gate(SMALL, mostly).admit([small([50, 50]), small([1, 50])]).frames())


def test_mostly_one_sets_aside_single_rows():
    gate = Gate(SMALL, suite((BETWEEN, {"column": "n", "max_value": 9, "mostly": 1.0})))
    assert len(gate.admit([small([1, 50])]).frame()) == 1


def test_row_counts_are_those_of_the_admitted_table():
    both = UNDER_10 + suite(("expect_table_row_count_to_equal", {"value": 2}))
    assert len(Gate(SMALL, both).admit([small([1, 50, 2])]).frame()) == 2
    with pytest.raises(GateError, match="row_count"):
        list(Gate(SMALL, both).admit([small([1, 2]), small([3])]).frames())


def test_columns_of_the_table_are_judged_without_the_helpers_of_rules():
    schema = SMALL.model_copy(
        update={
            "constraints": Schema.parse(
                "{fields: {n: {kind: number}}, constraints: [{kind: rule, rule: n > 0}]}"
            ).constraints
        }
    )
    columns = suite(
        ("expect_table_column_count_to_equal", {"value": 2}),
        ("expect_table_columns_to_match_ordered_list", {"column_list": ["n", "k"]}),
    )
    assert check(small([1]), schema, Suite.derive(schema) + columns).passed


@pytest.mark.parametrize(
    "wrong",
    [
        ("expect_column_values_to_be_of_type", {"column": "n", "type_": "str"}),
        (BETWEEN, {"column": "k", "max_value": 9}),
        ("expect_column_mean_to_be_between", {"column": "k", "max_value": 9}),
    ],
)
def test_what_can_never_hold_stops_the_stream_and_fails_the_check(wrong):
    taken = 0

    def chunks():
        nonlocal taken
        for _ in range(3):
            taken += 1
            yield small([1] * 200_000)

    with pytest.raises(GateError):
        list(Gate(SMALL, suite(wrong)).admit(chunks()).frames())
    assert taken == (3 if "mean" in wrong[0] else 1)
    found = check(small([1]), SMALL, suite(wrong))
    assert not found.passed
    assert [one.success for one in found.checks] == [False, True]


def test_an_expectation_that_cannot_be_evaluated_is_named_without_its_text():
    found = check(small([1], ["secret"]), SMALL, suite((BETWEEN, {"column": "k", "max_value": 9})))
    assert found.checks[0].error == "TypeError"
    assert "secret" not in json.dumps(found.to_json())


# --- verdicts


def test_a_verdict_holds_counts_and_never_a_cell():
    frame = people()
    frame.loc[4, "group"], frame.loc[3, "age"], frame.loc[0, "id"] = "secret", 7777, "P-777x"
    with pytest.raises(GateError, match="3 of 5 rows failed") as caught:
        validate(frame, PEOPLE)
    text = json.dumps(caught.value.verdict.to_json()) + str(caught.value)
    assert not any(value in text for value in ("secret", "777", "P-00"))


def test_a_verdict_survives_json():
    found = check(people(), PEOPLE)
    again = Verdict.from_json(json.loads(json.dumps(found.to_json())))
    assert again.to_json() == found.to_json()
    assert {"python", "pandas", "great-expectations"} <= set(again.versions)
    assert again.seconds > 0


def test_a_verdict_lists_every_expectation_and_every_rule():
    schema = Schema.parse("{fields: {n: {kind: number}}, constraints: [{kind: rule, rule: n > 0}]}")
    derived = Suite.derive(schema)
    found = check(pd.DataFrame({"n": [1.5]}), schema)
    assert len(found.checks) == len(derived.expectations) + len(derived.rules) + 1  # and that there are rows


# --- validated tables


def test_only_the_gate_makes_a_validated_table():
    with pytest.raises(TypeError, match="nowhere else"):
        Validated(SMALL, None, [small([1])])


def test_a_stream_is_read_once_and_a_table_in_memory_often():
    streamed = Gate(SMALL, UNDER_10).admit([small([1, 2])])
    with pytest.raises(RuntimeError, match="last row"):
        streamed.verdict()
    assert sum(map(len, streamed.frames())) == 2
    assert streamed.verdict().passed
    with pytest.raises(RuntimeError, match="has been read"):
        streamed.frames()
    kept = validate(small([1, 2]), SMALL)
    assert [sum(map(len, kept.frames())) for _ in range(2)] == [2, 2]


def test_a_stream_taken_as_a_frame_can_be_read_again():
    streamed = Gate(SMALL, UNDER_10).admit([small([1]), small([2])])
    assert streamed.frame()["n"].tolist() == [1, 2]
    assert sum(map(len, streamed.frames())) == 2


def test_progress_is_told_and_ends_at_one():
    told = []
    chunks = (small([1, 50]) for _ in count())
    list(Gate(SMALL, UNDER_10).admit(chunks, rows=20, listener=told.append).frames())
    assert told[-1].fraction == 1.0
    assert [one.fraction for one in told] == sorted(one.fraction for one in told)
    assert told[-1].detail == "20 of 20 rows, 51.3% accepted"


# --- manners


def test_great_expectations_is_loaded_by_a_gate_and_not_by_an_import():
    code = (
        "import sys, synthdata.validation as v, synthdata.io.writers\n"
        "from synthdata.schema import Schema\n"
        "s = Schema.parse('fields: {n: {kind: number}}'); suite = v.Suite.derive(s); suite.to_json('x')\n"
        "assert 'great_expectations' not in sys.modules\n"
        "v.Gate(s, suite)\n"
        "assert 'great_expectations' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_gate_is_silent_and_leaves_the_callers_settings_alone(capfd, caplog):
    import great_expectations as gx

    theirs = gx.get_context(mode="ephemeral")
    filters, level = list(warnings.filters), logging.getLogger("great_expectations").level
    caplog.clear()
    check(people(), PEOPLE)
    check(small([1]), SMALL, suite((BETWEEN, {"column": "k", "max_value": 9})))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert warnings.filters == filters
    assert logging.getLogger("great_expectations").level == level
    from great_expectations.data_context.data_context.context_factory import project_manager

    assert project_manager.get_current_project() is theirs


def test_checking_does_not_change_the_table():
    frame = people()
    before = frame.copy(deep=True)
    check(frame, PEOPLE)
    pd.testing.assert_frame_equal(frame, before)


def test_validated_rows_are_short_to_look_at() -> None:
    assert repr(validate(small([1, 2]), SMALL)) == "Validated('table', 2 rows, passed)"


@pytest.mark.parametrize(
    ("schema", "cells"),
    [
        ("fields: {a: {kind: number, integer: true, max: 9007199254740992}}", {"a": "9007199254740993"}),
        ("fields: {a: {kind: number, integer: true, min: -9007199254740992}}", {"a": "-9007199254740993"}),
        ("fields: {a: {kind: number, decimals: 1}}", {"a": "0.25"}),
        (
            "fields: {a: {kind: number, integer: true}, b: {kind: number}}\n"
            "constraints: [{kind: ordered, low: a, high: b}]",
            {"a": "9007199254740993", "b": "9007199254740992"},
        ),
    ],
)
def test_what_floats_cannot_tell_apart_is_told_apart(schema: str, cells: dict[str, str]) -> None:
    parsed = Schema.parse(schema)
    good = pd.DataFrame({name: ["1", "2"] for name in cells})
    assert validate(parsed.read(good), parsed).verdict().passed
    rows = parsed.read(pd.concat([good, pd.DataFrame([cells])], ignore_index=True))
    with pytest.raises(GateError, match=r"1 of 3 rows failed: exactly\("):
        validate(rows, parsed)


def test_sets_of_many_values_are_checked_like_small_ones() -> None:
    schema = Schema.parse("fields: {n: {kind: number, integer: true}, k: {kind: category, nullable: true}}")
    frame = schema.read(pd.DataFrame({"n": [*range(8), 5_000, 9_999], "k": ["a", "b", None, "v7", "v3000"] * 2}))

    def failed(values: list[object], numbers: list[int]) -> list[int]:
        expected = (
            Expectation("expect_column_values_to_be_in_set", {"column": "k", "value_set": values}),
            Expectation("expect_column_values_to_not_be_in_set", {"column": "n", "value_set": numbers}),
        )
        checks = check(frame, schema, suite=Suite(expected)).checks
        return [one.failed for name in ("to_be_in_set(k)", "not_be_in_set(n)") for one in checks if name in str(one)]

    many = failed(["a", *(f"v{each}" for each in range(2_999))], list(range(4, 6_000)))
    assert many == failed(["a", "v7"], [4, 5, 6, 7, 5_000]) == [4, 5]
    assert failed(["none"] * 2_000, [*range(20_000, 22_000), 0]) == [8, 1]
