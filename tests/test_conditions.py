"""What conditions say, as text and as Python values."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthdata.errors import ConditionError
from synthdata.fields import Boolean, Category, Datetime, Number, Predicate, Rows
from synthdata.schema import Schema
from synthdata.schema.conditions import predicates_of as read
from synthdata.synthesizer import Synthesizer

COLUMNS = ["age", "age at entry", "income", "in", "a<b", "x=", "house no", "note", "agein", "weight (kg)", " padded"]


@pytest.mark.parametrize(
    ("text", "column", "test"),
    [
        ("income = >50K", "income", Predicate("=", ">50K")),
        ("income=>50K", "income", Predicate("=", ">50K")),
        ("income == >50K", "income", Predicate("=", ">50K")),
        ("income != <=50K", "income", Predicate("!=", "<=50K")),
        ("income <> a", "income", Predicate("!=", "a")),
        ("  age>=60 ", "age", Predicate(">=", "60")),
        ("age < 5", "age", Predicate("<", "5")),
        ("age at entry > 5", "age at entry", Predicate(">", "5")),
        ("`age at entry` > 5", "age at entry", Predicate(">", "5")),
        ("` padded` = 1", " padded", Predicate("=", "1")),
        ("in in 1, 2", "in", Predicate("in", ("1", "2"))),
        ("agein in 1", "agein", Predicate("in", ("1",))),
        ("a<b = 3", "a<b", Predicate("=", "3")),
        ("x= = 3", "x=", Predicate("=", "3")),
        ("weight (kg) IS NULL", "weight (kg)", Predicate("is null")),
        ("age is  not   null", "age", Predicate("is not null")),
        ("`age`is null", "age", Predicate("is null")),
        ("income in (a, b)", "income", Predicate("in", ("a", "b"))),
        ("income in [a, b]", "income", Predicate("in", ("a", "b"))),
        ("income in [0-10), [10-20)", "income", Predicate("in", ("[0-10)", "[10-20)"))),
        (
            "income not in 'New York, NY', \"a\", O'Brien",
            "income",
            Predicate("not in", ("New York, NY", "a", "O'Brien")),
        ),
        ('income in "say ""hi""", b', "income", Predicate("in", ('say ""hi""', "b"))),
        ("income in a,", "income", Predicate("in", ("a",))),
        ("note = a = b", "note", Predicate("=", "a = b")),
        ("note = 'in'", "note", Predicate("=", "in")),
        ('note = ""', "note", Predicate("=", "")),
        ("note = '", "note", Predicate("=", "'")),
        ("house no = 1\n2", "house no", Predicate("=", "1\n2")),
    ],
)
def test_text_says(text: str, column: str, test: Predicate) -> None:
    assert read(text, COLUMNS) == {column: [test]}


@pytest.mark.parametrize(
    ("value", "tests"),
    [
        (None, [Predicate("is null")]),
        (">50K", [Predicate("=", ">50K")]),
        (5, [Predicate("=", 5)]),
        (True, [Predicate("=", True)]),
        ([1, 2], [Predicate("in", (1, 2))]),
        ({1}, [Predicate("in", (1,))]),
        ((1, 5), [Predicate(">=", 1), Predicate("<=", 5)]),
        ((None, 5), [Predicate("<=", 5)]),
        ((1, None), [Predicate(">=", 1)]),
        ((None, None), []),
        (range(3, 7), [Predicate(">=", 3), Predicate("<", 7)]),
        (range(3, 7, 2), [Predicate("in", (3, 5))]),
        (np.array([1, 2]), [Predicate("in", (1, 2))]),
        (pd.Series(["a"]), [Predicate("in", ("a",))]),
        (pd.Index(["a"]), [Predicate("in", ("a",))]),
    ],
)
def test_python_values_say(value: object, tests: list[Predicate]) -> None:
    assert read({"age": value}, COLUMNS).get("age", []) == tests


