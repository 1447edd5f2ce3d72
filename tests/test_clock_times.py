"""Times of day that are written as whole numbers, 1259 and 1300, stay times of day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata import GateError, Number, Schema, SchemaError, generate, train
from synthdata.fields.clock import as_clock, is_clock_time
from synthdata.schema.constraints import Ordered
from synthdata.subjects import Subjects

ROWS = 2000
HHMM = Number(integer=True, clock="hhmm")


def flights(seed: int = 0) -> pd.DataFrame:
    """Planned and actual departures, the latter often on time, some missing; and a plain number."""
    rng = np.random.default_rng(seed)
    planned = rng.normal(840, 250, ROWS).clip(5, 1435).astype(int)
    late = np.where(rng.random(ROWS) < 0.4, 0, rng.gamma(1.5, 12, ROWS).astype(int))
    actual = pd.Series(as_clock(np.minimum(planned + late, 1440), "hhmm"), dtype="Int64")
    actual[rng.random(ROWS) < 0.03] = pd.NA
    distance = rng.integers(0, 2400, ROWS)
    return pd.DataFrame({"planned": as_clock(planned, "hhmm"), "actual": actual, "distance": distance})


def guess(numbers) -> Number | None:
    found = Number.guess(pd.Series(np.asarray(numbers)), Subjects(len(numbers)))
    assert found is not None
    return found.field


def are_times(column: pd.Series) -> bool:
    return all(is_clock_time(value, "hhmm") for value in column.dropna())


def test_init_finds_times_of_day_and_says_so(tmp_path):
    path = tmp_path / "flights.csv"
    flights().to_csv(path, index=False)
    schema = Schema.infer(path)
    assert schema.fields["planned"] == HHMM
    assert schema.fields["actual"] == HHMM.model_copy(update={"nullable": True})
    assert schema.fields["distance"].clock is None
    assert Schema.parse(schema.dump()) == schema


def test_times_with_seconds_are_found():
    rng = np.random.default_rng(0)
    assert guess(as_clock(rng.integers(0, 86_400, 500), "hhmmss")).clock == "hhmmss"


def test_a_column_of_times_with_a_few_others_is_left_open_and_init_says_why():
    """The numbers that are no times are counted, not shown."""
    numbers = as_clock(np.arange(1000) * 7 % 1440, "hhmm")
    numbers[[5, 50]] = 1272
    found = Number.guess(pd.Series(numbers), Subjects(len(numbers)))
    assert found is not None
    assert found.field.clock is None
    assert "times of day, 9:05 as 905, but for 2 rows" in found.note
    assert "1272" not in found.note
    plain = Number.guess(pd.Series(np.arange(1000)), Subjects(1000))
    assert plain is not None
    assert "times" not in plain.note


def test_times_by_the_quarter_or_half_hour_are_found():
    rng = np.random.default_rng(0)
    assert guess(as_clock(15 * rng.integers(0, 96, 500), "hhmm")).clock == "hhmm"
    assert guess(as_clock(30 * rng.integers(0, 48, 500), "hhmm")).clock == "hhmm"


@pytest.mark.parametrize(
    "numbers",
    [
        np.arange(500) % 60,  # ages below 60
        np.arange(500) % 24 * 100,  # hundreds
        np.arange(500) % 48 * 50,  # fifties
        [100 * floor + room for floor in range(1, 25) for room in range(1, 41)],  # rooms of a hotel
        [1000, 1200, 1259, 1300, 2359] * 40,  # too few
        [*as_clock(np.arange(1440), "hhmm").tolist(), 1272],  # all but one
    ],
    ids=["below 60", "hundreds", "fifties", "rooms", "few", "all but one"],
)
def test_other_numbers_are_not_taken_for_times(numbers):
    assert guess(numbers).clock is None


def test_the_times_of_one_person_are_no_evidence():
    times = pd.Series(as_clock(np.arange(1440), "hhmm"))
    assert Number.guess(times, Subjects(1440, np.arange(1440) % 5)).field.clock is None


def test_every_synthetic_time_is_a_time():
    frame = flights()
    made = generate(train(frame, Schema.infer(frame), model="marginals"), 5000).frame()
    assert are_times(made["planned"])
    assert are_times(made["actual"])
    assert set(made["planned"]) - set(frame["planned"]), "times between those that were learned occur too"


@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        ("planned >= 1300", 1300, 2400),
        ("planned > 1270", 1300, 2400),
        ("planned < 1270", 0, 1259),
        ("planned > 1259.5", 1300, 2400),
        ("planned <= 1005 and planned > 959", 1000, 1005),
    ],
)
def test_conditions_compare_as_the_numbers_do(condition, low, high):
    frame = flights()
    synthesizer = train(frame, Schema.infer(frame), model="marginals")
    made = synthesizer.sample(500, where=condition.split(" and "))
    assert made["planned"].between(low, high).all()
    assert are_times(made["planned"])
    there = frame["planned"].between(low, high)
    assert (synthesizer.encoder.satisfied(frame, condition.split(" and ")) == there).all()


def test_times_copy_times_and_never_plain_numbers():
    frame = flights()
    frame["distance"] = frame["planned"]
    fields = {"planned": HHMM, "actual": HHMM.model_copy(update={"nullable": True})}
    schema = Schema(fields={**fields, "distance": Number(integer=True)})
    synthesizer = train(frame, schema, model="marginals")
    assert synthesizer.describe()["copied_columns"] == {"actual": ["planned"]}


def test_times_in_order_stay_times_and_are_left_to_the_gate():
    real = flights().dropna().astype({"actual": "int64"})
    fields = {"planned": HHMM, "actual": HHMM, "distance": Number(integer=True)}
    schema = Schema(fields=fields, constraints=[Ordered(low="planned", high="actual")])
    assert not Schema.infer(real).constraints
    model = train(real, schema, model="marginals")
    assert not model.encoder.derived.gaps
    made = generate(model, 500).frame()
    assert are_times(made["planned"])
    assert are_times(made["actual"])
    assert (made["planned"] <= made["actual"]).all()


def test_real_rows_that_are_no_times_are_refused():
    frame = pd.DataFrame({"departure": as_clock(np.arange(200) * 7, "hhmm")})
    frame.loc[17, "departure"] = 1272
    with pytest.raises(GateError, match=r"match_regex\(departure\) 1 row \(18\)"):
        train(frame, Schema(fields={"departure": HHMM}), model="marginals")


def test_a_clock_that_contradicts_itself_is_refused():
    with pytest.raises(SchemaError, match="clock hhmm needs integer: true"):
        Schema(fields={"x": Number(clock="hhmm")})
    with pytest.raises(SchemaError, match="max 1272 is no clock time"):
        Schema(fields={"x": Number(integer=True, clock="hhmm", max=1272)})
