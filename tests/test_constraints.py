"""What holds between columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata.errors import DataError
from synthdata.fields import Category, Number
from synthdata.schema.constraints import Combinations, Ordered, RowRule, Unique, texts
from synthdata.subjects import Subjects

RNG = np.random.default_rng(0)


def test_ordered_states_a_comparison_that_missing_values_pass() -> None:
    claim = Ordered(low="a", high="b").expectation()
    assert claim.type == "expect_column_pair_values_a_to_be_greater_than_b"
    assert claim.kwargs["column_A"] == "b"
    assert claim.kwargs["or_equal"]
    assert claim.kwargs["ignore_row_if"] == "either_value_is_missing"
    assert not Ordered(low="a", high="b", strict=True).expectation().kwargs["or_equal"]


def test_ordered_tells_row_by_row_where_it_holds() -> None:
    frame = pd.DataFrame({"a": pd.array([1, 2, None, 3], dtype="Int64"), "b": [1.0, 1.0, 2.0, np.nan]})
    assert Ordered(low="a", high="b").holds(frame).tolist() == [True, False, True, True]
    assert Ordered(low="a", high="b", strict=True).holds(frame).tolist() == [False, False, True, True]


def test_unique_is_stated_for_one_column_and_for_several() -> None:
    assert Unique(fields=["a"]).expectation().kwargs == {"column": "a"}
    assert Unique(fields=["a", "b"]).expectation().kwargs["column_list"] == ["a", "b"]


def frame(rows: int = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "city": pd.Series(["Rome", "Oslo", "Rome", None] * (rows // 4), dtype="str"),
            "code": pd.array([1, 2, 1, None] * (rows // 4), dtype="Int64"),
        }
    )


def test_combinations_learn_what_training_shows_often_enough() -> None:
    data = pd.concat([frame(), pd.DataFrame({"city": ["Rome"] * 4, "code": [2] * 4})])
    rule = Combinations(fields=["city", "code"]).learn(data, RNG, Subjects(len(data)))
    assert rule.allowed == [["", ""], ["Oslo", "2"], ["Rome", "1"]]
    assert rule.holds(data).tolist() == [True] * 40 + [False] * 4


def test_everything_holds_before_combinations_are_learned_and_declared_ones_stay() -> None:
    assert Combinations(fields=["city", "code"]).holds(frame()).all()
    declared = Combinations(fields=["city", "code"], allowed=[["Rome", "1"]])
    assert declared.learn(frame(), RNG, Subjects(len(frame()))) is declared
    assert declared.holds(frame()).mean() == 0.5
    assert not Combinations(fields=["city", "code"], allowed=[]).holds(frame()).any()


def test_combinations_that_are_all_rare_are_refused_when_learned() -> None:
    data = pd.DataFrame({"a": [str(i) for i in range(30)], "b": ["x"] * 30})
    with pytest.raises(DataError, match=r"combinations of a, b: none is shown by [5-8] subjects; drop the constraint"):
        Combinations(fields=["a", "b"]).learn(data, RNG, Subjects(len(data)))


def test_no_rare_combination_is_kept() -> None:
    data = pd.DataFrame({"a": ["x"] * 50 + ["y"] * 50, "b": ["p"] * 96 + ["q"] * 4})
    for seed in range(10):
        kept = Combinations(fields=["a", "b"]).learn(data, np.random.default_rng(seed), Subjects(len(data))).allowed
        assert kept == [["x", "p"], ["y", "p"]]


def test_text_of_a_cell_does_not_depend_on_what_else_is_in_the_column() -> None:
    columns = {
        "int": ([1, 2], ["int64", "Int64"]),
        "float": ([1.0, 2.5], ["float64"]),
        "bool": ([True, False], ["bool", "boolean"]),
        "str": (["a", "b"], ["str"]),
        "day": (pd.to_datetime(["2020-01-01", "2020-01-02"]), ["datetime64[us]"]),
        "zone": (pd.to_datetime(["2020-01-01", "2020-01-02"], utc=True), ["datetime64[us, UTC]"]),
    }
    for values, dtypes in columns.values():
        whole = [pd.DataFrame({"x": pd.Series(values, dtype=dtype)}) for dtype in dtypes]
        with_missing = pd.DataFrame({"x": pd.Series([*values, None], dtype=dtypes[-1])})
        expected = texts(with_missing, ["x"])["x"].tolist()
        assert expected[-1] == ""
        for one in whole:
            assert texts(one, ["x"])["x"].tolist() == expected[:-1]


def test_rules_evaluate_rows() -> None:
    rule = RowRule(rule="code = 1 or city = 'Oslo'")
    assert rule.columns() == ("code", "city")
    assert rule.holds(frame(4)).all()


@pytest.mark.parametrize(
    ("constraint", "problem"),
    [
        (Combinations(fields=["a", "b"], allowed=[["1", "2"], ["1"]]), "a combination in allowed has 1 values, not 2"),
        (Combinations(fields=["a", "a"]), 'field "a" stands twice'),
        (Unique(fields=["a", "b", "a"]), 'field "a" stands twice'),
        (Ordered(low="a", high="a"), 'low and high are both "a"'),
        (Ordered(low="a", high="b"), None),
        (Unique(fields=["a"]), None),
    ],
)
def test_contradictions_are_found(constraint: object, problem: str | None) -> None:
    assert constraint.check() == problem  # type: ignore[attr-defined]


def test_what_codecs_decode_holds_the_combinations_learned_from_the_same_rows() -> None:
    data = frame(400).dropna().astype({"code": "int64"})
    rule = Combinations(fields=["city", "code"]).learn(data, RNG, Subjects(len(data)))
    back = pd.DataFrame(
        {
            name: (codec := field.fit(data[name], name, RNG)).decode(codec.encode(data[name]), None)  # type: ignore[arg-type]
            for name, field in {"city": Category(), "code": Number(integer=True)}.items()
        }
    )
    assert rule.holds(back).all()