def test_conditions_on_one_column_add_up() -> None:
    found = read(["age >= 5", "income = a", "age < 9"], COLUMNS)
    assert found == {"age": [Predicate(">=", "5"), Predicate("<", "9")], "income": [Predicate("=", "a")]}
    assert read(None, COLUMNS) == read([], COLUMNS) == read({}, COLUMNS) == {}


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("agee = 5", 'unknown column "agee"; did you mean "age"?'),
        ({"incom": 5}, 'unknown column "incom"; did you mean "income"?'),
        ("age 5", "after the column comes one of"),
        ("age", "after the column comes one of"),
        ("ageis null", "unknown column"),
        ("age =", "a value must follow"),
        ("age in", "a value must follow"),
        ("age in ()", "empty list"),
        ("age in ,", "empty list"),
        ("age is null or 1", "nothing may follow"),
        ("", "unknown column"),
        ({"age": []}, "empty list"),
        ({"age": np.array([])}, "empty list"),
        ({"age": (1, 2, 3)}, "write a list"),
        ({"age": ()}, "write a list"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(where: object, words: str) -> None:
    with pytest.raises(ConditionError) as caught:
        read(where, COLUMNS)  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


names = st.text(st.characters(codec="utf-8", exclude_characters="`\n"), min_size=1, max_size=12)
values = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(lambda text: text.strip() == text)


@settings(max_examples=100, deadline=None, database=None)
@given(columns=st.lists(names, min_size=1, max_size=4, unique=True), value=values, data=st.data())
def test_any_column_in_backticks_and_any_quoted_value_come_through(columns: list[str], value: str, data) -> None:  # type: ignore[no-untyped-def]
    column = data.draw(st.sampled_from(columns))
    operator = data.draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]))
    found = read(f'`{column}` {operator} "{value}"', columns)
    assert found == {column: [Predicate(operator, value)]}


@settings(max_examples=100, deadline=None, database=None)
@given(text=st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text, COLUMNS)
    except ConditionError:
        return


# --- operands of every sort, against a fitted field ----------------------------------------------------------------


def rows_for(field, cells: list, tests: list[Predicate]) -> list:  # type: ignore[no-untyped-def]
    """All that can come back under `tests`, atoms only."""
    column = field.parse(pd.Series(cells * 10, dtype=object), "x")
    codec = field.fit(column, "x", np.random.default_rng(0))
    restriction = codec.restrict(tests)
    symbols = np.flatnonzero(restriction.allowed)
    return codec.decode({"x": symbols}, Rows(0, np.arange(len(symbols))), restriction).tolist()


@pytest.mark.parametrize("operand", [2, 2.0, "2", " 2 ", "2.0", "2e0", np.int8(2), np.float32(2), np.uint64(2)])
def test_numbers_of_every_type_compare(operand: object) -> None:
    assert rows_for(Number(integer=True), [1, 2, 3], [Predicate("=", operand)]) == [2]
    assert rows_for(Number(integer=True), [1, 2, 3], [Predicate(">", operand)]) == [3]


@pytest.mark.parametrize("operand", [0.1, "0.1", np.float64(0.1), np.float32(0.1)])
def test_decimals_compare_as_they_are_written(operand: object) -> None:
    assert rows_for(Number(decimals=1), [0.1, 0.2, 0.3], [Predicate("<=", operand)]) == [0.1]
    assert rows_for(Number(decimals=1), [0.1, 0.2, 0.3], [Predicate("in", (operand, "0.30"))]) == [0.1, 0.3]
    assert rows_for(Number(), [0.1, 0.2, 0.3], [Predicate("!=", operand)]) == [0.2, 0.3]


def test_operands_between_two_integers_compare_exactly() -> None:
    assert rows_for(Number(integer=True), [1, 2, 3], [Predicate(">", 1.5), Predicate("<", "2.5")]) == [2]
    assert rows_for(Number(integer=True), [2**53, 2**53 + 1], [Predicate(">", 2**53)]) == [2**53 + 1]
    assert rows_for(Number(integer=True), [2**53, 2**53 + 1], [Predicate("=", str(2**53 + 1))]) == [2**53 + 1]
    with pytest.raises(ConditionError, match="no learned value of "):
        rows_for(Number(integer=True), [1, 2, 3], [Predicate("=", 1.5)])


def test_operands_beyond_all_bounds_are_no_trouble() -> None:
    assert rows_for(Number(integer=True), [1, 2], [Predicate("<", "1e300"), Predicate(">", -(10**30))]) == [1, 2]
    assert rows_for(Number(), [1.5, 2.5], [Predicate("<", "1e400"), Predicate(">", "-1e400")]) == [1.5, 2.5]


DAYS = ["2020-01-01", "2020-01-02", "2020-01-03"]


@pytest.mark.parametrize(
    "operand",
    [
        "2020-01-02",
        "2020-01-02T00:00:00",
        dt.date(2020, 1, 2),
        dt.datetime(2020, 1, 2),
        pd.Timestamp("2020-01-02"),
        np.datetime64("2020-01-02"),
    ],
)
def test_days_of_every_type_compare(operand: object) -> None:
    assert rows_for(Datetime(), DAYS, [Predicate(">=", operand)]) == [pd.Timestamp(day) for day in DAYS[1:]]
    assert rows_for(Datetime(), DAYS, [Predicate("=", operand)]) == [pd.Timestamp(DAYS[1])]


