"""A column that counts the rows counts the rows of an output."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata import Amount, Identifier, Number, Schema, SchemaError, augment, evaluate, generate, train
from synthdata.remarks import about_columns
from synthdata.synthesizer import Synthesizer

ROWS = 400


def orders(seed: int = 0, **columns) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    paid = np.where(rng.random(ROWS) < 0.3, "late", "in time")
    return pd.DataFrame({**columns, "amount": rng.gamma(2, 50, ROWS).round(2), "paid": paid})


def inferred(name: str, numbers) -> Identifier | Number:
    field = Schema.infer(orders(**{name: numbers})).fields[name]
    assert isinstance(field, Identifier | Number)
    return field


SHUFFLED = np.random.default_rng(0).permutation(ROWS)
GAPS = np.random.default_rng(0).choice(3 * ROWS, ROWS, replace=False)


@pytest.mark.parametrize(
    ("name", "numbers", "start"),
    [
        ("order", np.arange(ROWS) + 1, 1),
        ("order", SHUFFLED + 1, 1),
        ("order", SHUFFLED, 0),
        ("id", SHUFFLED + 10_001, 10_001),
        ("id", SHUFFLED + 1000, 1000),
        ("Unnamed: 0", np.arange(ROWS), 0),
        ("Unnamed: 0", GAPS, 0),  # the index of a table of which some rows are left
    ],
)
def test_init_finds_numbers_that_count_the_rows(name, numbers, start):
    assert inferred(name, numbers) == Identifier(start=start)


def test_numbers_that_begin_at_somebodys_key_begin_after_the_last_one_in_the_output():
    assert inferred("customer_id", SHUFFLED + 73_512) == Identifier(start=80_001)


def test_init_finds_running_numbers_with_zeros_before_them():
    assert inferred("order", [f"{number:06}" for number in SHUFFLED + 1]) == Identifier(start="000001")
    assert inferred("order", [f"{number:06}" for number in SHUFFLED + 357]) == Identifier(start="000801")
    assert inferred("order", [f"{number:06}" for number in GAPS]).start is None


@pytest.mark.parametrize(
    ("start", "last"), [("000001", "000030"), ("INV-2024-98", "INV-2024-127"), ("Nr. 0", "Nr. 29")]
)
def test_running_numbers_can_be_text(start, last):
    frame = orders(id=[f"{start[:-1]}{number + 1000}" for number in range(ROWS)])
    schema = Schema.infer(frame)
    schema = schema.replace(fields={**schema.fields, "id": Identifier(start=start)})
    rows = generate(train(frame, schema, model="marginals"), 30).frame()
    assert [rows["id"].iloc[0], rows["id"].iloc[-1]] == [start, last]


@pytest.mark.parametrize("start", ["INV", "", -1, True, "1" * 19])
def test_what_cannot_be_counted_is_refused(start):
    with pytest.raises(SchemaError, match=r"start"):
        Schema(fields={"id": Identifier(start=start)})


@pytest.mark.parametrize(("name", "numbers"), [("rank", SHUFFLED + 1), ("year", np.arange(ROWS) + 1500), ("x", GAPS)])
def test_numbers_that_say_more_are_learned(name, numbers):
    assert isinstance(inferred(name, numbers), Number)


def test_keys_with_gaps_are_written_to_a_pattern():
    assert inferred("order_id", GAPS).start is None


def test_an_output_counts_its_rows_also_where_some_were_set_aside():
    frame = orders(id=np.arange(ROWS) + 1)
    schema = Schema.infer(frame).replace(constraints=[{"kind": "rule", "rule": "amount < 100 or paid == 'late'"}])
    frame = frame[schema.constraints[0].holds(frame)]
    validated = generate(train(frame, schema, model="marginals"), 1500)
    assert validated.frame()["id"].tolist() == list(range(1, 1501))
    assert validated.verdict().rejected > 100


def test_rows_of_a_synthesizer_alone_are_counted_too():
    frame = orders(id=np.arange(ROWS) + 1)
    assert Synthesizer.fit(frame, model="marginals").sample(30)["id"].tolist() == list(range(1, 31))


def test_missing_numbers_leave_no_gap():
    frame = orders(id=pd.array(np.arange(ROWS) + 1, dtype="Int64"))
    frame.loc[frame["amount"] > 150, "id"] = pd.NA
    schema = Schema.infer(frame.drop(columns="id")).replace(
        fields={"id": Identifier(start=1, nullable=True), "amount": Number(decimals=2)}
    )
    made = generate(train(frame, schema, model="marginals"), 1000).frame()["id"]
    assert 0 < made.isna().sum() < 500
    assert made.dropna().tolist() == list(range(1, int(made.notna().sum()) + 1))


def test_what_a_rule_says_of_a_running_number_still_holds():
    frame = orders(id=np.arange(ROWS) + 1)
    schema = Schema.infer(frame).replace(constraints=[{"kind": "rule", "rule": "id != 3"}])
    made = generate(train(frame[frame["id"] != 3], schema, model="marginals"), 10).frame()
    assert made["id"].tolist() == [1, 2, *range(4, 12)]


def test_running_numbers_are_no_secret():
    frame = orders(id=np.arange(ROWS) + 1)
    schema = Schema.infer(frame)
    made = generate(train(frame, schema, model="marginals"), ROWS, real=frame).frame()
    assert made["id"].tolist() == frame["id"].tolist()
    score = evaluate(frame, made, orders(1, id=np.arange(ROWS) + 1), schema).score("key_overlap")
    assert score.passed is not False
    assert "id" not in score.note


def test_added_rows_count_on():
    frame = orders(id=SHUFFLED + 1)
    synthesizer = train(frame, Schema.infer(frame, target="paid"), model="marginals")
    ids = augment(synthesizer, frame, Amount(balance=("paid",))).frame()["id"].tolist()
    assert ids == [*frame["id"], *range(ROWS + 1, len(ids) + 1)]


def test_a_running_number_that_is_about_to_be_learned_is_remarked_on():
    frame = orders(id=np.arange(ROWS) + 1)
    schema = Schema.infer(frame).replace_field("id", Number(integer=True))
    assert "{kind: identifier, start: 1}" in about_columns(schema.read(frame), schema)[0]


def test_a_running_number_has_no_pattern_and_does_not_repeat():
    with pytest.raises(SchemaError, match="leave one of the two out"):
        Schema(fields={"id": Identifier(start=1, pattern="[0-9]{4}")})
    with pytest.raises(SchemaError, match="leave unique out"):
        Schema(fields={"id": Identifier(start=1, unique=False)})
