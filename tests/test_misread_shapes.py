"""Shapes of columns that were misread once: each is read as it is meant, or pointed out."""

from __future__ import annotations

import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from synthdata import read_table
from synthdata.errors import DataError
from synthdata.evaluation import evaluate
from synthdata.fields import Field
from synthdata.schema import Schema, infer

RNG = np.random.default_rng(8)
ROWS = 400


def one(name: str, cells: list[Any]) -> tuple[Field, str, bool]:
    schema, found = infer(pd.DataFrame({name: cells, "k": ["a", "b"] * (len(cells) // 2)}, dtype="str"))
    return schema.fields[name], found.notes[name], name in found.matter


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("blood_pressure", [f"{RNG.integers(100, 180)}/{RNG.integers(60, 99)}" for _ in range(ROWS)]),
        ("size", [f"{RNG.integers(10, 99)}x{RNG.integers(10, 99)}" for _ in range(ROWS)]),
        ("week", [f"2023-W{RNG.integers(1, 53):02d}" for _ in range(ROWS)]),
        ("mem", [f"{RNG.integers(100, 999)}M" for _ in range(ROWS)]),
        ("shift", [str(RNG.choice(["06:00-14:00", "14:00-22:00", "22:00-06:00"])) for _ in range(ROWS)]),
        ("version", [str(RNG.choice(["3.9", "3.10", "3.11", "3.12"])) for _ in range(ROWS)]),
        ("blz", [str(RNG.choice(["10050000", "37040044", "50010517"])) for _ in range(ROWS)]),
    ],
)
def test_ratios_weeks_shifts_versions_and_codes_are_no_keys_and_no_numbers(name: str, cells: list[str]) -> None:
    assert one(name, cells)[0].kind == "category"


@pytest.mark.parametrize("name", ["Fallnr", "Fall-Nr.", "Fallnummer", "Kundennummer", "Case No.", "RESPID", "kto"])
def test_numbers_that_are_named_like_keys_are_keys(name: str) -> None:
    cells = (10_000_000 + RNG.permutation(80_000_000)[:ROWS]).astype(str).tolist()
    assert one(name, cells)[0].kind == "identifier"


@pytest.mark.parametrize("name", ["casino", "Hausnummer", "volcano"])
def test_not_every_name_that_ends_so_is_a_key(name: str) -> None:
    assert one(name, RNG.permutation(9000)[:ROWS].astype(str).tolist())[0].kind == "number"


def test_numbers_that_look_like_keys_are_pointed_out() -> None:
    cells = np.sort(20_000_000 + RNG.permutation(900_000)[:ROWS]).astype(str).tolist()
    assert one("lauf", cells)[0].kind == "identifier"
    field, note, matters = one("lauf", [cell[2:] for cell in cells if cell[2] != "0"][:200])
    assert field.kind == "number"
    assert note.startswith("no two rows share one: if they are keys")
    assert matters
    assert not one("income", RNG.lognormal(12.5, 0.2, ROWS).astype(int).astype(str).tolist())[2]


@pytest.mark.parametrize(("mark", "rest"), [("-99", RNG.integers(0, 360, 370)), ("999", RNG.integers(18, 95, 370))])
def test_marks_of_missing_values_are_pointed_out(mark: str, rest: np.ndarray) -> None:
    _, note, matters = one("x", [*rest.astype(str), *[mark] * 30])
    assert note.startswith(f"{mark} stands 30 times, far from all others: a missing value? then --na {mark}")
    assert matters


def test_dates_without_an_end_and_without_a_day_are_dates() -> None:
    days = pd.date_range("2020-01-01", periods=380).strftime("%Y%m%d").tolist()
    field, _, _ = one("date_of_death", [*days, *["99991231"] * 15, *["00000000"] * 5])
    assert field.kind == "datetime"
    assert field.nullable


@pytest.mark.parametrize(
    "last", ["Summe gesamt,9000,190000", "Insgesamt,9000,190000", "Total,1,2", "Stand: 01.02.2024,,"]
)
def test_totals_and_notes_below_a_table_are_refused(tmp_path: Path, last: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ward,beds,cost\n" + "".join(f"W{row % 4},{row},{row * 20}\n" for row in range(60)) + last + "\n")
    with pytest.raises(DataError, match=r"row 61 looks like a (total|note below the table); take it out"):
        read_table(path)


def test_decimals_of_parquet_keep_their_scale(tmp_path: Path) -> None:
    cells = [decimal.Decimal(int(value)) / 100 for value in RNG.integers(1000, 99_999, ROWS)]
    pa.parquet.write_table(pa.table({"paid": pa.array(cells, pa.decimal128(12, 2))}), tmp_path / "t.parquet")
    field = infer(read_table(tmp_path / "t.parquet"))[0].fields["paid"]
    assert (field.kind, field.decimals) == ("number", 2)


def test_times_of_day_are_ordered() -> None:
    start = RNG.integers(420, 900, ROWS)
    end = start + RNG.integers(10, 240, ROWS)
    frame = pd.DataFrame(
        {name: [f"{each // 60:02d}:{each % 60:02d}" for each in of] for name, of in (("start", start), ("end", end))}
    )
    assert [each.label() for each in infer(frame)[0].constraints] == ["start <= end"]


def test_days_of_which_nearly_every_one_occurs_are_no_real_keys() -> None:
    days = pd.Timestamp("2022-01-01") + pd.to_timedelta(RNG.integers(0, 700, 900), unit="D")
    frame = pd.DataFrame({"day": days.strftime("%Y-%m-%d"), "n": RNG.integers(0, 50, 900)})
    made = frame.assign(
        day=(pd.Timestamp("2022-01-01") + pd.to_timedelta(np.arange(900) % 700, unit="D")).strftime("%Y-%m-%d")
    )
    schema = infer(frame)[0]
    report = evaluate(frame[:800], made, frame[800:], schema)
    score = next(each for each in report.scores if each.name == "key_overlap")
    assert score.passed


def test_a_street_names_nobody() -> None:
    frame = pd.DataFrame(
        {
            "staff": [f"E{row:04d}" for row in range(ROWS)],
            "street": [f"{RNG.choice(['Hauptstr.', 'Ringweg'])} {RNG.integers(1, 99)}" for _ in range(ROWS)],
        }
    )
    assert infer(frame)[0].subject == ()


@pytest.mark.parametrize(("unit", "said"), [(1, "may be seconds since 1970"), (1000, "may be milliseconds since 1970")])
def test_moments_that_are_counted_are_pointed_out(unit: int, said: str) -> None:
    cells = ((1_600_000_000 + RNG.permutation(40_000_000)[:ROWS]) * unit).astype(str).tolist()
    field, note, matters = one("logged", cells)
    assert field.kind == "number"
    assert note.startswith(said)
    assert matters
    days = RNG.integers(44_000, 45_500, ROWS).astype(str).tolist()
    assert one("excel_date", days)[1].startswith("may be days as workbooks count them")
    assert not one("cost", days)[2]


def test_names_that_several_patients_share_are_their_own() -> None:
    random = np.random.default_rng(0)
    people = random.integers(0, 150, 600)
    given, family = ["Anna", "Peter", "Maria", "Hans", "Julia", "Karl"], ["Weber", "Huber", "Koch", "Vogel", "Lang"]
    names = [f"{one} {two}" for one in given for two in family]
    own, staff = random.integers(0, len(names), 150), random.integers(0, 4, 150)
    frame = pd.DataFrame(
        {
            "patient_id": people + 100_000,
            "patient_name": [names[own[each]] for each in people],
            "teacher": [names[staff[each]] for each in people],
            "x": random.normal(size=600),
        }
    )
    fields = Schema.infer(frame).fields
    assert (fields["patient_name"].kind, fields["patient_name"].role) == ("personal", "")


def test_a_column_mostly_below_a_limit_is_a_number() -> None:
    values = [f"{each / 100:.2f}" for each in range(11, 71)]
    field = Schema.infer(pd.DataFrame({"troponin": ["<0.1"] * 200 + values})).fields["troponin"]
    assert (field.kind, field.model_dump()["below"]) == ("number", "<0.1")


def test_durations_of_a_frame_are_seconds() -> None:
    frame = pd.DataFrame({"stay": pd.to_timedelta(np.arange(100) * 61, unit="s")})
    schema = Schema.infer(frame)
    assert schema.read(frame)["stay"].tolist() == [61 * each for each in range(100)]


def test_days_and_months_that_could_be_exchanged_are_said_first() -> None:
    cells = [f"{day:02d}/{month:02d}/2020" for day in range(1, 13) for month in range(1, 13)]
    assert "when" in infer(pd.DataFrame({"when": cells}))[1].matter