def test_a_time_of_day_lies_between_two_days() -> None:
    noon = "2020-01-02 12:00"
    assert rows_for(Datetime(), DAYS, [Predicate(">=", noon)]) == [pd.Timestamp(DAYS[2])]
    assert rows_for(Datetime(), DAYS, [Predicate("<", noon)]) == [pd.Timestamp(day) for day in DAYS[:2]]
    with pytest.raises(ConditionError, match="no learned value of "):
        rows_for(Datetime(), DAYS, [Predicate("=", noon)])


def test_a_day_in_the_fields_own_format_is_read_in_it() -> None:
    field = Datetime(format="%d/%m/%Y")
    assert rows_for(field, ["01/02/2020", "02/01/2020"], [Predicate("=", "01/02/2020")]) == [pd.Timestamp("2020-02-01")]
    assert rows_for(field, ["01/02/2020", "02/01/2020"], [Predicate("=", "2020-02-01")]) == [pd.Timestamp("2020-02-01")]


@pytest.mark.parametrize("operand", [2020, 1.5, True, "20/20/2020", "yesterday-ish", None])
def test_what_is_no_point_in_time_is_refused(operand: object) -> None:
    with pytest.raises(ConditionError, match='write it like "2023-06-25"'):
        rows_for(Datetime(), DAYS, [Predicate("<", operand)])


def test_moments_of_any_zone_compare() -> None:
    field = Datetime(format="%Y-%m-%d %H:%M:%S", timezone="Europe/Berlin")
    cells = ["2021-03-28 01:59:59", "2021-03-28 03:00:00"]  # one second apart
    for operand in (pd.Timestamp("2021-03-28 01:00:00", tz="UTC"), "2021-03-28T03:00:00+02:00", "2021-03-28 03:00:00"):
        found = rows_for(field, cells, [Predicate("<", operand)])
        assert found == [pd.Timestamp(cells[0], tz="Europe/Berlin")]


@pytest.mark.parametrize("operand", [True, "true", "Yes", 1, np.True_, "1.0"])
def test_booleans_of_every_type_compare(operand: object) -> None:
    assert rows_for(Boolean(), [True, False], [Predicate("=", operand)]) == [True]
    assert rows_for(Boolean(), [True, False], [Predicate("not in", (operand,))]) == [False]
    with pytest.raises(ConditionError, match="orders; a boolean takes"):
        rows_for(Boolean(), [True, False], [Predicate("<", operand)])


def test_names_given_as_numbers_compare() -> None:
    for operand in (2, 2.0, "2", np.int64(2), np.float64(2)):
        assert rows_for(Category(), [1, 2, 3], [Predicate("=", operand)]) == ["2"]
    with pytest.raises(ConditionError, match=r'"2\.5" is not among the values the model learned; known: 1, 2, 3'):
        rows_for(Category(), [1, 2, 3], [Predicate("=", 2.5)])
    with pytest.raises(ConditionError, match="orders; a category takes"):
        rows_for(Category(), [1, 2, 3], [Predicate("<", 2)])


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("age >= 40", [1, 3]),
        ("age != 40", [0, 2, 3, 4]),
        ("weight is null", [2]),
        ("weight is not null", [0, 1, 3, 4]),
        ("weight < 60", [0, 4]),
        ("ward in north, south", [0, 1, 4]),
        ("smoker = true", [1, 2]),
        ("admitted >= 2021-01-01", [3, 4]),
        (["age >= 40", "smoker = true"], [1]),
    ],
)
def test_real_rows_are_told_apart_by_a_condition(where, rows):
    five = pd.DataFrame(
        {
            "age": [18, 40, 31, 99, 20],  # 99 lies beyond the range that is drawn
            "weight": [50.5, 60.0, None, 80.5, 59.9],
            "ward": ["north", "south", "east", "east", "north"],
            "smoker": [False, True, True, False, False],
            "admitted": pd.to_datetime(["2020-01-01", "2020-05-05", "2020-06-06", "2021-01-01", "2021-07-07"]),
        }
    )
    shown = pd.concat([five] + [five.iloc[[0, 1, 2, 4]]] * 20, ignore_index=True)
    schema = Schema.parse(
        "fields: {age: {kind: number, integer: true}, weight: {kind: number, decimals: 1, nullable: true},"
        ' ward: {kind: category}, smoker: {kind: boolean}, admitted: {kind: datetime, format: "%Y-%m-%d"}}'
    )
    satisfied = Synthesizer.satisfied(schema.read(shown), schema, where)
    assert [int(row) for row in satisfied[:5].nonzero()[0]] == rows
